# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role akv_recover and the playbook diagnose: what is printed, in which order, and where they wait.

What is repaired for which cause is tested in tests/releases/test_repair.py, what is waited for and the wording in
tests/unit/plugins/module_utils/_akv/test_recovery.py.
"""

from __future__ import annotations

import typing as t
from collections import Counter
from pathlib import Path

from integration.running import Run, Values
from roles.playing import DEAD, Roles, assert_changes_nothing, assert_readable

from simulator import Simulator

OLD, NEW = "old-secret", "the-new-secret"
CREDENTIAL: Values = {"akv_client_id": "client1", "akv_client_secret": NEW}
QUICK: Values = {"akv_recover_wait": 3, "akv_recover_wait_interval": 1, "akv_recover_wait_timeout": 10}
KEY = "https://mykeyvault.vault.azure.net/keys/key1"


def scenario(number: int = 2, **more: t.Any) -> Values:
    """SVMs with an encrypted volume each, whose application has both secrets."""
    names = [f"vs{count}" for count in range(number)]
    application = {"client_id": "client1", "tenant_id": "tenant1", "secrets": [OLD, NEW]}
    return {
        "svms": [{"name": name} for name in names],
        "vaults": [{"svm": name, "key_id": KEY, "client_secret": OLD} for name in names],
        "volumes": [{"svm": name, "name": "vol1", "encrypted": True, "path": "/vol1"} for name in names],
        "azure": {"applications": [application], "keys": [{"key_id": KEY}]},
        **more,
    }


def broken(*events: Values, number: int = 2) -> Simulator:
    """A cluster on which that has happened an hour and a bit ago."""
    later = [*events, {"advance_clock": {"seconds": 1}}, {"advance_clock": {"seconds": 3700}}]
    return Simulator(release="9.14.1", scenario=scenario(number, events=later))


def play(roles: Roles, simulator: Simulator, variables: Values, *arguments: str) -> tuple[Run, Values]:
    run = roles.play("recover", {"cluster1": simulator.connection}, {**QUICK, **variables}, *arguments)
    return run, run.fact("akv_recover_result", "cluster1")


def test_an_expired_secret(roles: Roles) -> None:
    with broken({"expire_credential": {"svm": "vs0"}}) as simulator:
        with assert_changes_nothing(simulator):
            _run, predicted = play(roles, simulator, CREDENTIAL, "--check", "--diff")
        assert (predicted["failed"], predicted["changed"]) == (False, True)
        run, result = play(roles, simulator, CREDENTIAL)
        run.check()
        assert "Do not reboot" in run.output
        assert run.output.index("credential_expired") < run.output.index("TASK [ontap.akv.akv_recover : Repair]")
        (vault,) = result["vaults"]
        assert (vault["before"], vault["after"], vault["credential"]) == ("unavailable", "healthy", "sent")
        assert [volume["name"] for volume in result["volumes_before"]] == ["vol1"]
        assert (result["volumes_after"], result["changed"], result["outcome"]) == ([], True, "changed")

        with assert_changes_nothing(simulator):
            run, result = play(roles, simulator, CREDENTIAL)
        assert "Nothing to do" in result["msg"]
        assert (run.code, result["changed"], result["vaults"]) == (0, False, [])
        assert_readable(run, 40)


def test_fifty_svms_with_one_cause_are_not_waited_for(roles: Roles) -> None:
    """Someone must act in Azure: the role says so and fails, however long it might wait."""
    with broken({"disable_key": {"key_id": KEY}}, number=50) as simulator, assert_changes_nothing(simulator):
        run, result = play(roles, simulator, {**CREDENTIAL, "akv_recover_wait": 3600})
        assert run.code == 2
        assert_readable(run, 60)
        assert "50 SVMs: vs0, vs1" in run.output
        assert len(result["volumes_after"]) == 50
        assert (result["failed"], result["changed"]) == (True, False)


def test_keys_that_nodes_lack(roles: Roles) -> None:
    lost = {"lose_keys": {"svm": "vs0", "nodes": ["node1"]}}
    cluster = {"key_id": KEY, "client_secret": OLD, "keys_missing_on": ["node1"], "scope": "cluster"}
    vaults = [*scenario()["vaults"], cluster]
    with Simulator(release="9.14.1", scenario=scenario(events=[lost], vaults=vaults)) as simulator:
        run, result = play(roles, simulator, {"akv_scope": "svm"})
        run.check()
        assert [(vault["svm"]["name"], vault["restore"]) for vault in result["vaults"]] == [("vs0", "restored")]


def test_it_waits_by_the_clock_and_says_how_many_are_back(roles: Roles) -> None:
    """A volume that someone took offline never comes back."""
    volumes = [{"svm": "vs0", "name": "vol1", "encrypted": True, "state": "offline"}]
    with Simulator(release="9.14.1", scenario=scenario(volumes=volumes)) as simulator:
        run, result = play(roles, simulator, {"akv_recover_wait": 9})
        assert run.code == 2
        assert "Waiting for 9 s at most: as given." in run.output
        assert "0 of 1 volume back, 1 min left" in run.output
        assert "FAILED - RETRYING" not in run.output
        assert [volume["name"] for volume in result["volumes_after"]] == ["vol1"]


def test_one_cluster_of_three_does_not_answer(roles: Roles) -> None:
    with broken({"expire_credential": {"svm": "vs0"}}) as sick, Simulator(scenario=scenario()) as well:
        clusters = {"away": DEAD, "sick": sick.connection, "well": well.connection}
        run = roles.play("diagnose", clusters)
        assert run.code == 2
        assert "away could not be read" in run.output
        assert "credential_expired" in run.output
        assert run.failures() == ["away could not be read."]
        assert_readable(run)
        run = roles.play("recover", clusters, {**QUICK, **CREDENTIAL})
        assert run.code == 2
        assert run.fact("akv_recover_result", "sick")["outcome"] == "changed"
        assert run.fact("akv_recover_result", "well")["failed"] is False
        assert_readable(run)


def test_a_configuration_that_cannot_be_named_is_not_a_success(roles: Roles) -> None:
    """Nor is a diagnosis of it: test_role_readings.py."""
    fault = {"match": {"path": "/api/security/azure-key-vaults", "times": 0}, "without": {"fields": ["svm"]}}
    with Simulator(release="9.14.1", scenario=scenario(1, faults=[fault])) as simulator:
        run, result = play(roles, simulator, CREDENTIAL)
    assert run.code == 2
    assert result["failed"] is True
    assert "ONTAP does not report the SVM of the AKV configuration" in result["msg"]
    assert "1 AKV configuration: none needs attention" not in run.output


def test_a_reading_of_the_repair_that_fails_is_named(roles: Roles) -> None:
    """The second reading is before the credential is sent, the third one after it."""
    credential = {"second": "none", "third": "sent"}
    expired = {"expire_credential": {"svm": "vs0"}}
    with broken(expired) as second, broken(expired) as third:
        for reading, simulator in ((2, second), (3, third)):
            match = {"path": "/api/storage/volumes", "times": 0, "nth": reading}
            simulator.apply([{"add_fault": {"match": match, "http": {"status": 500}}}])
        clusters = {"second": second.connection, "third": third.connection}
        run = roles.play("recover", clusters, {**QUICK, **CREDENTIAL})
    assert run.code == 2
    for name in clusters:
        result = run.fact("akv_recover_result", name)
        assert "HTTP 500" in result["msg"]
        assert "What to do" not in result["msg"]
        assert [vault["credential"] for vault in result["vaults"]] == [credential[name]]


def test_diagnose_changes_nothing_and_is_short(roles: Roles, tmp_path: Path) -> None:
    lost = {"lose_keys": {"svm": "vs0", "nodes": ["node1"]}}
    with (
        broken({"expire_credential": {"svm": "vs0"}}) as one,
        broken({"disable_key": {"key_id": KEY}}, number=20) as two,
        broken(lost) as three,
        assert_changes_nothing(one),
        assert_changes_nothing(two),
        assert_changes_nothing(three),
    ):
        # Someone else's variable, which no task needs.
        unused = {"of_others": f"{{{{ lookup('ansible.builtin.pipe', 'touch {tmp_path}/evaluated') }}}}"}
        clusters = {
            "one": {**one.connection, "variables": {"akv_svm": "vs0"}},
            "two": {**two.connection, "variables": unused},
            "three": three.connection,
        }
        run = roles.play("diagnose", clusters)
        assert run.changed() == []
        run.check()
        # A task takes a worker for each host, even if it is skipped: after the reading, one host is enough.
        hosts = Counter(task.name for task in run.tasks)
        assert hosts.pop("Read the cluster") == 3
        assert set(hosts.values()) == {1}
        assert list(tmp_path.iterdir()) == []
        (shown,) = (task.result["msg"] for task in run.tasks if task.name.startswith("Show what is wrong"))
        assert len(shown) <= 30
        assert_readable(run)
        assert "22 of 23 AKV configurations on 3 clusters need attention." in shown
