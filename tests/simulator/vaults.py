# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""/api/security/azure-key-vaults: reading, creating, changing, deleting, restoring, rekeying."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from . import health
from . import query as q
from .azure.world import split_key_id, version_of
from .call import Call, Pending, Reply, leaves_of
from .cluster import DEFAULT_SETTINGS, Cluster, Late, Svm, Vault, conflict
from .errors import ApiError
from .reading import Build, matching, missing, read_collection, read_one
from .releases import Schema

KIND = "azure_key_vault"
PATH = "/api/security/azure-key-vaults"
# Parameters that every changing call takes.
CHANGING = {"return_timeout", "return_records", "pretty"}
KEY_ID = re.compile(r"https://[^/\s]+/keys/[^/\s]+(/[^/\s]*)?/?", re.IGNORECASE)
# "https:://" with two colons stands in the vendor's own examples.
NAME = re.compile(r"https::?//[^/\s]+/?", re.IGNORECASE)
# Key-store states in which no rekey starts, and what says so.
REKEY_BLOCKED = {"switching": 65537610, "initializing": 65539436, "disabling": 65539437}
COSTLY = frozenset(["state", "azure_reachability", "ekmip_reachability"])
SECRETS = ("client_secret", "client_certificate", "proxy_password")


# --- reading ----------------------------------------------------------------------------------------------------------


def record(cluster: Cluster, vault: Vault, leaves: frozenset[str], reading: bool) -> dict[str, Any]:
    """A vault as ONTAP tells it, with the costly parts only where they are asked for."""
    if vault.reported[0] != cluster.changes:
        vault.reported = cluster.changes, _settled(cluster, vault)
    reported = vault.reported[1]
    asked = _costly(leaves)
    if not asked or not vault.enabled:
        return reported
    reported = dict(reported)
    if "state" in asked:
        reported["state"] = health.state(cluster, vault, reading)
    if "azure_reachability" in asked:
        reported["azure_reachability"] = health.azure_reachability(cluster, vault)
    if "ekmip_reachability" in asked:
        reported["ekmip_reachability"] = health.ekmip_reachability(cluster)
    return reported


@lru_cache(maxsize=256)
def _costly(leaves: frozenset[str]) -> frozenset[str]:
    return COSTLY & {path.partition(".")[0] for path in leaves}


def _settled(cluster: Cluster, vault: Vault) -> dict[str, Any]:
    """What stays the same until something changes."""
    reported: dict[str, Any] = {
        "uuid": vault.uuid,
        "scope": "svm" if vault.svm else "cluster",
        "authentication_method": vault.credential[0],
        "configuration": {"name": vault.configuration, "uuid": vault.uuid},
        "enabled": vault.enabled,
        **DEFAULT_SETTINGS,
        **vault.settings,
        "key_id": key_id_reported(cluster, vault.settings["key_id"]),
        "_links": {"self": {"href": vault.href}},
    }
    if vault.svm:
        reported["svm"] = vault.svm.reference
    return reported


def key_id_reported(cluster: Cluster, key_id: str) -> str:
    """A key_id as replies show it: with its version, without, or with one added."""
    key, version = split_key_id(key_id)
    how = cluster.trait("key_version_in_replies")
    if how == "drop" and version:
        return key
    if how == "add" and not version:
        return f"{key}/{cluster.azure.world.newest_version(key) or version_of(key)}"
    return key_id


def _build(cluster: Cluster) -> Build:
    return lambda vault, leaves, reading: record(cluster, vault, leaves, reading)


def get_collection(call: Call) -> Reply:
    cluster = call.cluster
    return read_collection(call, cluster.schema(KIND), cluster.shown_vaults(), _build(cluster))


def get_one(call: Call) -> Reply:
    cluster = call.cluster
    return read_one(call, cluster.schema(KIND), cluster.vaults.get(call.keys["uuid"]), _build(cluster))


# --- what changing calls share ----------------------------------------------------------------------------------------


def parameters(call: Call, allowed: set[str], kind: str = KIND) -> dict[str, str]:
    """The query parameters of a call that changes one record, checked."""
    schema = call.cluster.schema(kind)
    given: dict[str, str] = {}
    for name, value in q.split_query(call.query):
        if name in given:
            raise ApiError(262188, name, target=name)
        one = schema.fields.get(name)
        if one is not None and one.secret:
            raise ApiError(262202, name, target=name)
        if name not in allowed:
            raise ApiError(262211 if call.method == "POST" and one else 262179, name, target=name)
        given[name] = value
    q.boolean(given, "return_records", False)
    q.integer(given, "return_timeout", 0, 120)
    return given


