# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs real modules in programs of their own, with an environment and a terminal of their own.

It takes a third of a second longer than the harness, so it is for what cannot be seen otherwise.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

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
sys.stderr.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
"""


def command(module: str, pipe: int) -> list[str]:
    """The program that is a module and reads its options from a pipe."""
    return [sys.executable, "-c", _PROGRAM, module, str(pipe)]


def environment(**more: str) -> dict[str, str]:
    """Of this process what a program needs to find Ansible and the collection, and more."""
    kept = {name: value for name, value in os.environ.items() if name in ("HOME", "PATH", "LC_ALL", "LANG")}
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **more}


def start(
    module: str, options: dict[str, Any], variables: dict[str, str], before: tuple[str, ...] = (), **more: Any
) -> subprocess.Popen[bytes]:
    """Start a module.

    :param variables: of its environment
    :param before: a program that starts it
    :param more: what subprocess takes; stdout and stderr are piped unless it says otherwise
    """
    reading, writing = os.pipe()
    piped = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen(
        [*before, *command(module, reading)], env=environment(**variables), pass_fds=[reading], **{**piped, **more}
    )
    os.close(reading)
    with os.fdopen(writing, "wb") as pipe:
        pipe.write(json.dumps({"ANSIBLE_MODULE_ARGS": options}).encode())
    return process


def run(module: str, options: dict[str, Any], within: float = 300, **variables: str) -> dict[str, Any]:
    """Run a module to its end; give its result."""
    process = start(module, options, variables)
    try:
        output, errors = process.communicate(timeout=within)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    assert not errors, errors.decode()
    result = json.loads(output)
    assert isinstance(result, dict)
    return result


def peak(module: str, options: dict[str, Any]) -> tuple[dict[str, Any], float]:
    """Run a module to its end; give its result, and the most memory that it had, in MB."""
    process = start(module, options, {}, before=(sys.executable, "-c", _MEASURE))
    output, most = process.communicate(timeout=300)
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return json.loads(output), int(most) / unit
