# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""The use case of akv_info: what is configured, and is it healthy."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from types import SimpleNamespace

from ansible_collections.ontap.akv.plugins.module_utils._akv import health, releases
from ansible_collections.ontap.akv.plugins.module_utils._akv.key_holders import HOLDERS
from ansible_collections.ontap.akv.plugins.module_utils._akv.record import CREDENTIALS, Record, is_unclear, svm_record
from ansible_collections.ontap.akv.plugins.module_utils._akv.scope import ARGUMENT_SPEC as SCOPE_OPTIONS
from ansible_collections.ontap.akv.plugins.module_utils._akv.scope import Scope
from ansible_collections.ontap.akv.plugins.module_utils._ontap import reading
from ansible_collections.ontap.akv.plugins.module_utils._ontap.client import Client
from ansible_collections.ontap.akv.plugins.module_utils._ontap.estate import (
    fields_of_health,
    optional,
    read_examined,
    read_release,
)
from ansible_collections.ontap.akv.plugins.module_utils._ontap.health_monitor import describe, read_health_monitor
from ansible_collections.ontap.akv.plugins.module_utils._ontap.key_ids import prove_holders
from ansible_collections.ontap.akv.plugins.module_utils._ontap.volumes import count, read_volumes
from ansible_collections.ontap.akv.plugins.module_utils._runtime import errors, texts
from ansible_collections.ontap.akv.plugins.module_utils._use_cases.ontap_entry import ONTAP

KIND = ONTAP

ARGUMENT_SPEC: dict[str, t.Any] = {
    **SCOPE_OPTIONS,
    "fields": {"type": "list", "elements": "str"},
    "health": {"type": "bool", "default": True},
    "health_monitor": {"type": "bool", "default": False},
    "keys": {"type": "bool", "default": False},
    "max_records": {"type": "int"},
    "order_by": {"type": "list", "elements": "str"},
    "query": {"type": "dict"},
    "volumes": {"type": "bool", "default": False},
}

_READABLE = sorted(name for name, field in releases.FIELDS.items() if field.read)


def check(params: Mapping[str, t.Any]) -> tuple[Scope | None, dict[str, str]]:
    """Check a task's options, before any request.

    :return: the scope (None for all), and the query's filters as text
    :raises InputError: names the option, what was given and what to do
    """
    scope = Scope.from_optional_params(params)
    if params["max_records"] is not None and params["max_records"] < 1:
        raise errors.InputError(
            "max_records", f"{params['max_records']} is below 1. Give the number of records in a page."
        )
    for option in ("fields", "query"):
        if params[option] is not None and not any(str(name).strip() for name in params[option]):
            raise errors.InputError(
                option, "names no field. Name one, or leave it out: without it, everything is read."
            )
    for option in ("fields", "order_by"):
        for name in params[option] or []:
            _check_field(option, name.partition(" ")[0])
    query = {}
    # YAML has names that are not text.
    for name, value in ((str(name), value) for name, value in (params["query"] or {}).items()):
        _check_field("query", name)
        if not isinstance(value, (str, int, float, bool)):
            raise errors.InputError("query", f"{name} is {value!r}. Give one value; ONTAP's | means or.")
        if not str(value).strip(" ,|"):
            raise errors.InputError(
                "query", f"{name} is {value!r}, which names nothing. Give a value, or leave it out."
            )
        query[name] = str(value).lower() if isinstance(value, bool) else str(value)
    twice = sorted(set(query) & set(scope.query())) if scope else []
    if twice:
        raise errors.InputError("query", f"{twice[0]} is given together with {scope}. Keep one of them.")
    return scope, query


def _check_field(option: str, name: str) -> None:
    """Refuse what is not a field of azure-key-vaults, and above all a secret: it would end up in a URL."""
    field = name.lstrip("!").partition(".")[0].partition("{")[0]
    if field in releases.SECRET_FIELDS:
        raise errors.InputError(option, f"{field} is a secret, which ONTAP never returns. Leave it out.")
    if field in ("*", "**") and option == "fields":
        return
    if field not in _READABLE:
        hint = texts.did_you_mean(field, _READABLE, 1) or f"Its fields: {', '.join(_READABLE)}."
        raise errors.InputError(option, f"{name!r} is not a field of an AKV configuration. {hint}")


def run(client: Client, params: Mapping[str, t.Any], check_mode: bool) -> SimpleNamespace:
    """Read AKV configurations and examine them. Reads only, so check mode makes no difference.

    :return: the result; what was not asked for, or is not readable, is absent
    """
    scope, query = check(params)
    if scope is not None:
        query.update(scope.query())
    if params["max_records"] is not None:
        query["max_records"] = str(params["max_records"])
    if params["order_by"]:
        query["order_by"] = ",".join(params["order_by"])
    vaults = read_examined(client, query, _fields(client, params))
    if not params["fields"]:
        vaults = _owned(client, scope, vaults)
        for vault in vaults:
            # Before 9.10.1 there is one kind, and ONTAP does not name it.
            vault.setdefault("authentication_method", "client_secret")
    _warn_of_unknown_svm(client, scope, vaults)
    summary = _summary(vaults)
    result = SimpleNamespace(changed=False, msg="", vaults=vaults, summary=summary)
    if client.known_release is not None:
        result.release = str(client.known_release)
    sentences = [_message(scope, client, summary)]
    volumes = None
    if params["volumes"] or params["keys"]:
        volumes = optional(
            client, "The encrypted volumes are", lambda: read_volumes(client, scope, params["max_records"])
        )
    if params["volumes"]:
        sentences.append(count(volumes))
        if volumes is not None:
            result.volumes = volumes
    if params["keys"]:
        sentences.append(_add_keys(client, scope, vaults, volumes))
    if params["health_monitor"]:
        result.health_monitor = read_health_monitor(client, read_release(client))
        sentences.append(describe(result.health_monitor))
    result.msg = " ".join(sentences)
    return result


