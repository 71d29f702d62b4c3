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
from dataclasses import dataclass, field
from types import SimpleNamespace

from ansible_collections.ontap.akv.plugins.module_utils._akv import declaration
from ansible_collections.ontap.akv.plugins.module_utils._akv.causes import Remedy
from ansible_collections.ontap.akv.plugins.module_utils._akv.health import Verdict
from ansible_collections.ontap.akv.plugins.module_utils._akv.record import (
    COMPARED,
    Record,
    place_of,
    vault_path,
    without_identity,
)
from ansible_collections.ontap.akv.plugins.module_utils._akv.recovery import (
    COMES_BACK,
    Configuration,
    credential_targets,
    needs_person,
    offline,
    plural,
    report,
    restore_targets,
)
from ansible_collections.ontap.akv.plugins.module_utils._akv.scope import ARGUMENT_SPEC as SCOPE_OPTIONS
from ansible_collections.ontap.akv.plugins.module_utils._akv.scope import Scope, check_svms, check_text
from ansible_collections.ontap.akv.plugins.module_utils._ontap import jobs
from ansible_collections.ontap.akv.plugins.module_utils._ontap.client import Client
from ansible_collections.ontap.akv.plugins.module_utils._ontap.estate import (
    read_configurations,
    read_protected_volumes,
    read_release,
    read_unmounted,
)
from ansible_collections.ontap.akv.plugins.module_utils._ontap.health_monitor import read_health_monitor
from ansible_collections.ontap.akv.plugins.module_utils._ontap.jobs import check_waiting
from ansible_collections.ontap.akv.plugins.module_utils._ontap.reading import no_vault
from ansible_collections.ontap.akv.plugins.module_utils._runtime import runner
from ansible_collections.ontap.akv.plugins.module_utils._runtime.errors import AkvError, InputError
from ansible_collections.ontap.akv.plugins.module_utils._runtime.plan import (
    Confirmation,
    Plan,
    Secret,
    Step,
    combined_id,
)
from ansible_collections.ontap.akv.plugins.module_utils._use_cases import config, restore

_CREDENTIALS = ("client_secret", "client_certificate", "client_certificate_path")

