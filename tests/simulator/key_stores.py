# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""/api/security/key-stores (9.10.1 and later): all key managers of all kinds; switching and deleting configurations."""

from __future__ import annotations

from typing import Any, Union

from . import health, vaults
from .call import Call, Pending, Reply, leaves_of
from .cluster import Cluster, KeyManager, Vault
from .errors import ApiError
from .reading import read_collection, read_one

KIND = "key_store"
PATH = "/api/security/key-stores"
KeyStore = Union[Vault, KeyManager]
# Key-store states in which nothing migrates, and what says so.
MIGRATION_BLOCKED = {"switching": 65537611, "initializing": 65539434, "disabling": 65539435}


def _all(cluster: Cluster) -> list[KeyStore]:
    return sorted([*cluster.vaults.values(), *cluster.key_managers], key=lambda store: store.uuid)


def type_of(store: KeyStore) -> str:
    """The kind, as key-stores and key-ids name it."""
    if isinstance(store, Vault):
        return "akv"
    return {"onboard": "okm", "external": "kmip"}.get(store.type, store.type)


def _record(call: Call, store: KeyStore) -> dict[str, Any]:
    if isinstance(store, Vault):
        kind, location, state = "akv", "external", call.cluster.store_state(store)
    else:
        kind, location, state = type_of(store), "onboard" if store.type == "onboard" else "external", "active"
    # Where the collection alone can be read, its records link to what does not exist.
    instance = f"{PATH}/{store.uuid}" if call.release.does("configurations") else f"{PATH}/{store.uuid}/{kind}"
    owner = "azure-key-vaults" if kind == "akv" else "key-managers"
    record: dict[str, Any] = {
        "uuid": store.uuid,
        "type": kind,
        "location": location,
        "keystore": {"type": kind, "location": location},
        "scope": "svm" if store.svm else "cluster",
        "svm": store.svm.reference if store.svm else None,
        "enabled": store.enabled,
        "configuration": {"name": store.configuration, "uuid": store.uuid},
        "_links": {"self": {"href": instance}},
    }
    if store.enabled:
        record["configuration"]["_links"] = {"self": {"href": f"/api/security/{owner}/{store.uuid}"}}
        record.update(state=state, is_svm_kek=store.svm is not None)
    return record


def get_collection(call: Call) -> Reply:
    cluster = call.cluster
    reply = read_collection(
        call, call.release.schema(KIND), _all(cluster), lambda store, _leaves, _reading: _record(call, store)
    )
    if not call.release.does("configurations"):
        for record in reply.body.get("records", []):
            _shape(record, cluster.settings.get("key_stores_in_replies"))
    return reply


def _shape(record: dict[str, Any], how: str | None) -> None:
    """Put type and location where 9.10.1 to 9.13.1 have them.

    The type is always there, below `keystore`; what is named flat, as clients of these releases have it, comes flat.
    """
    nested = record.pop("keystore", {})
    flat: dict[str, Any] = {name: record.pop(name) for name in ("type", "location") if name in record}
    if how == "nested":
        record["keystore"] = {**nested, **flat}
    elif how == "flat":
        record.update({**nested, **flat})
    else:
        record.update({"keystore": nested, **flat})


def get_one(call: Call) -> Reply:
    found = {store.uuid: store for store in _all(call.cluster)}.get(call.keys["uuid"])
    return read_one(call, call.release.schema(KIND), found, lambda store, _leaves, _reading: _record(call, store))


def _store(call: Call) -> KeyStore:
    for store in _all(call.cluster):
        if store.uuid == call.keys["uuid"]:
            return store
    raise ApiError(65538908, target="uuid")


# --- switching --------------------------------------------------------------------------------------------------------


def patch(call: Call) -> Reply | Pending:
    given = vaults.parameters(call, vaults.CHANGING, KIND)
    leaves = leaves_of(call.json(), call.release.schema(KIND), "patch")
    return _enable(call, _store(call), leaves, given)


def patch_collection(call: Call) -> Reply:
    schema = call.release.schema(KIND)
    leaves = leaves_of(call.json(), schema, "patch")
    return vaults.each_match(
        call,
        schema,
        _all(call.cluster),
        lambda store, _leaves, _reading: _record(call, store),
        lambda store: _enable(call, store, leaves, None),
    )


