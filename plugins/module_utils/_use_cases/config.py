# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""The use case of akv_config: one AKV configuration, or many."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ansible_collections.ontap.akv.plugins.module_utils._akv import declaration
from ansible_collections.ontap.akv.plugins.module_utils._ontap.client import Client
from ansible_collections.ontap.akv.plugins.module_utils._runtime import parallel, runner
from ansible_collections.ontap.akv.plugins.module_utils._use_cases.change import Change
from ansible_collections.ontap.akv.plugins.module_utils._use_cases.ontap_entry import ONTAP

KIND = ONTAP

ARGUMENT_SPEC: dict[str, t.Any] = {
    **declaration.ARGUMENT_SPEC,
    **parallel.ARGUMENT_SPEC,
    **runner.ARGUMENT_SPEC,
    "vaults": {"type": "list", "elements": "dict", "options": declaration.ENTRY_SPEC},
}


def run(client: Client, params: Mapping[str, t.Any], check_mode: bool) -> t.Any:
    """Make an AKV configuration, or each of ``vaults``, what is declared.

    :raises AkvError: it cannot be done, or not without being asked for by name
    """
    if params["vaults"] is not None:
        # The code for many takes as long to load as the rest: one does not need it.
        from ansible_collections.ontap.akv.plugins.module_utils._use_cases.config_many import configure

        return configure(client, params, check_mode)
    declared, warnings = declaration.check(params)
    client.task.warnings += warnings
    client.task.redactor.add(declared.secrets.values())
    if options := declaration.release_dependent(params):
        declaration.require_release(options, client.release(), client.where)
    change = Change(client, declared, params["wait"], params["credential_grace"])
    return runner.run(change, check_mode, params["expected_plan"])
