# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The transport alone, with a server that answers each request with given bytes on connections that are kept."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import trustme
from faults.catalogue import WHOLE
from faults.harness import run

from ansible_collections.ontap.akv.plugins.module_utils._http import transport
from ansible_collections.ontap.akv.plugins.module_utils._http.endpoint import Endpoint
from ansible_collections.ontap.akv.plugins.module_utils._http.retry import FaultKind
from ansible_collections.ontap.akv.plugins.module_utils._http.transport import Allowance, Fault, Transport
from simulator import Simulator

MB = 2**20


def response(body: bytes, status: str = "200 OK") -> bytes:
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status.encode(), len(body), body)


class Server(socketserver.ThreadingTCPServer):
    """Answers each request with the next of its replies, the last one again and again.

    :ivar connections: how many were made
    """

    daemon_threads = True

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.replies: list[bytes] = []
        self.connections = 0
        self._tls = tls
        super().__init__(("127.0.0.1", 0), Handler)

    def endpoint(self, **more: Any) -> Endpoint:
        scheme = "https" if self._tls else "http"
        return Endpoint("127.0.0.1", self.server_address[1], scheme, use_proxy=False, **{"timeout": 30, **more})

    def get_request(self) -> tuple[Any, Any]:
        plain, address = super().get_request()
        return (self._tls.wrap_socket(plain, server_side=True) if self._tls else plain), address


class Handler(socketserver.StreamRequestHandler):
    server: Server

    def handle(self) -> None:
        self.server.connections += 1
        with contextlib.suppress(OSError):
            while self.rfile.readline():
                while self.rfile.readline().strip():
                    pass
                replies = self.server.replies
                self.wfile.write(replies.pop(0) if len(replies) > 1 else replies[0])


@contextlib.contextmanager
def serving(server: Server) -> Iterator[Server]:
    with server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()


@pytest.fixture
def plain() -> Iterator[Server]:
    with serving(Server()) as server:
        yield server


@contextlib.contextmanager
def session(endpoint: Endpoint, allowance: Allowance | None = None) -> Iterator[Transport]:
    made = Transport(endpoint, None, allowance)
    with contextlib.closing(made):
        yield made


def test_a_connection_is_kept(plain: Server) -> None:
    plain.replies = [response(b"1"), response(b"2"), b"HTTP/1.1 204 No Content\r\n\r\n", response(b"", "302 Found")]
    with session(plain.endpoint()) as made:
        assert [made.send("GET", "/").content for _time in range(4)] == [b"1", b"2", b"", b""]
    assert plain.connections == 1


# --- the protocol -----------------------------------------------------------------------------------------------------

IRREGULAR = {
    "early hints": b"HTTP/1.1 103 Early Hints\r\n\r\n" + response(b"first"),
    "processing": b"HTTP/1.1 102 Processing\r\n\r\n" + response(b"first"),
    "switching": b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
    "continue, then hints": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n" + response(b"first"),
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nfirst",
    "a length that is no number": b"HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nfirst",
    "a length and chunks": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "an unknown coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "a header without a colon": b"HTTP/1.1 200 OK\r\nno colon\r\nContent-Length: 5\r\n\r\nfirst",
}


@pytest.mark.parametrize("irregular", IRREGULAR)
@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_an_irregular_response_closes_the_connection(plain: Server, irregular: str, method: str) -> None:
    plain.replies = [IRREGULAR[irregular], response(b"second")]
    with session(plain.endpoint()) as made:
        with pytest.raises(Fault, match="broke the HTTP protocol") as caught:
            made.send(method, "/")
        assert caught.value.kind == FaultKind.LOST
        assert made.send("GET", "/").content == b"second"
    assert plain.connections == 2


def test_a_body_without_a_length_that_our_time_limit_ends_is_not_complete(plain: Server) -> None:
    plain.replies = [b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}"]
    with session(plain.endpoint(timeout=0.3)) as made, pytest.raises(Fault, match="did not respond within") as caught:
        made.send("GET", "/")
    assert caught.value.kind is FaultKind.LOST


