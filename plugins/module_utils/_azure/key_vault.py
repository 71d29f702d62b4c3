# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""Azure Key Vault: reading a key, and proving operations without changing anything (azure-rest-api-specs, Keys 7.4)."""

from __future__ import annotations

import base64
import binascii
import os
import re
import typing as t
from urllib.parse import quote, urlsplit

from ansible_collections.ontap.akv.plugins.module_utils._azure.error_codes import KEY_VAULT, inner_code, message_of
from ansible_collections.ontap.akv.plugins.module_utils._azure.service import NoAnswer, Reply, Service, next_target
from ansible_collections.ontap.akv.plugins.module_utils._runtime import errors

_VERSION = "api-version=7.4"
_ALGORITHM = "RSA-OAEP-256"
_MOST_PAGES = 100
_BEARER = re.compile(r"(?:^|,)\s*bearer(?:\s|$)", re.IGNORECASE)
_CHALLENGE = re.compile(r'\b(authorization|authorization_uri|resource|scope)\s*=\s*"?([^",\s]*)"?', re.IGNORECASE)
# Of a version of a key, which becomes a part of a path.
_SEGMENT = re.compile(r"[0-9A-Za-z-]{1,127}", re.ASCII)


class Refused(errors.AkvError):
    """A key vault refused a request.

    :ivar unknown: whether the refusal says nothing about ONTAP
    """

    def __init__(self, message: str, reply: Reply, unknown: bool, **details: t.Any) -> None:
        super().__init__(message, http_status=reply.status, **details)
        self.status = reply.status
        self.unknown = unknown


class Challenge(t.NamedTuple):
    """What a key vault answers to a request without a token.

    :ivar tenant_id: of the key vault
    :ivar resource: host of what a token must be for, in lower case
    """

    tenant_id: str | None
    resource: str | None
    reply: Reply


