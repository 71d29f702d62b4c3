# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""The one way of every changing verb: plan, check mode, guard, send, confirm, result.

A verb reads facts, makes a `Plan` of them (`planning`), and answers what only it knows: how to read back, and its
result. Nothing below a verb calls back into it but this file.
"""

from __future__ import annotations

import abc
import typing as t
from collections.abc import Callable, Iterator, Mapping

from ansible_collections.ontap.akv.plugins.module_utils._runtime import errors, planning
from ansible_collections.ontap.akv.plugins.module_utils._runtime.plan import Plan, Step
from ansible_collections.ontap.akv.plugins.module_utils._runtime.task import Task

JSON = dict[str, t.Any]

_LONGEST_INTERVAL, _GROWTH = 30.0, 1.5  # seconds, times


class Attempts(t.Protocol):
    """The tries of one request."""

    def pause(self) -> bool:
        """Wait for the next try; False where no try or not enough time is left."""


class Sender(t.Protocol):
    """What the runner needs of a client."""

    task: Task

    def attempts(self) -> Attempts:
        """Count the tries of a change."""

    def change(self, step: Step, path: str, body: JSON | None) -> JSON:
        """Send a change, once; raises AkvError, of which ``lost`` and ``passing`` count."""


class Verb(planning.Planner):
    """What only a verb knows. Where a method is not abstract, most verbs have nothing to add to it.

    :ivar secrets: the values of the steps' `Secret` references
    """

    secrets: Mapping[str, str] = {}

    @abc.abstractmethod
    def prepare(self, plan: Plan) -> None:
        """Read what confirming will need, before anything is changed: a missing right shows in time."""

    def path(self, step: Step) -> str:
        """Give a step's path, with the UUID of what an earlier step created."""
        return step.path

    def begun(self, step: Step) -> JSON | None:
        """Give the answer of the same change that is under way already, or was done meanwhile; None where none is."""
        return None

    @abc.abstractmethod
    def applied(self, step: Step) -> JSON | None:
        """Read whether a step was applied whose answer was lost; what is true then, else None."""

    @abc.abstractmethod
    def follow(self, step: Step, answer: JSON) -> None:
        """Follow what a step's answer names (a job) to its end."""

    def refused(self, step: Step, failure: errors.AkvError) -> bool:
        """Return whether a refusal means that the step needs no more: another run was first, for example.

        :param failure: of the request, or of its job
        """
        return False

    def again(self, step: Step, failure: errors.AkvError) -> bool:
        """Wait where a refusal can pass, and return whether to send the step again.

        :param failure: of the request, or of its job; only a refusal proves that the step was not applied
        """
        return False

    def explain(self, plan: Plan, number: int, failure: errors.AkvError) -> errors.AkvError:
        """Complete the failure of a step with what only the verb knows."""
        return failure

    @abc.abstractmethod
    def conclude(self, done: Plan) -> t.Any:
        """Confirm what was done, and give the result.

        :param done: the plan; with operation "none" where another run has done all of it
        """


def run(verb: Verb, check_mode: bool, expected_plan: str | None = None) -> t.Any:
    """Take a verb from its facts to its result.

    :param expected_plan: the ID of the plan that was approved; None or blank for any plan
    :raises AkvError: it cannot be done, is not what was approved, was refused, or was not confirmed in time
    """
    return _conclude(verb, planning.planned(verb, check_mode, expected_plan), check_mode)


def carry_out(verb: Verb, plan: Plan, check_mode: bool) -> t.Any:
    """Take a plan to its result."""
    planning.guard(verb, plan, check_mode)
    return _conclude(verb, plan, check_mode)


def _conclude(verb: Verb, plan: Plan, check_mode: bool) -> t.Any:
    return verb.predict(plan, check_mode) if check_mode or not plan.steps else complete(verb, plan)


def complete(verb: Verb, plan: Plan) -> t.Any:
    """Send the steps of a plan, confirm them, and give the result."""
    verb.prepare(plan)
    return verb.conclude(apply(verb, plan))


