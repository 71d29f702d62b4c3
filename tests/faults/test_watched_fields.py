# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each field of each response that is watched or reported: left out, null, or of a wrong type.

What is not reported is unknown: never healthy, never better, never gone.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from faults.catalogue import WHOLE
from faults.in_process import LOGIN, Ontap, Played, Send, assert_true_outcome, listening, play
from faults.test_fields import HOW, WRONG, broken, endpoint, places

from ansible_collections.ontap.akv.plugins.module_utils._akv.report import About, Ends, cluster, fleet, reading
from ansible_collections.ontap.akv.plugins.module_utils._http.transport import Answer
from ansible_collections.ontap.akv.plugins.plugin_utils import _ems_events, _health_events
from ansible_collections.ontap.akv.plugins.plugin_utils._report import files, markdown
from ansible_collections.ontap.akv.plugins.plugin_utils._roles.akv_report import Format
from ansible_collections.ontap.akv.plugins.plugin_utils._watching import Watched, read_options

NOW = datetime(2026, 11, 1, 12, tzinfo=timezone.utc)
LOST: tuple[dict[str, Any], ...] = ({"lose_keys": {"svm": "vs0", "nodes": ["node1"]}},)
AZURE: tuple[dict[str, Any], ...] = ({"azure": {"reachable": False}}, {"advance_clock": {"seconds": 3600}})
HAPPENED = {"healthy": (), "keys lost": LOST, "azure unreachable": AZURE}
UNKNOWN = list(HOW)


def ontap(happened: tuple[dict[str, Any], ...]) -> Ontap:
    volumes = [{"svm": "vs0", "name": "v0", "encrypted": True}, {"svm": "vs0", "name": "v1", "encrypted": True}]
    made = Ontap("9.16.1", svms=[{"name": "vs0"}], volumes=volumes)
    made.apply({"create_vault": {**WHOLE, "svm": "vs0"}}, *happened)
    return made


Ways = Iterator[tuple[str, str, Send]]


def ways(happened: tuple[dict[str, Any], ...], use: Callable[[Send], object]) -> Ways:
    """Give each field of each response that a use reads, how it is broken, and a cluster that breaks it so."""
    fields: dict[tuple[str, tuple[str, ...]], None] = {}
    sound = ontap(happened)

    def listen(method: str, target: str, body: Any) -> Answer:
        answer = sound.send(method, target, body)
        if answer.status == 200:
            fields.update(dict.fromkeys((endpoint(target), at) for at in places(json.loads(answer.content))))
        return answer

    use(listen)
    assert fields
    wrong = itertools.cycle(WRONG.items())
    for where, at in fields:
        for how, instead in (*HOW.items(), next(wrong)):
            yield f"{where} {'.'.join(at)} {how}", how, broken(ontap(happened), where, at, instead)


class Source:
    """An event source that looks at one cluster, whatever answers for it."""

    def __init__(self, name: str) -> None:
        module: Any = {"akv_health": _health_events, "akv_events": _ems_events}[name]
        options: dict[str, Any] = {"hostname": "cluster1", "username": "admin", "password": LOGIN["password"]}
        more = _health_events.SCOPE_OPTIONS if name == "akv_health" else {}
        self._options = read_options(name, options, more, lambda _params: None)
        self._look = module.look_for({})
        ((key, params),) = self._options.clusters.items()
        self._cluster = Watched(key, params)

    def look(self, send: Send) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        with listening(send, Played()):
            result, events = self._look(self._cluster, self._options)
        shown = json.dumps([result, events])
        assert "Traceback" not in shown, result.get("exception")
        assert "Internal error" not in shown, result.get("exception")
        return result, events


