# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role rotate_key, through its playbook: rekey and blue/green, the soak, the way back, and who is refused."""

from __future__ import annotations

import json
import os
import signal
import time
import typing as t

import pytest
from integration.canaries import Canary, Watch
from integration.running import Values
from roles.playing import RoleRun, Roles, assert_changes_nothing

from simulator import Simulator

KEY1, KEY2 = (f"https://mykeyvault.vault.azure.net/keys/{name}" for name in ("key1", "key2"))
OTHER = "https://othervault.vault.azure.net/keys/key1"
QUICK: Values = {"akv_rotate_key_soak": 1, "akv_rotate_key_soak_interval": 1, "akv_rotate_key_wait_timeout": 10}
REKEY: Values = {**QUICK, "akv_svm": "vs0", "akv_rotate_key_key_id": KEY2}
SECRET = "secret-of-client1"
SWITCH: Values = {**REKEY, "akv_rotate_key_configuration": "green", "akv_client_secret": SECRET}


def scenario(*vaults: Values, **more: t.Any) -> Values:
    """vs0 with key1 and an encrypted volume; two applications, and keys in two vaults of Azure."""
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


def play(roles: Roles, simulator: Simulator, variables: Values, *arguments: str) -> tuple[RoleRun, Values]:
    run = roles.play("rotate_key", {"cluster1": simulator.connection}, variables, *arguments)
    return run, run.fact("akv_rotate_key_result", "cluster1")


def keys(simulator: Simulator) -> dict[str, str]:
    """The key of each configuration; the one in use in capitals."""
    found = {}
    for vault in simulator.vaults():
        name = vault.get("configuration", "default")
        found[name.upper() if vault.get("enabled", True) else name] = vault["key_id"]
    return found


@pytest.mark.parametrize("release", ["9.8", "9.10.1", "9.11.1", "9.19.1"])
def test_rekey_and_back(release: str, roles: Roles) -> None:
    with Simulator(release=release, scenario=scenario()) as simulator:
        with assert_changes_nothing(simulator):
            predicted, foretold = play(roles, simulator, REKEY, "--check", "--diff")
        assert (predicted.code, foretold["changed"]) == (0, True)
        assert foretold["msg"] == f"SVM vs0 on cluster1 would get key {KEY2} (rekey)."

        run, result = play(roles, simulator, REKEY)
        assert run.code == 0
        assert keys(simulator) == {"DEFAULT": KEY2}
        assert (result["changed"], result["outcome"], result["method"]) == (True, "changed", "rekey")
        assert (result["failed"], result["put_back"]) == (False, "none")
        assert result["msg"].startswith(f"SVM vs0 on cluster1 has key {KEY2} now, and is healthy. Keep the former key")
        assert (result["before"]["key_id"].startswith(KEY1), result["after"]["key_id"].startswith(KEY2)) == (True, True)
        assert predicted.changed() == run.changed()

        with assert_changes_nothing(simulator):
            run, again = play(roles, simulator, REKEY)
        assert (run.code, again["changed"], again["way_back"]) == (0, False, {})
        assert again["msg"] == f"SVM vs0 on cluster1 has key {KEY2} already, and is healthy."

        run, back = play(roles, simulator, {**REKEY, **result["way_back"]})
        assert (run.code, back["changed"]) == (0, True)
        assert [key.startswith(KEY1) for key in keys(simulator).values()] == [True]


