# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""akv_repair: by cause, to one first, and never against what the diagnosis says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from faults import harness
from faults.in_process import Cluster
from integration.certificates import make_pkcs12
from integration.running import Values, wait_until

from simulator import Simulator

OLD, NEW = "old~Secret8Q", "new~Secret8Q"
KEY = "https://kv1.vault.azure.net/keys/k"
HOUR: list[dict[str, Any]] = [{"advance_clock": {"seconds": 1}}, {"advance_clock": {"seconds": 3700}}]


def broken(
    *events: Values,
    release: str = "9.14.1",
    number: int = 2,
    later: bool = False,
    poll_interval: int = 0,
    kind: Any = Cluster,
    **more: Any,
) -> Any:
    names = [f"vs{count}" for count in range(number)]
    vault = {"name": "https://kv1.vault.azure.net/", "key_id": KEY, "client_id": "app1", "tenant_id": "t1"}
    whole = {
        "svms": [{"name": name} for name in names],
        "vaults": [{**vault, "svm": name, "client_secret": OLD} for name in names],
        "volumes": [{"svm": name, "name": "data", "encrypted": True, "path": "/data"} for name in names],
        "azure": {
            "applications": [{"client_id": "app1", "tenant_id": "t1", "secrets": [OLD, NEW]}],
            "keys": [{"key_id": KEY}],
            "poll_interval": poll_interval,
        },
        "jobs": {"queued": 0.05, "running": 0.1},
        "events": [*events, *(HOUR if later else [])],
        **more,
    }
    return kind(release=release, scenario=whole)


def repair(sim: Cluster, **task: Any) -> Values:
    given = {**harness.options(sim), "timeout": 30, "poll_interval": 0.1, "wait_timeout": 5, "wait": False, **task}
    return sim.run("akv_repair", **given)


def credential(**more: Any) -> Values:
    return {"client_id": "app1", "client_secret": NEW, **more}


def sent(sim: Cluster) -> list[str]:
    return [f"{seen['method']} {seen['path']}" for seen in sim.requests if seen["method"] != "GET"]


def secrets(sim: Cluster) -> set[str]:
    return {sim.secret_of(vault["uuid"]) for vault in sim.vaults()}


def of(result: Values, svm: str) -> Values:
    (vault,) = (vault for vault in result["vaults"] if vault["svm"]["name"] == svm)
    return dict(vault)


EXPIRED = {"expire_credential": {"svm": "vs0"}}
ALL_EXPIRED = [{"expire_credential": {"svm": name}} for name in ("vs0", "vs1")]


def test_all_is_well() -> None:
    with broken() as sim:
        result = repair(sim, **credential())
        assert not result.get("failed")
        assert (result["changed"], result["vaults"], result["volumes"]) == (False, [], {"before": [], "after": []})
        assert "Nothing to do" in result["msg"]
        assert sent(sim) == []


@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize("release", ["9.8", "9.12.1", "9.14.1", "9.19.1"])
def test_an_expired_credential(release: str, later: bool) -> None:
    with broken(EXPIRED, release=release, later=later) as sim:
        predicted = repair(sim, **credential(), check_mode=True, diff=True)
        assert sent(sim) == []
        assert predicted["changed"] is True
        assert not predicted.get("failed")
        result = repair(sim, **credential(), diff=True)
        assert not result.get("failed"), result["msg"]
        assert result["plan_id"] == predicted["plan_id"]
        vault = of(result, "vs0")
        assert vault["before"]["diagnosis"]["cause"] == "credential_expired"
        assert (vault["after"]["verdict"], vault["credential"]) == ("healthy", "sent")
        assert len(result["volumes"]["before"]) == int(later)
        assert secrets(sim) == {OLD, NEW}
        assert NEW not in json.dumps(result)
        again = repair(sim, **credential())
        assert again["changed"] is False
        assert len(sent(sim)) == 1


@pytest.mark.parametrize(
    ("event", "cause"),
    [
        ({"disable_key": {"svm": "vs0"}}, "key_disabled"),
        ({"forbid_key": {"svm": "vs0"}}, "permission_missing"),
        ({"azure": {"reachable": False}}, "azure_unreachable"),
    ],
)
@pytest.mark.parametrize("later", [False, True])
def test_a_working_credential_is_never_overwritten_for_another_cause(event: Values, cause: str, later: bool) -> None:
    with broken(event, later=later) as sim:
        result = repair(sim, **credential(), wait=True, wait_timeout=300)
        assert result["failed"]
        assert sent(sim) == []
        assert secrets(sim) == {OLD}
        assert {vault["after"]["diagnosis"]["cause"] for vault in result["vaults"]} == {cause}
        assert "What to do" in "\n".join(result["advice"])
        assert result["outcome"] == "unchanged"


