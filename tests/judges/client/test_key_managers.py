# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Key managers of all kinds that a release has, their key-stores, and the IDs of the keys that they hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from judges.client.connecting import RELEASE
from netapp_ontap import resources
from netapp_ontap.resources import Node, SecurityKeyManager, SecurityKeystore

from simulator import Simulator, releases

KEYS: Any = getattr(resources, "KeyManagerKeys", None)
with_keys = pytest.mark.skipif(KEYS is None, reason=f"the client of {RELEASE} does not know key-ids")

# Each kind as key-managers has it, and as key-stores and key-ids name it.
KINDS = {"onboard": "okm", "external": "kmip", "gcp": "gcp", "aws": "aws", "ikp": "ikp", "barbican": "barbican"}
FIRST = {"gcp": "9.10.1", "aws": "9.10.1", "ikp": "9.11.1", "barbican": "9.17.1"}
HERE = [kind for kind in KINDS if releases.NAMES.index(FIRST.get(kind, "9.7")) <= releases.NAMES.index(RELEASE)]
OF_SVMS = [kind for kind in HERE if kind != "onboard"]


@pytest.fixture
def cluster() -> Iterator[Simulator]:
    scenario = {
        "cluster": {"key_stores_in_replies": "flat"},
        "svms": [{"name": f"svm_{kind}"} for kind in (*OF_SVMS, "akv")],
        "key_managers": [
            {"type": "onboard", "scope": "cluster"},
            *({"type": kind, "svm": f"svm_{kind}", "servers": ["192.0.2.9:5696"]} for kind in OF_SVMS),
        ],
        "vaults": [{"svm": "svm_akv"}],
        "volumes": [
            {"svm": f"svm_{kind}", "name": f"vol{number}", "encrypted": True}
            for kind in (*OF_SVMS, "akv")
            for number in range(3)
        ],
    }
    with Simulator(release=RELEASE, scenario=scenario) as sim:
        yield sim


@pytest.mark.parametrize("fields", ["*", "**"])
def test_key_managers(fields: str) -> None:
    listed = list(SecurityKeyManager.get_collection(fields=fields))
    # The other kinds are listed by key-stores only.
    assert len(listed) == 2
    (onboard,) = (each for each in listed if each.scope == "cluster")
    (external,) = (each for each in listed if each.scope == "svm")
    assert onboard.onboard.enabled
    assert external.svm.name == "svm_external"
    assert external.external.servers
    alone = SecurityKeyManager(uuid=external.uuid)
    alone.get(fields=fields)
    assert alone.to_dict() == external.to_dict()


@pytest.mark.parametrize("fields", ["*", "**"])
@pytest.mark.parametrize("page", [None, 1])
def test_key_stores_of_all_kinds(fields: str, page: int | None) -> None:
    """The client ends a listing, without an error, at a kind that it does not know."""
    listed = list(SecurityKeystore.get_collection(fields=fields, max_records=page))
    assert sorted(store.type for store in listed) == sorted(["akv", *(KINDS[kind] for kind in HERE)])
    if fields == "**":
        assert {store.location for store in listed if store.type == "okm"} == {"onboard"}
        assert {store.location for store in listed if store.type != "okm"} == {"external"}


@with_keys
@pytest.mark.parametrize("page", [None, 1])
def test_the_keys_of_each_key_manager(page: int | None) -> None:
    nodes = [node.uuid for node in Node.get_collection()]
    for store in SecurityKeystore.get_collection(fields="type,svm.name"):
        for node in nodes:
            keys = list(KEYS.get_collection(store.uuid, node, fields="**", max_records=page))
            assert {key.key_store_type for key in keys} <= {store.type}
            volumes = [key for key in keys if key.key_type == "vek"]
            assert len(volumes) == (0 if store.type == "okm" else 3), store.type
            if store.type == "akv":
                assert {key.key_user for key in volumes} == {"svm_akv"}
                assert all(key.restored for key in keys)
                assert len([key for key in keys if key.key_type == "svm_kek"]) == 1


@with_keys
def test_one_key() -> None:
    (store,) = SecurityKeystore.get_collection(type="akv")
    node = next(iter(Node.get_collection())).uuid
    first = next(iter(KEYS.get_collection(store.uuid, node, fields="**")))
    alone = KEYS(store.uuid, node, key_id=first.key_id)
    alone.get(fields="**")
    assert alone.to_dict() == first.to_dict()
