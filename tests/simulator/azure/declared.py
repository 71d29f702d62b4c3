# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The section `azure` of a scenario: its shape, and the moments in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timezone
from typing import Any

from ..shapes import Check, Record, ScenarioError, choice, flag, integer, list_of, mapping_of, number, text

CLOUDS = {
    "public": ("vault.azure.net", "managedhsm.azure.net", "graph.microsoft.com", "login.windows.net"),
    "china": ("vault.azure.cn", "managedhsm.azure.cn", "microsoftgraph.chinacloudapi.cn", "login.chinacloudapi.cn"),
    "usgov": (
        "vault.usgovcloudapi.net",
        "managedhsm.usgovcloudapi.net",
        "graph.microsoft.us",
        "login.microsoftonline.us",
    ),
}
_AGE = re.compile(r"([+-])(\d+)([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

Moment = Callable[[float], float]
"""A declared moment: takes the clock's time at the start, gives seconds since the epoch."""


def moment(value: Any, where: str) -> Moment:
    """A date, a time, or a distance from the clock's start such as +6d or -1h."""
    distance = _AGE.fullmatch(value) if isinstance(value, str) else None
    if distance:
        seconds = int(distance[1] + distance[2]) * _SECONDS[distance[3]]
        return lambda start: start + seconds
    try:
        parsed = value if isinstance(value, date) else datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except ValueError:
        parsed = None
    if parsed is None or isinstance(value, bool):
        raise ScenarioError(f"{where}: a moment is wanted, such as 2027-03-31 or +6d, not {value!r}")
    if not isinstance(parsed, datetime):
        parsed = datetime(parsed.year, parsed.month, parsed.day)
    stamp = (parsed if parsed.tzinfo else parsed.replace(tzinfo=timezone.utc)).timestamp()
    return lambda _start: stamp


def text_or(record: Record, name: str) -> Check:
    """A mapping, or the one text that it needs."""
    return lambda value, where: record({name: value} if isinstance(value, str) else value, where)


SECRET = text_or(
    Record(needs={"value": text}, takes={"name": text, "key_id": text, "starts": moment, "expires": moment}), "value"
)
CERTIFICATE = text_or(
    Record(
        needs={"pem": text},
        takes={"name": text, "key_id": text, "starts": moment, "expires": moment, "revoked": flag},
    ),
    "pem",
)
APPLICATION = Record(
    needs={"client_id": text, "tenant_id": text},
    takes={
        "name": text,
        "object_id": text,
        "audience": text,
        "secrets": list_of(SECRET),
        "expired": list_of(text),
        "certificates": list_of(CERTIFICATE),
        "enabled": flag,
        "service_principal": flag,
        "public_client": flag,
        "conditional_access": flag,
        "refused_with": integer,
        "graph": list_of(text),
        "owns": list_of(text),
    },
)
OPERATIONS = ("get", "list", "getrotationpolicy", "encrypt", "decrypt", "wrapKey", "unwrapKey")
KEY_VAULT = Record(
    needs={"host": text},
    takes={
        "tenant_id": text,
        "policies": mapping_of(list_of(choice(*OPERATIONS))),
        "roles": mapping_of(list_of(text)),
        "blocked_by": choice("firewall", "connection"),
        "blocked_when": choice("always", "with_token"),
        "purge_protection": flag,
        "recovery_level": text,
        "resource": text,
        "retention_days": integer,
        "requests_per_10_s": integer,
    },
)
DATES = {"not_before": moment, "expires": moment, "enabled": flag}
KEY_VERSION = text_or(Record(needs={"version": text}, takes={**DATES, "created": moment}), "version")
KEY = Record(
    needs={"key_id": text},
    takes={
        **DATES,
        "permitted": flag,
        "versions": list_of(KEY_VERSION),
        "type": choice("RSA", "RSA-HSM", "EC"),
        "size": integer,
        "key_ops": list_of(text),
        "deleted": flag,
        "rotation_policy": Record(takes={"rotate_after": text, "notify_before": text, "expires_after": text}),
    },
)
AZURE = Record(
    takes={
        "reachable": flag,
        "poll_interval": number,
        "cloud": choice(*CLOUDS),
        "propagation": number,
        "tenants": list_of(text),
        "applications": list_of(APPLICATION),
        "key_vaults": list_of(KEY_VAULT),
        "keys": list_of(KEY),
    }
)
