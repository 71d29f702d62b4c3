# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rotations over fleets on which something goes wrong, in the steps of the role akv_rotate.

What is reported is compared with what the simulated clusters hold. The steps run in this process, in simulated time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import pytest
from faults.in_process import LOGIN, UUID, Ontap, play

from ansible_collections.ontap.akv.plugins.module_utils._akv.fleet import (
    Decision,
    Report,
    Wish,
    decide,
    next_stage,
    report,
)
from ansible_collections.ontap.akv.plugins.module_utils._akv.rotation import Done, Stage
from ansible_collections.ontap.akv.plugins.module_utils._http.transport import Answer
from ansible_collections.ontap.akv.plugins.module_utils._runtime import parent
from ansible_collections.ontap.akv.plugins.module_utils._use_cases import credential

PREVIOUS, NEW = "the-previous~Secret8Q", "the-new~Secret8Q"
SVMS = ("vs0", "vs1", "vs2", "vs3")
ON_SEND = Callable[["Cluster", str, str], None]
"""What happens right after a credential arrived: on which cluster, for which SVM, which credential."""


def scenario(svms: tuple[str, ...] = SVMS, *vaults: dict[str, Any], **more: Any) -> dict[str, Any]:
    chosen = vaults or tuple({"svm": name} for name in svms)
    return {
        "svms": [{"name": name} for name in (*svms, "other")],
        "vaults": [
            *({"client_id": "app1", "tenant_id": "t1", "client_secret": PREVIOUS, **vault} for vault in chosen),
            {"svm": "other", "client_id": "another", "tenant_id": "t1", "client_secret": "of-another"},
        ],
        "volumes": [{"svm": name, "name": "vol1", "encrypted": True} for name in svms],
        "azure": {
            "poll_interval": 0,
            "applications": [
                {"client_id": "app1", "tenant_id": "t1", "secrets": [PREVIOUS, NEW]},
                {"client_id": "another", "tenant_id": "t1", "secrets": ["of-another"]},
            ],
        },
        **more,
    }


class Cluster(Ontap):
    """A cluster that knows what it was sent, and lets something happen on it."""

    def __init__(self, release: str = "9.14.1", on_send: ON_SEND | None = None, **given: Any) -> None:
        super().__init__(release, **(given or scenario()))
        self.on_send = on_send
        self.received: list[tuple[str, str]] = []
        self.dead = False

    def send(self, method: str, target: str, body: Any) -> Answer:
        if self.dead:
            raise OSError("no route to host")
        answer = super().send(method, target, body)
        if method == "PATCH":
            names = {vault.uuid: vault.owner for vault in self._cluster.sorted_vaults()}
            svm = str(names[target.rpartition("/")[2]])
            secret = body.get("client_secret", "")
            if answer.status < 300:
                self.received.append((svm, secret))
            if self.on_send:
                self.on_send(self, svm, secret)
        return answer

    def held(self) -> dict[str, str]:
        """The secret that each configuration of the application has."""
        return {
            vault.uuid: vault.credential[1]
            for vault in self._cluster.sorted_vaults()
            if vault.settings["client_id"] == "app1"
        }

    def names(self) -> list[str]:
        return [svm for svm, _secret in self.received]


@dataclass
class Fleet:
    """The steps of the role akv_rotate on clusters in this process."""

    clusters: dict[str, Cluster]
    options: dict[str, Any] = field(default_factory=dict)
    wish: dict[str, Any] = field(default_factory=dict)
    check_mode: bool = False
    results: dict[str, dict[str, Any]] = field(default_factory=dict)

    def call(self, host: str, stage: str, check_mode: bool = False, **more: Any) -> dict[str, Any]:
        credentials = {"client_secret": NEW, "previous_client_secret": PREVIOUS}
        given = {
            **LOGIN,
            "stage": stage,
            "hostname": host,
            "client_id": "app1",
            "threads": 1,
            "retries": 0,
            "batch_size": 2,
            "include_unhealthy": self.wish.get("include_unhealthy", False),
            **credentials,
            **self.options,
            **more,
        }
        played = play(
            "akv_credential", {n: v for n, v in given.items() if v is not None}, self._sender(host), check_mode
        )
        assert played.refused == []
        shown = json.dumps([played.result, played.warnings])
        assert NEW not in shown
        assert PREVIOUS not in shown
        assert "Traceback" not in shown, played.result.get("exception")
        return played.result

    def _sender(self, host: str) -> Callable[[str, str, Any], Answer]:
        return self.clusters[host].send

    def rotate(self, soak: int = 1200) -> tuple[Decision, Report]:
        plans = {host: self.call(host, "all", check_mode=True) for host in self.clusters}
        decision = decide(plans, Wish("app1", **self.wish))
        stages: dict[str, dict[str, Any]] = {host: {} for host in self.clusters}
        if not decision.stop and not self.check_mode:
            canary = decision.canary
            host, known = canary["host"], {"configuration_uuid": canary["uuid"]}
            mine, before = stages[host], plans[host]["before"]
            mine["canary"] = self.call(host, "canary", before=before, **known)
            if next_stage(mine["canary"]) is Stage.WATCH:
                mine["watch"] = self.call(host, "watch", before=before, soak=soak, **known)
                following = next_stage(mine["canary"], mine["watch"])
                for each in decision.hosts if following is Stage.REST else ():
                    more = {**(known if each == host else {}), "expected_plan": plans[each]["plan_id"]}
                    stages[each]["rest"] = self.call(each, "rest", before=plans[each]["before"], **more)
                if following is Stage.ROLLBACK:
                    mine["rollback"] = self.call(host, "rollback", before=before, **known)
        done = report(plans, decision, stages, check_mode=self.check_mode)
        assert json.loads(json.dumps(asdict(done)))["results"].keys() == self.clusters.keys()
        self.stages = stages
        self.assert_true(decision, done)
        return decision, done

    def assert_true(self, decision: Decision, done: Report) -> None:
        """What is reported is what the clusters hold, and nobody is called a success without being one."""
        using = total = unclear = 0
        if decision.stop:
            assert all(result["failed"] or not result["vaults"] for result in done.results.values())
            assert done.message.startswith("Keep the previous secret in Azure: nothing was sent in this run.")
            return
        for host, cluster in self.clusters.items():
            held = list(cluster.held().values())
            result = done.results[host]
            assert max(len(result["msg"]), len(done.message)) <= 500
            if not result["vaults"]:
                continue
            said = [vault["done"] for vault in result["vaults"]]
            total, using = total + len(held), using + sum(secret != NEW for secret in held)
            unclear += said.count("failed")
            if "failed" not in said and not self.check_mode:
                assert sorted(secret == NEW for secret in held) == sorted(each == "sent" for each in said)
            healthy = all(vault["after"] in ("healthy", "inactive") for vault in result["vaults"])
            assert result["failed"] == (not self.check_mode and not (set(said) == {"sent"} and healthy)), result
        if unclear:
            assert done.message.startswith("Keep the previous secret in Azure: ")
            assert f"{unclear} " in done.message
            assert "may still use it" in done.message
        elif total and not self.check_mode:
            keep = (
                f"Keep the previous secret in Azure: {using} of {total} configurations still use{'s' * (using == 1)} it"
            )
            assert done.message.startswith(keep) == (using > 0), done.message


