# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The decisions of a rotation over a fleet: whether it begins, its canary, and what it says it did."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.ontap.akv.plugins.module_utils._akv.fleet import (
    Decision,
    Evidence,
    Wish,
    decide,
    next_stage,
    report,
)
from ansible_collections.ontap.akv.plugins.module_utils._akv.rotation import Stage, Stop

WISH = Wish("app1")
UNREAD = {"msg": "Reading the AKV configurations on c9 failed: no route to host.", "requests": [{}]}


def vault(
    svm: str, before: str = "healthy", encrypted: bool | None = True, done: str = "untouched", **more: Any
) -> Any:
    return {
        "uuid": f"{svm}-uuid",
        "svm": {"name": svm},
        "name": svm,
        "configuration": None,
        "before": before,
        "after": before,
        "done": done,
        "reasons": ["Keys are unavailable."],
        "encrypted_volumes": encrypted,
        "available": before == "healthy",
        **more,
    }


def plan(*vaults: Any, plan_id: str = "plan-1", **more: Any) -> dict[str, Any]:
    return {"plan_id": plan_id, "vaults": list(vaults), "applications": ["app1", "app2"], "others": 0, **more}


class TestDecide:
    def test_the_canary_is_the_best_of_the_fleet(self) -> None:
        plans = {"c1": plan(), "c2": plan(vault("a", encrypted=False)), "c3": plan(vault("b"), vault("c"))}
        decision = decide(plans, WISH)
        assert not decision.stop
        assert decision.canary == {"host": "c3", "uuid": "b-uuid", "svm": "b"}
        assert list(decision.hosts) == ["c2", "c3"]
        assert "The canary is b on c3." in decision.message

    def test_the_approval_of_one_rotation_does_not_hold_for_the_next(self) -> None:
        """It sends another credential to the same configurations, which show nothing of the first rotation."""
        plans = {"c1": plan(vault("a"))}
        of_march = decide(plans, replace(WISH, credential_name="march", change_number="CHG1")).plan_id
        same = replace(WISH, credential_name="march", change_number="CHG1", expected_plan=of_march)
        assert not decide(plans, same).stop
        for other in ({"credential_name": "april"}, {"change_number": "CHG2"}, {"credential_name": ""}):
            refused = decide(plans, replace(same, **other))
            assert refused.stop
            assert "akv_credential_name" in refused.message
        ids = {
            decide({"c1": plan(vault("a"), credential={"kind": "certificate", "thumbprint": text})}, WISH).plan_id
            for text in ("AA", "BB", "")
        }
        assert len(ids) == 3

    def test_it_says_if_nothing_can_be_rolled_back(self) -> None:
        assert "nothing can be rolled back" not in decide({"c1": plan(vault("a"), can_roll_back=True)}, WISH).message
        assert "nothing can be rolled back" in decide({"c1": plan(vault("a"), can_roll_back=False)}, WISH).message

    def test_a_cluster_that_could_not_be_read_stops(self) -> None:
        decision = decide({"c1": plan(vault("a")), "c9": UNREAD}, WISH)
        assert decision.stop
        assert decision.message.startswith(
            "Nothing was sent. 1 of 2 clusters could not be read. To rotate without them"
        )
        assert decision.message.endswith(" c9: Reading the AKV configurations on c9 failed: no route to host.")
        allowed = decide({"c1": plan(vault("a")), "c9": UNREAD}, replace(WISH, allow_unreachable=["c9"]))
        assert (allowed.stop, list(allowed.missing)) == (False, ["c9"])

    def test_each_cluster_that_could_not_be_read_has_its_reason(self) -> None:
        unread = {
            "c7": "Reading the AKV configurations on 192.0.2.7 failed: no route to host.",
            "c8": "Reading the AKV configurations on c8.example.com failed: no route to host.",
            "c9": "Reading the AKV configurations on c9 failed: the login is not accepted (HTTP 401).",
        }
        plans = {"c1": plan(vault("a")), **{host: {"msg": why} for host, why in unread.items()}}
        message = decide(plans, WISH).message
        assert f" c7, c8: {unread['c7']} c9: {unread['c9']}" in message

    def test_many_reasons_are_bounded(self) -> None:
        plans = {f"c{number}": {"msg": "x" * 40 * number + " failed. " * 50} for number in range(1, 30)}
        decision = decide({"c0": plan(vault("a")), **plans}, WISH)
        assert len(decision.message) <= 450
        assert "c1: x" in decision.message
        assert "c2, c3, c4, c5, c6 and 23 more: other reasons." in decision.message
        # Line by line, there is more of each.
        assert decision.causes[-1] == "c5, c6, c7, c8, c9 and 20 more: other reasons."
        assert max(map(len, decision.causes)) <= 500
        assert report(dict.fromkeys(plans), decision, {}).table[-5:] == decision.causes
        assert "29 of 30 clusters could not be read" in decision.message

    def test_a_cluster_without_a_result_was_not_read(self) -> None:
        assert "no result in this run" in decide({"c1": plan(vault("a")), "c2": None}, WISH).message

    def test_a_wrong_name_allows_nothing(self) -> None:
        decision = decide({"c1": plan(vault("a"))}, replace(WISH, allow_unreachable=["c2"]))
        assert decision.stop
        assert "akv_rotate_allow_unreachable: c2 is not a host of this play. Similar names: c1." in decision.message

    def test_what_is_wrong_with_the_task_is_not_the_fault_of_a_cluster(self) -> None:
        wrong = {"msg": "client_secret: is empty.", "stopped_by": "input"}
        plans = {"c1": wrong, "c2": wrong}
        decision = decide(plans, replace(WISH, allow_unreachable=["c1", "c2"]))
        assert (decision.stop, decision.message) == (True, "Nothing was sent. client_secret: is empty.")

    def test_an_application_that_is_not_reported_stops(self) -> None:
        decision = decide({"c1": plan(vault("a"), not_reported=["b"])}, WISH)
        assert decision.stop
        assert "does not report client_id, svm or uuid of the AKV configuration of b on c1" in decision.message

    def test_no_configuration_uses_the_application(self) -> None:
        decision = decide({"c1": plan(), "c2": plan()}, replace(WISH, client_id="app11"))
        assert decision.stop
        assert "No AKV configuration of application app11 was found on c1, c2." in decision.message
        assert "Similar names: app1, app2." in decision.message

    def test_an_svm_that_no_cluster_has(self) -> None:
        plans = {"c1": plan(svms=["vs0"]), "c2": plan(vault("vs1"), svms=["vs1"])}
        decision = decide(plans, replace(WISH, svms=["vs1", "vs00"]))
        assert decision.stop
        assert "vs00 has no AKV configuration of application app1 on any cluster" in decision.message
        assert "Similar names: vs0, vs1." in decision.message
        assert decide(plans, replace(WISH, svms=["vs1"])).hosts == {"c2": ["vs1"]}

    def test_what_is_not_healthy_stops(self) -> None:
        plans = {"c1": plan(vault("a"), vault("b", "unavailable")), "c2": plan(vault("c", "unknown"))}
        decision = decide(plans, WISH)
        assert decision.stop
        assert "2 AKV configurations not healthy. Repair first" in decision.message
        assert "b on c1: unavailable. Keys are unavailable. c on c2: unknown. Keys are" in decision.message
        assert not decide(plans, replace(WISH, include_unhealthy=True)).stop
        assert not decide({"c1": plan(vault("a"), vault("b", "inactive"))}, WISH).stop

    def test_a_named_canary(self) -> None:
        plans = {"c1": plan(vault("a"), vault("d", "inactive")), "c2": plan(vault("b"))}
        assert decide(plans, replace(WISH, canary_svm="b")).canary["host"] == "c2"
        assert "Similar names" in decide(plans, replace(WISH, canary_svm="bb")).message
        assert "only an inactive configuration" in decide(plans, replace(WISH, canary_svm="d")).message

    def test_another_plan_than_expected(self) -> None:
        plans = {"c1": plan(vault("a"))}
        approved = decide(plans, WISH).plan_id
        assert not decide(plans, replace(WISH, expected_plan=approved)).stop
        changed = decide({"c1": plan(vault("a"), plan_id="plan-2")}, replace(WISH, expected_plan=approved))
        assert changed.stop
        assert f"expected was {approved}" in changed.message

    @given(
        st.dictionaries(
            st.sampled_from([f"c{number}" for number in range(6)]),
            st.one_of(
                st.none(),
                st.just(UNREAD),
                st.lists(st.sampled_from(["healthy", "unavailable", "inactive", "unknown"]), max_size=3),
            ),
            min_size=1,
        ),
        st.booleans(),
    )
    def test_it_begins_only_where_all_is_known_and_well(self, clusters: dict[str, Any], include: bool) -> None:
        plans = {
            host: plan(*(vault(f"{host}{place}", verdict) for place, verdict in enumerate(state)))
            if isinstance(state, list)
            else state
            for host, state in clusters.items()
        }
        decision = decide(plans, replace(WISH, include_unhealthy=include))
        verdicts = [verdict for state in clusters.values() if isinstance(state, list) for verdict in state]
        begins = (
            all(isinstance(state, list) for state in clusters.values())
            and bool(verdicts)
            and (include or set(verdicts) <= {"healthy", "inactive"})
        )
        assert decision.stop != begins
        assert len(decision.message) <= 500
        assert bool(decision.canary) == begins
        if begins and "healthy" in verdicts:
            assert vault(decision.canary["svm"])["uuid"] == decision.canary["uuid"]


