# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event source akv_health: what it tells, and what it survives."""

from __future__ import annotations

import asyncio
import re
import runpy
import sys
import types
import typing as t
from pathlib import Path

import pytest
from eda.running import SOURCES, Events, source
from integration.canaries import Canary
from integration.running import Values, attempt, wait_until

from ansible_collections.ontap.akv.plugins.plugin_utils import _watching
from simulator import Simulator

KEY = "https://mykeyvault.vault.azure.net/keys/key1"
BRIEF = ("svm", "previous_verdict", "verdict", "change", "remedy")


def scenario(**more: t.Any) -> Values:
    return {
        "svms": [{"name": "vs0"}, {"name": "vs1"}],
        "vaults": [{"svm": "vs0", "key_id": KEY, "client_secret": "initial-secret"}],
        "volumes": [{"svm": "vs0", "name": "vol1", "encrypted": True}],
        "azure": {
            "applications": [{"client_id": "client1", "tenant_id": "tenant1", "secrets": ["initial-secret"]}],
            "keys": [{"key_id": KEY}],
        },
        **more,
    }


def options(simulator: Simulator, **more: t.Any) -> Values:
    return {**simulator.connection, "interval": 1, **more}


def brief(events: list[Values]) -> list[tuple[str, ...]]:
    return [tuple(event[key] for key in BRIEF) for event in events if event["type"] == "vault"]


def test_the_event() -> None:
    lost = [{"lose_keys": {"svm": "vs0", "nodes": ["node2"]}}]
    with Simulator(release="9.14.1", scenario=scenario(events=lost)) as simulator:
        with source("akv_health", options(simulator)) as running:
            (event,) = running.wait_for(1)
        (vault,) = simulator.vaults()
    reason = "Keys are unavailable on node node2: The wrapped KEK is not available on the node."
    reported = event.pop("reasons")
    assert [sentence.startswith(reason.partition(":")[0]) for sentence in reported] == [True]
    assert event.pop("message").startswith(
        "The AKV configuration of SVM vs0 on 127.0.0.1 is degraded: Keys are unavailable"
    )
    assert event.pop("time").endswith("+00:00")
    assert event == {
        "type": "vault",
        "cluster": "127.0.0.1",
        "hostname": "127.0.0.1",
        "uuid": vault["uuid"],
        "scope": "svm",
        "svm": "vs0",
        "configuration": "default",
        "verdict": "degraded",
        "previous_verdict": "absent",
        "change": "worse",
        "remedy": "restore",
        "cause": "keys_missing_on_node",
        "unavailable_nodes": ["node2"],
        "azure_reachable": True,
        "offline_volumes": [],
        "meta": {"hosts": "127.0.0.1"},
    }


@pytest.mark.parametrize("release", ["9.7", "9.10.1", "9.19.1"])
def test_worse_and_better(release: str) -> None:
    with Simulator(release=release, scenario=scenario()) as simulator:
        with source("akv_health", options(simulator)) as running:
            _when_it_has_looked(simulator)
            assert running.events == []
            simulator.apply([{"lose_keys": {"svm": "vs0", "nodes": ["node1"]}}])
            running.wait_for(1)
            simulator.apply([{"lose_keys": {"svm": "vs0"}}])
            running.wait_for(2)
            simulator.apply([{"recover_keys": {"svm": "vs0"}}])
            running.wait_for(3)
            simulator.apply([{"delete_volume": {"svm": "vs0", "name": "vol1"}}, {"delete_vault": {"svm": "vs0"}}])
            running.wait_for(4)
            # A new one that is well is no news; one that is not is.
            simulator.apply([{"create_vault": {"svm": "vs0"}}])
            _when_it_has_looked(simulator)
            simulator.apply([{"create_vault": {"svm": "vs1"}}, {"lose_keys": {"svm": "vs1"}}])
            running.wait_for(5)
        # Without ekmip_reachability nobody says whether these are all nodes.
        worst = "degraded" if release == "9.7" else "unavailable"
        assert brief(running.events) == [
            ("vs0", "healthy", "degraded", "worse", "restore"),
            ("vs0", "degraded", worst, "worse", "restore"),
            ("vs0", worst, "healthy", "better", "none"),
            ("vs0", "healthy", "absent", "worse", "none"),
            ("vs1", "absent", worst, "worse", "restore"),
        ]
        assert {request["method"] for request in simulator.requests} == {"GET"}


