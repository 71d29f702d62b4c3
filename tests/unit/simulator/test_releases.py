# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Later releases: what each reads, takes and does. The facts stand here once more, as changes of each release."""

from __future__ import annotations

import base64
import time

import pytest

from simulator import releases
from simulator.client import CREATE, VAULTS

STORES = "/security/key-stores"
KEY = "https://mykeyvault.vault.azure.net/keys/key2"
PKCS12 = base64.b64encode(b"\x30\x82 not much of a PKCS#12").decode()
STATE = {"state.available", "state.message", "state.code"}
REACHABILITY = {
    *(f"azure_reachability.{name}" for name in ("reachable", "message", "code")),
    *(f"ekmip_reachability.node.{name}" for name in ("uuid", "name", "_links")),
    *(f"ekmip_reachability.{name}" for name in ("reachable", "message", "code")),
}
PROXY = {"proxy_type", "proxy_host", "proxy_port", "proxy_username"}
HOSTS = {"oauth_host", "port", "vault_host"}
VERIFY = {"verify_host", "verify_ip"}
# Release: what is added to and what is taken from what can be read, posted and patched.
CHANGES = {
    "9.7": {
        "get": (
            {
                *("uuid", "scope", "svm.uuid", "svm.name", "client_id", "tenant_id", "name", "key_id"),
                *("state.cluster_state", "state.message", "state.code"),
            },
            set(),
        ),
        "post": ({"svm.uuid", "svm.name", "client_id", "tenant_id", "name", "key_id", "client_secret"}, set()),
        "patch": ({"client_secret"}, set()),
    },
    "9.8": {
        "get": (PROXY | STATE | REACHABILITY, {"state.cluster_state"}),
        "post": (PROXY | {"proxy_password"}, set()),
        "patch": (PROXY | {"proxy_password", "key_id"}, set()),
    },
    "9.9.1": {"patch": ({"client_id", "tenant_id"}, set())},
    "9.10.1": {
        "get": ({"authentication_method"}, set()),
        "post": ({"authentication_method", "client_certificate"}, set()),
        "patch": ({"authentication_method", "client_certificate"}, set()),
    },
    "9.11.1": {"patch": (set(), {"key_id"})},
    "9.14.1": {
        "get": (HOSTS | VERIFY | {"configuration.name", "configuration.uuid", "enabled"}, set()),
        "post": (HOSTS | {"configuration.name"}, {"authentication_method"}),
        "patch": (HOSTS | VERIFY, {"authentication_method"}),
    },
    "9.16.1": {use: ({"skip_verification"}, set()) for use in ("get", "post", "patch")},
}
ONE = {"vaults": [{"svm": "vs0", "uuid": "u"}]}
ENCRYPTED = {**ONE, "volumes": [{"svm": "vs0", "name": "v", "encrypted": True}]}


def expected(release, use):
    found = set()
    for name in releases.NAMES[: releases.NAMES.index(release) + 1]:
        added, taken = CHANGES.get(name, {}).get(use, (set(), set()))
        found = (found | added) - taken
    return found


@pytest.mark.parametrize("release", releases.NAMES)
def test_the_fields_of_a_release(release):
    fields = releases.get(release).schema("azure_key_vault").fields
    assert {path for path, one in fields.items() if one.readable} == expected(release, "get")
    assert {path for path, one in fields.items() if one.postable} == expected(release, "post")
    assert {path for path, one in fields.items() if one.patchable} == expected(release, "patch")
    advanced = {path for path, one in fields.items() if one.advanced}
    assert advanced == (set() if release == "9.7" else STATE | REACHABILITY)


