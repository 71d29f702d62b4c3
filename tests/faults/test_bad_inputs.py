# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options that make no sense: refused by name before anything is sent, or sent such that they mean themselves alone."""

from __future__ import annotations

import re
import socket
from collections import Counter
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from faults.catalogue import VAULTS, WHOLE
from faults.in_process import AWKWARD, LOGIN, Ontap, Played, assert_true_outcome, examples, play
from hypothesis import given
from hypothesis import strategies as st
from integration.running import specification

from simulator import query as ontap_query
from simulator import releases

EXAMPLES, NEW_EXAMPLES = 100, 300

NAMES = [
    "",
    " ",
    "vs0 ",
    "\tvs0",
    "*",
    "vs*",
    "vs0|vs1",
    "!vs0",
    "vs0..vs1",
    "..",
    "<vs1",
    ">=vs0",
    "null",
    "!null",
    '"vs0"',
    "{vs0}",
    'a"b',
    'a"}|*',
    'a"|*|"',
    "a}|*{",
    'a\\"|*',
    "a\\",
    "a/b?c#d",
    "a%2fb",
    "../../cluster",
    "vs0&max_records=1",
    "vs0;x=1",
    "vs0,vs1",
    "a\r\nX-Injected: yes",
    "a\0b",
    "\x1b[31m",
    "\ud800",
    "\U0001f511",
    "{{ svm }}",
    "None",
    "x" * 5000,
    "\xa0vs0",
    "vs0\u2028",
]
UUIDS = [
    "024cd3cf-9a08-11ea-8d52-005056bbeba5",
    "024CD3CF-9A08-11EA-8D52-005056BBEBA5",
    "024cd3cf9a0811ea8d52005056bbeba5",
    "{024cd3cf-9a08-11ea-8d52-005056bbeba5}",
    "024cd3cf-9a08-11ea-8d52-005056bbeba5\n",
    "024cd3cf-9a08-11ea-8d52-005056bbeba5/..",
    "\u0660" * 8 + "-9a08-11ea-8d52-005056bbeba5",
    "..",
    "%2e%2e",
    "*",
]
URIS = [
    "https://",
    "https://kv1.vault.azure.net/keys/key1",
    "https://kv1.vault.azure.net/keys/key1/v1/v2",
    "https://kv1.vault.azure.net/keys//key1",
    "https://kv1.vault.azure.net:99999/",
    "https://kv1.vault.azure.net:x/",
    "https://[::1/",
    "https://admin:password@kv1.vault.azure.net/",
    "https://kv1.vault.azure.net/?x=1",
    "https://kv1.vault.azure.net/#x",
    "https://kv1.vault\r\n.azure.net/",
    "https://kv1.vault.azure.net/keys/k\u202ey",
    "https://\uff0e\uff0e/keys/key1",
    "https://\u2100.vault.azure.net/",
    "http://kv1.vault.azure.net/",
    "HTTPS://KV1.vault.azure.net:443",
    "kv1.vault.azure.net",
    "file:///etc/passwd",
    "https://" + "x" * 5000,
]
HOSTS = [
    "",
    "cluster1/",
    "cluster1:443",
    "https://cluster1",
    "admin@cluster1",
    "cluster1?x",
    "cluster1#x",
    "[::1]",
    "[::1]:443",
    "::1",
    "fe80::1%eth0",
    ":",
    ":::",
    "[cluster1]",
    "cluster1\r\nX: y",
    "-",
    ".",
    "a..b",
    "x" * 300,
    "cl\xfcster",
    "127.1",
]
NUMBERS = [-1, 0, 1, 101, 65536, 10**10, 0.5, float("nan"), "1e400"]
# Ansible itself breaks on what is too large for the other type.
LARGE = {"int": [10**400, -(10**400)], "float": [float("inf"), float("-inf"), 1e308]}
OTHERS = [None, True, False, [], {}, ["x"], {"a": "b"}, "yes", "maybe", "1", "1.5", "-0", "0x10", "\u0661"]
FIELDS = [
    "client_secret",
    "!client_secret",
    "client_secret.x",
    "name{client_secret}",
    "svm.name&max_records=1",
    "svm.name=*",
    "*",
    "**",
    "name,client_secret",
    "name desc",
    "desc",
    "uuid\n",
    "state{x}|y",
]

texts = st.sampled_from([*NAMES, *UUIDS, *URIS, *HOSTS]) | st.text(AWKWARD, max_size=12)
anything = texts | st.sampled_from(NUMBERS) | st.sampled_from(OTHERS)


def wrong(option: str, kind: str) -> st.SearchStrategy[Any]:
    """Values for an option that are likely to be wrong in a way of its own."""
    if option in ("name", "key_id"):
        return st.sampled_from(URIS) | anything
    if option == "hostname":
        return st.sampled_from(HOSTS) | anything
    if option == "query":
        return st.dictionaries(st.sampled_from([*FIELDS, "svm.name", "scope", "uuid"]) | texts, anything, max_size=2)
    if option in ("fields", "order_by"):
        return st.lists(st.sampled_from(FIELDS) | texts, max_size=2) | anything
    if kind in ("int", "float"):
        return st.sampled_from([*NUMBERS, *LARGE[kind]]) | anything
    return st.sampled_from({"svm": NAMES, "svm_uuid": UUIDS}.get(option, NAMES)) | anything


def correct(module: str) -> dict[str, Any]:
    if module == "akv_info":
        return dict(LOGIN)
    if module == "akv_rekey":
        return {**LOGIN, "svm": "vs0", "type": "external", "key_id": "https://kv1.vault.azure.net/keys/key2"}
    return {**LOGIN, **(WHOLE if module == "akv_config" else {"svm": "vs0"})}


