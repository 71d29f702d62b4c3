# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""One AKV configuration on its way from its plan to its result: a verb of the runner. Only a change needs it."""

from __future__ import annotations

import contextlib

from ansible_collections.ontap.akv.plugins.module_utils._akv import health, releases
from ansible_collections.ontap.akv.plugins.module_utils._akv.plan import differences, shows
from ansible_collections.ontap.akv.plugins.module_utils._akv.record import Record, configuration_of
from ansible_collections.ontap.akv.plugins.module_utils._ontap import jobs, reading
from ansible_collections.ontap.akv.plugins.module_utils._runtime import errors, runner
from ansible_collections.ontap.akv.plugins.module_utils._runtime.plan import NEW, Confirmation, Plan, Precondition, Step
from ansible_collections.ontap.akv.plugins.module_utils._runtime.wording import capital
from ansible_collections.ontap.akv.plugins.module_utils._use_cases.change import DONE, Change, Result

# After these the login to Azure is new, so that both reachabilities are read (9.8+). The state alone is good as long as
# there is no encrypted volume, whatever the credential.
_VERIFIED_BY_REACHABILITY = ("create", "recreate", "update", "enable")

# What a refusal says when another run was faster: it is there already, or gone already.
_RACE_LOST = {"POST": ("1", "65537500", "65537589"), "DELETE": ("4", "65537120", "65537511", "65538908")}


