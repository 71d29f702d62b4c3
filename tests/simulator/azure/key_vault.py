# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Azure Key Vault: keys, versions, rotation policy, deleted keys, and the four operations with real keys."""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any
from urllib.parse import parse_qs

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding

from ..call import Reply
from .declared import CLOUDS
from .entra import JSON, Token
from .world import Key, KeyVault, KeyVersion, World

API_VERSIONS = ("2016-10-01", "7.0", "7.1", "7.2", "7.3", "7.4", "7.5", "7.6", "2025-07-01", "2026-04-01")
_WITHOUT_ROTATION_POLICY = API_VERSIONS[:4]
_PAGE = 25
_OPERATIONS = {"encrypt": "encrypt", "decrypt": "decrypt", "wrapkey": "wrapKey", "unwrapkey": "unwrapKey"}
_PATH = re.compile(
    r"/(?P<kind>keys|deletedkeys)/(?P<name>[0-9A-Za-z-]{1,127})"
    r"(?:/(?:(?P<part>versions|rotationpolicy)|(?P<version>[^/]+)(?:/(?P<operation>[A-Za-z]+))?))?/?"
)
_PADDINGS: dict[str, padding.AsymmetricPadding] = {
    "RSA-OAEP-256": padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None),
    "RSA-OAEP": padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None),
    "RSA1_5": padding.PKCS1v15(),
}


class Refused(Exception):
    """Key Vault refuses a request."""

    def __init__(self, status: int, code: str, message: str, inner: str | None = None, **headers: str) -> None:
        super().__init__(code)
        error: dict[str, Any] = {"code": code, "message": message}
        if inner:
            error["innererror"] = {"code": inner}
        self.reply = Reply(status, {"error": error}, {**JSON, **headers})


