# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs that end otherwise than in success, or are not seen to end."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from faults.catalogue import WHOLE
from faults.harness import options, run

from simulator import Simulator


@pytest.fixture
def cluster(cluster: Simulator) -> Simulator:
    cluster.apply([{"create_vault": WHOLE}, {"lose_keys": {"svm": "vs0", "nodes": ["node1", "node2"]}}])
    return cluster


def restore(cluster: Simulator, **more: Any) -> dict[str, Any]:
    return run("akv_restore", svm="vs0", poll_interval=0.1, **{**options(cluster), **more})


def test_partial_restore(cluster: Simulator, tally: Counter[str]) -> None:
    cluster.apply([{"partial_restore": {"nodes": ["node2"]}}])
    result = restore(cluster)
    assert result["failed"]
    assert result["error"]["code"] == "65537515"
    assert result["outcome"] == "changed"
    assert "unavailable on node2" in result["msg"]
    assert result["job"]["state"] == "failure"
    tally["outcome named"] += 1
    assert not restore(cluster).get("failed")
    tally["converged"] += 1


def test_job_fails(cluster: Simulator, tally: Counter[str]) -> None:
    cluster.apply([{"fail_next_job": {"ends": "failure", "code": 65537515, "effect": False}}])
    result = restore(cluster)
    assert result["failed"]
    assert result["outcome"] == "unchanged"
    assert "node1, node2" in result["msg"]
    tally["outcome named"] += 1
    assert not restore(cluster).get("failed")
    tally["converged"] += 1


@pytest.mark.parametrize("effect", [True, False])
def test_job_vanishes(cluster: Simulator, effect: bool, tally: Counter[str]) -> None:
    """What it did is read from the vault, never guessed."""
    cluster.apply([{"fail_next_job": {"ends": "vanishes", "effect": effect}}])
    result = restore(cluster, wait_timeout=1)
    if effect:
        assert not result.get("failed"), result["msg"]
        assert result["job"]["state"] == "vanished"
        assert result["available"] is True
    else:
        assert result["failed"]
        assert "node1, node2" in result["msg"]
    tally["outcome named"] += 1
    assert not restore(cluster).get("failed")
    tally["converged"] += 1


@pytest.mark.parametrize("ends", ["paused", "never"])
def test_job_does_not_end(cluster: Simulator, ends: str, tally: Counter[str]) -> None:
    cluster.apply([{"fail_next_job": {"ends": ends}}])
    result = restore(cluster, wait_timeout=1)
    assert result["failed"]
    assert result["outcome"] == "unknown"
    assert result["job"]["state"] in ("paused", "running")
    tally["outcome named"] += 1


def test_an_expired_credential_is_not_cured_by_a_restore(cluster: Simulator, tally: Counter[str]) -> None:
    cluster.apply([{"expire_credential": {"svm": "vs0"}}])
    result = restore(cluster, wait_timeout=1)
    assert result["failed"]
    assert "60 minutes" in result["msg"]
    tally["outcome named"] += 1
