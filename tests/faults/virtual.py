# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A simulated cluster without a wire, with the methods of Simulator: time passes only where a task waits.

A task takes a hundredth of a second, whatever it waits for, and ends the same way in every run.
"""

from __future__ import annotations

import json
import time
from typing import Any

from faults.in_process import LOGIN, Clock, Ontap, play

from ansible_collections.ontap.akv.plugins.module_utils._http.transport import Answer
from simulator import control
from simulator.call import Pending, Reply
from simulator.faults import Exchange
from simulator.server import without_links


class Cluster(Ontap):
    """A cluster to run modules on.

    :ivar requests: what it has seen, oldest first
    """

    def __init__(self, release: str = "9.7", scenario: dict[str, Any] | None = None) -> None:
        super().__init__(release, **{"clock": {"speed": 0}, **(scenario or {})})
        self.requests: list[dict[str, Any]] = []
        self._clock = _Clock(self._cluster.clock)

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_error: object) -> None:
        pass

    @property
    def connection(self) -> dict[str, Any]:
        """The options that lead to it."""
        return dict(LOGIN)

    def run(self, module: str, **task: Any) -> dict[str, Any]:
        """Run a module to its end; give its result.

        :param task: the options; ``check_mode`` and ``diff`` among them are Ansible's. The role of ``username`` counts
        """
        check_mode, diff = (task.pop(name, False) for name in ("check_mode", "diff"))
        options = {name: value for name, value in task.items() if value is not None}
        self._user = self._cluster.users.get(options["username"], self._user)
        played = play(module, options, self.send, check_mode, clock=self._clock)
        if played.refused:
            return {"failed": True, "msg": " ".join(played.refused)}
        result = {**played.result, "warnings": [*played.result.get("warnings", []), *played.warnings]}
        if not diff:
            result.pop("diff", None)
        parsed: dict[str, Any] = json.loads(json.dumps(result))
        return parsed

    def apply(self, happening: list[dict[str, Any]]) -> None:
        """Let events happen, in order."""
        super().apply(*happening)

    def vaults(self) -> list[dict[str, Any]]:
        """All configurations, without secrets."""
        return control.vaults(self._cluster)

    def jobs(self) -> list[dict[str, Any]]:
        """The records of all jobs that are not yet removed."""
        self._cluster.tick()
        return [job.record() for job in self._cluster.jobs.all.values()]

    def secret_of(self, uuid: str) -> str:
        """The client secret or certificate of a configuration."""
        return str(self._cluster.vaults[uuid].credential[1])

    def send(self, method: str, target: str, body: Any) -> Answer:
        """Act on a request; give the answer as it would come, and note both."""
        path, _mark, query = target.partition("?")
        seen = {"method": method, "path": path, "query": query, "status": None}
        self.requests.append(seen)
        answer = super().send(method, target, body)
        seen["status"] = answer.status
        return answer

    def _answer(self, exchange: Exchange) -> Reply:
        reply = super()._answer(exchange)
        body = without_links(reply.body) if isinstance(reply.body, dict) else reply.body
        return Reply(reply.status, body, {**reply.headers, "Content-Type": "application/json"})

    def _wait(self, pending: Pending) -> Reply:
        """Give the job the time that the client wants to wait for it."""
        left = float(pending.timeout)
        self._cluster.tick()
        while pending.job.ended is None and left > 0:
            self._clock.sleep(0.02)
            left -= 0.02
            self._cluster.tick()
        if pending.job.ended is None or pending.timeout == 0:
            return pending.at_once
        if pending.job.failed:
            raise pending.job.error()
        return pending.in_time()


class _Clock(Clock):
    """A task's clock, which turns the cluster's."""

    def __init__(self, turned: Any) -> None:
        self._turned = turned
        self.now = time.time()

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self._turned.advance(seconds)
