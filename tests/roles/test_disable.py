# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role akv_disable: only by name, only if no volume needs the AKV configuration; and its rollback."""

from __future__ import annotations

import re
from contextlib import ExitStack

from integration.running import Values, call
from roles.playing import Connection, Roles, assert_changes_nothing

from simulator import Simulator

NAME = "https://mykeyvault.vault.azure.net/"
VARIABLES: Values = {"akv_svm": "vs0", "akv_disable_name": NAME}
TASK = "ontap.akv.akv_disable : Delete the AKV configuration"
VAULT: Values = {"svm": "vs0"}
VOLUME: Values = {"svm": "vs0", "name": "vol1", "encrypted": True}


def test_disable_and_back(roles: Roles) -> None:
    """And again: test_life.py."""
    with Simulator(release="9.14.1", scenario={"vaults": [VAULT, {"svm": "vs1"}]}) as simulator:
        cluster = {"cluster1": simulator.connection}
        with assert_changes_nothing(simulator):
            predicted = roles.play("disable", cluster, VARIABLES, "--check", "--diff").check()
        assert "-    client_id: client1" in predicted.output

        done = roles.play("disable", cluster, VARIABLES).check()
        assert [vault["svm"] for vault in simulator.vaults()] == ["vs1"]
        assert predicted.changed() == done.changed() == [TASK]
        compared = ("operation", "changed", "failed", "outcome", "volumes")
        for run in (predicted, done):
            result = run.fact("akv_disable_result", "cluster1")
            assert [result[key] for key in compared] == ["delete", True, False, "changed", []]

        back = {
            "akv_svm": "vs0",
            "akv_client_id": "client1",
            "akv_tenant_id": "tenant1",
            "akv_client_secret": "the-secret",
            "akv_enable_name": NAME,
            "akv_enable_key_id": f"{NAME}keys/key1",
        }
        roles.play("enable", cluster, back).check()
        assert [vault["svm"] for vault in simulator.vaults()] == ["vs0", "vs1"]


OKM: Values = {"type": "onboard", "scope": "cluster"}
ELSEWHERE: Values = {**VOLUME, "keys_with_admin": True}
TWO: list[Values] = [VOLUME, {**VOLUME, "name": "vol2"}]
PLAIN: Values = {**VOLUME, "name": "plain", "encrypted": False}
DENIED: Values = {"match": {"path": "/api/storage/volumes", "times": 0}, "error": {"code": 6, "status": 403}}
OTHER = "https://other.vault.azure.net"
# What stops the role, each on a cluster of its own: its scenario, variables of the host, and what the role says.
STOPPED: dict[str, tuple[Values, Values, str]] = {
    "needed": (
        {"vaults": [VAULT], "volumes": [*TWO, PLAIN]},
        {},
        "has encrypted volumes that need the AKV configuration (2): vol1, vol2.",
    ),
    # A volume with its key elsewhere does not count.
    "one-needed": (
        {"vaults": [VAULT], "volumes": [ELSEWHERE, TWO[1]], "key_managers": [OKM]},
        {},
        "has encrypted volumes that need the AKV configuration (1): vol2.",
    ),
    "unreadable": (
        {"vaults": [VAULT], "volumes": [VOLUME], "faults": [DENIED]},
        {},
        "Let the login read /api/storage/volumes. Nothing was changed.",
    ),
    "another-vault": ({"vaults": [VAULT]}, {"akv_disable_name": OTHER}, OTHER),
    "mistyped-svm": ({"vaults": [VAULT]}, {"akv_svm": "vs9"}, "SVM vs9 does not exist"),
}


