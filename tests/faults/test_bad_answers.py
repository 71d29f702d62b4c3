# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers that ONTAP would not give: each ends in success that they bear out, or in a sentence with an outcome."""

from __future__ import annotations

import contextlib
import copy
import gzip
import json
import socketserver
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any, NoReturn
from urllib.parse import urlsplit

import pytest
from faults.catalogue import VAULTS, WHOLE
from faults.in_process import AWKWARD, LOGIN, Ontap, Played, assert_true_outcome, examples, play
from hypothesis import given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from ansible_collections.ontap.akv.plugins.module_utils._http.transport import Answer

OWN_UUID, FOREIGN_UUID = "024cd3cf-9a08-11ea-8d52-005056bbeba5", "33421d82-0a8d-11ec-ae88-005056bb5955"
FOREIGN = {**WHOLE, "svm": "vs1", "name": "https://foreign.vault.azure.net/"}
LOSE_KEYS = {"lose_keys": {"svm": "vs0", "nodes": ["node1"]}}
EXAMPLES, NEW_EXAMPLES = 40, 110


@dataclass(frozen=True)
class Story:
    """A task, and the cluster that it meets; the AKV configuration of another SVM is always there too."""

    module: str
    options: dict[str, Any]
    release: str = "9.7"
    vault: bool = True
    before: tuple[dict[str, Any], ...] = ()
    check_mode: bool = False

    def cluster(self) -> Ontap:
        ontap = Ontap(self.release, next_uuids={"vaults": [OWN_UUID]})
        ontap.apply({"create_vault": {**FOREIGN, "uuid": FOREIGN_UUID}})
        if self.vault:
            ontap.apply({"create_vault": {**WHOLE, "uuid": OWN_UUID}})
        ontap.apply(*self.before)
        return ontap


NEW_SECRET = {**WHOLE, "client_secret": "canary-New8Q~secret"}
OTHER_KEY = {"type": "external", "key_id": "https://kv1.vault.azure.net/keys/key2"}
LATER = {
    "proxy_type": "http",
    "proxy_host": "proxy.example.com",
    "proxy_port": 8080,
    "proxy_username": "user",
    "proxy_password": "canary-Proxy8Q~word",
    "oauth_host": "login.example.com",
    "vault_host": "vault.example.com",
    "port": 8443,
    "verify_host": False,
}
STORIES = {
    "nothing to change": Story("akv_config", WHOLE),
    "create": Story("akv_config", WHOLE, vault=False),
    "create, in check mode": Story("akv_config", {**WHOLE, "svm": "vs9"}, vault=False, check_mode=True),
    "create for an SVM that is not there": Story("akv_config", {**WHOLE, "svm": "vs9"}, vault=False),
    "new credential": Story("akv_config", {**NEW_SECRET, "update_credentials": "always"}),
    "repair": Story(
        "akv_config",
        {**NEW_SECRET, "update_credentials": "when_unavailable"},
        release="9.8",
        before=({"expire_credential": {"svm": "vs0"}},),
    ),
    "new identity": Story("akv_config", {**NEW_SECRET, "client_id": "client2"}, release="9.12.1"),
    "recreate": Story("akv_config", {**NEW_SECRET, "client_id": "client2", "allow_recreate": True}),
    "create all that there is": Story("akv_config", {**WHOLE, **LATER}, release="9.16.1", vault=False),
    "switch": Story(
        "akv_config",
        {**WHOLE, "configuration": "second", "enabled": True},
        release="9.14.1",
        before=({"create_vault": {**WHOLE, "configuration": "second", "enabled": False}},),
    ),
    "delete": Story("akv_config", {"svm": "vs0", "state": "absent"}),
    "delete what is not there": Story("akv_config", {"svm": "vs0", "state": "absent"}, vault=False),
    "restore": Story("akv_restore", {"svm": "vs0"}, before=(LOSE_KEYS,)),
    "restore, later": Story("akv_restore", {"svm": "vs0"}, release="9.14.1", before=(LOSE_KEYS,)),
    "nothing to restore": Story("akv_restore", {"svm": "vs0"}),
    "rekey, external": Story("akv_rekey", {"svm": "vs0", **OTHER_KEY}, release="9.16.1"),
    "rekey, internal": Story("akv_rekey", {"svm": "vs0", "type": "internal"}, release="9.14.1"),
    "rekey in place": Story("akv_rekey", {"svm": "vs0", **OTHER_KEY}, release="9.8"),
    "read one": Story("akv_info", {"svm": "vs0"}, release="9.14.1", before=(LOSE_KEYS,)),
    "read all": Story("akv_info", {"max_records": 1}, release="9.9.1"),
    "read the health monitor": Story("akv_info", {"health_monitor": True}, release="9.15.1"),
    "read some fields": Story("akv_info", {"fields": ["name", "svm.name", "state"], "health": False}),
}

