# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What comes to a module from the host that it runs on: the environment, a home, a Python without requests."""

from __future__ import annotations

import json
import re
import sys
import venv

import pytest
from integration.running import WAYS, Ansible, Values, play

from simulator import Simulator, login

VAULT: Values = {
    "svm": "vs0",
    "name": "https://mykeyvault.vault.azure.net/",
    "key_id": "https://mykeyvault.vault.azure.net/keys/key1",
    "client_id": "client1",
    "tenant_id": "tenant1",
    "client_secret": "abcdef",
}


def test_client_certificate_from_the_environment(ansible: Ansible) -> None:
    with Simulator(scenario={"users": [{"name": "automation", "certificate": True}]}) as simulator:
        files = simulator.connection["certificates"]["automation"]
        by_certificate = {f"ONTAP_{option.upper()}": path for option, path in files.items()}
        variables = {**login(simulator.connection), **by_certificate}
        ansible.play([{"name": "Create", "ontap.akv.akv_config": VAULT}], **variables).check()
        assert [request["status"] for request in simulator.requests] == [200, 201, 200]


def test_netrc_is_not_read(ansible: Ansible) -> None:
    """The home of these runs holds one for every host, which is no login."""
    with Simulator() as simulator:
        nobody = {**login(simulator.connection), "ONTAP_USERNAME": None, "ONTAP_PASSWORD": None}
        run = ansible.play([{"name": "Read", "ontap.akv.akv_info": {}, "ignore_errors": True}], **nobody)
        assert simulator.requests == []
    assert "no login is given" in run["Read"]["msg"]


def test_missing_requests_is_an_error_with_the_way_out(ansible: Ansible) -> None:
    venv.create(ansible.home / "bare", with_pip=False)
    bare = str(ansible.home / "bare" / "bin" / "python")
    task = {"name": "Read", "ontap.akv.akv_info": {}, "ignore_errors": True}
    with Simulator() as simulator:
        run = ansible.play([task], "-e", f"ansible_python_interpreter={bare}", **login(simulator.connection))
        assert simulator.requests == []
    message = run["Read"]["msg"]
    assert "Failed to import the required Python library (requests)" in message
    assert "ansible_python_interpreter. On a control node" in message
    assert 'ansible_python_interpreter: "{{ ansible_playbook_python }}"' in message
    assert sys.executable not in message


def test_ad_hoc(ansible: Ansible) -> None:
    with Simulator(scenario={"vaults": [{"svm": "vs0"}]}) as simulator:
        interpreter = "ansible_python_interpreter={{ ansible_playbook_python }}"
        arguments = ("localhost", "-m", "ontap.akv.akv_info", "-a", "svm=vs0", "-e", interpreter)
        output, code = ansible.command("ansible", *arguments, **login(simulator.connection))
    assert code == 0, output
    assert "1 AKV configuration of SVM vs0 on 127.0.0.1: 1 healthy." in output


@pytest.mark.parametrize("way", WAYS)
def test_messages_name_the_host_as_the_inventory_does(ansible: Ansible, way: str) -> None:
    """Where the host is the cluster; the plan's ID and the interfaces go by the address."""
    read: Values = {"ontap.akv.akv_info": {"health": False}}
    absent: Values = {"ontap.akv.akv_config": {"svm": "vs0", "state": "absent"}}
    tasks = [
        {"name": "Here", **read},
        {"name": "Delegated", "delegate_to": "localhost", **read},
        {"name": "Of another address", "ontap.akv.akv_info": {"health": False, "hostname": "localhost"}},
        {"name": "Plan", "check_mode": True, **absent},
        {"name": "In the background", "async": 30, "poll": 1, **read},
    ]
    plays = [play(tasks, hosts=host) for host in ("cluster1", "localhost")]
    with Simulator(scenario={"vaults": [{"svm": "vs0"}]}) as simulator:
        inventory = ansible.write("hosts.yml", {"all": {"hosts": {"cluster1": {"ansible_host": "{{ address }}"}}}})
        variables = {
            "address": "127.0.0.1",
            "ansible_connection": "local",
            "ansible_async_dir": str(ansible.home / "jobs"),
        }
        playbook = ansible.write("named.yml", plays)
        run = ansible.play(
            playbook,
            *("-i", str(inventory), "-e", json.dumps(variables)),
            **{**login(simulator.connection), **WAYS[way]},
        ).check()
    said = {(task.host, task.name): task.result for task in run.tasks}
    plans = {said.pop((host, "Plan"))["plan_id"] for host in ("cluster1", "localhost")}
    assert len(plans) == 1
    where = {key: re.sub(r".* on (\S+):.*", r"\1", result["msg"]) for key, result in said.items()}
    assert {name: place for (host, name), place in where.items() if host == "cluster1"} == {
        "Here": "cluster1",
        "Delegated": "cluster1",
        "Of another address": "localhost",
        "In the background": "cluster1",
    }
    assert {place for (host, _name), place in where.items() if host == "localhost"} == {"127.0.0.1", "localhost"}
    assert "_ontap_akv_cluster" not in run.output
