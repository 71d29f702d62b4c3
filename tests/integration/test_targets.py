# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plays the stories of the targets: each file of tasks, on a cluster as the file of the same name in files/ has it.

The modules run in Ansible's own process, and one story also in a process for each task. test_same_result.py compares
the results of the two ways for all kinds of tasks.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import yaml
from integration.certificates import make_pkcs12
from integration.running import HERE, Ansible, seen

from simulator import Simulator, login

# The target `cluster` runs on a cluster that somebody names: see test_cluster_target.py.
STORIES = sorted(path for path in HERE.glob("targets/*/tasks/*.yml") if path.parts[-3] != "cluster")


@pytest.mark.parametrize("story", STORIES, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_story(story: Path, ansible: Ansible) -> None:
    _play(story, ansible)


@pytest.mark.skipif("AKV_LOWEST_PYTHON" not in os.environ, reason="AKV_LOWEST_PYTHON names no Python")
def test_life_of_a_vault_with_the_lowest_requests(ansible: Ansible) -> None:
    interpreter = json.dumps({"ansible_python_interpreter": os.environ["AKV_LOWEST_PYTHON"]})
    _play(HERE / "targets" / "akv_config" / "tasks" / "main.yml", ansible, "-e", interpreter)


def _play(story: Path, ansible: Ansible, *arguments: str) -> None:
    target = story.parent.parent
    scenario = target / "files" / story.name
    with Simulator(scenario=scenario if scenario.exists() else None) as simulator:
        names = {"target": target.name, "story": story.stem, "client_certificate": make_pkcs12()}
        run = ansible.play(
            HERE / "play.yml", "-e", json.dumps(names), *arguments, **login(simulator.connection)
        ).check()
        # The requests in the modules' results are those that the simulator saw, so that the stories may go by it.
        assert run.requests() == seen(simulator)
        for task in run.modules():
            for result in task.results():
                paths = [request["path"] for request in result["requests"]]
                assert paths.count("/api/cluster") <= 1, task
                assert paths.count("/api/svm/svms") <= 1, task


def test_every_scenario_has_its_story() -> None:
    scenarios = HERE.glob("targets/*/files/*.yml")
    assert [path for path in scenarios if not (path.parent.parent / "tasks" / path.name).exists()] == []
    assert all(yaml.safe_load(story.read_text(encoding="utf-8")) for story in STORIES)
