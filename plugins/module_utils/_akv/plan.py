# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""What is declared, and the plan that leads there from what is. Pure, no I/O."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ansible_collections.ontap.akv.plugins.module_utils._akv.record import (
    COMPARED,
    KEY_STORES,
    VAULTS,
    Record,
    configuration_of,
    is_inactive,
    vault_path,
)
from ansible_collections.ontap.akv.plugins.module_utils._akv.releases import SECRET_FIELDS, Release
from ansible_collections.ontap.akv.plugins.module_utils._akv.scope import Scope, is_uuid
from ansible_collections.ontap.akv.plugins.module_utils._akv.uris import KeyId, same_vault
from ansible_collections.ontap.akv.plugins.module_utils._runtime.errors import AkvError, Incomplete
from ansible_collections.ontap.akv.plugins.module_utils._runtime.redaction import MASK

REQUIRED = ("name", "key_id", "client_id", "tenant_id")
"""What creating needs, beside a credential (reference, "Create an AKV configuration", Required properties)."""

CREDENTIALS = {"client_secret": "client_secret", "client_certificate": "certificate"}
"""The credentials of an Azure application, each with ONTAP's name for that kind (``authentication_method``)."""

DEFAULT_CONFIGURATION = "default"
"""What ONTAP calls the enabled configuration; reserved for it (9.14.1+)."""

NEW = "{uuid}"
"""In a path: the UUID of the vault that an earlier step of the plan creates."""

_IDENTITY = ("client_id", "tenant_id")


@dataclass(frozen=True)
class Declaration:
    """What a task declares of one vault.

    :ivar settings: the fields of COMPARED that are declared, and no other
    :ivar secrets: the declared ones of client_secret or client_certificate, and proxy_password
    :ivar configuration: which of several (9.14.1+); None is the enabled one
    :ivar enabled: True switches to that configuration
    """

    scope: Scope
    present: bool = True
    settings: Mapping[str, t.Any] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    update_credentials: str = "on_create"
    allow_recreate: bool = False
    configuration: str | None = None
    enabled: bool | None = None
    skip_verification: bool | None = None

    @property
    def credential(self) -> str | None:
        """The kind of credential that is declared: client_secret or client_certificate."""
        return next((name for name in CREDENTIALS if name in self.secrets), None)

    @property
    def whose(self) -> str:
        """Name the vault as sentences do."""
        return f"the vault of {self.scope}" + (f" ({self.configuration})" if self.configuration else "")


@dataclass(frozen=True)
class Step:
    """One request that changes. Its body may hold a secret, so it is never shown."""

    method: str
    path: str
    operation: str
    doing: str
    body: Record | None = field(default=None, repr=False)
    query: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def is_switch(self) -> bool:
        """Whether it enables another configuration, which ONTAP does as a job."""
        return self.operation == "key_stores_patch"


@dataclass(frozen=True)
class Plan:
    """What would be done, in order, and what is seen but not done.

    :ivar operation: none, create, update, delete, recreate or enable
    :ivar before: the compared fields as they are; empty where there is no vault
    :ivar after: the same as they will be; a credential that is sent shows as a mask
    :ivar drift: differences that are shown and not changed
    """

    operation: str
    steps: tuple[Step, ...]
    before: Mapping[str, t.Any]
    after: Mapping[str, t.Any]
    drift: tuple[Record, ...] = ()

    @property
    def secrets(self) -> dict[str, str]:
        """The secrets that go out with it, by field."""
        bodies = [step.body or {} for step in self.steps]
        return {name: body[name] for body in bodies for name in sorted(SECRET_FIELDS & set(body))}

    @property
    def credentials_sent(self) -> bool:
        """Whether a credential goes out with it."""
        return bool(self.secrets)


def differences(declared: Declaration, record: Mapping[str, t.Any]) -> list[str]:
    """Name the declared fields that mean something else in the record; a key's version is no difference."""
    return [name for name, wanted in declared.settings.items() if not _same(name, wanted, record.get(name))]


def _same(name: str, wanted: t.Any, there: t.Any) -> bool:
    if isinstance(wanted, bool):
        return wanted == bool(there)
    if there is None:
        return False
    if name == "name":
        return same_vault(wanted, there)
    if name == "key_id":
        try:
            return KeyId.parse(wanted).same_key(KeyId.parse(there))
        except ValueError:
            return bool(wanted == there)
    if name.endswith("_host"):
        return bool(wanted.lower() == there.lower())
    # Azure's identifiers are UUIDs, which know no case; the reference's own examples are not.
    return bool(wanted == there) or (is_uuid(wanted) and wanted.lower() == there.lower())


