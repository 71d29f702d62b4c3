# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""What ONTAP would refuse a change of one AKV configuration for: foreseen by reading, or explained afterwards."""

from __future__ import annotations

from ansible_collections.ontap.akv.plugins.module_utils._akv.plan import Declaration
from ansible_collections.ontap.akv.plugins.module_utils._akv.scope import Scope
from ansible_collections.ontap.akv.plugins.module_utils._ontap import jobs, key_stores, obstacles, reading
from ansible_collections.ontap.akv.plugins.module_utils._ontap.client import Client, is_unreadable
from ansible_collections.ontap.akv.plugins.module_utils._ontap.volumes import is_unused
from ansible_collections.ontap.akv.plugins.module_utils._runtime import errors
from ansible_collections.ontap.akv.plugins.module_utils._runtime.plan import Plan, Precondition


def require(client: Client, declared: Declaration, plan: Plan, precondition: Precondition, later: bool) -> None:
    """Stop before what ONTAP would refuse.

    :param later: whether the records that were read are of 9.14.1 or later
    :raises AkvError: the precondition does not hold
    """
    scope = declared.scope
    if precondition is Precondition.KEY_STORE_ACTIVE:
        # Later releases are worth asking which. Where nothing exists yet, the release may not be known: a create that
        # it forbids is then refused by ONTAP itself. An update goes through: it is the cure.
        if later or client.known_release:
            key_stores.require_active(
                client, scope, plan.steps[0].doing, lambda state: _allows(client, scope, state, plan.operation)
            )
    elif precondition is Precondition.SVM_EXISTS:
        if unknown := reading.unknown_svm(client, scope):
            raise errors.AkvError(unknown)
    elif precondition is Precondition.NO_KEY_MANAGER:
        if other := key_stores.in_the_way(client, scope):
            raise errors.AkvError(other)
    elif failure := _obstacle(client, declared, plan, precondition):
        raise failure


def explain_creation(client: Client, scope: Scope, failure: errors.OntapError | jobs.JobFailed, other: bool) -> None:
    """Complete ONTAP's refusal to create an AKV configuration.

    :param other: whether there is a key manager already, and it is not this AKV configuration
    """
    why = reading.unknown_svm(client, scope)
    if why is None and other:
        why = key_stores.in_the_way(client, scope)
    if why:
        failure.message = f"{why} ({failure.message})"
    else:
        _add_way_of_keys(client, scope, failure)


def _allows(client: Client, scope: Scope, state: str, operation: str) -> bool:
    """Return whether a state of the key store, not active, allows an operation."""
    if operation == "enable":
        # It finishes the switch.
        return state == "switching"
    # Before the migration of keys every key is elsewhere, and deleting is the rollback.
    return operation == "delete" and state == "mixed" and is_unused(client, scope)


def _obstacle(client: Client, declared: Declaration, plan: Plan, precondition: Precondition) -> errors.AkvError | None:
    """Foresee ONTAP's refusal of a step."""
    scope = declared.scope
    if precondition is Precondition.SWITCHABLE:
        return obstacles.to_enabling(client, scope, plan.steps[-1].doing)
    if precondition is Precondition.CREATABLE:
        post = next(step for step in plan.steps if step.method == "POST")
        failure = obstacles.to_creating(client, scope, post.doing, declared.creates_enabled)
        if failure is not None:
            _add_way_of_keys(client, scope, failure)
            if plan.operation == "recreate":
                failure.message = f"Nothing was deleted. {failure.message}"
        return failure
    try:
        return obstacles.to_deleting(client, scope, plan.steps[0].doing)
    except errors.AkvError as refusal:
        if not is_unreadable(refusal):
            raise
        client.task.warn(f"Whether encrypted volumes need the keys is not known. {refusal.message}")
        return None


def _add_way_of_keys(client: Client, scope: Scope, failure: errors.OntapError | jobs.JobFailed) -> None:
    if failure.code == "65537505":
        failure.message += f" {key_stores.way_of_keys(client, scope, client.release())}"
