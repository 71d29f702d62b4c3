# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.ontap.akv.plugins.module_utils._akv.fleet import next_stage
from ansible_collections.ontap.akv.plugins.plugin_utils._undefined import refuse_undefined

DOCUMENTATION = r"""
name: rotation_next
short_description: Decide what follows the canary of a rotation
version_added: 0.2.0
author:
  - The ontap.akv authors (@ontap-akv)
description:
  - Takes what M(ontap.akv.akv_credential) returned for the canary, and names the stage that follows.
  - A canary that may have the new credential is watched, since it may become worse when ONTAP polls Azure.
  - The others get the credential only if the canary was seen to be healthy with it.
positional: watched
options:
  _input:
    description:
      - The result of O(ontap.akv.akv_credential#module:stage=canary). Empty if the task ended without one.
    type: dict
    required: true
  watched:
    description:
      - The result of O(ontap.akv.akv_credential#module:stage=watch). Empty if the task ended without one.
      - Without it, the filter decides whether the canary is watched.
    type: dict
  check_mode:
    description: Whether the canary is watched although nothing was sent to it.
    type: bool
    default: false
  can_roll_back:
    description: Whether the previous credential is known, RV(ontap.akv.akv_credential#module:can_roll_back).
    type: bool
    default: true
seealso:
  - module: ontap.akv.akv_credential
  - plugin: ontap.akv.rotation_fleet
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Watch the canary until ONTAP has polled Azure
  ontap.akv.akv_credential:
    client_id: "{{ akv_client_id }}"
    stage: watch
    configuration_uuid: "{{ fleet.canary.uuid }}"
    before: "{{ plan.before }}"
  when: canary | ontap.akv.rotation_next == 'watch'
  register: watched
"""

RETURN = r"""
_value:
  description: The stage. Empty if the rotation ends with the canary.
  type: str
  choices: ['', watch, rest, rollback]
"""


def rotation_next(canary: t.Any, watched: t.Any = None, check_mode: t.Any = False, can_roll_back: t.Any = True) -> str:
    """Decide what follows the canary.

    :raises AnsibleFilterError: it was not given what it needs
    """
    refuse_undefined(canary, watched, check_mode, can_roll_back)
    if not isinstance(canary, Mapping) or not isinstance(watched, (Mapping, type(None))):
        raise AnsibleFilterError("ontap.akv.rotation_next: give the results of akv_credential for the canary.")
    stage = next_stage(canary, watched, check_mode=bool(check_mode), can_roll_back=bool(can_roll_back))
    return stage.value if stage else ""


class FilterModule:
    def filters(self) -> dict[str, Callable[..., t.Any]]:
        return {"rotation_next": rotation_next}
