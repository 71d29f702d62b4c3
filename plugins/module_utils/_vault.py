# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""What is declared, what is there, and the plan that leads from one to the other. Pure, no I/O."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ansible_collections.ontap.akv.plugins.module_utils._errors import AkvError, ConnectionFailed
from ansible_collections.ontap.akv.plugins.module_utils._owner import Owner, is_uuid
from ansible_collections.ontap.akv.plugins.module_utils._release import SECRET_FIELDS, Release
from ansible_collections.ontap.akv.plugins.module_utils._secrets import MASK
from ansible_collections.ontap.akv.plugins.module_utils._uri import KeyId, same_vault

VAULTS = "/security/azure-key-vaults"

COMPARED = ("client_id", "key_id", "name", "tenant_id")
"""The declared fields that ONTAP gives back."""

REQUIRED = ("name", "key_id", "client_id", "tenant_id", "client_secret")
"""What creating needs (reference, "Create an AKV configuration", Required properties)."""

_IDENTITY = ("client_id", "tenant_id")

Record = dict[str, t.Any]


@dataclass(frozen=True)
class Declaration:
    """What a task declares of one vault; None leaves a property alone."""

    owner: Owner
    present: bool = True
    name: str | None = None
    key_id: str | None = None
    client_id: str | None = None
    tenant_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    update_credentials: str = "on_create"
    allow_recreate: bool = False

    def declared(self) -> dict[str, str]:
        """What can be compared of it."""
        values = {name: getattr(self, name) for name in COMPARED}
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True)
class Step:
    """One request that changes. Its body may hold a secret, so it is never shown."""

    method: str
    path: str
    operation: str
    doing: str
    body: Record | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class Plan:
    """What would be done, in order, and what is seen but not done.

    :ivar operation: none, create, update, delete or recreate
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
    def credentials_sent(self) -> bool:
        """Whether a credential goes out with it."""
        return any(SECRET_FIELDS & set(step.body or {}) for step in self.steps)


def vault_path(uuid: object, action: str = "") -> str:
    """The path of one vault. Never the collection: a PATCH or DELETE of that changes every match.

    :raises ConnectionFailed: what the server calls a UUID is none
    """
    if not is_uuid(uuid):
        raise ConnectionFailed(f"The cluster names a vault by {uuid!r}, which is no UUID: nothing was sent to it.")
    return f"{VAULTS}/{uuid}" + (f"/{action}" if action else "")


def normalize(record: Mapping[str, t.Any]) -> Record:
    """Take a record as ONTAP gives it, less links and whatever secret a server may echo.

    :raises ConnectionFailed: its uuid is none, or a field that is compared is no string
    """
    if not is_uuid(record.get("uuid")):
        raise ConnectionFailed(f"The cluster names a vault by {record.get('uuid')!r}, which is no UUID.")
    for name in COMPARED:
        if not isinstance(record.get(name), (str, type(None))):
            raise ConnectionFailed(f"The cluster's answer has {name} in a form that is not text.")
    if not isinstance(record.get("svm", {}), Mapping):
        raise ConnectionFailed("The cluster's answer has svm in a form that is no object.")
    return t.cast("Record", _without_links({key: value for key, value in record.items() if key not in SECRET_FIELDS}))


def _without_links(value: t.Any) -> t.Any:
    if isinstance(value, Mapping):
        return {key: _without_links(item) for key, item in value.items() if key != "_links"}
    return [_without_links(item) for item in value] if isinstance(value, list) else value


def differences(declared: Declaration, record: Mapping[str, t.Any]) -> list[str]:
    """Name the declared fields that mean something else in the record; a key's version is no difference."""
    return [name for name, wanted in declared.declared().items() if not _same(name, wanted, record.get(name))]


def _same(name: str, wanted: str, there: str | None) -> bool:
    if there is None:
        return False
    if name == "name":
        return same_vault(wanted, there)
    if name == "key_id":
        try:
            return KeyId.parse(wanted).same_key(KeyId.parse(there))
        except ValueError:
            return wanted == there
    # Azure's identifiers are UUIDs, which know no case; the reference's own examples are not.
    return wanted == there or (is_uuid(wanted) and wanted.lower() == there.lower())


def version_drift(declared: Declaration, record: Mapping[str, t.Any]) -> tuple[Record, ...]:
    """Tell of a pinned key version that is not the one in use: shown, never changed."""
    there = record.get("key_id")
    if declared.key_id is None or there is None:
        return ()
    try:
        moved = KeyId.parse(declared.key_id).other_version(KeyId.parse(there))
    except ValueError:
        return ()
    if not moved:
        return ()
    return (
        {
            "field": "key_id",
            "declared": declared.key_id,
            "current": there,
            "advice": "Drop the version from key_id to follow Azure's rotation, or use akv_rekey to use that version.",
        },
    )


