# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Proxies: those of the environment alone, unless the task wants none; and what passes through one stays secret."""

from __future__ import annotations

import base64
import select
import socket
import socketserver
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from faults.in_process import Played, assert_true_outcome, play

from ansible_collections.ontap.akv.plugins.module_utils._http.endpoint import Endpoint
from ansible_collections.ontap.akv.plugins.module_utils._http.transport import _proxies
from simulator import Simulator

VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """No proxy, and no look-up of one by the operating system: on macOS that can crash a forked worker."""

    def never(*_arguments: Any) -> Any:
        raise AssertionError("the operating system was asked for a proxy")

    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(variable.lower(), raising=False)
    # requests' own rule ends with proxy_bypass: where the environment names a proxy, that asks nobody else.
    for name in ("getproxies", "getproxies_macosx_sysconf", "proxy_bypass_macosx_sysconf"):
        for module in ("urllib.request", "requests.compat", "requests.utils"):
            monkeypatch.setattr(f"{module}.{name}", never, raising=False)
    return monkeypatch


class _Tunnel(socketserver.StreamRequestHandler):
    """CONNECT: opens the way to loopback and carries bytes both ways; all that it sees is kept."""

    server: Proxy

    def handle(self) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = self.rfile.readline()
            if not line:
                return
            head += line
        self.server.seen += head
        if self.server.answer:
            self.wfile.write(self.server.answer)
            return
        host, _colon, port = head.split()[1].decode().rpartition(":")
        assert host == "127.0.0.1"
        with socket.create_connection((host, int(port))) as far:
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            ends = {self.connection: far, far: self.connection}
            while True:
                for readable in select.select(list(ends), [], [], 10)[0]:
                    data = readable.recv(65536)
                    if not data:
                        return
                    self.server.seen += data
                    ends[readable].sendall(data)


class Proxy(socketserver.ThreadingTCPServer):
    """A proxy on loopback.

    :ivar answer: refuses each CONNECT with these bytes; empty opens the way
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Tunnel)
        self.seen = b""
        self.answer = b""
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with Proxy() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def plain() -> Iterator[Simulator]:
    with Simulator() as sim:
        yield sim


@pytest.fixture(scope="module")
def nobody() -> str:
    """The URL of a proxy that is not there."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def read(sim: Simulator, **options: Any) -> Played:
    return play("akv_info", {**sim.connection, "retries": 0, "health": False, **options}, None)


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_the_proxy_of_the_environment_is_used(
    plain: Simulator, nobody: str, environment: pytest.MonkeyPatch, variable: str, tally: Counter[str]
) -> None:
    environment.setenv(variable, nobody)
    played = read(plain)
    assert_true_outcome(played)
    assert played.failed
    assert "the proxy for https://127.0.0.1" in played.result["msg"]
    assert "HTTPS_PROXY" in played.result["msg"]
    assert "use_proxy: false" in played.result["msg"]
    tally["outcome named"] += 1


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("NO_PROXY", "127.0.0.1"),
        ("no_proxy", "elsewhere.example,127.0.0.1"),
        ("NO_PROXY", "*"),
        ("NO_PROXY", "127.0.0.0/8"),
        ("no_proxy", "10.0.0.0/8, 127.0.0.0/30"),
    ],
)
def test_no_proxy_names_the_host(
    plain: Simulator, nobody: str, environment: pytest.MonkeyPatch, variable: str, value: str, tally: Counter[str]
) -> None:
    environment.setenv("HTTPS_PROXY", nobody)
    environment.setenv(variable, value)
    assert not read(plain).failed
    tally["survived"] += 1


@pytest.mark.parametrize(
    ("host", "value", "bypassed"),
    [
        ("cluster1.example", "cluster1.example:8443", True),
        ("cluster1.example", "cluster1.example:443", False),
        ("cluster1.example", ".example", True),
        ("10.1.2.3", "10.0.0.0/8", True),
        ("11.1.2.3", "10.0.0.0/8", False),
        ("10.1.2.3", "10.1.2.3/32", True),
    ],
)
def test_no_proxy_means_what_it_means_for_requests(
    nobody: str, environment: pytest.MonkeyPatch, host: str, value: str, bypassed: bool, tally: Counter[str]
) -> None:
    environment.setenv("HTTPS_PROXY", nobody)
    environment.setenv("NO_PROXY", value)
    assert _proxies(Endpoint(host, 8443)) == ({} if bypassed else {"https": nobody})
    tally["survived"] += 1


