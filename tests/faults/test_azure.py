# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each fault at each step on the way to Azure: what is not known is unknown, never ok and never failed."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from faults.azure import CLIENT, SECRET, Azure, azure, make_pair
from faults.catalogue import FAULTS, MANGLED

# The check that ends unknown, and the request that the fault strikes.
PHASES: dict[str, tuple[str, dict[str, Any]]] = {
    "discovery": ("network", {"method": "GET", "path": "/keys/key1"}),
    "token": ("token", {"method": "POST", "path": "*/token"}),
    "get": ("key", {"method": "GET", "path": "/keys/key1", "nth": 2}),
    "wrap": ("wrap", {"method": "POST", "path": "*/wrapkey"}),
    "graph": ("expiry", {"method": "GET", "path": "/v1.0/*"}),
}
HARMLESS = {"latency", "a Location that answers 404"}
# Of the answer without a token only the status and a header count.
OF_DISCOVERY = {*MANGLED, "truncated JSON", "no body"}


@pytest.fixture(scope="module")
def here() -> Iterator[Azure]:
    with azure() as started:
        yield started


def _wait_until_it_listens(here: Azure) -> None:
    host, port = here.login["authority"].removeprefix("https://").rsplit(":", 1)
    for _attempt in range(100):
        try:
            socket.create_connection((host, int(port)), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("fault", [name for name in FAULTS if "lasting" not in name])
def test_a_fault(here: Azure, fault: str, phase: str) -> None:
    name, match = PHASES[phase]
    _wait_until_it_listens(here)
    here.sim.apply([{"clear_faults": {}}, {"add_fault": {"match": {"azure": True, **match}, **FAULTS[fault]}}])
    harmless = fault in HARMLESS or (phase == "discovery" and fault in OF_DISCOVERY)
    # Short where it ends what never comes; never what decides whether an answer comes in time.
    checks = here.checks(timeout=20 if harmless else 0.6)
    struck = checks[name]
    assert struck["status"] == ("ok" if harmless else "unknown"), struck
    assert struck["message"]
    assert not [check for check in checks.values() if check["status"] == "failed"]
    if phase == "graph" and not harmless:
        _wait_until_it_listens(here)
        here.sim.apply([{"clear_faults": {}}, {"add_fault": {"match": {"azure": True, **match}, **FAULTS[fault]}}])
        reported = here.run("entra_app_info", timeout=0.6)
        assert reported["failed"] or not reported["applications"][0]["secrets"] or fault.startswith("an answer mangled")
        assert reported["msg"]


@pytest.mark.parametrize(
    "fault", ["refused for a moment", "reset before it is read", "503, Retry-After as a date", "429"]
)
@pytest.mark.parametrize("phase", PHASES)
def test_what_passes_is_tried_again(here: Azure, fault: str, phase: str) -> None:
    _wait_until_it_listens(here)
    _name, match = PHASES[phase]
    here.sim.apply([{"clear_faults": {}}, {"add_fault": {"match": {"azure": True, **match}, **FAULTS[fault]}}])
    assert {check["status"] for check in here.checks(retries=2).values()} == {"ok"}


@pytest.mark.parametrize("path", ["*/token", "/keys/key1", "*/wrapkey", "/v1.0/*"])
@pytest.mark.parametrize("certificate", [False, True])
def test_what_a_service_echoes_is_not_shown(path: str, certificate: bool) -> None:
    pair = make_pair()
    with azure({"certificates": [pair.pem]}) as here:
        options = {"client_certificate": pair.pkcs12} if certificate else {}
        token = here.sim.tokens
        here.run("akv_key_info", **options)
        (token, *_more) = here.sim.tokens
        text = f"{SECRET} {token} {pair.pkcs12}"
        body = {"error": "odd", "error_description": text, "x": text}
        if path != "*/token":
            body = {"error": {"code": "Forbidden", "message": text}}  # type: ignore[dict-item]
        fault = {"body": {"status": 403, "json": body, "content_type": "application/json"}}
        here.sim.apply([{"add_fault": {"match": {"azure": True, "path": path, "times": 0}, **fault}}])
        for module in ("akv_key_info", "entra_app_info"):
            here.run(module, **options)


def test_a_task_ends_within_its_deadline() -> None:
    with azure() as here:
        fault = {"http": {"status": 429, "retry_after": 100000}}
        here.sim.apply([{"add_fault": {"match": {"azure": True, "path": "*/token", "times": 0}, **fault}}])
        start = time.monotonic()
        assert here.checks(retries=100)["token"]["status"] == "unknown"
        assert time.monotonic() - start < 60
        assert here.run("entra_app_info", retries=100, app_ids=[CLIENT])["failed"]
