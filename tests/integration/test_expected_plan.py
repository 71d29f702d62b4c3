# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The approved plan: the modules that change carry out that plan, or send nothing."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from integration.running import Values, call

from simulator import Simulator

VAULT = "https://mykeyvault.vault.azure.net/"
SECRET, OLD = "new-secret-SENTINEL", "initial-secret"
WHOLE = {
    "name": VAULT,
    "key_id": f"{VAULT}keys/key1",
    "client_id": "client1",
    "tenant_id": "tenant1",
    "client_secret": SECRET,
}
KEYS = "/api/security/azure-key-vaults"


def cluster(module: str = "") -> Simulator:
    """A cluster whose SVMs s1 and s2 have configurations; s3 has none. s1 lacks keys for a module that restores."""
    missing = {"keys_missing_on": ["node1"]} if module in ("akv_restore", "akv_repair") else {}
    application = {"client_id": "client1", "tenant_id": "tenant1", "secrets": [OLD, SECRET]}
    return Simulator(
        release="9.14.1",
        scenario={
            "svms": [{"name": "s1"}, {"name": "s2"}, {"name": "s3"}],
            "vaults": [{"svm": "s1", **missing}, {"svm": "s2"}],
            "azure": {"applications": [application]},
        },
    )


def restored(simulator: Simulator) -> None:
    call("akv_restore", simulator.connection, {"svm": "s1"})


def deleted(svm: str) -> Callable[[Simulator], None]:
    def delete(simulator: Simulator) -> None:
        call("akv_config", simulator.connection, {"svm": svm, "name": VAULT, "state": "absent"})

    return delete


def created(simulator: Simulator) -> None:
    done = call("akv_config", simulator.connection, {"svm": "s3", **WHOLE, "client_secret": OLD})[0]
    assert done["operation"] == "create", done["msg"]


def proxied(svm: str) -> Callable[[Simulator], None]:
    """Change a setting of a configuration."""

    def change(simulator: Simulator) -> None:
        options = {"svm": svm, "proxy_type": "http", "proxy_host": "proxy.example.com", "proxy_port": 8080}
        done = call("akv_config", simulator.connection, options)[0]
        assert done["operation"] == "update", done["msg"]

    return change


@dataclass(frozen=True)
class Case:
    """A task, and what moves its plan.

    :ivar move: does something on the cluster, so that check mode shows another plan
    """

    module: str
    options: Values
    move: Callable[[Simulator], None]


SHORT: Values = {"wait_timeout": 20}
PORT: Values = {"proxy_type": "http", "proxy_host": "proxy.example.com", "proxy_port": 3128}
CASES = {
    "create": Case("akv_config", {"svm": "s3", **WHOLE}, created),
    "update": Case("akv_config", {"svm": "s2", **PORT}, proxied("s2")),
    "credential": Case("akv_config", {"svm": "s2", **WHOLE, "update_credentials": "always"}, proxied("s2")),
    "delete": Case("akv_config", {"svm": "s2", "name": VAULT, "state": "absent"}, proxied("s2")),
    "already deleted": Case("akv_config", {"svm": "s2", "name": VAULT, "state": "absent"}, deleted("s2")),
    "many": Case("akv_config", {"vaults": [{"svm": "s2", **PORT}, {"svm": "s3", **WHOLE}]}, created),
    "many credentials": Case(
        "akv_config",
        {**WHOLE, "update_credentials": "always", "vaults": [{"svm": "s1"}, {"svm": "s2"}]},
        proxied("s2"),
    ),
    "restore": Case("akv_restore", {"svm": "s1"}, restored),
    "restore many": Case("akv_restore", {"svms": ["s1", "s2"]}, restored),
    "rekey": Case("akv_rekey", {"svm": "s2", "type": "internal"}, deleted("s1")),
    "repair": Case("akv_repair", {}, restored),
    "rotation": Case("akv_credential", {"client_id": "client1", "client_secret": SECRET}, proxied("s2")),
}
MOVING = {name: case for name, case in CASES.items() if name != "rekey"}


