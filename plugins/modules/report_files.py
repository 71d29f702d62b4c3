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
  - Makes one report of what M(ontap.akv.akv_info) returned on each host of the play, and writes it on the control node.
  - Runs once for all hosts. Writing a report changes nothing on a cluster, so the task is never changed.
author:
  - The ontap.akv authors (@ontap-akv)
options:
  path:
    description: The folder on the control node.
    type: str
    required: true
  formats:
    description: What to write.
    type: list
    elements: str
    required: true
    choices: [html, markdown, json, prometheus]
  reading:
    description: The variable of each host that has the result of M(ontap.akv.akv_info).
    type: str
    required: true
  slice:
    description: The name of the part of the inventory that this run reads.
    type: str
    default: ''
  change_number:
    description: The number of the change that the report belongs to.
    type: str
    default: ''
  public_metrics:
    description: Whether everybody on the control node may read the metrics.
    type: bool
    default: false
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
    path: report
    formats: [html, json]
    reading: __akv_report_read
  register: __akv_report_made
  run_once: true
"""

RETURN = r"""
clusters:
  description: What the report says of each cluster.
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
  description: What the report says of each cluster, in plain lines.
  returned: success
  type: dict
"""
