# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults: what goes wrong between a client and a cluster, at chosen requests.

A fault says which requests it meets (`match`) and what it does. What it does has a part before the request is acted on,
a part after, or both; see KINDS at the end.
"""

from __future__ import annotations

import asyncio
import base64
import fnmatch
import json
import random
import socket
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any, Protocol
from urllib.parse import parse_qsl, quote

from . import events, jobs
from .call import Reply
from .cluster import Cluster
from .errors import ApiError
from .shapes import Record, ScenarioError, anything, choice, flag, integer, list_of, mapping_of, number, one_verb, text

SECRET_FIELDS = ("client_secret", "client_certificate", "proxy_password", "client_assertion")
REASONS = {200: "OK", 201: "Created", 202: "Accepted"}


class Cut(Exception):
    """The connection was dealt with: nothing more is to be sent on it."""


class Wire(Protocol):
    """The connection of a request, as faults see it."""

    @property
    def transport(self) -> asyncio.Transport | None:
        """What it is sent over; None once it is closed."""

    def refuse(self, seconds: float) -> None:
        """Cut it, and listen again only after so many seconds."""


@dataclass
class Exchange:
    """A request and, as soon as there is one, the reply to it."""

    cluster: Cluster
    wire: Wire
    method: str
    path: str
    query: str
    body: bytes
    password: str | None = None
    reply: Reply | None = None
    short_page: int | None = None
    later: int | None = None

    async def cut(self, reset: bool) -> None:
        """End the connection: with a reset, or with a plain end."""
        transport = self.wire.transport
        if transport is not None:
            if reset:
                sock = transport.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
                transport.abort()
            else:
                transport.close()
        raise Cut

    async def send(self, data: bytes, chunk: int | None = None, every: float = 0.0) -> None:
        """Write to the connection as it is: all at once, or so many bytes every so many seconds."""
        step = chunk or len(data) or 1
        for start in range(0, len(data), step):
            if self.gone:
                raise Cut
            assert self.wire.transport is not None
            self.wire.transport.write(data[start : start + step])
            await asyncio.sleep(every)
            while not self.gone and self.wire.transport.get_write_buffer_size() > 2**20:
                await asyncio.sleep(0.005)

    @property
    def gone(self) -> bool:
        """Whether the client has gone away."""
        return self.wire.transport is None or self.wire.transport.is_closing()

    async def hold(self, seconds: float) -> None:
        """Say nothing for so long, or until the client goes away."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.gone:
            await asyncio.sleep(min(0.05, max(0.0, end - time.monotonic())))

    def sent_secret(self) -> str:
        """The secret that the client sent: in its body, JSON or a form, else its password."""
        try:
            body = json.loads(self.body)
        except ValueError:
            body = dict(parse_qsl(self.body.decode("utf-8", "replace")))
        for name in SECRET_FIELDS:
            if isinstance(body, dict) and isinstance(body.get(name), str):
                return str(body[name])
        return self.password or ""


def encode(reply: Reply) -> bytes:
    """The body of a reply as bytes."""
    if reply.body is None:
        return b""
    if isinstance(reply.body, bytes):
        return reply.body
    return json.dumps(reply.body, separators=(",", ":")).encode()


