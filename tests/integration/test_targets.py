# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plays the stories of the targets: each file of tasks, on a cluster as the file of the same name in files/ has it.

The modules run in Ansible's own process. The first story of each module is played again with a process for each task:
the results are the same. test_same_result.py compares the two for all kinds of tasks.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import typing as t
from pathlib import Path

import pytest
import yaml
from integration.certificates import make_pkcs12
from integration.running import HERE, WAYS, Ansible, Run, login, seen

from simulator import Simulator

# The target `cluster` runs on a cluster that somebody names: see test_cluster_target.py.
STORIES = sorted(path for path in HERE.glob("targets/*/tasks/*.yml") if path.parts[-3] != "cluster")


@pytest.mark.parametrize("story", STORIES, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_story(story: Path, ansible: Ansible) -> None:
    played = _play(story, ansible)
    if story.stem == "main":
        assert _shown(_play(story, ansible, **WAYS["as a module"])) == _shown(played)


def _shown(run: Run) -> list[t.Any]:
    """What the tasks of our modules give, without what two runs may differ in: port, seconds, number of polls."""
    return [(task.name, task.status, [_comparable(result) for result in task.results()]) for task in run.modules()]


def _comparable(value: t.Any) -> t.Any:
    if isinstance(value, dict):
        differing = ("http_port", "seconds", "ca_path")
        kept = {key: item for key, item in value.items() if not key.startswith("_ansible_") and key not in differing}
        return {key: _comparable(item) for key, item in kept.items()}
    if isinstance(value, list):
        return [item for item, _same in itertools.groupby(map(_comparable, value))]
    return re.sub(r"127\.0\.0\.1:\d+|simulator-[^/]+", "…", value) if isinstance(value, str) else value


@pytest.mark.skipif("AKV_LOWEST_PYTHON" not in os.environ, reason="AKV_LOWEST_PYTHON names no Python")
def test_life_of_a_vault_with_the_lowest_requests(ansible: Ansible) -> None:
    interpreter = json.dumps({"ansible_python_interpreter": os.environ["AKV_LOWEST_PYTHON"]})
    _play(HERE / "targets" / "akv_config" / "tasks" / "main.yml", ansible, "-e", interpreter)


def _play(story: Path, ansible: Ansible, *arguments: str, **variables: str) -> Run:
    target = story.parent.parent
    scenario = target / "files" / story.name
    with Simulator(scenario=scenario if scenario.exists() else None) as simulator:
        names = {"target": target.name, "story": story.stem, "client_certificate": make_pkcs12()}
        run = ansible.play(
            HERE / "play.yml", "-e", json.dumps(names), *arguments, **login(simulator.connection), **variables
        ).check()
        # The requests in the modules' results are those that the simulator saw, so that the stories may go by it.
        assert run.requests() == seen(simulator)
        for task in run.modules():
            for result in task.results():
                paths = [request["path"] for request in result["requests"]]
                assert paths.count("/api/cluster") <= 1, task
                assert paths.count("/api/svm/svms") <= 1, task
    return run


def test_every_scenario_has_its_story() -> None:
    scenarios = HERE.glob("targets/*/files/*.yml")
    assert [path for path in scenarios if not (path.parent.parent / "tasks" / path.name).exists()] == []
    assert all(yaml.safe_load(story.read_text(encoding="utf-8")) for story in STORIES)
