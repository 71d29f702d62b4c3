# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a role concludes from its reading of a cluster."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("ansible.plugins.action", reason="roles run on the control node alone")

from ansible_collections.ontap.akv.plugins.module_utils._runtime.errors import InputError
from ansible_collections.ontap.akv.plugins.plugin_utils._role_readings import READINGS, ended
from ansible_collections.ontap.akv.plugins.plugin_utils._roles.all import ROLES
from ansible_collections.ontap.akv.plugins.plugin_utils._variables import read

SECRET = "sentinel~Secret8Q"
URI = "https://mykeyvault.vault.azure.net/"
ENTRY = {"svm": "vs0", "name": URI, "key_id": f"{URI}keys/key1"}
SHARED = {"akv_client_id": "client1", "akv_tenant_id": "tenant1", "akv_client_secret": SECRET}


def given_of(role: str, **variables: Any) -> dict[str, Any]:
    found = read(ROLES[role], ROLES, variables, variables.__getitem__)
    assert found.errors == []
    return READINGS[role].complete(found.given, variables, variables.__getitem__)


def result_of(svm: str = "vs0", **more: Any) -> dict[str, Any]:
    return {"scope": "svm", "svm": {"name": svm}, "changed": False, "operation": "none", "msg": "as declared", **more}


def plan_of(*results: Any, check_mode: bool = False, undeclared: Any = (), **variables: Any) -> dict[str, Any]:
    given = given_of("akv_enable", **SHARED, akv_configurations=[ENTRY], **variables)
    changed = any(result["changed"] for result in results)
    whole = {"changed": changed, "msg": "all", "plan_id": "p", "results": list(results), "undeclared": list(undeclared)}
    return READINGS["akv_enable"].conclude(given, whole, "cluster1", check_mode)


def test_nothing_is_to_be_done_where_all_is_as_declared() -> None:
    plan = plan_of(result_of("vs0"), result_of("vs1"))
    assert (plan["act"], plan["failure"], plan["plan_id"]) == (False, "", "p")
    assert (plan["fact"]["failed"], plan["fact"]["outcome"]) == (False, "unchanged")
    assert SECRET not in str(plan)


def test_the_entries_go_with_a_change_alone() -> None:
    plan = plan_of(result_of(changed=True, operation="create"), result_of("vs1", changed=True, operation="update"))
    assert plan["act"]
    assert plan["sends"]
    assert plan["entries"][0]["client_secret"] == SECRET
    assert plan["creates"] == [{"scope": "svm", "svm": {"name": "vs0"}}]
    assert SECRET not in str(plan["given"])
    assert plan["given"]["preflight"] is True


@pytest.mark.parametrize(
    ("check_mode", "variables", "shown"),
    [(False, {}, 1), (True, {}, 2), (False, {"akv_expected_plan": "p"}, 2), (False, {"akv_require_plan": True}, 2)],
)
def test_what_is_as_declared_is_in_the_plan_if_the_plan_is_shown(
    check_mode: bool, variables: dict[str, Any], shown: int
) -> None:
    results = [result_of("vs1", changed=True, operation="update"), result_of("vs0")]
    plan = plan_of(*results, check_mode=check_mode, **variables)
    assert [each["operation"] for each in plan["results"]] == ["update", "none"][:shown]
    assert plan["fact"]["results"] == results


@pytest.mark.parametrize(("check_mode", "sends"), [(False, False), (True, True)])
def test_a_drift_job_fails_and_sends_nothing(check_mode: bool, sends: bool) -> None:
    differs = [result_of("vs0", changed=True, operation="update"), result_of("vs1", drift=["key_id"]), result_of("vs2")]
    plan = plan_of(*differs, check_mode=check_mode, akv_enable_fail_on_drift=True)
    assert plan["sends"] is sends
    expected = "2 of 3 AKV configurations on cluster1 differ from what is declared: vs0, vs1. Nothing was changed."
    assert plan["failure"] == plan["drift"] == expected
    assert (plan["fact"]["changed"], plan["fact"]["outcome"]) == (
        (True, "changed") if check_mode else (False, "unchanged")
    )


def test_a_drift_job_succeeds_where_all_is_as_declared() -> None:
    assert plan_of(result_of(), akv_enable_fail_on_drift=True)["failure"] == ""


def test_a_cluster_that_was_not_read_fails() -> None:
    given = given_of("akv_enable", **SHARED, akv_configurations=[ENTRY], akv_enable_fail_on_drift=True)
    plan = READINGS["akv_enable"].conclude(given, {"failed": True, "msg": "refused"}, "cluster1", False)
    assert (plan["failure"], plan["act"], plan["fact"]["failed"]) == ("refused", False, True)
    assert "plan_id" not in plan


