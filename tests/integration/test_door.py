# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a server writes never looks like Ansible's own: in process and as a module, in results, facts and their cache.

The key of these tests is harmless: Ansible reserves its beginning, and knows no such key.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from integration.running import WAYS, Ansible, Values

from simulator import Simulator, login

KEY = "__ansible_example"
MARKED = {KEY: {"value": "from the server"}, "kept": [{KEY: 1, "also kept": "yes"}]}
VAULTS = "/api/security/azure-key-vaults"
UUID = "024cd3cf-9a08-11ea-8d52-005056bbeba5"
VAULT = {"uuid": UUID, "svm": {"name": "vs0"}, "scope": "svm", "name": "https://kv1.vault.azure.net/"}
JOB = {"uuid": UUID, "state": "failure", "code": 4, "message": "first line\nsecond \x1b[31mline", KEY: MARKED}


def body(path: str, value: Values, method: str = "GET", status: int = 200) -> Values:
    return {"add_fault": {"match": {"method": method, "path": path}, "body": {"json": value, "status": status}}}


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(scenario={"vaults": [{"svm": "vs0"}]}) as running:
        yield running


@pytest.mark.parametrize("way", WAYS)
def test_reserved_keys_reach_nothing(ansible: Ansible, simulator: Simulator, way: str) -> None:
    refusal = {"code": "4", "message": "one\nline \x1b[2Jonly", "arguments": [{"code": "a", "message": "b", KEY: 1}]}
    simulator.apply(
        [
            body(VAULTS, {"records": [{**VAULT, **MARKED, "state": MARKED}], "num_records": 1, KEY: 1}),
            body(f"{VAULTS}*", {"error": {**refusal, KEY: "x"}, KEY: MARKED}, "DELETE", 409),
            body(f"{VAULTS}*", {"job": {"uuid": UUID, KEY: 1}}, "POST", 202),
            body("/api/cluster/jobs/*", JOB),
        ]
    )
    tasks: list[Values] = [
        {"name": "Read", "ontap.akv.akv_info": {"svm": "vs0"}, "register": "read"},
        {
            "name": "Keep",
            "ansible.builtin.set_fact": {"vaults": "{{ read.vaults }}", "cacheable": True},
        },
        {"name": "Delete", "ontap.akv.akv_config": {"svm": "vs0", "state": "absent"}, "ignore_errors": True},
        {"name": "Restore", "ontap.akv.akv_restore": {"svm": "vs0", "force": True}, "ignore_errors": True},
    ]
    cache = ansible.home / "facts"
    caching = {"ANSIBLE_CACHE_PLUGIN": "jsonfile", "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(cache)}
    run = ansible.play(tasks, "-vvv", **login(simulator.connection), **caching, **WAYS[way])
    (vault,) = run["Read"]["vaults"]
    assert vault["kept"] == vault["state"]["kept"] == [{"also kept": "yes"}]
    for name in ("Read", "Delete", "Restore"):
        (warning,) = (text for text in run[name]["warnings"] if "__ansible" in text)
        assert warning.startswith("127.0.0.1 sent keys that begin with __ansible")
    for name, said in (("Delete", r"one\nline \x1b[2Jonly"), ("Restore", r"first line\nsecond \x1b[31mline")):
        assert said in run[name]["msg"]
    assert run["Delete"]["error"]["arguments"] == [{"code": "a", "message": "b"}]
    assert KEY not in json.dumps([task.result for task in run.tasks])
    assert KEY not in run.output
    assert "\x1b" not in run.output
    (cached,) = cache.iterdir()
    assert "also kept" in cached.read_text()
    assert KEY not in cached.read_text()
