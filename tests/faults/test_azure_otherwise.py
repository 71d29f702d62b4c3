# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An Azure that answers as the reference allows, and otherwise than our simulator does."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from faults.azure import CLIENT, KEY, MODULES, SECRET, TENANT, VAULT, make_pair
from requests.structures import CaseInsensitiveDict

from ansible_collections.ontap.akv.plugins.module_utils._http.retry import FaultKind
from ansible_collections.ontap.akv.plugins.module_utils._http.transport import Answer, Fault
from ansible_collections.ontap.akv.plugins.module_utils._use_cases.call import Call
from ansible_collections.ontap.akv.plugins.module_utils._use_cases.entry import Session

Record = dict[str, Any]
Given = tuple[int, Record, Any]
"""Status, headers, and body of an answer."""
VERSION = "0123456789abcdef0123456789abcdef"
NOW = datetime.now(timezone.utc)
LOGIN, GRAPH = "login.microsoftonline.com", "graph.microsoft.com"
CHALLENGE = f'Bearer authorization="https://login.windows.net/{TENANT}", resource="https://vault.azure.net"'
MODULUS = base64.urlsafe_b64encode(b"\xc0" + b"\x01" * 255).decode().rstrip("=")
BUNDLE: Record = {
    "key": {"kid": f"{KEY}/{VERSION}", "kty": "RSA", "n": MODULUS, "e": "AQAB"},
    "attributes": {"enabled": True, "created": 1767225600, "updated": 1767225600, "recoveryLevel": "Recoverable"},
}
APPLICATION: Record = {
    "appId": CLIENT,
    "displayName": None,
    "passwordCredentials": [{"keyId": "k1", "hint": SECRET[:3], "endDateTime": "2199-01-01T00:00:00.1234567Z"}],
    "keyCredentials": [],
}


