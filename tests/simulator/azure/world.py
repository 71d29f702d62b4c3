# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Azure holds: applications with their credentials, key vaults and keys, each with its dates.

ONTAP's polls, Entra, Key Vault and Graph all ask this one state, so they cannot disagree. What the scenario does not
declare is open: without `applications` every credential is good, without `keys` every key exists.
"""

from __future__ import annotations

import base64
import hashlib
import re
import uuid as uuids
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12

from ..clock import Clock
from ..shapes import ScenarioError
from .declared import CLOUDS, Moment

_KEY_ID = re.compile(r"(https://[^/]+/keys/[^/]+)(?:/([^/]*))?/?", re.IGNORECASE)
_TWO_YEARS = 2 * 365 * 86400.0
# Data actions of Azure's roles (azure-docs, built-in roles, 2026-02) as operations of an access policy.
_READ = {"get", "list"}
_CRYPTO = {"encrypt", "decrypt", "wrapKey", "unwrapKey"}
ROLES = {
    "Key Vault Crypto Service Encryption User": {*_READ, "wrapKey", "unwrapKey"},
    "Key Vault Crypto User": {*_READ, *_CRYPTO},
    "Key Vault Crypto Officer": {*_READ, *_CRYPTO, "getrotationpolicy"},
    "Key Vault Reader": {*_READ, "getrotationpolicy"},
}
# Under RBAC, keys/read alone grants what the public half of an RSA key can do.
_GRANTED_BY_READ = {"encrypt", "wrapKey"}

_made_keys: dict[tuple[str, int], Any] = {}


def split_key_id(key_id: str) -> tuple[str, str | None]:
    """A key's identifier without its version, and the version."""
    found = _KEY_ID.fullmatch(key_id)
    return (found[1], found[2] or None) if found else (key_id, None)


def version_of(seed: str) -> str:
    """A key version as Azure writes them, always the same for the same seed."""
    return hashlib.sha256(seed.encode()).hexdigest()[:32]


@dataclass
class Credential:
    """A secret or certificate of an application.

    :ivar value: the secret itself; of a certificate its DER form
    """

    key_id: str
    name: str | None
    starts: float
    ends: float
    value: str | bytes
    known_from: float = 0.0
    revoked: bool = False

    def thumbprint(self, algorithm: str = "sha1") -> str:
        assert isinstance(self.value, bytes)
        return hashlib.new(algorithm, self.value).hexdigest()


@dataclass
class Application:
    client_id: str
    tenant_id: str
    name: str
    object_id: str
    audience: str = "AzureADMyOrg"
    secrets: list[Credential] = field(default_factory=list)
    # None: any certificate is good for ONTAP, none for a login that must be verified.
    certificates: list[Credential] | None = None
    enabled: bool = True
    service_principal: bool = True
    public_client: bool = False
    conditional_access: bool = False
    # Any other code that Entra refuses its logins with.
    refused_with: int | None = None
    graph: list[str] = field(default_factory=list)
    owns: list[str] = field(default_factory=list)


@dataclass
class KeyVault:
    host: str
    tenant_id: str | None = None
    policies: dict[str, list[str]] | None = None
    roles: dict[str, list[str]] | None = None
    blocked_by: str | None = None
    blocked_when: str = "always"
    recovery_level: str = "Recoverable"
    retention_days: int = 90
    requests_per_10_s: int | None = None
    # What tokens for it are for, in a cloud that is not Microsoft's.
    resource: str | None = None
    seen: list[float] = field(default_factory=list)

    def grants(self, client_id: str, operation: str) -> bool:
        """Whether an application may do an operation of an access policy here."""
        client_id = client_id.lower()
        if self.roles is not None:
            held = {one.lower(): roles for one, roles in self.roles.items()}.get(client_id, [])
            allowed: set[str] = set().union(*(ROLES.get(role, set()) for role in held))
            return operation in allowed or (operation in _GRANTED_BY_READ and "get" in allowed)
        if self.policies is not None:
            given = {one.lower(): granted for one, granted in self.policies.items()}.get(client_id, [])
            return operation in given
        return True


