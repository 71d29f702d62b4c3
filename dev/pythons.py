# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Pythons of this machine, found by running them.

Shims of version managers, which are scripts, are passed over: one may exist and yet answer "command not found".

``python3 -m dev.pythons`` lists them.
"""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

VERSIONS = ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14")

# A Python without ensurepip (Debian's without python3-venv) cannot make virtual environments. Inside of one, the Python
# that it was made from is meant, because that one stays.
_PROBE = """\
import importlib.util, os, sys
assert importlib.util.find_spec("ensurepip")
print("%d.%d" % sys.version_info[:2], os.path.realpath(getattr(sys, "_base_executable", sys.executable)))
"""


def _candidates(version: str) -> Iterator[Path]:
    yield Path(sys.executable)
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted(pyenv.glob(f"versions/{version}*/bin/python{version}"), reverse=True)
    for folder in os.get_exec_path():
        for name in (f"python{version}", "python3"):
            path = Path(folder, name)
            if os.access(path, os.X_OK) and not _is_script(path):
                yield path


def _is_script(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"#!"


def _probe(candidate: Path) -> tuple[str, str]:
    """The version of a candidate and the path of its real interpreter; empty when it does not run."""
    try:
        answer = subprocess.run([candidate, "-I", "-c", _PROBE], capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return "", ""
    version, path = answer.stdout.rstrip("\n").split(" ", 1)
    return version, path


@functools.cache
def find() -> dict[str, Path]:
    """The Pythons that run, by version ("3.12"), oldest first."""
    probe = functools.cache(_probe)
    found = {}
    for version in VERSIONS:
        for candidate in _candidates(version):
            answered, path = probe(candidate)
            if answered == version:
                found[version] = Path(path)
                break
    return found


if __name__ == "__main__":
    for found_version, found_path in find().items():
        print(found_version, found_path)