class Elsewhere(Session):
    """An Azure without a network: what is in `answers` goes before what an ordinary one answers."""

    def __init__(self, answers: dict[str, Given | Callable[[Record], Given] | Fault]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def open(self, endpoint: Any) -> Any:
        return _Way(self, endpoint)

    def answer(self, host: str, method: str, target: str, body: Any, headers: Record) -> Given:
        parts = urlsplit(target)
        what = f"{method} {host}{parts.path}"
        self.asked.append(f"{what}?{parts.query}")
        asked = {"query": parse_qs(parts.query), "body": body, "headers": headers, "path": parts.path}
        token = "Authorization" in headers
        for name, given in self.answers.items():
            if name in (what, f"{what} {'with' if token else 'without'} token"):
                if isinstance(given, Fault):
                    raise given
                return given(asked) if callable(given) else given
        return self._usual(host, parts.path, body, token)

    def _usual(self, host: str, path: str, body: Any, token: bool) -> Given:
        if host == LOGIN:
            return 200, {}, {"token_type": "bearer", "expires_in": "3599", "access_token": "e.y.J"}
        if host == GRAPH:
            return 200, {}, APPLICATION
        if not token:
            return 401, {"www-authenticate": CHALLENGE}, {"error": {"code": "Unauthorized", "message": "AKV10000"}}
        if path.endswith(("/wrapkey", "/unwrapkey", "/encrypt", "/decrypt")):
            return 200, {}, {"kid": "x", "value": body["value"] + "="}
        if path.endswith("/versions"):
            return 200, {}, {"value": [{"kid": "x"}], "nextLink": None}
        if path.endswith("/rotationpolicy"):
            return 200, {}, {"lifetimeActions": []}
        return 200, {}, BUNDLE


class _Way:
    def __init__(self, azure: Elsewhere, endpoint: Any) -> None:
        self.azure, self.endpoint = azure, endpoint
        self.url = f"https://{endpoint.host}:{endpoint.port}"

    def send(self, method: str, target: str, body: Any = None, *, headers: Any = None) -> Answer:
        status, more, content = self.azure.answer(self.endpoint.host, method, target, body, dict(headers or {}))
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()
        return Answer(status, CaseInsensitiveDict(more), raw)

    def twin(self) -> _Way:
        return _Way(self.azure, self.endpoint)

    def close(self) -> None:
        pass


def run(answers: Record, module: str = "akv_key_info", **options: Any) -> tuple[Record, Elsewhere]:
    """Run a module against it; its result, and what was asked."""
    given = {"tenant_id": TENANT, "client_id": CLIENT, "client_secret": SECRET, "retries": 0, **options}
    if module == "akv_key_info":
        given.setdefault("key_id", KEY)
    given = {name: value for name, value in given.items() if value is not None}
    use_case = MODULES[module]
    call = Call(use_case.ARGUMENT_SPEC, given, use_case.KIND)
    defaults = {name: option.get("default") for name, option in call.spec.items()}
    azure = Elsewhere(answers)
    result, warnings = call.run({**defaults, **given}, False, use_case.run, azure)
    assert SECRET not in json.dumps([result, warnings], default=str)
    return {**result, "warnings": warnings}, azure


def check(result: Record, name: str) -> Record:
    assert not result["failed"], result["msg"]
    (found,) = (one for one in result["checks"] if one["name"] == name)
    return found


GET = f"GET {VAULT}/keys/key1"


def test_all_is_well() -> None:
    result, _azure = run({})
    assert result["ready"] is True, result["checks"]
    assert result["summary"] == {"ok": 9, "failed": 0, "warning": 0, "unknown": 0}


@pytest.mark.parametrize(
    "header",
    [
        f'Bearer authorization_uri="https://login.windows.net/{TENANT}/", scope="https://vault.azure.net/.default"',
        f'bearer resource = "https://vault.azure.net/" , authorization = "https://login.windows.net/{TENANT}"',
        f'PoP realm="", Bearer authorization="https://login.windows.net/{TENANT}", resource="https://vault.azure.net"',
        f'BEARER Authorization="https://login.windows.net/{TENANT.upper()}",Resource="https://VAULT.azure.net:443"',
    ],
)
def test_a_challenge_in_other_words(header: str) -> None:
    result, _azure = run({f"{GET} without token": (401, {"WWW-AUTHENTICATE": header}, b"")})
    assert result["ready"] is True, result["checks"]
    assert result["vault_tenant_id"].lower() == TENANT


def test_a_challenge_without_a_tenant_does_not_name_it() -> None:
    result, _azure = run({f"{GET} without token": (401, {"WWW-Authenticate": "Bearer"}, {"error": {}})})
    found = check(result, "network")
    assert found["status"] == "ok"
    assert TENANT not in found["message"]
    assert "does not name its tenant" in found["message"]


@pytest.mark.parametrize("body", [b"<html>", {}, {"message": "no"}])
def test_a_404_that_is_not_of_a_key_vault_says_nothing_about_the_key(body: Any) -> None:
    result, azure = run({f"{GET} with token": (404, {}, body)})
    assert check(result, "key")["status"] == "unknown"
    assert not [one for one in azure.asked if "deletedkeys" in one]


def test_a_key_vault_that_does_not_exist() -> None:
    gone = (404, {}, {"error": {"code": "VaultNotFound", "message": "The vault was not found."}})
    for when, name in (("without", "network"), ("with", "key")):
        result, _azure = run({f"{GET} {when} token": gone})
        found = check(result, name)
        assert found["status"] == "failed"
        assert "soft-deleted" in found["message"]


@pytest.mark.parametrize("deleted", [(403, {}, {"error": {"code": "Forbidden"}}), (500, {}, b"x")])
def test_a_key_that_is_absent_where_deleted_keys_cannot_be_read(deleted: Any) -> None:
    absent = (404, {}, {"error": {"code": "KeyNotFound", "message": "no"}})
    result, _azure = run({f"{GET} with token": absent, f"GET {VAULT}/deletedkeys/key1": deleted})
    found = check(result, "key")
    assert found["status"] == "failed"
    assert "may have been deleted" in found["message"]


def test_a_key_without_a_version_in_its_identifier() -> None:
    bundle = {**BUNDLE, "key": {**BUNDLE["key"], "kid": KEY}}
    result, azure = run({f"{GET} with token": (200, {}, bundle)})
    found = check(result, "wrap")
    assert found["status"] == "unknown"
    assert "version" in found["message"]
    assert not [one for one in azure.asked if "/key1/key1" in one]


@pytest.mark.parametrize("given", ["Key1", "Key1/" + VERSION.upper(), "Key1/"])
def test_the_name_of_a_key_is_sent_as_it_was_given(given: str) -> None:
    _result, azure = run({}, key_id=f"https://KV1.vault.azure.net/keys/{given}")
    assert all("/keys/Key1" in one for one in azure.asked if VAULT in one)
    assert any(given.rstrip("/") in one for one in azure.asked)


@pytest.mark.parametrize("attribute", ["exp", "nbf", "recoveryLevel", "created"])
def test_null_is_absent(attribute: str) -> None:
    result, _azure = run({f"{GET} with token": (200, {}, _with(**{attribute: None}))})
    assert result["ready"] is True
    assert "expires_at" not in result["key"]


def _with(**attributes: Any) -> Record:
    return {**BUNDLE, "attributes": {**BUNDLE["attributes"], **attributes}}


def test_an_end_that_cannot_be_read_is_not_no_end() -> None:
    for value in ("soon", True, [1]):
        result, _azure = run({f"{GET} with token": (200, {}, _with(exp=value))})
        assert check(result, "key")["status"] == "unknown", value
        assert result["ready"] is False


@pytest.mark.parametrize(("link", "status"), [("", "ok"), ("https://kv1.vault.azure.net", "unknown"), (5, "unknown")])
def test_a_next_page_that_is_nowhere(link: Any, status: str) -> None:
    versions = {f"{GET}/versions with token": (200, {}, {"value": [{}], "nextLink": link})}
    result, azure = run(versions)
    assert sum("/versions" in one for one in azure.asked) == 1
    assert all("/keys/" in one for one in azure.asked if VAULT in one)
    assert check(result, "versions")["status"] == status


def test_a_list_without_its_next_page_is_not_complete() -> None:
    pages = {LIST: (200, {}, {"value": [APPLICATION], "@odata.nextLink": "https://graph.microsoft.com"})}
    result, _azure = run(pages, "entra_app_info", app_ids=IDS)
    assert result["failed"]
    assert "the list is not complete" in result["msg"]
    assert "has no application" not in result["msg"]


def test_pages_on_another_host_are_asked_of_the_same_host() -> None:
    def versions(asked: Record) -> Given:
        more = None if "$skiptoken" in asked["query"] else f"https://evil.example.com:443{asked['path']}?$skiptoken=2"
        return 200, {}, {"value": [{}], "nextLink": more}

    result, azure = run({f"{GET}/versions with token": versions})
    assert result["key"]["versions"] == 2
    assert not [one for one in azure.asked if "evil" in one]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"error": "invalid_grant", "error_description": "AADSTS530034: blocked"}, "unknown"),
        ({"error": "interaction_required", "error_codes": [50076]}, "unknown"),
        ({"error": "invalid_client", "error_codes": ["7000215"], "error_description": "AADSTS7000215: no"}, "failed"),
        ({"error": "invalid_client", "error_codes": [7999999]}, "failed"),
        ({"error_description": "AADSTS700016: no"}, "failed"),
        ({}, "unknown"),
        (b"Too many", "unknown"),
    ],
)
def test_errors_of_entra_in_other_words(body: Any, status: str) -> None:
    result, _azure = run({f"POST {LOGIN}/{TENANT}/oauth2/v2.0/token": (400, {}, body)})
    assert check(result, "token")["status"] == status