def fleet(number: int, on_send: ON_SEND | None = None, **more: Any) -> Fleet:
    clusters = {f"c{place + 1}": Cluster(on_send=on_send) for place in range(number)}
    return Fleet(clusters, **more)


def worse(cluster: Cluster, svm: str) -> None:
    cluster.apply({"lose_keys": {"svm": svm, "nodes": ["node2"]}})


def recovers(cluster: Cluster, svm: str) -> None:
    cluster.apply({"recover_keys": {"svm": svm}})


def breaks(svm: str, *hosts: Cluster, helps: bool = True) -> ON_SEND:
    """The new credential makes an SVM worse; the previous one helps, or does not."""

    def happens(cluster: Cluster, changed: str, secret: str) -> None:
        if changed == svm and (not hosts or cluster in hosts):
            if secret == NEW:
                worse(cluster, svm)
            elif helps:
                recovers(cluster, svm)

    return happens


SIZES = pytest.mark.parametrize("number", [1, 2, 3, 5])


@SIZES
def test_all_goes_well(number: int) -> None:
    some = fleet(number)
    decision, done = some.rotate()
    assert decision.canary["svm"] == "vs0"
    assert [result["failed"] for result in done.results.values()] == [False] * number
    assert "nothing uses the previous secret any more" in done.message
    # The canary alone, then the others, each once.
    assert [sorted(cluster.names()) for cluster in some.clusters.values()] == [list(SVMS)] * number


@SIZES
@pytest.mark.parametrize("helps", [True, False])
def test_a_canary_that_becomes_worse(number: int, helps: bool) -> None:
    some = fleet(number, breaks("vs0", helps=helps))
    _decision, done = some.rotate()
    assert [cluster.received for cluster in some.clusters.values()] == [
        [("vs0", NEW), ("vs0", PREVIOUS)],
        *[[]] * (number - 1),
    ]
    assert all(result["failed"] for result in done.results.values())
    assert done.results["c1"]["vaults"][0]["done"] == "rolled_back"
    assert ("The previous secret did not help" in done.results["c1"]["msg"]) != helps


@SIZES
@pytest.mark.parametrize("helps", [True, False])
def test_a_canary_that_becomes_worse_in_the_soak(number: int, helps: bool) -> None:
    some = fleet(number)
    canary = some.clusters["c1"]
    looks = []

    def look(method: str, target: str, body: Any, send: Any = canary.send) -> Answer:
        looks.append(method)
        if len(looks) == 20:
            worse(canary, "vs0")
        if method == "PATCH" and body["client_secret"] == PREVIOUS and helps:
            recovers(canary, "vs0")
        return send(method, target, body)

    canary.send = look  # type: ignore[method-assign]
    _decision, done = some.rotate()
    assert canary.received == [("vs0", NEW), ("vs0", PREVIOUS)]
    assert all(cluster.received == [] for cluster in list(some.clusters.values())[1:])
    assert all(result["failed"] for result in done.results.values())
    assert "vs0 is degraded" in done.results["c1"]["msg"]
    assert ("did not help" in done.results["c1"]["msg"]) != helps


@SIZES
@pytest.mark.parametrize("recovers_at", [3, 10_000])
def test_a_canary_that_becomes_worse_before_it_gets_the_credential(number: int, recovers_at: int) -> None:
    """It shows nothing of the new credential, so nothing is sent to any other, even if it recovers at once."""
    some = fleet(number)
    canary = some.clusters["c1"]
    send, readings = canary.send, [0]

    def answer(method: str, target: str, body: Any) -> Answer:
        readings[0] += "azure-key-vaults" in target
        if readings[0] == 2:
            worse(canary, "vs0")
        if readings[0] == recovers_at:
            recovers(canary, "vs0")
        return send(method, target, body)

    canary.send = answer  # type: ignore[method-assign]
    _decision, done = some.rotate()
    assert [cluster.received for cluster in some.clusters.values()] == [[]] * number
    assert all(result["failed"] for result in done.results.values())
    assert {result["outcome"] for result in done.results.values()} == {"unchanged"}
    assert "vs0 is degraded" in done.results["c1"]["msg"]
    assert list(some.stages["c1"]) == ["canary"]


@SIZES
def test_a_canary_that_is_refused_is_sent_once_in_the_fleet(number: int) -> None:
    some = fleet(number)
    for cluster in some.clusters.values():
        cluster.apply({"remove_secret": {"client_id": "app1", "secret": NEW}})
    _decision, done = some.rotate()
    assert all(cluster.received == [] for cluster in some.clusters.values())
    assert "The client secret is not valid" in done.results["c1"]["msg"]
    assert {vault["done"] for result in done.results.values() for vault in result["vaults"]} == {"untouched"}
    assert {result["outcome"] for result in done.results.values()} == {"unchanged"}