class Changing(runner.Verb):
    """A change on its way from its plan to its result.

    :param change: plans it, and reads for it
    :param grace: seconds for which a refused credential is sent again, since Azure may not know a new one yet
    """

    def __init__(self, change: Change, grace: float = 0) -> None:
        self.change = change
        self.client = change.client
        self.declared = change.declared
        self.secrets = change.declared.secrets
        self._grace = grace
        self._pauses = runner.intervals()
        self._first_refused: float | None = None
        self._stands = False

    # -- facts and plan -----------------------------------------------------------------------------------------------

    def plan(self) -> Plan:
        """Read the facts, and plan."""
        return self.change.plan()

    def require(self, precondition: Precondition, plan: Plan, check_mode: bool) -> None:
        """Stop before what ONTAP would refuse."""
        self.change.require(precondition, plan, check_mode)

    def predict(self, plan: Plan, check_mode: bool) -> Result:
        """Give the result where nothing is sent."""
        return self.change.predict(plan, check_mode)

    # -- sending ------------------------------------------------------------------------------------------------------

    def prepare(self, plan: Plan) -> None:
        """Learn what confirming will need, before anything is changed: a missing right shows in time."""
        if self.change.waits and self.change.current is not None and plan.operation in _VERIFIED_BY_REACHABILITY:
            self.client.release()

    def path(self, step: Step) -> str:
        """Give a step's path, with the UUID of what an earlier step created."""
        if NEW not in step.path:
            return step.path
        made = runner.read_until(
            self.client.task,
            self.change.read,
            lambda record: record is not None and record["uuid"] not in self.change.deleted,
            f"waiting until {self.declared.label} exists",
        )
        if made is None:
            raise self._not_shown("created", None)
        return step.path.replace(NEW, made["uuid"])

    def follow(self, step: Step, answer: Record) -> None:
        """Follow a step's job, if it has one, to its end."""
        job, named = jobs.job_of_step(self.client, step, answer) if self.change.waits else (None, False)
        try:
            if job is not None:
                done = jobs.follow(self.client, job, step.doing, step.operation, named=named)
                # What is created has no previous credential.
                if done.unseen and step.secrets and step.idempotent:
                    reason, advice = done.unseen_because
                    again = f"{advice}send the credential again (update_credentials: always)."
                    self.client.task.warn(
                        f"{step.doing}: {reason}, and no reading shows a secret, so ONTAP may still have the previous"
                        f" credential. {capital(again)}"
                    )
        except jobs.JobFailed as failure:
            if self._lost_a_race(step, failure):
                # What a reading shows is the other run's.
                self.client.task.confirmed(changed=False)
                raise
            self._stands = True
            with contextlib.suppress(errors.AkvError):
                self._stands = self.applied(step) is not None and not self._showed_before(step)
                if self._stands or not self._is_unclear(step, failure):
                    self.client.task.confirmed(changed=self._stands)
            raise
        if step.method == "DELETE" and self.declared.present:
            self.change.deleted.add(step.path.rpartition("/")[2])

    def _showed_before(self, step: Step) -> bool:
        """Return whether the configuration showed it all before the step: then a reading proves nothing."""
        return step.idempotent and self.change.current is not None and shows(step, self.change.current)

    @staticmethod
    def _is_unclear(step: Step, failure: jobs.JobFailed) -> bool:
        """Return whether no reading shows that a step had no effect: a switch half-way, or a secret."""
        if step.confirmation is Confirmation.ENABLED:
            return True
        return step.idempotent and bool(step.secrets) and not (jobs.refuses_credential(failure) and failure.known)

    def applied(self, step: Step) -> Record | None:
        """Read whether a step was applied."""
        if step.confirmation is Confirmation.SHOWN and not step.shows:
            return None
        return {} if self._step_shown(step, self.change.read()) else None

    def refused(self, step: Step, failure: errors.AkvError) -> bool:
        """Return whether another run has done meanwhile what the step was to do; warn of it."""
        if not self._lost_a_race(step, failure):
            return False
        label = self.declared.label
        existing = self.change.read()
        if step.method == "DELETE":
            done = existing is None
        elif existing is not None and existing["uuid"] in self.change.deleted:
            return False
        else:
            done = existing is not None and not differences(self.declared, existing)
            if existing is not None and not done:
                failure.message = (
                    f"Meanwhile another run created {label}: {existing.get('name')} with key"
                    f" {existing.get('key_id')} and client_id {existing.get('client_id')}. {failure.message}"
                )
        if done and not self.client.task.has_lost:
            what = "deleted" if step.method == "DELETE" else "created, as it is declared here,"
            self.client.task.warn(f"Another run was first: {label} was {what} meanwhile.")
        return done

    def again(self, step: Step, failure: errors.AkvError) -> bool:
        """Wait until a refusal can have passed: ONTAP has not finished the deletion, or Azure learns the secret."""
        task = self.client.task
        if self.change.deleted and step.method == "POST" and self._lost_a_race(step, failure):
            waiting_for = f"waiting until {self.declared.label} is deleted"
            left = runner.read_until(task, self.change.read, lambda record: not self._is_deleted(record), waiting_for)
            return not self._is_deleted(left) and task.remaining() > 0
        if not (jobs.refuses_credential(failure) and step.secrets):
            return False
        if isinstance(failure, jobs.JobFailed) and self._stands and not step.idempotent:
            return False
        if self._first_refused is None:
            self._first_refused = task.remaining()
        left_of_grace = self._grace - (self._first_refused - task.remaining())
        if min(left_of_grace, task.remaining()) <= 0:
            return False
        pause = min(next(self._pauses), left_of_grace)
        task.sleep(pause, f"waiting until Azure accepts the credential of {self.declared.label}")
        return True

    def _is_deleted(self, record: Record | None) -> bool:
        return record is not None and record["uuid"] in self.change.deleted

    def _lost_a_race(self, step: Step, failure: errors.AkvError) -> bool:
        return isinstance(failure, jobs.REFUSALS) and failure.code in _RACE_LOST.get(step.method, ())

    def explain(self, plan: Plan, number: int, failure: errors.AkvError) -> errors.AkvError:
        """Complete a failure with what only this task knows."""
        step = plan.steps[number]
        if isinstance(failure, jobs.REFUSALS) and plan.operation == "create" and step.method == "POST":
            # Only a refused creation needs it.
            from ansible_collections.ontap.akv.plugins.module_utils._use_cases import preconditions

            other = failure.code == "65537500" and self.change.take(self.change.records) is None
            preconditions.explain_creation(self.client, self.declared.scope, failure, other)
        if jobs.refuses_credential(failure) and step.secrets:
            failure.message += (
                " A secret younger than two minutes may not be known everywhere in Azure yet: run the task again, or"
                " set credential_grace to the seconds for which it may be tried."
            )
        if isinstance(failure, jobs.JobFailed) and step.confirmation is Confirmation.ENABLED:
            failure.message += " A switch may be incomplete: run the task again to finish it."
        elif isinstance(failure, jobs.JobFailed) and self._is_unclear(step, failure):
            failure.message += (
                f" No reading shows a secret, so ONTAP may have the new or the previous {' and '.join(step.secrets)}."
                " Run the task again with update_credentials: always."
            )
        if plan.operation == "recreate" and step.method == "POST":
            settings = {name: value for left in plan.steps[number:] for name, value in left.without_secrets().items()}
            failure.details["recreate"] = settings
            failure.message = (
                f"{self.change.label} was DELETED and could NOT be recreated. {failure.message} Run the task again to"
                f" recreate it. Its settings, without secrets, were: {settings}."
            )
        return failure

    # -- confirming ---------------------------------------------------------------------------------------------------

    def conclude(self, done: Plan) -> Result:
        """Read the configuration; with ``wait``, until it shows what was sent and every node has its keys.

        :raises AkvError: it does not show what was sent, or is not healthy in time
        """
        fields = self.fields_to_confirm(done)
        seen = runner.confirm(
            self.client.task,
            lambda: self.change.read(fields),
            lambda record: not self.change.waits or self.is_shown(done, record),
            lambda record: not self.change.waits or reading.not_bad(record),
            f"waiting until {self.declared.label} is {DONE[done.operation]} and healthy",
        )
        return self.concluded(done, seen)

    def fields_to_confirm(self, done: Plan) -> list[str]:
        """Name what of the health is read after a change, in addition to the configuration."""
        if not (self.change.waits and self.declared.present):
            return []
        if done.operation not in _VERIFIED_BY_REACHABILITY:
            return ["state"]
        # A create goes by no release: all fields are asked for, and it needs no request more.
        release = self.client.known_release
        return releases.health_fields(release) if release else ["state", reading.EVERY_FIELD]

    def is_settled(self, done: Plan, record: Record | None) -> bool:
        """Return whether a reading after the change needs no other."""
        return not self.change.waits or (self.is_shown(done, record) and reading.not_bad(record))

    def is_shown(self, done: Plan, record: Record | None) -> bool:
        """Return whether a reading shows what was done."""
        if not done.steps:
            return self.declared.present == (record is not None)
        steps = done.steps[1:] if done.operation == "recreate" else done.steps
        return all(self._step_shown(step, record) for step in steps)

    def _step_shown(self, step: Step, record: Record | None) -> bool:
        if step.confirmation is Confirmation.GONE:
            return record is None
        if record is None or self._is_deleted(record):
            return False
        if step.confirmation is Confirmation.ENABLED:
            return record.get("enabled") is True
        return shows(step, record)

    def concluded(self, done: Plan, record: Record | None) -> Result:
        """Judge the last reading after a change, and give the result.

        :raises AkvError: it does not show what was sent, or is not healthy in time
        """
        if self.change.waits and not self.is_shown(done, record):
            raise self._not_shown(DONE[done.operation], record)
        if self.change.waits and record is not None and done.steps and not reading.not_bad(record):
            raise self._unhealthy(done, record)
        if record is not None:
            self.change.warn_of_health(record)
            self._warn_of_new_name(record)
        return self.change.result(done, record)

    def _warn_of_new_name(self, record: Record) -> None:
        """Warn where ONTAP has renamed the configuration at the switch: the same task would switch back."""
        name = configuration_of(record)
        if self.declared.enabled and name not in (None, self.declared.configuration):
            self.client.task.warn(
                f"ONTAP has renamed the configuration {self.declared.configuration} of {self.declared.scope} to {name}."
                f" Set configuration to {name} before the task runs again."
            )

    def _not_shown(self, done: str, record: Record | None) -> errors.AkvError:
        seen = {} if record is None else {"vault": record, "available": health.read_state(record).available}
        return errors.AkvError(
            f"ONTAP accepted the request, but {self.declared.label} is not {done} in time (wait_timeout) on"
            f" {self.client.where}. Read it with akv_info, and run the task again.",
            errors.Outcome.UNKNOWN,
            **seen,
        )

    def _unhealthy(self, plan: Plan, vault: Record) -> errors.AkvError:
        known = health.read_state(self.change.current or {}).bad_nodes
        old = [node for node in health.read_state(vault).bad_nodes if node in known]
        earlier = f" Already unhealthy before this task: {', '.join(old)}." if old else ""
        return errors.AkvError(
            f"{self.change.label} on {self.client.where} was {DONE[plan.operation]}, but is not healthy in time"
            f" (wait_timeout): {' '.join(health.judge(vault)[1])}{earlier} The playbook ontap.akv.diagnose names"
            f" the cause. {reading.BLOCKING_LIMIT}",
            errors.Outcome.CHANGED,
            vault=vault,
            available=health.read_state(vault).available,
        )


def carry_out(change: Change, plan: Plan, grace: float) -> Result:
    """Send the steps of a plan, confirm them, and give the result.

    :param grace: as `Changing` takes it
    :raises AkvError: it was refused, or not confirmed in time
    """
    result: Result = runner.complete(Changing(change, grace), plan)
    return result