def test_use_proxy_false(plain: Simulator, nobody: str, environment: pytest.MonkeyPatch, tally: Counter[str]) -> None:
    environment.setenv("HTTPS_PROXY", nobody)
    environment.setenv("ALL_PROXY", nobody)
    assert not read(plain, use_proxy=False).failed
    tally["survived"] += 1


def test_the_proxy_of_another_scheme_is_not_used(
    plain: Simulator, nobody: str, environment: pytest.MonkeyPatch, tally: Counter[str]
) -> None:
    environment.setenv("HTTP_PROXY", nobody)
    assert not read(plain).failed
    tally["survived"] += 1


def test_through_a_proxy_the_login_is_not_seen(
    plain: Simulator, proxy: Proxy, environment: pytest.MonkeyPatch, tally: Counter[str]
) -> None:
    environment.setenv("HTTPS_PROXY", proxy.url)
    secret = "canary-Old8Q~secret"
    vault = {
        "svm": "vs0",
        "name": "https://kv1.vault.azure.net/",
        "key_id": "https://kv1.vault.azure.net/keys/key1",
        "client_id": "client1",
        "tenant_id": "tenant1",
        "client_secret": secret,
    }
    played = play("akv_config", {**plain.connection, **vault}, None)
    assert not played.failed, played.result["msg"]
    assert played.result["operation"] == "create"
    assert proxy.seen.startswith(b"CONNECT 127.0.0.1:")
    assert proxy.seen.count(b"CONNECT ") == 1, "the connection is kept"
    login = f"{plain.connection['username']}:{plain.connection['password']}".encode()
    for form in (secret.encode(), plain.connection["password"].encode(), base64.b64encode(login), b"Basic "):
        assert form not in proxy.seen
    assert b"azure-key-vaults" not in proxy.seen
    tally["survived"] += 1


def test_the_cluster_s_certificate_is_checked_behind_a_proxy(
    plain: Simulator, proxy: Proxy, environment: pytest.MonkeyPatch, tally: Counter[str]
) -> None:
    environment.setenv("HTTPS_PROXY", proxy.url)
    played = read(plain, ca_path=None)
    assert_true_outcome(played)
    assert "signed by a CA that is not trusted" in played.result["msg"]
    assert len(played.result["requests"]) == 1
    tally["outcome named"] += 1


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "407 Proxy Authentication Required"),
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", "403 Forbidden"),
        (b"<html>", "(through a proxy)"),
        (b"HTTP/1.1 2", "(through a proxy)"),
        (b"\xff" * 10, "(through a proxy)"),
    ],
)
def test_a_proxy_that_refuses(
    plain: Simulator,
    proxy: Proxy,
    environment: pytest.MonkeyPatch,
    answer: bytes,
    says: str,
    tally: Counter[str],
) -> None:
    environment.setenv("HTTPS_PROXY", proxy.url.replace("//", "//user:canary-Proxy8Q@"))
    proxy.answer = answer
    played = read(plain)
    assert_true_outcome(played)
    assert says in played.result["msg"]
    assert "canary-Proxy8Q" not in repr(played.result)
    tally["outcome named"] += 1


@pytest.mark.parametrize("url", ["http://", "socks5://127.0.0.1:1", "x", "http://127.0.0.1:x", "http://a..b"])
def test_an_invalid_proxy(plain: Simulator, environment: pytest.MonkeyPatch, url: str, tally: Counter[str]) -> None:
    def unknown(*_arguments: Any, **_more: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    environment.setattr(socket, "getaddrinfo", unknown)
    environment.setenv("HTTPS_PROXY", url)
    played = read(plain, retries=2)
    assert_true_outcome(played)
    assert "the proxy" in played.result["msg"]
    assert len(played.result["requests"]) == 1, "it cannot help to ask again"
    tally["outcome named"] += 1