@dataclass
class KeyVersion:
    version: str
    created: float
    enabled: bool | None = None
    not_before: float | None = None
    expires: float | None = None


@dataclass
class Key:
    """A key; what a version does not say itself holds for all."""

    uri: str
    versions: list[KeyVersion]
    enabled: bool = True
    permitted: bool = True
    not_before: float | None = None
    expires: float | None = None
    type: str = "RSA"
    size: int = 2048
    key_ops: list[str] | None = None
    deleted: float | None = None
    rotation_policy: dict[str, str] | None = None
    # Versions were not declared, so each exists that a client names.
    open: bool = False

    @property
    def host(self) -> str:
        return self.uri.split("/")[2]

    @property
    def name(self) -> str:
        return self.uri.rsplit("/", 1)[1]

    @property
    def newest(self) -> KeyVersion:
        return max(self.versions, key=lambda one: one.created)

    def version(self, name: str | None) -> KeyVersion | None:
        if not name:
            return self.newest
        found = next((one for one in self.versions if one.version == name), None)
        if found is None and self.open:
            (first, *others) = self.versions
            if not others and first.version == version_of(self.uri):
                # Nobody has named this one yet: it was made up, and gets the first name that is used.
                first.version = name
                return first
            found = KeyVersion(name, min(one.created for one in self.versions) - 1)
            self.versions.append(found)
        return found

    def is_enabled(self, one: KeyVersion) -> bool:
        return self.enabled if one.enabled is None else one.enabled

    def begins(self, one: KeyVersion) -> float | None:
        return self.not_before if one.not_before is None else one.not_before

    def ends(self, one: KeyVersion) -> float | None:
        return self.expires if one.expires is None else one.expires

    def in_time(self, one: KeyVersion, now: float) -> bool:
        begins, ends = self.begins(one), self.ends(one)
        return (begins is None or begins <= now) and (ends is None or now < ends)

    def material(self, one: KeyVersion) -> Any:
        """The private key of a version, made when it is first needed."""
        place = f"{self.uri.lower()}/{one.version}", 0 if self.type == "EC" else self.size
        if place not in _made_keys:
            _made_keys[place] = (
                ec.generate_private_key(ec.SECP256R1())
                if self.type == "EC"
                else rsa.generate_private_key(public_exponent=65537, key_size=self.size)
            )
        return _made_keys[place]


