# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""The use case of akv_restore: restore keys where they are missing, and follow the job to its end."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from dataclasses import dataclass

from ansible_collections.ontap.akv.plugins.module_utils._akv.health import State, read_state
from ansible_collections.ontap.akv.plugins.module_utils._akv.record import Record, select, vault_path
from ansible_collections.ontap.akv.plugins.module_utils._akv.scope import ARGUMENT_SPEC as SCOPE_OPTIONS
from ansible_collections.ontap.akv.plugins.module_utils._akv.scope import Scope
from ansible_collections.ontap.akv.plugins.module_utils._ontap import jobs
from ansible_collections.ontap.akv.plugins.module_utils._ontap.client import Client
from ansible_collections.ontap.akv.plugins.module_utils._ontap.jobs import (
    ActionJobs,
    Job,
    JobFailed,
    check_waiting,
    follow,
    job_of,
)
from ansible_collections.ontap.akv.plugins.module_utils._ontap.reading import (
    BLOCKING_LIMIT,
    find_vault,
    no_vault,
    not_bad,
    read_until,
    read_vaults,
    sort_by_scope,
)
from ansible_collections.ontap.akv.plugins.module_utils._runtime import parallel
from ansible_collections.ontap.akv.plugins.module_utils._runtime.errors import (
    CHANGED,
    UNCHANGED,
    AkvError,
    InputError,
)

ARGUMENT_SPEC: dict[str, t.Any] = {
    **jobs.ARGUMENT_SPEC,
    **SCOPE_OPTIONS,
    **parallel.ARGUMENT_SPEC,
    "force": {"type": "bool", "default": False},
    "svms": {"type": "list", "elements": "str"},
}


@dataclass(frozen=True)
class Result:
    """What was done, or in check mode would be done."""

    changed: bool
    msg: str
    operation: str
    vault: Record
    available: bool | None
    diff: Record
    job: Record | None = None


@dataclass(frozen=True)
class BulkResult:
    """What was done, or in check mode would be done, SVM by SVM."""

    changed: bool
    msg: str
    results: list[Record]
    diff: list[Record]


def check(params: Mapping[str, t.Any]) -> list[Scope]:
    """Check a task's options, before any request.

    :return: whose keys: one scope, or those of ``svms``
    :raises InputError: names the option, what was given and what to do
    """
    check_waiting(params)
    if params["svms"] is None:
        return [Scope.from_params(params)]
    parallel.check_threads(params)
    beside = [f"{option}: {params[option]}" for option in SCOPE_OPTIONS if params[option] is not None]
    if beside:
        raise InputError("svms", f"is given beside {' and '.join(beside)}. Keep one of them.")
    twice = sorted({svm for svm in params["svms"] if params["svms"].count(svm) > 1})
    if twice:
        raise InputError("svms", f"{', '.join(twice)} is given twice. Keep one of each.")
    scopes = []
    for number, svm in enumerate(params["svms"]):
        try:
            scopes.append(Scope.from_params({"svm": svm}))
        except InputError as problem:
            raise InputError(f"svms[{number}]", problem.message) from None
    return scopes


def run(client: Client, params: Mapping[str, t.Any], check_mode: bool) -> Result | BulkResult:
    """Restore the keys of a vault, or of those of ``svms``, where some node lacks them.

    :raises AkvError: there is no vault, or the restore failed on some node
    """
    scopes = check(params)
    if params["svms"] is not None:
        return _restore_many(client, scopes, params, check_mode)
    return _restore(client, scopes[0], find_vault(client, scopes[0], "state"), params, check_mode)


def _restore(
    client: Client, scope: Scope, vault: Record | None, params: Mapping[str, t.Any], check_mode: bool
) -> Result:
    if vault is None:
        raise no_vault(client, scope)
    state = read_state(vault)
    if not (state.bad or params["force"]):
        return _nothing_to_do(client, scope, vault, state)
    if check_mode:
        return Result(
            changed=True,
            msg=f"The keys of {scope} would be restored.",
            operation="restore",
            vault=vault,
            available=state.available,
            diff=_diff(scope, state, State(True)),
        )
    return _Restore(client, scope, vault, state, params["poll_interval"]).run(params["wait"])


def _restore_many(client: Client, scopes: list[Scope], params: Mapping[str, t.Any], check_mode: bool) -> BulkResult:
    """Restore where it is needed, side by side; what fails does not stop the others."""
    by_scope = sort_by_scope(read_vaults(client, {}, ["*", "state"]) if scopes else [])
    items = [parallel.Item(scope, client.sibling()) for scope in scopes]

    def restore(item: parallel.Item) -> None:
        found = [record for record in by_scope(item.scope) if item.scope.owns(record)]
        item.succeed(_restore(item.client, item.scope, select(found, item.scope), params, check_mode))

    with parallel.workers(client, params["threads"]) as threads:
        threads.each(items, restore)
    results = parallel.conclude(client, items)
    number = sum(result["changed"] for result in results)
    verb = "would be restored" if check_mode else "restored"
    return BulkResult(
        changed=bool(number),
        msg=f"The keys of {number} of {len(results)} SVMs {verb} on {client.where}.",
        results=results,
        diff=[item.diff for item in items],
    )


