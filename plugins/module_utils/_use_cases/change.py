# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""One AKV configuration on its way to what is declared: a verb of the runner."""

from __future__ import annotations

import contextlib
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass

from ansible_collections.ontap.akv.plugins.module_utils._akv import health, releases
from ansible_collections.ontap.akv.plugins.module_utils._akv.plan import (
    Declaration,
    compare,
    differences,
    other_credential,
    shows,
)
from ansible_collections.ontap.akv.plugins.module_utils._akv.plan import (
    plan as plan_of,
)
from ansible_collections.ontap.akv.plugins.module_utils._akv.record import (
    Record,
    configuration_of,
    is_inactive,
    owned,
    select,
)
from ansible_collections.ontap.akv.plugins.module_utils._ontap import jobs, reading
from ansible_collections.ontap.akv.plugins.module_utils._ontap.client import Client
from ansible_collections.ontap.akv.plugins.module_utils._runtime import errors, runner
from ansible_collections.ontap.akv.plugins.module_utils._runtime.plan import (
    NEW,
    Confirmation,
    Plan,
    Precondition,
    Step,
)
from ansible_collections.ontap.akv.plugins.module_utils._runtime.wording import capital

_DONE = {
    "none": "as declared",
    "create": "created",
    "update": "updated",
    "delete": "deleted",
    "recreate": "deleted and created again",
    "enable": "enabled",
}

# After these the login to Azure is new, so that both reachabilities are read (9.8+). The state alone is good as long as
# there is no encrypted volume, whatever the credential.
_VERIFIED_BY_REACHABILITY = ("create", "recreate", "update", "enable")

# What a refusal says when another run was faster: it is there already, or gone already.
_RACE_LOST = {"POST": ("1", "65537500", "65537589"), "DELETE": ("4", "65537120", "65537511", "65538908")}


@dataclass(frozen=True)
class Result:
    """What was done, or in check mode would be done."""

    changed: bool
    msg: str
    operation: str
    vault: Record | None
    available: bool | None
    drift: tuple[Record, ...]
    credentials_sent: bool
    diff: Record
    plan_id: str


