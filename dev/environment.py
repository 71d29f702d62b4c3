# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The virtual environments of the checks, in .cache/env: one for each complete list of pins in dev/requirements.

An environment that was built from the current list is used unchanged, so a second run needs no network.
``python3 -m dev.environment`` builds the one of nox, which runs everything else and has the uv that builds the others.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from dev import pythons

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache"
REQUIREMENTS = ROOT / "dev" / "requirements"
UV = CACHE / "env" / "nox" / "bin" / "uv"


def ensure(name: str, interpreter: str | Path) -> Path:
    """The folder of programs of an environment, which is built when it is missing or out of date.

    Raises SystemExit with the installer's own words when it cannot be built.
    """
    pins = pins_of(name)
    # Checkouts that share the folder by a link share the environments in it.
    home = (CACHE / "env").resolve() / name
    programs = home / "bin"
    stamp = home / "built-from"
    # The folder is part of it because the programs of an environment that was moved do not start.
    built_from = f"{hashlib.sha256(without_hashes(pins).encode()).hexdigest()} {interpreter} {home}\n"
    with alone(name):
        if not (_is_built(stamp, built_from) and os.access(programs / "python", os.X_OK)):
            print(f"Installing the environment {name} …", file=sys.stderr, flush=True)
            shutil.rmtree(home, ignore_errors=True)
            run(interpreter, "-m", "venv", "--without-pip", home)
            requirements = home / "requirements.txt"
            requirements.write_text(pins)
            _install(programs / "python", requirements)
            stamp.write_text(built_from)
    return programs


def _install(python: Path, requirements: Path) -> None:
    """Install a complete list: what it leaves out must not slip in unpinned."""
    if UV.exists():
        cache = ("--cache-dir", CACHE / "env" / "uv")
        try:
            run(UV, "pip", "sync", *cache, "--python", python, "--require-hashes", requirements)
            run(UV, "pip", "check", "--python", python)
            return
        except SystemExit as failure:
            # A package index that only the settings of pip name, for example.
            print(f"{failure}\nTrying pip instead …", file=sys.stderr, flush=True)
    run(python, "-m", "ensurepip")
    run(python, "-m", "pip", "install", "--no-deps", "--require-hashes", "--requirement", requirements)
    run(python, "-m", "pip", "check")


def pins_of(name: str) -> str:
    """The complete list of an environment.

    Those of the judges are one list and the line of a release of the vendor's client.
    """
    kind, _dash, release = name.partition("-")
    if kind != "judge" or not release[:1].isdigit():
        return (REQUIREMENTS / f"{name}.txt").read_text()
    clients = (REQUIREMENTS / "judges.txt").read_text()
    (client,) = re.findall(rf"^netapp-ontap=={re.escape(release)}\..*(?:\n .*)*", clients, re.MULTILINE)
    return f"{(REQUIREMENTS / 'judge.txt').read_text()}{client}\n"


def without_hashes(pins: str) -> str:
    """A list as it says what is installed: hashes say only whether it is that."""
    return re.sub(r" \\\n(?: +--hash=\S+(?: \\)?\n)+", "\n", pins)


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