@pytest.mark.parametrize("release", releases.NAMES)
def test_what_is_told_and_when(start, release):
    client = start(release, ENCRYPTED)
    client.sim.apply([{"lose_keys": {"svm": "vs0", "nodes": ["node2"]}}, {"node": {"name": "node1", "healthy": False}}])
    star, everything = client.get(f"{VAULTS}/u"), client.get(f"{VAULTS}/u?fields=**")
    assert star == client.get(f"{VAULTS}/u?fields=*")
    number = int if releases.NAMES.index(release) < releases.NAMES.index("9.12.1") else str
    assert isinstance(everything["state"]["code"], number)
    assert int(everything["state"]["code"]) == (65537551 if release in releases.NAMES[8:] else 346758)
    message = everything["state"]["message"]
    if release == "9.7":
        assert star == everything
        assert everything["state"]["cluster_state"] is False
        assert message == "AKV key protection is unavailable in following nodes - node2."
        return
    assert not {"state", "azure_reachability", "ekmip_reachability"} & set(star)
    assert everything["state"]["available"] is False
    if release == "9.8":
        assert message == "AKV wrapped internal key is missing on nodes - node2."
    else:
        assert message.startswith(
            "Top-level internal key protection key (KEK) is unavailable on the following nodes with the associated"
            " reasons: Node: node2. Reason: "
        )
    assert everything["azure_reachability"] == {"reachable": True, "message": "", "code": number(0)}
    reached = {each["node"]["name"]: each["reachable"] for each in everything["ekmip_reachability"]}
    assert reached == {"node1": False, "node2": True}
    client.sim.apply([{"expire_credential": {"svm": "vs0"}}])
    reachability = client.get(f"{VAULTS}/u?fields=azure_reachability")["azure_reachability"]
    assert reachability["reachable"] is False
    assert "AADSTS7000222" in reachability["message"]
    # Nodes keep their keys for an hour.
    client.sim.apply([{"recover_keys": {"svm": "vs0"}}])
    assert client.records(f"{VAULTS}?fields=state")[0]["state"]["available"] is True
    client.sim.apply([{"advance_clock": {"seconds": 3600}}])
    assert client.records(f"{VAULTS}?fields=state")[0]["state"]["available"] is False


@pytest.mark.parametrize("release", releases.NAMES)
def test_a_vault_without_volumes(start, release):
    state = start(release, ONE).get(f"{VAULTS}/u?fields=state")["state"]
    if release in ("9.7", "9.8"):
        assert state["message"] == ""
        assert int(state["code"]) == 0
    else:
        assert state["available"] is False
        assert state["message"].endswith(
            "Node: node2. Reason: No volumes created yet for the SVM. Wrapped KEK status will be available after"
            " creating encrypted volumes."
        )


def wait(client, reply):
    """Wait for the job of a reply that has one; it must succeed."""
    if reply.status_code == 202:
        job = reply.json()["job"]["_links"]["self"]["href"]
        while (state := client.call("GET", f"{job}?fields=state").json()["state"]) in ("queued", "running"):
            time.sleep(0.01)
        assert state == "success"


def test_changes_can_be_made_asynchronous_on_any_release_or_none(start):
    client = start("9.7", {**ONE, "cluster": {"asynchronous": "always"}})
    assert client.post({**CREATE, "svm": {"name": "vs1"}}).status_code == 202
    assert client.call("PATCH", f"/api{VAULTS}/u", json={"client_secret": "x"}).status_code == 202
    client = start("9.19.1", {**ONE, "cluster": {"asynchronous": "never"}})
    assert client.post({**CREATE, "svm": {"name": "vs1"}}).status_code == 201
    assert client.call("DELETE", f"/api{VAULTS}/u").status_code == 200


def test_two_creates_that_run_side_by_side(start):
    client = start("9.15.1", {"jobs": {"queued": 0, "running": 0.1}})
    jobs = [client.post({**CREATE, "svm": {"name": "vs0"}}).json()["job"]["uuid"] for _time in range(2)]
    assert client.refused("POST", f"{VAULTS}?return_timeout=5", json={**CREATE, "svm": {"name": "vs0"}})[1] == 65537500
    ends = [client.get(f"/cluster/jobs/{job}?fields=state,error") for job in jobs]
    assert [end["state"] for end in ends] == ["success", "failure"]
    assert ends[1]["error"]["code"] == "65537500"
    assert len(client.sim.vaults()) == 1


def test_9_8_as_its_pages_have_it(start):
    client = start("9.8", {**ONE, "cluster": {"documentation": "pages"}})
    assert client.get("/cluster")["version"]["minor"] == 0
    assert client.get("/cluster")["version"]["major"] == 8
    assert client.get(f"{VAULTS}/u")["state"]["cluster_state"] is True
    assert client.refused("PATCH", f"{VAULTS}/u", json={"client_secret": "x", "proxy_host": "p"})[1] == 262179
    assert client.refused("POST", f"{VAULTS}/u/rekey-internal") == (404, 3, None)


