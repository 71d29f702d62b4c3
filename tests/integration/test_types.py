# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text means text on every ansible-core, with native Jinja and without: in process, as a module, in lists, in roles."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from ansible.release import __version__
from integration.running import Ansible, Values

from simulator import Simulator, login

WHOLE: Values = {
    "svm": "vs0",
    "name": "https://kv1.vault.azure.net/",
    "key_id": "https://kv1.vault.azure.net/keys/key1",
    "client_id": "client1",
    "tenant_id": "tenant1",
    "client_secret": "sentinel-Secret8Q~",
}
# From 2.19 on Jinja is always native, and the setting has no effect.
NATIVE = ("0", "1") if tuple(map(int, __version__.split(".")[:2])) < (2, 19) else ("0",)
# What is no text, as a task has it: a value, or a template that gives one.
NO_TEXT: Values = {
    "a lookup that finds nothing": "{{ lookup('ansible.builtin.varnames', '^no_such_name$', wantlist=true) }}",
    "a query": "{{ query('ansible.builtin.varnames', '^no_such_name$') }}",
    "a list of one": "{{ ['sentinel-Secret8Q~'] }}",
    "an object": "{{ {'value': 'sentinel-Secret8Q~'} }}",
    "a list": ["sentinel-Secret8Q~"],
    "a mapping": {"value": "sentinel-Secret8Q~"},
    "a boolean": True,
    "an integer": 83,
    "a number": 1.5,
}
OPTIONS = ("password", "proxy_password", "client_id", "tenant_id", "name", "key_id", "svm", "username")
# Without native Jinja such a template is text, which looks like what it was made of.
SAYS = re.compile(
    r"(is (a list|an object|a boolean|an integer|a number)\b|is (\[\]|empty)|white space|is not a|holds|URL|JSON|quot)"
)


def _tasks() -> list[Values]:
    """A secret of each kind, and each other option of one; what each option takes, test_arguments.py tests."""
    option = "client_secret"
    tasks = [(f"{other}, an object", {**WHOLE, other: NO_TEXT["an object"]}, {}) for other in OPTIONS]
    for kind, value in NO_TEXT.items():
        tasks.append((f"{option}, {kind}", {**WHOLE, option: value}, {}))
        tasks.append((f"vaults, {kind}", {"vaults": [{**WHOLE, "svm": "vs1"}, {**WHOLE, option: value}]}, {}))
    for kind in ("a list of one", "an object", "an integer"):
        as_module = {"ansible_ontap_akv_direct": False}
        tasks.append((f"as a module, {kind}", {**WHOLE, option: NO_TEXT[kind]}, as_module))
    return [
        {"name": name, "ontap.akv.akv_config": given, "vars": variables, "ignore_errors": True}
        for name, given, variables in tasks
    ]


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """A cluster that gets no request."""
    with Simulator(scenario={"svms": [{"name": "vs0"}, {"name": "vs1"}]}) as running:
        yield running
        assert running.requests == []


@pytest.mark.parametrize("native", NATIVE)
def test_what_is_not_text_is_refused(ansible: Ansible, simulator: Simulator, native: str) -> None:
    variables = {**login(simulator.connection), "ANSIBLE_JINJA2_NATIVE": native, "ANSIBLE_PIPELINING": "1"}
    run = ansible.play(_tasks(), "-vv", **variables)
    assert run.code == 0, run.output[-3000:]
    for task in _tasks():
        found = next(each for each in run.tasks if each.name == task["name"])
        assert found.status == "ignored", f"{found}"
        assert SAYS.search(found.result["msg"]), f"{found}"
    assert "8Q" not in run.output
    assert "8Q" not in "".join(str(task.result) for task in run.tasks)


@pytest.mark.parametrize("native", NATIVE)
def test_a_role_refuses_it(ansible: Ansible, simulator: Simulator, native: str) -> None:
    """On a cluster for each kind."""
    given = {f"akv_enable_{name}": WHOLE[name] for name in ("name", "key_id")}
    given.update({f"akv_{name}": WHOLE[name] for name in ("svm", "client_id", "tenant_id")})
    hosts = {kind.replace(" ", "-"): {"akv_client_secret": value} for kind, value in NO_TEXT.items()}
    inventory = ansible.write("kinds.yml", {"all": {"hosts": hosts, "vars": given}})
    variables = {**login(simulator.connection), "ANSIBLE_JINJA2_NATIVE": native}
    run = ansible.play("ontap.akv.enable", "-vv", "-i", str(inventory), **variables)
    failed = {task.host: task.result["msg"] for task in run.tasks if task.status == "failed"}
    assert failed.keys() == hosts.keys(), run.output
    assert {host: says for host, says in failed.items() if "client_secret" not in says} == {}
    assert "8Q" not in run.output
    assert "8Q" not in "".join(str(task.result) for task in run.tasks)