def test_a_credential_that_expires() -> None:
    with Simulator(release="9.14.1", scenario=scenario()) as simulator:
        with source("akv_health", options(simulator)) as running:
            _when_it_has_looked(simulator)
            simulator.apply([{"expire_credential": {"svm": "vs0"}}])
            running.wait_for(1)
            simulator.apply([{"advance_clock": {"seconds": 1}}, {"advance_clock": {"seconds": 3700}}])
            running.wait_for(2)
        assert brief(running.events) == [
            ("vs0", "healthy", "degraded", "worse", "person"),
            ("vs0", "degraded", "unavailable", "worse", "person"),
        ]
        assert [event["offline_volumes"] for event in running.events] == [[], ["vol1"]]
        assert [event["azure_reachable"] for event in running.events] == [False, False]


def test_what_is_still_bad_is_reported_again() -> None:
    lost = [{"lose_keys": {"svm": "vs0", "nodes": ["node1"]}}]
    with Simulator(release="9.14.1", scenario=scenario(events=lost)) as simulator:
        with source("akv_health", options(simulator, remind=1)) as running:
            events = running.wait_for(3)
        assert [event["change"] for event in events[:3]] == ["worse", "same", "same"]


def test_clusters_side_by_side() -> None:
    lost = [{"lose_keys": {"svm": svm, "nodes": ["node1"]}} for svm in ("vs0", "vs1")]
    vaults = [{"svm": svm, "key_id": KEY} for svm in ("vs0", "vs1")]
    with (
        Simulator(release="9.14.1", scenario=scenario(events=lost, vaults=vaults, azure={})) as one,
        Simulator(release="9.14.1", scenario=scenario()) as away,
    ):
        away.apply([{"add_fault": {"match": {"times": 0}, "reset": {}}}])
        clusters = [{"name": "one", **one.connection, "svm": "vs1"}, {"name": "away", **away.connection, "svm": ""}]
        with source("akv_health", {"clusters": clusters, "interval": "1", "username": "", "svm": None}) as running:
            running.wait_for(2)
            away.apply([{"clear_faults": {}}])
            events = running.wait_for(3)
        assert brief(events) == [("vs1", "absent", "degraded", "worse", "restore")]
        of_away = [event for event in events if event["cluster"] == "away"]
        assert [(event["type"], event["reachable"], event["change"]) for event in of_away] == [
            ("cluster", False, "worse"),
            ("cluster", True, "better"),
        ]
        assert "its health is unknown" in of_away[0]["message"]


FAULTS: list[Values] = [
    {"http": {"status": 503}},
    {"html": {"status": 200}},
    {"reset": {}},
    {"half": {"part": 0.5}},
    {"error": {"code": 4, "status": 404}},
    *({"mangle": {"how": how}} for how in ("truncated", "list", "nulls", "wrong_types", "records_of_nulls", "deep")),
    {"redirect": {"to": "https://198.51.100.1/"}},
]


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_faults_end_nothing(fault: Values) -> None:
    with Simulator(release="9.14.1", scenario=scenario()) as simulator:
        simulator.apply([{"add_fault": {"match": {"path": "*/azure-key-vaults", "times": 0}, **fault}}])
        with source("akv_health", options(simulator)) as running:
            _when_it_has_looked(simulator)
            simulator.apply([{"clear_faults": {}}, {"lose_keys": {"svm": "vs0", "nodes": ["node1"]}}])
            wait_until(lambda: any(event.get("svm") == "vs0" for event in running.events), running)
        assert running.events[-1]["verdict"] == "degraded"


