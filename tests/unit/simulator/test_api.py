# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a client meets on release 9.7, apart from the reference's own examples."""

from __future__ import annotations

import pytest
import requests

from simulator.client import CREATE, VAULTS

NOWHERE = "00000000-0000-0000-0000-000000000000"
ONE = {"vaults": [{"svm": "vs0", "uuid": "u"}]}
THREE = {"vaults": [{"svm": "vs*", "client_id": "app"}, {"scope": "cluster", "client_id": "other"}]}


def owners(records):
    return sorted(record.get("svm", {}).get("name", "cluster") for record in records)


# --- reading ---


def test_links_are_left_out_for_who_accepts_json_alone(start):
    cluster = start(scenario={**THREE, "jobs": {"queued": 5}})
    told = cluster.call("GET", f"/api{VAULTS}?max_records=1&fields=*", headers={"Accept": "application/json"})
    assert told.headers["Content-Type"] == "application/json"
    assert list(told.json()["_links"]) == ["next"]
    assert "_links" not in told.json()["records"][0]
    uuid = told.json()["records"][0]["uuid"]
    job = cluster.post(path=f"{VAULTS}/{uuid}/restore", headers={"Accept": "application/json"}).json()["job"]
    assert job["_links"]["self"]["href"] == f"/api/cluster/jobs/{job['uuid']}"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["cluster", "vs0", "vs1", "vs2"]),
        ("svm.name=vs0", ["vs0"]),
        ("svm.name=vs0|vs2", ["vs0", "vs2"]),
        ("svm.name=!vs0", ["cluster", "vs1", "vs2"]),
        ("svm.name=null", ["cluster"]),
        ("svm.name=%22vs*%22", []),
        ("svm.uuid=4f7abf4c-9a07-11ea-8d52-005056bbeba5", ["vs0"]),
        ("scope=svm", ["vs0", "vs1", "vs2"]),
        ("client_id=app&svm.name=vs1..vs9", ["vs1", "vs2"]),
        ("tenant_id=tenant*&scope=cluster", ["cluster"]),
        ("name=https://my*", ["cluster", "vs0", "vs1", "vs2"]),
        ("key_id=*/nothing", []),
        ("state.cluster_state=false", ["vs1"]),
        ("state.code=>0", ["vs1"]),
        ("state.message=*node2*", ["vs1"]),
        ("uuid=!null&scope=cluster", ["cluster"]),
    ],
)
def test_every_filter(start, query, found):
    client = start("9.7", {**THREE, "events": [{"lose_keys": {"svm": "vs1", "nodes": ["node2"]}}]})
    reply = client.get(f"{VAULTS}?fields=svm.name&{query}")
    assert owners(reply["records"]) == found
    assert reply["num_records"] == len(found)


@pytest.mark.parametrize(
    ("method", "path", "refusal"),
    [
        ("GET", f"{VAULTS}?nonsense=1", (400, 262179, "nonsense")),
        ("GET", f"{VAULTS}?proxy_host=x", (400, 262179, "proxy_host")),
        ("GET", f"{VAULTS}?fields=azure_reachability", (400, 262197, "fields")),
        ("GET", f"{VAULTS}?fields=client_secret", (400, 262249, "fields")),
        ("GET", f"{VAULTS}?client_secret=x", (400, 262202, "client_secret")),
        ("POST", f"{VAULTS}?client_secret=x", (400, 262202, "client_secret")),
        ("PATCH", f"{VAULTS}/{NOWHERE}?client_secret=x", (400, 262202, "client_secret")),
        ("POST", f"{VAULTS}?svm.name=vs0", (400, 262211, "svm.name")),
        ("POST", f"{VAULTS}?create_inactive=true", (400, 262179, "create_inactive")),
        ("GET", f"{VAULTS}/{NOWHERE}", (404, 4, "uuid")),
        ("GET", f"{VAULTS}/{NOWHERE}?svm.name=vs0", (400, 262179, "svm.name")),
        ("PUT", VAULTS, (405, 3, None)),
        ("POST", f"{VAULTS}/{NOWHERE}", (405, 3, None)),
        ("GET", "/security/nonsense", (404, 3, None)),
        ("GET", "/security/key-stores", (404, 3, None)),
        ("POST", f"{VAULTS}/{NOWHERE}/rekey-internal", (404, 3, None)),
        ("POST", f"{VAULTS}/{NOWHERE}/rekey-external", (404, 3, None)),
        ("PATCH", f"{VAULTS}?", (400, 262177, None)),
        ("DELETE", VAULTS, (400, 262177, None)),
    ],
)
def test_a_call_that_is_refused(start, method, path, refusal):
    assert start("9.7").refused(method, path) == refusal


