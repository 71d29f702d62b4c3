# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""How ONTAP watches the AKV configurations: how often it polls Azure, and whether it takes volumes offline."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ansible_collections.ontap.akv.plugins.module_utils._akv import releases
from ansible_collections.ontap.akv.plugins.module_utils._akv.record import Record
from ansible_collections.ontap.akv.plugins.module_utils._ontap.client import Client
from ansible_collections.ontap.akv.plugins.module_utils._runtime import errors

_CONFIGS = "/security/key-manager-configs"

_FIXED_INTERVAL = 15  # minutes, before 9.10.1
_LONGEST_INTERVAL = 24 * 60  # far more than any release allows: a higher value is not an interval

# The login's role does not allow it, or the cluster does not have what its release promises.
_NOT_READABLE = (400, 403, 404)


def read_health_monitor(client: Client, release: releases.Release | None) -> Record:
    """Read how ONTAP watches the AKV configurations. What is not reported is absent, and a warning says why.

    :param release: None where it is not known: then all fields are asked for
    :raises AkvError: the cluster does not answer; a refusal is not such a failure
    """
    fields = [
        name for name, first in releases.HEALTH_MONITOR_FIELDS.items() if release is None or release.within(first)
    ]
    if not fields:
        return {"polling_interval": _FIXED_INTERVAL}
    try:
        config = client.get(_CONFIGS, {"fields": ",".join(fields)}, doing="Reading ONTAP's polling interval")
    except errors.AkvError as refusal:
        if refusal.details.get("http_status") not in _NOT_READABLE:
            raise
        client.task.warn(f"How often ONTAP polls Azure is not known. {refusal.message}")
        return {}
    minutes, policy = _minutes(config), _policy(config)
    if minutes is None:
        client.task.warn(f"How often ONTAP polls Azure is not known: {client.where} does not report it.")
    if policy.get("enabled") is False:
        client.task.warn(
            f"ONTAP's health monitor for Azure Key Vault is off on {client.where}: nothing polls Azure, and a"
            " configuration that reads as healthy may no longer be so."
        )
    return {**({} if minutes is None else {"polling_interval": minutes}), **policy}


def describe(monitor: Mapping[str, t.Any]) -> str:
    """Say how often ONTAP polls Azure."""
    if "polling_interval" not in monitor:
        return "How often ONTAP polls Azure is not known."
    return f"ONTAP polls Azure every {monitor['polling_interval']} minutes."


def _minutes(config: Mapping[str, t.Any]) -> int | None:
    """Return the polling interval: a number, or one as text."""
    given = str(config.get("health_monitor_polling_interval"))
    is_number = given.isascii() and given.isdecimal() and len(given) <= len(str(_LONGEST_INTERVAL))
    return int(given) if is_number and 0 < int(given) <= _LONGEST_INTERVAL else None


def _policy(config: Mapping[str, t.Any]) -> dict[str, bool]:
    """Return what holds for Azure Key Vault, out of what holds for each kind of key manager (9.15.1+)."""
    policies = config.get("health_monitor_policy")
    policy = policies.get("akv") if isinstance(policies, dict) else None
    found = policy if isinstance(policy, dict) else {}
    return {name: found[name] for name in ("enabled", "manage_volume_offline") if isinstance(found.get(name), bool)}
