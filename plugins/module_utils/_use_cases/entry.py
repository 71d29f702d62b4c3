# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""From a task's checked options to its result, whoever it speaks to: the way that a module and its action share."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping

from ansible_collections.ontap.akv.plugins.module_utils._http.endpoint import Endpoint
from ansible_collections.ontap.akv.plugins.module_utils._http.transport import Transport
from ansible_collections.ontap.akv.plugins.module_utils._runtime import arguments, errors
from ansible_collections.ontap.akv.plugins.module_utils._runtime.printable import printable
from ansible_collections.ontap.akv.plugins.module_utils._runtime.redaction import Redactor
from ansible_collections.ontap.akv.plugins.module_utils._runtime.task import DEFAULT_BUDGET, Task

Params = Mapping[str, t.Any]
Result = dict[str, t.Any]


class Session:
    """Opens the transport of a task, and closes it after the task. Another kind may keep it for the next."""

    def open(self, endpoint: Endpoint) -> Transport:
        """Give a transport for a server."""
        return Transport(endpoint)

    def release(self, transport: Transport) -> None:
        """Take the transport back after the task."""
        transport.close()


def execute_task(
    params: Params,
    work: Callable[[Task], t.Any],
    progress: Callable[[str], None] = lambda _text: None,
    redactor: Redactor | None = None,
) -> tuple[Result, list[str]]:
    """Run a task; give its result (``failed`` says which kind) and its warnings, with no secret in them.

    :param work: takes the task's state; returns a dataclass or raises AkvError
    """
    redactor = redactor or Redactor()
    redactor.add(arguments.secrets_of(None, params))
    budget = params.get("wait_timeout")
    task = Task(
        redactor,
        DEFAULT_BUDGET if budget is None else budget,
        lambda text: progress(printable(redactor.text(text))),
    )
    try:
        result = {"failed": False, **vars(work(task)), "requests": task.requests}
    except errors.AkvError as failure:
        result = _failed(task, failure)
    except Exception as exc:  # pylint: disable=broad-except
        # A traceback of Ansible's own would show whatever the exception holds.
        result = _failed(task, errors.unexpected(exc))
    result = redactor.result(result)
    # Sentences may quote a server. What only a source of events asks has none.
    if "msg" in result:
        result["msg"] = printable(result["msg"])
    return result, [printable(redactor.text(warning)) for warning in task.warnings]


class Kind(t.NamedTuple):
    """With whom a use case speaks.

    :ivar spec: the options of its connection and login
    :ivar execute: runs it
    """

    spec: Mapping[str, t.Any]
    execute: Callable[..., tuple[Result, list[str]]]


def _failed(task: Task, failure: errors.AkvError) -> Result:
    return {"requests": task.requests, **failure.result(task.outcome)}
