# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The test same_key: what two key identifiers mean."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("ansible.errors", reason="the test runs on the control node alone")

from ansible.errors import AnsibleFilterError

from ansible_collections.ontap.akv.plugins.test.same_key import TestModule as Plugin
from ansible_collections.ontap.akv.plugins.test.same_key import same_key

KEY = "https://mykeyvault.vault.azure.net/keys/key1"


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (KEY, True),
        ("https://MyKeyVault.vault.azure.net:443/keys/Key1/", True),
        (f"{KEY}/v1", True),
        ("https://mykeyvault.vault.azure.net/keys/key2", False),
        ("https://another.vault.azure.net/keys/key1", False),
    ],
)
def test_same_key(other: str, same: bool) -> None:
    test = Plugin().tests()["same_key"]
    assert test(KEY, other) is test(other, KEY) is same


def test_versions_count_where_both_have_one() -> None:
    assert same_key(f"{KEY}/v1", f"{KEY}/v1")
    assert not same_key(f"{KEY}/v1", f"{KEY}/v2")


@pytest.mark.parametrize("given", [None, 1, [], "", "key1", "https://mykeyvault.vault.azure.net/"])
def test_what_is_not_a_key(given: Any) -> None:
    with pytest.raises(AnsibleFilterError, match=r"ontap\.akv\.same_key: .* is not a key identifier\. Give https://"):
        same_key(KEY, given)
