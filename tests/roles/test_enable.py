# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role akv_enable, through its playbook: an estate of several clusters, its drift job, and what stops it."""

from __future__ import annotations

import json
from pathlib import Path

from integration.running import Values, seen
from roles.playing import DEAD, Connection, Roles, assert_changes_nothing, assert_readable

from simulator import Simulator

URI = "https://mykeyvault.vault.azure.net/"
SHARED: Values = {"akv_client_id": "client1", "akv_tenant_id": "tenant1", "akv_client_secret": "the~Secret8Q"}
VOLUME: Values = {"svm": "vs0", "name": "vol1", "encrypted": True}
LIST = "/api/security/azure-key-vaults"


def entry(svm: str, **more: object) -> Values:
    return {"svm": svm, "name": URI, "key_id": f"{URI}keys/{svm}", **more}


def host(simulator: Simulator, **variables: object) -> Connection:
    return {**simulator.connection, "variables": variables}


def test_an_estate(roles: Roles, tmp_path: Path) -> None:
    """Predicted, created as approved, unchanged in one request a cluster; a third has a single configuration."""
    vaults = [{"svm": "vs1"}, {"svm": "vs0", "configuration": "green"}]
    with (
        Simulator(release="9.7", scenario={"svms": [{"name": "vs0"}, {"name": "vs1"}]}) as one,
        Simulator(release="9.19.1", scenario={"vaults": [{"svm": "vs1"}]}) as two,
        Simulator(release="9.14.1", scenario={"vaults": vaults}) as three,
    ):
        single = {
            "akv_svm": "vs0",
            "akv_enable_name": URI,
            "akv_enable_key_id": f"{URI}keys/vs0",
            "akv_enable_configuration": "blue",
            "akv_enable_proxy_type": "http",
            "akv_enable_proxy_host": "proxy.example.com",
            "akv_enable_proxy_port": "8080",
            "akv_enable_proxy_username": "robot",
            "akv_enable_proxy_password": "the-proxy-password",
            "akv_enable_port": 8443,
        }
        # Someone else's variable, which no task needs.
        unused = {"of_others": f"{{{{ lookup('ansible.builtin.pipe', 'touch {tmp_path}/evaluated') }}}}"}
        clusters = {
            "one": host(one, akv_configurations=[entry("vs0"), entry("vs1")], **unused),
            "two": host(two, akv_configurations=[entry("vs0")]),
            "three": host(three, **single),
        }
        with assert_changes_nothing(one), assert_changes_nothing(two), assert_changes_nothing(three):
            predicted = roles.play("enable", clusters, SHARED, "--check", "--diff").check()
        done = roles.play("enable", clusters, {**SHARED, **predicted.handed_on()}).check()
        for run in (predicted, done):
            results = {name: run.fact("akv_enable_result", name) for name in clusters}
            assert [result["outcome"] for result in results.values()] == ["changed"] * 3
            assert [len(result["results"]) for result in results.values()] == [2, 1, 1]
            assert [entry["svm"]["name"] for entry in results["two"]["undeclared"]] == ["vs1"]
            assert (results["three"]["operation"], results["three"]["changed"]) == ("create", True)
            assert {check["status"] for check in results["two"]["preflight"]} <= {"ok", "warning", "unknown"}
        assert "Not declared, and left unchanged: vs1." in done.output
        assert [vault["svm"] for vault in one.vaults()] == ["vs0", "vs1"]
        assert [vault["svm"] for vault in two.vaults()] == ["vs0", "vs1"]
        blue = next(vault for vault in three.vaults() if vault["configuration"] == "blue")
        assert (blue["proxy_host"], blue["proxy_port"], blue["port"], blue["enabled"]) == (
            *("proxy.example.com", 8080),
            *(8443, False),
        )
        assert one.secret_of(one.vaults()[0]["uuid"]) == SHARED["akv_client_secret"]

        before = {simulator: len(seen(simulator)) for simulator in (one, two)}
        drift = {**SHARED, "akv_enable_fail_on_drift": True}
        again = roles.play("enable", clusters, drift, "--check", "--diff").check()
        assert again.changed() == []
        # A task takes a worker for each host, even if it is skipped: here those that have undeclared configurations.
        assert {task.host for task in again.tasks if "Stop if" in task.name} == {"two", "three"}
        assert list(tmp_path.iterdir()) == []
        for simulator, count in before.items():
            assert [(request["method"], request["path"]) for request in seen(simulator)[count:]] == [("GET", LIST)]


