# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is private to the collection: it may change at any time.

"""The variables of the role akv_disable."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.ontap.akv.plugins.plugin_utils._roles import shared
from ansible_collections.ontap.akv.plugins.plugin_utils._variables import Fault, Given, Role, Variable


def _check(given: Given) -> Iterator[Fault]:
    yield from shared.check_one_scope(given)
    yield from shared.check_vault_uri(given, "name")


ROLE = Role(
    "akv_disable",
    "Delete an AKV configuration",
    (
        "Deletes the AKV configuration of an SVM or of the cluster, if it uses the key vault that is named, and if no"
        " encrypted volume needs it. The key vault in Azure is not changed.",
    ),
    (
        shared.SVM,
        shared.SCOPE,
        Variable(
            "name",
            ("The URI of the key vault. A configuration that uses another key vault is not deleted.",),
            required=True,
        ),
        Variable(
            "configuration",
            ("The name of one of several configurations of an SVM. Without it, the enabled one. Needs ONTAP 9.14.1.",),
            narrows=True,
        ),
        *shared.EXPECTED_PLAN,
    ),
    check=_check,
)