@st.composite
def tasks(draw: Any, module: str) -> tuple[dict[str, Any], list[str]]:
    """A task of which one to three options are not as they should be, and which these are."""
    options, spec = correct(module), specification(module)
    changed = draw(st.lists(st.sampled_from(sorted(spec)), min_size=1, max_size=3, unique=True))
    for option in changed:
        options[option] = draw(wrong(option, spec[option]["type"]), option)
    return options, changed


# --- what may come of it ----------------------------------------------------------------------------------------------

SVM_NAME = releases.get("9.7").schema("azure_key_vault").fields["svm.name"]
OTHER_NAMES = ["vs0", "vs1", "a", "b", "x", "null", "None", "", "*", "vs0|vs1", "a|b"]


def assert_named(played: Played, spec: dict[str, Any]) -> None:
    """Nothing was sent, and what was wrong is named."""
    if played.refused:
        assert any(option in " ".join(played.refused) for option in spec)
        return
    named = re.match(r"[a-z_]+((, | and | or )[a-z_]+)*(?=:? )", played.result["msg"])
    assert named, played.result["msg"]
    assert set(re.split(", | and | or ", named[0])) <= set(spec)
    assert played.result["outcome"] == "unchanged"


def assert_literal(played: Played, options: dict[str, Any]) -> None:
    """What was sent means what was declared, and nothing else."""
    for method, target, body in played.sent:
        parts = urlsplit(target)
        pairs = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query), errors="strict")
        sent = dict(pairs)
        assert len(sent) == len(pairs)
        assert not parts.fragment
        if method == "POST" and parts.path == VAULTS and body and options.get("svm") is not None:
            assert body["svm"] == {"name": str(options["svm"])}
        if parts.path != VAULTS or method != "GET":
            continue
        svm = options.get("svm", options.get("vserver"))
        if svm is not None:
            matches = ontap_query.matcher(sent["svm.name"], SVM_NAME)
            assert matches([str(svm)])
            assert not any(matches([other]) for other in OTHER_NAMES if other != str(svm))
        if isinstance(options.get("query"), dict):
            for name, value in options["query"].items():
                assert sent[name] == (str(value).lower() if isinstance(value, bool) else str(value))
        allowed = {"fields", "max_records", "order_by", "return_timeout", "svm.name", "svm.uuid", "scope"}
        assert set(sent) <= allowed | set(options.get("query") or {})


@pytest.mark.parametrize(
    "module", ["akv_config", "akv_credential", "akv_info", "akv_preflight_info", "akv_rekey", "akv_restore"]
)
def test_bad_inputs(module: str, tally: Counter[str]) -> None:
    spec = specification(module)
    tally["tried"] = 0

    @examples(EXAMPLES, NEW_EXAMPLES)
    @given(tasks(module))
    def declare_badly(task: tuple[dict[str, Any], list[str]]) -> None:
        options, _changed = task
        played = play(module, options, Ontap().send)
        if played.refused:
            assert_named(played, spec)
        else:
            assert_true_outcome(played)
            if played.sent:
                assert_literal(played, options)
            else:
                assert_named(played, spec)
        tally["tried"] += 1
        tally["outcome named" if played.failed else "survived"] += 1

    declare_badly()


@pytest.mark.parametrize("svm", [name for name in NAMES if name.strip() == name != ""])
def test_a_name_means_itself(svm: str, tally: Counter[str]) -> None:
    """Whatever it holds, it is in nobody's way: asked for, created and deleted under that very name."""
    for module, options in (
        ("akv_config", {**WHOLE, "svm": svm}),
        ("akv_config", {"svm": svm, "state": "absent"}),
        ("akv_info", {"svm": svm}),
        ("akv_restore", {"svm": svm}),
    ):
        played = play(module, {**LOGIN, **options}, Ontap().send)
        assert_true_outcome(played)
        if played.sent:
            assert_literal(played, options)
        else:
            assert_named(played, specification(module))
    tally["outcome named"] += 1


def test_any_name_means_itself(tally: Counter[str]) -> None:
    tally["tried"] = 0

    @examples(200)
    @given(st.text(AWKWARD, min_size=1, max_size=20))
    def name_oddly(svm: str) -> None:
        played = play("akv_info", {**LOGIN, "svm": svm}, Ontap().send)
        assert_true_outcome(played)
        if played.sent:
            assert_literal(played, {"svm": svm})
        else:
            assert_named(played, specification("akv_info"))
        tally["tried"] += 1
        tally["outcome named" if played.failed else "survived"] += 1

    name_oddly()


@pytest.mark.parametrize("timeout", [1e-9, 1e9, 1e10, 1e308, float("inf"), "1e400"])
def test_a_time_that_no_clock_has(timeout: Any, tally: Counter[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    where = {"hostname": "127.0.0.1", "http_port": port, "timeout": timeout, "retries": 0, "use_proxy": False}
    played = play("akv_info", {**LOGIN, **where}, None)
    assert_true_outcome(played)
    assert played.failed
    tally["outcome named"] += 1


@pytest.mark.parametrize("hostname", ["-", ".", "a..b", "x" * 64, "x" * 300, ":", ":::", "1::2::3", "999.1.1.1"])
def test_a_host_that_no_name_service_has(hostname: str, monkeypatch: pytest.MonkeyPatch, tally: Counter[str]) -> None:
    def unknown(*_arguments: Any, **_more: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    played = play("akv_info", {**LOGIN, "hostname": hostname, "use_proxy": False}, None)
    assert_true_outcome(played)
    assert "hostname" in played.result["msg"]
    assert len(played.result["requests"]) <= 1, "it cannot help to ask again"
    tally["outcome named"] += 1
