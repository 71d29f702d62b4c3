# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event log (EMS): what a cluster notices of its vaults, and writes down. Not the events of a scenario."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import health
from .azure.world import split_key_id
from .clock import timestamp
from .cluster import Cluster, Node, Vault

AKV = "ekmip.akv"
SEVERITIES = {
    "available": "notice",
    "keyExpired": "error",
    "keyVersionChanged": "notice",
    "notAvailable": "alert",
    "volOffline": "alert",
    "volOnline": "notice",
}
# What a vault can be, as the log has it.
GOOD, BAD, BLOCKED = "good", "bad", "blocked"


@dataclass(frozen=True)
class Entry:
    """A line of the log. Each node counts its own."""

    index: int
    node: Node
    time: float
    name: str
    severity: str
    parameters: dict[str, str]


def note(cluster: Cluster, name: str, severity: str, parameters: dict[str, str], node: str | None = None) -> None:
    """Write a line into the log."""
    on = cluster.nodes[node or next(iter(cluster.nodes))]
    index = 1 + max((entry.index for entry in cluster.log if entry.node is on), default=0)
    cluster.log.append(Entry(index, on, cluster.clock.now(), name, severity, parameters))


def note_of_vault(cluster: Cluster, vault: Vault, event: str, **more: str) -> None:
    """Write down an event of a vault, in the words of the release; nothing where it has no such event."""
    if not cluster.release.does("ems") or (event == "volOnline" and not cluster.release.does("ems_vol_online")):
        return
    owner = {"vserver": vault.owner}
    if cluster.release.does("ems_svm"):
        owner = {"svm": vault.owner, "configName": vault.configuration}
    reported = {"name": vault.settings["name"], **owner, "keyId": vault.settings["key_id"], **more}
    note(cluster, f"{AKV}.{event}", SEVERITIES[event], reported)


def note_of_key(cluster: Cluster, key_id: str, event: str, **more: str) -> None:
    """Write down an event of a key, for each vault that uses it."""
    wanted = split_key_id(key_id)[0].lower()
    for vault in cluster.sorted_vaults():
        if split_key_id(vault.settings["key_id"])[0].lower() == wanted:
            note_of_vault(cluster, vault, event, **more)


def look(cluster: Cluster) -> None:
    """Notice how the vaults are, and write down what is new."""
    for vault in cluster.sorted_vaults():
        if not vault.enabled:
            continue
        before, vault.noticed = vault.noticed, _condition(cluster, vault)
        events = {
            (GOOD, BAD): ["notAvailable"],
            (GOOD, BLOCKED): ["notAvailable", "volOffline"],
            (BAD, BLOCKED): ["volOffline"],
            (BAD, GOOD): ["available"],
            (BLOCKED, BAD): ["volOnline"],
            (BLOCKED, GOOD): ["available", "volOnline"],
        }.get((before, vault.noticed), [])
        for event in events:
            note_of_vault(cluster, vault, event)


def _condition(cluster: Cluster, vault: Vault) -> str:
    if health.blocked(cluster, vault):
        return BLOCKED
    return BAD if vault.missing or health.azure_problem(cluster, vault) else GOOD


def newest_first(cluster: Cluster) -> list[Entry]:
    """The log as ONTAP tells it."""
    look(cluster)
    return cluster.log[::-1]


def record(_cluster: Cluster, entry: Entry) -> dict[str, Any]:
    """A line as a client reads it."""
    reported = ", ".join(f"{name}={value}" for name, value in entry.parameters.items())
    return {
        "node": {
            "uuid": entry.node.uuid,
            "name": entry.node.name,
            "_links": {"self": {"href": f"/api/cluster/nodes/{entry.node.uuid}"}},
        },
        "index": entry.index,
        "time": timestamp(entry.time),
        "message": {"name": entry.name, "severity": entry.severity},
        "log_message": f"{entry.name}: {reported}",
        "parameters": [{"name": name, "value": value} for name, value in entry.parameters.items()],
        "_links": {"self": {"href": f"/api/support/ems/events/{entry.node.name}/{entry.index}"}},
    }
