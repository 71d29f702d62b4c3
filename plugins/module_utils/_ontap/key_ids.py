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

from ansible_collections.ontap.akv.plugins.module_utils._akv.key_holders import (
    ELSEWHERE,
    Holding,
    Listing,
    prove,
)
from ansible_collections.ontap.akv.plugins.module_utils._akv.record import Record
from ansible_collections.ontap.akv.plugins.module_utils._akv.scope import Scope, is_uuid
from ansible_collections.ontap.akv.plugins.module_utils._ontap import key_stores
from ansible_collections.ontap.akv.plugins.module_utils._ontap.client import Client
from ansible_collections.ontap.akv.plugins.module_utils._runtime import errors

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
    here = _keys_of(client, key_stores.Manager("akv", uuid, None))
    try:
        managers = key_stores.all_managers(client)
    except errors.AkvError as refusal:
        return prove(volumes, here, Listing(unanswered=(*here.unanswered, _quiet(refusal))))
    others = [_keys_of(client, each) for each in managers if each.uuid != uuid and _may_hold(each, scope)]
    elsewhere = Listing(
        frozenset().union(*(listing.keys for listing in others)),
        tuple(reason for listing in others for reason in listing.unanswered),
    )
    return prove(volumes, here, elsewhere)


def volumes_elsewhere(client: Client, scope: Scope, volumes: Sequence[Record]) -> list[str]:
    """Name the volumes with keys that provably are not with the AKV configuration of a scope.

    :param scope: an SVM or the cluster
    :param volumes: encrypted volumes, of one SVM
    """
    mine = _configuration_with_others(client, scope)
    # If the configuration does not list its keys, none is provably elsewhere: no other key manager is read.
    if mine is None or _keys_of(client, mine).unanswered:
        return []
    return prove_holders(client, scope, mine.uuid, volumes).volumes_elsewhere


def holds_no_key(client: Client, scope: Scope, volumes: Sequence[Record]) -> bool:
    """Return whether the AKV configuration of an SVM provably holds no volume key: all are with another key manager.

    :param scope: an SVM
    :param volumes: all its encrypted volumes; without one nothing is proven
    """
    mine = _configuration_with_others(client, scope)
    if mine is None or not volumes:
        return False
    here = _keys_of(client, mine)
    if here.keys or here.unanswered:
        return False
    numbers = prove_holders(client, scope, mine.uuid, volumes).numbers
    return numbers[ELSEWHERE] == sum(numbers.values())


def _configuration_with_others(client: Client, scope: Scope) -> key_stores.Manager | None:
    """Find the AKV configuration of a scope; None where no other key manager can have keys of its volumes (9.11.1+)."""
    if not client.release().within(SINCE):
        return None
    try:
        managers = key_stores.all_managers(client)
    except errors.AkvError:
        return None
    mine = [each for each in managers if each.kind == "akv" and each.is_of(scope)]
    # Without another key manager no key can be elsewhere.
    others = [each for each in managers if each not in mine and _may_hold(each, scope)]
    return mine[0] if len(mine) == 1 and others else None


def _keys_of(client: Client, manager: key_stores.Manager) -> Listing:
    nodes, why = client.once("node uuids", functools.partial(_nodes, client))
    if not is_uuid(manager.uuid):
        why = f"{client.where} does not report the uuid of the key manager {manager}."
    if why:
        return Listing(unanswered=(why,))
    return client.once(f"keys of {manager.uuid}", functools.partial(_read_listing, client, manager, nodes))


def _may_hold(manager: key_stores.Manager, scope: Scope) -> bool:
    """Whether a key manager can hold keys of the volumes of a scope: its own, the cluster's; for the cluster any."""
    return scope.is_cluster or manager.svm is None or manager.is_of(scope)


def _nodes(client: Client) -> tuple[list[tuple[str, str]], str]:
    """Read name and UUID of each node; without one, say why."""
    try:
        nodes = client.records("/cluster/nodes", {"fields": "name,uuid"}, doing="Reading the nodes")
    except errors.AkvError as refusal:
        return [], _quiet(refusal)
    if not all(is_uuid(node.get("uuid")) for node in nodes):
        return [], f"{client.where} does not report the uuid of each node."
    found = [(str(node.get("name")), node["uuid"]) for node in nodes]
    return found, "" if found else f"{client.where} reports no nodes."


def _read_listing(client: Client, manager: key_stores.Manager, nodes: list[tuple[str, str]]) -> Listing:
    keys: set[str] = set()
    unanswered = []
    for name, uuid in nodes:
        path = f"/security/key-managers/{quote(manager.uuid, safe='')}/keys/{quote(uuid, safe='')}/key-ids"
        doing = f"Reading the keys of the key manager {manager} on node {name}"
        try:
            read = client.collection(path, {"fields": "key_id,key_type"}, doing=doing)
        except errors.AkvError as refusal:
            unanswered.append(_quiet(refusal))
            if refusal.details.get("http_status") is None:
                break
            continue
        # ONTAP's own key, with which the others are wrapped, is the key of no volume.
        volume_keys = [record.get("key_id") for record in read.records if record.get("key_type") != "svm_kek"]
        keys.update(str(key) for key in volume_keys if key)
        if not all(volume_keys):
            unanswered.append(f"{doing}: {client.where} reports a key without its key_id.")
        if not read.proves_absence:
            unanswered.append(f"{doing} on {client.where} took so long that the answer may be incomplete.")
    return Listing(frozenset(keys), tuple(unanswered))


def _quiet(refusal: errors.AkvError) -> str:
    """Give the sentence of a reading that did not succeed.

    :raises AkvError: the login is not accepted, so that no other reading succeeds either
    """
    if refusal.details.get("http_status") == 401:
        raise refusal
    return refusal.message
