# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is private to the collection: it may change at any time.

"""The event source akv_events: reads the event logs (EMS) of clusters, and reports new entries on their keys."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from dataclasses import dataclass, field

from ansible_collections.ontap.akv.plugins.module_utils._http.door import RESERVED
from ansible_collections.ontap.akv.plugins.module_utils._ontap.client import Client
from ansible_collections.ontap.akv.plugins.module_utils._runtime import errors
from ansible_collections.ontap.akv.plugins.plugin_utils._watching import (
    LOGGER,
    Options,
    Queue,
    Values,
    Watched,
    read_options,
    watch,
)

# Those of SVMs, and the second set, which speaks of storage pools.
_SETS = ("ekmip.akv.", "km.cmek.akvkms.")
# Those of any key manager that concern encrypted volumes. The last part of their names says too little.
_OTHERS = {"km.keyretrieve.failed": "keyRetrieveFailed", "km.volume.mount.fail": "volumeMountFailed"}
_EVENTS = "/support/ems/events"
_FIELDS = "index,log_message,message,node,parameters,time"
_NEWEST = 1000  # lines a look
# The second set abbreviates.
_SAME = {"keyVersionChg": "keyVersionChanged"}
# From 9.14.1 on the SVM has another name.
_PARAMETERS = {
    "svm": ("svm", "vserver"),
    "configuration": ("configName",),
    "vault": ("name",),
    "key_id": ("keyId",),
    "old_key_version": ("oldKeyVersion",),
    "new_key_version": ("newKeyVersion",),
}

Key = tuple[str, ...]


@dataclass(frozen=True)
class Result:
    """What the log has of AKV configurations, the newest first.

    :ivar nameless: how many lines have no name, so that it is not known what they mean
    """

    lines: list[Values]
    nameless: int = 0


def run(client: Client, _params: Mapping[str, t.Any], _check_mode: bool) -> Result:
    """Read the newest lines: one GET."""
    doing = "Reading the events"
    query = {
        "message.name": "|".join((*(f"{name}*" for name in _SETS), *_OTHERS)),
        "fields": _FIELDS,
        "order_by": "time desc",
        "max_records": str(_NEWEST),
    }
    records = client.get(_EVENTS, query, doing=doing).get("records")
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise errors.ConnectionFailed(
            f"{doing} on {client.where} failed: the response's records are not a list of objects."
        )
    # A filter is not taken on trust.
    found = [record for record in records if _name(record).startswith(_SETS) or _name(record) in _OTHERS]
    nameless = sum(not _name(record) for record in records)
    return Result([_checked(client, line) for line in found], nameless)


def _checked(client: Client, line: Values) -> Values:
    """Check what the server has worded: it may echo a secret, or a part of one.

    The names of parameters become keys of the event, so that the rule of the door holds for them too.
    """
    parameters = _parameters(line)
    kept = [each for each in parameters if not str(each.get("name")).startswith(RESERVED)]
    if len(kept) < len(parameters):
        client.warn_of_reserved_keys()
    worded = {"log_message": line.get("log_message"), "parameters": kept}
    return {**line, **client.task.redactor.written_by_server(worded)}


def _parameters(line: Values) -> list[Values]:
    listed = line.get("parameters")
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


@dataclass
class Memory:
    """What of a cluster's log is known. The first reading reports nothing: its events are old."""

    _known: set[Key] | None = field(default=None)

    def news(self, lines: list[Values]) -> list[Values]:
        """Take the newest lines; give those that were not there before, the oldest first."""
        keys = {_key(line) for line in lines}
        before, self._known = self._known, keys
        if before is None:
            return []
        if before and len(lines) >= _NEWEST and not before & keys:
            LOGGER.warning(
                "More than %s events came between two checks, so some are missing. Reduce interval.", _NEWEST
            )
        return [line for line in reversed(lines) if _key(line) not in before]


def _key(line: Values) -> Key:
    """Identify a line, also where its index is not reported."""
    return _node(line), str(line.get("index")), str(line.get("time")), _name(line), str(line.get("log_message"))


def _name(line: Values) -> str:
    return str(_part(line, "message").get("name") or "")


def _node(line: Values) -> str:
    return str(_part(line, "node").get("name") or "")


def _part(line: Values, name: str) -> Values:
    part = line.get(name)
    return part if isinstance(part, dict) else {}


def event_of(cluster: Watched, line: Values) -> Values:
    """Make the event: flat, and with the same names in all releases."""
    parameters = {str(each.get("name")): str(each.get("value")) for each in _parameters(line)}
    name = _name(line)
    short = name.rpartition(".")[2]
    return cluster.event(
        "ems",
        name=name,
        event=_OTHERS.get(name) or _SAME.get(short, short),
        severity=str(_part(line, "message").get("severity") or ""),
        node=_node(line),
        index=line.get("index"),
        time=str(line.get("time") or ""),
        **{
            key: next((parameters[name] for name in names if name in parameters), "")
            for key, names in _PARAMETERS.items()
        },
        parameters=parameters,
        message=str(line.get("log_message") or name),
    )


def look_for(memories: dict[str, Memory]) -> t.Callable[[Watched, Options], tuple[Values, list[Values]]]:
    """Make what looks at a cluster, and remembers."""

    def look(cluster: Watched, options: Options) -> tuple[Values, list[Values]]:
        result = cluster.ask(run, options.interval)
        if result["failed"]:
            return result, []
        memory = memories.setdefault(cluster.name, Memory())
        events = [event_of(cluster, line) for line in memory.news(result["lines"])]
        if result["nameless"]:
            message = f"{cluster.name} does not report the names of {result['nameless']} lines of its event log."
            return {"failed": True, "msg": message}, events
        return result, events

    return look


async def main(queue: Queue, args: Mapping[str, t.Any]) -> None:
    """Run the source until it is cancelled.

    :raises ValueError: an option is wrong
    """
    options = read_options("akv_events", args, {}, lambda _params: None)
    await watch(queue, options, look_for({}))
