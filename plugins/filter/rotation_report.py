# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields

from ansible.errors import AnsibleFilterError

from ansible_collections.ontap.akv.plugins.module_utils._akv.fleet import (
    STAGES,
    Decision,
    Evidence,
    report,
)
from ansible_collections.ontap.akv.plugins.plugin_utils._hostvars import result_of
from ansible_collections.ontap.akv.plugins.plugin_utils._undefined import refuse_undefined

DOCUMENTATION = r"""
name: rotation_report
short_description: Report what a rotation over many clusters did
version_added: 0.2.0
author:
  - The ontap.akv authors (@ontap-akv)
description:
  - Takes what M(ontap.akv.akv_credential) returned for each stage on each cluster, and says what each configuration
    has now, and whether anything still uses the previous credential.
positional: hosts, fleet
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
  fleet:
    description: What P(ontap.akv.rotation_fleet#filter) decided.
    type: dict
    required: true
  plan:
    description: The variable of each host that has the result of the plan.
    type: str
    required: true
  canary:
    description: The variable that has the result of O(ontap.akv.akv_credential#module:stage=canary).
    type: str
  watch:
    description: The variable that has the result of O(ontap.akv.akv_credential#module:stage=watch).
    type: str
  rollback:
    description: The variable that has the result of O(ontap.akv.akv_credential#module:stage=rollback).
    type: str
  rest:
    description: The variable that has the result of O(ontap.akv.akv_credential#module:stage=rest).
    type: str
  check_mode:
    description: Whether to say what would be done.
    type: bool
    default: false
  only_canary:
    description: Whether the rotation was to end after the canary.
    type: bool
    default: false
  previous:
    description: What the previous credential is, in words.
    type: str
    default: secret
  client_id:
    description: The application (client) ID. It is part of the results.
    type: str
    default: ''
  credential_name:
    description: The name of the new credential. It is part of the results.
    type: str
    default: ''
  change_number:
    description: The number of the change that the rotation belongs to. It is part of the results.
    type: str
    default: ''
seealso:
  - module: ontap.akv.akv_credential
  - plugin: ontap.akv.rotation_fleet
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show what still uses the previous secret
  ansible.builtin.debug:
    msg: "{{ done.table + [done.message] }}"
  vars:
    done: "{{ hostvars | ontap.akv.rotation_report(ansible_play_hosts_all, fleet, plan='plan', rest='sent') }}"
  run_once: true
"""

RETURN = r"""
_value:
  description: What was done.
  type: dict
  contains:
    results:
      description: >-
        The result of each host. C(failed), C(changed), C(outcome), C(msg), C(canary), C(plan_id), C(client_id),
        C(credential), C(change_number), and C(vaults) with C(svm), C(configuration), C(done), C(before), C(after),
        C(credential) and C(since) of each configuration. C(docs/rotation.schema.json) describes it.
      type: dict
    table:
      description: One line for each configuration. If there are more than 20, one line for each cluster and kind.
      type: list
      elements: str
    message:
      description: Whether anything still uses the previous credential, in a sentence.
      type: str
"""


def rotation_report(variables: t.Any, hosts: t.Any, fleet: t.Any, **options: t.Any) -> dict[str, t.Any]:
    """Report what a rotation did.

    :raises AnsibleFilterError: it was not given what it needs
    """
    refuse_undefined(variables, hosts, fleet, *options.values())
    registers = {stage: options.pop(stage, None) for stage in ("plan", *STAGES)}
    try:
        found = {str(host): _results(variables, host, registers) for host in hosts}
        plans = {host: results.pop("plan", None) for host, results in found.items()}
        names = [field.name for field in fields(Evidence)]
        evidence = Evidence(**{name: str(options.pop(name)) for name in names if name in options})
        return asdict(report(plans, Decision(**fleet), found, evidence=evidence, **options))
    except (AttributeError, KeyError, TypeError) as wrong:
        raise AnsibleFilterError(
            f"ontap.akv.rotation_report: give hostvars, the hosts, and what rotation_fleet decided ({wrong})."
        ) from None


def _results(variables: t.Any, host: t.Any, registers: Mapping[str, t.Any]) -> dict[str, Mapping[str, t.Any]]:
    found = {stage: result_of(variables, host, register) for stage, register in registers.items() if register}
    return {stage: result for stage, result in found.items() if result}


class FilterModule:
    def filters(self) -> dict[str, Callable[..., t.Any]]:
        return {"rotation_report": rotation_report}
