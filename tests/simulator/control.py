# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steering a running simulator over HTTP: /simulator/…, no login, on the same port. Nothing of it is logged."""

from __future__ import annotations

import hmac
import json
import re
from typing import TYPE_CHECKING, Any

from . import events, health
from .call import Reply
from .cluster import Cluster, Vault
from .errors import ApiError
from .shapes import Record, ScenarioError, list_of, text

if TYPE_CHECKING:
    from .azure.server import AzureServer
    from .server import Server

PREFIX = "/simulator/"
EVENTS = Record(needs={"events": list_of(events.EVENT)})
CREDENTIAL = Record(takes={"uuid": text, "svm": text, "scope": text, "client_secret": text, "client_certificate": text})
ZAPI_PATH = "/servlets/netapp.servlets.admin.XMLrequest_filer"


def handle(server: Server | AzureServer, method: str, path: str, body: bytes) -> Reply:
    name = path[len(PREFIX) :]
    try:
        if (method, name) == ("GET", "requests"):
            return Reply(200, {"requests": server.requests})
        if (method, name) == ("DELETE", "requests"):
            server.requests.clear()
            return Reply(200, {})
        if (method, name) == ("GET", "vaults"):
            return Reply(200, {"vaults": vaults(server.cluster)})
        if (method, name) == ("POST", "events"):
            apply(server.cluster, json.loads(body))
            return Reply(200, {})
        if (method, name) == ("POST", "check-credential"):
            return Reply(200, {"matches": credential_matches(server.cluster, json.loads(body))})
    except (ScenarioError, ValueError) as error:
        return Reply(400, {"error": str(error)})
    return Reply(404, {"error": f"there is no {method} {path}"})


def apply(cluster: Cluster, body: Any) -> None:
    """Let events happen; all are checked before the first one does.

    Raises ScenarioError.
    """
    for event in EVENTS(body, "")["events"]:
        cluster.tick()
        events.apply(cluster, event)
    cluster.tick()


def vaults(cluster: Cluster) -> list[dict[str, Any]]:
    """All vaults as they are, whatever the release tells of them; no secrets."""
    return [
        {
            "uuid": vault.uuid,
            "scope": "svm" if vault.svm else "cluster",
            "svm": vault.svm.name if vault.svm else None,
            "configuration": vault.configuration,
            "enabled": vault.enabled,
            **vault.settings,
            "credential": vault.credential[0],
            "nodes_without_keys": sorted(vault.missing),
            "azure_problem": health.azure_problem(cluster, vault),
            "key_store_state": vault.key_store_state,
        }
        for vault in cluster.sorted_vaults()
    ]


def find(cluster: Cluster, uuid: str | None, svm: str | None) -> Vault:
    """A vault by uuid, or the enabled one of an SVM or (neither given) the cluster."""
    for vault in cluster.vaults.values():
        if vault.uuid == uuid or (uuid is None and vault.enabled and vault.owner == (svm or "cluster")):
            return vault
    raise ScenarioError("there is no such vault")


def credential_matches(cluster: Cluster, body: Any) -> bool:
    asked = CREDENTIAL(body, "")
    vault = find(cluster, asked.get("uuid"), asked.get("svm"))
    kind, value = vault.credential
    return kind in asked and hmac.compare_digest(asked[kind].encode(), value.encode())


def zapi(cluster: Cluster, method: str, path: str, body: bytes) -> Reply:
    """The old XML interface, of which only system-get-version is here: what runs where REST does not."""
    if method != "POST" or path != ZAPI_PATH or not cluster.settings.get("zapi", True):
        raise ApiError(3, status=404, message="API not found")
    if re.search(rb"<(\w+:)?system-get-version\b", body):
        wanted = cluster.settings.get("zapi_version", cluster.version.name)
        generation, major, minor = [*wanted.split("."), "0", "0"][:3]
        results = (
            '<results status="passed"><build-timestamp>1724932800</build-timestamp><is-clustered>true</is-clustered>'
            f"<version>NetApp Release {generation}.{major}.{minor}: Thu Aug 29 12:00:00 UTC 2024</version>"
            f"<version-tuple><system-version-tuple><generation>{generation}</generation><major>{major}</major>"
            f"<minor>{minor}</minor></system-version-tuple></version-tuple></results>"
        )
    else:
        results = '<results status="failed" errno="13005" reason="Unable to find API"></results>'
    document = (
        "<?xml version='1.0' encoding='UTF-8' ?>"
        "<!DOCTYPE netapp SYSTEM 'file:/etc/netapp_gx.dtd'>"
        f"<netapp version='1.160' xmlns='http://www.netapp.com/filer/admin'>{results}</netapp>"
    )
    return Reply(200, document.encode(), {"Content-Type": 'text/xml;charset="UTF-8"'})
