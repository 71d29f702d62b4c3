# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""akv_info with keys: who holds which key, before, during and after a migration; what is not proven is unknown."""

from __future__ import annotations

import typing as t

import pytest
from integration.running import Values, call

from simulator import Simulator, key_stores
from simulator.client import Client

OKM: Values = {"type": "onboard", "scope": "cluster", "uuid": "0000000a-0000-0000-0000-000000000001"}
AKV: Values = {"svm": "vs0", "uuid": "0000000a-0000-0000-0000-000000000002"}
NAME = "https://mykeyvault.vault.azure.net/"


def _scenario(*volumes: Values, **more: t.Any) -> Values:
    named = [{"svm": "vs0", "name": f"vol{number}", **volume} for number, volume in enumerate(volumes)]
    quick = {"queued": 0, "running": 0.02}
    return {"key_managers": [OKM], "vaults": [AKV], "volumes": named, "jobs": quick, **more}


HERE: Values = {"encrypted": True}
ADMIN: Values = {"keys_with_admin": True}
BOTH: Values = {"keys_with_both": True}


def _keys(simulator: Simulator, options: Values | None = None) -> Values:
    options = {"svm": "vs0", "keys": True, "retries": 0, **(options or {})}
    result, _warnings = call("akv_info", simulator.connection, options)
    assert not result["failed"], result["msg"]
    found: Values = result["vaults"][0]["keys"]
    return found


def _numbers(keys: Values) -> list[int]:
    return [keys[name] for name in ("held_here", "held_elsewhere", "held_by_both", "unknown")]


@pytest.mark.parametrize("release", ["9.11.1", "9.12.1", "9.14.1", "9.16.1", "9.19.1"])
def test_a_migration_by_hand_forth_and_back(release: str) -> None:
    with Simulator(release=release, scenario=_scenario(ADMIN, ADMIN)) as simulator:
        client = Client(simulator.connection)

        def migrate(source: str, destination: str) -> None:
            path = f"/security/key-managers/{source}/migrate?return_timeout=10"
            assert client.post({"uuid": destination}, path).ok

        before = _keys(simulator)
        assert _numbers(before) == [0, 2, 0, 0]
        assert before["volumes_elsewhere"] == ["vol0", "vol1"]
        migrate(OKM["uuid"], AKV["uuid"])
        assert _keys(simulator) == {
            "held_here": 2,
            "held_elsewhere": 0,
            "held_by_both": 0,
            "unknown": 0,
            "volumes_elsewhere": [],
        }
        migrate(AKV["uuid"], OKM["uuid"])
        assert _keys(simulator) == before


def test_during_a_migration() -> None:
    with Simulator(release="9.16.1", scenario=_scenario(HERE, ADMIN, BOTH, BOTH)) as simulator:
        assert _numbers(_keys(simulator)) == [1, 1, 2, 0]
        result, _warnings = call("akv_info", simulator.connection, {"keys": True})
    assert "Volume keys: 1 held here, 1 held elsewhere, 2 held by both." in result["msg"]
    assert "volumes" not in result


def test_an_older_release_cannot_tell() -> None:
    with Simulator(release="9.10.1", scenario=_scenario(HERE, ADMIN)) as simulator:
        keys = _keys(simulator)
        assert not [each for each in simulator.requests if "key-ids" in each["path"]]
    assert _numbers(keys) == [0, 0, 0, 2]
    assert keys["volumes_elsewhere"] == []
    assert "9.11.1 and later" in keys["reason"]


def test_an_svm_without_encrypted_volumes() -> None:
    with Simulator(release="9.16.1", scenario=_scenario()) as simulator:
        assert _numbers(_keys(simulator)) == [0, 0, 0, 0]


@pytest.mark.parametrize("status", [403, 404, 500])
@pytest.mark.parametrize(
    "path",
    [
        "/api/cluster/nodes",
        "/api/security/key-stores",
        f"/api/security/key-managers/{AKV['uuid']}/*",
        f"/api/security/key-managers/{OKM['uuid']}/*",
    ],
)
def test_what_does_not_answer_makes_keys_unknown(status: int, path: str) -> None:
    faults = [{"match": {"path": path, "times": 0}, "http": {"status": status, "text": "no"}}]
    with Simulator(release="9.16.1", scenario=_scenario(HERE, ADMIN, BOTH, faults=faults)) as simulator:
        keys = _keys(simulator)
    assert _numbers(keys) == [0, 0, 0, 3]
    assert keys["volumes_elsewhere"] == []
    assert str(status) in keys["reason"]


