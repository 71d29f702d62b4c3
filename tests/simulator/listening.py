# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each server of the simulator does: listen, let faults happen around an answer, and log without secrets."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import Awaitable, Callable
from datetime import datetime, timezone
from typing import Any, TextIO
from urllib.parse import unquote_plus

from aiohttp import web

from .call import Reply
from .faults import SECRET_FIELDS, Cut, Exchange, encode

HAL = "application/hal+json"
MASK = "********"
_SECRET_NAMES = {*SECRET_FIELDS, "password", "client_assertion", "access_token"}


class Listener:
    """One port of loopback."""

    def __init__(self, context: ssl.SSLContext | None, host: str, log: TextIO | None) -> None:
        self.requests: list[dict[str, Any]] = []
        self.host = host
        self.port = 0
        self._context = context
        self._log = log
        self._web: web.Server | None = None
        self._listener: asyncio.AbstractServer | None = None
        self._bound: socket.socket | None = None
        self._background: set[asyncio.Task[None]] = set()

    @property
    def name(self) -> str:
        """What the log calls it."""
        raise NotImplementedError

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        raise NotImplementedError

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

    async def _exchange(
        self,
        exchange: Exchange,
        entry: dict[str, Any],
        answer: Callable[[], Awaitable[Reply]],
        azure: bool = False,
    ) -> web.StreamResponse:
        """Answer a request, with the faults that meet it; `entry` is its place in the log, taken when it comes."""
        faults = [
            fault
            for fault in list(exchange.cluster.faults)
            if fault.azure == azure
            and fault.meets(exchange.method, exchange.path, exchange.query, exchange.cluster.random)
        ]
        entry["faults"] = [fault.kind for fault in faults]
        self.requests.append(entry)
        try:
            for fault in faults:
                await fault.before(exchange)
            if exchange.reply is None:
                exchange.reply = await answer()
            entry["status"] = exchange.reply.status
            for fault in faults:
                await fault.after(exchange)
        except Cut:
            self._write(entry)
            return web.Response()
        entry["status"] = exchange.reply.status
        self._write(entry)
        return response(exchange.reply)

    def _write(self, entry: dict[str, Any]) -> None:
        if self._log is not None:
            target = entry["path"] + (f"?{entry['query']}" if entry["query"] else "")
            status = entry["status"] if entry["status"] is not None else "-"
            faults = f" ({', '.join(entry['faults'])})" if entry["faults"] else ""
            now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
            self._log.write(f"{now} {self.name} {entry['method']} {target} {status}{faults}\n")
            self._log.flush()


class Wire:
    """The connection of a request, for faults."""

    def __init__(self, listener: Listener, request: web.BaseRequest) -> None:
        self._listener = listener
        self._request = request

    @property
    def transport(self) -> asyncio.Transport | None:
        return self._request.transport

    def refuse(self, seconds: float) -> None:
        self._listener.refuse(seconds)


def masked_query(query: str) -> str:
    """A query, the values of secrets masked by their names."""
    return "&".join(map(_masked_pair, query.split("&")))


def _masked_pair(pair: str) -> str:
    name, equals, _value = pair.partition("=")
    hidden = equals and re.sub(r".*\.", "", unquote_plus(name)) in _SECRET_NAMES
    return f"{name}={MASK}" if hidden else pair


def response(reply: Reply) -> web.Response:
    headers = {"Content-Type": HAL, **reply.headers} if reply.body is not None else reply.headers
    return web.Response(status=reply.status, body=encode(reply), headers=headers)
