# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated Azure with Microsoft's clients, and a certificate."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from io import StringIO
from typing import Any

import pytest
from judges.azure.asking import CLIENT, KEY, SECRET, TENANT, Azure, Pair, make_pair

from simulator import Simulator


@pytest.fixture(scope="session")
def pair() -> Pair:
    return make_pair()


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Azure]]:
    """Starts an Azure with a section of a scenario; at the end no secret and no token stands in its log."""
    # REQUESTS_CA_BUNDLE would win over what msal is given.
    for name in [name for name in os.environ if name.startswith("AZURE_") or name.endswith("_CA_BUNDLE")]:
        monkeypatch.delenv(name)
    with ExitStack() as running:
        made: list[Azure] = []

        def started(application: dict[str, Any] | None = None, **azure: Any) -> Azure:
            one = {"client_id": CLIENT, "tenant_id": TENANT, "secrets": [SECRET], **(application or {})}
            section = {"applications": [one], "keys": [{"key_id": KEY}], **azure}
            log = StringIO()
            sim = running.enter_context(Simulator(scenario={"azure": section}, azure=True, log=log))
            made.append(Azure(sim, log))
            return made[-1]

        yield started
        for azure in made:
            written = azure.log.getvalue() + str(azure.sim.azure_requests)
            assert not [one for one in (SECRET, *azure.sim.tokens) if one in written]