@pytest.mark.parametrize("release", ["9.7", "9.14.1"])
def test_replies_can_have_the_shape_of_another_release(start, release):
    settings = {"availability_in_replies": "cluster_state", "code_in_replies": "string"}
    client = start(release, {**ENCRYPTED, "cluster": settings})
    found = client.records(f"{VAULTS}?fields=state&state.cluster_state=true")
    assert found[0]["state"] == {"cluster_state": True, "message": "", "code": "0"}
    client = start(release, {**ENCRYPTED, "cluster": {"availability_in_replies": "none"}})
    assert set(client.records(f"{VAULTS}?fields=state")[0]["state"]) == {"message", "code"}


# --- credentials ---


@pytest.mark.parametrize(
    ("release", "body", "refusal"),
    [
        ("9.9.1", {"client_secret": None}, (262212, "client_secret")),
        ("9.10.1", {"client_secret": None}, (65537567, None)),
        ("9.10.1", {"client_certificate": PKCS12}, (262186, "client_secret")),
        ("9.10.1", {"authentication_method": "certificate"}, (262212, "client_certificate")),
        ("9.10.1", {"client_secret": None, "client_certificate": "no base64"}, (65537573, "client_certificate")),
        ("9.10.1", {"client_secret": None, "client_certificate": "AAAA"}, (65537573, "client_certificate")),
        ("9.14.1", {"authentication_method": "client_secret"}, (262196, "authentication_method")),
        ("9.8", {"client_certificate": PKCS12}, (262179, "client_certificate")),
        ("9.8", {"key_id": "key1"}, None),
        ("9.9.1", {"key_id": "key1"}, (65537523, "key_id")),
        ("9.17.1", {"name": "vault"}, None),
        ("9.18.1", {"name": "vault"}, (65537553, "name")),
        ("9.18.1", {"name": "https:://mykeyvault.vault.azure.net/"}, None),
        ("9.8", {"proxy_port": 0}, (262245, "proxy_port")),
        ("9.8", {"proxy_type": "ftp"}, (262197, "proxy_type")),
        ("9.14.1", {"verify_host": True}, (262196, "verify_host")),
    ],
)
def test_what_a_create_may_hold(start, release, body, refusal):
    client = start(release)
    reply = client.post({**CREATE, **body}, params={"return_timeout": 5})
    if refusal is None:
        assert reply.status_code == 201
    else:
        error = reply.json()["error"]
        assert (int(error["code"]), error.get("target")) == refusal
        assert client.sim.vaults() == []


def test_a_certificate_in_the_place_of_a_secret(start):
    client = start("9.10.1")
    uuid = client.create(client_secret=None, client_certificate=PKCS12, authentication_method="certificate")
    assert client.get(f"{VAULTS}/{uuid}")["authentication_method"] == "certificate"
    assert client.sim.secret_of(uuid) == PKCS12
    client.call("PATCH", f"/api{VAULTS}/{uuid}", json={"client_secret": "x"})
    assert client.get(f"{VAULTS}/{uuid}")["authentication_method"] == "client_secret"
    assert PKCS12 not in client.call("GET", f"/api{VAULTS}?fields=**").text


def test_a_new_credential_is_tried_from_9_10_1_on(start):
    azure = {"applications": [{"client_id": "client1", "tenant_id": "tenant1", "secrets": ["initial-secret", "good"]}]}
    patch = ("PATCH", f"{VAULTS}/u")
    client = start("9.9.1", {**ONE, "azure": azure})
    assert client.call("PATCH", f"/api{VAULTS}/u", json={"client_secret": "bad"}).status_code == 200
    client = start("9.10.1", {**ONE, "azure": azure})
    assert client.refused(*patch, json={"client_secret": "bad"}) == (400, 65537540, "client_secret")
    assert client.refused(*patch, json={"client_secret": ""}) == (400, 65537540, "client_secret")
    assert client.refused(*patch, json={}) == (400, 65537541, None)
    assert client.call("PATCH", f"/api{VAULTS}/u", json={"client_secret": "good"}).status_code == 200
    client = start("9.16.1", {**ONE, "azure": azure})
    assert client.refused(*patch, json={"client_secret": "bad"})[1] == 65537540
    reply = client.call(
        "PATCH", f"/api{VAULTS}/u?return_timeout=5", json={"client_secret": "bad", "skip_verification": True}
    )
    assert reply.status_code == 200
    assert client.get(f"{VAULTS}/u")["skip_verification"] is True


