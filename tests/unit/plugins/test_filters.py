# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filters: what is worse than before, and entries of akv_config."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("ansible.errors", reason="the filters run on the control node alone")

from ansible.errors import AnsibleFilterError
from jinja2 import StrictUndefined, UndefinedError

from ansible_collections.ontap.akv.plugins.filter.fleet_plan import fleet_plan
from ansible_collections.ontap.akv.plugins.filter.rotation_fleet import rotation_fleet
from ansible_collections.ontap.akv.plugins.filter.rotation_next import rotation_next
from ansible_collections.ontap.akv.plugins.filter.rotation_report import rotation_report
from ansible_collections.ontap.akv.plugins.filter.to_config_entries import to_config_entries
from ansible_collections.ontap.akv.plugins.filter.worse_than import worse_than
from ansible_collections.ontap.akv.plugins.test.same_key import same_key


def vault(verdict: str, *nodes: str, uuid: str = "1") -> dict[str, Any]:
    available = {"healthy": True, "degraded": not nodes, "unavailable": False}.get(verdict)
    return {"uuid": uuid, "verdict": verdict, "available": available, "unavailable_nodes": list(nodes)}


@pytest.mark.parametrize(
    ("before", "after", "worse"),
    [
        (vault("healthy"), vault("healthy"), False),
        (vault("healthy"), vault("degraded"), True),
        (vault("healthy"), vault("degraded", "node1"), True),
        (vault("healthy"), vault("unavailable"), True),
        (vault("healthy"), vault("unknown"), False),
        (vault("unknown"), vault("degraded"), True),
        (vault("inactive"), vault("inactive"), False),
        (vault("degraded", "node1"), vault("degraded", "node1"), False),
        (vault("degraded", "node1"), vault("degraded", "node2"), True),
        (vault("degraded", "node1"), vault("unavailable", "node1", "node2"), True),
        (vault("unavailable"), vault("degraded", "node1"), False),
        (vault("unavailable"), vault("unavailable"), False),
        (vault("unavailable", "node1", "node2"), vault("healthy"), False),
    ],
)
def test_worsened(before: dict[str, Any], after: dict[str, Any], worse: bool) -> None:
    assert worse_than([after], [before]) == ([after] if worse else [])
    assert worse_than([after], []) == []
    assert worse_than([after, vault("healthy", uuid="2")], [before, vault("healthy", uuid="2")]) == [after][:worse]


@pytest.mark.parametrize("given", [None, {}, "vaults", [1], [{"uuid": "1"}]])
def test_worsened_needs_what_akv_info_gives(given: Any) -> None:
    with pytest.raises(AnsibleFilterError, match=r"ontap\.akv\.worse_than: "):
        worse_than(given, given)


def test_entries() -> None:
    of_svm = {"svm": {"name": "vs0"}, "scope": "svm", "configuration": {"name": "default"}}
    given = [
        {**of_svm, "verdict": "healthy"},
        {**of_svm, "verdict": "unavailable"},
        {**of_svm, "verdict": "inactive", "configuration": {"name": "green"}},
        {"scope": "cluster", "verdict": "unknown"},
    ]
    assert to_config_entries(given) == [
        {"svm": "vs0", "wait": True},
        {"svm": "vs0", "wait": False},
        {"svm": "vs0", "configuration": "green", "wait": False},
        {"scope": "cluster", "wait": True},
    ]


@pytest.mark.parametrize("given", [None, {}, "vaults", [1], [{"uuid": "1"}], [{"verdict": "inactive", "svm": {}}]])
def test_entries_need_what_akv_info_gives(given: Any) -> None:
    with pytest.raises(AnsibleFilterError, match=r"ontap\.akv\.to_config_entries: "):
        to_config_entries(given)


@pytest.mark.parametrize(
    "evaluate",
    [
        to_config_entries,
        lambda undefined: worse_than(undefined, []),
        lambda undefined: worse_than([], undefined),
        lambda undefined: same_key(undefined, "https://kv.vault.azure.net/keys/k"),
    ],
)
def test_an_undefined_value_is_an_error_that_names_it(evaluate: Any) -> None:
    with pytest.raises(UndefinedError, match="'akv' is undefined"):
        evaluate(StrictUndefined(name="akv"))


def planned(svm: str) -> dict[str, Any]:
    """A host's variables after akv_credential was run in check mode."""
    entry = {"uuid": f"{svm}-uuid", "svm": {"name": svm}, "name": svm, "before": "healthy", "done": "sent"}
    return {"plan": {"plan_id": "plan-1", "vaults": [entry], "others": 0}}


