# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bare client for tests, as far from the collection's own as can be. It alone needs `requests`."""

from __future__ import annotations

from typing import Any

import requests

VAULTS = "/security/azure-key-vaults"
CREATE = {
    "client_id": "client1",
    "tenant_id": "tenant1",
    "name": "https://mykeyvault.vault.azure.net/",
    "key_id": "https://mykeyvault.vault.azure.net/keys/key1/a8e619fd8f234db3b0b95c59540e2a74",
    "client_secret": "myclientPwd",
}


class Client:
    """A bare HTTP client, as far from our own collection as can be."""

    def __init__(self, connection: dict[str, Any], **session: Any) -> None:
        scheme = "https" if session.pop("https", True) else "http"
        self.base = f"{scheme}://{connection['hostname']}:{connection['http_port']}"
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = connection["ca_path"]
        self.session.auth = (connection["username"], connection["password"])
        for name, value in session.items():
            setattr(self.session, name, value)

    def call(self, method: str, path: str, **arguments: Any) -> requests.Response:
        arguments.setdefault("timeout", 10)
        arguments.setdefault("allow_redirects", False)
        return self.session.request(method, self.base + path, **arguments)

    def get(self, path: str, **arguments: Any) -> Any:
        """The body of a GET that must succeed."""
        reply = self.call("GET", "/api" + path, **arguments)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def records(self, path: str, **arguments: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get(path, **arguments)["records"]
        return found

    def refused(self, method: str, path: str, **arguments: Any) -> tuple[int, int, str | None]:
        """The status, code and target of a call that must be refused."""
        reply = self.call(method, "/api" + path, **arguments)
        error = reply.json()["error"]
        return reply.status_code, int(error["code"]), error.get("target")

    def post(self, body: Any = None, path: str = VAULTS, **arguments: Any) -> requests.Response:
        return self.call("POST", "/api" + path, json=body, **arguments)

    def create(self, **body: Any) -> str:
        """Create a vault; its uuid."""
        reply = self.post({**CREATE, **body}, params={"return_records": "true", "return_timeout": 10})
        assert reply.status_code == 201, reply.text
        return str(reply.json()["records"][0]["uuid"])
