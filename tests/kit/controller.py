# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Launches templates as a controller does: a private data directory, injected credentials, and ansible-runner.

A job goes the controller's one way: ``transmit`` packs the directory, ``worker``, on another node, unpacks and runs
it, ``process`` takes its events and artifacts in. There is no container here, so the worker's directory is where a
container would have ``/runner``, and the environment is that of the tests.
"""

from __future__ import annotations

import io
import json
import shlex
import shutil
import subprocess
import sys
import typing as t
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import ansible_runner
import yaml
from integration.canaries import Canary
from jinja2.sandbox import ImmutableSandboxedEnvironment
from kit.configuration import Configuration, Values, questions

IDENT = 7


class _Unsafe(yaml.SafeDumper):
    """Writes each text so that Ansible resolves no expression in it."""

    def represent_data(self, data: t.Any) -> yaml.Node:
        if isinstance(data, str):
            return self.represent_scalar("!unsafe", data)
        return super().represent_data(data)


@dataclass
class Injected:
    """What credentials bring into a job.

    :ivar arguments: of ansible-playbook
    """

    environment: dict[str, str] = field(default_factory=dict)
    arguments: list[str] = field(default_factory=list)


@dataclass
class Job:
    """A job that has ended.

    :ivar status: successful or failed
    :ivar folders: both ends, the controller's and the worker's
    :ivar stream: the lines that the worker has sent
    :ivar environment: what credentials put into it
    """

    status: str
    events: list[Values]
    folders: tuple[Path, Path]
    stream: list[Values]
    environment: dict[str, str]

    @property
    def output(self) -> str:
        """What the job's page shows."""
        return "\n".join(event["stdout"] for event in self.events if event["stdout"])

    def check(self, status: str = "successful") -> Job:
        assert self.status == status, self.output
        return self

    def facts(self, name: str) -> dict[str, Values]:
        """What the job has set a fact to at last, by host."""
        results = [
            (event["event_data"]["host"], event["event_data"]["res"].get("ansible_facts", {}))
            for event in self.events
            if event["event"] == "runner_on_ok"
        ]
        return {host: facts[name] for host, facts in results if name in facts}

    def artifacts(self) -> Values:
        """What would be handed on to the next node of a workflow: set_stats."""
        found: Values = {}
        for event in self.events:
            found |= event.get("event_data", {}).get("artifact_data", {})
        return found

    def leaks(self, canaries: Mapping[str, Canary]) -> set[str]:
        """Where a canary is that must not be.

        Not the controller's own input, the folder env, and not the environment of the process that ansible-runner
        itself writes down and tells with the first status: a controller masks that, by its credential types.
        """
        texts = {f"stream, line {number}": self._without_environment(line) for number, line in enumerate(self.stream)}
        for folder in self.folders:
            for path in folder.rglob("*"):
                if path.is_file() and (folder / "env") not in path.parents:
                    data = path.read_bytes()
                    if path.name == "command":
                        data = self._without_environment(json.loads(data))
                    texts[str(path.relative_to(folder.parent))] = data
        return {
            f"{place}: {name} {form}"
            for place, data in texts.items()
            for name, canary in canaries.items()
            if (form := canary.found_in(data))
        }

    def _without_environment(self, told: Values) -> bytes:
        kept = dict(told)
        if "env" in kept:
            kept["env"] = {name: value for name, value in kept["env"].items() if name not in self.environment}
        return json.dumps(kept).encode()


