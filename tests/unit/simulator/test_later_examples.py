# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the texts of 9.8 and later show of an example, word for word.

Of these releases no whole example is at hand, request and answer, as of 9.7 (test_reference.py): these are records,
values and sentences that their overviews and schemas print.
"""

from __future__ import annotations

import pytest

from simulator import releases

UUID = "024cd3cf-9a08-11ea-8d52-005056bbeba5"
VAULTS, STORES = "/security/azure-key-vaults", "/security/key-stores"
KEY = "https://keyvault1.vault.azure.net/keys/key1"
VERSION = "12345678901234567890123456789012"
APPLICATION = {"client_id": "client1", "tenant_id": "tenant1", "client_secret": "myclientPwd"}
NO_VOLUMES = (
    "Top-level internal key protection key (KEK) is unavailable on the following nodes with the associated reasons:"
    " Node: node1. Reason: No volumes created yet for the SVM. Wrapped KEK status will be available after creating"
    " encrypted volumes."
)


def from_release(name):
    return releases.NAMES[releases.NAMES.index(name) :]


def scenario(**more):
    return {
        "nodes": [{"name": "node1"}, {"name": "node2"}],
        "vaults": [{"svm": "vs0", "uuid": UUID, "key_id": f"{KEY}/{VERSION}", **APPLICATION}],
        **more,
    }


def health_of(client, *fields):
    return client.get(f"{VAULTS}/{UUID}?fields={','.join(fields)}")


def test_9_8_says_what_is_wrong_in_these_sentences(start):
    volumes = [{"svm": "vs0", "name": "vol1", "encrypted": True}]
    client = start("9.8", scenario(volumes=volumes))
    well = {"code": 0, "message": ""}
    assert health_of(client, "state")["state"] == {"available": True, **well}
    assert health_of(client, "azure_reachability")["azure_reachability"] == {"reachable": True, **well}
    client.sim.apply(
        [
            {"lose_keys": {"svm": "vs0"}},
            {"azure": {"reachable": False}},
            {"node": {"name": "node1", "healthy": False}},
        ]
    )
    reported = health_of(client, "state", "azure_reachability", "ekmip_reachability")
    message = "AKV wrapped internal key is missing on nodes - node1, node2."
    assert reported["state"] == {"available": False, "code": 346758, "message": message}
    message = "AKV service is not reachable from all nodes - the connection timed out."
    assert reported["azure_reachability"] == {"reachable": False, "code": 346758, "message": message}
    message = "embedded KMIP server status unavailable on node."
    (bad,) = (each for each in reported["ekmip_reachability"] if not each["reachable"])
    assert {name: bad[name] for name in ("code", "message")} == {"code": 346758, "message": message}


@pytest.mark.parametrize("release", from_release("9.9.1"))
def test_no_volumes_created_yet(start, release):
    client = start(release, scenario(nodes=[{"name": "node1"}]))
    state = health_of(client, "state")["state"]
    assert state["message"] == NO_VOLUMES
    assert state["available"] is False


@pytest.mark.parametrize("release", from_release("9.8"))
def test_a_key_that_is_posted_with_a_version(start, release):
    """It came back without it up to 9.12.1."""
    client = start(release, {"next_uuids": {"vaults": [UUID]}})
    body = {**APPLICATION, "svm": {"name": "vs0"}, "key_id": f"{KEY}/{VERSION}"}
    body["name"] = "https:://mykeyvault.vault.azure.net/"
    posted = client.call("POST", f"/api{VAULTS}?return_records=true&return_timeout=15", json=body)
    assert posted.status_code == 201
    reported = KEY if release in ("9.8", "9.9.1", "9.10.1", "9.11.1", "9.12.1") else f"{KEY}/{VERSION}"
    links = {"self": {"href": f"/api{VAULTS}/{UUID}"}}
    (record,) = posted.json()["records"]
    assert record["key_id"] == reported
    assert record["_links"] == links
    read = client.get(f"{VAULTS}/{UUID}?fields=*")
    assert (read["key_id"], read["name"], read["_links"]) == (reported, body["name"], links)
    assert not {"client_secret", "client_certificate", "proxy_password"} & {*record, *read}


@pytest.mark.parametrize("release", ["9.10.1", "9.11.1", "9.12.1", "9.13.1"])
@pytest.mark.parametrize("fields", ["", "?fields=*"])
def test_a_key_store_before_9_14_1(start, release, fields):
    client = start(release, scenario())
    assert client.records(f"{STORES}{fields}") == [
        {
            "uuid": UUID,
            "keystore": {"type": "akv"},
            "_links": {"self": {"href": f"/api{STORES}/{UUID}/akv"}},
        }
    ]


@pytest.mark.parametrize("release", from_release("9.14.1"))
def test_a_key_store_from_9_14_1_on(start, release):
    inactive = {"svm": "vs0", "configuration": "green"}
    client = start(release, scenario(vaults=[*scenario()["vaults"], inactive]))
    stores = {store["configuration"]["name"]: store for store in client.records(f"{STORES}?fields=*")}
    enabled, green = stores["default"], stores["green"]
    links = {"self": {"href": f"/api{VAULTS}/{UUID}"}}
    assert (
        enabled.items()
        >= {
            "uuid": UUID,
            "type": "akv",
            "location": "external",
            "enabled": True,
            "configuration": {"name": "default", "uuid": UUID, "_links": links},
            "scope": "svm",
        }.items()
    )
    assert enabled["svm"]["name"] == "vs0"
    assert green["enabled"] is False
    assert green["configuration"] == {"name": "green", "uuid": green["uuid"]}
    assert ("state" in enabled) == (release in from_release("9.16.1"))
    assert ("is_svm_kek" in enabled) == (release in from_release("9.19.1"))
    assert not {"state", "is_svm_kek"} & set(green)


@pytest.mark.parametrize("release", from_release("9.15.1"))
def test_a_job_that_a_change_is_answered_with(start, release):
    client = start(release)
    body = {**APPLICATION, "svm": {"name": "vs0"}, "key_id": KEY, "name": "https:://mykeyvault.vault.azure.net/"}
    reply = client.call("POST", f"/api{VAULTS}", json=body)
    uuid = reply.json()["job"]["uuid"]
    assert (reply.status_code, reply.json()["job"]) == (
        202,
        {"uuid": uuid, "_links": {"self": {"href": f"/api/cluster/jobs/{uuid}"}}},
    )


@pytest.mark.parametrize("release", from_release("9.8"))
def test_the_status_of_another_key_manager(start, release):
    """It comes only where it is named, and its code is a number in every release."""
    client = start(release, {"key_managers": [{"type": "onboard", "scope": "cluster"}]})
    (manager,) = client.records("/security/key-managers?fields=status")
    assert manager["status"] == {"message": "No action needed at this time.", "code": 65537200}
    (manager,) = client.records("/security/key-managers?fields=*")
    assert "status" not in manager
