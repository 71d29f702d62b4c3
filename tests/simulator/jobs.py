# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs: queued, running, ended, and gone some minutes later; all over the cluster's clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .clock import Clock, timestamp
from .errors import ApiError

# The states that a job can be made to end in, or to stay in.
REASON_IN = ("both", "error", "message")
ENDS = ("success", "failure", "error", "cancelled", "expired", "paused", "never", "vanishes")


@dataclass
class Plan:
    """What is to become of a job instead of success.

    `effect`: whether the work is done nevertheless. `reason_in`: where the job's reason stands, in its message and
    code, in its error, or in both.
    """

    ends: str = "failure"
    code: int = 65537504
    message: str | None = None
    arguments: list[str] = field(default_factory=list)
    effect: bool = False
    reason_in: str = "both"


@dataclass
class Job:
    uuid: str
    description: str
    created: float
    runs_at: float
    ends_at: float
    effect: Callable[[], None]
    svm: dict[str, str] | None = None
    node: str = ""
    plan: Plan | None = None
    state: str = "queued"
    code: int = 0
    message: str = ""
    arguments: list[str] = field(default_factory=list)
    target: str | None = None
    ended: float | None = None

    @property
    def failed(self) -> bool:
        return self.ended is not None and self.state != "success"

    @property
    def href(self) -> str:
        return f"/api/cluster/jobs/{self.uuid}"

    def link(self) -> dict[str, Any]:
        return {"job": {"uuid": self.uuid, "_links": {"self": {"href": self.href}}}}

    def error(self) -> ApiError:
        return ApiError(self.code, *self.arguments, message=self.message, target=self.target)

    def record(self) -> dict[str, Any]:
        record: dict[str, Any] = {
            "uuid": self.uuid,
            "description": self.description,
            "state": self.state,
            "message": self.message,
            "code": self.code,
            "start_time": timestamp(self.created),
            "svm": self.svm,
            "node": {"name": self.node},
            "_links": {"self": {"href": self.href}},
        }
        if self.ended is not None:
            record["end_time"] = timestamp(self.ended)
        if self.failed:
            record["error"] = {"code": str(self.code), "message": self.message}
            if self.target is not None:
                record["error"]["target"] = self.target
            record["error"]["arguments"] = [{"code": str(self.code), "message": each} for each in self.arguments]
            if self.plan is not None and self.plan.reason_in == "error":
                record.update(message="", code=0)
            elif self.plan is not None and self.plan.reason_in == "message":
                del record["error"]
        return record


class Jobs:
    """All jobs of a cluster."""

    def __init__(self, clock: Clock, queued: float, running: float, kept: float) -> None:
        self._clock = clock
        self.queued, self.running, self.kept = queued, running, kept
        self.all: dict[str, Job] = {}
        self.plans: list[Plan] = []

    def start(
        self, uuid: str, description: str, effect: Callable[[], None], svm: dict[str, str] | None, node: str
    ) -> Job:
        now = self._clock.now()
        job = Job(
            uuid,
            description,
            created=now,
            runs_at=now + self.queued,
            ends_at=now + self.queued + self.running,
            effect=effect,
            svm=svm,
            node=node,
            plan=self.plans.pop(0) if self.plans else None,
        )
        self.all[uuid] = job
        return job

    def tick(self) -> bool:
        """Bring every job to where the clock says that it is; whether one ended."""
        if not self.all:
            return False
        now = self._clock.now()
        ended = False
        due = [job for job in self.all.values() if job.ended is None and job.state != "paused"]
        for job in sorted(due, key=lambda job: job.ends_at):
            if now >= job.ends_at and not (job.plan and job.plan.ends == "never"):
                self._end(job)
                ended = True
            elif now >= job.runs_at:
                job.state = "paused" if job.plan and job.plan.ends == "paused" else "running"
        for job in [job for job in self.all.values() if job.ended is not None and now - job.ended >= self.kept]:
            del self.all[job.uuid]
        return ended

    def cancel(self, job: Job) -> None:
        if job.ended is None:
            job.plan = Plan(ends="failure", code=262291, message="The job was cancelled.")
            self._end(job)

    def _end(self, job: Job) -> None:
        plan = job.plan
        if plan is not None and plan.ends == "paused":
            job.state = "paused"
            return
        job.ended = job.ends_at
        job.state, job.message = "success", "success"
        if plan is None or plan.effect:
            try:
                job.effect()
            except ApiError as refusal:
                job.state, job.code, job.message = "failure", refusal.code, refusal.message
                job.arguments, job.target = refusal.arguments, refusal.target
        if plan is not None and plan.ends == "vanishes":
            del self.all[job.uuid]
        elif plan is not None and plan.ends != "success":
            planned = ApiError(plan.code, *plan.arguments, message=plan.message)
            job.state, job.code, job.message = plan.ends, plan.code, planned.message
            job.arguments = planned.arguments
