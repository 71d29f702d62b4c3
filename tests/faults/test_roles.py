# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Least privilege: each module with just the role that docs/least-privilege.md gives it, and with less."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from faults.catalogue import LOSE_KEYS, PHASES, WHOLE
from faults.harness import options, picture
from faults.in_process import Cluster

from ansible_collections.ontap.akv.plugins.module_utils._runtime.errors import Outcome

PAGE = Path(__file__).resolve().parents[2] / "docs" / "least-privilege.md"
COMMAND = re.compile(r"^security login rest-role create -role (\w+) -api (\S+) -access (\w+)$", re.MULTILINE)
VAULTS, CLUSTER, JOBS = "/api/security/azure-key-vaults", "/api/cluster", "/api/cluster/jobs"
KEYLESS = [{"create_vault": WHOLE}, LOSE_KEYS]
LOGIN = {"username": "ansible", "password": "canary-password"}

Role = dict[str, str]

# What is done with each role, and the outcome without one of the paths that it cannot do without.
TASKS: dict[str, tuple[str, dict[str, Any], dict[str, str]]] = {
    "info": ("akv_info", {}, {VAULTS: Outcome.UNCHANGED}),
    "volumes": ("akv_info", {"volumes": True}, {VAULTS: Outcome.UNCHANGED}),
    "health monitor": ("akv_info", {"health_monitor": True}, {VAULTS: Outcome.UNCHANGED}),
    "repair": ("akv_repair", {"poll_interval": 0.1, "wait": False}, {VAULTS: Outcome.UNCHANGED}),
    "preflight": ("akv_preflight_info", {"svm": "vs0"}, {}),
    "create": ("akv_config", PHASES["create"].options, {VAULTS: Outcome.UNCHANGED}),
    "update": ("akv_config", PHASES["patch"].options, {VAULTS: Outcome.UNCHANGED}),
    "rotate": (
        "akv_credential",
        {"client_id": "client1", "client_secret": "another-secret"},
        {VAULTS: Outcome.UNCHANGED},
    ),
    "delete": ("akv_config", PHASES["delete"].options, {VAULTS: Outcome.UNCHANGED}),
    "restore": ("akv_restore", PHASES["restore"].options, {VAULTS: Outcome.UNCHANGED}),
}


def roles() -> dict[str, Role]:
    """The roles that the page creates: path to access, by module."""
    found: dict[str, Role] = {}
    for module, path, access in COMMAND.findall(PAGE.read_text(encoding="utf-8")):
        found.setdefault(module, {})[path] = access
    return found


def privileges() -> Iterator[tuple[str, str]]:
    """Each task with each path of its role."""
    for task, (module, _options, _needs) in TASKS.items():
        for path in roles()[module]:
            yield task, path


def cluster_with(role: Role, task: str) -> Cluster:
    """A cluster on which the login has this role, and the task something to do."""
    scenario = {
        "users": [{"name": "admin"}, {"name": LOGIN["username"], "password": LOGIN["password"], "role": "ansible"}],
        "roles": {"ansible": [{"api": path, "access": access} for path, access in role.items()]},
        "jobs": {"queued": 0.05, "running": 0.1},
    }
    # The first release that reports the health monitor.
    sim = Cluster("9.10.1" if task == "health monitor" else "9.7", scenario)
    sim.apply({"create": [], "restore": KEYLESS, "repair": KEYLESS}.get(task, [{"create_vault": WHOLE}]))
    return sim


def attempt(sim: Cluster, task: str) -> dict[str, Any]:
    module, declared, _needs = TASKS[task]
    connection = {**options(sim), **LOGIN}
    if module in ("akv_info", "akv_preflight_info"):
        del connection["wait_timeout"]
    return sim.run(module, **declared, **connection)


def done(sim: Cluster, task: str, result: dict[str, Any]) -> bool:
    if TASKS[task][0] == "akv_info":
        # Without the privilege the interval is not known, and the AKV configurations are all the same.
        return bool(result["summary"]["total"] == 1)
    if task == "rotate":
        return bool(result["stopped_by"] == "")
    if task == "preflight":
        # Without one privilege its checks are unknown, and the others as they are.
        return bool(result["ready"])
    phase = {"update": "patch", "repair": "restore"}.get(task, task)
    return PHASES[phase].done(sim)


def test_the_page_has_a_role_for_each_module() -> None:
    modules = (
        "akv_config",
        "akv_credential",
        "akv_info",
        "akv_preflight_info",
        "akv_rekey",
        "akv_repair",
        "akv_restore",
    )
    # Those of the Ansible roles are tried in tests/roles/test_least_privilege.py. One has what each of them has.
    assert set(roles()) == {*modules, "akv_enable", "akv_rotate_key", "akv_disable", "akv_operator"}
    assert {*roles()["akv_info"].values(), *roles()["akv_preflight_info"].values()} == {"readonly"}


@pytest.mark.parametrize("task", TASKS)
def test_its_role_is_enough(task: str) -> None:
    with cluster_with(roles()[TASKS[task][0]], task) as sim:
        result = attempt(sim, task)
        assert not result.get("failed"), result["msg"]
        assert done(sim, task, result)
        assert [seen for seen in sim.requests if seen["status"] in (401, 403)] == []


@pytest.mark.parametrize(("task", "path"), list(privileges()))
def test_a_privilege_less(task: str, path: str) -> None:
    """Less than a change needs is reading, less than that is nothing."""
    module, _options, needs = TASKS[task]
    less = {"all": "readonly", "readonly": "none"}
    role = {**roles()[module], path: less[roles()[module][path]]}
    with cluster_with(role, task) as sim:
        before = picture(sim)
        result = attempt(sim, task)
        if path in needs:
            assert result["failed"]
            assert result["http_status"] == 403
            assert result["error"]["code"] == "6"
            assert "role access" in result["msg"]
            assert result["outcome"] == needs[path]
            if needs[path] == Outcome.UNCHANGED:
                assert picture(sim) == before
        else:
            assert not result.get("failed"), result["msg"]
            assert done(sim, task, result)


@pytest.mark.parametrize("task", [task for task in TASKS if task != "preflight"])
def test_no_privilege_at_all(task: str) -> None:
    with cluster_with({}, task) as sim:
        before = picture(sim)
        result = attempt(sim, task)
        assert result["failed"]
        assert result["http_status"] == 403
        assert result["outcome"] == "unchanged"
        assert picture(sim) == before
        assert LOGIN["password"] not in str(result)


def test_a_preflight_without_privileges_knows_nothing() -> None:
    with cluster_with({}, "preflight") as sim:
        result = attempt(sim, "preflight")
        assert not result.get("failed"), result["msg"]
        assert {check["status"] for check in result["checks"]} == {"unknown"}
        assert "Unknown: release, nodes" in result["msg"]


@pytest.mark.parametrize("task", ["create", "restore"])
def test_read_create_is_enough_to_restore(task: str) -> None:
    """The level that ONTAP has from 9.11.1 on."""
    role = {**roles()["akv_restore"], VAULTS: "read_create"}
    with cluster_with(role, task) as sim:
        result = attempt(sim, task)
        assert not result.get("failed"), result["msg"]
        assert done(sim, task, result)


@pytest.mark.parametrize("task", ["update", "delete"])
def test_read_create_cannot_update_or_delete(task: str) -> None:
    role = {**roles()["akv_config"], VAULTS: "read_create"}
    with cluster_with(role, task) as sim:
        before = picture(sim)
        result = attempt(sim, task)
        assert result["failed"]
        assert result["outcome"] == "unchanged"
        assert picture(sim) == before
