# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a vault is: its state, Azure's reachability and each node's key server, in the words of the release."""

from __future__ import annotations

from typing import Any

from .cluster import Cluster, Vault

# Without a successful poll for so long, ONTAP blocks the SVM and takes its volumes offline.
OFFLINE_AFTER = 3600.0
NO_VOLUMES = (
    "No volumes created yet for the SVM. Wrapped KEK status will be available after creating encrypted volumes."
)
NOT_YET = "The wrapped KEK is not yet available on the node."
BLOCKED = "The wrapped KEK was removed: the key was not available for 60 minutes."


def azure_problem(cluster: Cluster, vault: Vault) -> str | None:
    """What keeps the cluster from using the key, as of the last poll."""
    now = cluster.clock.now()
    if cluster.health_monitor["enabled"] and now - vault.polled >= cluster.azure.poll_interval:
        poll(cluster, vault)
    return vault.problem


def poll(cluster: Cluster, vault: Vault) -> None:
    """Look at Azure now."""
    found = cluster.azure.problem(vault)
    now = cluster.clock.now()
    if found and not vault.problem:
        vault.problem_since = now
    vault.problem, vault.polled = found, now


def blocked(cluster: Cluster, vault: Vault) -> bool:
    """Whether the vault was out of reach for so long that its volumes are offline."""
    problem = azure_problem(cluster, vault)
    return problem is not None and cluster.clock.now() - vault.problem_since >= OFFLINE_AFTER


def reasons(cluster: Cluster, vault: Vault, reading: bool) -> dict[str, str]:
    """The nodes on which the key is not available, each with the reason. `reading`: a client asks."""
    for_all: str | None = None
    if blocked(cluster, vault):
        for_all = BLOCKED
    elif cluster.release.traits["state_wording"] == "akv":
        # 9.7 has no reachability of its own: there the state says both. As of the poll just made.
        for_all = vault.problem
    if for_all is None and (vault.unsettled_reads > 0 or cluster.clock.now() < vault.unsettled_until):
        for_all = NOT_YET
        if reading and vault.unsettled_reads > 0:
            vault.unsettled_reads -= 1
    if (
        for_all is None
        and vault.svm
        and cluster.trait("state_without_volumes") == "no_volumes"
        and not cluster.encrypted_volumes(vault.svm)
    ):
        for_all = NO_VOLUMES
    found = dict.fromkeys(cluster.nodes, for_all) if for_all else {}
    return {**found, **{node: vault.missing[node] for node in cluster.nodes if node in vault.missing}}


def state(cluster: Cluster, vault: Vault, reading: bool) -> dict[str, Any]:
    """The state as a client reads it."""
    found = reasons(cluster, vault, reading)
    reported: dict[str, Any] = {}
    availability = cluster.settings.get("availability_in_replies")
    if availability is None:
        fields = cluster.schema("azure_key_vault").fields
        availability = "available" if "state.available" in fields else "cluster_state"
    if availability != "none":
        reported[availability] = not found
    wording = cluster.release.traits["state_wording"]
    if not found:
        reported["message"] = ""
    elif wording == "reasons" or NO_VOLUMES in found.values():
        listed = " ".join(f"Node: {node}. Reason: {reason}" for node, reason in found.items())
        reported["message"] = (
            "Top-level internal key protection key (KEK) is unavailable on the following nodes with the associated"
            f" reasons: {listed}"
        )
    elif wording == "wrapped":
        reported["message"] = f"AKV wrapped internal key is missing on nodes - {', '.join(found)}."
    else:
        reported["message"] = f"AKV key protection is unavailable in following nodes - {', '.join(found)}."
    reported["code"] = _code(cluster, "state_code" if found else None)
    return reported


def azure_reachability(cluster: Cluster, vault: Vault) -> dict[str, Any]:
    problem = azure_problem(cluster, vault)
    message = f"AKV service is not reachable from all nodes - {problem}." if problem else ""
    return {
        "reachable": problem is None,
        "message": message,
        "code": _code(cluster, "azure_code" if problem else None),
    }


def ekmip_reachability(cluster: Cluster) -> list[dict[str, Any]]:
    return [
        {
            "node": {
                "uuid": node.uuid,
                "name": node.name,
                "_links": {"self": {"href": f"/api/cluster/nodes/{node.uuid}"}},
            },
            "reachable": node.healthy,
            "message": "" if node.healthy else "embedded KMIP server status unavailable on node.",
            "code": _code(cluster, None if node.healthy else "ekmip_code"),
        }
        for node in cluster.nodes.values()
    ]


def _code(cluster: Cluster, trait: str | None) -> int | str:
    code = cluster.release.traits[trait] if trait else 0
    return str(code) if cluster.trait("code_in_replies") == "string" else code
