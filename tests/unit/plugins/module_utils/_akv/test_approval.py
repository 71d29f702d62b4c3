# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.ontap.akv.plugins.module_utils._akv.approval import NO_PLAN, approve, disagreement

PLANS: dict[str, Any] = {
    "c1": {"plan_id": "1", "operation": "delete", "msg": "SVM vs0 would be deleted."},
    "cluster2": {
        "plan_id": "2",
        "results": [{"operation": "none", "msg": "a"}, {"operation": "create", "msg": "b"}],
    },
}
PLAN = approve(PLANS, "", False).plan_id


def test_the_plan_of_a_fleet_does_not_depend_on_the_order_of_its_hosts() -> None:
    assert PLAN.startswith("fleet-")
    assert approve(dict(reversed(PLANS.items())), "", False).plan_id == PLAN
    assert approve({"c1": PLANS["c1"]}, "", False).plan_id != PLAN
    assert approve({**PLANS, "c1": {"plan_id": "3"}}, "", False).plan_id != PLAN
    # Plans that have changed places are not the same.
    assert approve({"c1": PLANS["cluster2"], "cluster2": PLANS["c1"]}, "", False).plan_id != PLAN


def test_what_would_be_done_is_shown_cluster_by_cluster() -> None:
    found = approve(PLANS, "", False)
    assert found.table == ["c1        delete: SVM vs0 would be deleted.", "cluster2  none: a", "cluster2  create: b"]
    assert found.message == f"Plan of 2 of 2 clusters: {PLAN}."
    assert (found.stop, found.hand_on, found.expected) == (False, PLAN, {})


def test_the_approved_plan_goes_on_and_each_cluster_has_its_own() -> None:
    found = approve(PLANS, f" {PLAN} ", True)
    assert (found.stop, found.expected) == (False, {"c1": "1", "cluster2": "2"})


@pytest.mark.parametrize("expected", ["fleet-0", "1", PLAN.upper()])
def test_another_plan_stops(expected: str) -> None:
    found = approve(PLANS, expected, False)
    assert (found.stop, found.hand_on, found.expected) == (True, "", {})
    assert found.message.startswith(f"Nothing was sent. The plan is {PLAN}, expected was {expected}: ")


@pytest.mark.parametrize("blank", ["", "  "])
def test_a_blank_plan_is_any_plan_unless_one_is_required(blank: str) -> None:
    assert not approve(PLANS, blank, False).stop
    refused = approve(PLANS, blank, True)
    assert refused.stop
    assert "akv_expected_plan is blank or missing" in refused.message
    assert refused.hand_on == ""


@pytest.mark.parametrize("unread", [None, {}, {"failed": True, "msg": "refused"}])
def test_a_cluster_without_a_plan(unread: Any) -> None:
    plans = {**PLANS, "c3": unread}
    found = approve(plans, "", False)
    # What is not complete is not handed on for an approval.
    assert (found.stop, found.hand_on, found.plan_id) == (False, "", PLAN)
    assert "c3        no plan: " in found.table[-1]
    # If it comes back after the approval, no plan of its own is the approved one.
    assert approve(plans, PLAN, True).expected["c3"] == NO_PLAN
    assert approve({"c3": unread}, PLAN, True).stop
    assert "Clusters without a plan: c3." in approve(plans, "fleet-0", True).message


def test_what_differs_is_shown_where_it_is_known_what_was_approved() -> None:
    approved = approve({**PLANS, "c3": {"plan_id": "3", "operation": "none", "msg": "c"}}, "", False).details
    moved = {
        "c1": {"plan_id": "9", "operation": "update", "msg": "SVM vs0 would be updated."},
        "cluster2": {**PLANS["cluster2"], "plan_id": "8"},
        "c4": {"plan_id": "4", "operation": "none", "msg": "d"},
    }
    found = approve(moved, PLAN, True, approved)
    assert found.stop
    assert found.table == [
        "c1  approved: delete: SVM vs0 would be deleted.",
        "c1  now: update: SVM vs0 would be updated.",
        "cluster2  approved: none: a create: b",
        "cluster2  now: the same operation, with other settings, or on another configuration, cluster, or release",
        "c4  approved: not approved",
        "c4  now: none: d",
        "c3  approved: none: c",
        "c3  now: not in this run",
    ]
    many = {f"c{number}": {"plan_id": str(number)} for number in range(30)}
    assert approve(many, PLAN, True, approved).table[-1] == "19 more clusters differ."