def test_a_shutdown_does_not_wait_for_a_cluster_that_gives_no_answer() -> None:
    hangs = {"match": {"path": "*/azure-key-vaults", "times": 0}, "timeout": {"seconds": 300}}
    with Simulator(release="9.14.1", scenario=scenario(faults=[hangs])) as simulator:
        with source("akv_health", options(simulator, interval=300)):
            wait_until(lambda: len(simulator.requests) > 1, "it does not ask")
        # Without an answer, and with time left to ask: source() has seen that it ended.
        assert simulator.requests[0]["status"] == 200


def test_volumes_that_may_not_be_read() -> None:
    roles = {"reader": [{"api": f"/api/{path}", "access": "readonly"} for path in ("security", "cluster")]}
    users = [{"name": "robot", "password": "netapp1!", "role": "reader"}]
    lost = [{"lose_keys": {"svm": "vs0", "nodes": ["node1"]}}]
    with Simulator(release="9.14.1", scenario=scenario(users=users, roles=roles, events=lost)) as simulator:
        with source("akv_health", options(simulator)) as running:
            (event,) = running.wait_for(1)
        assert (event["verdict"], event["offline_volumes"]) == ("degraded", [])


def test_a_refused_login_is_tried_seldom() -> None:
    asked = _watching.Options({}, interval=1, remind=0)
    with Simulator(release="9.14.1", scenario=scenario()) as simulator:
        for fault, pause in (("none", 1), ("login", 900), ("busy", 1)):
            if fault == "busy":
                simulator.apply([{"add_fault": {"match": {"times": 0}, "http": {"status": 503}}}])
            given = options(simulator, **({"password": "wrong"} if fault == "login" else {}))
            read = _watching.read_options("akv_health", given, {}, lambda _params: None)
            (cluster,) = (_watching.Watched(*found) for found in read.clusters.items())
            result = cluster.ask(lambda client, _params, _check: client.release() and types.SimpleNamespace(msg=""), 1)
            assert (fault, _watching._pause(asked, result)) == (fault, pause)


def test_secrets_are_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    password = Canary("*~with.all=that")
    users = [{"name": "admin", "password": password.secret, "role": "admin"}]
    with Simulator(release="9.14.1", scenario=scenario(users=users)) as simulator:
        echoed = {"match": {"path": "*/azure-key-vaults", "times": 0}, "echo": {"where": "error", "encoding": "plain"}}
        simulator.apply([{"add_fault": echoed}])
        with caplog.at_level("DEBUG"), source("akv_health", options(simulator, remind=1)) as running:
            running.wait_for(2)
    assert password.found_in(f"{running.events} {caplog.text}".encode()) is None


WRONG: dict[str, tuple[Values, str]] = {
    "no cluster": ({"hostname": ""}, "akv_health: hostname: not set. Give a value in the options of the source"),
    "no login": ({"password": None, "username": None}, "akv_health: username, password: no login is given"),
    "empty": ({"clusters": []}, "akv_health: clusters: is empty"),
    "twice": (
        {"clusters": [{"name": "one"}, {"name": "one"}]},
        "akv_health: clusters[1]: name: one is given twice",
    ),
    "unknown": ({"intervall": 5}, "akv_health: intervall: is not an option of the source. Did you mean interval?"),
    "unknown in a cluster": (
        {"clusters": [{"name": "one", "remind": 5}]},
        "akv_health: clusters[0]: remind: is not an option of a cluster. The options are ca_path, cert, ",
    ),
    "interval": ({"interval": 0}, "akv_health: interval: 0.0 is out of range"),
    "not a number": ({"interval": "soon"}, "akv_health: argument 'interval' is of type"),
    "remind": ({"remind": -1}, "akv_health: remind: -1.0 is out of range"),
    "owners": ({"svm": "vs0", "scope": "cluster"}, "akv_health: svm, svm_uuid, scope: "),
    "CA": ({"ca_path": "/nowhere.pem"}, "akv_health: ca_path: '/nowhere.pem' does not exist"),
}