def test_blue_green_back_and_the_end(roles: Roles) -> None:
    with Simulator(release="9.14.1", scenario=scenario()) as simulator:
        with assert_changes_nothing(simulator):
            predicted, foretold = play(roles, simulator, SWITCH, "--check", "--diff")
        assert (predicted.code, foretold["changed"]) == (0, True)
        assert foretold["msg"] == f"SVM vs0 on cluster1 would get key {KEY2} (blue_green)."

        run, result = play(roles, simulator, SWITCH)
        assert run.code == 0
        assert keys(simulator) == {"default": KEY1, "GREEN": KEY2}
        assert (result["changed"], result["outcome"], result["method"]) == (True, "changed", "blue_green")
        assert result["after"]["configuration"]["name"] == "green"
        assert "akv_rotate_key_configuration=default" in result["msg"]
        with assert_changes_nothing(simulator):
            run, again = play(roles, simulator, SWITCH)
        assert (run.code, again["changed"]) == (0, False)

        # The former configuration has its credential still.
        run, back = play(roles, simulator, {**REKEY, **result["way_back"]})
        assert (run.code, back["changed"]) == (0, True)
        assert keys(simulator) == {"DEFAULT": KEY1, "green": KEY2}

        delete = {**REKEY, "akv_rotate_key_key_id": KEY1, "akv_rotate_key_delete_previous": "green"}
        with assert_changes_nothing(simulator):
            _run, foretold = play(roles, simulator, delete, "--check")
        assert foretold["changed"] is True
        run, result = play(roles, simulator, delete)
        assert (run.code, result["changed"]) == (0, True)
        assert result["msg"].endswith("already, and is healthy. The vault of SVM vs0 (green) was deleted.")
        assert keys(simulator) == {"DEFAULT": KEY1}


def test_another_vault_and_application_in_one_go(roles: Roles) -> None:
    """What is not told is as in the configuration in use: the proxy."""
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
            predicted, _foretold = play(roles, simulator, given, "--check")
        assert predicted.code == 0
        run, result = play(roles, simulator, given)
        assert (run.code, result["way_back"]) == (0, {})
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


REFUSED = "1200 s after the change: how often ONTAP polls Azure could not be read. It is taken as every 15 minutes"


@pytest.mark.parametrize(
    ("release", "access", "soak", "why"),
    [
        ("9.9.1", "readonly", "", "1200 s after the change: ONTAP polls Azure every 15 minutes, and 5 more."),
        ("9.14.1", "readonly", "", "2100 s after the change: ONTAP polls Azure every 30 minutes, and 5 more."),
        ("9.14.1", "readonly", "7", "7 s after the change: akv_rotate_key_soak says so."),
        ("9.14.1", "none", None, REFUSED),
    ],
    ids=["9.9.1", "9.14.1", "given", "a login that may not"],
)
def test_it_soaks_for_a_polling_interval_and_5_minutes(
    release: str, access: str, soak: str | None, why: str, roles: Roles
) -> None:
    may = ("security/azure-key-vaults", "all"), ("security/key-manager-configs", access), ("cluster", "readonly")
    more = {
        "cluster": {"health_monitor": {"polling_interval": 30}},
        "users": [{"name": "admin", "password": "the-password", "role": "rotator"}],
        "roles": {"rotator": [{"api": f"/api/{path}", "access": level} for path, level in may]},
    }
    with Simulator(release=release, scenario=scenario(**more)) as simulator, assert_changes_nothing(simulator):
        run, _result = play(roles, simulator, {**REKEY, "akv_rotate_key_soak": soak}, "--check")
        assert run.code == 0
        assert f"SVM vs0 on cluster1 would be watched for {why}" in " ".join(run.output.split())


@pytest.mark.parametrize("given", [REKEY, SWITCH], ids=["rekey", "blue_green"])
@pytest.mark.parametrize("put_back", [True, False])
def test_a_key_that_turns_bad_in_the_soak(given: Values, put_back: bool, roles: Roles) -> None:
    """Azure takes the new key away while the vault is watched."""
    with Simulator(release="9.14.1", scenario=scenario()) as simulator:
        forbidden = {"forbid_key": {"key_id": KEY2}}
        is_new = {"method": "GET", "path": "/api/security/azure-key-vaults", "nth": 8}
        simulator.apply([{"add_fault": {"match": is_new, "events": [forbidden]}}])
        run, result = play(roles, simulator, {**given, "akv_rotate_key_soak": 60, "akv_rotate_key_rollback": put_back})
        assert run.code == 2
        assert (result["failed"], result["changed"], result["outcome"]) == (True, True, "changed")
        assert run.failures()[-1] == result["msg"]
        way = "blue_green" if "akv_rotate_key_configuration" in given else "rekey"
        if put_back:
            assert "The former key was put back." in result["msg"]
            assert (result["put_back"], result["after"]["verdict"], result["way_back"]) == ("done", "healthy", {})
            assert [key.startswith(KEY1) for name, key in keys(simulator).items() if name.isupper()] == [True]
        else:
            assert (result["put_back"], result["after"]["verdict"]) == ("none", "degraded")
            assert result["way_back"]["akv_rotate_key_key_id"].startswith(KEY1)
            assert ("akv_rotate_key_configuration" in result["way_back"]) == (way == "blue_green")


