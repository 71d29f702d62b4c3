# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from collections.abc import Callable
from dataclasses import asdict

from ansible.errors import AnsibleFilterError

from ansible_collections.ontap.akv.plugins.module_utils._akv.fleet import Wish, decide
from ansible_collections.ontap.akv.plugins.plugin_utils._hostvars import result_of, settings_of
from ansible_collections.ontap.akv.plugins.plugin_utils._undefined import refuse_undefined

DOCUMENTATION = r"""
name: rotation_fleet
short_description: Decide whether a rotation over many clusters may begin
version_added: 0.2.0
author:
  - The ontap.akv authors (@ontap-akv)
description:
  - Takes what M(ontap.akv.akv_credential) returned in check mode on each cluster, and decides for all of them together.
  - The rotation must stop if a cluster could not be read, if no cluster uses the application, if a configuration is not
    healthy, or if the plan is not the expected one.
  - Chooses one canary in the fleet. That is a healthy configuration with encrypted volumes if there is one.
positional: hosts
options:
  _input:
    description: C(hostvars), or another mapping of hosts to their variables.
    type: dict
    required: true
  hosts:
    description: The hosts of the rotation, C(ansible_play_hosts_all).
    type: list
    elements: str
    required: true
  plan:
    description:
      - The variable of each host that has the result of M(ontap.akv.akv_credential). A host without it was not read.
    type: str
    required: true
  client_id:
    description: The application (client) ID.
    type: str
    required: true
  svms:
    description: The names of SVMs, if the rotation is for these only.
    type: list
    elements: str
    default: []
  canary_svm:
    description: The SVM that is to be the canary.
    type: str
    default: ''
  include_unhealthy:
    description: Whether configurations that are not healthy stop nothing.
    type: bool
    default: false
  allow_unreachable:
    description: The hosts that may be missing.
    type: list
    elements: str
    default: []
  expected_plan:
    description: The RV(_value.plan_id) that was approved.
    type: str
    default: ''
  require_plan:
    description: Whether a missing O(expected_plan) stops the rotation.
    type: bool
    default: false
  credential_name:
    description: The name of the new credential. It is part of the plan.
    type: str
    default: ''
  change_number:
    description: The number of the change that the rotation belongs to. It is part of the plan.
    type: str
    default: ''
  expected_details:
    description:
      - The RV(_value.details) of the plan that was approved, so that RV(_value.causes) shows what differs. It decides
        nothing.
    type: raw
  settings:
    description:
      - The variable of each host that has its settings, as the roles of this collection read them.
      - The rotation must stop if a setting that it has once for all clusters, such as C(client_id), is not the same for
        all. If one of them requires a plan, all do.
    type: str
seealso:
  - module: ontap.akv.akv_credential
  - plugin: ontap.akv.rotation_report
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Plan on every cluster
  ontap.akv.akv_credential:
    client_id: "{{ akv_client_id }}"
    client_secret: "{{ akv_client_secret }}"
  check_mode: true
  failed_when: false
  register: plan

- name: Decide for all clusters
  ansible.builtin.set_fact:
    fleet: "{{ hostvars | ontap.akv.rotation_fleet(ansible_play_hosts_all, plan='plan', client_id=akv_client_id) }}"
  run_once: true
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
      description: Why, or what the rotation will do, in a few sentences.
      type: str
    canary:
      description: The canary, by C(host), C(uuid) and C(svm). Empty if nothing may be sent.
      type: dict
    plan_id:
      description: A digest of the plans of all clusters that were read.
      type: str
    hosts:
      description: The hosts with configurations to rotate, each with the names of its SVMs that O(svms) names.
      type: dict
    details:
      description: The plan of each cluster, to pass on with RV(_value.plan_id).
      type: dict
    missing:
      description: The hosts that were not read.
      type: list
      elements: str
    causes:
      description: What stops the rotation, one line a cause. The message has as much of it as fits.
      type: list
      elements: str
"""


def rotation_fleet(variables: t.Any, hosts: t.Any, **wish: t.Any) -> dict[str, t.Any]:
    """Decide whether a rotation may begin.

    :raises AnsibleFilterError: it was not given what it needs
    """
    refuse_undefined(variables, hosts, *wish.values())
    register, settings = wish.pop("plan", None), wish.pop("settings", None)
    try:
        plans = {str(host): result_of(variables, host, register) for host in hosts}
        return asdict(decide(plans, Wish(**wish), settings_of(variables, hosts, settings)))
    except (AttributeError, KeyError, TypeError) as wrong:
        raise AnsibleFilterError(
            "ontap.akv.rotation_fleet: give hostvars, the hosts, and the variable with akv_credential's result"
            f" ({wrong})."
        ) from None


class FilterModule:
    def filters(self) -> dict[str, Callable[..., t.Any]]:
        return {"rotation_fleet": rotation_fleet}