def plan(
    declared: Declaration,
    current: Mapping[str, t.Any] | None,
    release: Release | None = None,
    unreachable: bool = False,
) -> Plan:
    """Lead from what is there to what is declared.

    :param current: the normalized record; None where there is no vault
    :param release: the cluster's; needed where a difference can be changed on some releases only
    :param unreachable: ONTAP says that Azure cannot be reached (for update_credentials: when_unavailable)
    :raises AkvError: it cannot be done, or not without being asked for by name
    """
    if not declared.present:
        return _plan_absent(declared, current)
    if current is None:
        return _plan_create(declared)
    different = differences(declared, current)
    patchable = [name for name in different if name in _IDENTITY and release is not None and release.patches(name)]
    if len(patchable) < len(different):
        return _plan_recreate(declared, current, [name for name in different if name not in patchable])
    return _plan_update(declared, current, patchable, unreachable)


def _plan_absent(declared: Declaration, current: Mapping[str, t.Any] | None) -> Plan:
    if current is None:
        return Plan("none", (), {}, {})
    for name in ("name", "key_id"):
        wanted = getattr(declared, name)
        if wanted is not None and not _same(name, wanted, current.get(name)):
            raise AkvError(
                f"The vault of {declared.owner} is not the one declared: {name} is {current.get(name)}, declared is"
                f" {wanted}. It is not deleted; correct {name}, or leave it out to delete whatever vault is there."
            )
    return Plan("delete", (_delete(declared, current),), _shown(current), {})


def _plan_create(declared: Declaration) -> Plan:
    missing = [name for name in REQUIRED if getattr(declared, name) is None]
    if missing:
        raise AkvError(
            f"There is no vault yet of {declared.owner}, and creating one needs {', '.join(REQUIRED)}:"
            f" {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing."
        )
    return Plan("create", (_create(declared),), {}, _after({}, declared))


def _plan_recreate(declared: Declaration, current: Mapping[str, t.Any], different: list[str]) -> Plan:
    shown = "; ".join(f"{name} is {current.get(name)}, declared is {getattr(declared, name)}" for name in different)
    if not declared.allow_recreate:
        other_key = " Another key is set with akv_rekey." if "key_id" in different else ""
        raise AkvError(
            f"The vault of {declared.owner} differs in what this release cannot change in place: {shown}.{other_key}"
            " allow_recreate: true deletes the vault and creates it as declared; ONTAP refuses that while encrypted"
            " volumes need its keys."
        )
    there: dict[str, t.Any] = {name: getattr(declared, name) or current.get(name) for name in COMPARED}
    whole = replace(declared, **there)
    missing = [name for name in REQUIRED if getattr(whole, name) is None]
    if missing:
        raise AkvError(
            f"Creating the vault of {declared.owner} again needs {', '.join(missing)}, which ONTAP does not give back:"
            " declare it too. Nothing was deleted."
        )
    steps = (_delete(declared, current), _create(whole))
    return Plan("recreate", steps, _shown(current), _after(_shown(current), declared))


def _plan_update(declared: Declaration, current: Mapping[str, t.Any], different: list[str], unreachable: bool) -> Plan:
    if different and declared.client_secret is None:
        raise AkvError(
            f"{' and '.join(different)} of the vault of {declared.owner} would change without client_secret: a new"
            " application with an old secret takes volumes offline. Declare client_secret too."
        )
    wanted = declared.update_credentials == "always" or (
        declared.update_credentials == "when_unavailable" and unreachable
    )
    body = {name: getattr(declared, name) for name in different}
    if declared.client_secret is not None and (wanted or different):
        body["client_secret"] = declared.client_secret
    drift = version_drift(declared, current)
    before = _shown(current)
    if not body:
        return Plan("none", (), before, before, drift)
    step = Step(
        "PATCH",
        vault_path(current["uuid"]),
        "patch",
        f"Updating {' and '.join(body)} of the vault of {declared.owner}",
        body,
    )
    return Plan("update", (step,), before, {**before, **body, "client_secret": MASK}, drift)


def _delete(declared: Declaration, current: Mapping[str, t.Any]) -> Step:
    return Step("DELETE", vault_path(current["uuid"]), "delete", f"Deleting the vault of {declared.owner}")


def _create(declared: Declaration) -> Step:
    body = {**declared.owner.body(), **{name: getattr(declared, name) for name in REQUIRED}}
    return Step("POST", VAULTS, "post", f"Creating the vault of {declared.owner}", body)


def _shown(record: Mapping[str, t.Any]) -> Record:
    return {name: record[name] for name in COMPARED if record.get(name) is not None}


def _after(before: Record, declared: Declaration) -> Record:
    return {**before, **declared.declared(), "client_secret": MASK}