def test_one_thread_waits_for_the_limits_of_all_requests() -> None:
    limit, watchers = transport._TimeLimit(60, lambda: None), set()
    for _request in range(3):
        limit.begin()
        watchers.add(limit._watcher)
        limit.stop()
    (watcher,) = watchers
    assert watcher is not None
    limit.close()
    watcher.join(30)
    assert not watcher.is_alive()


def test_a_request_after_others_is_cut() -> None:
    cut = threading.Event()
    limit = transport._TimeLimit(0.2, cut.set)
    for _request in range(3):
        limit.begin()
        limit.stop()
    assert not limit.passed
    limit.begin()
    assert cut.wait(30)
    assert limit.passed
    cut.clear()
    limit.begin()
    assert cut.wait(30)


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_a_change_with_an_interim_answer_is_confirmed_by_reading(method: str) -> None:
    start = [] if method == "POST" else [WHOLE]
    options = {
        "POST": WHOLE,
        "PATCH": {**WHOLE, "client_secret": "canary-New8Q~secret", "update_credentials": "always"},
        "DELETE": {"svm": "vs0", "state": "absent"},
    }[method]
    with Simulator(scenario={"vaults": start}) as simulator:
        simulator.apply([{"add_fault": {"match": {"method": method}, "interim": {}}}])
        result = run("akv_config", **{**options, **simulator.connection})
        assert not result.get("failed"), result["msg"]
        assert result["changed"] is True
        assert len(simulator.vaults()) == (method != "DELETE")
        assert next(sent["status"] for sent in result["requests"] if sent["method"] == method) is None
        if method == "PATCH":
            assert simulator.secret_of(simulator.vaults()[0]["uuid"]) == "canary-New8Q~secret"
        else:
            assert [seen["method"] for seen in simulator.requests].count(method) == 1


def test_white_space_around_a_length_is_regular(plain: Server) -> None:
    plain.replies = [b"HTTP/1.1 200 OK\r\nContent-Length:  5 \r\n\r\nfirst", response(b"second")]
    with session(plain.endpoint()) as made:
        assert [made.send("GET", "/").content for _time in range(2)] == [b"first", b"second"]


def test_100_continue_is_passed_over(plain: Server) -> None:
    plain.replies = [b"HTTP/1.1 100 Continue\r\n\r\n" * 3 + response(b"first"), response(b"second")]
    with session(plain.endpoint()) as made:
        assert [made.send("GET", "/").content for _time in range(2)] == [b"first", b"second"]


@pytest.mark.parametrize("tls", [False, True])
def test_bytes_beyond_a_response_are_never_the_next_one(tls: bool) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with serving(Server(context if tls else None)) as server:
        # More than one reading takes, in one TLS record: the rest of it waits inside of TLS.
        server.replies = [response(b"1" * 8000) + response(b"x" * 8000), response(b"second")]
        with session(server.endpoint(validate_certs=False)) as made:
            assert made.send("GET", "/").content == b"1" * 8000
            assert made.send("GET", "/").content == b"second"


