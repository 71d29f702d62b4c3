# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""The use case of entra_app_info: which credentials an application has, and when they end."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass
from datetime import datetime, timezone

from ansible_collections.ontap.akv.plugins.module_utils._akv.expiry import Expiry, read_moment
from ansible_collections.ontap.akv.plugins.module_utils._azure.clouds import CLOUDS, scope_of
from ansible_collections.ontap.akv.plugins.module_utils._azure.graph import (
    App,
    Graph,
    Refused,
    credentials,
    thumbprint,
)
from ansible_collections.ontap.akv.plugins.module_utils._azure.service import NoAnswer
from ansible_collections.ontap.akv.plugins.module_utils._runtime import errors
from ansible_collections.ontap.akv.plugins.module_utils._runtime.wording import plural
from ansible_collections.ontap.akv.plugins.module_utils._use_cases import entry
from ansible_collections.ontap.akv.plugins.module_utils._use_cases.azure_entry import AZURE, Azure

KIND = AZURE

ARGUMENT_SPEC: dict[str, t.Any] = {
    "app_ids": {"type": "list", "elements": "str"},
    "min_days": {"type": "int", "default": 30},
}

_KINDS = ("passwordCredentials", "keyCredentials")
APP_ID = re.compile(r"[0-9A-Za-z._-]+", re.ASCII)
"""What the ID of an application may look like."""

Record = dict[str, t.Any]


@dataclass(frozen=True)
class Result:
    """What was found."""

    changed: bool
    msg: str
    applications: list[Record]
    summary: dict[str, int]


def run(azure: Azure, params: entry.Params) -> Result:
    """Ask Microsoft Graph. Reads only, so check mode makes no difference.

    :raises AkvError: Graph could not be asked, or an application does not exist
    """
    wanted = _app_ids(azure, params)
    if params["min_days"] < 0:
        raise errors.InputError("min_days", f"{params['min_days']} is below 0. Give a number of days.")
    login = azure.login
    if login.authority and not login.graph_url:
        raise errors.InputError("graph_url", "is missing. With authority, give the address of Microsoft Graph too.")
    cloud = CLOUDS["public" if login.cloud == "auto" else login.cloud]
    token = azure.entra(cloud).token(scope_of(cloud.graph))
    service = azure.service(login.graph_url or cloud.graph, "Microsoft Graph", "graph_url")
    reader = Graph(service, token)
    found = reader.applications(wanted)
    now = datetime.now(timezone.utc)
    for app_id in wanted:
        app = found.get(app_id.lower())
        if app is not None and not any(credentials(app, kind) for kind in _KINDS):
            _take_from_service_principal(azure, reader, app_id, app)
    described = [_described(found[app_id.lower()], now) for app_id in wanted if app_id.lower() in found]
    azure.task.warnings += [sentence for app_id, app in found.items() for sentence in _unknown(app_id, app)]
    applications = azure.task.redactor.written_by_server(described)
    summary = _summary(applications, now, params["min_days"])
    summary["unknown"] += sum(len(_unreported(app)) for app in found.values())
    missing = [app_id for app_id in wanted if app_id.lower() not in found]
    if missing:
        raise errors.AkvError(
            f"Tenant {login.tenant_id} has no application {', '.join(missing)}, or the login may not see it.",
            applications=applications,
            summary=summary,
        )
    return Result(False, _message(applications, summary, params["min_days"]), applications, summary)


def _app_ids(azure: Azure, params: entry.Params) -> list[str]:
    """Read the applications that are asked about, each once."""
    if params["app_ids"] is None:
        return [azure.login.client_id]
    if not params["app_ids"]:
        raise errors.InputError("app_ids", "is empty. Name an application, or leave it out to check the login's own.")
    given = [app_id.strip() for app_id in params["app_ids"]]
    for number, app_id in enumerate(given):
        if not APP_ID.fullmatch(app_id):
            raise errors.InputError(
                f"app_ids[{number}]", f"{app_id!r} is not a client ID. Give the GUID as Azure shows it."
            )
    return list({app_id.lower(): app_id for app_id in given}.values())


def _take_from_service_principal(azure: Azure, reader: Graph, app_id: str, app: App) -> None:
    """Complete an application without a credential: its service principal may have one instead."""
    try:
        principal = reader.service_principal(app_id) or {}
    except (NoAnswer, Refused) as failure:
        azure.task.warn(f"Whether the service principal of {app_id} has a credential is not known: {failure.message}")
        return
    app.update({kind: credentials(principal, kind) for kind in _KINDS if credentials(principal, kind)})


def _unknown(app_id: str, app: App) -> list[str]:
    """Say what Graph does not report of an application: that is no proof that there is nothing."""
    sentences = [
        f"Microsoft Graph does not report {kind} of application {app_id}: whether it has any is not known."
        for kind in _unreported(app)
    ]
    endless = sum(read_moment(one.get("endDateTime")) is None for kind in _KINDS for one in credentials(app, kind))
    if endless:
        sentences.append(
            f"Microsoft Graph does not report when {endless} of the credentials of application {app_id} end: summary"
            " counts them as unknown."
        )
    return sentences


def _unreported(app: App) -> list[str]:
    """Name the kinds of credentials that Graph does not report: whether there are any is not known."""
    return [kind for kind in _KINDS if not isinstance(app.get(kind), list)]


def _described(app: App, now: datetime) -> Record:
    secrets = [_credential(one, now, hint=one.get("hint")) for one in credentials(app, "passwordCredentials")]
    certificates = [_credential(one, now, thumbprint=thumbprint(one)) for one in credentials(app, "keyCredentials")]
    ends = [read_moment(one.get("expires_at")) for one in (*secrets, *certificates)]
    coming = [end for end in ends if end and not end.is_expired(now)]
    return {
        "client_id": str(app.get("appId")),
        "name": str(app.get("displayName") or ""),
        "secrets": secrets,
        "certificates": certificates,
        **({"next_expiry": str(min(coming))} if coming else {}),
    }


def _credential(one: Record, now: datetime, **more: t.Any) -> Record:
    starts, ends = read_moment(one.get("startDateTime")), read_moment(one.get("endDateTime"))
    found = {"key_id": one.get("keyId"), "name": one.get("displayName"), "starts_at": starts, **more}
    return {**{name: str(value) for name, value in found.items() if value}, **(ends.record(now) if ends else {})}


def _summary(applications: list[Record], now: datetime, min_days: int) -> dict[str, int]:
    """Count the credentials by how near their ends are."""
    counts = {"expired": 0, "expiring": 0, "ok": 0, "unknown": 0}
    for application in applications:
        for one in (*application["secrets"], *application["certificates"]):
            end = read_moment(one.get("expires_at"))
            counts[_standing(end, now, min_days) if end else "unknown"] += 1
    return counts


def _standing(end: Expiry, now: datetime, min_days: int) -> str:
    if end.is_expired(now):
        return "expired"
    return "expiring" if end.days_left(now) < min_days else "ok"


def _message(applications: list[Record], summary: dict[str, int], min_days: int) -> str:
    count = len(applications)
    many = plural(count, "application")
    said = f"{summary['expired']} expired, {summary['expiring']} expiring within {min_days} days, {summary['ok']} ok"
    if summary["unknown"]:
        said += f", {summary['unknown']} unknown"
    return f"Credentials of {many}: {said}."
