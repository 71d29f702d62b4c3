# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""The use case of akv_repair: one bounded repair of one cluster, by cause.

It sends a credential only where the credential is the cause, to one configuration first; it restores where nodes lack
keys; it waits for volumes only where nobody has to act.
"""

from __future__ import annotations

import time
import typing as t
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import SimpleNamespace

from ansible_collections.ontap.akv.plugins.module_utils._akv import declaration, health
from ansible_collections.ontap.akv.plugins.module_utils._akv.causes import Remedy
from ansible_collections.ontap.akv.plugins.module_utils._akv.configuration import Configuration, offline
from ansible_collections.ontap.akv.plugins.module_utils._akv.plan import Declaration
from ansible_collections.ontap.akv.plugins.module_utils._akv.record import (
    COMPARED,
    Record,
    place_of,
    svm_name,
    without_identity,
)
from ansible_collections.ontap.akv.plugins.module_utils._akv.recovery import (
    COMES_BACK,
    NAMED,
    credential_targets,
    needs_person,
    report,
    restore_targets,
)
from ansible_collections.ontap.akv.plugins.module_utils._akv.scope import ARGUMENT_SPEC as SCOPE_OPTIONS
from ansible_collections.ontap.akv.plugins.module_utils._akv.scope import Scope, check_svms, check_text
from ansible_collections.ontap.akv.plugins.module_utils._ontap import jobs, reading
from ansible_collections.ontap.akv.plugins.module_utils._ontap.client import Client
from ansible_collections.ontap.akv.plugins.module_utils._ontap.estate import (
    read_configurations,
    read_protected_volumes,
    read_release,
    read_unmounted,
)
from ansible_collections.ontap.akv.plugins.module_utils._ontap.health_monitor import read_health_monitor
from ansible_collections.ontap.akv.plugins.module_utils._runtime import errors, parallel, planning, runner
from ansible_collections.ontap.akv.plugins.module_utils._runtime.plan import Plan, Step, combined_id
from ansible_collections.ontap.akv.plugins.module_utils._runtime.wording import listed, plural
from ansible_collections.ontap.akv.plugins.module_utils._use_cases.change import Change
from ansible_collections.ontap.akv.plugins.module_utils._use_cases.changing import Changing
from ansible_collections.ontap.akv.plugins.module_utils._use_cases.ontap_entry import ONTAP
from ansible_collections.ontap.akv.plugins.module_utils._use_cases.restore import Restore

_CREDENTIALS = ("client_secret", "client_certificate", "client_certificate_path")

KIND = ONTAP

ARGUMENT_SPEC: dict[str, t.Any] = {
    **jobs.ARGUMENT_SPEC,
    **planning.ARGUMENT_SPEC,
    **SCOPE_OPTIONS,
    "client_certificate": {"type": "str", "no_log": True},
    "client_certificate_path": {"type": "path"},
    "client_id": {"type": "str"},
    "client_secret": {"type": "str", "no_log": True},
    "force_credential": {"type": "bool", "default": False},
    "restore": {"type": "bool", "default": True},
    "svms": {"type": "list", "elements": "str"},
}

_VERIFYING = 60.0  # seconds until a credential must have helped
_LONGEST_PAUSE = 30.0
_THREADS = 8  # configurations side by side
_NOTE_EVERY = 60.0  # seconds between two lines of progress

Reading = t.TypeVar("Reading")


@dataclass
class _Patient:
    """A configuration on its way through the repair.

    :ivar change: how the credential is sent to it; None where it gets none
    """

    before: Configuration
    after: Configuration
    credential: str = "none"
    restored: str = "none"
    change: tuple[Change, Plan] | None = None
    messages: list[str] = field(default_factory=list)

    @property
    def concerns(self) -> bool:
        """Whether the result names it."""
        touched = self.credential != "none" or self.restored != "none"
        return touched or self.before.verdict.needs_attention or self.after.verdict.needs_attention

    @property
    def is_helped(self) -> bool:
        """Whether the credential, once it was sent, is not the cause any more."""
        if self.after.diagnosis.remedy is Remedy.CREDENTIAL:
            return False
        better = not self.after.verdict.needs_attention or self.after.diagnosis != self.before.diagnosis
        return better or self.before.diagnosis.remedy is Remedy.CREDENTIAL

    def shown(self) -> Record:
        """Return its entry in the result."""
        return {
            **self.after.identity(),
            "unavailable_nodes": self.after.nodes,
            "before": self.before.shown(),
            "after": self.after.shown(),
            "credential": self.credential,
            "restore": self.restored,
            "msg": " ".join(self.messages),
            "advice": self.after.diagnosis.advice,
        }


class _Sending(parallel.Item):
    """Something that is sent to a configuration, in parallel with others.

    :ivar patient: the configuration
    """

    def __init__(self, patient: _Patient, client: Client) -> None:
        super().__init__(_scope_of(patient.after), client)
        self.patient = patient


def check(params: Mapping[str, t.Any]) -> Scope | None:
    """Check a task's options, before any request.

    :return: the scope; None for all configurations of the cluster
    :raises InputError: names the option, what was given and what to do
    """
    jobs.check_waiting(params)
    given = [name for name in _CREDENTIALS if params[name] is not None]
    if len(given) > 1:
        raise errors.InputError(", ".join(given), "more than one credential is given. Keep one of them.")
    check_text("client_id", params["client_id"])
    if given and params["client_id"] is None:
        raise errors.InputError(
            "client_id", f"is required with {given[0]}: give the application (client) ID it belongs to."
        )
    if params["force_credential"] and not given:
        raise errors.InputError("force_credential", "is true, and no credential is given. Give one, or leave it out.")
    of_svms = params["scope"] == "svm" and params["svm"] is None and params["svm_uuid"] is None
    scope = Scope.from_optional_params({**params, "scope": None} if of_svms else params)
    if params["svms"] is not None:
        if scope is not None:
            raise errors.InputError("svms", f"is given together with {scope}. Keep one of them.")
        check_svms(params["svms"], " to repair the whole cluster")
    return scope


def declare(params: Mapping[str, t.Any]) -> tuple[Declaration | None, list[str]]:
    """Declare the credential that is given, for any configuration.

    A credential that can never be sent is refused now, and not in the middle of the night's repair.

    :return: None where none is given; and warnings
    :raises InputError: names the option, what was given and what to do
    """
    given = {name: params[name] for name in _CREDENTIALS if params[name] is not None}
    if not given:
        return None, []
    defaults = {name: option.get("default") for name, option in declaration.ARGUMENT_SPEC.items()}
    return declaration.check({**defaults, **given, "svm": "any", "update_credentials": "always"})


def run(client: Client, params: Mapping[str, t.Any], check_mode: bool) -> SimpleNamespace:
    """Repair what can be repaired, and report what someone must do.

    :raises AkvError: something that was tried failed, or someone must act
    """
    scope = check(params)
    declared, warnings = declare(params)
    client.task.warnings += warnings
    if declared is not None:
        client.task.redactor.add(declared.secrets.values())
    return _Repair(client, params, scope, declared).run(check_mode)


class _Repair:
    def __init__(
        self, client: Client, params: Mapping[str, t.Any], scope: Scope | None, declared: Declaration | None
    ) -> None:
        self._client = client
        self._params = params
        self._scope = scope
        self._declared = declared
        self._failures: list[str] = []
        self._refusal: dict[str, t.Any] = {}
        self._unread: errors.AkvError | None = None
        self._lacks_details = False

    def run(self, check_mode: bool) -> SimpleNamespace:
        """Diagnose, repair, read again, and report."""
        found = self._read_configurations()
        self._unknown = [_unknown(record) for record in self._nameless]
        named = [Scope(svm) for svm in self._params["svms"] or []] or ([self._scope] if self._scope else [])
        for scope in named:
            if not (self._nameless or any(scope.owns(each.record) for each in found)):
                raise reading.no_vault(self._client, scope)
        self._patients = {each.uuid: _Patient(each, each) for each in found}
        self._volumes = self._volumes_before = self._read_volumes()
        sending = self._senders()
        plans = self._plans(sending)
        plan_id = combined_id((str(plan.scope["uuid"]), plan.id(self._client.address)) for plan in plans)
        planning.require_expected(self._params["expected_plan"], plan_id, plans)
        if check_mode:
            self._predict()
            return self._known(self._result(plan_id, check_mode=True))
        if sending:
            self._send([self._patients[each.uuid] for each in sending])
        if self._params["restore"]:
            # Not twice: the first one with the credential may have been restored already.
            self._restore([each for each in restore_targets(self._now) if self._patients[each.uuid].restored == "none"])
        if self._params["wait"]:
            self._wait()
        return self._conclude(plan_id)

    # -- facts --------------------------------------------------------------------------------------------------------

    @property
    def _all(self) -> list[_Patient]:
        return list(self._patients.values())

    @property
    def _now(self) -> list[Configuration]:
        return [each.after for each in self._all]

    def _read_configurations(self) -> list[Configuration]:
        svms = self._params["svms"]
        found, nameless = read_configurations(self._client, self._scope)

        def concerns(record: Mapping[str, t.Any]) -> bool:
            svm = svm_name(record)
            if svm is None and record.get("scope") != "cluster":
                return True
            return (svm is not None or self._params["scope"] != "svm") and (svms is None or svm in svms)

        self._nameless = [record for record in nameless if concerns(record)]
        return [each for each in found if concerns(each.record)]

    def _read(self, volumes: bool = False) -> None:
        """Read the configurations again, and the volumes if asked. A failure is kept."""
        self._unread = None
        found: list[Configuration] = self._kept(self._read_configurations, [])
        for each in found:
            if each.uuid in self._patients:
                self._patients[each.uuid].after = each
        if volumes:
            self._volumes = self._kept(self._read_volumes, self._volumes)

    def _read_until_answered(self) -> None:
        """Read until the cluster answers, or until the deadline: the next step rests on what it says."""
        self._read()
        while self._unread is not None and self._client.task.remaining() > 0:
            self._client.task.sleep(self._params["poll_interval"], f"waiting until {self._client.where} answers")
            self._read()

    def _kept(self, read: Callable[[], Reading], otherwise: Reading) -> Reading:
        """Read, and keep a failure: the result must still say what was sent. After one, nothing more is read."""
        if self._unread is None:
            try:
                return read()
            except errors.AkvError as failure:
                self._unread = failure
        return otherwise

    def _detail(self, what: str, read: Callable[[], Reading], otherwise: Reading) -> Reading:
        """Read what completes the result. A failure is a warning: the state is known. After one, nothing more is read.

        :param what: begins the warning, e.g. "The volumes are"
        """
        if self._unread is None and not self._lacks_details:
            try:
                return read()
            except errors.AkvError as failure:
                self._lacks_details = True
                self._client.task.warn(f"{what} not known. {failure.message}")
        return otherwise

    def _read_volumes(self) -> list[Record] | None:
        """Read the volumes that the configurations protect; None where they are not readable."""
        return read_protected_volumes(self._client, self._scope, self._now)

    def _senders(self) -> list[Configuration]:
        if self._declared is None:
            return []
        self._unknown += [
            f"ONTAP does not report client_id of the AKV configuration of {each.scope}: the credential was not sent"
            " to it."
            for each in self._now
            if each.record.get("client_id") is None and each.diagnosis.remedy is Remedy.CREDENTIAL
        ]
        svms = [str(svm_name(volume)) for volume in self._volumes or []]
        return credential_targets(self._now, self._params["client_id"], self._params["force_credential"], svms)

    # -- the plan -----------------------------------------------------------------------------------------------------

    def _plans(self, sending: list[Configuration]) -> list[Plan]:
        """Plan what is sent to each configuration: the credential, then a restore where nodes lack keys.

        Of one that gets a credential only a reading after it shows whether nodes still lack keys.
        """
        plans = []
        self._may_need: set[str] = set()
        restoring = {each.uuid for each in restore_targets(self._now)}
        for each in self._now:
            steps: tuple[Step, ...] = ()
            if each in sending:
                steps = self._change(self._patients[each.uuid])
                if each.lacks_keys_somewhere:
                    self._may_need.add(each.uuid)
            if each.uuid in restoring:
                self._may_need.add(each.uuid)
            if self._params["restore"] and each.uuid in self._may_need:
                steps += self._restoring(each, self._client)[1].steps
            before = {name: each.record[name] for name in COMPARED if each.record.get(name) is not None}
            plans.append(Plan("repair", {"uuid": each.uuid}, steps, before))
        return plans

    def _change(self, patient: _Patient) -> tuple[Step, ...]:
        """Plan to send the credential to a configuration; give the steps.

        :raises InputError: the cluster's release does not have that kind of credential
        """
        if self._declared is None:
            raise AssertionError
        if options := declaration.release_dependent(self._params):
            declaration.require_release(options, self._client.release(), self._client.where)
        declared = replace(self._declared, scope=_scope_of(patient.before))
        verb = Change(self._client.sibling(), declared, wait=True)
        chosen = verb.plan_from(verb.take([dict(patient.before.record)]))
        patient.change = verb, chosen
        return chosen.steps

    def _restoring(self, configuration: Configuration, client: Client) -> tuple[Restore, Plan]:
        """Give what restores the keys of a configuration, and its plan."""
        options = {"force": False, "wait": True, "poll_interval": self._params["poll_interval"]}
        verb = Restore(client, _scope_of(configuration), options, lambda: dict(configuration.record))
        return verb, verb.plan()

    def _predict(self) -> None:
        restoring = {each.uuid for each in restore_targets(self._now)}
        for each in self._all:
            each.credential = "sent" if each.change else "none"
            if self._params["restore"] and each.before.uuid in self._may_need:
                each.restored = "restored" if each.before.uuid in restoring else "if_needed"

    # -- steps --------------------------------------------------------------------------------------------------------

    def _send(self, sending: list[_Patient]) -> None:
        """Send the credential to one; to the others only where it has helped."""
        first, *others = sending
        self._send_to([first])
        helped = first.credential == "sent"
        if helped:
            if self._params["restore"] and first.before.diagnosis.remedy is Remedy.RESTORE:
                # Only a restore shows whether the credential helped where ONTAP does not report the reason (9.7).
                self._restore([first.before])
            helped = self._verify([first])
        if not helped:
            unknown = first.credential == "sent"
            why = "Whether the credential helped {} is not known" if unknown else "The credential did not help {}"
            for each in others:
                each.credential = "untouched"
                each.messages.append(f"{why.format(first.before.scope)}: it was not sent here.")
            return
        if others:
            self._send_to(others)
            # The others are judged by their restore, or by how they are in the end.
            judged = [each for each in others if each.before.diagnosis.remedy is Remedy.CREDENTIAL]
            self._verify([each for each in judged if each.credential == "sent"])

    def _send_to(self, patients: list[_Patient]) -> None:
        """Send the credential, side by side."""
        items = [_Sending(each, each.change[0].client) for each in patients if each.change]

        def send(item: _Sending) -> None:
            if item.patient.change is None:
                raise AssertionError
            verb, plan = item.patient.change
            runner.apply(Changing(verb), plan)
            # What it has done is read for all together.
            item.client.task.confirmed(changed=True)
            item.result = {"failed": False, "msg": f"The credential was sent to {verb.declared.label}."}

        self._side_by_side(items, send)
        for item in items:
            result = item.result
            item.patient.credential = "failed" if result["failed"] else "sent"
            item.patient.messages.append(str(result["msg"]))

    def _side_by_side(self, items: t.Sequence[_Sending], work: Callable[[_Sending], None]) -> None:
        with parallel.workers(self._client, _THREADS) as workers:
            workers.each(items, work)
        for item in items:
            self._client.task.include(item.client.task)
            for warning in item.client.task.warnings:
                self._client.task.warn(warning)
        failed = [item for item in items if item.result["failed"]]
        if failed:
            first = failed[0].result
            several = (
                f"{len(failed)} of {len(items)} failed: {listed((item.label for item in failed), NAMED)}. First error: "
            )
            self._failures.append(f"{several if len(items) > 1 else ''}{first['msg']}")
            self._keep_refusal(first)

    def _keep_refusal(self, details: Mapping[str, t.Any]) -> None:
        """Keep what ONTAP answered to the first step that failed."""
        self._refusal = self._refusal or {name: details[name] for name in ("error", "http_status") if name in details}

    def _verify(self, patients: list[_Patient]) -> bool:
        """Read until the credential is the cause of none of them any more, for a minute at most."""
        end = time.monotonic() + _VERIFYING
        while True:
            self._read_until_answered()
            waiting = [each for each in patients if self._unread is not None or not each.is_helped]
            if not waiting:
                return True
            if time.monotonic() >= end or self._client.task.remaining() <= 0:
                break
            names = listed((each.before.scope for each in waiting), NAMED)
            self._client.task.sleep(self._params["poll_interval"], f"waiting until Azure can be reached from {names}")
        for each in waiting:
            if self._unread is None:
                each.credential = "failed"
            each.messages.append(_not_helped([each], self._unread is None))
        self._failures.append(_not_helped(waiting, self._unread is None))
        return False

    def _may_restore(self, configuration: Configuration) -> bool:
        approved = (self._params["expected_plan"] or "").strip()
        return self._params["restore"] and (not approved or configuration.uuid in self._may_need)

    def _restore(self, lacking: list[Configuration]) -> None:
        """Restore where nodes lack keys and Azure can be reached: what Azure cannot give is not asked for."""
        targets = [self._patients[each.uuid] for each in lacking if self._may_restore(each)]
        for each in lacking:
            if not self._may_restore(each):
                self._patients[each.uuid].messages.append(
                    "Nodes lack keys now. The approved plan has no restore for that: approve a new plan."
                )
        if not targets:
            return
        items = [_Sending(each, self._client.sibling()) for each in targets]
        planned = {item.scope: self._restoring(item.patient.after, item.client) for item in items}
        self._side_by_side(items, lambda item: item.succeed(runner.carry_out(*planned[item.scope], check_mode=False)))
        for item in items:
            result = item.result
            state = "failed" if result["failed"] else "restored" if result["changed"] else "none"
            item.patient.restored = state
            item.patient.messages.append(str(result["msg"]))
        self._read_until_answered()

    def _wait(self) -> None:
        """Wait until nothing needs attention and no volume is offline; not where someone must act."""
        noted = 0.0
        pause = self._params["poll_interval"]
        self._volumes = self._kept(self._read_volumes, self._volumes)
        while not self._is_over() and self._client.task.remaining() > 0:
            note = ""
            if time.monotonic() - noted >= _NOTE_EVERY:
                noted = time.monotonic()
                note = self._progress()
            self._client.task.sleep(pause, note)
            pause = max(self._params["poll_interval"], min(pause * 1.5, _LONGEST_PAUSE))
            self._read(volumes=True)

    def _is_over(self) -> bool:
        if self._unread is not None:
            # What is known is old: it proves neither that all is well nor that someone must act.
            return bool(self._failures)
        waits = offline(self._volumes or []) or any(each.verdict.needs_attention for each in self._now)
        return not waits or self._someone_must_act()

    def _someone_must_act(self) -> bool:
        lacking = any(not self._may_restore(each) for each in restore_targets(self._now))
        return bool(self._failures) or lacking or any(needs_person(each) for each in self._now)

    def _progress(self) -> str:
        minutes = max(1, round(self._client.task.remaining() / 60))
        before, now = len(offline(self._volumes_before or [])), len(offline(self._volumes or []))
        if before:
            return f"{max(0, before - now)} of {plural(before, 'volume')} back, {minutes} min left"
        bad = sum(each.verdict.needs_attention for each in self._now)
        return f"{plural(bad, 'AKV configuration')} still not healthy, {minutes} min left"

    # -- result -------------------------------------------------------------------------------------------------------

    def _conclude(self, plan_id: str) -> SimpleNamespace:
        if not self._params["wait"] and any(each.concerns for each in self._all):
            self._volumes = self._kept(self._read_volumes, self._volumes)
        result = self._result(plan_id, check_mode=False)
        waited = self._params["wait"] and not self._is_over()
        if self._failures or self._someone_must_act() or waited:
            raise self._failure(result)
        return self._known(result)

    def _known(self, result: SimpleNamespace) -> SimpleNamespace:
        """Give the result, unless something is unknown: that is not a success."""
        if self._unknown:
            raise self._failure(result)
        return result

    def _failure(self, result: SimpleNamespace) -> errors.AkvError:
        details = {name: value for name, value in vars(result).items() if name not in ("changed", "msg")}
        return errors.AkvError(result.msg, **{**details, **self._refusal})

    def _result(self, plan_id: str, check_mode: bool) -> SimpleNamespace:
        concerned = [each for each in self._all if each.concerns]
        after = offline(self._volumes or [])
        unmounted: list[Record] = self._detail(
            "The volumes that are online and not mounted are",
            lambda: read_unmounted(self._client, self._volumes or []),
            [],
        )
        vaults = [each.shown() for each in concerned]
        did = [each for each in self._all if each.credential == "sent" or each.restored == "restored"]
        result = SimpleNamespace(
            changed=bool(did),
            msg="",
            plan_id=plan_id,
            vaults=vaults,
            summary=self._summary(),
            unmounted=unmounted,
            unknown=self._unknown,
            diff=[
                {
                    "before": {"availability": each.before.verdict.value},
                    "after": {"availability": each.after.verdict.value},
                }
                for each in did
            ],
        )
        if self._volumes is not None:
            result.volumes = {"before": offline(self._volumes_before or []), "after": after}
        if concerned or after or offline(self._volumes_before or []):
            monitor: Record = self._detail(
                "How often ONTAP polls Azure is",
                lambda: read_health_monitor(self._client, read_release(self._client)),
                {},
            )
            result.health_monitor = monitor
        if self._unread is not None:
            self._unknown.append(f"The state now could not be read: {self._unread.message}")
            self._keep_refusal(self._unread.details)
        everything = {**vars(result), "vaults": [each.shown() for each in self._all]}
        result.advice = report({self._client.where: everything})
        result.msg = self._message(did, after, check_mode)
        return result

    def _summary(self) -> dict[str, int]:
        verdicts = [each.verdict for each in self._now]
        return {
            "total": len(verdicts),
            "needs_attention": sum(verdict.needs_attention for verdict in verdicts),
            **{verdict.value: verdicts.count(verdict) for verdict in health.Verdict},
        }

    def _message(self, did: list[_Patient], after: list[Record], check_mode: bool) -> str:
        where = self._client.where
        bad = [each for each in self._all if each.before.verdict.needs_attention]
        before = len(offline(self._volumes_before or []))
        if not (bad or before or self._unknown):
            return f"All AKV configurations on {where} are healthy, and no encrypted volume is offline. Nothing to do."
        sent = sum(each.credential == "sent" for each in did)
        restored = sum(each.restored == "restored" for each in did)
        needed = sum(each.restored == "if_needed" for each in did)
        would = "would be " if check_mode else ""
        parts = []
        if sent:
            parts.append(f"The credential {would or 'was '}sent to {plural(sent, 'AKV configuration')} on {where}.")
        if restored:
            parts.append(f"The keys of {plural(restored, 'AKV configuration')} {would or 'were '}restored on {where}.")
        if needed:
            keys = f"The keys of {plural(needed, 'AKV configuration')} would be restored"
            parts.append(f"{keys} if nodes still lack them after the credential.")
        if not did and not self._failures:
            parts.append(f"Nothing {'would be' if check_mode else 'was'} changed on {where}.")
        left = [each for each in self._now if each.verdict.needs_attention]
        if not check_mode and self._unread is None:
            total = plural(len(self._all), "AKV configuration")
            verb = "needs" if len(left) == 1 else "need"
            parts.append(
                f"{len(left)} of {total} still {verb} attention." if left else f"{total}: none needs attention now."
            )
            if before or after:
                parts.append(f"{plural(before, 'encrypted volume')} offline before, {len(after)} now.")
        parts += dict.fromkeys([*self._failures, *self._unknown])
        if self._unread is not None:
            return " ".join(parts)
        if not self._failures and left:
            # In check mode, what would be repaired is nobody else's to do.
            repaired = {each.before.uuid for each in did} if check_mode else ()
            to_do = dict.fromkeys(each.diagnosis.advice for each in left if each.uuid not in repaired)
            parts += [f"What to do: {advice}" for advice in to_do][:3]
        elif after and not left:
            parts.append(COMES_BACK)
        return " ".join(parts)


def _unknown(record: Record) -> str:
    """Say of a configuration that cannot be named that nothing is known of it."""
    missing = without_identity(record)
    which = f"of {place_of(record)}" if missing == "uuid" else str(record["uuid"])
    return (
        f"ONTAP does not report the {missing} of the AKV configuration {which}: whether it works is not known, and"
        " nothing was sent to it."
    )


def _not_helped(patients: list[_Patient], is_read: bool) -> str:
    sent = f"The credential was sent to {listed((each.before.scope for each in patients), NAMED)}"
    if not is_read:
        return f"{sent}. Whether it helped could not be read."
    return f"{sent} and did not help. A secret younger than two minutes may not be known everywhere yet."


def _scope_of(configuration: Configuration) -> Scope:
    return Scope(svm=configuration.svm)