@pytest.mark.parametrize("given", [REKEY, SWITCH], ids=["rekey", "blue_green"])
def test_a_key_that_the_application_may_not_use(given: Values, roles: Roles) -> None:
    """ONTAP refuses it: nothing to put back. Repaired and run again, it goes on where it was."""
    with Simulator(release="9.14.1", scenario=scenario()) as simulator:
        simulator.apply([{"forbid_key": {"key_id": KEY2}}])
        run, result = play(roles, simulator, given)
        assert run.code == 2
        assert (result["failed"], result["put_back"], result["way_back"]) == (True, "none", {})
        assert f"It has key {result['before']['key_id']} now, and is healthy." in result["msg"]
        assert keys(simulator)["DEFAULT"] == KEY1
        simulator.apply([{"enable_key": {"key_id": KEY2}}])
        run, result = play(roles, simulator, given)
        assert (run.code, result["after"]["verdict"]) == (0, "healthy")
        assert KEY2 in [key for name, key in keys(simulator).items() if name.isupper()]


def test_a_wrong_secret_and_the_right_one(roles: Roles) -> None:
    with Simulator(release="9.14.1", scenario=scenario()) as simulator:
        run, result = play(roles, simulator, {**SWITCH, "akv_client_secret": "wrong-secret"})
        assert run.code == 2
        assert (result["failed"], result["after"]["key_id"]) == (True, result["before"]["key_id"])
        assert keys(simulator)["DEFAULT"] == KEY1
        run, _result = play(roles, simulator, SWITCH)
        assert run.code == 0
        assert keys(simulator) == {"default": KEY1, "GREEN": KEY2}


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
        with roles.start("rotate_key", {"cluster1": simulator.connection}, variables) as process:
            end = time.monotonic() + 300
            while "GREEN" not in keys(simulator) and time.monotonic() < end:
                time.sleep(0.1)
            os.killpg(process.pid, signal.SIGKILL)
        run, result = play(roles, simulator, SWITCH)
        assert (run.code, result["changed"], result["after"]["verdict"]) == (0, False, "healthy")
        assert keys(simulator) == {"default": KEY1, "GREEN": KEY2}


def test_a_rekey_that_does_not_get_through(roles: Roles) -> None:
    """The connection breaks before ONTAP begins, each time: it is known that nothing has happened."""
    with Simulator(release="9.14.1", scenario=scenario()) as simulator:
        simulator.apply([{"add_fault": {"match": {"method": "POST", "times": 0}, "reset": {}}}])
        run, result = play(roles, simulator, {**REKEY, "akv_rotate_key_wait_timeout": 2})
        assert run.code == 2
        assert (result["failed"], result["put_back"], result["after"]["verdict"]) == (True, "none", "healthy")
        assert result["outcome"] == "unchanged"
        simulator.apply([{"clear_faults": {}}])
        run, _result = play(roles, simulator, REKEY)
        assert (run.code, keys(simulator)) == (0, {"DEFAULT": KEY2})


@pytest.mark.parametrize("given", [REKEY, SWITCH], ids=["rekey", "blue_green"])
def test_a_change_whose_answer_is_lost(given: Values, roles: Roles) -> None:
    with Simulator(release="9.14.1", scenario=scenario()) as simulator:
        lost = {"match": {"method": "POST|PATCH", "times": 2}, "reset": {"when": "after"}}
        simulator.apply([{"add_fault": lost}])
        run, result = play(roles, simulator, given)
        assert (run.code, result["changed"], result["after"]["verdict"]) == (0, True, "healthy")
        assert KEY2 in [key for name, key in keys(simulator).items() if name.isupper()]


