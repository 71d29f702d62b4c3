# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""What a diagnosis rests on: AKV configurations, key stores, volumes, health monitor, each read once.

Only the configurations must be readable. A right that is missing (403), or an endpoint that is missing (404), makes
the one reading unknown, with a warning.
"""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Callable, Iterable, Mapping

from ansible_collections.ontap.akv.plugins.module_utils._akv import health, releases
from ansible_collections.ontap.akv.plugins.module_utils._akv.configuration import Configuration, offline, protected
from ansible_collections.ontap.akv.plugins.module_utils._akv.diagnosis import diagnose
from ansible_collections.ontap.akv.plugins.module_utils._akv.record import (
    Record,
    is_unclear,
    place_of,
    svm_name,
    svm_record,
    without_identity,
)
from ansible_collections.ontap.akv.plugins.module_utils._akv.scope import Scope
from ansible_collections.ontap.akv.plugins.module_utils._ontap import key_stores, reading
from ansible_collections.ontap.akv.plugins.module_utils._ontap.client import Client
from ansible_collections.ontap.akv.plugins.module_utils._ontap.key_ids import volumes_elsewhere
from ansible_collections.ontap.akv.plugins.module_utils._ontap.volumes import read_volumes
from ansible_collections.ontap.akv.plugins.module_utils._runtime import errors

_NOT_READABLE = (403, 404)
_UNKNOWN_FIELD = ("262179", "262197")
_EVENTS = "/support/ems/events"
_MOUNT_FAILED = "km.volume.mount."
_NEWEST = "200"

Reading = t.TypeVar("Reading")


def optional(client: Client, what: str, read: Callable[[], Reading]) -> Reading | None:
    """Read what the task can do without; None with a warning where the login may not, or the endpoint is missing.

    :param what: begins the warning, e.g. "The encrypted volumes are"
    :raises AkvError: the cluster does not answer
    """
    try:
        return read()
    except errors.AkvError as refusal:
        if refusal.details.get("http_status") not in _NOT_READABLE:
            raise
        client.task.warn(f"{what} not known. {refusal.message}")
        return None


def read_release(client: Client) -> releases.Release | None:
    """Read the release, once; None with a warning where it is not readable."""
    return client.once("readable release", lambda: optional(client, "The release is", client.release))


def fields_of_health(client: Client) -> list[str]:
    """Return the fields that hold the health: where the release is not known all, and the cluster may refuse some."""
    release = read_release(client)
    return releases.health_fields(release) if release else list(releases.HEALTH_FIELDS)


def read_examined(client: Client, query: Mapping[str, str], fields: Iterable[str]) -> list[Record]:
    """Read AKV configurations, and examine each."""
    vaults = reading.read_vaults(client, dict(query), fields)
    nameless = sorted({place_of(vault) for vault in vaults if "uuid" not in vault})
    if nameless:
        client.task.warn(
            f"{client.where} does not report the uuid of the AKV configuration of {', '.join(nameless)}: it is returned"
            " without."
        )
    states = _key_store_states(client, vaults)
    return [examined(vault, states.get(vault.get("uuid", ""))) for vault in vaults]


def read_configurations(client: Client, scope: Scope | None) -> tuple[list[Configuration], list[Record]]:
    """Read AKV configurations with their health, and diagnose each.

    :param scope: None for all of the cluster
    :return: those that can be named, and the records of those whose uuid or SVM is not reported
    """
    query = scope.query() if scope else {}
    found = reading.read_vaults(client, query, ["*", *fields_of_health(client)], "Reading the AKV configurations")
    vaults = [vault for vault in found if scope is None or scope.owns(vault) or is_unclear(vault, scope)]
    named = [vault for vault in vaults if without_identity(vault) is None]
    states = _key_store_states(client, named)
    configurations = [Configuration.from_record(vault, states.get(vault["uuid"])) for vault in named]
    return configurations, [vault for vault in vaults if without_identity(vault) is not None]


def _key_store_states(client: Client, vaults: Iterable[Record]) -> Mapping[str, str]:
    """Read the states of the key stores, only where one needs attention: else it explains nothing."""
    if not key_stores.tells_state(client.known_release) or not any(
        health.judge(vault)[0].needs_attention for vault in vaults
    ):
        return {}
    try:
        return optional(client, "The states of the key stores are", lambda: key_stores.read_states(client)) or {}
    except errors.OntapError as refusal:
        # Where the release could not be read, it may be one without them.
        if refusal.code not in _UNKNOWN_FIELD:
            raise
        return {}


def read_protected_volumes(
    client: Client, scope: Scope | None, configurations: Iterable[Configuration]
) -> list[Record] | None:
    """Read the encrypted volumes that AKV configurations may protect, and where each is mounted.

    An offline volume with a key that provably is with another key manager (9.11.1+) is not among them.

    :param scope: of the configurations; None for all of the cluster
    :return: None with a warning where they are not readable
    """
    found = _read_mounted_volumes(client, scope)
    if found is None:
        return None
    enabled = [each for each in configurations if each.verdict is not health.Verdict.INACTIVE]
    volumes = protected(found, enabled)
    away: dict[str, list[Record]] = {}
    for volume in offline(volumes):
        away.setdefault(str(svm_name(volume)), []).append(volume)
    own = {each.svm for each in enabled}
    for svm, mine in away.items():
        elsewhere = volumes_elsewhere(client, Scope(svm) if svm in own else Scope(), mine)
        gone = [volume for volume in mine if volume.get("name") in elsewhere]
        volumes = [volume for volume in volumes if volume not in gone]
    return volumes


def _read_mounted_volumes(client: Client, scope: Scope | None) -> list[Record] | None:

    def read() -> list[Record]:
        try:
            return read_volumes(client, scope, junctions=True)
        except errors.OntapError as refusal:
            if refusal.code not in _UNKNOWN_FIELD:
                raise
            return read_volumes(client, scope)

    return optional(client, "The encrypted volumes are", read)


def read_unmounted(client: Client, volumes: Iterable[Record]) -> list[Record]:
    """Find the volumes that came back online and that ONTAP could not mount, as its event log names them.

    A volume without a junction path alone is none: many are never mounted.
    """
    suspects = [volume for volume in volumes if volume.get("state") == "online" and "nas" not in volume]
    if not suspects:
        return []
    query = {
        "message.name": f"{_MOUNT_FAILED}*",
        "fields": "message.name,parameters",
        "order_by": "time desc",
        "max_records": _NEWEST,
    }
    read = functools.partial(client.get, _EVENTS, query, doing="Reading the events")
    found = optional(client, "The volumes that are online and not mounted are", read) or {}
    records = found.get("records")
    lines = [_values_of(line) for line in records if isinstance(line, dict)] if isinstance(records, list) else []
    return [volume for volume in suspects if any(_is_named(volume, values) for values in lines)]


def _values_of(line: Mapping[str, t.Any]) -> set[str]:
    message, parameters = line.get("message"), line.get("parameters")
    named = isinstance(message, dict) and str(message.get("name")).startswith(_MOUNT_FAILED)
    listed = parameters if named and isinstance(parameters, list) else []
    return {str(each.get("value")) for each in listed if isinstance(each, dict)}


def _is_named(volume: Mapping[str, t.Any], values: set[str]) -> bool:
    svm = svm_record(volume)
    if str(volume.get("uuid")) in values:
        return True
    return str(volume.get("name")) in values and bool({str(svm.get("name")), str(svm.get("uuid"))} & values)


def examined(vault: Record, key_store_state: str | None = None) -> Record:
    """Complete a record with what it means: verdict, reasons, diagnosis, and availability where it is reported."""
    state = health.read_state(vault)
    verdict, reasons = health.judge(vault)
    return {
        **{name: _without_nothing(value) if name in releases.HEALTH_FIELDS else value for name, value in vault.items()},
        **({} if state.available is None else {"available": state.available}),
        "unavailable_nodes": sorted(state.bad_nodes),
        "verdict": verdict.value,
        "reasons": reasons,
        "diagnosis": diagnose(vault, key_store_state).shown(),
    }


def _without_nothing(value: t.Any) -> t.Any:
    """Leave out the empty messages and the codes 0 that ONTAP reports for healthy parts: half of a record."""
    if isinstance(value, list):
        return [_without_nothing(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    return {
        name: item
        for name, item in value.items()
        if not ((name == "message" and item == "") or (name == "code" and str(item) == "0"))
    }
