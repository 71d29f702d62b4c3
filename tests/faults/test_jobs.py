# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs that end otherwise than in success, or are not seen to end."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from faults.catalogue import PHASES, WHOLE
from faults.harness import options, picture, run
from faults.in_process import LOGIN, Cluster, Ontap, Send, play

from ansible_collections.ontap.akv.plugins.module_utils._http.retry import FaultKind
from ansible_collections.ontap.akv.plugins.module_utils._http.transport import Answer, Fault
from simulator import Simulator


@pytest.fixture
def cluster() -> Cluster:
    started = Cluster("9.7", {"jobs": {"queued": 0.05, "running": 0.1}})
    started.apply([{"create_vault": WHOLE}, {"lose_keys": {"svm": "vs0", "nodes": ["node1", "node2"]}}])
    return started


def restore(cluster: Cluster, **more: Any) -> dict[str, Any]:
    return cluster.run("akv_restore", svm="vs0", poll_interval=0.1, **{**options(cluster), **more})


def test_partial_restore(cluster: Cluster, tally: Counter[str]) -> None:
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


def test_job_fails(cluster: Cluster, tally: Counter[str]) -> None:
    cluster.apply([{"fail_next_job": {"ends": "failure", "code": 65537515, "effect": False}}])
    result = restore(cluster)
    assert result["failed"]
    assert result["outcome"] == "unchanged"
    assert "node1, node2" in result["msg"]
    tally["outcome named"] += 1
    assert not restore(cluster).get("failed")
    tally["converged"] += 1


@pytest.mark.parametrize("effect", [True, False])
def test_job_vanishes(cluster: Cluster, effect: bool, tally: Counter[str]) -> None:
    """What it did is read from the AKV configuration, never guessed."""
    cluster.apply([{"fail_next_job": {"ends": "vanishes", "effect": effect}}])
    result = restore(cluster, wait_timeout=1)
    if effect:
        assert not result.get("failed"), result["msg"]
        assert result["job"]["state"] == "vanished"
        assert result["available"] is True
    else:
        assert result["failed"]
        assert "node1, node2" in result["msg"]
        assert result["outcome"] == "unknown"
    tally["outcome named"] += 1
    assert not restore(cluster).get("failed")
    tally["converged"] += 1


@pytest.mark.parametrize("ends", ["paused", "never"])
def test_job_does_not_end(cluster: Cluster, ends: str, tally: Counter[str]) -> None:
    cluster.apply([{"fail_next_job": {"ends": ends}}])
    result = restore(cluster, wait_timeout=1)
    assert result["failed"]
    assert result["outcome"] == "unknown"
    assert result["job"]["state"] in ("paused", "running")
    tally["outcome named"] += 1


def test_an_expired_credential_is_not_cured_by_a_restore(cluster: Cluster, tally: Counter[str]) -> None:
    cluster.apply([{"expire_credential": {"svm": "vs0"}}])
    result = restore(cluster, wait_timeout=1)
    assert result["failed"]
    assert result["outcome"] == "unchanged"
    assert "60 minutes" in result["msg"]
    tally["outcome named"] += 1


@pytest.mark.parametrize(
    ("module", "task", "action"),
    [
        ("akv_restore", {"force": True}, "restore"),
        ("akv_rekey", {"type": "internal"}, "rekey-internal"),
        ("akv_rekey", {"type": "external", "key_id": "https://kv1.vault.azure.net/keys/key2"}, "rekey-external"),
    ],
    ids=["forced restore", "rekey, internal", "rekey, external"],
)
@pytest.mark.parametrize("lists_jobs", [True, False])
def test_a_lost_answer_of_a_job_that_has_ended_is_not_sent_again(
    module: str, task: dict[str, Any], action: str, lists_jobs: bool, tally: Counter[str]
) -> None:
    """Also where the login's role may not list jobs: then its fate is unknown, which is said."""
    with Simulator(release="9.14.1", scenario={"jobs": {"queued": 0.0, "running": 0.0}, "vaults": [WHOLE]}) as sim:
        lost = {"match": {"method": "POST", "path": f"*/{action}"}, "reset": {"when": "after"}}
        sim.apply([{"add_fault": lost}])
        if not lists_jobs:
            denied = {"match": {"path": "/api/cluster/jobs*", "times": 0}, "error": {"code": 6, "status": 403}}
            sim.apply([{"add_fault": denied}])
        result = run(module, svm="vs0", poll_interval=0.1, **task, **options(sim))
        posts = [seen for seen in sim.requests if seen["method"] == "POST"]
        tally["duplicated"] += len(posts) > 1
        assert len(posts) == 1
        if lists_jobs or "key_id" in task:
            assert not result.get("failed"), result["msg"]
            assert result["changed"] is True
            tally["survived"] += 1
        else:
            assert result["outcome"] == "unknown"
            tally["outcome named"] += 1


