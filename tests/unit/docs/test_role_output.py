# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Ansible itself shows of a role whose task fails: no internal variable."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
FILES = sorted([*ROOT.glob("roles/*/tasks/*.yml"), *ROOT.glob("playbooks/*.yml")])
FAILS = ("ansible.builtin.fail:", "ansible.builtin.assert:", "failed_when: ")


def failing(path: Path) -> Iterator[list[str]]:
    """The name of each task that may fail with a sentence, with the two lines above it."""
    lines = path.read_text(encoding="utf-8").splitlines()
    name = 0
    for number, line in enumerate(lines):
        if line.strip().startswith("- name: "):
            name = number
        if line.strip().startswith(FAILS) and not line.endswith("failed_when: false"):
            yield lines[max(0, name - 2) : name + 1]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_internal_variable_is_shown_where_a_task_fails(path: Path) -> None:
    """Ansible shows two lines above the task, and the expression of an assert."""
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.strip().startswith("that:") and "__akv" in line] == []
    assert [shown for shown in failing(path) if "__akv" in " ".join(shown)] == []


def test_the_tasks_that_fail_are_found() -> None:
    assert sum(len(list(failing(path))) for path in FILES) > 15
