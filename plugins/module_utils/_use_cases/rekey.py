# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""The use case of akv_rekey: another external key, or a new internal one, and its job followed to the end."""

from __future__ import annotations

import contextlib
import typing as t
from collections.abc import Mapping

from ansible_collections.ontap.akv.plugins.module_utils._akv import health, releases, uris
from ansible_collections.ontap.akv.plugins.module_utils._akv.record import Record, vault_path
from ansible_collections.ontap.akv.plugins.module_utils._akv.scope import ARGUMENT_SPEC as SCOPE_OPTIONS
from ansible_collections.ontap.akv.plugins.module_utils._akv.scope import Scope, check_text
from ansible_collections.ontap.akv.plugins.module_utils._ontap import jobs, key_stores, reading
from ansible_collections.ontap.akv.plugins.module_utils._ontap.client import Client
from ansible_collections.ontap.akv.plugins.module_utils._ontap.obstacles import to_rekeying
from ansible_collections.ontap.akv.plugins.module_utils._runtime import errors, planning, runner
from ansible_collections.ontap.akv.plugins.module_utils._runtime.plan import Confirmation, Plan, Precondition, Step
from ansible_collections.ontap.akv.plugins.module_utils._use_cases.key_action import KeyAction, Result
from ansible_collections.ontap.akv.plugins.module_utils._use_cases.ontap_entry import ONTAP

KIND = ONTAP

ARGUMENT_SPEC: dict[str, t.Any] = {
    **jobs.ARGUMENT_SPEC,
    **planning.ARGUMENT_SPEC,
    **SCOPE_OPTIONS,
    "key_id": {"type": "str", "no_log": False},
    "type": {"type": "str", "choices": ["external", "internal"], "required": True},
}


_REFUSALS = frozenset({"65537120", "65537547", "65537559", "65537610", "65539436", "65539437"})
"""The codes with which ONTAP refuses an internal rekey before it begins (reference, rekey-internal)."""


def check(params: Mapping[str, t.Any]) -> tuple[Scope, uris.KeyId | None]:
    """Check a task's options, before any request.

    :return: the scope, and for an external rekey the new key
    :raises InputError: names the option, what was given and what to do
    """
    key_id = params["key_id"]
    check_text("key_id", key_id)
    jobs.check_waiting(params)
    if (params["type"] == "external") != (key_id is not None):
        need = "is required with type: external." if key_id is None else "cannot be combined with type: internal."
        raise errors.InputError("key_id", need)
    try:
        return Scope.from_params(params), None if key_id is None else uris.KeyId.parse(key_id)
    except ValueError as exc:
        raise errors.InputError("key_id", f"{key_id!r} {exc}. Give https://<host>/keys/<key>[/<version>].") from None


def run(client: Client, params: Mapping[str, t.Any], check_mode: bool) -> Result:
    """Rekey an AKV configuration, unless it has that external key already.

    :raises AkvError: there is no configuration, the release cannot, or the rekey failed
    """
    scope, key = check(params)
    release = client.release()
    in_place = key is not None and release.patches("key_id")
    action = f"rekey-{params['type']}"
    if not in_place and not release.within(releases.ACTIONS[action]):
        first = "9.8" if key else releases.ACTIONS[action]
        raise errors.InputError(
            "type", f"{params['type']} needs ONTAP {first} or later; {client.where} runs {release}."
        )
    verb = _Rekey(client, scope, params, key, action, in_place)
    result: Result = runner.run(verb, check_mode, params["expected_plan"])
    return result


def _is_there(key: uris.KeyId, vault: Record) -> bool:
    """Return whether an AKV configuration has a key."""
    try:
        there = uris.KeyId.parse(vault.get("key_id") or "")
    except ValueError:
        return False
    return key.means(there)