# --- how an answer is broken ------------------------------------------------------------------------------------------

DEEP = "a place for something deep"
UUIDS = [
    "",
    ".",
    "..",
    "x/../..",
    "%2e%2e",
    f"{OWN_UUID}/..",
    f"{OWN_UUID}%2f..",
    f"{OWN_UUID}?x=1",
    f"{OWN_UUID}#",
    f"{OWN_UUID}\n",
    f" {OWN_UUID}",
    OWN_UUID.replace("0", "\u0660"),
    OWN_UUID.upper(),
    FOREIGN_UUID,
    "*",
]
LINKS = [
    "https://elsewhere.example/api/security/azure-key-vaults",
    "//elsewhere.example/api/security/azure-key-vaults",
    "https://cluster1:443@elsewhere.example/api/security/azure-key-vaults",
    "https://admin:password@cluster1:443/api/security/azure-key-vaults",
    "http://cluster1:443/api/security/azure-key-vaults",
    "https://cluster1:444/api/security/azure-key-vaults",
    "\\\\elsewhere.example\\api",
    "http://[",
    "javascript:alert(1)",
    "/api/cluster",
    f"/api/security/azure-key-vaults/{FOREIGN_UUID}",
    "/api/security/azure-key-vaults/../../cluster/nodes",
    "/api/security/azure%2dkey-vaults",
    "/api/security/azure-key-vaults/%2e%2e/users",
    "/api/security/azure-key-vaults;x=1",
    "/api/security/azure-key-vaults#x",
    "/api/security/azure-key-vaults?svm.name=*",
    "/api/security/azure-key-vaults?start=%0d%0aX: y",
    "/api/security/azure-key-vaults?start=%ff%00",
    "/api/security/azure-key-vaults?start=\ud800",
    "/api/security/azure-key-vaults?" + "x=1&" * 3000,
    "?start=1",
    "",
    " ",
]
TEXTS = [
    "",
    " ",
    "null",
    "\ud800",
    "\u202eevil",
    "\0\x1b[31m",
    "x" * 20_000,
    "Node: a Reason:" + " ," * 10_000,
    "Node: a. Reason: b " * 1_000,
    "No volumes created yet",
    "following nodes - " + "n," * 10_000,
    "https://kv1.vault.azure.net:x/",
    "https://[/keys/key1",
    "success",
    "failure",
]
NUMBERS = [0, -1, 1, 10**30, 1.5, float("inf"), float("nan")]
FIELDS = ["enabled", "state", "uuid", "svm", "scope", "code", "message", "error", "job", "records", "_links", "version"]
PAGES = [b"", b"null", b"[]", b"7", b'"ok"', b"<html>Log in</html>", b'{"a": \xff}', b"\xef\xbb\xbf{}", b"1" * 9999]
CONTENT_TYPES = ["", "text/html", "application/json; charset=utf-16", "application/octet-stream", "x" * 5000]
RETRY_AFTER = ["", "1", "3600", "-1", "9" * 400, "\xb2", "1e5", "nan", "Wed, 21 Oct 2099 07:28:00 GMT", "Wed, 99 Foo"]

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from(NUMBERS),
    st.sampled_from(TEXTS),
    st.sampled_from(UUIDS),
    st.text(AWKWARD, max_size=20),
    st.just(DEEP),
)
junk = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*FIELDS, *TEXTS]), inner, max_size=3),
    max_leaves=5,
)


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """All places in a body, itself included, as paths of keys."""
    yield at
    if isinstance(value, (dict, list)):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(item, (*at, key))


