# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""The use case of akv_key_info: can this credential use this key, as far as that can be proved without ONTAP?"""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from urllib.parse import urlsplit

from ansible_collections.ontap.akv.plugins.module_utils._akv import uris
from ansible_collections.ontap.akv.plugins.module_utils._akv.checks import Check, Status, count_by_status
from ansible_collections.ontap.akv.plugins.module_utils._akv.expiry import Expiry, in_words, read_date, read_moment
from ansible_collections.ontap.akv.plugins.module_utils._akv.scope import check_text, is_uuid
from ansible_collections.ontap.akv.plugins.module_utils._azure import entra, graph, key_vault
from ansible_collections.ontap.akv.plugins.module_utils._azure.clouds import (
    CLOUDS,
    Cloud,
    is_resource,
    of_host,
    scope_of,
)
from ansible_collections.ontap.akv.plugins.module_utils._azure.login import Login, check_url
from ansible_collections.ontap.akv.plugins.module_utils._azure.service import NoAnswer
from ansible_collections.ontap.akv.plugins.module_utils._runtime import errors
from ansible_collections.ontap.akv.plugins.module_utils._runtime.wording import plural
from ansible_collections.ontap.akv.plugins.module_utils._use_cases import entry
from ansible_collections.ontap.akv.plugins.module_utils._use_cases.azure_entry import AZURE, Azure

KIND = AZURE

ARGUMENT_SPEC: dict[str, t.Any] = {
    "credential_expires": {"type": "raw"},
    "credential_wait": {"type": "int", "default": 0},
    "crypto": {"type": "bool", "default": True},
    "key_id": {"type": "str", "required": True, "no_log": False},
    "min_days": {"type": "int", "default": 30},
    "name": {"type": "str"},
    "vault_url": {"type": "str"},
}

OK, FAILED, WARNING, UNKNOWN = Status

_DECIDING = ("network", "token", "key", "wrap")
_OPERATIONS = {"wrap": ("wrapKey", "unwrapKey"), "encrypt": ("encrypt", "decrypt")}
_SMALLEST = 2048  # bits
_LONGEST_WAIT = 250  # seconds: less than a task may take
_CLOCKS_AGREE = timedelta(minutes=5)

Record = dict[str, t.Any]
Finding = tuple[Status, str]
"""A status and a message."""


@dataclass(frozen=True)
class Result:
    """What was found."""

    changed: bool
    msg: str
    ready: bool
    checks: list[dict[str, str]]
    summary: dict[str, int]
    key: Record
    credential: Record
    vault_tenant_id: str | None


@dataclass(frozen=True)
class Target:
    """The key that is asked about.

    :ivar name: of the key, in the case in which it was given
    :ivar version: of the key, likewise; None for the newest
    :ivar url: where its key vault is reached
    :ivar resource: host of the scope of a token for it
    """

    key: uris.KeyId
    name: str
    version: str | None
    url: str
    cloud: Cloud
    resource: str


def run(azure: Azure, params: entry.Params) -> Result:
    """Check what can be checked. Reads only, so check mode makes no difference."""
    target = _target(params, azure.login)
    declared = None
    if params["credential_expires"] is not None:
        declared = read_date("credential_expires", params["credential_expires"])
    if params["min_days"] < 0:
        raise errors.InputError("min_days", f"{params['min_days']} is below 0. Give a number of days.")
    if not 0 <= params["credential_wait"] <= _LONGEST_WAIT:
        raise errors.InputError(
            "credential_wait", f"{params['credential_wait']} is out of range. Give 0 to {_LONGEST_WAIT} seconds."
        )
    return _KeyInfo(azure, params, target, declared).result()


