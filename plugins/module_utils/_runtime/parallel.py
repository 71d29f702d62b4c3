# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""Many scopes side by side: threads, each with a connection that it keeps, and results that keep failures apart."""

from __future__ import annotations

import contextlib
import queue
import typing as t
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ansible_collections.ontap.akv.plugins.module_utils._runtime import errors
from ansible_collections.ontap.akv.plugins.module_utils._runtime.task import Task
from ansible_collections.ontap.akv.plugins.module_utils._runtime.wording import listed

Record = dict[str, t.Any]

MAX_THREADS = 64

AnyItem = t.TypeVar("AnyItem", bound="Item")


class Session(t.Protocol):
    """A connection to a server, used by one thread at a time."""

    def twin(self) -> t.Any:
        """Make another session to the same server, for another thread."""

    def close(self) -> None:
        """Close the connection."""


class Client(t.Protocol):
    """What this file needs of a client."""

    transport: t.Any
    where: str
    task: Task


@dataclass
class Item:
    """One scope of many: its outcome does not affect the others.

    :ivar scope: names itself in a sentence; ``record()`` shows it as a record does
    :ivar client: one of its own, so that its outcome, requests and warnings are kept apart
    :ivar result: empty as long as there is none
    """

    scope: t.Any
    client: t.Any
    result: Record = field(default_factory=dict)
    diff: Record = field(default_factory=dict)

    @property
    def label(self) -> str:
        """Name it in a sentence."""
        return str(self.scope)

    def identity(self) -> Record:
        """Name it in its result."""
        shown: Record = self.scope.record()
        return shown

    @contextlib.contextmanager
    def kept(self) -> Iterator[None]:
        """Keep a failure as this item's result, so that the others go on."""
        try:
            yield
        except errors.AkvError as failure:
            self.fail(failure)
        except Exception as exc:  # pylint: disable=broad-except
            self.fail(errors.unexpected(exc))

    def fail(self, failure: errors.AkvError) -> None:
        """End it with a failure."""
        self.result = {**self.identity(), **failure.result(self.client.task.outcome)}

    def succeed(self, result: t.Any) -> None:
        """End it with a use case's result for one AKV configuration, a dataclass."""
        values = dict(vars(result))
        self.diff = values.pop("diff")
        self.result = {**self.identity(), "failed": False, **values}


def still_open(items: Iterable[AnyItem]) -> list[AnyItem]:
    """Give those that have no result yet."""
    return [item for item in items if not item.result]


def check_threads(params: Mapping[str, t.Any]) -> None:
    """Check the option of `arguments.THREADS`.

    :raises InputError: names the option, what was given and what to do
    """
    if not 1 <= params["threads"] <= MAX_THREADS:
        raise errors.InputError("threads", f"{params['threads']} is out of range. Give 1 to {MAX_THREADS}.")


class Workers:
    """Threads that serve items side by side. Close it after use.

    :param client: its connection is the first thread's
    """

    def __init__(self, client: Client, threads: int) -> None:
        self._first = client.transport
        self._threads = threads
        self._idle: queue.SimpleQueue[Session] = queue.SimpleQueue()
        self._idle.put(self._first)

    def each(self, items: Sequence[AnyItem], work: Callable[[AnyItem], None]) -> None:
        """Do the work for each item that has no result yet, and come back when all is done."""
        # Loading it takes as long as an unchanged task: only changes need it.
        from concurrent.futures import ThreadPoolExecutor

        pool = ThreadPoolExecutor(max(1, min(self._threads, len(items))))
        try:
            for done in [pool.submit(self._serve, item, work) for item in still_open(items)]:
                done.result()
        finally:
            # Running items finish, also after an interruption of the task; no new ones begin.
            pool.shutdown(wait=False, cancel_futures=True)

    def _serve(self, item: AnyItem, work: Callable[[AnyItem], None]) -> None:
        with item.kept():
            try:
                transport = self._idle.get_nowait()
            except queue.Empty:
                transport = self._first.twin()
            item.client.transport = transport
            try:
                work(item)
            finally:
                self._idle.put(transport)

    def close(self) -> None:
        """Close the connections, but for the first, which is the task's."""
        with contextlib.suppress(queue.Empty):
            while True:
                transport = self._idle.get_nowait()
                if transport is not self._first:
                    transport.close()


@contextlib.contextmanager
def workers(client: Client, threads: int) -> Iterator[Workers]:
    """Have threads as long as a block lasts."""
    made = Workers(client, threads)
    try:
        yield made
    finally:
        made.close()


def conclude(client: Client, items: Sequence[Item], check_mode: bool) -> list[Record]:
    """Gather the outcomes of all items, warnings included; return the results in order.

    :raises AkvError: some failed
    """
    about: dict[str, list[str]] = {}
    for item in items:
        for warning in item.client.task.warnings:
            about.setdefault(warning, []).append(item.label)
    client.task.warnings += [f"{listed(names)}: {warning}" for warning, names in about.items()]
    results = [item.result for item in items]
    failed = [item for item in items if item.result["failed"]]
    if failed:
        changed = any(result["changed"] for result in results)
        # In check mode, changed is a prediction.
        outcomes = [item.result["outcome"] for item in failed] + [errors.Outcome.CHANGED] * (changed and not check_mode)
        others = len(items) - len(failed)
        rest = " Nothing was sent." if check_mode else f" The other {others} succeeded." if others else ""
        raise errors.AkvError(
            f"{len(failed)} of {len(items)} failed on {client.where}: {listed([item.label for item in failed])}."
            f" First error: {failed[0].result['msg']} See results for details.{rest}",
            errors.worst_outcome(outcomes),
            changed=changed,
            results=results,
        )
    return results
