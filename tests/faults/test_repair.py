# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""akv_repair where the cluster stops answering in the middle, where only a restore proves a credential, and with a plan
that was approved."""

from __future__ import annotations

from typing import Any

import pytest
from faults.in_process import LOGIN, Ontap, Played, Send, assert_true_outcome, play
from integration.certificates import make_pkcs12

from ansible_collections.ontap.akv.plugins.module_utils._http.transport import Answer

OLD, NEW = "canary-Old8Q~secret", "canary-New8Q~secret"
KEY = "https://kv1.vault.azure.net/keys/k"
CREDENTIAL = {"client_id": "app1", "client_secret": NEW}
UNAVAILABLE = Answer(503, {"Content-Type": "text/plain"}, b"")
HOUR: list[dict[str, Any]] = [{"advance_clock": {"seconds": 1}}, {"advance_clock": {"seconds": 3700}}]


def broken(*happening: dict[str, Any], release: str = "9.14.1", number: int = 1) -> Ontap:
    names = [f"vs{count}" for count in range(number)]
    vault = {"name": "https://kv1.vault.azure.net/", "key_id": KEY, "client_id": "app1", "tenant_id": "t1"}
    ontap = Ontap(
        release,
        svms=[{"name": name} for name in names],
        vaults=[{**vault, "svm": name, "client_secret": OLD} for name in names],
        volumes=[{"svm": name, "name": "data", "encrypted": True} for name in names],
        azure={
            "applications": [{"client_id": "app1", "tenant_id": "t1", "secrets": [OLD, NEW]}],
            "keys": [{"key_id": KEY}],
        },
    )
    ontap.apply(*happening)
    return ontap


def expired(number: int) -> list[dict[str, Any]]:
    return [{"expire_credential": {"svm": f"vs{count}"}} for count in range(number)]


def silent(ontap: Ontap, first: int) -> Send:
    """After a change, answer so many readings, and then none."""
    readings: list[str] = []
    changed: list[str] = []

    def send(method: str, target: str, body: Any) -> Answer:
        if method != "GET":
            changed.append(target)
        elif changed:
            readings.append(target)
            if len(readings) > first:
                return UNAVAILABLE
        return ontap.send(method, target, body)

    return send


def repaired(send: Send, **options: Any) -> Played:
    played = play("akv_repair", {**LOGIN, "retries": 0, **options}, send)
    assert_true_outcome(played)
    return played


def changes(played: Played) -> list[str]:
    return [method for method, _target, _body in played.sent if method != "GET"]


@pytest.mark.parametrize("wait", [True, False])
@pytest.mark.parametrize("first", range(8))
def test_what_was_sent_is_in_the_result_of_a_cluster_that_stops_answering(first: int, wait: bool) -> None:
    played = repaired(silent(broken(*expired(2), *HOUR, number=2), first), **CREDENTIAL, wait=wait)
    assert "PATCH" in changes(played)
    if played.failed:
        assert played.result["outcome"] != "unchanged"
        assert {vault["credential"] for vault in played.result["vaults"]} & {"sent", "failed"}
        assert "503" in played.result["msg"]
        assert "Create a new secret" not in played.result["msg"]


def test_a_cluster_that_is_silent_for_a_while_is_waited_for() -> None:
    """The key store is busy, ONTAP says nothing for a while, and then all is well."""
    lost = {"lose_keys": {"svm": "vs0", "nodes": ["node1"]}}
    ontap = broken(lost, {"key_store_state": {"svm": "vs0", "state": "initializing"}}, release="9.16.1")
    readings: list[str] = []

    def send(method: str, target: str, body: Any) -> Answer:
        if "azure-key-vaults" in target:
            readings.append(target)
            if len(readings) == 7:
                ontap.apply({"recover_keys": {"svm": "vs0"}}, {"key_store_state": {"svm": "vs0", "state": "active"}})
        return UNAVAILABLE if 3 <= len(readings) <= 6 else ontap.send(method, target, body)

    played = repaired(send)
    assert not played.failed, played.result["msg"]
    assert played.result["unknown"] == []
    assert len(readings) == 7


def test_a_silence_after_the_change_loses_no_restore() -> None:
    """The management LIF moves just after the last PATCH: two SVMs lack keys as well, which only a reading shows."""
    lost = [{"lose_keys": {"svm": "vs0"}}, {"lose_keys": {"svm": "vs1"}}]
    ontap = broken(*lost, *expired(2), number=2)
    silence: list[str] = []
    patches: list[str] = []

    def send(method: str, target: str, body: Any) -> Answer:
        answer = ontap.send(method, target, body)
        patches.extend([target] * (method == "PATCH"))
        if method == "GET" and len(patches) == 2 and len(silence) < 40 and "ekmip_reachability" in target:
            silence.append(target)
            return UNAVAILABLE
        return answer

    played = repaired(send, **CREDENTIAL, wait=False)
    assert len(silence) == 40
    assert not played.failed, played.result["msg"]
    assert [vault["restore"] for vault in played.result["vaults"]] == ["restored", "restored"]


@pytest.mark.parametrize("path", ["key-manager-configs", "support/ems/events"])
@pytest.mark.parametrize("check_mode", [True, False])
def test_a_detail_that_cannot_be_read_is_not_the_state(path: str, check_mode: bool) -> None:
    """The polling interval and the events complete the result: without them, the state is known all the same."""
    ontap = broken({"lose_keys": {"svm": "vs0", "nodes": ["node1"]}})
    ontap.apply({"create_volume": {"svm": "vs0", "name": "unmounted", "encrypted": True}})

    def busy(method: str, target: str, body: Any) -> Answer:
        return UNAVAILABLE if path in target else ontap.send(method, target, body)

    played = play("akv_repair", {**LOGIN, "retries": 0, "wait": False}, busy, check_mode)
    assert not played.failed, played.result["msg"]
    assert (played.result["changed"], played.result["unknown"]) == (True, [])
    asked = [target for _method, target, _body in played.sent if path in target]
    assert asked
    assert len(asked) == len([warning for warning in played.warnings if "not known" in warning])


def test_whether_a_credential_helped_is_not_known_without_a_reading() -> None:
    ontap = broken({"lose_keys": {"svm": "vs0"}}, {"lose_keys": {"svm": "vs1"}}, *expired(2), number=2)
    readings = [target for method, target, _body in repaired(ontap.send, **CREDENTIAL).sent if method == "GET"]
    for first in range(len(readings)):
        ontap = broken({"lose_keys": {"svm": "vs0"}}, {"lose_keys": {"svm": "vs1"}}, *expired(2), number=2)
        played = repaired(silent(ontap, first), **CREDENTIAL, wait=False)
        if "Whether it helped could not be read" in played.result["msg"]:
            states = {vault["svm"]["name"]: vault["credential"] for vault in played.result["vaults"]}
            assert states == {"vs0": "sent", "vs1": "untouched"}
            assert played.result["unknown"]
            return
    raise AssertionError("no reading verifies the credential")


def test_on_97_the_restore_of_the_first_one_proves_the_credential() -> None:
    names = [f"vs{count}" for count in range(5)]
    lost = [{"lose_keys": {"svm": name}} for name in names]
    ontap = broken(*expired(5), *lost, release="9.7", number=5)
    played = repaired(ontap.send, **CREDENTIAL, force_credential=True)
    assert not played.failed, played.result["msg"]
    assert [vault["credential"] for vault in played.result["vaults"]] == ["sent"] * 5
    assert [vault["restore"] for vault in played.result["vaults"]] == ["restored"] * 5
    # To one alone first.
    assert changes(played)[:3] == ["PATCH", "POST", "PATCH"]
    assert sorted(changes(played)) == ["PATCH"] * 5 + ["POST"] * 5


def test_on_97_a_credential_that_does_not_help_reaches_one_alone() -> None:
    ontap = broken(*expired(2), {"lose_keys": {"svm": "vs0"}}, {"lose_keys": {"svm": "vs1"}}, release="9.7", number=2)
    played = repaired(ontap.send, **{**CREDENTIAL, "client_secret": "canary-Wrong8Q~secret"}, force_credential=True)
    assert played.failed
    assert changes(played).count("PATCH") == 1
    # The other one lacks keys too, whatever credential it has.
    assert changes(played).count("POST") == 2
    assert sorted(vault["credential"] for vault in played.result["vaults"]) == ["failed", "untouched"]


def test_the_plan_is_what_the_run_sends() -> None:
    """Each request with its body: a credential of another kind, a restore after it, and a restore alone."""
    happening = [*expired(2), {"lose_keys": {"svm": "vs1"}}, {"lose_keys": {"svm": "vs2", "nodes": ["node1"]}}]
    given = {**LOGIN, "client_id": "app1", "client_certificate": make_pkcs12(), "retries": 0}
    ontap = broken(*happening, release="9.12.1", number=3)
    refused = play("akv_repair", {**given, "expected_plan": "plan-0"}, ontap.send, check_mode=True).result
    assert refused["failed"]
    planned = [(step["method"], f"/api{step['path']}", step["body"]) for step in refused["steps"]]
    played = play("akv_repair", {**given, "expected_plan": refused["plan_id"]}, ontap.send)
    assert not played.failed, played.result["msg"]
    sent = [
        (
            method,
            target.partition("?")[0],
            {name: value for name, value in (body or {}).items() if name != "client_certificate"},
        )
        for method, target, body in played.sent
        if method != "GET"
    ]
    assert sorted(sent, key=str) == sorted(planned, key=str)
    assert [body for _method, _path, body in planned if body] == [{"authentication_method": "certificate"}] * 2


@pytest.mark.parametrize("approved", [True, False])
def test_a_restore_after_the_credential_is_part_of_the_plan(approved: bool) -> None:
    """Whether the nodes still lack keys then, only the run can read."""
    ontap = broken(*expired(1), {"lose_keys": {"svm": "vs0"}})
    planned = play("akv_repair", {**LOGIN, **CREDENTIAL}, ontap.send, check_mode=True).result
    assert [vault["restore"] for vault in planned["vaults"]] == ["if_needed"]
    assert "if nodes still lack them" in planned["msg"]
    plan = {"expected_plan": planned["plan_id"]} if approved else {}
    played = repaired(ontap.send, **CREDENTIAL, **plan)
    assert changes(played) == ["PATCH", "POST"]
    assert not played.failed, played.result["msg"]
    assert played.result["plan_id"] == planned["plan_id"]


@pytest.mark.parametrize("approved", [True, False])
def test_a_restore_that_was_not_approved_is_not_sent(approved: bool) -> None:
    """A node loses its keys while the credential is sent."""
    ontap = broken(*expired(1))
    planned = play("akv_repair", {**LOGIN, **CREDENTIAL}, ontap.send, check_mode=True).result
    assert [vault["restore"] for vault in planned["vaults"]] == ["none"]

    def send(method: str, target: str, body: Any) -> Answer:
        answer = ontap.send(method, target, body)
        if method == "PATCH":
            ontap.apply({"lose_keys": {"svm": "vs0", "nodes": ["node1"]}})
        return answer

    plan = {"expected_plan": planned["plan_id"]} if approved else {}
    played = repaired(send, **CREDENTIAL, **plan, wait_timeout=30)
    assert changes(played) == (["PATCH"] if approved else ["PATCH", "POST"])
    assert played.failed is approved
    if approved:
        (vault,) = played.result["vaults"]
        assert (vault["credential"], vault["restore"]) == ("sent", "none")
        assert "approve a new plan" in vault["msg"]


@pytest.mark.parametrize(("state", "waits"), [("initializing", True), ("switching", False), ("disabling", False)])
def test_a_key_store_that_someone_must_finish_is_not_waited_for(state: str, waits: bool) -> None:
    lost = {"lose_keys": {"svm": "vs0", "nodes": ["node1"]}}
    ontap = broken(lost, {"key_store_state": {"svm": "vs0", "state": state}}, release="9.16.1")
    played = repaired(ontap.send, wait_timeout=3000)
    assert played.failed
    readings = [target for _method, target, _body in played.sent if "azure-key-vaults" in target]
    assert (len(readings) > 2) is waits


def test_a_restore_that_was_done_is_in_the_outcome_of_a_failure() -> None:
    """One SVM is restored; someone must act for the other one."""
    ontap = broken({"lose_keys": {"svm": "vs0"}}, {"expire_credential": {"svm": "vs1"}}, number=2)
    played = repaired(ontap.send)
    assert played.failed
    assert changes(played) == ["POST"]
    assert (played.result["changed"], played.result["outcome"]) == (True, "changed")


@pytest.mark.parametrize("named", [True, False])
def test_a_refused_credential_is_not_a_success_whatever_the_response_names(named: bool) -> None:
    """No reading shows a secret: only the job does. HTTP 202 may come without a body."""
    cluster = Ontap("9.16.1", vaults=[{"svm": "vs0"}])
    cluster.apply({"fail_next_job": {"code": 65537540}})

    def answer(method: str, target: str, body: Any) -> Answer:
        answered = cluster.send(method, target, body)
        return Answer(202, answered.headers, b"") if method == "PATCH" and not named else answered

    options = {**LOGIN, "svm": "vs0", "client_secret": NEW, "update_credentials": "always"}
    result = play("akv_config", options, answer).result
    assert (result["failed"], result["error"]["code"]) == (True, "65537540")
    # A job that ended already, and that no response names, may be that of another change.
    assert result["outcome"] == ("unchanged" if named else "unknown")


def test_a_refusal_in_the_job_of_a_credential_is_shown() -> None:
    """Nodes lack keys, and ONTAP refuses the credential in its job."""
    ontap = broken(*expired(1), {"lose_keys": {"svm": "vs0"}}, release="9.16.1")
    ontap.apply({"fail_next_job": {"code": 65537540, "effect": False}})
    played = repaired(ontap.send, **CREDENTIAL, wait=False)
    assert played.failed
    assert "65537540" in played.result["msg"]
    assert played.result["error"]["code"] == "65537540"
    assert played.result["outcome"] == "unchanged"
