# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs programs, the real ansible-playbook cut off from this machine's settings, and a use case in this process."""

from __future__ import annotations

import atexit
import contextlib
import importlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import typing as t
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import trustme
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.ontap.akv.plugins.module_utils._ontap import connection as connection_options
from ansible_collections.ontap.akv.plugins.module_utils._use_cases.ontap_entry import execute
from simulator import Simulator

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
LIMIT = 300.0  # seconds that end a hang

Values = dict[str, t.Any]

LATE = re.compile(r"AKV_|ONTAP_|ANSIBLE_SHOW_CUSTOM_STATS$")
"""Variables of the environment that are read only when a task runs or ends; others when Python or Ansible starts."""

WAYS: dict[str, dict[str, str]] = {"in process": {}, "as a module": {"ANSIBLE_ONTAP_AKV_DIRECT": "false"}}
"""How a task can run, with the variables of the environment that choose it."""


@dataclass(frozen=True)
class Task:
    """A task as it ended.

    :ivar registers: the variables that hold its result
    :ivar status: ok, failed, ignored (failed, and that was expected), skipped or unreachable
    """

    host: str
    name: str
    action: str
    registers: list[str]
    place: str
    status: str
    result: Values

    def results(self) -> list[Values]:
        """Its results: one for each item of a loop, else the one."""
        found: list[Values] = self.result.get("results", [self.result])
        return found

    def __str__(self) -> str:
        values = {key: value for key, value in self.result.items() if not key.startswith("_")}
        return f"{self.status}: {self.name}\n  at {self.place}\n  {json.dumps(values, indent=2, ensure_ascii=False)}"


@dataclass(frozen=True)
class Run:
    """A playbook's run: its tasks in order, its exit code and all that it printed."""

    tasks: list[Task]
    code: int
    output: str

    def __getitem__(self, name: str) -> Values:
        """The result of the task with this name."""
        (task,) = (task for task in self.tasks if task.name == name)
        return task.result

    def check(self) -> Run:
        """Fail the test, in words that a person wants to read, where something went wrong."""
        bad = [str(task) for task in self.tasks if task.status in ("failed", "unreachable")]
        if bad or self.code or not self.tasks:
            pytest.fail("\n".join(bad) or self.output, pytrace=False)
        return self

    def modules(self) -> Iterator[Task]:
        """The tasks of this collection's modules that speak to a cluster."""
        return (task for task in self.tasks if task.action.startswith("ontap.akv.akv_") and task.status != "skipped")

    def requests(self) -> list[Values]:
        """All requests that the modules say they have sent, in order."""
        return [
            request for task in self.modules() for result in task.results() for request in result.get("requests", [])
        ]

    def fact(self, name: str, host: str) -> t.Any:
        """What the last task that sets the variable on the host gave it."""
        found = [
            task.result if name in task.registers else task.result["ansible_facts"][name]
            for task in self.tasks
            if task.host == host and (name in task.registers or name in task.result.get("ansible_facts", {}))
        ]
        assert found, f"{host} has no {name}:\n{self.output}"
        return found[-1]

    def failures(self) -> list[str]:
        """What the tasks that failed, or whose host could not be reached, say."""
        return [str(task.result.get("msg")) for task in self.tasks if task.status in ("failed", "unreachable")]

    def shown(self) -> bytes:
        """All that a person or a callback plugin gets to see."""
        return self.output.encode() + json.dumps([task.result for task in self.tasks]).encode()

    def handed_on(self) -> Values:
        """What a controller hands to the jobs that follow, as variables."""
        (data,) = (task.result["ansible_stats"]["data"] for task in self.tasks if "ansible_stats" in task.result)
        return t.cast("Values", data)

    def changed(self) -> list[str]:
        """The names of the tasks that report a change."""
        return [task.name for task in self.tasks if task.result.get("changed")]


def seen(simulator: Simulator) -> list[Values]:
    """The requests that a simulator has seen, in the form in which the modules tell theirs."""
    return [{name: request[name] for name in ("method", "path", "status")} for request in simulator.requests]