@SIZES
@pytest.mark.parametrize("svm", ["vs1", "vs3"], ids=["first batch", "later batch"])
@pytest.mark.parametrize("helps", [True, False])
@pytest.mark.parametrize("two", [False, True], ids=["one cluster", "two clusters"])
def test_another_that_becomes_worse(number: int, svm: str, helps: bool, two: bool) -> None:
    some = fleet(number)
    clusters = list(some.clusters.values())
    ill = clusters[-2:] if two else clusters[-1:]
    for cluster in ill:
        cluster.on_send = breaks(svm, helps=helps)
    _decision, done = some.rotate()
    for cluster, result in zip(clusters, done.results.values()):
        assert result["failed"] == (cluster in ill)
        by_svm = {vault["svm"]: vault for vault in result["vaults"]}
        if cluster in ill:
            assert by_svm[svm]["done"] == "rolled_back"
            assert by_svm[svm]["after"] == ("healthy" if helps else "degraded")
            assert ("The previous secret did not help" in result["msg"]) != helps
            # No further batch begins there.
            if svm == "vs1":
                assert "vs3" not in cluster.names() or cluster is clusters[0]
        else:
            assert {vault["done"] for vault in by_svm.values()} == {"sent"}


@SIZES
def test_a_rollback_that_is_refused(number: int) -> None:
    some = fleet(number)
    last = list(some.clusters)[-1]

    def happens(cluster: Cluster, svm: str, secret: str) -> None:
        if svm == "vs1" and secret == NEW:
            worse(cluster, svm)
            cluster.apply({"remove_secret": {"client_id": "app1", "secret": PREVIOUS}})

    some.clusters[last].on_send = happens
    _decision, done = some.rotate()
    result = done.results[last]
    assert result["failed"]
    assert {vault["done"] for vault in result["vaults"] if vault["svm"] == "vs1"} == {"sent"}
    assert "could not be rolled back" in result["msg"]


@SIZES
def test_without_a_previous_credential(number: int) -> None:
    some = fleet(number, breaks("vs0"), options={"previous_client_secret": None})
    _decision, done = some.rotate()
    assert "No previous credential was given" in done.results["c1"]["msg"]
    canary = done.results["c1"]["vaults"][0]
    assert canary.pop("since")
    assert canary == {
        "svm": "vs0",
        "configuration": "default",
        "done": "sent",
        "before": "healthy",
        "after": "degraded",
        "credential": "new",
    }


@SIZES
def test_what_is_not_healthy_stops_before_anything_is_sent(number: int) -> None:
    """The network to Azure is down, and the secret is another application's: never green, nothing overwritten."""
    some = fleet(number)
    some.clusters[list(some.clusters)[-1]].apply({"azure": {"reachable": False}})
    decision, done = some.rotate()
    assert decision.stop
    assert "not healthy" in decision.message
    assert all(cluster.received == [] for cluster in some.clusters.values())
    assert all(result["failed"] for result in done.results.values())


@pytest.mark.parametrize("number", [2, 3, 5])
def test_an_unreachable_cluster(number: int) -> None:
    some = fleet(number)
    some.clusters["c2"].dead = True
    some.clusters["c2"].send = _refuses  # type: ignore[method-assign]
    decision, _done = some.rotate()
    assert decision.stop
    assert f"1 of {number} clusters could not be read." in decision.message
    assert all(cluster.received == [] for cluster in some.clusters.values())

    some.wish = {"allow_unreachable": ["c2"]}
    decision, done = some.rotate()
    assert not decision.stop
    assert done.table.count("c2  not reached") == 1
    assert done.message.endswith("Not reached: c2.")
    assert not done.results["c2"]["failed"]


def _refuses(_method: str, _target: str, _body: Any) -> Answer:
    from ansible_collections.ontap.akv.plugins.module_utils._http.retry import FaultKind
    from ansible_collections.ontap.akv.plugins.module_utils._http.transport import Fault

    raise Fault(FaultKind.UNREACHED, "no route to host")


class TestUnhealthy:
    def test_a_bad_canary_must_be_healthy_after_its_soak(self) -> None:
        some = fleet(3, wish={"include_unhealthy": True})
        for cluster in some.clusters.values():
            for svm in SVMS:
                worse(cluster, svm)
        _decision, done = some.rotate()
        assert [len(cluster.received) for cluster in some.clusters.values()] == [1, 0, 0]
        assert all(result["failed"] for result in done.results.values())

    def test_a_canary_may_recover_while_it_is_watched(self) -> None:
        """As where the secret has expired: ONTAP's next poll is the first with the new one."""
        some = fleet(1, wish={"include_unhealthy": True, "canary_svm": "vs0"})
        canary = some.clusters["c1"]
        worse(canary, "vs0")
        send, looks = canary.send, []

        def look(method: str, target: str, body: Any) -> Answer:
            looks.append(method)
            if canary.received and len(looks) == 40:
                recovers(canary, "vs0")
            return send(method, target, body)

        canary.send = look  # type: ignore[method-assign]
        _decision, done = some.rotate(soak=3600)
        assert some.stages["c1"]["canary"]["stopped_by"] == "unhealthy"
        assert not any(result["failed"] for result in done.results.values())

    def test_what_recovers_is_a_success(self) -> None:
        some = fleet(2, lambda cluster, svm, _secret: recovers(cluster, svm), wish={"include_unhealthy": True})
        for cluster in some.clusters.values():
            for svm in SVMS:
                worse(cluster, svm)
        _decision, done = some.rotate()
        assert not any(result["failed"] for result in done.results.values())

    def test_what_is_bad_in_the_same_way_stops_no_batch_and_fails(self) -> None:
        some = fleet(1, wish={"include_unhealthy": True})
        worse(some.clusters["c1"], "vs1")
        _decision, done = some.rotate()
        assert sorted(some.clusters["c1"].names()) == list(SVMS)
        assert done.results["c1"]["failed"]
        assert "vs1 is degraded" in done.results["c1"]["msg"]