def test_a_rotation_over_a_fleet() -> None:
    hostvars: dict[str, Any] = {"c1": planned("vs0"), "c2": planned("vs1")}
    fleet = rotation_fleet(hostvars, ["c1", "c2"], plan="plan", client_id="app1")
    assert (fleet["stop"], fleet["canary"]) == (False, {"host": "c1", "uuid": "vs0-uuid", "svm": "vs0"})
    for host in hostvars.values():
        host["sent"] = {"vaults": host["plan"]["vaults"], "outcome": "changed", "stopped_by": ""}
    done = rotation_report(hostvars, ["c1", "c2"], fleet, plan="plan", rest="sent")
    assert [done["results"][host]["failed"] for host in hostvars] == [False, False]
    assert "nothing uses the previous secret any more" in done["message"]


@pytest.mark.parametrize("result", [None, {"skipped": True}, "text"])
def test_a_host_without_a_plan_was_not_read(result: Any) -> None:
    hostvars = {"c1": planned("vs0"), "c2": {"plan": result}}
    fleet = rotation_fleet(hostvars, ["c1", "c2"], plan="plan", client_id="app1")
    assert fleet["stop"]
    assert fleet["missing"] == ["c2"]


def test_a_rotation_has_one_application_for_all_hosts() -> None:
    hostvars: dict[str, Any] = {"c1": planned("vs0"), "c2": planned("vs1"), "c3": planned("vs2")}
    for host, client_id in zip(hostvars, ("app1", "app1", "app2")):
        hostvars[host]["given"] = {"client_id": client_id, "errors": []}
    wish = {"plan": "plan", "client_id": "app1", "settings": "given"}
    fleet = rotation_fleet(hostvars, list(hostvars), **wish)
    assert (fleet["stop"], fleet["canary"]) == (True, {})
    assert "client_id is not the same for all clusters of this run: app1 on c1, c2; app2 on c3." in fleet["message"]
    # What is refused on a host is no reason to name another one.
    hostvars["c3"]["given"]["errors"] = ["refused"]
    assert not rotation_fleet(hostvars, list(hostvars), **wish)["stop"]


def test_a_host_that_failed_is_without_a_plan_and_not_one_with_other_settings() -> None:
    """As Ansible registers a task whose login is undefined."""
    read = {"plan_id": "1", "results": [], "given": {"expected_plan": "fleet-1"}}
    hostvars = {"c1": {"plan": {"failed": True, "msg": "Task failed"}}, "c2": {"plan": read}}
    fleet = fleet_plan(hostvars, ["c1", "c2"], plan="plan", settings="plan")
    assert fleet["stop"]
    assert "expected was fleet-1" in fleet["message"]
    assert "Clusters without a plan: c1." in fleet["message"]


@pytest.mark.parametrize("given", [None, {"c1": None}, {"c1": {"plan": {"plan_id": "1", "vaults": [1]}}}])
def test_a_fleet_needs_what_akv_credential_gives(given: Any) -> None:
    with pytest.raises(AnsibleFilterError, match=r"ontap\.akv\.rotation_fleet: "):
        rotation_fleet(given, ["c1"], plan="plan", client_id="app1")
    with pytest.raises(AnsibleFilterError, match=r"ontap\.akv\.rotation_report: "):
        rotation_report(given, ["c1"], None, plan="plan")


def test_the_stage_that_follows_the_canary() -> None:
    assert rotation_next({}) == "watch"
    assert rotation_next({"outcome": "unchanged"}) == ""
    assert rotation_next({"outcome": "unchanged"}, check_mode=True) == "watch"
    sent = {"outcome": "changed", "stopped_by": ""}
    assert rotation_next(sent, {"stopped_by": ""}) == "rest"
    assert rotation_next(sent, {}) == "rollback"
    assert rotation_next(sent, {}, can_roll_back=False) == ""


@pytest.mark.parametrize(("canary", "watched"), [(None, None), ("sent", {}), ({}, "watched")])
def test_what_follows_the_canary_needs_what_akv_credential_gives(canary: Any, watched: Any) -> None:
    with pytest.raises(AnsibleFilterError, match=r"ontap\.akv\.rotation_next: "):
        rotation_next(canary, watched)


def test_what_follows_the_canary_is_not_decided_of_nothing() -> None:
    with pytest.raises(UndefinedError):
        rotation_next(StrictUndefined("canary"))
