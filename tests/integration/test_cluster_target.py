# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The target for a cluster that integration_config.yml names, with a simulated cluster instead."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from integration.running import HERE, ROOT, Ansible, Run, run

from simulator import Simulator

TEMPLATE = HERE / "integration_config.yml.template"
TARGET = HERE / "targets" / "cluster"
SECRETS = {"akv_test_client_secret": "sentinel~One.8Q~x", "akv_test_new_client_secret": "sentinel~Two.8Q~x"}


def _play(ansible: Ansible, config: dict[str, Any] | None) -> Run:
    """Play the target as ansible-test does: a role, and the file as vars_files."""
    files = [str(ansible.write("integration_config.yml", config))] if config else []
    plays = [{"hosts": "localhost", "gather_facts": False, "vars_files": files, "roles": [TARGET.name]}]
    interpreter = "ansible_python_interpreter={{ ansible_playbook_python }}"
    return ansible.play(ansible.write("target.yml", plays), "-e", interpreter, "-vvv")


def _config(simulator: Simulator) -> dict[str, Any]:
    """The template, filled in."""
    connection = simulator.connection
    names = {"hostname", "http_port", "username", "password", "ca_path"}
    template = yaml.safe_load(TEMPLATE.read_text(encoding="utf-8"))
    return {**template, **{f"akv_test_{name}": connection[name] for name in names}, **SECRETS}


def _changes(simulator: Simulator) -> list[str]:
    return [request["method"] for request in simulator.requests if request["method"] != "GET"]


@pytest.mark.parametrize("release", ["9.7", "9.12.1", "9.19.1"])
def test_it_leaves_the_cluster_as_it_was(ansible: Ansible, release: str) -> None:
    with Simulator(scenario={"cluster": {"release": release}, "svms": [{"name": "akv_test"}]}) as simulator:
        run = _play(ansible, _config(simulator)).check()
        assert _changes(simulator) == ["POST", "PATCH", "DELETE"]
    assert not [secret for secret in SECRETS.values() if secret in run.output]


def test_an_svm_that_is_in_use_is_not_touched(ansible: Ansible) -> None:
    scenario = {"svms": [{"name": "akv_test"}], "vaults": [{"svm": "akv_test"}]}
    with Simulator(scenario=scenario) as simulator:
        run = _play(ansible, _config(simulator))
        assert run.code
        assert "has an AKV configuration or encrypted volumes. Nothing was changed." in " ".join(run.output.split())
        assert _changes(simulator) == []


def test_what_was_created_is_deleted_after_a_failure(ansible: Ansible) -> None:
    with Simulator(scenario={"svms": [{"name": "akv_test"}]}) as simulator:
        fault = {"match": {"method": "PATCH"}, "error": {"code": 6, "status": 403}}
        simulator.apply([{"add_fault": fault}])
        run = _play(ansible, _config(simulator))
        assert run.code
        assert _changes(simulator) == ["POST", "PATCH", "DELETE"]


def test_it_does_nothing_without_the_file(ansible: Ansible) -> None:
    run = _play(ansible, None).check()
    assert "integration_config.yml.template describes how" in run.output
    assert list(run.modules()) == []


def test_the_template_has_what_the_target_reads() -> None:
    used = {
        name for path in TARGET.glob("tasks/*.yml") for name in re.findall(r"akv_test_\w+", path.read_text("utf-8"))
    }
    assert used == set(yaml.safe_load(TEMPLATE.read_text(encoding="utf-8")))


def test_git_ignores_the_file() -> None:
    run("git", "check-ignore", TEMPLATE.with_suffix(""), cwd=ROOT)
