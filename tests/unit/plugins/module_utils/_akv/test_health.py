# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.ontap.akv.plugins.module_utils._akv.health import judge, read_state

REFERENCE = "AKV key protection is unavailable in following nodes - node1, node2."
NO_VOLUMES = (
    "No volumes created yet for the SVM. Wrapped KEK status will be available after creating encrypted volumes."
)
MIXED = (
    "Top-level internal key protection key (KEK) is unavailable on the following nodes with the associated reasons:"
    f" Node: node1. Reason: {NO_VOLUMES} Node: node2. Reason: Key is disabled in Azure."
)
FRESH = f"KEK is unavailable on the following nodes with the associated reasons: Node: node1. Reason: {NO_VOLUMES}"


def record(message: str = "", **state: Any) -> dict[str, Any]:
    return {"state": {"message": message, **state}}


@pytest.mark.parametrize("key", ["cluster_state", "available"])
def test_both_names_of_availability_count_on_any_release(key: str) -> None:
    assert read_state(record(**{key: True})).available is True
    assert read_state(record(**{key: False})).available is False


@pytest.mark.parametrize(
    "vault", [{}, {"state": None}, {"state": "x"}, record(), record(code=0), record(available="true")]
)
def test_what_is_not_reported_is_unknown_never_unavailable(vault: dict[str, Any]) -> None:
    state = read_state(vault)
    assert state.available is None
    assert not state.bad
    assert judge(vault)[0] == "unknown"


@pytest.mark.parametrize(
    ("message", "nodes"),
    [
        (REFERENCE, {"node1": "", "node2": ""}),
        ("AKV wrapped internal key is missing on nodes - node1, node2.", {"node1": "", "node2": ""}),
        ("… key protection is unavailable on the following nodes: cluster1-node1.", {"cluster1-node1": ""}),
        (MIXED, {"node2": "Key is disabled in Azure."}),
        ("Node: n1. Reason: A, Node: n2. Reason: B", {"n1": "A", "n2": "B"}),
        ("Keys are unavailable.", {}),
    ],
)
def test_nodes_are_read_from_each_release_s_words(message: str, nodes: dict[str, str]) -> None:
    assert read_state(record(message, available=False)).bad_nodes == nodes


@pytest.mark.parametrize("message", [NO_VOLUMES, FRESH])
@pytest.mark.parametrize("state", [{"available": False}, {"cluster_state": False}, {}])
def test_no_volumes_yet_is_healthy_and_availability_none(message: str, state: dict[str, Any]) -> None:
    vault = record(message, **state)
    assert read_state(vault).available is None
    assert read_state(vault).good
    assert judge(vault)[0] == "healthy"


def test_no_volumes_yet_on_one_node_does_not_hide_the_fault_of_another() -> None:
    verdict, reasons = judge(record(MIXED, available=False))
    assert verdict == "degraded"
    assert reasons == ["Keys are unavailable on node node2: Key is disabled in Azure."]


def test_a_message_that_names_nodes_counts_even_without_the_boolean() -> None:
    assert read_state(record(REFERENCE, code=346758)).available is False


def ekmip(*reachable: bool) -> list[dict[str, Any]]:
    return [
        {"node": {"name": f"node{number}"}, "reachable": good, "message": "" if good else "down"}
        for number, good in enumerate(reachable, 1)
    ]


@pytest.mark.parametrize(
    ("vault", "verdict"),
    [
        (record(available=True), "healthy"),
        (record("gone", available=False), "unavailable"),
        (record(REFERENCE, available=False), "degraded"),
        ({**record(REFERENCE, available=False), "ekmip_reachability": ekmip(True, True)}, "unavailable"),
        ({**record(REFERENCE, available=False), "ekmip_reachability": ekmip(True, True, True)}, "degraded"),
        ({**record(available=True), "ekmip_reachability": ekmip(True, False)}, "degraded"),
        ({**record(available=True), "azure_reachability": {"reachable": False}}, "degraded"),
        ({**record(available=True), "azure_reachability": {"reachable": True}}, "healthy"),
        ({**record(available=True), "azure_reachability": {"message": "said"}}, "unknown"),
        ({**record(available=True), "azure_reachability": None}, "healthy"),
        ({**record(available=True), "ekmip_reachability": [{"node": {"name": "n"}}]}, "unknown"),
        ({**record(available=True), "ekmip_reachability": {"x": 1}}, "unknown"),
        ({"enabled": False}, "inactive"),
        ({**record(available=True), "enabled": False}, "inactive"),
        ({**record(available=True), "ekmip_reachability": ["x", {"node": "n", "reachable": False}]}, "degraded"),
    ],
)
def test_the_verdict(vault: dict[str, Any], verdict: str) -> None:
    found, reasons = judge(vault)
    assert found == verdict
    assert reasons
    assert all(reason.endswith(".") and not reason.endswith("..") for reason in reasons)