def _owned(client: Client, scope: Scope | None, vaults: list[Record]) -> list[Record]:
    """Choose the records of a scope: a server's filter is not trusted. Warn of those that may be of it."""
    if scope is None:
        return vaults
    unclear = sum(is_unclear(vault, scope) for vault in vaults)
    if unclear:
        client.task.warn(
            f"{client.where} does not report the SVM of {unclear} of the AKV configurations that it returned for"
            f" {scope}. They are left out, since they may be of another SVM."
        )
    return [vault for vault in vaults if scope.owns(vault)]


def _warn_of_unknown_svm(client: Client, scope: Scope | None, vaults: list[Record]) -> None:
    """Warn where the SVM does not exist: no AKV configuration may mean a mistyped name."""
    unknown = reading.unknown_svm(client, scope) if scope is not None and not vaults else None
    if unknown:
        client.task.warn(f"{unknown} So it has no AKV configuration.")


def _add_keys(client: Client, scope: Scope | None, vaults: list[Record], volumes: list[Record] | None) -> str:
    """Complete configurations with who holds the keys of their volumes; say what was found."""
    for vault in vaults:
        vault["keys"] = _keys(client, scope, vault, volumes)
    return _message_of_keys(vaults, volumes)


def _keys(client: Client, scope: Scope | None, vault: Record, volumes: list[Record] | None) -> Record:
    """Prove who holds the keys of the volumes of a configuration."""
    if volumes is None:
        return {"volumes_elsewhere": [], "reason": "The encrypted volumes could not be read."}
    owner = scope or _scope_of(vault)
    if owner.is_cluster:
        # Volumes of different SVMs may have the same name.
        mine = [{**volume, "name": f"{svm_record(volume).get('name')}/{volume.get('name')}"} for volume in volumes]
    else:
        mine = [volume for volume in volumes if owner.owns(volume)]
    holding = prove_holders(client, owner, str(vault.get("uuid")), mine)
    reason = client.task.redactor.free_text(" ".join(holding.reasons))
    found = {**holding.numbers, "volumes_elsewhere": holding.volumes_elsewhere}
    return {**found, "reason": reason} if reason else found


def _scope_of(vault: Record) -> Scope:
    svm = svm_record(vault)
    name, uuid = svm.get("name"), svm.get("uuid")
    return Scope(str(name)) if name else Scope(svm_uuid=str(uuid).lower() if uuid else None)


def _message_of_keys(vaults: list[Record], volumes: list[Record] | None) -> str:
    """Add up what is known of the keys of all configurations."""
    if volumes is None:
        return "It is not known which key manager holds the volume keys."
    numbers = {holder: sum(vault["keys"][holder] for vault in vaults) for holder in HOLDERS}
    counts = [f"{number} {holder.replace('_', ' ')}" for holder, number in numbers.items() if number]
    return f"Volume keys: {', '.join(counts) or 'none'}."


def _fields(client: Client, params: Mapping[str, t.Any]) -> list[str]:
    """Return what to ask for: what the task names and no more, else all, and with ``health`` what is advanced."""
    if params["fields"]:
        # The SVM decides which volumes need the keys.
        names = [*params["fields"], *(("scope", "svm") if params["keys"] else ())]
        return list(dict.fromkeys(["uuid", *names]))
    return ["*", *(fields_of_health(client) if params["health"] else [])]


def _summary(vaults: list[Record]) -> dict[str, int]:
    """Count them, by verdict and by kind of credential."""
    verdicts = [health.Verdict(vault["verdict"]) for vault in vaults]
    credentials = [vault.get("authentication_method") for vault in vaults]
    return {
        "total": len(vaults),
        "needs_attention": sum(verdict.needs_attention for verdict in verdicts),
        **{verdict.value: verdicts.count(verdict) for verdict in health.Verdict},
        **{kind: credentials.count(kind) for kind in CREDENTIALS.values()},
    }


def _message(scope: Scope | None, client: Client, summary: Mapping[str, int]) -> str:
    counts = ", ".join(f"{summary[verdict]} {verdict}" for verdict in health.Verdict if summary[verdict])
    number = summary["total"]
    which = f" of {scope}" if scope else ""
    configurations = "1 AKV configuration" if number == 1 else f"{number or 'No'} AKV configurations"
    return f"{configurations}{which} on {client.where}{': ' if counts else ''}{counts}."
