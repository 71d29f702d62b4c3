# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""Reads the health of an AKV configuration from its record: availability node by node, and the verdict. Pure, no I/O.

ONTAP words it in many shapes (releases 9.7 to the newest): the boolean is ``cluster_state`` or ``available``, the
message names nodes, from 9.9.1 each with its reason. What is not reported is unknown, never unavailable.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from ansible_collections.ontap.akv.plugins.module_utils._runtime.printable import printable


class Verdict(str, Enum):
    """How an AKV configuration is."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNAVAILABLE = "unavailable"
    UNKNOWN = "unknown"
    INACTIVE = "inactive"

    def __str__(self) -> str:
        return self.value

    @property
    def is_bad(self) -> bool:
        """ONTAP reports that something does not work."""
        return self in (Verdict.DEGRADED, Verdict.UNAVAILABLE)

    @property
    def needs_attention(self) -> bool:
        """It is in use, and ONTAP does not report that it works. The one definition for filters, roles and events."""
        return self.is_bad or self is Verdict.UNKNOWN


VERDICTS = tuple(verdict.value for verdict in Verdict)
HEALTHY, DEGRADED, UNAVAILABLE, UNKNOWN, INACTIVE = VERDICTS

_POLLING_INTERVAL = 15  # minutes: ONTAP's own, and the default of later releases
_AFTER_POLL = 5  # minutes to spare

UNNAMED = "(unnamed)"
"""A node of which the name is not reported."""

# "Node: node1. Reason: No volumes created yet for the SVM. Wrapped KEK …" (9.9.1 and later)
_NODE_WITH_REASON = re.compile(r"Node:\s*(?P<node>[\w.-]+?)\.?\s+Reason:(?P<reason>.*?)(?=Node:|\Z)", re.DOTALL)
_BETWEEN_NODES = " \t\r\n,;"
# "… in following nodes - node1, node2." (9.7), "… on the following nodes: node1." (later)
_NODES = re.compile(r"nodes?\s*(?:-|:)\s*(?P<nodes>[\w-]+(?:\s*,\s*[\w-]+)*)")
_NO_VOLUMES_YET = "no volumes created yet"


@dataclass(frozen=True)
class State:
    """What ``state`` reports: whether every node can use the keys.

    :ivar available: None where it is not reported
    :ivar bad_nodes: node name to reason ("" where none is given)
    :ivar fresh_nodes: nodes on which the only reason is that the SVM has no encrypted volume yet
    :ivar fresh: no other reason is reported: normal for a new configuration
    """

    available: bool | None
    message: str = ""
    bad_nodes: Mapping[str, str] = field(default_factory=dict)
    fresh_nodes: tuple[str, ...] = ()
    fresh: bool = False

    @property
    def good(self) -> bool:
        """Every node has its keys, or needs none yet."""
        return self.fresh or self.available is True

    @property
    def bad(self) -> bool:
        """ONTAP reports that some node lacks its keys."""
        return self.available is False

    def __str__(self) -> str:
        if self.good:
            return "no encrypted volumes yet" if self.fresh else "keys are available on every node"
        if not self.bad:
            return "availability is not reported"
        if not self.bad_nodes:
            return f"keys are unavailable ({self.message.rstrip('.') or 'no reason reported'})"
        nodes = [f"{node} ({reason.rstrip('.')})" if reason else node for node, reason in self.bad_nodes.items()]
        return f"keys are unavailable on {', '.join(nodes)}"


def read_state(record: Mapping[str, t.Any]) -> State:
    """Read ``state`` of a record."""
    state = record.get("state")
    if not isinstance(state, Mapping):
        return State(None)
    reported = [state[key] for key in ("available", "cluster_state") if isinstance(state.get(key), bool)]
    available = reported[0] if reported else None
    message = state.get("message")
    message = message if isinstance(message, str) else ""
    if available:
        return State(True, message)
    reasons = _node_reasons(message)
    fresh_nodes = tuple(node for node, reason in reasons.items() if _NO_VOLUMES_YET in reason.lower())
    bad_nodes = {node: reason for node, reason in reasons.items() if node not in fresh_nodes}
    if _NO_VOLUMES_YET in message.lower() and not bad_nodes:
        return State(None, message, fresh_nodes=fresh_nodes, fresh=True)
    # Without the boolean, a message that names bad nodes still reports that keys are unavailable there.
    return State(False if bad_nodes else available, message, bad_nodes, fresh_nodes)


def _node_reasons(message: str) -> dict[str, str]:
    found = _NODE_WITH_REASON.finditer(message)
    with_reasons = {match["node"]: match["reason"].strip(_BETWEEN_NODES) for match in found}
    if with_reasons:
        return with_reasons
    plain = _NODES.search(message)
    return {node.strip(): "" for node in plain["nodes"].split(",")} if plain else {}


def unreachable_nodes(record: Mapping[str, t.Any]) -> dict[str, str]:
    """Return the nodes with an unreachable key server (``ekmip_reachability``, 9.8+), each with the reason."""
    return {node_name(entry): message_of(entry) for entry in ekmip_entries(record) if entry.get("reachable") is False}


def azure_reachable(record: Mapping[str, t.Any]) -> bool | None:
    """Return whether the cluster reaches Azure (``azure_reachability``, 9.8+); None where it is not reported."""
    azure = record.get("azure_reachability")
    reachable = azure.get("reachable") if isinstance(azure, Mapping) else None
    return reachable if isinstance(reachable, bool) else None


def judge(record: Mapping[str, t.Any]) -> tuple[Verdict, list[str]]:
    """Return the verdict on an AKV configuration, and the reasons, a sentence each."""
    verdict, reasons = _judge(record)
    return verdict, list(map(printable, reasons))


def _judge(record: Mapping[str, t.Any]) -> tuple[Verdict, list[str]]:
    if record.get("enabled") is False:
        return Verdict.INACTIVE, ["The configuration is inactive: ONTAP does not report its health."]
    state = read_state(record)
    reasons = _state_reasons(state)
    reachability = _reachability_reasons(record)
    if state.bad:
        known = {node_name(entry) for entry in ekmip_entries(record)}
        all_bad = not state.bad_nodes or (known and not known - set(state.bad_nodes))
        return (Verdict.UNAVAILABLE if all_bad else Verdict.DEGRADED), reasons + reachability
    if reachability:
        return Verdict.DEGRADED, reasons + reachability
    unknown = _unreported(record)
    return (Verdict.HEALTHY if state.good and not unknown else Verdict.UNKNOWN), reasons + unknown


def _state_reasons(state: State) -> list[str]:
    if state.fresh:
        return ["No encrypted volumes have been created yet: normal for a new configuration."]
    if state.good:
        return ["Keys are available on every node."]
    if not state.bad:
        return ["ONTAP does not report whether keys are available."]
    if not state.bad_nodes:
        return [f"Keys are unavailable: {_why(state.message)}"]
    return [
        f"Keys are unavailable on node {node}{': ' + reason.rstrip('.') if reason else ''}."
        for node, reason in state.bad_nodes.items()
    ]


def _reachability_reasons(record: Mapping[str, t.Any]) -> list[str]:
    reasons = []
    if azure_reachable(record) is False:
        reasons.append(f"Azure cannot be reached: {_why(message_of(record['azure_reachability']))}")
    for node, message in unreachable_nodes(record).items():
        reasons.append(f"The embedded KMIP server of node {node} cannot be reached: {_why(message)}")
    return reasons


def _unreported(record: Mapping[str, t.Any]) -> list[str]:
    """Say which reachability is in the response, but without its value."""
    reasons = []
    if record.get("azure_reachability") is not None and azure_reachable(record) is None:
        reasons.append("ONTAP does not report whether Azure can be reached.")
    entries, listed = ekmip_entries(record), record.get("ekmip_reachability")
    if listed is not None and not (isinstance(listed, list) and len(entries) == len(listed)):
        reasons.append("ONTAP does not report whether the embedded KMIP servers of the nodes can be reached.")
    for entry in entries:
        if not isinstance(entry.get("reachable"), bool):
            node = node_name(entry)
            reasons.append(f"ONTAP does not report whether the embedded KMIP server of node {node} can be reached.")
    return reasons


def _why(message: str) -> str:
    return f"{message.rstrip('.') or 'no reason reported'}."


def ekmip_entries(record: Mapping[str, t.Any]) -> list[Mapping[str, t.Any]]:
    """Return the entries of ``ekmip_reachability``, one a node (9.8+)."""
    entries = record.get("ekmip_reachability")
    return [entry for entry in entries if isinstance(entry, Mapping)] if isinstance(entries, list) else []


def node_name(entry: Mapping[str, t.Any]) -> str:
    """Return the name of the node of such an entry; UNNAMED where it is not reported."""
    node = entry.get("node")
    name = node.get("name") if isinstance(node, Mapping) else None
    return name if isinstance(name, str) and name else UNNAMED


def message_of(entry: Mapping[str, t.Any]) -> str:
    """Return ``message`` of ``state`` or of a reachability; "" where there is none."""
    message = entry.get("message")
    return message if isinstance(message, str) else ""


def next_poll(interval: int | None) -> tuple[int, str]:
    """Give the seconds within which ONTAP polls Azure again and reports the outcome; and why, without a period.

    :param interval: ONTAP's polling interval in minutes; None where it is not known
    """
    minutes = _POLLING_INTERVAL if interval is None else interval
    why = f"ONTAP polls Azure every {minutes} minutes, plus {_AFTER_POLL}"
    if interval is None:
        why = f"how often ONTAP polls Azure could not be read, {minutes} minutes are assumed, plus {_AFTER_POLL}"
    return (minutes + _AFTER_POLL) * 60, why