def asynchronous(cluster: Cluster, kind: str) -> bool:
    """Whether a call of that kind runs as a job: as the release or the scenario has it, or because it always does."""
    how = cluster.settings.get("asynchronous", "auto")
    if kind not in ("post", "patch", "delete") or how == "always":
        return True
    return how == "auto" and kind in cluster.release.traits["asynchronous"]


def run(
    call: Call, kind: str, svm: Svm | None, effect: Callable[[], None], done: Reply, given: dict[str, str] | None
) -> Reply | Pending:
    """Do a change, at once or as a job. `done` is the reply of a change that is done.

    `given` are the parameters of a call on one record; without, the change is one of many and done at once.
    """
    if call.later is not None:
        call.cluster.later.append(Late(call.later, effect))
        return Reply(202, {})
    if given is None or not asynchronous(call.cluster, kind):
        effect()
        return done
    job = call.cluster.start_job(f"{call.method} {call.path}", effect, svm)
    timeout = q.integer(given, "return_timeout", 0, 120) or 0
    accepted = Reply(202, {**job.link(), **(done.body or {})}, done.headers)
    return Pending(
        job, timeout, accepted, lambda: Reply(done.status, {**job.link(), **(done.body or {})}, done.headers)
    )


def configured(call: Call, inactive_too: bool = False) -> Vault:
    """The vault that the path names: an enabled one, or any.

    Raises ApiError as the release words it where there is none.
    """
    vault = call.cluster.vaults.get(call.keys["uuid"])
    if vault is None or not (vault.enabled or inactive_too):
        if call.cluster.settings.get("unknown_uuid") == "entry":
            raise missing()
        raise ApiError(call.release.traits["not_configured"], target="uuid")
    return vault


def _admin_holds_keys(cluster: Cluster, svm: Svm | None) -> bool:
    """Whether keys of the SVM's volumes are in the key manager of the admin SVM."""
    return (
        svm is not None
        and cluster.has_key_manager(None)
        and any(volume.svm is svm and cluster.holder(volume) is None for volume in cluster.encrypted_volumes(None))
    )


# --- creating ---------------------------------------------------------------------------------------------------------


def post(call: Call) -> Reply | Pending:
    allowed = CHANGING | ({"create_inactive"} if call.release.does("configurations") else set())
    given = parameters(call, allowed)
    inactive = q.boolean(given, "create_inactive", False)
    body = call.json()
    many = call.release.does("records_body") and isinstance(body.get("records"), list) and len(body) == 1
    bodies = body["records"] if many else [body]
    made = [_made(call, leaves_of(each, call.cluster.schema(KIND), "post"), inactive) for each in bodies]

    def effect() -> None:
        for vault, _reported in made:
            _check_free(call.cluster, vault)
            if vault.svm and vault.enabled:
                call.cluster.keep_keys(vault.svm)
            call.cluster.add_vault(vault)
            call.cluster.settle_later(vault)
            health.poll(call.cluster, vault)

    reported: dict[str, Any] = {"num_records": len(made)}
    if many or q.boolean(given, "return_records", False):
        reported["records"] = [shown for _vault, shown in made]
    if many:
        effect()
        return Reply(201, reported)
    headers = {"Location": made[0][0].href} if call.cluster.settings.get("location_header", True) else {}
    return run(call, "post", made[0][0].svm, effect, Reply(201, reported, headers), given)


def _made(call: Call, leaves: dict[str, Any], inactive: bool) -> tuple[Vault, dict[str, Any]]:
    """The vault that a body asks for, checked, and what the reply tells of it: what was sent, less the secrets."""
    cluster, release = call.cluster, call.release
    for name in ("client_id", "tenant_id", "key_id", "name"):
        if leaves.get(name) is None:
            raise ApiError(262212, name, target=name)
        if not leaves[name].strip():
            raise ApiError(262245, leaves[name], name, "it must not be empty", target=name)
    credential = _credential(call, leaves)
    if credential is None:
        raise (
            ApiError(65537567)
            if release.does("credential_by_name")
            else ApiError(262212, "client_secret", target="client_secret")
        )
    _check_forms(call, leaves)
    svm = _svm(cluster, leaves)
    configuration = _configuration(call, leaves, svm, inactive)
    settings = {
        name: value
        for name, value in leaves.items()
        if value is not None and "." not in name and name not in (*SECRETS, "authentication_method")
    }
    vault = Vault(
        uuid=cluster.next_uuid("vaults"),
        svm=svm,
        settings=settings,
        credential=credential,
        proxy_password=leaves.get("proxy_password"),
        configuration=configuration,
        enabled=not inactive,
    )
    _check_cluster(cluster, svm)
    _check_free(cluster, vault)
    reported: dict[str, Any] = {"uuid": vault.uuid}
    if svm:
        reported["svm"] = svm.reference
    reported.update({**settings, "key_id": key_id_reported(cluster, settings["key_id"])})
    if "configuration.name" in leaves:
        reported["configuration"] = {"name": configuration}
    reported["_links"] = {"self": {"href": vault.href}}
    return vault, reported


