# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""How ONTAP watches the vaults: how often it polls Azure, and whether it takes volumes offline by itself."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ansible_collections.ontap.akv.plugins.module_utils._akv.record import Record
from ansible_collections.ontap.akv.plugins.module_utils._akv.releases import HEALTH_MONITOR_FIELDS
from ansible_collections.ontap.akv.plugins.module_utils._ontap.client import Client
from ansible_collections.ontap.akv.plugins.module_utils._runtime.errors import AkvError

_CONFIGS = "/security/key-manager-configs"

_FIXED_INTERVAL = 15  # minutes, before 9.10.1
_LONGEST_INTERVAL = 24 * 60  # far more than any release allows: what is above is no interval

# The login's role does not allow it, or the cluster does not have what its release promises.
_UNTOLD = (400, 403, 404)


def read_health_monitor(client: Client) -> Record:
    """Read how ONTAP watches the vaults; what is not told is none, and a warning says why.

    :raises AkvError: the cluster does not answer; a refusal is no such failure
    """
    release = client.release()
    fields = [name for name, first in HEALTH_MONITOR_FIELDS.items() if release.within(first)]
    if not fields:
        return {"polling_interval": _FIXED_INTERVAL, "enabled": None, "manage_volume_offline": None}
    try:
        config = client.get(_CONFIGS, {"fields": ",".join(fields)}, doing="Reading ONTAP's polling interval")
    except AkvError as refusal:
        if refusal.details.get("http_status") not in _UNTOLD:
            raise
        config = {}
        client.task.warn(f"How often ONTAP polls Azure is not known. {refusal.message}")
    else:
        if _minutes(config) is None:
            client.task.warn(f"How often ONTAP polls Azure is not known: {client.where} does not tell it.")
    policy = _policy(config)
    if policy.get("enabled") is False:
        client.task.warn(
            f"ONTAP's health monitor for Azure Key Vaults is off on {client.where}: nothing polls Azure, and a vault"
            " that reads as healthy may no longer be so."
        )
    return {
        "polling_interval": _minutes(config),
        **{name: policy.get(name) for name in ("enabled", "manage_volume_offline")},
    }


def tell(monitor: Mapping[str, t.Any]) -> str:
    """Say how often ONTAP polls Azure."""
    if monitor["polling_interval"] is None:
        return "How often ONTAP polls Azure is not known."
    return f"ONTAP polls Azure every {monitor['polling_interval']} minutes."


def _minutes(config: Mapping[str, t.Any]) -> int | None:
    """The polling interval: a number, or one as text."""
    told = str(config.get("health_monitor_polling_interval"))
    is_one = told.isascii() and told.isdecimal() and len(told) <= len(str(_LONGEST_INTERVAL))
    return int(told) if is_one and 0 < int(told) <= _LONGEST_INTERVAL else None


def _policy(config: Mapping[str, t.Any]) -> dict[str, bool]:
    """What holds for Azure Key Vaults, of what holds for each kind of key manager (9.15.1+)."""
    policies = config.get("health_monitor_policy")
    policy = policies.get("akv") if isinstance(policies, dict) else None
    told = policy if isinstance(policy, dict) else {}
    return {name: value for name, value in told.items() if isinstance(value, bool)}
