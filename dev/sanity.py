# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ``ansible-test`` needs to run without a container, all of it in a folder of .cache.

It wants the collection as a git repository at ansible_collections/ontap/akv, a home that holds its bootstrap script of
pip, and real Pythons on the path. Settings of pip and uv reach it through that home alone.
"""

from __future__ import annotations

import ast
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from dev import pythons
from dev.environment import CACHE, ROOT, UV


def prepare_home(home: Path, ansible_test: Path) -> None:
    """Lay the bootstrap script and its settings where ansible-test looks for them.

    ansible_test: the folder of that package, with sources that name the version of pip it needs.
    """
    cache = home / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    source = (ansible_test / "_internal" / "python_requirements.py").read_text()
    for version in re.findall(r"\bpip='([\d.]+)'", source):
        shutil.copy(ROOT / "dev" / "get_pip.py", cache / f"get_pip_{version.replace('.', '_')}.py")
    (cache / "uv.json").write_text(json.dumps({"program": str(UV.absolute()), "environment": _environment_of_uv()}))
    configuration = home / ".config" / "pip" / "pip.conf"
    configuration.parent.mkdir(parents=True, exist_ok=True)
    configuration.write_text(_pip_settings())


def _environment_of_uv() -> dict[str, str]:
    """What uv, as it builds the other environments, takes from this environment."""
    names = ("ALL_PROXY", "HOME", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "SSL_CERT_DIR", "SSL_CERT_FILE")
    given = {name: value for name, value in os.environ.items() if name.upper() in names or name.startswith("UV_")}
    return {**given, "UV_CACHE_DIR": str((CACHE / "env" / "uv").absolute())}


def _pip_settings() -> str:
    """The settings of pip that are in force here, from files and from the environment, as one file."""
    command = (sys.executable, "-m", "pip", "config", "list")
    listed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    sections: dict[str, dict[str, str]] = defaultdict(dict)
    # Errors only: a dozen environments are made, and pip's messages about each would hide the findings.
    sections["global"]["quiet"] = "2"
    for line in listed.splitlines():
        name, value = line.split("=", 1)
        section, option = name.rsplit(".", 1)
        # The environment's come first in the list, and have the last word.
        chosen = sections["global" if section == ":env:" else section]
        chosen.setdefault(option, ast.literal_eval(value).replace("\n", "\n    "))
    lines = ((f"[{section}]", *map(" = ".join, options.items())) for section, options in sections.items())
    return "\n".join(itertools.chain.from_iterable(lines)) + "\n"


def path(programs: Path) -> str:
    """The PATH of ansible-test: its own programs, then the real Pythons."""
    real = (str(interpreter.parent) for interpreter in pythons.find().values())
    return os.pathsep.join((str(programs), *real, os.environ["PATH"]))
