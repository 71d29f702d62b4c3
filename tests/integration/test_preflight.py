# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""akv_preflight_info: each prerequisite alone; what ONTAP does not report is unknown and not a failure."""

from __future__ import annotations

import typing as t
from collections import Counter

import pytest
from integration.running import Values, call, seen

from simulator import Simulator

NAMES = [
    *("release", "nodes", "nodes_release", "upgrade", "metrocluster", "licenses"),
    *("svm", "dns", "route", "vault", "key_manager", "key_store_state", "encrypted_volumes", "nae_volumes"),
]
MANAGER: Values = {"type": "external", "svm": "vs0", "servers": ["kmip.example.com:5696"]}
VOLUME: Values = {"svm": "vs0", "name": "vol1", "encrypted": True}
VS0: Values = {"name": "vs0"}


def _vs0(**differs: t.Any) -> Values:
    return {"svms": [{**VS0, **differs}]}


# The check that is not ok, and what it says; all others are.
CASES: dict[str, tuple[Values, str, str, list[str]]] = {
    "a node is down": ({"nodes": [{"name": "a"}, {"name": "b", "healthy": False}]}, "nodes", "failed", ["b is down"]),
    "a node is taken over": ({"nodes": [{"name": "a", "state": "taken_over"}]}, "nodes", "failed", ["a is taken_over"]),
    "a node is unknown": ({"nodes": [{"name": "a", "state": "unknown"}]}, "nodes", "unknown", ["the state of a"]),
    "two releases": (
        {"nodes": [{"name": "a"}, {"name": "b", "release": "9.13.1"}]},
        "nodes_release",
        "failed",
        ["9.13.1: b", "9.14.1: a", "upgrade"],
    ),
    "MetroCluster": ({"cluster": {"metrocluster": True}}, "metrocluster", "failed", ["(configured)"]),
    "no VE": ({"licenses": ["mtekm"]}, "licenses", "failed", ["VE (volume encryption)"]),
    "no MTEKM": ({"licenses": ["ve"]}, "licenses", "failed", ["MTEKM"]),
    "license out of order": (
        {"licenses": [{"name": "VE", "state": "noncompliant"}, "mt_ek_mgmt"]},
        "licenses",
        "warning",
        ["VE (volume encryption) is noncompliant"],
    ),
    "stopped SVM": (_vs0(state="stopped"), "svm", "failed", ["vs0 is stopped"]),
    "copy of an SVM": (_vs0(subtype="dp_destination"), "svm", "failed", ["dp_destination"]),
    "no DNS": (_vs0(dns={"servers": []}), "dns", "failed", ["no DNS server"]),
    "key manager": (
        {"key_managers": [MANAGER]},
        "key_manager",
        "failed",
        ["SVM vs0 already has the key manager kmip ("],
    ),
    "vault": ({"vaults": [{"svm": "vs0"}]}, "vault", "warning", ["https://mykeyvault.vault.azure.net/"]),
    "vault with volumes": ({"vaults": [{"svm": "vs0"}], "volumes": [VOLUME]}, "vault", "warning", ["already"]),
    "encrypted volumes": (
        {"volumes": [VOLUME]},
        "encrypted_volumes",
        "failed",
        ["1 encrypted volume (vol1)", "cannot read", "then migrate the keys to it"],
    ),
    "an update": ({"cluster": {"update": "paused_on_error"}}, "upgrade", "failed", ["state paused_on_error"]),
    "an update that failed": ({"cluster": {"update": "failed"}, **_vs0(lif="down")}, "route", "failed", ["no LIF"]),
    "no LIF": (_vs0(lif="none"), "route", "failed", ["no LIF that is up"]),
    "no default route": (_vs0(default_route=False), "route", "warning", ["no default route", "proxy"]),
}


def _statuses(result: Values) -> dict[str, str]:
    return {check["name"]: check["status"] for check in result["checks"]}


def _messages(result: Values) -> dict[str, str]:
    return {check["name"]: check["message"] for check in result["checks"]}


