# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds for the roles alike: no host, no cluster, an old one, and no secret shown."""

from __future__ import annotations

import json
from contextlib import ExitStack, nullcontext
from pathlib import Path

import pytest
from integration.canaries import Canary, Watch
from integration.running import Run, Values
from roles.playing import DEAD, HEAD, Roles, assert_changes_nothing

from simulator import Simulator

NAME = "https://mykeyvault.vault.azure.net/"
SECRETS = {
    "akv_client_secret": Canary("*~with.all=that"),
    "akv_enable_proxy_password": Canary(),
    "akv_password": Canary('pass: *"'),
    "akv_previous_client_secret": Canary("it's+the/former=one"),
}
PYTHON = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}
ROLES: dict[str, Values] = {
    "enable": {
        "akv_svm": "vs0",
        "akv_client_id": "client1",
        "akv_tenant_id": "tenant1",
        "akv_client_secret": "the-secret",
        "akv_enable_name": NAME,
        "akv_enable_key_id": f"{NAME}keys/key1",
    },
    "disable": {"akv_svm": "vs0", "akv_disable_name": NAME},
    "recover": {"akv_recover_wait": 0},
    "rotate": {"akv_client_id": "client1", "akv_client_secret": "the-secret", "akv_rotate_soak": 0},
    "rotate_key": {
        "akv_svm": "vs0",
        "akv_client_secret": "the-secret",
        "akv_rotate_key_key_id": f"{NAME}keys/key2",
        "akv_rotate_key_configuration": "green",
        "akv_rotate_key_soak": 0,
    },
    "report": {"akv_report_path": "out", "akv_report_fail_on": ["unreachable"]},
}


def test_an_empty_inventory(roles: Roles) -> None:
    """Ansible ends with exit code 0 where a play has no hosts: a drift job or a report would be green."""
    run = roles.play("report", {}, ROLES["report"])
    assert run.code != 0
    assert run.tasks == []
    assert "--inventory: it has no hosts" in run.output


def test_a_limit_that_names_nothing(roles: Roles) -> None:
    """As a rulebook gives it for an event without hosts, or a pipeline for a variable that is not set."""
    run = roles.play("rotate", {"one": DEAD, "two": DEAD}, ROLES["rotate"], "--limit", "")
    assert run.code != 0
    assert run.tasks == []
    assert "--limit: it names nothing" in run.output


def test_the_strategy_is_that_of_the_playbook(roles: Roles) -> None:
    """Whatever the configuration of Ansible names: with the strategy free, one cluster that fails stops no other."""
    vault = {"svm": "vs0", "name": NAME, "key_id": f"{NAME}keys/key1"}
    variables: Values = {"akv_svm": "vs0", "akv_rotate_key_key_id": f"{NAME}keys/key2", "akv_rotate_key_soak": 0}
    with Simulator(release="9.14.1", scenario={"vaults": [vault]}) as simulator, assert_changes_nothing(simulator):
        clusters = {"good": simulator.connection, "dead": DEAD}
        run = roles.play("rotate_key", clusters, variables, ANSIBLE_STRATEGY="free")
    assert run.code == 2
    report = {"akv_report_path": "out", "akv_report_formats": ["json"]}
    run = roles.play("report", {"one": DEAD, "two": DEAD}, report, ANSIBLE_STRATEGY="free")
    assert len([task for task in run.tasks if task.name.endswith("Write the reports")]) == 1


@pytest.mark.parametrize("role", ROLES)
def test_clusters_that_cannot_be_read(role: str, roles: Roles) -> None:
    """Out of reach, with a login that is refused, and too old: each says so, and nothing is changed."""
    old = {"cluster": {"rest": False, "zapi_version": "9.5"}}
    with (
        Simulator(scenario={"vaults": [{"svm": "vs0"}]}) as refuses,
        Simulator(release="9.7", scenario=old) as too_old,
        assert_changes_nothing(refuses),
        assert_changes_nothing(too_old),
    ):
        clusters = {
            "dead": DEAD,
            "refuses": {**refuses.connection, "password": "wrong"},
            "old": too_old.connection,
        }
        run = roles.play(role, clusters, {**ROLES[role], "akv_hosts": "dead,refuses,old"})
    assert run.code == 2
    messages = " ".join(run.failures())
    # The rotation of a key stops at the first cluster. That of a credential names all, and quotes the first.
    expected = ["refused the connection", "6691623", "9.5"][: 1 if role in ("rotate", "rotate_key") else 3]
    assert [says for says in expected if says not in messages] == [], messages


