# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""Microsoft Graph: the credentials of applications and their ends (microsoft-graph-docs, application-get)."""

from __future__ import annotations

import base64
import binascii
import re
import typing as t
from collections.abc import Mapping, Sequence
from urllib.parse import quote, urlencode

from ansible_collections.ontap.akv.plugins.module_utils._azure.error_codes import inner_code, message_of
from ansible_collections.ontap.akv.plugins.module_utils._azure.service import NoAnswer, Reply, Service, next_target
from ansible_collections.ontap.akv.plugins.module_utils._runtime import errors

PERMISSION = "Application.Read.All"

_FIELDS = "id,appId,displayName,passwordCredentials,keyCredentials"
_IN_ONE_FILTER = 15
_MOST_PAGES = 200
_THUMBPRINT = re.compile(r"[0-9A-Fa-f]{40}", re.ASCII)

App = dict[str, t.Any]


class Refused(errors.AkvError):
    """Graph refused a request."""


class Graph:
    """Reads applications with a token of the caller."""

    def __init__(self, service: Service, token: str) -> None:
        self._service = service
        self._token = token

    def application(self, client_id: str) -> App | None:
        """Read one application; None where there is none.

        :raises Refused: Graph refused
        :raises NoAnswer: Graph gave no answer that can be read
        """
        return self._one("applications", client_id)

    def service_principal(self, client_id: str) -> App | None:
        """Read the service principal of an application, which may have credentials too; None where there is none.

        :raises Refused: Graph refused
        :raises NoAnswer: Graph gave no answer that can be read
        """
        return self._one("servicePrincipals", client_id)

    def _one(self, kind: str, client_id: str) -> App | None:
        reply = self._ask(f"/v1.0/{kind}(appId='{quote(client_id, safe='')}')?$select={_FIELDS}")
        if reply.status == 404 and inner_code(reply.body) is not None:
            return None
        record = self._read(reply).record
        if str(record.get("appId")).lower() != client_id.lower():
            raise NoAnswer(f"{self._service.name} returned no application (HTTP 200).")
        return record

    def applications(self, client_ids: Sequence[str]) -> dict[str, App]:
        """Read many applications in pages, by client ID in lower case; those that do not exist are absent.

        :raises Refused: Graph refused
        :raises NoAnswer: Graph gave no answer that can be read
        """
        wanted = {client_id.lower(): client_id for client_id in client_ids}
        if len(wanted) == 1:
            ((name, client_id),) = wanted.items()
            app = self.application(client_id)
            return {} if app is None else {name: app}
        names = list(wanted)
        batches = [names[start : start + _IN_ONE_FILTER] for start in range(0, len(names), _IN_ONE_FILTER)]
        found = self._service.side_by_side(
            lambda service, batch: Graph(service, self._token)._batch({name: wanted[name] for name in batch}), batches
        )
        return {name: app for apps in found for name, app in apps.items()}

    def _batch(self, wanted: Mapping[str, str]) -> dict[str, App]:
        """Read the pages of one filter, until all that it asks for are found."""
        found: dict[str, App] = {}
        listed = ",".join(f"'{client_id}'" for client_id in wanted.values())
        query = {"$filter": f"appId in ({listed})", "$select": _FIELDS, "$top": "100"}
        target: str | None = f"/v1.0/applications?{urlencode(query, quote_via=quote, safe='$,')}"
        pages = 0
        while target and len(found) < len(wanted):
            pages += 1
            if pages > _MOST_PAGES:
                raise NoAnswer(f"{self._service.name} lists applications without an end.")
            record = self._read(self._ask(target)).record
            page = record.get("value")
            if not isinstance(page, list):
                raise NoAnswer(f"{self._service.name} returned no list of applications (HTTP 200).")
            for app in page:
                name = str(app.get("appId")).lower() if isinstance(app, dict) else ""
                if name in wanted:
                    found[name] = app
            target = next_target(record.get("@odata.nextLink"))
        return found

    def _ask(self, target: str) -> Reply:
        return self._service.ask("GET", target, headers={"Authorization": f"Bearer {self._token}"})

    def _read(self, reply: Reply) -> Reply:
        if reply.status == 200:
            return reply
        code = inner_code(reply.body)
        where = f"{self._service.name} refused to show applications (HTTP {reply.status}"
        details: dict[str, t.Any] = {"http_status": reply.status, **({"error": {"code": code}} if code else {})}
        if reply.status == 403:
            advice = f"Grant the application permission {PERMISSION}, with the consent of an administrator."
            if code is None:
                raise NoAnswer(f"{where}) without an error of Graph. Is a proxy in between? If not: {advice}")
            raise Refused(f"{where}, {code}): the login may not read applications. {advice}", **details)
        if reply.status == 429:
            raise NoAnswer(f"{where}): too many requests. Run the task again later.")
        if code is None:
            raise NoAnswer(f"{where}) without an error of Graph. Is a proxy in between?")
        raise Refused(f"{where}, {code}): {message_of(reply.body)}", **details)


def credentials(app: App, kind: str) -> list[dict[str, t.Any]]:
    """Give an application's credentials as Graph lists them.

    :param kind: passwordCredentials or keyCredentials
    """
    listed = app.get(kind)
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def thumbprint(credential: t.Mapping[str, t.Any]) -> str | None:
    """Give a certificate's thumbprint in capital hexadecimal digits: Graph has it in these, or in base64."""
    text = str(credential.get("customKeyIdentifier") or "")
    if _THUMBPRINT.fullmatch(text):
        return text.upper()
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw.hex().upper() if len(raw) == 20 else None
