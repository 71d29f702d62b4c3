# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""The use case of akv_rekey: another external key, or a new internal one, and its job followed to the end."""

from __future__ import annotations

import contextlib
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass

from ansible_collections.ontap.akv.plugins.module_utils._akv.health import judge, read_state
from ansible_collections.ontap.akv.plugins.module_utils._akv.record import Record, vault_path
from ansible_collections.ontap.akv.plugins.module_utils._akv.releases import ACTIONS
from ansible_collections.ontap.akv.plugins.module_utils._akv.scope import ARGUMENT_SPEC as SCOPE_OPTIONS
from ansible_collections.ontap.akv.plugins.module_utils._akv.scope import Scope, check_text
from ansible_collections.ontap.akv.plugins.module_utils._akv.uris import KeyId
from ansible_collections.ontap.akv.plugins.module_utils._ontap import jobs
from ansible_collections.ontap.akv.plugins.module_utils._ontap.client import Client
from ansible_collections.ontap.akv.plugins.module_utils._ontap.jobs import (
    ActionJobs,
    Job,
    check_waiting,
    follow,
    job_of,
)
from ansible_collections.ontap.akv.plugins.module_utils._ontap.key_stores import require_active
from ansible_collections.ontap.akv.plugins.module_utils._ontap.reading import (
    BLOCKING_LIMIT,
    find_vault,
    no_vault,
    not_bad,
    read_until,
)
from ansible_collections.ontap.akv.plugins.module_utils._runtime.errors import CHANGED, UNKNOWN, AkvError, InputError

