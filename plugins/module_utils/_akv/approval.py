# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""Whether a fleet may carry out its plans: they are compared with what was approved. Pure, no I/O.

What goes in are results of akv_config in check mode, one a cluster. A cluster without one has no plan.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ansible_collections.ontap.akv.plugins.module_utils._runtime.plan import digest
from ansible_collections.ontap.akv.plugins.module_utils._runtime.wording import listed, shortened

Result = Mapping[str, t.Any]

NO_PLAN = "no-plan"
"""Stands for the plan of a cluster that had none when the fleet's plan was approved: nothing matches it."""

_LONGEST_CAUSE = 250  # characters


@dataclass(frozen=True)
class Approval:
    """What a fleet would do, and whether it may.

    :ivar stop: whether nothing may be sent
    :ivar message: why, or the fleet's plan in a sentence
    :ivar plan_id: the digest of the plans of all clusters; empty where none has a plan
    :ivar table: lines, cluster by cluster
    :ivar hand_on: the ID for the run that follows; empty where the fleet's plan is not complete
    :ivar expected: by host, the plan that it may carry out; empty where any plan may be carried out
    """

    stop: bool
    message: str
    plan_id: str
    table: list[str]
    hand_on: str
    expected: dict[str, str] = field(default_factory=dict)


def approve(plans: Mapping[str, Result | None], expected_plan: str, require_plan: bool) -> Approval:
    """Compare the plans of all clusters with what was approved.

    :param plans: in the order of the play; None for a cluster that has no result
    :param expected_plan: the fleet's plan that was approved; blank for any
    :param require_plan: whether a blank one is refused
    """
    planned = {host: str(plan["plan_id"]) for host, plan in plans.items() if plan and plan.get("plan_id")}
    plan_id = digest("fleet", sorted(planned.items())) if planned else ""
    table = [line for host, plan in plans.items() for line in _lines(host, plan, max(map(len, plans)))]
    missing = [host for host in plans if host not in planned]
    expected_plan = expected_plan.strip()
    if not expected_plan and require_plan:
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
        return Approval(True, why, plan_id, table, "")
    message = f"Plan of {len(planned)} of {len(plans)} clusters: {plan_id or NO_PLAN}."
    expected = {host: planned.get(host, NO_PLAN) for host in plans} if expected_plan else {}
    return Approval(False, message, plan_id, table, "" if missing else plan_id, expected)


def _lines(host: str, plan: Result | None, width: int) -> Iterator[str]:
    mine = host.ljust(width)
    if not plan or not plan.get("plan_id"):
        why = str(plan.get("msg", "no reason reported")) if plan else "no result in this run"
        yield f"{mine}  no plan: {shortened(why, _LONGEST_CAUSE)}"
        return
    results = plan.get("results")
    for each in [plan] if results is None else results:
        yield f"{mine}  {each.get('operation')}: {shortened(str(each.get('msg', '')), _LONGEST_CAUSE)}"