def test_a_certificate_is_not_blamed_while_the_clock_is_not_known() -> None:
    pair = make_pair(ends=-1)
    away = Fault(FaultKind.LOST, "nobody answers")
    date = {"Date": format_datetime(NOW - timedelta(days=10), usegmt=True)}
    answers = {
        f"GET {LOGIN}/{TENANT}/v2.0/.well-known/openid-configuration": (200, date, {}),
        f"{GET} without token": away,
    }
    result, _azure = run(answers, client_secret=None, client_certificate=pair.pkcs12)
    assert check(result, "token")["status"] == "ok"
    date["Date"] = format_datetime(NOW, usegmt=True)
    result, azure = run(answers, client_secret=None, client_certificate=pair.pkcs12)
    assert check(result, "token")["status"] == "failed"
    assert not [one for one in azure.asked if one.startswith("POST")]


# -- Microsoft Graph ---------------------------------------------------------------------------------------------------

APP = f"GET {GRAPH}/v1.0/applications(appId='{CLIENT}')"
PRINCIPAL = f"GET {GRAPH}/v1.0/servicePrincipals(appId='{CLIENT}')"


def test_a_secret_that_belongs_to_the_service_principal() -> None:
    answers = {APP: (200, {}, {**APPLICATION, "passwordCredentials": []}), PRINCIPAL: (200, {}, APPLICATION)}
    result, _azure = run(answers)
    assert result["credential"]["expires_at"].startswith("2199-01-01")
    result, _azure = run(answers, "entra_app_info")
    (application,) = result["applications"]
    assert [one["hint"] for one in application["secrets"]] == [SECRET[:3]]
    assert result["summary"]["ok"] == 1


