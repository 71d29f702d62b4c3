# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each field of each response that a verb reads: left out, null, or of a wrong type. No verb guesses what it means."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from faults.catalogue import NEW_SECRET, VAULTS, WHOLE
from faults.in_process import LOGIN, Ontap, Played, Send, assert_true_outcome, play

from ansible_collections.ontap.akv.plugins.module_utils._http.transport import Answer

CREDENTIAL = {"client_id": WHOLE["client_id"], "client_secret": "canary-Newer8Q~secret"}
VAULT = "024cd3cf-9a08-11ea-8d52-005056565650"
LOST = {"lose_keys": {"svm": "vs0"}}
EXPIRED = {"expire_credential": {"svm": "vs0"}}, {"advance_clock": {"seconds": 3600}}
HOW: dict[str, Any] = {"missing": ..., "null": None}
WRONG: dict[str, Any] = {"number": 5, "object": {"x": 1}, "list": ["x"], "empty": ""}

# module, options, what has happened
VERBS: dict[str, tuple[str, dict[str, Any], tuple[dict[str, Any], ...]]] = {
    "present": ("akv_config", WHOLE, ()),
    "rotate": ("akv_config", {**WHOLE, "client_secret": NEW_SECRET, "update_credentials": "always"}, ()),
    "repair by config": (
        "akv_config",
        {**WHOLE, "client_secret": NEW_SECRET, "update_credentials": "when_unavailable"},
        EXPIRED,
    ),
    "many": ("akv_config", {"vaults": [{**WHOLE, "client_secret": NEW_SECRET}]}, ()),
    "absent": ("akv_config", {"svm": "vs2", "state": "absent"}, ()),
    "info": ("akv_info", {"volumes": True, "keys": True, "health_monitor": True}, (LOST,)),
    "info of one": ("akv_info", {"svm": "vs0"}, ()),
    "restore": ("akv_restore", {"svm": "vs0"}, (LOST,)),
    "restore many": ("akv_restore", {"svms": ["vs0", "vs1"]}, (LOST,)),
    "rekey": ("akv_rekey", {"svm": "vs0", "type": "internal"}, ()),
    "rekey to a key": ("akv_rekey", {"svm": "vs0", "type": "external", "key_id": f"{WHOLE['key_id']}2"}, ()),
    "repair": ("akv_repair", {}, (LOST,)),
    "repair of one": ("akv_repair", {"svm": "vs0"}, (LOST,)),
    "repair of some": ("akv_repair", {"svms": ["vs0", "vs1"]}, (LOST,)),
    "repair with a credential": ("akv_repair", CREDENTIAL, EXPIRED),
    "credential": ("akv_credential", {**CREDENTIAL}, ()),
    "preflight": ("akv_preflight_info", {"svm": "vs2"}, ()),
}


def cluster(happened: tuple[dict[str, Any], ...]) -> Ontap:
    volumes = [{"svm": f"vs{number}", "name": f"v{number}", "encrypted": True} for number in range(2)]
    ontap = Ontap("9.16.1", svms=[{"name": f"vs{number}"} for number in range(3)], volumes=volumes)
    ontap.apply(*({"create_vault": {**WHOLE, "svm": f"vs{number}"}} for number in range(3)), *happened)
    return ontap


