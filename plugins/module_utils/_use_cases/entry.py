# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""From a task's checked options to its result: the way that a module and its action plugin share."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping

from ansible_collections.ontap.akv.plugins.module_utils._http.endpoint import Endpoint
from ansible_collections.ontap.akv.plugins.module_utils._http.transport import Transport
from ansible_collections.ontap.akv.plugins.module_utils._ontap.client import Client
from ansible_collections.ontap.akv.plugins.module_utils._ontap.connection import ARGUMENT_SPEC, Connection
from ansible_collections.ontap.akv.plugins.module_utils._runtime.arguments import CLUSTER, secrets_of
from ansible_collections.ontap.akv.plugins.module_utils._runtime.errors import AkvError, unexpected
from ansible_collections.ontap.akv.plugins.module_utils._runtime.printable import printable
from ansible_collections.ontap.akv.plugins.module_utils._runtime.redaction import Redactor
from ansible_collections.ontap.akv.plugins.module_utils._runtime.task import DEFAULT_BUDGET, Task

Params = Mapping[str, t.Any]
Result = dict[str, t.Any]
UseCase = Callable[[Client, Params, bool], t.Any]
"""Takes client, options and check mode; returns a dataclass or raises AkvError."""


class Session:
    """Opens the transport of a task, and closes it after the task. Another kind may keep it for the next."""

    def open(self, connection: Connection) -> Transport:
        """Give a transport for a connection."""
        return self.open_endpoint(connection.endpoint())

    def open_endpoint(self, endpoint: Endpoint) -> Transport:
        """Give a transport for any server."""
        return Transport(endpoint)

    def release(self, transport: Transport) -> None:
        """Take the transport back after the task."""
        transport.close()


def execute(
    params: Params,
    check_mode: bool,
    use_case: UseCase,
    session: Session | None = None,
    progress: Callable[[str], None] = lambda _text: None,
    redactor: Redactor | None = None,
) -> tuple[Result, list[str]]:
    """Run a use case on a cluster; give the task's result (``failed`` says which kind) and its warnings.

    No secret is in them.

    :param session: opens the transport
    :param progress: receives what the task waits for
    :param redactor: knows further secrets, such as those among the arguments as they were given
    """
    session = session or Session()
    where = _name(params)

    def work(task: Task) -> t.Any:
        connection = Connection.from_params(params)
        task.warnings += connection.warnings()
        transport = session.open(connection)
        client = Client(transport, where, connection.retries, task, connection.address)
        try:
            return use_case(client, params, check_mode)
        except AkvError as failure:
            if client.rest_is_missing:
                # Only a failure needs it: netapp-lib takes long to load.
                from ansible_collections.ontap.akv.plugins.module_utils._ontap.zapi import why_no_rest

                failure.message += why_no_rest(connection, any(sent["status"] for sent in task.requests))
            raise
        finally:
            session.release(transport)

    return execute_task(params, work, lambda text: progress(f"{where}: {text}"), redactor)


def _name(params: Params) -> str:
    """Name the cluster for messages: as the inventory does, or by its address where the host is not the cluster."""
    hostname = str(params.get("hostname")).strip("[]")
    cluster = params.get(CLUSTER)
    return str(cluster["name"]) if cluster and cluster["address"].strip("[]") == hostname else hostname


def execute_task(
    params: Params,
    work: Callable[[Task], t.Any],
    progress: Callable[[str], None] = lambda _text: None,
    redactor: Redactor | None = None,
) -> tuple[Result, list[str]]:
    """Run a task of any kind, as execute does; it opens the connections that it needs.

    :param work: takes the task's state; returns a dataclass or raises AkvError
    """
    redactor = redactor or Redactor()
    redactor.add(secrets_of(None, params))
    budget = params.get("wait_timeout")
    task = Task(
        redactor,
        DEFAULT_BUDGET if budget is None else budget,
        lambda text: progress(printable(redactor.text(text))),
    )
    try:
        result = {"failed": False, **vars(work(task)), "requests": task.requests}
    except AkvError as failure:
        result = _failed(task, failure)
    except Exception as exc:  # pylint: disable=broad-except
        # A traceback of Ansible's own would show whatever the exception holds.
        result = _failed(task, unexpected(exc))
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


ONTAP = Kind(ARGUMENT_SPEC, execute)


def _failed(task: Task, failure: AkvError) -> Result:
    return {"requests": task.requests, **failure.result(task.outcome)}
