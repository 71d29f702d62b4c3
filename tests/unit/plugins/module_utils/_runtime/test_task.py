# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.ontap.akv.plugins.module_utils._runtime import task as tasks
from ansible_collections.ontap.akv.plugins.module_utils._runtime.redaction import Redactor
from ansible_collections.ontap.akv.plugins.module_utils._runtime.task import Task


class Clock:
    """A clock that moves when the task sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_the_same_words_are_shown_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(tasks, "time", clock)
    shown: list[tuple[float, str]] = []
    task = Task(Redactor([]), 600, lambda text: shown.append((clock.now - 1000, text)))
    for _pause in range(10):
        task.sleep(9, "the job is running")
        task.sibling().sleep(3, "vs1 is not healthy")
    task.sleep(1, "the job is done")
    assert shown == [
        (0, "the job is running"),
        (9, "vs1 is not healthy"),
        (60, "the job is running"),
        (69, "vs1 is not healthy"),
        (120, "the job is done"),
    ]