@dataclass
class Ansible:
    """Ansible with a home of its own, in an environment that misleads whoever trusts it.

    :ivar home: a folder in which all is kept
    """

    home: Path
    _runs: int = field(default=0)

    def play(self, playbook: Path | str | list[Values], *arguments: str, **variables: str | None) -> Run:
        """Run a playbook, given by its file, by its name in a collection, or as the tasks of a play.

        :param arguments: with "-vvvv" the run is watched for secrets, and always a program that was started
        :param variables: of the environment; None takes one away
        """
        self._runs += 1
        dump = self.home / f"dump-{self._runs}.jsonl"
        if isinstance(playbook, list):
            playbook = self.write(f"playbook-{self._runs}.yml", [play(playbook)])
        forks = "-vvvv" not in arguments and all(map(LATE.match, variables))
        run = self._fork if forks else self.command
        output, code = run("ansible-playbook", playbook, *arguments, AKV_DUMP=str(dump), **variables)
        lines = dump.read_text(encoding="utf-8").splitlines() if dump.exists() else []
        return Run([Task(**json.loads(line)) for line in lines], code, output)

    def _fork(self, *command: str | Path, **variables: str | None) -> tuple[str, int]:
        """Run ansible-playbook in a fork of a process that has imported it."""
        output = self.home / f"output-{self._runs}.txt"
        environment = self._environment()
        if not _forkers:
            _forkers.append(Forker(_given(environment), self.home))
            atexit.register(_forkers[0].end)
        others = {name: value for name, value in environment.items() if not name.startswith("ANSIBLE_")}
        code = _forkers[0].run(
            list(map(str, command)),
            folder=str(self.home),
            output=str(output),
            environment=_given({**others, **variables}),
        )
        return output.read_text(encoding="utf-8", errors="replace"), code

    def command(self, program: str, *arguments: str | Path, **variables: str | None) -> tuple[str, int]:
        """Run one of Ansible's programs; give its output, errors included, and its exit code."""
        return attempt(program, *arguments, **self._place(variables))

    def start(self, program: str, *arguments: str | Path, **variables: str | None) -> Program:
        """Start one of Ansible's programs."""
        return Program(program, *arguments, **self._place(variables))

    def _place(self, variables: Mapping[str, str | None]) -> Values:
        return {"cwd": self.home, "env": _given({**self._environment(), **variables})}

    def write(self, name: str, content: t.Any) -> Path:
        """Write a file into the home: text as it is, anything else as YAML."""
        path = self.home / name
        text = content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
        path.write_text(text, encoding="utf-8")
        return path

    def _environment(self) -> dict[str, str | None]:
        home = self.home / "home"
        if not home.exists():
            home.mkdir()
            (self.home / "tmp").mkdir()
            (self.home / "inventory").touch()
            trustme.CA().cert_pem.write_to_path(str(self.home / "misleading.pem"))
            (home / ".netrc").write_text("default login misleading password misleading\n")
            (home / ".netrc").chmod(0o600)
        other_ca = str(self.home / "misleading.pem")
        return {
            "PATH": os.environ["PATH"],
            "LC_ALL": "C.UTF-8",
            "HOME": str(home),
            "TMPDIR": str(self.home / "tmp"),
            # What must not have a say.
            "AZURE_CLIENT_ID": "misleading",
            "AZURE_SECRET": "misleading",
            "AZURE_TENANT": "misleading",
            "CURL_CA_BUNDLE": other_ca,
            "NETRC": str(home / ".netrc"),
            "REQUESTS_CA_BUNDLE": other_ca,
            "SSL_CERT_FILE": other_ca,
            # Ansible's own.
            "ANSIBLE_CALLBACKS_ENABLED": "dump",
            "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callback_plugins"),
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".cache" / "collections"),
            "ANSIBLE_CONFIG": str(ROOT / "dev" / "ansible.cfg"),
            "ANSIBLE_HOME": str(self.home / "ansible"),
            "ANSIBLE_INVENTORY": str(self.home / "inventory"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_REMOTE_TEMP": str(self.home / "tmp" / "remote"),
            "ANSIBLE_RETRY_FILES_ENABLED": "0",
            "ANSIBLE_ROLES_PATH": str(HERE / "targets"),
        }


def _given(variables: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in variables.items() if value is not None}


