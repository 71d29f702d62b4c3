# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This doc fragment is private to the collection: it may change at any time.

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  expected_plan:
    description:
      - The RV(plan_id) that was approved, as check mode returned it. If the plan is another one, the task fails before
        anything is sent, in check mode too, and shows what it would do now.
      - It binds the operation, the scope, and the settings. It does not bind the secrets, the health, or the time.
      - Once a plan has changed a setting, its ID is refused. Sending a credential changes no setting, so that ID stays
        valid.
      - A blank value counts as not given.
    type: str
    version_added: 0.2.0
"""
