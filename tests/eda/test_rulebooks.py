# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rulebooks, with the real ansible-rulebook and simulated clusters."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import yaml
from eda.controller import controller
from eda.running import RULEBOOKS, rulebook
from integration.canaries import Canary
from integration.running import Ansible, Values

from simulator import Simulator

KEY = "https://mykeyvault.vault.azure.net/keys/key1"


def scenario(*svms: str, password: str = "netapp1!", **more: object) -> Values:
    """SVMs with an AKV configuration and an encrypted volume each."""
    return {
        "svms": [{"name": svm} for svm in svms],
        "vaults": [{"svm": svm, "key_id": KEY, "client_secret": "initial-secret"} for svm in svms],
        "volumes": [{"svm": svm, "name": "vol1", "encrypted": True} for svm in svms],
        "azure": {
            "applications": [{"client_id": "client1", "tenant_id": "tenant1", "secrets": ["initial-secret"]}],
            "keys": [{"key_id": KEY}],
        },
        "users": [{"name": "admin", "password": password, "role": "admin"}],
        **more,
    }


def restores(simulator: Simulator) -> int:
    return sum(request["path"].endswith("/restore") for request in simulator.requests)


def changes(simulator: Simulator) -> set[tuple[str, str]]:
    return {(request["method"], request["path"]) for request in simulator.requests if request["method"] != "GET"}


def lose_keys(*svms: str) -> list[Values]:
    return [{"lose_keys": {"svm": svm, "nodes": ["node1"]}} for svm in svms]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT], ids=["by a service manager", "by Ctrl-C"])
def test_keys_that_are_lost_are_restored(how: signal.Signals, ansible: Ansible) -> None:
    password = Canary("*~with.all=that")
    talkative = ("-vv",) if how == signal.SIGTERM else ()
    with Simulator(release="9.14.1", scenario=scenario("vs0", "vs1", "vs2", password=password.secret)) as simulator:
        at = simulator.connection
        with rulebook(ansible, "akv_health", {"cluster1": at}, *talkative) as running:
            running.wait_until(lambda: len(simulator.requests) > 3, "the source does not look")
            simulator.apply(lose_keys("vs0", "vs1"))
            running.wait_for("The AKV configuration of SVM vs1 on cluster1 is healthy (was degraded)")
            running.wait_for("PLAY RECAP")
            # The throttle holds back a second playbook, but not what is said.
            simulator.apply(lose_keys("vs2"))
            running.wait_for("The AKV configuration of SVM vs2 on cluster1 is degraded")
            code = running.end(how)
        # The Java runtime ends the process, with the code of its own for the signal.
        assert code in (0, 128 + how), running.output
        assert restores(simulator) == 2
        assert running.output.count("PLAY RECAP") == 1
    assert password.found_in(running.output.encode()) is None


def test_a_credential_is_left_to_a_person(ansible: Ansible) -> None:
    with Simulator(release="9.14.1", scenario=scenario("vs0")) as simulator:
        with rulebook(ansible, "akv_health", {"cluster1": simulator.connection}) as running:
            running.wait_until(lambda: len(simulator.requests) > 3, "the source does not look")
            simulator.apply([{"expire_credential": {"svm": "vs0"}}])
            running.wait_for("ACTION REQUIRED. The AKV configuration of SVM vs0 on cluster1 is degraded (was healthy)")
            # An hour later its volumes go offline.
            simulator.apply([{"advance_clock": {"seconds": 1}}, {"advance_clock": {"seconds": 3700}}])
            running.wait_for("is unavailable (was degraded)")
            running.wait_for("Offline volumes: vol1.")
            running.end()
        # The second call comes soon after the first.
        assert running.output.count("ACTION REQUIRED.") >= 2
        assert changes(simulator) == set()
        assert "PLAY [" not in running.output


def test_what_only_a_person_can_do_is_printed(ansible: Ansible) -> None:
    """A credential that ends, a cluster that cannot be read, and an AKV configuration that is gone."""
    # YAML makes a date of it, as of an unquoted one in a file of variables.
    ends = datetime.now(timezone.utc).date() + timedelta(days=6)
    variables = {"akv_credential_expires": {"client1": ends}}
    with Simulator(release="9.14.1", scenario=scenario("vs0", volumes=[])) as simulator:
        with rulebook(ansible, "akv_health", {"cluster1": simulator.connection}, variables=variables) as running:
            running.wait_for(f"The credential of application client1 expires on {ends} (in 6 days).")
            simulator.apply([{"add_fault": {"match": {"times": 0}, "http": {"status": 503}}}])
            running.wait_for("cluster1 cannot be read, so its health is unknown")
            simulator.apply([{"clear_faults": {}}])
            running.wait_for("cluster1 can be read again.")
            simulator.apply([{"delete_vault": {"svm": "vs0"}}])
            running.wait_for("ACTION REQUIRED. The AKV configuration of SVM vs0 on cluster1 is absent (was healthy)")
            running.end()
        assert changes(simulator) == set()


