# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulator and a client for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from simulator import Simulator
from simulator.client import Client


class Both(Client):
    """A client with its simulator at hand."""

    def __init__(self, simulator: Simulator, **session: Any) -> None:
        super().__init__(simulator.connection, **session)
        self.sim = simulator


@pytest.fixture
def start() -> Iterator[Callable[..., Both]]:
    """Starts a simulator with a release and a scenario, jobs being quick unless it says otherwise; gives its client."""
    with ExitStack() as running:

        def started(release: str = "9.7", scenario: dict[str, Any] | None = None, **session: Any) -> Both:
            scenario = {"jobs": {"queued": 0, "running": 0.02}, **(scenario or {})}
            return Both(running.enter_context(Simulator(release=release, scenario=scenario)), **session)

        yield started
