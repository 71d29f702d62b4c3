# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from collections.abc import Callable
from dataclasses import asdict

from ansible.errors import AnsibleFilterError

from ansible_collections.ontap.akv.plugins.module_utils._akv.approval import approve
from ansible_collections.ontap.akv.plugins.plugin_utils._hostvars import result_of, settings_of
from ansible_collections.ontap.akv.plugins.plugin_utils._undefined import refuse_undefined

DOCUMENTATION = r"""
name: fleet_plan
short_description: Compare the plans of many clusters with what was approved
version_added: 0.2.0
author:
  - The ontap.akv authors (@ontap-akv)
description:
  - Takes what M(ontap.akv.akv_config) returned in check mode on each cluster, and gives one ID for all of them.
  - The run must stop if an ID was approved and it is another one, or if one is required and none was given.
positional: hosts
options:
  _input:
    description: C(hostvars), or another mapping of hosts to their variables.
    type: dict
    required: true
  hosts:
    description: The hosts of the run, C(ansible_play_hosts_all).
    type: list
    elements: str
    required: true
  plan:
    description:
      - The variable of each host that has the result of M(ontap.akv.akv_config). A host without it has no plan.
    type: str
    required: true
  expected_plan:
    description: The RV(_value.plan_id) that was approved. A blank value counts as not given.
    type: str
    default: ''
  require_plan:
    description: Whether a missing O(expected_plan) stops the run.
    type: bool
    default: false
  expected_details:
    description:
      - The RV(_value.details) of the plan that was approved, so that RV(_value.table) shows what differs. It decides
        nothing.
    type: raw
  settings:
    description:
      - The variable of each host that has its settings, as the roles of this collection read them.
      - The run must stop if C(expected_plan) is not the same for all hosts. Without O(expected_plan), theirs counts. If
        one of them requires a plan, all do.
    type: str
seealso:
  - module: ontap.akv.akv_config
  - plugin: ontap.akv.rotation_fleet
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Plan on every cluster
  ontap.akv.akv_config:
    svm: vs0
    name: https://mykeyvault.vault.azure.net/
    state: absent
  check_mode: true
  failed_when: false
  register: plan

- name: Compare the plans with what was approved
  ansible.builtin.set_fact:
    fleet: "{{ hostvars | ontap.akv.fleet_plan(ansible_play_hosts_all, plan='plan', expected_plan=akv_expected_plan) }}"
  run_once: true
"""

RETURN = r"""
_value:
  description: The plan of the fleet.
  type: dict
  contains:
    stop:
      description: Whether nothing may be sent.
      type: bool
    message:
      description: Why, or the plan in a sentence.
      type: str
    plan_id:
      description: A digest of the plans of all clusters that have one.
      type: str
    table:
      description: >-
        What would be done, line by line. If the plan is not the approved one and O(expected_details) says what that
        was, only what differs.
      type: list
      elements: str
    hand_on:
      description: The RV(_value.plan_id) if every cluster has a plan and the run may go on, else blank.
      type: str
    details:
      description: The plan of each cluster, to pass on with RV(_value.hand_on).
      type: dict
    expected:
      description: >-
        For each host the C(expected_plan) of the module that carries out its plan. Empty if no plan was approved.
      type: dict
"""


def fleet_plan(
    variables: t.Any,
    hosts: t.Any,
    plan: t.Any = None,
    expected_plan: t.Any = "",
    require_plan: t.Any = False,
    expected_details: t.Any = None,
    settings: t.Any = None,
) -> dict[str, t.Any]:
    """Compare the plans of many clusters with what was approved.

    :raises AnsibleFilterError: it was not given what it needs
    """
    refuse_undefined(variables, hosts, plan, expected_plan, require_plan, expected_details, settings)
    try:
        if not isinstance(expected_plan, str) or not isinstance(require_plan, bool):
            raise TypeError("expected_plan is not text, or require_plan is not a boolean")
        plans = {str(host): result_of(variables, host, plan) for host in hosts}
        given = settings_of(variables, hosts, settings)
        return asdict(approve(plans, expected_plan, require_plan, expected_details, given))
    except (AttributeError, KeyError, TypeError) as wrong:
        raise AnsibleFilterError(
            f"ontap.akv.fleet_plan: give hostvars, the hosts, and the variable with akv_config's result ({wrong})."
        ) from None


class FilterModule:
    def filters(self) -> dict[str, Callable[..., t.Any]]:
        return {"fleet_plan": fleet_plan}
