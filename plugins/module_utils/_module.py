# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""From an Ansible module to a use case and back: the only place that knows AnsibleModule."""

from __future__ import annotations

import traceback
import typing as t
from collections.abc import Callable, Mapping
from dataclasses import asdict

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.ontap.akv.plugins.module_utils import _connection
from ansible_collections.ontap.akv.plugins.module_utils._connection import Connection
from ansible_collections.ontap.akv.plugins.module_utils._errors import CHANGED, UNCHANGED, AkvError
from ansible_collections.ontap.akv.plugins.module_utils._release import SECRET_FIELDS
from ansible_collections.ontap.akv.plugins.module_utils._rest import Client
from ansible_collections.ontap.akv.plugins.module_utils._secrets import MASK, SHORT, Redactor
from ansible_collections.ontap.akv.plugins.module_utils._transport import REQUESTS_IMPORT_ERROR, Transport

UseCase = Callable[[Client, Mapping[str, t.Any], bool], t.Any]

_SECRETS = ("password", *sorted(SECRET_FIELDS))
_DEFAULT_BUDGET = 300.0  # seconds, for a use case that has no wait_timeout


def run_module(argument_spec: Mapping[str, t.Any], use_case: UseCase) -> None:
    """Run a use case as an Ansible module, and end the process with its result.

    :param argument_spec: the use case's own options; the connection's are added
    :param use_case: takes client, options and check mode; returns a dataclass or raises AkvError
    """
    module = AnsibleModule(argument_spec={**_connection.ARGUMENT_SPEC, **argument_spec}, supports_check_mode=True)
    if REQUESTS_IMPORT_ERROR:
        module.fail_json(
            msg=missing_required_lib("requests")
            + ' On a control node, ansible_python_interpreter: "{{ ansible_playbook_python }}" uses the Python that'
            " runs Ansible.",
            exception=REQUESTS_IMPORT_ERROR,
        )
    # Ansible's own masking would find a short secret in every other word. Ours knows better, so it gets these alone.
    secrets = secrets_of(module.params)
    module.no_log_values.difference_update(secret for secret in secrets.values() if len(secret) < SHORT)
    result, warnings = execute(module.params, module.check_mode, use_case)
    result["invocation"] = {"module_args": {**module.params, **dict.fromkeys(secrets, MASK)}}
    for warning in warnings:
        module.warn(warning)
    if not module._diff:  # pylint: disable=protected-access
        result.pop("diff", None)
    (module.fail_json if result.pop("failed") else module.exit_json)(**result)


def execute(params: Mapping[str, t.Any], check_mode: bool, use_case: UseCase) -> tuple[dict[str, t.Any], list[str]]:
    """Run a use case; give the task's result (``failed`` tells which kind) and its warnings, with no secret in them."""
    redactor = Redactor(secrets_of(params).values())
    warnings: list[str] = []
    client = None
    try:
        connection = Connection.from_params(params)
        warnings += connection.warnings()
        transport = Transport(connection)
        budget = params.get("wait_timeout")
        client = Client(
            transport,
            connection.hostname,
            connection.retries,
            _DEFAULT_BUDGET if budget is None else budget,
            redactor,
        )
        try:
            result = {"failed": False, **asdict(use_case(client, params, check_mode)), "requests": client.requests}
        finally:
            transport.close()
    except AkvError as failure:
        if client is not None and client.rest_is_missing:
            from ansible_collections.ontap.akv.plugins.module_utils._zapi import why_no_rest

            failure.message += why_no_rest(connection, any(sent["status"] for sent in client.requests))
        result = _failed(client, failure.message, failure.outcome, failure.details)
    except Exception as exc:  # pylint: disable=broad-except
        # A traceback of Ansible's own would show whatever the exception holds.
        place = traceback.extract_tb(exc.__traceback__)[-1]
        where = f"{type(exc).__name__} in {place.name}, line {place.lineno}"
        message = f"This is a fault of the collection ({where}): please report it."
        result = _failed(client, message, None, {"exception": traceback.format_exc()})
    warnings += client.warnings if client else []
    return redactor.result(result), [redactor.text(warning) for warning in warnings]


def secrets_of(params: Mapping[str, t.Any]) -> dict[str, str]:
    """Find the secrets among a task's options."""
    return {name: str(params[name]) for name in _SECRETS if params.get(name) is not None}


def _failed(client: Client | None, message: str, outcome: str | None, details: Mapping[str, t.Any]) -> dict[str, t.Any]:
    outcome = outcome or (client.outcome if client else UNCHANGED)
    return {
        "failed": True,
        "changed": outcome == CHANGED,
        "msg": message,
        "outcome": outcome,
        "requests": client.requests if client else [],
        **details,
    }
