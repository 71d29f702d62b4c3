# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is private to the collection: it may change at any time.

"""What the event sources share: their options, and repeated readings of clusters.

Nothing that a cluster does ends a source. What is wrong with its options does, before anything is sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import threading
import time
import typing as t
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.ontap.akv.plugins.module_utils._http.transport import REQUESTS_IMPORT_ERROR
from ansible_collections.ontap.akv.plugins.module_utils._ontap import connection
from ansible_collections.ontap.akv.plugins.module_utils._ontap.connection import Connection
from ansible_collections.ontap.akv.plugins.module_utils._runtime import arguments, errors
from ansible_collections.ontap.akv.plugins.module_utils._runtime.redaction import Redactor
from ansible_collections.ontap.akv.plugins.module_utils._runtime.texts import did_you_mean
from ansible_collections.ontap.akv.plugins.module_utils._use_cases.ontap_entry import UseCase, execute

Values = dict[str, t.Any]

LOGGER = logging.getLogger("ontap.akv")

_OPTIONS: dict[str, t.Any] = {
    "clusters": {"type": "list", "elements": "dict"},
    "interval": {"type": "float", "default": 300.0},
    "remind": {"type": "float", "default": 3600.0},
}
_OF_CLUSTER: dict[str, t.Any] = {"name": {"type": "str"}, **connection.ARGUMENT_SPEC}
_AT_ONCE = 10  # clusters
# A cluster that does not end its answers keeps no other one waiting, and is reported as one that cannot be read.
_LONGEST_PLACE = 10.0  # seconds that a look counts among those at once
_LONGEST_LOOK = 60.0  # seconds, or the cluster's timeout where that is longer
_ACTIONS_AT_ONCE = 25  # of ansible-rulebook, where nothing else is set
# Many clusters lock a user after some logins that were refused: then it is asked more seldom.
_AFTER_REFUSED_LOGIN = 900.0  # seconds


class Queue(t.Protocol):
    """What ansible-rulebook gives a source to put its events into."""

    async def put(self, event: Values) -> None:
        """Take an event."""


@dataclass(frozen=True)
class Options:
    """What a source was given, checked.

    :ivar clusters: name to the checked options of each, those of the connection among them
    :ivar interval: seconds between two readings
    :ivar remind: seconds after which what is still unhealthy is reported again; 0 for never
    :ivar own: the checked options that this source alone has
    """

    clusters: dict[str, Values]
    interval: float
    remind: float
    own: Values = field(default_factory=dict)


@dataclass
class Watched:
    """A cluster, as a source knows it.

    :ivar name: as the inventory has it
    :ivar params: its checked options
    :ivar reachable: whether the last reading succeeded; None before the first
    """

    name: str
    params: Values
    reachable: bool | None = None
    reported: float = 0.0
    _warned: set[str] = field(default_factory=set)

    def ask(self, use_case: UseCase, budget: float, **options: t.Any) -> Values:
        """Run a use case; give its result, ``failed`` in it. No secret is in it."""
        cluster = {"name": self.name, "address": str(self.params["hostname"])}
        params = {**self.params, **options, arguments.CLUSTER: cluster, "wait_timeout": budget}
        result, warnings = execute(params, False, use_case)
        for warning in warnings:
            if warning not in self._warned:
                self._warned.add(warning)
                LOGGER.warning("%s: %s", self.name, warning)
        return result

    def event(self, kind: str, **values: t.Any) -> Values:
        """Make an event of this cluster; an action then runs on the host of its name alone."""
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        return {
            "type": kind,
            "cluster": self.name,
            "hostname": self.params["hostname"],
            "time": now,
            **values,
            "meta": {"hosts": self.name},
        }


Look = Callable[[Watched, Options], tuple[Values, list[Values]]]
"""Reads a cluster, in a thread of its own; returns a result, ``failed`` in it, and the events to report."""


def read_options(
    source: str,
    args: Mapping[str, t.Any],
    more: Mapping[str, t.Any],
    check: Callable[[Values], object],
    of_source: Mapping[str, t.Any] | None = None,
) -> Options:
    """Check a source's options.

    :param source: its name, as a message names it
    :param more: the argument spec of what is asked of each cluster
    :param check: raises InputError where these are wrong
    :param of_source: the argument spec of the options that this source alone has
    :raises ValueError: names the option, what was given and what to do
    """
    if REQUESTS_IMPORT_ERROR:
        raise ValueError(f"{source} needs the Python library requests where ansible-rulebook runs.")
    # A blank value is what a variable that is not set makes of an option, as in a survey.
    given = {str(name): value for name, value in args.items() if name != "eda_feedback_queue" and not _blank(value)}
    of_cluster = {**_OF_CLUSTER, **more}
    options = {**_OPTIONS, **(of_source or {})}
    _refuse_unknown(source, "the source", given, {**of_cluster, **options})
    try:
        arguments.check({**of_cluster, **options, "clusters": {**options["clusters"], "options": of_cluster}}, given)
    except errors.InputError as exc:
        raise ValueError(f"{source}: {exc.message}") from None
    own = _validated(source, {name: given.pop(name) for name in options if name in given}, options)
    for name, least in (("interval", 1), ("remind", 0)):
        if not least <= own[name] < float("inf"):
            raise ValueError(f"{source}: {name}: {own[name]} is out of range. Give {least} seconds or more.")
    if own["clusters"] == []:
        raise ValueError(f"{source}: clusters: is empty. Name a cluster, or leave it out and give hostname.")
    clusters: dict[str, Values] = {}
    for number, entry in enumerate(own["clusters"] or [{}]):
        place = f"{source}: clusters[{number}]" if own["clusters"] else source
        mine = {str(name): value for name, value in entry.items() if not _blank(value)}
        _refuse_unknown(place, "a cluster", mine, of_cluster)
        params = _checked(place, {**given, **mine}, of_cluster, check)
        name = params.pop("name") or params["hostname"]
        if name in clusters:
            raise ValueError(f"{place}: name: {name} is given twice. Give each cluster a name of its own.")
        clusters[name] = params
    return Options(clusters, own["interval"], own["remind"], {name: own[name] for name in of_source or {}})


def _checked(place: str, given: Values, spec: Mapping[str, t.Any], check: Callable[[Values], object]) -> Values:
    """Check what is given of one cluster."""
    params = _validated(place, given, spec)
    try:
        arguments.check_environment(_OF_CLUSTER, params)
        Connection.from_params(params)
        check(params)
    except errors.InputError as exc:
        raise ValueError(f"{place}: {exc.message}") from None
    return params


def _refuse_unknown(place: str, what: str, given: Values, spec: Mapping[str, t.Any]) -> None:
    known = sorted({name for option, of in spec.items() for name in (option, *of.get("aliases", ()))})
    for name in given:
        if name not in known:
            hint = did_you_mean(name, known, number=1) or f"The options are {', '.join(known)}."
            raise ValueError(f"{place}: {name}: is not an option of {what}. {hint}")


def _validated(place: str, given: Values, spec: Mapping[str, t.Any]) -> Values:
    checked = ArgumentSpecValidator(dict(spec)).validate(given)
    if checked.error_messages:
        redactor = Redactor(arguments.secrets_of(spec, given))
        message = arguments.advise(spec, given, "; ".join(checked.error_messages), "the options of the source")
        raise ValueError(f"{place}: {redactor.text(message)}")
    params: Values = checked.validated_parameters
    return params


def _blank(value: t.Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


async def watch(queue: Queue, options: Options, look: Look) -> t.NoReturn:
    """Read all clusters, each at its own pace, until this is cancelled."""
    limit, number = _actions_at_once(), len(options.clusters)
    if 2 * number > limit:
        LOGGER.warning(
            "%d clusters, and ansible-rulebook runs %d actions at once: while repairs use all of them, no event is read"
            " and nobody is notified. Start it with --max-concurrent-actions %d.",
            number,
            limit,
            2 * number + 1,
        )
    at_once = asyncio.Semaphore(_AT_ONCE)
    watches = [_watch(queue, options, look, Watched(*cluster), at_once) for cluster in options.clusters.items()]
    await asyncio.gather(*watches)
    raise AssertionError  # No watch ends.


def _actions_at_once() -> int:
    """Find how many actions ansible-rulebook runs at once, an action that waits for its lock included."""
    settings = getattr(sys.modules.get("ansible_rulebook.conf"), "settings", None)
    limit = getattr(settings, "max_concurrent_actions", None)
    return limit if isinstance(limit, int) and limit > 0 else _ACTIONS_AT_ONCE


Looked = tuple[Values, list[Values]]


async def _watch(queue: Queue, options: Options, look: Look, cluster: Watched, at_once: asyncio.Semaphore) -> None:
    going_on: asyncio.Future[Looked] | None = None
    try:
        while True:
            # A reading that has not ended goes on, so that none of its results are lost, and no second one starts.
            if going_on is None:
                async with at_once:
                    going_on = asyncio.ensure_future(_in_thread(lambda: _looked(look, cluster, options)))
                    await asyncio.wait({going_on}, timeout=_LONGEST_PLACE)
            longest = max(_LONGEST_LOOK, cluster.params["timeout"])
            await asyncio.wait({going_on}, timeout=longest - _LONGEST_PLACE)
            if going_on.done():
                result, events = going_on.result()
                going_on = None
            else:
                message = f"The reading of {cluster.params['hostname']} has not ended after {longest:g} s."
                result, events = {"failed": True, "msg": message}, []
            for event in [*_reachability(cluster, options, result), *events]:
                await queue.put(event)
            await asyncio.sleep(_pause(options, result))
    finally:
        if going_on is not None:
            going_on.cancel()


def _looked(look: Look, cluster: Watched, options: Options) -> Looked:
    """Read; an unforeseen response is a failure of this reading alone."""
    try:
        return look(cluster, options)
    except Exception as exc:  # pylint: disable=broad-except
        return errors.unexpected(exc).result(errors.Outcome.UNCHANGED), []


def _pause(options: Options, result: Values) -> float:
    refused = result["failed"] and result.get("http_status") == 401
    return max(options.interval, _AFTER_REFUSED_LOGIN) if refused else options.interval


def _reachability(cluster: Watched, options: Options, result: Values) -> list[Values]:
    """Report that a cluster cannot be read, or can be read again."""
    before, cluster.reachable = cluster.reachable, not result["failed"]
    if cluster.reachable:
        if before is not False:
            return []
        return [cluster.event("cluster", reachable=True, change="better", message=f"{cluster.name} can be read again.")]
    if before is False and not due(cluster.reported, options.remind):
        return []
    LOGGER.warning("%s", result["msg"])
    cluster.reported = time.monotonic()
    return [
        cluster.event(
            "cluster",
            reachable=False,
            change="same" if before is False else "worse",
            message=f"{cluster.name} cannot be read, so its health is unknown: {result['msg']}",
        )
    ]


def due(reported: float, remind: float) -> bool:
    """Return whether what was reported at a moment is to be reported again."""
    return remind > 0 and time.monotonic() - reported >= remind


Given = t.TypeVar("Given")


async def _in_thread(call: Callable[[], Given]) -> Given:
    """Call in a thread that a shutdown does not wait for: a cluster that does not respond would delay it."""
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[Given] = loop.create_future()

    def hand_over(act: Callable[[], None]) -> None:
        # Nobody listens any more after a shutdown.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(lambda: None if outcome.cancelled() else act())

    def run() -> None:
        try:
            given = call()
        except BaseException as exc:
            failure = exc
            hand_over(lambda: outcome.set_exception(failure))
        else:
            hand_over(lambda: outcome.set_result(given))

    threading.Thread(target=run, name="ontap.akv", daemon=True).start()
    return await outcome