@pytest.mark.parametrize("check_mode", [False, True])
def test_nothing_is_sent_where_one_of_them_cannot_be_planned(check_mode: bool) -> None:
    given = given_of("akv_enable", **SHARED, akv_configurations=[ENTRY, {**ENTRY, "svm": "vs1"}])
    refused = {"failed": True, "changed": False, "msg": "ONTAP would refuse it.", "outcome": "unchanged"}
    results = [result_of(changed=True, operation="create"), refused]
    whole = {"failed": True, "changed": True, "msg": "1 of 2 failed.", "outcome": "changed", "results": results}
    plan = READINGS["akv_enable"].conclude(given, whole, "cluster1", check_mode)
    assert (plan["sends"], plan["act"], plan["failure"]) == (False, False, "1 of 2 failed.")
    assert SECRET not in str(plan)


@pytest.mark.parametrize("code", ["65537505", "65537506"])
@pytest.mark.parametrize("allowed", [True, False])
@pytest.mark.parametrize("check_mode", [False, True])
def test_ontap_is_asked_where_keys_elsewhere_are_allowed(code: str, allowed: bool, check_mode: bool) -> None:
    given = given_of("akv_enable", **SHARED, akv_configurations=[ENTRY], akv_enable_allow_encrypted_volumes=allowed)
    refused = {"scope": "svm", "svm": {"name": "vs0"}, "failed": True, "changed": False, "error": {"code": code}}
    whole = {"failed": True, "changed": False, "msg": "1 of 1 failed.", "outcome": "unchanged", "results": [refused]}
    plan = READINGS["akv_enable"].conclude(given, whole, "cluster1", check_mode)
    assert plan["sends"] is plan["act"] is (allowed and not check_mode and code == "65537505")
    assert plan["failure"] == "1 of 1 failed."
    if plan["sends"]:
        assert plan["creates"] == [{"scope": "svm", "svm": {"name": "vs0"}}]
        assert plan["entries"][0]["client_secret"] == SECRET


def test_what_is_not_declared_is_said() -> None:
    plan = plan_of(result_of(), undeclared=[{"svm": {"name": "vs9"}}, {"scope": "cluster"}])
    assert (plan["act"], plan["sends"]) == (True, False)
    assert plan["undeclared"] == "Not declared, and left unchanged: vs9, the cluster."
    longest = [{"svm": {"name": "s" * 47}}] * 1000
    assert len(plan_of(result_of(), undeclared=longest)["undeclared"]) < 500
    assert plan_of(result_of())["undeclared"] == ""


def test_a_single_configuration_has_its_keys_at_the_top() -> None:
    one = result_of(changed=True, operation="create", vault={"uuid": "1"})
    checks = [{"name": "nodes", "status": "ok"}]
    done = ended({"changed": True, "msg": "all", "outcome": "changed", "results": [one], "undeclared": []}, "", checks)
    fact = done["fact"]
    assert (fact["operation"], fact["vault"], fact["preflight"]) == ("create", {"uuid": "1"}, checks)
    assert fact["msg"] == "as declared"


def test_what_failed_is_not_hidden_by_drift() -> None:
    assert ended({"failed": True, "msg": "HTTP 500", "outcome": "unknown"}, "1 of 1 differ")["failure"] == "HTTP 500"


def test_a_failure_names_entries_by_their_svm() -> None:
    """Who declares an estate knows no option ``vaults``."""
    problems = [
        {"entry": 0, "svm": "vs0", "msg": "x."},
        {"entry": 1, "svm_uuid": "u1", "scope": "svm", "msg": "z."},
        {"entry": 12, "scope": "cluster", "msg": "y."},
    ]
    failed = {"failed": True, "msg": "vaults: nothing was changed. vaults[0] (svm: vs0): x.", "problems": problems}
    assert ended(failed, "")["failure"] == "Nothing was changed. SVM vs0: x. SVM u1: z. The cluster: y."


def test_the_report_names_the_findings_it_fails_for() -> None:
    given = given_of("akv_report", akv_report_path="out", akv_report_fail_on=["degraded", "unreachable"])
    conclude = READINGS["akv_report"].conclude
    found = conclude(given, {"vaults": [{"verdict": "degraded"}, {"verdict": "unavailable"}]}, "cluster1", False)
    assert (found["found"], found["failing"]) == (["unavailable", "degraded"], ["degraded"])
    assert conclude(given, {"failed": True, "msg": "refused"}, "cluster1", False)["failing"] == ["unreachable"]


def test_an_invalid_date_is_refused_before_anything_is_read() -> None:
    with pytest.raises(InputError, match="akv_key_expires"):
        given_of("akv_report", akv_report_path="out", akv_key_expires={f"{URI}keys/key1": "soon"})


def test_a_diagnosis_fails_for_what_it_does_not_know() -> None:
    given = given_of("akv_recover", akv_svm="vs0")
    assert READINGS["akv_recover"].options(given)["svms"] == ["vs0"]
    failures = [
        READINGS["akv_recover"].conclude(given, result, "cluster1", False)["failure"]
        for result in ({"vaults": []}, {"msg": "refused"}, {"vaults": [], "unknown": ["HTTP 403."]})
    ]
    assert failures == ["", "cluster1 could not be read.", "cluster1: HTTP 403."]