def _credential(call: Call, leaves: dict[str, Any]) -> tuple[str, str] | None:
    """The credential in a body: its kind and value, or None."""
    secret, certificate = leaves.get("client_secret"), leaves.get("client_certificate")
    if secret is not None and certificate is not None:
        raise ApiError(262186, "client_secret", "client_certificate", target="client_secret")
    method = leaves.get("authentication_method")
    if (method == "certificate" and certificate is None) or (method == "client_secret" and secret is None):
        wanted = "client_certificate" if method == "certificate" else "client_secret"
        raise ApiError(262212, wanted, target=wanted)
    if certificate is not None:
        try:
            der = base64.b64decode(certificate, validate=True)
        except (binascii.Error, ValueError):
            der = b""
        if not der.startswith(b"\x30"):
            raise ApiError(65537573, target="client_certificate")
        return "certificate", certificate
    if secret is not None:
        if not secret.strip():
            code = 65537540 if call.release.does("secret_checked") else 65537517
            raise ApiError(code, target="client_secret")
        return "client_secret", secret
    return None


def _check_forms(call: Call, leaves: dict[str, Any]) -> None:
    key_id, name = leaves.get("key_id"), leaves.get("name")
    if key_id is not None and call.release.does("key_id_checked") and not KEY_ID.fullmatch(key_id):
        raise ApiError(65537523, target="key_id")
    if name is not None and call.release.does("name_checked") and not NAME.fullmatch(name):
        raise ApiError(65537553, target="name")
    for port in ("proxy_port", "port"):
        if leaves.get(port) is not None and not 1 <= leaves[port] <= 65535:
            raise ApiError(262245, leaves[port], port, "it must be between 1 and 65535", target=port)


def _svm(cluster: Cluster, leaves: dict[str, Any]) -> Svm | None:
    name, uuid = leaves.get("svm.name"), leaves.get("svm.uuid")
    if name is None and uuid is None:
        if not cluster.settings.get("cluster_vault", True):
            raise ApiError(262212, "svm.name", target="svm")
        return None
    by_uuid = next((svm for svm in cluster.svms.values() if svm.uuid == uuid), None)
    by_name = cluster.svms.get(name) if name is not None else None
    if uuid is not None and by_uuid is None:
        raise ApiError(2621462, uuid, target="svm.uuid")
    if name is not None and by_name is None:
        raise ApiError(2621462, name, target="svm.name")
    if by_uuid and by_name and by_uuid is not by_name:
        raise ApiError(2621706, target="svm.uuid")
    return by_uuid or by_name


def _configuration(call: Call, leaves: dict[str, Any], svm: Svm | None, inactive: bool) -> str:
    """The name of the configuration to be made, checked."""
    if "configuration.name" not in leaves:
        if inactive:
            raise ApiError(65537594, target="configuration.name")
        return "default"
    name = leaves["configuration.name"]
    if not name:
        raise ApiError(65538903, target="configuration.name")
    if not inactive:
        raise ApiError(65537595, target="configuration.name")
    if name == "default":
        raise ApiError(65538902, target="configuration.name")
    return str(name)


def _check_cluster(cluster: Cluster, svm: Svm | None) -> None:
    """What of the cluster forbids any vault."""
    if cluster.settings.get("metrocluster"):
        raise ApiError(65537506)
    if cluster.release.does("capability_checked") and not all(node.capable for node in cluster.nodes.values()):
        raise ApiError(65537512)
    if not all(node.cluster_lif for node in cluster.nodes.values()):
        raise ApiError(65537518)
    check_nae(cluster, svm)


def check_nae(cluster: Cluster, svm: Svm | None) -> None:
    if any(volume.nae for volume in cluster.volumes.values() if svm is None or volume.svm is svm):
        for check, code in (("nae_volumes_15", 65539703), ("nae_volumes", 65539704)):
            if cluster.release.does(check):
                raise ApiError(code)


