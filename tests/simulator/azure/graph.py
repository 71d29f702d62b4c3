# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of Microsoft Graph that reads applications: one by its appId, or pages of them."""

from __future__ import annotations

import base64
import re
import uuid as uuids
from datetime import datetime, timezone
from typing import Any
from urllib.parse import parse_qs, quote, unquote

from ..call import Reply
from .entra import JSON, Token
from .world import Application, Credential, World

_ONE = re.compile(r"/v1\.0/(applications|servicePrincipals)\(appId='([^']+)'\)")
_LIST = "/v1.0/applications"
_FILTER = re.compile(r"appId\s+(?:eq\s+'([^']+)'|in\s*\(([^)]*)\))", re.IGNORECASE)
_ALL = {"Application.Read.All", "Application.ReadWrite.All", "Directory.Read.All"}
_OWNED = "Application.ReadWrite.OwnedBy"
_DEFAULT_PAGE, _LARGEST_PAGE, _LARGEST_IN = 100, 999, 15


class Graph:
    """Microsoft Graph of the world."""

    def __init__(self, world: World) -> None:
        self.world = world

    def answer(self, method: str, path: str, query: str, base: str, token: Token | str | None) -> Reply:
        """Answer a request."""
        now = self.world.clock.now()
        if not isinstance(token, Token) or token.kind != "graph" or token.ends <= now:
            return self._error(
                401, "InvalidAuthenticationToken", "Access token is empty, expired or for another resource."
            )
        given = {name: values[0] for name, values in parse_qs(query).items()}
        path = unquote(path)
        one = _ONE.fullmatch(path)
        if method != "GET" or not (one or path == _LIST):
            return self._error(404, "Request_ResourceNotFound", "There is no such resource.")
        reader = self.world.application(token.client_id)
        held = set(reader.graph if reader else [])
        if not held & {*_ALL, _OWNED}:
            return self._error(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
        seen = [
            application
            for application in self.world.applications or []
            if application.tenant_id.lower() == token.tenant_id.lower()
            and (held & _ALL or application.client_id in (reader.owns if reader else []))
        ]
        return self._one(one[1], one[2], seen, given) if one else self._list(seen, given, base)

    def _one(self, kind: str, client_id: str, seen: list[Application], given: dict[str, str]) -> Reply:
        for application in seen:
            if application.client_id.lower() == client_id.lower():
                reported = self._reported(application, given)
                if kind == "servicePrincipals":
                    reported |= {"accountEnabled": application.enabled, "passwordCredentials": [], "keyCredentials": []}
                return Reply(200, reported, dict(JSON))
        message = (
            f"Resource '{client_id}' does not exist or one of its queried reference-property objects are not present."
        )
        return self._error(404, "Request_ResourceNotFound", message)

    def _list(self, seen: list[Application], given: dict[str, str], base: str) -> Reply:
        chosen = seen
        if "$filter" in given:
            found = _FILTER.fullmatch(given["$filter"].strip())
            wanted = (
                [found[1]] if found and found[1] else re.findall("'([^']*)'", found[2] if found and found[2] else "")
            )
            if not wanted or len(wanted) > _LARGEST_IN:
                return self._error(
                    400, "Request_UnsupportedQuery", "The filter is not supported or has too many values."
                )
            known = {one.lower() for one in wanted}
            chosen = [application for application in seen if application.client_id.lower() in known]
        try:
            size, start = int(given.get("$top", _DEFAULT_PAGE)), int(given.get("$skiptoken", 0))
        except ValueError:
            size = start = 0
        if not 1 <= size <= _LARGEST_PAGE:
            return self._error(400, "Request_BadRequest", "Invalid page size specified.")
        body: dict[str, Any] = {"value": [self._reported(one, given) for one in chosen[start : start + size]]}
        if start + size < len(chosen):
            kept = "".join(f"&{name}={quote(given[name])}" for name in ("$select", "$filter", "$top") if name in given)
            body["@odata.nextLink"] = f"{base}{_LIST}?$skiptoken={start + size}{kept}"
        return Reply(200, body, dict(JSON))

    def _reported(self, application: Application, given: dict[str, str]) -> dict[str, Any]:
        reported = {
            "id": application.object_id,
            "appId": application.client_id,
            "displayName": application.name,
            "signInAudience": application.audience,
            "passwordCredentials": [
                {**_dated(one), "hint": str(one.value)[:3], "secretText": None, "customKeyIdentifier": None}
                for one in application.secrets
            ],
            "keyCredentials": [
                {
                    **_dated(one),
                    "type": "AsymmetricX509Cert",
                    "usage": "Verify",
                    "key": None,
                    "customKeyIdentifier": base64.b64encode(bytes.fromhex(one.thumbprint())).decode(),
                }
                for one in application.certificates or []
            ],
        }
        chosen = given.get("$select", "").split(",")
        return {name: value for name, value in reported.items() if name in chosen or chosen == [""]}

    def _error(self, status: int, code: str, message: str) -> Reply:
        request = str(uuids.uuid4())
        date = datetime.fromtimestamp(self.world.clock.now(), timezone.utc).isoformat(timespec="seconds")[:19]
        inner = {"date": date, "request-id": request, "client-request-id": request}
        return Reply(status, {"error": {"code": code, "message": message, "innerError": inner}}, dict(JSON))


def _dated(one: Credential) -> dict[str, Any]:
    return {
        "keyId": one.key_id,
        "displayName": one.name,
        **{
            name: datetime.fromtimestamp(moment, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
            for name, moment in (("startDateTime", one.starts), ("endDateTime", one.ends))
        },
    }