def test_many_in_one_post(start):
    records = [{**CREATE, "svm": {"name": name}} for name in ("vs0", "vs1")]
    assert start("9.9.1").refused("POST", VAULTS, json={"records": records})[:2] == (400, 262179)
    client = start("9.19.1")
    reply = client.post({"records": records})
    assert (reply.status_code, reply.json()["num_records"]) == (201, 2)
    assert [each["svm"]["name"] for each in reply.json()["records"]] == ["vs0", "vs1"]


# --- rekeying ---


def test_a_rekey_that_is_refused(start):
    client = start("9.11.1", {**ONE, "cluster": {"internal_keys": "by_volumes"}})
    assert client.refused("POST", f"{VAULTS}/u/rekey-internal")[1] == 65537559
    assert client.refused("POST", f"{VAULTS}/u/rekey-external", json={}) == (400, 262212, "key_id")
    assert client.refused("POST", f"{VAULTS}/u/rekey-external", json={"key_id": "k"}) == (400, 65537523, "key_id")
    with_admin = [{"svm": "vs0", "name": "v", "keys_with_admin": True}]
    client = start("9.11.1", {**ONE, "volumes": with_admin})
    for action in ("rekey-internal", "rekey-external"):
        assert client.refused("POST", f"{VAULTS}/u/{action}", json={"key_id": KEY})[1] == 65537547
    azure = {"keys": [{"key_id": CREATE["key_id"]}]}
    client = start("9.11.1", {**ONE, "azure": azure})
    assert client.refused("POST", f"{VAULTS}/u/rekey-external?return_timeout=5", json={"key_id": KEY})[1] == 65537605
    assert client.sim.vaults()[0]["key_id"] == CREATE["key_id"]


def test_migrating_keys(start):
    scenario = {
        "vaults": [{"svm": "vs0", "uuid": "u"}, {"svm": "vs1", "uuid": "other"}],
        "key_managers": [{"type": "onboard", "scope": "cluster", "uuid": "okm"}],
        "volumes": [{"svm": svm, "name": "v", "keys_with_admin": True} for svm in ("vs0", "vs1")],
    }
    client = start("9.16.1", scenario)
    path = "/security/key-managers/okm/migrate"
    for target, code in (("okm", 65536959), ("nothing", 65537117), (None, 262212)):
        assert client.refused("POST", path, json={"uuid": target})[1] == code
    assert client.refused("POST", "/security/key-managers/other/migrate", json={"uuid": "u"})[1] == 65536886
    for event, undo, code in (
        ({"lose_keys": {"svm": "vs0"}}, {"recover_keys": {"svm": "vs0"}}, 65537551),
        ({"azure": {"reachable": False}}, {"azure": {"reachable": True}}, 65537564),
        ({"node": {"name": "node1", "healthy": False}}, {"node": {"name": "node1", "healthy": True}}, 65536968),
    ):
        client.sim.apply([event])
        assert client.refused("POST", path, json={"uuid": "u"})[1] == code
        client.sim.apply([undo])
    assert client.call("DELETE", f"/api{VAULTS}/u?return_timeout=5").status_code == 200
    client = start("9.16.1", scenario)
    assert client.call("POST", f"/api{path}?return_timeout=5", json={"uuid": "u"}).status_code == 201
    assert client.refused("DELETE", f"{VAULTS}/u")[1] == 65536867
    assert client.call("DELETE", f"/api{VAULTS}/other?return_timeout=5").status_code == 200


# --- configurations and key-stores ---


@pytest.mark.parametrize(
    ("query", "configuration", "refusal"),
    [
        ("", {"name": "blue"}, (400, 65537595, "configuration.name")),
        ("?create_inactive=true", None, (400, 65537594, "configuration.name")),
        ("?create_inactive=true", {"name": ""}, (400, 65538903, "configuration.name")),
        ("?create_inactive=true", {"name": "default"}, (400, 65538902, "configuration.name")),
        ("?create_inactive=true", {"name": "green"}, (409, 65537589, "configuration.name")),
        ("?create_inactive=perhaps", {"name": "blue"}, (400, 262197, "create_inactive")),
    ],
)
def test_a_configuration_that_is_refused(start, query, configuration, refusal):
    client = start("9.14.1", {"vaults": [{"svm": "vs0"}, {"svm": "vs0", "configuration": "green"}]})
    body = {**CREATE, "svm": {"name": "vs0"}, **({"configuration": configuration} if configuration is not None else {})}
    assert client.refused("POST", VAULTS + query, json=body) == refusal