@pytest.mark.parametrize("case", CASES)
def test_what_is_in_the_way(case: str) -> None:
    scenario, name, status, says = CASES[case]
    with Simulator(release="9.14.1", scenario=scenario) as simulator:
        result, warnings = call("akv_preflight_info", simulator.connection, {"svm": "vs0"})
    assert not result["failed"], result["msg"]
    assert warnings == []
    # A key-store has a state from 9.16.1 on.
    more = {"key_store_state": "unknown"} if name in ("vault", "key_manager") else {}
    assert _statuses(result) == {**dict.fromkeys(NAMES, "ok"), **more, name: status}
    assert [part for part in says if part not in _messages(result)[name]] == []
    assert result["ready"] == (status != "failed")
    assert name in result["msg"]
    counts = dict.fromkeys(("ok", "failed", "warning", "unknown"), 0)
    assert result["summary"] == {**counts, **Counter(_statuses(result).values())}


def test_a_cluster_that_is_ready() -> None:
    with Simulator(release="9.14.1") as simulator:
        result, warnings = call("akv_preflight_info", simulator.connection, {"svm": "vs0"}, check_mode=True)
        assert result["requests"] == seen(simulator)
    assert (result["changed"], result["ready"], warnings) == (False, True, [])
    assert [check["name"] for check in result["checks"]] == NAMES
    assert result["summary"] == {"ok": 14, "failed": 0, "warning": 0, "unknown": 0}
    assert result["msg"] == "SVM vs0 on 127.0.0.1 is ready for an Azure Key Vault."
    # One question to each endpoint, and none about vaults where the key-stores name none.
    assert len(result["requests"]) == len({request["path"] for request in result["requests"]}) == 10
    assert {request["method"] for request in result["requests"]} == {"GET"}


def test_the_clusters_own_vault() -> None:
    scenario = {"cluster": {"dns": {"servers": []}}, "volumes": [VOLUME], "key_managers": [MANAGER]}
    with Simulator(release="9.14.1", scenario=scenario) as simulator:
        result, _warnings = call("akv_preflight_info", simulator.connection, {"scope": "cluster"})
        assert "/api/svm/svms" not in {request["path"] for request in simulator.requests}
    statuses = _statuses(result)
    assert list(statuses) == [name for name in NAMES if name not in ("svm", "route")]
    # An SVM may have a key manager of its own, which serves the volume.
    assert {name: status for name, status in statuses.items() if status != "ok"} == {
        "dns": "failed",
        "encrypted_volumes": "warning",
    }
    assert result["msg"].startswith("The cluster 127.0.0.1 is not ready")


@pytest.mark.parametrize("whose", [{"svm": "vs9"}, {"svm_uuid": "4f7abf4c-9a07-11ea-8d52-005056bbebff"}])
def test_no_such_svm(whose: Values) -> None:
    with Simulator(release="9.14.1") as simulator:
        result, _warnings = call("akv_preflight_info", simulator.connection, whose)
    assert not result["ready"]
    assert list(_statuses(result)) == NAMES[: NAMES.index("svm") + 1]
    assert _statuses(result)["svm"] == "failed"
    assert "does not exist" in result["msg"]
    assert "vs0" in result["msg"]


def test_by_uuid() -> None:
    with Simulator(release="9.14.1") as simulator:
        result, _warnings = call(
            "akv_preflight_info", simulator.connection, {"svm_uuid": "4f7abf4c-9a07-11ea-8d52-005056bbeba5"}
        )
    assert result["ready"]


def test_the_first_release_reports_less() -> None:
    scenario: Values = {"key_managers": [MANAGER], "vaults": [{"svm": "vs1"}]}
    with Simulator(release="9.7", scenario=scenario) as simulator:
        result, _warnings = call("akv_preflight_info", simulator.connection, {"svm": "vs0"})
        other, _warnings = call("akv_preflight_info", simulator.connection, {"svm": "vs1"})
    assert {name for name, status in _statuses(result).items() if status == "unknown"} == {
        *("nodes", "metrocluster", "key_store_state"),
    }
    assert _statuses(result)["key_manager"] == "failed"
    assert "external" in _messages(result)["key_manager"]
    assert _statuses(other)["vault"] == "warning"