@st.composite
def broken_body(draw: Any, body: Any) -> Any:
    """A body of which one to three places are not as they should be."""
    body = {"body": copy.deepcopy(body)}
    for _time in range(draw(st.integers(1, 3))):
        at = draw(st.sampled_from([place for place in places(body) if place]))
        holder = body
        for key in at[:-1]:
            holder = holder[key]
        here = holder[at[-1]]
        how = draw(st.sampled_from(["replace", "drop", "add", "link", "double", "foreign"]))
        special = {"uuid": UUIDS, "href": LINKS, "message": TEXTS}.get(at[-1])
        if how == "drop" and len(at) > 1:
            del holder[at[-1]]
        elif how == "add" and isinstance(here, dict):
            here[draw(st.sampled_from(FIELDS))] = draw(junk)
        elif how == "link" and isinstance(here, dict):
            here["_links"] = {"next": {"href": draw(st.sampled_from(LINKS))}}
        elif how == "double" and isinstance(holder, list):
            holder.append(copy.deepcopy(here))
        elif how == "foreign" and isinstance(here, list):
            here.insert(0, {**FOREIGN, "uuid": FOREIGN_UUID, "svm": {"name": "vs1"}, "scope": "svm"})
        else:
            holder[at[-1]] = draw(st.sampled_from(special) if special else junk)
    return body["body"]


@st.composite
def broken(draw: Any, answer: Answer) -> Answer:
    """An answer that is not as it should be, in its body, its status or its headers."""
    status, headers, content = answer.status, CaseInsensitiveDict(answer.headers), answer.content
    how = draw(st.sampled_from(["body", "body", "body", "bytes", "cut", "status", "headers"]))
    if how == "body" and content:
        depth = draw(st.sampled_from([30, 300, 900, 5_000, 200_000]))
        deep = b"[" * depth + b"]" * depth
        content = json.dumps(draw(broken_body(json.loads(content)))).encode().replace(f'"{DEEP}"'.encode(), deep)
    elif how == "bytes":
        content = draw(st.sampled_from(PAGES) | st.binary(max_size=200))
    elif how == "cut":
        content = content[: draw(st.integers(0, len(content)))]
    elif how == "headers":
        headers["Content-Type"] = draw(st.sampled_from(CONTENT_TYPES))
    if how == "status" or draw(st.booleans()):
        status = draw(st.integers(100, 599) | st.sampled_from([200, 202, 204, 302, 401, 403, 404, 429, 500, 503]))
        headers["Retry-After"] = draw(st.sampled_from(RETRY_AFTER))
    return Answer(status, headers, content)


class Liar:
    """A cluster of whose answers one is broken, or each from one on, whether it has acted or not."""

    def __init__(self, ontap: Ontap, data: st.DataObject) -> None:
        self._ontap = ontap
        self._data = data
        self._first = data.draw(st.integers(0, 5), "from which request on")
        self._lasting = data.draw(st.booleans(), "and from then on")
        self._acts = data.draw(st.booleans(), "acts all the same")
        self.answers: list[tuple[str, str, Answer]] = []
        self.broken: list[int] = []

    def send(self, method: str, target: str, body: Any) -> Answer:
        number = len(self.answers)
        lies = number == self._first or (self._lasting and number > self._first)
        if lies and not self._acts and method != "GET":
            answer = Answer(200, CaseInsensitiveDict(), b'{"job": {"uuid": "%s"}}' % OWN_UUID.encode())
        else:
            answer = self._ontap.send(method, target, body)
        if lies:
            answer = self._data.draw(broken(answer), f"answer to {method} {target}")
            self.broken.append(number)
        self.answers.append((method, target, answer))
        return answer

    def pages(self) -> list[dict[str, Any]]:
        """All pages of AKV configurations that can be read as such."""
        pages = []
        for method, target, answer in self.answers:
            readable = 200 <= answer.status < 300 and b"[" * 50 not in answer.content
            if method == "GET" and urlsplit(target).path == VAULTS and readable:
                with contextlib.suppress(ValueError, RecursionError):
                    pages.append(json.loads(answer.content, parse_constant=not_json))
        return [page for page in pages if isinstance(page, dict)]

    def records(self) -> list[dict[str, Any]]:
        """All AKV configurations that any answer reported."""
        listed = [page["records"] for page in self.pages() if isinstance(page.get("records"), list)]
        return [record for records in listed for record in records if isinstance(record, dict)]


def not_json(name: str) -> NoReturn:
    """Refuse NaN and Infinity, as the modules do: JSON has neither, so the page counts as unreadable."""
    raise ValueError(name)


# --- what may be said of it -------------------------------------------------------------------------------------------


# Something between the cluster and us has answered: the cluster may have acted.
LOST = (502, 503, 504)


def path_of(request: tuple[str, str, Any]) -> str:
    return urlsplit(request[1]).path