@pytest.mark.parametrize(
    ("release", "scenario", "code"),
    [
        ("9.16.1", {"vaults": [{"scope": "cluster", "uuid": "g", "configuration": "green"}]}, 65539514),
        ("9.16.1", {"key_managers": [{"type": "external", "svm": "vs0", "uuid": "g", "enabled": False}]}, 65539205),
        ("9.16.1", {"key_managers": [{"type": "external", "svm": "vs0"}]}, 65539206),
        ("9.17.1", {"key_managers": [{"type": "external", "svm": "vs0"}]}, 65539222),
        ("9.16.1", {"vaults": [{"svm": "vs0", "key_store_state": "blocked"}]}, 65539212),
        ("9.16.1", {"azure": {"reachable": False}}, 65537605),
        ("9.15.1", {"volumes": [{"svm": "vs0", "name": "v", "nae": True}]}, 65539703),
        ("9.17.1", {"volumes": [{"svm": "vs0", "name": "v", "nae": True}]}, 65539704),
    ],
)
def test_a_switch_that_is_refused(start, release, scenario, code):
    if "g" not in [each.get("uuid") for kind in ("vaults", "key_managers") for each in scenario.get(kind, [])]:
        scenario = {
            **scenario,
            "vaults": [*scenario.get("vaults", []), {"svm": "vs0", "uuid": "g", "configuration": "g"}],
        }
    assert start(release, scenario).refused("PATCH", f"{STORES}/g", json={"enabled": True})[1] == code


@pytest.mark.parametrize("release", releases.NAMES)
def test_what_else_a_release_offers(start, release):
    place = releases.NAMES.index(release)
    client = start(release, {**ONE, "key_managers": [{"type": "external", "svm": "vs1", "policy": "p"}]})
    configs = client.call("GET", "/api/security/key-manager-configs")
    assert configs.status_code == (200 if place >= 3 else 404)
    told = [name for name in ("health_monitor_polling_interval", "cloud_kms_retry_count") if name in configs.json()]
    assert len(told) == (place >= 3) + (place >= 5)
    assert ("health_monitor_policy" in configs.json()) == (place >= releases.NAMES.index("9.15.1"))
    manager = client.records("/security/key-managers?fields=*")[0]
    assert ("policy" in manager) == (place >= 2)
    assert ("configuration" in manager) == (release in releases.NAMES[releases.NAMES.index("9.16.1") :])
    wait(client, client.call("POST", f"/api{VAULTS}/u/restore"))
    job = client.records("/cluster/jobs?fields=*")[0]
    assert ("svm" in job) == (place >= 1)
    assert ("node" in job) == (place >= 4)
    assert client.get("/cluster?fields=version")["version"]["major"] == int(release.split(".")[1])


def test_roots_and_nae_volumes_that_need_the_key_manager(start):
    nodes = [{"name": "node1", "root_encrypted": True}]
    scenario = {"nodes": nodes, "vaults": [{"scope": "cluster", "uuid": "c"}]}
    assert start("9.7", scenario).call("DELETE", f"/api{VAULTS}/c").status_code == 200
    assert start("9.9.1", scenario).refused("DELETE", f"{VAULTS}/c")[1] == 196608080
    nae = {"volumes": [{"svm": "vs0", "name": "v", "nae": True}]}
    for release, code in (("9.15.1", 65539703), ("9.17.1", 65539704)):
        assert start(release, nae).refused("POST", VAULTS, json={**CREATE, "svm": {"name": "vs0"}})[1] == code


def test_nodes_in_the_middle_of_an_upgrade(start):
    client = start("9.14.1", {"nodes": [{"name": "node1"}, {"name": "node2", "release": "9.13.1"}]})
    versions = [node["version"]["major"] for node in client.records("/cluster/nodes?fields=version&order_by=name")]
    assert versions == [14, 13]


# --- where there is no REST ---
