# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs modules in this process: on the simulator's cluster without a network between, in time that need not be waited.

All but the wire is real: the argument specifications, the use cases, the masking. So thousands of answers and inputs
can be tried.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from hypothesis import HealthCheck, settings
from integration.running import specification, use_case
from requests.structures import CaseInsensitiveDict

from ansible_collections.ontap.akv.plugins.module_utils._http.transport import Answer
from ansible_collections.ontap.akv.plugins.module_utils._ontap import client as ontap_client
from ansible_collections.ontap.akv.plugins.module_utils._ontap import connection, jobs, zapi
from ansible_collections.ontap.akv.plugins.module_utils._runtime import task
from ansible_collections.ontap.akv.plugins.module_utils._use_cases import credential, entry, ontap_entry, repair
from simulator import api, control, events
from simulator.call import Pending, Reply, segments
from simulator.errors import ApiError
from simulator.farm import make_cluster
from simulator.faults import Exchange, encode
from simulator.scenario import read
from simulator.server import without_links

LOGIN = {"hostname": "cluster1", "username": "admin", "password": "canary-Login8Q~word"}

# What the collection may ever ask for, and of what kind.
UUID = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
ALLOWED = re.compile(
    rf"GET /api/(cluster|cluster/jobs(/{UUID})?|svm/svms|storage/volumes)"
    r"|GET /api/cluster/(nodes|metrocluster|licensing/licenses|software)"
    r"|GET /api/network/ip/(interfaces|routes)"
    rf"|GET /api/security/key-managers/{UUID}/keys/{UUID}/key-ids"
    r"|GET /api/support/ems/events"
    rf"|GET /api/(svm/svms|security/(azure-key-vaults|key-manager-configs|key-managers|key-stores))(/{UUID})?"
    rf"|POST /api/security/azure-key-vaults(/{UUID}/(restore|rekey-internal|rekey-external))?"
    rf"|(PATCH|DELETE) /api/security/(azure-key-vaults|key-stores)/{UUID}"
)

# Characters that mean something to somebody: to URLs, JSON, shells, regular expressions, ONTAP's queries, terminals.
AWKWARD = "aZ09 \t\r\n\0\x1b\"'`\\/|*!<>=.,;:?&#%+-_~^$()[]{}@\xa0\xe9\xdf\u0660\u202e\u2028\ufeff\uff0e\U0001f511"

Send = Callable[[str, str, Any], Answer]


def examples(number: int, new: int | None = None) -> settings:
    """Settings of a property test with so many examples: the same in every run, others with AKV_NEW_EXAMPLES.

    :param new: how many others; None as many
    """
    others = "AKV_NEW_EXAMPLES" in os.environ
    return settings(
        max_examples=new if others and new else number,
        deadline=None,
        derandomize=not others,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
    )


_NO_WIRE: Any = None


def _drive(fault: Coroutine[Any, Any, None]) -> None:
    """Let a fault happen that does not wait."""
    with contextlib.suppress(StopIteration):
        fault.send(None)
        raise AssertionError("a fault that waits needs a wire")


class Ontap:
    """The simulator's cluster, asked by a call instead of a request."""

    def __init__(self, release: str = "9.7", **scenario: Any) -> None:
        quick = {"jobs": {"queued": 0, "running": 0}}
        self._cluster = make_cluster(read({**quick, **scenario}), release)
        self._user = next(iter(self._cluster.users.values()))

    def apply(self, *happening: dict[str, Any]) -> None:
        """Let events happen, in order."""
        for event in happening:
            events.apply(self._cluster, events.EVENT(event, "event"))

    def picture(self) -> str:
        """All that a task could change, secrets and lost keys included; and how often a job has done something."""
        kept = [
            (one.uuid, one.owner, one.settings, one.credential, one.enabled, one.missing)
            for one in self._cluster.sorted_vaults()
        ]
        return repr((kept, len(self._cluster.jobs.all)))

    def same_as(self, other: Ontap) -> bool:
        """Return whether another cluster has the same configurations, whatever their UUIDs."""
        pictures = [
            sorted((one.owner, one.configuration, repr(one.settings), one.credential, one.enabled) for one in vaults)
            for vaults in (self._cluster.sorted_vaults(), other._cluster.sorted_vaults())
        ]
        return pictures[0] == pictures[1]

    def send(self, method: str, target: str, body: Any) -> Answer:
        """Act on a request; give the answer as it would come."""
        path, _mark, query = target.partition("?")
        self._cluster.tick()
        sent = b"" if body is None else json.dumps(body).encode()
        exchange = Exchange(self._cluster, _NO_WIRE, method, path, query, sent, self._user.password)
        faults = [one for one in self._cluster.faults if one.meets(method, path, query, self._cluster.random)]
        for fault in faults:
            _drive(fault.before(exchange))
        try:
            if exchange.reply is None:
                exchange.reply = self._answer(exchange)
        except ApiError as refusal:
            exchange.reply = Reply(refusal.status, refusal.body())
        for fault in faults:
            _drive(fault.after(exchange))
        reply = exchange.reply
        headers = CaseInsensitiveDict({"Content-Type": "application/hal+json", **reply.headers})
        return Answer(reply.status, headers, encode(reply))

    def _answer(self, exchange: Exchange) -> Reply:
        call, handler = api.route(self._cluster, exchange.method, exchange.path, exchange.query, exchange.body)
        if not self._cluster.role_of(self._user).allows(exchange.method, segments(exchange.path)):
            raise ApiError(6)
        call.short_page, call.later = exchange.short_page, exchange.later
        reply = handler(call)
        return self._wait(reply) if isinstance(reply, Pending) else reply

    def _wait(self, pending: Pending) -> Reply:
        return pending.at_once


