# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a cluster reports: version, nodes, licenses, SVMs, DNS, aggregates, volumes, key managers, jobs, log."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from . import ems, health
from . import query as q
from .call import Call, Reply
from .cluster import Aggregate, Cluster, KeyManager, License, Node, Svm, Volume
from .errors import ApiError
from .jobs import Job
from .reading import missing, read_collection, read_one
from .releases import get as release_named

# Those that have a health monitor policy.
KEY_STORE_KINDS = ("akv", "aws", "gcp", "ikp", "kmip", "okm")

# Each kind: all things of a cluster in their natural order, the key by which one is found, and its record.
Things = Callable[[Cluster], Iterable[Any]]


def _version(release: str) -> dict[str, Any]:
    found = release_named(release)
    return {"full": found.full, "generation": found.generation, "major": found.major, "minor": found.minor}


def _self(path: str) -> dict[str, Any]:
    return {"self": {"href": f"/api/{path}"}}


def _node(_cluster: Cluster, node: Node) -> dict[str, Any]:
    return {
        "uuid": node.uuid,
        "name": node.name,
        "state": node.state or ("up" if node.healthy else "down"),
        "membership": "member",
        "version": _version(node.release),
        "_links": _self(f"cluster/nodes/{node.uuid}"),
    }


def _license(_cluster: Cluster, package: License) -> dict[str, Any]:
    return {
        "name": package.name,
        "scope": "node",
        "state": package.state,
        "_links": _self(f"cluster/licensing/licenses/{package.name}"),
    }


def _svm(_cluster: Cluster, svm: Svm) -> dict[str, Any]:
    return {
        **svm.reference,
        "state": svm.state,
        "subtype": svm.subtype,
        "dns": svm.dns,
        "_links": _self(f"svm/svms/{svm.uuid}"),
    }


def _dns(_cluster: Cluster, svm: Svm) -> dict[str, Any]:
    return {
        "uuid": svm.uuid,
        "svm": svm.reference,
        **(svm.dns or {}),
        "_links": _self(f"name-services/dns/{svm.uuid}"),
    }


class _Network:
    """The one LIF or the one route of an SVM."""

    def __init__(self, cluster: Cluster, svm: Svm) -> None:
        self.svm = svm
        self.uuid = cluster.make_uuid("network", svm.name)


def _interface(_cluster: Cluster, of: _Network) -> dict[str, Any]:
    return {
        "uuid": of.uuid,
        "name": f"{of.svm.name}_lif1",
        "scope": "svm",
        "svm": of.svm.reference,
        "state": of.svm.lif,
        "enabled": True,
        "ip": {"address": "192.0.2.10"},
        "_links": _self(f"network/ip/interfaces/{of.uuid}"),
    }


def _route(_cluster: Cluster, of: _Network) -> dict[str, Any]:
    return {
        "uuid": of.uuid,
        "scope": "svm",
        "svm": of.svm.reference,
        "gateway": "192.0.2.1",
        "destination": {"address": "0.0.0.0", "family": "ipv4", "netmask": "0"},
        "_links": _self(f"network/ip/routes/{of.uuid}"),
    }


def _aggregate(_cluster: Cluster, aggregate: Aggregate) -> dict[str, Any]:
    return {
        "uuid": aggregate.uuid,
        "name": aggregate.name,
        "node": {"uuid": aggregate.node.uuid, "name": aggregate.node.name},
        "state": "online",
        "data_encryption": {"software_encryption_enabled": aggregate.nae, "drive_protection_enabled": False},
        "_links": _self(f"storage/aggregates/{aggregate.uuid}"),
    }


def _volume(cluster: Cluster, volume: Volume) -> dict[str, Any]:
    encryption: dict[str, Any] = {"enabled": volume.encrypted, "type": "none"}
    offline = False
    if volume.encrypted:
        kind = "aggregate" if volume.nae else "volume"
        encryption.update(type=kind, state=volume.encryption_state, key_id=volume.key_id)
        vault = cluster.enabled_vault(cluster.holder(volume))
        managed = cluster.health_monitor["manage_volume_offline"]
        offline = managed and vault is not None and health.blocked(cluster, vault)
    return {
        "uuid": volume.uuid,
        "name": volume.name,
        "svm": volume.svm.reference,
        "state": "offline" if offline else volume.state,
        "aggregates": [{"name": each.name, "uuid": each.uuid} for each in cluster.aggregates[:1]],
        "encryption": encryption,
        **({"nas": {"path": volume.path}} if volume.path else {}),
        "_links": _self(f"storage/volumes/{volume.uuid}"),
    }


def _key_manager(_cluster: Cluster, manager: KeyManager) -> dict[str, Any]:
    record: dict[str, Any] = {
        "uuid": manager.uuid,
        "scope": "svm" if manager.svm else "cluster",
        "svm": manager.svm.reference if manager.svm else None,
        "volume_encryption": {"supported": True, "message": "", "code": 0},
        "is_default_data_at_rest_encryption_disabled": False,
        "status": {"message": "No action needed at this time.", "code": 65537200},
        "policy": manager.policy,
        "configuration": {"name": manager.configuration, "uuid": manager.uuid},
        "enabled": manager.enabled,
        "_links": _self(f"security/key-managers/{manager.uuid}"),
    }
    if manager.type == "onboard":
        record["onboard"] = {"enabled": True}
    else:
        servers = [{"server": server, "username": "", "timeout": 25} for server in manager.servers]
        record["external"] = {"servers": servers}
    return record


def _job(_cluster: Cluster, job: Job) -> dict[str, Any]:
    return job.record()


