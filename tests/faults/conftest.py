# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of faults, printed at the end: summed over all workers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from simulator import Simulator

COLUMNS = ("tried", "survived", "outcome named", "converged", "lost", "duplicated")
_PROPERTY = "faults"
_TABLE: dict[str, Counter[str]] = {}


@pytest.fixture
def cluster() -> Iterator[Simulator]:
    """An ONTAP 9.7 cluster whose jobs are quick."""
    with Simulator(scenario={"jobs": {"queued": 0.05, "running": 0.1}}) as sim:
        yield sim


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Iterator[Counter[str]]:
    """The counts of the row that a test belongs to."""
    call = getattr(request.node, "callspec", None)
    row = call.params.get("phase") if call else None
    counts = Counter(tried=1)
    yield counts
    title = row or request.node.originalname.removeprefix("test_").replace("_", " ")
    request.node.user_properties.append((_PROPERTY, (title, dict(counts))))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Add up, also what another worker has counted."""
    if report.when == "teardown":
        for name, (row, counts) in [entry for entry in report.user_properties if entry[0] == _PROPERTY]:
            assert name == _PROPERTY
            _TABLE.setdefault(row, Counter()).update(counts)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the table."""
    if not _TABLE:
        return
    width = max(map(len, _TABLE))
    terminalreporter.section("faults, by what they strike")
    terminalreporter.line(f"{'':{width}}  " + "  ".join(COLUMNS))
    total: Counter[str] = sum(_TABLE.values(), Counter())
    for row, counts in [*sorted(_TABLE.items()), ("all", total)]:
        cells = "  ".join(f"{counts[column]:>{len(column)}}" for column in COLUMNS)
        terminalreporter.line(f"{row:{width}}  {cells}")
