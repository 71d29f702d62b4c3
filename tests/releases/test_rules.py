# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a client of many ONTAP releases has to bear, rule by rule."""

from __future__ import annotations

from typing import Any

import pytest
from faults import harness
from faults.in_process import Cluster
from releases.catalogue import KEY, RELEASES, WHOLE, at_least, enabled

from simulator import Simulator

VAULTS = "/api/security/azure-key-vaults"
VERSION = "a8e619fd8f234db3b0b95c59540e2a74"


JOBS = {"queued": 0.05, "running": 0.1}


def cluster(release: str, **scenario: Any) -> Cluster:
    return Cluster(release, {"jobs": JOBS, **scenario})


def call(sim: Cluster, module: str, **task: Any) -> dict[str, Any]:
    budget = harness.options(sim)
    if module == "akv_info":
        del budget["wait_timeout"]
    return sim.run(module, **{**budget, **task})


def sent(sim: Cluster, *methods: str) -> list[str]:
    """The paths that were sent with a method."""
    return [seen["path"] for seen in sim.requests if seen["method"] in methods]


@pytest.mark.parametrize("name", ["cluster_state", "available"])
@pytest.mark.parametrize("code", ["integer", "string"])
@pytest.mark.parametrize("release", RELEASES)
def test_rule_1_one_answer_in_many_shapes(release: str, name: str, code: str) -> None:
    shapes = {"availability_in_replies": name, "code_in_replies": code}
    with cluster(release, cluster=shapes, vaults=[WHOLE]) as sim:
        sim.apply([{"create_volume": {"svm": "vs0", "name": "data", "encrypted": True}}])
        assert enabled(call(sim, "akv_info"))["available"] is True
        sim.apply([{"lose_keys": {"svm": "vs0", "nodes": ["node1"]}}])
        assert enabled(call(sim, "akv_info"))["available"] is False


@pytest.mark.parametrize("release", RELEASES)
def test_rule_1_availability_that_is_not_reported_is_unknown(release: str) -> None:
    with cluster(release, cluster={"availability_in_replies": "none"}, vaults=[WHOLE]) as sim:
        sim.apply([{"create_volume": {"svm": "vs0", "name": "data", "encrypted": True}}])
        info = call(sim, "akv_info")
        assert "available" not in enabled(info)
        assert info["summary"]["unknown"] == 1
        assert call(sim, "akv_restore", svm="vs0")["changed"] is False


@pytest.mark.parametrize("ends", ["failure", "error", "cancelled", "expired"])
def test_rule_1_every_word_for_a_failed_job(ends: str) -> None:
    with cluster("9.12.1", vaults=[{**WHOLE, "keys_missing_on": ["node1"]}]) as sim:
        sim.apply([{"create_volume": {"svm": "vs0", "name": "data", "encrypted": True}}])
        sim.apply([{"fail_next_job": {"ends": ends, "code": 65537515}}])
        failed = call(sim, "akv_restore", svm="vs0", poll_interval=0.1)
        assert failed["failed"]
        assert failed["job"]["state"] == ends


@pytest.mark.parametrize("replies", ["keep", "drop", "add"])
@pytest.mark.parametrize("declared", [KEY, f"{KEY}/{VERSION}"])
@pytest.mark.parametrize("release", RELEASES)
def test_rule_2_a_version_dropped_or_added_is_not_a_difference(release: str, declared: str, replies: str) -> None:
    with cluster(release, cluster={"key_version_in_replies": replies}) as sim:
        task = {**WHOLE, "key_id": declared}
        assert call(sim, "akv_config", **task)["changed"] is True
        again = call(sim, "akv_config", **task)
        assert again["changed"] is False
        assert again["drift"] == []


def test_rule_2_a_version_that_azure_moved_on_is_drift() -> None:
    with cluster("9.13.1", vaults=[{**WHOLE, "key_id": f"{KEY}/{VERSION}"}]) as sim:
        sim.apply([{"rotate_key": {"svm": "vs0"}}])
        result = call(sim, "akv_config", **{**WHOLE, "key_id": f"{KEY}/{VERSION}"})
        assert result["changed"] is False
        assert [entry["field"] for entry in result["drift"]] == ["key_id"]
        assert call(sim, "akv_config", **{**WHOLE, "key_id": KEY})["drift"] == []


