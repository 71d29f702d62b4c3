# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This action is private to the roles of the collection: it may change at any time.

from __future__ import annotations

import copy
import gc
import json
import typing as t

from ansible.plugins.loader import filter_loader
from ansible.utils.display import Display

from ansible_collections.ontap.akv.plugins.module_utils._akv.approval import approve
from ansible_collections.ontap.akv.plugins.module_utils._runtime.errors import InputError
from ansible_collections.ontap.akv.plugins.plugin_utils._direct import DirectAction
from ansible_collections.ontap.akv.plugins.plugin_utils._evaluating import evaluator, with_defaults
from ansible_collections.ontap.akv.plugins.plugin_utils._hostvars import result_of, settings_of
from ansible_collections.ontap.akv.plugins.plugin_utils._role_readings import READINGS, Reading, ended
from ansible_collections.ontap.akv.plugins.plugin_utils._roles.all import ROLES
from ansible_collections.ontap.akv.plugins.plugin_utils._variables import Evaluate, Role, large_value, read

Values = dict[str, t.Any]

# With the first filter, Ansible imports all of its own, which takes as long as reading a cluster. It reads an action
# before it forks its workers: so this is done once, and not in each worker whose task has a filter.
filter_loader.get("ansible.builtin.from_json")


class ActionModule(DirectAction):
    _task: t.Any
    use_case = READINGS["akv_enable"].use_case
    shows_invocation = False
    preloaded = ("_use_cases.config_many", *(reading.use_case for reading in READINGS.values()))

    def run(self, tmp: str | None = None, task_vars: Values | None = None) -> Values:
        variables = task_vars or {}
        # What the worker has from the process that forked it stays: it is not collected, and so not copied for that.
        gc.freeze()
        _validation, options = self.validate_argument_spec(
            {
                "role": {"type": "str", "required": True, "choices": list(READINGS)},
                "fleet": {"type": "str"},
                "done": {"type": "dict"},
                "checks": {"type": "list", "elements": "dict", "default": []},
                "drift": {"type": "str", "default": ""},
            }
        )
        if options["done"] is not None:
            return {"changed": False, **_flat(ended(options["done"], options["drift"], options["checks"]))}
        role, reading = options["role"], READINGS[options["role"]]
        evaluate = evaluator(self._templar, variables)
        if options["fleet"]:
            try:
                return {"changed": False, **_fleet(ROLES[role], options["fleet"], variables, evaluate)}
            except InputError as error:
                return {"failed": True, "msg": error.message}
        return self._read(ROLES[role], reading, variables, evaluate)

    def _read(self, role: Role, reading: Reading, variables: Values, evaluate: Evaluate) -> Values:
        """Read the variables and the cluster of this host."""
        found = read(role, ROLES, variables, evaluate)
        for warning in found.warnings:
            Display().warning(warning)
        errors, given = found.errors, found.given
        if not errors:
            try:
                given = reading.complete(given, variables, evaluate)
            except InputError as error:
                errors = [error.message]
        # Not ansible_check_mode: that knows the command line alone, and a play or a task can say otherwise.
        check_mode = bool(self._task.check_mode)
        if errors:
            # Where the task has no_log, a task that follows shows them.
            refused: Values = {"refused": True, "act": True, "sends": False, "check_mode": check_mode}
            return {"changed": False, "failed": not self._task.no_log, "msg": " ".join(errors), **refused}
        result = self._call(reading, given, variables)
        concluded = reading.conclude(given, result, variables["inventory_hostname"], check_mode)
        said = self._warnings(result)
        return {**_flat(concluded), **said, "changed": False, "failed": False, "refused": False}

    def _warnings(self, result: Values) -> Values:
        """Give the warnings of a module's result as those of this task."""
        said: Values = {name: result[name] for name in ("warnings", "deprecations") if name in result}
        if self._task.no_log:
            # Up to ansible-core 2.18, Ansible shows no warning of such a task. There is no secret in them.
            warnings = said.pop("warnings", ())
            for text in (warning for warning in warnings if isinstance(warning, str)):
                Display().warning(text)
            # Later ones show them; what a module has returned is no text there.
            said["warnings"] = [warning for warning in warnings if not isinstance(warning, str)]
        return said

    def _call(self, reading: Reading, given: Values, variables: Values) -> Values:
        """Call the module as if this were its own task, in check mode: a reading changes nothing."""
        arguments = with_defaults(self, reading.module, reading.options(given))
        self.use_case = reading.use_case
        # Not Task.copy(): it copies the blocks around the task too.
        self._task = copy.copy(self._task)
        self._task.action, self._task.args = reading.module, arguments
        self._task.check_mode, self._task.diff = True, False
        return super().run(None, variables)


def _fleet(role: Role, register: str, variables: Values, evaluate: Evaluate) -> Values:
    """Compare the plans of all clusters with what was approved.

    :param register: the variable of each host that has its plan
    :raises InputError: the details of the approved plan cannot be evaluated
    """
    hostvars, hosts = variables["hostvars"], variables["ansible_play_hosts_all"]
    # As the tasks have registered them: a filter would get them evaluated, and Ansible would load all filters for it.
    registered = {host: hostvars.raw_get(host) for host in hosts}
    # A host that failed before has no plan, or what Ansible made of its failure.
    plans = {host: result_of(registered, host, register) for host in hosts}
    details = large_value(role, "expected_details", variables, evaluate)
    approval = approve(plans, "", False, details, settings_of(registered, hosts, register))
    return {**vars(approval), "acts": any(plan.get("act") for plan in plans.values() if plan)}


def _flat(concluded: Values) -> Values:
    """Give the result of a role as one JSON text.

    When a task registers a variable, Ansible walks through all values in it. A thousand AKV configurations have forty
    thousand.
    """
    return {**concluded, "fact": json.dumps(concluded["fact"])} if "fact" in concluded else concluded