def _check_free(cluster: Cluster, vault: Vault) -> None:
    """What of the SVM forbids this vault."""
    if vault.enabled:
        refusal = conflict(cluster, vault.svm)
        if refusal:
            raise refusal
        if cluster.release.does("admin_svm_keys_checked") and _admin_holds_keys(cluster, vault.svm):
            raise ApiError(65537505)
    for other in cluster.vaults.values():
        if not vault.enabled and other.svm is vault.svm and other.configuration == vault.configuration:
            raise ApiError(65537589, target="configuration.name")


# --- changing ---------------------------------------------------------------------------------------------------------


def patch(call: Call) -> Reply | Pending:
    given = parameters(call, CHANGING)
    leaves = leaves_of(call.json(), call.cluster.schema(KIND), "patch")
    return _patch(call, configured(call, inactive_too=True), leaves, given)


def _patch(call: Call, vault: Vault, leaves: dict[str, Any], given: dict[str, str] | None) -> Reply | Pending:
    cluster, release = call.cluster, call.release
    if not leaves.get("client_secret") and (release.does("secret_required") or not leaves):
        raise ApiError(65537541) if release.does("empty_patch_refused") else ApiError(65537517, target="client_secret")
    credential = _credential(call, leaves)
    _check_forms(call, leaves)
    for name in ("client_id", "tenant_id", "key_id"):
        if name in leaves and not leaves[name]:
            raise ApiError(262245, leaves[name] or "", name, "it must not be empty", target=name)
    if "key_id" in leaves:
        check_rekey(cluster, vault, external=True)
    changed = {name: value for name, value in leaves.items() if name not in (*SECRETS, "authentication_method")}
    if credential and release.does("secret_checked") and not leaves.get("skip_verification"):
        _verify(cluster, vault, changed, credential)

    def effect() -> None:
        was_bad = health.azure_problem(cluster, vault) is not None
        vault.change(changed, credential)
        cluster.touch()
        if "proxy_password" in leaves:
            vault.proxy_password = leaves["proxy_password"]
        cluster.secrets.update(leaves[name] for name in SECRETS if leaves.get(name))
        health.poll(cluster, vault)
        if credential and was_bad:
            cluster.settle_later(vault)

    return run(call, "patch", vault.svm, effect, Reply(200, {}), given)


def _verify(cluster: Cluster, vault: Vault, changed: dict[str, Any], credential: tuple[str, str]) -> None:
    """ONTAP tries a new credential before it takes it."""
    candidate = Vault(
        uuid=vault.uuid,
        svm=vault.svm,
        settings={**vault.settings, **changed},
        credential=credential,
        expired=vault.expired,
    )
    if cluster.azure.reachable and cluster.azure.credential_problem(candidate):
        code, target = (
            (65537540, "client_secret") if credential[0] == "client_secret" else (65537573, "client_certificate")
        )
        raise ApiError(code, target=target)


# --- deleting ---------------------------------------------------------------------------------------------------------


def delete(call: Call) -> Reply | Pending:
    given = parameters(call, CHANGING)
    return _delete(call, configured(call), given)


def _delete(call: Call, vault: Vault, given: dict[str, str] | None) -> Reply | Pending:
    cluster = call.cluster

    def effect() -> None:
        _check_unused(cluster, vault)
        cluster.forget_vault(vault)

    _check_unused(cluster, vault)
    return run(call, "delete", vault.svm, effect, Reply(200, {}), given)


def _check_unused(cluster: Cluster, vault: Vault) -> None:
    if vault.svm is None:
        manager = next((manager for manager in cluster.key_managers if manager.svm is None), None)
        if manager and manager.drives:
            raise ApiError(65536242)
        if manager and manager.nse_keys:
            raise ApiError(65536924)
        if cluster.release.does("root_volumes_checked") and any(node.root_encrypted for node in cluster.nodes.values()):
            raise ApiError(196608080)
        if any(aggregate.nae for aggregate in cluster.aggregates):
            raise ApiError(196608305)
    if cluster.encrypted_volumes(vault.svm):
        raise ApiError(65536867)


# --- the collection as a whole ----------------------------------------------------------------------------------------


def patch_collection(call: Call) -> Reply:
    schema = call.cluster.schema(KIND)
    leaves = leaves_of(call.json(), schema, "patch")
    things = call.cluster.sorted_vaults()
    return each_match(call, schema, things, _build(call.cluster), lambda vault: _patch(call, vault, leaves, None))