@pytest.mark.parametrize("happening", HAPPENED)
def test_health_is_not_guessed(happening: str) -> None:
    happened = HAPPENED[happening]
    problems = []
    for reported, how, send in ways(happened, Source("akv_health").look):
        source = Source("akv_health")
        assert bool(source.look(ontap(happened).send)[1]) is bool(happened)
        broken_now = source.look(send)[1]
        again = source.look(ontap(happened).send)[1]
        from_the_start = Source("akv_health").look(send)[1]
        for event in (*broken_now, *again, *from_the_start):
            if event["type"] == "cluster":
                continue
            if event["verdict"] == "absent":
                problems.append((reported, event["message"]))
            if how in UNKNOWN and event["scope"] not in ("svm", ""):
                problems.append((reported, event["scope"]))
            if how in UNKNOWN and event["verdict"] == "healthy" and happened:
                problems.append((reported, event["message"]))
            if how in UNKNOWN and event["verdict"] in ("degraded", "unavailable") and not happened:
                problems.append((reported, event["message"]))
        problems += [
            (reported, event["message"]) for event in broken_now if how in UNKNOWN and event["change"] == "better"
        ]
    assert not problems, "\n".join(map(str, problems))


@pytest.mark.parametrize("verdict", ["unknown", "healthy"])
def test_what_is_unknown_from_the_start_is_reported_once(verdict: str) -> None:
    def send(method: str, target: str, body: Any) -> Answer:
        answer = sound.send(method, target, body)
        if verdict == "healthy" or "azure-key-vaults" not in target:
            return answer
        content = json.loads(answer.content)
        for record in content["records"]:
            for name in ("state", "azure_reachability", "ekmip_reachability"):
                record.pop(name, None)
        return answer._replace(content=json.dumps(content).encode())

    sound, source = ontap(()), Source("akv_health")
    events = source.look(send)[1]
    assert [(event["verdict"], event["change"], event["remedy"]) for event in events] == (
        [("unknown", "other", "none")] if verdict == "unknown" else []
    )
    assert not source.look(send)[1]


LINES = (
    {"ems": {"name": "ekmip.akv.notAvailable", "node": "node1", "parameters": {"svm": "vs0", "keyId": "key1"}}},
    {"ems": {"name": "ekmip.akv.volOffline", "node": "node1", "parameters": {"svm": "vs0", "volume": "v0"}}},
    {"ems": {"name": "km.volume.mount.fail", "node": "node2", "parameters": {"svm": "vs0"}}},
)


def test_no_line_of_an_event_log_is_lost() -> None:
    problems = []
    for reported, how, send in ways(LINES, Source("akv_events").look):
        source = Source("akv_events")
        source.look(ontap(()).send)
        result, events = source.look(send)
        if how in UNKNOWN and not result["failed"] and len(events) != len(LINES):
            problems.append((reported, [event["event"] for event in events]))
    assert not problems, "\n".join(map(str, problems))


def test_conformance_is_not_guessed() -> None:
    sound = play("akv_conformance_info", LOGIN, ontap(()).send)
    for reported, _how, send in ways((), lambda listen: play("akv_conformance_info", LOGIN, listen)):
        played = play("akv_conformance_info", LOGIN, send)
        assert_true_outcome(played)
        assert all(method == "GET" for method, _target, _body in played.sent)
        if not played.failed:
            assert set(played.result["agrees"]) <= set(sound.result["agrees"]), reported


@pytest.mark.parametrize("happening", HAPPENED)
def test_a_report_guesses_nothing(happening: str) -> None:
    happened = HAPPENED[happening]
    options = {**LOGIN, "volumes": True}
    problems = []

    def made(send: Send) -> dict[str, Any]:
        result = play("akv_info", options, send).result
        assert "Internal error" not in json.dumps(result)
        return cluster(reading(result), Ends.read(None, None), NOW)

    assert made(ontap(happened).send)["needs_attention"] is bool(happened)
    for reported, how, send in ways(happened, made):
        record = made(send)
        if how not in UNKNOWN:
            assert files.make({"cluster1": record}, About(NOW), Format, Path("/nowhere"))
        if how not in UNKNOWN or not record["reachable"]:
            continue
        found = set(record["found"])
        if (happened and not record["needs_attention"]) or (not happened and found - {"unknown"}):
            problems.append((reported, found))
        where = [place for cause in fleet({"c": record}, About(NOW))["causes"] for place in cause["where"]]
        text = " ".join([*markdown.in_lines(record), *(str(each["volumes"]) for each in where if "volumes" in each)])
        if re.search("The cluster is|SVM :|None", text) or any(place.get("svm") == "" for place in where):
            problems.append((reported, text, where))
    assert not problems, "\n".join(map(str, problems))