def _by_uuid(things: Iterable[Any]) -> list[Any]:
    return sorted(things, key=lambda thing: thing.uuid)


KINDS: dict[str, tuple[str, Things, str, Callable[[Cluster, Any], dict[str, Any]]]] = {
    "cluster/nodes": ("node", lambda cluster: _by_uuid(cluster.nodes.values()), "uuid", _node),
    "cluster/licensing/licenses": (
        "license",
        lambda cluster: sorted(cluster.licenses, key=lambda package: package.name),
        "name",
        _license,
    ),
    "cluster/jobs": ("job", lambda cluster: _by_uuid(cluster.jobs.all.values()), "uuid", _job),
    "svm/svms": ("svm", lambda cluster: _by_uuid(cluster.svms.values()), "uuid", _svm),
    "name-services/dns": (
        "dns",
        lambda cluster: _by_uuid(svm for svm in cluster.svms.values() if svm.dns),
        "svm.uuid",
        _dns,
    ),
    "network/ip/interfaces": (
        "interface",
        lambda cluster: _by_uuid(_Network(cluster, svm) for svm in cluster.svms.values() if svm.lif != "none"),
        "uuid",
        _interface,
    ),
    "network/ip/routes": (
        "route",
        lambda cluster: _by_uuid(_Network(cluster, svm) for svm in cluster.svms.values() if svm.default_route),
        "uuid",
        _route,
    ),
    "storage/aggregates": ("aggregate", lambda cluster: _by_uuid(cluster.aggregates), "uuid", _aggregate),
    "storage/volumes": ("volume", lambda cluster: _by_uuid(cluster.volumes.values()), "uuid", _volume),
    "security/key-managers": (
        "key_manager",
        # The other kinds are in no listing but that of the key-stores.
        lambda cluster: _by_uuid(each for each in cluster.key_managers if each.type in ("onboard", "external")),
        "uuid",
        _key_manager,
    ),
    "support/ems/events": ("ems_event", ems.newest_first, "index", ems.record),
}


def get_collection(path: str) -> Callable[[Call], Reply]:
    kind, things, _key, record = KINDS[path]

    def handle(call: Call) -> Reply:
        schema = call.release.schema(kind)
        return read_collection(call, schema, things(call.cluster), lambda thing, _l, _r: record(call.cluster, thing))

    return handle


def get_one(path: str) -> Callable[[Call], Reply]:
    kind, things, key, record = KINDS[path]
    attribute = key.rpartition(".")[2]

    def handle(call: Call) -> Reply:
        wanted = call.keys[key]
        found = next((each for each in things(call.cluster) if wanted == getattr(each, attribute)), None)
        schema = call.release.schema(kind)
        return read_one(call, schema, found, lambda thing, _l, _r: record(call.cluster, thing))

    return handle


def get_cluster(call: Call) -> Reply:
    cluster = call.cluster
    record = {
        "uuid": cluster.uuid,
        "name": cluster.name,
        "version": _version(cluster.version.name),
        "dns_domains": (cluster.dns or {}).get("domains"),
        "name_servers": (cluster.dns or {}).get("servers"),
        "_links": _self("cluster"),
    }
    return read_one(call, call.release.schema("cluster"), cluster, lambda _thing, _l, _r: record)


def get_metrocluster(call: Call) -> Reply:
    """One of two sites, or a cluster that has no partner."""
    cluster = call.cluster
    both = bool(cluster.settings.get("metrocluster"))
    local = {
        "cluster": {"uuid": cluster.uuid, "name": cluster.name},
        "configuration_state": "configured" if both else "not_configured",
        "mode": "normal" if both else "not_configured",
    }
    record: dict[str, Any] = {"local": local, "_links": _self("cluster/metrocluster")}
    if both:
        partner = {"uuid": cluster.make_uuid("cluster", "partner"), "name": f"{cluster.name}-partner"}
        record["remote"] = {**local, "cluster": partner}
    return read_one(call, call.release.schema("metrocluster"), cluster, lambda _thing, _l, _r: record)


def get_software(call: Call) -> Reply:
    """What an automated update is doing; nothing where there was none."""
    cluster = call.cluster
    record: dict[str, Any] = {"version": cluster.version.name, "_links": _self("cluster/software")}
    if "update" in cluster.settings:
        record["state"] = cluster.settings["update"]
    return read_one(call, call.release.schema("software"), cluster, lambda _thing, _l, _r: record)


def get_key_manager_configs(call: Call) -> Reply:
    monitor = call.cluster.health_monitor
    policies = {kind: {"enabled": True, "manage_volume_offline": True} for kind in KEY_STORE_KINDS}
    policies["akv"] = {name: monitor[name] for name in policies["akv"]}
    record = {
        "cc_mode_enabled": False,
        "health_monitor_polling_interval": monitor["polling_interval"],
        "cloud_kms_retry_count": 3,
        "health_monitor_policy": policies,
        "_links": _self("security/key-manager-configs"),
    }
    return read_one(call, call.release.schema("key_manager_config"), record, lambda _thing, _l, _r: record)


def cancel_job(call: Call) -> Reply:
    """PATCH of a job: only action=cancel is offered."""
    job = call.cluster.jobs.all.get(call.keys["uuid"])
    if job is None:
        raise missing()
    pairs = dict(q.split_query(call.query))
    if pairs.get("action") != "cancel":
        raise ApiError(262197, pairs.get("action", ""), "action", "cancel", target="action")
    call.cluster.jobs.cancel(job)
    return Reply(200, {})