@pytest.mark.parametrize("release", ["9.10.1", "9.13.1", "9.16.1", "9.19.1"])
def test_later_releases(release: str) -> None:
    scenario = {"vaults": [{"svm": "vs1"}], "key_managers": [{**MANAGER, "svm": "vs2"}]}
    with Simulator(release=release, scenario=scenario) as simulator:
        found = {
            svm: call("akv_preflight_info", simulator.connection, {"svm": svm})[0] for svm in ("vs0", "vs1", "vs2")
        }
    assert found["vs0"]["summary"]["ok"] == 14
    assert _statuses(found["vs1"])["vault"] == "warning"
    assert _statuses(found["vs2"])["key_manager"] == "failed"


def test_too_old_a_release() -> None:
    version = {"full": "NetApp Release 9.6: …", "generation": 9, "major": 6, "minor": 0}
    faults = [
        {"match": {"path": "/api/cluster", "times": 0}, "body": {"json": {"version": version}}},
        {"match": {"path": "/api/security/*", "times": 0}, "error": {"code": 3, "status": 404}},
    ]
    with Simulator(release="9.7", scenario={"faults": faults}) as simulator:
        result, _warnings = call("akv_preflight_info", simulator.connection, {"svm": "vs0"})
    assert not result["failed"], result["msg"]
    assert _statuses(result)["release"] == "failed"
    assert {_statuses(result)[name] for name in ("vault", "key_manager")} == {"unknown"}
    assert "runs ONTAP 9.6; Azure Key Vault needs 9.7 or later" in result["msg"]


def test_no_rest_api_at_all() -> None:
    with Simulator(release="9.7", scenario={"cluster": {"rest": False, "zapi_version": "9.5"}}) as simulator:
        result, _warnings = call("akv_preflight_info", simulator.connection, {"svm": "vs0"})
    assert result["failed"]
    assert "9.5" in result["msg"]


@pytest.mark.parametrize("status", [400, 403, 404, 500])
def test_an_endpoint_that_does_not_answer_leaves_its_checks_unknown(status: int) -> None:
    faults = [{"match": {"path": "/api/cluster/nodes", "times": 0}, "http": {"status": status, "text": "no"}}]
    with Simulator(release="9.14.1", scenario={"faults": faults}) as simulator:
        result, _warnings = call("akv_preflight_info", simulator.connection, {"svm": "vs0", "retries": 0})
    assert not result["failed"], result["msg"]
    unknown = {name for name, reported in _statuses(result).items() if reported == "unknown"}
    assert unknown == {"nodes", "nodes_release"}
    assert f"{status}" in _messages(result)["nodes"]


@pytest.mark.parametrize("options", [{"username": "nobody"}, {"http_port": 9}])
def test_nobody_to_ask_is_a_failure(options: Values) -> None:
    with Simulator() as simulator:
        result, _warnings = call("akv_preflight_info", simulator.connection, {"svm": "vs0", "retries": 0, **options})
    assert result["failed"]
    assert result["outcome"] == "unchanged"
    assert len(result["requests"]) == 1


OKM: Values = {"type": "onboard", "scope": "cluster"}


@pytest.mark.parametrize(
    ("release", "managers", "status", "says"),
    [
        ("9.7", [OKM], "failed", ["onboard of the cluster", "65537505"]),
        ("9.10.1", [OKM], "failed", ["okm of the cluster", "then migrate", "65537505", "SnapMirror"]),
        ("9.16.1", [OKM], "failed", ["try an inactive configuration"]),
        ("9.19.1", [OKM], "warning", ["Create an inactive AKV configuration"]),
        ("9.14.1", [{"type": "external", "scope": "cluster"}], "failed", ["kmip of the cluster", "65536886"]),
        ("9.17.1", [{"type": "external", "scope": "cluster"}], "failed", ["inactive onboard key manager"]),
        ("9.17.1", [{"type": "barbican", "scope": "cluster"}], "failed", ["barbican of the cluster", "no migration"]),
        ("9.14.1", [MANAGER], "failed", ["the key manager kmip of the SVM", "delete the KMIP configuration"]),
    ],
)
def test_the_way_of_keys(release: str, managers: list[Values], status: str, says: list[str]) -> None:
    with Simulator(release=release, scenario={"key_managers": managers, "volumes": [VOLUME]}) as simulator:
        result, _warnings = call("akv_preflight_info", simulator.connection, {"svm": "vs0"})
    assert _statuses(result)["encrypted_volumes"] == status
    message = _messages(result)["encrypted_volumes"]
    assert [part for part in says if part not in message] == [], message


