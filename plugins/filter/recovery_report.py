# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping
from datetime import datetime, timezone

from ansible.errors import AnsibleError, AnsibleFilterError

from ansible_collections.ontap.akv.plugins.module_utils._akv.endings import endings
from ansible_collections.ontap.akv.plugins.module_utils._akv.recovery import report

DOCUMENTATION = r"""
name: recovery_report
short_description: Report what is wrong on clusters, cause by cause
version_added: 0.2.0
author:
  - The ontap.akv authors (@ontap-akv)
description:
  - Takes results of M(ontap.akv.akv_repair) or M(ontap.akv.akv_info), and words what is wrong and what to do about it.
  - A cause that shows on many SVMs and clusters is one paragraph.
  - With O(name), the dates that C(akv_credential_expires) of each host declares are shown too.
positional: results, name, azure
options:
  _input:
    description: The names of the clusters.
    type: list
    elements: str
    required: true
  results:
    description: The results by the names of the clusters, or C(hostvars) together with O(name).
    type: dict
    required: true
  name:
    description: The registered variable in C(hostvars) that holds the result.
    type: str
  azure:
    description: >-
      What M(ontap.akv.entra_app_info) returned about the applications. With it the report says when their credentials
      end in Azure. Give an empty dictionary, or the result of a skipped task, if Azure was not asked.
    type: dict
    default: {}
seealso:
  - module: ontap.akv.akv_repair
"""

EXAMPLES = r"""
- name: Read what is wrong
  ontap.akv.akv_repair:
  check_mode: true
  register: found
  failed_when: false

- name: Show it for all clusters of the play
  ansible.builtin.debug:
    msg: "{{ ansible_play_hosts_all | ontap.akv.recovery_report(hostvars, 'found') }}"
  run_once: true
"""

RETURN = r"""
_value:
  description: The lines.
  type: list
  elements: str
"""


def recovery_report(clusters: t.Any, results: t.Any, name: str | None = None, azure: t.Any = None) -> list[str]:
    """Word what is wrong on clusters.

    :raises AnsibleFilterError: no names, or no results
    """
    if not isinstance(clusters, list) or not isinstance(results, Mapping):
        raise AnsibleFilterError("ontap.akv.recovery_report: give names of clusters, and their results.")
    found, dates = {}, {}
    for cluster in clusters:
        values = results.get(cluster) or {}
        result = values.get(name) if name else values
        found[str(cluster)] = result if isinstance(result, Mapping) else {"msg": "It was not read."}
        if name:
            dates[str(cluster)] = _declared(values)
    return report(found, endings(dates, azure if isinstance(azure, Mapping) else {}, datetime.now(timezone.utc)))


def _declared(variables: Mapping[str, t.Any]) -> t.Any:
    try:
        return variables.get("akv_credential_expires")
    except AnsibleError:
        # Reported as malformed: a date that cannot be evaluated must not hide what is wrong.
        return "a template that fails"


class FilterModule:
    def filters(self) -> dict[str, Callable[..., t.Any]]:
        return {"recovery_report": recovery_report}
