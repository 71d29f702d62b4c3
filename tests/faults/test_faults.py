# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every fault in every phase: survived, or a sentence with a true outcome; and the next run converges."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from faults.catalogue import FAULTS, NEW_SECRET, PHASES, SECRET, WHOLE, WIRED
from faults.harness import begun, options, picture, run
from faults.in_process import Cluster

from simulator import Simulator

Run = Callable[..., dict[str, Any]]
OUTCOMES = ("unchanged", "changed", "unknown")
# In this phase every fault comes over HTTPS; in the others that which needs a connection.
OVER_HTTPS = "create"
JOBS = {"jobs": {"queued": 0.05, "running": 0.1}}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("phase", PHASES)
def test_fault(phase: str, fault: str, tally: Counter[str]) -> None:
    release = PHASES[phase].release
    if phase == OVER_HTTPS or WIRED & FAULTS[fault].keys():
        with Simulator(release=release, scenario=JOBS) as sim:
            survive(sim, run, phase, fault, tally)
    else:
        cluster = Cluster(release, JOBS)
        survive(cluster, cluster.run, phase, fault, tally)


def survive(cluster: Simulator | Cluster, run: Run, phase: str, fault: str, tally: Counter[str]) -> None:
    """Strike a task with a fault, and run it again without."""
    struck = PHASES[phase]
    if struck.vault:
        cluster.apply([{"create_vault": WHOLE}])
    cluster.apply(list(struck.before))
    before = picture(cluster)
    lasting = {"times": 0} if fault.endswith(", lasting") else {}
    cluster.apply([{"add_fault": {"match": {**struck.match, **lasting}, **FAULTS[fault]}}])

    result = run(struck.module, **struck.options, **options(cluster))

    shown = json.dumps(result)
    assert "Traceback" not in shown
    assert "Internal error in" not in shown
    assert SECRET not in shown
    assert NEW_SECRET not in shown
    if result.get("failed"):
        assert result["msg"].endswith((".", "?", ")"))
        assert result["outcome"] in OUTCOMES
        assert result["changed"] == (result["outcome"] == "changed")
        if result["outcome"] == "unchanged":
            assert picture(cluster) == before
        if result["outcome"] == "changed":
            assert picture(cluster) != before
        tally["outcome named"] += 1
    else:
        assert struck.done(cluster)
        assert result["changed"] == (picture(cluster) != before)
        tally["survived"] += 1
    tally["duplicated"] += len(begun(cluster)) > 1
    assert len(begun(cluster)) <= 1

    cluster.apply([{"clear_faults": {}}, {"advance_clock": {"seconds": 5}}])
    again = run(struck.module, **struck.options, **options(cluster))
    tally["lost"] += not struck.done(cluster)
    assert not again.get("failed"), again["msg"]
    assert struck.done(cluster)
    tally["converged"] += 1