class _Rekey(KeyAction):
    """One rekey: a verb of the runner.

    :param key: the new external key; None for an internal rekey
    :param action: as in the path of its request, e.g. "rekey-internal"
    :param in_place: an external rekey is a PATCH on this release
    """

    def __init__(
        self,
        client: Client,
        scope: Scope,
        params: Mapping[str, t.Any],
        key: uris.KeyId | None,
        action: str,
        in_place: bool,
    ) -> None:
        super().__init__(client, scope, params, action, f"Rekeying the AKV configuration of {scope} ({action})")
        self._key = key
        self._in_place = in_place

    def plan(self) -> Plan:
        """Read the configuration; plan a rekey, unless it has that key already."""
        vault = reading.find_vault(self.client, self._scope, "state")
        if vault is None:
            raise reading.no_vault(self.client, self._scope)
        self._vault = vault
        there = vault.get("key_id")
        if self._key is not None and there is None:
            raise errors.AkvError(
                f"ONTAP does not report key_id of the AKV configuration of {self._scope} on {self.client.where}, so it"
                " is not known whether it has this key already. Nothing was sent. Read it with akv_info, and run the"
                " task again."
            )
        before = {"key_id": there}
        if self._key is not None and _is_there(self._key, vault):
            self._plan = Plan("none", self._scope.record(), before=before, after=before)
            return self._plan
        if self._key is None:
            before, after = {**before, "internal_key": "old"}, {**before, "internal_key": "new"}
        else:
            after = {"key_id": self._params["key_id"]}
        steps = (self._step(),)
        needed = (Precondition.KEY_STORE_ACTIVE, Precondition.KEYS_HERE)
        self._plan = Plan("rekey", self._scope.record(), steps, before, after, needed)
        return self._plan

    def _step(self) -> Step:
        uuid = self._vault["uuid"]
        body = None if self._key is None else {"key_id": self._params["key_id"]}
        if self._in_place:
            # Not idempotent: each PATCH of the key may rekey.
            return Step("PATCH", vault_path(uuid), "patch", self._doing, Confirmation.JOB, body)
        operation = self._action.replace("-", "_")
        return Step("POST", vault_path(uuid, self._action), operation, self._doing, Confirmation.JOB, body)

    def require(self, precondition: Precondition, plan: Plan, check_mode: bool) -> None:
        """Stop before what the state of the key store forbids, or keys that are with another key manager."""
        if precondition is Precondition.KEY_STORE_ACTIVE:
            key_stores.require_active(self.client, self._scope, self._doing)
        elif failure := to_rekeying(self.client, self._scope, self._doing, plan.steps[0].operation):
            raise failure

    def predict(self, plan: Plan, check_mode: bool) -> Result:
        """Give the result where nothing is sent."""
        if not plan.steps:
            return self._conclusion(False, f"{self._scope} has this key already.", self._vault)
        after = {**self._vault, **({"key_id": self._params["key_id"]} if self._key else {})}
        return self._conclusion(True, f"{self._scope} would be rekeyed ({self._params['type']}).", after)

    def begun(self, step: Step) -> Record | None:
        """Find a rekey that is under way, or that ended between the readings of the configuration and of the jobs."""
        if self._jobs.running is not None:
            return {"job": {"uuid": self._jobs.running}}
        return self._has_new_key() if self._jobs.before else None

    def applied(self, step: Step) -> Record | None:
        """Confirm a rekey after a lost response: its job, or that the configuration has the new key."""
        return self._has_new_key() or self._jobs.begun_since()

    def follow(self, step: Step, answer: Record) -> None:
        """Follow the job to its end."""
        uuid = jobs.job_of(answer) or self._unnamed_job()
        if uuid is None:
            return
        self._job = jobs.Job(uuid, "queued", "", 0.0)
        if not self._params["wait"]:
            return
        try:
            self._job = jobs.follow(self.client, uuid, self._doing, step.operation, self._params["poll_interval"])
        except jobs.JobFailed as failure:
            if self._key is None and failure.code not in _REFUSALS:
                # Nothing but the job shows an internal rekey, and it may have failed after a part of its work.
                failure.message += " Some keys may be new: no reading shows it. Check the health, and rekey again."
                raise
            with contextlib.suppress(errors.AkvError):
                self.client.task.confirmed(changed=self._has_new_key() is not None)
            raise

    def _unnamed_job(self) -> str | None:
        """Find the job of a response that names none: only the job shows the outcome of an internal rekey."""
        if self._key is None:
            with contextlib.suppress(errors.AkvError):
                return jobs.job_of(self._jobs.begun_since() or {})
        return None

    def conclude(self, done: Plan) -> Result:
        """Read the configuration until it shows its new key and is healthy.

        :raises AkvError: it does not in time
        """
        sent = bool(done.steps)
        if not self._params["wait"]:
            return self._conclusion(sent, f"A rekey of {self._scope} was started.", self._vault)
        if self._key is None:
            self._require_seen()
        after = self._confirm(self._has_key)
        shown = self._has_key(after)
        if not (shown and reading.not_bad(after)):
            reasons = " ".join(health.judge(after)[1]) if shown else f"The key is still {after.get('key_id')}."
            raise errors.AkvError(
                f"{self._doing} on {self.client.where} did not finish in time (wait_timeout): {reasons} Check that the"
                " key is enabled and permitted in Azure. Keep the previous key until this is healthy."
                f" {reading.BLOCKING_LIMIT}",
                errors.Outcome.CHANGED if shown else errors.Outcome.UNKNOWN,
                **self._details(after),
            )
        adopted = "" if sent else " The rekey was already running."
        return self._conclusion(sent, f"{self._scope} was rekeyed.{adopted}", after)

    def _conclusion(self, changed: bool, msg: str, vault: Record) -> Result:
        if changed:
            return self._result(msg, "rekey", vault, {**self._plan.before}, {**self._plan.after})
        same = {"key_id": self._vault.get("key_id")}
        return self._result(msg, "none", vault, same, same)

    def _require_seen(self) -> None:
        """Never guess the outcome of an internal rekey: a job that may still run is not a success.

        :raises AkvError: the login may not read the job
        """
        job = self._job
        if job is not None and job.state == "unreadable":
            raise errors.AkvError(
                f"{self._doing} on {self.client.where}: ONTAP accepted the request, but this login's role may not read"
                f" job {job.uuid}, the only source of its result. Give the role access to /api/cluster/jobs, and"
                " read the job there.",
                errors.Outcome.UNKNOWN,
                job=job.shown(),
            )
        done_at_once = job is None and self.client.task.outcome is errors.Outcome.CHANGED
        if not done_at_once and (job is None or job.state != "success"):
            self.client.task.warn(
                f"{self._doing} on {self.client.where}: ONTAP accepted the request, but keeps no job with its result."
                " Check whether the AKV configuration is healthy."
            )

    def _has_new_key(self) -> Record | None:
        """Give the configuration if it has the new key; of an internal rekey it shows nothing."""
        if self._key is None:
            return None
        vault = self._read()
        return vault if self._has_key(vault) else None

    def _has_key(self, vault: Record) -> bool:
        return self._key is None or _is_there(self._key, vault)
