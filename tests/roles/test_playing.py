# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The beginning that all playbooks share: each host of the inventory is the cluster that is asked."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from integration.running import seen
from roles.playing import HEAD, PLAYBOOKS, Roles

from simulator import Simulator

PYTHON = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}


@pytest.mark.parametrize("path", PLAYBOOKS, ids=lambda path: path.stem)
def test_playbooks_begin_alike(path: Path) -> None:
    # A play that only shows what others have read needs no login.
    plays = [play for play in yaml.safe_load(path.read_text(encoding="utf-8")) if "module_defaults" in play]
    assert plays
    for play in plays:
        # What deletes needs hosts by name.
        play["hosts"] = play["hosts"].replace(", by_name=true", "")
        assert {name: play.get(name) for name in HEAD} == HEAD
        assert PYTHON.items() <= play["vars"].items()


def test_each_host_is_its_cluster(roles: Roles) -> None:
    tasks = [{"name": "Read", "ontap.akv.akv_info": {}}, {"name": "Keep", "ansible.builtin.set_fact": {"kept": True}}]
    playbook = roles.ansible.write("read.yml", [{"name": "Read", **HEAD, "vars": PYTHON, "tasks": tasks}])
    with Simulator(scenario={"vaults": [{"svm": "vs0"}]}) as one, Simulator() as two:
        run = roles.play(playbook, {"one": one.connection, "two": two.connection})
        assert (run.code, run.failures(), run.changed()) == (0, [], [])
        totals = {task.host: task.result["summary"]["total"] for task in run.modules()}
        assert totals == {"one": 1, "two": 0}
        assert seen(one) == seen(two) != []
        assert run.fact("kept", "two") is True


def test_login_of_the_environment_is_used_where_the_inventory_has_none(roles: Roles) -> None:
    playbook = roles.ansible.write(
        "read.yml", [{"name": "Read", **HEAD, "vars": PYTHON, "tasks": [{"name": "Read", "ontap.akv.akv_info": {}}]}]
    )
    with Simulator() as simulator:
        where = simulator.connection
        address = {"hostname": where["hostname"], "http_port": where["http_port"]}
        login = {f"ONTAP_{name.upper()}": where[name] for name in ("username", "password", "ca_path")}
        run = roles.play(playbook, {"one": address}, None, **login)
    assert (run.code, run.failures()) == (0, [])
