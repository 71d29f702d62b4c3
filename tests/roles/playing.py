# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plays the playbooks of the collection by their names, on an inventory of simulated clusters."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from integration.running import ROOT, Ansible, Program, Run, Values

from simulator import Simulator

PLAYBOOKS = sorted((ROOT / "playbooks").glob("*.yml"))
ROLES = sorted(path for path in (ROOT / "roles").glob("*") if path.is_dir())

HEAD: Values = {
    "hosts": "{{ lookup('ontap.akv.playbook', 'hosts') }}",
    "gather_facts": False,
    "connection": "local",
    "module_defaults": {"group/ontap.akv.akv": "{{ lookup('ontap.akv.playbook', 'connection') }}"},
}
"""What the play of each playbook begins with: hosts are clusters, and omit leaves an option to ONTAP_*."""

Connection = Mapping[str, t.Any]
"""Where a cluster is; ``variables`` are further ones of the host."""

DEAD: Connection = {"hostname": "127.0.0.1", "http_port": 9, "username": "admin", "password": "nobody-listens"}
"""A cluster that nobody can reach."""


@dataclass
class Roles:
    """The playbooks of the collection.

    :ivar ansible: runs them
    """

    ansible: Ansible
    _runs: int = field(default=0)

    def play(
        self,
        playbook: str | Path,
        clusters: Mapping[str, Connection],
        variables: Mapping[str, t.Any] | None = None,
        *arguments: str,
        **environment: str | None,
    ) -> Run:
        """Play a playbook.

        :param playbook: the part of its name after ontap.akv., or a file
        :param clusters: the inventory, name of the host to where the cluster is; {} is an empty inventory
        :param variables: extra variables, in a file
        :param arguments: of ansible-playbook, e.g. "--check"
        """
        name, more = self._arguments(playbook, clusters, variables)
        return self.ansible.play(name, *more, *arguments, **environment)

    def start(self, playbook: str, clusters: Mapping[str, Connection], variables: Mapping[str, t.Any]) -> Program:
        """Start to play a playbook."""
        name, more = self._arguments(playbook, clusters, variables)
        return self.ansible.start("ansible-playbook", name, *more)

    def _arguments(
        self, playbook: str | Path, clusters: Mapping[str, Connection], variables: Mapping[str, t.Any] | None
    ) -> tuple[t.Any, list[str]]:
        self._runs += 1
        name = f"ontap.akv.{playbook}" if isinstance(playbook, str) else playbook
        inventory = self.ansible.write(f"inventory-{self._runs}.yml", inventory_of(clusters))
        extra = self.ansible.write(f"variables-{self._runs}.yml", dict(variables or {}))
        return name, ["-i", str(inventory), "-e", f"@{extra}"]


def inventory_of(clusters: Mapping[str, Connection]) -> Values:
    """An inventory whose hosts are the clusters, each with its address and login."""
    return {"all": {"hosts": {name: _variables_of(connection) for name, connection in clusters.items()}}}


def _variables_of(connection: Connection) -> Values:
    options = ("http_port", "username", "password", "ca_path")
    return {
        "ansible_host": connection["hostname"],
        **{f"akv_{option}": connection[option] for option in options if connection.get(option) is not None},
        **connection.get("variables", {}),
    }


def assert_readable(run: Run, lines: int | None = None) -> None:
    """The output is what someone needs, and no more: no line is long, and none names an internal variable.

    :param lines: the most that it may have
    """
    assert "FAILED - RETRYING" not in run.output
    assert "__akv" not in run.output
    # Custom stats are shown on request alone, and for programs.
    shown = [line for line in run.output.splitlines() if not line.startswith("\tRUN: ")]
    assert max(len(line) for line in shown if not line.startswith("fatal: ")) <= 500
    assert max(map(len, shown)) <= 1000
    if lines is not None:
        assert len(run.output.splitlines()) <= lines, run.output


@contextmanager
def assert_changes_nothing(simulator: Simulator) -> Iterator[None]:
    """Check that what is played meanwhile asks the cluster, and changes nothing on it."""
    before = simulator.vaults()
    already = len(simulator.requests)
    yield
    # The old interface, which is asked for the release of a cluster without REST, knows POST alone.
    sent = [request for request in simulator.requests[already:] if request["path"].startswith("/api")]
    assert {request["method"] for request in sent} <= {"GET"}
    assert simulator.vaults() == before
