# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scenario: what a cluster is made of, read from YAML and checked strictly."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from . import events, faults, releases, tables
from .azure.declared import AZURE
from .shapes import Record, ScenarioError, choice, flag, integer, list_of, mapping_of, number, text

UPDATE_STATES = (
    *("in_progress", "waiting", "paused_by_user", "paused_on_error", "completed", "canceled", "failed"),
    *("pause_pending", "cancel_pending"),
)
DNS = Record(needs={"servers": list_of(text)}, takes={"domains": list_of(text)})
CLUSTER = Record(
    takes={
        "name": text,
        "release": choice(*releases.NAMES),
        "documentation": choice("client", "pages"),
        "metrocluster": flag,
        "update": choice(*UPDATE_STATES),
        "akv_key_ids": flag,
        "health_monitor": Record(
            takes={"polling_interval": integer, "enabled": flag, "manage_volume_offline": flag},
        ),
        "dns": DNS,
        "rest": flag,
        "zapi": flag,
        "zapi_version": text,
        "key_version_in_replies": choice("keep", "drop", "add"),
        "availability_in_replies": choice("cluster_state", "available", "none"),
        "code_in_replies": choice("integer", "string"),
        "key_stores_in_replies": choice("nested", "flat"),
        "state_without_volumes": choice("available", "no_volumes"),
        "state_settles_after": events.SETTLES,
        "internal_keys": choice("present", "by_volumes"),
        "asynchronous": choice("auto", "always", "never"),
        "unknown_uuid": choice("not_configured", "entry"),
        "duplicate_vault": choice("key_manager", "entry"),
        "cluster_vault": flag,
        "page_limit": integer,
        "location_header": flag,
    }
)
NODE = Record(
    needs={"name": text},
    takes={
        "uuid": text,
        "capable": flag,
        "healthy": flag,
        "state": choice("up", "booting", "down", "taken_over", "waiting_for_giveback", "degraded", "unknown"),
        "release": choice(*releases.NAMES),
        "cluster_lif": flag,
        "root_encrypted": flag,
    },
)
SVM = Record(
    needs={"name": text},
    takes={
        "uuid": text,
        "count": integer,
        "state": choice("starting", "running", "stopping", "stopped", "deleting", "initializing"),
        "subtype": choice("default", "dp_destination", "sync_source", "sync_destination"),
        "dns": DNS,
        "lif": choice("up", "down", "none"),
        "default_route": flag,
    },
)
VOLUME = Record(
    needs={"svm": text, "name": text},
    takes={
        **events.VOLUME,
        "uuid": text,
        "path": text,
        "key_id": text,
        "state": choice("online", "offline"),
        "encryption_state": choice("encrypted", "encrypting", "partial", "rekeying"),
        "count": integer,
    },
)
KEY_MANAGER = Record(
    needs={"type": choice(*releases.KEY_MANAGERS)},
    takes={
        "svm": text,
        "scope": choice("svm", "cluster"),
        "uuid": text,
        "servers": list_of(text),
        "nse_keys": integer,
        "drives": integer,
        "enabled": flag,
        "configuration": text,
        "policy": text,
    },
)
SETTINGS = {
    "name": text,
    "key_id": text,
    "client_id": text,
    "tenant_id": text,
    "proxy_type": choice("http", "https"),
    "proxy_host": text,
    "proxy_port": integer,
    "proxy_username": text,
    "oauth_host": text,
    "port": integer,
    "vault_host": text,
    "verify_host": flag,
    "verify_ip": flag,
    "skip_verification": flag,
}
VAULT = Record(
    takes={
        "svm": text,
        "scope": choice("svm", "cluster"),
        "uuid": text,
        **SETTINGS,
        "client_secret": text,
        "client_certificate": text,
        "proxy_password": text,
        "configuration": text,
        "enabled": flag,
        "keys_missing_on": list_of(text),
        "key_store_state": choice(
            "active", "mixed", "svm_kek_rekey", "blocked", "switching", "initializing", "disabling"
        ),
    }
)
PACKAGE = Record(needs={"name": text}, takes={"state": choice("compliant", "noncompliant", "unknown")})


