# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole life of an AKV configuration, on every release: each step, and each step again."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from faults import harness
from faults.in_process import Cluster
from integration.certificates import make_pkcs12
from releases.catalogue import KEY, RELEASES, WHOLE, at_least, enabled

from simulator import Simulator


@pytest.fixture(params=RELEASES)
def release(request: pytest.FixtureRequest) -> str:
    return str(request.param)


JOBS = {"jobs": {"queued": 0.05, "running": 0.1}}


@pytest.fixture
def sim(release: str) -> Cluster:
    return Cluster(release, JOBS)


class Life:
    """Runs modules against one cluster."""

    def __init__(self, sim: Cluster | Simulator, run: Callable[..., dict[str, Any]]) -> None:
        self._sim = sim
        self._run = run

    def __call__(self, module: str, **task: Any) -> dict[str, Any]:
        """Run a module that must not fail."""
        result = self.fails(module, **task)
        assert not result.get("failed"), result["msg"]
        return result

    def fails(self, module: str, **task: Any) -> dict[str, Any]:
        budget = harness.options(self._sim)
        if module == "akv_info":
            del budget["wait_timeout"]
        return self._run(module, **task, **budget)

    def twice(self, module: str, **task: Any) -> dict[str, Any]:
        """Predict, run, and run again: check mode says what the run does, and the second run does nothing."""
        predicted = self(module, **task, check_mode=True, diff=True)
        result = self(module, **task, diff=True)
        again = self(module, **task)
        for key in ("changed", "operation", "credentials_sent", "diff"):
            assert predicted.get(key) == result.get(key), key
        assert result["changed"] is True
        assert again["changed"] is False
        assert again["operation"] == "none"
        assert [sent["method"] for sent in again["requests"]] == ["GET"] * len(again["requests"])
        assert len(again["requests"]) <= 2
        return result


@pytest.fixture
def life(sim: Cluster) -> Life:
    return Life(sim, sim.run)


@pytest.mark.parametrize("release", [RELEASES[0], RELEASES[-1]])
def test_life_over_https(release: str) -> None:
    """With a process for each module."""
    with Simulator(release=release, scenario=JOBS) as sim:
        live(sim, Life(sim, harness.run), release)


def test_life(sim: Cluster, life: Life, release: str) -> None:
    live(sim, life, release)


def live(sim: Cluster | Simulator, life: Life, release: str) -> None:
    created = life.twice("akv_config", **WHOLE)
    assert created["operation"] == "create"
    uuid = created["vault"]["uuid"]

    info = life("akv_info")
    assert enabled(info)["verdict"] == "healthy"
    assert enabled(info)["authentication_method"] == "client_secret"
    assert info["summary"]["healthy"] == info["summary"]["total"] == info["summary"]["client_secret"] == 1

    rotation = {"svm": "vs0", "client_secret": "canary-New8Q~secret", "update_credentials": "always"}
    assert life("akv_config", **rotation)["credentials_sent"] is True
    assert sim.secret_of(uuid) == "canary-New8Q~secret"

    identity = {**WHOLE, "client_id": "client2", "tenant_id": "tenant2"}
    if at_least(release, "9.9.1"):
        assert life.twice("akv_config", **identity)["operation"] == "update"
        assert life.fails("akv_config", svm="vs0", client_id="client3")["outcome"] == "unchanged"
    else:
        refused = life.fails("akv_config", **identity)
        assert refused["failed"]
        assert "allow_recreate" in refused["msg"]
        assert life.twice("akv_config", **identity, allow_recreate=True)["operation"] == "recreate"

    sim.apply([{"create_volume": {"svm": "vs0", "name": "data", "encrypted": True}}])
    sim.apply([{"lose_keys": {"svm": "vs0", "nodes": ["node2"]}}])
    assert enabled(life("akv_info"))["verdict"] == "degraded"
    assert life.twice("akv_restore", svm="vs0", poll_interval=0.1)["available"] is True

    refused = life.fails("akv_config", svm="vs0", state="absent")
    assert refused["error"]["code"] == "65536867"
    assert refused["outcome"] == "unchanged"
    sim.apply([{"delete_volume": {"svm": "vs0", "name": "data"}}])
    assert life.twice("akv_config", svm="vs0", state="absent")["operation"] == "delete"
    assert life("akv_info")["summary"]["total"] == 0


