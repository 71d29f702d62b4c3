# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is private to the collection: it may change at any time.

"""All of Ansible's private API that running in process needs.

It may change with any release of ansible-core. Where something is missing, or is not as it was, the module runs.
"""

from __future__ import annotations

import functools
import os
import sys
import typing as t
from collections.abc import Mapping
from datetime import date

from ansible import constants
from ansible.errors import AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import UnsupportedError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

Values = dict[str, t.Any]

_OF_PLAYBOOK = "{{ ansible_playbook_python }}"


class NotHere(Exception):
    """What running in process needs is not here, or only the way to a module can convert the task's options."""


class Task(t.NamedTuple):
    """What running in process needs of a task.

    :ivar arguments: as they were given, as plain JSON values
    :ivar cluster: the inventory's host, where the host is the cluster
    :ivar folder: where Ansible runs a module on this host, as relative paths of options are meant from there
    """

    module: str
    arguments: Values
    check_mode: bool
    diff: bool
    no_log: bool
    shows_invocation: bool
    folder: str
    cluster: Values | None


class Validated(t.NamedTuple):
    """What Ansible's validation makes of arguments.

    :ivar error: why they are refused, as a module says it; empty where they are not
    """

    params: Values
    error: str
    warnings: list[str]
    deprecations: list[Values]


def means_the_same(action: ActionBase, task_vars: Values, switch: str, default: str) -> bool:
    """Check whether the module would run in this place, as this user, with this Python and this environment.

    :param switch: the variable that switches running in process on or off
    :param default: what holds where the variable is not set
    """
    task = action._task
    if task.async_val or any(task.environment or ()) or constants.DEFAULT_KEEP_REMOTE_FILES:
        return False
    if action._connection.transport != "local" or action._connection.become:
        return False
    variables = task_vars
    if task.delegate_to:
        variables = task_vars.get("ansible_delegated_vars", {}).get(task.delegate_to, {})
    wanted = action._templar.template(variables.get(switch, default))
    python = constants.config.get_config_value("INTERPRETER_PYTHON", variables=variables)
    if python == _OF_PLAYBOOK and variables.get("ansible_playbook_python") == sys.executable:
        # The usual value: templating it again takes a tenth of the time of an item of a loop.
        python = sys.executable
    return boolean(wanted) and _is_own(str(action._templar.template(python)))


@functools.lru_cache(maxsize=8)
def _is_own(python: str) -> bool:
    """Check whether an interpreter is the one that runs this, in the same virtual environment, or is not chosen."""
    if python.startswith("auto"):
        return True
    folders = {os.path.realpath(os.path.dirname(path)) for path in (python, sys.executable)}
    return len(folders) == 1 and os.path.realpath(python) == os.path.realpath(sys.executable)


def read_task(action: ActionBase, task_vars: Values) -> Task:
    """Read a task.

    :raises NotHere: its options hold what only the way to a module can convert
    """
    task = action._task
    return Task(
        module=task.action,
        arguments=_plain(task.args),
        check_mode=bool(task.check_mode),
        diff=bool(task.diff),
        no_log=bool(task.no_log),
        shows_invocation=_shows_invocation(task_vars),
        folder=action._loader.get_basedir(),
        cluster=cluster_of(action, task_vars),
    )


def _shows_invocation(task_vars: Values) -> bool:
    """Read whether Ansible wants the arguments in results: up to 2.20 always."""
    try:
        return bool(constants.config.get_config_value("INJECT_INVOCATION", variables=task_vars))
    except AnsibleError:
        return True


def cluster_of(action: ActionBase, task_vars: Values) -> Values | None:
    """Give the inventory's name of the host and its address; None where the inventory gives no address of its own."""
    address, name = task_vars.get("ansible_host"), task_vars.get("inventory_hostname")
    # The address of localhost comes from Ansible, and localhost is not a cluster.
    if address is None or address == name or name in constants.LOCALHOST:
        return None
    return {"name": str(name), "address": str(action._templar.template(address))}


def validate(module: str, spec: Values, given: Values) -> Validated:
    """Validate arguments as AnsibleModule does, and convert them."""
    checked = ArgumentSpecValidator(spec).validate(given)
    error = ""
    if checked.error_messages:
        unsupported = isinstance(checked.errors[0], UnsupportedError)
        error = (f"Unsupported parameters for ({module}) module: " if unsupported else "") + checked.errors.msg
    return Validated(
        params={**given, **checked.validated_parameters},
        error=error,
        warnings=[f"Both option {both['option']} and its alias {both['alias']} are set." for both in checked._warnings],
        deprecations=list(checked._deprecations),
    )


def show(text: str) -> None:
    """Show a line on the terminal; no result contains it."""
    Display().display(text, stderr=True)


def _plain(value: t.Any) -> t.Any:
    """Convert options to what JSON makes of them on their way to a module: no tags, and nothing still encrypted."""
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, date):
        return value.isoformat()
    for kind in (int, float):
        if isinstance(value, kind):
            return kind(value)
    if isinstance(value, str) or hasattr(value, "_ciphertext"):
        return str(value)
    raise NotHere