class Clock:
    """Time that passes where it is waited, and with each request."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class Played:
    """A task that has run.

    :ivar refused: what Ansible itself says of the options; then nothing else is there
    :ivar sent: the requests: method, target and body
    """

    result: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    sent: list[tuple[str, str, Any]] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        return bool(self.refused) or self.result["failed"]


def play(
    module: str,
    options: dict[str, Any],
    send: Send | None,
    check_mode: bool = False,
    seconds: float = 0.01,
    clock: Clock | None = None,
) -> Played:
    """Run a module's use case as the module does.

    :param send: answers instead of a cluster; None sends for real
    :param seconds: that a request takes
    :param clock: what the task waits by; a new one if None
    """
    checked = ArgumentSpecValidator(specification(module)).validate(options)
    if checked.error_messages:
        return Played(refused=checked.error_messages)
    played = Played()
    with contextlib.nullcontext() if send is None else listening(send, played, seconds, clock):
        played.result, played.warnings = ontap_entry.execute(
            checked.validated_parameters, check_mode, use_case(module).run
        )
    return played


@contextlib.contextmanager
def listening(send: Send, played: Played, seconds: float = 0.01, clock: Clock | None = None) -> Iterator[None]:
    """Let a function answer all requests, instead of a cluster."""
    clock = clock or Clock()
    one_at_a_time = threading.Lock()

    class Transport:
        def __init__(self, connection: connection.Connection) -> None:
            self.url = connection.url

        def send(self, method: str, target: str, body: Any = None) -> Answer:
            with one_at_a_time:
                played.sent.append((method, target, body))
                clock.sleep(seconds)
                return send(method, target, body)

        def twin(self) -> Any:
            return self

        def close(self) -> None:
            pass

    with (
        mock.patch.object(entry, "Transport", Transport),
        mock.patch.object(ontap_client, "time", clock),
        mock.patch.object(jobs, "time", clock),
        mock.patch.object(credential, "time", clock),
        mock.patch.object(repair, "time", clock),
        mock.patch.object(task, "time", clock),
        mock.patch.object(zapi, "HAS_NETAPP_LIB", False),
    ):
        yield


def assert_true_outcome(played: Played) -> None:
    """A failure is a sentence with a true outcome; and no traceback, whatever came."""
    result = played.result
    shown = json.dumps([result, played.warnings])
    assert "Traceback" not in shown, result.get("exception")
    assert "Internal error in" not in shown, result.get("exception")
    for method, target, _body in played.sent:
        assert ALLOWED.fullmatch(f"{method} {target.partition('?')[0]}"), target
        assert re.fullmatch(r"[!-~]+", target), "a request line is ASCII without blanks"
    if result["failed"]:
        assert result["msg"].endswith((".", "?", ")"))
        assert result["outcome"] in ("unchanged", "changed", "unknown")
        assert result["changed"] is (result["outcome"] == "changed")
        if all(method == "GET" for method, _target, _body in played.sent):
            assert result["outcome"] == "unchanged"


class Cluster(Ontap):
    """A cluster with the methods of Simulator: time passes only where a task waits.

    A task takes a hundredth of a second, whatever it waits for, and ends the same way in every run.

    :ivar requests: what it has seen, oldest first
    """

    def __init__(self, release: str = "9.7", scenario: dict[str, Any] | None = None) -> None:
        super().__init__(release, **{"clock": {"speed": 0}, **(scenario or {})})
        self.requests: list[dict[str, Any]] = []
        self._clock = _TurningClock(self._cluster.clock)

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


class _TurningClock(Clock):
    """A task's clock, which turns the cluster's."""

    def __init__(self, turned: Any) -> None:
        self._turned = turned
        self.now = time.time()

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self._turned.advance(seconds)
