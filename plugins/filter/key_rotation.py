# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.ontap.akv.plugins.module_utils._akv.key_rotation import progress

DOCUMENTATION = r"""
name: key_rotation
short_description: Determine the state of a key rotation and its next steps
version_added: 0.2.0
author:
  - The ontap.akv authors (@ontap-akv)
description:
  - Takes the results of the steps of the role akv_rotate_key so far, and returns what it does next and what it returns.
positional: given, cluster, check_mode
options:
  _input:
    description: >-
      The results by step: C(found), C(changed), C(made), C(switched), C(watched), C(after), C(back), C(back_after),
      C(deleted). What was skipped or not run counts as empty.
    type: dict
    required: true
  given:
    description: The variables of the role.
    type: dict
    required: true
  cluster:
    description: The name of the cluster in the inventory.
    type: str
    required: true
  check_mode:
    description: Whether it is check mode.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Read the AKV configuration
  ontap.akv.akv_info:
    svm: vs0
  register: found

- name: Show whether its key may be rotated
  ansible.builtin.debug:
    msg: "{{ ({'found': found} | ontap.akv.key_rotation(given, 'cluster1')).stop }}"
  vars:
    given:
      svm: vs0
      scope: svm
      key_id: https://mykeyvault.vault.azure.net/keys/key2
      method: rekey
      require_healthy: true
      rollback: true
"""

RETURN = r"""
_value:
  description: >-
    C(stop), why it must not begin; C(message); C(plan), as P(ontap.akv.fleet_plan#filter) takes it; C(azure), what to
    check in Azure; C(change), C(create), C(watch), C(rollback), C(rollback_configuration), C(delete),
    C(delete_configuration), the next steps;
    C(result) as the role returns it.
  type: dict
"""

_NEEDED = {"key_id", "method", "scope", "require_healthy", "rollback"}


def key_rotation(steps: t.Any, given: t.Any, cluster: str, check_mode: bool = False) -> dict[str, t.Any]:
    """Conclude from the steps so far.

    :raises AnsibleFilterError: no steps, or no variables of the role
    """
    if not isinstance(steps, Mapping) or not isinstance(given, Mapping) or not set(given) >= _NEEDED:
        raise AnsibleFilterError(
            "ontap.akv.key_rotation: give the steps, and the variables of the role akv_rotate_key."
        )
    return dict(vars(progress(steps, given, str(cluster), bool(check_mode))))


class FilterModule:
    def filters(self) -> dict[str, Callable[..., t.Any]]:
        return {"key_rotation": key_rotation}
