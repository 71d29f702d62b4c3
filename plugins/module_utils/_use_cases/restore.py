# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""The use case of akv_restore: restore keys where they are missing, and follow the job to its end."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ansible_collections.ontap.akv.plugins.module_utils._akv import health
from ansible_collections.ontap.akv.plugins.module_utils._akv.record import Record, owned, select, vault_path
from ansible_collections.ontap.akv.plugins.module_utils._akv.scope import ARGUMENT_SPEC as SCOPE_OPTIONS
from ansible_collections.ontap.akv.plugins.module_utils._akv.scope import Scope, check_svms
from ansible_collections.ontap.akv.plugins.module_utils._ontap import jobs, reading
from ansible_collections.ontap.akv.plugins.module_utils._ontap.client import Client
from ansible_collections.ontap.akv.plugins.module_utils._runtime import arguments, errors, parallel, planning, runner
from ansible_collections.ontap.akv.plugins.module_utils._runtime.plan import (
    Confirmation,
    Plan,
    Precondition,
    Step,
    combined_id,
)
from ansible_collections.ontap.akv.plugins.module_utils._use_cases.key_action import KeyAction, Result
from ansible_collections.ontap.akv.plugins.module_utils._use_cases.ontap_entry import ONTAP

KIND = ONTAP

ARGUMENT_SPEC: dict[str, t.Any] = {
    **jobs.ARGUMENT_SPEC,
    **SCOPE_OPTIONS,
    **arguments.THREADS,
    **planning.ARGUMENT_SPEC,
    "force": {"type": "bool", "default": False},
    "svms": {"type": "list", "elements": "str"},
}


@dataclass(frozen=True)
class BulkResult:
    """What was done, or in check mode would be done, SVM by SVM."""

    changed: bool
    msg: str
    results: list[Record]
    diff: list[Record]
    plan_id: str


def check(params: Mapping[str, t.Any]) -> list[Scope]:
    """Check a task's options, before any request.

    :return: the scopes: one, or those of ``svms``
    :raises InputError: names the option, what was given and what to do
    """
    jobs.check_waiting(params)
    if params["svms"] is None:
        return [Scope.from_params(params)]
    parallel.check_threads(params)
    given = [f"{option}: {params[option]}" for option in SCOPE_OPTIONS if params[option] is not None]
    if given:
        raise errors.InputError("svms", f"cannot be combined with {' and '.join(given)}. Keep one of them.")
    check_svms(params["svms"], " and give svm, svm_uuid or scope: cluster")
    twice = sorted({svm for svm in params["svms"] if params["svms"].count(svm) > 1})
    if twice:
        raise errors.InputError("svms", f"{', '.join(twice)} is given twice. Keep one of each.")
    return [Scope(svm) for svm in params["svms"]]


def run(client: Client, params: Mapping[str, t.Any], check_mode: bool) -> Result | BulkResult:
    """Restore the keys of an AKV configuration, or of those of ``svms``, where some node lacks them.

    :raises AkvError: there is no AKV configuration, or the restore failed on some node
    """
    scopes = check(params)
    if params["svms"] is not None:
        return _restore_many(client, scopes, params, check_mode)
    scope = scopes[0]
    verb = Restore(client, scope, params, lambda: reading.find_vault(client, scope, "state"))
    result: Result = runner.run(verb, check_mode, params["expected_plan"])
    return result


def _restore_many(client: Client, scopes: list[Scope], params: Mapping[str, t.Any], check_mode: bool) -> BulkResult:
    """Restore where it is needed, side by side; what fails does not stop the others."""

    def complete(records: list[Record]) -> bool:
        by_scope = reading.sort_by_scope(records)
        return all(any(scope.owns(record) for record in by_scope(scope)) for scope in scopes)

    by_scope = reading.sort_by_scope(reading.read_vaults(client, {}, ["*", "state"], complete=complete))
    items = [parallel.Item(scope, client.sibling()) for scope in scopes]
    planned: dict[Scope, tuple[Restore, Plan]] = {}

    def plan(item: parallel.Item) -> None:
        scope = item.scope
        verb = Restore(item.client, scope, params, lambda: select(owned(by_scope(scope), scope), scope))
        planned[scope] = verb, verb.plan()

    for item in items:
        with item.kept():
            plan(item)
    plan_id = combined_id((str(scope), plan.id(client.address)) for scope, (_verb, plan) in planned.items())
    planning.require_expected(params["expected_plan"], plan_id, [plan for _verb, plan in planned.values()])

    def restore(item: parallel.Item) -> None:
        item.succeed(runner.carry_out(*planned[item.scope], check_mode))

    with parallel.workers(client, params["threads"]) as threads:
        threads.each(items, restore)
    results = parallel.conclude(client, items, check_mode)
    number = sum(result["changed"] for result in results)
    done = "would be restored" if check_mode else "restored"
    return BulkResult(
        changed=bool(number),
        msg=f"The keys of {number} of {len(results)} SVMs {done} on {client.where}.",
        results=results,
        diff=[item.diff for item in items],
        plan_id=plan_id,
    )