def call(*vaults: Any, stopped_by: str = "", outcome: str = "changed", msg: str = "") -> dict[str, Any]:
    # Its own count is of the call, and not of the cluster.
    counted = f"7 of 9 AKV configurations on c1 got the new credential. {msg}"
    reason = {"reason": msg} if stopped_by else {}
    return {"vaults": list(vaults), "stopped_by": stopped_by, "outcome": outcome, "msg": counted, **reason}


def sent(svm: str, after: str = "healthy", done: str = "sent") -> Any:
    return vault(svm, done=done) | {"after": after}


PLANS = {"c1": plan(vault("a"), vault("b")), "c2": plan(vault("c"))}
DECISION = decide(PLANS, WISH)


OUTCOMES = st.sampled_from(["changed", "unchanged", "unknown"])
STOPS = st.sampled_from(["", *(stop.value for stop in Stop)])
CALLS = st.fixed_dictionaries({}, optional={"outcome": OUTCOMES, "stopped_by": STOPS})
SKIPPED = {"skipped": True, "changed": False}
SENT = {"outcome": "changed", "stopped_by": ""}


class TestNextStage:
    @pytest.mark.parametrize("stopped_by", ["", "unhealthy", "unread"])
    def test_a_canary_that_has_the_credential_is_watched_and_the_others_follow(self, stopped_by: str) -> None:
        canary = {"outcome": "changed", "stopped_by": stopped_by}
        assert next_stage(canary) is Stage.WATCH
        assert next_stage(canary, {"stopped_by": ""}) is Stage.REST

    @pytest.mark.parametrize("canary", [{}, {"outcome": "unknown", "stopped_by": "batch"}, {"failed": True}])
    def test_a_canary_that_may_have_the_credential_is_watched_and_nobody_follows(self, canary: dict[str, Any]) -> None:
        assert next_stage(canary) is Stage.WATCH
        assert next_stage(canary, {"stopped_by": ""}) is None
        assert next_stage(canary, {"stopped_by": "canary"}) is Stage.ROLLBACK

    @pytest.mark.parametrize("canary", [{"outcome": "unchanged", "stopped_by": "canary"}, {"outcome": "unchanged"}])
    def test_a_canary_that_nothing_was_sent_to_shows_nothing(self, canary: dict[str, Any]) -> None:
        assert next_stage(canary) is None
        assert next_stage(canary, check_mode=True) is Stage.WATCH
        assert next_stage(canary, SKIPPED) is None

    @pytest.mark.parametrize("watched", [{}, {"failed": True, "msg": "killed"}, {"stopped_by": "unread"}])
    def test_a_canary_that_was_not_seen_to_be_healthy_is_rolled_back(self, watched: dict[str, Any]) -> None:
        assert next_stage(SENT, watched) is Stage.ROLLBACK
        assert next_stage(SENT, watched, can_roll_back=False) is None

    def test_a_person_who_interrupts_the_watch_decides(self) -> None:
        assert next_stage(SENT, {"stopped_by": "interrupted"}) is None

    @given(CALLS, CALLS | st.just(SKIPPED), st.booleans())
    def test_the_others_follow_only_a_canary_that_was_seen_to_be_healthy(
        self, canary: dict[str, Any], watched: dict[str, Any], can_roll_back: bool
    ) -> None:
        stage = next_stage(canary, watched, can_roll_back=can_roll_back)
        if stage is Stage.REST:
            assert canary["outcome"] == "changed"
            assert watched["stopped_by"] == ""
        elif stage is Stage.ROLLBACK:
            assert can_roll_back
            assert watched.get("stopped_by") not in ("", "interrupted")
        else:
            assert stage is None


