# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event source akv_health: the ends of credentials."""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest

from ansible_collections.ontap.akv.plugins.module_utils._akv.expiry import declared
from ansible_collections.ontap.akv.plugins.plugin_utils import _health_events
from ansible_collections.ontap.akv.plugins.plugin_utils._health_events import Azure, Endings
from ansible_collections.ontap.akv.plugins.plugin_utils._report.graph import Readers
from ansible_collections.ontap.akv.plugins.plugin_utils._watching import Watched

NOW = datetime(2026, 11, 29, 12, tzinfo=timezone.utc)
LOGIN = {"hostname": "192.0.2.1", "username": "admin", "password": "SENTINEL-8Q~x"}
CLUSTER = Watched("cluster1", {"hostname": "cluster1.example.com"})
VAULTS = [
    {"client_id": "APP1", "svm": {"name": "vs1"}},
    {"client_id": "app1", "svm": {"name": "vs0"}},
    {"client_id": "app2", "svm": {"name": "vs2"}},
    {"client_id": "app1", "scope": "cluster"},
    {"client_id": None},
]


def ends_in(days: int, remind: float = 3600) -> Endings:
    ends = (NOW + timedelta(days=days)).date()
    return Endings(declared("credential_expires", {"app1": ends, "unused": "2020-01-01"}), remind)


@pytest.mark.parametrize(
    ("days", "threshold"), [(61, None), (60, 60), (31, 60), (30, 30), (29, 30), (7, 7), (6, 7), (0, 7), (-1, 0)]
)
def test_the_threshold_that_is_reached(days: int, threshold: int | None) -> None:
    events = ends_in(days).events(CLUSTER, VAULTS, NOW)
    assert [event["threshold"] for event in events] == ([] if threshold is None else [threshold])
    for event in events:
        assert (event["type"], event["cluster"], event["client_id"]) == ("credential_expiring", "cluster1", "APP1")
        assert event["svms"] == ["", "vs0", "vs1"]
        assert (event["days_left"], event["expired"]) == (days, days < 0)
        assert event["message"].startswith("The credential of application APP1 expire")
        assert event["message"].endswith("The application is used by SVM vs0, SVM vs1, the cluster on cluster1.")


def test_each_threshold_once() -> None:
    endings = ends_in(61)
    found = []
    for day in range(63):
        for hour in (0, 6):
            at = NOW + timedelta(days=day, hours=hour)
            found += [(day, event["threshold"]) for event in endings.events(CLUSTER, VAULTS, at)]
    assert found == [(1, 60), (31, 30), (54, 7), (62, 0)]