def version_drift(declared: Declaration, record: Mapping[str, t.Any]) -> tuple[Record, ...]:
    """Tell of a pinned key version that is not the one in use: shown, never changed."""
    wanted, there = declared.settings.get("key_id"), record.get("key_id")
    if wanted is None or there is None:
        return ()
    try:
        moved = KeyId.parse(wanted).other_version(KeyId.parse(there))
    except ValueError:
        return ()
    advice = "Drop the version from key_id to follow Azure's rotation, or use akv_rekey to use that version."
    return ({"field": "key_id", "declared": wanted, "current": there, "advice": advice},) if moved else ()


def other_credential(declared: Declaration, record: Mapping[str, t.Any]) -> bool:
    """Tell whether another kind of credential is declared than the one in use (9.10.1+)."""
    there = record.get("authentication_method")
    return declared.credential is not None and there is not None and CREDENTIALS[declared.credential] != there


def plan(
    declared: Declaration,
    current: Mapping[str, t.Any] | None,
    release: Release | None = None,
    unreachable: bool = False,
    others: Sequence[Mapping[str, t.Any]] = (),
) -> Plan:
    """Lead from what is there to what is declared.

    :param current: the normalized record; None where there is no vault
    :param release: the cluster's; needed where a declared option or a difference depends on it
    :param unreachable: ONTAP says that Azure cannot be reached (for update_credentials: when_unavailable)
    :param others: the owner's other configurations (9.14.1+)
    :raises AkvError: it cannot be done, or not without being asked for by name
    """
    if not declared.present:
        return _plan_absent(declared, current, others)
    if current is None:
        return _plan_create(declared, release)
    if declared.enabled is False and not is_inactive(current):
        raise AkvError(
            f"{declared.configuration} is the enabled configuration of {declared.scope}, and ONTAP cannot disable it by"
            " itself. Enable another one with enabled: true, or delete it with state: absent."
        )
    different = differences(declared, current)
    # The key is changed by akv_rekey alone, also where a PATCH would take it: a typo must not rekey overnight.
    in_place = [name for name in different if name != "key_id" and release is not None and release.patches(name)]
    if len(in_place) < len(different):
        return _plan_recreate(declared, current, [name for name in different if name not in in_place], release)
    return _plan_update(declared, current, in_place, release, unreachable)


def _plan_absent(
    declared: Declaration, current: Mapping[str, t.Any] | None, others: Sequence[Mapping[str, t.Any]]
) -> Plan:
    if others and declared.configuration is None:
        names = sorted(str(configuration_of(record)) for record in (*others, *filter(None, [current])))
        raise AkvError(
            f"{declared.scope} has the configurations {', '.join(names)}. Say with configuration which one to delete."
        )
    if current is None:
        return Plan("none", (), {}, {})
    for name in ("name", "key_id"):
        wanted = declared.settings.get(name)
        if wanted is not None and not _same(name, wanted, current.get(name)):
            raise AkvError(
                f"{capital(declared.whose)} is not the one declared: {name} is {current.get(name)}, declared is"
                f" {wanted}. It is not deleted; correct {name}, or leave it out to delete whatever vault is there."
            )
    return Plan("delete", (_delete(declared, current),), _shown(current), {})


def _plan_create(declared: Declaration, release: Release | None) -> Plan:
    if declared.enabled:
        raise AkvError(
            f"{declared.scope} has no configuration {declared.configuration} to switch to. Create it without enabled,"
            " check it, then enable it."
        )
    _require(declared, f"There is no {declared.whose[4:]} yet, and creating it needs")
    return Plan("create", _create(declared, release), {}, _after({}, declared))


def _require(declared: Declaration, why: str) -> None:
    missing = [name for name in REQUIRED if name not in declared.settings]
    missing += [] if declared.credential else [" or ".join(CREDENTIALS)]
    if missing:
        raise Incomplete(
            f"{why} {', '.join(REQUIRED)} and {' or '.join(CREDENTIALS)}:"
            f" {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing."
        )


def _plan_recreate(
    declared: Declaration, current: Mapping[str, t.Any], different: list[str], release: Release | None
) -> Plan:
    shown = "; ".join(f"{name} is {current.get(name)}, declared is {declared.settings[name]}" for name in different)
    if not declared.allow_recreate:
        other_key = " Another key is set with akv_rekey." if "key_id" in different else ""
        raise AkvError(
            f"{capital(declared.whose)} differs in what this release cannot change in place: {shown}.{other_key}"
            " allow_recreate: true deletes the vault and creates it as declared; ONTAP refuses that while encrypted"
            " volumes need its keys."
        )
    whole = replace(declared, settings={**_shown(current), **declared.settings}, enabled=None)
    _require(whole, f"Nothing was deleted: creating {declared.whose} again needs")
    if current.get("proxy_username") and "proxy_password" not in declared.secrets:
        raise AkvError(f"Nothing was deleted: creating {declared.whose} again needs proxy_password too. Declare it.")
    steps = (_delete(declared, current), *_create(whole, release))
    return Plan("recreate", steps, _shown(current), _after(_shown(current), declared))