def test_a_rekey_of_another_run_that_ends_before_the_jobs_are_read_is_not_sent_again(tally: Counter[str]) -> None:
    """It still ran when the configuration was read, and no longer when the jobs were."""
    task = {**LOGIN, "svm": "vs0", "type": "external", "key_id": "https://kv1.vault.azure.net/keys/key2"}

    def send(method: str, target: str, body: Any) -> Answer:
        if target.startswith("/api/cluster/jobs") and not sent:
            sent.append("by another run")
            assert not play("akv_rekey", task, ontap.send).failed
        if method == "POST":
            sent.append(target)
        return ontap.send(method, target, body)

    ontap, sent = Ontap("9.14.1"), list[str]()
    ontap.apply({"create_vault": WHOLE})
    played = play("akv_rekey", task, send)
    assert not played.failed, played.result["msg"]
    assert played.result["changed"] is False
    assert sent == ["by another run"]
    tally["survived"] += 1


@pytest.mark.parametrize("effect", [False, True])
@pytest.mark.parametrize("phase", ["create", "delete", "rekey, external", "switch"])
def test_outcome_of_a_job_that_fails(phase: str, effect: bool, tally: Counter[str]) -> None:
    """ONTAP took the request and its job failed: what that left behind is read."""
    struck = PHASES[phase]
    quick = {"jobs": {"queued": 0.05, "running": 0.1}, "cluster": {"asynchronous": "always"}}
    with Cluster("9.16.1", quick) as sim:
        sim.apply([{"create_vault": WHOLE}] if struck.vault else [])
        sim.apply(list(struck.before))
        before = picture(sim)
        sim.apply([{"fail_next_job": {"ends": "failure", "code": 65537515, "effect": effect}}])
        result = sim.run(struck.module, **struck.options, **options(sim))
        assert result["failed"]
        if phase == "switch" and not effect:
            # It stands half-way, which no AKV configuration shows.
            assert result["outcome"] == "unknown"
            assert "run the task again" in result["msg"]
        else:
            assert result["outcome"] == ("changed" if picture(sim) != before else "unchanged"), result["msg"]
        tally["outcome named"] += 1
        assert not sim.run(struck.module, **struck.options, **options(sim)).get("failed")
        assert struck.done(sim)
        tally["converged"] += 1


def test_a_job_that_reports_only_its_error(tally: Counter[str]) -> None:
    """Later releases have an error object beside the code."""
    error = {"code": "65537515", "message": "Failed to restore keys on some nodes in the cluster"}

    def send(method: str, target: str, body: Any) -> Answer:
        answer = ontap.send(method, target, body)
        if "/cluster/jobs/" not in target:
            return answer
        reported = {"state": "failure", "message": error["message"]}
        if target.endswith("fields=error"):
            reported = {**reported, "error": error}
        return Answer(200, answer.headers, json.dumps(reported).encode())

    ontap = Ontap("9.12.1")
    ontap.apply({"create_vault": WHOLE}, {"create_volume": {"svm": "vs0", "name": "vol1", "encrypted": True}})
    ontap.apply({"lose_keys": {"svm": "vs0", "nodes": ["node1"]}})
    result = play("akv_restore", {**LOGIN, "svm": "vs0"}, send).result
    assert result["failed"]
    assert result["error"]["code"] == "65537515"
    tally["outcome named"] += 1