@pytest.mark.parametrize("release", ["9.9.1", "9.12.1", "9.19.1"])
def test_rule_3_the_message_is_read_node_by_node(release: str) -> None:
    with cluster(release, cluster={"state_without_volumes": "no_volumes"}, vaults=[WHOLE]) as sim:
        fresh = enabled(call(sim, "akv_info"))
        assert fresh["verdict"] == "healthy"
        assert "available" not in fresh
        sim.apply([{"lose_keys": {"svm": "vs0", "nodes": ["node2"], "reason": "Key is disabled in Azure."}}])
        hurt = enabled(call(sim, "akv_info"))
        assert hurt["verdict"] == "degraded"
        assert "node2" in " ".join(hurt["reasons"])
        assert "node1" not in " ".join(hurt["reasons"])


@pytest.mark.parametrize("release", RELEASES)
def test_rule_4_a_collection_is_never_changed(release: str) -> None:
    with cluster(release, svms=[{"name": "vs0"}, {"name": "vs1"}], vaults=[{**WHOLE, "svm": "vs1"}]) as sim:
        call(sim, "akv_config", **WHOLE)
        call(sim, "akv_config", svm="vs0", client_secret="canary-New8Q~secret", update_credentials="always")
        call(sim, "akv_config", svm="vs0", state="absent")
        assert VAULTS not in sent(sim, "PATCH", "DELETE")
        assert [vault["svm"] for vault in sim.vaults()] == ["vs1"]


def test_rule_5_after_202_the_job_is_followed_and_a_missing_body_read_from_the_vault() -> None:
    with cluster("9.16.1") as sim:
        created = call(sim, "akv_config", **WHOLE)
        assert 202 in [request["status"] for request in created["requests"]]
        assert any(path.startswith("/api/cluster/jobs/") for path in sent(sim, "GET"))
    with cluster("9.16.1", faults=[{"match": {"method": "POST"}, "no_body": {"status": 202}}]) as sim:
        assert call(sim, "akv_config", **WHOLE)["vault"]["name"] == WHOLE["name"]


@pytest.mark.parametrize("status", [400, 401])
def test_rule_6_the_code_decides_and_not_the_status(status: int) -> None:
    refused = {"match": {"method": "GET"}, "error": {"code": 6691623, "status": status}}
    with cluster("9.12.1", faults=[refused]) as sim:
        failed = call(sim, "akv_info")
        assert failed["error"]["code"] == "6691623"
        assert len(sim.requests) == 1


@pytest.mark.parametrize("release", [release for release in RELEASES if at_least(release, "9.14.1")])
def test_rule_7_an_interrupted_switch_is_finished_by_the_next_run(release: str) -> None:
    green = {**WHOLE, "configuration": "green", "enabled": False}
    with Simulator(release=release, scenario={"jobs": JOBS, "vaults": [WHOLE, green]}) as sim:
        switch = {"svm": "vs0", "configuration": "green", "enabled": True}
        lost = {
            "match": {"method": "PATCH", "path": "/api/security/key-stores/*", "times": 0},
            "reset": {"when": "after"},
        }
        sim.apply([{"add_fault": lost}])
        harness.run("akv_config", **switch, **harness.options(sim))
        sim.apply([{"clear_faults": {}}])
        done = harness.run("akv_config", **switch, **harness.options(sim))
        assert not done.get("failed"), done["msg"]
        assert done["vault"]["enabled"] is True


