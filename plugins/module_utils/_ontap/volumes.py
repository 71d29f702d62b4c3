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
from ansible_collections.ontap.akv.plugins.module_utils._ontap.client import Client
from ansible_collections.ontap.akv.plugins.module_utils._ontap.key_ids import holds_no_key
from ansible_collections.ontap.akv.plugins.module_utils._runtime import errors

_VOLUMES = "/storage/volumes"
# Below encryption each release has fields of its own: ONTAP gives those that it has.
_FIELDS = "encryption,name,state,svm"


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
    except errors.OntapError:
        return None
    svms = [record.get("svm") for record in found]
    return frozenset(str(svm.get("uuid")).lower() for svm in svms if isinstance(svm, dict))


def is_nae(volume: Mapping[str, t.Any]) -> bool:
    """Return whether a volume is encrypted with the key of its aggregate, which AKV does not serve."""
    encryption = volume.get("encryption")
    return isinstance(encryption, Mapping) and encryption.get("type") == "aggregate"


def is_unused(client: Client, scope: Scope) -> bool:
    """Return whether the AKV configuration of an SVM provably holds no key: all are with another manager (9.11.1+).

    What cannot be read proves nothing.
    """
    if scope.is_cluster:
        return False
    try:
        return holds_no_key(client, scope, read_volumes(client, scope))
    except errors.AkvError:
        return False


def count(volumes: Sequence[Mapping[str, t.Any]] | None) -> str:
    """Say how many there are, and how many of them are not online.

    :param volumes: None where they are not readable
    """
    if volumes is None:
        return "The encrypted volumes are not known."
    number = len(volumes)
    away = sum(volume.get("state", "online") != "online" for volume in volumes)
    unknown = sum("state" not in volume for volume in volumes)
    more = f" The state of {unknown} is not reported." if unknown else ""
    if not away:
        return ("1 encrypted volume." if number == 1 else f"{number or 'No'} encrypted volumes.") + more
    if number == 1:
        return "1 encrypted volume, which is not online."
    return f"{number} encrypted volumes, {away} of them not online.{more}"


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
