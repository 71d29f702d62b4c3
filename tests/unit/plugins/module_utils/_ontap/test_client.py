# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote

import pytest

from ansible_collections.ontap.akv.plugins.module_utils._http.retry import FaultKind
from ansible_collections.ontap.akv.plugins.module_utils._http.transport import Answer, Fault
from ansible_collections.ontap.akv.plugins.module_utils._ontap.client import Client
from ansible_collections.ontap.akv.plugins.module_utils._runtime.errors import (
    AkvError,
    ConnectionFailed,
    OntapError,
    Unconfirmed,
)
from ansible_collections.ontap.akv.plugins.module_utils._runtime.plan import Confirmation, Step
from ansible_collections.ontap.akv.plugins.module_utils._runtime.redaction import Redactor
from ansible_collections.ontap.akv.plugins.module_utils._runtime.runner import send
from ansible_collections.ontap.akv.plugins.module_utils._runtime.task import Task

SECRET = "canary-7Q~secret"
LOST = Fault(FaultKind.LOST, "broke off.")
REFUSED = Fault(FaultKind.UNREACHED, "refused.")
VAULTS = "/security/azure-key-vaults"


def answer(status: int = 200, body: Any = None, **headers: str) -> Answer:
    content = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, content)


def error(status: int, code: str, message: str = "said so", **headers: str) -> Answer:
    return answer(status, {"error": {"code": code, "message": message, "target": "uuid"}}, **headers)


class Script:
    """A transport that plays a script of answers and faults."""

    url = "https://cluster1:443"

    def __init__(self, *script: Answer | Fault) -> None:
        self._script: Iterator[Answer | Fault] = iter(script)
        self.targets: list[str] = []

    def send(self, method: str, target: str, body: Any = None) -> Answer:
        self.targets.append(f"{method} {unquote(target)}")
        played = next(self._script)
        if isinstance(played, Fault):
            raise played
        return played


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """No test waits; what would have been waited is kept."""
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    return waited


@pytest.fixture
def play() -> Callable[..., tuple[Client, Script]]:
    def make(*script: Answer | Fault, retries: int = 2, budget: float = 300) -> tuple[Client, Script]:
        transport = Script(*script)
        task = Task(Redactor([SECRET]), budget)
        return Client(transport, "cluster1", retries, task), transport  # type: ignore[arg-type]

    return make


CREATE = Step("POST", VAULTS, "post", "Creating", Confirmation.CREATED, {"name": "x"})
UPDATE = Step("PATCH", f"{VAULTS}/1", "patch", "Updating", Confirmation.SHOWN, {"name": "x"})


def post(client: Client, applied: Callable[[], dict[str, Any] | None], step: Step = CREATE) -> dict[str, Any]:
    return send(client, step, step.path, {}, lambda _step: applied())


@pytest.mark.parametrize(
    ("happens", "missing"),
    [
        (REFUSED, True),
        (answer(404), True),
        (error(400, "1"), False),
        (Fault(FaultKind.LOST, "did not respond.", late=True), False),
        (Fault(FaultKind.UNREACHED, "no connection.", late=True), False),
    ],
)
def test_a_cluster_that_hangs_has_a_rest_api(happens: Answer | Fault, missing: bool, play: Any) -> None:
    """It is not asked for its release in another way: that would hang too."""
    client, _transport = play(happens, retries=0)
    with pytest.raises(AkvError):
        client.sibling().get("/cluster", {}, doing="Reading")
    assert client.rest_is_missing is missing


def test_pages_are_followed_to_the_end_even_when_one_is_empty(play: Any) -> None:
    def page(records: list[int], following: str | None) -> Answer:
        links = {"next": {"href": following}} if following else {}
        return answer(body={"records": [{"n": n} for n in records], "_links": links})

    client, transport = play(
        page([1], f"/api{VAULTS}?start=1"),
        page([], f"https://cluster1:443/api{VAULTS}?start=2&fields=%2A"),
        page([2], None),
    )
    assert client.records(VAULTS, {"fields": "*"}, doing="Reading") == [{"n": 1}, {"n": 2}]
    assert transport.targets[-1] == f"GET /api{VAULTS}?start=2&fields=*"