def _all_roles(roles: Roles, *hosts: str) -> Path:
    """A play of all roles, of which none ends it, for each pattern of hosts."""
    tasks = [
        {
            "name": f"Try {role}",
            "block": [{"name": f"Play {role}", "ansible.builtin.include_role": {"name": f"ontap.akv.akv_{role}"}}],
            "rescue": [
                # With the failure, which Ansible would show in the role alone.
                {"name": f"{role} failed", "ansible.builtin.debug": {"msg": "{{ ansible_failed_result.msg }}"}}
            ],
        }
        for role in ROLES
    ]
    plays = [{"name": "Play all roles", **HEAD, "hosts": each, "vars": PYTHON, "tasks": tasks} for each in hosts]
    return roles.ansible.write("all.yml", plays)


def _said(run: Run, role: str) -> dict[str, str]:
    """What each cluster says on which the role failed."""
    return {task.host: str(task.result["msg"]) for task in run.tasks if task.name == f"{role} failed"}


# What each role is given, by names that are its own; the common ones are the same for all.
COMMON = {name: value for given in ROLES.values() for name, value in given.items()}


def test_a_variable_that_no_role_has(roles: Roles) -> None:
    """Nothing is sent; what else is refused is tested by tests/unit/plugins/plugin_utils/test_variables.py."""
    mistyped = {f"akv_{role}_svn": "vs0" for role in ROLES}
    with Simulator() as simulator:
        run = roles.play(_all_roles(roles, "all"), {"c1": simulator.connection}, {**COMMON, **mistyped})
        assert simulator.requests == []
    assert [role for role in ROLES if f"akv_{role}_svn: not a variable" not in _said(run, role).get("c1", "")] == []
    result = run.fact("akv_rotate_result", "c1")
    assert (result["failed"], result["changed"], result["outcome"]) == (True, False, "unchanged")
    assert result["msg"] in run.failures()


@pytest.mark.parametrize("arguments", [(), ("--check",)], ids=["true", "false"])
def test_a_play_says_itself_whether_it_is_check_mode(arguments: tuple[str, ...], roles: Roles) -> None:
    """By ``check_mode`` of the play, against the command line: what a role says is what it does."""
    in_check_mode = not arguments
    variables: Values = {
        **ROLES["rotate"],
        "akv_tenant_id": "tenant1",
        "akv_previous_client_secret": "former-secret",
        "akv_rotate_key_key_id": f"{NAME}keys/key2",
        "akv_rotate_key_soak": 0,
        "akv_recover_wait": 0,
        "akv_enable_name": NAME,
        "akv_enable_key_id": f"{NAME}keys/key1",
        "akv_disable_name": NAME,
    }
    svms = {"enable": "vs0", "disable": "vs1", "rotate": "vs2", "rotate_key": "vs3", "recover": "vs4"}
    plays = [
        {
            "name": f"Play {role}",
            **HEAD,
            "check_mode": in_check_mode,
            "vars": {**PYTHON, "akv_svm": svm},
            "roles": [f"ontap.akv.akv_{role}"],
        }
        for role, svm in svms.items()
    ]
    vault = {"name": NAME, "key_id": f"{NAME}keys/key1", "client_secret": "former-secret"}
    application = {"client_id": "client1", "tenant_id": "tenant1", "secrets": ["former-secret", "the-secret"]}
    scenario = {
        "svms": [{"name": svm} for svm in svms.values()],
        "vaults": [{"svm": svm, **vault} for svm in svms.values() if svm != "vs0"],
        "azure": {"applications": [application]},
    }
    with Simulator(release="9.14.1", scenario=scenario) as simulator:
        simulator.apply([{"lose_keys": {"svm": "vs4", "nodes": ["node1"]}}])
        before = simulator.vaults()
        with assert_changes_nothing(simulator) if in_check_mode else nullcontext():
            playbook = roles.ansible.write("plays.yml", plays)
            run = roles.play(playbook, {"c1": simulator.connection}, variables, *arguments)
        run.check()
        results = {role: run.fact(f"akv_{role}_result", "c1") for role in svms}
        assert [role for role in svms if not results[role]["changed"]] == []
        assert [role for role in svms if ("would" in str(results[role]["msg"])) != in_check_mode] == [], results
        assert (simulator.vaults() == before) == in_check_mode