def test_a_body_where_none_may_be(start):
    client = start("9.7")
    assert client.refused("GET", VAULTS, json={"name": "x"})[:2] == (400, 262198)
    assert client.refused("DELETE", f"{VAULTS}/{NOWHERE}", json={"uuid": "x"})[:2] == (400, 262198)
    # As the vendor's own clients send it.
    assert client.refused("DELETE", f"{VAULTS}/{NOWHERE}", json={})[1] == 65537511


# --- creating ---


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"nonsense": 1}, (400, 262179, "nonsense")),
        ({"nonsense": {"deep": 1}}, (400, 262179, "nonsense")),
        ({"svm": {"nonsense": 1}}, (400, 262179, "svm.nonsense")),
        ({"proxy_host": "p"}, (400, 262179, "proxy_host")),
        ({"client_id": 7}, (400, 262197, "client_id")),
        ({"client_id": ["a"]}, (400, 262255, "client_id")),
        ({"client_id": {"a": 1}}, (400, 262197, "client_id")),
        ({"client_secret": 7}, (400, 262197, "client_secret")),
        ({"svm": "vs0"}, (400, 262197, "svm")),
        ({"scope": "svm"}, (400, 262196, "scope")),
        ({"uuid": "u"}, (400, 262196, "uuid")),
        ({"state": {"code": 0}}, (400, 262196, "state.code")),
        ({"client_id": None}, (400, 262212, "client_id")),
        ({"tenant_id": ""}, (400, 262245, "tenant_id")),
        ({"key_id": " "}, (400, 262245, "key_id")),
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


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"name": "x"', 262199),
        (b"no json", 262199),
        (b"[]", 262255),
        (b'"x"', 262201),
        (b"\xff", 262201),
        (b'{"name": "x", "name": "y"}', 262282),
    ],
)
def test_a_body_that_is_no_object(start, body, code):
    assert start("9.7").refused("POST", VAULTS, data=body)[:2] == (400, code)


def test_dotted_names_are_names_too(start):
    client = start("9.7")
    uuid = client.create(**{"svm.name": "vs1"})
    assert client.get(f"{VAULTS}/{uuid}?fields=svm.name")["svm"]["name"] == "vs1"


def test_without_return_records_a_create_tells_the_number(start):
    reply = start("9.7").post({**CREATE, "svm": {"name": "vs0"}})
    assert (reply.status_code, reply.json()) == (201, {"num_records": 1})
    assert reply.headers["Location"].startswith(f"/api{VAULTS}/")


def test_a_secret_is_never_told(start):
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


def test_a_slash_at_the_end_is_the_collection(start):
    assert start("9.7", THREE).get(f"{VAULTS}/")["num_records"] == 4


def test_the_cluster_refuses_to_lose_the_vault_of_svms_without_their_own(start):
    volumes = [{"svm": "vs0", "name": "v", "encrypted": True}]
    client = start(
        "9.7", {"vaults": [{"scope": "cluster", "uuid": "c"}, {"svm": "vs0", "uuid": "s"}], "volumes": volumes}
    )
    assert client.call("DELETE", f"/api{VAULTS}/c").status_code == 200
    client = start("9.7", {"vaults": [{"scope": "cluster", "uuid": "c"}], "volumes": volumes})
    assert client.refused("DELETE", f"{VAULTS}/c")[:2] == (409, 65536867)


# --- the state ---


def state(client, uuid="u"):
    return client.get(f"{VAULTS}/{uuid}?fields=state")["state"]


def test_a_state_that_settles_after_some_readings(start):
    client = start("9.7", {"cluster": {"state_settles_after": {"reads": 2}}})
    uuid = client.create(svm={"name": "vs0"})
    client.get(f"{VAULTS}/{uuid}?fields=name")
    assert [state(client, uuid)["cluster_state"] for _reading in range(4)] == [False, False, True, True]


def test_a_state_that_settles_after_some_time(start):
    client = start("9.7", {"cluster": {"state_settles_after": {"seconds": 60}}, "clock": {"speed": 0}})
    uuid = client.create(svm={"name": "vs0"})
    assert not state(client, uuid)["cluster_state"]
    client.sim.apply([{"advance_clock": {"seconds": 60}}])
    assert state(client, uuid)["cluster_state"]


def test_no_volumes_yet(start):
    client = start("9.7", {"cluster": {"state_without_volumes": "no_volumes"}})
    uuid = client.create(svm={"name": "vs0"})
    assert not state(client, uuid)["cluster_state"]
    assert "Node: node1. Reason: No volumes created yet for the SVM." in state(client, uuid)["message"]
    client.sim.apply([{"create_volume": {"svm": "vs0", "name": "v", "encrypted": True}}])
    assert state(client, uuid)["cluster_state"]


