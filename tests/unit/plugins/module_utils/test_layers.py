# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The layers of docs/architecture.md: a folder imports only what stands below it, and no file imports in a circle."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4] / "plugins" / "module_utils"
PREFIX = "ansible_collections.ontap.akv.plugins.module_utils."
FILES = sorted(ROOT.glob("*/*.py"))

# Each folder, and the folders that it may import beside itself.
LAYERS = {
    "_use_cases": {"_azure", "_ontap", "_akv", "_http", "_runtime"},
    "_azure": {"_akv", "_http", "_runtime"},
    "_ontap": {"_akv", "_http", "_runtime"},
    "_akv": {"_runtime"},
    "_http": {"_runtime"},
    "_runtime": set(),
}
# The one file that knows AnsibleModule starts the use cases.
ENTRANCE = "_runtime/module.py"


def name(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def imports(path: Path) -> Iterator[tuple[str, ast.ImportFrom]]:
    """The files of module_utils that a file imports, as folder/file.py, with the statement."""
    for statement in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(statement, ast.ImportFrom) and (statement.module or "").startswith(PREFIX):
            folder, _dot, file = str(statement.module)[len(PREFIX) :].partition(".")
            for one in [file] if file else [alias.name for alias in statement.names]:
                yield f"{folder}/{one}.py", statement


def test_every_folder_has_its_layer() -> None:
    assert {path.parent.name for path in FILES} <= set(LAYERS)


@pytest.mark.parametrize("path", [path for path in FILES if name(path) != ENTRANCE], ids=name)
def test_a_folder_imports_only_what_is_below_it(path: Path) -> None:
    folders = {imported.partition("/")[0] for imported, _statement in imports(path)}
    assert folders <= {path.parent.name} | LAYERS[path.parent.name]


def test_no_file_imports_in_a_circle() -> None:
    known = {name(path): {imported for imported, _statement in imports(path)} for path in FILES}
    while known:
        free = [file for file, needed in known.items() if not needed & set(known)]
        assert free, f"these import each other: {sorted(known)}"
        known = {file: needed for file, needed in known.items() if file not in free}


@pytest.mark.parametrize("path", FILES, ids=name)
def test_an_import_inside_a_function_is_justified_by_a_comment(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    for function in ast.walk(ast.parse("\n".join(lines))):
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for statement in ast.walk(function):
                if isinstance(statement, (ast.Import, ast.ImportFrom)):
                    above = [line.strip() for line in lines[: statement.lineno - 1]]
                    before = next(line for line in reversed(above) if line != "try:")
                    assert before.startswith("#"), f"line {statement.lineno}"