def test_the_vault_of_the_cluster(roles: Roles) -> None:
    vault = {"scope": "cluster", "key_id": KEY1, "client_secret": SECRET}
    with Simulator(release="9.14.1", scenario=scenario(vault)) as simulator:
        run, result = play(roles, simulator, {**REKEY, "akv_svm": "", "akv_scope": "cluster"})
        assert run.code == 0
        assert result["msg"].startswith("The cluster on cluster1 has key")
        assert keys(simulator) == {"DEFAULT": KEY2}


def test_what_goes_wrong_on_one_cluster_stops_all(roles: Roles) -> None:
    with (
        Simulator(release="9.14.1", scenario=scenario(events=[{"forbid_key": {"key_id": KEY2}}])) as one,
        Simulator(release="9.14.1", scenario=scenario()) as two,
        assert_changes_nothing(two),
    ):
        run = roles.play("rotate_key", {"one": one.connection, "two": two.connection}, REKEY)
        assert run.code == 2
        assert keys(one) == {"DEFAULT": KEY1}


LACKING = {"svm": "vs0", "key_id": KEY1, "client_secret": SECRET, "keys_missing_on": ["node1"]}


def test_an_unhealthy_vault_is_refused(roles: Roles) -> None:
    with Simulator(release="9.14.1", scenario=scenario(LACKING)) as simulator, assert_changes_nothing(simulator):
        run = roles.play("rotate_key", {"cluster1": simulator.connection}, REKEY)
        assert run.code == 2
        (message,) = run.failures()
        assert message.startswith("SVM vs0 on cluster1 is degraded, nothing was changed. Keys are unavailable on node")


def test_an_unhealthy_vault_by_name(roles: Roles) -> None:
    """Whoever insists gets ONTAP's own answer."""
    with Simulator(release="9.14.1", scenario=scenario(LACKING)) as simulator:
        _run, result = play(roles, simulator, {**REKEY, "akv_rotate_key_require_healthy": False})
        assert "POST" in {request["method"] for request in simulator.requests}
        assert result["before"]["verdict"] == "degraded"


@pytest.mark.parametrize(
    ("release", "given", "needed"), [("9.7", REKEY, "9.8"), ("9.13.1", SWITCH, "9.14.1")], ids=["rekey", "blue_green"]
)
def test_too_old_a_release(release: str, given: Values, needed: str, roles: Roles) -> None:
    with Simulator(release=release, scenario=scenario()) as simulator, assert_changes_nothing(simulator):
        run, result = play(roles, simulator, given)
        assert run.code == 2
        assert f"needs ONTAP {needed}" in result["msg"]
        assert (result["changed"], result["outcome"]) == (False, "unchanged")


@pytest.mark.parametrize("svm", ["vs1", "vs7"], ids=["without a vault", "that does not exist"])
def test_no_vault(svm: str, roles: Roles) -> None:
    with Simulator(release="9.14.1", scenario=scenario()) as simulator, assert_changes_nothing(simulator):
        run = roles.play("rotate_key", {"cluster1": simulator.connection}, {**REKEY, "akv_svm": svm})
        assert run.code == 2
        (message,) = run.failures()
        assert message.startswith(f"SVM {svm} on cluster1 has no vault in use, nothing was changed.")


GREEN = {"svm": "vs0", "configuration": "green", "client_secret": SECRET}


@pytest.mark.parametrize(
    ("there", "given", "message"),
    [
        ([], {"akv_rotate_key_configuration": "default"}, "default is the name of the one in use, or reserved."),
        ([{**GREEN, "key_id": OTHER}], {}, f"green has key {OTHER}"),
        ([{**GREEN, "key_id": KEY2}], {"akv_client_id": "client2"}, "and application client1."),
        (
            [{**GREEN, "key_id": KEY2}],
            {
                "akv_rotate_key_configuration": "",
                "akv_rotate_key_key_id": KEY1,
                "akv_rotate_key_delete_previous": "default",
            },
            "default is the configuration that SVM vs0 on cluster1 uses. It is not deleted",
        ),
    ],
    ids=["in use", "another key", "another application", "deletes what is in use"],
)
def test_a_configuration_that_cannot_be_meant(there: list[Values], given: Values, message: str, roles: Roles) -> None:
    vaults = [{"svm": "vs0", "key_id": KEY1, "client_secret": SECRET}, *there]
    with Simulator(release="9.16.1", scenario=scenario(*vaults)) as simulator, assert_changes_nothing(simulator):
        run, result = play(roles, simulator, {**SWITCH, **given})
        assert run.code == 2
        assert message in result["msg"]
        assert (result["changed"], result["put_back"]) == (False, "none")