@pytest.mark.parametrize("state", ["mixed", "svm_kek_rekey", "blocked", "initializing", "disabling"])
def test_rule_8_a_key_store_that_is_not_active_stops_all_but_the_cure(state: str) -> None:
    with cluster("9.16.1", vaults=[{**WHOLE, "key_store_state": state}]) as sim:
        for module, task in (
            ("akv_config", {"svm": "vs0", "state": "absent"}),
            ("akv_rekey", {"svm": "vs0", "type": "internal"}),
            ("akv_config", {**WHOLE, "configuration": "green"}),
        ):
            stopped = call(sim, module, **task)
            assert stopped["failed"]
            assert f"in state {state}" in stopped["msg"]
            assert stopped["outcome"] == "unchanged"
        assert sent(sim, "POST", "PATCH", "DELETE") == []
        cure = call(sim, "akv_config", svm="vs0", client_secret="canary-New8Q~secret", update_credentials="always")
        assert cure["credentials_sent"] is True


@pytest.mark.parametrize("release", RELEASES)
def test_rule_8_another_key_manager_in_the_way_is_named(release: str) -> None:
    with cluster(release, key_managers=[{"type": "external", "svm": "vs0", "servers": ["kmip1"]}]) as sim:
        failed = call(sim, "akv_config", **WHOLE)
        assert failed["error"]["code"] == "65537500"
        assert "SVM vs0 has the key manager" in failed["msg"]


@pytest.mark.parametrize("volumes", ["available", "no_volumes"])
@pytest.mark.parametrize("release", RELEASES)
def test_a_create_that_does_not_reach_azure_is_not_a_success(release: str, volumes: str) -> None:
    """The state alone is good as long as there is no encrypted volume."""
    with cluster(release, cluster={"state_without_volumes": volumes}) as sim:
        sim.apply([{"azure": {"reachable": False}}])
        failed = call(sim, "akv_config", **WHOLE, wait_timeout=5)
        assert failed["failed"]
        assert failed["outcome"] == "changed"
        assert "was created, but is not healthy in time" in failed["msg"]
        sim.apply([{"azure": {"reachable": True}}])
        sim.apply([{"recover_keys": {"svm": "vs0"}}])
        assert call(sim, "akv_config", **WHOLE)["changed"] is False


@pytest.mark.parametrize("release", RELEASES)
def test_a_recreate_keeps_the_settings_and_is_complete_on_each_release(release: str) -> None:
    with cluster(release, vaults=[{**WHOLE, **({"verify_ip": False} if at_least(release, "9.14.1") else {})}]) as sim:
        other = {"svm": "vs0", "name": "https://b.vault.azure.net/", "client_secret": WHOLE["client_secret"]}
        done = call(sim, "akv_config", **other, allow_recreate=True)
        assert done["operation"] == "recreate", done["msg"]
        assert (done["vault"]["name"], done["vault"]["client_id"]) == (other["name"], WHOLE["client_id"])
        assert done["vault"].get("verify_ip") in (None, False)
        again = call(sim, "akv_config", **other, allow_recreate=True)
        assert again["changed"] is False


@pytest.mark.parametrize("release", RELEASES)
def test_rule_9_what_the_reply_lacks_is_read(release: str) -> None:
    with cluster(release) as sim:
        vault = call(sim, "akv_config", **WHOLE)["vault"]
        assert vault["scope"] == "svm"
        assert vault["svm"]["uuid"]
        assert "client_secret" not in vault


@pytest.mark.parametrize("release", [release for release in RELEASES if at_least(release, "9.8")])
def test_rule_10_rekey_internal_has_a_hyphen(release: str) -> None:
    with cluster(release, vaults=[WHOLE]) as sim:
        assert call(sim, "akv_rekey", svm="vs0", type="internal", poll_interval=0.1)["changed"] is True
        assert sent(sim, "POST")[0].endswith("/rekey-internal")


@pytest.mark.parametrize("release", RELEASES)
def test_rule_11_short_and_empty_pages_are_read_to_the_end(release: str) -> None:
    svms = [{"name": f"vs{number}"} for number in range(5)]
    faults = [
        {"match": {"path": VAULTS, "nth": nth}, "short_page": {"records": held}} for nth, held in ((1, 1), (2, 0))
    ]
    vaults = [{**WHOLE, "svm": svm["name"]} for svm in svms]
    with cluster(release, svms=svms, vaults=vaults, faults=faults) as sim:
        assert call(sim, "akv_info", max_records=2)["summary"]["total"] == 5