def test_no_cookie_is_kept(plain: Server) -> None:
    plain.replies = [b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"]
    with session(plain.endpoint()) as made:
        made.send("GET", "/")
        assert not list(made._session.cookies)


# --- memory -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["200 OK", "302 Found\r\nLocation: /elsewhere", "400 Bad Request", "503 Busy"])
def test_one_response_is_limited_whatever_its_status(plain: Server, status: str) -> None:
    plain.replies = [response(b"x" * (16 * MB), status), response(b"x" * (16 * MB + 1), status)]
    with session(plain.endpoint()) as made:
        assert len(made.send("GET", "/").content) == 16 * MB
        with pytest.raises(Fault, match="longer than 16 MB, the limit for one response") as caught:
            made.send("GET", "/")
    assert caught.value.kind == FaultKind.LOST


def test_all_responses_of_a_task_are_limited(plain: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "MAX_OF_TASK", MB)
    plain.replies = [response(b"x" * (MB // 2))]
    with session(plain.endpoint()) as made, contextlib.closing(made.twin()) as other:
        made.send("GET", "/")
        other.send("GET", "/")
        with pytest.raises(Fault, match="exceed 64 MB, the limit for one task") as caught:
            made.send("POST", "/")
        assert caught.value.kind == FaultKind.LOST, "it may have been applied"
        before = plain.connections
        with pytest.raises(Fault, match="64 MB") as caught:
            other.send("GET", "/")
        assert caught.value.kind == FaultKind.SPENT, "nothing is sent any more"
    assert plain.connections == before


# --- time -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def silent() -> Iterator[int]:
    """A port at which connecting never ends: its queue is full."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = []
        for _time in range(3):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
            waiting.append(client)
        yield listener.getsockname()[1]
        for client in waiting:
            client.close()


def addresses(monkeypatch: pytest.MonkeyPatch, *ports: int, seconds: float = 0) -> list[float]:
    """Let each name have these ports of loopback as its addresses; give what each connecting may take."""
    shares: list[float] = []
    connect = socket.socket.connect

    def resolve(*_arguments: Any) -> list[Any]:
        time.sleep(seconds)
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port)) for port in ports]

    def noted(self: socket.socket, address: Any) -> None:
        shares.append(self.gettimeout() or 0)
        connect(self, address)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket.socket, "connect", noted)
    return shares


def test_addresses_share_the_time_to_connect(plain: Server, silent: int, monkeypatch: pytest.MonkeyPatch) -> None:
    shares = addresses(monkeypatch, silent, plain.server_address[1])
    plain.replies = [response(b"here")]
    with session(plain.endpoint(timeout=1)) as made:
        assert made.send("GET", "/").content == b"here"
    assert 0 < shares[0] <= 0.5
    assert shares[1] <= 1.01 - shares[0]


def test_where_no_address_answers(silent: int, monkeypatch: pytest.MonkeyPatch) -> None:
    shares = addresses(monkeypatch, silent, silent, silent)
    endpoint = Endpoint("cluster1", silent, "http", use_proxy=False, timeout=0.6)
    with (
        session(endpoint) as made,
        pytest.raises(Fault, match=r"no connection to http://cluster1:\d+ within") as caught,
    ):
        made.send("POST", "/")
    assert caught.value.kind == FaultKind.UNREACHED
    assert len(shares) == 3
    assert shares[0] <= 0.2
    assert sum(shares) <= 0.61


def test_a_connection_that_comes_too_late_is_not_used(plain: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its reading could not be cut any more."""
    connect = socket.socket.connect

    def late(self: socket.socket, address: Any) -> None:
        time.sleep(0.5)
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", late)
    plain.replies = [response(b"here")]
    with session(plain.endpoint(timeout=0.1)) as made, pytest.raises(Fault, match="no connection to") as caught:
        made.send("POST", "/")
    assert caught.value.kind == FaultKind.UNREACHED


def test_reading_has_the_time_that_connecting_left(plain: Server, silent: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that trickles is cut off, also where the first address took its share."""
    addresses(monkeypatch, silent, plain.server_address[1])
    plain.replies = [b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"]
    with session(plain.endpoint(timeout=3)) as made, pytest.raises(Fault, match="did not respond within") as caught:
        made.send("GET", "/")
    assert caught.value.kind == FaultKind.LOST


def test_name_resolution_does_not_count(plain: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    addresses(monkeypatch, plain.server_address[1], seconds=1.2)
    plain.replies = [response(b"here")]
    with session(plain.endpoint(timeout=1)) as made:
        assert made.send("GET", "/").content == b"here"