def is_own(record: dict[str, Any], svm: str) -> bool:
    return isinstance(record.get("svm"), dict) and record["svm"].get("name") == svm


def assert_borne_out(story: Story, played: Played, liar: Liar, changed: bool) -> None:
    """What a task claims is what the answers said, and where only one was broken, what the cluster is."""
    result = played.result
    svm = story.options.get("svm")
    own = [record for record in liar.records() if svm is None or is_own(record, svm)]
    vaults = result.get("vaults") or [result.get("vault") or {}]
    for vault in vaults:
        if vault.get("available") is True or result.get("available") is True:
            states = [record.get("state") for record in own]
            assert any(True in state.values() for state in states if isinstance(state, dict))
        if "uuid" in vault:
            assert any(vault["uuid"] == record.get("uuid") for record in own)
    touched = {
        path.split("/")[4]
        for path in map(path_of, played.sent)
        if path.startswith("/api/security/") and path.count("/") > 3
    }
    assert touched <= {str(record.get("uuid")) for record in own}
    changes = [number for number, (method, _target, _answer) in enumerate(liar.answers) if method != "GET"]
    if story.check_mode:
        assert not changes
        return
    refused = [liar.answers[number][2] for number in changes if number in liar.broken]
    if result["failed"]:
        if result["outcome"] == "unchanged" and all(answer.status in LOST for answer in refused):
            assert not changed or any(b'"error"' in answer.content for answer in refused)
        return
    assert result["changed"] is False or changes
    # That there is none is said by an empty list alone.
    assert all(isinstance(page.get("records"), list) for page in liar.pages())
    if len(liar.broken) == 1 and liar.broken[0] not in (*changes, len(liar.answers) - 1):
        assert result["changed"] is changed


@pytest.mark.parametrize("story", STORIES)
def test_bad_answers(story: str, tally: Counter[str]) -> None:
    chosen = STORIES[story]
    tally["tried"] = 0

    @examples(EXAMPLES, NEW_EXAMPLES)
    @given(st.data())
    def answer_badly(data: st.DataObject) -> None:
        ontap = chosen.cluster()
        before = ontap.picture()
        liar = Liar(ontap, data)
        played = play(chosen.module, {**LOGIN, **chosen.options}, liar.send, chosen.check_mode)
        assert_true_outcome(played)
        assert_borne_out(chosen, played, liar, ontap.picture() != before)
        tally["tried"] += 1
        tally["outcome named" if played.failed else "survived"] += 1

    answer_badly()


# --- below HTTP -------------------------------------------------------------------------------------------------------

FIRST_LINES = [
    b"HTTP/1.1 200 OK",
    b"HTTP/1.1 200",
    b"HTTP/1.0 200 OK",
    b"HTTP/9.9 200 OK",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 Switching",
    b"HTTP/1.1 204 No Content",
    b"HTTP/1.1 304 Not Modified",
    b"HTTP/1.1 -1 \xff",
    b"HTTP/1.1 99999999999999999999 X",
    b"HTTP/1.1 2\xb20 X",
    b"HTTP/1.1",
    b"ICY 200 OK",
    b"SSH-2.0-OpenSSH_9.6",
    b"x" * 70_000,
    b"\x15\x03\x03\x00\x02\x02\x28",
    b"",
]
HEADERS = [
    b"Content-Length: 2",
    b"Content-Length: 0",
    b"Content-Length: -1",
    b"Content-Length: 2\r\nContent-Length: 3",
    b"Content-Length: \xb2",
    b"Content-Length: " + b"9" * 5000,
    b"Transfer-Encoding: chunked",
    b"Transfer-Encoding: gzip, chunked",
    b"Content-Encoding: gzip",
    b"Content-Encoding: deflate, br, zstd, x",
    b"Content-Type: text/html; charset=\xff",
    b"Location: https://elsewhere.example/api",
    b"Location: http://[",
    b"Set-Cookie: a=b; domain=elsewhere.example",
    b"Retry-After: \xb2",
    b"no colon",
    b": no name",
    b" folded: yes",
    b"X: " + b"x" * 70_000,
    b"\r\n".join(b"X-%d: x" % number for number in range(200)),
]
BODIES = [
    b"{}",
    b'{"records": [], "num_records": 0}',
    b"2\r\n{}\r\n0\r\n\r\n",
    b"2\r\n{}\r\n",
    b"-1\r\n{}",
    b"ffffffffffffffffffff\r\n{}",
    b"x\r\n",
    b"\x1f\x8b\x08\x00garbage",
    gzip.compress(b'{"records": [], "num_records": 0}'),
    b"",
]