def test_an_expired_credential_shows_and_a_new_one_repairs(start):
    client = start("9.7", {"vaults": [{"svm": "vs0", "uuid": "u", "client_secret": "old"}]})
    client.sim.apply([{"expire_credential": {"svm": "vs0"}}])
    unavailable = "AKV key protection is unavailable in following nodes - node1, node2."
    assert state(client) == {"cluster_state": False, "message": unavailable, "code": 346758}
    client.call("PATCH", f"/api{VAULTS}/u", json={"client_secret": "old"})
    assert not state(client)["cluster_state"]
    client.call("PATCH", f"/api{VAULTS}/u", json={"client_secret": "new"})
    assert state(client)["cluster_state"]


def test_azure_knows_applications_and_keys(start):
    key = CREATE["key_id"]
    azure = {
        "applications": [{"client_id": "client1", "tenant_id": "tenant1", "secrets": ["good"], "expired": ["old"]}],
        "keys": [{"key_id": key}],
    }
    client = start("9.7", {"azure": azure})
    uuid = client.create(client_secret="wrong")
    assert not state(client, uuid)["cluster_state"]
    for secret, good in (("good", True), ("old", False), ("good", True)):
        client.call("PATCH", f"/api{VAULTS}/{uuid}", json={"client_secret": secret})
        assert state(client, uuid)["cluster_state"] == good
    for event in ("disable_key", "enable_key", "forbid_key", "enable_key"):
        client.sim.apply([{event: {"key_id": key}}])
        assert state(client, uuid)["cluster_state"] == (event == "enable_key")
    for known in (False, True):
        client.sim.apply([{"azure": {"reachable": known}}])
        assert state(client, uuid)["cluster_state"] == known
    client.sim.apply([{"add_secret": {"client_id": "client1", "secret": "new"}}])
    client.call("PATCH", f"/api{VAULTS}/{uuid}", json={"client_secret": "new"})
    assert state(client, uuid)["cluster_state"]
    client.sim.apply([{"remove_secret": {"client_id": "client1", "secret": "new"}}])
    assert not state(client, uuid)["cluster_state"]
    for unknown in ({"client_id": "nobody"}, {"tenant_id": "elsewhere"}, {"key_id": "https://a/keys/b"}):
        other = client.create(svm={"name": f"vs{len(client.sim.vaults()) - 1}"}, client_secret="good", **unknown)
        assert not state(client, other)["cluster_state"]


def test_azure_tells_no_case_of_its_identifiers(start):
    azure = {"applications": [{"client_id": "ab-12", "tenant_id": "cd-34", "secrets": ["good"]}]}
    client = start("9.7", {"azure": azure})
    uuid = client.create(client_id="AB-12", tenant_id="Cd-34", client_secret="good")
    assert state(client, uuid)["cluster_state"]


def test_azure_is_looked_at_from_time_to_time(start):
    client = start("9.7", {**ONE, "azure": {"poll_interval": 900}, "clock": {"speed": 0}})
    client.sim.apply([{"expire_credential": {"svm": "vs0"}}, {"advance_clock": {"seconds": 899}}])
    assert state(client)["cluster_state"]
    client.sim.apply([{"advance_clock": {"seconds": 1}}])
    assert not state(client)["cluster_state"]
    # A new credential is tried at once.
    client.call("PATCH", f"/api{VAULTS}/u", json={"client_secret": "new"})
    assert state(client)["cluster_state"]


def test_a_state_that_is_asked_by_settles_too(start):
    client = start("9.7", {"cluster": {"state_settles_after": {"reads": 2}}})
    client.create(svm={"name": "vs0"})
    path = f"{VAULTS}?fields=state&state.cluster_state="
    assert [len(client.records(path + "true")) for _reading in range(3)] == [0, 0, 1]
    client.create(svm={"name": "vs1"})
    assert [len(client.records(path + "false")) for _reading in range(3)] == [1, 1, 0]


def test_an_hour_without_azure_takes_volumes_offline(start):
    client = start(
        "9.7",
        {
            "clock": {"speed": 0},
            "vaults": [{"svm": "vs0", "uuid": "u"}],
            "volumes": [{"svm": "vs0", "name": "v", "encrypted": True}, {"svm": "vs0", "name": "w"}],
        },
    )

    def volumes():
        found = client.records("/storage/volumes?fields=state,encryption.enabled&order_by=name")
        return [(each["encryption"]["enabled"], each["state"]) for each in found]

    client.sim.apply([{"azure": {"reachable": False}}, {"advance_clock": {"seconds": 3599}}])
    assert volumes() == [(True, "online"), (False, "online")]
    client.sim.apply([{"advance_clock": {"seconds": 1}}])
    assert volumes() == [(True, "offline"), (False, "online")]
    client.sim.apply([{"azure": {"reachable": True}}])
    assert volumes() == [(True, "online"), (False, "online")]