def _plan_update(
    declared: Declaration,
    current: Mapping[str, t.Any],
    different: list[str],
    release: Release | None,
    unreachable: bool,
) -> Plan:
    repaired = declared.update_credentials == "when_unavailable" and unreachable
    wanted = set(declared.secrets) if declared.update_credentials == "always" or repaired else set()
    if set(different) & set(_IDENTITY):
        wanted.add(_needed(declared, declared.credential or "client_secret", different))
    if other_credential(declared, current):
        wanted.add(t.cast("str", declared.credential))
    if "proxy_username" in different:
        wanted.add(_needed(declared, "proxy_password", different))
    body = {name: declared.settings[name] for name in different} | {name: declared.secrets[name] for name in wanted}
    body |= _credential_extras(declared, body, release and release.patches("authentication_method"), current)
    before = _shown(current)
    after = {**before, **{name: body[name] for name in different}, **dict.fromkeys(wanted, MASK)}
    steps = []
    if body:
        what = " and ".join(body)
        path = vault_path(current["uuid"])
        steps.append(Step("PATCH", path, "patch", f"Updating {what} of {declared.whose}", body))
    operation = "update" if body else "none"
    if declared.enabled and is_inactive(current):
        operation, after = "enable", {**after, "enabled": True}
        path = vault_path(current["uuid"], collection=KEY_STORES)
        doing = f"Switching {declared.scope} to configuration {declared.configuration}"
        steps.append(Step("PATCH", path, "key_stores_patch", doing, {"enabled": True}))
    return Plan(operation, tuple(steps), before, after, version_drift(declared, current))


def _needed(declared: Declaration, secret: str, different: list[str]) -> str:
    """Refuse a change that would leave its secret behind: with the old one it takes volumes offline."""
    if secret not in declared.secrets:
        raise AkvError(
            f"{' and '.join(different)} of {declared.whose} would change without {secret}: with the old one that takes"
            f" volumes offline. Declare {secret} too."
        )
    return secret


def _credential_extras(
    declared: Declaration, body: Mapping[str, t.Any], takes_method: bool | None, current: Mapping[str, t.Any]
) -> Record:
    """Tell what goes with a credential: its kind, where the release wants it and it is new, and how to check it."""
    sent = next((name for name in CREDENTIALS if name in body), None)
    if sent is None:
        return {}
    extras: Record = {}
    if takes_method and CREDENTIALS[sent] != current.get("authentication_method", "client_secret"):
        extras["authentication_method"] = CREDENTIALS[sent]
    if declared.skip_verification is not None:
        extras["skip_verification"] = declared.skip_verification
    return extras


def _delete(declared: Declaration, current: Mapping[str, t.Any]) -> Step:
    # An inactive configuration is deleted as a key-store, the enabled one as a vault (9.14.1+).
    inactive = is_inactive(current)
    path = vault_path(current["uuid"], collection=KEY_STORES if inactive else VAULTS)
    return Step("DELETE", path, "key_stores_delete" if inactive else "delete", f"Deleting {declared.whose}")


def _create(declared: Declaration, release: Release | None) -> tuple[Step, ...]:
    """POST what it takes, then PATCH what only a PATCH takes (verify_host, verify_ip)."""
    posted = {n: value for n, value in declared.settings.items() if release is None or release.posts(n)}
    body = {**declared.scope.body(), **posted, **declared.secrets}
    body |= _credential_extras(declared, body, release and release.posts("authentication_method"), {})
    query = {"return_records": "true"}
    if declared.configuration not in (None, DEFAULT_CONFIGURATION):
        body["configuration"] = {"name": declared.configuration}
        query["create_inactive"] = "true"
    steps = [Step("POST", VAULTS, "post", f"Creating {declared.whose}", body, query)]
    patched = {n: value for n, value in declared.settings.items() if n not in posted}
    if patched:
        doing = f"Setting {' and '.join(patched)} of {declared.whose}"
        steps.append(Step("PATCH", f"{VAULTS}/{NEW}", "patch", doing, patched))
    return tuple(steps)


def _shown(record: Mapping[str, t.Any]) -> Record:
    return {name: record[name] for name in (*COMPARED, "enabled") if record.get(name) is not None}


def _after(before: Record, declared: Declaration) -> Record:
    return {**before, **declared.settings, **dict.fromkeys(declared.secrets, MASK)}


def capital(sentence: str) -> str:
    return sentence[0].upper() + sentence[1:]
