# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""The use case of akv_info: what is configured, and is it healthy."""

from __future__ import annotations

import difflib
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass

from ansible_collections.ontap.akv.plugins.module_utils._akv.health import VERDICTS, judge, read_state
from ansible_collections.ontap.akv.plugins.module_utils._akv.plan import CREDENTIALS
from ansible_collections.ontap.akv.plugins.module_utils._akv.record import Record
from ansible_collections.ontap.akv.plugins.module_utils._akv.releases import FIELDS, SECRET_FIELDS, health_fields
from ansible_collections.ontap.akv.plugins.module_utils._akv.scope import ARGUMENT_SPEC as SCOPE_OPTIONS
from ansible_collections.ontap.akv.plugins.module_utils._akv.scope import Scope
from ansible_collections.ontap.akv.plugins.module_utils._ontap.client import Client, is_unreadable
from ansible_collections.ontap.akv.plugins.module_utils._ontap.health_monitor import read_health_monitor, tell
from ansible_collections.ontap.akv.plugins.module_utils._ontap.reading import read_vaults
from ansible_collections.ontap.akv.plugins.module_utils._ontap.volumes import count, read_volumes
from ansible_collections.ontap.akv.plugins.module_utils._runtime.errors import AkvError, InputError

ARGUMENT_SPEC: dict[str, t.Any] = {
    **SCOPE_OPTIONS,
    "fields": {"type": "list", "elements": "str"},
    "health": {"type": "bool", "default": True},
    "health_monitor": {"type": "bool", "default": False},
    "max_records": {"type": "int"},
    "order_by": {"type": "list", "elements": "str"},
    "query": {"type": "dict"},
    "volumes": {"type": "bool", "default": False},
}

_READABLE = sorted(name for name, field in FIELDS.items() if field.read)


@dataclass(frozen=True)
class Result:
    """What is there."""

    changed: bool
    msg: str
    vaults: list[Record]
    by_svm: dict[str, Record]
    cluster_vault: Record | None
    summary: dict[str, int]
    volumes: list[Record] | None
    health_monitor: Record | None


def check(params: Mapping[str, t.Any]) -> tuple[Scope | None, dict[str, str]]:
    """Check a task's options, before any request.

    :return: whose vaults (None for all), and the query's filters as text
    :raises InputError: names the option, what was given and what to do
    """
    scope = Scope.from_optional_params(params)
    if params["max_records"] is not None and params["max_records"] < 1:
        raise InputError("max_records", f"{params['max_records']} is below 1. Give how many records a page holds.")
    for option in ("fields", "order_by"):
        for name in params[option] or []:
            _check_field(option, name.partition(" ")[0])
    query = {}
    for name, value in (params["query"] or {}).items():
        _check_field("query", name)
        if not isinstance(value, (str, int, float, bool)):
            raise InputError("query", f"{name} is {value!r}. Give one value; ONTAP's | means or.")
        query[name] = str(value).lower() if isinstance(value, bool) else str(value)
    twice = sorted(set(query) & set(scope.query())) if scope else []
    if twice:
        raise InputError("query", f"{twice[0]} is given beside {scope}. Keep one of them.")
    return scope, query


def _check_field(option: str, name: str) -> None:
    """Refuse what is no field of a vault, and above all a secret: it would end up in a URL."""
    field = name.lstrip("!").partition(".")[0].partition("{")[0]
    if field in SECRET_FIELDS:
        raise InputError(option, f"{field} is a secret, which ONTAP never gives back. Leave it out.")
    if field in ("*", "**") and option == "fields":
        return
    if field not in _READABLE:
        near = difflib.get_close_matches(field, _READABLE, n=1)
        hint = f"Is {near[0]} meant?" if near else f"It has {', '.join(_READABLE)}."
        raise InputError(option, f"{name!r} is no field of a vault. {hint}")


def run(client: Client, params: Mapping[str, t.Any], check_mode: bool) -> Result:
    """Read vaults and judge them. Reads only, so check mode makes no difference."""
    scope, query = check(params)
    if scope is not None:
        query.update(scope.query())
    if params["max_records"] is not None:
        query["max_records"] = str(params["max_records"])
    if params["order_by"]:
        query["order_by"] = ",".join(params["order_by"])
    vaults = read_vaults(client, query, _fields(client, params))
    if scope is not None and not params["fields"]:
        vaults = [vault for vault in vaults if scope.owns(vault)]
    for vault in vaults:
        state = read_state(vault)
        vault["available"] = state.available
        vault["unavailable_nodes"] = sorted(state.bad_nodes)
        vault["verdict"], vault["reasons"] = judge(vault)
        if not params["fields"]:
            # Before 9.10.1 there is one kind, and ONTAP does not name it.
            vault.setdefault("authentication_method", "client_secret")
    enabled = [vault for vault in vaults if vault.get("enabled", True)]
    scopes = [((vault.get("svm") or {}).get("name"), vault) for vault in enabled]
    summary = {"total": len(vaults), **dict.fromkeys((*VERDICTS, *CREDENTIALS.values()), 0)}
    for vault in vaults:
        summary[vault["verdict"]] += 1
        if vault.get("authentication_method") in list(CREDENTIALS.values()):
            summary[vault["authentication_method"]] += 1
    volumes = _volumes(client, scope, params["max_records"]) if params["volumes"] else None
    monitor = read_health_monitor(client) if params["health_monitor"] else None
    more = [count(volumes)] if volumes is not None else []
    more += [tell(monitor)] if monitor is not None else []
    return Result(
        changed=False,
        msg=" ".join((_message(scope, client, summary), *more)),
        vaults=vaults,
        by_svm={name: vault for name, vault in scopes if isinstance(name, str)},
        cluster_vault=next((vault for vault in enabled if vault.get("scope") == "cluster"), None),
        summary=summary,
        volumes=volumes,
        health_monitor=monitor,
    )


def _volumes(client: Client, scope: Scope | None, max_records: int | None) -> list[Record] | None:
    """Read the encrypted volumes; a login that may not loses these alone."""
    try:
        return read_volumes(client, scope, max_records)
    except AkvError as refusal:
        if not is_unreadable(refusal):
            raise
        client.task.warn(f"The encrypted volumes are not known. {refusal.message}")
        return None


def _fields(client: Client, params: Mapping[str, t.Any]) -> list[str]:
    """Say what to ask for: what the task names and no more, else all, and with ``health`` what is advanced."""
    if params["fields"]:
        return ["uuid", *(name for name in params["fields"] if name != "uuid")]
    return ["*", *(health_fields(client.release()) if params["health"] else [])]


def _message(scope: Scope | None, client: Client, summary: Mapping[str, int]) -> str:
    counts = ", ".join(f"{summary[verdict]} {verdict}" for verdict in VERDICTS if summary[verdict])
    number = summary["total"]
    of_whom = f" of {scope}" if scope else ""
    vaults = "1 vault" if number == 1 else f"{number or 'No'} vaults"
    return f"{vaults}{of_whom} on {client.where}{': ' if counts else ''}{counts}."