@pytest.mark.parametrize(
    "href",
    [
        "https://elsewhere/api/security/azure-key-vaults",
        "//elsewhere/api/security/azure-key-vaults",
        "http://cluster1:443/api/security/azure-key-vaults",
        "/api/cluster/nodes",
        "/api/security/azure-key-vaults/../users",
        "/elsewhere",
        "https://[",
    ],
)
def test_a_next_page_elsewhere_is_not_followed(play: Any, href: str) -> None:
    client, transport = play(answer(body={"records": [], "_links": {"next": {"href": href}}}))
    with pytest.raises(ConnectionFailed):
        client.records(VAULTS, {}, doing="Reading")
    assert len(transport.targets) == 1


@pytest.mark.parametrize("records", [[], [{"n": 1}]])
def test_records_next_to_an_error_are_not_all(play: Any, records: list[Any]) -> None:
    said = {"code": "4", "message": f"A node did not answer, {SECRET}."}
    client, _transport = play(answer(body={"records": records, "error": said}))
    with pytest.raises(ConnectionFailed, match=r"A node did not answer.*may be incomplete\.$") as caught:
        client.records(VAULTS, {}, doing="Reading")
    assert SECRET not in caught.value.message


@pytest.mark.parametrize("records", [[], [{"n": 1}]])
def test_pages_that_go_round_in_a_circle_end(play: Any, records: list[Any]) -> None:
    again = answer(body={"records": records, "_links": {"next": {"href": f"/api{VAULTS}?start=1"}}})
    client, _transport = play(*[again] * 200)
    with pytest.raises(ConnectionFailed, match="no end"):
        client.records(VAULTS, {}, doing="Reading")


def test_an_empty_page_may_lead_to_itself(play: Any) -> None:
    link = {"_links": {"next": {"href": f"/api{VAULTS}"}}}
    client, _transport = play(answer(body={"records": [], **link}), answer(body={"records": [{"n": 1}]}))
    assert client.records(VAULTS, {}, doing="Reading") == [{"n": 1}]


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"<html>", b'{"records": {}}', b'{"records": [1]}', b'{"records": [', b"1" * 5000]
)
def test_an_answer_of_the_wrong_shape_is_a_clear_failure(play: Any, body: bytes) -> None:
    client, _transport = play(*[answer(body=body)] * 3)
    with pytest.raises(ConnectionFailed, match="Reading on cluster1 failed"):
        client.records(VAULTS, {}, doing="Reading")


@pytest.mark.parametrize("setback", [LOST, REFUSED, error(503, "7"), error(500, "65541"), answer(502, b"<html>")])
def test_a_read_is_repeated_after_a_transient_fault(play: Any, setback: Answer | Fault) -> None:
    client, _transport = play(setback, setback, answer(body={"a": 1}))
    assert client.get("/cluster", doing="Reading") == {"a": 1}
    assert len(client.task.requests) == 3
    assert client.task.outcome == "unchanged"


@pytest.mark.parametrize(
    "final", [error(401, "6691623"), error(403, "6"), Fault(FaultKind.UNRESOLVED, ""), Fault(FaultKind.UNTRUSTED, "")]
)
def test_what_waiting_cannot_help_is_sent_once(play: Any, final: Answer | Fault) -> None:
    client, transport = play(final)
    with pytest.raises(AkvError):
        client.get("/cluster", doing="Reading")
    assert len(transport.targets) == 1


def test_retries_are_counted_beyond_the_first_try(play: Any) -> None:
    client, transport = play(*[REFUSED] * 9, retries=2)
    with pytest.raises(ConnectionFailed):
        client.get("/cluster", doing="Reading")
    assert len(transport.targets) == 3


def test_retry_after_is_honoured_within_the_budget(play: Any, pauses: list[float]) -> None:
    client, _transport = play(error(429, "262160", Retry_After="7"), answer(body={}))
    client.get("/cluster", doing="Reading")
    assert pauses == [pytest.approx(7, abs=0.5)]


