# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Least privilege: each Ansible role with the REST role that docs/least-privilege.md gives it."""

from __future__ import annotations

import re
from contextlib import ExitStack

from integration.running import ROOT, Values
from roles.playing import Roles
from roles.test_all import NAME
from roles.test_all import ROLES as VARIABLES

from simulator import Simulator

PAGE = (ROOT / "docs" / "least-privilege.md").read_text(encoding="utf-8")
COMMAND = re.compile(r"^security login rest-role create -role (\w+) -api (\S+) -access (\w+)$", re.MULTILINE)
ROW = re.compile(r"^\| `akv_(\w+)`(?:, `[\w.]+`)? \| \[(\w+)\]", re.MULTILINE)
LOGIN = {"username": "ansible", "password": "canary-password"}
VAULT = {
    "svm": "vs0",
    "name": NAME,
    "key_id": f"{NAME}keys/key1",
    "client_id": "client1",
    "tenant_id": "tenant1",
    "client_secret": "the-secret",
}


def test_the_page_has_a_rest_role_for_each_role() -> None:
    assert [f"akv_{role}" for role, _rest in ROW.findall(PAGE)] == sorted(
        (path.name for path in (ROOT / "roles").iterdir() if path.is_dir()), key=PAGE.index
    )


def _scenario(rest_role: str, vaults: list[Values]) -> Values:
    granted = [{"api": path, "access": access} for name, path, access in COMMAND.findall(PAGE) if name == rest_role]
    return {
        "vaults": vaults,
        "users": [{"name": "admin"}, {"name": LOGIN["username"], "password": LOGIN["password"], "role": "ansible"}],
        "roles": {"ansible": granted},
        "azure": {"poll_interval": 0},
    }


def _denied(simulator: Simulator) -> list[Values]:
    return [seen for seen in simulator.requests if seen["status"] in (401, 403)]


def test_its_rest_role_is_enough(roles: Roles) -> None:
    """For each Ansible role, on the oldest release and on the newest. 9.7 cannot change a key."""
    plays, clusters, simulators = [], {}, {}
    with ExitStack() as stack:
        for role, rest_role in ROW.findall(PAGE):
            releases = {"newest": "9.19.1"} if role == "rotate_key" else {"newest": "9.19.1", "oldest": "9.7"}
            hosts = {f"{role}-{name}": release for name, release in releases.items()}
            plays.append(
                {
                    "name": f"Play {role}",
                    "ansible.builtin.import_playbook": f"ontap.akv.{role}",
                    "vars": {"akv_hosts": list(hosts)},
                }
            )
            scenario = _scenario(rest_role, [] if role == "enable" else [VAULT])
            for host, release in hosts.items():
                simulator = stack.enter_context(Simulator(release=release, scenario=scenario))
                simulators[host] = simulator
                more = {"akv_report_fail_on": []} if role == "report" else {}
                clusters[host] = {**simulator.connection, **LOGIN, "variables": {**VARIABLES[role], **more}}
        roles.play(roles.ansible.write("privileges.yml", plays), clusters).check()
        assert [host for host, simulator in simulators.items() if not simulator.requests] == []
        assert {host: denied for host, simulator in simulators.items() if (denied := _denied(simulator))} == {}


def test_reading_is_enough_for_check_mode(roles: Roles) -> None:
    with ExitStack() as stack:
        simulators = {
            name: stack.enter_context(Simulator(release="9.19.1", scenario=_scenario("akv_preflight_info", vaults)))
            for name, vaults in (("create", []), ("unchanged", [VAULT]))
        }
        clusters = {name: {**simulator.connection, **LOGIN} for name, simulator in simulators.items()}
        roles.play("enable", clusters, VARIABLES["enable"], "--check").check()
        assert {name: _denied(simulator) for name, simulator in simulators.items()} == {"create": [], "unchanged": []}
