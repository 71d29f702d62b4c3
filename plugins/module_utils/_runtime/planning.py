# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""What would be done: a verb's plan, whether it is the approved one, and what ONTAP would refuse."""

from __future__ import annotations

import abc
import typing as t
from collections.abc import Iterable

from ansible_collections.ontap.akv.plugins.module_utils._runtime import errors
from ansible_collections.ontap.akv.plugins.module_utils._runtime.plan import Confirmation, Plan, Precondition

ARGUMENT_SPEC: dict[str, t.Any] = {"expected_plan": {"type": "str"}}

_NAMED = 10  # steps, in a sentence


class Planner(abc.ABC):
    """The part of a verb that is before anything is sent. Most tasks need no more: they find what they declare.

    :ivar client: of the cluster
    """

    client: t.Any

    @abc.abstractmethod
    def plan(self) -> Plan:
        """Read the facts, and plan.

        :raises AkvError: it cannot be done, or not without being asked for by name
        """

    @abc.abstractmethod
    def require(self, precondition: Precondition, plan: Plan, check_mode: bool) -> None:
        """Read whether a precondition holds.

        :raises AkvError: it does not; in check mode the same sentence as in a run
        """

    @abc.abstractmethod
    def predict(self, plan: Plan, check_mode: bool) -> t.Any:
        """Give the result where nothing is sent: there is nothing to do, or it is check mode."""


def planned(verb: Planner, check_mode: bool, expected_plan: str | None = None) -> Plan:
    """Plan, and stop before what was not approved or would be refused.

    :param expected_plan: the ID of the plan that was approved; None or blank for any plan
    :raises AkvError: it cannot be done, is not what was approved, or would be refused
    """
    plan = verb.plan()
    require_expected(expected_plan, plan.id(verb.client.address), [plan])
    guard(verb, plan, check_mode)
    return plan


def require_expected(expected: str | None, plan_id: str, plans: Iterable[Plan]) -> None:
    """Stop, in check mode too, if the plan is not the one that was approved.

    :param expected: the ID that was approved; None or blank for any plan
    :param plan_id: the ID of what would be done now
    :param plans: what would be done now
    :raises AkvError: shows what would be done now, without secrets
    """
    expected = (expected or "").strip()
    if expected in ("", plan_id):
        return
    steps = [step for plan in plans for step in plan.steps]
    named = [f"{step.doing} ({step})." for step in steps[:_NAMED]]
    if len(steps) > _NAMED:
        named.append(f"And {len(steps) - _NAMED} more steps.")
    raise errors.AkvError(
        f"The plan is {plan_id}, expected_plan is {expected}: what the task asks for, or what is on the cluster, has"
        f" changed since that plan was made. Nothing was sent. The plan is now: {' '.join(named) or 'nothing to send.'}"
        " Run the task in check mode, and approve its plan_id.",
        errors.Outcome.UNCHANGED,
        plan_id=plan_id,
        steps=[{"method": step.method, "path": step.path, "body": step.without_secrets()} for step in steps],
    )


def guard(verb: Planner, plan: Plan, check_mode: bool) -> None:
    """Stop before what ONTAP would refuse, where reading shows it.

    A run reads only what ONTAP does not check as well, or checks after it has deleted something: its own refusal costs
    no reading.
    """
    read = [Precondition.KEY_STORE_ACTIVE]
    if len(plan.steps) > 1 and plan.steps[0].confirmation is Confirmation.GONE:
        read.append(Precondition.CREATABLE)
    for precondition in plan.preconditions:
        if check_mode or precondition in read:
            verb.require(precondition, plan, check_mode)
