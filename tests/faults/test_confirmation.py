# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A change is done when a reading shows it: after an answer that is too early, and amid readings that are too old."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from faults.catalogue import VAULTS, WHOLE
from faults.in_process import LOGIN, Ontap, Played, assert_true_outcome, play

NEW_SECRET = "canary-New8Q~secret"
PROXY = {"proxy_type": "http", "proxy_host": "proxy1", "proxy_port": 8080}
GREEN = {"configuration": "green", "name": "https://kv2.vault.azure.net/"}
FOREVER = 10_000


@dataclass(frozen=True)
class Change:
    """A task of akv_config that changes something.

    :ivar method: of the request that is struck, on any path
    """

    method: str
    options: dict[str, Any]
    release: str = "9.7"
    vaults: tuple[dict[str, Any], ...] = (WHOLE,)
    shows: dict[str, Any] = field(default_factory=dict)

    def cluster(self, *faults: dict[str, Any]) -> Ontap:
        scenario = {"cluster": {"asynchronous": "never"}, "faults": list(faults)}
        ontap = Ontap(self.release, **scenario)
        ontap.apply(*({"create_vault": vault} for vault in self.vaults))
        return ontap


CHANGES = {
    "create": Change("POST", WHOLE, vaults=(), shows={"client_id": "client1"}),
    "create, and what only a PATCH takes": Change(
        "POST", {**WHOLE, "verify_host": False}, "9.14.1", vaults=(), shows={"verify_host": False}
    ),
    "proxy": Change("PATCH", {**WHOLE, **PROXY, "proxy_host": "proxy2"}, "9.10.1", ({**WHOLE, **PROXY},), PROXY),
    "first proxy": Change("PATCH", {**WHOLE, **PROXY}, "9.10.1", shows=PROXY),
    "login": Change("PATCH", {**WHOLE, "client_id": "client2"}, "9.10.1", shows={"client_id": "client2"}),
    "verify_ip": Change("PATCH", {**WHOLE, "verify_ip": False}, "9.16.1", shows={"verify_ip": False}),
    "secret": Change("PATCH", {**WHOLE, "client_secret": NEW_SECRET, "update_credentials": "always"}),
    "delete": Change("DELETE", {"svm": "vs0", "state": "absent"}),
    "recreate, its DELETE": Change(
        "DELETE", {**WHOLE, "client_id": "client2", "allow_recreate": True}, shows={"client_id": "client2"}
    ),
    "recreate, its POST": Change(
        "POST", {**WHOLE, "client_id": "client2", "allow_recreate": True}, shows={"client_id": "client2"}
    ),
    "enable": Change(
        "PATCH",
        {"svm": "vs0", "configuration": "green", "enabled": True},
        "9.14.1",
        (WHOLE, {**WHOLE, **GREEN, "enabled": False}),
        {"enabled": True},
    ),
}


def configure(change: Change, ontap: Ontap, many: bool = False, **more: Any) -> Played:
    options = {**LOGIN, "wait_timeout": 60, **more}
    options |= {"vaults": [change.options]} if many else change.options
    return play("akv_config", options, ontap.send)


@pytest.mark.parametrize("many", [False, True], ids=["one", "many"])
@pytest.mark.parametrize("reads", [1, 3])
@pytest.mark.parametrize("fault", ["stale", "later"])
@pytest.mark.parametrize("name", CHANGES)
def test_a_change_that_shows_late_is_waited_for(name: str, fault: str, reads: int, many: bool) -> None:
    change = CHANGES[name]
    sound = change.cluster()
    assert not configure(change, sound, many).failed
    ontap = change.cluster({"match": {"method": change.method}, fault: {"reads": reads}})
    played = configure(change, ontap, many)
    assert not played.failed, played.result["msg"]
    assert_true_outcome(played)
    # A secret is nothing that a reading shows.
    assert ontap.same_as(sound) or (name, fault) == ("secret", "later")
    result = played.result["results"][0] if many else played.result
    assert result["changed"]
    shown = result["vault"] or {}
    assert {name: shown[name] for name in change.shows} == {
        name: value for name, value in change.options.items() if name in change.shows
    }
    assert (result["vault"] is None) == (name == "delete")


@pytest.mark.parametrize("many", [False, True], ids=["one", "many"])
@pytest.mark.parametrize("name", [name for name in CHANGES if name != "secret"])
def test_a_change_that_never_shows_is_unknown(name: str, many: bool) -> None:
    change = CHANGES[name]
    ontap = change.cluster({"match": {"method": change.method}, "stale": {"reads": FOREVER}})
    played = configure(change, ontap, many)
    assert played.failed
    assert_true_outcome(played)
    assert played.result["outcome"] == "unknown"
    assert "wait_timeout" in played.result["msg"]


def test_without_wait_an_answer_is_enough() -> None:
    change = CHANGES["proxy"]
    ontap = change.cluster({"match": {"method": "PATCH"}, "later": {"reads": FOREVER}})
    played = configure(change, ontap, wait=False)
    assert not played.failed
    assert played.result["changed"]


@pytest.mark.parametrize("name", CHANGES)
def test_on_a_quick_cluster_a_change_costs_one_reading(name: str) -> None:
    change = CHANGES[name]
    played = configure(change, change.cluster())
    methods = [method for method, target, _body in played.sent if target.startswith((VAULTS, "/api/security/key-st"))]
    sent = [method for method in methods if method != "GET"]
    extra = {"create, and what only a PATCH takes": 1, "enable": 0}.get(name, 0)
    assert methods[0] == methods[-1] == "GET"
    assert len(methods) == len(sent) + 2 + extra, methods