class TestInterrupted:
    @SIZES
    @pytest.mark.parametrize("batches", [0, 1, 2])
    def test_it_stops_before_the_next_batch(self, number: int, batches: int, monkeypatch: pytest.MonkeyPatch) -> None:
        some = fleet(number)
        sent: list[str] = []
        monkeypatch.setattr(parent.Run, "is_gone", lambda _run: len(sent) > 2 * batches)
        for cluster in some.clusters.values():
            cluster.on_send = lambda _cluster, svm, _secret: sent.append(svm)
        some.call("c1", "all")
        assert len(some.clusters["c1"].received) <= 2 * batches + 2
        # The run after it, as it was.
        monkeypatch.setattr(parent.Run, "is_gone", lambda _run: False)
        _decision, done = some.rotate()
        assert not any(result["failed"] for result in done.results.values())

    def test_a_soak_ends(self, monkeypatch: pytest.MonkeyPatch) -> None:
        some = fleet(1)
        monkeypatch.setattr(parent.Run, "is_gone", lambda _run: len(some.clusters["c1"].received) > 0)
        _decision, done = some.rotate()
        assert some.clusters["c1"].received == [("vs0", NEW)]
        assert done.results["c1"]["failed"]

    def test_what_is_unhealthy_stops_the_run_after_it(self) -> None:
        """Killed after the canary became worse: the next SVM is never the next victim."""
        some = fleet(3)
        some.clusters["c1"].on_send = breaks("vs0")
        some.call("c1", "canary", previous_client_secret=None)
        decision, _done = some.rotate()
        assert decision.stop
        assert "vs0 on c1" in decision.message
        assert sum(len(cluster.received) for cluster in some.clusters.values()) == 1


def test_what_there_is_no_time_for_is_untouched() -> None:
    """Each request takes 2 seconds: the call ends in time, and says what it did not come to."""
    cluster = Cluster()
    given = {**LOGIN, "client_id": "app1", "client_secret": NEW, "threads": 1, "batch_size": 1, "wait_timeout": 20}
    result = play("akv_credential", given, cluster.send, seconds=2).result
    assert (result["stopped_by"], result["outcome"]) == ("time", "changed")
    assert "wait_timeout (20 s) leaves no time for another batch" in result["msg"]
    done = [vault["done"] for vault in result["vaults"]]
    assert done == ["sent"] * len(cluster.received) + ["untouched"] * (4 - len(cluster.received))
    assert 0 < len(cluster.received) < 4
    again = play("akv_credential", {**given, "wait_timeout": 300}, cluster.send, seconds=2).result
    assert [vault["done"] for vault in again["vaults"]] == ["sent"] * 4


class TestGrace:
    def test_a_secret_that_azure_does_not_know_yet(self) -> None:
        some = fleet(1, options={"credential_grace": 60})
        cluster = some.clusters["c1"]
        cluster.apply({"remove_secret": {"client_id": "app1", "secret": NEW}})
        tries = []
        send = cluster.send

        def later(method: str, target: str, body: Any) -> Answer:
            if method == "PATCH":
                tries.append(target)
                if len(tries) == 3:
                    cluster.apply({"add_secret": {"client_id": "app1", "secret": NEW}})
            return send(method, target, body)

        cluster.send = later  # type: ignore[method-assign]
        _decision, done = some.rotate()
        assert not done.results["c1"]["failed"]
        assert len(cluster.received) == 4

    def test_without_it_a_refusal_is_final(self) -> None:
        some = fleet(1)
        some.clusters["c1"].apply({"remove_secret": {"client_id": "app1", "secret": NEW}})
        result = some.call("c1", "all")
        assert [request["method"] for request in result["requests"]].count("PATCH") == 1
        assert (result["stopped_by"], result["outcome"]) == ("canary", "unchanged")


class TestSelection:
    def test_inactive_ones_too(self) -> None:
        chosen = ({"svm": "vs0"}, {"svm": "vs0", "configuration": "green"}, {"svm": "vs1"})
        some = Fleet({"c1": Cluster(**scenario(("vs0", "vs1"), *chosen))})
        _decision, done = some.rotate()
        assert set(some.clusters["c1"].held().values()) == {NEW}
        assert done.table[-2] == "c1  vs0 (green)  sent  inactive -> inactive"

    def test_no_configuration_uses_the_application(self) -> None:
        some = fleet(2, options={"client_id": "app"})
        decision, done = some.rotate()
        assert decision.stop
        assert "Similar names: app1" in decision.message
        assert done.results["c1"]["failed"]

    def test_an_svm_that_has_none(self) -> None:
        some = fleet(1, options={"svms": ["other"]})
        result = some.call("c1", "all")
        assert result["stopped_by"] == "not_used"
        assert "svms: other on c1 has no AKV configuration of application app1" in result["msg"]
        assert some.clusters["c1"].received == []

    def test_a_canary_with_encrypted_volumes(self) -> None:
        given = scenario()
        given["volumes"] = given["volumes"][2:]
        some = Fleet({"c1": Cluster("9.7", **given)})
        decision, _done = some.rotate()
        assert decision.canary["svm"] == "vs2"

    def test_an_application_that_is_not_reported(self) -> None:
        some = fleet(2)
        cluster = some.clusters["c2"]
        send = cluster.send

        def without(method: str, target: str, body: Any) -> Answer:
            answer = send(method, target, body)
            if "azure-key-vaults" in target and method == "GET":
                content = json.loads(answer.content)
                del content["records"][1]["client_id"]
                return Answer(answer.status, answer.headers, json.dumps(content).encode())
            return answer

        cluster.send = without  # type: ignore[method-assign]
        decision, _done = some.rotate()
        assert decision.stop
        assert "does not report client_id, svm or uuid of the AKV configuration of vs" in decision.message
        assert all(each.received == [] for each in some.clusters.values())


