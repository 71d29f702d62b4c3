# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What later releases do and refuse. The vendor's clients judge their fields."""

from __future__ import annotations

import base64

import pytest

from simulator.client import CREATE, VAULTS

STORES = "/security/key-stores"
KEY = "https://mykeyvault.vault.azure.net/keys/key2"
PKCS12 = base64.b64encode(b"\x30\x82 not much of a PKCS#12").decode()
ONE = {"vaults": [{"svm": "vs0", "uuid": "u"}]}
ENCRYPTED = {**ONE, "volumes": [{"svm": "vs0", "name": "v", "encrypted": True}]}


def test_two_creates_that_run_side_by_side(start):
    client = start("9.15.1", {"jobs": {"queued": 0, "running": 0.1}})
    jobs = [client.post({**CREATE, "svm": {"name": "vs0"}}).json()["job"]["uuid"] for _time in range(2)]
    assert client.refused("POST", f"{VAULTS}?return_timeout=5", json={**CREATE, "svm": {"name": "vs0"}})[1] == 65537500
    ends = [client.get(f"/cluster/jobs/{job}?fields=state,error") for job in jobs]
    assert [end["state"] for end in ends] == ["success", "failure"]
    assert ends[1]["error"]["code"] == "65537500"
    assert len(client.sim.vaults()) == 1


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


def test_roots_and_nae_volumes_that_need_the_key_manager(start):
    nodes = [{"name": "node1", "root_encrypted": True}]
    scenario = {"nodes": nodes, "vaults": [{"scope": "cluster", "uuid": "c"}]}
    assert start("9.7", scenario).call("DELETE", f"/api{VAULTS}/c").status_code == 200
    assert start("9.9.1", scenario).refused("DELETE", f"{VAULTS}/c")[1] == 196608080
    nae = {"volumes": [{"svm": "vs0", "name": "v", "nae": True}]}
    for release, code in (("9.15.1", 65539703), ("9.17.1", 65539704)):
        assert start(release, nae).refused("POST", VAULTS, json={**CREATE, "svm": {"name": "vs0"}})[1] == code