class World:
    """Azure as all clusters of a simulator share it."""

    def __init__(self, section: dict[str, Any], clock: Clock) -> None:
        self.clock = clock
        self._start = clock.now()
        self.cloud: str = section.get("cloud", "public")
        self.propagation: float = section.get("propagation", 0)
        self._tenants = set(section.get("tenants", []))
        declared = section.get("applications")
        self.applications = None if declared is None else [self._application(dict(one)) for one in declared]
        self.key_vaults = {one["host"].lower(): self._key_vault(dict(one)) for one in section.get("key_vaults", [])}
        self.keys = {split_key_id(one["key_id"])[0].lower(): self._key(dict(one)) for one in section.get("keys", [])}
        self.keys_known = "keys" in section

    # --- making ---

    def _at(self, declared: Moment | None, otherwise: float) -> float:
        return otherwise if declared is None else declared(self._start)

    def _application(self, entry: dict[str, Any]) -> Application:
        client_id = entry["client_id"]
        entry.setdefault("name", f"app-{client_id}")
        entry.setdefault("object_id", _uuid(f"object/{client_id}"))
        expired = entry.pop("expired", [])
        secrets = [self._secret(client_id, number, one) for number, one in enumerate(entry.pop("secrets", []))]
        for value in expired:
            secrets.append(self._secret(client_id, len(secrets), {"value": value, "expires": lambda start: start}))
        certificates = entry.pop("certificates", None)
        if certificates is not None:
            certificates = [self._certificate(one) for one in certificates]
        return Application(**entry, secrets=secrets, certificates=certificates)

    def _secret(self, client_id: str, number: int, entry: dict[str, Any]) -> Credential:
        starts = self._at(entry.get("starts"), self._start)
        return Credential(
            key_id=entry.get("key_id") or _uuid(f"secret/{client_id}/{number}"),
            name=entry.get("name"),
            starts=starts,
            ends=self._at(entry.get("expires"), starts + _TWO_YEARS),
            value=entry["value"],
        )

    def _certificate(self, entry: dict[str, Any]) -> Credential:
        try:
            certificate = x509.load_pem_x509_certificate(entry["pem"].encode())
        except ValueError as error:
            raise ScenarioError("azure.applications: pem: a certificate in PEM form is wanted") from error
        der = certificate.public_bytes(Encoding.DER)
        return Credential(
            key_id=entry.get("key_id") or _uuid(f"certificate/{hashlib.sha1(der).hexdigest()}"),
            name=entry.get("name"),
            starts=self._at(entry.get("starts"), certificate.not_valid_before_utc.timestamp()),
            ends=self._at(entry.get("expires"), certificate.not_valid_after_utc.timestamp()),
            value=der,
            revoked=entry.get("revoked", False),
        )

    def _key_vault(self, entry: dict[str, Any]) -> KeyVault:
        if "roles" in entry and "policies" in entry:
            raise ScenarioError(f"azure.key_vaults: {entry['host']} has roles or policies, not both")
        protected = entry.pop("purge_protection", True)
        entry.setdefault("recovery_level", "Recoverable" if protected else "Recoverable+Purgeable")
        return KeyVault(**entry)

    def _key(self, entry: dict[str, Any]) -> Key:
        uri, named = split_key_id(entry.pop("key_id"))
        declared = entry.pop("versions", None)
        entry["open"] = not declared and not named
        declared = declared or [{"version": named or version_of(uri)}]
        versions = [
            KeyVersion(
                one["version"],
                self._at(one.get("created"), self._start + number),
                one.get("enabled"),
                *self._dates(one),
            )
            for number, one in enumerate(declared)
        ]
        begins, ends = self._dates(entry)
        deleted = self._start if entry.pop("deleted", False) else None
        rest = {name: value for name, value in entry.items() if name not in ("not_before", "expires")}
        return Key(uri, versions, not_before=begins, expires=ends, deleted=deleted, **rest)

    def _dates(self, entry: dict[str, Any]) -> tuple[float | None, float | None]:
        begins, ends = (entry.get(name) for name in ("not_before", "expires"))
        return begins and begins(self._start), ends and ends(self._start)

    # --- finding ---

    def secrets(self) -> set[str]:
        """All secrets of applications: never to be logged."""
        found = {secret.value for application in self.applications or [] for secret in application.secrets}
        return {value for value in found if isinstance(value, str)}

    def is_tenant(self, tenant_id: str) -> bool:
        """Whether there is such a tenant; where no application is declared, each is."""
        if self.applications is None:
            return True
        of_vaults = {vault.tenant_id for vault in self.key_vaults.values() if vault.tenant_id}
        known = {*self._tenants, *of_vaults, *(one.tenant_id for one in self.applications)}
        return tenant_id.lower() in {name.lower() for name in known}

    def application(self, client_id: str) -> Application | None:
        # Azure's identifiers are UUIDs, which know no case.
        wanted = client_id.lower()
        return next((one for one in self.applications or [] if one.client_id.lower() == wanted), None)

    def key_vault(self, host: str) -> KeyVault:
        """A key vault; one that is not declared is open."""
        return self.key_vaults.setdefault(host.lower(), KeyVault(host))

    def key(self, key_id: str) -> Key:
        """A key, made where it does not exist yet, its first version being the one that the id names."""
        uri, named = split_key_id(key_id)
        if uri.lower() not in self.keys:
            first = KeyVersion(named or version_of(uri), self.clock.now())
            self.keys[uri.lower()] = Key(uri, [first], open=True)
        return self.keys[uri.lower()]

    def find_key(self, key_id: str) -> Key | None:
        """A key as a client finds it: where no keys are declared, each exists."""
        found = self.keys.get(split_key_id(key_id)[0].lower())
        if found is None and not self.keys_known:
            found = self.key(key_id)
        return found

    def newest_version(self, key_id: str) -> str | None:
        """The newest version of a key that Azure has been asked for."""
        found = self.keys.get(split_key_id(key_id)[0].lower())
        return found.newest.version if found else None

    # --- what happens ---

    def add_secret(self, application: Application, value: str, name: str | None, expires: Moment | None) -> None:
        now = self.clock.now()
        number = len(application.secrets)
        key_id = _uuid(f"secret/{application.client_id}/{number}/{now}")
        ends = self._at(expires, now + _TWO_YEARS)
        application.secrets.append(Credential(key_id, name, now, ends, value, now + self.propagation))

    def rotate_key(self, key_id: str, version: str | None) -> tuple[str, str]:
        """Make a new version of a key; gives the old and the new one's name."""
        key = self.key(key_id)
        key.version(split_key_id(key_id)[1])
        old = key.newest
        made = version or version_of(old.version)
        key.versions.append(KeyVersion(made, max(self.clock.now(), old.created + 1)))
        return old.version, made

    # --- judging ---

    def login_problem(self, client_id: str, tenant_id: str) -> int | None:
        """The AADSTS code with which Entra refuses an application, whatever credential it shows."""
        if self.applications is None:
            return None
        if not self.is_tenant(tenant_id):
            return 90002 if re.fullmatch(r"[0-9a-fA-F-]{36}|[^.]+(\.[^.]+)+", tenant_id) else 900023
        found = self.application(client_id)
        if found is None or found.tenant_id.lower() != tenant_id.lower():
            return 700016
        if not found.service_principal:
            return 7000229
        if not found.enabled:
            return 7000112
        return 700025 if found.public_client else None

    def secret_problem(self, client_id: str, value: str) -> int | None:
        """The AADSTS code with which Entra refuses a secret."""
        found = self.application(client_id)
        if found is None:
            return None
        now = self.clock.now()
        matches = [one for one in found.secrets if one.value == value and one.known_from <= now]
        if not matches:
            return 7000215
        return None if any(one.ends > now for one in matches) else 7000222

    def certificate_problem(self, client_id: str, der: bytes) -> tuple[int, str] | None:
        """The AADSTS code with which Entra refuses a certificate, and its reason."""
        found = self.application(client_id)
        now = self.clock.now()
        registered = found.certificates if found else None
        if registered is None:
            return None
        match = next((one for one in registered if one.value == der and one.known_from <= now), None)
        if match is None:
            return 700027, "The key was not found."
        if match.revoked:
            return 7000277, ""
        if not match.starts <= now < match.ends:
            return 700027, "The key used is expired."
        return None

    def last_problem(self, client_id: str) -> int | None:
        """The AADSTS code with which Entra refuses a login that is good otherwise."""
        found = self.application(client_id)
        if found is None:
            return None
        return found.refused_with or (53003 if found.conditional_access else None)

    def resource_hosts(self) -> dict[str, str]:
        """The hosts that a token can be for, each with its kind."""
        vault, hsm, graph, _login = CLOUDS[self.cloud]
        own = {one.resource.partition("://")[2]: "key_vault" for one in self.key_vaults.values() if one.resource}
        return {**own, vault: "key_vault", hsm: "key_vault", graph: "graph", "management.azure.com": "arm"}


def certificate_of(pkcs12_in_base64: str) -> bytes | None:
    """The certificate (DER) in what ONTAP was given; None where it cannot be read."""
    try:
        _key, certificate, _others = pkcs12.load_key_and_certificates(base64.b64decode(pkcs12_in_base64), None)
    except ValueError:
        return None
    return certificate.public_bytes(Encoding.DER) if certificate else None


def _uuid(name: str) -> str:
    return str(uuids.uuid5(uuids.NAMESPACE_URL, f"azure://{name}"))
