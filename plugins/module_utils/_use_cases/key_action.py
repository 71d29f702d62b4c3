# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""What the two actions on the keys of an AKV configuration share, a restore and a rekey: job, readings, result."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ansible_collections.ontap.akv.plugins.module_utils._akv import health
from ansible_collections.ontap.akv.plugins.module_utils._akv.record import Record
from ansible_collections.ontap.akv.plugins.module_utils._akv.scope import Scope
from ansible_collections.ontap.akv.plugins.module_utils._ontap import jobs, reading
from ansible_collections.ontap.akv.plugins.module_utils._ontap.client import Client
from ansible_collections.ontap.akv.plugins.module_utils._runtime import errors, runner
from ansible_collections.ontap.akv.plugins.module_utils._runtime.plan import Plan


@dataclass(frozen=True)
class Result:
    """What was done to the keys, or in check mode would be done."""

    changed: bool
    msg: str
    operation: str
    vault: Record
    available: bool | None
    diff: Record
    plan_id: str
    job: Record | None = None


class KeyAction(runner.Verb):
    """A restore or a rekey of the keys of an AKV configuration, of which ONTAP makes a job.

    :param params: ``wait`` and ``poll_interval`` of a task
    :param action: as in the path of its request, e.g. "rekey-internal"
    :param doing: what is done, for messages
    """

    _vault: Record
    _plan: Plan

    def __init__(self, client: Client, scope: Scope, params: Mapping[str, t.Any], action: str, doing: str) -> None:
        self.client = client
        self._scope = scope
        self._params = params
        self._action = action
        self._doing = doing
        self._job: jobs.Job | None = None

    def prepare(self, plan: Plan) -> None:
        """Read the jobs, so that one that is under way is not started twice."""
        self._jobs = jobs.ActionJobs(self.client, self._vault["uuid"], self._action)

    def _read(self) -> Record:
        vault = reading.find_vault(self.client, self._scope, "state")
        if vault is None:
            raise errors.AkvError(
                f"{self._doing} on {self.client.where} failed: the AKV configuration was deleted meanwhile."
            )
        return vault

    def _confirm(self, shown: Callable[[Record], bool]) -> Record:
        """Read until the action shows and every node has its keys, or until the deadline; give the last reading."""
        waiting_for = f"{self._doing}: waiting for every node's keys"
        return runner.confirm(
            self.client.task, self._read, shown, reading.not_bad, waiting_for, self._params["poll_interval"]
        )

    def _details(self, vault: Record) -> Record:
        """Give what a failure returns of what it has read."""
        job = {"job": self._job.shown()} if self._job else {}
        return {"vault": vault, "available": health.read_state(vault).available, **job}

    def _result(self, msg: str, operation: str, vault: Record, before: Record, after: Record) -> Result:
        header = f"keys of {self._scope}"
        return Result(
            changed=operation != "none",
            msg=msg,
            operation=operation,
            vault=vault,
            available=health.read_state(vault).available,
            diff={"before": before, "after": after, "before_header": header, "after_header": header},
            plan_id=self._plan.id(self.client.address),
            job=self._job.shown() if self._job else None,
        )