def test_retry_after_beyond_the_budget_fails_at_once(play: Any, pauses: list[float]) -> None:
    client, _transport = play(error(429, "262160", Retry_After="3600"), budget=60)
    with pytest.raises(OntapError):
        client.get("/cluster", doing="Reading")
    assert pauses == []


def test_a_pause_that_another_thread_was_asked_for_keeps_the_first_request_back(play: Any) -> None:
    client, transport = play(error(429, "262160", Retry_After="3600"), budget=60)
    for one in (client, client.sibling()):
        with pytest.raises(AkvError, match=r"asks for a pause of 3600 s|said so"):
            one.get("/cluster", doing="Reading")
    assert len(transport.targets) == 1


def test_retry_after_a_change_also_holds_for_the_reading_that_follows(play: Any, pauses: list[float]) -> None:
    client, transport = play(answer(503, b"<html>", Retry_After="7"), answer(body={}), answer(201))
    assert post(client, lambda: client.get("/cluster", doing="Reading") or None) == {}
    assert pauses[0] == pytest.approx(7, abs=0.5)
    assert [target.split()[0] for target in transport.targets] == ["POST", "GET", "POST"]


def test_a_pause_that_is_longer_than_the_task_s_time_is_not_begun(play: Any, pauses: list[float]) -> None:
    client, transport = play(answer(503, b"<html>", Retry_After="3600"), budget=60)
    with pytest.raises(Unconfirmed, match=r"asks for a pause of 3600 s \(Retry-After\)"):
        post(client, lambda: client.get("/cluster", doing="Reading"))
    assert (len(transport.targets), pauses) == (1, [])


def test_an_accepted_change_is_open_until_it_is_confirmed(play: Any) -> None:
    client, _transport = play(answer(202))
    post(client, lambda: None)
    assert client.task.outcome == "unknown"


def test_a_login_that_may_not_read_the_release_loses_that_alone(play: Any) -> None:
    client, _transport = play(error(403, "6", "not authorized"))
    assert str(client.release()) == "9.19.1"
    assert len(client.task.warnings) == 1
    assert "is not known: it is treated as 9.19.1" in client.task.warnings[0]


def test_a_lost_change_that_happened_is_not_sent_again(play: Any) -> None:
    client, transport = play(LOST)
    assert post(client, lambda: {"uuid": "there"}) == {"uuid": "there"}
    assert len(transport.targets) == 1
    assert client.task.outcome == "changed"


def test_a_lost_change_that_did_not_happen_is_sent_again(play: Any) -> None:
    client, transport = play(LOST, answer(201))
    post(client, lambda: None)
    assert len(transport.targets) == 2
    assert client.task.outcome == "changed"


def test_a_lost_change_that_cannot_be_read_is_unknown_and_never_sent_again(play: Any) -> None:
    def unreadable() -> None:
        raise ConnectionFailed("Reading failed.")

    client, transport = play(LOST)
    with pytest.raises(Unconfirmed, match=r"broke off.*could not be read: Reading failed"):
        post(client, unreadable)
    assert len(transport.targets) == 1
    assert client.task.outcome == "unknown"


def test_the_echo_of_a_lost_change_is_not_a_failure(play: Any) -> None:
    """It arrived late: the second try is refused because the first one has done it."""
    seen = iter([None, {"uuid": "there"}])
    client, _transport = play(LOST, error(409, "65537500"))
    assert post(client, lambda: next(seen)) == {"uuid": "there"}


def test_a_repeatable_change_is_repeated_and_unknown_only_at_the_end(play: Any) -> None:
    client, transport = play(LOST, LOST, LOST)
    with pytest.raises(AkvError):
        post(client, lambda: None, UPDATE)
    assert len(transport.targets) == 3
    assert client.task.outcome == "unknown"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"error": {"message": "It was refused."}}, r"HTTP 200, and reports the error .*It was refused\."),
        ({"error": "It was refused."}, r"HTTP 200, and reports the error It was refused\."),
        ({"error": {"code": "4", "message": "It was refused."}, "job": {}}, r"It was refused \(code 4\)"),
    ],
)
def test_an_error_without_a_code_or_a_job_that_can_be_read_is_no_success(play: Any, content: Any, said: str) -> None:
    client, _transport = play(*(answer(200, content) for _try in range(3)))
    with pytest.raises(AkvError, match=said):
        post(client, lambda: None, UPDATE)
    assert client.task.outcome == "unknown"


