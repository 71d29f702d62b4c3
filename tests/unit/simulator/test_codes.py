# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every code that release 9.7 lists for a vault: by what the cluster is where the cluster can be so, else injected."""

from __future__ import annotations

import pytest

from simulator import errors
from simulator.client import CREATE, VAULTS

# The wording is the reference's.
POST = {
    3735553: "Failed to create self-signed certificate.",
    3735664: "The specified key size is not supported in FIPS mode.",
    3735665: "The specified hash function is not supported in FIPS mode.",
    3735700: "The specified key size is not supported.",
    52559972: "The certificate's start date is later than the current date.",
    65537500: "A key manager has already been configured for this SVM.",
    65537503: "Passwords do not match.",
    65537504: "Internal error. Failed to store configuration in internal database.",
    65537505: "One or more volume encryption keys of the given SVM are stored on a key manager configured for the admin"
    " SVM.",
    65537506: "AKV is not supported in MetroCluster configurations.",
    65537512: "AKV cannot be configured for the given SVM as not all nodes in the cluster have the azure.key.vault"
    " capability.",
    65537514: "Failed to check or update the azure.key.vault feature capability.",
    65537518: "Failed to find an interface with Cluster role.",
}
PATCH = {
    65537503: "Passwords do not match.",
    65537504: "Internal error. Failed to store configuration in internal database.",
    65537511: "AKV is not configured for the given SVM.",
    65537517: "The client secret must be specified.",
}
DELETE = {
    65536242: "One or more Storage Encryption devices are assigned an authentication key.",
    65536817: "Internal error. Failed to determine if key manager is safe to disable.",
    65536827: "Internal error. Failed to determine if the given SVM has any encrypted volumes.",
    65536834: "Internal error. Failed to get existing key-server details for the given SVM.",
    65536867: "Volume encryption keys (VEK) for one or more encrypted volumes are stored on the key manager configured"
    " for the given SVM.",
    65536883: "Internal error. Volume encryption key is missing for a volume.",
    65536884: "Internal error. Volume encryption key is invalid for a volume.",
    65536924: "Cannot remove key manager that still contains one or more NSE authentication keys.",
    65537511: "AKV is not configured for the given SVM.",
    196608301: "Internal error. Failed to get encryption type.",
    196608305: "NAE aggregates found in the cluster.",
}
RESTORE = {
    65537511: "AKV is not configured for the given SVM.",
    65537515: "Failed to restore keys on some nodes in the cluster.",
}
LISTED = {"post": POST, "patch": PATCH, "delete": DELETE, "restore": RESTORE}
# What a cluster must be like to refuse by itself.
NATURAL = {
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


@pytest.mark.parametrize("operation", LISTED)
def test_the_lists_are_those_of_the_table(operation):
    assert set(LISTED[operation]) == set(errors.wire_codes(operation, "9.7"))


@pytest.mark.parametrize(("operation", "code"), [(each, code) for each, codes in LISTED.items() for code in codes])
def test_a_code_of_9_7(start, operation, code):
    method, path, body = CALLS[operation]
    scenario = NATURAL.get((operation, code))
    if scenario is None:
        scenario = {"vaults": [] if operation == "post" else [{"svm": "vs0", "uuid": "u"}]}
        scenario["faults"] = [{"match": {"method": method}, "error": {"code": code}}]
    if code == 65537517:
        body = {}
    client = start("9.7", scenario)
    before = client.sim.vaults()
    reply = client.call(method, "/api" + path, json=body)
    error = reply.json()["error"]
    assert reply.status_code >= 400
    assert error["code"] == str(code)
    if code == 65537515:
        assert error["message"] == f"{RESTORE[code]} Nodes: node1."
    else:
        assert error["message"] == LISTED[operation][code]
    assert client.sim.vaults() == before
