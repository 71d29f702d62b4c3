# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""Reading AKV configurations, and what a failure can add: the steps that the use cases share."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Callable, Iterable

from ansible_collections.ontap.akv.plugins.module_utils._akv import health, releases
from ansible_collections.ontap.akv.plugins.module_utils._akv.record import (
    VAULTS,
    Record,
    normalize,
    owned,
    select,
    svm_record,
)
from ansible_collections.ontap.akv.plugins.module_utils._akv.scope import Scope
from ansible_collections.ontap.akv.plugins.module_utils._ontap.client import Client
from ansible_collections.ontap.akv.plugins.module_utils._runtime import errors

EVERY_FIELD = "**"
"""Asks for all fields that a release has, the advanced ones too (ONTAP REST API, "Requesting specific fields")."""

_MAY_BE_UNKNOWN = (*releases.HEALTH_FIELDS[1:], EVERY_FIELD)
_UNKNOWN_FIELD = ("262179", "262197")

BLOCKING_LIMIT = (
    "ONTAP polls the key every 15 to 30 minutes, and takes encrypted volumes offline after 60 minutes without a"
    " successful poll."
)


def read_vaults(
    client: Client,
    query: dict[str, str],
    fields: Iterable[str],
    doing: str = "Reading the AKV configurations",
    complete: Callable[[list[Record]], bool] = bool,
) -> list[Record]:
    """Read vaults: all pages of one GET.

    A page of a slow cluster may lack records: what is missing there is confirmed by a second reading.

    Some clusters of 9.8 do not know the reachabilities: then the rest is read, a warning reports that, and they are not
    asked for again.

    :param complete: whether all that is looked for is among the records
    """
    names = [name for name in fields if name not in client.unreported]
    query_whole = {**query, "fields": ",".join(names)}
    try:
        read = client.collection(VAULTS, query_whole, doing=doing)
        found = _normalized(client, read.records)
        if not read.proves_absence and not complete(found):
            found = _normalized(client, client.records(VAULTS, query_whole, doing=doing))
    except errors.OntapError as refusal:
        advanced = [name for name in names if name in _MAY_BE_UNKNOWN]
        if not (advanced and "*" in names and refusal.code in _UNKNOWN_FIELD):
            raise
        client.unreported.update(advanced)
        client.task.warn(f"{client.where} does not know {' and '.join(advanced)}: health is read from state alone.")
        return read_vaults(client, query, names, doing, complete)
    return found


def _normalized(client: Client, records: Iterable[Record]) -> list[Record]:
    """Normalize the records of all pages, each once.

    What changes between two pages can move a record to the later one too: that is the newer reading. Records of two
    SVMs are two, whatever their UUIDs.
    """
    found: dict[tuple[object, ...], Record] = {}
    for number, record in enumerate(records):
        one = _without_echo(client, normalize(record))
        svm = svm_record(one)
        found[one.get("uuid", number), svm.get("uuid"), svm.get("name")] = one
    return list(found.values())


def _without_echo(client: Client, record: Record) -> Record:
    """Mask what a server may echo in the sentences of a record; what is compared stays as it is."""
    return {
        name: client.task.redactor.written_by_server(value) if name in releases.HEALTH_FIELDS else value
        for name, value in record.items()
    }


def vaults_of(client: Client, scope: Scope, *advanced: str) -> list[Record]:
    """Read all AKV configurations of a scope: one before 9.14.1, from then on one for each configuration.

    :param advanced: fields that come only when they are named
    """
    found = read_vaults(client, scope.query(), ["*", *advanced], f"Reading the AKV configuration of {scope}")
    return owned(found, scope)


def sort_by_scope(records: Iterable[Record]) -> Callable[[Scope], list[Record]]:
    """Sort records by scope, to look up those of many.

    :return: gives the records that may be of a scope: `owned` decides
    """
    found: dict[str | None, list[Record]] = {}
    unclear = []
    for record in records:
        svm = svm_record(record)
        names = {svm.get("name"), str(svm.get("uuid")).lower()} if svm else {None}
        for name in names:
            found.setdefault(name, []).append(record)
        if record.get("scope") != "cluster" and None in (svm.get("name"), svm.get("uuid")):
            unclear.append(record)
    return lambda scope: found.get(scope.svm or scope.svm_uuid) or unclear


def find_vault(client: Client, scope: Scope, *advanced: str) -> Record | None:
    """Read the enabled AKV configuration of a scope; None where there is none.

    :raises AkvError: there are several
    """
    return select(vaults_of(client, scope, *advanced), scope)


def not_bad(vault: Record | None) -> bool:
    """Return whether an AKV configuration is healthy, or its health is not reported."""
    return health.judge(vault or {})[0] not in (health.DEGRADED, health.UNAVAILABLE)


def unknown_svm(client: Client, scope: Scope) -> str | None:
    """Say that an SVM does not exist, with similar names; None where it exists, or that can't be read."""
    if scope.is_cluster:
        return None
    try:
        read = functools.partial(client.records, "/svm/svms", {"fields": "name,uuid"}, doing="Reading the SVMs")
        svms = client.once("svms", read)
    except errors.AkvError:
        return None
    names = sorted(str(svm.get("name")) for svm in svms)
    if scope.svm in names or scope.svm_uuid in [str(svm.get("uuid")).lower() for svm in svms]:
        return None
    near = difflib.get_close_matches(scope.svm or "", names, n=3, cutoff=0.5)
    hint = f"Similar names: {', '.join(near)}." if near else f"Its SVMs: {', '.join(names[:10]) or 'none'}."
    return f"{scope} does not exist on {client.where}. {hint}"


def no_vault(client: Client, scope: Scope) -> errors.AkvError:
    """Make the failure of a task that needs an AKV configuration where there is none."""
    reason = unknown_svm(client, scope)
    return errors.AkvError(
        reason or f"There is no AKV configuration of {scope} on {client.where}. Create it with akv_config."
    )
