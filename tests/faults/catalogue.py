# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The faults that are tried, and the phases of a task in which they strike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

VAULTS = "/api/security/azure-key-vaults"
SECRET, NEW_SECRET = "canary-Old8Q~secret", "canary-New8Q~secret"
WHOLE = {
    "svm": "vs0",
    "name": "https://kv1.vault.azure.net/",
    "key_id": "https://kv1.vault.azure.net/keys/key1",
    "client_id": "client1",
    "tenant_id": "tenant1",
    "client_secret": SECRET,
}

# One strike: the fault comes once, so it can be survived. A fault that stays: the task must end, and say how.
TRANSIENT: dict[str, dict[str, Any]] = {
    "latency": {"latency": {"seconds": 0.3}},
    "refused for a moment": {"refused": {"seconds": 0.1}},
    "reset before it is read": {"reset": {}},
    "reset after it is done": {"reset": {"when": "after"}},
    "time-out before it is done": {"timeout": {"seconds": 3}},
    "time-out after it is done": {"timeout": {"seconds": 3, "when": "after"}},
    "half an answer": {"half": {}},
    "half an answer, then a reset": {"half": {"reset": True}},
    "429": {"http": {"status": 429}},
    "429, Retry-After in seconds": {"http": {"status": 429, "retry_after": 1}},
    "503, Retry-After as a date": {"http": {"status": 503, "retry_after_date": 1}},
    "502": {"http": {"status": 502}},
    "502 after it is done": {"http": {"status": 502, "when": "after"}},
    "503 after it is done": {"http": {"status": 503, "when": "after"}},
    "504 after it is done": {"http": {"status": 504, "when": "after"}},
    "busy, code 7": {"error": {"code": 7, "status": 503}},
    "busy, code 8": {"error": {"code": 8, "status": 409}},
    "busy, code 262160": {"error": {"code": 262160, "status": 429, "retry_after": 0}},
    "busy, code 2621573": {"error": {"code": 2621573, "status": 500}},
    "internal time-out, code 65541": {"error": {"code": 65541, "status": 500}},
    "internal time-out after it is done": {"error": {"code": 65552, "status": 500, "when": "after"}},
    "internal exception after it is done": {"error": {"code": 262145, "status": 500, "when": "after"}},
    "failover of the management LIF": {"failover": {"seconds": 0.1}},
    "failover after it is done": {"failover": {"seconds": 0.1, "when": "after"}},
    "a proxy's page": {"html": {"status": 502, "when": "after"}},
    "a proxy's page as 200": {"html": {"when": "after"}},
    "truncated JSON": {"mangle": {"how": "truncated"}},
    "50 MB": {"huge": {"megabytes": 50, "when": "after"}},
    "a slow drip of headers": {"drip": {"what": "headers", "every": 0.1}},
    "a slow drip of the body": {"drip": {"what": "body", "every": 0.1}},
}
FINAL: dict[str, dict[str, Any]] = {
    "401": {"http": {"status": 401}},
    "401, code 6691623": {"error": {"code": 6691623, "status": 401}},
    "403": {"http": {"status": 403}},
    "403, code 6": {"error": {"code": 6, "status": 403}},
    "a redirect": {"redirect": {"to": "https://127.0.0.1:1/api/security/azure-key-vaults"}},
    "429, Retry-After of an hour": {"http": {"status": 429, "retry_after": 3600}},
    "an error that no table has": {"error": {"code": 99999999, "status": 500, "message": "never heard of it"}},
    "the secret echoed in an error": {"echo": {"where": "error"}},
}
MANGLED = {
    f"an answer mangled: {how}": {"mangle": {"how": how}}
    for how in (
        "list",
        "text",
        "number",
        "null",
        "empty",
        "empty_object",
        "nulls",
        "wrong_types",
        "records_object",
        "records_null",
        "records_of_nulls",
        "not_utf8",
        "deep",
        "nan",
    )
}
ANSWERS = {
    "no body": {"no_body": {}},
    "202 without a body": {"no_body": {"status": 202}},
    "a Location that answers 404": {"bad_location": {}},
}
LASTING = (
    "refused for a moment",
    "reset before it is read",
    "reset after it is done",
    "502",
    "busy, code 7",
    "503 after it is done",
)
FAULTS = {
    **TRANSIENT,
    **FINAL,
    **MANGLED,
    **ANSWERS,
    **{f"{name}, lasting": TRANSIENT[name] for name in LASTING},
}
# What acts on a connection, and not on an answer: it needs one.
WIRED = {"drip", "failover", "half", "huge", "latency", "redirect", "refused", "reset", "timeout"}


@dataclass(frozen=True)
class Phase:
    """A moment in the life of a task.

    :ivar module: the module that meets the fault
    :ivar options: its options
    :ivar match: the request that the fault strikes
    :ivar before: what the cluster is brought to first, as events
    :ivar vault: whether vs0 has its AKV configuration before
    :ivar done: whether the cluster is as declared, in the end
    :ivar release: the cluster's
    """

    module: str
    options: dict[str, Any]
    match: dict[str, Any]
    done: Callable[[Any], bool]
    vault: bool = True
    before: tuple[dict[str, Any], ...] = ()
    release: str = "9.7"


