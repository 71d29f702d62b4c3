# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs that end in the middle, and runs that meet: the next one converges, and nothing is there twice."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from faults.catalogue import PHASES, REKEY_INTERNAL, VAULTS, WHOLE
from faults.harness import Run, begun, options, run
from integration.running import wait_until

from simulator import Simulator


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("phase", PHASES)
def test_killed(cluster: Simulator, phase: str, when: str, tally: Counter[str]) -> None:
    """SIGKILL while the request is under way, before or after the cluster has acted on it."""
    struck = PHASES[phase]
    if struck.vault:
        cluster.apply([{"create_vault": WHOLE}])
    cluster.apply(list(struck.before))
    cluster.apply([{"add_fault": {"match": struck.match, "latency": {"seconds": 0.3, "when": when}}}])

    doomed = Run(struck.module, **struck.options, **options(cluster))
    wait_until(lambda: any(seen["faults"] for seen in cluster.requests))
    doomed.kill()
    if phase in ("restore", "rekey, external"):
        # An action that the cluster has read and not yet begun can be seen by nobody: the next run comes after that.
        wait_until(lambda: begun(cluster))

    result = run(struck.module, **struck.options, **options(cluster))
    assert not result.get("failed"), result["msg"]
    wait_until(lambda: struck.done(cluster))
    # An internal rekey that has ended is no reason not to rekey: each task is one more.
    allowed = 2 if struck.options is REKEY_INTERNAL else 1
    tally["duplicated"] += len(begun(cluster)) > allowed
    assert len(begun(cluster)) <= allowed
    tally["converged"] += 1


def both(cluster: Simulator, one: dict[str, Any], other: dict[str, Any]) -> list[dict[str, Any]]:
    """Two runs at the same moment: both have read before either changes."""
    cluster.apply([{"add_fault": {"match": {"method": "POST|DELETE", "times": 2}, "latency": {"seconds": 0.3}}}])
    runs = [Run("akv_config", **task, **options(cluster)) for task in (one, other)]
    return [each.result() for each in runs]


def test_two_runs_that_declare_the_same(cluster: Simulator, tally: Counter[str]) -> None:
    results = both(cluster, WHOLE, WHOLE)
    assert not any(result.get("failed") for result in results)
    assert sorted(result["changed"] for result in results) == [False, True]
    assert PHASES["create"].done(cluster)
    assert "Another run was first" in json.dumps([result for result in results if not result["changed"]])
    tally["converged"] += 1


def test_two_runs_that_declare_different_vaults(cluster: Simulator, tally: Counter[str]) -> None:
    results = both(cluster, WHOLE, {**WHOLE, "client_id": "client2"})
    (lost,) = [result for result in results if result.get("failed")]
    assert lost["outcome"] == "unchanged"
    assert lost["error"]["code"] == "65537500"
    assert "Meanwhile another run created" in lost["msg"]
    assert len(cluster.vaults()) == 1
    tally["outcome named"] += 1


def test_two_runs_that_delete(cluster: Simulator, tally: Counter[str]) -> None:
    cluster.apply([{"create_vault": WHOLE}])
    results = both(cluster, *[{"svm": "vs0", "state": "absent"}] * 2)
    assert not any(result.get("failed") for result in results)
    assert cluster.vaults() == []
    tally["converged"] += 1


def test_two_restores_at_the_same_moment_share_a_job(cluster: Simulator, tally: Counter[str]) -> None:
    cluster.apply([{"create_vault": WHOLE}, *PHASES["restore"].before, {"job_times": {"running": 1}}])
    first = Run("akv_restore", svm="vs0", poll_interval=0.1, **options(cluster))
    wait_until(lambda: begun(cluster))
    second = run("akv_restore", svm="vs0", poll_interval=0.1, **options(cluster))
    assert not first.result().get("failed")
    assert second["changed"] is False
    assert "already running" in second["msg"]
    assert len(begun(cluster)) == 1
    tally["converged"] += 1


def test_a_recreate_that_could_not_create_says_so_loudly(cluster: Simulator, tally: Counter[str]) -> None:
    cluster.apply([{"create_vault": WHOLE}])
    refused = {"match": {"method": "POST", "path": VAULTS}, "error": {"code": 65537504, "status": 500}}
    cluster.apply([{"add_fault": refused}])
    task = PHASES["recreate, create"].options
    result = run("akv_config", **task, **options(cluster))
    assert result["failed"]
    assert result["outcome"] == "changed"
    assert result["msg"].startswith("The AKV configuration of SVM vs0 was DELETED and could NOT be recreated.")
    wanted = {name: task[name] for name in ("name", "key_id", "client_id", "tenant_id")}
    assert result["recreate"] == {"svm": {"name": "vs0"}, **wanted}
    assert cluster.vaults() == []
    assert run("akv_config", **task, **options(cluster))["operation"] == "create"
    assert PHASES["recreate, create"].done(cluster)
    tally["converged"] += 1


def test_a_recreate_of_what_is_gone_meanwhile_creates_all_the_same(cluster: Simulator, tally: Counter[str]) -> None:
    cluster.apply([{"create_vault": WHOLE}])
    gone = {"match": {"method": "DELETE"}, "events": [{"delete_vault": {"svm": "vs0"}}]}
    cluster.apply([{"add_fault": gone}])
    result = run("akv_config", **PHASES["recreate, create"].options, **options(cluster))
    assert not result.get("failed"), result["msg"]
    assert result["changed"] is True
    assert PHASES["recreate, create"].done(cluster)
    tally["converged"] += 1


def test_what_follows_a_create_waits_for_the_vault_to_be_there(tally: Counter[str]) -> None:
    """A create that is accepted without a job may take a moment: no PATCH goes to an AKV configuration of no UUID."""
    empty = {"match": {"method": "GET", "path": VAULTS, "nth": 2}, "body": {"json": {"records": []}, "when": "after"}}
    with Simulator(release="9.14.1", scenario={"faults": [empty]}) as sim:
        result = run("akv_config", **WHOLE, verify_host=True, **options(sim))
        assert not result.get("failed"), result["msg"]
        assert not [seen for seen in sim.requests if seen["path"].endswith("/None")]
        tally["converged"] += 1