def test_force_insists() -> None:
    with broken({"disable_key": {"svm": "vs0"}}) as sim:
        result = repair(sim, **credential(), force_credential=True)
        assert result["failed"]
        # To one alone: it did not help there.
        assert len(sent(sim)) == 1


def test_a_wrong_credential_reaches_one_alone() -> None:
    with broken(*ALL_EXPIRED, release="9.9.1") as sim:
        result = repair(sim, **credential(client_secret="wrong~Secret8Q"))
        assert result["failed"]
        assert len(sent(sim)) == 1
        assert sorted(vault["credential"] for vault in result["vaults"]) == ["failed", "untouched"]


def test_a_credential_that_ontap_refuses() -> None:
    with broken(*ALL_EXPIRED) as sim:
        result = repair(sim, **credential(client_secret="wrong~Secret8Q"))
        assert result["failed"]
        assert secrets(sim) == {OLD}
        assert "65537540" in result["msg"]


def test_another_application_gets_nothing() -> None:
    with broken(EXPIRED) as sim:
        result = repair(sim, **credential(client_id="app2"))
        assert result["failed"]
        assert sent(sim) == []
        assert "1 of 2 AKV configurations still needs attention." in result["msg"]
        assert "Create a new secret" in result["msg"]


@pytest.mark.parametrize("restore", [True, False])
@pytest.mark.parametrize("release", ["9.7", "9.14.1"])
def test_keys_that_nodes_lack(release: str, restore: bool) -> None:
    lost = {"lose_keys": {"svm": "vs0", "nodes": ["node1"]}}
    with broken(lost, release=release) as sim:
        result = repair(sim, restore=restore)
        assert bool(result.get("failed")) is not restore
        assert (of(result, "vs0")["restore"], result["changed"]) == (("restored", True) if restore else ("none", False))
        assert len(sent(sim)) == int(restore)


def test_a_certificate() -> None:
    certificate = make_pkcs12()
    with broken(EXPIRED) as sim:
        result = repair(sim, client_id="app1", client_certificate=certificate)
        assert not result.get("failed"), result["msg"]
        assert secrets(sim) == {OLD, certificate}


def test_it_waits_for_volumes_and_reports_how_many_are_back() -> None:
    """The key was enabled again: the volumes come with the next poll."""
    poll = {"azure": {"reachable": True}}
    hour = [{"advance_clock": {"seconds": 901}}, poll, {"advance_clock": {"seconds": 3700}}, poll]
    with broken({"disable_key": {"svm": "vs0"}}, *hour, {"enable_key": {"svm": "vs0"}}, poll_interval=900) as sim:
        task: Values = {"wait": True, "wait_timeout": 30, "restore": False}
        stopped = repair(sim, **task)
        # ONTAP has not polled yet: someone might have to act.
        assert stopped["failed"]
        sim.apply([{"advance_clock": {"seconds": 1000}}])
        assert not repair(sim, **task).get("failed")


def test_it_waits_while_no_person_must_act() -> None:
    initializing = {"key_store_state": {"svm": "vs0", "state": "initializing"}}
    with broken(initializing, release="9.16.1", kind=Simulator) as sim:
        sim.apply([{"lose_keys": {"svm": "vs0", "nodes": ["node1"]}}])
        running = harness.Run("akv_repair", **{**harness.options(sim), "poll_interval": 0.1, "wait_timeout": 30})
        wait_until(lambda: len(sim.requests) > 8)
        sim.apply([{"recover_keys": {"svm": "vs0"}}, {"key_store_state": {"svm": "vs0", "state": "active"}}])
        assert not running.result().get("failed")
        assert sent(sim) == []


def test_an_offline_volume_of_another_key_manager_is_not_waited_for() -> None:
    volumes = [
        {"svm": "vs0", "name": "data", "encrypted": True},
        {"svm": "okm", "name": "other", "encrypted": True, "state": "offline"},
    ]
    managers = [{"type": "external", "svm": "okm"}]
    svms = [{"name": "vs0"}, {"name": "vs1"}, {"name": "okm"}]
    with broken(volumes=volumes, key_managers=managers, svms=svms) as sim:
        result = repair(sim, wait=True, wait_timeout=300)
        assert not result.get("failed")
        assert result["volumes"]["after"] == []


OKM = {"type": "onboard", "scope": "cluster"}
OF_OKM = {"svm": "vs0", "name": "onboard", "encrypted": True, "keys_with_admin": True, "state": "offline"}