class KeyVault:
    """One key of one key vault.

    :param name: of the key
    """

    def __init__(self, service: Service, name: str) -> None:
        self._service = service
        self._name = name
        self._headers: dict[str, str] = {}

    def use(self, token: str) -> None:
        """Send a token with each request from now on."""
        self._headers = {"Authorization": f"Bearer {token}"}

    def challenge(self) -> Challenge:
        """Ask without a token: proves the way to the key vault and names its tenant.

        :raises Refused: the key vault blocks this host
        :raises NoAnswer: something else answered, or nothing
        """
        reply = self._service.ask("GET", f"/keys/{self._name}?{_VERSION}")
        header = str(reply.headers.get("WWW-Authenticate", ""))
        bearer = _BEARER.search(header)
        if reply.status != 401 or not bearer:
            refused = self._refused(reply, "reading the key without a token")
            if refused.unknown or reply.status == 404:
                raise refused
            raise NoAnswer(f"{self._service.name} ({self._service.url}) does not answer like a key vault.")
        found = {name.lower(): value for name, value in _CHALLENGE.findall(header[bearer.end() :])}
        authority = found.get("authorization") or found.get("authorization_uri") or ""
        tenant = urlsplit(authority).path.strip("/").partition("/")[0]
        resource = _host_of(found.get("resource") or found.get("scope") or "")
        return Challenge(tenant or None, resource or None, reply)

    def key(self, version: str | None) -> dict[str, t.Any] | None:
        """Read a version of the key, or the newest; None where there is none.

        :raises Refused: the key vault refused
        """
        reply = self._service.ask("GET", f"{self._path(version)}?{_VERSION}", headers=self._headers)
        if reply.status == 404 and inner_code(reply.body) == "KeyNotFound":
            return None
        return self._read(reply, "reading the key")

    def deleted(self) -> bool | None:
        """Check whether the key was deleted and can be recovered; None where the key vault does not say."""
        try:
            reply = self._service.ask("GET", f"/deletedkeys/{self._name}?{_VERSION}", headers=self._headers)
        except NoAnswer:
            return None
        if reply.status == 404 and inner_code(reply.body) == "KeyNotFound":
            return False
        return True if reply.status == 200 else None

    def versions(self) -> int:
        """Count the versions of the key.

        :raises Refused: the key vault refused
        """
        count, target = 0, f"/keys/{self._name}/versions?{_VERSION}"
        seen: set[str] = set()
        while target not in seen and len(seen) < _MOST_PAGES:
            seen.add(target)
            record = self._read(self._service.ask("GET", target, headers=self._headers), "listing the versions")
            page = record.get("value")
            count += len(page) if isinstance(page, list) else 0
            following = next_target(record.get("nextLink"))
            if following is None:
                return count
            target = following
        raise NoAnswer(f"{self._service.name} lists the versions of the key without an end.")

    def rotation_policy(self) -> dict[str, t.Any]:
        """Read the rotation policy.

        :raises Refused: the key vault refused
        """
        target = f"/keys/{self._name}/rotationpolicy?{_VERSION}"
        return self._read(self._service.ask("GET", target, headers=self._headers), "reading the rotation policy")

    def prove(self, version: str, forward: str, back: str) -> None:
        """Let the key vault do an operation on random bytes and its reverse, and compare.

        :raises Refused: the key vault refused one of them
        :raises NoAnswer: the reverse gives other bytes
        """
        plain = _encoded(os.urandom(32))
        self_made = self._operate(version, forward, plain)
        if _decoded(self._operate(version, back, self_made)) != _decoded(plain):
            raise NoAnswer(f"{self._service.name} returned other bytes for {back} than were given to {forward}.")

    def _operate(self, version: str, operation: str, value: str) -> str:
        target = f"{self._path(version)}/{operation.lower()}?{_VERSION}"
        body = {"alg": _ALGORITHM, "value": value}
        record = self._read(self._service.ask("POST", target, body, self._headers), operation)
        return str(record.get("value") or "")

    def _path(self, version: str | None) -> str:
        if version is None:
            return f"/keys/{self._name}"
        if not is_segment(version):
            raise NoAnswer(f"{self._service.name} returned an invalid version of the key.")
        return f"/keys/{self._name}/{quote(version, safe='')}"

    def _read(self, reply: Reply, doing: str) -> dict[str, t.Any]:
        if reply.status != 200:
            raise self._refused(reply, doing)
        return reply.record

    def _refused(self, reply: Reply, doing: str) -> Refused:
        code = inner_code(reply.body)
        where = f"{self._service.name} refused {doing} (HTTP {reply.status}"
        if reply.status == 429 or reply.status >= 500:
            return Refused(f"{where}): too many requests, or a transient error. Run the task again later.", reply, True)
        if code is None:
            message = f"{where}) without an error of a key vault. Is a proxy in between?"
            return Refused(message, reply, True)
        meaning = KEY_VAULT.get(code)
        error = {"code": code}
        if meaning:
            text = f"{where}, {code}): {meaning.text}. {meaning.advice}"
            return Refused(text, reply, meaning.unknown, error=error)
        # A key outside its dates gets Forbidden alone, a token of another tenant AKV10032. Others say nothing.
        known = code == "Forbidden" or "AKV10032" in message_of(reply.body)
        return Refused(f"{where}, {code}): {message_of(reply.body)}", reply, not known, error=error)


def _host_of(resource: str) -> str:
    """Give the host that a resource or a scope names, in lower case, without the default port."""
    text = resource.lower().removeprefix("https://")
    return text.removesuffix(".default").rstrip("/").removesuffix(":443")


def is_segment(text: str) -> bool:
    """Check whether a text can be the name or the version of a key."""
    return _SEGMENT.fullmatch(text) is not None


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _decoded(text: str) -> bytes | None:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return None


def size_of(key: t.Mapping[str, t.Any]) -> int | None:
    """Give the bits of an RSA key: those of its modulus."""
    modulus = _decoded(str(key.get("n") or ""))
    return int.from_bytes(modulus, "big").bit_length() if modulus else None
