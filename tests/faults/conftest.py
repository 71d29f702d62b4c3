# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of faults, printed at the end: summed over all workers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from faults.catalogue import PHASES

from simulator import Simulator

COLUMNS = ("tried", "survived", "outcome named", "converged", "lost", "duplicated")
_PROPERTY = "faults"
_TABLE: dict[str, Counter[str]] = {}


def _row(request: pytest.FixtureRequest) -> str | None:
    call = getattr(request.node, "callspec", None)
    return call.params.get("phase") if call else None


@pytest.fixture
def cluster(request: pytest.FixtureRequest) -> Iterator[Simulator]:
    """A cluster whose jobs are quick: of the release of the test's phase, else 9.7."""
    row = _row(request)
    release = PHASES[row].release if row else "9.7"
    with Simulator(release=release, scenario={"jobs": {"queued": 0.05, "running": 0.1}}) as sim:
        yield sim


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Iterator[Counter[str]]:
    """The counts of the row that a test belongs to."""
    counts = Counter(tried=1)
    yield counts
    title = _row(request) or request.node.originalname.removeprefix("test_").replace("_", " ")
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