def test_a_storm_starts_one_playbook_a_cluster(ansible: Ansible) -> None:
    svms = [f"vs{number}" for number in range(20)]
    with (
        Simulator(release="9.14.1", scenario=scenario(*svms, events=lose_keys(*svms))) as one,
        Simulator(release="9.14.1", scenario=scenario("vs0", events=lose_keys("vs0"))) as another,
    ):
        # One certificate authority for both: each has made its own.
        together = ansible.write("ca.pem", "".join(Path(at.connection["ca_path"]).read_text() for at in (one, another)))
        clusters = {
            name: {**at.connection, "ca_path": str(together), "password": "netapp1!"}
            for name, at in (("one", one), ("another", another))
        }
        with rulebook(ansible, "akv_health", clusters) as running:
            running.wait_until(lambda: running.output.count("PLAY RECAP") >= 2, "a playbook is missing")
            for svm in svms:
                running.wait_for(f"The AKV configuration of SVM {svm} on one is healthy")
            running.end()
        assert running.output.count("PLAY RECAP") == 2
        assert (restores(one), restores(another)) == (20, 1)


def test_calling_someone_does_not_wait_for_repairs(ansible: Ansible) -> None:
    """Two repairs that do not end, and one that waits for its lock: as started by docs/events.md, a call is printed."""
    hang = {"match": {"method": "POST", "times": 0}, "latency": {"seconds": 40}}
    with Simulator(release="9.14.1", scenario=scenario("vs0", "vs1", "vs2")) as simulator:
        limit = ("--max-concurrent-actions", "5")
        with rulebook(ansible, "akv_health", {"cluster1": simulator.connection}, *limit) as running:
            running.wait_until(lambda: len(simulator.requests) > 3, "the source does not look")
            simulator.apply([{"add_fault": hang}, *lose_keys("vs0")])
            running.wait_until(lambda: restores(simulator) > 0, "the repair does not begin")
            simulator.apply([{"expire_credential": {"svm": "vs2"}}])
            running.wait_for("ACTION REQUIRED.")
            assert "PLAY RECAP" not in running.output


