# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""Follows an ONTAP job to its end, or as far as it can be followed."""

from __future__ import annotations

import contextlib
import re
import time
import typing as t
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from ansible_collections.ontap.akv.plugins.module_utils._akv.scope import is_uuid
from ansible_collections.ontap.akv.plugins.module_utils._ontap.client import Client, explain
from ansible_collections.ontap.akv.plugins.module_utils._runtime import errors, runner
from ansible_collections.ontap.akv.plugins.module_utils._runtime.plan import Step

ARGUMENT_SPEC: dict[str, t.Any] = {
    "poll_interval": {"type": "float", "default": 2.0},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 300},
}

JOBS = "/cluster/jobs"

_UNDER_WAY = ("queued", "running", "paused")
_SUCCESS = "success"
_FAILED = ("failure", "error", "cancelled", "expired")
_UNSEEN = {404: "vanished", 403: "unreadable"}
"""The state of a job that ONTAP has removed (300 s after its end), or that the login's role may not read."""


@dataclass(frozen=True)
class Job:
    """A job as it was last seen.

    :ivar seconds: since it was first read
    """

    uuid: str
    state: str
    message: str
    seconds: float

    @property
    def unseen(self) -> bool:
        """Whether it could not be read, so that its end is not known: ONTAP had removed it, or the login may not."""
        return self.state in _UNSEEN.values()

    @property
    def unseen_because(self) -> tuple[str, str]:
        """Say why it could not be read, and what to do before the credential is sent again."""
        if self.state == _UNSEEN[404]:
            return f"ONTAP has removed its job {self.uuid}", ""
        return f"ONTAP does not let this login read its job {self.uuid}", "Let the login read /api/cluster/jobs, and "

    def shown(self) -> dict[str, t.Any]:
        """Give it as the task's result has it."""
        return asdict(self)


def check_waiting(params: Mapping[str, t.Any]) -> None:
    """Check the options of ARGUMENT_SPEC.

    :raises InputError: names the option, what was given and what to do
    """
    if params["wait_timeout"] < 0:
        raise errors.InputError("wait_timeout", f"{params['wait_timeout']} is below 0. Give a number of seconds.")
    if not params["poll_interval"] > 0:
        raise errors.InputError(
            "poll_interval", f"{params['poll_interval']} is out of range. Give a number of seconds above 0."
        )


class JobFailed(errors.AkvError):
    """A job ended, and not in success.

    :param code: ONTAP's error code, as a string of digits; "" where it has none
    :ivar known: whether it is the job of the change that was sent, and not perhaps that of another change
    """

    def __init__(self, message: str, job: Job, code: str) -> None:
        super().__init__(message, job=job.shown(), error={"code": code, "message": job.message})
        self.job = job
        self.code = code
        self.known = True


# What refuses a credential that Azure does not accept, or does not know yet (9.10.1+), in a response or in a job.
_CREDENTIAL_REFUSED = frozenset({"65537540", "65537573"})


REFUSALS = (errors.OntapError, JobFailed)
"""How ONTAP refuses a change, with a code: at once, or in its job."""


def refuses_credential(failure: errors.AkvError) -> bool:
    """Return whether ONTAP refused the credential after checking it in Azure: then it keeps the previous one.

    Any other failure of a job says nothing of that: ONTAP may have stored the credential before it failed.
    """
    return isinstance(failure, REFUSALS) and failure.code in _CREDENTIAL_REFUSED


def job_of(content: Mapping[str, t.Any]) -> str | None:
    """Find the job in the answer to a change; None where it names none."""
    job = content.get("job")
    uuid = job.get("uuid") if isinstance(job, Mapping) else None
    return uuid if is_uuid(uuid) else None


def follow(client: Client, uuid: str, doing: str, operation: str, interval: float = 2.0, named: bool = True) -> Job:
    """Poll a job until its end.

    :param operation: the operation of the error codes, e.g. "restore"
    :param interval: seconds before the second poll; they grow from there
    :param named: whether the response to the change named it; of others, only one that is seen under way is known
    :return: the job, in state success, vanished or unreadable
    :raises JobFailed: it ended otherwise; the caller reads whether it has done its work anyway
    :raises AkvError: the task's time was up before its end
    """
    begin = time.monotonic()
    pauses = runner.intervals(interval)
    while True:
        try:
            record = client.get(f"{JOBS}/{uuid}", {"fields": "state,message,code"}, doing=f"{doing}: reading its job")
        except errors.AkvError as exc:
            if not (isinstance(exc, errors.OntapError) and exc.http_status in _UNSEEN):
                # Not an OntapError: that would say that ONTAP refused the change.
                message = f"{exc.message} Job {uuid} continues in ONTAP. Run the task again."
                raise errors.AkvError(message, exc.outcome, **exc.details) from None
            record = {
                "state": _UNSEEN[exc.http_status],
                "message": "What the job did is read from the AKV configuration.",
            }
        message = client.task.redactor.free_text(str(record.get("message") or ""))
        job = Job(uuid, str(record.get("state")), message, round(time.monotonic() - begin, 1))
        if job.state == _SUCCESS or job.unseen:
            client.task.confirmed(changed=True)
            return job
        if job.state in _FAILED:
            failure = _failed(client, job, record, doing, operation)
            failure.known = named
            raise failure
        named = True
        if client.task.remaining() <= 0:
            raise errors.AkvError(
                f"{doing} on {client.where}: job {uuid} did not end in time. Its state is {job.state}."
                " It continues in ONTAP. Read it with GET /api/cluster/jobs, or run the task again.",
                job=job.shown(),
            )
        client.task.sleep(next(pauses), f"{doing}: the job is {job.state}")


