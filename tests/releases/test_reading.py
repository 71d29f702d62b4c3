# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""akv_info: what it reads, what it can do without, and how long its result is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from faults.harness import options
from faults.in_process import Cluster
from releases.catalogue import RELEASES, WHOLE, at_least, enabled

APIS = {
    "release": "/api/cluster",
    "volumes": "/api/storage/volumes",
    "health monitor": "/api/security/key-manager-configs",
    "key stores": "/api/security/key-stores",
}
ALL = ["/api/security/azure-key-vaults", *APIS.values()]


def scenario(**more: Any) -> dict[str, Any]:
    return {
        "svms": [{"name": "vs0"}, {"name": "vs1"}],
        "vaults": [WHOLE, {**WHOLE, "svm": "vs1"}],
        "volumes": [{"svm": svm, "name": "data", "encrypted": True} for svm in ("vs0", "vs1")],
        "azure": {"poll_interval": 0},
        **more,
    }


def ask(sim: Cluster, **task: Any) -> dict[str, Any]:
    more = options(sim)
    del more["wait_timeout"]
    return sim.run("akv_info", **{**more, **task})


@pytest.mark.parametrize("gone", [404, 403])
@pytest.mark.parametrize("what", APIS)
def test_a_reading_that_is_not_possible_is_lost_alone(what: str, gone: int) -> None:
    """The login may not, or the cluster does not have it: 403 and 404."""
    fault = {"match": {"path": f"{APIS[what]}*", "times": 0}, "http": {"status": gone}}
    faults = [fault] if gone == 404 else []
    may = [{"api": api, "access": "readonly"} for api in ALL if gone == 404 or api != APIS[what]]
    users = [{"name": "admin", "password": "the-password", "role": "reader"}]
    more = {"users": users, "roles": {"reader": may}, "faults": faults}
    with Cluster(release="9.16.1", scenario=scenario(**more)) as sim:
        sim.apply([{"lose_keys": {"svm": "vs0", "nodes": ["node1"]}}])
        found = ask(sim, volumes=True, health_monitor=True, retries=0)
    assert not found.get("failed"), found["msg"]
    assert [vault["verdict"] for vault in found["vaults"]] == ["degraded", "healthy"]
    assert ("volumes" in found) == (what != "volumes")
    assert ("polling_interval" in found["health_monitor"]) == (what != "health monitor")
    # Without the release nobody knows whether the key stores have a state.
    assert len(found["warnings"]) == 1
    assert "not known" in str(found["warnings"])
    assert APIS[what] in str(found["warnings"]) or gone == 404


def test_what_is_not_asked_for_is_absent() -> None:
    with Cluster(release="9.14.1", scenario=scenario()) as sim:
        found = ask(sim)
    assert {"volumes", "health_monitor", "by_svm", "cluster_vault"}.isdisjoint(found)
    assert None not in [value for vault in found["vaults"] for value in vault.values()]


@pytest.mark.parametrize("release", RELEASES)
def test_two_configurations_are_not_long(release: str) -> None:
    with Cluster(release=release, scenario=scenario()) as sim:
        found = ask(sim)
    assert len(json.dumps(found, indent=4).splitlines()) <= 150


FAULTS: dict[str, dict[str, Any]] = {
    "credential_expired": {"expire_credential": {"svm": "vs0"}},
    "key_disabled": {"disable_key": {"svm": "vs0"}},
    "permission_missing": {"forbid_key": {"svm": "vs0"}},
    "azure_unreachable": {"azure": {"reachable": False}},
    "keys_missing_on_node": {"lose_keys": {"svm": "vs0", "nodes": ["node2"]}},
    "node_key_server_down": {"node": {"name": "node2", "healthy": False}},
}


@pytest.mark.parametrize("cause", FAULTS)
@pytest.mark.parametrize("release", RELEASES)
def test_the_cause_is_named(release: str, cause: str) -> None:
    with Cluster(release=release, scenario=scenario(vaults=[WHOLE])) as sim:
        sim.apply([FAULTS[cause]])
        found = ask(sim)
    diagnosis = enabled(found)["diagnosis"]
    if at_least(release, "9.8"):
        assert diagnosis["cause"] == cause
        assert found["summary"]["needs_attention"] == 1
    else:
        # 9.7 names nodes, and no reason.
        assert diagnosis["cause"] == ("none" if cause == "node_key_server_down" else "keys_missing_on_node")


@pytest.mark.parametrize("release", ["9.15.1", "9.16.1", "9.19.1"])
def test_a_key_store_that_is_being_changed_explains_missing_keys(release: str) -> None:
    with Cluster(release=release, scenario=scenario(vaults=[WHOLE])) as sim:
        sim.apply([FAULTS["keys_missing_on_node"], {"key_store_state": {"svm": "vs0", "state": "svm_kek_rekey"}}])
        diagnosis = enabled(ask(sim))["diagnosis"]
    busy = at_least(release, "9.16.1")
    assert diagnosis["cause"] == ("key_store_busy" if busy else "keys_missing_on_node")
    assert diagnosis["heals_itself"] is busy