ARGUMENT_SPEC: dict[str, t.Any] = {
    **jobs.ARGUMENT_SPEC,
    **SCOPE_OPTIONS,
    "key_id": {"type": "str", "no_log": False},
    "type": {"type": "str", "choices": ["external", "internal"], "required": True},
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


def check(params: Mapping[str, t.Any]) -> tuple[Scope, KeyId | None]:
    """Check a task's options, before any request.

    :return: whose vault, and for an external rekey the new key
    :raises InputError: names the option, what was given and what to do
    """
    key_id = params["key_id"]
    check_text("key_id", key_id)
    check_waiting(params)
    if (params["type"] == "external") != (key_id is not None):
        need = "is missing: type external needs the new key." if key_id is None else "is of no use with type internal."
        raise InputError("key_id", need)
    try:
        return Scope.from_params(params), None if key_id is None else KeyId.parse(key_id)
    except ValueError as exc:
        raise InputError("key_id", f"{key_id!r} {exc}. Give https://<host>/keys/<key>[/<version>].") from None


def run(client: Client, params: Mapping[str, t.Any], check_mode: bool) -> Result:
    """Rekey a vault, unless it has that external key already.

    :raises AkvError: there is no vault, the release cannot, or the rekey failed
    """
    scope, key = check(params)
    release = client.release()
    in_place = key is not None and release.patches("key_id")
    action = f"rekey-{params['type']}"
    if not in_place and not release.within(ACTIONS[action]):
        first = "9.8" if key else ACTIONS[action]
        raise InputError("type", f"{params['type']} needs ONTAP {first} or later; {client.where} runs {release}.")
    vault = find_vault(client, scope, "state")
    if vault is None:
        raise no_vault(client, scope)
    rekey = _Rekey(client, scope, vault, params["key_id"], action)
    if key is not None and _is_there(key, vault):
        return rekey.result(changed=False, msg=f"{scope} has this key already.", vault=vault)
    require_active(client, scope, rekey.doing)
    if check_mode:
        after = {**vault, **({"key_id": params["key_id"]} if key else {})}
        return rekey.result(changed=True, msg=f"{scope} would be rekeyed ({params['type']}).", vault=after)
    return rekey.run(in_place, params["wait"], params["poll_interval"])


def _is_there(key: KeyId, vault: Record) -> bool:
    """Tell whether a vault has a key."""
    try:
        there = KeyId.parse(vault.get("key_id") or "")
    except ValueError:
        return False
    return key.means(there)


class _Rekey:
    """One rekey, from its start to the vault that is read after it."""

    def __init__(self, client: Client, scope: Scope, vault: Record, key_id: str | None, action: str) -> None:
        self._client = client
        self._owner = scope
        self._vault = vault
        self._key_id = key_id
        self._action = action
        self._sent = False
        self.doing = f"Rekeying the vault of {scope} ({action})"

    def run(self, in_place: bool, wait: bool, interval: float) -> Result:
        """Rekey; with ``wait`` follow the job to its end, and read the vault until it is healthy with its new key."""
        self._jobs = ActionJobs(self._client, self._vault["uuid"], self._action)
        uuid = self._jobs.running or self._start(in_place)
        if not wait:
            job = Job(uuid, "queued", "", 0.0) if uuid else None
            return self.result(self._sent, f"A rekey of {self._owner} was started.", self._vault, job)
        operation = "patch" if in_place else self._action.replace("-", "_")
        job = follow(self._client, uuid, self.doing, operation, interval, self._is_done) if uuid else None
        if self._key_id is None:
            self._require_seen(job)
        after = read_until(
            self._client,
            self._read,
            lambda vault: self._has_key(vault) and not_bad(vault),
            f"{self.doing}: waiting for every node's keys",
            interval,
        )
        if not (self._has_key(after) and not_bad(after)):
            reasons = " ".join(judge(after)[1]) if self._has_key(after) else f"The key is still {after.get('key_id')}."
            raise AkvError(
                f"{self.doing} on {self._client.where} is not through in time (wait_timeout): {reasons} Check that the"
                f" key is enabled and permitted in Azure; keep the old key until this is healthy. {BLOCKING_LIMIT}",
                CHANGED,
                vault=after,
                available=read_state(after).available,
                **({"job": job.shown()} if job else {}),
            )
        told = "" if self._sent else " It was a rekey that was under way already."
        return self.result(self._sent, f"{self._owner} was rekeyed.{told}", after, job)

    def result(self, changed: bool, msg: str, vault: Record, job: Job | None = None) -> Result:
        """Make the result of this rekey."""
        there = self._vault.get("key_id")
        before, after = {"key_id": there}, {"key_id": self._key_id if changed and self._key_id else there}
        if changed and self._key_id is None:
            before["internal_key"], after["internal_key"] = "old", "new"
        return Result(
            changed=changed,
            msg=msg,
            operation="rekey" if changed else "none",
            vault=vault,
            available=read_state(vault).available,
            diff={
                "before": before,
                "after": after,
                "before_header": f"keys of {self._owner}",
                "after_header": f"keys of {self._owner}",
            },
            job=job.shown() if job else None,
        )

    def _start(self, in_place: bool) -> str | None:
        body = {"key_id": self._key_id} if self._key_id else None
        method, path = "POST", vault_path(self._vault["uuid"], self._action)
        if in_place:
            method, path = "PATCH", vault_path(self._vault["uuid"])
        operation = "patch" if in_place else self._action.replace("-", "_")
        answer = self._client.change(
            method, path, doing=self.doing, operation=operation, settle=self._happened, body=body
        )
        self._sent = True
        return job_of(answer) or self._unnamed_job()

    def _unnamed_job(self) -> str | None:
        """Find the job of an answer that names none. Another external key is seen in the vault; of an internal one
        only the job tells."""
        if self._key_id is None:
            with contextlib.suppress(AkvError):
                return job_of(self._jobs.begun_since() or {})
        return None

    def _require_seen(self, job: Job | None) -> None:
        """Never guess what became of an internal rekey: a job that may still run is no success.

        :raises AkvError: the login may not read the job
        """
        if job is not None and job.state == "unreadable":
            raise AkvError(
                f"{self.doing} on {self._client.where}: ONTAP took the request, but this login's role may not read job"
                f" {job.uuid}, which alone tells how it ends. Give the role access to /api/cluster/jobs, and read the"
                " job there.",
                UNKNOWN,
                job=job.shown(),
            )
        if job is None or job.state != "success":
            self._client.warnings.append(
                f"{self.doing} on {self._client.where}: ONTAP took the request, and keeps no job that tells how it"
                " ended. Whether the vault is healthy is all that can be seen."
            )

    def _happened(self) -> Record | None:
        """Tell what became of a rekey whose answer was lost: its job, or that the new key is there."""
        return self._is_done() or self._jobs.begun_since()

    def _is_done(self) -> Record | None:
        """Give the vault if it has the new key; of an internal rekey it tells nothing."""
        if self._key_id is None:
            return None
        vault = self._read()
        return vault if self._has_key(vault) else None

    def _read(self) -> Record:
        vault = find_vault(self._client, self._owner, "state")
        if vault is None:
            raise AkvError(f"{self.doing} on {self._client.where} failed: the vault was deleted meanwhile.")
        return vault

    def _has_key(self, vault: Record) -> bool:
        return self._key_id is None or _is_there(KeyId.parse(self._key_id), vault)
