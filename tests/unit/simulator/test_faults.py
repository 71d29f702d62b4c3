# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults: each does what it says to the request that it meets, and to no other."""

from __future__ import annotations

import os
import socket
import ssl
import time
from email.utils import parsedate_to_datetime

import pytest
from requests.exceptions import ChunkedEncodingError, ReadTimeout
from requests.exceptions import ConnectionError as Disconnected

from simulator.client import CREATE, VAULTS

PATH = "/api/security/azure-key-vaults"
ONE = {"vaults": [{"svm": "vs0", "uuid": "u", "client_secret": "first"}]}
ANY = {"path": f"{PATH}*"}
RAW_GET = f"GET {PATH} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


@pytest.fixture
def broken(start):
    """Starts a 9.7 cluster with one vault and faults."""

    def started(*faults, **scenario):
        return start("9.7", {**ONE, **scenario, "faults": list(faults)})

    return started


def secret(client):
    return client.sim.secret_of("u")


# --- which requests ---


def test_the_nth_request_and_so_many_times(broken):
    client = broken(
        {"match": {"method": "GET", "path": "*/azure-key-vaults", "nth": 2, "times": 2}, "http": {"status": 503}}
    )
    statuses = []
    for _time in range(5):
        statuses.append(client.call("GET", PATH).status_code)
        assert client.call("GET", f"{PATH}/u").status_code == 200
    assert statuses == [200, 503, 503, 200, 200]
    assert [each["faults"] for each in client.sim.requests if each["status"] == 503] == [["http"], ["http"]]


def test_a_probability_with_a_seed_is_the_same_each_time(broken):
    def statuses(seed):
        client = broken({"match": {"probability": 0.5}, "http": {"status": 503}}, seed=seed)
        return [client.call("GET", PATH).status_code for _time in range(30)]

    first = statuses(1)
    assert {200, 503} == set(first)
    assert statuses(1) == first
    assert statuses(2) != first


def test_faults_come_and_go_as_events(broken):
    client = broken()
    client.sim.apply([{"add_fault": {"match": {"times": 0}, "error": {"code": 6}}}])
    assert client.refused("GET", VAULTS) == (403, 6, None)
    client.sim.apply(["clear_faults"])
    assert client.get(VAULTS)["num_records"] == 1


# --- the connection ---


@pytest.mark.parametrize(
    ("fault", "argument", "after"),
    [
        ("reset", {"when": "before"}, "first"),
        ("reset", {"when": "after"}, "second"),
        ("timeout", {"when": "before", "seconds": 5}, "first"),
        ("timeout", {"when": "after", "seconds": 5}, "second"),
        ("half", {}, "second"),
        ("half", {"reset": True}, "second"),
    ],
)
def test_a_connection_that_breaks_before_or_after_the_change(broken, fault, argument, after):
    client = broken({"match": {"method": "PATCH"}, fault: argument})
    with pytest.raises((Disconnected, ReadTimeout, ChunkedEncodingError)):
        client.call("PATCH", f"{PATH}/u", json={"client_secret": "second"}, timeout=0.3)
    assert secret(client) == after
    assert client.sim.requests[0]["faults"] == [fault]
    assert client.get(VAULTS)["num_records"] == 1


def connect(client):
    """A bare TLS connection to the simulator."""
    context = ssl.create_default_context(cafile=client.session.verify)
    plain = socket.create_connection(("127.0.0.1", client.sim.connection["http_port"]), timeout=5)
    return context.wrap_socket(plain, server_hostname="localhost")


def until_the_end(descriptor):
    """What comes over a connection until the server ends it."""
    return b"".join(iter(lambda: os.read(descriptor, 65536), b""))


def test_a_reset_is_a_reset(broken):
    with connect(broken({"reset": {}})) as wrapped:
        wrapped.sendall(RAW_GET)
        time.sleep(0.2)
        # The ssl module calls a reset an end of file: so below it.
        with pytest.raises(ConnectionResetError):
            until_the_end(wrapped.fileno())


def test_the_management_lif_fails_over(broken):
    client = broken({"match": {"method": "PATCH"}, "failover": {"seconds": 0.3, "when": "after"}})
    with pytest.raises(Disconnected):
        client.call("PATCH", f"{PATH}/u", json={"client_secret": "second"})
    time.sleep(0.5)
    client.get(VAULTS)
    assert [each["node"] for each in client.sim.requests] == ["node1", "node2"]
    assert secret(client) == "second"


# --- answers ---


@pytest.mark.parametrize("status", [429, 502, 503])
def test_retry_after(broken, status):
    client = broken(
        {"match": ANY, "http": {"status": status}},
        {"match": {**ANY, "nth": 2}, "http": {"status": status, "retry_after": 7}},
        {"match": {**ANY, "nth": 3}, "http": {"status": status, "retry_after_date": 60}},
        {"match": {**ANY, "nth": 4}, "error": {"code": 7, "status": status, "retry_after": "soon"}},
    )
    replies = [client.call("GET", PATH) for _time in range(4)]
    assert [reply.status_code for reply in replies] == [status] * 4
    assert "Retry-After" not in replies[0].headers
    assert replies[1].headers["Retry-After"] == "7"
    assert 50 < parsedate_to_datetime(replies[2].headers["Retry-After"]).timestamp() - time.time() < 70
    assert replies[3].headers["Retry-After"] == "soon"