def test_a_node_that_does_not_answer() -> None:
    nodes = [{"name": "node1"}, {"name": "node2", "healthy": False}]
    with Simulator(release="9.16.1", scenario=_scenario(HERE, ADMIN, BOTH, nodes=nodes)) as simulator:
        keys = _keys(simulator)
    assert _numbers(keys) == [0, 0, 1, 2]
    assert keys["volumes_elsewhere"] == []
    assert "node2" in keys["reason"]


def test_a_release_without_key_ids_of_akv() -> None:
    with Simulator(release="9.16.1", scenario=_scenario(HERE, ADMIN, cluster={"akv_key_ids": False})) as simulator:
        keys = _keys(simulator)
    assert _numbers(keys) == [0, 0, 0, 2]
    assert "65537125" in keys["reason"]


@pytest.mark.parametrize("status", [403, 404])
def test_volumes_that_cannot_be_read(status: int) -> None:
    faults = [{"match": {"path": "/api/storage/volumes", "times": 0}, "http": {"status": status, "text": "no"}}]
    with Simulator(release="9.16.1", scenario=_scenario(HERE, faults=faults)) as simulator:
        assert _keys(simulator) == {"volumes_elsewhere": [], "reason": "The encrypted volumes could not be read."}


def test_volumes_that_are_offline_or_change() -> None:
    volumes = [{**ADMIN, "state": "offline"}, {**ADMIN, "encryption_state": "rekeying"}]
    volumes.append({**ADMIN, "encryption_state": "encrypting"})
    with Simulator(release="9.16.1", scenario=_scenario(*volumes)) as simulator:
        keys = _keys(simulator)
    assert _numbers(keys) == [0, 1, 0, 2]
    assert keys["volumes_elsewhere"] == ["vol0"]


def test_a_thousand_keys_in_pages_and_a_node_that_does_not_answer() -> None:
    """The keys that another key manager provably lists are known; those of AKV are not, as one node did not answer."""
    nodes = [{"name": f"node{number}"} for number in range(3)]
    many = [{**HERE, "name": "here{}", "count": 600}, {**BOTH, "name": "both{}", "count": 400}]
    scenario = _scenario(*many, cluster={"page_limit": 100}, nodes=nodes)
    with Simulator(release="9.16.1", scenario=scenario) as simulator:
        assert _numbers(_keys(simulator)) == [600, 0, 400, 0]
        simulator.apply([{"node": {"name": "node2", "healthy": False}}])
        keys = _keys(simulator)
        assert _numbers(keys) == [0, 0, 400, 600]
        assert "node2" in keys["reason"]
        pages = [seen for seen in simulator.requests if "key-ids" in seen["path"]]
        assert len(pages) > 2 * 2 * 10


def test_many_keys_in_pages() -> None:
    scenario = _scenario({**HERE, "name": "many{}", "count": 300}, ADMIN, cluster={"page_limit": 40})
    with Simulator(release="9.16.1", scenario=scenario) as simulator:
        assert _numbers(_keys(simulator)) == [300, 1, 0, 0]


def test_several_svms_and_fields() -> None:
    scenario = _scenario(HERE, ADMIN, {**HERE, "svm": "vs1"}, vaults=[AKV, {"svm": "vs1"}])
    with Simulator(release="9.16.1", scenario=scenario) as simulator:
        result, _warnings = call("akv_info", simulator.connection, {"keys": True, "fields": ["name"]})
    found = {vault["svm"]["name"]: _numbers(vault["keys"]) for vault in result["vaults"]}
    assert found == {"vs0": [1, 1, 0, 0], "vs1": [1, 0, 0, 0]}


def test_the_clusters_own() -> None:
    scenario = {"vaults": [{"scope": "cluster"}, {"svm": "vs1"}]}
    volumes = [{"svm": svm, "name": "vol", "encrypted": True} for svm in ("vs0", "vs1")]
    with Simulator(release="9.14.1", scenario={**scenario, "volumes": volumes}) as simulator:
        keys = _keys(simulator, {"svm": None, "scope": "cluster"})
    assert _numbers(keys) == [1, 1, 0, 0]
    assert keys["volumes_elsewhere"] == ["vs1/vol"]