@pytest.mark.parametrize(
    ("managers", "volumes", "code", "says"),
    [
        ([OKM], [VOLUME], "65537505", ["okm of the cluster", "Create the AKV configuration of the SVM, then migrate"]),
        (
            [MANAGER],
            [],
            "65537500",
            ["has the key manager kmip (", "Migrate the keys to the key manager of the cluster"],
        ),
    ],
)
def test_the_way_in_a_refusal(managers: list[Values], volumes: list[Values], code: str, says: list[str]) -> None:
    options = {
        "svm": "vs0",
        "client_id": "c",
        "tenant_id": "t",
        "client_secret": "not-a-secret-at-all",
        "key_id": "https://a.vault.azure.net/keys/k",
        "name": "https://a.vault.azure.net/",
    }
    with Simulator(release="9.13.1", scenario={"key_managers": managers, "volumes": volumes}) as simulator:
        result, _warnings = call("akv_config", simulator.connection, options)
    assert result["error"]["code"] == code
    assert [part for part in says if part not in result["msg"]] == [], result["msg"]


def test_a_kind_of_key_manager_that_nobody_knows() -> None:
    store = {"uuid": "u", "type": "enigma", "svm": {"name": "vs0", "uuid": "v"}, "enabled": True}
    faults = [{"match": {"path": "/api/security/key-stores", "times": 0}, "body": {"json": {"records": [store]}}}]
    with Simulator(release="9.16.1", scenario={"faults": faults}) as simulator:
        result, _warnings = call("akv_preflight_info", simulator.connection, {"svm": "vs0"})
    assert "already has the key manager enigma (u)" in _messages(result)["key_manager"]
    assert _statuses(result)["key_store_state"] == "unknown"


@pytest.mark.parametrize(
    ("release", "status"),
    [("9.14.1", "warning"), ("9.15.1", "failed"), ("9.16.1", "warning"), ("9.17.1", "failed"), ("9.19.1", "failed")],
)
def test_volumes_with_the_key_of_their_aggregate(release: str, status: str) -> None:
    with Simulator(release=release, scenario={"volumes": [{**VOLUME, "nae": True}]}) as simulator:
        result, _warnings = call("akv_preflight_info", simulator.connection, {"svm": "vs0"})
    assert _statuses(result)["nae_volumes"] == status
    assert "(vol1)" in _messages(result)["nae_volumes"]


@pytest.mark.parametrize(
    ("vault", "status", "says"),
    [
        ({}, "ok", "is active"),
        ({"key_store_state": "mixed"}, "failed", "akv is mixed"),
        ({"key_store_state": "blocked"}, "failed", "repair the credential"),
    ],
)
def test_the_state_of_the_key_store(vault: Values, status: str, says: str) -> None:
    with Simulator(release="9.16.1", scenario={"vaults": [{"svm": "vs0", **vault}]}) as simulator:
        result, _warnings = call("akv_preflight_info", simulator.connection, {"svm": "vs0"})
    assert _statuses(result)["key_store_state"] == status
    assert says in _messages(result)["key_store_state"]


@pytest.mark.parametrize("status", [403, 404])
@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/api/cluster/software", {"upgrade"}),
        ("/api/network/ip/interfaces", {"route"}),
        ("/api/network/ip/routes", {"route"}),
        ("/api/security/key-stores", {"key_manager", "key_store_state"}),
        ("/api/storage/volumes", {"encrypted_volumes", "nae_volumes"}),
    ],
)
def test_a_reading_that_is_refused(status: int, path: str, names: set[str]) -> None:
    faults = [{"match": {"path": path, "times": 0}, "http": {"status": status, "text": "no"}}]
    with Simulator(release="9.16.1", scenario={"faults": faults}) as simulator:
        result, _warnings = call("akv_preflight_info", simulator.connection, {"svm": "vs0"})
    assert {name for name, each in _statuses(result).items() if each == "unknown"} == names
