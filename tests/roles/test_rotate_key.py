# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role akv_rotate_key, through its playbook: rekey and blue/green, the soak, the rollback.

What is refused, and what follows from which step: tests/unit/plugins/module_utils/_akv/test_key_rotation.py.
"""

from __future__ import annotations

import contextlib
import re
import typing as t

import pytest
from integration.running import Run, Values
from roles.playing import Roles, assert_changes_nothing, assert_readable

from simulator import Simulator

KEY1, KEY2 = (f"https://mykeyvault.vault.azure.net/keys/{name}" for name in ("key1", "key2"))
OTHER = "https://othervault.vault.azure.net/keys/key1"
QUICK: Values = {"akv_rotate_key_soak": 1, "akv_rotate_key_soak_interval": 1, "akv_rotate_key_wait_timeout": 10}
REKEY: Values = {**QUICK, "akv_svm": "vs0", "akv_rotate_key_key_id": KEY2}
SECRET = "secret-of-client1"
SWITCH: Values = {**REKEY, "akv_rotate_key_configuration": "green", "akv_client_secret": SECRET}


def scenario(*vaults: Values, **more: t.Any) -> Values:
    """vs0 with key1 and an encrypted volume; two applications, and keys in two key vaults."""
    return {
        "svms": [{"name": "vs0"}, {"name": "vs1"}],
        "vaults": list(vaults or [{"svm": "vs0", "key_id": KEY1, "client_secret": SECRET}]),
        "volumes": [{"svm": "vs0", "name": "vol1", "encrypted": True}],
        "azure": {
            "applications": [
                {"client_id": "client1", "tenant_id": "tenant1", "secrets": [SECRET]},
                {"client_id": "client2", "tenant_id": "tenant2", "secrets": ["secret-of-client2"]},
            ],
            "keys": [{"key_id": key} for key in (KEY1, KEY2, OTHER)],
        },
        **more,
    }


def play(roles: Roles, simulator: Simulator, variables: Values, *arguments: str) -> tuple[Run, Values]:
    run = roles.play("rotate_key", {"cluster1": simulator.connection}, variables, *arguments)
    assert_readable(run)
    return run, run.fact("akv_rotate_key_result", "cluster1")


def keys(simulator: Simulator) -> dict[str, str]:
    """The key of each configuration; the one in use in capitals."""
    found = {}
    for vault in simulator.vaults():
        name = vault.get("configuration", "default")
        found[name.upper() if vault.get("enabled", True) else name] = vault["key_id"]
    return found


def test_rekey_and_back(roles: Roles) -> None:
    """Of an SVM in place, on a release with jobs, and of the cluster; again and check mode: test_life.py."""
    vault = {"scope": "cluster", "key_id": KEY1, "client_secret": SECRET}
    with (
        Simulator(release="9.8", scenario=scenario()) as old,
        Simulator(release="9.19.1", scenario=scenario()) as new,
        Simulator(release="9.14.1", scenario=scenario(vault)) as whole,
    ):
        clusters = {
            "old": old.connection,
            "new": new.connection,
            "whole": {**whole.connection, "variables": {"akv_svm": "", "akv_scope": "cluster"}},
        }
        given = {name: value for name, value in REKEY.items() if name != "akv_svm"}
        for name in ("old", "new"):
            clusters[name] = {**clusters[name], "variables": {"akv_svm": "vs0"}}
        run = roles.play("rotate_key", clusters, given)
        assert run.code == 0, run.output
        assert_readable(run)
        for name, simulator in (("old", old), ("new", new), ("whole", whole)):
            result = run.fact("akv_rotate_key_result", name)
            assert keys(simulator) == {"DEFAULT": KEY2}
            assert (result["changed"], result["outcome"], result["method"]) == (True, "changed", "rekey")
            assert (result["failed"], result["rollback"]) == (False, "none")
        assert result["msg"].startswith("The cluster on whole has key")
        result = run.fact("akv_rotate_key_result", "new")
        assert result["msg"].startswith(f"SVM vs0 on new has key {KEY2} now, and is healthy. Keep the previous key")
        assert (result["before"]["key_id"].startswith(KEY1), result["after"]["key_id"].startswith(KEY2)) == (True, True)

        run, back = play(roles, new, {**REKEY, **result["rollback_variables"]})
        assert (run.code, back["changed"]) == (0, True)
        assert [key.startswith(KEY1) for key in keys(new).values()] == [True]


def test_blue_green_back_and_the_end(roles: Roles) -> None:
    with Simulator(release="9.14.1", scenario=scenario()) as simulator:
        run, result = play(roles, simulator, SWITCH)
        assert run.code == 0
        assert keys(simulator) == {"default": KEY1, "GREEN": KEY2}
        assert (result["changed"], result["outcome"], result["method"]) == (True, "changed", "blue_green")
        assert result["after"]["configuration"]["name"] == "green"
        assert "akv_rotate_key_configuration=default" in result["msg"]

        # The previous configuration still has its credential.
        run, back = play(roles, simulator, {**REKEY, **result["rollback_variables"]})
        assert (run.code, back["changed"]) == (0, True)
        assert keys(simulator) == {"DEFAULT": KEY1, "green": KEY2}

        delete = {**REKEY, "akv_rotate_key_key_id": KEY1, "akv_rotate_key_delete_previous": "green"}
        run, result = play(roles, simulator, delete)
        assert (run.code, result["changed"]) == (0, True)
        assert result["msg"].endswith("already, and is healthy. The AKV configuration of SVM vs0 (green) was deleted.")
        assert keys(simulator) == {"DEFAULT": KEY1}


def test_another_vault_and_application_in_one_go(roles: Roles) -> None:
    """What is not given is as in the configuration in use: the proxy."""
    proxy = {"proxy_type": "http", "proxy_host": "proxy.example.com", "proxy_port": 8080}
    vault = {"svm": "vs0", "key_id": KEY1, "client_secret": SECRET, **proxy}
    given = {
        **SWITCH,
        "akv_rotate_key_key_id": OTHER,
        "akv_client_id": "client2",
        "akv_tenant_id": "tenant2",
        "akv_client_secret": "secret-of-client2",
        "akv_rotate_key_delete_previous": "default",
    }
    with Simulator(release="9.16.1", scenario=scenario(vault)) as simulator:
        with assert_changes_nothing(simulator):
            predicted, foretold = play(roles, simulator, given, "--check", "--diff")
        assert (predicted.code, foretold["changed"]) == (0, True)
        assert foretold["msg"] == f"SVM vs0 on cluster1 would get key {OTHER} (blue_green)."
        run, result = play(roles, simulator, given)
        assert (run.code, result["rollback_variables"]) == (0, {})
        (made,) = simulator.vaults()
        assert (
            made.items()
            >= {
                "configuration": "green",
                "name": "https://othervault.vault.azure.net/",
                "key_id": OTHER,
                "client_id": "client2",
                "tenant_id": "tenant2",
                **proxy,
            }.items()
        )
        assert simulator.secret_of(made["uuid"]) == "secret-of-client2"


@pytest.mark.parametrize("given", [REKEY, SWITCH], ids=["rekey", "blue_green"])
def test_a_key_that_turns_bad_in_the_soak(given: Values, roles: Roles) -> None:
    """Azure takes the new key away while the AKV configuration is watched."""
    with Simulator(release="9.14.1", scenario=scenario()) as simulator:
        forbidden = {"forbid_key": {"key_id": KEY2}}
        is_new = {"method": "GET", "path": "/api/security/azure-key-vaults", "nth": 8}
        simulator.apply([{"add_fault": {"match": is_new, "events": [forbidden]}}])
        run, result = play(roles, simulator, {**given, "akv_rotate_key_soak": 60})
        assert run.code == 2
        assert (result["failed"], result["changed"], result["outcome"]) == (True, True, "changed")
        assert run.failures()[-1] == result["msg"]
        assert "It was rolled back to the previous key." in result["msg"]
        assert (result["rollback"], result["after"]["verdict"], result["rollback_variables"]) == ("done", "healthy", {})
        assert [key.startswith(KEY1) for name, key in keys(simulator).items() if name.isupper()] == [True]


REFUSED: Values = {"code": 65537540, "status": 400}


def test_a_refused_credential_stops_the_switch(roles: Roles) -> None:
    """A green that an interrupted run has created is never switched to after ONTAP refused its credential."""
    vaults = [
        {"svm": "vs0", "key_id": KEY1, "client_secret": SECRET},
        {"svm": "vs0", "configuration": "green", "key_id": KEY2, "client_secret": SECRET},
    ]
    with Simulator(release="9.16.1", scenario=scenario(*vaults)) as simulator:
        run, result = play(roles, simulator, {**SWITCH, "akv_client_secret": "wrong"})
        assert run.code == 2
        assert keys(simulator) == {"DEFAULT": KEY1, "green": KEY2}
        sent = [request["path"] for request in simulator.requests if request["method"] == "PATCH"]
        assert [path for path in sent if "key-stores" in path] == []
        assert len(sent) == 1
    assert (result["failed"], result["changed"], result["rollback"]) == (True, False, "none")
    assert "65537540" in result["msg"]
    assert run.failures() == [result["msg"]]


def test_a_refused_rekey_is_not_watched(roles: Roles) -> None:
    with Simulator(release="9.14.1", scenario=scenario()) as simulator:
        rekey = {"method": "POST", "path": "*/rekey-external"}
        simulator.apply([{"add_fault": {"match": rekey, "error": REFUSED}}])
        run, result = play(roles, simulator, REKEY)
        assert keys(simulator) == {"DEFAULT": KEY1}
    assert (run.code, result["changed"], result["rollback"]) == (2, False, "none")
    assert "65537540" in result["msg"]
    assert [task.status for task in run.tasks if task.name.endswith("has polled Azure with the new key")] == ["skipped"]


def test_a_refused_rollback_says_so(roles: Roles) -> None:
    with Simulator(release="9.14.1", scenario=scenario()) as simulator:
        is_new = {"method": "GET", "path": "/api/security/azure-key-vaults", "nth": 8}
        rekey = {"method": "POST", "path": "*/rekey-external", "nth": 2}
        simulator.apply(
            [
                {"add_fault": {"match": is_new, "events": [{"forbid_key": {"key_id": KEY2}}]}},
                {"add_fault": {"match": rekey, "error": REFUSED}},
            ]
        )
        run, result = play(roles, simulator, {**REKEY, "akv_rotate_key_soak": 60})
    assert (run.code, result["rollback"], result["after"]["verdict"]) == (2, "failed", "degraded")
    assert "It could not be rolled back to the previous key: " in result["msg"]
    assert "65537540" in result["msg"]


def test_a_refused_deletion_is_a_failure(roles: Roles) -> None:
    with Simulator(release="9.14.1", scenario=scenario()) as simulator:
        deletion = {"method": "DELETE", "path": "/api/security/key-stores/*"}
        simulator.apply([{"add_fault": {"match": deletion, "error": REFUSED}}])
        run, result = play(roles, simulator, {**SWITCH, "akv_rotate_key_delete_previous": "default"})
        assert keys(simulator) == {"default": KEY1, "GREEN": KEY2}
    assert (run.code, result["failed"], result["changed"]) == (2, True, True)
    assert "65537540" in result["msg"]
    assert result["rollback_variables"]["akv_rotate_key_configuration"] == "default"


def test_a_switch_that_was_interrupted(roles: Roles) -> None:
    """Without a secret: what the interrupted run has made has it."""
    vaults = [
        {"svm": "vs0", "key_id": KEY1, "client_secret": SECRET},
        {"svm": "vs0", "configuration": "green", "key_id": KEY2, "client_secret": SECRET},
    ]
    with Simulator(release="9.16.1", scenario=scenario(*vaults)) as simulator:
        simulator.apply([{"key_store_state": {"svm": "vs0", "state": "switching"}}])
        run, result = play(roles, simulator, {**SWITCH, "akv_client_secret": ""})
        assert (run.code, result["changed"]) == (0, True)
        assert keys(simulator) == {"default": KEY1, "GREEN": KEY2}


def test_interrupted_in_the_soak_and_run_again(roles: Roles) -> None:
    with Simulator(release="9.14.1", scenario=scenario()) as simulator:
        variables = {**SWITCH, "akv_rotate_key_soak": 600}
        with roles.start("rotate_key", {"cluster1": simulator.connection}, variables) as running:
            running.wait_until(lambda: "GREEN" in keys(simulator))
        run, result = play(roles, simulator, SWITCH)
        assert (run.code, result["changed"], result["after"]["verdict"]) == (0, False, "healthy")
        assert keys(simulator) == {"default": KEY1, "GREEN": KEY2}


def test_what_goes_wrong_on_one_cluster_stops_all(roles: Roles) -> None:
    with (
        Simulator(release="9.14.1", scenario=scenario(events=[{"forbid_key": {"key_id": KEY2}}])) as one,
        Simulator(release="9.14.1", scenario=scenario()) as two,
        assert_changes_nothing(two),
    ):
        run = roles.play("rotate_key", {"one": one.connection, "two": two.connection}, REKEY)
        assert run.code == 2
        assert keys(one) == {"DEFAULT": KEY1}


def fleet_of(number: int) -> t.Any:
    stack = contextlib.ExitStack()
    return stack, {
        f"c{count}": stack.enter_context(Simulator(release="9.14.1", scenario=scenario())) for count in range(number)
    }


def test_exactly_the_plan_that_was_approved(roles: Roles) -> None:
    """Check mode hands the fleet's plan on; with another plan, or none, nothing is sent to any cluster."""
    stack, clusters = fleet_of(2)
    with stack:
        hosts = {name: simulator.connection for name, simulator in clusters.items()}
        with contextlib.ExitStack() as unchanged:
            for simulator in clusters.values():
                unchanged.enter_context(assert_changes_nothing(simulator))
            checked = roles.play("rotate_key", hosts, REKEY, "--check", ANSIBLE_SHOW_CUSTOM_STATS="1")
            assert checked.code == 0, checked.output
            handed_on = re.findall(r'akv_expected_plan: *"?(fleet-[0-9a-f]+)', checked.output)
            assert len(set(handed_on)) == 1, checked.output
            plan = handed_on[0]
            assert checked.output.count(f"Plan of 2 of 2 clusters: {plan}.") == 1
            assert "c1  rekey: SVM vs0 on c1 would get key" in checked.output
            required = {**REKEY, "akv_require_plan": True}
            for given in ({}, {"akv_expected_plan": plan, "akv_rotate_key_key_id": OTHER}):
                run = roles.play("rotate_key", hosts, {**required, **given})
                assert run.code == 2
                assert any("Nothing was sent" in failure for failure in run.failures()), run.failures()
                assert_readable(run)
        run = roles.play("rotate_key", hosts, {**required, "akv_expected_plan": plan})
        assert run.code == 0, run.output
        assert [keys(simulator) for simulator in clusters.values()] == [{"DEFAULT": KEY2}] * 2


def test_a_plan_that_moved_on_the_second_cluster_changes_nothing_on_the_first(roles: Roles) -> None:
    """As little as one that cannot be read: test_all.py."""
    stack, clusters = fleet_of(2)
    with stack, assert_changes_nothing(clusters["c0"]):
        hosts: dict[str, t.Any] = {name: simulator.connection for name, simulator in clusters.items()}
        checked = roles.play("rotate_key", hosts, REKEY, "--check", ANSIBLE_SHOW_CUSTOM_STATS="1")
        given = {**REKEY, "akv_expected_plan": re.findall(r"fleet-[0-9a-f]+", checked.output)[-1]}
        another = {"client_id": "client2", "tenant_id": "tenant2", "client_secret": "secret-of-client2"}
        vault = {"svm": "vs0", "key_id": KEY1, **another}
        clusters["c1"].apply([{"delete_vault": {"svm": "vs0"}}, {"create_vault": vault}])
        run = roles.play("rotate_key", hosts, given)
        assert run.code == 2, run.output