@pytest.mark.parametrize(
    ("release", "volumes", "allowed"),
    [
        ("9.11.1", [ADMIN], True),
        ("9.16.1", [ADMIN], True),
        ("9.19.1", [ADMIN, ADMIN], True),
        ("9.16.1", [ADMIN, BOTH], False),
        ("9.16.1", [ADMIN, HERE], False),
        ("9.14.1", [ADMIN, HERE], False),
        ("9.16.1", [{**ADMIN, "encryption_state": "rekeying"}], False),
        ("9.10.1", [ADMIN], False),
    ],
)
@pytest.mark.parametrize("check_mode", [True, False])
def test_a_delete_before_the_migration(release: str, volumes: list[Values], allowed: bool, check_mode: bool) -> None:
    """The way back while every key is with the other key manager: from 9.16.1 the state of the key-store is mixed."""
    options = {"svm": "vs0", "name": NAME, "state": "absent"}
    with Simulator(release=release, scenario=_scenario(*volumes)) as simulator:
        result, _warnings = call("akv_config", simulator.connection, options, check_mode=check_mode)
        assert result["failed"] is not (allowed or (release == "9.10.1" and not check_mode)), result["msg"]
        gone = not check_mode and not result["failed"]
        assert len(simulator.vaults()) == int(not gone)


@pytest.mark.parametrize(
    "path", ["/api/security/key-managers/*/keys/*/key-ids", "/api/cluster/nodes", "/api/storage/volumes"]
)
@pytest.mark.parametrize("status", [403, 404, 500])
def test_a_mixed_key_store_is_not_deleted_without_proof(path: str, status: int) -> None:
    faults = [{"match": {"path": path, "times": 0}, "http": {"status": status, "text": "no"}}]
    options = {"svm": "vs0", "name": NAME, "state": "absent", "retries": 0}
    with Simulator(release="9.16.1", scenario=_scenario(ADMIN, faults=faults)) as simulator:
        result, _warnings = call("akv_config", simulator.connection, options)
        assert result["failed"]
        assert "in state mixed" in result["msg"]
        assert len(simulator.vaults()) == 1


def test_a_key_that_is_not_named_may_be_any() -> None:
    """A record without key_id is not an empty list: nothing is proven to be elsewhere."""
    path = f"/api/security/key-managers/{AKV['uuid']}/keys/*/key-ids"
    faults = [{"match": {"path": path, "times": 0}, "body": {"json": {"records": [{"key_type": "vek"}]}}}]
    options = {"svm": "vs0", "name": NAME, "state": "absent"}
    with Simulator(release="9.16.1", scenario=_scenario(ADMIN, faults=faults)) as simulator:
        keys = _keys(simulator)
        assert (_numbers(keys), keys["volumes_elsewhere"]) == ([0, 0, 0, 1], [])
        assert "without its key_id" in keys["reason"]
        result, _warnings = call("akv_config", simulator.connection, options)
        assert "in state mixed" in result["msg"]
        assert len(simulator.vaults()) == 1


def test_a_mixed_key_store_is_not_deleted_while_a_node_does_not_answer() -> None:
    nodes = [{"name": "node1"}, {"name": "node2", "healthy": False}]
    options = {"svm": "vs0", "name": NAME, "state": "absent"}
    with Simulator(release="9.16.1", scenario=_scenario(ADMIN, nodes=nodes)) as simulator:
        result, _warnings = call("akv_config", simulator.connection, options)
        assert "in state mixed" in result["msg"]
        assert len(simulator.vaults()) == 1


@pytest.mark.parametrize("release", ["9.11.1", "9.13.1", "9.19.1"])
def test_a_kind_that_we_do_not_know_ends_no_listing(release: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The vendor's client of 9.13.1 ends a listing there, and says nothing."""
    real = key_stores.type_of
    monkeypatch.setattr(key_stores, "type_of", lambda store: real(store).replace("kmip", "quantum"))
    others = [{"type": "external", "svm": f"vs{number}"} for number in (1, 2)]
    scenario = _scenario(HERE, ADMIN, svms=[{"name": f"vs{number}"} for number in range(3)])
    with Simulator(release=release, scenario={**scenario, "key_managers": [OKM, *others]}) as simulator:
        for max_records in (1, 100):
            assert _numbers(_keys(simulator, {"max_records": max_records})) == [1, 1, 0, 0]
        result, _warnings = call("akv_preflight_info", simulator.connection, {"svm": "vs1"})
    assert "quantum" in next(check["message"] for check in result["checks"] if check["name"] == "key_manager")
