# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""Making one vault what is declared: read, plan, apply, verify. Knows nothing of Ansible: it returns or raises."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from dataclasses import dataclass

from ansible_collections.ontap.akv.plugins.module_utils._akv.health import (
    DEGRADED,
    INACTIVE,
    UNAVAILABLE,
    UNKNOWN,
    azure_reachable,
    judge,
    read_state,
)
from ansible_collections.ontap.akv.plugins.module_utils._akv.plan import (
    NEW,
    Declaration,
    Plan,
    Step,
    capital,
    differences,
    other_credential,
    plan,
)
from ansible_collections.ontap.akv.plugins.module_utils._akv.record import Record, is_inactive, select
from ansible_collections.ontap.akv.plugins.module_utils._akv.releases import (
    SECRET_FIELDS,
    health_fields,
    patch_depends_on_release,
)
from ansible_collections.ontap.akv.plugins.module_utils._ontap.client import Client
from ansible_collections.ontap.akv.plugins.module_utils._ontap.jobs import JobFailed, follow, job_of
from ansible_collections.ontap.akv.plugins.module_utils._ontap.key_stores import in_the_way, require_active
from ansible_collections.ontap.akv.plugins.module_utils._ontap.reading import (
    BLOCKING_LIMIT,
    not_bad,
    read_until,
    unknown_svm,
    vaults_of,
)
from ansible_collections.ontap.akv.plugins.module_utils._runtime.errors import CHANGED, AkvError, InputError, OntapError

_DONE = {
    "none": "as declared",
    "create": "created",
    "update": "updated",
    "delete": "deleted",
    "recreate": "deleted and created again",
    "enable": "enabled",
}

# After these the login to Azure may have changed, so that both reachabilities are read (9.8+).
_VERIFIED_BY_REACHABILITY = ("update", "enable")

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