@pytest.mark.parametrize("effect", [True, False])
@pytest.mark.parametrize("bad", ["c1", "c3"])
def test_a_job_that_vanishes_proves_nothing(bad: str, effect: bool) -> None:
    clusters = {f"c{place}": Cluster(release="9.16.1") for place in (1, 2, 3)}
    some = Fleet(clusters)
    clusters[bad].apply({"fail_next_job": {"ends": "vanishes", "effect": effect}})
    _decision, done = some.rotate()
    result = done.results[bad]
    assert result["failed"]
    assert [vault["done"] for vault in result["vaults"]].count("failed") == 1
    assert result["outcome"] == "unknown"
    assert "its job" in result["msg"]
    assert "may have either credential" in result["msg"]
    assert done.message.startswith("Keep the previous secret in Azure")


@pytest.mark.parametrize("seconds", [0, 4])
@pytest.mark.parametrize("bad", ["c1", "c3"])
def test_a_refusal_in_a_job_that_no_response_names(bad: str, seconds: int) -> None:
    """HTTP 202 without a body: the job that follows decides. One that ended already may be that of another change."""
    clusters = {
        f"c{place}": Cluster("9.16.1", **scenario(jobs={"queued": 0, "running": seconds})) for place in (1, 2, 3)
    }
    for cluster in clusters.values():

        def answer(method: str, target: str, body: Any, cluster: Cluster = cluster, send: Any = cluster.send) -> Answer:
            answered = send(method, target, body)
            cluster._cluster.clock.advance(1.5)
            return Answer(202, answered.headers, b"") if answered.status == 202 and method == "PATCH" else answered

        cluster.send = answer  # type: ignore[method-assign]
    clusters[bad].apply({"fail_next_job": {"code": 65537540}})
    some = Fleet(clusters)
    _decision, done = some.rotate()
    assert done.results[bad]["failed"]
    said = [vault["done"] for vault in done.results[bad]["vaults"]]
    assert said.count("failed") == (0 if seconds else 1)
    assert "65537540" in done.results[bad]["msg"]
    assert list(clusters[bad].held().values()).count(PREVIOUS) > 0
    if bad == "c1":
        assert all(cluster.received == [] for name, cluster in clusters.items() if name != bad)


@pytest.mark.parametrize("ends", ["failure", "cancelled", "expired"])
@pytest.mark.parametrize("effect", [True, False])
@pytest.mark.parametrize("bad", ["c1", "c3"])
def test_a_failed_job_proves_nothing(bad: str, effect: bool, ends: str) -> None:
    clusters = {f"c{place}": Cluster(release="9.16.1") for place in (1, 2, 3)}
    some = Fleet(clusters)
    clusters[bad].apply({"fail_next_job": {"ends": ends, "effect": effect}})
    _decision, done = some.rotate()
    result = done.results[bad]
    assert result["failed"]
    unclear = [vault["credential"] for vault in result["vaults"] if vault["done"] == "failed"]
    assert unclear == ["new or previous"]
    assert result["outcome"] == "unknown"
    assert "may have either credential" in result["msg"]
    if bad == "c1":
        assert all("rest" not in stages for stages in some.stages.values())


@pytest.mark.parametrize("effect", [True, False])
@pytest.mark.parametrize("bad", ["c1", "c3"])
def test_an_internal_error_proves_nothing(bad: str, effect: bool) -> None:
    """HTTP 500 with a code that no table has: ONTAP may have stored the credential before."""
    some = fleet(3)
    cluster = some.clusters[bad]
    send, patches = cluster.send, []

    def broken(method: str, target: str, body: Any) -> Answer:
        if method != "PATCH" or patches:
            return send(method, target, body)
        patches.append(target)
        if effect:
            send(method, target, body)
        headers = send("GET", "/api/cluster", None).headers
        return Answer(500, headers, b'{"error": {"code": "99999", "message": "Internal error"}}')

    cluster.send = broken  # type: ignore[method-assign]
    _decision, done = some.rotate()
    result = done.results[bad]
    assert (result["failed"], result["outcome"]) == (True, "unknown")
    assert [vault["done"] for vault in result["vaults"]].count("failed") == 1
    assert "may have either credential" in result["msg"]