def test_what_a_server_writes_is_never_a_template(roles: Roles, tmp_path: Path) -> None:
    """Neither after the role nor in a later play, which has the result of a role that was included too."""
    book = tmp_path / "book.yml"
    shown = {"name": "Now", "ansible.builtin.debug": {"msg": "{{ akv_enable_result.undeclared }}"}}
    of_host = "{{ hostvars['cluster1'].akv_enable_result.undeclared }}"
    later = {"name": "Later", "ansible.builtin.debug": {"msg": of_host}}
    enable = {"ansible.builtin.include_role": {"name": "ontap.akv.akv_enable"}}
    defaults = {"group/ontap.akv.akv": "{{ lookup('ontap.akv.playbook', 'connection') }}"}
    play = {"hosts": "all", "gather_facts": False, "connection": "local", "module_defaults": defaults}
    book.write_text(json.dumps([{**play, "tasks": [enable, shown]}, {**play, "tasks": [later]}]), encoding="utf-8")
    odd = "{{ 1 + 1 }}"
    vaults = [{**entry("vs0"), "client_id": "client1", "tenant_id": "tenant1"}, {"svm": odd}]
    scenario = {"svms": [{"name": "vs0"}, {"name": odd}], "vaults": vaults}
    with Simulator(release="9.14.1", scenario=scenario) as simulator:
        clusters = {"cluster1": host(simulator, akv_configurations=[entry("vs0")])}
        run = roles.play(book, clusters, SHARED).check()
    assert [record["svm"]["name"] for name in ("Now", "Later") for record in run[name]["msg"]] == [odd, odd]


def test_a_drift_job(roles: Roles) -> None:
    """It fails for a cluster that differs and for one that cannot be read, and changes nothing."""
    healthy = {**entry("vs0"), "client_id": "client1", "tenant_id": "tenant1"}
    with (
        Simulator(release="9.14.1", scenario={"vaults": [{**healthy, "client_id": "client9"}]}) as differs,
        Simulator(release="9.14.1", scenario={"vaults": [healthy]}) as same,
        assert_changes_nothing(differs),
        assert_changes_nothing(same),
    ):
        estate = {"akv_configurations": [entry("vs0")]}
        clusters = {
            "differs": host(differs, **estate),
            "same": host(same, **estate),
            "dead": {**DEAD, "variables": estate},
        }
        run = roles.play("enable", clusters, {**SHARED, "akv_enable_fail_on_drift": True}, "--diff")
    assert run.code == 2
    failed = {task.host: task.result["msg"] for task in run.tasks if task.status == "failed"}
    assert failed.keys() == {"differs", "dead"}
    assert "1 of 1 AKV configurations on differs differ from what is declared: vs0. Nothing was changed." in str(failed)
    assert "refused the connection" in failed["dead"]
    assert_readable(run)


def test_a_warning_of_the_reading_is_shown(roles: Roles) -> None:
    """The task that reads has no_log, for which Ansible up to 2.18 hides warnings."""
    used, declared = (f"{URI}keys/vs0/{digit * 32}" for digit in "01")
    vault = {**entry("vs0", key_id=used), "client_id": "client1", "tenant_id": "tenant1"}
    with Simulator(release="9.14.1", scenario={"vaults": [vault]}) as simulator:
        clusters = {"cluster1": host(simulator, akv_configurations=[entry("vs0", key_id=declared)])}
        run = roles.play("enable", clusters, SHARED).check()
    assert "Drop the version from key_id" in " ".join(run.output.split())