def test_what_is_handed_on_is_no_template_and_as_long_as_what_is_shown() -> None:
    """It comes back as an extra variable, and an SVM may have any name."""
    names = ("{{ 1 + 1 }}", "{% if true %}", "{# a comment #}", "{{{", "x" * 10_000)
    plans = {f"c{number}": {"plan_id": "1", "operation": "none", "msg": name} for number, name in enumerate(names)}
    plans["many"] = {"plan_id": "1", "results": [{"operation": "none", "msg": "as declared"}] * 1000}
    handed_on = [plan["msg"] for plan in approve(plans, "", False).details.values()]
    assert [text for text in handed_on if any(sign in text for sign in ("{{", "{%", "{#"))] == []
    assert handed_on[0] == "none: { { 1 + 1 }}"
    assert max(map(len, handed_on)) <= 500


@pytest.mark.parametrize(
    "approved", [None, {}, "text", [1], {"c1": None}, {"c1": {"msg": 1}}, {"c1": {"plan_id": "1"}}]
)
def test_what_was_approved_is_not_known_where_it_is_malformed_and_decides_nothing(approved: Any) -> None:
    stopped = approve(PLANS, "fleet-0", True, approved)
    assert (stopped.stop, stopped.table) == (True, approve(PLANS, "", False).table)
    assert not approve(PLANS, PLAN, True, approved).stop
    assert approve(PLANS, "", True, approve(PLANS, "", False).details).stop


def test_one_cluster_that_requires_a_plan_is_enough() -> None:
    settings = {"c1": {"require_plan": False}, "cluster2": {"require_plan": True}}
    assert approve(PLANS, "", False, settings=settings).stop
    assert not approve(PLANS, PLAN, False, settings=settings).stop
    in_check_mode = {host: {**given, "check_mode": True} for host, given in settings.items()}
    assert not approve(PLANS, "", False, settings=in_check_mode).stop


def test_the_approved_plan_is_that_of_the_settings_if_the_run_names_none() -> None:
    """A cluster with refused variables has no settings: the others must not act on any plan because of it."""
    for expected, stop in ((PLAN, False), ("fleet-of-yesterday", True)):
        settings = {"cluster2": {"expected_plan": expected}}
        assert approve(PLANS, "", False, settings=settings) == approve(PLANS, expected, False)
        assert approve(PLANS, "", False, settings=settings).stop == stop
    assert not approve(PLANS, "", False, settings={"c1": {"expected_plan": None}, "cluster2": {}}).stop


def test_a_plan_that_was_approved_for_some_clusters_stops() -> None:
    found = approve(PLANS, PLAN, False, settings={"c1": {"expected_plan": PLAN}, "cluster2": {}})
    assert (found.stop, found.hand_on, found.expected) == (True, "", {})
    assert f"expected_plan is not the same for all clusters of this run: {PLAN} on c1; not given on" in found.message


def test_settings_that_differ() -> None:
    settings = {"c1": {"svms": ["a", "b"], "client_id": "x"}, "c2": {"svms": ["a", "b"], "client_id": ""}, "c3": {}}
    assert disagreement(settings, ("svms",)).startswith("svms is not the same for all clusters of this run: a, b on c1")
    assert "x on c1; not given on c2, c3." in disagreement(settings, ("client_id",))
    assert disagreement({"c1": {"svms": ["a"]}, "c2": {"svms": ["a"]}}, ("svms", "client_id")) == ""
    assert disagreement({}, ("svms",)) == ""


def test_long_lists_that_differ_where_they_are_not_shown() -> None:
    names = [f"svm-of-a-department-{number}" for number in range(9)]
    settings = {"c1": {"svms": names}, "c2": {"svms": [*names[:-1], "another"]}}
    assert disagreement(settings, ("svms",)).startswith("svms is not the same for all clusters of this run: ")
