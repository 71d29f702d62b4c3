# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The virtual environments of the checks, in .cache/env: one for each complete list of pins in dev/requirements.

An environment that was built from the list as it stands is taken as it is, so a second run needs no network.
``python3 -m dev.environment`` builds the one of nox, which runs all else.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from dev import pythons

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache"
REQUIREMENTS = ROOT / "dev" / "requirements"


def ensure(name: str, interpreter: str | Path) -> Path:
    """The folder of programs of an environment, which is built when it is missing or out of date.

    Raises SystemExit with pip's own words when it cannot be built.
    """
    requirements = REQUIREMENTS / f"{name}.txt"
    # Where checkouts share the folder by a link, they share what stands there.
    home = (CACHE / "env").resolve() / name
    programs = home / "bin"
    stamp = home / "built-from"
    # The folder is part of it because the programs of an environment that was moved do not start.
    built_from = f"{hashlib.sha256(requirements.read_bytes()).hexdigest()} {interpreter} {home}\n"
    with alone(name):
        if not (_is_built(stamp, built_from) and os.access(programs / "python", os.X_OK)):
            print(f"Installing {requirements.relative_to(ROOT)} …", file=sys.stderr, flush=True)
            shutil.rmtree(home, ignore_errors=True)
            run(interpreter, "-m", "venv", home)
            # The lists are complete: what they leave out must not slip in unpinned.
            run(programs / "python", "-m", "pip", "install", "--no-deps", "--requirement", requirements)
            run(programs / "python", "-m", "pip", "check")
            stamp.write_text(built_from)
    return programs


def _is_built(stamp: Path, built_from: str) -> bool:
    return stamp.is_file() and stamp.read_text() == built_from


@contextlib.contextmanager
def alone(name: str) -> Iterator[None]:
    """Checks that run side by side share what is installed: one builds, the others wait."""
    folder = CACHE / "env"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def run(*command: str | Path) -> None:
    """Run a command of the set-up, quietly. Raises SystemExit with its own words when it fails."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(command, check=False, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        output = done.stdout.decode(errors="replace")
        raise SystemExit(f"{output}\n{' '.join(map(str, command))}: exit code {done.returncode}")


def _bootstrap() -> None:
    """Build the environment of nox with the Python that runs this, or with the newest where that one is too old."""
    found = pythons.find()
    this = f"{sys.version_info.major}.{sys.version_info.minor}"
    usable = [version for version in found if version != "3.9"]
    if not usable:
        raise SystemExit(
            f"No Python {pythons.VERSIONS[1]} to {pythons.VERSIONS[-1]} with venv and pip was found, which ansible-core"
            " needs. On Debian and Ubuntu: apt install python3-venv. Elsewhere: make PYTHON=/path/to/python3 …"
        )
    ensure("nox", found[this if this in usable else usable[-1]])


if __name__ == "__main__":
    _bootstrap()
