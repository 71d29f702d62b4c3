# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs of the templates, started by ansible-runner with what a controller hands to it."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from integration.running import attempt
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from kit.configuration import PACKAGE, Configuration, Values, questions

from simulator import Simulator

APPLICATION = {"client_id": "client1", "tenant_id": "tenant1"}
OLD, NEW = "sentinel-Old8Q~secret.of.ours", "sentinel-New8Q~secret.of.ours"
# A controller gets them by ansible-runner, as docs/awx.md says: what the job was started with.
HANDED_OVER = {"command", "envvars", "extravars"}


@dataclass(frozen=True)
class Job:
    """A job that has ended.

    :ivar folder: what it leaves
    """

    code: int
    output: str
    folder: Path

    def left(self) -> str:
        """All that the job printed or wrote, without what it was started with."""
        files = [path for path in (self.folder / "artifacts").rglob("*") if path.is_file()]
        kept = [path for path in files if path.name not in HANDED_OVER]
        assert any(path.parent.name == "job_events" for path in kept)
        return self.output + "".join(path.read_text(encoding="utf-8", errors="replace") for path in kept)


@dataclass(frozen=True)
class Controller:
    """As much of a controller as starts a job.

    :ivar inputs: what somebody has typed on the pages of the credentials, by credential type
    """

    configuration: Configuration
    collections: Path
    folder: Path
    inventory: Values
    inputs: Mapping[str, Values]

    def launch(self, name: str, answers: Values, *, job_type: str = "", limit: str = "") -> Job:
        template = self.configuration.one("templates", name)
        assert not limit or template["ask_limit_on_launch"]
        assert job_type in ("", template["job_type"]) or template["ask_job_type_on_launch"]
        asked = questions(template)
        assert set(answers) <= set(asked)
        variables = {
            **template.get("extra_vars", {}),
            **{variable: question["default"] for variable, question in asked.items() if "default" in question},
            **answers,
        }
        if "akv_report_path" in variables:
            variables["akv_report_path"] = str(self.folder / "report")
        environment = {
            "ANSIBLE_COLLECTIONS_PATH": str(self.collections),
            "ANSIBLE_HOME": str(self.folder / "home"),
            "PATH": str(Path(sys.executable).parent),
        }
        for credential in template["credentials"]:
            injected = self._injected(self.configuration.one("credentials", credential)["credential_type"])
            environment |= injected["env"]
            variables |= injected["extra_vars"]
        check = " --check --diff" if (job_type or template["job_type"]) == "check" else ""
        handed_over = {
            "env/cmdline": f"-vvv{check}" + (f" --limit {limit}" if limit else ""),
            "env/envvars": json.dumps(environment),
            "env/extravars": json.dumps(variables),
            "inventory/hosts.json": json.dumps(self.inventory),
        }
        for place, text in handed_over.items():
            (self.folder / place).parent.mkdir(exist_ok=True)
            (self.folder / place).write_text(text, encoding="utf-8")
        project = self.collections / PACKAGE
        command = ("run", self.folder, "--project-dir", project, "--playbook", template["playbook"])
        output, code = attempt("ansible-runner", *command)
        return Job(code, output, self.folder)

    def _injected(self, kind: str) -> dict[str, Values]:
        credential_type = self.configuration.one("credential_types", kind)
        fields = credential_type["inputs"]["fields"]
        namespace: Values = {field["id"]: "" if field["type"] == "string" else False for field in fields}
        namespace |= self.inputs[kind]
        injectors, sandbox = credential_type["injectors"], ImmutableSandboxedEnvironment(undefined=StrictUndefined)
        files = {}
        for name, text in injectors.get("file", {}).items():
            path = self.folder / name
            path.write_text(sandbox.from_string(text).render(namespace), encoding="utf-8")
            files[name.partition(".")[2]] = str(path)
        namespace["tower"] = {"filename": files}
        return {
            part: {name: sandbox.from_string(text).render(namespace) for name, text in injectors.get(part, {}).items()}
            for part in ("env", "extra_vars")
        }


def _controller(
    simulator: Simulator, configuration: Configuration, installed: Path, folder: Path, **application: str
) -> Controller:
    connection = simulator.connection
    host = {"ansible_host": connection["hostname"], "akv_http_port": connection["http_port"]}
    inventory = {"all": {"hosts": {"cluster1": host, "another": {"ansible_host": "192.0.2.1"}}}}
    login = {name: connection[name] for name in ("username", "password")}
    bundle = Path(connection["ca_path"]).read_text(encoding="utf-8")
    inputs = {"ONTAP login": {**login, "ca_bundle": bundle}, "Azure application": {**APPLICATION, **application}}
    return Controller(configuration, installed, folder, inventory, inputs)


SCENARIO: dict[str, Any] = {
    "cluster": {"release": "9.14.1"},
    "vaults": [{"svm": "vs0", **APPLICATION, "client_secret": OLD}],
    "volumes": [{"svm": "vs0", "name": "vol1", "encrypted": True}],
}


def test_a_rotation_sends_the_new_secret_and_shows_neither(
    configuration: Configuration, installed: Path, tmp_path: Path
) -> None:
    log = io.StringIO()
    with Simulator(scenario=SCENARIO, log=log) as simulator:
        secrets = {"client_secret": NEW, "previous_client_secret": OLD}
        controller = _controller(simulator, configuration, installed, tmp_path, **secrets)
        # A survey hands over texts.
        checked = controller.launch("ONTAP AKV - rotate credentials", {"akv_rotate_soak": "0"}, limit="cluster1")
        assert checked.code == 0, checked.output
        (uuid,) = (vault["uuid"] for vault in simulator.vaults())
        assert simulator.secret_of(uuid) == OLD
        run = controller.launch(
            "ONTAP AKV - rotate credentials", {"akv_rotate_soak": "0"}, limit="cluster1", job_type="run"
        )
        assert run.code == 0, run.output
        assert simulator.secret_of(uuid) == NEW
        password = str(simulator.connection["password"])
    left = run.left() + log.getvalue()
    assert "cluster1" in left
    assert [secret for secret in (OLD, NEW, password) if secret in left] == []


def test_the_rules_restore_keys_without_a_credential(
    configuration: Configuration, installed: Path, tmp_path: Path
) -> None:
    scenario = {**SCENARIO, "vaults": [{**SCENARIO["vaults"][0], "keys_missing_on": ["node1"]}]}
    with Simulator(scenario=scenario) as simulator:
        job = _controller(simulator, configuration, installed, tmp_path).launch(
            "ONTAP AKV - restore keys", {}, limit="cluster1"
        )
        assert job.code == 0, job.output
        sent = [request["path"] for request in simulator.requests if request["method"] != "GET"]
        assert [path.rpartition("/")[2] for path in sent] == ["restore"]
    assert "akv_client_id" not in (tmp_path / "env" / "extravars").read_text(encoding="utf-8")


@pytest.mark.parametrize(("answers", "code"), [({}, 0), ({"akv_report_fail_on": ["degraded"]}, 2)])
def test_a_report_fails_on_what_the_survey_says(
    answers: Values, code: int, configuration: Configuration, installed: Path, tmp_path: Path
) -> None:
    scenario = {**SCENARIO, "vaults": [{**SCENARIO["vaults"][0], "keys_missing_on": ["node1"]}]}
    with Simulator(scenario=scenario) as simulator:
        controller = _controller(simulator, configuration, installed, tmp_path)
        job = controller.launch("ONTAP AKV - report", answers, limit="cluster1")
    assert job.code == code, job.output
    assert "vs0 is degraded" in job.output
