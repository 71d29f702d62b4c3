# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.ontap.akv.plugins.module_utils._akv.causes import CAUSES, Cause, Remedy
from ansible_collections.ontap.akv.plugins.module_utils._akv.diagnosis import Diagnosis, diagnose
from ansible_collections.ontap.akv.plugins.module_utils._akv.health import Verdict, judge

NO_VOLUMES = (
    "No volumes created yet for the SVM. Wrapped KEK status will be available after creating encrypted volumes."
)
HEAD = "Top-level internal key protection key (KEK) is unavailable on the following nodes with the associated reasons:"
Record = dict[str, Any]


def azure(reason: str, **more: Any) -> Record:
    message = f"AKV service is not reachable from all nodes - {reason}." if reason else ""
    return {
        "state": {"available": True, "message": "", "code": 0},
        "azure_reachability": {"reachable": False, "message": message, "code": 65537549},
        **more,
    }


def nodes(*, azure_is: bool | None = True, code: Any = 65537551, **reasons: str) -> Record:
    listed = " ".join(f"Node: {node}. Reason: {reason}" for node, reason in reasons.items())
    reach = {} if azure_is is None else {"azure_reachability": {"reachable": azure_is, "message": "", "code": 0}}
    return {"state": {"available": False, "message": f"{HEAD} {listed}", "code": code}, **reach}


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("AADSTS7000222: The provided client secret keys for the application are expired", "credential_expired"),
        ("AADSTS700027: The key used is expired", "credential_expired"),
        ("the client secret has expired", "credential_expired"),
        ("AADSTS7000215: Invalid client secret provided", "credential_rejected"),
        ("AADSTS700027: Client assertion failed signature validation. The key was not found", "credential_rejected"),
        ("invalid_client", "credential_rejected"),
        ("AADSTS7000112: Application is disabled", "application_disabled"),
        ("AADSTS700016: The application was not found in the directory", "application_disabled"),
        ("AADSTS90002: Tenant was not found", "application_disabled"),
        ("the key is disabled", "key_disabled"),
        ("Forbidden, KeyDisabled", "key_disabled"),
        ("the key version has expired", "key_expired"),
        ("the key was not found", "key_missing"),
        ("the key has been deleted", "key_missing"),
        ("KeyNotFound", "key_missing"),
        ("the application is not permitted to use the key", "permission_missing"),
        ("ForbiddenByPolicy", "permission_missing"),
        ("the connection timed out", "azure_unreachable"),
        ("could not resolve mykeyvault.vault.azure.net", "azure_unreachable"),
        ("ForbiddenByFirewall", "azure_unreachable"),
        ("", "azure_unreachable"),
        ("connection refused by login.microsoftonline.com", "login_unreachable"),
        ("AADSTS90033: A transient error has occurred", "login_unreachable"),
    ],
)
def test_a_fault_of_azure(reason: str, cause: str) -> None:
    found = diagnose(azure(reason))
    assert found.cause.value == cause
    assert found.advice
    assert not found.lacks_keys
    assert reason in found.evidence[0]
    assert "65537549" in found.evidence[0]


@pytest.mark.parametrize(
    "reason",
    [
        "flux capacitor out of phase",
        "AADSTS4711: secret expired",
        "AADSTS53003: Access has been blocked by Conditional Access policies",
        "Forbidden",
        "the key is not disabled",
        "the certificate has expired",
        "the secret of success",
        "keyboard not found",
    ],
)
def test_what_no_rule_knows_is_shown_as_it_came(reason: str) -> None:
    found = diagnose(azure(reason))
    assert found.cause is Cause.UNCLASSIFIED
    assert reason in found.evidence[0]
    assert found.remedy is Remedy.PERSON


def test_a_passing_fault_heals_itself() -> None:
    found = diagnose(azure("AADSTS90033: A transient error has occurred"))
    assert (found.heals_itself, found.remedy) == (True, Remedy.WAIT)


def test_a_policy_of_the_tenant_has_its_own_advice() -> None:
    assert "Conditional Access" in diagnose(azure("AADSTS53003: blocked")).advice


@pytest.mark.parametrize(
    ("record", "cause", "lacks_keys"),
    [
        (nodes(node1="The wrapped KEK is missing on the node."), "keys_missing_on_node", True),
        (
            nodes(node1="The wrapped KEK was removed: the key was not available for 60 minutes."),
            "keys_missing_on_node",
            True,
        ),
        (nodes(node1="The internal key was not found."), "keys_missing_on_node", True),
        (nodes(node1=NO_VOLUMES, node2="Key is disabled in Azure."), "key_disabled", False),
        (nodes(node1="Unwrapping the KEK failed: the key is disabled."), "key_disabled", False),
        (nodes(node1="The wrapped KEK is missing on the node.", node2="ForbiddenByRbac."), "permission_missing", False),
        (nodes(node1="AADSTS7000222: expired."), "credential_expired", False),
        (nodes(node1="Flux."), "unclassified", True),
        (nodes(node1="Flux.", node2="The wrapped KEK is missing on the node."), "keys_missing_on_node", True),
        (nodes(node1=NO_VOLUMES), "none", False),
        ({"state": {"available": False, "code": 0}}, "keys_missing_on_node", True),
        ({"state": {"available": False, "message": "Flux.", "code": "65537551"}}, "keys_missing_on_node", True),
        ({"state": {"available": False, "message": "Flux."}}, "unclassified", True),
        (
            {
                "state": {
                    "cluster_state": False,
                    "message": "AKV key protection is unavailable in following nodes - node1, node2.",
                    "code": 346758,
                }
            },
            "keys_missing_on_node",
            True,
        ),
        (
            {"state": {"available": False, "message": "AKV wrapped internal key is missing on nodes - node1."}},
            "keys_missing_on_node",
            True,
        ),
    ],
)
def test_nodes_without_keys(record: Record, cause: str, lacks_keys: bool) -> None:
    found = diagnose(record)
    assert (found.cause.value, found.lacks_keys) == (cause, lacks_keys)


