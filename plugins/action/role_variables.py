# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This action is private to the roles of the collection: it may change at any time.

from __future__ import annotations

import typing as t

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.ontap.akv.plugins.plugin_utils._evaluating import evaluator
from ansible_collections.ontap.akv.plugins.plugin_utils._roles.all import ROLES
from ansible_collections.ontap.akv.plugins.plugin_utils._variables import Part, Values, read


class ActionModule(ActionBase):
    _task: t.Any
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: Values | None = None) -> Values:
        variables = task_vars or {}
        _validation, options = self.validate_argument_spec(
            {
                "role": {"type": "str", "required": True, "choices": list(ROLES)},
                "part": {"type": "str", "default": "all", "choices": [part.value for part in Part]},
            }
        )
        reading = read(
            ROLES[options["role"]], ROLES, variables, evaluator(self._templar, variables), Part(options["part"])
        )
        for warning in reading.warnings:
            Display().warning(warning)
        # Not ansible_check_mode: that knows the command line alone, and a play or a task can say otherwise.
        check_mode = bool(self._task.check_mode)
        found = {"changed": False, "check_mode": check_mode, "errors": reading.errors, **reading.given}
        return {**super().run(tmp, variables), **found}
