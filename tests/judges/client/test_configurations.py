# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Inactive configurations: created, switched to by way of the key-stores, and deleted there."""

from __future__ import annotations

import pytest
from netapp_ontap import NetAppRestError
from netapp_ontap.resources import AzureKeyVault, SecurityKeystore

from simulator import Simulator
from simulator.client import CREATE


@pytest.fixture
def green(vault: AzureKeyVault) -> AzureKeyVault:
    made = AzureKeyVault.from_dict({**CREATE, "svm": {"name": "vs0"}, "configuration": {"name": "green"}})
    made.post(hydrate=True, create_inactive=True)
    return made


def enable(uuid: str) -> None:
    store = SecurityKeystore(uuid=uuid)
    store.enabled = True
    store.patch()


def reported_by_the_vaults() -> dict[str, bool]:
    return {one.uuid: one.enabled for one in AzureKeyVault.get_collection(fields="enabled")}


def test_create(vault: AzureKeyVault, green: AzureKeyVault) -> None:
    assert green.configuration.name == "green"
    assert reported_by_the_vaults() == {vault.uuid: True, green.uuid: False}


def test_an_inactive_one_has_no_health(green: AzureKeyVault) -> None:
    green.get(fields="**")
    assert not {"state", "azure_reachability", "ekmip_reachability"} & set(green.to_dict())


def test_key_stores(vault: AzureKeyVault, green: AzureKeyVault) -> None:
    reported = {store.uuid: store for store in SecurityKeystore.get_collection(fields="**")}
    assert {uuid: store.enabled for uuid, store in reported.items()} == {vault.uuid: True, green.uuid: False}
    assert reported[green.uuid].configuration.name == "green"
    alone = SecurityKeystore(uuid=green.uuid)
    alone.get(fields="**")
    assert alone.to_dict() == reported[green.uuid].to_dict()


def test_switch_and_back(vault: AzureKeyVault, green: AzureKeyVault) -> None:
    enable(green.uuid)
    assert reported_by_the_vaults() == {vault.uuid: False, green.uuid: True}
    enable(vault.uuid)
    assert reported_by_the_vaults() == {vault.uuid: True, green.uuid: False}


def test_delete_the_inactive_one(cluster: Simulator, vault: AzureKeyVault, green: AzureKeyVault) -> None:
    SecurityKeystore(uuid=green.uuid).delete()
    assert [one["uuid"] for one in cluster.vaults()] == [vault.uuid]


def test_refused_to_delete_the_enabled_one_there(vault: AzureKeyVault, green: AzureKeyVault) -> None:
    with pytest.raises(NetAppRestError) as error:
        SecurityKeystore(uuid=vault.uuid).delete()
    assert 400 <= error.value.http_err_response.http_response.status_code < 500
    assert SecurityKeystore.count_collection() == 2