def test_a_service_principal_that_cannot_be_read_is_a_warning() -> None:
    refused = (403, {}, {"error": {"code": "Authorization_RequestDenied", "message": "no"}})
    answers = {APP: (200, {}, {**APPLICATION, "passwordCredentials": []}), PRINCIPAL: refused}
    result, _azure = run(answers, "entra_app_info")
    assert not result["failed"]
    assert any("service principal" in one for one in result["warnings"])
    assert check(run(answers)[0], "expiry")["status"] == "unknown"


@pytest.mark.parametrize("body", [b"<html>", {}, b""])
def test_a_403_of_graph_names_the_permission_also_without_a_code(body: Any) -> None:
    result, _azure = run({APP: (403, {}, body)}, "entra_app_info")
    assert result["failed"]
    assert "Application.Read.All" in result["msg"]


def test_a_404_that_is_not_of_graph_says_nothing_about_the_application() -> None:
    result, _azure = run({APP: (404, {}, b"<html>")}, "entra_app_info")
    assert result["failed"]
    assert "has no application" not in result["msg"]
    assert "proxy" in result["msg"]


IDS = [CLIENT.upper(), "99999999-2222-3333-4444-55555555555A"]
LIST = f"GET {GRAPH}/v1.0/applications"


def test_many_applications_are_asked_for_as_they_were_given() -> None:
    apps = [{**APPLICATION, "appId": one.lower()} for one in IDS]
    result, azure = run({LIST: (200, {}, {"value": apps, "@odata.nextLink": ""})}, "entra_app_info", app_ids=IDS)
    assert len(result["applications"]) == 2
    assert all(any(one in asked for asked in azure.asked) for one in IDS)


FIFTY = [f"{number:08d}-bbbb-cccc-dddd-eeeeeeeeeeee" for number in range(50)]


def batches(first: Callable[[str], Given | None]) -> dict[str, Callable[[Record], Given]]:
    """Answer each filter of fifty applications once all four have been asked for."""
    together = threading.Barrier(4)
    seen: set[str] = set()

    def answer(asked: Record) -> Given:
        (filtered,) = asked["query"]["$filter"]
        if filtered not in seen:
            seen.add(filtered)
            together.wait(timeout=30)
            given = first(filtered)
            if given is not None:
                return given
        return 200, {}, {"value": [{**APPLICATION, "appId": one} for one in FIFTY if one in filtered]}

    return {LIST: answer}