@dataclass
class Controller:
    """A controller that a configuration was loaded into.

    :ivar project: what it has synchronized
    :ivar collections: the collections path of the execution environment
    :ivar inputs: what was typed on the page of each credential
    """

    configuration: Configuration
    project: Path
    collections: Path
    folder: Path
    inputs: dict[str, Values] = field(default_factory=dict)
    _jobs: int = 0

    def launch(
        self,
        template: str | Values,
        clusters: Mapping[str, Values],
        answers: Values | None = None,
        *,
        job_type: str | None = None,
        verbosity: int = 5,
    ) -> Job:
        """Launch a template and wait for its end.

        :param template: the template, or what follows its names' common beginning
        :param clusters: the inventory: the variables of each host
        :param answers: to the survey; what is not answered has the survey's default
        :param job_type: what the person, or the node of a workflow, chooses
        """
        if isinstance(template, str):
            template = self.configuration.one("templates", f"ONTAP AKV - {template}")
        self._jobs += 1
        here, there = (self.folder / f"{self._jobs}-{end}" for end in ("controller", "worker"))
        for path in (here / "env", here / "inventory", there):
            path.mkdir(parents=True)
        shutil.copytree(self.project, here / "project")

        injected = self.inject(template["credentials"], here, there)
        arguments = ["-u", "root"]
        arguments += ["--check"] if (job_type or template["job_type"]) == "check" else []
        arguments += ["--diff"] if template.get("diff_mode") else []
        arguments += [f"-{'v' * verbosity}"] if verbosity else []
        self._write(here / "env" / "cmdline", shlex.join([*arguments, *injected.arguments]))
        self._write(here / "env" / "extravars", _unsafe(self._extra_variables(template, answers or {})))
        self._write(here / "env" / "settings", json.dumps({"suppress_ansible_output": True}))
        inventory = {"all": {"hosts": list(clusters)}, "_meta": {"hostvars": dict(clusters)}}
        script = here / "inventory" / "hosts"
        self._write(script, f"#! /usr/bin/env python3\nprint({json.dumps(inventory)!r})\n")
        script.chmod(0o700)
        return self._run(template["playbook"], here, there, injected.environment)

    def inject(self, credentials: Iterable[str], here: Path, there: Path) -> Injected:
        """Inject credentials, each as its type says.

        :param here: the private data directory
        :param there: the same to the job
        """
        injected = Injected()
        for credential in credentials:
            kind = self.configuration.one(
                "credential_types", self.configuration.one("credentials", credential)["credential_type"]
            )
            prefix = kind["name"].replace(" ", "-")
            typed = self.inputs[credential]
            # A blank field is none at all, and a switch that nobody has touched is off.
            values: Values = {name: value for name, value in typed.items() if value}
            for switch in (each["id"] for each in kind["inputs"]["fields"] if each["type"] == "boolean"):
                values[switch] = typed.get(switch, False)
            files: dict[str, str] = {}
            render = _Renderer({**values, "tower": {"filename": files}})
            for label, text in kind["injectors"].get("file", {}).items():
                path = here / "env" / f"{prefix}-{label}"
                self._write(path, render(text))
                files[label.partition(".")[2]] = str(there / path.relative_to(here))
            for variable, text in kind["injectors"].get("env", {}).items():
                injected.environment[variable] = render(text)
            variables = {variable: render(text) for variable, text in kind["injectors"].get("extra_vars", {}).items()}
            if variables:
                path = here / "env" / f"{prefix}-variables"
                self._write(path, _unsafe(variables))
                injected.arguments += ["-e", f"@{there / path.relative_to(here)}"]
        return injected

    @staticmethod
    def _extra_variables(template: Values, answers: Values) -> Values:
        asked = questions(template)
        assert set(answers) <= set(asked), "a controller takes no other variables"
        unanswered = {name: question for name, question in asked.items() if name not in answers}
        assert not [name for name, question in unanswered.items() if question["required"] and "default" not in question]
        # A person who leaves a field blank answers it with nothing.
        blank = {name: [] if question["type"] == "multiselect" else "" for name, question in unanswered.items()}
        defaults = {name: question["default"] for name, question in unanswered.items() if "default" in question}
        return {**template.get("extra_vars", {}), **blank, **defaults, **answers, "awx_job_id": IDENT}

    def _run(self, playbook: str, here: Path, there: Path, environment: dict[str, str]) -> Job:
        given: Values = {
            "private_data_dir": str(here),
            "ident": IDENT,
            "playbook": playbook,
            "inventory": str(here / "inventory" / "hosts"),
            "envvars": {"ANSIBLE_COLLECTIONS_PATH": str(self.collections), "ANSIBLE_RETRY_FILES_ENABLED": "False"}
            | environment,
            "suppress_env_files": True,
        }
        packed = _Pipe("transmit")
        ansible_runner.interface.run(streamer="transmit", _output=packed, **given)
        worker = [Path(sys.executable).with_name("ansible-runner"), "worker", "--private-data-dir", there]
        done = subprocess.run(worker, input=packed.getvalue(), capture_output=True, timeout=300, check=False)
        assert done.stdout, done.stderr.decode()
        events: list[Values] = []

        def keep(event: Values) -> bool:
            events.append(event)
            return True

        ended = ansible_runner.interface.run(
            streamer="process", quiet=True, _input=io.BytesIO(done.stdout), event_handler=keep, **given
        )
        return Job(ended.status, events, (here, there), _lines(done.stdout), environment)

    @staticmethod
    def _write(path: Path, text: str) -> None:
        path.touch(0o600)
        path.write_text(text, encoding="utf-8")


class _Renderer:
    """Renders the templates of injectors."""

    def __init__(self, namespace: Values) -> None:
        self._namespace = namespace
        self._sandbox = ImmutableSandboxedEnvironment()

    def __call__(self, text: str) -> str:
        return str(self._sandbox.from_string(text).render(self._namespace))


class _Pipe(io.BytesIO):
    """What ansible-runner writes to; it wants to know the name."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


def _unsafe(variables: Values) -> str:
    return yaml.dump(variables, Dumper=_Unsafe)


def _lines(stream: bytes) -> list[Values]:
    """The lines of a worker's stream that are JSON: all but the archives, whose files end up in the folders."""
    told = []
    for line in stream.splitlines():
        # An archive ends where the next line begins, without a line's end.
        text = line[line.index(b"{") :] if b"{" in line else b""
        if text:
            told.append(json.loads(text))
    return told
