# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""One of Azure's services: requests, retries within the task's deadline, and JSON that is checked.

All requests of the collection to Azure change nothing, so each may be sent again.
"""

from __future__ import annotations

import contextlib
import random
import typing as t
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from ansible_collections.ontap.akv.plugins.module_utils._http.door import RESERVED_REMOVED, NotReadable, read_json
from ansible_collections.ontap.akv.plugins.module_utils._http.retry import backoff
from ansible_collections.ontap.akv.plugins.module_utils._http.transport import Fault, Transport
from ansible_collections.ontap.akv.plugins.module_utils._runtime import errors
from ansible_collections.ontap.akv.plugins.module_utils._runtime.task import Task
from ansible_collections.ontap.akv.plugins.module_utils._runtime.wording import capital

_PASSING = (408, 429, 500, 502, 503, 504)
_CONNECTIONS = 4  # to one service

Given = t.TypeVar("Given")
Found = t.TypeVar("Found")


class NoAnswer(errors.AkvError):
    """A service gave no response that can be read. This says nothing about the credential or the key."""


class Reply(t.NamedTuple):
    """A response.

    :ivar body: its JSON; None where an error has none
    :ivar moment: the service's own time, where it gave one
    """

    status: int
    body: t.Any
    headers: Mapping[str, str]
    moment: datetime | None

    @property
    def record(self) -> dict[str, t.Any]:
        """The body as an object; empty where it is something else."""
        return self.body if isinstance(self.body, dict) else {}


class Service:
    """Sends requests to one service.

    :param name: what it is, for messages, which begin with it
    """

    def __init__(self, transport: Transport, task: Task, retries: int, name: str) -> None:
        self._transport = transport
        self._task = task
        self._retries = retries
        self.name = capital(name)

    @property
    def url(self) -> str:
        """The base URL, without a default port."""
        return self._transport.url.removesuffix(":443")

    def ask(self, method: str, target: str, body: t.Any = None, headers: Mapping[str, str] | None = None) -> Reply:
        """Send a request until it is answered, its retries are used up, or the task's deadline is near.

        :param target: path and query
        :raises NoAnswer: no response, one that is not JSON, or a redirect
        """
        tries = 0
        while True:
            tries += 1
            entry = self._task.log(method, target.partition("?")[0])
            entry["host"] = self._transport.endpoint.host
            wait = backoff(tries, random.random())
            try:
                answer = self._transport.send(method, target, body, headers=headers)
            except Fault as fault:
                if not fault.kind.may_pass or not self._may_retry(tries, wait):
                    raise NoAnswer(f"{self.name} did not answer: {fault.reason}") from None
            else:
                entry["status"] = answer.status
                wait = max(wait, _retry_after(answer.headers))
                if answer.status not in _PASSING or not self._may_retry(tries, wait):
                    return self._read(answer.status, answer.content, answer.headers)
            self._task.sleep(wait, f"{self.name} did not answer, trying again in {wait:.0f} s")

    def side_by_side(self, work: Callable[[Service, Given], Found], given: Sequence[Given]) -> list[Found]:
        """Do the same work for many, on several connections; give what it returns in the order of what is given.

        :raises AkvError: the first failure in that order, after all work has ended
        """
        # Loading it takes time, and only many applications need it.
        from concurrent.futures import ThreadPoolExecutor

        size = -(-len(given) // _CONNECTIONS)
        shares = [given[start : start + size] for start in range(0, len(given), size)]
        services = [
            Service(transport, self._task.sibling(), self._retries, self.name)
            for transport in (self._transport, *(self._transport.twin() for _share in shares[1:]))
        ]
        try:
            with ThreadPoolExecutor(len(shares)) as pool:
                found = pool.map(lambda service, share: [work(service, one) for one in share], services, shares)
            return [one for share in found for one in share]
        finally:
            self._task.gather([service._task for service in services])
            for service in services[1:]:
                service._transport.close()

    def _may_retry(self, tries: int, wait: float) -> bool:
        return tries <= self._retries and wait < self._task.remaining()

    def _read(self, status: int, content: bytes, headers: Mapping[str, str]) -> Reply:
        where = f"{self.name} ({self.url})"
        if 300 <= status < 400:
            raise NoAnswer(f"{where} returned a redirect (HTTP {status}), which is not followed.")
        body = None
        try:
            body, reserved = read_json(content)
            if reserved:
                self._task.warn(f"{where} {RESERVED_REMOVED}")
        except NotReadable as exc:
            if status < 300:
                raise NoAnswer(f"{where} did not return JSON (HTTP {status}): {exc.reason}.") from None
        if status < 300 and not isinstance(body, dict):
            raise NoAnswer(f"{where} did not return an object (HTTP {status}). Is a proxy in between?")
        return Reply(status, body, headers, _date(headers))


def next_target(link: t.Any) -> str | None:
    """Give path and query of the link to the next page; None where there is none, which null and "" say.

    The host of the link does not count: a token goes to no other one.

    :raises NoAnswer: there is a link, and it leads nowhere: what was read is not all
    """
    if link is None or link == "":
        return None
    with contextlib.suppress(ValueError):
        parts = urlsplit(link) if isinstance(link, str) else None
        if parts and parts.path.strip("/"):
            return f"{parts.path}?{parts.query}"
    raise NoAnswer("The link to the next page leads nowhere, so the list is not complete. Is a proxy in between?")


def _retry_after(headers: Mapping[str, str]) -> float:
    """Read Retry-After: seconds, or a date; 0 where it is absent or neither."""
    value = str(headers.get("Retry-After", "")).strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    moment = _parsed(value)
    return max(0.0, (moment - datetime.now(timezone.utc)).total_seconds()) if moment else 0.0


def _date(headers: Mapping[str, str]) -> datetime | None:
    return _parsed(str(headers.get("Date", "")))


def _parsed(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
    except (TypeError, ValueError, IndexError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