class TestReport:
    def test_all_went_well(self) -> None:
        stages = {"c1": {"canary": call(sent("a")), "rest": call(sent("b"))}, "c2": {"rest": call(sent("c"))}}
        done = report(PLANS, DECISION, stages)
        assert done.message == (
            "On the clusters of this run that were reached, nothing uses the previous secret any more."
        )
        assert done.table == [f"{line}  sent  healthy -> healthy" for line in ("c1  a", "c1  b", "c2  c")]
        assert [done.results[host]["failed"] for host in PLANS] == [False, False]
        assert [done.results[host]["canary"] for host in PLANS] == ["a", ""]
        assert {done.results[host]["plan_id"] for host in PLANS} == {DECISION.plan_id}

    @pytest.mark.parametrize(
        ("others", "left_out"), [(0, ""), (2, " 2 AKV configurations of this application are not selected.")]
    )
    def test_a_cluster_without_a_target_says_what_was_left_out(self, others: int, left_out: str) -> None:
        plans = {**PLANS, "c3": plan(others=others)}
        done = report(plans, decide(plans, WISH), {})
        assert done.results["c3"]["msg"] == f"c3 has no AKV configuration to rotate.{left_out}"
        assert "c3  no configuration to rotate" in done.table

    def test_a_canary_that_is_rolled_back_fails_every_cluster(self) -> None:
        stages = {
            "c1": {
                "canary": call(sent("a")),
                "watch": call(sent("a", "degraded", "untouched"), stopped_by="canary", msg="a became worse."),
                "rollback": call(sent("a", done="rolled_back"), msg="a was rolled back."),
            }
        }
        done = report(PLANS, DECISION, stages)
        assert done.message == "Keep the previous secret in Azure: 3 of 3 configurations still use it."
        assert done.results["c1"]["vaults"][0] == {
            "svm": "a",
            "configuration": "",
            "done": "rolled_back",
            "before": "healthy",
            "after": "healthy",
            "credential": "previous",
        }
        assert done.results["c1"]["failed"]
        assert "a became worse." in done.results["c1"]["msg"]
        assert "7 of 9" not in done.results["c1"]["msg"]
        assert done.results["c2"]["failed"]
        assert "Nothing was sent to c2: the canary a on c1 did not pass." in done.results["c2"]["msg"]
        assert done.results["c2"]["outcome"] == "unchanged"

    def test_not_selected_and_not_reached(self) -> None:
        plans = {"c1": plan(vault("a"), others=2), "c9": None}
        decision = decide(plans, replace(WISH, allow_unreachable=["c9"]))
        done = report(plans, decision, {"c1": {"canary": call(sent("a"))}}, previous="certificate")
        assert done.message == (
            "Keep the previous certificate in Azure: 2 of 3 configurations still use it (2 were not selected)."
            " Not reached: c9."
        )
        assert done.table[-1] == "c9  not reached"
        assert [done.results[host]["failed"] for host in plans] == [False, False]

    def test_only_the_canary(self) -> None:
        done = report(PLANS, DECISION, {"c1": {"canary": call(sent("a"))}}, only_canary=True)
        assert [done.results[host]["failed"] for host in PLANS] == [False, False]
        bad = {"c1": {"canary": call(sent("a"), stopped_by="canary", msg="refused")}}
        assert report(PLANS, DECISION, bad, only_canary=True).results["c1"]["failed"]

    def test_check_mode_says_what_the_run_would_do(self) -> None:
        done = report(PLANS, DECISION, {}, check_mode=True)
        assert done.message == (
            f"3 of 3 AKV configurations would get the new credential. The canary would be a on c1."
            f" Plan: {DECISION.plan_id}."
        )
        assert {entry["done"] for result in done.results.values() for entry in result["vaults"]} == {"sent"}

    def test_a_stop_is_everyones(self) -> None:
        plans = {**PLANS, "c3": plan(), "c9": UNREAD}
        decision = decide(plans, WISH)
        done = report(plans, decision, {})
        assert {host: result["failed"] for host, result in done.results.items()} == {
            "c1": True,
            "c2": True,
            "c3": False,
            "c9": True,
        }
        assert done.message == "Keep the previous secret in Azure: nothing was sent in this run. Not reached: c9."

    @pytest.mark.parametrize(
        ("rest", "says"),
        [
            ({}, "1 of 2 configurations still uses it."),
            ({"rest": call(sent("b", "unavailable"))}, "1 of 2 configurations is not healthy with the new one."),
        ],
    )
    def test_one_configuration_that_is_left(self, rest: Any, says: str) -> None:
        plans = {"c1": plan(vault("a"), vault("b"))}
        done = report(plans, decide(plans, WISH), {"c1": {"canary": call(sent("a")), **rest}})
        assert done.message == f"Keep the previous secret in Azure: {says}"

    def test_a_call_that_was_lost_is_not_a_success(self) -> None:
        stages = {
            "c1": {"canary": call(sent("a")), "rest": {"msg": "The worker was killed."}},
            "c2": {"rest": call(sent("c"))},
        }
        done = report(PLANS, DECISION, stages)
        assert done.results["c1"]["failed"]
        assert done.results["c1"]["outcome"] == "unknown"
        assert "The worker was killed." in done.results["c1"]["msg"]
        assert not done.results["c2"]["failed"]
        # Nobody knows which credential the others have.
        assert [entry["credential"] for entry in done.results["c1"]["vaults"]] == ["new", "new or previous"]
        assert done.message == "Keep the previous secret in Azure: 1 of 3 configurations may still use it."

    @pytest.mark.parametrize("lost", ["canary", "rollback"])
    def test_a_canary_with_a_lost_call_may_have_either(self, lost: str) -> None:
        stages = {"canary": call(sent("a")), "watch": call(sent("a", done="untouched")), lost: {"msg": "Killed."}}
        done = report(PLANS, DECISION, {"c1": stages, "c2": {}})
        assert [entry["done"] for entry in done.results["c1"]["vaults"]] == ["failed", "untouched"]
        assert done.results["c1"]["vaults"][0]["after"] == ("healthy" if lost == "canary" else "unknown")
        assert "Killed." in done.results["c1"]["msg"]
        assert done.results["c1"]["failed"]

    def test_a_call_that_failed_before_it_sent_anything_left_all_untouched(self) -> None:
        stages = {"c1": {"canary": {"msg": "No route to host.", "outcome": "unchanged"}}}
        done = report(PLANS, DECISION, stages)
        assert {entry["done"] for entry in done.results["c1"]["vaults"]} == {"untouched"}

    def test_many_are_grouped(self) -> None:
        plans = {host: plan(*(vault(f"{host}-{number}") for number in range(50))) for host in ("c1", "c2")}
        done = report(plans, decide(plans, WISH), {}, check_mode=True)
        assert len(done.table) == 2
        assert done.table[0].startswith("c1  50 sent  healthy -> healthy  c1-0, c1-1")
        assert max(map(len, done.table)) <= 500

    @given(
        st.dictionaries(
            st.sampled_from(["a", "b"]),
            st.tuples(
                st.sampled_from(["sent", "rolled_back", "untouched", "failed"]),
                st.sampled_from(["healthy", "degraded", "unknown", "inactive"]),
            ),
        )
    )
    def test_never_green_over_what_does_not_work(self, did: dict[str, tuple[str, str]]) -> None:
        plans = {"c1": PLANS["c1"]}
        calls = [sent(svm, after, done) for svm, (done, after) in did.items()]
        done = report(plans, decide(plans, WISH), {"c1": {"rest": call(*calls)}})
        good = len(did) == 2 and all(outcome == ("sent", "healthy") for outcome in did.values())
        assert done.results["c1"]["failed"] != good
        assert done.message.startswith("On the clusters") == good


def test_evidence() -> None:
    """Which configuration has which credential, since when, and for which change."""
    plans = {"c1": plan(vault("a"), vault("b"), credential={"kind": "client_secret"}), "c2": None}
    decision = decide(plans, replace(WISH, allow_unreachable=["c2"]))
    stages = {"c1": {"canary": call(sent("a") | {"since": "2026-11-01T12:00:00Z"})}}
    evidence = Evidence("app1", "2027-q1", "CHG1")
    done = report(plans, decision, stages, only_canary=True, evidence=evidence).results
    assert [(entry["credential"], entry.get("since")) for entry in done["c1"]["vaults"]] == [
        ("new", "2026-11-01T12:00:00Z"),
        ("previous", None),
    ]
    for result in done.values():
        assert result["credential"] == {"kind": "client_secret", "name": "2027-q1"}
        assert (result["client_id"], result["change_number"]) == ("app1", "CHG1")
    assert "change_number" not in report(plans, decision, stages).results["c1"]


def test_an_empty_play() -> None:
    decision = decide({}, WISH)
    assert isinstance(decision, Decision)
    assert decision.stop
