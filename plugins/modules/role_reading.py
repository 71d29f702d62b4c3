#!/usr/bin/python
# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: role_reading
short_description: Read the variables of a role of this collection, and a cluster with them
version_added: 0.2.0
description:
  - Private to the roles of this collection. It may change at any time. Do not use it in a playbook.
  - Reads the variables of a role, calls the module with which the role reads a cluster, with the C(module_defaults) of
    that module, and returns what the role needs of its result. A cluster that cannot be read does not fail the task.
  - It changes nothing, as it calls the module in check mode. The role akv_enable shows refused variables itself because
    of C(no_log).
author:
  - The ontap.akv authors (@ontap-akv)
options:
  role:
    description: The name of the role.
    type: str
    required: true
    choices: [akv_enable, akv_recover, akv_report]
  fleet:
    description: >-
      The variable of each host in which the role akv_enable has registered its reading. Then nothing is read, and the
      plans of all hosts are compared with the approved plan.
    type: str
  done:
    description: >-
      What M(ontap.akv.akv_config) returned, for the role akv_enable. Then nothing is read, and the result of the role
      is concluded from this.
    type: dict
  checks:
    description: The checks of the prerequisites, if O(done) is given.
    type: list
    elements: dict
    default: []
  drift:
    description: Why the drift job fails, if O(done) is given.
    type: str
    default: ''
attributes:
  check_mode:
    description: Runs in check mode.
    support: full
  diff_mode:
    description: Returns what changes.
    support: none
"""

EXAMPLES = r"""
- name: Read the health of all AKV configurations
  ontap.akv.role_reading:
    role: akv_report
  register: akv_report_result
"""

RETURN = r"""
fact:
  description: The result of the role akv_enable, as a JSON text.
  returned: for the role akv_enable, if no variable is refused
  type: str
refused:
  description: Whether variables are refused. Then RV(msg) says which ones, and nothing was sent.
  returned: always
  type: bool
msg:
  description: Complete sentences. No secret is shown.
  returned: always
  type: str
"""