@pytest.mark.parametrize("same", [True, False])
@pytest.mark.parametrize("reported", ["response", "job"])
def test_a_create_that_another_run_was_faster_with(reported: str, same: bool, tally: Counter[str]) -> None:
    """ONTAP refuses it at once, or in its job."""
    ontap = Ontap("9.16.1", cluster={"asynchronous": "always"} if reported == "job" else {})
    other = WHOLE if same else {**WHOLE, "client_id": "client2"}

    def send(method: str, target: str, body: Any) -> Answer:
        if method == "POST" and reported == "job":
            ontap.apply({"fail_next_job": {"ends": "failure", "code": 65537500, "effect": False}})
            answer = ontap.send(method, target, body)
            ontap.apply({"create_vault": other})
            return answer
        if method == "POST":
            ontap.apply({"create_vault": other})
        return ontap.send(method, target, body)

    played = play("akv_config", {**LOGIN, **WHOLE}, send)
    assert played.failed is not same, played.result["msg"]
    assert (played.result["changed"], played.result.get("outcome", "unchanged")) == (False, "unchanged")
    if same:
        assert any("Another run was first" in warning for warning in played.warnings)
    else:
        assert "Meanwhile another run created" in played.result["msg"]
    tally["outcome named"] += 1


@pytest.mark.parametrize("reported", ["response", "job"])
def test_a_delete_that_another_run_was_faster_with(reported: str, tally: Counter[str]) -> None:
    ontap = Ontap("9.16.1", cluster={"asynchronous": "always"} if reported == "job" else {})
    ontap.apply({"create_vault": WHOLE})

    def send(method: str, target: str, body: Any) -> Answer:
        if method == "DELETE" and reported == "job":
            ontap.apply({"fail_next_job": {"ends": "failure", "code": 4, "effect": False}})
            answer = ontap.send(method, target, body)
            ontap.send(method, target, body)
            return answer
        if method == "DELETE":
            ontap.send(method, target, body)
        return ontap.send(method, target, body)

    played = play("akv_config", {**LOGIN, "svm": "vs0", "state": "absent"}, send)
    assert not played.failed, played.result["msg"]
    assert (played.result["changed"], played.result.get("outcome", "unchanged")) == (False, "unchanged")
    tally["outcome named"] += 1


@pytest.mark.parametrize("effect", [False, True])
def test_a_forced_restore_that_fails_has_changed_nothing_that_can_be_read(effect: bool, tally: Counter[str]) -> None:
    """Every node had its keys before."""
    ontap = Ontap("9.12.1")
    ontap.apply({"create_vault": WHOLE}, {"fail_next_job": {"ends": "failure", "code": 65537515, "effect": effect}})
    result = play("akv_restore", {**LOGIN, "svm": "vs0", "force": True}, ontap.send).result
    assert result["failed"]
    assert result["outcome"] == "unchanged"
    tally["outcome named"] += 1


@pytest.mark.parametrize("check_mode", [False, True])
def test_the_diff_of_a_restore_that_is_not_awaited_is_that_of_check_mode(check_mode: bool) -> None:
    ontap = Ontap("9.7")
    ontap.apply({"create_vault": WHOLE}, {"lose_keys": {"svm": "vs0", "nodes": ["node1"]}})
    result = play("akv_restore", {**LOGIN, "svm": "vs0", "wait": False}, ontap.send, check_mode).result
    assert result["diff"]["before"] == {"availability": "keys are unavailable on node1"}
    assert result["diff"]["after"] == {"availability": "keys are available on every node"}


@pytest.mark.parametrize(("status", "warned"), [(201, False), (202, True)])
def test_an_internal_rekey_without_a_job_is_done_only_where_its_status_says_so(status: int, warned: bool) -> None:
    def send(method: str, target: str, body: Any) -> Answer:
        answer = ontap.send(method, target, body)
        return Answer(status, answer.headers, b"") if method == "POST" else answer

    ontap = Ontap("9.15.1")
    ontap.apply({"create_vault": WHOLE})
    played = play("akv_rekey", {**LOGIN, "svm": "vs0", "type": "internal"}, _without_jobs(send))
    assert played.result["changed"] is True
    assert bool(played.warnings) == warned