def _vault(sim: Any) -> dict[str, Any] | None:
    vaults = [vault for vault in sim.vaults() if vault["svm"] == "vs0" and vault["enabled"]]
    assert len(vaults) <= 1, "two AKV configurations"
    return vaults[0] if vaults else None


def _as_declared(sim: Any, secret: str = SECRET, **changed: str) -> bool:
    vault = _vault(sim)
    if vault is None or sim.secret_of(vault["uuid"]) != secret:
        return False
    wanted = {**WHOLE, **changed}
    return all(vault[name] == wanted[name] for name in ("name", "key_id", "client_id", "tenant_id"))


def _restored(sim: Any) -> bool:
    vault = _vault(sim)
    return vault is not None and not vault["nodes_without_keys"]


def _rekeyed(sim: Any) -> bool:
    return any("/rekey-internal" in job["description"] and job["state"] == "success" for job in sim.jobs())


def _switched(sim: Any) -> bool:
    vault = _vault(sim)
    return vault is not None and vault["client_id"] == GREEN["client_id"]


OTHER_KEY = "https://kv1.vault.azure.net/keys/key2"
GREEN = {**WHOLE, "client_id": "client2", "configuration": "green", "enabled": False}
SWITCH = {"svm": "vs0", "configuration": "green", "enabled": True}
REKEY_INTERNAL = {"svm": "vs0", "type": "internal", "poll_interval": 0.1}
LOSE_KEYS = {"lose_keys": {"svm": "vs0", "nodes": ["node1"]}}
PHASES = {
    "read": Phase("akv_config", WHOLE, {"method": "GET", "path": VAULTS}, _as_declared),
    "create": Phase("akv_config", WHOLE, {"method": "POST", "path": VAULTS}, _as_declared, vault=False),
    "verify": Phase("akv_config", WHOLE, {"method": "GET", "path": VAULTS, "nth": 2}, _as_declared, vault=False),
    "patch": Phase(
        "akv_config",
        {**WHOLE, "client_secret": NEW_SECRET, "update_credentials": "always"},
        {"method": "PATCH", "path": f"{VAULTS}/*"},
        lambda sim: _as_declared(sim, NEW_SECRET),
    ),
    "delete": Phase(
        "akv_config",
        {"svm": "vs0", "state": "absent"},
        {"method": "DELETE", "path": f"{VAULTS}/*"},
        lambda sim: _vault(sim) is None,
    ),
    "recreate, delete": Phase(
        "akv_config",
        {**WHOLE, "client_id": "client2", "allow_recreate": True},
        {"method": "DELETE", "path": f"{VAULTS}/*"},
        lambda sim: _as_declared(sim, client_id="client2"),
    ),
    "recreate, create": Phase(
        "akv_config",
        {**WHOLE, "client_id": "client2", "allow_recreate": True},
        {"method": "POST", "path": VAULTS},
        lambda sim: _as_declared(sim, client_id="client2"),
    ),
    "restore": Phase(
        "akv_restore",
        {"svm": "vs0", "poll_interval": 0.1},
        {"method": "POST", "path": f"{VAULTS}/*/restore"},
        _restored,
        before=(LOSE_KEYS,),
    ),
    "poll": Phase(
        "akv_restore",
        {"svm": "vs0", "poll_interval": 0.1},
        {"method": "GET", "path": "/api/cluster/jobs/*"},
        _restored,
        before=(LOSE_KEYS,),
    ),
    "rekey, external": Phase(
        "akv_rekey",
        {"svm": "vs0", "type": "external", "key_id": OTHER_KEY, "poll_interval": 0.1},
        {"method": "POST", "path": f"{VAULTS}/*/rekey-external"},
        lambda sim: _as_declared(sim, key_id=OTHER_KEY),
        release="9.14.1",
    ),
    "rekey in place": Phase(
        "akv_rekey",
        {"svm": "vs0", "type": "external", "key_id": OTHER_KEY, "poll_interval": 0.1},
        {"method": "PATCH", "path": f"{VAULTS}/*"},
        lambda sim: _as_declared(sim, key_id=OTHER_KEY),
        release="9.8",
    ),
    "rekey, internal": Phase(
        "akv_rekey",
        REKEY_INTERNAL,
        {"method": "POST", "path": f"{VAULTS}/*/rekey-internal"},
        _rekeyed,
        release="9.14.1",
    ),
    "rekey, poll": Phase(
        "akv_rekey", REKEY_INTERNAL, {"method": "GET", "path": "/api/cluster/jobs/*"}, _rekeyed, release="9.14.1"
    ),
    "switch": Phase(
        "akv_config",
        SWITCH,
        {"method": "PATCH", "path": "/api/security/key-stores/*"},
        _switched,
        before=({"create_vault": GREEN},),
        release="9.14.1",
    ),
    "switch, poll": Phase(
        "akv_config",
        SWITCH,
        {"method": "GET", "path": "/api/cluster/jobs/*"},
        _switched,
        before=({"create_vault": GREEN},),
        release="9.14.1",
    ),
}