def test_what_is_missing_on_the_cluster_stops_it(roles: Roles) -> None:
    scenarios: dict[str, tuple[Values, Values, list[str]]] = {
        "node": ({"nodes": [{"name": "a", "state": "down"}, {"name": "b"}]}, {}, ["nodes: ", "a is down"]),
        "license": ({"licenses": ["ve"]}, {}, ["licenses: ", "MTEKM", "akv_enable_preflight: false"]),
        "svm": ({"svms": [{"name": "vs1"}]}, {}, ["SVM vs0 does not exist", "vs1"]),
        "volumes": ({"volumes": [VOLUME]}, {}, ["encrypted_volumes: ", "akv_enable_allow_encrypted_volumes: true"]),
        "ontap": ({"cluster": {"metrocluster": True}}, {"akv_enable_preflight": "no"}, ["65537506"]),
        # As the way from the onboard key manager to AKV begins: ONTAP decides.
        "onboard": (
            {"volumes": [VOLUME], "key_managers": [{"type": "onboard", "scope": "cluster"}]},
            {"akv_enable_allow_encrypted_volumes": True},
            ["65537505"],
        ),
        "allowed": ({"volumes": [VOLUME]}, {"akv_enable_allow_encrypted_volumes": "yes"}, []),
    }
    simulators = {
        name: Simulator(release="9.14.1", scenario=scenario)
        for name, (scenario, _variables, _says) in scenarios.items()
    }
    try:
        clusters = {
            name: host(simulators[name].__enter__(), akv_configurations=[entry("vs0")], **variables)
            for name, (_scenario, variables, _says) in scenarios.items()
        }
        # Its reading fails before it has begun.
        first = {**DEAD, "password": "{{ no_such }}", "variables": {"akv_configurations": [entry("vs0")]}}
        clusters = {"login": first, "refused": {**DEAD, "variables": {"akv_configurations": []}}, **clusters}
        names = list(clusters)
        results = (
            "{{ query('ansible.builtin.items', " + repr(names) + ") | map('extract', hostvars, 'akv_enable_result') }}"
        )
        show = {"name": "Show the results", "ansible.builtin.debug": {"msg": results}}
        enable = {"name": "Enable", "ansible.builtin.import_playbook": "ontap.akv.enable", "vars": {"akv_hosts": names}}
        later = {"name": "Later", "hosts": "allowed", "gather_facts": False, "tasks": [show]}
        run = roles.play(roles.ansible.write("book.yml", [enable, later]), clusters, SHARED)
        assert [name for name, simulator in simulators.items() if simulator.vaults()] == ["allowed"]
        methods = {name: {seen["method"] for seen in simulator.requests} for name, simulator in simulators.items()}
        assert [name for name in methods if "POST" in methods[name]] == ["onboard", "allowed"]
    finally:
        for simulator in simulators.values():
            simulator.__exit__(None, None, None)
    assert run.code == 2
    assert "akv_password: cannot be evaluated: 'no_such' is undefined" in " ".join(run.output.split())
    failed = {task.host: task.result.get("msg", "") for task in run.tasks if task.status == "failed"}
    assert {"login", "refused"} <= failed.keys()
    assert [name for name, result in zip(names, run["Show the results"]["msg"]) if not result["failed"]] == ["allowed"]
    for name, (_scenario, _variables, says) in scenarios.items():
        assert [part for part in says if part not in failed.get(name, "")] == [], failed


def test_a_cluster_with_a_malformed_estate_lets_no_other_act_without_the_approved_plan(roles: Roles) -> None:
    with Simulator(release="9.14.1") as simulator, assert_changes_nothing(simulator):
        clusters = {
            "bad": {**DEAD, "variables": {"akv_configurations": []}},
            "good": host(simulator, akv_configurations=[entry("vs0")]),
        }
        run = roles.play("enable", clusters, {**SHARED, "akv_expected_plan": "fleet-of-yesterday"})
    failed = {task.host: str(task.result["msg"]) for task in run.tasks if task.status == "failed"}
    assert "the list is empty" in failed["bad"]
    assert "expected was fleet-of-yesterday" in failed["good"]


def test_nothing_is_sent_if_the_estate_is_malformed(roles: Roles) -> None:
    estates: dict[str, tuple[object, str]] = {
        "undefined": (
            [entry("vs0"), entry("vs1", client_secret="{{ secret_vs1 }}")],
            "client_secret in the entry of SVM vs1",
        ),
        "twice": ([entry("vs0"), entry("vs0")], "SVM vs0: declared twice"),
        "key": ([entry("vs0", keyid="x")], "SVM vs0: keyid is not an option. Did you mean key_id"),
        "text": ("vs0", "akv_configurations: is text, not a list"),
        "empty": ([], "akv_configurations: the list is empty"),
    }
    clusters = {
        name: {**DEAD, "variables": {"akv_configurations": estate}} for name, (estate, _says) in estates.items()
    }
    run = roles.play("enable", clusters, SHARED)
    assert run.code == 2
    assert list(run.modules()) == []
    failed = {task.host: task.result["msg"] for task in run.tasks if task.status == "failed"}
    assert {name: says for name, (_estate, says) in estates.items() if says not in failed[name]} == {}, failed
    assert SHARED["akv_client_secret"] not in run.output