def test_rekey(sim: Cluster, life: Life, release: str) -> None:
    life("akv_config", **WHOLE)
    sim.apply([{"create_volume": {"svm": "vs0", "name": "data", "encrypted": True}}])
    other = {"svm": "vs0", "type": "external", "key_id": "https://kv1.vault.azure.net/keys/key2", "poll_interval": 0.1}
    refused = life.fails("akv_config", **{**WHOLE, "key_id": other["key_id"]})
    assert "akv_rekey" in refused["msg"]
    if release == "9.7":
        assert "needs ONTAP 9.8" in life.fails("akv_rekey", **other)["msg"]
        return
    same = life("akv_rekey", **{**other, "key_id": KEY})
    assert same["changed"] is False
    rekeyed = life.twice("akv_rekey", **other)
    assert rekeyed["operation"] == "rekey"
    sent = [request for request in rekeyed["requests"] if request["method"] != "GET"]
    assert [request["method"] for request in sent] == ["POST" if at_least(release, "9.11.1") else "PATCH"]
    for _run in range(2):
        internal = life("akv_rekey", svm="vs0", type="internal", poll_interval=0.1)
        assert internal["changed"] is True


@pytest.mark.parametrize(
    ("first", "option"),
    [
        ("9.8", {"proxy_host": "proxy.example.com", "proxy_port": 8080, "proxy_type": "http"}),
        ("9.10.1", {"client_certificate": base64.b64encode(b"no PKCS#12").decode(), "client_secret": None}),
        ("9.14.1", {"oauth_host": "login.example.com"}),
        ("9.14.1", {"port": 8443}),
        ("9.14.1", {"verify_host": True, "verify_ip": True}),
        ("9.14.1", {"configuration": "green"}),
        ("9.16.1", {"skip_verification": True}),
    ],
    ids=lambda value: value if isinstance(value, str) else next(iter(value)),
)
def test_an_option_works_from_its_release_on_and_is_refused_before(
    sim: Cluster, life: Life, release: str, first: str, option: dict[str, Any]
) -> None:
    task = {name: value for name, value in {**WHOLE, **option}.items() if value is not None}
    if "client_certificate" in option:
        task["client_certificate"] = make_pkcs12()
    if at_least(release, first):
        assert life.twice("akv_config", **task)["operation"] == "create"
        return
    refused = life.fails("akv_config", **task)
    name = next(iter(option))
    assert refused["msg"].startswith(name)
    assert f"needs ONTAP {first} or later" in refused["msg"]
    assert f"runs {release}" in refused["msg"]
    assert refused["outcome"] == "unchanged"
    assert sim.vaults() == []


def test_blue_and_green(sim: Cluster, life: Life, release: str) -> None:
    if not at_least(release, "9.14.1"):
        return
    life("akv_config", **WHOLE)
    green = {**WHOLE, "configuration": "green", "key_id": "https://kv1.vault.azure.net/keys/key2"}
    created = life.twice("akv_config", **green)
    assert created["vault"]["enabled"] is False
    assert created["available"] is None
    assert "inactive" in str(created["warnings"])
    info = life("akv_info")
    assert info["summary"]["inactive"] == 1
    assert enabled(info)["enabled"] is True

    there = life.twice("akv_config", svm="vs0", configuration="green", enabled=True)
    assert there["operation"] == "enable"
    assert enabled(life("akv_info"))["key_id"].startswith("https://kv1.vault.azure.net/keys/key2")
    names = {vault["configuration"]["name"]: vault["enabled"] for vault in life("akv_info")["vaults"]}
    blue = next(name for name, enabled in names.items() if not enabled)
    assert life.twice("akv_config", svm="vs0", configuration=blue, enabled=True)["operation"] == "enable"

    assert "Set configuration to the one to delete" in life.fails("akv_config", svm="vs0", state="absent")["msg"]
    green_now = next(
        vault["configuration"]["name"] for vault in life("akv_info")["vaults"] if vault["enabled"] is False
    )
    assert life.twice("akv_config", svm="vs0", configuration=green_now, state="absent")["operation"] == "delete"
    assert life.twice("akv_config", svm="vs0", state="absent")["operation"] == "delete"