def _without_jobs(send: Send) -> Send:
    """Keep no job, as ONTAP does not where it has done the work at once."""

    def answered(method: str, target: str, body: Any) -> Answer:
        answer = send(method, target, body)
        return Answer(200, answer.headers, b'{"records": []}') if "/cluster/jobs" in target else answer

    return answered


@pytest.mark.parametrize(
    ("ends", "code", "outcome"),
    [("failure", 65539856, "unknown"), ("cancelled", 0, "unknown"), ("failure", 65537559, "unchanged")],
)
@pytest.mark.parametrize("effect", [True, False])
def test_a_failed_internal_rekey_is_unknown_unless_it_was_refused(
    effect: bool, ends: str, code: int, outcome: str
) -> None:
    """No reading shows an internal key: the job may have failed after a part of its work."""
    ontap = Ontap("9.16.1", vaults=[{"svm": "vs0"}], volumes=[{"svm": "vs0", "name": "data", "encrypted": True}])
    ontap.apply({"fail_next_job": {"ends": ends, "effect": effect, **({"code": code} if code else {})}})
    result = play("akv_rekey", {**LOGIN, "svm": "vs0", "type": "internal"}, ontap.send).result
    assert (result["failed"], result["outcome"]) == (True, outcome)
    assert ("Some keys may be new" in result["msg"]) == (outcome == "unknown")


def test_a_create_whose_answer_was_lost_is_this_tasks_own_if_the_retrys_job_is_refused() -> None:
    """The first request has created it after the reading that confirms; the second one meets it in its job."""
    ontap = Ontap("9.16.1", svms=[{"name": "vs0"}])
    job = "11111111-2222-3333-4444-555555555555"
    posts: list[str] = []

    def send(method: str, target: str, body: Any) -> Answer:
        if job in target:
            found = {"uuid": job, "state": "failure", "code": 65537500, "message": "Already configured."}
            return Answer(200, {}, json.dumps(found).encode())
        if method == "POST":
            posts.append(target)
            if len(posts) == 2:
                return Answer(202, {}, json.dumps({"job": {"uuid": job}}).encode())
            ontap.send(method, target, body)
            raise Fault(FaultKind.LOST, "the connection was reset")
        answer = ontap.send(method, target, body)
        hidden = "azure-key-vaults" in target and len(posts) == 1
        return Answer(200, answer.headers, b'{"records": [], "num_records": 0}') if hidden else answer

    declared = {name: value for name, value in WHOLE.items() if name != "svm"}
    played = play("akv_config", {**LOGIN, "svm": "vs0", "retries": 2, **declared}, send)
    assert not played.failed, played.result["msg"]
    assert (played.result["changed"], played.result["operation"], len(posts)) == (True, "create", 2)
    assert not any("Another run" in warning for warning in played.warnings)


@pytest.mark.parametrize("exists", [True, False])
@pytest.mark.parametrize("readable", [True, False])
def test_a_secret_whose_job_is_not_seen_to_end_is_warned_of(exists: bool, readable: bool) -> None:
    """Only what existed has a previous credential."""
    ontap = Ontap("9.16.1", vaults=[WHOLE] if exists else [], cluster={"asynchronous": "always"})
    ontap.apply({"fail_next_job": {"ends": "vanishes", "effect": True}})

    def send(method: str, target: str, body: Any) -> Answer:
        if not readable and "/cluster/jobs/" in target:
            return Answer(403, {}, b'{"error": {"code": "6", "message": "Permission denied."}}')
        return ontap.send(method, target, body)

    played = play("akv_config", {**LOGIN, **WHOLE, "update_credentials": "always"}, send)
    assert not played.failed, played.result["msg"]
    said = [warning for warning in played.warnings if "may still have the previous credential" in warning]
    assert len(said) == exists
    assert not exists or ("Let the login read /api/cluster/jobs" in said[0]) == (not readable)
