# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""Other key managers: the key stores of an SVM, their state, and what prevents a creation."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Callable

from ansible_collections.ontap.akv.plugins.module_utils._akv import releases
from ansible_collections.ontap.akv.plugins.module_utils._akv.migration import OKM, advise, kind_of
from ansible_collections.ontap.akv.plugins.module_utils._akv.record import KEY_STORES, VAULTS, Record
from ansible_collections.ontap.akv.plugins.module_utils._akv.scope import Scope
from ansible_collections.ontap.akv.plugins.module_utils._ontap.client import Client, is_unreadable
from ansible_collections.ontap.akv.plugins.module_utils._runtime import errors

_KEY_MANAGERS = "/security/key-managers"

_COLLECTION_SINCE, _FLAT_SINCE, _STATE_SINCE = "9.10.1", "9.14.1", "9.16.1"

UNKNOWN_TYPE = "of unknown type"
"""The kind of a key manager that does not report it."""

_ACTIVE = "active"
_MEANING = {
    "mixed": "it serves no new keys; migrate or finish the migration first",
    "svm_kek_rekey": "a rekey is under way; wait for its end",
    "blocked": "it serves no keys; repair the credential or the key first (update_credentials, akv_restore)",
    "switching": "a switch is under way; finish it with enabled: true for the same configuration",
    "initializing": "it is being set up; wait a few minutes",
    "disabling": "it is being disabled; find out who does that, and wait for the end",
}


class Manager(t.NamedTuple):
    """A key manager that is in use.

    :ivar kind: as ONTAP reports it
    :ivar svm: reference of its SVM; None for the cluster
    """

    kind: str
    uuid: str
    svm: Record | None

    def __str__(self) -> str:
        return f"{self.kind} ({self.uuid})"

    def is_of(self, scope: Scope) -> bool:
        """Return whether it belongs to a scope."""
        return scope.owns({"svm": self.svm} if self.svm else {})


def require_active(
    client: Client, scope: Scope, doing: str, allowed: Callable[[str], bool] = lambda _state: False
) -> None:
    """Stop before a change that the state of the key store of a scope forbids (9.16.1+).

    :param allowed: whether another state than active does not forbid this change
    :raises AkvError: names the state, and what to wait for
    """
    if not client.release().within(_STATE_SINCE):
        return
    try:
        stores = _key_stores(client, scope, client.release())
    except errors.AkvError as refusal:
        if not is_unreadable(refusal):
            raise
        client.task.warn(f"The state of the key store of {scope} is not known. {refusal.message}")
        return
    for store in stores:
        state = store.get("state", _ACTIVE)
        if state != _ACTIVE and not allowed(str(state)):
            raise errors.AkvError(
                f"{doing} on {client.where} was not sent: the key store of {scope} is in state {state}:"
                f" {meaning(str(state))}."
            )


def tells_state(release: releases.Release | None) -> bool:
    """Return whether a release reports the state of a key store (9.16.1+)."""
    return release is not None and release.within(_STATE_SINCE)


def read_states(client: Client) -> dict[str, str]:
    """Read the state of each key store, by UUID: that of its AKV configuration (9.16.1+)."""
    query = {"fields": "state,uuid"}
    stores = client.records(KEY_STORES, query, doing="Reading the states of the key stores")
    return {str(store.get("uuid")): str(store["state"]) for store in stores if "state" in store}


def in_the_way(client: Client, scope: Scope) -> str | None:
    """Name the key manager that keeps a scope from getting an AKV configuration; None where none is seen."""
    try:
        found = enabled_managers(client, scope, client.release())
    except errors.AkvError:
        return None
    if not found:
        return None
    names = ", ".join(f"{kind} ({uuid})" for kind, uuid in found)
    others = [kind for kind, _uuid in found if kind != "akv"]
    steps = f" {advise(kind_of(others[0], scope.is_cluster), client.release())}" if others else ""
    return f"{scope} has the key manager {names} already.{steps}"


def way_of_keys(client: Client, scope: Scope, release: releases.Release | None) -> str:
    """Say which key manager holds the keys of an SVM without an AKV configuration, and how they get to AKV."""
    for of, name in ((scope, "SVM"), (Scope(), "cluster")):
        for kind in kinds(client, of, release):
            steps = advise(kind_of(kind, of.is_cluster), release)
            return f"Their keys are held by the key manager {kind} of the {name}. {steps}"
    unseen = "Their keys are held by a key manager of the cluster that this login cannot read."
    return f"{unseen} If it is the onboard key manager: {advise(OKM, release)}"