def _enable(call: Call, store: KeyStore, leaves: dict[str, Any], given: dict[str, str] | None) -> Reply | Pending:
    """Switch the SVM to this configuration; the one enabled so far stays as an inactive one."""
    cluster = call.cluster
    if leaves.get("enabled") is None:
        raise ApiError(65538909, target="enabled")
    if not leaves["enabled"]:
        raise ApiError(65538910, target="enabled")
    former = _check_switch(call, store)
    assert isinstance(store, Vault)
    if former is None or former is store:
        store.key_store_state = "active"
        if store.svm and not store.enabled:
            cluster.keep_keys(store.svm)
        store.enabled = True
        cluster.touch()
        return Reply(200, {})
    former.key_store_state = "switching"

    def effect() -> None:
        former.enabled, store.enabled = False, True
        former.key_store_state = store.key_store_state = "active"
        cluster.touch()
        health.poll(cluster, store)
        cluster.settle_later(store)

    return vaults.run(call, "switch", store.svm, effect, Reply(200, {}), given)


def _check_switch(call: Call, store: KeyStore) -> Vault | None:
    """The vault that is enabled so far, if any; refuses what can't be switched."""
    cluster, release = call.cluster, call.release
    if store.svm is None and release.does("admin_svm_switch_checked"):
        raise ApiError(65539514)
    if not isinstance(store, Vault):
        raise ApiError(65539205)
    if cluster.key_manager(store.svm) is not None:
        raise ApiError(65539206 if release.does("kinds_switch") else 65539222)
    former = cluster.enabled_vault(store.svm)
    if former is store and store.key_store_state == "active" and release.does("second_enable_refused"):
        raise ApiError(65539218)
    if former is not None and cluster.store_state(former) not in ("active", "switching"):
        raise ApiError(65539212)
    vaults.check_nae(cluster, store.svm)
    if former is not store and cluster.azure.problem(store):
        raise ApiError(65537605)
    return former


# --- deleting ---------------------------------------------------------------------------------------------------------


def delete(call: Call) -> Reply | Pending:
    given = vaults.parameters(call, vaults.CHANGING, KIND)
    return _delete(call, _store(call), given)


def delete_collection(call: Call) -> Reply:
    return vaults.each_match(
        call,
        call.release.schema(KIND),
        _all(call.cluster),
        lambda store, _leaves, _reading: _record(call, store),
        lambda store: _delete(call, store, None),
    )


def _delete(call: Call, store: KeyStore, given: dict[str, str] | None) -> Reply | Pending:
    """Delete an inactive configuration."""
    cluster = call.cluster
    if store.enabled:
        raise ApiError(65538905)
    if not isinstance(store, Vault):
        raise ApiError(65538907)
    enabled = cluster.enabled_vault(store.svm)
    if enabled is not None and enabled.key_store_state == "switching":
        raise ApiError(65539593)
    return vaults.run(call, "delete", store.svm, lambda: cluster.forget_vault(store), Reply(200, {}), given)


# --- migrating --------------------------------------------------------------------------------------------------------


def migrate(call: Call) -> Reply | Pending:
    """Move the keys of an SVM's volumes between the cluster's key manager and the SVM's."""
    given = vaults.parameters(call, vaults.CHANGING, "migration")
    target = leaves_of(call.json(), call.release.schema("migration"), "post").get("uuid")
    if not target:
        raise ApiError(262212, "uuid", target="uuid")
    stores = {store.uuid: store for store in _all(call.cluster) if store.enabled}
    if target == call.keys["source.uuid"]:
        raise ApiError(65536959)
    if target not in stores or call.keys["source.uuid"] not in stores:
        raise ApiError(65537117)
    source, destination = stores[call.keys["source.uuid"]], stores[target]
    if (source.svm is None) == (destination.svm is None):
        raise ApiError(65536886)
    for store in (source, destination):
        _check_migration(call, store)
    svm = source.svm or destination.svm
    moved = [
        volume
        for volume in call.cluster.volumes.values()
        if volume.encrypted
        and volume.svm is svm
        and (volume.keys_with_both or call.cluster.holder(volume) is source.svm)
    ]

    def effect() -> None:
        for volume in moved:
            volume.keys_with_admin = destination.svm is None
            volume.keys_with_both = False
        call.cluster.touch()

    return vaults.run(call, "migrate", svm, effect, Reply(call.release.traits["in_time"]), given)


def _check_migration(call: Call, store: KeyStore) -> None:
    cluster = call.cluster
    if not all(node.healthy for node in cluster.nodes.values()):
        raise ApiError(65536968)
    if isinstance(store, Vault):
        if call.release.does("key_store_state") and store.key_store_state in MIGRATION_BLOCKED:
            raise ApiError(MIGRATION_BLOCKED[store.key_store_state])
        if store.missing:
            raise ApiError(65537551)
        if health.azure_problem(cluster, store):
            raise ApiError(65537564)
