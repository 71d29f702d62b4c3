# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is private to the collection: it may change at any time.

"""Runs a use case in the process that this is loaded into, as the module would, and gives what the module would.

The options are checked by the same code, and the result is made by the same code.
"""

from __future__ import annotations

import contextlib
import os
import typing as t
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.errors import UnsupportedError
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.ontap.akv.plugins.module_utils._http.transport import REQUESTS_IMPORT_ERROR, Transport
from ansible_collections.ontap.akv.plugins.module_utils._ontap import connection
from ansible_collections.ontap.akv.plugins.module_utils._ontap.connection import Connection
from ansible_collections.ontap.akv.plugins.module_utils._use_cases.entry import (
    Session,
    execute,
    invocation,
    short_secrets,
)
from ansible_collections.ontap.akv.plugins.plugin_utils._direct import NotHere, Values


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


def run(action: ActionBase, use_case: ModuleType, task_vars: Values) -> Values:
    """Run a use case for a task.

    :param action: the task's action plugin
    :param use_case: a module util with ARGUMENT_SPEC, the use case's own options, and run
    :raises NotHere: there is no ``requests``, or the options hold what only the way to a module knows how to convert
    """
    if REQUESTS_IMPORT_ERROR:
        raise NotHere
    given = _plain(action._task.args)
    internal: Values = {}
    action._update_module_args(action._task.action, internal, task_vars)
    spec = {**connection.ARGUMENT_SPEC, **use_case.ARGUMENT_SPEC}
    with _working_directory(action._loader.get_basedir()):
        checked = ArgumentSpecValidator(spec).validate(given)
        params = {**given, **checked.validated_parameters}
        secrets = set(checked._no_log_values)
        warnings = [
            f"Both option {both['option']} and its alias {both['alias']} are set." for both in checked._warnings
        ]
        if checked.error_messages:
            unsupported = isinstance(checked.errors[0], UnsupportedError)
            where = f"Unsupported parameters for ({action._task.action}) module: " if unsupported else ""
            result: Values = {
                "failed": True,
                "msg": where + checked.errors.msg,
                "invocation": {"module_args": params},
            }
        else:
            secrets -= short_secrets(params)
            result, more = execute(params, action._task.check_mode, use_case.run, _session, _progress(action))
            result["invocation"] = invocation(params)
            warnings += more
    if not internal.get("_ansible_inject_invocation", True):
        del result["invocation"]
    if not action._task.diff:
        result.pop("diff", None)
    told = {"warnings": warnings, "deprecations": list(checked._deprecations)}
    result.update({name: value for name, value in told.items() if value})
    plain = {name: value for name, value in result.items() if value is None or isinstance(value, bool)}
    return {**remove_values(result, secrets), **plain}


def _progress(action: ActionBase) -> Callable[[str], None]:
    """Tell a person at the terminal what is waited for, beside the results of the play."""
    if action._task.no_log:
        return lambda _text: None
    return lambda text: Display().display(f"ontap.akv: {text}", stderr=True)


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
    raise NotHere


@contextlib.contextmanager
def _working_directory(folder: str) -> Iterator[None]:
    """Be where Ansible runs a module on this host, as relative paths of options are meant from there."""
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
