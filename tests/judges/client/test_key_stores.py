# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The key-stores of a cluster, where the release lists them."""

from __future__ import annotations

import pytest
from judges.client.connecting import create
from netapp_ontap.resources import AzureKeyVault, SecurityKeystore


@pytest.mark.parametrize("fields", ["*", "**", "type,location,svm.name"])
def test_collection(vault: AzureKeyVault, fields: str) -> None:
    create()
    reported = list(SecurityKeystore.get_collection(fields=fields))
    assert len(reported) == 2
    assert {store.type for store in reported} == {"akv"}


def test_filter_and_count(vault: AzureKeyVault) -> None:
    create()
    (found,) = SecurityKeystore.get_collection(fields="type", **{"svm.name": "vs0"})
    assert found.uuid == vault.uuid
    assert SecurityKeystore.count_collection(type="akv") == 2
    assert SecurityKeystore.find(type="okm") is None
