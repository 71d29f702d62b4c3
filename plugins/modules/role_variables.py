#!/usr/bin/python
# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: role_variables
short_description: Read the variables of a role of this collection
version_added: 0.2.0
description:
  - Private to the roles of this collection. It may change at any time. Do not use it in a playbook.
  - Reads the variables of a role, checks their types, and returns the effective values.
  - A value that is refused is an entry of RV(errors). The task itself succeeds, so that it can run with C(no_log).
author:
  - The ontap.akv authors (@ontap-akv)
options:
  role:
    description: The name of the role.
    type: str
    required: true
    choices: [akv_disable, akv_enable, akv_recover, akv_report, akv_rotate, akv_rotate_key]
  part:
    description:
      - Which variables to read.
      - A role for a fleet reads V(credential) once for all hosts, and V(settings) on each host.
    type: str
    default: all
    choices: [all, settings, credential]
attributes:
  check_mode:
    description: Runs in check mode.
    support: full
  diff_mode:
    description: Returns what changes.
    support: none
"""

EXAMPLES = r"""
- name: Read the variables
  ontap.akv.role_variables:
    role: akv_enable
  register: __akv_enable_given
  no_log: true
"""

RETURN = r"""
check_mode:
  description: Whether the role runs in check mode, by the command line, the play, or the task.
  returned: always
  type: bool
errors:
  description: A sentence for each variable that is refused. No secret is shown.
  returned: always
  type: list
  elements: str
"""
