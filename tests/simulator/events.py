# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Events: what happens to a cluster, its nodes and Azure. One verb a mapping, the same in a scenario and live."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import ems, health, jobs
from .azure.codes import CODES
from .azure.declared import OPERATIONS, moment
from .azure.world import Application, split_key_id
from .cluster import MISSING, Cluster, Vault
from .shapes import Check, Record, ScenarioError, choice, flag, integer, list_of, mapping_of, number, one_verb, text

# What a volume can be, in a scenario and in an event.
VOLUME = {"encrypted": flag, "nae": flag, "keys_with_admin": flag, "keys_with_both": flag}
SETTLES = Record(takes={"reads": integer, "seconds": number})
OWNER = {"svm": text, "scope": choice("cluster"), "configuration": text}


def _vault(cluster: Cluster, argument: dict[str, Any]) -> Vault:
    """The vault that an event is about: by SVM or scope, the enabled configuration unless one is named."""
    if ("svm" in argument) == ("scope" in argument):
        raise ScenarioError("no owner. Give svm or scope: cluster")
    svm = cluster.svm(argument["svm"]) if "svm" in argument else None
    for vault in cluster.vaults.values():
        wanted = argument.get("configuration")
        if vault.svm is svm and (vault.configuration == wanted if wanted else vault.enabled):
            return vault
    raise ScenarioError(f"there is no vault of {argument.get('svm', 'the cluster')}")


def _lose_keys(cluster: Cluster, argument: dict[str, Any]) -> None:
    vault = _vault(cluster, argument)
    for node in cluster.node_names(argument.get("nodes")):
        vault.missing[node] = argument.get("reason", MISSING)


def _recover_keys(cluster: Cluster, argument: dict[str, Any]) -> None:
    vault = _vault(cluster, argument)
    for node in cluster.node_names(argument.get("nodes")):
        vault.missing.pop(node, None)


def _expire_credential(cluster: Cluster, argument: dict[str, Any]) -> None:
    vault = _vault(cluster, argument)
    vault.expired.add(vault.credential[1])


def _change_key(**change: Any) -> Callable[[Cluster, dict[str, Any]], None]:
    def apply(cluster: Cluster, argument: dict[str, Any]) -> None:
        key_id = argument.get("key_id") or _vault(cluster, argument).settings["key_id"]
        key = cluster.azure.world.key(key_id)
        for name, value in change.items():
            setattr(key, name, value)
        if "enabled" in change:
            # What holds for the whole key holds for each of its versions.
            for one in key.versions:
                one.enabled = None

    return apply


def _rotate_key(cluster: Cluster, argument: dict[str, Any]) -> None:
    """Azure makes a new version of the key; ONTAP wraps its own anew and tells the new version."""
    key, _version = split_key_id(argument.get("key_id") or _vault(cluster, argument).settings["key_id"])
    old, version = cluster.azure.world.rotate_key(
        argument.get("key_id") or _vault(cluster, argument).settings["key_id"], argument.get("version")
    )
    for vault in cluster.vaults.values():
        its_key, its_version = split_key_id(vault.settings["key_id"])
        if its_key.lower() == key.lower() and its_version:
            vault.settings["key_id"] = f"{its_key}/{version}"
    ems.note_of_key(cluster, key, "keyVersionChanged", oldKeyVersion=old, newKeyVersion=version)


def _expire_key(cluster: Cluster, argument: dict[str, Any]) -> None:
    """A version of the key expires; ONTAP says so, and goes on with it."""
    key_id = argument.get("key_id") or _vault(cluster, argument).settings["key_id"]
    key = cluster.azure.world.key(key_id)
    version = key.version(split_key_id(key_id)[1])
    if version is not None:
        version.expires = cluster.azure.world.clock.now()
    ems.note_of_key(cluster, key_id, "keyExpired")


def _delete_key(cluster: Cluster, argument: dict[str, Any]) -> None:
    """Delete a key in Azure; it can be recovered."""
    world = cluster.azure.world
    world.key(argument.get("key_id") or _vault(cluster, argument).settings["key_id"]).deleted = world.clock.now()


def _recover_key(cluster: Cluster, argument: dict[str, Any]) -> None:
    cluster.azure.world.key(argument.get("key_id") or _vault(cluster, argument).settings["key_id"]).deleted = None