def _head(reply: Reply, length: int) -> bytes:
    lines = [
        f"HTTP/1.1 {reply.status} {REASONS.get(reply.status, 'Status')}",
        f"Content-Type: {reply.headers.get('Content-Type', 'application/hal+json')}",
        f"Content-Length: {length}",
        *(f"{name}: {value}" for name, value in reply.headers.items() if name != "Content-Type"),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


# --- what faults do ---------------------------------------------------------------------------------------------------


async def _latency(exchange: Exchange, argument: dict[str, Any]) -> None:
    jitter = exchange.cluster.random.uniform(0, argument.get("jitter", 0))
    await asyncio.sleep(argument["seconds"] + jitter)


async def _refused(exchange: Exchange, argument: dict[str, Any]) -> None:
    exchange.wire.refuse(argument["seconds"])
    await exchange.cut(reset=True)


async def _failover(exchange: Exchange, argument: dict[str, Any]) -> None:
    """The management LIF moves: its connections break, for some seconds nobody listens, another node answers."""
    names = list(exchange.cluster.nodes)
    now = names.index(exchange.cluster.answering_node)
    exchange.cluster.answering_node = argument.get("to", names[(now + 1) % len(names)])
    await _refused(exchange, argument)


async def _reset(exchange: Exchange, _argument: dict[str, Any]) -> None:
    await exchange.cut(reset=True)


async def _timeout(exchange: Exchange, argument: dict[str, Any]) -> None:
    await exchange.hold(argument.get("seconds", 600))
    await exchange.cut(reset=False)


async def _half(exchange: Exchange, argument: dict[str, Any]) -> None:
    """The head with the full length and a part of the body, then the end; without a body, a part of the first line."""
    reply = _reply(exchange)
    body = encode(reply)
    head = _head(reply, len(body))
    cut = body or head.partition(b"\r\n")[0]
    await exchange.send((head if body else b"") + cut[: int(len(cut) * argument.get("part", 0.5))])
    await exchange.cut(reset=argument.get("reset", False))


async def _http(exchange: Exchange, argument: dict[str, Any]) -> None:
    headers = {"Content-Type": "text/plain", **_retry_after(argument)}
    exchange.reply = Reply(argument["status"], argument.get("text", "").encode(), headers)


def _retry_after(argument: dict[str, Any]) -> dict[str, str]:
    if "retry_after" in argument:
        return {"Retry-After": str(argument["retry_after"])}
    if "retry_after_date" in argument:
        return {"Retry-After": formatdate(time.time() + argument["retry_after_date"], usegmt=True)}
    return {}


async def _error(exchange: Exchange, argument: dict[str, Any]) -> None:
    refusal = ApiError(
        argument["code"],
        *argument.get("arguments", []),
        target=argument.get("target"),
        status=argument.get("status"),
        message=argument.get("message"),
    )
    exchange.reply = Reply(refusal.status, refusal.body(), _retry_after(argument))


async def _html(exchange: Exchange, argument: dict[str, Any]) -> None:
    page = argument.get("text", "<html><head><title>Proxy</title></head><body><h1>Please log in</h1></body></html>")
    exchange.reply = Reply(argument.get("status", 200), page.encode(), {"Content-Type": "text/html"})


async def _body(exchange: Exchange, argument: dict[str, Any]) -> None:
    headers = {"Content-Type": argument.get("content_type", "application/hal+json"), **argument.get("headers", {})}
    body = argument["json"] if "json" in argument else argument.get("text", "").encode()
    exchange.reply = Reply(argument.get("status", 200), body, headers)


async def _mangle(exchange: Exchange, argument: dict[str, Any]) -> None:
    reply = _reply(exchange)
    reply.body = MANGLED[argument["how"]](reply.body)


async def _huge(exchange: Exchange, argument: dict[str, Any]) -> None:
    """A valid answer that is far too long."""
    filler = b"x" * 2**20
    start, end = b'{"records":[],"num_records":0,"filler":"', b'"}'
    megabytes = argument.get("megabytes", 50)
    await exchange.send(_head(Reply(200), len(start) + len(end) + megabytes * len(filler)) + start)
    for _megabyte in range(megabytes):
        await exchange.send(filler)
    await exchange.send(end)
    await exchange.cut(reset=False)


async def _interim(exchange: Exchange, argument: dict[str, Any]) -> None:
    """An interim response before the response; 100 is the one that a client has to pass over."""
    await exchange.send(f"HTTP/1.1 {argument.get('status', 103)} Interim\r\n\r\n".encode())


async def _no_body(exchange: Exchange, argument: dict[str, Any]) -> None:
    reply = _reply(exchange)
    reply.status = argument.get("status", reply.status)
    reply.body = None


async def _bad_location(exchange: Exchange, argument: dict[str, Any]) -> None:
    nowhere = "/api/security/azure-key-vaults/00000000-0000-0000-0000-000000000000"
    _reply(exchange).headers["Location"] = argument.get("to", nowhere)


async def _drip(exchange: Exchange, argument: dict[str, Any]) -> None:
    """Send the answer so slowly that each piece comes in time and the whole does not."""
    reply = _reply(exchange)
    body = encode(reply)
    head = _head(reply, len(body))
    chunk, every = argument.get("bytes", 1), argument.get("every", 0.2)
    if argument.get("what", "body") == "headers":
        await exchange.send(head, chunk, every)
        await exchange.send(body)
    else:
        await exchange.send(head)
        await exchange.send(body, chunk, every)
    await exchange.cut(reset=False)


async def _redirect(exchange: Exchange, argument: dict[str, Any]) -> None:
    exchange.reply = Reply(argument.get("status", 302), None, {"Location": argument["to"]})


async def _echo_before(exchange: Exchange, argument: dict[str, Any]) -> None:
    if argument.get("where", "error") == "error":
        secret = ENCODINGS[argument.get("encoding", "plain")](exchange.sent_secret())
        refusal = ApiError(262245, message=f'The value "{secret}" is invalid for field "client_secret".')
        exchange.reply = Reply(refusal.status, refusal.body())


async def _echo_after(exchange: Exchange, argument: dict[str, Any]) -> None:
    """Put secrets into the records of the reply: that of each vault, as it is."""
    reply = _reply(exchange)
    if argument.get("where", "error") != "record" or not isinstance(reply.body, dict):
        return
    for record in reply.body.get("records", [reply.body]):
        vault = exchange.cluster.vaults.get(record.get("uuid", ""))
        if vault is not None:
            record[vault.credential[0]] = ENCODINGS[argument.get("encoding", "plain")](vault.credential[1])


async def _short_page(exchange: Exchange, argument: dict[str, Any]) -> None:
    exchange.short_page = argument["records"]


async def _later(exchange: Exchange, argument: dict[str, Any]) -> None:
    """Accept the change without a job, and apply it when so many readings were answered."""
    exchange.later = argument["reads"]


async def _stale(exchange: Exchange, argument: dict[str, Any]) -> None:
    """Apply the change, and for so many readings show what was before it."""
    exchange.cluster.stay_stale(argument["reads"])


async def _without(exchange: Exchange, argument: dict[str, Any]) -> None:
    """Leave fields out of the records of the reply, or make them null."""
    reply = _reply(exchange)
    if not isinstance(reply.body, dict):
        return
    for record in reply.body.get("records", [reply.body]):
        for name in argument["fields"]:
            record.pop(name, None)
            if argument.get("how") == "null":
                record[name] = None


async def _empty_page(exchange: Exchange, argument: dict[str, Any]) -> None:
    """A page that came late, without the records that it should have."""
    await exchange.hold(argument.get("seconds", 0))
    exchange.reply = Reply(200, {"records": [], "num_records": 0})


async def _job(exchange: Exchange, argument: dict[str, Any]) -> None:
    exchange.cluster.jobs.plans.insert(0, jobs.Plan(**argument))


async def _partial_restore(exchange: Exchange, argument: dict[str, Any]) -> None:
    exchange.cluster.failing_nodes.insert(0, exchange.cluster.node_names(argument["nodes"]))


async def _events(exchange: Exchange, argument: list[dict[str, Any]]) -> None:
    for event in argument:
        events.apply(exchange.cluster, event)


def _reply(exchange: Exchange) -> Reply:
    assert exchange.reply is not None
    return exchange.reply


ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": lambda secret: secret,
    "base64": lambda secret: base64.b64encode(secret.encode()).decode(),
    "url": lambda secret: quote(secret, safe=""),
    "json": lambda secret: json.dumps(secret)[1:-1],
}


