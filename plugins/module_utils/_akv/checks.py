# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""A check and its status, as the modules that check return them. Pure, no I/O."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum


class Status(str, Enum):
    """How a check ended. What was not answered is unknown, never failed."""

    OK = "ok"
    FAILED = "failed"
    WARNING = "warning"
    UNKNOWN = "unknown"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Check:
    """One thing that was checked."""

    name: str
    status: Status
    message: str

    def record(self, shown: Callable[[str], str] = str) -> dict[str, str]:
        """Return it as it is in a result.

        :param shown: makes the message safe to show
        """
        return {"name": self.name, "status": self.status.value, "message": shown(self.message)}


def count_by_status(checks: Sequence[Check]) -> dict[str, int]:
    """Count the checks of each status; every status has an entry."""
    return {status.value: sum(check.status is status for check in checks) for status in Status}