def test_a_success_that_reports_an_error_is_none(play: Any) -> None:
    """ONTAP contradicts itself: what no reading shows is sent again, and is unknown at the end."""
    client, transport = play(*(error(200, "65537540", "The client secret is not valid.") for _try in range(3)))
    with pytest.raises(OntapError, match=r"secret is not valid \(code 65537540\)"):
        post(client, lambda: None, UPDATE)
    assert len(transport.targets) == 3
    assert client.task.outcome == "unknown"


@pytest.mark.parametrize(
    "more",
    [
        {"error": {"code": "0"}},
        {"error": {"code": None, "message": ""}},
        {"error": {}},
        {"error": {"code": "4"}, "job": {"uuid": "024cd3cf-9a08-11ea-8d52-005056565650"}},
    ],
)
def test_an_error_that_is_none_or_is_of_a_job_leaves_a_success(play: Any, more: dict[str, Any]) -> None:
    client, transport = play(answer(202, more))
    assert post(client, lambda: None, UPDATE) == more
    assert len(transport.targets) == 1


def test_a_refusal_shows_ontap_s_words_its_code_and_our_advice(play: Any) -> None:
    client, _transport = play(error(400, "65537506", "AKV is not supported in MetroCluster configurations."))
    with pytest.raises(OntapError) as refused:
        post(client, lambda: None)
    assert refused.value.message == (
        "Creating on cluster1 failed: AKV is not supported in MetroCluster configurations (code 65537506)."
        " Use external KMIP or the onboard key manager there."
    )
    assert refused.value.details["error"]["target"] == "uuid"
    assert client.task.outcome == "unchanged"


def test_a_part_of_a_secret_that_a_server_echoes_is_masked_and_our_own_words_are_not(play: Any) -> None:
    client, _transport = play(error(400, "262245", f'the value "{SECRET[:10]}..." is invalid'))
    with pytest.raises(OntapError, match='the value "') as refused:
        post(client, lambda: None)
    assert SECRET[:10] not in str(refused.value.details) + refused.value.message


def test_a_role_that_may_not_learns_which_request_it_was(play: Any) -> None:
    client, _transport = play(error(403, "6", "not authorized"))
    with pytest.raises(OntapError, match=r"\(code 6, GET /api/cluster\)"):
        client.get("/cluster", doing="Reading")


def test_an_unknown_code_is_shown_as_it_came(play: Any) -> None:
    client, _transport = play(error(400, "99999999", "never heard of it"))
    with pytest.raises(OntapError, match=r"never heard of it \(code 99999999\)\.$"):
        post(client, lambda: None)


def test_the_release_is_asked_for_once(play: Any) -> None:
    client, transport = play(answer(body={"version": {"generation": 9, "major": 14, "minor": 1}}))
    assert str(client.release()) == str(client.release()) == "9.14.1"
    assert transport.targets == ["GET /api/cluster?fields=version"]


def test_reserved_keys_are_dropped_with_one_warning(play: Any) -> None:
    client, _transport = play(*[answer(body={"records": [{"__ansible_example": 1, "n": 1}]})] * 3)
    siblings = [client, client.sibling(), client.sibling()]
    assert [each.records(VAULTS, {}, doing="Reading") for each in siblings] == [[{"n": 1}]] * 3
    warnings = [warning for each in siblings for warning in each.task.warnings]
    assert warnings == [
        "cluster1 sent keys that begin with __ansible, which Ansible reserves for itself. They were removed."
    ]


def test_what_the_door_refuses_is_said(play: Any) -> None:
    client, _transport = play(answer(body=b"[" * 60 + b"]" * 60), retries=0)
    with pytest.raises(ConnectionFailed, match="it is nested more than 50 levels deep"):
        client.get(VAULTS, doing="Reading")
