# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.ontap.akv.plugins.module_utils._akv.azure_check import keys_of_entries

DOCUMENTATION = r"""
name: azure_keys_of_entries
short_description: Find the keys that declared AKV configurations use, if they get a credential
version_added: 0.2.0
author:
  - The ontap.akv authors (@ontap-akv)
description:
  - Takes the O(ontap.akv.akv_config#module:vaults) of a task, and what M(ontap.akv.akv_config) returned in check mode.
  - Returns each key and credential once, and only if a credential is to be sent.
positional: results
options:
  _input:
    description: The declared configurations.
    type: list
    elements: dict
    required: true
  results:
    description: The RV(ontap.akv.akv_config#module:results) of the call in check mode.
    type: list
    elements: dict
    required: true
seealso:
  - module: ontap.akv.akv_config
  - module: ontap.akv.akv_key_info
  - plugin: ontap.akv.azure_keys
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Find what to check in Azure before ONTAP gets the credentials
  ansible.builtin.set_fact:
    keys: "{{ akv_configurations | ontap.akv.azure_keys_of_entries(plan.results) }}"
"""

RETURN = r"""
_value:
  description: >-
    The keys, each with C(tenant_id), C(client_id), C(key_id), and C(credential), the number of the entry that holds the
    credential, from 0. No secret is among them.
  type: list
  elements: dict
"""


def azure_keys_of_entries(entries: t.Any, results: t.Any) -> list[dict[str, t.Any]]:
    """Find the keys of declared configurations.

    :raises AnsibleFilterError: it was not given what it needs
    """
    for given in (entries, results):
        if not isinstance(given, list) or not all(isinstance(one, Mapping) for one in given):
            raise AnsibleFilterError(
                "ontap.akv.azure_keys_of_entries: give the declared configurations, and akv_config's results."
            )
    return keys_of_entries(entries, results)


class FilterModule:
    def filters(self) -> dict[str, Callable[..., t.Any]]:
        return {"azure_keys_of_entries": azure_keys_of_entries}