def package(value: Any, where: str) -> Any:
    """A license: its name alone, or a mapping."""
    return PACKAGE({"name": value} if isinstance(value, str) else value, where)


USER = Record(needs={"name": text}, takes={"password": text, "certificate": flag, "role": text})
PRIVILEGE = Record(
    needs={
        "api": text,
        "access": choice("none", "readonly", "read_create", "read_modify", "read_create_modify", "all"),
    }
)
SCENARIO = Record(
    takes={
        "cluster": CLUSTER,
        "nodes": list_of(NODE),
        "svms": list_of(SVM),
        "aggregates": list_of(Record(needs={"name": text}, takes={"node": text, "nae": flag, "uuid": text})),
        "volumes": list_of(VOLUME),
        "licenses": list_of(package),
        "key_managers": list_of(KEY_MANAGER),
        "vaults": list_of(VAULT),
        "users": list_of(USER),
        "roles": mapping_of(list_of(PRIVILEGE)),
        "azure": AZURE,
        "jobs": Record(takes={"queued": number, "running": number, "kept": number}),
        "next_uuids": Record(takes={"vaults": list_of(text), "jobs": list_of(text)}),
        "clock": Record(takes={"start": text, "speed": number}),
        "tls": Record(takes={"enabled": flag, "certificate": choice("valid", "expired", "other-host", "self-signed")}),
        "seed": integer,
        "faults": list_of(faults.check),
        "events": list_of(events.EVENT),
    }
)
DEFAULTS: dict[str, Any] = {
    "cluster": {},
    "nodes": [{"name": "node1"}, {"name": "node2"}],
    "svms": [{"name": "vs0"}, {"name": "vs1"}, {"name": "vs2"}],
    "aggregates": [],
    "volumes": [],
    "licenses": [{"name": "ve"}, {"name": "mtekm"}],
    "key_managers": [],
    "vaults": [],
    "users": [{"name": "admin", "role": "admin"}],
    "roles": {},
    "jobs": {},
    "next_uuids": {},
    "clock": {},
    "tls": {},
    "seed": 1,
    "faults": [],
    "events": [],
}


def read(source: str | Path | dict[str, Any] | None) -> dict[str, Any]:
    """A scenario, checked and complete, from a file, a mapping or nothing.

    Raises ScenarioError with the place of the mistake.
    """
    if isinstance(source, (str, Path)):
        try:
            source = tables.parse(Path(source).read_text(encoding="utf-8"))
        except OSError as error:
            raise ScenarioError(f"the scenario {error.filename} can't be read: {error.strerror}") from error
        except tables.YamlError as error:
            raise ScenarioError(f"the scenario is no YAML: {error}") from error
    scenario = {**DEFAULTS, **SCENARIO(source or {}, "")}
    _check_names(scenario)
    return scenario


def _check_names(scenario: dict[str, Any]) -> None:
    """Names that point elsewhere in the scenario must exist there, and be given once."""
    for kind in ("nodes", "svms", "aggregates", "users"):
        for name, times in Counter(entry["name"] for entry in scenario[kind]).items():
            if times > 1:
                raise ScenarioError(f"{kind}: {name!r} is there twice")
    for kind in ("vaults", "key_managers"):
        for place, entry in enumerate(scenario[kind]):
            if "svm" in entry and entry.get("scope") == "cluster":
                raise ScenarioError(f"{kind}[{place}]: svm and scope: cluster exclude each other")
            if "svm" not in entry and entry.get("scope") != "cluster":
                raise ScenarioError(f"{kind}[{place}]: no owner. Give svm or scope: cluster")
    known_roles = {"admin", "readonly", "none", *scenario["roles"]}
    for place, user in enumerate(scenario["users"]):
        if user.get("role", "admin") not in known_roles:
            raise ScenarioError(f"users[{place}].role: there is no role {user['role']!r}")
