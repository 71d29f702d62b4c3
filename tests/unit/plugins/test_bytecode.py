# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PLUGINS = Path(__file__).resolve().parents[3] / "plugins"
# What ansible-playbook does before it loads a plugin.
PROGRAM = """
import sys
from ansible.plugins.loader import init_plugin_loader
init_plugin_loader([sys.argv[1]])
from ansible_collections.ontap.akv.plugins.module_utils._runtime import wording
print(wording.__file__, getattr(wording, "VERSION", 0), end="")
"""


@pytest.fixture
def wording(tmp_path: Path) -> Path:
    """A file of a collection that is installed in a path with a space."""
    place = tmp_path / "the collections" / "ansible_collections" / "ontap" / "akv" / "plugins"
    folder = place / "module_utils" / "_runtime"
    folder.mkdir(parents=True)
    shutil.copy(PLUGINS / "__init__.py", place)
    return Path(shutil.copy(PLUGINS / "module_utils" / "_runtime" / "wording.py", folder))


def _imported(file: Path) -> str:
    other = ("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX")
    environment = {name: value for name, value in os.environ.items() if name not in other}
    command = [sys.executable, "-c", PROGRAM, str(file.parents[6])]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment).stdout


def test_ansible_keeps_bytecode_and_reads_a_changed_file_again(wording: Path) -> None:
    assert _imported(wording) == f"{wording} 0"
    (kept,) = (wording.parent / "__pycache__").iterdir()
    assert kept.name == f"wording.{sys.implementation.cache_tag}.pyc"
    wording.write_text("VERSION = 2\n", encoding="utf-8")
    assert _imported(wording) == f"{wording} 2"


def test_a_collection_that_cannot_be_written_is_imported_all_the_same(wording: Path) -> None:
    # Also the superuser cannot make a file in a file.
    (wording.parent / "__pycache__").touch()
    assert _imported(wording) == f"{wording} 0"
