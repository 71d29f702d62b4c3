# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.ontap.akv.plugins.module_utils._akv.recovery import suspects

DOCUMENTATION = r"""
name: credential_suspects
short_description: Find the applications that ONTAP cannot log in to Azure with
version_added: 0.2.0
author:
  - The ontap.akv authors (@ontap-akv)
description:
  - Takes the C(diagnosis) of the AKV configurations of many clusters, and returns each application once if
    it or its credential is the cause. Ask Microsoft Graph about these.
positional: results, name
options:
  _input:
    description: The names of the clusters.
    type: list
    elements: str
    required: true
  results:
    description: C(hostvars), or another mapping of clusters to their variables.
    type: dict
    required: true
  name:
    description: The registered variable that holds the result of M(ontap.akv.akv_repair) or M(ontap.akv.akv_info).
    type: str
    required: true
seealso:
  - module: ontap.akv.entra_app_info
  - plugin: ontap.akv.recovery_report
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Read when the credentials that do not work end
  ontap.akv.entra_app_info:
    app_ids: "{{ ansible_play_hosts_all | ontap.akv.credential_suspects(hostvars, 'found') }}"
  register: azure
  run_once: true
"""

RETURN = r"""
_value:
  description: The client IDs.
  type: list
  elements: str
"""


def credential_suspects(clusters: t.Any, results: t.Any, name: t.Any = None) -> list[str]:
    """Find applications that ONTAP cannot log in with.

    :raises AnsibleFilterError: it was not given what it needs
    """
    if not isinstance(clusters, list) or not isinstance(results, Mapping) or not isinstance(name, str):
        raise AnsibleFilterError("ontap.akv.credential_suspects: give names of clusters, hostvars, and a variable.")
    found = [(results.get(cluster) or {}).get(name) for cluster in clusters]
    return suspects(result for result in found if isinstance(result, Mapping))


class FilterModule:
    def filters(self) -> dict[str, Callable[..., t.Any]]:
        return {"credential_suspects": credential_suspects}
