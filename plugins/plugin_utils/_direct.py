# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is private to the collection: it may change at any time.

"""Where running a module's use case inside Ansible's own worker means the same as running the module: does so.

A module is packed, sent, and started in a Python of its own, which takes far longer than the request that it sends.
"""

from __future__ import annotations

import contextlib
import os
import sys
import typing as t
from importlib import import_module

from ansible import constants
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action.normal import ActionModule as NormalAction

if t.TYPE_CHECKING:
    from types import ModuleType

Values = dict[str, t.Any]

SWITCH = "ansible_ontap_akv_direct"
"""The variable that switches it off; of the environment in capitals."""

_OF_ENVIRONMENT = os.environ.get(SWITCH.upper(), "true")
_COLLECTION = "ansible_collections.ontap.akv.plugins"


class NotHere(Exception):
    """What the use case needs is not here, or only the way to a module knows how to convert a task's options."""


class DirectAction(NormalAction):
    """The action of a module: runs its use case here, or else the module as ever.

    :cvar use_case: the module util with the use case
    """

    use_case: t.ClassVar[str]

    def __init_subclass__(cls) -> None:
        # Ansible reads an action before it forks its workers: what is imported now is imported once for all of them.
        # Where nothing will run here, the import, 0.1 s, would be for nothing.
        if boolean(_OF_ENVIRONMENT, strict=False):
            _load(cls.use_case)

    def run(self, tmp: str | None = None, task_vars: Values | None = None) -> Values:
        task_vars = task_vars or {}
        if self._means_the_same(task_vars):
            in_process, use_case = _load(self.use_case)
            with contextlib.suppress(NotHere):
                return t.cast("Values", in_process.run(self, use_case, task_vars))
        return super().run(tmp, task_vars)

    def _means_the_same(self, task_vars: Values) -> bool:
        """Tell whether the module would run in this place, as this user, with this Python and this environment."""
        task = self._task
        if task.async_val or any(task.environment or ()) or constants.DEFAULT_KEEP_REMOTE_FILES:
            return False
        if self._connection.transport != "local" or self._connection.become:
            return False
        variables = task_vars
        if task.delegate_to:
            variables = task_vars.get("ansible_delegated_vars", {}).get(task.delegate_to, {})
        wanted = self._templar.template(variables.get(SWITCH, _OF_ENVIRONMENT))
        python = constants.config.get_config_value("INTERPRETER_PYTHON", variables=variables)
        return boolean(wanted) and _is_own(str(self._templar.template(python)))


def _load(use_case: str) -> tuple[ModuleType, ModuleType]:
    names = (f"{_COLLECTION}.plugin_utils._in_process", f"{_COLLECTION}.module_utils.{use_case}")
    return t.cast("tuple[ModuleType, ModuleType]", tuple(map(import_module, names)))


def _is_own(python: str) -> bool:
    """Tell whether an interpreter is the one that runs this, in the same virtual environment, or is not chosen."""
    if python.startswith("auto"):
        return True
    folders = {os.path.realpath(os.path.dirname(path)) for path in (python, sys.executable)}
    return len(folders) == 1 and os.path.realpath(python) == os.path.realpath(sys.executable)
