# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets are nowhere in what a run prints or leaves: at -vvvv with --diff, in all callbacks, on every failure."""

from __future__ import annotations

import base64
import io
import json
import os
import shutil
from functools import partial
from pathlib import Path

import pytest
import yaml
from integration.canaries import Canary, Watch
from integration.running import WAYS, Ansible, Program, Values, play, wait_until

from simulator import Simulator, login

ENCODINGS = ("plain", "base64", "url", "json")
COLLECTION = "/api/security/azure-key-vaults"

CANARIES = {
    "client_secret": Canary(),
    "new_secret": Canary("*~with.all=that+Azure_makes/"),
    "quoted_secret": Canary('it\'s"*"\\and*'),
    "unicode_secret": Canary("gehëim-*-😀-\u0307"),
    "pattern_secret": Canary(".*[*](+$|^*{2}\\d"),
    "percent_secret": Canary("%41*%0a&*=?#/../"),
    "long_secret": Canary("*" * 150),
    "password": Canary('pässwörd: *"'),
    "wrong_password": Canary(),
}

SCENARIO: Values = {
    "users": [{"name": "admin", "password": CANARIES["password"].secret}],
    "svms": [{"name": f"vs{number}"} for number in range(10)],
    "vaults": [
        {"svm": "vs1", "client_secret": CANARIES["client_secret"].secret},
        {"svm": "vs2", "client_secret": CANARIES["client_secret"].secret, "keys_missing_on": ["node1"]},
    ],
    "faults": [
        # The server echoes the secret that it was sent, each time in another encoding.
        *(
            {"match": {"method": "PATCH", "nth": number + 1}, "echo": {"encoding": encoding}}
            for number, encoding in enumerate(ENCODINGS)
        ),
        *(
            {
                "match": {"method": "GET", "path": COLLECTION, "query": "*svm.name=vs1*", "nth": number + 1},
                "echo": {"where": "record", "encoding": encoding},
            }
            for number, encoding in enumerate(ENCODINGS)
        ),
        {"match": {"method": "POST", "path": COLLECTION, "nth": 4, "times": 2}, "echo": {}},
        {"match": {"path": "/api/cluster/jobs/*"}, "http": {"status": 503}},
    ],
}
WHOLE: Values = {
    "name": "https://mykeyvault.vault.azure.net/",
    "key_id": "https://mykeyvault.vault.azure.net/keys/key1",
    "client_id": "client1",
    "tenant_id": "tenant1",
}


def _config(title: str, svm: str, secret: str, **options: object) -> Values:
    return {
        "name": title,
        "ontap.akv.akv_config": {"svm": svm, "client_secret": f"{{{{ {secret} }}}}", **options},
        "register": title.replace(" ", "_"),
        "ignore_errors": True,
    }


def _tasks() -> list[Values]:
    always: Values = {"update_credentials": "always"}
    tasks = [
        # What succeeds.
        _config("create", "vs0", "quoted_secret", **WHOLE),
        _config("create with unicode", "vs3", "unicode_secret", **WHOLE),
        _config("create with a long one", "vs4", "long_secret", **WHOLE),
        _config("leave it", "vs0", "pattern_secret", **WHOLE),
        {**_config("predict", "vs0", "new_secret", **always), "check_mode": True},
        # What the server refuses, with the secret in its words.
        *(
            _config(f"rotate and be answered in {encoding}", "vs0", secret, **always)
            for encoding, secret in zip(
                ENCODINGS, ("pattern_secret", "quoted_secret", "percent_secret", "unicode_secret")
            )
        ),
        # Many AKV configurations, of which each brings its own; one is refused.
        {
            "name": "rotate many",
            "ontap.akv.akv_config": {
                "client_secret": "{{ quoted_secret }}",
                "update_credentials": "always",
                "vaults": [
                    {"svm": "vs1", "client_secret": "{{ pattern_secret }}"},
                    {"svm": "vs5", "client_secret": "{{ unicode_secret }}", **WHOLE},
                    {"svm": "vs3"},
                ],
            },
            "register": "rotate_many",
            "ignore_errors": True,
        },
        # What succeeds after that, and what the server gives back of it.
        _config("rotate", "vs1", "new_secret", **always),
        {"name": "read", "ontap.akv.akv_info": {}, "register": "read", "ignore_errors": True},
        {"name": "restore", "ontap.akv.akv_restore": {"svm": "vs2", "retries": 1}, "register": "restore"},
        # What fails.
        _config("refuse to recreate", "vs0", "percent_secret", client_id="client2"),
        _config("delete and not create", "vs0", "percent_secret", client_id="client2", allow_recreate=True),
        _config("log in wrongly", "vs0", "new_secret", password="{{ wrong_password }}"),
        _config("reach nobody", "vs0", "new_secret", http_port=9, retries=0),
        _config("be wrong", "vs0", "new_secret", key_id="{{ new_secret }}"),
        _config("name no file", "vs0", "new_secret", ca_path="/nowhere/{{ password }}"),
    ]
    return [*tasks, {"name": "show all", "ansible.builtin.debug": {"var": "registered"}, "vars": _registered(tasks)}]


