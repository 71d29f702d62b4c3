# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs real modules in processes of their own: as Ansible starts them, but forked from one that has them loaded.

A module started from nothing takes a third of a second, a fork a hundredth: hundreds of faults can be tried. The pauses
between tries are a tenth of the real ones. ``start_program`` does what a fork cannot: it shows the process of a module,
its terminal, its memory.
"""

from __future__ import annotations

import importlib
import json
import multiprocessing
import multiprocessing.spawn
import os
import sys
import tempfile
from multiprocessing import forkserver
from pathlib import Path
from typing import Any
from unittest import mock

from integration.running import Program

from simulator import Simulator

_MODULES = "ansible_collections.ontap.akv.plugins.modules."
_FORKS = multiprocessing.get_context("forkserver")


def _load() -> None:
    """Start the process that the modules are forked from. It knows the path from its environment alone."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    _FORKS.set_forkserver_preload(
        [__name__, *(_MODULES + name for name in ("akv_config", "akv_info", "akv_rekey", "akv_restore"))]
    )
    forkserver.ensure_running()
    if before is None:
        del os.environ["PYTHONPATH"]
    else:
        os.environ["PYTHONPATH"] = before


def _child(module: str, arguments: bytes, output: str, variables: dict[str, str]) -> None:
    """Be the module: arguments where Ansible's wrapper puts them, the result on standard output."""
    from ansible.module_utils import basic

    from ansible_collections.ontap.akv.plugins.module_utils._http import retry

    os.environ.update(variables)
    basic._ANSIBLE_ARGS = arguments
    basic._ANSIBLE_PROFILE = "legacy"
    pause = retry.backoff
    retry.backoff = lambda tries, chance: pause(tries, chance) / 10
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", closefd=False)
    importlib.import_module(_MODULES + module).main()


class Run:
    """A module that runs.

    :param variables: of its environment
    :param options: the task's; ``check_mode`` and ``diff`` among them are Ansible's
    """

    def __init__(self, module: str, variables: dict[str, str] | None = None, **options: Any) -> None:
        special = {f"_ansible_{key}": options.pop(key, False) for key in ("check_mode", "diff")}
        arguments = json.dumps({"ANSIBLE_MODULE_ARGS": {**options, **special}}).encode()
        descriptor, self._output = tempfile.mkstemp(prefix="akv-run-")
        os.close(descriptor)
        _load()
        self._process = _FORKS.Process(target=_child, args=(module, arguments, self._output, variables or {}))
        # The module needs nothing of the program that starts it: importing pytest again takes longer than all the rest.
        with mock.patch.object(multiprocessing.spawn, "get_preparation_data", return_value={}):
            self._process.start()

    def kill(self) -> None:
        """End it at once, as a crash of the control node would."""
        self._process.kill()
        self._process.join()
        os.unlink(self._output)

    def output(self, within: float = 300) -> str:
        """All that it printed."""
        self._process.join(within)
        if self._process.is_alive():
            self.kill()
            raise AssertionError(f"the module did not end within {within} s")
        try:
            return Path(self._output).read_text(encoding="utf-8", errors="surrogateescape")
        finally:
            os.unlink(self._output)

    def result(self, within: float = 300) -> dict[str, Any]:
        """Its result; an output that is none is a failure of the test."""
        output = self.output(within)
        try:
            result = json.loads(output)
        except ValueError:
            raise AssertionError(f"no result, but:\n{output}") from None
        assert isinstance(result, dict)
        return result


def run(module: str, variables: dict[str, str] | None = None, **options: Any) -> dict[str, Any]:
    """Run a module to its end."""
    return Run(module, variables, **options).result()


def options(sim: Simulator) -> dict[str, Any]:
    """A connection that waits as long as a test can."""
    return {**sim.connection, "timeout": 1.0, "retries": 2, "wait_timeout": 20}


def picture(sim: Simulator) -> str:
    """All that a task could change, secrets, lost keys and the internal keys included."""
    rekeys = [job["uuid"] for job in begun(sim) if "rekey" in job["description"] and job["state"] == "success"]
    vaults = [{**vault, "secret": sim.secret_of(vault["uuid"])} for vault in sim.vaults()]
    return json.dumps([*vaults, rekeys], sort_keys=True)


def begun(sim: Simulator) -> list[dict[str, Any]]:
    """The restores and rekeys that the cluster has begun."""
    return [job for job in sim.jobs() if "/restore" in job["description"] or "/rekey-" in job["description"]]


# The module's options come on a pipe: Ansible's wrapper has them in itself, not among the arguments of a process.
_PROGRAM = """
import importlib, os, sys
from ansible.module_utils import basic
with os.fdopen(int(sys.argv[2]), "rb") as pipe:
    basic._ANSIBLE_ARGS = pipe.read()
basic._ANSIBLE_PROFILE = "legacy"
importlib.import_module("ansible_collections.ontap.akv.plugins.modules." + sys.argv[1]).main()
"""
# Between the test and the module, for a process begins with the peak of the one that it was forked from.
_MEASURE = """
import resource, subprocess, sys
subprocess.call(sys.argv[1:], close_fds=False)
sys.stderr.write(f"\\n{resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss}")
"""


def command(module: str, pipe: int) -> list[str]:
    """The program that is a module and reads its options from a pipe."""
    return [sys.executable, "-c", _PROGRAM, module, str(pipe)]


def environment(**more: str) -> dict[str, str]:
    """Of this process what a program needs to find Ansible and the collection, and more."""
    kept = {name: value for name, value in os.environ.items() if name in ("HOME", "PATH", "LC_ALL", "LANG")}
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **more}


def start_program(
    module: str, options: dict[str, Any], variables: dict[str, str], before: tuple[str, ...] = (), **more: Any
) -> Program:
    """Start a module.

    :param variables: of its environment
    :param before: a program that starts it
    """
    reading, writing = os.pipe()
    program = Program(*before, *command(module, reading), env=environment(**variables), pass_fds=[reading], **more)
    os.close(reading)
    with os.fdopen(writing, "wb") as pipe:
        pipe.write(json.dumps({"ANSIBLE_MODULE_ARGS": options}).encode())
    return program


def peak(module: str, options: dict[str, Any]) -> tuple[dict[str, Any], float]:
    """Run a module to its end; give its result, and the most memory that it had, in MB."""
    with start_program(module, options, {}, before=(sys.executable, "-c", _MEASURE)) as running:
        running.wait()
    output, _line, most = running.output.rpartition("\n")
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return json.loads(output), int(most) / unit
