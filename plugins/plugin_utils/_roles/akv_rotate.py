# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is private to the collection: it may change at any time.

"""The variables of the role akv_rotate."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from ansible_collections.ontap.akv.plugins.plugin_utils._roles import shared
from ansible_collections.ontap.akv.plugins.plugin_utils._variables import Fault, Given, Kind, Role, Variable


def _check_credential(given: Given) -> Iterator[Fault]:
    yield from shared.check_new_credential(given, needed=True)
    yield from shared.check_previous_credential(given)


ROLE = Role(
    "akv_rotate",
    "Rotate the credential of an Azure application",
    (
        "Sends a new client secret or certificate to all AKV configurations that log in to Azure with one application."
        " First to one configuration, the canary, which is watched until ONTAP has polled Azure with it, then to the"
        " others, on all clusters side by side.",
        "Rolls back a configuration that became worse, if the previous credential is given.",
    ),
    (
        shared.SVMS,
        shared.SELECTION,
        shared.required(shared.CLIENT_ID, "Only configurations that use this application are touched."),
        *shared.of_fleet(*shared.NEW_CREDENTIAL, *shared.PREVIOUS_CREDENTIAL),
        Variable(
            "canary_svm",
            ("The SVM with the configuration that gets the credential first. Without it, one is chosen.",),
            narrows=True,
        ),
        Variable(
            "only_canary",
            ("Whether to stop after the canary, so that someone can check before the others get the credential.",),
            kind=Kind.BOOLEAN,
            default=False,
        ),
        Variable(
            "include_unhealthy",
            ("Whether to send the credential also to configurations that are not healthy.",),
            kind=Kind.BOOLEAN,
            default=False,
        ),
        Variable(
            "allow_unreachable",
            (
                "The inventory names of clusters that may be unreachable, as a list or as one text with commas. Any"
                " other cluster that cannot be read stops the rotation before anything is sent.",
            ),
            kind=Kind.NAMES,
            default=[],
        ),
        Variable(
            "soak",
            (
                "How many seconds the canary is watched before the others get the credential. V(0) does not watch it.",
                "Without it, ONTAP's polling interval plus 5 minutes.",
            ),
            kind=Kind.INTEGER,
            minimum=0,
        ),
        Variable(
            "soak_interval",
            ("Seconds between two readings of the canary.",),
            kind=Kind.INTEGER,
            default=60,
            minimum=1,
        ),
        Variable(
            "batch_size",
            ("How many configurations of a cluster get the credential before all of them are verified.",),
            kind=Kind.INTEGER,
            default=20,
            minimum=1,
        ),
        Variable(
            "credential_grace",
            (
                "Seconds for which a credential that ONTAP refuses is sent again, within the time limit. Azure may need"
                " up to two minutes to know a new secret everywhere.",
            ),
            kind=Kind.INTEGER,
            default=0,
            minimum=0,
        ),
        Variable(
            "allow_uuid_secret",
            ("Whether the new secret may be a UUID. Without it, a UUID is refused, as it is probably the Secret ID.",),
            kind=Kind.BOOLEAN,
            default=False,
        ),
        Variable(
            "credential_name",
            (
                "A name for the new credential, such as its description in Azure. The result contains it as evidence,"
                " because ONTAP does not report which secret it has. The name is not a secret.",
            ),
            common=("credential_name",),
        ),
        shared.CHANGE_NUMBER,
        *shared.EXPECTED_PLAN,
        *shared.CHECK_AZURE,
        dataclasses.replace(
            shared.WAIT_TIMEOUT,
            description=(
                "Time limit in seconds for one call on one cluster, verification and rollback included.",
                "Configurations that a call does not reach in that time are untouched, and the cluster fails. Run the"
                " role again to continue.",
            ),
        ),
    ),
    check=shared.check_selection,
    check_credential=_check_credential,
)