class Change:
    """One vault on its way to what is declared.

    ``run`` does it all. The steps are there by themselves too, for the many vaults of one task.
    """

    def __init__(self, client: Client, declared: Declaration, wait: bool) -> None:
        self.client = client
        self.declared = declared
        self._wait = wait
        self._records: list[Record] = []

    def run(self, check_mode: bool) -> Result:
        """Read, plan, apply and verify; in check mode read and plan.

        :raises AkvError: it cannot be done, or not without being asked for by name
        """
        current = self.read()
        chosen = self.plan(current)
        if check_mode or not chosen.steps:
            return self.predict(chosen, current, check_mode)
        self.prepare(chosen)
        done = self.apply(chosen)
        return self.result(done, self.verify(done, current))

    def read(self) -> Record | None:
        """Read the vault, and of its health what the task goes by."""
        fields = ["state"] if self._wait and self.declared.present else []
        return self._read(self.repair_fields() or fields)

    def take(self, records: list[Record]) -> Record | None:
        """Choose the vault among records that were read for many."""
        self._records = [record for record in records if self.declared.scope.owns(record)]
        return select(self._records, self.declared.scope, self.declared.configuration)

    def repair_fields(self) -> list[str]:
        """Name what a repair goes by, beside the vault itself: nothing where none is asked for."""
        return health_fields(self.client.release()) if self._repairs else []

    def plan(self, current: Record | None) -> Plan:
        """Plan, with the cluster's release where that decides."""
        declared, client, unreachable = self.declared, self.client, False
        if declared.present and current is not None:
            depends = any(patch_depends_on_release(name) for name in differences(declared, current))
            if depends or other_credential(declared, current):
                client.release()
            unreachable = self._repairs and self._unreachable(current)
        others = [record for record in self._records if record is not current]
        chosen = plan(declared, current, client.known_release, unreachable, others)
        if chosen.steps:
            self._guard(chosen)
        for drift in chosen.drift:
            client.warnings.append(
                f"key_id: {drift['declared']} is declared, {drift['current']} is in use. {drift['advice']}"
            )
        return chosen

    def _guard(self, chosen: Plan) -> None:
        """Stop before what the state of the key-store forbids (9.16.1+). An update goes through: it is the cure.

        A cluster that shows configurations is 9.14.1 or later: worth asking which. Where there is no vault yet, the
        release may not be known: a create that it forbids is then refused by ONTAP itself.
        """
        later = any("configuration" in record or "enabled" in record for record in self._records)
        if chosen.operation != "update" and (later or self.client.known_release):
            finishing = chosen.operation == "enable"
            require_active(self.client, self.declared.scope, chosen.steps[0].doing, finishing)

    def predict(self, chosen: Plan, current: Record | None, check_mode: bool) -> Result:
        """Give the result where nothing is sent: there is nothing to do, or it is check mode."""
        if chosen.operation == "create" and (unknown := unknown_svm(self.client, self.declared.scope)):
            raise AkvError(unknown)
        return self.result(chosen, self._predicted(chosen, current), check_mode)

    def _predicted(self, chosen: Plan, current: Record | None) -> Record | None:
        if chosen.operation == "delete":
            return None
        if current is not None and not chosen.steps:
            self._warn_of_health(current)
            return current
        after = _without_secrets(chosen.after)
        return {**(current or self.declared.scope.record()), **after} if after else None

    def prepare(self, chosen: Plan) -> None:
        """Learn what verifying will need, before anything is changed: a right that is missing shows in time."""
        if self._wait and chosen.operation in _VERIFIED_BY_REACHABILITY:
            self.client.release()

    def apply(self, chosen: Plan) -> Plan:
        """Carry the plan out; give it back, or an empty one where another run has done all of it."""
        sent = False
        for number, step in enumerate(chosen.steps):
            try:
                self._send(step)
                sent = True
            except AkvError as failure:
                if not self._overtaken(step, failure):
                    raise self._told(chosen, number, failure) from None
        return chosen if sent else Plan("none", (), chosen.after, chosen.after)

    def verify(self, done: Plan, before: Record | None) -> Record | None:
        """Read the vault that is there now; with ``wait``, until it is as it should be and every node has its keys.

        :raises AkvError: it is not what was sent, or not healthy in time
        """
        fields = self.fields_to_verify(done)
        vault = read_until(
            self.client,
            lambda: self._read(fields),
            lambda vault: self.is_settled(done, vault),
            f"waiting until {self.declared.whose} is {_DONE[done.operation]} and healthy",
        )
        return self.conclude(done, vault, before)

    def fields_to_verify(self, done: Plan) -> list[str]:
        """Name what of the health is read after a change, beside the vault itself."""
        if not (self._wait and self.declared.present):
            return []
        return health_fields(self.client.release()) if done.operation in _VERIFIED_BY_REACHABILITY else ["state"]

    def is_settled(self, done: Plan, vault: Record | None) -> bool:
        """Tell whether a reading after the change needs no other."""
        return not self._wait or (self._is_as_sent(done, vault) and not_bad(vault))

    def _is_as_sent(self, done: Plan, vault: Record | None) -> bool:
        enabled = done.operation != "enable" or (vault is not None and not is_inactive(vault))
        return self.declared.present == (vault is not None) and enabled

    def conclude(self, done: Plan, vault: Record | None, before: Record | None) -> Record | None:
        """Judge the last reading after a change.

        :raises AkvError: it is not what was sent, or not healthy in time
        """
        declared = self.declared
        if self._wait and not self._is_as_sent(done, vault):
            raise AkvError(
                f"ONTAP took the request, but {declared.whose} is not {_DONE[done.operation]} in time (wait_timeout)"
                f" on {self.client.where}. Read it with akv_info, and run the task again."
            )
        if self._wait and vault is not None and not not_bad(vault) and done.steps:
            raise self._unhealthy(done, vault, before)
        if vault is not None:
            self._warn_of_health(vault)
        return vault

    def result(self, chosen: Plan, vault: Record | None, check_mode: bool = False) -> Result:
        """Make the result of what was done, or in check mode would be."""
        return Result(
            changed=bool(chosen.steps),
            msg=_message(self.declared, chosen, check_mode),
            operation=chosen.operation,
            vault=vault,
            available=read_state(vault or {}).available,
            drift=chosen.drift,
            credentials_sent=chosen.credentials_sent,
            diff=_diff(self.declared, chosen),
        )

    # -- reading ------------------------------------------------------------------------------------------------------

    def _read(self, fields: list[str] | None = None) -> Record | None:
        return self.take(vaults_of(self.client, self.declared.scope, *(fields or [])))

    @property
    def _repairs(self) -> bool:
        declared = self.declared
        return declared.present and declared.update_credentials == "when_unavailable" and bool(declared.secrets)

    def _unreachable(self, current: Record) -> bool:
        if is_inactive(current):
            raise InputError(
                "update_credentials",
                "when_unavailable is for the enabled configuration, as an inactive one has no health. Use always.",
            )
        if self.client.release().reads("azure_reachability") and "azure_reachability" not in self.client.untold:
            return azure_reachable(current) is False
        return read_state(current).bad

    # -- changing -----------------------------------------------------------------------------------------------------

    def _send(self, step: Step) -> None:
        path = step.path
        if NEW in path:
            made = read_until(
                self.client,
                self._read,
                lambda vault: vault is not None,
                f"waiting until {self.declared.whose} is there",
            )
            if made is None:
                raise AkvError(
                    f"ONTAP took the create, but {self.declared.whose} is not there in time (wait_timeout) on"
                    f" {self.client.where}. Read it with akv_info, and run the task again."
                )
            path = path.replace(NEW, made["uuid"])
        content = self.client.change(
            step.method,
            path,
            doing=step.doing,
            operation=step.operation,
            settle=self._settled_by(step),
            by_job=step.is_switch,
            body=step.body,
            query=step.query,
        )
        job = job_of(content)
        if job is not None and self._wait:
            follow(self.client, job, step.doing, step.operation, happened=self._left_by(step))

    def _settled_by(self, step: Step) -> t.Callable[[], Record | None] | None:
        """How to read whether a step has happened. A PATCH of a vault has the same effect however often it arrives."""
        if step.method == "POST":
            return self._created
        if step.method == "DELETE":
            return self._deleted
        return self._switched if step.is_switch else None

    def _left_by(self, step: Step) -> t.Callable[[], Record | None] | None:
        """How to read what a step's failed job has left behind. A switch may stand half-way, which no vault tells."""

        def switched() -> Record | None:
            if self._switched() is None:
                raise AkvError("The switch may stand half-way.")
            return {}

        return switched if step.is_switch else self._settled_by(step)

    def _created(self) -> Record | None:
        found = self._read()
        return found if found is not None and not differences(self.declared, found) else None

    def _deleted(self) -> Record | None:
        return {} if self._read() is None else None

    def _switched(self) -> Record | None:
        found = self._read()
        return found if found is not None and not is_inactive(found) else None

    def _overtaken(self, step: Step, failure: AkvError) -> bool:
        """Tell whether a refusal means that another run has done meanwhile what the step was to do; warn of it."""
        if not isinstance(failure, OntapError) or failure.code not in _RACE_LOST.get(step.method, ()):
            return False
        whose = self.declared.whose
        there = self._read()
        if step.method == "DELETE":
            done = there is None
        else:
            done = there is not None and not differences(self.declared, there)
            if there is not None and not done:
                failure.message = (
                    f"Meanwhile another run has created {whose}: {there.get('name')} with key"
                    f" {there.get('key_id')} and client_id {there.get('client_id')}. {failure.message}"
                )
        if done:
            what = "deleted" if step.method == "DELETE" else "created, as it is declared here,"
            self.client.warnings.append(f"Another run was faster: {whose} was {what} meanwhile.")
        return done

    def _told(self, chosen: Plan, number: int, failure: AkvError) -> AkvError:
        """Complete a failure with what only this task knows."""
        step = chosen.steps[number]
        if isinstance(failure, OntapError) and chosen.operation == "create" and step.method == "POST":
            why = unknown_svm(self.client, self.declared.scope)
            if why is None and failure.code == "65537500" and not self._records:
                why = in_the_way(self.client, self.declared.scope)
            if why:
                failure.message = f"{why} ({failure.message})"
        if isinstance(failure, JobFailed) and step.is_switch:
            failure.message += " A switch may stand half-way: run the task again, which finishes it."
        if chosen.operation == "recreate" and step.method == "POST":
            again = _without_secrets(step.body or {})
            failure.details["recreate"] = again
            failure.message = (
                f"{self.declared.whose} is deleted and not created again".upper() + f". {failure.message} Run the task"
                f" again to create it. Besides its secrets it had: {again}."
            )
        return failure

    # -- health -------------------------------------------------------------------------------------------------------

    def _unhealthy(self, chosen: Plan, vault: Record, before: Record | None) -> AkvError:
        known = read_state(before or {}).bad_nodes
        old = [node for node in read_state(vault).bad_nodes if node in known]
        earlier = f" Bad before this task already: {', '.join(old)}." if old else ""
        return AkvError(
            f"{self._whose} on {self.client.where} was {_DONE[chosen.operation]}, but is not healthy in time"
            f" (wait_timeout): {' '.join(judge(vault)[1])}{earlier} Check credential, key and network path in Azure."
            f" {BLOCKING_LIMIT}",
            CHANGED,
            vault=vault,
            available=read_state(vault).available,
        )

    def _warn_of_health(self, vault: Record) -> None:
        """Never be silently green: a vault that is there and not well is worth a warning."""
        if not self._wait or not self.declared.present:
            return
        verdict, reasons = judge(vault)
        if verdict in (DEGRADED, UNAVAILABLE):
            self.client.warnings.append(
                f"{self._whose} is as declared, but {verdict}: {' '.join(reasons)} akv_restore restores keys;"
                f" update_credentials: when_unavailable repairs the login. {BLOCKING_LIMIT}"
            )
        elif verdict in (INACTIVE, UNKNOWN):
            self.client.warnings.append(f"The health of {self.declared.whose} is {verdict}: {' '.join(reasons)}")

    @property
    def _whose(self) -> str:
        return capital(self.declared.whose)


def _message(declared: Declaration, chosen: Plan, check_mode: bool) -> str:
    vault = capital(declared.whose)
    if chosen.steps:
        return f"{vault} {'would be' if check_mode else 'was'} {_DONE[chosen.operation]}."
    if not declared.present:
        return f"There is no {declared.whose[4:]}: nothing to delete."
    if not declared.secrets:
        return f"{vault} is as declared."
    policy = f"update_credentials: {declared.update_credentials}"
    return f"{vault} is as declared; {' and '.join(declared.secrets)} declared, not sent ({policy})."


def _without_secrets(values: Mapping[str, t.Any]) -> Record:
    return {name: value for name, value in values.items() if name not in SECRET_FIELDS}


def _diff(declared: Declaration, chosen: Plan) -> Record:
    steps = "; then ".join(map(str, chosen.steps)) or "nothing to send"
    return {
        "before": dict(chosen.before),
        "after": dict(chosen.after),
        "before_header": declared.whose,
        "after_header": f"{declared.whose} ({steps})",
    }
