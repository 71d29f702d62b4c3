# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cluster that is too old, or whose REST API is off: the error says which release it runs, asked for over ZAPI."""

from __future__ import annotations

import importlib.util
from typing import Any

import pytest
from faults.harness import options, run

from simulator import Simulator

WITH_NETAPP_LIB = importlib.util.find_spec("netapp_lib") is not None


def attempt(**cluster: Any) -> dict[str, Any]:
    with Simulator(release="9.7", scenario={"cluster": {"rest": False, **cluster}}) as sim:
        return run("akv_config", svm="vs0", client_secret="canary-Old8Q~secret", **options(sim))


def test_netapp_lib_is_here() -> None:
    """The other tests of this file show little without it."""
    assert WITH_NETAPP_LIB


@pytest.mark.parametrize("release", ["9.5", "9.6"])
def test_an_old_release_is_named(release: str) -> None:
    result = attempt(zapi_version=release)
    assert result["failed"]
    assert f"It runs ONTAP {release}: azure-key-vaults needs 9.7." in result["msg"]
    assert result["outcome"] == "unchanged"


def test_a_release_that_would_do_has_its_rest_api_off() -> None:
    assert "It runs ONTAP 9.12.1, so its REST API must be off" in attempt(zapi_version="9.12.1")["msg"]


def test_what_zapi_does_not_tell_changes_nothing() -> None:
    result = attempt(zapi=False)
    assert result["failed"]
    assert "It runs" not in result["msg"]


def test_a_cluster_that_is_newer_than_known_is_reported_once_and_works() -> None:
    with Simulator(release="9.19.1", scenario={"jobs": {"queued": 0.05, "running": 0.1}}) as sim:
        newer = {"generation": 9, "major": 33, "minor": 1}
        version = {"match": {"path": "/api/cluster", "times": 0}, "body": {"json": {"version": newer}, "when": "after"}}
        sim.apply([{"add_fault": version}])
        connection = options(sim)
        del connection["wait_timeout"]
        result = run("akv_info", **connection)
        assert not result.get("failed"), result["msg"]
        assert str(result["warnings"]).count("runs ONTAP 9.33.1, which is newer than this collection knows") == 1
