# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Key managers of all kinds, and which of them holds which key: before, during and after a migration."""

from __future__ import annotations

import pytest

from simulator import Simulator
from simulator.client import CREATE
from simulator.shapes import ScenarioError

OKM = {"type": "onboard", "scope": "cluster", "uuid": "okm"}
SCENARIO = {
    "key_managers": [OKM],
    "vaults": [{"svm": "vs0", "uuid": "akv"}],
    "volumes": [{"svm": "vs0", "name": "v{}", "count": 3, "keys_with_admin": True}],
}


def keys(client, manager, node="node1"):
    """The volume keys that a key manager holds, as one node sees them."""
    nodes = {record["name"]: record["uuid"] for record in client.records("/cluster/nodes")}
    path = f"/security/key-managers/{manager}/keys/{nodes[node]}/key-ids?key_type=!svm_kek"
    return {record["key_id"] for record in client.records(path)}


def volume_keys(client):
    volumes = client.records("/storage/volumes?fields=encryption.key_id")
    return {volume["encryption"]["key_id"] for volume in volumes}


def migrate(client, source, destination):
    path = f"/security/key-managers/{source}/migrate?return_timeout=5"
    assert client.post({"uuid": destination}, path).status_code == 201


def state(client):
    (store,) = client.records("/security/key-stores?fields=state&type=akv")
    return store["state"]


def test_a_migration_forth_and_back(start):
    client = start("9.16.1", SCENARIO)
    every = volume_keys(client)
    assert len(every) == 3
    assert (keys(client, "okm"), keys(client, "akv"), state(client)) == (every, set(), "mixed")
    migrate(client, "okm", "akv")
    assert (keys(client, "okm"), keys(client, "akv"), state(client)) == (set(), every, "active")
    migrate(client, "akv", "okm")
    assert (keys(client, "okm"), keys(client, "akv")) == (every, set())
    assert volume_keys(client) == every


def test_a_key_in_both(start):
    volumes = [{"svm": "vs0", "name": "v", "keys_with_both": True, "key_id": "k"}]
    client = start("9.16.1", {**SCENARIO, "volumes": volumes})
    assert (keys(client, "okm"), keys(client, "akv"), state(client)) == ({"k"}, {"k"}, "mixed")


def test_keys_stay_where_they_are_when_the_svm_gets_a_vault(start):
    volumes = [{"svm": "vs0", "name": "v", "encrypted": True, "key_id": "k"}]
    client = start("9.18.1", {"key_managers": [OKM], "volumes": volumes})
    assert client.post({**CREATE, "svm": {"name": "vs0"}}).json()["error"]["code"] == "65537505"
    client = start("9.19.1", {"key_managers": [OKM], "volumes": volumes})
    client.create(svm={"name": "vs0"})
    assert (keys(client, "okm"), state(client)) == ({"k"}, "mixed")


def test_what_does_not_answer(start):
    client = start("9.16.1", {**SCENARIO, "cluster": {"akv_key_ids": False}})
    node1, node2 = sorted(client.records("/cluster/nodes"), key=lambda record: record["name"])
    path = "/security/key-managers/{}/keys/{}/key-ids"
    assert client.refused("GET", path.format("akv", node1["uuid"]))[1] == 65537125
    assert client.refused("GET", path.format("okm", "nothing"))[0] == 404
    client.sim.apply([{"node": {"name": "node2", "healthy": False}}])
    assert client.refused("GET", path.format("okm", node2["uuid"]))[1] == 393271
    assert len(keys(client, "okm")) == 3
    client = start("9.10.1", SCENARIO)
    assert client.refused("GET", path.format("okm", node1["uuid"]))[0] == 404


def test_a_key_that_a_node_lacks(start):
    client = start("9.12.1", {**SCENARIO, "volumes": [{"svm": "vs0", "name": "v", "encrypted": True, "key_id": "k"}]})
    client.sim.apply([{"lose_keys": {"svm": "vs0", "nodes": ["node2"]}}])
    nodes = {record["name"]: record["uuid"] for record in client.records("/cluster/nodes")}
    for name, restored in (("node1", True), ("node2", False)):
        path = f"/security/key-managers/akv/keys/{nodes[name]}/key-ids?key_id=k&fields=*"
        (record,) = client.records(path)
        told = (record["key_store_type"], record["key_type"], record["key_user"], record["restored"])
        assert told == ("akv", "vek", "vs0", restored)


@pytest.mark.parametrize(
    ("release", "manager", "says"),
    [
        ("9.16.1", {"type": "barbican", "scope": "cluster"}, "9.16.1 has no key manager of the type barbican for the"),
        ("9.19.1", {"type": "onboard", "svm": "vs0"}, "of the type onboard for an SVM"),
        ("9.9.1", {"type": "aws", "svm": "vs0"}, "of the type aws for an SVM"),
        ("9.9.1", {"type": "teapot", "svm": "vs0"}, "teapot"),
    ],
)
def test_a_kind_that_the_release_lacks(release, manager, says):
    with pytest.raises(ScenarioError, match=says):
        Simulator(release=release, scenario={"key_managers": [manager]})


def test_a_kind_that_only_key_stores_list(start):
    client = start(
        "9.17.1", {"key_managers": [{"type": "barbican", "scope": "cluster"}, {"type": "external", "svm": "vs0"}]}
    )
    assert {record["type"] for record in client.records("/security/key-stores?fields=type")} == {"barbican", "kmip"}
    assert len(client.records("/security/key-managers")) == 1
