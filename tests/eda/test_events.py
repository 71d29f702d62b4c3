# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event source akv_events: what of a cluster's log it tells, in the words of every release."""

from __future__ import annotations

import re
import typing as t

import pytest
from eda.running import source
from eda.test_health import FAULTS
from integration.canaries import Canary
from integration.running import ROOT, Values, wait_until

from ansible_collections.ontap.akv.plugins.plugin_utils import _ems_events
from simulator import Simulator

KEY = "https://mykeyvault.vault.azure.net/keys/key1"
LOG = "/api/support/ems/events"


def scenario(**more: t.Any) -> Values:
    return {"vaults": [{"svm": "vs0", "key_id": f"{KEY}/1"}], **more}


def options(simulator: Simulator, **more: t.Any) -> Values:
    return {**simulator.connection, "interval": 1, **more}


@pytest.mark.parametrize("release", ["9.10.1", "9.14.1", "9.19.1"])
def test_the_events(release: str) -> None:
    old = [{"expire_key": {"svm": "vs0"}}]
    with Simulator(release=release, scenario=scenario(events=old)) as simulator:
        with source("akv_events", options(simulator, name="cluster1")) as running:
            _when_it_has_looked(simulator)
            simulator.apply([{"rotate_key": {"svm": "vs0", "version": "2"}}, {"lose_keys": {"svm": "vs0"}}])
            # None of ours.
            simulator.apply([{"ems": {"name": "wafl.vol.full"}}, {"ems": {"name": "ekmip.other.available"}}])
            events = running.wait_for(2)
            simulator.apply([{"recover_keys": {"svm": "vs0"}}])
            running.wait_for(3)
        assert [event["event"] for event in running.events] == ["keyVersionChanged", "notAvailable", "available"]
        assert {request["method"] for request in simulator.requests} == {"GET"}
    event = events[0]
    configuration = "" if release == "9.10.1" else "default"
    assert event.pop("parameters")["keyId"] == f"{KEY}/2"
    assert event.pop("message").startswith("ekmip.akv.keyVersionChanged: ")
    assert event.pop("time").endswith("+00:00")
    assert isinstance(event.pop("index"), int)
    assert event == {
        "type": "ems",
        "cluster": "cluster1",
        "hostname": "127.0.0.1",
        "name": "ekmip.akv.keyVersionChanged",
        "event": "keyVersionChanged",
        "severity": "notice",
        "node": "node1",
        "svm": "vs0",
        "configuration": configuration,
        "vault": "https://mykeyvault.vault.azure.net/",
        "key_id": f"{KEY}/2",
        "old_key_version": "1",
        "new_key_version": "2",
        "meta": {"hosts": "cluster1"},
    }


def test_events_of_any_key_manager_that_concern_volumes() -> None:
    names = ["km.keyretrieve.failed", "km.volume.mount.fail"]
    others = ["km.keyretrieve.failed.not", "km.volume.mount", "km.volume.mount.mismatch"]
    with Simulator(release="9.15.1", scenario=scenario()) as simulator:
        with source("akv_events", options(simulator)) as running:
            _when_it_has_looked(simulator)
            simulator.apply([{"ems": {"name": name, "severity": "alert"}} for name in [*others, *names]])
            running.wait_for(2)
        assert [event["name"] for event in running.events] == names
        assert [event["event"] for event in running.events] == ["keyRetrieveFailed", "volumeMountFailed"]


