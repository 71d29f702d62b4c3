# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets of each kind, in each way that a task can run, searched in each place where a run leaves something.

A cell is a way and a kind of secret with a sentinel of its own. All cells of a run share all places.
"""

from __future__ import annotations

import functools
import io
import json
import os
import re
import string
import sys
from pathlib import Path
from random import SystemRandom

import pytest
import yaml
from integration.canaries import Canary, Watch
from integration.running import HERE as INTEGRATION
from integration.running import Ansible, Values, play

from simulator import Simulator, login

RUNNER = Path(sys.executable).with_name("ansible-runner")
ALL = bool(os.environ.get("AKV_ALL_LEAKS"))
"""Whether the whole matrix is searched: each option that takes a secret, and each way as a module too."""


class Short(Canary):
    """A secret of six characters, which is searched where it stands alone."""

    def __init__(self) -> None:
        super().__init__()
        self.core = self.secret = "".join(SystemRandom().choices(string.ascii_letters, k=6))

    def found_in(self, data: bytes) -> str | None:
        if self.core.encode() not in data:
            return None
        alone = re.search(rb"(?<![0-9A-Za-z])" + self.core.encode() + rb"(?![0-9A-Za-z])", data)
        return "as text" if alone else None


class Word(Canary):
    """A secret that is an ordinary word: it counts where it is the value of an option."""

    def __init__(self) -> None:
        super().__init__()
        self.secret = "password"

    def found_in(self, data: bytes) -> str | None:
        return _value_of_word(data)


@functools.lru_cache(maxsize=1)
def _value_of_word(data: bytes) -> str | None:
    """All cells with this kind of secret look for the same."""
    names = rb"(?:client_secret|clientsecret|pass|password|proxy_password)"
    found = re.search(names + rb"[\"']?\s*[:=]\s*[\"']?password\b(?!\w|\s*[:=])", data)
    return f"as a value: {found[0]!r}" if found else None


KINDS = {
    "short": Short,
    "word": Word,
    "metacharacters": lambda: Canary('.*[*](+$|^\\d{"a":["*"]}%41%0a&=?#/../<*>\''),
    "non_ascii": lambda: Canary("geh\xebim-*-\U0001f600"),
    "newline": lambda: Canary("first-*\nsecond-*"),
    "long": lambda: Canary("*" * 420),
    "vault": Canary,
}

WAYS: dict[str, Values] = {
    "in_process": {},
    "module": {"vars": {"ansible_ontap_akv_direct": False}},
    "async": {"async": 60, "poll": 1},
    "loop": {"loop": ["{{ name_of_secret }}"]},
    "check": {"check_mode": True},
    "diff": {"diff": True},
    "vaults": {},
    "validation_error": {},
    "exception": {},
    "exception_module": {"vars": {"ansible_ontap_akv_direct": False}},
    "timeout": {"timeout": 1},
}

OPTIONS = ("client_secret", "proxy_password", "pass") if ALL else ("client_secret",)
RUNS = [(option, direct) for option in OPTIONS for direct in ((True, False) if ALL else (True,))]

SCENARIO: Values = {
    "cluster": {"release": "9.14.1"},
    "svms": [{"name": "vs0"}, {"name": "slow"}, {"name": "broken"}],
    "vaults": [{"svm": "vs0"}, {"svm": "slow"}, {"svm": "broken"}],
    "faults": [
        {
            "match": {"method": "GET", "query": "*svm.name=slow*", "times": 0},
            "timeout": {"seconds": 4, "when": "before"},
        },
        {"match": {"method": "PATCH", "times": 0}, "echo": {"encoding": "json"}},
    ],
}


def _task(way: str, kind: str, option: str) -> Values:
    """A task of akv_config that gets the secret of a cell."""
    name = f"{way}_{kind}"
    secret = f"{{{{ secret_{name} }}}}" if way != "loop" else "{{ lookup('ansible.builtin.vars', item) }}"
    # A new secret holds no line break: that is refused, and a password that does is tried.
    option = "pass" if kind == "newline" else option
    given: Values = {option: secret, "update_credentials": "always", "svm": "vs0"}
    if option == "pass":
        given["client_secret"] = "one-without-a-line-break"
    if way == "vaults":
        given = {"vaults": [given]} if option != "pass" else {**given, "svm": "{{ omit }}", "vaults": [{"svm": "vs0"}]}
    elif way == "validation_error":
        given = {"vaults": [[given], secret, {"clientsecret": secret}], "clientsecret": [secret], option: [secret]}
    elif way.startswith("exception"):
        given["svm"] = "broken"
    elif way == "timeout":
        given["svm"] = "slow"
    keywords = json.loads(json.dumps(WAYS[way]).replace("{{ name_of_secret }}", f"secret_{name}"))
    return {"name": name, "ontap.akv.akv_config": given, "register": name, "ignore_errors": True, **keywords}


def _variables(ansible: Ansible, cells: dict[str, Canary]) -> tuple[Path, Path]:
    """Write the secrets, one kind of them encrypted; give the file and that of its password."""
    password = ansible.write("vault-password", "of the vault\n")
    vaulted = {name: canary.secret for name, canary in cells.items() if name.endswith("_vault")}
    names = [f"--name=secret_{name}" for name in vaulted]
    given = ("encrypt_string", "--vault-password-file", password, *names, *vaulted.values())
    encrypted, code = ansible.command("ansible-vault", *given)
    assert code == 0, encrypted
    lines = re.findall(r"^(?:secret_\w+:| +).*\n", encrypted, re.MULTILINE)
    for name, canary in cells.items():
        if name not in vaulted:
            # Not templates, whatever they look like.
            text = yaml.safe_dump(canary.secret, default_style='"', width=10**6)
            lines.append(f"secret_{name}: !unsafe {text}")
    return ansible.write("secrets.yml", "".join(lines)), password


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("option", "direct"), RUNS)
def test_no_secret_is_anywhere(ansible: Ansible, option: str, direct: bool) -> None:
    cells = {f"{way}_{kind}": make() for way in WAYS for kind, make in KINDS.items()}
    secrets, password = _variables(ansible, cells)
    tasks = [_task(way, kind, option) for way in WAYS for kind in KINDS]
    kept = {"kept": [f"{{{{ {name} }}}}" for name in cells], "cacheable": True}
    project = ansible.home / "runner" / "project"
    project.mkdir(parents=True, exist_ok=True)
    playbook = project / "playbook.yml"
    playbook.write_text(
        yaml.safe_dump([play([*tasks, {"name": "Keep all", "ansible.builtin.set_fact": kept}])]), encoding="utf-8"
    )
    left = ansible.home / "left"
    plugins = os.pathsep.join(
        map(str, (INTEGRATION / "callback_plugins", Path(__file__).with_name("callback_plugins")))
    )
    environment = {
        "AKV_DUMP": str(left / "dump.jsonl"),
        "ANSIBLE_CACHE_PLUGIN": "ansible.builtin.jsonfile",
        "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(left / "facts"),
        "ANSIBLE_CALLBACKS_ENABLED": "dump,breaking,ansible.builtin.junit,ansible.builtin.tree",
        "ANSIBLE_CALLBACK_PLUGINS": plugins,
        "ANSIBLE_CALLBACK_TREE_DIR": str(left / "tree"),
        "ANSIBLE_DISPLAY_TRACEBACK": "always",
        "ANSIBLE_INJECT_INVOCATION": "1",
        "ANSIBLE_LOG_PATH": str(left / "ansible.log"),
        "ANSIBLE_ONTAP_AKV_DIRECT": str(direct),
        "JUNIT_OUTPUT_DIR": str(left / "junit"),
        "PYTHONPATH": str(Path(__file__).with_name("site")),
    }
    left.mkdir(exist_ok=True)
    arguments = ["-vvvvv", "-e", f"@{secrets}", "--vault-password-file", str(password)]
    log = io.StringIO()
    with Simulator(scenario=SCENARIO, log=log) as simulator, Watch(list(cells.values())) as watch:
        where = {**login(simulator.connection), **environment}
        if RUNNER.exists():
            command = ("run", ansible.home / "runner", "-p", "playbook.yml", f"--cmdline={' '.join(arguments)}")
            output, code = ansible.command(RUNNER.name, *command, **where)
        else:
            output, code = ansible.command("ansible-playbook", playbook, *arguments, **where)
    assert code == 0, output[-3000:]

    results = {}
    for line in (left / "dump.jsonl").read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        results[entry["name"]] = entry
    texts = {"the output": output.encode(), "the log of the cluster": log.getvalue().encode()}
    own = (secrets, password)
    texts.update(
        {str(path): path.read_bytes() for path in ansible.home.rglob("*") if path.is_file() and path not in own}
    )
    found = [
        f"{name} is {form} in {place}"
        for place, data in texts.items()
        for name, canary in cells.items()
        if (form := canary.found_in(data))
    ]
    assert found == []
    assert watch.found == set()
    names = " ".join(texts)
    places = ["ansible.log", "facts", "tree", "junit", *(["artifacts", "job_events"] if RUNNER.exists() else [])]
    assert [place for place in places if place not in names] == []
    assert_came_to_it(results, option)


def assert_came_to_it(results: dict[str, Values], option: str) -> None:
    """Each way is the one that it is meant to be: what should have failed did, for the reason that it should."""
    for way in WAYS:
        for kind in KINDS:
            result = results[f"{way}_{kind}"]["result"]
            result = result["results"][0] if way == "loop" else result
            reported = json.dumps(result)
            if way == "validation_error":
                assert re.search(r"vaults\[0\]: is .*, not an object|is a list, not text", result["msg"]), reported
            elif way == "timeout":
                # A login of 10 kB is refused before anything takes long.
                too_long = (option, kind) == ("pass", "long") and "HTTP 400" in result["msg"]
                # ansible-core 2.16 says it in words alone.
                late = "timedout" in result or re.search("timeout|expected time frame", result["msg"])
                assert late or too_long, reported
            elif way.startswith("exception"):
                assert "Internal error in the ontap.akv collection (RuntimeError in broken" in result["msg"], reported
            assert "invocation" in result or way in ("timeout", "async"), reported


@pytest.mark.parametrize("kind", KINDS)
def test_a_secret_is_found(kind: str) -> None:
    """The search itself can fail."""
    canary = KINDS[kind]()
    assert canary.found_in(f'{{"client_secret": {json.dumps(canary.secret, ensure_ascii=False)}}}'.encode())
    assert canary.found_in(b'{"client_secret": "********", "msg": "another text"}') is None
