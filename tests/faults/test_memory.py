# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""However much a server sends, a module takes little more memory than it always does."""

from __future__ import annotations

import contextlib
import gzip
import socketserver
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from faults import harness
from faults.catalogue import VAULTS, WHOLE

from simulator import Simulator

MORE = 64  # MB that an answer may cost
MB = 2**20
OK = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"


@pytest.fixture(scope="module")
def usual() -> float:
    """The peak of a run that meets nothing special, in MB."""
    with Simulator(scenario={"vaults": [WHOLE]}) as sim:
        result, most = harness.peak("akv_info", sim.connection)
    assert not result.get("failed"), result["msg"]
    return most


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_answer_of_50_mb(usual: float, method: str, tally: Counter[str]) -> None:
    with Simulator() as sim:
        sim.apply([{"add_fault": {"match": {"method": method, "path": VAULTS}, "huge": {"when": "after"}}}])
        result, most = harness.peak("akv_config", {**WHOLE, **sim.connection})
        assert len(sim.vaults()) == 1
    assert not result.get("failed"), result["msg"]
    assert most < usual + MORE
    tally["survived"] += 1


def flood(kind: str) -> Iterator[bytes]:
    """Fifty megabytes, or what becomes so many."""
    filler = b"x" * MB
    if kind == "headers":
        yield OK
        for number in range(50 * 16):
            yield b"X-%d: %s\r\n" % (number, filler[: MB // 16 - 100])
    elif kind == "one header":
        yield OK + b"X: "
        yield from [filler] * 50
    elif kind == "chunks":
        yield OK + b"Transfer-Encoding: chunked\r\n\r\n"
        yield from [b"100000\r\n" + filler + b"\r\n"] * 50
        yield b"0\r\n\r\n"
    elif kind == "a chunk's head":
        yield OK + b"Transfer-Encoding: chunked\r\n\r\n1;"
        yield from [filler] * 50
    elif kind == "compressed":
        bomb = gzip.compress(b'{"records": [], "x": "' + filler * 50 + b'"}')
        yield OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb) + bomb
    elif kind == "without a length":
        yield OK + b"\r\n"
        yield from [filler] * 50
    elif kind in ("a redirect", "a compressed redirect"):
        content = filler * 50
        coding = b""
        if kind == "a compressed redirect":
            content, coding = gzip.compress(content), b"Content-Encoding: gzip\r\n"
        yield b"HTTP/1.1 302 Found\r\nLocation: /api\r\nConnection: close\r\n" + coding
        yield b"Content-Length: %d\r\n\r\n" % len(content) + content
    elif kind == "an error":
        yield b'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n{"error": {"code": "1", "message": "'
        yield from [filler] * 50
        yield b'"}}'


class Flood(socketserver.ThreadingTCPServer):
    """A server that sends much more than was asked for."""

    daemon_threads = True

    def __init__(self, kind: str) -> None:
        kinds = kind

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                self.request.recv(65536)
                with contextlib.suppress(OSError):
                    for piece in flood(kinds):
                        self.request.sendall(piece)

        super().__init__(("127.0.0.1", 0), Handler)


KINDS = ["headers", "one header", "chunks", "a chunk's head", "compressed", "without a length", "an error"]


@pytest.mark.parametrize("kind", [*KINDS, "a redirect", "a compressed redirect"])
def test_a_flood_in_any_form(usual: float, kind: str, tally: Counter[str]) -> None:
    with Flood(kind) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        where: dict[str, Any] = {"hostname": "127.0.0.1", "http_port": server.server_address[1], "https": False}
        login = {"username": "admin", "password": "canary-Old8Q~word"}
        result, most = harness.peak("akv_info", {**where, **login, "retries": 0, "health": False})
        server.shutdown()
    assert result["failed"]
    assert result["outcome"] == "unchanged"
    assert most < usual + MORE
    tally["outcome named"] += 1
