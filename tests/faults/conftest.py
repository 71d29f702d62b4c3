# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of faults, printed at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

COLUMNS = ("tried", "survived", "outcome named", "converged", "lost", "duplicated")
_TABLE: dict[str, Counter[str]] = {}


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Iterator[Counter[str]]:
    """The counts of the phase that a test belongs to."""
    name = request.node.callspec.params.get("phase", request.node.originalname.removeprefix("test_").replace("_", " "))
    counts = _TABLE.setdefault(name, Counter())
    counts["tried"] += 1
    yield counts


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if not _TABLE:
        return
    width = max(map(len, _TABLE))
    terminalreporter.section("faults, by the phase that they strike in")
    terminalreporter.line(f"{'':{width}}  " + "  ".join(COLUMNS))
    total: Counter[str] = sum(_TABLE.values(), Counter())
    for name, counts in [*_TABLE.items(), ("all", total)]:
        cells = "  ".join(f"{counts[column]:>{len(column)}}" for column in COLUMNS)
        terminalreporter.line(f"{name:{width}}  {cells}")
