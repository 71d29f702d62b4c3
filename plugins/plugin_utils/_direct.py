# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is private to the collection: it may change at any time.

"""Runs a module's use case inside Ansible's own worker, where that means the same as running the module.

A module is packed, sent, and started in a Python of its own, which takes far longer than the request that it sends. The
options are checked by the same code, and the result is made by the same code. What is imported here is imported once,
before Ansible forks its workers.
"""

from __future__ import annotations

import contextlib
import os
import sys
import typing as t
from collections.abc import Callable, Iterator, Mapping

from ansible import constants
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.errors import UnsupportedError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible.utils.display import Display

from ansible_collections.ontap.akv.plugins.module_utils import _connection
from ansible_collections.ontap.akv.plugins.module_utils._connection import Connection
from ansible_collections.ontap.akv.plugins.module_utils._execute import (
    Session,
    UseCase,
    execute,
    invocation,
    short_secrets,
)
from ansible_collections.ontap.akv.plugins.module_utils._transport import REQUESTS_IMPORT_ERROR, Transport

Values = dict[str, t.Any]

SWITCH = "ansible_ontap_akv_direct"
"""The variable that switches it off; of the environment in capitals."""


class _NotPlain(Exception):
    """A task's options hold what only the way to a module knows how to convert."""


class _KeptSession(Session):
    """Keeps connections for the next item of a loop: all items run in one worker, whose end closes them."""

    def __init__(self) -> None:
        self._kept: dict[Connection, Transport] = {}

    def open(self, connection: Connection) -> Transport:
        if connection not in self._kept:
            self._kept[connection] = super().open(connection)
        return self._kept[connection]

    def release(self, transport: Transport) -> None:
        pass


_session = _KeptSession()


class DirectAction(NormalAction):
    """The action of a module: runs its use case here, or else the module as ever.

    :cvar options: the use case's own
    :cvar use_case: takes client, options and check mode
    """

    options: t.ClassVar[Mapping[str, t.Any]]
    use_case: t.ClassVar[UseCase]

    def run(self, tmp: str | None = None, task_vars: Values | None = None) -> Values:
        task_vars = task_vars or {}
        if self._means_the_same(task_vars):
            with contextlib.suppress(_NotPlain):
                given = _plain(self._task.args)
                return self._run_here(given, task_vars)
        return super().run(tmp, task_vars)

    def _means_the_same(self, task_vars: Values) -> bool:
        """Tell whether the module would run in this place, as this user, with this Python and this environment."""
        task = self._task
        if (
            REQUESTS_IMPORT_ERROR
            or task.async_val
            or any(task.environment or ())
            or constants.DEFAULT_KEEP_REMOTE_FILES
        ):
            return False
        if self._connection.transport != "local" or self._connection.become:
            return False
        variables = task_vars
        if task.delegate_to:
            variables = task_vars.get("ansible_delegated_vars", {}).get(task.delegate_to, {})
        wanted = self._templar.template(variables.get(SWITCH, os.environ.get(SWITCH.upper(), "true")))
        python = constants.config.get_config_value("INTERPRETER_PYTHON", variables=variables)
        return boolean(wanted) and _is_own(str(self._templar.template(python)))

    def _run_here(self, given: Values, task_vars: Values) -> Values:
        internal: Values = {}
        self._update_module_args(self._task.action, internal, task_vars)
        spec = {**_connection.ARGUMENT_SPEC, **self.options}
        with _working_directory(self._loader.get_basedir()):
            checked = ArgumentSpecValidator(spec).validate(given)
            params = {**given, **checked.validated_parameters}
            secrets = set(checked._no_log_values)
            warnings = [
                f"Both option {both['option']} and its alias {both['alias']} are set." for both in checked._warnings
            ]
            if checked.error_messages:
                unsupported = isinstance(checked.errors[0], UnsupportedError)
                where = f"Unsupported parameters for ({self._task.action}) module: " if unsupported else ""
                result: Values = {
                    "failed": True,
                    "msg": where + checked.errors.msg,
                    "invocation": {"module_args": params},
                }
            else:
                secrets -= short_secrets(params)
                result, more = execute(params, self._task.check_mode, type(self).use_case, _session, self._progress())
                result["invocation"] = invocation(params)
                warnings += more
        if not internal.get("_ansible_inject_invocation", True):
            del result["invocation"]
        if not self._task.diff:
            result.pop("diff", None)
        told = {"warnings": warnings, "deprecations": list(checked._deprecations)}
        result.update({name: value for name, value in told.items() if value})
        plain = {name: value for name, value in result.items() if value is None or isinstance(value, bool)}
        return {**remove_values(result, secrets), **plain}

    def _progress(self) -> Callable[[str], None]:
        """Tell a person at the terminal what is waited for, beside the results of the play."""
        if self._task.no_log:
            return lambda _text: None
        return lambda text: Display().display(f"ontap.akv: {text}", stderr=True)


def _is_own(python: str) -> bool:
    """Tell whether an interpreter is the one that runs this, in the same virtual environment, or is not chosen."""
    if python.startswith("auto"):
        return True
    folders = {os.path.realpath(os.path.dirname(path)) for path in (python, sys.executable)}
    return len(folders) == 1 and os.path.realpath(python) == os.path.realpath(sys.executable)


def _plain(value: t.Any) -> t.Any:
    """Convert options to what JSON makes of them on their way to a module: no tags, and nothing still encrypted."""
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, bool):
        return value
    for kind in (int, float):
        if isinstance(value, kind):
            return kind(value)
    if isinstance(value, str) or hasattr(value, "_ciphertext"):
        return str(value)
    raise _NotPlain


@contextlib.contextmanager
def _working_directory(folder: str) -> Iterator[None]:
    """Be where Ansible runs a module on this host, as relative paths of options are meant from there."""
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
