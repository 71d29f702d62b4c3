# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is private to the collection: it may change at any time.

"""Where running a module's use case inside Ansible's own worker means the same as running the module: does so.

A module is packed, sent, and started in a Python of its own, which takes far longer than the request that it sends.
"""

from __future__ import annotations

import os
import typing as t
from importlib import import_module

from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action.normal import ActionModule as NormalAction

from ansible_collections.ontap.akv.plugins.module_utils._runtime import arguments

try:
    from ansible_collections.ontap.akv.plugins.plugin_utils import _ansible
except ImportError:  # This ansible-core is not as those before it.
    _ansible = None  # type: ignore[assignment]

if t.TYPE_CHECKING:
    from types import ModuleType

Values = dict[str, t.Any]

SWITCH = "ansible_ontap_akv_direct"
"""The variable that switches it off; of the environment in capitals."""

# How a Python before 3.9 ends before a module's own code begins.
_TOO_OLD = ("future feature annotations is not defined", "'type' object is not subscriptable")
_NEEDED = (
    "The Python that runs the module is too old: Python 3.9 or later is needed. On a control node,"
    ' ansible_python_interpreter: "{{ ansible_playbook_python }}" uses the Python that runs Ansible.'
)
_OF_ENVIRONMENT = os.environ.get(SWITCH.upper(), "true")
_COLLECTION = "ansible_collections.ontap.akv.plugins"


class DirectAction(NormalAction):
    """The action of a module: runs its use case here, or else the module as ever.

    :cvar use_case: the module util with the use case
    :cvar preloaded: further ones that are imported before Ansible forks
    :cvar shows_invocation: whether results have the arguments if Ansible wants them; they may hold a thousand entries
    """

    use_case: str
    preloaded: t.ClassVar[tuple[str, ...]] = ()
    shows_invocation: t.ClassVar[bool] = True

    def __init_subclass__(cls) -> None:
        # Ansible reads an action before it forks its workers: what is imported now is imported once for all of them.
        # Where nothing will run here, the import, 0.1 s, would be for nothing.
        if _ansible and boolean(_OF_ENVIRONMENT, strict=False):
            for use_case in (cls.use_case, *cls.preloaded):
                _load(use_case)

    def run(self, tmp: str | None = None, task_vars: Values | None = None) -> Values:
        result = self._run_in_process(task_vars or {}) if _ansible else None
        return super().run(tmp, task_vars) if result is None else result

    def _execute_module(
        self,
        module_name: str | None = None,
        module_args: Values | None = None,
        tmp: str | None = None,
        task_vars: Values | None = None,
        **more: t.Any,
    ) -> Values:
        """Run the module, which learns how the inventory names the cluster."""
        cluster = _ansible.cluster_of(self, task_vars or {}) if _ansible and module_name is None else None
        if cluster:
            module_args = {**(self._task.args if module_args is None else module_args), arguments.CLUSTER: cluster}
        result: Values = super()._execute_module(module_name, module_args, tmp, task_vars, **more)
        if any(words in str(result.get("module_stderr")) for words in _TOO_OLD):
            result["msg"] = _NEEDED
        return result

    def _run_in_process(self, task_vars: Values) -> Values | None:
        """Run in process; None where the module is to run."""
        try:
            if not _ansible.means_the_same(self, task_vars, SWITCH, _OF_ENVIRONMENT):
                return None
            in_process, use_case = _load(self.use_case)
            task = _ansible.read_task(self, task_vars)
            if not self.shows_invocation:
                task = task._replace(shows_invocation=False)
        except (_ansible.NotHere, AttributeError, ImportError, LookupError, TypeError):
            return None
        return t.cast("Values | None", in_process.run(task, use_case))


def _load(use_case: str) -> tuple[ModuleType, ModuleType]:
    names = (f"{_COLLECTION}.plugin_utils._in_process", f"{_COLLECTION}.module_utils.{use_case}")
    return t.cast("tuple[ModuleType, ModuleType]", tuple(map(import_module, names)))