def _read(path: Path) -> bytes:
    """Read a file that another program may remove meanwhile."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def test_a_service_that_is_stopped_leaves_nothing(ansible: Ansible) -> None:
    """As the unit of docs/events.md ends it: all processes, and a folder of its own that is removed."""
    password = Canary()
    hang = {"match": {"method": "POST", "times": 0}, "latency": {"seconds": 40}}
    folder = ansible.home / "runtime"
    folder.mkdir()
    before = set(Path(tempfile.gettempdir()).iterdir())
    with Simulator(release="9.14.1", scenario=scenario("vs0", password=password.secret)) as simulator:
        own = {"TMPDIR": str(folder)}
        with rulebook(ansible, "akv_health", {"cluster1": simulator.connection}, **own) as running:
            running.wait_until(lambda: len(simulator.requests) > 3, "the source does not look")
            simulator.apply([{"add_fault": hang}, *lose_keys("vs0")])
            running.wait_until(lambda: restores(simulator) > 0, "the repair does not begin")
            group = running.pid
            os.killpg(group, signal.SIGTERM)
            running.wait()
        # What systemd does after TimeoutStopSec has been done by leaving the block.
        with pytest.raises(ProcessLookupError):
            os.killpg(group, 0)
        shutil.rmtree(folder)
    new = set(Path(tempfile.gettempdir()).iterdir()) - before
    kept = [
        path for root in (*new, ansible.home) for path in root.rglob("*") if path.is_file() and not path.is_symlink()
    ]
    holding = [path for path in kept if password.secret.encode() in _read(path)]
    assert [path for path in holding if "clusters.yml" not in path.name] == []


def test_options_that_are_wrong_end_it_with_a_sentence(ansible: Ansible) -> None:
    password = Canary()
    nowhere = {"hostname": "https://cluster1", "http_port": 443, "username": "admin", "ca_path": None}
    nowhere["password"] = password.secret
    with rulebook(ansible, "akv_health", {"cluster1": nowhere}) as running:
        assert running.wait() != 0
    assert "akv_health: clusters[0]: hostname: 'https://cluster1' contains a scheme" in running.output
    assert password.found_in(running.output.encode()) is None


def test_what_the_log_says_is_recovered_or_reported(ansible: Ansible) -> None:
    with Simulator(release="9.14.1", scenario=scenario("vs0", "vs1")) as simulator:
        with rulebook(ansible, "akv_events", {"cluster1": simulator.connection}) as running:
            running.wait_until(lambda: len(simulator.requests) > 1, "the source does not look")
            simulator.apply([{"expire_key": {"svm": "vs0"}}, {"rotate_key": {"svm": "vs0"}}])
            running.wait_for("ACTION REQUIRED. A version of the key")
            running.wait_for("Was this intended? If so, there is nothing to do.")
            assert changes(simulator) == set()
            simulator.apply(lose_keys("vs0", "vs1"))
            running.wait_for("PLAY RECAP")
            running.wait_for("vs1 on cluster1: ekmip.akv.available")
            running.end()
        assert running.output.count("ACTION REQUIRED") == 1
        assert running.output.count("PLAY RECAP") == 1
        assert restores(simulator) == 2


@pytest.mark.parametrize("name", ["akv_events", "akv_health"])
def test_a_controller_gets_a_job_for_the_cluster(name: str, ansible: Ansible) -> None:
    token = Canary()
    with (
        Simulator(release="9.14.1", scenario=scenario("vs0", "vs1")) as simulator,
        controller("Restore keys") as awx,
    ):
        given = {"akv_job_template": "Restore keys"}
        at = {"cluster1": simulator.connection}
        # As a rulebook activation has them.
        named = {"EDA_CONTROLLER_URL": awx.url, "EDA_CONTROLLER_TOKEN": token.secret}
        with rulebook(ansible, f"{name}_controller", at, "-v", variables=given, **named) as running:
            running.wait_until(lambda: len(simulator.requests) > 1, "the source does not look")
            simulator.apply(lose_keys("vs0", "vs1"))
            running.wait_for("completed successfully")
            running.end()
        (launched,) = awx.launched
        assert launched.pop("limit") == "cluster1"
        # The event is passed on too; a template that asks for no variables takes none.
        assert set(launched.pop("extra_vars")) == {"ansible_eda"}
        assert launched == {}
        assert changes(simulator) == set()
    assert token.found_in(running.output.encode()) is None


@pytest.mark.parametrize("name", ["akv_events", "akv_health"])
def test_a_controller_has_the_same_rules(name: str) -> None:
    def read(path: Path) -> tuple[list[Values], list[str]]:
        """Read a rulebook; give it with the actions that start something taken out, and what these start."""
        rulesets = yaml.safe_load(path.read_text(encoding="utf-8"))
        rules = [rule for ruleset in rulesets for rule in ruleset["rules"]]
        started = [key for rule in rules for key in list(rule["action"]) if key != "debug" and rule["action"].pop(key)]
        return rulesets, started

    by_playbook, playbooks = read(RULEBOOKS / f"{name}.yml")
    by_job, jobs = read(RULEBOOKS / f"{name}_controller.yml")
    assert by_job == by_playbook
    assert (playbooks, jobs) == (["run_playbook"], ["run_job_template"])


def test_what_is_started_is_safe_and_throttled() -> None:
    """Whoever adds a rule has to think of a storm, and of what may be done without a person."""
    for path in RULEBOOKS.glob("*.yml"):
        for ruleset in yaml.safe_load(path.read_text(encoding="utf-8")):
            for rule in ruleset["rules"]:
                ((action, given),) = rule["action"].items()
                if action != "debug":
                    assert rule["throttle"]["once_within"] == "15 minutes"
                    assert given == {
                        "run_playbook": {
                            "name": "ontap.akv.recover",
                            "lock": "{{ event.cluster }}",
                            "extra_vars": {"akv_recover_wait": 0},
                        },
                        "run_job_template": {
                            "name": "{{ akv_job_template }}",
                            "organization": "{{ akv_organization | default('Default') }}",
                        },
                    }.get(action)
