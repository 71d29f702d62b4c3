# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Azure over HTTPS: Entra, Key Vault and Graph on one port, with the faults that say `azure: true`."""

from __future__ import annotations

import re
import ssl
from email.utils import formatdate
from typing import Any, TextIO

from aiohttp import web

from .. import control
from ..call import Reply
from ..cluster import Cluster
from ..faults import Exchange
from ..listening import MASK, Listener, Wire, masked_query, response
from .entra import Entra, Token
from .graph import Graph
from .key_vault import KeyVaults

_TOKEN = re.compile(r"/([^/]+)/oauth2/v2\.0/token/?")
_DISCOVERY = re.compile(r"/([^/]+)/v2\.0/\.well-known/openid-configuration/?")


class AzureServer(Listener):
    """Azure, as `cluster` and those that share its world meet it. `cluster` lends its faults and its clock."""

    def __init__(self, cluster: Cluster, context: ssl.SSLContext | None, host: str, log: TextIO | None) -> None:
        super().__init__(context, host, log)
        self.cluster = cluster
        world = cluster.azure.world
        self.entra = Entra(world)
        self._key_vaults = KeyVaults(world)
        self._graph = Graph(world)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        path, _mark, query = request.raw_path.partition("?")
        body = await request.read() if request.body_exists else b""
        if path.startswith(control.PREFIX):
            return response(control.handle(self, request.method, path, body))
        exchange = Exchange(self.cluster, Wire(self, request), request.method, path, query, body)
        entry: dict[str, Any] = {
            "method": request.method,
            "path": self._masked(path),
            "query": self._masked(masked_query(query)),
            "status": None,
            "user_agent": request.headers.get("User-Agent"),
        }
        return await self._exchange(exchange, entry, lambda: self._answer(exchange, request), azure=True)

    @property
    def name(self) -> str:
        return "azure"

    def _masked(self, text: str) -> str:
        """The text, or a mask where it holds a secret or a token."""
        known = {*self.cluster.secrets, *self.entra.tokens}
        return MASK if any(secret in text for secret in known) else text

    async def _answer(self, exchange: Exchange, request: web.BaseRequest) -> Reply:
        base = f"{request.scheme}://{request.host}"
        path = exchange.path
        # The clock that a client compares its own with.
        date = {"Date": formatdate(self.cluster.clock.now(), usegmt=True)}
        reply = self._dispatch(exchange, request, base, path)
        return Reply(reply.status, reply.body, {**reply.headers, **date})

    def _dispatch(self, exchange: Exchange, request: web.BaseRequest, base: str, path: str) -> Reply:
        found = _TOKEN.fullmatch(path)
        if found and exchange.method == "POST":
            return self.entra.token(found[1], exchange.body)
        found = _DISCOVERY.fullmatch(path)
        if found and exchange.method == "GET":
            return self.entra.discovery(found[1], base)
        if path == "/common/discovery/instance":
            return Reply(200, {"tenant_discovery_endpoint": f"{base}/common/v2.0/.well-known/openid-configuration"})
        token = self._token(request.headers.get("Authorization"))
        if path.startswith("/v1.0/"):
            return self._graph.answer(exchange.method, path, exchange.query, base, token)
        if path.startswith(("/keys", "/deletedkeys")):
            host = request.host.removesuffix(":443")
            return self._key_vaults.answer(exchange.method, path, exchange.query, exchange.body, host, base, token)
        return Reply(404, {"error": {"code": "NotFound", "message": "There is no such resource."}})

    def _token(self, header: str | None) -> Token | str | None:
        """The token that a header shows; the text itself where it is not one; None without a header."""
        if header is None:
            return None
        shown = header.partition(" ")[2]
        return self.entra.tokens.get(shown, "unknown")