class Change(runner.Verb):
    """One AKV configuration on its way to what is declared.

    :param wait: confirm what was sent, and wait for its health
    :param grace: seconds for which a refused credential is sent again, since Azure may not know a new one yet
    :ivar current: the configuration before the task; None where it does not exist
    :ivar chosen: what is to be done
    """

    chosen: Plan

    def __init__(self, client: Client, declared: Declaration, wait: bool, grace: float = 0) -> None:
        self.client = client
        self.declared = declared
        self.secrets = declared.secrets
        self.current: Record | None = None
        self._wait = wait
        self._grace = grace
        self._records: list[Record] = []
        self._deleted: set[str] = set()
        self._pauses = runner.intervals()
        self._first_refused: float | None = None
        self._stands = False
        self._reads_health = False

    # -- facts and plan -----------------------------------------------------------------------------------------------

    def plan(self) -> Plan:
        """Read the configuration, and of its health what the task goes by; plan."""
        self._reads_health = True
        fields = ["state"] if self._wait and self.declared.present else []
        return self.plan_from(self._read(self.repair_fields() or fields))

    def take(self, records: list[Record]) -> Record | None:
        """Choose the configuration among records that were read for many."""
        self._records = owned(records, self.declared.scope)
        # What this task has deleted may still be listed with what it has created.
        left = self._records
        if self._deleted:
            left = [record for record in left if record["uuid"] not in self._deleted] or left
        # A switch may rename configurations: afterwards the name may be that of the other one.
        if self.declared.enabled and self.current is not None:
            same = [record for record in left if record["uuid"] == self.current["uuid"]]
            if same:
                return same[0]
        return select(left, self.declared.scope, self.declared.configuration)

    def repair_fields(self) -> list[str]:
        """Name what a repair goes by, in addition to the configuration: nothing where none is asked for."""
        self._reads_health = self._reads_health or self._repairs
        return releases.health_fields(self.client.release()) if self._repairs else []

    def plan_from(self, current: Record | None) -> Plan:
        """Plan, with the cluster's release where that decides."""
        declared, client, unreachable = self.declared, self.client, False
        self.current = current
        compared = None
        if declared.present and current is not None:
            different, unknown = compared = compare(declared, current)
            # What a PATCH takes depends on the release, and so does what a POST takes of the settings to be kept.
            recreates = bool(different) and declared.allow_recreate
            if (
                recreates
                or any(map(releases.patch_depends_on_release, different))
                or other_credential(declared, current)
            ):
                client.release()
            unreachable = self._repairs and self._unreachable(current)
            if unknown:
                client.task.warn(
                    f"ONTAP does not report {', '.join(unknown)} of {declared.label}: it is not known whether that"
                    " matches the task. It is not changed."
                )
        others = [record for record in self._records if record is not current]
        self.chosen = plan_of(declared, current, client.known_release, unreachable, others, compared)
        for drift in self.chosen.drift:
            client.task.warn(
                f"key_id: {drift['declared']} is declared, {drift['current']} is in use. {drift['advice']}"
            )
        return self.chosen

    def require(self, precondition: Precondition, plan: Plan, check_mode: bool) -> None:
        """Stop before what ONTAP would refuse."""
        # Only a change needs it, and what it reads with: a tenth of what akv_config loads.
        from ansible_collections.ontap.akv.plugins.module_utils._use_cases import preconditions

        # A cluster that shows configurations is 9.14.1 or later.
        later = any("configuration" in record or "enabled" in record for record in self._records)
        preconditions.require(self.client, self.declared, plan, precondition, later)

    def predict(self, plan: Plan, check_mode: bool) -> Result:
        """Give the result where nothing is sent: there is nothing to do, or it is check mode."""
        return self.result(plan, self._predicted(plan), check_mode)

    def _predicted(self, plan: Plan) -> Record | None:
        if plan.operation == "delete":
            return None
        if self.current is not None and not plan.steps:
            if self._reads_health or health.judge(self.current)[0] != health.UNKNOWN:
                self._warn_of_health(self.current)
            return self.current
        after = _without_secrets(plan.after)
        return {**(self.current or self.declared.scope.record()), **after} if after else None

    # -- changing -----------------------------------------------------------------------------------------------------

    def prepare(self, plan: Plan) -> None:
        """Learn what confirming will need, before anything is changed: a missing right shows in time."""
        if self._wait and self.current is not None and plan.operation in _VERIFIED_BY_REACHABILITY:
            self.client.release()

    def path(self, step: Step) -> str:
        """Give a step's path, with the UUID of what an earlier step created."""
        if NEW not in step.path:
            return step.path
        made = runner.read_until(
            self.client.task,
            self._read,
            lambda record: record is not None and record["uuid"] not in self._deleted,
            f"waiting until {self.declared.label} exists",
        )
        if made is None:
            raise self._not_shown("created", None)
        return step.path.replace(NEW, made["uuid"])

    def follow(self, step: Step, answer: Record) -> None:
        """Follow a step's job, if it has one, to its end."""
        job, named = jobs.job_of_step(self.client, step, answer) if self._wait else (None, False)
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
            self._deleted.add(step.path.rpartition("/")[2])

    def _showed_before(self, step: Step) -> bool:
        """Return whether the configuration showed it all before the step: then a reading proves nothing."""
        return step.idempotent and self.current is not None and shows(step, self.current)

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
        return {} if self._step_shown(step, self._read()) else None

    def refused(self, step: Step, failure: errors.AkvError) -> bool:
        """Return whether another run has done meanwhile what the step was to do; warn of it."""
        if not self._lost_a_race(step, failure):
            return False
        label = self.declared.label
        existing = self._read()
        if step.method == "DELETE":
            done = existing is None
        elif existing is not None and existing["uuid"] in self._deleted:
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
        if self._deleted and step.method == "POST" and self._lost_a_race(step, failure):
            waiting_for = f"waiting until {self.declared.label} is deleted"
            left = runner.read_until(task, self._read, lambda record: not self._is_deleted(record), waiting_for)
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
        return record is not None and record["uuid"] in self._deleted

    def _lost_a_race(self, step: Step, failure: errors.AkvError) -> bool:
        return isinstance(failure, (errors.OntapError, jobs.JobFailed)) and failure.code in _RACE_LOST.get(
            step.method, ()
        )

    def explain(self, plan: Plan, number: int, failure: errors.AkvError) -> errors.AkvError:
        """Complete a failure with what only this task knows."""
        step = plan.steps[number]
        if (
            isinstance(failure, (errors.OntapError, jobs.JobFailed))
            and plan.operation == "create"
            and step.method == "POST"
        ):
            # Only a refused creation needs it.
            from ansible_collections.ontap.akv.plugins.module_utils._use_cases import preconditions

            other = failure.code == "65537500" and self.take(self._records) is None
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
                f"{self._label} was DELETED and could NOT be recreated. {failure.message} Run the task again to"
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
            lambda: self._read(fields),
            lambda record: not self._wait or self.is_shown(done, record),
            lambda record: not self._wait or reading.not_bad(record),
            f"waiting until {self.declared.label} is {_DONE[done.operation]} and healthy",
        )
        return self.concluded(done, seen)

    def fields_to_confirm(self, done: Plan) -> list[str]:
        """Name what of the health is read after a change, in addition to the configuration."""
        if not (self._wait and self.declared.present):
            return []
        if done.operation not in _VERIFIED_BY_REACHABILITY:
            return ["state"]
        # A create goes by no release: all fields are asked for, and it needs no request more.
        release = self.client.known_release
        return releases.health_fields(release) if release else ["state", reading.EVERY_FIELD]

    def is_settled(self, done: Plan, record: Record | None) -> bool:
        """Return whether a reading after the change needs no other."""
        return not self._wait or (self.is_shown(done, record) and reading.not_bad(record))

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
        if self._wait and not self.is_shown(done, record):
            raise self._not_shown(_DONE[done.operation], record)
        if self._wait and record is not None and done.steps and not reading.not_bad(record):
            raise self._unhealthy(done, record)
        if record is not None:
            self._warn_of_health(record)
            self._warn_of_new_name(record)
        return self.result(done, record)

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

    def result(self, plan: Plan, vault: Record | None, check_mode: bool = False) -> Result:
        """Make the result of what was done, or in check mode would be."""
        return Result(
            changed=bool(plan.steps),
            msg=_message(self.declared, plan, check_mode),
            operation=plan.operation,
            vault=vault,
            available=None if vault is None else health.read_state(vault).available,
            drift=plan.drift,
            credentials_sent=bool(plan.secrets),
            diff=_diff(self.declared, plan),
            plan_id=self.chosen.id(self.client.address),
        )

    # -- reading ------------------------------------------------------------------------------------------------------

    def _read(self, fields: list[str] | None = None) -> Record | None:
        return self.take(reading.vaults_of(self.client, self.declared.scope, *(fields or [])))

    @property
    def _repairs(self) -> bool:
        return self.declared.present and self.declared.update_credentials == "when_unavailable"

    def _unreachable(self, current: Record) -> bool:
        if is_inactive(current):
            raise errors.InputError(
                "update_credentials",
                "when_unavailable is for the enabled configuration, as an inactive one has no health. Use always.",
            )
        if self.client.release().reads("azure_reachability") and "azure_reachability" not in self.client.unreported:
            return health.azure_reachable(current) is False
        return health.read_state(current).bad

    # -- health -------------------------------------------------------------------------------------------------------

    def _unhealthy(self, plan: Plan, vault: Record) -> errors.AkvError:
        known = health.read_state(self.current or {}).bad_nodes
        old = [node for node in health.read_state(vault).bad_nodes if node in known]
        earlier = f" Already unhealthy before this task: {', '.join(old)}." if old else ""
        return errors.AkvError(
            f"{self._label} on {self.client.where} was {_DONE[plan.operation]}, but is not healthy in time"
            f" (wait_timeout): {' '.join(health.judge(vault)[1])}{earlier} Check credential, key and network path in"
            f" Azure. {reading.BLOCKING_LIMIT}",
            errors.Outcome.CHANGED,
            vault=vault,
            available=health.read_state(vault).available,
        )

    def _warn_of_health(self, vault: Record) -> None:
        """Warn if the existing AKV configuration is not healthy, so that an unchanged task does not hide it."""
        if not self._wait or not self.declared.present:
            return
        verdict, reasons = health.judge(vault)
        if verdict in (health.DEGRADED, health.UNAVAILABLE):
            self.client.task.warn(
                f"{self._label} matches the task, but is {verdict}: {' '.join(reasons)} Run akv_restore to"
                " restore missing keys, or set update_credentials: when_unavailable to resend the credential."
                f" {reading.BLOCKING_LIMIT}"
            )
        elif verdict in (health.INACTIVE, health.UNKNOWN):
            self.client.task.warn(f"The health of {self.declared.label} is {verdict}: {' '.join(reasons)}")

    @property
    def _label(self) -> str:
        return capital(self.declared.label)


def _message(declared: Declaration, plan: Plan, check_mode: bool) -> str:
    vault = capital(declared.label)
    if plan.steps:
        return f"{vault} {'would be' if check_mode else 'was'} {_DONE[plan.operation]}."
    if not declared.present:
        return f"There is no {declared.label[4:]}: nothing to delete."
    if not declared.secrets:
        return f"{vault} matches the task."
    policy = f"update_credentials: {declared.update_credentials}"
    return f"{vault} matches the task. {' and '.join(declared.secrets)} declared, not sent ({policy})."


def _without_secrets(values: Mapping[str, t.Any]) -> Record:
    return {name: value for name, value in values.items() if name not in releases.SECRET_FIELDS}


def _diff(declared: Declaration, plan: Plan) -> Record:
    steps = "; then ".join(map(str, plan.steps)) or "nothing to send"
    return {
        "before": dict(plan.before),
        "after": dict(plan.after),
        "before_header": declared.label,
        "after_header": f"{declared.label} ({steps})",
    }
