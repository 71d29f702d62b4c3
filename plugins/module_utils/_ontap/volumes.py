# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""The encrypted volumes, which need the keys that an AKV configuration protects."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence

from ansible_collections.ontap.akv.plugins.module_utils._akv.record import Record
from ansible_collections.ontap.akv.plugins.module_utils._akv.scope import Scope
from ansible_collections.ontap.akv.plugins.module_utils._ontap.client import Client, explain
from ansible_collections.ontap.akv.plugins.module_utils._ontap.key_ids import holds_no_key, volumes_elsewhere
from ansible_collections.ontap.akv.plugins.module_utils._ontap.key_stores import svms_with_key_manager
from ansible_collections.ontap.akv.plugins.module_utils._runtime.errors import AkvError, OntapError

_VOLUMES = "/storage/volumes"
# Below encryption each release has fields of its own: ONTAP gives those that it has.
_FIELDS = "encryption,name,state,svm"

# ONTAP's refusal of a deletion (reference, "Delete an AKV configuration").
_IN_USE = "65536867"
_SAID = (
    "Volume encryption keys (VEK) for one or more encrypted volumes are stored on the key manager configured for the"
    " given SVM."
)


def read_volumes(
    client: Client, scope: Scope | None, max_records: int | None = None, junctions: bool = False
) -> list[Record]:
    """Read the encrypted volumes: all pages of one GET.

    :param scope: the SVM; None and the cluster mean all, as ONTAP does not report which key manager serves a volume
    :param junctions: read where each is mounted too
    """
    svm = scope if scope is not None and not scope.is_cluster else None
    fields = f"{_FIELDS},nas.path" if junctions else _FIELDS
    query = {"encryption.enabled": "true", "fields": fields, **(svm.query() if svm else {})}
    if max_records is not None:
        query["max_records"] = str(max_records)
    doing = f"Reading the encrypted volumes{f' of {svm}' if svm else ''}"
    found = client.records(_VOLUMES, query, doing=doing)
    return [_without_links(record) for record in found if svm is None or _owns(svm, record)]


def read_svms_with_volumes(client: Client) -> frozenset[str] | None:
    """Read the UUIDs of the SVMs that have encrypted volumes; None where the login may not, or ONTAP refuses."""
    query = {"encryption.enabled": "true", "fields": "svm"}
    try:
        found = client.records(_VOLUMES, query, doing="Reading which SVMs have encrypted volumes")
    except OntapError:
        return None
    svms = [record.get("svm") for record in found]
    return frozenset(str(svm.get("uuid")).lower() for svm in svms if isinstance(svm, dict))


def need_keys(client: Client, scope: Scope, doing: str) -> OntapError | None:
    """Foresee that ONTAP refuses to delete a scope's key manager: encrypted volumes need its keys.

    :param doing: the deletion, as its own failure begins
    :return: the failure that ONTAP's refusal would be; None where nothing is seen
    """
    volumes = read_volumes(client, scope)
    if scope.is_cluster and volumes:
        # Volumes of an SVM with a key manager of its own do not need the cluster's.
        own = svms_with_key_manager(client)
        volumes = [volume for volume in volumes if (volume.get("svm") or {}).get("name") not in own]
    elif volumes:
        elsewhere = volumes_elsewhere(client, scope, volumes)
        volumes = [volume for volume in volumes if volume.get("name") not in elsewhere]
    if not volumes:
        return None
    error: Record = {"code": _IN_USE, "message": _SAID, "target": None, "arguments": []}
    advice = explain("delete", _IN_USE)
    message = f"{doing} on {client.where} failed: {_SAID.rstrip('.')} (code {_IN_USE})."
    return OntapError(message + (f" {advice.advice}" if advice else ""), _IN_USE, None, error)


def is_unused(client: Client, scope: Scope) -> bool:
    """Return whether the AKV configuration of an SVM provably holds no key: all are with another manager (9.11.1+).

    What cannot be read proves nothing.
    """
    if scope.is_cluster:
        return False
    try:
        return holds_no_key(client, scope, read_volumes(client, scope))
    except AkvError:
        return False


def count(volumes: Sequence[Mapping[str, t.Any]]) -> str:
    """Say how many there are, and how many of them are not online."""
    number = len(volumes)
    away = sum(volume.get("state", "online") != "online" for volume in volumes)
    if not away:
        return "1 encrypted volume." if number == 1 else f"{number or 'No'} encrypted volumes."
    if number == 1:
        return "1 encrypted volume, which is not online."
    return f"{number} encrypted volumes, {away} of them not online."


def _owns(scope: Scope, record: Mapping[str, t.Any]) -> bool:
    return isinstance(record.get("svm"), dict) and scope.owns(record)


def _texts(record: Mapping[str, t.Any], *names: str) -> Record:
    """Pick what is text: anything else is as good as not reported."""
    return {name: record[name] for name in names if isinstance(record.get(name), str)}


def _without_links(record: Mapping[str, t.Any]) -> Record:
    svm, nas = record.get("svm"), record.get("nas")
    volume = _texts(record, "name", "uuid", "state")
    if record.get("encryption") is not None:
        volume["encryption"] = record["encryption"]
    if isinstance(svm, dict):
        volume = {"svm": _texts(svm, "name", "uuid"), **volume}
    if isinstance(nas, dict) and isinstance(nas.get("path"), str):
        volume["nas"] = {"path": nas["path"]}
    return volume