class Restore(KeyAction):
    """One restore: a verb of the runner.

    :param params: ``force``, ``wait`` and ``poll_interval`` of a task
    :param vault: gives the configuration as it was read
    """

    def __init__(
        self, client: Client, scope: Scope, params: Mapping[str, t.Any], vault: Callable[[], Record | None]
    ) -> None:
        super().__init__(client, scope, params, "restore", f"Restoring the keys of {scope}")
        self._find = vault

    def plan(self) -> Plan:
        """Read the configuration; plan a restore where some node lacks its keys."""
        vault = self._find()
        if vault is None:
            raise reading.no_vault(self.client, self._scope)
        self._vault, self._before = vault, health.read_state(vault)
        if self._before.bad or self._params["force"]:
            path = vault_path(vault["uuid"], self._action)
            step = Step("POST", path, "restore", self._doing, Confirmation.JOB)
            self._plan = Plan("restore", self._scope.record(), (step,))
        else:
            self._plan = Plan("none", self._scope.record())
        return self._plan

    def require(self, precondition: Precondition, plan: Plan, check_mode: bool) -> None:
        """A restore has no preconditions."""

    def predict(self, plan: Plan, check_mode: bool) -> Result:
        """Give the result where nothing is sent."""
        if plan.steps:
            return self._conclusion(
                True, f"The keys of {self._scope} would be restored.", self._vault, health.State(True)
            )
        if not self._before.good:
            self.client.task.warn(
                f"ONTAP does not report whether the keys of {self._scope} are available: unknown. Nothing was sent;"
                " force: true restores them anyway."
            )
        msg = f"Nothing to restore for {self._scope}: {self._before}."
        return self._conclusion(False, msg, self._vault, self._before)

    def begun(self, step: Step) -> Record | None:
        """Find a restore that is under way, or that ended between the readings of the configuration and of the jobs."""
        if self._jobs.running is not None:
            return {"job": {"uuid": self._jobs.running}}
        ended = self._jobs.before and self._before.bad and not health.read_state(self._read()).bad
        return {} if ended else None

    def applied(self, step: Step) -> Record | None:
        """Confirm a restore after a lost response: its job, or that the keys are available."""
        if self._before.bad and not health.read_state(self._read()).bad:
            return {}
        return self._jobs.begun_since()

    def follow(self, step: Step, answer: Record) -> None:
        """Follow the job to its end."""
        uuid = jobs.job_of(answer)
        if uuid is None:
            return
        self._job = jobs.Job(uuid, "queued", "", 0.0)
        if self._params["wait"]:
            self._job = jobs.follow(self.client, uuid, self._doing, "restore", self._params["poll_interval"])

    def explain(self, plan: Plan, number: int, failure: errors.AkvError) -> errors.AkvError:
        """Complete a failed job with what the configuration shows: on which nodes keys are available now."""
        if not isinstance(failure, jobs.JobFailed):
            return failure
        try:
            vault = self._read()
        except errors.AkvError:
            return failure
        state = health.read_state(vault)
        failure.outcome = errors.Outcome.CHANGED if self._has_restored(state) else errors.Outcome.UNCHANGED
        failure.message += f" Now {state}. {reading.BLOCKING_LIMIT}"
        failure.details.update(vault=vault, available=state.available)
        return failure

    def _has_restored(self, state: health.State) -> bool:
        """Return whether some nodes got their keys; where all had them before (force), no reading shows it."""
        return not self._before.good and (state.good or set(state.bad_nodes) < set(self._before.bad_nodes))

    def conclude(self, done: Plan) -> Result:
        """Read the configuration until its keys are available."""
        sent = bool(done.steps)
        if not self._params["wait"]:
            msg = f"A restore of the keys of {self._scope} was started."
            return self._conclusion(sent, msg, self._vault, health.State(True) if sent else self._before)
        vault = self._confirm(lambda _vault: True)
        state = health.read_state(vault)
        if state.bad:
            ended = self._job is not None and not self._job.unseen
            outcome = errors.Outcome.UNCHANGED if ended else errors.Outcome.UNKNOWN
            raise errors.AkvError(
                f"{self._doing} on {self.client.where}: ONTAP accepted the request, but {state}."
                f" The playbook ontap.akv.diagnose names the cause. {reading.BLOCKING_LIMIT}",
                errors.Outcome.CHANGED if self._has_restored(state) else outcome,
                **self._details(vault),
            )
        return self._conclusion(sent, f"The keys of {self._scope} were restored: {state}.", vault, state)

    def _conclusion(self, changed: bool, msg: str, vault: Record, after: health.State) -> Result:
        state = health.read_state(vault)
        if self._plan.steps and not (state.good or state.bad):
            self.client.task.warn(f"ONTAP does not report whether the keys of {self._scope} are available.")
        adopted = " The restore was already running." if self._plan.steps and not changed else ""
        operation = "restore" if changed else "none"
        shown = {"availability": str(self._before)}, {"availability": str(after)}
        return self._result(f"{msg}{adopted}", operation, vault, *shown)
