# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.ontap.akv.plugins.module_utils._akv.uris import KeyId, VaultUri, likely_typo, same_vault

VAULT = "https://mykeyvault.vault.azure.net"


@pytest.mark.parametrize(
    "looks",
    [
        f"{VAULT}/",
        "https://MyKeyVault.Vault.Azure.Net",
        f"{VAULT}:443",
        f"{VAULT}:443/",
        f"{VAULT}./",
        f"HTTPS{VAULT[5:]}",
    ],
)
def test_looks_are_not_a_difference_between_vaults(looks: str) -> None:
    assert same_vault(VAULT, looks)


@pytest.mark.parametrize(
    "other", ["https://other.vault.azure.net", f"{VAULT}:8443", "https://mykeyvault.vault.azure.cn"]
)
def test_another_host_or_port_is_another_vault(other: str) -> None:
    assert not same_vault(VAULT, other)


@pytest.mark.parametrize(
    ("uri", "problem"),
    [
        ("http://kv.vault.azure.net", "https"),
        ("kv.vault.azure.net", "https"),
        ("https://", "no host"),
        ("https:://kv.vault.azure.net/", "no host"),
        ("https:///keys", "no host"),
        ("https://kv.vault.azure.net/keys/key1", "path"),
        ("https://kv.vault.azure.net/?a=b", "a login, a query, or a fragment"),
        ("https://me@kv.vault.azure.net/", "a login, a query, or a fragment"),
        ("https://kv.vault.azure.net:port/", "not a URI"),
        ("https://kv .vault.azure.net/", "white space"),
    ],
)
def test_what_is_not_a_vault_uri_says_why(uri: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        VaultUri.parse(uri)


@pytest.mark.parametrize(
    "uri",
    [
        VAULT,
        f"{VAULT}/keys",
        f"{VAULT}/keys/",
        f"{VAULT}/secrets/key1",
        f"{VAULT}/keys/key1/version/more",
        f"{VAULT}/keys//version",
    ],
)
def test_what_is_not_a_key_uri_is_refused(uri: str) -> None:
    with pytest.raises(ValueError, match="is not a key identifier"):
        KeyId.parse(uri)


def test_a_key_is_host_name_and_perhaps_version() -> None:
    bare, versioned = KeyId.parse(f"{VAULT}/keys/key1"), KeyId.parse(f"{VAULT}/keys/KEY1/0A/")
    assert bare.same_key(versioned)
    assert versioned.version == "0a"
    assert not bare.other_version(versioned)
    assert versioned.other_version(KeyId.parse(f"{VAULT}/keys/key1/0b"))
    assert not bare.same_key(KeyId.parse(f"{VAULT}/keys/key2"))


def test_the_typo_of_the_reference_is_named() -> None:
    assert likely_typo("https://mykeyvault.azure.vault.net/") == "https://mykeyvault.vault.azure.net/"
    assert likely_typo(VAULT) is None