def apply(verb: Verb, plan: Plan) -> Plan:
    """Send the steps in order; give the plan back, with operation "none" where another run has done all of it."""
    sent = False
    for number, step in enumerate(plan.steps):
        try:
            sent = _apply(verb, step) or sent
        except errors.AkvError as failure:
            raise verb.explain(plan, number, failure) from None
    return plan if sent else Plan("none", plan.scope, before=plan.after, after=plan.after)


def _apply(verb: Verb, step: Step) -> bool:
    """Send a step and follow it; False where it was not sent by this task."""
    answer = verb.begun(step)
    if answer is not None:
        verb.follow(step, answer)
        return False
    while True:
        try:
            answer = send(verb.client, step, verb.path(step), verb.secrets, verb.applied)
            verb.follow(step, answer)
        except errors.AkvError as failure:
            if verb.refused(step, failure):
                # After a lost answer, what is there is what this task has sent.
                return bool(verb.client.task.has_lost)
            if not verb.again(step, failure):
                raise
        else:
            return True


def send(
    client: Sender,
    step: Step,
    path: str,
    secrets: Mapping[str, str],
    applied: Callable[[Step], JSON | None],
) -> JSON:
    """Send a step until it is answered. Where its answer was lost, read back before it is sent again.

    :param path: the step's, with the UUID of what an earlier step created
    :param applied: reads whether a step was applied whose answer was lost; what is true then, else None
    :return: the answer, or what ``applied`` found
    :raises AkvError: it was refused, or its tries are used up
    :raises Unconfirmed: its answer was lost, and whether it was applied cannot be read
    """
    body = step.filled(secrets)
    attempts = client.attempts()
    lost: errors.AkvError | None = None
    client.task.has_lost = False
    while True:
        try:
            return client.change(step, path, body)
        except errors.AkvError as failure:
            lost = failure if failure.lost else lost
            client.task.has_lost = lost is not None
            # After a lost answer a refusal, too, may be its echo ("already configured", "not found").
            if lost is not None and not step.idempotent:
                found = _read_back(client.task, step, lost, applied)
                if found is not None:
                    return found
            if not (failure.passing and attempts.pause()):
                raise


def _read_back(task: Task, step: Step, lost: errors.AkvError, applied: Callable[[Step], JSON | None]) -> JSON | None:
    """Read whether a step was applied whose answer was lost; while that cannot be read, the outcome stays unknown."""
    try:
        found = applied(step)
    except errors.AkvError as failure:
        message = f"{lost.message} Whether it was applied could not be read: {failure.message}"
        raise errors.Unconfirmed(message, errors.Outcome.UNKNOWN) from None
    if found is not None and not isinstance(found.get("job"), dict):
        task.confirmed(changed=True)
    elif found is None and not step.by_job:
        task.confirmed(changed=False)
    return found


# -- reading until it is so -------------------------------------------------------------------------------------------

Seen = t.TypeVar("Seen")


def intervals(first: float = 2.0) -> Iterator[float]:
    """Seconds between polls: growing, up to 30."""
    interval = first
    while True:
        yield interval
        interval = max(first, min(interval * _GROWTH, _LONGEST_INTERVAL))


def read_until(
    task: Task, read: Callable[[], Seen], enough: Callable[[Seen], bool], waiting_for: str, interval: float = 2.0
) -> Seen:
    """Read until that is enough, or until the deadline; give the last reading.

    :param waiting_for: shown before each pause
    :param interval: seconds before the second reading; they grow from there
    """
    pauses = intervals(interval)
    while True:
        seen = read()
        if enough(seen) or task.remaining() <= 0:
            return seen
        task.sleep(next(pauses), waiting_for)


def confirm(
    task: Task,
    read: Callable[[], Seen],
    shown: Callable[[Seen], bool],
    settled: Callable[[Seen], bool],
    waiting_for: str,
    interval: float = 2.0,
) -> Seen:
    """Read until a change shows and what follows from it has settled, or until the deadline; give the last reading.

    A response is not proof: ONTAP may apply a change a moment after it, and a reading may be older than the change.

    :param shown: whether a reading shows the change
    :param settled: whether what follows from it (the health) needs no further reading
    """

    def enough(seen: Seen) -> bool:
        if not shown(seen):
            return False
        task.confirmed(changed=True)
        return settled(seen)

    return read_until(task, read, enough, waiting_for, interval)
