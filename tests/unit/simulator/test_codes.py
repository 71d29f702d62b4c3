# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The codes of release 9.7 that a cluster can have a reason for."""

from __future__ import annotations

import pytest

from simulator.client import CREATE, VAULTS

# What a cluster must be like to refuse.
REFUSING = {
    ("post", 65537500): {"vaults": [{"svm": "vs0"}]},
    ("post", 65537505): {
        "key_managers": [{"type": "onboard", "scope": "cluster"}],
        "volumes": [{"svm": "vs0", "name": "vol1", "encrypted": True}],
    },
    ("post", 65537506): {"cluster": {"metrocluster": True}},
    ("post", 65537512): {"nodes": [{"name": "node1"}, {"name": "node2", "capable": False}]},
    ("post", 65537518): {"nodes": [{"name": "node1", "cluster_lif": False}]},
    ("patch", 65537511): {},
    ("patch", 65537517): {"vaults": [{"svm": "vs0", "uuid": "u"}]},
    ("delete", 65536242): {
        "vaults": [{"scope": "cluster", "uuid": "u"}],
        "key_managers": [{"type": "onboard", "scope": "cluster", "drives": 2}],
    },
    ("delete", 65536867): {
        "vaults": [{"svm": "vs0", "uuid": "u"}],
        "volumes": [{"svm": "vs0", "name": "vol1", "encrypted": True}],
    },
    ("delete", 65536924): {
        "vaults": [{"scope": "cluster", "uuid": "u"}],
        "key_managers": [{"type": "external", "scope": "cluster", "nse_keys": 1}],
    },
    ("delete", 65537511): {},
    ("delete", 196608305): {
        "vaults": [{"scope": "cluster", "uuid": "u"}],
        "aggregates": [{"name": "aggr1", "nae": True}],
    },
    ("restore", 65537511): {},
    ("restore", 65537515): {
        "vaults": [{"svm": "vs0", "uuid": "u", "keys_missing_on": ["node1"]}],
        "events": [{"partial_restore": {"nodes": ["node1"]}}],
    },
}
CALLS = {
    "post": ("POST", VAULTS, {**CREATE, "svm": {"name": "vs0"}}),
    "patch": ("PATCH", f"{VAULTS}/u", {"client_secret": "new"}),
    "delete": ("DELETE", f"{VAULTS}/u", None),
    "restore": ("POST", f"{VAULTS}/u/restore?return_timeout=10", None),
}


@pytest.mark.parametrize(("operation", "code"), REFUSING)
def test_a_code_of_9_7(start, operation, code):
    method, path, body = CALLS[operation]
    client = start("9.7", REFUSING[operation, code])
    before = client.sim.vaults()
    reply = client.call(method, "/api" + path, json={} if code == 65537517 else body)
    assert reply.status_code >= 400
    assert reply.json()["error"]["code"] == str(code)
    assert client.sim.vaults() == before
