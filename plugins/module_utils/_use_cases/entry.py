# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""From a task's checked options to its result: the way that a module and its action plugin share."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping

from ansible_collections.ontap.akv.plugins.module_utils._http.transport import Transport
from ansible_collections.ontap.akv.plugins.module_utils._ontap.client import Client
from ansible_collections.ontap.akv.plugins.module_utils._ontap.connection import Connection
from ansible_collections.ontap.akv.plugins.module_utils._runtime.arguments import secrets_of
from ansible_collections.ontap.akv.plugins.module_utils._runtime.errors import UNCHANGED, AkvError, unexpected
from ansible_collections.ontap.akv.plugins.module_utils._runtime.printable import printable
from ansible_collections.ontap.akv.plugins.module_utils._runtime.redaction import Redactor

Params = Mapping[str, t.Any]
Result = dict[str, t.Any]
UseCase = Callable[[Client, Params, bool], t.Any]
"""Takes client, options and check mode; returns a dataclass or raises AkvError."""

_DEFAULT_BUDGET = 300.0  # seconds, for a use case that has no wait_timeout


class Session:
    """Opens the transport of a task, and closes it after the task. Another kind may keep it for the next."""

    def open(self, connection: Connection) -> Transport:
        """Give a transport for a connection."""
        return Transport(connection.endpoint())

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
    """Run a use case; give the task's result (``failed`` tells which kind) and its warnings, with no secret in them.

    :param session: opens the transport
    :param progress: is told what is waited for
    :param redactor: knows further secrets, such as those among the arguments as they were given
    """
    redactor = redactor or Redactor()
    redactor.add(secrets_of(None, params))
    session = session or Session()
    warnings: list[str] = []
    client = None
    try:
        connection = Connection.from_params(params)
        warnings += connection.warnings()
        transport = session.open(connection)
        budget = params.get("wait_timeout")
        client = Client(
            transport,
            connection.hostname,
            connection.retries,
            _DEFAULT_BUDGET if budget is None else budget,
            redactor,
            lambda text: progress(printable(redactor.text(text))),
        )
        try:
            result = {"failed": False, **vars(use_case(client, params, check_mode)), "requests": client.requests}
        finally:
            session.release(transport)
    except AkvError as failure:
        if client is not None and client.rest_is_missing:
            from ansible_collections.ontap.akv.plugins.module_utils._ontap.zapi import why_no_rest

            failure.message += why_no_rest(connection, any(sent["status"] for sent in client.requests))
        result = _failed(client, failure)
    except Exception as exc:  # pylint: disable=broad-except
        # A traceback of Ansible's own would show whatever the exception holds.
        result = _failed(client, unexpected(exc))
    warnings += client.warnings if client else []
    result = redactor.result(result)
    # Sentences may quote a server.
    result["msg"] = printable(result["msg"])
    return result, [printable(redactor.text(warning)) for warning in warnings]


def _failed(client: Client | None, failure: AkvError) -> Result:
    requests = client.requests if client else []
    return {"requests": requests, **failure.result(client.outcome if client else UNCHANGED)}