def delete_collection(call: Call) -> Reply:
    things = [vault for vault in call.cluster.sorted_vaults() if vault.enabled]
    schema = call.cluster.schema(KIND)
    return each_match(call, schema, things, _build(call.cluster), lambda vault: _delete(call, vault, None))


def each_match(
    call: Call, schema: Schema, things: list[Any], build: Build, change: Callable[[Any], Reply | Pending]
) -> Reply:
    """Change every match, as ONTAP does. The first refusal ends it, unless continue_on_failure says otherwise."""
    pairs = q.split_query(call.query)
    filters = "&".join(
        part
        for part in call.query.split("&")
        if part.partition("=")[0] not in ("continue_on_failure", "serial_records", "return_records")
    )
    go_on = ("continue_on_failure", "true") in pairs
    query = q.parse(filters, schema, call.release.parameters)
    if not query.filters and query.across is None:
        raise ApiError(262177, message="A PATCH or DELETE of a collection needs at least one field in its query.")
    changed = 0
    for _record, thing in matching(query, things, build)[: query.max_records]:
        try:
            change(thing)
            changed += 1
        except ApiError:
            if not go_on:
                raise
    return Reply(200, {"num_records": changed})


# --- restoring and rekeying -------------------------------------------------------------------------------------------


def restore(call: Call) -> Reply | Pending:
    given = parameters(call, CHANGING)
    vault = configured(call)
    cluster = call.cluster
    failing = cluster.failing_nodes.pop(0) if cluster.failing_nodes else []

    def effect() -> None:
        if vault.uuid not in cluster.vaults:
            raise ApiError(call.release.traits["not_configured"])
        health.poll(cluster, vault)
        failed = [node for node in vault.missing if vault.problem or node in failing or not cluster.nodes[node].healthy]
        # A node that the scenario lets fail fails, whether keys were missing there or not.
        failed += [node for node in failing if node not in failed]
        for node in list(vault.missing):
            if node not in failed:
                del vault.missing[node]
        if failed:
            refusal = ApiError(65537515)
            names = ", ".join(failed)
            refusal.message = f"{refusal.message} Nodes: {names}."
            refusal.arguments = failed
            raise refusal

    return run(call, "restore", vault.svm, effect, Reply(call.release.traits["in_time"]), given)


def check_rekey(cluster: Cluster, vault: Vault, external: bool) -> None:
    if cluster.release.does("admin_svm_keys_block_rekey") and any(
        volume.svm is vault.svm and volume.keys_with_admin for volume in cluster.volumes.values()
    ):
        raise ApiError(65537547)
    if cluster.release.does("key_store_state") and vault.key_store_state in REKEY_BLOCKED:
        raise ApiError(REKEY_BLOCKED[vault.key_store_state])
    if (
        not external
        and cluster.settings.get("internal_keys") == "by_volumes"
        and not cluster.encrypted_volumes(vault.svm)
    ):
        raise ApiError(65537559)


def rekey_internal(call: Call) -> Reply | Pending:
    given = parameters(call, CHANGING)
    vault = configured(call)
    check_rekey(call.cluster, vault, external=False)
    return run(call, "rekey", vault.svm, _rekey(call, vault, None), Reply(call.release.traits["in_time"]), given)


def rekey_external(call: Call) -> Reply | Pending:
    given = parameters(call, CHANGING)
    vault = configured(call)
    leaves = leaves_of(call.json(), call.release.schema("rekey_external"), "post")
    key_id = leaves.get("key_id")
    if not key_id:
        raise ApiError(262212, "key_id", target="key_id")
    _check_forms(call, leaves)
    check_rekey(call.cluster, vault, external=True)
    return run(call, "rekey", vault.svm, _rekey(call, vault, key_id), Reply(call.release.traits["in_time"]), given)


def _rekey(call: Call, vault: Vault, key_id: str | None) -> Callable[[], None]:
    cluster = call.cluster

    def effect() -> None:
        if vault.uuid not in cluster.vaults:
            raise ApiError(call.release.traits["not_configured"])
        problem = cluster.azure.key_problem(vault, key_id, "wrapKey") if key_id else None
        if problem or not cluster.azure.reachable:
            raise ApiError(65537605, message=f"The cloud key service can't be used: {problem or 'it timed out'}.")
        if key_id:
            vault.settings["key_id"] = key_id
            cluster.touch()
        health.poll(cluster, vault)

    return effect