def _target(params: entry.Params, login: Login) -> Target:
    """Read the key, and where its key vault is.

    :raises InputError: names the option, what was given and what to do
    """
    given = params["key_id"]
    check_text("key_id", given)
    try:
        key = uris.KeyId.parse(given)
    except ValueError as exc:
        raise errors.InputError(
            "key_id", f"{given!r} {exc}. Give it as Azure shows it: https://<host>/keys/<key>[/<version>]."
        ) from None
    typo = uris.likely_typo(given)
    if typo:
        raise errors.InputError("key_id", f"{given!r} has a misspelled host. Did you mean {typo!r}?")
    for option, part in (("key", key.key), ("version", key.version)):
        if part is not None and not key_vault.is_segment(part):
            raise errors.InputError("key_id", f"{given!r} does not name a {option}: it contains other characters.")
    if params["name"] is not None:
        check_text("name", params["name"])
        try:
            vault = uris.VaultUri.parse(params["name"])
        except ValueError as exc:
            raise errors.InputError("name", f"{params['name']!r} {exc}. Give https://<host>/.") from None
        if vault.host != key.host:
            raise errors.InputError("name, key_id", f"{params['name']!r} is not the key vault of {given!r}.")
    cloud, resource = _cloud(login, key.host)
    _keys, segment, *version = urlsplit(given).path.strip("/").split("/")
    url = check_url("vault_url", params["vault_url"]) or f"https://{key.host}"
    return Target(key, segment, version[0] if version else None, url, cloud, resource)


def _cloud(login: Login, host: str) -> tuple[Cloud, str]:
    """Find the cloud of a key vault, and the resource that its tokens are for."""
    found = of_host(host)
    if login.cloud == "auto":
        if found:
            return found
        if login.authority is None:
            raise errors.InputError("cloud", f"{host} does not name its cloud. Set cloud.")
        return CLOUDS["public"], CLOUDS["public"].vault_suffixes[0]
    cloud = CLOUDS[login.cloud]
    if found and found[0] is not cloud:
        raise errors.InputError(
            "cloud, key_id", f"cloud is {cloud.name}, and {host} is in {found[0].name}. Correct one."
        )
    return cloud, found[1] if found else cloud.vault_suffixes[0]