def tells_vaults(release: releases.Release | None) -> bool:
    """Return whether a release lists AKV configurations among the key managers (9.10.1+)."""
    return release is not None and release.within(_COLLECTION_SINCE)


def enabled_managers(client: Client, scope: Scope, release: releases.Release | None) -> list[tuple[str, str]]:
    """Read the kind and the UUID of each key manager of a scope that is in use."""
    if release is not None and tells_vaults(release):
        found = [(_type(store), store) for store in _key_stores(client, scope, release)]
    else:
        found = [("onboard" if "onboard" in m else "external", m) for m in _key_managers(client, scope)]
    return [(kind, str(store.get("uuid"))) for kind, store in found if store.get("enabled", True)]


def kinds(client: Client, scope: Scope, release: releases.Release | None) -> list[str]:
    """Read the kind of each key manager of a scope that is in use; none where they cannot be read."""
    try:
        return [kind for kind, _uuid in enabled_managers(client, scope, release)]
    except errors.AkvError:
        return []


def all_managers(client: Client) -> list[Manager]:
    """Read the key managers of the cluster and of all SVMs that are in use (9.10.1+).

    :raises AkvError: they cannot be read
    """
    found = _all_key_stores(client, client.release())
    return [
        Manager(_type(store), str(store.get("uuid")), store["svm"] if isinstance(store.get("svm"), dict) else None)
        for store in found
        if store.get("enabled", True)
    ]


def states(client: Client, scope: Scope, release: releases.Release) -> list[tuple[str, str | None]]:
    """Read the kind and the state of each key manager of a scope that is in use; None if ONTAP reports no state.

    :raises AkvError: they cannot be read
    """
    return [
        (_type(store), str(store["state"]) if release.within(_STATE_SINCE) and store.get("state") else None)
        for store in _key_stores(client, scope, release)
        if store.get("enabled", True)
    ]


def meaning(state: str) -> str:
    """Say what a state of a key store means, and what to do."""
    return _MEANING.get(state, "wait until it is active")


def svms_with_key_manager(client: Client) -> set[str]:
    """Name the SVMs that have a key manager of their own, an AKV configuration included.

    :raises AkvError: it cannot be read
    """
    release = client.release()
    if tells_vaults(release):
        found = client.records(KEY_STORES, {"fields": _key_store_fields(release)}, doing="Reading the key-stores")
    else:
        found = [
            *client.records(_KEY_MANAGERS, {"fields": "*"}, doing="Reading the key managers"),
            *client.records(VAULTS, {"fields": "*"}, doing="Reading the AKV configurations"),
        ]
    svms = [record["svm"] for record in found if isinstance(record.get("svm"), dict) and record.get("enabled", True)]
    return {str(svm.get("name")) for svm in svms}


def _type(store: Record) -> str:
    """The kind of a key store; 9.10.1 to 9.13.1 may nest it."""
    nested = store.get("keystore")
    return str(store.get("type") or (nested.get("type") if isinstance(nested, dict) else None) or UNKNOWN_TYPE)


def _key_stores(client: Client, scope: Scope, release: releases.Release) -> list[Record]:
    return _of(scope, _all_key_stores(client, release))


def _all_key_stores(client: Client, release: releases.Release) -> list[Record]:
    query = {"fields": _key_store_fields(release)}
    read = functools.partial(client.records, KEY_STORES, query, doing="Reading the key-stores")
    return client.once("key-stores", read)


def _key_store_fields(release: releases.Release) -> str:
    return "*" if release.within(_FLAT_SINCE) else "location,svm,type"


def _key_managers(client: Client, scope: Scope) -> list[Record]:
    read = functools.partial(client.records, _KEY_MANAGERS, {"fields": "*"}, doing="Reading the key managers")
    return _of(scope, client.once("key-managers", read))


def _of(scope: Scope, records: list[Record]) -> list[Record]:
    return [
        record for record in records if isinstance(t.cast("t.Any", record.get("svm", {})), dict) and scope.owns(record)
    ]
