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
from ansible_collections.ontap.akv.plugins.module_utils._runtime import arguments, planning
from ansible_collections.ontap.akv.plugins.module_utils._use_cases.change import Change
from ansible_collections.ontap.akv.plugins.module_utils._use_cases.ontap_entry import ONTAP

KIND = ONTAP

ARGUMENT_SPEC: dict[str, t.Any] = {
    **declaration.ARGUMENT_SPEC,
    **arguments.THREADS,
    **planning.ARGUMENT_SPEC,
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
    change = Change(client, declared, params["wait"])
    plan = planning.planned(change, check_mode, params["expected_plan"])
    if check_mode or not plan.steps:
        return change.predict(plan, check_mode)
    # The code that sends and confirms takes a third as long to load as the rest: most tasks change nothing.
    from ansible_collections.ontap.akv.plugins.module_utils._use_cases.changing import carry_out

    return carry_out(change, plan, params["credential_grace"])