def _nothing_to_do(client: Client, scope: Scope, vault: Record, state: State) -> Result:
    if not state.good:
        client.warnings.append(
            f"ONTAP does not tell whether the keys of {scope} are available: unknown. Nothing was sent; force: true"
            " restores all the same."
        )
    return Result(
        changed=False,
        msg=f"Nothing to restore for {scope}: {state}.",
        operation="none",
        vault=vault,
        available=state.available,
        diff=_diff(scope, state, state),
    )


class _Restore:
    """One restore, from its start to the vault that is read after it."""

    def __init__(self, client: Client, scope: Scope, vault: Record, before: State, interval: float) -> None:
        self._client = client
        self._owner = scope
        self._vault = vault
        self._before = before
        self._interval = interval
        self._doing = f"Restoring the keys of {scope}"
        self._sent = False

    def run(self, wait: bool) -> Result:
        """Restore; with ``wait`` follow the job to its end, and read the vault until its keys are there."""
        uuid = self._start()
        if not wait:
            job = Job(uuid, "queued", "", 0.0) if uuid else None
            return self._result(f"A restore of the keys of {self._owner} was started.", self._vault, job)
        try:
            job = follow(self._client, uuid, self._doing, "restore", self._interval) if uuid else None
        except JobFailed as failed:
            raise self._failed(failed) from None
        waiting_for = f"{self._doing}: waiting for every node's keys"
        after = read_until(self._client, self._read, not_bad, waiting_for, self._interval)
        state = read_state(after)
        if state.bad:
            raise AkvError(
                f"{self._doing} on {self._client.where}: ONTAP restored what it could, but {state}."
                f" Check credential, key and network path in Azure, and restore again. {BLOCKING_LIMIT}",
                CHANGED,
                vault=after,
                available=state.available,
                **({"job": job.shown()} if job else {}),
            )
        return self._result(f"The keys of {self._owner} were restored: {state}.", after, job)

    def _start(self) -> str | None:
        """Start the restore, unless one is under way; give its job's UUID, if it has one."""
        self._jobs = ActionJobs(self._client, self._vault["uuid"], "restore")
        if self._jobs.running is not None:
            return self._jobs.running
        if self._jobs.before and self._before.bad and not read_state(self._read()).bad:
            return None  # it ended between our reading of the vault and of the jobs
        path = vault_path(self._vault["uuid"], "restore")
        answer = self._client.change("POST", path, doing=self._doing, operation="restore", settle=self._happened)
        self._sent = True
        return job_of(answer)

    def _result(self, msg: str, vault: Record, job: Job | None) -> Result:
        state = read_state(vault)
        if not (state.good or state.bad):
            self._client.warnings.append(f"ONTAP does not tell whether the keys of {self._owner} are available.")
        return Result(
            changed=self._sent,
            msg=msg if self._sent else f"{msg} It was a restore that was under way already.",
            operation="restore" if self._sent else "none",
            vault=vault,
            available=state.available,
            diff=_diff(self._owner, self._before, state),
            job=job.shown() if job else None,
        )

    def _read(self) -> Record:
        vault = find_vault(self._client, self._owner, "state")
        if vault is None:
            raise AkvError(f"{self._doing} on {self._client.where} failed: the vault was deleted meanwhile.")
        return vault

    def _happened(self) -> Record | None:
        """Tell what became of a restore whose answer was lost: its job, or that the keys are there."""
        if self._before.bad and not read_state(self._read()).bad:
            return {}
        return self._jobs.begun_since()

    def _failed(self, failed: JobFailed) -> AkvError:
        """Complete a failed job with what the vault says: on which nodes keys are there now, and on which not."""
        try:
            vault = self._read()
        except AkvError:
            return failed
        state = read_state(vault)
        failed.outcome = CHANGED if state.good or set(state.bad_nodes) < set(self._before.bad_nodes) else UNCHANGED
        failed.message += f" Now {state}. {BLOCKING_LIMIT}"
        failed.details.update(vault=vault, available=state.available)
        return failed


def _diff(scope: Scope, before: State, after: State) -> Record:
    return {
        "before": {"availability": str(before)},
        "after": {"availability": str(after)},
        "before_header": f"keys of {scope}",
        "after_header": f"keys of {scope}",
    }
