# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""From an Ansible module to a use case and back: the only place that knows AnsibleModule."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.ontap.akv.plugins.module_utils._http.transport import REQUESTS_IMPORT_ERROR
from ansible_collections.ontap.akv.plugins.module_utils._ontap import connection
from ansible_collections.ontap.akv.plugins.module_utils._use_cases.entry import (
    UseCase,
    execute,
    invocation,
    short_secrets,
)


def run_module(argument_spec: Mapping[str, t.Any], use_case: UseCase) -> None:
    """Run a use case as an Ansible module, and end the process with its result.

    :param argument_spec: the use case's own options; the connection's are added
    :param use_case: takes client, options and check mode; returns a dataclass or raises AkvError
    """
    module = AnsibleModule(argument_spec={**connection.ARGUMENT_SPEC, **argument_spec}, supports_check_mode=True)
    if REQUESTS_IMPORT_ERROR:
        module.fail_json(
            msg=missing_required_lib("requests")
            + ' On a control node, ansible_python_interpreter: "{{ ansible_playbook_python }}" uses the Python that'
            " runs Ansible.",
            exception=REQUESTS_IMPORT_ERROR,
        )
    # Ansible's own masking would find a short secret in every other word. Ours knows better, so it gets these alone.
    module.no_log_values.difference_update(short_secrets(module.params))
    result, warnings = execute(module.params, module.check_mode, use_case)
    result["invocation"] = invocation(module.params)
    for warning in warnings:
        module.warn(warning)
    if not module._diff:  # pylint: disable=protected-access
        result.pop("diff", None)
    (module.fail_json if result.pop("failed") else module.exit_json)(**result)
