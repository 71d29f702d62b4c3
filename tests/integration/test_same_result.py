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
from ansible.release import __version__
from integration.running import WAYS, Ansible, Values, play

from ansible_collections.ontap.akv.plugins.module_utils._azure import login as azure_login
from ansible_collections.ontap.akv.plugins.module_utils._ontap import connection
from ansible_collections.ontap.akv.plugins.module_utils._use_cases import (
    config,
    conformance_info,
    credential,
    entra_app_info,
    info,
    key_info,
    preflight_info,
    rekey,
    repair,
    restore,
)
from simulator import Simulator, login

EACH = 24  # tasks of a set
SETS = range(int(os.environ.get("AKV_SAME_SETS", "1")))
# Other tasks on each ansible-core.
SEED = 20260701 + 1000 * int(__version__.split(".")[1])

KEY_ID = "https://kv1.vault.azure.net/keys/key1"
WHOLE: Values = {
    "name": "https://kv1.vault.azure.net/",
    "key_id": KEY_ID,
    "client_id": "client1",
    "tenant_id": "tenant1",
    "client_secret": "sentinel-Secret8Q~",
}
SCENARIO: Values = {
    "cluster": {"release": "9.14.1"},
    "svms": [{"name": f"vs{number}"} for number in range(4)],
    "vaults": [{"svm": "vs1", **WHOLE}, {"svm": "vs2", **WHOLE, "keys_missing_on": ["node1"]}],
    "volumes": [{"svm": "vs1", "name": "v1", "encrypted": True}],
    "jobs": {"queued": 0, "running": 0},
    "azure": {
        "poll_interval": 0,
        "applications": [
            {"client_id": "client1", "tenant_id": "tenant1", "secrets": ["sentinel-Secret8Q~", "another-Secret8Q~"]}
        ],
        "keys": [{"key_id": KEY_ID}],
    },
}
ONTAP = connection.ARGUMENT_SPEC
AZURE = azure_login.ARGUMENT_SPEC
# What a task of a module is given, unless the generator gives or takes it.
MODULES: dict[str, tuple[Values, Values]] = {
    "akv_config": ({**ONTAP, **config.ARGUMENT_SPEC}, {**WHOLE, "svm": "vs0"}),
    "akv_conformance_info": ({**ONTAP, **conformance_info.ARGUMENT_SPEC}, {}),
    "akv_credential": (
        {**ONTAP, **credential.ARGUMENT_SPEC},
        {"client_id": "client1", "client_secret": "another-Secret8Q~"},
    ),
    "akv_info": ({**ONTAP, **info.ARGUMENT_SPEC}, {"svm": "vs1"}),
    "akv_key_info": ({**AZURE, **key_info.ARGUMENT_SPEC}, WHOLE),
    "akv_preflight_info": ({**ONTAP, **preflight_info.ARGUMENT_SPEC}, {"svm": "vs1"}),
    "akv_rekey": ({**ONTAP, **rekey.ARGUMENT_SPEC}, {"svm": "vs1", "type": "internal"}),
    "akv_repair": ({**ONTAP, **repair.ARGUMENT_SPEC}, {"svm": "vs2"}),
    "akv_restore": ({**ONTAP, **restore.ARGUMENT_SPEC}, {"svm": "vs2"}),
    "entra_app_info": (
        {**AZURE, **entra_app_info.ARGUMENT_SPEC},
        {name: WHOLE[name] for name in ("client_id", "tenant_id", "client_secret")},
    ),
}
# Values that an option is given, right or wrong; others are given those of their type.
POOL: dict[str, list[Any]] = {
    "svm": ["vs0", "vs1", "vs2", "vs3", "nobody", "", 83, True, ["vs0"], "vs*", "{{ '{{ x }}' }}"],
    "scope": ["svm", "cluster", "all", None],
    "svm_uuid": ["no-uuid", "4f7abf4c-9a07-11ea-8d52-005056bbeba5"],
    "client_secret": [
        *("another-Secret8Q~", "with blank", "a", 12345678, {"value": "hidden-Secret8Q"}, "$encrypted$"),
        *("{{ lookup('ansible.builtin.varnames', '^no_such_name$', wantlist=true) }}", "geh\u00e4im-Secret8Q"),
    ],
    "client_id": ["client2", "", 0.5],
    "update_credentials": ["always", "when_unavailable", "never", True],
    "vaults": [
        [],
        [{"svm": "vs0", **WHOLE}, {"svm": "vs1"}],
        [{"svm": "vs1", "client_secret": "entry-Secret8Q~", "update_credentials": "always"}, {"svm": "nobody"}],
        [[{"client_secret": "entry-Secret8Q~"}]],
        ["client_secret=entry-Secret8Q~"],
        [{"svm": "vs1", "client_secrt": "entry-Secret8Q~"}],
        "vs0",
        {"svm": "vs1"},
    ],
    "password": ["wrong-Password8Q", "x", [], False],
    "username": ["admin", 7, "{{ '{% x %}' }}"],
    "hostname": ["", "nobody.invalid", "https://127.0.0.1", None],
    "http_port": [0, "https", "inf"],
    "timeout": [0, "soon", 5],
    "retries": [-1, 0, "1"],
    "wait_timeout": [-1, 0, 5],
    "credential_grace": [0, "1", -1],
    "soak": [0, -1],
    "poll_interval": [0, 0.1, -1],
    "svms": [["vs1", "vs2"], "vs1,vs2", [1], [None], [], ",", ["nobody"], ["VS1"]],
    "fields": [["name"], ["nam"], "name,key_id", []],
    "query": [{"svm.name": "vs1"}, {"client_secret": "filter-Secret8Q"}, "svm.name=vs1", []],
    "key_id": [KEY_ID, "https://kv1.vault.azure.net/keys/key2", "key2"],
    "before": [[], [{"uuid": "no-uuid"}], ["x"], [{"svm": "vs1", "unknown": "unknown-Secret8Q"}]],
    "credential_expires": ["2037-03-31", "soon", 5],
    "app_ids": [["client1"], [], "client1,client2", [None]],
    "key": ["-----BEGIN PRIVATE KEY-----\nkey-Secret8Q\n-----END PRIVATE KEY-----\n"],
}
OF_TYPE: dict[str, list[Any]] = {
    "bool": [True, False, "no", "maybe", [], None],
    "dict": [{}, "x", [1]],
    "float": [1.5, "x", None],
    "int": [1, "2", 1.5, "x", [1], None],
    "list": [[], ["x"], "x", {"x": 1}, None],
    "path": ["/no/such/file", "", 5, None],
    "raw": ["x", 5, None],
    "str": ["x", "", 5, True, ["x"], "geh\u00e4im", "two\nlines", None],
}


