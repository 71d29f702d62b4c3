# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTPS server: login, role, log and faults around the API."""

from __future__ import annotations

import asyncio
import base64
import binascii
import ssl
import time
from typing import Any, TextIO
from urllib.parse import unquote_plus

from aiohttp import web

from . import api, control
from .access import User
from .call import Pending, Reply, segments
from .cluster import Cluster
from .errors import ApiError
from .faults import Exchange
from .listening import MASK, Listener, Wire, masked_query, response
from .tls import common_name

JSON = "application/json"


class Server(Listener):
    """One cluster behind one port of loopback."""

    def __init__(self, cluster: Cluster, context: ssl.SSLContext | None, host: str, log: TextIO | None) -> None:
        super().__init__(context, host, log)
        self.cluster = cluster

    @property
    def name(self) -> str:
        return self.cluster.name

    # --- a request ---

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        raw_path, _mark, query = request.raw_path.partition("?")
        body = await request.read() if request.body_exists else b""
        if raw_path.startswith(control.PREFIX):
            return response(control.handle(self, request.method, raw_path, body))
        self.cluster.tick()
        exchange = Exchange(self.cluster, Wire(self, request), request.method, raw_path, query, body)
        entry = self._entry(request, raw_path, query)
        return await self._exchange(exchange, entry, lambda: self._answer(exchange, request))

    def _entry(self, request: web.BaseRequest, path: str, query: str) -> dict[str, Any]:
        """The request's place in the log."""
        return {
            "method": request.method,
            "path": self._masked(path),
            "query": self._masked(masked_query(query)),
            "status": None,
            "user_agent": request.headers.get("User-Agent"),
            "client_app": request.headers.get("X-Dot-Client-App"),
            "node": self.cluster.answering_node,
        }

    def _masked(self, text: str) -> str:
        """The text, or a mask where it holds a secret that the cluster knows."""
        decoded = unquote_plus(text) if "%" in text or "+" in text else text
        return MASK if any(secret in decoded for secret in self.cluster.secrets) else text

    async def _answer(self, exchange: Exchange, request: web.BaseRequest) -> Reply:
        if not self.cluster.settings.get("rest", True) and exchange.path.startswith("/api"):
            page = (
                b"<!DOCTYPE HTML><html><head><title>404 Not Found</title></head><body><h1>Not Found</h1></body></html>"
            )
            return Reply(404, page, {"Content-Type": "text/html"})
        try:
            user = self._login(exchange, request)
            if exchange.path.startswith("/servlets/"):
                return control.zapi(self.cluster, exchange.method, exchange.path, exchange.body)
            call, handler = api.route(self.cluster, exchange.method, exchange.path, exchange.query, exchange.body)
            if not self.cluster.role_of(user).allows(exchange.method, segments(exchange.path)):
                raise ApiError(6)
            call.short_page, call.later = exchange.short_page, exchange.later
            reply = handler(call)
            if isinstance(reply, Pending):
                reply = await self._wait(reply)
            if request.headers.get("Accept") == JSON and isinstance(reply.body, dict):
                reply = Reply(reply.status, without_links(reply.body), {**reply.headers, "Content-Type": JSON})
        except ApiError as refusal:
            # Some clients send their login only when they are asked for it.
            asks = {"WWW-Authenticate": 'Basic realm="private"'} if refusal.status == 401 else {}
            return Reply(refusal.status, refusal.body(), asks)
        return reply

    async def _wait(self, pending: Pending) -> Reply:
        """Give the job the time that the client wants to wait for it."""
        end = time.monotonic() + pending.timeout
        self.cluster.tick()
        while pending.job.ended is None and time.monotonic() < end:
            await asyncio.sleep(0.02)
            self.cluster.tick()
        if pending.job.ended is None or pending.timeout == 0:
            return pending.at_once
        if pending.job.failed:
            raise pending.job.error()
        return pending.in_time()

    def _login(self, exchange: Exchange, request: web.BaseRequest) -> User:
        """Who asks: by certificate, which TLS has verified, or by password.

        Raises ApiError 6691623 (401) for anybody else.
        """
        header = request.headers.get("Authorization")
        if header is None and request.transport is not None:
            name = common_name(request.transport.get_extra_info("peercert"))
            user = self.cluster.users.get(name or "")
            if user is not None and user.certificate:
                return user
        elif header is not None:
            kind, _blank, token = header.partition(" ")
            try:
                name, _colon, password = base64.b64decode(token, validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                name, password = "", ""
            exchange.password = password
            user = self.cluster.users.get(name)
            if kind.lower() == "basic" and user is not None and user.accepts(password):
                return user
        raise ApiError(6691623)


def without_links(value: Any) -> Any:
    """The body for a client that accepts plain JSON: it keeps only the links to the next page and to jobs."""
    if isinstance(value, list):
        return [without_links(one) for one in value]
    if not isinstance(value, dict):
        return value
    kept = {
        name: one if name in ("job", "jobs") else without_links(one) for name, one in value.items() if name != "_links"
    }
    following = value.get("_links", {}).get("next")
    return {**kept, "_links": {"next": following}} if following else kept
