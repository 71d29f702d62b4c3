# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTPS server: login, role, log and faults around the API."""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
import socket
import ssl
import time
from datetime import datetime, timezone
from typing import Any, TextIO
from urllib.parse import unquote_plus

from aiohttp import web

from . import api, control
from .access import User
from .call import Pending, Reply, segments
from .cluster import Cluster
from .errors import ApiError
from .faults import SECRET_FIELDS, Cut, Exchange, Fault, encode
from .tls import common_name

HAL = "application/hal+json"
JSON = "application/json"
_SECRET_NAMES = {*SECRET_FIELDS, "password"}
MASK = "********"


class Server:
    """One cluster behind one port of loopback."""

    def __init__(self, cluster: Cluster, context: ssl.SSLContext | None, host: str, log: TextIO | None) -> None:
        self.cluster = cluster
        self.requests: list[dict[str, Any]] = []
        self.host = host
        self.port = 0
        self._context = context
        self._log = log
        self._web: web.Server | None = None
        self._listener: asyncio.AbstractServer | None = None
        self._bound: socket.socket | None = None
        self._background: set[asyncio.Task[None]] = set()

    async def start(self, port: int) -> None:
        """Listen; port 0 takes a free one.

        Raises OSError where the port is taken.
        """
        await self._listen(self._bind(port))

    def _bind(self, port: int) -> socket.socket:
        """Take a port without listening on it yet: whoever connects to it is refused, and nobody else gets it."""
        bound = socket.socket(socket.AF_INET6 if ":" in self.host else socket.AF_INET)
        try:
            # Connections of before may still be on it. Once taken it is not shared with any other socket.
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind((self.host, port))
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        except OSError as error:
            bound.close()
            raise OSError(error.errno, f"{self.host} port {port}: {error.strerror}") from error
        return bound

    async def _listen(self, bound: socket.socket) -> None:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._bound = None
        if self._web is None:
            self._web = web.Server(self._handle, access_log=None, keepalive_timeout=3600)
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(self._web, sock=bound, ssl=self._context, backlog=512)
        self.port = bound.getsockname()[1]

    async def stop(self) -> None:
        for task in self._background:
            task.cancel()
        if self._bound is not None:
            self._bound.close()
        if self._listener is not None:
            self._listener.close()
        if self._web is not None:
            await self._web.shutdown(0.1)

    def refuse(self, seconds: float) -> None:
        """Do not listen for so long; new connections are refused."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
            self._bound = self._bind(self.port)
            task = asyncio.get_running_loop().create_task(self._listen_again(seconds))
            self._background.add(task)
            task.add_done_callback(self._background.discard)

    async def _listen_again(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        if self._bound is not None:
            await self._listen(self._bound)

    # --- a request ---

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        raw_path, _mark, query = request.raw_path.partition("?")
        body = await request.read() if request.body_exists else b""
        if raw_path.startswith(control.PREFIX):
            return _response(control.handle(self, request.method, raw_path, body))
        self.cluster.tick()
        exchange = Exchange(self.cluster, _Wire(self, request), request.method, raw_path, query, body)
        faults = [
            fault
            for fault in list(self.cluster.faults)
            if fault.meets(request.method, raw_path, query, self.cluster.random)
        ]
        entry = self._entry(request, raw_path, query, faults)
        try:
            for fault in faults:
                await fault.before(exchange)
            if exchange.reply is None:
                exchange.reply = await self._answer(exchange, request)
            entry["status"] = exchange.reply.status
            for fault in faults:
                await fault.after(exchange)
        except Cut:
            self._write(entry)
            return web.Response()
        entry["status"] = exchange.reply.status
        self._write(entry)
        return _response(exchange.reply)

    def _entry(self, request: web.BaseRequest, path: str, query: str, faults: list[Fault]) -> dict[str, Any]:
        """The request's place in the log, taken when it comes."""
        entry = {
            "method": request.method,
            "path": self._masked(path),
            "query": self._masked("&".join(map(_masked_pair, query.split("&")))),
            "status": None,
            "user_agent": request.headers.get("User-Agent"),
            "client_app": request.headers.get("X-Dot-Client-App"),
            "node": self.cluster.answering_node,
            "faults": [fault.kind for fault in faults],
        }
        self.requests.append(entry)
        return entry

    def _masked(self, text: str) -> str:
        """The text, or a mask where it holds a secret that the cluster knows."""
        decoded = unquote_plus(text) if "%" in text or "+" in text else text
        return MASK if any(secret in decoded for secret in self.cluster.secrets) else text

    def _write(self, entry: dict[str, Any]) -> None:
        if self._log is not None:
            target = entry["path"] + (f"?{entry['query']}" if entry["query"] else "")
            status = entry["status"] if entry["status"] is not None else "-"
            faults = f" ({', '.join(entry['faults'])})" if entry["faults"] else ""
            now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
            self._log.write(f"{now} {self.cluster.name} {entry['method']} {target} {status}{faults}\n")
            self._log.flush()

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
            call.short_page = exchange.short_page
            reply = handler(call)
            if isinstance(reply, Pending):
                reply = await self._wait(reply)
            if request.headers.get("Accept") == JSON and isinstance(reply.body, dict):
                reply = Reply(reply.status, _without_links(reply.body), {**reply.headers, "Content-Type": JSON})
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


class _Wire:
    """The connection of a request, for faults."""

    def __init__(self, server: Server, request: web.BaseRequest) -> None:
        self._server = server
        self._request = request

    @property
    def transport(self) -> asyncio.Transport | None:
        return self._request.transport

    def refuse(self, seconds: float) -> None:
        self._server.refuse(seconds)


def _masked_pair(pair: str) -> str:
    name, equals, _value = pair.partition("=")
    hidden = equals and re.sub(r".*\.", "", unquote_plus(name)) in _SECRET_NAMES
    return f"{name}={MASK}" if hidden else pair


def _without_links(value: Any) -> Any:
    """What is told to a client that does without links: only those to the next page and to jobs."""
    if isinstance(value, list):
        return [_without_links(one) for one in value]
    if not isinstance(value, dict):
        return value
    told = {
        name: one if name in ("job", "jobs") else _without_links(one) for name, one in value.items() if name != "_links"
    }
    following = value.get("_links", {}).get("next")
    return {**told, "_links": {"next": following}} if following else told


def _response(reply: Reply) -> web.Response:
    headers = {"Content-Type": HAL, **reply.headers} if reply.body is not None else reply.headers
    return web.Response(status=reply.status, body=encode(reply), headers=headers)