def _registered(tasks: list[Values]) -> Values:
    names = [task["register"] for task in tasks]
    return {"registered": [f"{{{{ {name} }}}}" for name in names]}


def _leaks(texts: dict[str, bytes]) -> list[str]:
    return [
        f"{name} is {form} in {where}"
        for where, data in texts.items()
        for name, canary in CANARIES.items()
        if (form := canary.found_in(data))
    ]


@pytest.fixture
def secrets_file(ansible: Ansible) -> Path:
    # Not templates, whatever they look like.
    dump = partial(yaml.safe_dump, default_style='"', width=1000)
    lines = [f"{name}: !unsafe {dump(canary.secret)}" for name, canary in CANARIES.items()]
    return ansible.write("secrets.yml", "".join(lines))


@pytest.mark.parametrize("way", WAYS)
def test_secrets_are_nowhere(ansible: Ansible, secrets_file: Path, way: str) -> None:
    left = ansible.home / "left"
    shutil.rmtree(left, ignore_errors=True)
    left.mkdir()
    talkative = {
        "ANSIBLE_CALLBACKS_ENABLED": "dump,ansible.builtin.junit,ansible.builtin.tree",
        "ANSIBLE_CALLBACK_TREE_DIR": str(left / "tree"),
        "ANSIBLE_DISPLAY_ARGS_TO_STDOUT": "1",
        "ANSIBLE_LOG_PATH": str(left / "ansible.log"),
        "JUNIT_OUTPUT_DIR": str(left / "junit"),
    }
    log = io.StringIO()
    tasks = _tasks()
    playbook = ansible.write(
        "secrets-playbook.yml",
        [play(tasks, module_defaults={"group/ontap.akv.akv": {"username": "admin", "password": "{{ password }}"}})],
    )
    with Simulator(scenario=SCENARIO, log=log) as simulator, Watch(list(CANARIES.values())) as watch:
        where = {**login(simulator.connection), "ONTAP_USERNAME": None, "ONTAP_PASSWORD": None}
        run = ansible.play(
            playbook, "-vvvv", "--diff", "-e", f"@{secrets_file}", **where, **talkative, **WAYS[way]
        ).check()
        seen = json.dumps(simulator.requests)

    # It was as it was meant to be: what should have failed did, and what should not have did not.
    fails = [task.name for task in run.tasks if task.status == "ignored"]
    assert fails == [task["name"] for task in tasks[5:10] + tasks[13:19]], run.output
    assert "Authorization" not in run.output

    texts = {
        "the output": run.output.encode(),
        "the simulator's log": log.getvalue().encode(),
        "its memory": seen.encode(),
    }
    for path in ansible.home.rglob("*"):
        if path.is_file() and path not in (secrets_file, playbook):
            texts[str(path.relative_to(ansible.home))] = path.read_bytes()
    assert {name.split("/")[1] for name in texts if name.startswith("left/")} == {"ansible.log", "junit", "tree"}
    assert _leaks(texts) == []
    assert watch.looks > (10 if way == "as a module" else 1)
    assert watch.found == set()


@pytest.mark.parametrize("name", CANARIES)
def test_a_canary_is_found(name: str) -> None:
    """The search itself: in every form, also inside other text, also in part."""
    canary = CANARIES[name]
    secret = canary.secret
    forms = [
        secret,
        json.dumps({"x": secret}),
        json.dumps(json.dumps(secret)),
        base64.b64encode(f"admin:{secret}".encode()).decode(),
        base64.b64encode(secret.encode()).decode(),
        secret.encode().hex(),
        canary.core[5:14],
    ]
    assert [form for form in forms if canary.found_in(f"before {form} after".encode()) is None] == []
    assert canary.found_in(b"nothing of that") is None


@pytest.mark.parametrize("where", ["cmdline", "environ"])
def test_a_canary_of_a_process_is_found(where: str) -> None:
    canary = Canary()
    arguments = [canary.secret] if where == "cmdline" else []
    environment = {"SECRET": canary.secret} if where == "environ" else {}
    with Watch([canary]) as watch, Program("sh", "-c", "sleep 60; :", *arguments, env={**os.environ, **environment}):
        wait_until(lambda: watch.found)
    assert {found.partition(":")[0] for found in watch.found} == {where}