BAD: dict[str, tuple[Values, str]] = {
    "whose": ({"akv_svm": ""}, "akv_rotate_key_svm is '' and akv_rotate_key_scope is 'svm'"),
    "whose twice": ({"akv_scope": "cluster"}, "akv_rotate_key_svm is 'vs0' and akv_rotate_key_scope is 'cluster'"),
    "no key": ({"akv_rotate_key_key_id": ""}, "akv_rotate_key_key_id: '' is no key"),
    "a vault": (
        {"akv_rotate_key_key_id": "https://mykeyvault.vault.azure.net/"},
        "akv_rotate_key_key_id: 'https://mykeyvault",
    ),
    "no name": ({"akv_rotate_key_method": "blue_green"}, "the method is blue_green and the configuration ''"),
    "a name too many": (
        {"akv_rotate_key_method": "rekey", "akv_rotate_key_configuration": "green"},
        "the method is rekey and the configuration 'green'",
    ),
    "cluster": (
        {"akv_svm": "", "akv_scope": "cluster", "akv_rotate_key_configuration": "green"},
        "akv_rotate_key_scope: it is cluster",
    ),
    "the same": (
        {"akv_rotate_key_configuration": "green", "akv_rotate_key_delete_previous": "green"},
        "akv_rotate_key_delete_previous, akv_rotate_key_configuration: both are green",
    ),
    "two credentials": (
        {"akv_client_secret": SECRET, "akv_client_certificate": "MIIabc"},
        "akv_rotate_key_client_secret, akv_rotate_key_client_certificate: more than one is given",
    ),
    "blank": ({"akv_client_secret": " "}, "akv_rotate_key_client_secret: it holds nothing but white space"),
    "Secret ID": (
        {"akv_client_secret": "12345678-abcd-abcd-abcd-1234567890ab"},
        "akv_rotate_key_client_secret: it looks like a Secret ID",
    ),
    "soak": ({"akv_rotate_key_soak": -1}, "akv_rotate_key_soak: '-1' is no number of seconds from 0 on"),
    "interval": ({"akv_rotate_key_soak_interval": 0}, "akv_rotate_key_soak_interval: 0 is not above 0"),
    "timeout": ({"akv_rotate_key_wait_timeout": 0}, "akv_rotate_key_wait_timeout: 0 is not above 0"),
    "method": ({"akv_rotate_key_method": "magic"}, "magic"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case: str, roles: Roles) -> None:
    given, message = BAD[case]
    with Simulator(release="9.14.1", scenario=scenario()) as simulator:
        run = roles.play("rotate_key", {"cluster1": simulator.connection}, {**REKEY, **given})
        assert run.code == 2
        assert any(message in failure for failure in run.failures()), run.failures()
        assert simulator.requests == []


def test_secrets_are_nowhere(roles: Roles) -> None:
    secret = Canary("*~with.all=that")
    outputs = []
    with Watch([secret]) as watch, Simulator(release="9.14.1", scenario=scenario()) as simulator:
        # Refused by Azure first, then taken.
        for events in ([], [{"add_secret": {"client_id": "client1", "secret": secret.secret}}]):
            simulator.apply(events)
            given = {**SWITCH, "akv_client_secret": secret.secret}
            run = roles.play("rotate_key", {"one": simulator.connection}, given, "-vvvv", "--diff")
            outputs += [run.shown(), json.dumps(simulator.requests).encode()]
        assert "GREEN" in keys(simulator)
    assert [found for output in outputs if (found := secret.found_in(output))] == []
    assert watch.found == set()
