# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.ontap.akv.plugins.plugin_utils._direct import DirectAction


class ActionModule(DirectAction):
    use_case = "_use_cases.conformance_info"
