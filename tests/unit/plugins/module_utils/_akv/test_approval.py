# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.ontap.akv.plugins.module_utils._akv.approval import NO_PLAN, approve

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