def places(value: Any, at: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Name each field of a response, that of its lists' first entries included."""
    if isinstance(value, dict):
        for name, item in value.items():
            if name != "_links":
                yield (*at, name)
                yield from places(item, (*at, name))
    elif isinstance(value, list) and value:
        yield from places(value[0], at)


def break_field(value: Any, at: tuple[str, ...], instead: Any) -> None:
    """Change a field in all entries of the lists that lead to it."""
    for holder in value if isinstance(value, list) else [value]:
        if not isinstance(holder, dict) or at[0] not in holder:
            continue
        if len(at) > 1:
            break_field(holder[at[0]], at[1:], instead)
        elif instead is ...:
            del holder[at[0]]
        else:
            holder[at[0]] = instead


def endpoint(target: str) -> str:
    """Name the endpoint of a request, whatever UUIDs its path holds."""
    return "/".join(part for part in target.partition("?")[0].split("/") if len(part) < 36)


def broken(ontap: Ontap, where: str, at: tuple[str, ...], instead: Any) -> Send:
    def send(method: str, target: str, body: Any) -> Answer:
        answer = ontap.send(method, target, body)
        if method != "GET" or answer.status != 200 or endpoint(target) != where:
            return answer
        content = json.loads(answer.content or b"{}")
        break_field(content, at, instead)
        return answer._replace(content=json.dumps(content).encode())

    return send


def changes(played: Played) -> set[tuple[str, str]]:
    return {(method, target.partition("?")[0]) for method, target, _body in played.sent if method != "GET"}


# Who it is, by another field than the one that is broken.
IDENTITY = {("records", name) for name in ("uuid", "svm")} | {("records", "svm", "name")}


@pytest.mark.parametrize("verb", VERBS)
def test_nothing_is_guessed(verb: str) -> None:
    module, options, happened = VERBS[verb]
    fields: dict[tuple[str, tuple[str, ...]], None] = {}
    ontap = cluster(happened)

    def listen(method: str, target: str, body: Any) -> Answer:
        answer = ontap.send(method, target, body)
        if method == "GET" and answer.status == 200:
            fields.update(dict.fromkeys((endpoint(target), at) for at in places(json.loads(answer.content))))
        return answer

    sound = play(module, {**LOGIN, **options}, listen)
    assert not sound.refused
    assert fields
    wrong = itertools.cycle(WRONG.items())
    for where, at in fields:
        for how, instead in (*HOW.items(), next(wrong)):
            played = play(module, {**LOGIN, **options}, broken(cluster(happened), where, at, instead))
            reported = f"{where} {'.'.join(at)} {how}: {played.result.get('msg')}"
            assert_true_outcome(played)
            more = changes(played) - changes(sound)
            if module == "akv_repair":
                # A restore is safe, also where the reason why keys are missing is not reported.
                more = {change for change in more if not change[1].endswith("/restore")}
            # A text that differs is a difference, if it is declared.
            assert how == "empty" or not more, reported
            if where == VAULTS and at in IDENTITY and how in ("missing", "null") and module != "akv_preflight_info":
                assert played.failed or played.warnings or changes(played) == changes(sound), reported
                assert "There is no AKV configuration" not in played.result["msg"], reported


@pytest.mark.parametrize("verb", VERBS)
def test_what_two_pages_list_is_one(verb: str) -> None:
    """A configuration that another run creates or deletes between two pages moves the others."""
    module, options, happened = VERBS[verb]

    def run(send: Send) -> tuple[list[tuple[str, str]], str]:
        played = play(module, {**LOGIN, **options}, send)
        sent = [(method, target.partition("?")[0]) for method, target, _body in played.sent if method != "GET"]
        return sorted(sent), played.result["msg"]

    ontap = cluster(happened)

    def twice(method: str, target: str, body: Any) -> Answer:
        answer = ontap.send(method, target, body)
        if method != "GET" or answer.status != 200 or endpoint(target) != VAULTS:
            return answer
        content = json.loads(answer.content)
        content["records"] *= 2
        return answer._replace(content=json.dumps(content).encode())

    assert run(twice) == run(cluster(happened).send)


def test_configurations_of_two_svms_are_two_whatever_their_uuids() -> None:
    """None of them disappears, for example from what can be deleted."""
    ontap = cluster(())

    def alike(method: str, target: str, body: Any) -> Answer:
        answer = ontap.send(method, target, body)
        if method != "GET" or answer.status != 200 or endpoint(target) != VAULTS:
            return answer
        content = json.loads(answer.content)
        content["records"] = [{**record, "uuid": VAULT} for record in content["records"]]
        return answer._replace(content=json.dumps(content).encode())

    played = play("akv_info", LOGIN, alike)
    assert sorted(vault["svm"]["name"] for vault in played.result["vaults"]) == ["vs0", "vs1", "vs2"]


SAYS = {"message": "It was refused.", "target": "client_secret"}
CONTRADICTIONS: dict[str, dict[str, Any]] = {
    "a code": {"error": {**SAYS, "code": "65537540"}},
    "a code of a busy cluster": {"error": {**SAYS, "code": "7"}},
    "no code": {"error": SAYS},
    "null as code": {"error": {**SAYS, "code": None}},
    "text": {"error": "It was refused."},
    "a job without a name": {"error": {**SAYS, "code": "65537540"}, "job": {}},
    "a job that is not named by a UUID": {"error": {**SAYS, "code": "65537540"}, "job": {"uuid": "x"}},
}


def contradicting(ontap: Ontap, content: Any, done: bool) -> Send:
    """Answer each change with HTTP 200 and that content, whether it was done or not."""

    def send(method: str, target: str, body: Any) -> Answer:
        answer = ontap.send(method, target, body) if method == "GET" or done else Answer(200, {}, b"")
        if method == "GET" or answer.status >= 300:
            return answer
        return Answer(200, {}, json.dumps(content).encode())

    return send


@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize("verb", [verb for verb, (module, *_more) in VERBS.items() if not module.endswith("_info")])
def test_a_success_that_reports_an_error_proves_nothing(verb: str, done: bool) -> None:
    """Of ONTAP's answer to each change the status says that it was done, and the body that it was not."""
    module, options, happened = VERBS[verb]
    for name, content in CONTRADICTIONS.items():
        ontap = cluster(happened)
        before = ontap.picture()
        played = play(module, {**LOGIN, **options}, contradicting(ontap, content, done))
        assert_true_outcome(played)
        has_changed = ontap.picture() != before
        assert has_changed == (done and bool(changes(played))), name
        said = f"{name}: {played.result['msg']}"
        if not played.failed:
            assert played.result["changed"] == has_changed, said
        elif played.result["outcome"] != "unknown":
            assert (played.result["outcome"] == "changed") == has_changed, said