class _KeyInfo:
    """Asks Azure, and continues as far as the responses allow."""

    def __init__(self, azure: Azure, params: entry.Params, target: Target, declared: Expiry | None) -> None:
        self._azure = azure
        self._params = params
        self._target = target
        self._declared = declared
        service = azure.service(target.url, f"the key vault {target.key.host}", "vault_url, key_id")
        self._vault = key_vault.KeyVault(service, target.name)
        self._entra: entra.Entra | None = None
        self._checks: dict[str, Check] = {}
        self._tenant: str | None = None
        # How far Azure's clock is ahead of this host's, where that is known and matters.
        self._offset = timedelta()
        self._clock_is_known = False
        self._resource = target.resource
        self._key: Record = {}
        self._key_end: Expiry | None = None
        self._credential_end: Expiry | None = None
        # Why the end of the credential is not known.
        self._why = ""

    def result(self) -> Result:
        """Check everything, in order."""
        self._check("network", self._network)
        # What is wrong with the key vault or its tenant is found before a credential is sent.
        self._check("token", self._token, needs=("network",), unless=(FAILED,))
        self._check("key", self._read_key, needs=("network", "token"))
        if self._params["crypto"]:
            for name in _OPERATIONS:
                self._check(name, functools.partial(self._operations, name), needs=("network", "token", "key"))
        self._check("recovery", self._recovery, needs=("key",))
        self._check("versions", self._versions, needs=("network", "token", "key"))
        self._check("rotation_policy", self._rotation_policy, needs=("network", "token", "key"))
        credential = self._credential()
        self._check("expiry", self._expiry)
        checks = list(self._checks.values())
        return Result(
            changed=False,
            msg=self._message(),
            ready=all(self._checks[name].status in (OK, WARNING) for name in _DECIDING if name in self._checks),
            checks=[check.record() for check in checks],
            summary=count_by_status(checks),
            key=self._key,
            credential=credential,
            vault_tenant_id=self._tenant,
        )

    def _check(
        self,
        name: str,
        question: Callable[[], Finding],
        needs: tuple[str, ...] = (),
        unless: tuple[str, ...] = (FAILED, UNKNOWN),
    ) -> None:
        """Ask one question; what is not answered, or cannot be asked, is unknown.

        :param needs: checks whose statuses must not be one of `unless`; a key that was read is good enough
        """
        blocking = next((each for each in needs if self._checks[each].status in unless), None)
        if blocking == "key" and self._key:
            blocking = None
        if blocking:
            status, message = (
                UNKNOWN,
                f"Not checked, because the check {blocking} is {self._checks[blocking].status}.",
            )
        else:
            try:
                status, message = question()
            except NoAnswer as exc:
                status, message = UNKNOWN, exc.message
            except key_vault.Refused as refused:
                status, message = (UNKNOWN if refused.unknown else FAILED), refused.message
        self._checks[name] = Check(name, status, self._azure.task.redactor.free_text(message))

    def _now(self) -> datetime:
        """Give the time by Azure's clock, where the clocks differ."""
        return datetime.now(timezone.utc) + self._offset

    # -- the checks ----------------------------------------------------------------------------------------------------

    def _network(self) -> Finding:
        challenge = self._vault.challenge()
        self._compare_clocks(challenge.reply.moment)
        host, given, found = self._target.key.host, self._azure.login.tenant_id, challenge.tenant_id
        self._tenant = found
        # A GUID cannot be compared with a DNS name.
        if found and is_uuid(found) == is_uuid(given) and found.lower() not in (given.lower(), "common"):
            return FAILED, f"{host} belongs to tenant {found}, but tenant_id is {given}. No credential was sent."
        resource = challenge.resource
        if resource and resource != self._resource:
            # A cloud that is not Microsoft's names its own, and its authority is the task's.
            if is_resource(resource) or not self._azure.login.authority:
                return FAILED, (
                    f"{host} expects tokens for https://{resource}, but a key vault in the cloud"
                    f" {self._target.cloud.name} expects https://{self._resource}. Set cloud. No credential was sent."
                )
            self._resource = resource
        belongs = f"It belongs to tenant {found}." if found else "It does not name its tenant."
        return OK, f"{host} answers. {belongs}"

    def _compare_clocks(self, moment: datetime | None) -> None:
        if moment is not None:
            ahead = moment - datetime.now(timezone.utc)
            self._offset = ahead if abs(ahead) > _CLOCKS_AGREE else timedelta()
            self._clock_is_known = True

    def _token(self) -> Finding:
        certificate = self._azure.certificate
        self._entra = self._azure.entra(self._target.cloud)
        if certificate is not None:
            if not (self._clock_is_known or certificate.begins <= self._now() < certificate.expiry.moment):
                # Before a certificate is blamed, the clock is compared.
                self._compare_clocks(self._entra.moment())
            clock = entra.clock_problem(datetime.now(timezone.utc) + self._offset)
            if certificate.expiry.is_expired(self._now()):
                return FAILED, f"{in_words('The certificate', certificate.expiry, self._now())} Renew it.{clock}"
            if certificate.begins > self._now():
                return (
                    FAILED,
                    f"The certificate is not valid before {certificate.begins:%Y-%m-%dT%H:%M:%SZ}.{clock}",
                )
        self._entra.ahead = self._offset
        try:
            token = self._entra.token(scope_of(self._resource), self._params["credential_wait"])
        except entra.Refused as refused:
            return (UNKNOWN if refused.unknown else FAILED), refused.message
        self._vault.use(token)
        return OK, f"Microsoft Entra ID accepts the credential of application {self._azure.login.client_id}."

    def _read_key(self) -> Finding:
        bundle = self._vault.key(self._target.version)
        if bundle is None:
            return FAILED, f"The key vault has no key {self._params['key_id']}. {_GONE[self._vault.deleted()]}"
        key, attributes = _record(bundle, "key"), _record(bundle, "attributes")
        if not isinstance(key.get("kty"), str) or not isinstance(attributes.get("enabled"), bool):
            return UNKNOWN, "The key vault returned a key without its properties."
        self._describe(key, attributes)
        problems = list(self._problems(key, attributes))
        if problems:
            return FAILED, " ".join(problems)
        unread = [name for name in ("nbf", "exp") if attributes.get(name) is not None and not _moment(attributes[name])]
        if unread:
            return UNKNOWN, f"The key vault returned a date of the key that cannot be read ({', '.join(unread)})."
        lacking = _lacking(key, _OPERATIONS["encrypt"])
        if lacking:
            return WARNING, f"The key does not permit {' and '.join(lacking)} (key_ops)."
        size = f" with {self._key['size']} bits" if "size" in self._key else ""
        return OK, f"The key {self._key['kid']} is enabled: {self._key['type']}{size}."

    def _describe(self, key: Record, attributes: Record) -> None:
        begins, self._key_end = _moment(attributes.get("nbf")), _moment(attributes.get("exp"))
        level = attributes.get("recoveryLevel")
        size = key_vault.size_of(key)
        self._key = {
            "kid": str(key.get("kid") or self._params["key_id"]),
            "type": key["kty"],
            **({"size": size} if size else {}),
            "enabled": attributes["enabled"],
            **({"not_before": str(begins)} if begins else {}),
            **(self._key_end.record(self._now()) if self._key_end else {}),
        }
        if isinstance(level, str):
            self._key.update(recovery_level=level, purge_protection="purgeable" not in level.lower())

    def _problems(self, key: Record, attributes: Record) -> t.Iterator[str]:
        """Find what keeps ONTAP from using the key."""
        now = self._now()
        if not self._key["enabled"]:
            yield "The key is disabled. Enable it."
        begins = _moment(attributes.get("nbf"))
        if self._key_end and self._key_end.is_expired(now):
            yield f"{in_words('The key', self._key_end, now)} It still unwraps, but no longer wraps."
        if begins and begins.moment > now:
            yield f"The key is not valid before {begins}."
        if self._key["type"] not in ("RSA", "RSA-HSM"):
            yield f"The key is of type {self._key['type']}. ONTAP needs an RSA key."
        elif self._key.get("size", _SMALLEST) < _SMALLEST:
            yield f"The key has {self._key['size']} bits. Use a key of {_SMALLEST} bits or more."
        lacking = _lacking(key, _OPERATIONS["wrap"])
        if lacking:
            yield f"The key does not permit {' and '.join(lacking)} (key_ops)."

    def _operations(self, name: str) -> Finding:
        forward, back = _OPERATIONS[name]
        version = self._target.version or _version_of(self._key["kid"])
        if version is None:
            return UNKNOWN, f"The key vault does not report the version of the key {self._key['kid']}."
        try:
            self._vault.prove(version, forward, back)
        except key_vault.Refused as refused:
            # No source says which pair ONTAP uses; the documented roles suggest wrap and unwrap.
            if name == "encrypt" and not refused.unknown:
                return WARNING, refused.message
            raise
        return OK, f"The application may {forward} and {back} with the key."

    def _recovery(self) -> Finding:
        if "recovery_level" not in self._key:
            return UNKNOWN, "The key vault does not report the recovery level."
        if not self._key["purge_protection"]:
            return WARNING, f"The key vault has no purge protection ({self._key['recovery_level']})."
        return OK, "The key vault has purge protection."

    def _versions(self) -> Finding:
        try:
            count = self._vault.versions()
        except key_vault.Refused as refused:
            return UNKNOWN, _not_needed(refused, "list the versions of the key")
        self._key["versions"] = count
        return OK, f"The key has {plural(count, 'version')}."

    def _rotation_policy(self) -> Finding:
        try:
            policy = self._vault.rotation_policy()
        except key_vault.Refused as refused:
            return UNKNOWN, _not_needed(refused, "read the rotation policy")
        actions = policy.get("lifetimeActions")
        found = {}
        for action in actions if isinstance(actions, list) else []:
            kind, trigger = _record(action, "action").get("type"), _record(action, "trigger")
            when = trigger.get("timeAfterCreate") or trigger.get("timeBeforeExpiry")
            if isinstance(kind, str) and isinstance(when, str):
                found[kind.lower()] = when
        self._key["rotation_policy"] = found
        if "rotate" in found:
            return OK, f"The key vault rotates the key automatically ({found['rotate']})."
        return OK, "The key vault does not rotate the key automatically."

    # -- ends ----------------------------------------------------------------------------------------------------------

    def _credential(self) -> Record:
        """Find the end of the credential: from the certificate, as declared, or by Graph."""
        source = "graph"
        if self._azure.certificate is not None:
            source, self._credential_end = "certificate", self._azure.certificate.expiry
        elif self._declared is not None:
            source, self._credential_end = "declared", self._declared
        elif self._checks["token"].status == OK:
            self._credential_end = self._end_by_graph()
        found: Record = {"kind": "certificate" if self._azure.certificate else "secret"}
        if self._credential_end:
            found.update(self._credential_end.record(self._now()), source=source)
        return found

    def _end_by_graph(self) -> Expiry | None:
        """Ask Graph when the secret ends; keep why that is not known."""
        login, cloud = self._azure.login, self._target.cloud
        if login.authority and not login.graph_url:
            self._why = "Set graph_url to ask Microsoft Graph, or declare the date with credential_expires."
            return None
        try:
            if self._entra is None:
                raise AssertionError
            token = self._entra.token(scope_of(cloud.graph))
            service = self._azure.service(login.graph_url or cloud.graph, "Microsoft Graph", "graph_url")
            reader = graph.Graph(service, token)
            application = reader.application(login.client_id)
            matches = self._matches(application)
            if not matches:
                # A credential may belong to the service principal instead.
                matches = self._matches(reader.service_principal(login.client_id))
        except (NoAnswer, entra.Refused, graph.Refused) as exc:
            self._why = f"{exc.message} Or declare the date with credential_expires."
            return None
        if application is None and not matches:
            self._why = (
                f"Microsoft Graph has no application {login.client_id} in this tenant, or the login may not see it."
                " Declare the date with credential_expires."
            )
            return None
        if len(matches) != 1:
            how = f"{len(matches)} secrets" if matches else "no secret"
            self._why = f"The application has {how} that could be this one. Declare the date with credential_expires."
            return None
        return matches[0]

    def _matches(self, app: graph.App | None) -> list[Expiry]:
        """Give the ends of the secrets that may be the one that was accepted: so none that have passed."""
        hint = str(self._azure.login.secret)[:3]
        ends = [
            read_moment(one.get("endDateTime"))
            for one in graph.credentials(app or {}, "passwordCredentials")
            if one.get("hint") == hint
        ]
        return [end for end in ends if end and not end.is_expired(self._now())]

    def _expiry(self) -> Finding:
        now = self._now()
        credential = "The certificate" if self._azure.certificate else "The client secret"
        ends = [(what, end) for what, end in ((credential, self._credential_end), ("The key", self._key_end)) if end]
        near = [in_words(what, end, now) for what, end in ends if end.days_left(now) < self._params["min_days"]]
        if self._credential_end is None:
            near_or_not = [*near, f"The end of the credential is not known. {self._why}".strip()]
            return WARNING if near else UNKNOWN, " ".join(near_or_not)
        if near:
            return WARNING, " ".join(near)
        return OK, " ".join(in_words(what, end, now) for what, end in ends)

    # -- words ---------------------------------------------------------------------------------------------------------

    def _message(self) -> str:
        client_id, key_id = self._azure.login.client_id, self._params["key_id"]
        deciding = [self._checks[name] for name in _DECIDING if name in self._checks]
        bad = [check for check in deciding if check.status == FAILED]
        if bad:
            said = " ".join(check.message for check in bad)
            return f"Application {client_id} cannot use the key {key_id} ({', '.join(c.name for c in bad)}): {said}"
        doubts = [check for check in deciding if check.status == UNKNOWN]
        if doubts:
            return f"It is not known whether application {client_id} can use the key {key_id}: {doubts[0].message}"
        tried = "" if self._params["crypto"] else " The operations were not tried."
        notes = [check.message for check in self._checks.values() if check.status == WARNING]
        return " ".join([f"Application {client_id} can use the key {key_id}.{tried}", *notes])


_GONE = {
    True: "It was deleted and can be recovered.",
    False: "Check key_id.",
    None: "Check key_id. It may have been deleted.",
}
"""What to say of a key that is absent, by whether it was deleted."""


def _not_needed(refused: key_vault.Refused, what: str) -> str:
    """Word that a permission is missing which ONTAP does not need: advice to grant it would mislead."""
    if refused.status != 403 or refused.unknown:
        return refused.message
    return f"The application may not {what} (HTTP 403). ONTAP does not need this permission."


def _moment(value: t.Any) -> Expiry | None:
    """Read a date of a key: Unix seconds, and nothing else."""
    return None if isinstance(value, str) else read_moment(value)


def _version_of(kid: str) -> str | None:
    """Read the version from the identifier of a key; None where it has none."""
    try:
        return uris.KeyId.parse(kid).version
    except ValueError:
        return None


def _record(value: t.Any, name: str) -> Record:
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def _lacking(key: Record, wanted: tuple[str, ...]) -> list[str]:
    operations = key.get("key_ops")
    if not isinstance(operations, list):
        return []
    known = {str(one).lower() for one in operations}
    return [operation for operation in wanted if operation.lower() not in known]