class TestFailedJob:
    """A job that failed may have had its effect, and no reading shows a secret (9.16.1)."""

    @pytest.mark.parametrize("host", ["c1", "c2"])
    def test_what_became_worse_is_rolled_back(self, host: str) -> None:
        clusters = {name: Cluster(release="9.16.1") for name in ("c1", "c2")}
        some = Fleet(clusters)
        clusters[host].on_send = breaks("vs0")
        clusters[host].apply({"fail_next_job": {"ends": "failure", "effect": True}})
        _decision, done = some.rotate()
        result = done.results[host]
        vault = result["vaults"][0]
        assert (vault["svm"], vault["done"], vault["credential"], vault["after"]) == (
            "vs0",
            "rolled_back",
            "previous",
            "healthy",
        )
        assert result["failed"]
        assert set(clusters[host].held().values()) <= {PREVIOUS, NEW}
        assert clusters[host].received[-1] == ("vs0", PREVIOUS) or host == "c2"

    @pytest.mark.parametrize("refused", [True, False])
    def test_a_canary_that_becomes_worse_later_is_rolled_back(self, refused: bool) -> None:
        cluster = Cluster(release="9.16.1")
        some = Fleet({"c1": cluster})
        cluster.apply({"fail_next_job": {"ends": "failure", "effect": True}})
        looks = []
        send = cluster.send

        def look(method: str, target: str, body: Any) -> Answer:
            looks.append(method)
            if len(looks) == 20:
                worse(cluster, "vs0")
            if method == "PATCH" and body["client_secret"] == PREVIOUS:
                if refused:
                    return _refuses(method, target, body)
                recovers(cluster, "vs0")
            return send(method, target, body)

        cluster.send = look  # type: ignore[method-assign]
        _decision, done = some.rotate()
        vault = done.results["c1"]["vaults"][0]
        if refused:
            assert (vault["done"], vault["after"]) == ("failed", "degraded")
        else:
            assert (vault["done"], vault["after"]) == ("rolled_back", "healthy")
            assert cluster.received == [("vs0", NEW), ("vs0", PREVIOUS)]

    def test_an_internal_error_of_a_rollback_leaves_it_unclear(self) -> None:
        cluster = Cluster(on_send=breaks("vs0", helps=False))
        send = cluster.send

        def broken(method: str, target: str, body: Any) -> Answer:
            answer = send(method, target, body)
            if method == "PATCH" and body["client_secret"] == PREVIOUS:
                return Answer(500, answer.headers, b'{"error": {"code": "99999", "message": "Internal error"}}')
            return answer

        cluster.send = broken  # type: ignore[method-assign]
        result = Fleet({"c1": cluster}).call("c1", "all")
        assert (result["outcome"], result["vaults"][0]["done"]) == ("unknown", "failed")
        assert "It could not be rolled back" in result["msg"]

    @pytest.mark.parametrize("code", [65537540, 65537573])
    def test_a_refusal_of_the_credential_is_a_refusal(self, code: int) -> None:
        cluster = Cluster(release="9.16.1")
        some = Fleet({"c1": cluster})
        cluster.apply({"fail_next_job": {"code": code}})
        _decision, done = some.rotate()
        result = done.results["c1"]
        assert [vault["done"] for vault in result["vaults"]] == ["untouched"] * 4
        assert result["outcome"] == "unchanged"
        assert set(cluster.held().values()) == {PREVIOUS}

    def test_a_rollback_that_is_refused_by_its_job_leaves_it_unclear(self) -> None:
        cluster = Cluster(release="9.16.1", on_send=lambda cluster, svm, _secret: worse(cluster, svm))
        cluster.apply({"fail_next_job": {"ends": "failure", "effect": True}}, {"fail_next_job": {"code": 65537540}})
        result = Fleet({"c1": cluster}).call("c1", "all")
        assert (result["outcome"], result["stopped_by"]) == ("unknown", "canary")
        assert result["vaults"][0]["done"] == "failed"

    def test_a_refusal_in_the_job_can_pass(self) -> None:
        some = Fleet({"c1": Cluster(release="9.16.1")}, options={"credential_grace": 120})
        some.clusters["c1"].apply({"fail_next_job": {"code": 65537540, "times": 3}})
        _decision, done = some.rotate()
        assert not done.results["c1"]["failed"], done.results["c1"]["msg"]
        assert set(some.clusters["c1"].held().values()) == {NEW}


@pytest.mark.parametrize("answered", [True, False])
def test_an_unforeseen_error_in_a_worker_is_a_failure(answered: bool) -> None:
    cluster = Cluster(on_send=breaks("vs0"))
    send = cluster.send

    def breaks_down(method: str, target: str, body: Any) -> Answer:
        if method == "PATCH" and not answered and body["client_secret"] == NEW:
            send(method, target, body)
            raise RuntimeError("this was not foreseen")
        return send(method, target, body)

    def takes(entry: credential.Entry, done: Done) -> None:
        if done is Done.SENT:
            raise RuntimeError("this was not foreseen")
        entry.done = done

    cluster.send = breaks_down  # type: ignore[method-assign]
    given = {**LOGIN, "client_id": "app1", "client_secret": NEW, "previous_client_secret": PREVIOUS}
    with pytest.MonkeyPatch.context() as patch:
        if answered:
            patch.setattr(credential.Entry, "takes", takes)
        played = play("akv_credential", given, cluster.send)
    assert played.failed
    assert NEW not in json.dumps(played.result)
    assert "Internal error in the ontap.akv collection (RuntimeError" in played.result["msg"]
    assert played.result["vaults"][0]["done"] == "rolled_back"
    assert [vault["done"] for vault in played.result["vaults"][1:]] == ["untouched"] * 3
    assert set(cluster.held().values()) == {PREVIOUS}


def test_an_unforeseen_error_without_a_rollback_leaves_it_unclear() -> None:
    cluster = Cluster()
    send = cluster.send

    def breaks_down(method: str, target: str, body: Any) -> Answer:
        answer = send(method, target, body)
        if method == "PATCH":
            raise RuntimeError("this was not foreseen")
        return answer

    cluster.send = breaks_down  # type: ignore[method-assign]
    result = play("akv_credential", {**LOGIN, "client_id": "app1", "client_secret": NEW}, cluster.send).result
    assert (result["failed"], result["outcome"], result["stopped_by"]) == (True, "unknown", "canary")
    assert [vault["done"] for vault in result["vaults"]] == ["failed", "untouched", "untouched", "untouched"]


@pytest.mark.parametrize("busy", [1, 3])
def test_a_last_look_that_fails_is_repeated(busy: int) -> None:
    some = fleet(1)
    cluster = some.clusters["c1"]
    send = cluster.send
    looks: list[str] = []
    # The soak ends in the look number 20.
    last = range(20, 20 + busy)

    def at_times_busy(method: str, target: str, body: Any) -> Answer:
        answer = send(method, target, body)
        if cluster.names() == ["vs0"] and method == "GET" and "azure-key-vaults" in target:
            looks.append(target)
            if len(looks) - len(first) in last:
                return Answer(503, answer.headers, b'{"error": {"code": "8", "message": "busy"}}')
        return answer

    first: list[str] = []
    cluster.send = at_times_busy  # type: ignore[method-assign]
    plan = some.call("c1", "canary")
    first += looks
    # One reading more: of the plan.
    first += looks[:1]
    watched = some.call("c1", "watch", before=plan["before"], configuration_uuid=plan["canary"]["uuid"], soak=1200)
    assert len(looks) - len(first) == 20 + busy
    assert watched["stopped_by"] == "", watched["msg"]


def test_a_watch_that_can_not_be_read_ends() -> None:
    some = fleet(1)
    cluster = some.clusters["c1"]
    send = cluster.send
    plan = some.call("c1", "canary")
    looks: list[str] = []

    def busy(method: str, target: str, body: Any) -> Answer:
        answer = send(method, target, body)
        if "azure-key-vaults" in target:
            looks.append(target)
            if len(looks) > 1:
                return Answer(503, answer.headers, b'{"error": {"code": "8", "message": "busy"}}')
        return answer

    cluster.send = busy  # type: ignore[method-assign]
    watched = some.call("c1", "watch", before=plan["before"], configuration_uuid=plan["canary"]["uuid"], soak=1200)
    assert watched["stopped_by"] == "unread"
    assert "could not be read" in watched["msg"]


