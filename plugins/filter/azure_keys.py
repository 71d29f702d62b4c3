# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from collections.abc import Callable

from ansible.errors import AnsibleFilterError

from ansible_collections.ontap.akv.plugins.module_utils._akv.azure_check import keys_of, unproved

DOCUMENTATION = r"""
name: azure_keys
short_description: Find the keys that an application uses on many clusters
version_added: 0.2.0
author:
  - The ontap.akv authors (@ontap-akv)
description:
  - Takes what M(ontap.akv.akv_info) returned on each cluster, and returns each key of the application once.
positional: hosts
options:
  _input:
    description: C(hostvars), or another mapping of hosts to their variables.
    type: dict
    required: true
  hosts:
    description: The hosts, C(ansible_play_hosts_all).
    type: list
    elements: str
    required: true
  read:
    description: The variable of each host that has the result of M(ontap.akv.akv_info).
    type: str
    required: true
  client_id:
    description: The application (client) ID.
    type: str
    required: true
seealso:
  - module: ontap.akv.akv_key_info
  - plugin: ontap.akv.azure_verdict
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Check the new credential with each key
  ontap.akv.akv_key_info:
    tenant_id: "{{ item.tenant_id }}"
    key_id: "{{ item.key_id }}"
    client_id: "{{ akv_client_id }}"
    client_secret: "{{ akv_client_secret }}"
  loop: "{{ hostvars | ontap.akv.azure_keys(ansible_play_hosts_all, read='akv', client_id=akv_client_id) }}"
  loop_control:
    label: "{{ item.key_id }}"
  run_once: true
  delegate_to: localhost
"""

RETURN = r"""
_value:
  description: >-
    The keys, each with C(tenant_id), C(client_id), C(key_id), and C(credential), the number of the credential in a list
    of one. What cannot be checked has C(unproved), a sentence that says why.
  type: list
  elements: dict
"""


def azure_keys(variables: t.Any, hosts: t.Any, read: t.Any = None, client_id: t.Any = None) -> list[dict[str, t.Any]]:
    """Find the keys of an application.

    :raises AnsibleFilterError: it was not given what it needs
    """
    try:
        results = {host: variables[host].get(read) or {} for host in hosts if host in variables}
        unread = [host for host, result in results.items() if "vaults" not in result]
        found = keys_of([one for result in results.values() for one in result.get("vaults") or ()], str(client_id))
        return [*found, *(unproved(f"The AKV configurations of {host} could not be read.") for host in unread)]
    except (AttributeError, KeyError, TypeError) as wrong:
        raise AnsibleFilterError(
            f"ontap.akv.azure_keys: give hostvars, the hosts, and the variable with akv_info's result ({wrong})."
        ) from None


class FilterModule:
    def filters(self) -> dict[str, Callable[..., t.Any]]:
        return {"azure_keys": azure_keys}
