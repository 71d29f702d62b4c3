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


def test_keys_stay_where_they_are_when_the_svm_gets_a_vault(start):
    volumes = [{"svm": "vs0", "name": "v", "encrypted": True, "key_id": "k"}]
    client = start("9.18.1", {"key_managers": [OKM], "volumes": volumes})
    assert client.post({**CREATE, "svm": {"name": "vs0"}}).json()["error"]["code"] == "65537505"
    client = start("9.19.1", {"key_managers": [OKM], "volumes": volumes})
    client.create(svm={"name": "vs0"})
    assert (keys(client, "okm"), state(client)) == ({"k"}, "mixed")


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
