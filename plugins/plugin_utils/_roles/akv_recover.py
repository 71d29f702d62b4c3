# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is private to the collection: it may change at any time.

"""The variables of the role akv_recover."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from ansible_collections.ontap.akv.plugins.plugin_utils._roles import shared
from ansible_collections.ontap.akv.plugins.plugin_utils._variables import Fault, Given, Kind, Role, Values, Variable


def _check(given: Given) -> Iterator[Fault]:
    yield from shared.check_selection(given)
    if "svm" in given and given["scope"] == "cluster":
        yield Fault(("svm", "scope"), f"the SVM is {given['svm']!r} and the scope is cluster. Keep one of them.")
    if "svm" in given and "svms" in given:
        yield Fault(("svm", "svms"), "both are given. Keep one of them.")
    yield from shared.check_new_credential(given)
    has_credential = any(variable.name in given for variable in shared.NEW_CREDENTIAL)
    if has_credential and "client_id" not in given:
        yield Fault(("client_id",), "required with a credential, and not given. Give the application (client) ID.")


def _prepare(given: Values) -> Values:
    """Give one SVM as a list of one; V(svm) and V(all) of the scope mean no SVM in particular."""
    svms = {"svms": [given["svm"]]} if "svm" in given else {}
    return {**{name: value for name, value in given.items() if name != "svm"}, **svms}


ROLE = Role(
    "akv_recover",
    "Bring encrypted volumes back online",
    (
        "Diagnoses AKV configurations that are not healthy and encrypted volumes that are offline. Sends a credential"
        " only if the credential is the cause, restores keys if nodes lack them, and waits for the volumes."
        " Reports what someone must do if none of this helps.",
    ),
    (
        dataclasses.replace(shared.SVM, description=("The name of the SVM. Without it, all SVMs.",)),
        dataclasses.replace(shared.SVMS, common=("svms",)),
        shared.SELECTION,
        shared.CLIENT_ID,
        *shared.NEW_CREDENTIAL,
        Variable(
            "restore",
            ("Whether to restore keys if nodes lack them.",),
            kind=Kind.BOOLEAN,
            default=True,
        ),
        Variable(
            "force_credential",
            (
                "Whether to send the credential even if the diagnosis names another cause.",
                "Needed on ONTAP 9.7 if the credential is the cause: that release does not report whether it reaches"
                " Azure, only which nodes lack keys.",
            ),
            kind=Kind.BOOLEAN,
            default=False,
        ),
        Variable(
            "wait",
            (
                "How many seconds to wait until all is healthy and the volumes are online. V(0) reads once.",
                "Without it, ONTAP's polling interval plus 5 minutes.",
            ),
            kind=Kind.INTEGER,
            minimum=0,
        ),
        Variable("wait_interval", ("Seconds between two readings.",), kind=Kind.INTEGER, default=60, minimum=1),
        *shared.CHECK_AZURE,
        shared.WAIT_TIMEOUT,
    ),
    check=_check,
    prepare=_prepare,
)