@pytest.mark.parametrize(
    ("release", "more", "waited_for"),
    [
        ("9.11.1", {}, False),
        ("9.19.1", {}, False),
        ("9.10.1", {}, True),
        ("9.16.1", {"nodes": [{"name": "node1"}, {"name": "node2", "healthy": False}]}, True),
        ("9.16.1", {"cluster": {"akv_key_ids": False}}, True),
    ],
)
def test_an_offline_volume_with_a_key_in_the_onboard_key_manager(release: str, more: Values, waited_for: bool) -> None:
    """It does not come back with Azure. What is not proven counts."""
    volumes = [{"svm": "vs0", "name": "data", "encrypted": True}, OF_OKM]
    with broken(volumes=volumes, key_managers=[OKM], release=release, **more) as sim:
        result = repair(sim, wait=True, wait_timeout=1, retries=0)
        assert [volume["name"] for volume in result["volumes"]["after"]] == (["onboard"] if waited_for else [])
        assert bool(result.get("failed")) is waited_for


def test_keys_are_asked_for_only_where_a_volume_is_offline() -> None:
    volumes = [{"svm": "vs0", "name": "data", "encrypted": True}]
    with broken(volumes=volumes, key_managers=[OKM], release="9.16.1") as sim:
        repair(sim)
        assert not [seen for seen in sim.requests if "key-ids" in seen["path"] or "key-stores" in seen["path"]]


@pytest.mark.parametrize("status", [403, 404, 500])
@pytest.mark.parametrize(
    "path", ["/api/security/key-stores", "/api/cluster/nodes", "/api/security/key-managers/*/keys/*/key-ids"]
)
def test_keys_that_cannot_be_read_prove_nothing(path: str, status: int) -> None:
    fault = {"match": {"path": path, "times": 0}, "http": {"status": status}}
    with broken(volumes=[OF_OKM], key_managers=[OKM], release="9.14.1", faults=[fault]) as sim:
        result = repair(sim, retries=0)
        assert not result.get("failed"), result["msg"]
        assert [volume["name"] for volume in result["volumes"]["after"]] == ["onboard"]


def test_a_volume_that_could_not_be_mounted_is_named() -> None:
    volumes = [{"svm": "vs0", "name": "data", "encrypted": True}, {"svm": "vs1", "name": "other", "encrypted": True}]
    failed = {"name": "km.volume.mount.fail", "severity": "alert", "parameters": {"volume": "data", "vserver": "vs0"}}
    with broken({"ems": failed}, volumes=volumes) as sim:
        result = repair(sim)
        assert [volume["name"] for volume in result["unmounted"]] == ["data"]
        assert any("vs0/data" in line for line in result["advice"])


@pytest.mark.parametrize("status", [403, 404])
@pytest.mark.parametrize("path", ["/api/cluster", "/api/storage/volumes", "/api/support/ems/events"])
def test_a_reading_that_is_not_possible_is_lost_alone(path: str, status: int) -> None:
    fault = {"match": {"path": path, "times": 0}, "http": {"status": status}}
    volumes = [{"svm": "vs0", "name": "data", "encrypted": True}]
    with broken({"lose_keys": {"svm": "vs0", "nodes": ["node1"]}}, volumes=volumes, faults=[fault]) as sim:
        result = repair(sim, retries=0)
        assert not result.get("failed"), result["msg"]
        assert of(result, "vs0")["restore"] == "restored"
        assert "not known" in str(result["warnings"])


def test_fifty_svms_with_one_cause_are_one_paragraph() -> None:
    number = 50
    events = [{"expire_credential": {"svm": f"vs{count}"}} for count in range(number)]
    with broken(*events, number=number, later=True) as sim:
        result = repair(sim, check_mode=True)
        lines = result["advice"]
        assert len(lines) <= 10
        assert max(map(len, lines)) <= 450
        text = "\n".join(lines)
        assert "50 SVMs: vs0, vs1" in text
        assert "Offline volumes (50): vs0/data (/data)" in text
        assert text.count("AADSTS7000222") == 1


BAD: dict[str, tuple[Values, str]] = {
    "two credentials": (credential(client_certificate="MIIabc"), "more than one credential is given"),
    "no application": ({"client_secret": NEW}, "client_id: is required with client_secret"),
    "blank": (credential(client_secret=" "), "client_secret"),
    "force": ({"force_credential": True}, "force_credential"),
    "two scopes": ({"svm": "vs0", "scope": "cluster"}, "svm, svm_uuid, scope"),
    "limit": ({"wait_timeout": -1}, "wait_timeout"),
    "no certificate": ({"client_id": "app1", "client_certificate": "this is none"}, "client_certificate"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case: str) -> None:
    given, message = BAD[case]
    with broken(EXPIRED) as sim:
        result = repair(sim, **given)
        assert result["failed"]
        assert message in result["msg"]
        assert sim.requests == []


def test_an_svm_without_a_configuration() -> None:
    with broken() as sim:
        result = repair(sim, svm="vs9")
        assert result["failed"]
        assert "Similar names: vs1, vs0" in result["msg"]
