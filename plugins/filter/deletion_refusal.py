# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.ontap.akv.plugins.module_utils._akv.deletion import refusal
from ansible_collections.ontap.akv.plugins.plugin_utils._undefined import refuse_undefined

DOCUMENTATION = r"""
name: deletion_refusal
short_description: Say why an AKV configuration must not be deleted
version_added: 0.2.0
author:
  - The ontap.akv authors (@ontap-akv)
description:
  - Takes what M(ontap.akv.akv_info) returned for an SVM or the cluster, and says whether encrypted volumes need the AKV
    configuration that is to be deleted.
  - A volume counts unless its key is provably with another key manager. An inactive configuration protects no volume.
positional: host
options:
  _input:
    description: >-
      The result of M(ontap.akv.akv_info) with O(ontap.akv.akv_info#module:keys=true) and
      O(ontap.akv.akv_info#module:volumes=true).
    type: dict
    required: true
  host:
    description: The name of the cluster in the inventory, for the sentence.
    type: str
    required: true
  svm:
    description: The SVM that was read. Without it, the configuration of the cluster is meant.
    type: str
  configuration:
    description: The name of the configuration that is to be deleted. Without it, the only one is meant.
    type: str
seealso:
  - module: ontap.akv.akv_config
  - module: ontap.akv.akv_info
"""

EXAMPLES = r"""
- name: Refuse if encrypted volumes need the AKV configuration
  ansible.builtin.assert:
    that: refusal == ''
    fail_msg: "{{ refusal }}"
  vars:
    refusal: "{{ found | ontap.akv.deletion_refusal(inventory_hostname, svm='vs0') }}"
"""

RETURN = r"""
_value:
  description: A sentence with the names of the volumes. It is empty if nothing was found.
  type: str
"""


def deletion_refusal(found: t.Any, host: t.Any, svm: t.Any = None, configuration: t.Any = None) -> str:
    """Say why an AKV configuration must not be deleted.

    :raises AnsibleFilterError: it was not given what it needs
    """
    refuse_undefined(found, host, svm, configuration)
    if not isinstance(found, Mapping) or not isinstance(found.get("vaults"), list):
        raise AnsibleFilterError("ontap.akv.deletion_refusal: give the result of akv_info.")
    return refusal(found, svm or None, configuration or None, str(host))


class FilterModule:
    def filters(self) -> dict[str, Callable[..., t.Any]]:
        return {"deletion_refusal": deletion_refusal}
