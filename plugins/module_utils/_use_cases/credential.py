# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""The use case of akv_credential: the credential of one Azure application on the configurations of one cluster.

A call sends, verifies, and rolls back what became worse. Before each batch it stops where the run that started it is
gone, or where the time left is not enough to verify and to roll back.
"""

from __future__ import annotations

import time
import typing as t
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

from ansible_collections.ontap.akv.plugins.module_utils._akv import declaration, health, releases
from ansible_collections.ontap.akv.plugins.module_utils._akv.credential_order import (
    NEW,
    Credential,
    Order,
    check,
)
from ansible_collections.ontap.akv.plugins.module_utils._akv.record import (
    CREDENTIALS,
    Record,
    require_uuids,
    vault_path,
)
from ansible_collections.ontap.akv.plugins.module_utils._akv.rotation import (
    Done,
    Reading,
    Selection,
    Stage,
    Stop,
    Target,
    batches,
    choose_canary,
    near,
    plan_id,
    select_targets,
    why_unhealthy,
    works,
    worse,
)
from ansible_collections.ontap.akv.plugins.module_utils._akv.scope import Scope, same_uuid
from ansible_collections.ontap.akv.plugins.module_utils._ontap import jobs
from ansible_collections.ontap.akv.plugins.module_utils._ontap.client import Client, explain
from ansible_collections.ontap.akv.plugins.module_utils._ontap.estate import read_release
from ansible_collections.ontap.akv.plugins.module_utils._ontap.health_monitor import read_health_monitor
from ansible_collections.ontap.akv.plugins.module_utils._ontap.reading import read_vaults
from ansible_collections.ontap.akv.plugins.module_utils._ontap.volumes import read_svms_with_volumes
from ansible_collections.ontap.akv.plugins.module_utils._runtime import arguments, errors, parallel, planning, runner
from ansible_collections.ontap.akv.plugins.module_utils._runtime.parent import Run
from ansible_collections.ontap.akv.plugins.module_utils._runtime.plan import Confirmation, Secret, Step
from ansible_collections.ontap.akv.plugins.module_utils._runtime.wording import (
    LONGEST_MESSAGE,
    capital,
    listed,
    plural,
    shortened,
)
from ansible_collections.ontap.akv.plugins.module_utils._use_cases.ontap_entry import ONTAP

KIND = ONTAP

ARGUMENT_SPEC: dict[str, t.Any] = {
    **arguments.THREADS,
    **planning.ARGUMENT_SPEC,
    "allow_uuid_secret": {"type": "bool", "default": False, "no_log": False},
    "batch_size": {"type": "int", "default": 20},
    "before": {
        "type": "list",
        "elements": "dict",
        "options": {
            "available": {"type": "bool"},
            "unavailable_nodes": {"type": "list", "elements": "str"},
            "uuid": {"type": "str", "required": True},
            "verdict": {"type": "str", "required": True, "choices": list(health.VERDICTS)},
        },
    },
    "client_certificate": {"type": "str", "no_log": True},
    "client_certificate_path": {"type": "path"},
    "client_id": {"type": "str", "required": True},
    "client_secret": {"type": "str", "no_log": True},
    "configuration_uuid": {"type": "str"},
    "credential_grace": {"type": "int", "default": 0, "no_log": False},
    "include_unhealthy": {"type": "bool", "default": False},
    "previous_client_certificate": {"type": "str", "no_log": True},
    "previous_client_secret": {"type": "str", "no_log": True},
    "scope": {"type": "str", "choices": ["all", "cluster", "svm"], "default": "all"},
    "soak": {"type": "int"},
    "soak_interval": {"type": "int", "default": 60},
    "stage": {"type": "str", "choices": [stage.value for stage in Stage], "default": Stage.ALL.value},
    "svms": {"type": "list", "elements": "str"},
    "wait_timeout": {"type": "int", "default": 300},
}

_GRACE_PAUSE = 5.0  # seconds

_FIRST_REQUESTS = 8  # of a soak, which the log keeps
_LAST_LOOKS = 5.0  # seconds between them
_HEAL = 30.0  # seconds in which what was bad already may recover
_LONGEST_ROLLBACK = 60.0  # seconds kept for it


@dataclass(frozen=True)
class Result:
    """What was done, or in check mode would be done."""

    changed: bool
    msg: str
    outcome: str
    stopped_by: str
    vaults: list[Record]
    before: list[Record]
    canary: Record
    plan_id: str
    others: int
    applications: list[str]
    svms: list[str]
    not_reported: list[str]
    can_roll_back: bool
    credential: Record
    diff: Record


# -- one configuration ------------------------------------------------------------------------------------------------


class Entry(parallel.Item):
    """One configuration on its way.

    :ivar before: the health to compare with
    :ivar after: the health at the last reading; None where it is gone
    :ivar record: as ONTAP gave it at the last reading
    :ivar problem: why it is not a success; empty where it is
    :ivar bad: it became worse, or could not be sent to: no further batch begins
    :ivar refusal: ONTAP's error and the HTTP status, where it was refused
    :ivar confirmed: when ONTAP took the credential that it has, in UTC; empty where it took none in this call
    """

    def __init__(self, client: Client, target: Target, before: Reading) -> None:
        scope = Scope(svm_uuid=target.svm_uuid) if target.svm_uuid else Scope(svm=target.svm)
        super().__init__(scope, client)
        self.target = target
        self.before = before
        self.after: Reading | None = target.reading
        self.record: Record = {}
        self.method = target.method
        self.done = Done.UNTOUCHED
        self.problem = ""
        self.bad = False
        self.refusal: Record = {}
        self.sent_at = 0.0
        self.confirmed = ""

    @property
    def name(self) -> str:
        return self.target.name

    @property
    def good(self) -> bool:
        return works(self.before.verdict, self.after.verdict if self.after else None)

    @property
    def is_worse(self) -> bool:
        return self.after is not None and worse(self.before, self.after)

    def why(self) -> str:
        """Say how it is."""
        if self.after is None:
            return f"{self.name} is gone."
        return why_unhealthy(self.name, self.after.verdict, health.judge(self.record)[1] if self.record else ())

    def forget(self) -> None:
        """Note that its health is not known: what was read before it got a credential says nothing of now."""
        self.after, self.record = Reading(self.target.uuid, health.UNKNOWN), {}

    def fails(self, problem: str, bad: bool = True) -> None:
        """Note why it is not a success."""
        self.problem = " ".join(filter(None, (self.problem, problem)))
        self.bad = self.bad or bad

    def fail(self, failure: errors.AkvError) -> None:
        """End it with a failure that nothing foresaw: from a credential that was being sent, any may be there."""
        if any(request["method"] == "PATCH" for request in self.client.task.requests):
            self.done = Done.FAILED
            self.client.task.sent_unconfirmed()
        self.refusal = failure.details
        self.fails(failure.message)

    def shown(self) -> Record:
        """Give it as the result has it."""
        target = self.target
        svm = {"name": target.svm, "uuid": target.svm_uuid}
        return {
            "uuid": target.uuid,
            "scope": "svm" if target.svm or target.svm_uuid else "cluster",
            "svm": {name: value for name, value in svm.items() if value},
            "name": target.name,
            "configuration": target.configuration or "",
            "done": self.done.value,
            "before": self.before.verdict,
            "after": self.after.verdict if self.after else "gone",
            "available": self.after.available if self.after else None,
            "encrypted_volumes": target.encrypted,
            "reasons": list(target.reasons) if self.after is target.reading else list(health.judge(self.record)[1]),
            "msg": self.problem,
            **({"since": self.confirmed} if self.confirmed else {}),
        }

    def takes(self, done: Done) -> None:
        """Note that ONTAP took a credential."""
        self.done = done
        self.confirmed = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


# -- the call ---------------------------------------------------------------------------------------------------------


def run(client: Client, params: Mapping[str, t.Any], check_mode: bool) -> Result:
    """Rotate, watch or roll back the credential of an application on one cluster.

    :raises AkvError: not all that was asked for was done; its details are those of a result
    """
    try:
        order, warnings = check(params)
        client.task.warnings += warnings
        client.task.redactor.add([each.value for each in (order.new, order.previous) if each])
        if options := declaration.release_dependent({name: params[name] for name in NEW}):
            declaration.require_release(options, client.release(), client.where)
    except errors.InputError as wrong:
        wrong.details["stopped_by"] = Stop.INPUT.value
        raise
    return Rotation(client, order, check_mode, Run()).run()


class Rotation:
    """One call on one cluster."""

    def __init__(self, client: Client, order: Order, check_mode: bool, started_by: Run) -> None:
        self.client = client
        self.order = order
        self.check_mode = check_mode
        self._started_by = started_by
        self._reserve = min(_LONGEST_ROLLBACK, order.wait_timeout / 4)
        self._start = time.monotonic()
        self._fields: list[str] = []
        self._stop: Stop | None = None
        self._said: list[str] = []
        self.selection: Selection
        self.entries: list[Entry] = []
        self.canary: Entry | None = None
        self.plan_id = ""

    def run(self) -> Result:
        """Do what the stage asks for."""
        self._read_until_answered()
        if self.order.stage.sends:
            self._check_targets()
        if self._stop is None:
            stages: dict[Stage, Callable[[], None]] = {
                Stage.ALL: self._send_to_all,
                Stage.CANARY: self._send_to_canary,
                Stage.WATCH: self._watch,
                Stage.REST: self._send_to_rest,
                Stage.ROLLBACK: self._rollback,
            }
            stages[self.order.stage]()
        return self._result()

    # -- reading ------------------------------------------------------------------------------------------------------

    def _read_until_answered(self) -> None:
        """Read; after a credential was sent, until the cluster answers: it must be watched, or rolled back."""
        watches, pauses = self.order.stage is Stage.WATCH, runner.intervals()
        patience = 0.0
        if self.order.stage in (Stage.WATCH, Stage.ROLLBACK) and not self.check_mode:
            patience = self._longest_soak() if watches else self.client.task.remaining() - self._reserve
            self.client.task.extend(patience if watches else 0.0)
        while True:
            try:
                self._read()
            except errors.AkvError as failure:
                left = patience - (time.monotonic() - self._start)
                if left <= 0 or (watches and self._started_by.is_gone()):
                    if watches:
                        failure.details["stopped_by"] = Stop.UNREAD.value
                    raise
            else:
                return
            note = f"{self.client.where} cannot be read"
            pause = float(self.order.soak_interval) if watches else next(pauses)
            self.client.task.sleep(min(pause, left), f"{note}, {_minutes(left)} left" if watches else note)

    def _longest_soak(self) -> float:
        """Give the seconds of a soak as far as they are known before anything is read."""
        return float(health.next_poll(None)[0] if self.order.soak is None else self.order.soak)

    def _read(self) -> None:
        order = self.order
        self._fields = ["*", *releases.health_fields(self.client.release())]
        self.entries = []
        records = read_vaults(self.client, {}, self._fields)
        self.selection = select_targets(records, order.client_id, order.svms, order.scope)
        targets = self.selection.targets
        if order.stage in (Stage.ALL, Stage.CANARY) and order.configuration_uuid is None and targets:
            svms = read_svms_with_volumes(self.client)
            targets = tuple(target.with_volumes(svms) for target in targets)
        before = {reading.uuid: reading for reading in order.before}
        by_uuid = {record.get("uuid"): record for record in records}
        for target in targets:
            entry = Entry(self.client.sibling(), target, before.get(target.uuid, target.reading))
            entry.record = by_uuid[target.uuid]
            self.entries.append(entry)
        kind = order.new.name if order.new else "credential"
        self.plan_id = plan_id(self.client.address, order.client_id, kind, targets)
        self.canary = self._find_canary()

    def _find_canary(self) -> Entry | None:
        uuid = self.order.configuration_uuid
        if uuid is None:
            best = choose_canary([entry.target for entry in self.entries])
            uuid = best.uuid if best else None
        return next((entry for entry in self.entries if same_uuid(entry.target.uuid, uuid)), None)

    def _stops(self, stop: Stop, sentence: str) -> None:
        self._stop = self._stop or stop
        self._said.append(sentence)

    def _check_targets(self) -> None:
        """Stop before anything is sent where that could do harm."""
        order, found, where = self.order, self.selection, self.client.where
        if found.not_reported:
            self._stops(
                Stop.NOT_REPORTED,
                f"ONTAP does not report client_id, svm or uuid of the AKV configuration of"
                f" {listed(found.not_reported)} on {where}. Nothing was sent. Read it with akv_info, and run the task"
                " when it is reported.",
            )
        elif found.missing:
            self._stops(
                Stop.NOT_USED,
                f"svms: {listed(found.missing)} on {where} has no AKV configuration of application {order.client_id}."
                f" Nothing was sent. {near(found.missing, found.svms, 'SVMs that have one')}",
            )
        elif not self.entries:
            others = f"{plural(found.others, 'AKV configuration')} of it, which scope: {order.scope} does not select"
            hint = near([order.client_id], found.applications, "Applications in use")
            self._stops(
                Stop.NOT_USED,
                f"No AKV configuration of application {order.client_id} was found on {where}. Nothing was sent."
                f" {f'The cluster has {others}.' if found.others else hint}",
            )
        elif order.stage is Stage.CANARY and self.canary is None:
            self._stops(
                Stop.NOT_USED,
                f"configuration_uuid: {order.configuration_uuid} is not an AKV configuration of application"
                f" {order.client_id} on {where}. Nothing was sent.",
            )
        if order.expected_plan not in ("", self.plan_id):
            self._stops(
                Stop.PLAN,
                f"The plan is {self.plan_id}, expected_plan is {order.expected_plan}: the configurations on {where},"
                " their settings, or what the task asks for have changed since that plan was made. Nothing was sent."
                f" The plan is now to update {listed([entry.name for entry in self.entries]) or 'nothing'}.",
            )
        bad = [entry for entry in self._participants() if not works(entry.target.verdict, entry.target.verdict)]
        if bad and self._stop is None and not order.include_unhealthy:
            self._stops(
                Stop.UNHEALTHY,
                f"Not healthy on {where}: {listed([entry.name for entry in bad])}. {bad[0].why()} Nothing was sent."
                " Repair first, or set include_unhealthy: true.",
            )

    def _participants(self) -> list[Entry]:
        """Give the configurations that the stage is about."""
        if self.order.stage is Stage.ALL:
            return self.entries
        if self.order.stage is Stage.REST:
            return [entry for entry in self.entries if not same_uuid(entry.target.uuid, self.order.configuration_uuid)]
        if self.order.stage is Stage.ROLLBACK and self.order.configuration_uuid is None:
            known = {reading.uuid for reading in self.order.before}
            return [entry for entry in self.entries if entry.target.uuid in known]
        return [self.canary] if self.canary else []

    # -- the stages ---------------------------------------------------------------------------------------------------

    def _send_to_all(self) -> None:
        self._send_to_canary()
        if self._stop is None:
            self._send_to(self._batches([entry for entry in self.entries if entry is not self.canary]), Stop.BATCH)

    def _send_to_canary(self) -> None:
        if self.canary is None:
            raise AssertionError
        self._send_to([(self.canary,)], Stop.CANARY)

    def _send_to_rest(self) -> None:
        self._send_to(self._batches(self._participants()), Stop.BATCH)

    def _batches(self, entries: Sequence[Entry]) -> list[tuple[Entry, ...]]:
        by_uuid = {entry.target.uuid: entry for entry in entries}
        cut = batches([entry.target for entry in entries], self.order.batch_size)
        return [tuple(by_uuid[target.uuid] for target in batch) for batch in cut]

    def _watch(self) -> None:
        """Look at the canary until the soak is over, or until it is worse."""
        canary = self.canary
        if canary is None:
            self._stops(Stop.CANARY, f"The canary {self.order.configuration_uuid} is gone from {self.client.where}.")
            return
        seconds, why = self._soak(canary)
        if self.check_mode:
            self._said.append(f"{canary.name} would be watched for {_minutes(seconds)}: {why}")
            return
        start = self._start
        failure: errors.AkvError | None = None
        # The last look decides: where it fails, there is time for another.
        again = float(self.order.soak_interval)
        self.client.task.extend(seconds - self._longest_soak() + again)
        while not canary.is_worse:
            left = seconds - (time.monotonic() - start)
            if left <= 0 and (failure is None or left + again <= 0):
                break
            how = canary.after.verdict if canary.after else "gone"
            self.client.task.progress(
                f"{canary.name} is {how if failure is None else 'not readable'},"
                f" {_minutes(max(0.0, left))} of {_minutes(seconds)} left"
            )
            time.sleep(min(again, left) if left > 0 else min(_LAST_LOOKS, left + again))
            if self._started_by.is_gone():
                self._stops(Stop.INTERRUPTED, "The run that started this task has ended.")
                return
            failure = self._look(canary)
        watched = _minutes(min(seconds, time.monotonic() - start))
        if failure is not None:
            self._stops(Stop.UNREAD, f"{canary.name} could not be read after {watched}: {failure.message}")
        elif not canary.good:
            self._stops(Stop.CANARY, f"{canary.why()} It got the new credential {watched} ago, or earlier.")
        else:
            self._said.append(f"{canary.name} is {canary.before.verdict} after {watched}.")

    def _look(self, canary: Entry) -> errors.AkvError | None:
        # The log keeps what was asked for at the first and at the last look: a soak may be long.
        known = len(self.client.task.requests)
        try:
            self._update([canary])
        except errors.AkvError as failure:
            return failure
        finally:
            del self.client.task.requests[_FIRST_REQUESTS:known]
        return None

    def _soak(self, canary: Entry) -> tuple[float, str]:
        if canary.target.verdict == health.INACTIVE:
            return 0.0, "ONTAP reports no health of an inactive configuration."
        if self.order.soak is not None:
            return float(self.order.soak), "as given."
        seconds, why = health.next_poll(
            read_health_monitor(self.client, read_release(self.client)).get("polling_interval")
        )
        return float(seconds), f"{why}."

    def _rollback(self) -> None:
        """Send the previous credential to what became worse."""
        fallen = [entry for entry in self._participants() if entry.is_worse]
        if not fallen:
            self._said.append("Nothing became worse: nothing was rolled back.")
            return
        if self.check_mode:
            for entry in fallen:
                entry.done = Done.ROLLED_BACK
            self._said.append(f"Would be rolled back: {listed([entry.name for entry in fallen])}.")
            return
        with parallel.workers(self.client, self.order.threads) as threads:
            self._roll_back(fallen, threads)
        if any(entry.problem for entry in fallen):
            self._stop = Stop.CANARY

    # -- sending ------------------------------------------------------------------------------------------------------

    def _send_to(self, cut: Sequence[tuple[Entry, ...]], stop: Stop) -> None:
        if self.check_mode:
            for entry in (entry for batch in cut for entry in batch):
                entry.done = Done.SENT
            return
        with parallel.workers(self.client, self.order.threads) as threads:
            for batch in cut:
                if self._started_by.is_gone():
                    self._stops(Stop.INTERRUPTED, "The run that started this task has ended: no further batch begins.")
                elif self.client.task.remaining() <= self._reserve:
                    self._stops(
                        Stop.TIME,
                        f"wait_timeout ({self.order.wait_timeout} s) leaves no time for another batch. Run the task"
                        " again, or give it more time.",
                    )
                if self._stop is not None:
                    return
                is_read = self._send_batch(batch, threads)
                if any(entry.bad for entry in batch):
                    # A canary that has the new credential, and could not be read, may pass when it is watched.
                    has_it = all(entry.done == Done.SENT for entry in batch)
                    self._stop = Stop.UNREAD if stop is Stop.CANARY and has_it and not is_read else stop
                    return

    def _send_batch(self, batch: Sequence[Entry], threads: parallel.Workers) -> bool:
        """Send to a batch, verify it, and roll back what became worse; return whether it could be read after it."""
        threads.each(batch, self._send)
        got = [entry for entry in batch if entry.done != Done.UNTOUCHED]
        unread = self._verify(got, self._reserve)
        for entry in got:
            if unread is not None:
                entry.forget()
                entry.fails(f"{entry.name} could not be read after the new credential was sent: {unread.message}")
            elif entry.after is None:
                entry.fails(f"{entry.name} is gone.")
            elif not entry.good:
                entry.fails(entry.why(), bad=entry.is_worse or not _was_bad(entry))
        fallen = [entry for entry in got if entry.is_worse and unread is None]
        if fallen and self.order.previous is None:
            for entry in fallen:
                entry.fails("No previous credential was given to roll it back.")
        elif fallen:
            self._roll_back(fallen, threads)
        return unread is None

    def _send(self, entry: Entry) -> None:
        if self.order.new is None:
            raise AssertionError
        entry.sent_at = time.monotonic()
        try:
            self._patch(entry, self.order.new, self.order.grace)
        except errors.AkvError as failure:
            if _is_internal(failure):
                entry.client.task.sent_unconfirmed()
                failure.message = f"ONTAP may have either credential. {failure.message}"
            unknown = entry.client.task.outcome is errors.Outcome.UNKNOWN
            entry.done = Done.FAILED if unknown else Done.UNTOUCHED
            entry.refusal = failure.details
            entry.fails(failure.message)
        else:
            entry.takes(Done.SENT)

    def _patch(self, entry: Entry, credential: Credential, grace: float = 0.0) -> None:
        """Send a credential; it has the same effect however often it arrives."""
        client = entry.client
        body: Record = {credential.name: Secret(credential.name)}
        if client.release().patches("authentication_method") and CREDENTIALS[credential.name] != entry.method:
            body["authentication_method"] = CREDENTIALS[credential.name]
        doing = f"Updating {credential.name} of the AKV configuration of {entry.name}"
        step = Step("PATCH", vault_path(entry.target.uuid), "patch", doing, Confirmation.SHOWN, body)
        until = time.monotonic() + grace
        while True:
            try:
                answer = runner.send(client, step, step.path, {credential.name: credential.value}, lambda _step: None)
                self._follow(client, step, answer)
            except errors.AkvError as refusal:
                # What Azure does not know yet is refused like what it will never know.
                if not jobs.refuses_credential(refusal) or time.monotonic() + _GRACE_PAUSE > until:
                    raise
                if client.task.remaining() - _GRACE_PAUSE <= self._reserve:
                    raise
                client.task.sleep(_GRACE_PAUSE, f"{entry.name}: Azure does not accept the new credential yet")
            else:
                entry.method = CREDENTIALS[credential.name]
                return

    @staticmethod
    def _follow(client: Client, step: Step, answer: Record) -> None:
        """Follow the job of an answer, if it has one. No reading shows a secret: the health says the rest."""
        job, named = jobs.job_of_step(client, step, answer)
        if job is None:
            client.task.confirmed(changed=True)
            return
        try:
            done = jobs.follow(client, job, step.doing, step.operation, named=named)
        except jobs.JobFailed as failure:
            if jobs.refuses_credential(failure) and failure.known:
                client.task.confirmed(changed=False)
            else:
                # A job can fail, or be cancelled, after it has stored the credential.
                failure.message = f"ONTAP may have either credential. {failure.message}"
            raise
        if done.unseen:
            # The previous credential would show the same health: only the job tells which of them ONTAP has.
            client.task.sent_unconfirmed()
            reason, advice = done.unseen_because
            raise errors.AkvError(
                f"{step.doing} on {client.where}: {reason}, and may have either credential."
                f" {capital(f'{advice}run')} the task again."
            )

    def _roll_back(self, fallen: Sequence[Entry], threads: parallel.Workers) -> None:
        """Send the previous credential, and say where it did not help."""

        def send(entry: Entry) -> None:
            if self.order.previous is None:
                raise AssertionError
            entry.sent_at = time.monotonic()
            unclear = entry.done == Done.FAILED
            try:
                self._patch(entry, self.order.previous)
            except errors.AkvError as failure:
                if unclear or _is_internal(failure):
                    # That the previous credential was refused does not show which one ONTAP has.
                    entry.client.task.sent_unconfirmed()
                entry.done = Done.FAILED if entry.client.task.outcome is errors.Outcome.UNKNOWN else Done.SENT
                entry.fails(f"It could not be rolled back: {failure.message}")
            else:
                entry.takes(Done.ROLLED_BACK)

        threads.each(fallen, send)
        back = [entry for entry in fallen if entry.done == Done.ROLLED_BACK]
        unread = self._verify(back, 0.0)
        kind = "secret" if self.order.previous and self.order.previous.name == "client_secret" else "certificate"
        for entry in back:
            if unread is not None:
                entry.forget()
                entry.fails(f"{entry.name} was rolled back, and could not be read after it: {unread.message}")
            elif entry.is_worse or not entry.good:
                entry.fails(f"The previous {kind} did not help: {entry.why()}")

    # -- verifying ----------------------------------------------------------------------------------------------------

    def _verify(self, entries: Sequence[Entry], reserve: float) -> errors.AkvError | None:
        """Read until all are healthy, or until the time is up; return the failure if the last reading failed."""
        if not entries:
            return None
        failure: errors.AkvError | None
        for pause in runner.intervals():
            failure = None
            try:
                self._update(entries)
            except errors.AkvError as problem:
                failure = problem
            waiting = [entry for entry in entries if not self._is_settled(entry)]
            left = self.client.task.remaining() - reserve
            if (not waiting and failure is None) or left <= 0:
                return failure
            note = f"AKV configurations that are not healthy yet: {len(waiting)} of {len(entries)}"
            self.client.task.sleep(min(pause, left), note)
        return None

    def _update(self, entries: Iterable[Entry]) -> None:
        records = read_vaults(self.client, {}, self._fields)
        by_uuid = {record.get("uuid"): record for record in records}
        for entry in entries:
            record = by_uuid.get(entry.target.uuid)
            if record is None:
                # What is not listed may be one that is listed without its uuid.
                require_uuids(records)
            entry.after = Reading.from_record(record) if record else None
            entry.record = record or {}
            entry.method = entry.record.get("authentication_method") or entry.method

    @staticmethod
    def _is_settled(entry: Entry) -> bool:
        """Return whether another reading would add nothing. What was bad already need not recover by a credential."""
        return entry.good or (_was_bad(entry) and not entry.is_worse and time.monotonic() - entry.sent_at >= _HEAL)

    # -- the result ---------------------------------------------------------------------------------------------------

    def _result(self) -> Result:
        participants = self._participants()
        outcome = _outcome(self.entries)
        result: Record = {
            "changed": any(
                _touched(entry) if self.check_mode else entry.client.task.outcome is errors.Outcome.CHANGED
                for entry in self.entries
            ),
            "stopped_by": self._stop.value if self._stop else "",
            "vaults": [entry.shown() for entry in self.entries],
            "before": [entry.before.snapshot() for entry in self.entries],
            "canary": {"uuid": self.canary.target.uuid, "svm": self.canary.name} if self.canary else {},
            "plan_id": self.plan_id,
            "others": self.selection.others,
            "applications": list(self.selection.applications),
            "svms": list(self.selection.svms),
            "not_reported": list(self.selection.not_reported),
            "can_roll_back": self.order.previous is not None,
            "credential": self.order.new.evidence() if self.order.new else {},
            "diff": self._diff(),
        }
        bad = [entry for entry in participants if entry.problem]
        if self._stop is None and bad:
            # Nothing became worse, but not everything is healthy: never a success.
            result["stopped_by"] = Stop.UNHEALTHY.value
        count, reason = self._message(participants, bad)
        message = shortened(f"{count} {reason}".strip(), LONGEST_MESSAGE)
        if result["stopped_by"]:
            refusal = next((entry.refusal for entry in bad if entry.refusal), {})
            result["reason"] = shortened(reason, LONGEST_MESSAGE)
            raise errors.AkvError(message, outcome, **{**refusal, **result})
        return Result(msg=message, outcome=outcome.value, **result)

    def _message(self, participants: Sequence[Entry], bad: Sequence[Entry]) -> tuple[str, str]:
        """Say how many got the credential, or nothing if it was not sent; and the rest."""
        if not self.order.stage.sends or (self._stop and all(entry.done is Done.UNTOUCHED for entry in participants)):
            return "", " ".join([*self._said, *(entry.problem for entry in bad)])
        would = "would get" if self.check_mode else "got"
        sent = sum(entry.done == Done.SENT for entry in participants)
        total = plural(len(participants), "AKV configuration")
        count = f"{sent} of {total} on {self.client.where} {would} the new credential."
        sentences = []
        kinds = {Done.ROLLED_BACK: "Rolled back", Done.UNTOUCHED: "Untouched", Done.FAILED: "Failed"}
        for done, word in kinds.items():
            names = [entry.name for entry in participants if entry.done == done]
            if names and (bad or self._stop):
                sentences.append(f"{word}: {listed(names)}.")
        return count, " ".join([*sentences, *self._said, *(entry.problem for entry in bad[:2])])

    def _diff(self) -> Record:
        touched = sum(map(_touched, self.entries))
        count = f"{plural(touched, 'AKV configuration')} of application {self.order.client_id}"
        if not touched:
            return {"prepared": ""}
        first, then = ("new", "previous") if self.order.stage is Stage.ROLLBACK else ("previous", "new")
        where = self.client.where
        return {"prepared": f"-{count} on {where}: {first} credential\n+{count} on {where}: {then} credential\n"}


def _is_internal(failure: errors.AkvError) -> bool:
    """Return whether ONTAP failed, rather than refused: it may have stored the credential before."""
    unexplained = isinstance(failure, errors.OntapError) and explain("patch", failure.code) is None
    return unexplained and int(failure.details.get("http_status") or 0) >= 500


def _was_bad(entry: Entry) -> bool:
    return entry.before.verdict not in (health.HEALTHY, health.INACTIVE)


def _touched(entry: Entry) -> bool:
    return entry.done != Done.UNTOUCHED


def _outcome(entries: Iterable[Entry]) -> errors.Outcome:
    """Say what the entries' requests have done to the cluster; in check mode there are none."""
    return errors.worst_outcome(entry.client.task.outcome for entry in entries)


def _minutes(seconds: float) -> str:
    """Show a time as people read it."""
    return f"{seconds / 60:.0f} min" if seconds >= 120 else f"{seconds:.0f} s"