def _tasks(chance: random.Random) -> list[Values]:
    return [_task(number, chance) for number in range(EACH)]


def _task(number: int, chance: random.Random) -> Values:
    module = chance.choice(["akv_config", "akv_config", *MODULES])
    spec, right = MODULES[module]
    # An alias counts as an option of its own.
    names = dict(spec)
    names.update({alias: option for option in spec.values() for alias in option.get("aliases", ())})
    options = {name: value for name, value in right.items() if name in spec and chance.random() < 0.95}
    for name in chance.sample([*names, *(name for name in POOL if name in names), "unknown"], chance.randint(0, 3)):
        option = names.get(name, {})
        values = POOL.get(name) or [*option.get("choices", ()), *OF_TYPE[option.get("type", "str")]]
        options[name] = chance.choice(values)
    if options.keys() & {"vaults", "svms"} and chance.random() < 0.7:
        options.pop("svm", None)
    title = f"{number}: {module} {json.dumps(options)}"
    return {
        "name": re.sub(r"[{}]", "", title),
        f"ontap.akv.{module}": options,
        "check_mode": chance.random() < 0.3,
        "diff": chance.random() < 0.3,
        "ignore_errors": True,
    }


def _results(ansible: Ansible, tasks: list[Values], way: str, port: int) -> tuple[dict[str, Any], int]:
    """Run the tasks; give the result of each, and the port of the cluster, which the ID of a plan binds."""
    with Simulator(scenario=SCENARIO, azure=True, port=port) as simulator:
        environment = login(simulator.connection)
        azure = {name: simulator.connection["azure"][name] for name in ("authority", "graph_url", "ca_path")}
        azure_defaults = {**azure, "vault_url": simulator.connection["azure"]["vault_url"]}
        brief = {"retries": 0, "wait_timeout": 5, "poll_interval": 0.1}
        defaults = {
            f"ontap.akv.{module}": {
                name: value
                for name, value in {**brief, **(azure_defaults if "authority" in spec else {})}.items()
                if name in spec
            }
            for module, (spec, _right) in MODULES.items()
        }
        playbook = ansible.write("same.yml", [play(tasks, module_defaults=defaults)])
        more = {"ANSIBLE_INJECT_INVOCATION": "1", "ANSIBLE_PIPELINING": "1"}
        run = ansible.play(playbook, **environment, **WAYS[way], **more)
        assert run.code == 0, run.output[-3000:]
        # Where the servers are differs from run to run.
        differing = [str(place) for place in (*azure.values(), *simulator.connection["azure"].values())]
        differing += [environment["ONTAP_PORT"], environment["ONTAP_CA_PATH"]]
    assert len(run.tasks) == len(tasks)
    results = {task.name: _comparable(task.status, task.result, differing) for task in run.tasks}
    return results, int(environment["ONTAP_PORT"])


def _comparable(status: str, result: Values, differing: list[str]) -> Values:
    text = json.dumps(
        {name: value for name, value in result.items() if not name.startswith("_ansible")}, sort_keys=True
    )
    for place in sorted(differing, key=len, reverse=True):
        text = text.replace(place, "1")  # A number stays a number.
    text = re.sub(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<uuid>", text)
    # When it was sent.
    text = re.sub(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,}(?:Z|\+00:00)", "<moment>", text)
    compared: Values = {"status": status, **json.loads(text)}
    # Those of several SVMs are sent at the same time.
    compared["requests"] = sorted(compared.get("requests", []), key=str)
    # ansible-core adds it to some failures, as its version has it.
    if "Traceback" not in str(compared.get("exception")):
        compared.pop("exception", None)
    return compared


@pytest.mark.timeout(600)
@pytest.mark.parametrize("number", SETS)
def test_in_process_and_as_a_module_are_the_same(ansible: Ansible, number: int) -> None:
    tasks = _tasks(random.Random(SEED + number))
    in_process, as_a_module = WAYS
    here, port = _results(ansible, tasks, in_process, 0)
    apart, _port = _results(ansible, tasks, as_a_module, port)
    assert here.keys() == apart.keys()
    different = [
        f"{name}, {key}: {result.get(key)} <> {apart[name].get(key)}"
        for name, result in here.items()
        for key in {*result, *apart[name]}
        if result.get(key) != apart[name].get(key)
    ]
    assert not different, "\n".join(different)
    # No set in which all fail alike.
    assert len({result["msg"] for result in here.values() if "msg" in result}) > EACH // 4
    assert sum(result["status"] == "ok" for result in here.values()) > EACH // 10
    assert "8Q" not in json.dumps(list(here.values()))