# --- around the vaults ---


def test_what_the_cluster_tells_of_itself(start):
    client = start("9.7", {"volumes": [{"svm": "vs0", "name": "v", "nae": True}], "aggregates": [{"name": "aggr1"}]})
    assert client.get("/cluster?fields=version")["version"]["full"].startswith("NetApp Release 9.7.0: ")
    assert client.get("/cluster")["name"] == "cluster1"
    assert [each["name"] for each in client.records("/cluster/nodes?order_by=name")] == ["node1", "node2"]
    assert [each["name"] for each in client.records("/svm/svms?order_by=name")] == ["vs0", "vs1", "vs2"]
    assert [each["name"] for each in client.records("/cluster/licensing/licenses")] == ["mtekm", "ve"]
    assert client.get("/cluster/licensing/licenses/ve?fields=state")["state"] == "compliant"
    assert client.refused("GET", "/cluster/licensing/licenses/nfs") == (404, 4, "uuid")
    vs0 = client.records("/svm/svms?name=vs0&fields=dns")[0]
    assert vs0["dns"]["servers"] == ["192.0.2.53"]
    assert client.get(f"/name-services/dns/{vs0['uuid']}")["domains"] == ["example.com"]
    volume = client.records("/storage/volumes?fields=**&svm.name=vs0")[0]
    assert len(volume["encryption"].pop("key_id")) == 128
    assert volume["encryption"] == {"enabled": True, "type": "aggregate", "state": "encrypted"}
    assert client.get(f"/storage/volumes/{volume['uuid']}")["aggregates"][0]["name"] == "aggr1"
    assert client.records("/storage/aggregates?fields=node.name")[0]["node"]["name"] == "node1"


def test_other_key_managers_are_told(start):
    managers = [{"type": "onboard", "scope": "cluster"}, {"type": "external", "svm": "vs0", "servers": ["k:5696"]}]
    client = start("9.7", {"key_managers": managers})
    assert client.refused("POST", VAULTS, json={**CREATE, "svm": {"name": "vs0"}})[:2] == (409, 65537500)
    assert client.refused("POST", VAULTS, json=CREATE)[:2] == (409, 65537500)
    found = client.records("/security/key-managers?fields=*&order_by=scope")
    assert [("onboard" in each, each["scope"]) for each in found] == [(True, "cluster"), (False, "svm")]
    assert found[1]["external"]["servers"][0]["server"] == "k:5696"
    assert client.get(f"/security/key-managers/{found[1]['uuid']}?fields=status")["status"]["code"] == 65537200


def test_what_must_be_true_before_a_vault_is_told(start):
    scenario = {
        "cluster": {"metrocluster": True, "dns": {"servers": ["192.0.2.1"]}},
        "nodes": [{"name": "node1"}, {"name": "node2", "state": "taken_over"}],
        "svms": [{"name": "vs0", "subtype": "dp_destination", "state": "stopping", "dns": {"servers": []}}],
        "licenses": [{"name": "ve", "state": "noncompliant"}],
    }
    client = start("9.8", scenario)
    assert client.get("/cluster?fields=name_servers")["name_servers"] == ["192.0.2.1"]
    nodes = client.records("/cluster/nodes?fields=state,membership&order_by=name")
    assert [(node["state"], node["membership"]) for node in nodes] == [("up", "member"), ("taken_over", "member")]
    (svm,) = client.records("/svm/svms?fields=dns,state,subtype")
    assert (svm.get("dns"), svm["state"], svm["subtype"]) == (None, "stopping", "dp_destination")
    assert client.records("/name-services/dns") == []
    assert client.records("/cluster/licensing/licenses?fields=state")[0]["state"] == "noncompliant"
    metrocluster = client.get("/cluster/metrocluster?fields=local.configuration_state,remote")
    assert metrocluster["local"] == {"configuration_state": "configured"}
    assert metrocluster["remote"]["cluster"]["name"] == "cluster1-partner"


def test_a_cluster_alone_is_no_metrocluster(start):
    assert start("9.8").get("/cluster/metrocluster")["local"]["configuration_state"] == "not_configured"
    assert start("9.7").refused("GET", "/cluster/metrocluster")[0] == 404
