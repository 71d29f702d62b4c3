# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each example of the 9.7 reference, request and answer, word for word."""

from __future__ import annotations

import pytest

SVM = "4f7abf4c-9a07-11ea-8d52-005056bbeba5"
CLUSTER_VAULT = "85619643-9a06-11ea-8d52-005056bbeba5"
SVM_VAULT = "024cd3cf-9a08-11ea-8d52-005056bbeba5"
JOB = "6ab6946f-9a0c-11ea-8d52-005056bbeba5"
PATH = "/api/security/azure-key-vaults"
SETTINGS = {
    "client_id": "client1",
    "tenant_id": "tenant1",
    "name": "https://mykeyvault.azure.vault.net/",
    "key_id": "https://keyvault-test.vault.azure.net/keys/key1/a8e619fd8f234db3b0b95c59540e2a74",
}
AVAILABLE = {"cluster_state": True, "message": "", "code": 0}


def links(uuid):
    return {"self": {"href": f"{PATH}/{uuid}"}}


@pytest.fixture
def cluster(start):
    return start("9.7", {"next_uuids": {"vaults": [CLUSTER_VAULT, SVM_VAULT], "jobs": [JOB]}})


@pytest.fixture
def both_created(cluster):
    """A cluster with the reference's two vaults, created as the reference creates them."""
    reply = cluster.call(
        "POST",
        f"{PATH}?return_records=true",
        headers={"accept": "application/hal+json"},
        json={**SETTINGS, "client_secret": "myclientPwd"},
    )
    assert reply.status_code == 201
    assert reply.headers["Location"] == f"{PATH}/{CLUSTER_VAULT}"
    assert reply.json() == {
        "num_records": 1,
        "records": [{"uuid": CLUSTER_VAULT, **SETTINGS, "_links": links(CLUSTER_VAULT)}],
    }
    reply = cluster.call(
        "POST",
        f"{PATH}?return_records=true",
        json={"svm": {"uuid": SVM}, **SETTINGS, "client_secret": "myclientPwd"},
    )
    assert reply.status_code == 201
    assert reply.json() == {
        "num_records": 1,
        "records": [
            {"uuid": SVM_VAULT, "svm": {"uuid": SVM, "name": "vs0"}, **SETTINGS, "_links": links(SVM_VAULT)},
        ],
    }
    return cluster


def test_retrieve_all(both_created):
    reply = both_created.call("GET", f"{PATH}?fields=*")
    assert reply.headers["Content-Type"] == "application/hal+json"
    assert reply.json() == {
        "records": [
            {
                "uuid": SVM_VAULT,
                "scope": "svm",
                "svm": {"uuid": SVM, "name": "vs0"},
                **SETTINGS,
                "state": AVAILABLE,
                "_links": links(SVM_VAULT),
            },
            {
                "uuid": CLUSTER_VAULT,
                "scope": "cluster",
                **SETTINGS,
                "state": AVAILABLE,
                "_links": links(CLUSTER_VAULT),
            },
        ],
        "num_records": 2,
        "_links": {"self": {"href": f"{PATH}?fields=*"}},
    }


def test_retrieve_one(both_created):
    assert both_created.call("GET", f"{PATH}/{CLUSTER_VAULT}?fields=*").json() == {
        "uuid": CLUSTER_VAULT,
        "scope": "cluster",
        **SETTINGS,
        "state": AVAILABLE,
        "_links": links(CLUSTER_VAULT),
    }


def test_update_the_secret(both_created):
    # As curl -d sends it: JSON without saying so.
    reply = both_created.call("PATCH", f"{PATH}/{CLUSTER_VAULT}", data='{"client_secret": "newSecret"}')
    assert (reply.status_code, reply.json()) == (200, {})
    assert both_created.sim.secret_of(CLUSTER_VAULT) == "newSecret"
    assert both_created.sim.secret_of(SVM_VAULT) == "myclientPwd"


def test_delete(both_created):
    reply = both_created.call("DELETE", f"{PATH}/{CLUSTER_VAULT}")
    assert (reply.status_code, reply.json()) == (200, {})
    assert [vault["uuid"] for vault in both_created.sim.vaults()] == [SVM_VAULT]


def test_restore(both_created):
    reply = both_created.call("POST", f"{PATH}/{CLUSTER_VAULT}/restore")
    assert reply.status_code == 202
    assert reply.json() == {"job": {"uuid": JOB, "_links": {"self": {"href": f"/api/cluster/jobs/{JOB}"}}}}


def test_an_unavailable_state_reads_as_in_the_schema(both_created):
    both_created.sim.apply([{"lose_keys": {"svm": "vs0", "nodes": ["node1", "node2"]}}])
    state = both_created.get(f"/security/azure-key-vaults/{SVM_VAULT}")["state"]
    assert state == {
        "cluster_state": False,
        "code": 346758,
        "message": "AKV key protection is unavailable in following nodes - node1, node2.",
    }


def test_the_error_envelope(cluster):
    reply = cluster.call("GET", f"{PATH}/{SVM}")
    assert reply.status_code == 404
    assert reply.json() == {"error": {"message": "entry doesn't exist", "code": "4", "target": "uuid"}}
