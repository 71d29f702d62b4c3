# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""Follows an ONTAP job to its end, or as far as it can be followed."""

from __future__ import annotations

import time
import typing as t
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from ansible_collections.ontap.akv.plugins.module_utils._errors import UNKNOWN, AkvError, OntapError
from ansible_collections.ontap.akv.plugins.module_utils._owner import is_uuid
from ansible_collections.ontap.akv.plugins.module_utils._reading import intervals
from ansible_collections.ontap.akv.plugins.module_utils._rest import Client

JOBS = "/cluster/jobs"

UNDER_WAY = ("queued", "running", "paused")
_SUCCESS = "success"
_FAILED = ("failure", "error", "cancelled", "expired")
VANISHED = "vanished"
"""The state of a job that ONTAP has removed before its end was seen (it does so 300 s after the end)."""


@dataclass(frozen=True)
class Job:
    """A job as it was last seen.

    :ivar seconds: since it was first looked at
    """

    uuid: str
    state: str
    message: str
    seconds: float

    def shown(self) -> dict[str, t.Any]:
        """Give it as the task's result has it."""
        return asdict(self)


class JobFailed(AkvError):
    """A job ended, and not in success.

    :param code: ONTAP's error code, as a string of digits; "" where it tells none
    """

    def __init__(self, message: str, job: Job, code: str) -> None:
        super().__init__(message, job=job.shown(), error={"code": code, "message": job.message})
        self.job = job
        self.code = code


def job_of(content: Mapping[str, t.Any]) -> str | None:
    """Find the job in the answer to a change; None where it names none."""
    job = content.get("job")
    uuid = job.get("uuid") if isinstance(job, Mapping) else None
    return uuid if is_uuid(uuid) else None


def follow(client: Client, uuid: str, doing: str, operation: str, interval: float = 2.0) -> Job:
    """Poll a job until its end.

    :param operation: the operation of the error codes, e.g. "restore"
    :param interval: seconds before the second poll; they grow from there
    :return: the job, in state success or VANISHED
    :raises JobFailed: it ended otherwise
    :raises AkvError: the task's time was up before its end
    """
    begin = time.monotonic()
    pauses = intervals(interval)
    while True:
        try:
            record = client.get(f"{JOBS}/{uuid}", {"fields": "state,message,code"}, doing=f"{doing}: reading its job")
        except AkvError as exc:
            if not (isinstance(exc, OntapError) and exc.http_status == 404):
                # The job goes on, and what becomes of it was not seen.
                exc.outcome = UNKNOWN
                exc.message += f" Job {uuid} goes on in ONTAP: run the task again."
                raise
            record = {"state": VANISHED, "message": "ONTAP has removed the job: what it did is read from the vault."}
        job = Job(uuid, str(record.get("state")), str(record.get("message") or ""), round(time.monotonic() - begin, 1))
        if job.state in (_SUCCESS, VANISHED):
            return job
        if job.state in _FAILED:
            raise _failed(client, job, str(record.get("code") or ""), doing, operation)
        if client.remaining() <= 0:
            raise AkvError(
                f"{doing} on {client.where}: job {uuid} has not ended in time, it is {job.state}. It goes on in ONTAP;"
                " read it with GET /api/cluster/jobs, or run the task again.",
                UNKNOWN,
                job=job.shown(),
            )
        client.sleep(next(pauses))


def _failed(client: Client, job: Job, code: str, doing: str, operation: str) -> JobFailed:
    from ansible_collections.ontap.akv.plugins.module_utils._error_codes import explain

    known = explain(operation, code)
    said = job.message.rstrip(".") or "no message"
    message = f"{doing} on {client.where} failed: {said} ({f'code {code}, ' if code else ''}job {job.state})."
    return JobFailed(message + (f" {known.advice}" if known else ""), job, code)