class Forker:
    """A process that has imported Ansible, and forks for each run: see forking.py."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        """Start it.

        :param environment: with all ANSIBLE_* of its runs
        """
        self._process = subprocess.Popen(
            [sys.executable, HERE / "forking.py"],
            env=environment,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, arguments: list[str], **more: t.Any) -> int:
        """Run ansible-playbook to its end; give its exit code."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"arguments": arguments, **more}) + "\n")
        self._process.stdin.flush()
        leader = int(self._process.stdout.readline())
        code = None
        try:
            code = int(self._process.stdout.readline())
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(leader, signal.SIGKILL)
            if code is None:
                self._process.stdout.readline()
        return code

    def end(self) -> None:
        """Wait until it has ended, which it does with its input."""
        self._process.communicate()


_forkers: list[Forker] = []


def play(tasks: list[Values], **more: t.Any) -> Values:
    """A play of tasks on this host."""
    return {
        "name": "Run the tasks",
        "hosts": "localhost",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
        "tasks": tasks,
        **more,
    }


def use_case(module: str) -> t.Any:
    """The use case of a module."""
    package = "ansible_collections.ontap.akv.plugins.module_utils._use_cases"
    return importlib.import_module(f"{package}.{module.removeprefix('akv_')}")


def specification(module: str) -> dict[str, t.Any]:
    """The options that a module takes, which speaks to a cluster."""
    return {**connection_options.ARGUMENT_SPEC, **use_case(module).ARGUMENT_SPEC}


def call(
    module: str, connection: Mapping[str, t.Any], options: Mapping[str, t.Any], check_mode: bool = False
) -> tuple[Values, list[str]]:
    """Run a module's use case in this process, as the module does: a playbook takes most of a second for each task.

    :param connection: where a simulator is; an option of the same name wins, and None leaves one out
    :return: the result and the warnings
    """
    known = {name: value for name, value in connection.items() if name in connection_options.ARGUMENT_SPEC}
    given = {name: value for name, value in {**known, **options}.items() if value is not None}
    validated = ArgumentSpecValidator(specification(module)).validate(given)
    assert validated.error_messages == []
    return execute(validated.validated_parameters, check_mode, use_case(module).run)


class Program(subprocess.Popen[bytes]):
    """A program that runs, without a terminal. When its block ends, nothing is left of all that it has started.

    :param program: its path, or its name in this environment or on the PATH
    :param given: what it reads
    :param more: of subprocess, as cwd and env
    """

    def __init__(self, program: str | Path, *arguments: str | Path, given: bytes = b"", **more: t.Any) -> None:
        self._printed = tempfile.TemporaryFile()  # noqa: SIM115 - it is read after the end
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
        with tempfile.TemporaryFile() as reads:
            reads.write(given)
            reads.seek(0)
            usual = {"stdin": reads, "stdout": self._printed, "stderr": self._printed, "start_new_session": True}
            super().__init__([shutil.which(program, path=path) or program, *arguments], **{**usual, **more})

    @property
    def output(self) -> str:
        """All that it has printed so far, errors included."""
        # Not read(): the program writes where this file stands.
        size = os.fstat(self._printed.fileno()).st_size
        return os.pread(self._printed.fileno(), size, 0).decode(errors="replace")

    def wait_for(self, text: str) -> None:
        """Wait until it prints something."""
        self.wait_until(lambda: text in self.output, f"{text!r} is not printed")

    def wait_until(self, happened: Callable[[], object], complaint: str = "it did not come to that") -> None:
        """Wait until something has happened; fail where it does not, or where the program ends before it."""
        wait_until(lambda: happened() or self.poll() is not None, self)
        if not happened():
            pytest.fail(f"{complaint}:\n{self.output}", pytrace=False)

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end as a service manager or a person does; give its exit code."""
        self.send_signal(how)
        return self.wait()

    def __str__(self) -> str:
        return self.output

    def __exit__(self, *_error: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.wait()


def run(program: str | Path, *arguments: str | Path, **more: t.Any) -> str:
    """Run a program to its end; give its output, or fail with it.

    :param more: as for `Program`
    """
    output, code = attempt(program, *arguments, **more)
    assert code == 0, output
    return output


def attempt(program: str | Path, *arguments: str | Path, **more: t.Any) -> tuple[str, int]:
    """Run a program to its end; give its output, errors included, and its exit code."""
    with Program(program, *arguments, **more) as running:
        code = running.wait()
        return running.output, code


def wait_until(happened: Callable[[], object], complaint: object = "it did not come to that") -> None:
    """Wait until something has happened; fail where it does not."""
    end = time.monotonic() + LIMIT
    while not happened():
        assert time.monotonic() < end, str(complaint)
        time.sleep(0.02)