@pytest.mark.parametrize(
    ("how", "check"),
    [
        ("truncated", lambda reply: reply.text.startswith('{"records"') and not reply.text.endswith("}")),
        ("list", lambda reply: reply.json()[0]["num_records"] == 1),
        ("text", lambda reply: reply.json() == "ok"),
        ("number", lambda reply: reply.json() == 7),
        ("null", lambda reply: reply.json() is None),
        ("empty", lambda reply: reply.content == b""),
        ("empty_object", lambda reply: reply.json() == {}),
        ("nulls", lambda reply: reply.json()["records"][0]["uuid"] is None),
        ("wrong_types", lambda reply: reply.json()["records"][0]["uuid"] == 7 and reply.json()["num_records"] == ["x"]),
        ("records_object", lambda reply: isinstance(reply.json()["records"], dict)),
        ("records_null", lambda reply: reply.json() == {"records": None, "num_records": None}),
        ("records_of_nulls", lambda reply: reply.json()["records"][0] is None),
        ("not_utf8", lambda reply: b"\xff\xfe" in reply.content),
        ("deep", lambda reply: reply.content.startswith(b"[[[[") and len(reply.content) == 200_000),
        ("nan", lambda reply: b"NaN" in reply.content),
    ],
)
def test_a_body_that_is_mangled(broken, how, check):
    reply = broken({"match": ANY, "mangle": {"how": how}}).call("GET", PATH)
    assert reply.status_code == 200
    assert check(reply)


def test_any_body(broken):
    client = broken(
        {"match": ANY, "body": {"status": 299, "json": {"a": [1]}, "headers": {"X-Y": "z"}}},
        {"match": {**ANY, "nth": 2}, "body": {"text": "hello", "content_type": "text/plain"}},
    )
    reply = client.call("GET", PATH)
    assert (reply.status_code, reply.json(), reply.headers["X-Y"]) == (299, {"a": [1]}, "z")
    assert client.call("GET", PATH).text == "hello"


def test_202_without_a_body_and_a_location_to_nowhere(broken):
    client = broken(
        {"match": {"path": "*/restore"}, "no_body": {}},
        {"match": {"method": "PATCH"}, "no_body": {"status": 202}},
        {"match": {"method": "POST", "path": PATH}, "bad_location": {}},
    )
    for method, path in (("POST", f"{PATH}/u/restore"), ("PATCH", f"{PATH}/u")):
        reply = client.call(method, path, json={"client_secret": "x"} if method == "PATCH" else None)
        assert (reply.status_code, reply.content) == (202, b"")
    assert len(client.sim.jobs()) == 1
    location = client.post(CREATE).headers["Location"]
    assert client.call("GET", location).status_code == 404
    assert len(client.sim.vaults()) == 2


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [("plain", 'a "b"/c'), ("url", "a%20%22b%22%2Fc"), ("json", 'a \\"b\\"/c'), ("base64", "YSAiYiIvYw==")],
)
def test_a_secret_is_echoed(broken, encoding, shown):
    client = broken(
        {"match": {"method": "PATCH"}, "echo": {"encoding": encoding}},
        {"match": {"method": "PATCH", "nth": 2}, "echo": {"where": "record"}},
        {"match": {"method": "GET", "times": 0}, "echo": {"where": "record", "encoding": encoding}},
    )
    body = {"client_secret": 'a "b"/c'}
    assert shown in client.call("PATCH", f"{PATH}/u", json=body).json()["error"]["message"]
    assert secret(client) == "first"
    assert client.call("PATCH", f"{PATH}/u", json=body).status_code == 200
    assert client.get(f"{VAULTS}/u")["client_secret"] == shown
    assert client.records(VAULTS)[0]["client_secret"] == shown


def test_a_port_that_refuses_stays_the_cluster_s_own(broken):
    """Another cluster that starts meanwhile must not get it."""
    client = broken({"match": {}, "refused": {"seconds": 5}})
    with pytest.raises(Disconnected):
        client.call("GET", PATH)
    here = ("127.0.0.1", client.sim.connection["http_port"])
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with pytest.raises(OSError, match="in use"):
            other.bind(here)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(here, timeout=1)


# --- what readings show ---


def port(client):
    return client.records(PATH[4:], params={"fields": "proxy_port"})[0].get("proxy_port")


@pytest.mark.parametrize(("fault", "status"), [("stale", 200), ("later", 202)])
def test_a_change_shows_after_so_many_readings(start, fault, status):
    client = start(
        "9.10.1",
        {**ONE, "cluster": {"asynchronous": "never"}, "faults": [{"match": {"method": "PATCH"}, fault: {"reads": 2}}]},
    )
    body = {"proxy_port": 8080, "client_secret": "second"}
    assert client.call("PATCH", f"{PATH}/u", json=body).status_code == status
    assert secret(client) == ("second" if fault == "stale" else "first")
    assert [port(client) for _reading in range(3)] == [None, None, 8080]
    assert secret(client) == "second"


def test_a_page_comes_late_and_empty(broken):
    client = broken({"match": ANY, "empty_page": {"seconds": 0.2}})
    assert client.records(PATH[4:]) == []
    assert len(client.records(PATH[4:])) == 1


@pytest.mark.parametrize(("reason_in", "shown"), [("error", ("", 0, True)), ("message", ("Why.", 7, False))])
def test_a_job_says_why_in_one_place(start, reason_in, shown):
    fault = {"match": {"path": "*/restore"}, "job": {"code": 7, "message": "Why.", "reason_in": reason_in}}
    client = start("9.10.1", {**ONE, "faults": [fault]})
    assert client.post(path=f"{VAULTS}/u/restore", params={"return_timeout": 5}).status_code >= 400
    (job,) = client.records("/cluster/jobs", params={"fields": "*"})
    assert (job["message"], job["code"], "error" in job) == shown
