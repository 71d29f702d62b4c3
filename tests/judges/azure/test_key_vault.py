# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""azure-keyvault-keys judges the simulated Key Vault."""

from __future__ import annotations

import base64

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.keyvault.keys.crypto import CryptographyClient
from judges.azure.asking import CLIENT, KEY, VAULT

PLAIN = base64.urlsafe_b64encode(bytes(range(32))).decode().rstrip("=")
REVERSE = {"wrapkey": "unwrapkey", "encrypt": "decrypt"}
OLD, NEW = "0" * 31 + "1", "0" * 31 + "2"


def test_a_key_and_its_versions(start):
    versions = [{"version": f"{number:032x}", "created": f"-{60 - number}d"} for number in range(60)]
    azure = start(keys=[{"key_id": KEY, "versions": versions, "expires": "2099-01-01", "size": 3072}])
    client = azure.keys()
    key = client.get_key("key1")
    assert (key.key_type, key.name, key.properties.version) == ("RSA", "key1", f"{59:032x}")
    assert len(key.key.n) * 8 == 3072
    assert (key.properties.recovery_level, key.properties.recoverable_days) == ("Recoverable", 90)
    assert key.properties.expires_on.year == 2099
    assert key.properties.enabled is True
    listed = list(client.list_properties_of_key_versions("key1"))
    assert {one.version for one in listed} == {one["version"] for one in versions}
    assert client.get_key("key1", f"{7:032x}").id == f"{KEY}/{7:032x}"


def test_the_rotation_policy(start):
    policy = {"rotate_after": "P90D", "expires_after": "P120D"}
    found = start(keys=[{"key_id": KEY, "rotation_policy": policy}]).keys().get_key_rotation_policy("key1")
    assert found.expires_in == "P120D"
    assert next((one.action, one.time_after_create) for one in found.lifetime_actions) == ("Rotate", "P90D")
    found = start().keys().get_key_rotation_policy("key1")
    assert [(one.action, one.time_before_expiry) for one in found.lifetime_actions] == [("Notify", "P30D")]


def test_a_deleted_key(start):
    azure = start(keys=[{"key_id": KEY, "deleted": True}])
    with pytest.raises(ResourceNotFoundError) as refused:
        azure.keys().get_key("key1")
    assert refused.value.error.code == "KeyNotFound"
    deleted = azure.keys().get_deleted_key("key1")
    assert (deleted.scheduled_purge_date - deleted.deleted_date).days == 90
    azure.sim.apply([{"recover_key": {"key_id": KEY}}])
    assert azure.keys().get_key("key1").name == "key1"
    with pytest.raises(ResourceNotFoundError):
        azure.keys().get_deleted_key("key1")


# State: what is declared of the key; the operations that are refused then, and the inner code.
STATES = {
    "good": ({}, set(), None),
    "disabled": ({"enabled": False}, {"wrapkey", "unwrapkey", "encrypt", "decrypt"}, "KeyDisabled"),
    "expired": ({"expires": "-1d"}, {"wrapkey", "encrypt"}, None),
    "not yet valid": ({"not_before": "+1d"}, {"wrapkey", "encrypt"}, None),
    "without wrap": ({"key_ops": ["encrypt", "decrypt"]}, {"wrapkey", "unwrapkey"}, "KeyOperationForbidden"),
    "without decrypt": (
        {"key_ops": ["encrypt", "wrapKey", "unwrapKey"]},
        {"decrypt"},
        "KeyOperationForbidden",
    ),
}


@pytest.mark.parametrize("state", STATES)
def test_each_state_with_each_operation(start, state):
    declared, refused, inner = STATES[state]
    azure = start(keys=[{"key_id": KEY, "versions": [NEW], **declared}])
    assert azure.keys().get_key("key1").properties.version == NEW
    good = start(keys=[{"key_id": KEY, "versions": [NEW]}])
    for forward, back in REVERSE.items():
        cipher = good.operate(forward, PLAIN).json()["value"]
        for operation, value in ((forward, PLAIN), (back, cipher)):
            answer = azure.operate(operation, value)
            assert answer.status_code == (403 if operation in refused else 200), operation
            if operation in refused:
                error = answer.json()["error"]
                assert (error["code"], error.get("innererror", {}).get("code")) == ("Forbidden", inner)
            elif operation == back:
                assert answer.json()["value"] == PLAIN