class TestUnreadCanary:
    """The cluster stops answering right after the canary got the new credential."""

    @staticmethod
    def silent(cluster: Cluster, readings: int, then: Callable[[], None] = lambda: None) -> None:
        """Answer so many readings with 503 after the first change; then something happens."""
        send, left = cluster.send, list(range(readings))

        def answer(method: str, target: str, body: Any) -> Answer:
            answered = send(method, target, body)
            if method == "GET" and cluster.received and left:
                left.pop()
                if not left:
                    then()
                return Answer(503, answered.headers, b'{"error": {"code": "8", "message": "busy"}}')
            return answered

        cluster.send = answer  # type: ignore[method-assign]

    @SIZES
    @pytest.mark.parametrize("readings", [15, 20, 30])
    def test_it_is_watched_and_nothing_goes_to_others_until_it_was_read(self, number: int, readings: int) -> None:
        some = fleet(number)
        canary = some.clusters["c1"]
        seen: list[int] = []
        self.silent(canary, readings, lambda: seen.extend(len(each.received) for each in some.clusters.values()))
        _decision, done = some.rotate()
        assert some.stages["c1"]["canary"]["stopped_by"] == "unread"
        assert seen == [1] + [0] * (number - 1)
        assert not any(result["failed"] for result in done.results.values()), done.table
        assert all(set(cluster.held().values()) == {NEW} for cluster in some.clusters.values())

    @SIZES
    def test_one_that_is_never_read_again_stops_the_rotation(self, number: int) -> None:
        some = fleet(number)
        self.silent(some.clusters["c1"], 10_000)
        _decision, done = some.rotate()
        assert [len(cluster.received) for cluster in some.clusters.values()] == [1] + [0] * (number - 1)
        assert some.stages["c1"]["watch"]["stopped_by"] == "unread"
        assert all(result["failed"] for result in done.results.values())
        first = done.results["c1"]["vaults"][0]
        assert (first["done"], first["after"]) == ("sent", "unknown")

    @pytest.mark.parametrize("is_worse", [True, False])
    def test_one_that_is_read_again_after_the_soak_is_rolled_back_if_it_is_worse(self, is_worse: bool) -> None:
        some = fleet(2)
        canary = some.clusters["c1"]
        canary.on_send = lambda cluster, svm, secret: recovers(cluster, svm) if secret == PREVIOUS else None
        self.silent(canary, 30, lambda: worse(canary, "vs0") if is_worse else None)
        _decision, done = some.rotate(soak=600)
        assert some.stages["c1"]["watch"]["stopped_by"] == "unread"
        assert canary.received == [("vs0", NEW), ("vs0", PREVIOUS)][: 1 + is_worse]
        assert some.clusters["c2"].received == []
        assert all(result["failed"] for result in done.results.values())
        vault = done.results["c1"]["vaults"][0]
        assert (vault["done"], vault["after"]) == ("rolled_back" if is_worse else "sent", "healthy")
        assert "could not be read" in done.results["c1"]["msg"]

    def test_one_that_was_not_sent_to_is_not_watched(self) -> None:
        """It cannot be read before it would get the new credential."""
        some = fleet(2)
        cluster = some.clusters["c1"]
        send, readings = cluster.send, [0]

        def busy(method: str, target: str, body: Any) -> Answer:
            answer = send(method, target, body)
            readings[0] += "azure-key-vaults" in target
            if readings[0] == 2:
                return Answer(503, answer.headers, b'{"error": {"code": "8", "message": "busy"}}')
            return answer

        cluster.send = busy  # type: ignore[method-assign]
        _decision, done = some.rotate()
        assert [each.received for each in some.clusters.values()] == [[], []]
        assert list(some.stages["c1"]) == ["canary"]
        assert all(result["failed"] for result in done.results.values())

    @pytest.mark.parametrize("helps", [True, False])
    def test_one_that_is_worse_when_it_is_read_again_is_rolled_back(self, helps: bool) -> None:
        some = fleet(2)
        canary = some.clusters["c1"]
        canary.on_send = lambda cluster, svm, secret: recovers(cluster, svm) if helps and secret == PREVIOUS else None
        self.silent(canary, 20, lambda: worse(canary, "vs0"))
        _decision, done = some.rotate()
        assert canary.received == [("vs0", NEW), ("vs0", PREVIOUS)]
        assert some.clusters["c2"].received == []
        assert done.results["c1"]["vaults"][0]["done"] == "rolled_back"

    @pytest.mark.parametrize("readings", [1, 10])
    def test_a_rollback_waits_until_the_cluster_answers(self, readings: int) -> None:
        some = fleet(1)
        cluster = some.clusters["c1"]
        plan = some.call("c1", "canary")
        worse(cluster, "vs0")
        self.silent(cluster, readings)
        known = {"before": plan["before"], "configuration_uuid": plan["canary"]["uuid"]}
        back = some.call("c1", "rollback", **known)
        assert next(vault["done"] for vault in back["vaults"]) == "rolled_back"
        assert cluster.received == [("vs0", NEW), ("vs0", PREVIOUS)]


@SIZES
def test_uuids_in_capital_letters(number: int) -> None:
    """UUIDs are compared without case."""
    some = fleet(number)
    for cluster in some.clusters.values():

        def answer(method: str, target: str, body: Any, send: Any = cluster.send) -> Answer:
            path, mark, query = target.partition("?")
            answered = send(method, path.lower() + mark + query, body)
            capital = re.sub(UUID.encode(), lambda found: found[0].upper(), answered.content)
            return Answer(answered.status, answered.headers, capital)

        cluster.send = answer  # type: ignore[method-assign]
    _decision, done = some.rotate()
    assert not any(result["failed"] for result in done.results.values()), done.table
    assert [sorted(cluster.names()) for cluster in some.clusters.values()] == [list(SVMS)] * number


