# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""/api/security/key-managers/{uuid}/keys/{node}/key-ids (9.11.1 and later): which keys a key manager holds."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from .call import Call, Reply
from .cluster import Node, Vault
from .errors import ApiError
from .key_stores import KeyStore, type_of
from .reading import missing, read_collection, read_one

KIND = "key_id"
COLLECTION = "security/key-managers/{security_key_manager.uuid}/keys/{node.uuid}/key-ids"


@dataclass(frozen=True)
class Key:
    """A key as one node sees it."""

    key_id: str
    key_type: str
    user: str
    store: KeyStore
    node: Node
    restored: bool


def get_collection(call: Call) -> Reply:
    return read_collection(call, call.release.schema(KIND), _keys(call), lambda key, _leaves, _reading: _record(key))


def get_one(call: Call) -> Reply:
    found = next((key for key in _keys(call) if key.key_id == call.keys["key_id"]), None)
    return read_one(call, call.release.schema(KIND), found, lambda key, _leaves, _reading: _record(key))


def _keys(call: Call) -> list[Key]:
    """The keys of an enabled key manager, as a node that is up sees them."""
    cluster, wanted = call.cluster, call.keys["security_key_manager.uuid"]
    store: KeyStore | None = cluster.vaults.get(wanted)
    store = store or next((each for each in cluster.key_managers if each.uuid == wanted), None)
    if store is None or (isinstance(store, Vault) and not cluster.settings.get("akv_key_ids", True)):
        raise ApiError(65537125, target="security_key_manager.uuid")
    node = next((each for each in cluster.nodes.values() if each.uuid == call.keys["node.uuid"]), None)
    if node is None:
        raise missing()
    if not node.healthy:
        raise ApiError(393271, node.name)
    if not store.enabled:
        return []
    restored = not (isinstance(store, Vault) and node.name in store.missing)
    keys = {
        volume.key_id: Key(volume.key_id, "aek" if volume.nae else "vek", volume.svm.name, store, node, restored)
        for volume in cluster.keys_of(store.svm)
    }
    if isinstance(store, Vault) and keys:
        kek = hashlib.sha512(store.uuid.encode()).hexdigest()
        keys[kek] = Key(kek, "svm_kek", store.owner, store, node, restored)
    return [keys[key_id] for key_id in sorted(keys)]


def _record(key: Key) -> dict[str, Any]:
    svm = key.store.svm
    path = f"security/key-managers/{key.store.uuid}/keys/{key.node.uuid}/key-ids/{key.key_id}"
    return {
        "key_id": key.key_id,
        "security_key_manager": {"uuid": key.store.uuid},
        "node": {"uuid": key.node.uuid, "name": key.node.name},
        "svm": svm.reference if svm else None,
        "scope": "svm" if svm else "cluster",
        "key_manager": key.store.settings["name"] if isinstance(key.store, Vault) else key.store.type,
        "key_store": "onboard" if type_of(key.store) == "okm" else "external",
        "key_store_type": type_of(key.store),
        "key_type": key.key_type,
        "key_user": key.user,
        "restored": key.restored,
        "_links": {"self": {"href": f"/api/{path}"}},
    }
