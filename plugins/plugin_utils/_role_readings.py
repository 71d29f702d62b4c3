# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is private to the collection: it may change at any time.

"""How a role reads a cluster: the module that it calls, with which options, and what it concludes from the result.

One task reads the variables and the cluster: for each task and host Ansible forks a worker, which takes as long as
reading the cluster.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

from ansible_collections.ontap.akv.plugins.module_utils._akv import report
from ansible_collections.ontap.akv.plugins.module_utils._akv.azure_check import keys_of_entries
from ansible_collections.ontap.akv.plugins.module_utils._akv.record import svm_record
from ansible_collections.ontap.akv.plugins.module_utils._runtime.wording import listed
from ansible_collections.ontap.akv.plugins.plugin_utils._roles import akv_enable
from ansible_collections.ontap.akv.plugins.plugin_utils._variables import NOT_GIVEN, Evaluate, value_of

Values = dict[str, t.Any]
Result = Mapping[str, t.Any]


@dataclass(frozen=True)
class Reading:
    """How a role reads a cluster. What it calls runs in check mode, and changes nothing.

    :ivar module: the name of the module
    :ivar use_case: the module util that the module runs
    :ivar options: gives the module's options for the variables of the role
    :ivar conclude: gives what the role needs of the module's result, for the variables and the name of the host
    :ivar complete: reads what else is declared of the cluster, before it is asked
    """

    module: str
    use_case: str
    options: Callable[[Values], Values]
    conclude: Callable[[Values, Result, str, bool], Values]
    complete: Callable[[Values, Container[str], Evaluate], Values] = lambda given, _defined, _evaluate: given


def _options_of_plan(given: Values) -> Values:
    return {"vaults": given["entries"], "wait": False, "wait_timeout": given["wait_timeout"]}


def _plan(given: Values, result: Result, host: str, check_mode: bool) -> Values:
    """Decide what to do about a cluster.

    :return: what :func:`ended` gives; ``drift``, why the drift job fails; ``check_mode``; ``plan_id`` and ``results``
        for the plan of the fleet; ``sends`` and ``act``, whether a change is sent, and whether anything is to be done
        or said; and for these the settings, the entries with their secrets, and what to check
    """
    results = result.get("results") or []
    asks_ontap = given["allow_encrypted_volumes"] and not check_mode and _only_keys_elsewhere(results)
    if asks_ontap:
        results = [{**each, **_CREATE} if each.get("failed") else each for each in results]
    changes = [each for each in results if each["changed"]]
    # Where one of them cannot be planned, none is sent.
    is_planned = "undeclared" in result or asks_ontap
    sends = bool(changes) and is_planned and (check_mode or not given["fail_on_drift"])
    drift = _drift(results, host) if given["fail_on_drift"] else ""
    undeclared = _undeclared(result.get("undeclared") or [])
    # Only check mode and a stop show the plan.
    shows_all = check_mode or given["require_plan"] or "expected_plan" in given
    plan = {
        **({"plan_id": result["plan_id"]} if "plan_id" in result else {}),
        "results": [
            {name: each.get(name) for name in ("operation", "msg")}
            for each in results
            if shows_all or each.get("operation") != "none"
        ],
        **ended(result, drift),
        "drift": drift,
        "check_mode": check_mode,
        "given": {name: value for name, value in given.items() if name not in akv_enable.OF_CONFIGURATIONS},
        "undeclared": undeclared,
        "sends": sends,
        "act": sends or bool(undeclared),
    }
    if not (sends or check_mode):
        # The reading says what would be done, and it is not done.
        plan["fact"].update(changed=False, outcome="unchanged")
    if sends:
        plan["entries"] = given["entries"]
        creates = (each for each in changes if each["operation"] == "create")
        plan["creates"] = [{name: each[name] for name in ("scope", "svm") if name in each} for each in creates]
        plan["azure"] = [] if given["check_azure"] == "never" else keys_of_entries(given["entries"], results)
    return plan


_NAMED = 8  # SVMs in one line
_KEYS_ELSEWHERE = "65537505"
_CREATE: Values = {"changed": True, "operation": "create", "credentials_sent": True}


def _only_keys_elsewhere(results: Sequence[Result]) -> bool:
    """Return whether nothing fails but creations that ONTAP refuses where another key manager has the volumes' keys.

    Not every release documents that it does: with akv_enable_allow_encrypted_volumes ONTAP itself is asked.
    """
    codes = [str((each.get("error") or {}).get("code")) for each in results if each.get("failed")]
    return bool(codes) and set(codes) == {_KEYS_ELSEWHERE}


def _drift(results: Sequence[Result], host: str) -> str:
    differing = [_scope(each) for each in results if each["changed"] or each.get("drift")]
    if not differing:
        return ""
    return (
        f"{len(differing)} of {len(results)} AKV configurations on {host} differ from what is declared:"
        f" {listed(differing, _NAMED)}. Nothing was changed."
    )


def _undeclared(records: Sequence[Result]) -> str:
    """Say which AKV configurations are not declared, in one line."""
    names = listed(map(_scope, records), _NAMED)
    return f"Not declared, and left unchanged: {names}." if names else ""


def _scope(record: Result) -> str:
    svm = svm_record(record)
    return str(svm.get("name") or svm.get("uuid") or "the cluster")


_OF_ALL = ("changed", "msg", "outcome", "results", "undeclared")
_OF_ONE = ("available", "drift", "msg", "operation", "outcome", "vault")


def ended(result: Result, drift: str, checks: Sequence[Result] = ()) -> Values:
    """Conclude from the last result of akv_config.

    :param drift: why the drift job fails; empty if it does not
    :param checks: of the prerequisites
    :return: ``fact``, the value of ``akv_enable_result``; ``msg``, its sentence; ``failure``, why the role fails, or ""
    """
    results = result.get("results") or []
    fact = {
        "failed": "undeclared" not in result,
        "outcome": "changed" if result.get("changed") else "unchanged",
        "preflight": list(checks),
        **{name: result[name] for name in _OF_ALL if name in result},
    }
    if len(results) == 1:
        # A single configuration has its keys at the top too.
        fact.update({name: results[0][name] for name in _OF_ONE if name in results[0]})
    if "problems" in result:
        fact["msg"] = _message(result)
    message = str(fact.get("msg", ""))
    return {"fact": fact, "msg": message, "failure": message if fact["failed"] else drift}


def _message(result: Result) -> str:
    """Name bad entries as the role's own checks do: who declares an estate knows no option ``vaults``."""
    if "problems" not in result:
        return str(result.get("msg", ""))
    said = ["Nothing was changed."]
    for each in result["problems"]:
        svm = each.get("svm") or each.get("svm_uuid")
        said.append(f"{f'SVM {svm}' if svm else 'The cluster'}: {each['msg']}")
    return " ".join(said)


