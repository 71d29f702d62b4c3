# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.ontap.akv.plugins.module_utils._akv.azure_check import has_credential
from ansible_collections.ontap.akv.plugins.module_utils._akv.recovery import progress

DOCUMENTATION = r"""
name: recovery_progress
short_description: Determine the state of a recovery and its next steps
version_added: 0.2.0
author:
  - The ontap.akv authors (@ontap-akv)
description:
  - Takes the results of the calls of M(ontap.akv.akv_repair) so far, and returns what the role akv_recover shows, waits
    for, and returns.
positional: cluster, given, check_mode
options:
  _input:
    description: The results in order. The first is a call in check mode. A skipped task's result may be among them.
    type: list
    elements: dict
    required: true
  cluster:
    description: The name of the cluster in the inventory.
    type: str
    required: true
  given:
    description: >-
      What the role was given. C(wait), C(restore), C(force_credential), C(client_id) and the credential count.
    type: dict
    default: {}
  check_mode:
    description: Whether it is check mode.
    type: bool
    default: false
seealso:
  - module: ontap.akv.akv_repair
"""

EXAMPLES = r"""
- name: Read what is wrong
  ontap.akv.akv_repair:
  check_mode: true
  register: found

- name: Show it
  ansible.builtin.debug:
    msg: "{{ ([found] | ontap.akv.recovery_progress('cluster1')).lines }}"
"""

RETURN = r"""
_value:
  description: >-
    C(result) as the role returns it, C(lines) on what is wrong now, C(repair), whether there is something to repair or
    to wait for, C(news) on what the repair did, C(wait) in seconds, 0 if there is nothing to wait for,
    C(sends), whether the credential is sent, and C(azure), what to check in Azure before.
  type: dict
"""


def recovery_progress(calls: t.Any, cluster: str, given: t.Any = None, check_mode: bool = False) -> dict[str, t.Any]:
    """Conclude from the calls so far.

    :raises AnsibleFilterError: they are not results
    """
    if not isinstance(calls, list) or not all(isinstance(call, Mapping) for call in calls):
        raise AnsibleFilterError("ontap.akv.recovery_progress: give a list of results of akv_repair.")
    options = given if isinstance(given, Mapping) else {}
    found = progress(
        calls,
        str(cluster),
        bool(check_mode),
        options.get("wait"),
        bool(options.get("restore", True)),
        has_credential(options),
        bool(options.get("force_credential")),
        str(options.get("client_id") or ""),
    )
    return {name: getattr(found, name) for name in ("result", "lines", "news", "repair", "wait", "sends", "azure")}


class FilterModule:
    def filters(self) -> dict[str, Callable[..., t.Any]]:
        return {"recovery_progress": recovery_progress}
