# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.ontap.akv.plugins.plugin_utils._undefined import refuse_undefined

DOCUMENTATION = r"""
name: to_config_entries
short_description: Convert the result of akv_info to entries for akv_config
version_added: 0.2.0
author:
  - The ontap.akv authors (@ontap-akv)
description:
  - Makes entries for O(ontap.akv.akv_config#module:vaults) from the AKV configurations that M(ontap.akv.akv_info)
    returns. An entry names the scope, and the configuration if that is inactive. It declares nothing else.
  - An entry has C(wait=true) if the AKV configuration is healthy or its health is not reported. It has C(wait=false)
    if the AKV configuration is inactive, degraded or unavailable, since a change need not bring what it lacks.
options:
  _input:
    description: RV(ontap.akv.akv_info#module:vaults).
    type: list
    elements: dict
    required: true
seealso:
  - module: ontap.akv.akv_config
  - module: ontap.akv.akv_info
"""

EXAMPLES = r"""
- name: Find the AKV configurations of an application
  ontap.akv.akv_info:
    query:
      client_id: aaaaaaaa-bbbb-aaaa-bbbb-aaaaaaaaaaaa
  register: akv

- name: Give all of them the new secret; the first is tried alone
  ontap.akv.akv_config:
    client_secret: "{{ vaulted_client_secret }}"
    update_credentials: always
    vaults: "{{ akv.vaults | ontap.akv.to_config_entries }}"
"""

RETURN = r"""
_value:
  description: The entries, in the order of the AKV configurations.
  type: list
  elements: dict
"""

_Vault = Mapping[str, t.Any]


def to_config_entries(vaults: t.Any) -> list[dict[str, t.Any]]:
    """Give an entry for each AKV configuration.

    :raises AnsibleFilterError: it is not a result of akv_info
    """
    refuse_undefined(vaults)
    if not isinstance(vaults, list):
        raise AnsibleFilterError("ontap.akv.to_config_entries: give the AKV configurations of akv_info, a list.")
    return [_entry(vault) for vault in vaults]


def _entry(vault: t.Any) -> dict[str, t.Any]:
    try:
        scope = {"scope": "cluster"} if vault.get("scope") == "cluster" else {"svm": vault["svm"]["name"]}
        inactive = vault["verdict"] == "inactive"
        which = {"configuration": vault["configuration"]["name"]} if inactive else {}
        return {**scope, **which, "wait": vault["verdict"] in ("healthy", "unknown")}
    except (AttributeError, KeyError, TypeError):
        raise AnsibleFilterError(
            "ontap.akv.to_config_entries: an AKV configuration is not as akv_info returns it."
        ) from None


class FilterModule:
    def filters(self) -> dict[str, Callable[..., t.Any]]:
        return {"to_config_entries": to_config_entries}