def test_azure_is_the_root_of_missing_keys() -> None:
    record = {**azure("the key is disabled"), "state": nodes(node1="The wrapped KEK is missing on the node.")["state"]}
    found = diagnose(record)
    assert (found.cause, found.lacks_keys) == (Cause.KEY_DISABLED, False)
    assert any("node1" in line for line in found.evidence)


def test_where_azure_is_not_reported_the_advice_says_so() -> None:
    assert "does not report here" in diagnose(nodes(azure_is=None, node1="The wrapped KEK is missing.")).advice
    assert "does not report here" not in diagnose(nodes(node1="The wrapped KEK is missing.")).advice


def down(*names: str) -> Record:
    return {"ekmip_reachability": [{"node": {"name": name}, "reachable": False, "message": "gone"} for name in names]}


@pytest.mark.parametrize(
    ("record", "cause"),
    [
        ({"state": {"available": True}, **down("node2")}, "node_key_server_down"),
        ({**nodes(node2="The wrapped KEK is missing on the node."), **down("node2")}, "node_key_server_down"),
        (
            {**nodes(node1="The wrapped KEK is missing.", node2="The wrapped KEK is missing."), **down("node2")},
            "keys_missing_on_node",
        ),
    ],
)
def test_the_key_server_of_a_node(record: Record, cause: str) -> None:
    found = diagnose(record)
    assert found.cause.value == cause
    assert "ekmip_reachability, node2: gone" in found.evidence


@pytest.mark.parametrize(
    ("state", "heals"),
    [("svm_kek_rekey", True), ("initializing", True), ("switching", False), ("disabling", False)],
)
def test_a_key_store_that_is_being_changed(state: str, heals: bool) -> None:
    found = diagnose(nodes(node1="The wrapped KEK is missing on the node."), state)
    assert (found.cause, found.heals_itself, found.lacks_keys) == (Cause.KEY_STORE_BUSY, heals, False)
    assert found.remedy is (Remedy.WAIT if heals else Remedy.PERSON)
    assert diagnose(azure("the key is disabled"), state).cause is Cause.KEY_DISABLED


@pytest.mark.parametrize("state", [None, "active", "blocked", "mixed", "flux"])
def test_another_state_of_the_key_store_explains_nothing(state: str | None) -> None:
    assert diagnose(nodes(node1="The wrapped KEK is missing."), state).cause is Cause.KEYS_MISSING_ON_NODE


def test_what_is_not_reported_and_what_is_not_in_use() -> None:
    assert diagnose({}).cause is Cause.NOT_REPORTED
    assert diagnose({"enabled": False, **azure("x")}) == Diagnosis(Cause.INACTIVE)
    assert diagnose({"state": {"available": True}}) == Diagnosis(Cause.NONE)


TEXTS = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [
            "",
            NO_VOLUMES,
            "the key is disabled",
            "AADSTS7000222: expired",
            f"{HEAD} Node: node1. Reason: The wrapped KEK is missing.",
            "AKV key protection is unavailable in following nodes - node1.",
        ]
    ),
)
CODES = st.one_of(st.none(), st.integers(), st.sampled_from(["0", "65537551", "x"]))
BOOLEANS = st.sampled_from([True, False, None, "true"])
ENTRIES = st.fixed_dictionaries({"reachable": BOOLEANS, "message": TEXTS, "code": CODES})
RECORDS = st.fixed_dictionaries(
    {},
    optional={
        "enabled": BOOLEANS,
        "state": st.fixed_dictionaries({"available": BOOLEANS, "message": TEXTS, "code": CODES}),
        "azure_reachability": ENTRIES,
        "ekmip_reachability": st.lists(ENTRIES, max_size=2),
    },
)


@given(RECORDS, st.sampled_from([None, "active", "switching", "svm_kek_rekey"]))
def test_diagnosis_and_verdict_agree(record: Record, key_store: str | None) -> None:
    found = diagnose(record, key_store)
    verdict = judge(record)[0]
    assert (found.cause is Cause.NONE) == (verdict is Verdict.HEALTHY)
    assert (found.cause is Cause.INACTIVE) == (verdict is Verdict.INACTIVE)
    assert bool(found.advice) == verdict.needs_attention
    assert verdict.is_bad <= bool(found.evidence)
    shown = found.shown()
    assert json.loads(json.dumps(shown)) == shown
    assert shown["cause"].__class__ is str


@given(RECORDS)
def test_a_credential_is_advised_only_where_a_text_speaks_of_one(record: Record) -> None:
    found = diagnose(record)
    if found.cause in (Cause.CREDENTIAL_EXPIRED, Cause.CREDENTIAL_REJECTED):
        assert any(word in " ".join(found.evidence).lower() for word in ("aadsts", "secret", "credential", "client"))


def test_each_cause_is_described() -> None:
    assert list(CAUSES) == list(Cause)
    credential = {cause for cause, about in CAUSES.items() if about.remedy is Remedy.CREDENTIAL}
    assert credential == {Cause.CREDENTIAL_EXPIRED, Cause.CREDENTIAL_REJECTED}
