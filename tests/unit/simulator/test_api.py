# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a client meets on release 9.7, apart from the reference's own examples."""

from __future__ import annotations

import pytest
import requests

from simulator.client import CREATE, VAULTS

NOWHERE = "00000000-0000-0000-0000-000000000000"
THREE = {"vaults": [{"svm": "vs*", "client_id": "app"}, {"scope": "cluster", "client_id": "other"}]}


# --- reading ---


def test_links_are_left_out_for_who_accepts_json_alone(start):
    cluster = start(scenario={**THREE, "jobs": {"queued": 5}})
    reported = cluster.call("GET", f"/api{VAULTS}?max_records=1&fields=*", headers={"Accept": "application/json"})
    assert reported.headers["Content-Type"] == "application/json"
    assert list(reported.json()["_links"]) == ["next"]
    assert "_links" not in reported.json()["records"][0]
    uuid = reported.json()["records"][0]["uuid"]
    job = cluster.post(path=f"{VAULTS}/{uuid}/restore", headers={"Accept": "application/json"}).json()["job"]
    assert job["_links"]["self"]["href"] == f"/api/cluster/jobs/{job['uuid']}"


@pytest.mark.parametrize(
    ("method", "path", "refusal"),
    [
        ("GET", f"{VAULTS}?nonsense=1", (400, 262179, "nonsense")),
        ("GET", f"{VAULTS}?proxy_host=x", (400, 262179, "proxy_host")),
        ("GET", f"{VAULTS}?fields=azure_reachability", (400, 262197, "fields")),
        ("GET", f"{VAULTS}?client_secret=x", (400, 262202, "client_secret")),
        ("POST", f"{VAULTS}?client_secret=x", (400, 262202, "client_secret")),
        ("PATCH", f"{VAULTS}/{NOWHERE}?client_secret=x", (400, 262202, "client_secret")),
        ("POST", f"{VAULTS}?svm.name=vs0", (400, 262211, "svm.name")),
        ("POST", f"{VAULTS}?create_inactive=true", (400, 262179, "create_inactive")),
        ("GET", f"{VAULTS}/{NOWHERE}", (404, 4, "uuid")),
        ("GET", f"{VAULTS}/{NOWHERE}?svm.name=vs0", (400, 262179, "svm.name")),
        ("GET", "/security/key-stores", (404, 3, None)),
        ("POST", f"{VAULTS}/{NOWHERE}/rekey-internal", (404, 3, None)),
        ("POST", f"{VAULTS}/{NOWHERE}/rekey-external", (404, 3, None)),
        ("DELETE", VAULTS, (400, 262177, None)),
    ],
)
def test_a_call_that_is_refused(start, method, path, refusal):
    assert start("9.7").refused(method, path) == refusal


# --- creating ---


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"nonsense": 1}, (400, 262179, "nonsense")),
        ({"svm": {"nonsense": 1}}, (400, 262179, "svm.nonsense")),
        ({"proxy_host": "p"}, (400, 262179, "proxy_host")),
        ({"client_id": 7}, (400, 262197, "client_id")),
        ({"scope": "svm"}, (400, 262196, "scope")),
        ({"client_id": None}, (400, 262212, "client_id")),
        ({"tenant_id": ""}, (400, 262245, "tenant_id")),
        ({"client_secret": None}, (400, 262212, "client_secret")),
        ({"client_secret": ""}, (400, 65537517, "client_secret")),
        ({"svm": {"name": "vs9"}}, (404, 2621462, "svm.name")),
        ({"svm": {"uuid": NOWHERE}}, (404, 2621462, "svm.uuid")),
        (
            {"svm": {"name": "vs1", "uuid": "4f7abf4c-9a07-11ea-8d52-005056bbeba5"}},
            (400, 2621706, "svm.uuid"),
        ),
    ],
)
def test_a_create_that_is_refused(start, change, refusal):
    client = start("9.7")
    assert client.refused("POST", VAULTS, json={**CREATE, **change}) == refusal
    assert client.sim.vaults() == []


@pytest.mark.parametrize("missing", CREATE)
def test_a_create_without_what_it_needs(start, missing):
    body = {name: value for name, value in CREATE.items() if name != missing}
    assert start("9.7").refused("POST", VAULTS, json=body) == (400, 262212, missing)


def test_a_secret_is_never_reported(start):
    client = start("9.7")
    reply = client.post({**CREATE, "client_secret": "canary-1"}, params={"return_records": "true"})
    uuid = reply.json()["records"][0]["uuid"]
    seen = [reply.text]
    for path in (f"{VAULTS}?fields=**", f"{VAULTS}/{uuid}?fields=**"):
        seen.append(client.call("GET", "/api" + path).text)
    seen.append(client.call("GET", "/simulator/vaults").text)
    seen.append(client.call("POST", f"/api{VAULTS}", json={**CREATE, "client_secret": "canary-1"}).text)
    assert not [text for text in seen if "canary" in text]
    assert client.sim.secret_of(uuid) == "canary-1"


# --- changing, deleting ---


def test_only_the_secret_can_be_patched(start):
    client = start("9.7", {"vaults": [{"svm": "vs0", "uuid": "u", "client_secret": "old"}]})
    path = f"{VAULTS}/u"
    for name in ("name", "key_id", "client_id", "tenant_id", "scope", "uuid"):
        assert client.refused("PATCH", path, json={"client_secret": "x", name: "y"}) == (400, 262196, name)
    assert client.refused("PATCH", path, json={}) == (400, 65537517, "client_secret")
    assert client.refused("PATCH", path, json={"client_secret": ""}) == (400, 65537517, "client_secret")
    assert client.refused("PATCH", path, json={"new_client_secret": "x"}) == (400, 262179, "new_client_secret")
    assert client.sim.secret_of("u") == "old"


@pytest.mark.parametrize(
    ("setting", "refusal"), [({}, (404, 65537511, "uuid")), ({"unknown_uuid": "entry"}, (404, 4, "uuid"))]
)
def test_a_change_of_what_is_not_there(start, setting, refusal):
    client = start("9.7", {"cluster": setting})
    assert client.refused("PATCH", f"{VAULTS}/{NOWHERE}", json={"client_secret": "x"}) == refusal
    assert client.refused("DELETE", f"{VAULTS}/{NOWHERE}") == refusal
    assert client.refused("POST", f"{VAULTS}/{NOWHERE}/restore") == refusal


def test_dot_segments_reach_the_parent_and_encoded_ones_do_not(start):
    client = start("9.7", THREE)
    request = client.session.prepare_request(requests.Request("DELETE", client.base))
    request.url = f"{client.base}/api{VAULTS}/x/%2E%2E?scope=svm"
    assert client.session.send(request).status_code == 404
    request.url = f"{client.base}/api{VAULTS}/x/..?scope=svm"
    assert client.session.send(request).json() == {"num_records": 3}


# --- the state ---


def state(client, uuid="u"):
    return client.get(f"{VAULTS}/{uuid}?fields=state")["state"]


def test_a_state_that_settles_after_some_readings(start):
    client = start("9.7", {"cluster": {"state_settles_after": {"reads": 2}}})
    uuid = client.create(svm={"name": "vs0"})
    client.get(f"{VAULTS}/{uuid}?fields=name")
    assert [state(client, uuid)["cluster_state"] for _reading in range(4)] == [False, False, True, True]
