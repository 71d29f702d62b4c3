# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
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
# What the Python of a target does with the archive of a module.
ARCHIVED = """
import sys
compiled = []
sys.addaudithook(lambda event, given: compiled.append(given[1]) if event == "compile" else None)
sys.path.insert(0, sys.argv[1])
from module_utils._runtime import archive
from module_utils._runtime import wording
import other.sub.deep
print(wording.__file__, wording.__loader__.archive, *map(compiled.count, (wording.__file__, other.sub.deep.__file__)))
try:
    from module_utils._runtime import missing
except ImportError:
    print(wording.plural(2, "volume"))
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


def test_a_file_of_a_module_is_compiled_once(tmp_path: Path) -> None:
    archive = tmp_path / "the module.zip"
    runtime = PLUGINS / "module_utils" / "_runtime"
    with zipfile.ZipFile(archive, "w") as files:
        for name in ("module_utils", "module_utils/_runtime", "other", "other/sub"):
            files.writestr(f"{name}/__init__.py", "")
        files.writestr("other/sub/deep.py", "")
        for file in ("archive.py", "wording.py"):
            files.write(runtime / file, f"module_utils/_runtime/{file}")
    command = [sys.executable, "-c", ARCHIVED, str(archive)]
    seen = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    assert seen == [f"{archive}/module_utils/_runtime/wording.py {archive} 1 1", "2 volumes"]