@pytest.mark.parametrize("case", WRONG)
def test_options_that_are_wrong(case: str) -> None:
    given, message = WRONG[case]
    known: Values = {"hostname": "cluster1", "username": "admin", "password": "netapp1!", **given}
    main = runpy.run_path(str(SOURCES / "akv_health.py"))["main"]
    with pytest.raises(ValueError, match=f"^{re.escape(message)}") as failure:
        asyncio.run(main(Events(), known))
    assert "netapp1!" not in str(failure.value)


@pytest.mark.parametrize("name", ["akv_events", "akv_health"])
@pytest.mark.parametrize("another", [False, True], ids=["alone", "beside the package of PyPI"])
def test_the_source_finds_its_collection(another: bool, name: str, tmp_path: Path) -> None:
    """In a process that knows of no collection, as ansible-rulebook is one."""
    if another:
        (tmp_path / "ansible_collections").mkdir()
        (tmp_path / "ansible_collections" / "__init__.py").touch()
    program = f"""
import asyncio, runpy, sys
sys.path.append({str(tmp_path)!r})
main = runpy.run_path({str(SOURCES / f"{name}.py")!r})["main"]
asyncio.run(main(None, {{"hostname": "https://cluster1", "username": "admin", "password": "netapp1!"}}))
"""
    output, _code = attempt(sys.executable, "-I", "-c", program)
    assert f"ValueError: {name}: hostname: 'https://cluster1' contains a scheme" in output


def _when_it_has_looked(simulator: Simulator) -> None:
    """Wait until a look that began after this is over: it is, when the second from now begins."""
    asked = "/api/security/azure-key-vaults"
    wanted = sum(request["path"] == asked for request in simulator.requests) + 2
    wait_until(lambda: sum(request["path"] == asked for request in simulator.requests) >= wanted, "no look")


def test_a_cluster_that_does_not_end_keeps_no_other_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_watching, "_AT_ONCE", 1)
    monkeypatch.setattr(_watching, "_LONGEST_PLACE", 0.2)
    monkeypatch.setattr(_watching, "_LONGEST_LOOK", 0.5)
    lost = [{"lose_keys": {"svm": "vs0", "nodes": ["node2"]}}]
    hang = {"add_fault": {"match": {"times": 0}, "latency": {"seconds": 5}}}
    with (
        Simulator(release="9.14.1", scenario=scenario()) as sick,
        Simulator(release="9.14.1", scenario=scenario(events=lost)) as well,
    ):
        sick.apply([hang])
        clusters = [
            {**options(simulator), "name": name, "timeout": 0.3} for name, simulator in (("sick", sick), ("well", well))
        ]
        for cluster in clusters:
            cluster.pop("interval")
        clusters[0]["timeout"], clusters[1]["timeout"] = 0.4, 30
        with source("akv_health", {"clusters": clusters, "interval": 1}) as running:
            wait_until(lambda: any(event["cluster"] == "well" for event in running.events), running)
            wait_until(lambda: any(event["cluster"] == "sick" for event in running.events), running)
            sick.apply([{"clear_faults": {}}])
            wait_until(lambda: any(event.get("reachable") is True for event in running.events), running)


def test_too_few_places_for_actions_are_warned_of(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    conf = types.SimpleNamespace(settings=types.SimpleNamespace(max_concurrent_actions=3))
    monkeypatch.setitem(sys.modules, "ansible_rulebook.conf", t.cast("types.ModuleType", conf))
    at = {"username": "admin", "password": "nobody-listens", "http_port": 9}
    two = {"clusters": [{**at, "hostname": "127.0.0.1", "name": name} for name in ("a", "b")]}
    with source("akv_health", two) as running:
        running.wait_for(2)
    assert "2 clusters, and ansible-rulebook runs 3 actions at once" in caplog.text
    assert "--max-concurrent-actions 5" in caplog.text
