# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""What is to be done with one AKV configuration: facts, plan, and the result where nothing is sent."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from dataclasses import dataclass

from ansible_collections.ontap.akv.plugins.module_utils._akv import health, releases
from ansible_collections.ontap.akv.plugins.module_utils._akv.plan import (
    Declaration,
    compare,
    other_credential,
)
from ansible_collections.ontap.akv.plugins.module_utils._akv.plan import (
    plan as plan_of,
)
from ansible_collections.ontap.akv.plugins.module_utils._akv.record import (
    Record,
    is_inactive,
    owned,
    select,
)
from ansible_collections.ontap.akv.plugins.module_utils._ontap import reading
from ansible_collections.ontap.akv.plugins.module_utils._ontap.client import Client
from ansible_collections.ontap.akv.plugins.module_utils._runtime import errors, planning
from ansible_collections.ontap.akv.plugins.module_utils._runtime.plan import (
    Plan,
    Precondition,
)
from ansible_collections.ontap.akv.plugins.module_utils._runtime.wording import capital

DONE = {
    "none": "as declared",
    "create": "created",
    "update": "updated",
    "delete": "deleted",
    "recreate": "deleted and created again",
    "enable": "enabled",
}


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


class Change(planning.Planner):
    """The facts and the plan for one AKV configuration. `Changing` carries it out.

    :param wait: confirm what was sent, and wait for its health
    :ivar current: the configuration before the task; None where it does not exist
    :ivar records: all configurations of its scope, as they were read last
    :ivar deleted: the UUIDs of what this task has deleted
    :ivar chosen: what is to be done
    """

    chosen: Plan

    def __init__(self, client: Client, declared: Declaration, wait: bool) -> None:
        self.client = client
        self.declared = declared
        self.waits = wait
        self.current: Record | None = None
        self.records: list[Record] = []
        self.deleted: set[str] = set()
        self._reads_health = False

    def plan(self) -> Plan:
        """Read the configuration, and of its health what the task goes by; plan."""
        self._reads_health = True
        fields = ["state"] if self.waits and self.declared.present else []
        return self.plan_from(self.read(self.repair_fields() or fields))

    def take(self, records: list[Record]) -> Record | None:
        """Choose the configuration among records that were read for many."""
        self.records = owned(records, self.declared.scope)
        # What this task has deleted may still be listed with what it has created.
        left = self.records
        if self.deleted:
            left = [record for record in left if record["uuid"] not in self.deleted] or left
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
        others = [record for record in self.records if record is not current]
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
        later = any("configuration" in record or "enabled" in record for record in self.records)
        preconditions.require(self.client, self.declared, plan, precondition, later)

    def predict(self, plan: Plan, check_mode: bool) -> Result:
        """Give the result where nothing is sent: there is nothing to do, or it is check mode."""
        return self.result(plan, self._predicted(plan), check_mode)

    def _predicted(self, plan: Plan) -> Record | None:
        if plan.operation == "delete":
            return None
        if self.current is not None and not plan.steps:
            if self._reads_health or health.judge(self.current)[0] != health.UNKNOWN:
                self.warn_of_health(self.current)
            return self.current
        after = _without_secrets(plan.after)
        return {**(self.current or self.declared.scope.record()), **after} if after else None

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

    @property
    def label(self) -> str:
        """The configuration, as it begins a sentence."""
        return capital(self.declared.label)

    # -- reading ------------------------------------------------------------------------------------------------------

    def read(self, fields: list[str] | None = None) -> Record | None:
        """Read the configuration, with more fields than it has by itself if these are named."""
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

    def warn_of_health(self, vault: Record) -> None:
        """Warn if the existing AKV configuration is not healthy, so that an unchanged task does not hide it."""
        if not self.waits or not self.declared.present:
            return
        verdict, reasons = health.judge(vault)
        if verdict in (health.DEGRADED, health.UNAVAILABLE):
            resend = "" if self._repairs else ", or set update_credentials: when_unavailable to resend the credential"
            self.client.task.warn(
                f"{self.label} matches the task, but is {verdict}: {' '.join(reasons)} Run akv_restore to restore"
                f" missing keys{resend}. {reading.BLOCKING_LIMIT}"
            )
        elif verdict in (health.INACTIVE, health.UNKNOWN):
            self.client.task.warn(f"The health of {self.declared.label} is {verdict}: {' '.join(reasons)}")


def _message(declared: Declaration, plan: Plan, check_mode: bool) -> str:
    vault = capital(declared.label)
    if plan.steps:
        return f"{vault} {'would be' if check_mode else 'was'} {DONE[plan.operation]}."
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