ARGUMENT_SPEC: dict[str, t.Any] = {
    **jobs.ARGUMENT_SPEC,
    **runner.ARGUMENT_SPEC,
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
_NOTE_EVERY = 60.0  # seconds between two lines of progress

Reading = t.TypeVar("Reading")


@dataclass
class _Patient:
    """A configuration on its way through the repair."""

    before: Configuration
    after: Configuration
    credential: str = "none"
    restored: str = "none"
    messages: list[str] = field(default_factory=list)

    @property
    def concerns(self) -> bool:
        """Whether the result names it."""
        touched = self.credential != "none" or self.restored != "none"
        return touched or self.before.verdict.needs_attention or self.after.verdict.needs_attention

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


def check(params: Mapping[str, t.Any]) -> Scope | None:
    """Check a task's options, before any request.

    :return: the scope; None for all configurations of the cluster
    :raises InputError: names the option, what was given and what to do
    """
    check_waiting(params)
    given = [name for name in _CREDENTIALS if params[name] is not None]
    if len(given) > 1:
        raise InputError(", ".join(given), "more than one credential is given. Keep one of them.")
    check_text("client_id", params["client_id"])
    if given and params["client_id"] is None:
        raise InputError("client_id", f"is required with {given[0]}: give the application (client) ID it belongs to.")
    if params["force_credential"] and not given:
        raise InputError("force_credential", "is true, and no credential is given. Give one, or leave it out.")
    of_svms = params["scope"] == "svm" and params["svm"] is None and params["svm_uuid"] is None
    scope = Scope.from_optional_params({**params, "scope": None} if of_svms else params)
    if params["svms"] is not None:
        if scope is not None:
            raise InputError("svms", f"is given together with {scope}. Keep one of them.")
        check_svms(params["svms"], " to repair the whole cluster")
    if given:
        # A credential that can never be sent is refused now, and not in the middle of the night's repair.
        declaration.check({**_defaults(config.ARGUMENT_SPEC), **_credential(params), "svm": "any"})
    return scope


def run(client: Client, params: Mapping[str, t.Any], check_mode: bool) -> SimpleNamespace:
    """Repair what can be repaired, and report what someone must do.

    :raises AkvError: something that was tried failed, or someone must act
    """
    return _Repair(client, params, check(params)).run(check_mode)


class _Repair:
    def __init__(self, client: Client, params: Mapping[str, t.Any], scope: Scope | None) -> None:
        self._client = client
        self._params = params
        self._scope = scope
        self._failures: list[str] = []
        self._refusal: dict[str, t.Any] = {}
        self._unread: AkvError | None = None

    def run(self, check_mode: bool) -> SimpleNamespace:
        """Diagnose, repair, read again, and report."""
        found = self._read_configurations()
        self._unknown = [_unknown(record) for record in self._nameless]
        named = [Scope(svm) for svm in self._params["svms"] or []] or ([self._scope] if self._scope else [])
        for scope in named:
            if not (self._nameless or any(scope.owns(each.record) for each in found)):
                raise no_vault(self._client, scope)
        self._patients = {each.uuid: _Patient(each, each) for each in found}
        self._volumes = self._volumes_before = self._read_volumes()
        sending = self._senders()
        restoring = restore_targets(found) if self._params["restore"] else []
        self._approved = {each.uuid for each in restoring} if (self._params["expected_plan"] or "").strip() else None
        plans = self._plans(sending, restoring)
        plan_id = combined_id((str(plan.scope["uuid"]), plan.id(self._client.address)) for plan in plans)
        runner.require_expected(self._params["expected_plan"], plan_id, plans)
        if check_mode:
            self._predict(sending)
            return self._known(self._result(plan_id, check_mode=True))
        if sending:
            self._send(sending)
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
            svm = (record.get("svm") or {}).get("name")
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
            except AkvError as failure:
                self._unread = failure
        return otherwise

    def _read_volumes(self) -> list[Record] | None:
        """Read the volumes that the configurations protect; None where they are not readable."""
        return read_protected_volumes(self._client, self._scope, self._now)

    def _senders(self) -> list[Configuration]:
        if not any(self._params[name] is not None for name in _CREDENTIALS):
            return []
        self._unknown += [
            f"ONTAP does not report client_id of the AKV configuration of {each.scope}: the credential was not sent"
            " to it."
            for each in self._now
            if each.record.get("client_id") is None and each.diagnosis.remedy is Remedy.CREDENTIAL
        ]
        svms = [str((volume.get("svm") or {}).get("name")) for volume in self._volumes or []]
        return credential_targets(self._now, self._params["client_id"], self._params["force_credential"], svms)

    # -- the plan -----------------------------------------------------------------------------------------------------

    def _plans(self, sending: list[Configuration], restoring: list[Configuration]) -> list[Plan]:
        credential = [name for name in _CREDENTIALS if self._params[name] is not None]
        plans = []
        for each in self._now:
            steps = []
            path = vault_path(each.uuid)
            if each in sending:
                name = credential[0].replace("_path", "")
                doing = f"Sending the credential to the AKV configuration of {each.scope}"
                steps.append(Step("PATCH", path, "patch", doing, Confirmation.SHOWN, {name: Secret(name)}))
            if each in restoring:
                doing = f"Restoring the keys of {each.scope}"
                steps.append(Step("POST", f"{path}/restore", "restore", doing, Confirmation.JOB))
            before = {name: each.record[name] for name in COMPARED if each.record.get(name) is not None}
            plans.append(Plan("repair", {"uuid": each.uuid}, tuple(steps), before))
        return plans

    def _predict(self, sending: list[Configuration]) -> None:
        for each in sending:
            self._patients[each.uuid].credential = "sent"
        if self._params["restore"]:
            for each in restore_targets(self._now):
                self._patients[each.uuid].restored = "restored"

    # -- steps --------------------------------------------------------------------------------------------------------

    def _send(self, sending: list[Configuration]) -> None:
        """Send the credential to one; to the others only where it has helped."""
        first, *others = (self._patients[each.uuid] for each in sending)
        helped = self._sent_to(first)
        if helped:
            if self._params["restore"] and first.before.diagnosis.remedy is Remedy.RESTORE:
                # Only a restore shows whether the credential helped where ONTAP does not report the reason (9.7).
                self._restore([first.before])
            helped = self._helped(first)
        if not helped:
            unknown = first.credential == "sent"
            why = "Whether the credential helped {} is not known" if unknown else "The credential did not help {}"
            for each in others:
                each.credential = "untouched"
                each.messages.append(f"{why.format(first.before.scope)}: it was not sent here.")
            return
        for each in others:
            self._sent_to(each)
        if others:
            self._read_until_answered()

    def _sent_to(self, patient: _Patient) -> bool:
        # Where nodes lack keys the restore that follows brings them: there is nothing to wait for yet.
        wait = not patient.before.lacks_keys_somewhere
        options = {
            **_defaults(config.ARGUMENT_SPEC),
            **_credential(self._params),
            **_scope_of(patient.before),
            "update_credentials": "always",
            "wait": wait,
        }
        done = self._tried(patient, lambda: config.run(self._client, options, False))
        patient.credential = "sent" if done else "failed"
        return done

    def _tried(self, patient: _Patient, step: Callable[[], t.Any]) -> bool:
        try:
            patient.messages.append(step().msg)
        except AkvError as failure:
            patient.messages.append(failure.message)
            self._failed(failure.message, failure.details)
            return False
        return True

    def _failed(self, message: str, details: Mapping[str, t.Any]) -> None:
        """Keep why a step failed; of the first one, what ONTAP answered."""
        self._failures.append(message)
        self._keep_refusal(details)

    def _keep_refusal(self, details: Mapping[str, t.Any]) -> None:
        self._refusal = self._refusal or {name: details[name] for name in ("error", "http_status") if name in details}

    def _helped(self, patient: _Patient) -> bool:
        """Read until the credential is not the cause any more, for a minute at most."""
        end = time.monotonic() + _VERIFYING
        while True:
            self._read_until_answered()
            if self._unread is None and patient.after.diagnosis.remedy is not Remedy.CREDENTIAL:
                better = (
                    not patient.after.verdict.needs_attention or patient.after.diagnosis != patient.before.diagnosis
                )
                if better or patient.before.diagnosis.remedy is Remedy.CREDENTIAL:
                    return True
            if time.monotonic() >= end or self._client.task.remaining() <= 0:
                break
            self._client.task.sleep(
                self._params["poll_interval"], f"waiting until {patient.before.scope} reaches Azure"
            )
        if self._unread is not None:
            self._failures.append(
                f"The credential was sent to {patient.before.scope}. Whether it helped could not be read."
            )
        else:
            patient.credential = "failed"
            self._failures.append(
                f"The credential was sent to {patient.before.scope} and did not help. A secret younger than two minutes"
                " may not be known everywhere yet."
            )
        patient.messages.append(self._failures[-1])
        return False

    def _may_restore(self, configuration: Configuration) -> bool:
        return self._params["restore"] and (self._approved is None or configuration.uuid in self._approved)

    def _restore(self, lacking: list[Configuration]) -> None:
        """Restore where nodes lack keys and Azure can be reached: what Azure cannot give is not asked for."""
        targets = [self._patients[each.uuid] for each in lacking if self._may_restore(each)]
        for each in lacking:
            if not self._may_restore(each):
                self._patients[each.uuid].messages.append(
                    "Nodes lack keys now. The approved plan has no restore for that: approve a new plan."
                )
        options = {**_defaults(restore.ARGUMENT_SPEC), "poll_interval": self._params["poll_interval"]}
        svms = [patient for patient in targets if patient.before.svm]
        if svms:
            self._restored(svms, {**options, "svms": [patient.before.svm for patient in svms]})
        for patient in targets:
            if not patient.before.svm:
                self._restored([patient], {**options, "scope": "cluster"})
        if targets:
            self._read_until_answered()

    def _restored(self, patients: list[_Patient], options: Mapping[str, t.Any]) -> None:
        results: t.Sequence[Mapping[str, t.Any]]
        try:
            done = restore.run(self._client, options, False)
            results = vars(done).get("results") or [{"failed": False, **vars(done)}]
        except AkvError as failure:
            first = next((each for each in failure.details.get("results", ()) if each["failed"]), failure.details)
            self._failed(failure.message, first)
            unknown = [{"failed": True, "msg": failure.message}] * len(patients)
            results = failure.details.get("results") or unknown
        for patient, result in zip(patients, results):
            patient.restored = "failed" if result["failed"] else "restored" if result["changed"] else "none"
            patient.messages.append(str(result["msg"]))

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

    def _failure(self, result: SimpleNamespace) -> AkvError:
        details = {name: value for name, value in vars(result).items() if name not in ("changed", "msg")}
        return AkvError(result.msg, **{**details, **self._refusal})

    def _result(self, plan_id: str, check_mode: bool) -> SimpleNamespace:
        concerned = [each for each in self._all if each.concerns]
        after = offline(self._volumes or [])
        unmounted: list[Record] = self._kept(lambda: read_unmounted(self._client, self._volumes or []), [])
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
            monitor: Record = self._kept(lambda: read_health_monitor(self._client, read_release(self._client)), {})
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
            **{verdict.value: verdicts.count(verdict) for verdict in Verdict},
        }

    def _message(self, did: list[_Patient], after: list[Record], check_mode: bool) -> str:
        where = self._client.where
        bad = [each for each in self._all if each.before.verdict.needs_attention]
        before = len(offline(self._volumes_before or []))
        if not (bad or before or self._unknown):
            return f"All AKV configurations on {where} are healthy, and no encrypted volume is offline. Nothing to do."
        sent = sum(each.credential == "sent" for each in did)
        restored = sum(each.restored == "restored" for each in did)
        would = "would be " if check_mode else ""
        parts = []
        if sent:
            parts.append(f"The credential {would or 'was '}sent to {plural(sent, 'AKV configuration')} on {where}.")
        if restored:
            parts.append(f"The keys of {plural(restored, 'AKV configuration')} {would or 'were '}restored on {where}.")
        if not did and not self._failures:
            parts.append(f"Nothing {'would be' if check_mode else 'was'} changed on {where}.")
        left = [each for each in self._now if each.verdict.needs_attention]
        if not check_mode and self._unread is None:
            parts.append(f"{len(left)} of {plural(len(self._all), 'AKV configuration')} still need attention.")
            if before or after:
                parts.append(f"{plural(before, 'encrypted volume')} offline before, {len(after)} now.")
        parts += dict.fromkeys([*self._failures, *self._unknown])
        if self._unread is not None:
            return " ".join(parts)
        if not self._failures and left:
            parts += [f"What to do: {advice}" for advice in dict.fromkeys(each.diagnosis.advice for each in left)][:3]
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


def _defaults(spec: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return what a module takes where a task says nothing."""
    return {name: option.get("default") for name, option in spec.items()}


def _credential(params: Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {name: params[name] for name in _CREDENTIALS}


def _scope_of(configuration: Configuration) -> dict[str, t.Any]:
    return {"svm": configuration.svm} if configuration.svm else {"scope": "cluster"}