def approved(simulator: Simulator, case: Case) -> str:
    """What check mode shows."""
    planned = call(case.module, simulator.connection, case.options, check_mode=True)[0]
    return t.cast("str", planned["plan_id"])


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("plan", ["as planned", "blank"])
def test_the_approved_plan_is_carried_out(name: str, plan: str) -> None:
    case = CASES[name]
    with cluster(case.module) as simulator:
        given = f" {approved(simulator, case)} " if plan == "as planned" else "  "
        done = call(case.module, simulator.connection, {**case.options, **SHORT, "expected_plan": given})[0]
    assert not done["failed"], done["msg"]
    assert done["changed"]


@pytest.mark.parametrize("name", MOVING)
@pytest.mark.parametrize("check_mode", [False, True], ids=["run", "check"])
def test_a_plan_that_moved_is_not_sent(name: str, check_mode: bool) -> None:
    case = CASES[name]
    with cluster(case.module) as simulator:
        plan = approved(simulator, case)
        case.move(simulator)
        now, already = approved(simulator, case), len(simulator.requests)
        assert now != plan
        given = {**case.options, "expected_plan": plan}
        stopped = call(case.module, simulator.connection, given, check_mode)[0]
        assert {request["method"] for request in simulator.requests[already:]} == {"GET"}
    assert (stopped["failed"], stopped["changed"], stopped["outcome"]) == (True, False, "unchanged")
    assert stopped["plan_id"] == now
    assert f"The plan is {now}, expected_plan is {plan}" in stopped["msg"]
    assert "Nothing was sent." in stopped["msg"]
    assert SECRET not in str(stopped)


def test_what_would_be_sent_now_is_shown_without_secrets() -> None:
    with cluster() as simulator:
        options = {"svm": "s3", **WHOLE, "expected_plan": "another"}
        stopped = call("akv_config", simulator.connection, options)[0]
        (step,) = stopped["steps"]
        assert (step["method"], step["path"]) == ("POST", KEYS.replace("/api", ""))
        assert step["body"]["key_id"] == WHOLE["key_id"]
        assert "client_secret" not in step["body"]
        assert "s3 (POST" in stopped["msg"]
        assert sorted(vault["svm"] for vault in simulator.vaults()) == ["s1", "s2"]


def test_of_many_none_is_changed_where_one_has_moved() -> None:
    options = {"vaults": [{"svm": "s2", **PORT}, {"svm": "s1", "name": VAULT, "state": "absent"}]}
    with cluster() as simulator:
        plan = approved(simulator, Case("akv_config", options, created))
        deleted("s1")(simulator)
        already = len(simulator.requests)
        stopped = call("akv_config", simulator.connection, {**options, "expected_plan": plan})[0]
        assert stopped["failed"]
        assert {request["method"] for request in simulator.requests[already:]} == {"GET"}


def test_two_configurations_of_an_svm_are_carried_out_as_planned() -> None:
    """The second is planned again after the first, and must still be what was approved."""
    options = {**WHOLE, "client_secret": OLD, "vaults": [{"svm": "s3"}, {"svm": "s3", "configuration": "green"}]}
    with cluster() as simulator:
        plan = approved(simulator, Case("akv_config", options, created))
        done = call("akv_config", simulator.connection, {**options, **SHORT, "expected_plan": plan})[0]
    assert not done["failed"], done["msg"]
    assert [result["operation"] for result in done["results"]] == ["create", "create"]


@pytest.mark.parametrize("name", ["create", "update", "credential", "delete"])
def test_a_plan_made_without_waiting_is_the_plan_of_a_run_that_waits(name: str) -> None:
    """The role akv_enable compares without reading the health, and then waits for it."""
    case = CASES[name]
    with cluster() as simulator:
        ids = {approved(simulator, Case(case.module, {**case.options, "wait": wait}, case.move)) for wait in (0, 1)}
    assert len(ids) == 1


def test_a_plan_holds_for_one_cluster() -> None:
    """Two clusters that are alike, behind one host."""
    with cluster() as one, cluster() as two:
        options = {"svm": "s3", **WHOLE}
        plans = {call("akv_config", each.connection, options, check_mode=True)[0]["plan_id"] for each in (one, two)}
    assert len(plans) == 2