def test_what_is_added_in_the_soak_gets_nothing() -> None:
    """After the soak only what the plan names is sent to."""
    given = scenario(("vs0", "vs1"))
    given["svms"].append({"name": "vs9"})
    cluster = Cluster(**given)
    some = Fleet({"c1": cluster})
    plan = some.call("c1", "all", check_mode=True)
    before = {"before": plan["before"], "configuration_uuid": plan["canary"]["uuid"]}
    some.call("c1", "canary", **before)
    added = {"svm": "vs9", "client_id": "app1", "tenant_id": "t1", "client_secret": PREVIOUS}
    cluster.apply({"create_vault": added})
    rest = some.call("c1", "rest", expected_plan=plan["plan_id"], **before)
    assert (rest["stopped_by"], rest["outcome"]) == ("plan", "unchanged")
    assert cluster.names() == ["vs0"]


def test_a_reading_that_fails_after_a_credential_is_not_the_reading_before_it() -> None:
    some = fleet(2)
    cluster = some.clusters["c2"]
    send = cluster.send

    def busy(method: str, target: str, body: Any) -> Answer:
        answer = send(method, target, body)
        if method == "GET" and "vs2" in cluster.names():
            return Answer(503, answer.headers, b'{"error": {"code": "8", "message": "busy"}}')
        return answer

    cluster.send = busy  # type: ignore[method-assign]
    _decision, done = some.rotate()
    after = {vault["svm"]: (vault["done"], vault["after"]) for vault in done.results["c2"]["vaults"]}
    assert after["vs2"] == ("sent", "unknown")
    assert done.results["c2"]["failed"]
    said = done.results["c2"]["msg"]
    assert said.count("got the new credential.") == 1
    assert "vs2 could not be read after the new credential was sent" in said


def test_check_mode_is_the_plan_of_the_run() -> None:
    some = fleet(3, check_mode=True)
    decision, done = some.rotate()
    assert all(cluster.received == [] for cluster in some.clusters.values())
    assert {vault["done"] for result in done.results.values() for vault in result["vaults"]} == {"sent"}
    some.check_mode = False
    some.wish = {"expected_plan": decision.plan_id}
    again, done = some.rotate()
    assert (again.stop, again.plan_id) == (False, decision.plan_id)
    assert {result["plan_id"] for result in done.results.values()} == {decision.plan_id}
    some.wish = {"expected_plan": decision.plan_id[:-1]}
    assert some.rotate()[0].stop


def test_a_lost_answer_is_not_called_untouched() -> None:
    from ansible_collections.ontap.akv.plugins.module_utils._http.retry import FaultKind
    from ansible_collections.ontap.akv.plugins.module_utils._http.transport import Fault

    some = fleet(1)
    cluster = some.clusters["c1"]
    send = cluster.send

    def lost(method: str, target: str, body: Any) -> Answer:
        answer = send(method, target, body)
        if method == "PATCH":
            raise Fault(FaultKind.LOST, "the connection was reset")
        return answer

    cluster.send = lost  # type: ignore[method-assign]
    result = some.call("c1", "all")
    assert (result["stopped_by"], result["outcome"]) == ("canary", "unknown")
    assert [vault["done"] for vault in result["vaults"]] == ["failed", "untouched", "untouched", "untouched"]


def test_a_soak_of_a_thousand_looks_keeps_no_log_of_them() -> None:
    some = fleet(1)
    plan = some.call("c1", "canary")
    watched = some.call(
        "c1", "watch", before=plan["before"], configuration_uuid=plan["canary"]["uuid"], soak=60 * 1_000
    )
    assert watched["stopped_by"] == ""
    assert len(watched["requests"]) < 20


class TestInput:
    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"client_secret": None}, "none of them is given"),
            ({"client_certificate": "MIIabc"}, "2 of them are given"),
            ({"client_secret": " "}, "client_secret: is empty"),
            ({"client_secret": "12345678-abcd-abcd-abcd-1234567890ab"}, "is a UUID, as a Secret ID is"),
            ({"previous_client_secret": NEW}, "are the same"),
            ({"previous_client_certificate": "MIIabc"}, "are given together"),
            ({"client_id": "a b"}, "contains white space"),
            ({"svms": []}, "svms: is empty"),
            ({"svms": ["vs0"], "scope": "cluster"}, "svms, scope: SVMs are named (vs0)"),
            ({"batch_size": 0}, "batch_size: 0 is below 1"),
            ({"wait_timeout": 0}, "wait_timeout: 0 is below 1"),
            ({"soak": 10}, "soak: is given with stage: all"),
            ({"stage": "watch"}, "before: is missing"),
            ({"stage": "rollback", "before": [], "previous_client_secret": None}, "none is given"),
            ({"configuration_uuid": "vs0"}, "configuration_uuid: 'vs0' is not a UUID"),
        ],
    )
    def test_bad_input_is_refused_before_anything_is_sent(self, options: dict[str, Any], message: str) -> None:
        some = fleet(1, options=options)
        result = some.call("c1", options.get("stage", "all"))
        assert message in result["msg"]
        assert (result["stopped_by"], result["requests"], result["outcome"]) == ("input", [], "unchanged")

    def test_a_uuid_that_is_meant(self) -> None:
        secret = "12345678-abcd-abcd-abcd-1234567890ab"
        some = fleet(1, options={"client_secret": secret, "allow_uuid_secret": True})
        some.clusters["c1"].apply({"add_secret": {"client_id": "app1", "secret": secret}})
        assert some.call("c1", "all")["stopped_by"] == ""

    def test_a_previous_secret_is_never_refused_for_its_looks(self) -> None:
        some = fleet(1, options={"previous_client_secret": "12345678-abcd-abcd-abcd-1234567890ab"})
        assert some.call("c1", "all")["stopped_by"] == ""

    def test_an_application_that_only_another_scope_uses_is_no_similar_name(self) -> None:
        message = fleet(1, options={"scope": "cluster"}).call("c1", "all")["msg"]
        assert "of it, which scope: cluster does not select" in message
        assert "Similar names" not in message