def _each_leaf(value: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(value, dict):
        return {name: _each_leaf(element, change) for name, element in value.items()}
    if isinstance(value, list):
        return [_each_leaf(element, change) for element in value]
    return change(value)


def _other_type(value: Any) -> Any:
    if isinstance(value, bool):
        return "perhaps"
    return 7 if isinstance(value, str) else ["x"]


def _text_of(body: Any) -> bytes:
    return json.dumps(body).encode()


MANGLED: dict[str, Callable[[Any], Any]] = {
    "truncated": lambda body: _text_of(body)[: len(_text_of(body)) // 2],
    "list": lambda body: [body],
    "text": lambda _body: "ok",
    "number": lambda _body: 7,
    "null": lambda _body: b"null",
    "empty": lambda _body: b"",
    "empty_object": lambda _body: {},
    "nulls": lambda body: _each_leaf(body, lambda _value: None),
    "wrong_types": lambda body: _each_leaf(body, _other_type),
    "records_object": lambda body: {"records": {"0": body}, "num_records": "1"},
    "records_null": lambda _body: {"records": None, "num_records": None},
    "records_of_nulls": lambda _body: {"records": [None, 7, "x", []], "num_records": 4},
    "not_utf8": lambda _body: b'{"records": [{"name": "\xff\xfe"}]}',
    "deep": lambda _body: b"[" * 100_000 + b"]" * 100_000,
    "nan": lambda _body: b'{"records": [], "num_records": NaN}',
}

WHEN = {"when": choice("before", "after")}
RETRY_AFTER = {"retry_after": anything, "retry_after_date": number}
Part = Callable[[Exchange, Any], Awaitable[None]]

# Each kind: the shape of what it takes; its part before the request is acted on; its part after. A kind whose parts are
# the same does it before unless its `when` says after; one that only has a part after acts on the reply.
KINDS: dict[str, tuple[Any, Part | None, Part | None]] = {
    "latency": (Record(needs={"seconds": number}, takes={"jitter": number, **WHEN}), _latency, _latency),
    "refused": (Record(needs={"seconds": number}, takes=WHEN), _refused, _refused),
    "failover": (Record(needs={"seconds": number}, takes={"to": text, **WHEN}), _failover, _failover),
    "reset": (Record(takes=WHEN), _reset, _reset),
    "timeout": (Record(takes={"seconds": number, **WHEN}), _timeout, _timeout),
    "half": (Record(takes={"part": number, "reset": flag}), None, _half),
    "http": (Record(needs={"status": integer}, takes={"text": text, **RETRY_AFTER, **WHEN}), _http, _http),
    "error": (
        Record(
            needs={"code": integer},
            takes={
                "status": integer,
                "message": text,
                "target": text,
                "arguments": list_of(text),
                **RETRY_AFTER,
                **WHEN,
            },
        ),
        _error,
        _error,
    ),
    "html": (Record(takes={"status": integer, "text": text, **WHEN}), _html, _html),
    "body": (
        Record(
            takes={
                "status": integer,
                "content_type": text,
                "text": text,
                "json": anything,
                "headers": mapping_of(text),
                **WHEN,
            }
        ),
        _body,
        _body,
    ),
    "mangle": (Record(needs={"how": choice(*MANGLED)}), None, _mangle),
    "huge": (Record(takes={"megabytes": integer, **WHEN}), _huge, _huge),
    "interim": (Record(takes={"status": integer}), None, _interim),
    "no_body": (Record(takes={"status": integer}), None, _no_body),
    "bad_location": (Record(takes={"to": text}), None, _bad_location),
    "drip": (
        Record(takes={"what": choice("headers", "body"), "bytes": integer, "every": number}),
        None,
        _drip,
    ),
    "redirect": (Record(needs={"to": text}, takes={"status": integer, **WHEN}), _redirect, _redirect),
    "echo": (
        Record(takes={"where": choice("error", "record"), "encoding": choice(*ENCODINGS)}),
        _echo_before,
        _echo_after,
    ),
    "later": (Record(needs={"reads": integer}), _later, None),
    "stale": (Record(needs={"reads": integer}), _stale, None),
    "without": (Record(needs={"fields": list_of(text)}, takes={"how": choice("missing", "null")}), None, _without),
    "empty_page": (Record(takes={"seconds": number}), None, _empty_page),
    "short_page": (Record(needs={"records": integer}), _short_page, None),
    "job": (
        Record(
            takes={
                "ends": choice(*jobs.ENDS),
                "code": integer,
                "message": text,
                "arguments": list_of(text),
                "effect": flag,
                "reason_in": choice(*jobs.REASON_IN),
            }
        ),
        _job,
        None,
    ),
    "partial_restore": (Record(needs={"nodes": list_of(text)}), _partial_restore, None),
    "events": (list_of(events.EVENT), _events, _events),
}
MATCH = Record(
    takes={
        "method": text,
        "path": text,
        "query": text,
        "nth": integer,
        "times": integer,
        "probability": number,
        "azure": flag,
    }
)


def check(value: Any, where: str) -> dict[str, Any]:
    """Check a fault: `match`, and exactly one kind."""
    if not isinstance(value, dict):
        raise ScenarioError(f"{where}: a mapping is wanted, not {value!r}")
    rest = {name: argument for name, argument in value.items() if name != "match"}
    kind = one_verb({name: shape for name, (shape, _before, _after) in KINDS.items()}, "fault")(rest, where)
    return {"match": MATCH(value.get("match"), f"{where}.match"), **kind}


@dataclass
class Fault:
    """A fault with its count of the requests that it has met."""

    match: dict[str, Any]
    kind: str
    argument: Any
    met: int = 0
    fired: int = field(default=0)

    @classmethod
    def of(cls, checked: dict[str, Any]) -> Fault:
        ((kind, argument),) = [(name, value) for name, value in checked.items() if name != "match"]
        return cls(checked["match"], kind, argument)

    def meets(self, method: str, path: str, query: str, chance: random.Random) -> bool:
        """Whether it is to happen at this request; counts it. From the nth match on, so many times (0: always)."""
        match = self.match
        if "method" in match and method not in match["method"].split("|"):
            return False
        if "path" in match and not fnmatch.fnmatchcase(path, match["path"]):
            return False
        if "query" in match and not fnmatch.fnmatchcase(query, match["query"]):
            return False
        self.met += 1
        times = match.get("times", 0 if "probability" in match else 1)
        if self.met < match.get("nth", 1) or (times and self.fired >= times):
            return False
        if "probability" in match and chance.random() >= match["probability"]:
            return False
        self.fired += 1
        return True

    @property
    def azure(self) -> bool:
        """Whether it meets requests to Azure, not those to a cluster."""
        return bool(self.match.get("azure", False))

    @property
    def _late(self) -> bool:
        return isinstance(self.argument, dict) and self.argument.get("when") == "after"

    async def before(self, exchange: Exchange) -> None:
        _shape, before, _after = KINDS[self.kind]
        if before is not None and not self._late:
            await before(exchange, self.argument)

    async def after(self, exchange: Exchange) -> None:
        _shape, before, after = KINDS[self.kind]
        if after is not None and (before is not after or self._late):
            await after(exchange, self.argument)