def _ems(cluster: Cluster, argument: dict[str, Any]) -> None:
    """Any other line of the event log."""
    node = argument.get("node")
    cluster.node_names([node] if node else None)
    ems.note(cluster, argument["name"], argument.get("severity", "notice"), argument.get("parameters", {}), node)


def _azure(cluster: Cluster, argument: dict[str, Any]) -> None:
    cluster.azure.reachable = argument["reachable"]


def _application(cluster: Cluster, argument: dict[str, Any]) -> Application:
    found = cluster.azure.world.application(argument["client_id"])
    if found is None:
        raise ScenarioError(f"azure knows no application {argument['client_id']!r}")
    return found


def _add_secret(cluster: Cluster, argument: dict[str, Any]) -> None:
    """A new secret of an application, as an administrator of Azure makes it."""
    application, secret = _application(cluster, argument), argument["secret"]
    cluster.azure.world.add_secret(application, secret, argument.get("name"), argument.get("expires"))
    cluster.secrets.add(secret)


def _remove_secret(cluster: Cluster, argument: dict[str, Any]) -> None:
    application = _application(cluster, argument)
    kept = [one for one in application.secrets if one.value != argument["secret"]]
    if len(kept) == len(application.secrets):
        raise ScenarioError(f"azure knows no such secret of {argument['client_id']!r}")
    application.secrets = kept


def _change_application(cluster: Cluster, argument: dict[str, Any]) -> None:
    application = _application(cluster, argument)
    for name, value in argument.items():
        if name != "client_id":
            setattr(application, name, value)


def _change_key_vault(cluster: Cluster, argument: dict[str, Any]) -> None:
    vault = cluster.azure.world.key_vault(argument["host"])
    for name, value in argument.items():
        if name == "blocked_by":
            vault.blocked_by = None if value == "none" else value
        elif name != "host":
            setattr(vault, name, value)


def _create_volume(cluster: Cluster, argument: dict[str, Any]) -> None:
    cluster.add_volume(**argument)


def _delete_volume(cluster: Cluster, argument: dict[str, Any]) -> None:
    if cluster.volumes.pop((argument["svm"], argument["name"]), None) is None:
        raise ScenarioError(f"there is no volume {argument['name']!r} of {argument['svm']!r}")


def _create_vault(cluster: Cluster, argument: dict[str, Any]) -> None:
    """Somebody else makes a vault."""
    from .scenario import VAULT

    cluster.add_vaults(VAULT(argument, "create_vault"))


def _delete_vault(cluster: Cluster, argument: dict[str, Any]) -> None:
    """Somebody else deletes a vault."""
    cluster.forget_vault(_vault(cluster, argument))


def _node(cluster: Cluster, argument: dict[str, Any]) -> None:
    (name,) = cluster.node_names([argument["name"]])
    for change, value in argument.items():
        setattr(cluster.nodes[name], change, value)


def _key_store_state(cluster: Cluster, argument: dict[str, Any]) -> None:
    _vault(cluster, argument).key_store_state = argument["state"]


def _advance_clock(cluster: Cluster, argument: dict[str, Any]) -> None:
    cluster.clock.advance(argument["seconds"])


def _state_settles_after(cluster: Cluster, argument: dict[str, Any]) -> None:
    cluster.settles = argument


def _fail_next_job(cluster: Cluster, argument: dict[str, Any]) -> None:
    argument = dict(argument or {})
    for _time in range(argument.pop("times", 1)):
        cluster.jobs.plans.append(jobs.Plan(**argument))


def _partial_restore(cluster: Cluster, argument: dict[str, Any]) -> None:
    cluster.failing_nodes.append(cluster.node_names(argument["nodes"]))


def _fault_shape(value: Any, where: str) -> dict[str, Any]:
    from .faults import check

    return check(value, where)


def _add_fault(cluster: Cluster, argument: dict[str, Any]) -> None:
    from .faults import Fault

    cluster.faults.append(Fault.of(argument))


def _clear_faults(cluster: Cluster, _argument: dict[str, Any]) -> None:
    """No fault any more, and nothing in wait for the next job."""
    cluster.faults.clear()
    cluster.jobs.plans.clear()
    cluster.failing_nodes.clear()