def test_the_batches_of_many_applications_are_asked_side_by_side() -> None:
    def first(filtered: str) -> Given | None:
        return (503, {}, {}) if FIFTY[0] in filtered else None

    result, _azure = run(batches(first), "entra_app_info", app_ids=FIFTY, retries=1)
    assert [one["client_id"] for one in result["applications"]] == FIFTY
    # In the order of the batches, though the first was answered last.
    assert [one["status"] for one in result["requests"]] == [200, 503, 200, 200, 200, 200]


def test_of_batches_that_fail_the_first_is_reported() -> None:
    def first(filtered: str) -> Given | None:
        number = next(number for number, one in enumerate(FIFTY) if one in filtered)
        return (400, {}, {"error": {"code": f"Batch{number}", "message": "no"}}) if number else None

    result, _azure = run(batches(first), "entra_app_info", app_ids=FIFTY)
    assert result["failed"]
    assert "Batch15" in result["msg"]
    assert [one["status"] for one in result["requests"]] == [200, 200, 400, 400, 400]


@pytest.mark.parametrize("value", [None, 5, {"a": 1}])
def test_what_is_not_a_list_is_not_an_empty_list(value: Any) -> None:
    result, _azure = run({LIST: (200, {}, {"value": value})}, "entra_app_info", app_ids=IDS)
    assert result["failed"]
    assert "has no application" not in result["msg"]


def test_the_key_ends_soon_and_the_end_of_the_secret_is_not_known() -> None:
    soon = int((NOW + timedelta(days=6)).timestamp())
    answers = {f"{GET} with token": (200, {}, _with(exp=soon)), APP: (403, {}, {"error": {"code": "x"}})}
    found = check(run(answers)[0], "expiry")
    assert found["status"] == "warning"
    assert "The end of the credential is not known" in found["message"]


@pytest.mark.parametrize(
    ("reported", "unknown"),
    [
        ({}, 0),
        ({"passwordCredentials": [{"keyId": "1"}, {"keyId": "2", "endDateTime": "soon"}]}, 2),
        ({"keyCredentials": None}, 1),
    ],
)
def test_what_graph_does_not_report_is_counted_as_unknown(reported: Record, unknown: int) -> None:
    result, _azure = run({APP: (200, {}, {**APPLICATION, **reported})}, "entra_app_info")
    assert result["summary"]["unknown"] == unknown
    assert len(result["warnings"]) == (unknown > 0)
    assert result["msg"].endswith(f", {unknown} unknown." if unknown else " ok.")


@pytest.mark.parametrize("body", [b"<html>", b"", {}])
def test_throttling_is_no_proxy(body: Any) -> None:
    answer = (429, {"Retry-After": "60"}, body)
    for asked, name in ((f"POST {LOGIN}/{TENANT}/oauth2/v2.0/token", "token"), (APP, "expiry")):
        found = check(run({asked: answer})[0], name)
        assert found["status"] == "unknown"
        assert "too many requests" in found["message"]
        assert "proxy" not in found["message"]


@pytest.mark.parametrize("body", [{}, {"value": []}, {**APPLICATION, "appId": "x"}, {**APPLICATION, "appId": None}])
def test_what_is_not_the_application_is_not_taken_for_one(body: Record) -> None:
    result, _azure = run({APP: (200, {}, body)}, "entra_app_info")
    assert result["failed"]
    assert "Microsoft Graph returned no application (HTTP 200)" in result["msg"]


def test_an_application_that_graph_does_not_have_is_named() -> None:
    gone = (404, {}, {"error": {"code": "Request_ResourceNotFound", "message": "no"}})
    found = check(run({APP: gone, PRINCIPAL: gone})[0], "expiry")
    assert found["status"] == "unknown"
    assert f"has no application {CLIENT}" in found["message"]
