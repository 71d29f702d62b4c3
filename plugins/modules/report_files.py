#!/usr/bin/python
# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: report_files
short_description: Write the files of the role akv_report
version_added: 0.2.0
description:
  - Private to the role akv_report. It may change at any time. Do not use it in a playbook.
  - Makes one report from the C(akv_report_result) of each host of the play, and writes it on the control node, as the
    variables of the role define.
  - Runs once for all hosts. Writing a report changes nothing on a cluster, so the task is never changed.
author:
  - The ontap.akv authors (@ontap-akv)
attributes:
  check_mode:
    description: Makes the report and does not write it.
    support: full
  diff_mode:
    description: Returns what changes.
    support: none
"""

EXAMPLES = r"""
- name: Write the reports
  ontap.akv.report_files:
  register: __akv_report_made
  run_once: true
"""

RETURN = r"""
failing:
  description:
    - For each host that has some, the findings for which the role fails. What Microsoft Graph says is among them.
  returned: success
  type: dict
files:
  description: The files that were written, below RV(folder).
  returned: success
  type: list
  elements: str
folder:
  description: The folder with all links resolved.
  returned: success
  type: str
lines:
  description: What the report says, in plain lines, each with the name of the cluster.
  returned: success
  type: list
  elements: str
"""