def test_versions_have_their_own_state(start):
    versions = [{"version": OLD, "created": "-9d", "enabled": False}, {"version": NEW}]
    azure = start(keys=[{"key_id": KEY, "versions": versions}])
    assert azure.operate("wrapkey", PLAIN).json()["kid"] == f"{KEY}/{NEW}"
    assert azure.operate("wrapkey", PLAIN, OLD).status_code == 403
    assert azure.operate("wrapkey", PLAIN, "0" * 32).status_code == 404


def test_the_crypto_client(start):
    azure = start(keys=[{"key_id": KEY, "versions": [NEW]}])
    credential = azure.identity()
    where = {"verify_challenge_resource": False, "connection_verify": azure.where["ca_path"], "retry_total": 0}
    client = CryptographyClient(f"{azure.where['vault_url']}/keys/key1/{NEW}", credential, **where)
    # With the enum it would wrap on this machine; with the text it asks, and unwrapping always asks.
    wrapped = client.wrap_key("RSA-OAEP-256", bytes(32))
    before = len(azure.sim.azure_requests)
    assert client.unwrap_key("RSA-OAEP-256", wrapped.encrypted_key).key == bytes(32)
    assert azure.sim.azure_requests[before]["path"].endswith("/unwrapkey")


GRANTS = {
    "policy of all": ({"policies": {CLIENT: ["get", "encrypt", "decrypt", "wrapKey", "unwrapKey"]}}, set()),
    "policy without unwrap": ({"policies": {CLIENT: ["get", "encrypt", "decrypt", "wrapKey"]}}, {"unwrapkey"}),
    "service encryption user": ({"roles": {CLIENT: ["Key Vault Crypto Service Encryption User"]}}, {"decrypt"}),
    "crypto user": ({"roles": {CLIENT: ["Key Vault Crypto User"]}}, set()),
    "reader": ({"roles": {CLIENT: ["Key Vault Reader"]}}, {"unwrapkey", "decrypt"}),
}


@pytest.mark.parametrize("grant", GRANTS)
def test_each_grant(start, grant):
    declared, refused = GRANTS[grant]
    azure = start(key_vaults=[{"host": VAULT, **declared}])
    for forward, back in REVERSE.items():
        cipher = azure.operate(forward, PLAIN).json()["value"]
        answer = azure.operate(back, cipher)
        assert (answer.status_code == 403) == (back in refused), back
        if back in refused:
            inner = "ForbiddenByRbac" if "roles" in declared else "ForbiddenByPolicy"
            assert answer.json()["error"]["innererror"]["code"] == inner


def test_nothing_is_granted(start):
    for declared in ({"roles": {}}, {"policies": {}}):
        with pytest.raises(HttpResponseError) as refused:
            start(key_vaults=[{"host": VAULT, **declared}]).keys().get_key("key1")
        assert refused.value.status_code == 403


@pytest.mark.parametrize("blocked_by", ["firewall", "connection"])
@pytest.mark.parametrize("blocked_when", ["always", "with_token"])
def test_a_firewall(start, blocked_by, blocked_when):
    azure = start(key_vaults=[{"host": VAULT, "blocked_by": blocked_by, "blocked_when": blocked_when}])
    with pytest.raises(HttpResponseError) as refused:
        azure.keys().get_key("key1")
    assert refused.value.status_code == 403
    assert refused.value.error.innererror["code"] == f"ForbiddenBy{blocked_by.capitalize()}"


def test_throttling(start):
    azure = start(key_vaults=[{"host": VAULT, "requests_per_10_s": 1}])
    client = azure.keys()
    client.get_key("key1")
    with pytest.raises(HttpResponseError) as refused:
        client.get_key("key1")
    assert refused.value.status_code == 429
    azure.sim.clock.advance(11)
    client.get_key("key1")


def test_the_tenant_of_the_key_vault(start):
    other = "99999999-2222-3333-4444-555555555555"
    azure = start(key_vaults=[{"host": VAULT, "tenant_id": other}])
    # The client reads the tenant from the challenge.
    with pytest.raises(Exception, match="not configured to acquire tokens"):
        azure.keys().get_key("key1")


def test_without_purge_protection(start):
    azure = start(key_vaults=[{"host": VAULT, "purge_protection": False, "retention_days": 7}])
    properties = azure.keys().get_key("key1").properties
    assert (properties.recovery_level, properties.recoverable_days) == ("Recoverable+Purgeable", 7)