def _job_times(cluster: Cluster, argument: dict[str, Any]) -> None:
    for name, seconds in argument.items():
        setattr(cluster.jobs, name, seconds)


VERBS: dict[str, tuple[Check, Callable[[Any, Any], None]]] = {
    "lose_keys": (Record(takes={**OWNER, "nodes": list_of(text), "reason": text}), _lose_keys),
    "recover_keys": (Record(takes={**OWNER, "nodes": list_of(text)}), _recover_keys),
    "expire_credential": (Record(takes=OWNER), _expire_credential),
    "disable_key": (Record(takes={**OWNER, "key_id": text}), _change_key(enabled=False)),
    "enable_key": (Record(takes={**OWNER, "key_id": text}), _change_key(enabled=True, permitted=True)),
    "forbid_key": (Record(takes={**OWNER, "key_id": text}), _change_key(permitted=False)),
    "rotate_key": (Record(takes={**OWNER, "key_id": text, "version": text}), _rotate_key),
    "expire_key": (Record(takes={**OWNER, "key_id": text}), _expire_key),
    "ems": (
        Record(
            needs={"name": text},
            takes={"severity": text, "node": text, "parameters": mapping_of(text)},
        ),
        _ems,
    ),
    "azure": (Record(needs={"reachable": flag}), _azure),
    "delete_key": (Record(takes={**OWNER, "key_id": text}), _delete_key),
    "recover_key": (Record(takes={**OWNER, "key_id": text}), _recover_key),
    "add_secret": (
        Record(needs={"client_id": text, "secret": text}, takes={"name": text, "expires": moment}),
        _add_secret,
    ),
    "remove_secret": (Record(needs={"client_id": text, "secret": text}), _remove_secret),
    "application": (
        Record(
            needs={"client_id": text},
            takes={
                **dict.fromkeys(("enabled", "service_principal", "public_client", "conditional_access"), flag),
                "refused_with": choice(*CODES),
                "graph": list_of(text),
            },
        ),
        _change_application,
    ),
    "key_vault": (
        Record(
            needs={"host": text},
            takes={
                "blocked_by": choice("none", "firewall", "connection"),
                "policies": mapping_of(list_of(choice(*OPERATIONS))),
                "roles": mapping_of(list_of(text)),
                "recovery_level": text,
                "requests_per_10_s": integer,
            },
        ),
        _change_key_vault,
    ),
    "create_volume": (
        Record(needs={"svm": text, "name": text}, takes=VOLUME),
        _create_volume,
    ),
    "delete_volume": (Record(needs={"svm": text, "name": text}), _delete_volume),
    "create_vault": (lambda value, where: value, _create_vault),
    "delete_vault": (Record(takes=OWNER), _delete_vault),
    "node": (Record(needs={"name": text}, takes={"healthy": flag, "capable": flag, "cluster_lif": flag}), _node),
    "key_store_state": (Record(needs={"state": text}, takes=OWNER), _key_store_state),
    "advance_clock": (Record(needs={"seconds": number}), _advance_clock),
    "state_settles_after": (SETTLES, _state_settles_after),
    "fail_next_job": (
        Record(
            takes={
                "ends": choice(*jobs.ENDS),
                "code": integer,
                "message": text,
                "arguments": list_of(text),
                "effect": flag,
                "reason_in": choice(*jobs.REASON_IN),
                "times": integer,
            }
        ),
        _fail_next_job,
    ),
    "partial_restore": (Record(needs={"nodes": list_of(text)}), _partial_restore),
    "add_fault": (_fault_shape, _add_fault),
    "clear_faults": (Record(), _clear_faults),
    "job_times": (Record(takes={"queued": number, "running": number, "kept": number}), _job_times),
}
EVENT = one_verb({verb: shape for verb, (shape, _apply) in VERBS.items()}, "event")


def apply(cluster: Cluster, event: dict[str, Any]) -> None:
    """Let an event, checked by EVENT, happen.

    Raises ScenarioError where it names what is not there.
    """
    ((verb, argument),) = event.items()
    VERBS[verb][1](cluster, argument)
    cluster.touch()
    # So that the 60 minutes to offline volumes count from the event, not from the first reading after it.
    if verb not in ("advance_clock", "job_times", "fail_next_job"):
        for vault in cluster.vaults.values():
            health.azure_problem(cluster, vault)
        ems.look(cluster)
