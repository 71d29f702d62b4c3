# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""Whether a fleet may carry out its plans: they are compared with what was approved. Pure, no I/O.

What goes in are results of akv_config in check mode, one a cluster. A cluster without one has no plan.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ansible_collections.ontap.akv.plugins.module_utils._runtime.plan import digest
from ansible_collections.ontap.akv.plugins.module_utils._runtime.wording import listed, shortened

Record = dict[str, t.Any]
Result = Mapping[str, t.Any]

NO_PLAN = "no-plan"
"""Stands for the plan of a cluster that had none when the fleet's plan was approved: nothing matches it."""

_LONGEST_CAUSE = 250  # characters
_MANY = 10  # clusters that are shown
_TEMPLATE = re.compile(r"\{(?=[{%#])")

Details = Mapping[str, t.Any]
"""What was approved, cluster by cluster, as :func:`detail` gives it."""


@dataclass(frozen=True)
class Approval:
    """What a fleet would do, and whether it may.

    :ivar stop: whether nothing may be sent
    :ivar message: why, or the fleet's plan in a sentence
    :ivar plan_id: the digest of the plans of all clusters; empty where none has a plan
    :ivar table: lines, cluster by cluster
    :ivar hand_on: the ID for the run that follows; empty where the fleet's plan is not complete
    :ivar details: the plan of each cluster for the run that follows, to show what differs; it decides nothing
    :ivar expected: by host, the plan that it may carry out; empty where any plan may be carried out
    """

    stop: bool
    message: str
    plan_id: str
    table: list[str]
    hand_on: str
    expected: dict[str, str] = field(default_factory=dict)
    details: dict[str, t.Any] = field(default_factory=dict)


def detail(plan_id: str, lines: Iterable[str]) -> Record:
    """Give the plan of a cluster as it is handed on: as much of it as is shown.

    It comes back as an extra variable, which Ansible takes for a template, and a server has written part of it.
    """
    return {"plan_id": plan_id, "msg": _TEMPLATE.sub("{ ", shortened(" ".join(lines), 2 * _LONGEST_CAUSE))}


def differences(approved: t.Any, now: Details) -> list[str]:
    """Say on which clusters the plan is not what was approved, line by line; nothing where that is not known.

    :param approved: as check mode has handed it on; what is malformed is not known
    """
    before = {
        str(host): plan
        for host, plan in (approved.items() if isinstance(approved, Mapping) else ())
        if isinstance(plan, Mapping) and isinstance(plan.get("msg"), str)
    }
    if not before:
        return []
    lines = []
    hosts = [*now, *(host for host in before if host not in now)]
    differ = [host for host in hosts if before.get(host, {}).get("plan_id") != now.get(host, {}).get("plan_id")]
    for host in differ[:_MANY]:
        was = before.get(host, {}).get("msg", "not approved")
        is_now = now.get(host, {}).get("msg", "not in this run")
        if was == is_now:
            is_now = "the same operation, with other settings, or on another configuration, cluster, or release"
        lines += [f"{host}  approved: {was}", f"{host}  now: {is_now}"]
    return [*lines, *([f"{len(differ) - _MANY} more clusters differ."] if len(differ) > _MANY else [])]


def disagreement(settings: Mapping[str, Result], names: Iterable[str]) -> str:
    """Say which setting is not the same for all clusters, where a run has one for all of them.

    :param settings: the settings of each cluster; what is not given is absent
    :return: a sentence; empty where all agree
    """
    for name in names:
        values: dict[str, list[str]] = {}
        for host, given in settings.items():
            values.setdefault(_shown(given.get(name)), []).append(host)
        if len(values) > 1:
            found = "; ".join(f"{shortened(value, 60)} on {listed(hosts, 3)}" for value, hosts in values.items())
            return (
                f"{name} is not the same for all clusters of this run: {shortened(found, _LONGEST_CAUSE)}. Give all of"
                " them the same value, or limit the run with akv_hosts."
            )
    return ""


def requires_plan(settings: Mapping[str, Result]) -> bool:
    """Return whether a cluster refuses to run without an approved plan. Check mode makes the plan, and needs none."""
    return any(given.get("require_plan") and not given.get("check_mode") for given in settings.values())


def _shown(value: t.Any) -> str:
    if isinstance(value, (list, tuple)):
        # All of them: what is not shown must differ too.
        return ", ".join(map(str, value)) or "not given"
    return "not given" if value is None or value == "" else str(value)


def approve(
    plans: Mapping[str, Result | None],
    expected_plan: str,
    require_plan: bool,
    approved: t.Any = None,
    settings: Mapping[str, Result] | None = None,
) -> Approval:
    """Compare the plans of all clusters with what was approved.

    :param plans: in the order of the play; None for a cluster that has no result
    :param expected_plan: the fleet's plan that was approved; blank for that of the settings, or else any
    :param require_plan: whether a blank one is refused
    :param approved: ``details`` of the plan that was approved, where they are known
    :param settings: those of each cluster, which must have the same ``expected_plan``; one with ``require_plan`` is
        enough to require one
    """
    planned = {host: str(plan["plan_id"]) for host, plan in plans.items() if plan and plan.get("plan_id")}
    plan_id = digest("fleet", sorted(planned.items())) if planned else ""
    lines = {host: list(_lines(plan)) for host, plan in plans.items()}
    width = max(map(len, plans), default=0)
    table = [f"{host.ljust(width)}  {line}" for host, each in lines.items() for line in each]
    details = {host: detail(planned.get(host, NO_PLAN), each) for host, each in lines.items()}
    missing = [host for host in plans if host not in planned]
    settings = settings or {}
    of_settings = (str(given.get("expected_plan") or "").strip() for given in settings.values())
    expected_plan = expected_plan.strip() or next(filter(None, of_settings), "")
    if why := disagreement(settings, ("expected_plan",)):
        return Approval(True, f"Nothing was sent. {why}", plan_id, table, "")
    if not expected_plan and (require_plan or requires_plan(settings)):
        why = (
            "Nothing was sent. akv_require_plan is true, and akv_expected_plan is blank or missing. Run check mode, and"
            " give the ID that it shows."
        )
        return Approval(True, why, plan_id, table, "")
    if expected_plan and expected_plan != plan_id:
        without = f" Clusters without a plan: {listed(missing)}." if missing else ""
        why = (
            f"Nothing was sent. The plan is {plan_id or NO_PLAN}, expected was {expected_plan}: the AKV configurations,"
            f" what is asked for, or the clusters of this run are not what was approved.{without} Run check mode, and"
            " approve the plan that it shows."
        )
        return Approval(True, why, plan_id, differences(approved, details) or table, "")
    message = f"Plan of {len(planned)} of {len(plans)} clusters: {plan_id or NO_PLAN}."
    expected = {host: planned.get(host, NO_PLAN) for host in plans} if expected_plan else {}
    return Approval(False, message, plan_id, table, "" if missing else plan_id, expected, details)


def _lines(plan: Result | None) -> Iterator[str]:
    if not plan or not plan.get("plan_id"):
        why = str(plan.get("msg", "no reason reported")) if plan else "no result in this run"
        yield f"no plan: {shortened(why, _LONGEST_CAUSE)}"
        return
    results = plan.get("results")
    for each in [plan] if results is None else results:
        yield f"{each.get('operation')}: {shortened(str(each.get('msg', '')), _LONGEST_CAUSE)}"
