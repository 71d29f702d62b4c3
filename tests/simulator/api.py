# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a path and a method to the function that answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Union

from . import inventory, key_ids, key_stores, vaults
from .call import Call, Pending, Reply, segments
from .cluster import Cluster
from .errors import ApiError

Handler = Callable[[Call], Union[Reply, Pending]]

HANDLERS: dict[tuple[str, str], Handler] = {
    ("GET", "cluster"): inventory.get_cluster,
    ("GET", "cluster/metrocluster"): inventory.get_metrocluster,
    ("GET", "cluster/software"): inventory.get_software,
    ("PATCH", "cluster/jobs/{uuid}"): inventory.cancel_job,
    ("GET", "security/key-manager-configs"): inventory.get_key_manager_configs,
    ("GET", "security/azure-key-vaults"): vaults.get_collection,
    ("POST", "security/azure-key-vaults"): vaults.post,
    ("PATCH", "security/azure-key-vaults"): vaults.patch_collection,
    ("DELETE", "security/azure-key-vaults"): vaults.delete_collection,
    ("GET", "security/azure-key-vaults/{uuid}"): vaults.get_one,
    ("PATCH", "security/azure-key-vaults/{uuid}"): vaults.patch,
    ("DELETE", "security/azure-key-vaults/{uuid}"): vaults.delete,
    ("POST", "security/azure-key-vaults/{uuid}/restore"): vaults.restore,
    ("POST", "security/azure-key-vaults/{uuid}/rekey-internal"): vaults.rekey_internal,
    ("POST", "security/azure-key-vaults/{uuid}/rekey_internal"): vaults.rekey_internal,
    ("POST", "security/azure-key-vaults/{uuid}/rekey-external"): vaults.rekey_external,
    ("POST", "security/key-managers/{source.uuid}/migrate"): key_stores.migrate,
    ("GET", key_ids.COLLECTION): key_ids.get_collection,
    ("GET", f"{key_ids.COLLECTION}/{{key_id}}"): key_ids.get_one,
    ("GET", "security/key-stores"): key_stores.get_collection,
    ("PATCH", "security/key-stores"): key_stores.patch_collection,
    ("DELETE", "security/key-stores"): key_stores.delete_collection,
    ("GET", "security/key-stores/{uuid}"): key_stores.get_one,
    ("PATCH", "security/key-stores/{uuid}"): key_stores.patch,
    ("DELETE", "security/key-stores/{uuid}"): key_stores.delete,
}
for _path, (_kind, _things, _key, _record) in inventory.KINDS.items():
    HANDLERS["GET", _path] = inventory.get_collection(_path)
    HANDLERS["GET", f"{_path}/{{{_key}}}"] = inventory.get_one(_path)


def route(cluster: Cluster, method: str, raw_path: str, query: str, body: bytes) -> tuple[Call, Handler]:
    """The call that a request makes, and its handler.

    Raises ApiError where the release has no such path (404) or method (405), or the body may not be there.
    """
    parts = segments(raw_path)
    path = "/" + "/".join(parts)
    if parts[:1] != ["api"]:
        raise ApiError(3, status=404, message="API not found")
    offered, keys = _find(cluster, parts[1:])
    method = "GET" if method == "HEAD" else method
    if offered is None:
        raise ApiError(3, status=404, message="API not found")
    if method not in cluster.release.paths[offered]:
        raise ApiError(3)
    # The vendor's own clients send an empty object with each DELETE.
    if method in ("GET", "DELETE") and body.strip() not in (b"", b"{}"):
        raise ApiError(262198)
    return Call(cluster, method, path, query, body, keys), HANDLERS[method, offered]


def _find(cluster: Cluster, parts: list[str]) -> tuple[str | None, dict[str, str]]:
    for pattern in cluster.release.paths:
        wanted = pattern.split("/")
        if len(wanted) == len(parts):
            keys = {}
            for name, part in zip(wanted, parts):
                if name.startswith("{"):
                    keys[name[1:-1]] = part
                elif name != part:
                    break
            else:
                return pattern, keys
    return None, {}