def _failed(client: Client, job: Job, record: Mapping[str, t.Any], doing: str, operation: str) -> JobFailed:
    """Say why a job failed. ONTAP says it in the job, in its ``error`` (9.9.1+), or in both."""
    error = record.get("error")
    if not (record.get("code") and job.message) and not isinstance(error, dict):
        with contextlib.suppress(errors.AkvError):
            error = client.get(f"{JOBS}/{job.uuid}", {"fields": "error"}, doing="Reading a job's error").get("error")
    error = error if isinstance(error, dict) else {}
    code = str(record.get("code") or error.get("code") or "")
    reason = client.task.redactor.free_text(str(error.get("message") or ""))
    if reason and reason not in job.message:
        job = replace(job, message=f"{job.message.rstrip('.')}. {reason}" if job.message else reason)
    known = explain(operation, code)
    said = job.message.rstrip(".") or "no message"
    message = f"{doing} on {client.where} failed: {said} ({f'code {code}, ' if code else ''}job {job.state})."
    return JobFailed(message + (f" {known.advice}" if known else ""), job, code)


def job_of_step(client: Client, step: Step, answer: Mapping[str, t.Any]) -> tuple[str | None, bool]:
    """Find the job of a step. A response may accept a secret and name no job, and no reading shows a secret.

    :return: the job's UUID, None if there is no job or none is known; and whether the response named it
    """
    if named := job_of(answer):
        return named, True
    searches = step.idempotent and step.secrets and client.task.is_open
    return _newest_of_change(client, step.path.rpartition("/")[2]) if searches else None, False


def _newest_of_change(client: Client, vault: str) -> str | None:
    """Find the newest job that changes an AKV configuration: the one under way, or the one that began last.

    :param vault: the AKV configuration's UUID
    """
    try:
        jobs = client.records(JOBS, {"fields": "description,start_time,state,uuid"}, doing="Reading the jobs")
    except errors.AkvError:
        return None
    # An action's path goes on after the UUID.
    described = re.compile(rf"\bPATCH\b.*{re.escape(vault)}(?![/\w])", re.IGNORECASE)
    mine = [job for job in jobs if described.search(str(job.get("description"))) and job_of({"job": job})]
    newest = max(mine, key=lambda job: (job.get("state") in _UNDER_WAY, str(job.get("start_time") or "")), default=None)
    return job_of({"job": newest})


class ActionJobs:
    """The jobs of one action on one AKV configuration, as ONTAP knew them when this was made.

    :param vault: the AKV configuration's UUID
    :param action: as in the path of its request, e.g. "restore"
    :ivar before: those that run and those that ended lately; None where the login's role may not list jobs, which must
        not stop what it may do
    """

    def __init__(self, client: Client, vault: str, action: str) -> None:
        self._client = client
        self._vault = vault
        self._action = action
        self.before: list[dict[str, t.Any]] | None = None
        with contextlib.suppress(errors.AkvError):
            self.before = self._read()

    @property
    def running(self) -> str | None:
        """The UUID of the first that still ran: of an interrupted run, say."""
        return next((job_of({"job": job}) for job in self.before or () if job.get("state") in _UNDER_WAY), None)

    def begun_since(self) -> dict[str, t.Any] | None:
        """Find the job that was created since, running or ended: the outcome of a request with a lost response.

        :return: as the answer would have named it
        :raises AkvError: jobs can't be read, so that nothing is known of it
        """
        if self.before is None:
            raise errors.AkvError("The jobs could not be read.")
        known = [job.get("uuid") for job in self.before]
        return next(({"job": job} for job in self._read() if job.get("uuid") not in known), None)

    def _read(self) -> list[dict[str, t.Any]]:
        jobs = self._client.records(JOBS, {"fields": "description,state,uuid"}, doing="Reading the jobs")
        descriptions = [str(job.get("description")) for job in jobs]
        return [job for job, text in zip(jobs, descriptions) if self._vault in text and f"/{self._action}" in text]
