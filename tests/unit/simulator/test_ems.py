# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event log: what a cluster writes down of its vaults, release by release."""

from __future__ import annotations

import pytest

EVENTS = "/support/ems/events"
KEY = "https://mykeyvault.vault.azure.net/keys/key1"
SCENARIO = {
    "vaults": [{"svm": "vs0", "key_id": f"{KEY}/1"}],
    "volumes": [{"svm": "vs0", "name": "vol1", "encrypted": True}],
    "clock": {"start": "2024-08-29T12:00:00Z", "speed": 0},
}


def names(client):
    """The names in the log, the oldest first."""
    return [record["message"]["name"] for record in client.records(f"{EVENTS}?fields=message.name")][::-1]


def test_a_line(start):
    client = start("9.14.1", SCENARIO)
    client.sim.apply([{"lose_keys": {"svm": "vs0", "nodes": ["node2"]}}])
    (line,) = client.records(f"{EVENTS}?fields=*")
    assert line.pop("_links") == {"self": {"href": "/api/support/ems/events/node1/1"}}
    assert line.pop("node")["name"] == "node1"
    reported = {
        "name": "https://mykeyvault.vault.azure.net/",
        "svm": "vs0",
        "configName": "default",
        "keyId": f"{KEY}/1",
    }
    assert line.pop("log_message").startswith("ekmip.akv.notAvailable: name=https://")
    assert line == {
        "index": 1,
        "time": "2024-08-29T12:00:00+00:00",
        "message": {"name": "ekmip.akv.notAvailable", "severity": "alert"},
        "parameters": [{"name": name, "value": value} for name, value in reported.items()],
    }


@pytest.mark.parametrize(
    ("release", "online", "owner"),
    [("9.9.1", None, None), ("9.10.1", False, "vserver"), ("9.13.1", True, "vserver"), ("9.14.1", True, "svm")],
)
def test_an_outage(start, release, online, owner):
    client = start(release, SCENARIO)
    client.sim.apply([{"azure": {"reachable": False}}, {"advance_clock": {"seconds": 3600}}])
    names(client)
    client.sim.apply([{"azure": {"reachable": True}}])
    expected = ["ekmip.akv.notAvailable", "ekmip.akv.volOffline", "ekmip.akv.available"]
    assert names(client) == ([] if owner is None else [*expected, *(["ekmip.akv.volOnline"] if online else [])])
    for line in client.records(f"{EVENTS}?fields=parameters"):
        assert {parameter["name"] for parameter in line["parameters"]} & {"svm", "vserver"} == {owner}


def test_the_key(start):
    client = start("9.14.1", SCENARIO)
    client.sim.apply([{"expire_key": {"key_id": KEY}}, {"rotate_key": {"svm": "vs0", "version": "2"}}])
    assert names(client) == ["ekmip.akv.keyExpired", "ekmip.akv.keyVersionChanged"]
    (line,) = client.records(f"{EVENTS}?fields=parameters&message.name=*keyVersion*")
    reported = {parameter["name"]: parameter["value"] for parameter in line["parameters"]}
    assert (reported["oldKeyVersion"], reported["newKeyVersion"], reported["keyId"]) == ("1", "2", f"{KEY}/2")


def test_others_are_filtered_and_sorted(start):
    client = start("9.7", SCENARIO)
    client.sim.apply([{"ems": {"name": f"some.{number}", "node": "node2"}} for number in range(12)])
    client.sim.apply([{"ems": {"name": "km.cmek.akvkms.blocked", "severity": "alert", "parameters": {"a": "b"}}}])
    (line,) = client.records(f"{EVENTS}?fields=parameters,message.severity&message.name=ekmip.akv.*|km.cmek.akvkms.*")
    assert (line["parameters"], line["message"]["severity"]) == ([{"name": "a", "value": "b"}], "alert")
    page = client.get(f"{EVENTS}?fields=index&message.name=some.*&order_by=index desc&max_records=2")
    assert [record["index"] for record in page["records"]] == [12, 11]
