# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""From a task's options to its result, for use cases that speak to ONTAP."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from ansible_collections.ontap.akv.plugins.module_utils._ontap.client import Client
from ansible_collections.ontap.akv.plugins.module_utils._ontap.connection import ARGUMENT_SPEC, Connection
from ansible_collections.ontap.akv.plugins.module_utils._runtime import arguments, errors
from ansible_collections.ontap.akv.plugins.module_utils._runtime.redaction import Redactor
from ansible_collections.ontap.akv.plugins.module_utils._runtime.task import Task
from ansible_collections.ontap.akv.plugins.module_utils._use_cases import entry

UseCase = Callable[[Client, entry.Params, bool], t.Any]
"""Takes client, options and check mode; returns a dataclass or raises AkvError."""


def execute(
    params: entry.Params,
    check_mode: bool,
    use_case: UseCase,
    session: entry.Session | None = None,
    progress: Callable[[str], None] = lambda _text: None,
    redactor: Redactor | None = None,
) -> tuple[entry.Result, list[str]]:
    """Run a use case on a cluster; give the task's result (``failed`` says which kind) and its warnings.

    No secret is in them.

    :param session: opens the transport
    :param progress: receives what the task waits for
    :param redactor: knows further secrets, such as those among the arguments as they were given
    """
    session = session or entry.Session()
    where = _name(params)

    def work(task: Task) -> t.Any:
        connection = Connection.from_params(params)
        task.warnings += connection.warnings()
        transport = session.open(connection.endpoint())
        client = Client(transport, where, connection.retries, task, connection.address)
        try:
            return use_case(client, params, check_mode)
        except errors.AkvError as failure:
            if client.rest_is_missing:
                # Only a failure needs it: netapp-lib takes long to load.
                from ansible_collections.ontap.akv.plugins.module_utils._ontap.zapi import why_no_rest

                failure.message += why_no_rest(connection, any(sent["status"] for sent in task.requests))
            raise
        finally:
            session.release(transport)

    return entry.execute_task(params, work, lambda text: progress(f"{where}: {text}"), redactor)


def _name(params: entry.Params) -> str:
    """Name the cluster for messages: as the inventory does, or by its address where the host is not the cluster."""
    hostname = str(params.get("hostname")).strip("[]")
    cluster = params.get(arguments.CLUSTER)
    return str(cluster["name"]) if cluster and cluster["address"].strip("[]") == hostname else hostname


ONTAP = entry.Kind(ARGUMENT_SPEC, execute)
"""A use case that speaks to ONTAP."""
