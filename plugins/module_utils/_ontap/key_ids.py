# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""The keys that each key manager lists (key-ids, 9.11.1 and later): the only proof of who holds a volume's key."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from ansible_collections.ontap.akv.plugins.module_utils._akv.key_holders import Holding, Listing, prove
from ansible_collections.ontap.akv.plugins.module_utils._akv.record import Record
from ansible_collections.ontap.akv.plugins.module_utils._akv.scope import Scope
from ansible_collections.ontap.akv.plugins.module_utils._ontap.client import Client
from ansible_collections.ontap.akv.plugins.module_utils._ontap.key_stores import Manager, all_managers
from ansible_collections.ontap.akv.plugins.module_utils._runtime.errors import AkvError

SINCE = "9.11.1"
"""The first release that reports which keys a key manager holds."""


def prove_holders(client: Client, scope: Scope, uuid: str, volumes: Sequence[Mapping[str, t.Any]]) -> Holding:
    """Find out which volume keys an AKV configuration holds, and which another key manager holds.

    Reads the key-ids of this configuration and of every other key manager that may hold a key of these volumes, once
    for each node. What cannot be read makes keys unknown.

    :param scope: of the configuration
    :param uuid: of the configuration
    :param volumes: its encrypted volumes
    :raises AkvError: the login is not accepted
    """
    release = client.release()
    if not release.within(SINCE):
        old = f"ONTAP {release} does not report which key manager holds a key. ONTAP {SINCE} and later do."
        return prove(volumes, Listing(unanswered=(old,)), Listing())
    if not volumes:
        return Holding()
    try:
        nodes = client.once("node uuids", functools.partial(_nodes, client))
    except AkvError as refusal:
        return prove(volumes, Listing(unanswered=(_quiet(refusal),)), Listing())
    here = _listing(client, Manager("akv", uuid, None), nodes)
    try:
        managers = all_managers(client)
    except AkvError as refusal:
        return prove(volumes, here, Listing(unanswered=(_quiet(refusal),)))
    others = [_listing(client, each, nodes) for each in managers if each.uuid != uuid and _may_hold(each, scope)]
    elsewhere = Listing(
        frozenset().union(*(listing.keys for listing in others)),
        tuple(reason for listing in others for reason in listing.unanswered),
    )
    return prove(volumes, here, elsewhere)


def volumes_elsewhere(client: Client, scope: Scope, volumes: Sequence[Record]) -> list[str]:
    """Name the volumes of an SVM with keys that provably are not with its AKV configuration.

    :param scope: an SVM
    """
    if not client.release().within(SINCE):
        return []
    try:
        managers = all_managers(client)
    except AkvError:
        return []
    mine = [each for each in managers if each.kind == "akv" and each.is_of(scope)]
    # Without another key manager no key can be elsewhere.
    if len(mine) != 1 or not any(_may_hold(each, scope) for each in managers if each is not mine[0]):
        return []
    return prove_holders(client, scope, mine[0].uuid, volumes).volumes_elsewhere


def _may_hold(manager: Manager, scope: Scope) -> bool:
    """Whether a key manager can hold keys of the volumes of a scope: its own, the cluster's; for the cluster any."""
    return scope.is_cluster or manager.svm is None or manager.is_of(scope)


def _nodes(client: Client) -> list[tuple[str, str]]:
    nodes = client.records("/cluster/nodes", {"fields": "name,uuid"}, doing="Reading the nodes")
    if not nodes:
        raise AkvError(f"{client.where} reports no nodes.")
    return [(str(node.get("name")), str(node.get("uuid"))) for node in nodes]


def _listing(client: Client, manager: Manager, nodes: list[tuple[str, str]]) -> Listing:
    return client.once(f"keys of {manager.uuid}", functools.partial(_read_listing, client, manager, nodes))


def _read_listing(client: Client, manager: Manager, nodes: list[tuple[str, str]]) -> Listing:
    keys: set[str] = set()
    unanswered = []
    for name, uuid in nodes:
        path = f"/security/key-managers/{quote(manager.uuid, safe='')}/keys/{quote(uuid, safe='')}/key-ids"
        doing = f"Reading the keys of the key manager {manager} on node {name}"
        try:
            read = client.collection(path, {"fields": "key_id"}, doing=doing)
        except AkvError as refusal:
            unanswered.append(_quiet(refusal))
            if refusal.details.get("http_status") is None:
                break
            continue
        keys.update(str(record["key_id"]) for record in read.records if record.get("key_id"))
        if not read.proves_absence:
            unanswered.append(f"{doing} on {client.where} took so long that the answer may be incomplete.")
    return Listing(frozenset(keys), tuple(unanswered))


def _quiet(refusal: AkvError) -> str:
    """Give the sentence of a reading that did not succeed.

    :raises AkvError: the login is not accepted, so that no other reading succeeds either
    """
    if refusal.details.get("http_status") == 401:
        raise refusal
    return refusal.message