@pytest.mark.parametrize("release", RELEASES)
def test_rule_12_the_cluster_s_own_vault_is_for_the_cluster_to_refuse(release: str) -> None:
    with cluster(release) as sim:
        result = call(sim, "akv_config", **{**WHOLE, "svm": None, "scope": "cluster"})
        assert sent(sim, "POST") == [VAULTS]
        assert not result.get("failed") or result["error"]["code"]


def test_a_9_8_that_follows_its_published_pages_has_no_reachability() -> None:
    """Its client has it, its pages have not: what is refused is not asked for twice, and nothing fails for it."""
    with cluster("9.8", cluster={"documentation": "pages"}, vaults=[WHOLE]) as sim:
        info = call(sim, "akv_info")
        assert enabled(info)["verdict"] == "healthy"
        assert "does not know azure_reachability" in str(info["warnings"])
        new = {"svm": "vs0", "client_secret": "canary-New8Q~secret"}
        assert call(sim, "akv_config", **new, update_credentials="always")["changed"] is True
        assert call(sim, "akv_config", **new, update_credentials="when_unavailable")["changed"] is False
        sim.apply([{"expire_credential": {"svm": "vs0"}}])
        assert call(sim, "akv_config", **new, update_credentials="when_unavailable", wait=False)["changed"] is True


@pytest.mark.parametrize("release", RELEASES)
def test_the_health_monitor_is_reported_from_9_10_1_on_and_its_policy_from_9_15_1(release: str) -> None:
    monitor = {"polling_interval": 30, "manage_volume_offline": False}
    with cluster(release, cluster={"health_monitor": monitor}, vaults=[WHOLE]) as sim:
        reported = call(sim, "akv_info", health_monitor=True)
        later = at_least(release, "9.15.1")
        assert reported["health_monitor"] == {
            "polling_interval": 30 if at_least(release, "9.10.1") else 15,
            **({"enabled": True, "manage_volume_offline": False} if later else {}),
        }
        asked = "/api/security/key-manager-configs" in sent(sim, "GET")
        assert asked == at_least(release, "9.10.1")
        assert reported.get("warnings", []) == []


def test_a_health_monitor_that_is_off_is_reported() -> None:
    with cluster("9.15.1", cluster={"health_monitor": {"enabled": False}}, vaults=[WHOLE]) as sim:
        reported = call(sim, "akv_info", health_monitor=True)
        assert reported["health_monitor"]["enabled"] is False
        assert str(reported["warnings"]).count("health monitor for Azure Key Vault is off") == 1


@pytest.mark.parametrize("interval", [None, True, -1, 0, "0", "often", "\u0661\u0665", 15.5, 10**30, [15]])
def test_an_invalid_interval_is_not_used(interval: Any) -> None:
    body = {"health_monitor_polling_interval": interval}
    answer = {"match": {"path": "*/key-manager-configs"}, "body": {"json": body}}
    with cluster("9.14.1", faults=[answer]) as sim:
        reported = call(sim, "akv_info", health_monitor=True)
        assert reported["health_monitor"] == {}
        assert str(reported["warnings"]).count("does not report it") == 1


def test_an_interval_as_text_is_one() -> None:
    """As the vendor's client allows it."""
    answer = {
        "match": {"path": "*/key-manager-configs"},
        "body": {"json": {"health_monitor_polling_interval": "20"}},
    }
    with cluster("9.14.1", faults=[answer]) as sim:
        assert call(sim, "akv_info", health_monitor=True)["health_monitor"]["polling_interval"] == 20


def test_a_cluster_that_does_not_answer_for_its_health_monitor_is_a_failure() -> None:
    """Which is no answer that the interval is not to be known."""
    fault = {"match": {"path": "*/key-manager-configs", "times": 0}, "http": {"status": 503}}
    with cluster("9.14.1", faults=[fault]) as sim:
        failed = call(sim, "akv_info", health_monitor=True, retries=0)
        assert failed["failed"]
        assert failed["http_status"] == 503