def test_secrets_are_nowhere(roles: Roles) -> None:
    """Where each role succeeds, where the cluster, Azure or the role refuses, and where nobody listens."""
    new, previous = (SECRETS[name].secret for name in ("akv_client_secret", "akv_previous_client_secret"))
    users = [{"name": "admin", "password": SECRETS["akv_password"].secret}]
    vault = {"name": NAME, "key_id": f"{NAME}keys/key1", "client_secret": previous}
    # vs0 gets its configuration, vs1 loses it, the secret of vs3 has expired.
    svms = {"enable": "vs0", "disable": "vs1", "rotate_key": "vs2", "recover": "vs3"}
    scenario = {
        "users": users,
        "svms": [{"name": svm} for svm in svms.values()],
        "vaults": [{"svm": svm, **vault} for svm in ("vs1", "vs2", "vs3")],
    }
    of_roles = {f"akv_{role}_svm": svm for role, svm in svms.items() if role != "recover"}
    variables = {**COMMON, **of_roles, "akv_enable_proxy_host": "proxy.example.com", "akv_enable_proxy_type": "http"}
    variables |= {name: canary.secret for name, canary in SECRETS.items()}
    variables |= {"akv_enable_wait_timeout": 5, "akv_rotate_include_unhealthy": True}
    del variables["akv_svm"]
    outputs = []
    with ExitStack() as stack:
        watch = stack.enter_context(Watch(list(SECRETS.values())))
        simulators = []
        for secrets in ([previous, new], [previous]):
            application = {"client_id": "client1", "tenant_id": "tenant1", "secrets": secrets}
            azure = {"poll_interval": 0, "applications": [application]}
            simulator = stack.enter_context(Simulator(release="9.14.1", scenario={**scenario, "azure": azure}))
            simulator.apply([{"expire_credential": {"svm": "vs3"}}])
            simulators.append(simulator)
        takes, refuses = simulators
        clusters = {
            "takes": {**takes.connection, "password": None},
            "both": {**takes.connection, "password": None, "variables": {"akv_client_certificate": new}},
            "refuses": {**refuses.connection, "password": None},
            "dead": {**DEAD, "password": None},
        }
        playbook = _all_roles(roles, "takes", "both", "refuses", "dead")
        run = roles.play(playbook, clusters, variables, "-vvvv", "--diff")
        outputs.append(run.shown())
        outputs += [json.dumps(simulator.requests).encode() for simulator in simulators]
        failed = {role: list(_said(run, role)) for role in ROLES}
        bad = ["both", "refuses", "dead"]
        expected = {
            "enable": bad,
            "disable": ["dead"],
            "recover": bad,
            "rotate": bad,
            "rotate_key": bad,
            "report": ["dead"],
        }
        assert failed == expected, failed
        assert {takes.secret_of(vault["uuid"]) for vault in takes.vaults()} == {new}
    outputs += [path.read_bytes() for path in (roles.ansible.home / "out").rglob("*.*") if path.is_file()]
    leaks = [(name, canary.found_in(output)) for output in outputs for name, canary in SECRETS.items()]
    assert [leak for leak in leaks if leak[1]] == []
    assert watch.found == set()