@pytest.mark.parametrize(("days", "remind", "again"), [(-1, 60, True), (-1, 0, False), (6, 60, False)])
def test_only_what_has_expired_is_reported_again(
    days: int, remind: float, again: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    endings = ends_in(days, remind)
    assert len(endings.events(CLUSTER, VAULTS, NOW)) == 1
    assert not endings.events(CLUSTER, VAULTS, NOW)
    later = time.monotonic() + 61
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert bool(endings.events(CLUSTER, VAULTS, NOW)) is again


@pytest.mark.parametrize(
    ("dates", "complaint"),
    [
        ({"app1": "soon"}, r"^akv_health: credential_expires\[app1\]: 'soon' is not a date"),
        ({"app1": "2027-03-31", "APP1": "2027-03-31"}, r"^akv_health: credential_expires\[APP1\]: is given twice"),
        (["2027-03-31"], r"^akv_health: .*credential_expires"),
    ],
)
def test_an_invalid_date_ends_the_source_before_anything_is_sent(dates: Any, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        asyncio.run(_health_events.main(None, {**LOGIN, "credential_expires": dates}))  # type: ignore[arg-type]


@pytest.mark.parametrize("dates", [{"app1": date(2027, 3, 31)}, {"app1": "2027-03-31"}, {}, None, ""])
def test_dates_reach_the_look(dates: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Any] = []

    async def watch(_queue: object, options: object, look: object) -> None:
        given.append((options, look))

    monkeypatch.setattr(_health_events, "watch", watch)
    monkeypatch.setattr(_health_events, "look_for", lambda _memories, ends, _azure: ends)
    asyncio.run(_health_events.main(None, {**LOGIN, "credential_expires": dates}))  # type: ignore[arg-type]
    ((_options, ends),) = given
    assert {name: str(end) for name, end in ends.items()} == ({"app1": "2027-03-31"} if dates else {})


# -- Microsoft Graph ---------------------------------------------------------------------------------------------------


def test_what_graph_says_causes_events(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Asked(Readers):
        def ask(self) -> dict[str, Any]:
            ids = next(iter(self._wanted.values()))
            asked.extend(ids)
            secrets = [
                {
                    "name": f"in {days}",
                    "hint": "abc",
                    "expires_at": f"{(NOW + timedelta(days=days)):%Y-%m-%dT%H:%M:%SZ}",
                }
                for days in (-400, 6, 29, 61)
            ]
            return {"app1": {"client_id": "app1", "secrets": secrets, "certificates": []}} if "app1" in ids else {}

    monkeypatch.setattr(_health_events, "Readers", Asked)
    endings = Endings({}, 3600, Azure({"tenant_id": "t"}))
    events = endings.events(CLUSTER, VAULTS, NOW)
    assert [(event["threshold"], event["credential"]) for event in events] == [
        (7, "secret in 6 (hint abc)"),
        (30, "secret in 29 (hint abc)"),
    ]
    assert events[0]["message"].startswith("The secret in 6 (hint abc) of application APP1 expires on ")
    assert not endings.events(CLUSTER, VAULTS, NOW)
    assert sorted(asked) == ["app1", "app2"]
    later = time.monotonic() + 7 * 3600
    monkeypatch.setattr(time, "monotonic", lambda: later)
    endings.events(CLUSTER, VAULTS, NOW)
    assert sorted(asked) == ["app1", "app1", "app2", "app2"]


def secret_that_ends(client_id: str, days: int) -> dict[str, Any]:
    ends = f"{(NOW + timedelta(days=days)):%Y-%m-%dT%H:%M:%SZ}"
    return {"client_id": client_id, "secrets": [{"name": "q1", "expires_at": ends}], "certificates": []}


def test_a_graph_that_hangs_keeps_no_reading_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    answering = threading.Event()

    class Hanging(Readers):
        def ask(self) -> dict[str, Any]:
            answering.wait(60)
            return {"app1": secret_that_ends("app1", 6)}

    monkeypatch.setattr(_health_events, "Readers", Hanging)
    monkeypatch.setattr(_health_events, "_WAIT_FOR_AZURE", 0.01)
    azure = Azure({"tenant_id": "t"})
    declared_end = declared("credential_expires", {"app1": (NOW + timedelta(days=29)).date()})
    endings = Endings(declared_end, 3600, azure)
    assert [event["credential"] for event in endings.events(CLUSTER, VAULTS, NOW)] == ["credential"]
    assert not Endings({}, 3600, azure).events(CLUSTER, VAULTS, NOW)
    answering.set()
    monkeypatch.setattr(_health_events, "_WAIT_FOR_AZURE", 60.0)
    assert [event["credential"] for event in endings.events(CLUSTER, VAULTS, NOW)] == ["secret q1"]


@pytest.mark.parametrize("failure", ["says so", "raises"])
def test_a_graph_that_fails_is_asked_again_after_an_hour(
    failure: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked: list[set[str]] = []

    class Failing(Readers):
        def ask(self) -> dict[str, Any]:
            ids = next(iter(self._wanted.values()))
            asked.append(set(ids))
            if len(asked) != 2:
                return {name: secret_that_ends(name, 6) for name in ids}
            if failure == "raises":
                raise KeyError("odd")
            self.problems.append("Azure could not be asked: it is down.")
            return {}

    monkeypatch.setattr(_health_events, "Readers", Failing)
    azure, hours = Azure({"tenant_id": "t"}), 0.0
    begin = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: begin + hours * 3600)
    for hours in (0.0, 5.9, 6.1, 7.0, 7.2, 8.3, 13.1):  # noqa: B007
        azure.ask(["app1"])
        # What was known stays known.
        assert azure.application("app1")["secrets"]
    assert len(asked) == 3
    assert ("it is down" if failure == "says so" else "Internal error") in caplog.text


READER = {"graph_tenant_id": "t1", "graph_client_id": "c1", "graph_client_secret": "SENTINEL-of-the-reader"}


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"graph_client_secret": ""}, "graph_client_secret: is missing"),
        ({"graph_tenant_id": None}, "graph_tenant_id: is missing"),
        ({"azure_authority": "https://login.example.com"}, "azure_graph_url: is missing"),
        ({"azure_graph_url": "http://x"}, " azure_graph_url: 'http://x' is not a base URL"),
        ({"azure_ca_path": "/nowhere/ca.pem"}, " azure_ca_path: '/nowhere/ca.pem' does not exist"),
        ({"graph_client_id": "c 1"}, " graph_client_id: 'c 1' is not an ID"),
    ],
)
def test_a_reader_that_is_not_complete_ends_the_source(given: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint) as refused:
        asyncio.run(_health_events.main(None, {**LOGIN, **READER, **given}))  # type: ignore[arg-type]
    assert "SENTINEL" not in str(refused.value)


def test_without_a_reader_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Any] = []

    async def watch(_queue: object, _options: object, look: object) -> None:
        given.append(look)

    monkeypatch.setattr(_health_events, "watch", watch)
    monkeypatch.setattr(_health_events, "look_for", lambda _memories, _ends, azure: azure)
    for more in ({}, dict.fromkeys(READER, "")):
        asyncio.run(_health_events.main(None, {**LOGIN, **more}))  # type: ignore[arg-type]
        assert given.pop().application("app1") == {}
    asyncio.run(_health_events.main(None, {**LOGIN, **READER}))  # type: ignore[arg-type]
    assert given.pop()._reader == {"tenant_id": "t1", "client_id": "c1", "client_secret": READER["graph_client_secret"]}