def test_what_stops_it(roles: Roles) -> None:
    """In check mode too, with the same sentence."""
    with ExitStack() as stack:
        clusters: dict[str, Connection] = {}
        for name, (scenario, given, _says) in STOPPED.items():
            simulator = stack.enter_context(Simulator(release="9.14.1", scenario=scenario))
            stack.enter_context(assert_changes_nothing(simulator))
            clusters[name] = {**simulator.connection, "variables": {**VARIABLES, **given}}
        variables = {"akv_hosts": ",".join(STOPPED)}
        runs = [roles.play("disable", clusters, variables, *check) for check in (["--check"], [])]
    predicted, messages = (
        {task.host: str(task.result["msg"]) for task in run.tasks if task.status == "failed"} for run in runs
    )
    assert predicted == messages
    assert messages.keys() == STOPPED.keys()
    assert [len(run.failures()) for run in runs] == [len(STOPPED)] * 2
    assert [name for name, (_scenario, _given, says) in STOPPED.items() if says not in messages[name]] == []
    assert "vs0" in messages["mistyped-svm"]


def test_volumes_that_do_not_need_it(roles: Roles) -> None:
    """Their keys are elsewhere, another key manager holds them, or the configuration is inactive."""
    green = {**VAULT, "configuration": "green"}
    with (
        Simulator(
            release="9.14.1", scenario={"vaults": [VAULT], "volumes": [ELSEWHERE], "key_managers": [OKM]}
        ) as elsewhere,
        Simulator(release="9.14.1", scenario={"volumes": [VOLUME]}) as other,
        Simulator(release="9.16.1", scenario={"vaults": [VAULT, green], "volumes": [VOLUME]}) as inactive,
    ):
        clusters = {
            "elsewhere": elsewhere.connection,
            "other": other.connection,
            "inactive": {**inactive.connection, "variables": {"akv_disable_configuration": "green"}},
        }
        run = roles.play("disable", clusters, {**VARIABLES, "akv_hosts": ",".join(clusters)}).check()
        assert elsewhere.vaults() == []
        assert [vault["configuration"] for vault in inactive.vaults()] == ["default"]
    assert run.changed() == [TASK, TASK]
    assert "nothing to delete" in run.fact("akv_disable_result", "other")["msg"]


def test_the_clusters_own_is_left_to_ontap(roles: Roles) -> None:
    variables = {"akv_scope": "cluster", "akv_disable_name": NAME}
    scenario = {"vaults": [{"scope": "cluster"}], "volumes": [VOLUME]}
    with Simulator(release="9.7", scenario=scenario) as simulator:
        run = roles.play("disable", {"cluster1": simulator.connection}, variables)
        assert len(simulator.vaults()) == 1
    (message,) = run.failures()
    assert "65536867" in message
    assert "one of these volumes: vol1." in run.output
    assert run.fact("akv_disable_result", "cluster1")["outcome"] == "unchanged"


def test_an_approved_plan_that_moved_on_one_cluster_changes_none(roles: Roles) -> None:
    scenario = {"vaults": [VAULT]}
    with Simulator(release="9.14.1", scenario=scenario) as one, Simulator(release="9.14.1", scenario=scenario) as two:
        clusters = {"cluster1": one.connection, "cluster2": two.connection}
        variables = {**VARIABLES, "akv_hosts": "cluster1,cluster2", "akv_require_plan": "true"}
        planned = roles.play("disable", clusters, variables, "--check", ANSIBLE_SHOW_CUSTOM_STATS="true").check()
        (plan,) = set(re.findall(r"fleet-[0-9a-f]{32}", planned.output))
        # Handed on once, and not joined host by host.
        assert re.findall(r"akv_expected_plan: *(\S*)", planned.output) == [plan]
        assert "cluster2  delete: The " in planned.output

        options = {"svm": "vs0", "proxy_type": "http", "proxy_host": "proxy.example.com", "proxy_port": 8080}
        assert call("akv_config", two.connection, options)[0]["operation"] == "update"
        with assert_changes_nothing(one), assert_changes_nothing(two):
            stopped = roles.play("disable", clusters, {**variables, **planned.handed_on()})
        assert stopped.code == 2
        assert len(stopped.failures()) == 2
        assert all(f"expected was {plan}" in message for message in stopped.failures())
        # What differs, and nothing else.
        assert all("cluster2  approved: delete: " in message for message in stopped.failures())
        assert not any("cluster1" in message for message in stopped.failures())
