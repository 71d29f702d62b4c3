# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping
from dataclasses import asdict

from ansible.errors import AnsibleFilterError

from ansible_collections.ontap.akv.plugins.module_utils._akv.azure_check import MODES, judge

DOCUMENTATION = r"""
name: azure_verdict
short_description: Decide whether a credential that was checked in Azure may be sent to ONTAP
version_added: 0.2.0
author:
  - The ontap.akv authors (@ontap-akv)
description:
  - Takes what M(ontap.akv.akv_key_info) returned, for one key or in a loop, and decides.
  - What failed stops. What is unknown stops only with V(required), because this host is not ONTAP.
positional: mode
options:
  _input:
    description: The result of M(ontap.akv.akv_key_info), or the registered result of a loop.
    type: dict
    required: true
  mode:
    description: V(never) does not stop, V(auto) stops on what failed, V(required) also on what is unknown.
    type: str
    choices: [never, auto, required]
    required: true
seealso:
  - module: ontap.akv.akv_key_info
  - plugin: ontap.akv.azure_keys
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Stop before ONTAP gets a credential that cannot work
  ansible.builtin.assert:
    that: not verdict.stop
    fail_msg: "{{ verdict.message }}"
  vars:
    verdict: "{{ azure | ontap.akv.azure_verdict('auto') }}"
"""

RETURN = r"""
_value:
  description: The decision.
  type: dict
  contains:
    stop:
      description: Whether nothing may be sent.
      type: bool
    message:
      description: What was found, in a few sentences.
      type: str
"""


def azure_verdict(found: t.Any, mode: t.Any) -> dict[str, t.Any]:
    """Decide whether a credential may be sent.

    :raises AnsibleFilterError: it was not given what it needs
    """
    if mode not in MODES:
        raise AnsibleFilterError(f"ontap.akv.azure_verdict: {mode!r} is not one of {', '.join(MODES)}.")
    if not isinstance(found, Mapping):
        raise AnsibleFilterError("ontap.akv.azure_verdict: give the result of akv_key_info.")
    listed = found.get("results", [] if found.get("skipped") else [found])
    # An item that cannot be checked is skipped, and says why.
    items = [one.get("item") or {} for one in listed if one.get("skipped")]
    checked = [one for one in listed if not one.get("skipped")]
    return asdict(judge([*checked, *(item for item in items if "unproved" in item)], mode))


class FilterModule:
    def filters(self) -> dict[str, Callable[..., t.Any]]:
        return {"azure_verdict": azure_verdict}