@pytest.fixture(scope="module")
def wire() -> Iterator[Any]:
    """A server that answers with the bytes that a test gives it, and hangs up."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(65536)
            with contextlib.suppress(OSError):
                self.request.sendall(server.reply)
                while server.forever:
                    self.request.sendall(server.reply)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        reply, forever = b"", False

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()


def ask(wire: Any, **options: Any) -> Played:
    where = {"hostname": "127.0.0.1", "http_port": wire.server_address[1], "https": False, "use_proxy": False}
    return play("akv_info", {**LOGIN, **where, "retries": 0, "health": False, **options}, None)


def test_bad_bytes(wire: Any, tally: Counter[str]) -> None:
    tally["tried"] = 0

    @examples(200)
    @given(st.sampled_from(FIRST_LINES), st.lists(st.sampled_from(HEADERS), max_size=3), st.sampled_from(BODIES))
    def answer_badly(first: bytes, headers: list[bytes], body: bytes) -> None:
        wire.reply = b"\r\n".join([first, *headers, b"", body])
        played = ask(wire)
        assert_true_outcome(played)
        assert len(played.result["requests"]) == 1
        assert played.failed or b'"records"' in body
        tally["tried"] += 1
        tally["outcome named" if played.failed else "survived"] += 1

    answer_badly()


@pytest.mark.parametrize("reply", [b"HTTP/1.1 100 Continue\r\n\r\n", b"X: x\r\n", b"HTTP/1.1 200 OK\r\n\r\n{"])
def test_bytes_without_an_end(wire: Any, reply: bytes, tally: Counter[str]) -> None:
    wire.reply, wire.forever = reply, True
    try:
        played = ask(wire, timeout=0.5)
    finally:
        wire.forever = False
    assert_true_outcome(played)
    assert played.failed
    tally["outcome named"] += 1


# --- the worst --------------------------------------------------------------------------------------------------------


def answers_of(*vaults: dict[str, Any], status: int = 200, **more: Any) -> Answer:
    headers = CaseInsensitiveDict({"Retry-After": "\xb2"})
    return Answer(status, headers, json.dumps({"records": vaults, "num_records": len(vaults), **more}).encode())


SETTINGS = ("name", "key_id", "client_id", "tenant_id")
VAULT = {"uuid": OWN_UUID, "svm": {"name": "vs0"}, "scope": "svm", **{name: WHOLE[name] for name in SETTINGS}}
WORST = {
    "a Retry-After that is a digit and no number": answers_of(status=503),
    "nested deeply": Answer(200, {}, b'{"records": [{"uuid": "%s", "x": %s1%s}]}' % (b"1", b"[" * 900, b"]" * 900)),
    "an SVM whose name is a list": answers_of({**VAULT, "svm": {"name": ["vs0"]}}),
    "half a character in a link": answers_of(_links={"next": {"href": f"{VAULTS}?x=\ud800"}}),
    "half a character in a name": answers_of({**VAULT, "name": "\ud800"}),
    "a reason of blanks": answers_of({**VAULT, "state": {"message": "Node: a Reason:" + " " * 10**6 + "x"}}),
    "a message of 2 MB": answers_of(status=400, error={"code": "1", "message": "node " * 400_000}),
    "a name of 2 MB": answers_of({**VAULT, "name": "https://" + "x" * 2**21}),
}


@pytest.mark.parametrize("options", [{}, {"svm": "vs0"}])
@pytest.mark.parametrize("worst", WORST)
@pytest.mark.timeout(300)
def test_the_worst_answers(worst: str, options: dict[str, str], tally: Counter[str]) -> None:
    played = play("akv_info", {**LOGIN, **options, "health": False}, lambda *_request: WORST[worst])
    assert_true_outcome(played)
    tally["outcome named" if played.failed else "survived"] += 1


def test_pages_without_an_end(tally: Counter[str]) -> None:
    pages = (answers_of(VAULT, _links={"next": {"href": f"{VAULTS}?start={number}"}}) for number in count())
    played = play("akv_info", {**LOGIN, "health": False}, lambda *_request: next(pages))
    assert_true_outcome(played)
    assert "no end" in played.result["msg"]
    tally["outcome named"] += 1
