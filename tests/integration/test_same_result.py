# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""In process and as a module a generated task gives the same result, key by key."""

from __future__ import annotations

import json
import os
import random
import re
from typing import Any

import pytest
from integration.running import WAYS, Ansible, Values, login

from simulator import Simulator

NUMBER = int(os.environ.get("AKV_SAME_TASKS", "0"))
SEED = 20260701

WHOLE: Values = {
    "name": "https://kv1.vault.azure.net/",
    "key_id": "https://kv1.vault.azure.net/keys/key1",
    "client_id": "client1",
    "tenant_id": "tenant1",
    "client_secret": "sentinel-Secret8Q~",
}
SCENARIO: Values = {
    "cluster": {"release": "9.14.1"},
    "svms": [{"name": f"vs{number}"} for number in range(4)],
    "vaults": [{"svm": "vs1"}, {"svm": "vs2", "keys_missing_on": ["node1"]}],
    "jobs": {"queued": 0, "running": 0},
}
# What an option may be given, right or wrong; most tasks take a few of these.
POOL: dict[str, list[Any]] = {
    "svm": ["vs0", "vs1", "vs2", "vs3", "nobody", "", 83, True, ["vs0"], "vs*", "{{ '{{ x }}' }}"],
    "scope": ["svm", "cluster", "all", None],
    "svm_uuid": ["no-uuid", "4f7abf4c-9a07-11ea-8d52-005056bbeba5"],
    "vserver": ["vs1", 1.5],
    "client_secret": ["another-Secret8Q~", "with blank", "a", 12345678, {"value": "hidden-Secret8Q"}, "$encrypted$"],
    "password": ["wrong-Password8Q", "x", [], False],
    "pass": ["short", "wrong-Password8Q"],
    "username": ["admin", 7, "{{ '{% x %}' }}"],
    "client_id": ["client2", "", 0.5],
    "state": ["present", "absent", "there"],
    "update_credentials": ["always", "when_unavailable", "never", True],
    "allow_recreate": [True, "maybe"],
    "vaults": [
        [],
        [{"svm": "vs0", **WHOLE}, {"svm": "vs1"}],
        [{"svm": "vs1", "client_secret": "entry-Secret8Q~", "update_credentials": "always"}, {"svm": "nobody"}],
        [[{"client_secret": "entry-Secret8Q~"}]],
        ["client_secret=entry-Secret8Q~"],
        [{"svm": "vs1", "client_secrt": "entry-Secret8Q~"}],
        "vs0",
    ],
    "wait": [False],
    "port": [0, 443, "https"],
    "svms": [["vs1", "vs2"], "vs1,vs2", [1], [None]],
    "fields": [["name"], ["nam"], "name,key_id"],
    "query": [{"svm.name": "vs1"}, {"client_secret": "filter-Secret8Q"}],
    "type": ["internal", "external", "other"],
    "key_id": ["https://kv1.vault.azure.net/keys/key2", "key2"],
    "unknown": ["unknown-Secret8Q", ["unknown-Secret8Q"]],
}
MODULES: dict[str, list[str]] = {
    "akv_config": [*POOL],
    "akv_info": ["svm", "scope", "fields", "query", "password", "client_secret", "unknown"],
    "akv_restore": ["svm", "svms", "scope", "vserver", "unknown"],
    "akv_rekey": ["svm", "type", "key_id", "pass"],
    "akv_preflight_info": ["svm", "scope", "username"],
}


def _tasks() -> list[Values]:
    chance = random.Random(SEED)
    tasks: list[Values] = []
    for number in range(NUMBER):
        module = chance.choice(["akv_config", "akv_config", *MODULES])
        names = chance.sample(MODULES[module], chance.randint(0, 3))
        options: Values = (
            {**WHOLE, "svm": "vs0"} if module == "akv_config" and chance.random() < 0.5 else {"svm": "vs1"}
        )
        for name in names:
            options[name] = chance.choice(POOL[name])
        if "vaults" in options and chance.random() < 0.7:
            options.pop("svm", None)
        if "svms" in options:
            options.pop("svm", None)
        tasks.append(
            {
                "name": f"{number}: {module} {json.dumps(options)}".replace("{", "(").replace("}", ")"),
                f"ontap.akv.{module}": options,
                "check_mode": chance.random() < 0.3,
                "diff": chance.random() < 0.3,
                "ignore_errors": True,
            }
        )
    return tasks


def _results(ansible: Ansible, way: str) -> dict[str, Any]:
    with Simulator(scenario=SCENARIO) as simulator:
        # Where the cluster is differs from run to run.
        where = {"ONTAP_HOSTNAME", "ONTAP_PORT"}
        environment = login(simulator.connection)
        run = ansible.play(_tasks(), "-vvv", **environment, **WAYS[way], ANSIBLE_INJECT_INVOCATION="1")
        assert run.code == 0, run.output[-3000:]
        differing = [str(environment[name]) for name in where if environment.get(name)]
        differing.append(str(simulator.connection.get("ca_path")))
    assert len(run.tasks) == NUMBER
    return {task.name: _comparable(task.status, task.result, differing) for task in run.tasks}


def _comparable(status: str, result: Values, differing: list[str]) -> Values:
    text = json.dumps(
        {name: value for name, value in result.items() if not name.startswith("_ansible")}, sort_keys=True
    )
    for place in differing:
        text = text.replace(place, "1")  # A number stays a number.
    text = re.sub(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<uuid>", text)
    compared: Values = {"status": status, **json.loads(text)}
    # Those of several SVMs are sent at the same time.
    compared["requests"] = sorted(compared.get("requests", []), key=str)
    # ansible-core adds it to some failures, as its version has it.
    if "Traceback" not in str(compared.get("exception")):
        compared.pop("exception", None)
    return compared


@pytest.mark.skipif(not NUMBER, reason="AKV_SAME_TASKS gives the number of tasks (session leaks-all)")
@pytest.mark.timeout(1800)
def test_in_process_and_as_a_module_are_the_same(ansible: Ansible) -> None:
    here, apart = (_results(ansible, way) for way in WAYS)
    assert here.keys() == apart.keys()
    different = [
        f"{name}, {key}: {result.get(key)} <> {apart[name].get(key)}"
        for name, result in here.items()
        for key in {*result, *apart[name]}
        if result.get(key) != apart[name].get(key)
    ]
    assert not different, "\n".join(different)
    assert len({result["msg"] for result in here.values() if "msg" in result}) > NUMBER // 4
    assert "8Q" not in json.dumps(list(here.values()))