def _with_declared(given: Values, defined: Container[str], evaluate: Evaluate) -> Values:
    """Read what people declare of the credentials and keys of a cluster.

    :raises InputError: it is malformed
    """
    names = (f"akv_{name}" for name in ("credential_expires", "key_expires", "credential_names"))
    values = (value_of(name, defined, evaluate) for name in names)
    credentials, keys, in_use = (None if value is NOT_GIVEN else value for value in values)
    ends = report.Ends.read(credentials, keys)
    return {**given, "ends": ends, "in_use": report.credentials_in_use(in_use)}


def _report(given: Values, result: Result, _host: str, _check_mode: bool) -> Values:
    """Give ``akv_report_result``: what the report says of the cluster, and the findings for which the role fails."""
    record = report.cluster(report.reading(result), given["ends"], datetime.now(timezone.utc), given["in_use"])
    return {**record, "fail_on": given["fail_on"], "failing": report.failing(record, given["fail_on"])}


def _options_of_diagnosis(given: Values) -> Values:
    more = {} if given["scope"] == "all" else {"scope": given["scope"]}
    if "svms" in given:
        more["svms"] = given["svms"]
    # A cluster that hangs must not keep the others waiting.
    return {"timeout": 10, "retries": 0, "wait": False, "wait_timeout": 10, **more}


def _diagnosis(_given: Values, result: Result, host: str, _check_mode: bool) -> Values:
    """Give the result, and why the diagnosis fails: the cluster was not read, or something of it is not known."""
    unread = "" if "vaults" in result else f"{host} could not be read."
    unknown = " ".join(result.get("unknown") or [])
    return {**result, "failure": unread or (unknown and f"{host}: {unknown}")}


READINGS: t.Final[Mapping[str, Reading]] = {
    "akv_enable": Reading("ontap.akv.akv_config", "_use_cases.config", _options_of_plan, _plan),
    "akv_recover": Reading(
        "ontap.akv.akv_repair",
        "_use_cases.repair",
        _options_of_diagnosis,
        _diagnosis,
    ),
    "akv_report": Reading(
        "ontap.akv.akv_info",
        "_use_cases.info",
        lambda given: {"volumes": given["volumes"]},
        _report,
        _with_declared,
    ),
}
