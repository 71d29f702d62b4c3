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
from collections import OrderedDict
from collections.abc import Iterator
from types import ModuleType

from ansible_collections.ontap.akv.plugins.module_utils._http.endpoint import Endpoint
from ansible_collections.ontap.akv.plugins.module_utils._http.transport import (
    REQUESTS_IMPORT_ERROR,
    Allowance,
    Transport,
)
from ansible_collections.ontap.akv.plugins.module_utils._use_cases import entry
from ansible_collections.ontap.akv.plugins.module_utils._use_cases.call import Call
from ansible_collections.ontap.akv.plugins.plugin_utils._ansible import Task, Values, show, validate

_KEPT = 8  # connections: each has a descriptor


class _KeptSession(entry.Session):
    """Keeps the connections used last for the next items of a loop.

    All items run in one worker, whose end closes them.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[Endpoint, Transport] = OrderedDict()

    def open(self, endpoint: Endpoint) -> Transport:
        transport = self._kept.pop(endpoint, None)
        if transport is None:
            transport = super().open(endpoint)
        else:
            transport.allowance = Allowance()
        self._kept[endpoint] = transport
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)[1].close()
        return transport

    def release(self, transport: Transport) -> None:
        pass


_session = _KeptSession()


def run(task: Task, use_case: ModuleType) -> Values | None:
    """Run a use case for a task; None where there is no ``requests``, so the module reports that.

    :param use_case: a module util with KIND, ARGUMENT_SPEC, the use case's own options, and run
    """
    if REQUESTS_IMPORT_ERROR:
        return None
    call = Call(use_case.ARGUMENT_SPEC, task.arguments, use_case.KIND, task.cluster, task.shows_invocation)
    try:
        result = _run(task, use_case, call)
    except Exception as exc:  # pylint: disable=broad-except
        # A traceback of Ansible's own would show whatever the exception holds.
        result = call.broken(exc)
    if not task.diff:
        result.pop("diff", None)
    return result


def _run(task: Task, use_case: ModuleType, call: Call) -> Values:
    if call.refusal:
        return call.refusal
    with _working_directory(task.folder):
        checked = validate(task.module, call.spec, task.arguments)
        warnings = checked.warnings
        if checked.error:
            result = call.invalid(checked.error)
        else:
            result, more = call.run(
                checked.params,
                task.check_mode,
                use_case.run,
                _session,
                # Beside the results of the play.
                (lambda _text: None) if task.no_log else (lambda text: show(f"ontap.akv: {text}")),
            )
            warnings += more
    shown = {"warnings": warnings, "deprecations": checked.deprecations}
    return {**result, **{name: value for name, value in shown.items() if value}}


@contextlib.contextmanager
def _working_directory(folder: str) -> Iterator[None]:
    """Be where Ansible runs a module on this host."""
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
