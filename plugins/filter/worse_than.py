# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterable, Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.ontap.akv.plugins.module_utils._akv.rotation import Reading, worse
from ansible_collections.ontap.akv.plugins.plugin_utils._undefined import refuse_undefined

DOCUMENTATION = r"""
name: worse_than
short_description: Find the AKV configurations that became worse
version_added: 0.2.0
author:
  - The ontap.akv authors (@ontap-akv)
description:
  - Compares two readings of M(ontap.akv.akv_info), and returns the AKV configurations of the later reading that are
    worse than in the earlier one. A node lacks keys that it had, or the verdict has fallen to V(degraded) or
    V(unavailable).
  - An AKV configuration that was bad and is bad in the same way is not worse. If its health is not reported, it does
    not count as worse.
positional: before
options:
  _input:
    description: RV(ontap.akv.akv_info#module:vaults) of the later reading.
    type: list
    elements: dict
    required: true
  before:
    description:
      - RV(ontap.akv.akv_info#module:vaults) of the earlier reading. An AKV configuration that is not in it is not
        judged.
    type: list
    elements: dict
    required: true
seealso:
  - module: ontap.akv.akv_info
"""

EXAMPLES = r"""
- name: Read before
  ontap.akv.akv_info:
  register: before

- name: Read after
  ontap.akv.akv_info:
  register: after

- name: Fail if an AKV configuration is worse than before
  ansible.builtin.assert:
    that: after.vaults | ontap.akv.worse_than(before.vaults) | length == 0
"""

RETURN = r"""
_value:
  description: The AKV configurations that are worse, as the later reading has them.
  type: list
  elements: dict
"""

_Vault = Mapping[str, t.Any]


def worse_than(vaults: Iterable[_Vault], before: Iterable[_Vault]) -> list[_Vault]:
    """Give the AKV configurations that are worse than before.

    :raises AnsibleFilterError: one of the readings is none of akv_info
    """
    refuse_undefined(vaults, before)
    earlier = {_checked(vault)["uuid"]: vault for vault in _listed(before)}
    return [vault for vault in _listed(vaults) if _is_worse(_checked(vault), earlier.get(vault["uuid"]))]


def _is_worse(vault: _Vault, before: _Vault | None) -> bool:
    return before is not None and worse(Reading.from_snapshot(before), Reading.from_snapshot(vault))


def _listed(vaults: t.Any) -> list[t.Any]:
    if not isinstance(vaults, list):
        raise AnsibleFilterError(
            "ontap.akv.worse_than: give the AKV configurations of akv_info, a list, for both readings."
        )
    return vaults


def _checked(vault: t.Any) -> _Vault:
    if not isinstance(vault, Mapping) or not {"uuid", "unavailable_nodes", "verdict"} <= set(vault):
        raise AnsibleFilterError("ontap.akv.worse_than: an AKV configuration is not as akv_info returns it.")
    return vault


class FilterModule:
    def filters(self) -> dict[str, Callable[..., t.Any]]:
        return {"worse_than": worse_than}