def test_the_second_set_and_lines_of_one_moment() -> None:
    """Nodes count for themselves, and a clock that stands still gives many lines the same time."""
    lines = [
        {"ems": {"name": f"km.cmek.akvkms.{name}", "node": node, "severity": "error", "parameters": {"keyId": KEY}}}
        for name in ("keyVersionChg", "blocked")
        for node in ("node1", "node2")
    ]
    with Simulator(release="9.19.1", scenario=scenario(clock={"speed": 0})) as simulator:
        with source("akv_events", options(simulator)) as running:
            _when_it_has_looked(simulator)
            simulator.apply(lines)
            running.wait_for(4)
            _when_it_has_looked(simulator)
            simulator.apply(lines[:1])
            running.wait_for(5)
        reported = [(event["event"], event["node"], event["key_id"], event["svm"]) for event in running.events]
        assert sorted(reported[:4]) == sorted(
            (name, node, KEY, "") for name in ("blocked", "keyVersionChanged") for node in ("node1", "node2")
        )
        assert reported[4][:2] == ("keyVersionChanged", "node1")


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_faults_end_nothing_and_lose_nothing(fault: Values) -> None:
    with Simulator(release="9.14.1", scenario=scenario()) as simulator:
        with source("akv_events", options(simulator)) as running:
            _when_it_has_looked(simulator)
            simulator.apply([{"add_fault": {"match": {"path": LOG, "times": 0}, **fault}}])
            simulator.apply([{"lose_keys": {"svm": "vs0", "nodes": ["node1"]}}])
            _when_it_has_looked(simulator)
            simulator.apply([{"clear_faults": {}}])
            wait_until(lambda: any(event["type"] == "ems" for event in running.events), running)
        (event,) = [event for event in running.events if event["type"] == "ems"]
        assert (event["event"], event["svm"]) == ("notAvailable", "vs0")


def test_more_than_one_look_holds(caplog: pytest.LogCaptureFixture) -> None:
    def lines(numbers: range) -> list[Values]:
        return [{"node": {"name": "node1"}, "index": number, "time": "now"} for number in reversed(numbers)]

    memory = _ems_events.Memory()
    assert memory.news(lines(range(1000))) == []
    assert [line["index"] for line in memory.news(lines(range(2, 1002)))] == [1000, 1001]
    assert caplog.text == ""
    assert len(memory.news(lines(range(5000, 6000)))) == 1000
    assert "More than 1000 events came" in caplog.text
    # An older line that comes late, of a node whose clock is behind.
    late = {"node": {"name": "node2"}, "index": 1, "time": "before"}
    assert memory.news([*lines(range(5001, 6000)), late]) == [late]


def test_a_line_with_little_in_it() -> None:
    cluster = _ems_events.Watched("cluster1", {"hostname": "cluster1"})
    for line in ({"message": {"name": "ekmip.akv.volOffline"}}, {"message": None, "parameters": [None, {}], "node": 1}):
        event = _ems_events.event_of(cluster, line)
        assert (event["svm"], event["node"], event["severity"]) == ("", "", "")


def test_it_needs_the_role_of_the_page_and_no_more() -> None:
    text = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")
    given = re.findall(r"rest-role create -role akv_events -api (\S+) -access (\S+)", text)
    roles = {"akv_events": [{"api": api, "access": access} for api, access in given]}
    users = [{"name": "robot", "password": "netapp1!", "role": "akv_events"}]
    with Simulator(release="9.14.1", scenario=scenario(users=users, roles=roles)) as simulator:
        with source("akv_events", options(simulator)) as running:
            _when_it_has_looked(simulator)
            simulator.apply([{"expire_key": {"svm": "vs0"}}])
            running.wait_for(1)
        assert {request["path"] for request in simulator.requests} == {api for api, _access in given}
        roles["akv_events"][0]["access"] = "none"
    with Simulator(release="9.14.1", scenario=scenario(users=users, roles=roles)) as simulator:
        with source("akv_events", options(simulator)) as running:
            (event,) = running.wait_for(1)
        assert (event["type"], event["reachable"]) == ("cluster", False)


def test_secrets_are_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    password = Canary("*~with.all=that")
    users = [{"name": "admin", "password": password.secret, "role": "admin"}]
    said = {"name": "ekmip.akv.notAvailable", "parameters": {"name": f"said {password.secret}"}}
    with (
        caplog.at_level("DEBUG"),
        Simulator(release="9.14.1", scenario=scenario(users=users)) as simulator,
        source("akv_events", options(simulator)) as running,
    ):
        _when_it_has_looked(simulator)
        simulator.apply([{"ems": said}])
        (event,) = running.wait_for(1)
    assert "said ****" in event["message"]
    assert password.found_in(f"{running.events} {caplog.text}".encode()) is None


def _when_it_has_looked(simulator: Simulator) -> None:
    """Wait until a look that began after this is over: it is, when the second from now begins."""
    wanted = sum(request["path"] == LOG for request in simulator.requests) + 2
    wait_until(lambda: sum(request["path"] == LOG for request in simulator.requests) >= wanted, "no look")