class KeyVaults:
    """All key vaults of the world, behind one address."""

    def __init__(self, world: World) -> None:
        self.world = world

    def answer(
        self,
        method: str,
        path: str,
        query: str,
        body: bytes,
        host: str,
        scheme_and_host: str,
        token: Token | str | None,
    ) -> Reply:
        """Answer a request.

        :param host: as the client addressed it; a key vault of that name, or the one that holds the key
        :param token: what the client showed: a token, something that is not one, or nothing
        """
        try:
            return self._answer(method, path, query, body, host, scheme_and_host, token)
        except Refused as refused:
            return refused.reply

    def _answer(
        self,
        method: str,
        path: str,
        query: str,
        body: bytes,
        host: str,
        scheme_and_host: str,
        token: Token | str | None,
    ) -> Reply:
        found = _PATH.fullmatch(path)
        name = found["name"] if found else ""
        key_id, vault = self._key_vault(host, name)
        if vault.blocked_by and (vault.blocked_when == "always" or token is not None):
            raise _blocked(vault)
        tenant = self._tenant(vault)
        caller = self._caller(tenant, token, vault.resource)
        if vault.blocked_by:
            raise _blocked(vault)
        self._throttle(vault)
        given = {key: values[0] for key, values in parse_qs(query).items()}
        version = given.get("api-version", "")
        if version not in API_VERSIONS:
            raise Refused(400, "BadParameter", f"The specified version ({version}) is not recognized or missing.")
        if found is None:
            raise Refused(404, "NotFound", "There is no such resource.")
        operation = _OPERATIONS.get((found["operation"] or "").lower())
        if (
            (method == "POST") != bool(operation)
            or method not in ("GET", "POST")
            or (found["operation"] and not operation)
        ):
            raise Refused(405, "MethodNotAllowed", "The method is not allowed here.")
        wanted = operation or {"versions": "list", "rotationpolicy": "getrotationpolicy"}.get(
            found["part"] or "", "get"
        )
        key = self.world.find_key(key_id)
        if not vault.grants(caller, wanted) or (key is not None and not key.permitted):
            by = "ForbiddenByPolicy" if vault.roles is None else "ForbiddenByRbac"
            message = f'Operation is not allowed.\r\nOperation: "{wanted}"\r\nCaller: appid={caller}'
            raise Refused(403, "Forbidden", message, by)
        if found["kind"] == "deletedkeys":
            return self._deleted(key, name, vault)
        one = key.version(found["version"]) if key is not None and key.deleted is None else None
        if key is None or one is None:
            raise _not_found(name)
        if found["part"] == "versions":
            return self._versions(key, vault, given, scheme_and_host)
        if found["part"] == "rotationpolicy":
            if version in _WITHOUT_ROTATION_POLICY:
                raise Refused(400, "BadParameter", f"The specified version ({version}) has no rotation policy.")
            return self._rotation_policy(key)
        return self._operate(key, one, operation, body) if operation else self._bundle(key, one, vault)

    def _key_vault(self, host: str, name: str) -> tuple[str, KeyVault]:
        """The key that is meant, and its vault: by the host; else by the key's name; else the first vault."""
        hosts = [key.host for key in self.world.keys.values() if key.name.lower() == name.lower()]
        known = {*self.world.key_vaults, *(key.host.lower() for key in self.world.keys.values())}
        if host.lower() in known:
            chosen = host
        else:
            chosen = next(iter([*hosts, *self.world.key_vaults, *known]), f"mykeyvault.{CLOUDS[self.world.cloud][0]}")
        return f"https://{chosen}/keys/{name}", self.world.key_vault(chosen)

    def _tenant(self, vault: KeyVault) -> str | None:
        if vault.tenant_id or not self.world.applications:
            return vault.tenant_id
        return self.world.applications[0].tenant_id

    def _caller(self, tenant: str | None, token: Token | str | None, resource: str | None) -> str:
        """The client id of who asks."""
        suffix, _hsm, _graph, login = CLOUDS[self.world.cloud]
        resource = resource or f"https://{suffix}"
        challenge = f'Bearer authorization="https://{login}/{tenant or "common"}", resource="{resource}"'
        if not isinstance(token, Token) or token.ends <= self.world.clock.now():
            why = "AKV10000: Request is missing a Bearer or PoP token." if token is None else "The token is not valid."
            raise Refused(401, "Unauthorized", why, **{"WWW-Authenticate": challenge})
        if token.kind != "key_vault":
            raise Refused(401, "Unauthorized", "AKV10022: Invalid audience.", **{"WWW-Authenticate": challenge})
        if tenant and token.tenant_id.lower() != tenant.lower():
            message = f"AKV10032: Invalid issuer. Expected one of https://sts.windows.net/{tenant}/."
            raise Refused(401, "Unauthorized", message, **{"WWW-Authenticate": challenge})
        return token.client_id

    def _throttle(self, vault: KeyVault) -> None:
        now = self.world.clock.now()
        if vault.requests_per_10_s is None:
            return
        vault.seen = [moment for moment in vault.seen if moment > now - 10]
        if len(vault.seen) >= vault.requests_per_10_s:
            raise Refused(429, "Throttled", "Request was not processed because too many requests were received.")
        vault.seen.append(now)

    # --- reading ---

    def _attributes(self, key: Key, one: KeyVersion, vault: KeyVault) -> dict[str, Any]:
        dates = {"nbf": key.begins(one), "exp": key.ends(one)}
        return {
            "enabled": key.is_enabled(one),
            **{name: int(value) for name, value in dates.items() if value is not None},
            "created": int(one.created),
            "updated": int(one.created),
            "recoveryLevel": vault.recovery_level,
            "recoverableDays": vault.retention_days,
            "exportable": False,
        }

    def _body(self, key: Key, one: KeyVersion, vault: KeyVault) -> dict[str, Any]:
        public = key.material(one).public_key()
        reported: dict[str, Any] = {"kid": f"{key.uri}/{one.version}", "kty": key.type}
        operations = ["encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey"]
        if isinstance(public, ec.EllipticCurvePublicKey):
            point = public.public_numbers()
            reported |= {"key_ops": key.key_ops or ["sign", "verify"], "crv": "P-256"}
            reported |= {"x": _encoded(point.x.to_bytes(32, "big")), "y": _encoded(point.y.to_bytes(32, "big"))}
        else:
            numbers = public.public_numbers()
            reported["key_ops"] = operations if key.key_ops is None else key.key_ops
            reported["n"] = _encoded(numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big"))
            reported["e"] = _encoded(numbers.e.to_bytes(3, "big"))
        return {"key": reported, "attributes": self._attributes(key, one, vault)}

    def _bundle(self, key: Key, one: KeyVersion, vault: KeyVault) -> Reply:
        return Reply(200, self._body(key, one, vault), dict(JSON))

    def _deleted(self, key: Key | None, name: str, vault: KeyVault) -> Reply:
        if key is None or key.deleted is None:
            raise Refused(404, "KeyNotFound", f"Deleted Key not found: {name}")
        times = {
            "recoveryId": f"https://{key.host}/deletedkeys/{key.name}",
            "deletedDate": int(key.deleted),
            "scheduledPurgeDate": int(key.deleted + vault.retention_days * 86400),
        }
        return Reply(200, {**self._body(key, key.newest, vault), **times}, dict(JSON))

    def _versions(self, key: Key, vault: KeyVault, given: dict[str, str], base: str) -> Reply:
        """A page of versions, which come in no order of dates."""
        start, size = int(given.get("$skiptoken", "0")), min(_PAGE, int(given.get("maxresults", _PAGE)))
        listed = sorted(key.versions, key=lambda one: one.version)
        page = listed[start : start + size]
        value = [
            {"kid": f"{key.uri}/{one.version}", "attributes": self._attributes(key, one, vault), "tags": {}}
            for one in page
        ]
        more = f"{base}/keys/{key.name}/versions?api-version={given['api-version']}&$skiptoken={start + size}"
        following = f"{more}&maxresults={size}" if start + size < len(listed) else None
        return Reply(200, {"value": value, "nextLink": following}, dict(JSON))

    def _rotation_policy(self, key: Key) -> Reply:
        """What the key declares; without it, what the service shows then."""
        declared = key.rotation_policy or {}
        actions = [
            {"trigger": {"timeBeforeExpiry": declared.get("notify_before", "P30D")}, "action": {"type": "Notify"}}
        ]
        if "rotate_after" in declared:
            rotate = {"trigger": {"timeAfterCreate": declared["rotate_after"]}, "action": {"type": "Rotate"}}
            actions.insert(0, rotate)
        created = int(key.newest.created)
        attributes: dict[str, Any] = {"created": created, "updated": created}
        if "expires_after" in declared:
            attributes["expiryTime"] = declared["expires_after"]
        uri = f"{key.uri}/rotationpolicy"
        return Reply(200, {"id": uri, "lifetimeActions": actions, "attributes": attributes}, dict(JSON))

    # --- the four operations ---

    def _operate(self, key: Key, one: KeyVersion, operation: str, body: bytes) -> Reply:
        public_half = operation in ("encrypt", "wrapKey")
        if not key.is_enabled(one):
            message = f"Operation {operation} is not allowed on a disabled key."
            raise Refused(403, "Forbidden", message, "KeyDisabled")
        if key.key_ops is not None and operation not in key.key_ops:
            message = f"Operation {operation} is not permitted on this key."
            raise Refused(403, "Forbidden", message, "KeyOperationForbidden")
        if public_half and not key.in_time(one, self.world.clock.now()):
            message = f"Operation {operation} is not allowed on a key outside its valid time range."
            raise Refused(403, "Forbidden", message)
        try:
            given = json.loads(body)
            scheme, value = _PADDINGS[given["alg"]], _decoded(given["value"])
            private = key.material(one)
            done = (
                private.public_key().encrypt(value, scheme) if public_half else private.decrypt(value, scheme)
            )  # An EC key has neither.
        except (ValueError, KeyError, TypeError, AttributeError, binascii.Error):
            raise Refused(400, "BadParameter", "The key, the algorithm or the value does not fit.") from None
        return Reply(200, {"kid": f"{key.uri}/{one.version}", "value": _encoded(done)}, dict(JSON))


def _blocked(vault: KeyVault) -> Refused:
    if vault.blocked_by == "firewall":
        message = "Client address is not authorized and caller is not a trusted service."
        return Refused(403, "Forbidden", message, "ForbiddenByFirewall")
    message = "Public network access is disabled and request is not from a trusted service or a private link."
    return Refused(403, "Forbidden", message, "ForbiddenByConnection")


def _not_found(name: str) -> Refused:
    return Refused(404, "KeyNotFound", f"A key with (name/id) {name} was not found in this key vault.")


def _encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
