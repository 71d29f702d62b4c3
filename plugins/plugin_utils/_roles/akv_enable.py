# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is private to the collection: it may change at any time.

"""The variables of the role akv_enable."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.ontap.akv.plugins.plugin_utils._roles import shared
from ansible_collections.ontap.akv.plugins.plugin_utils._variables import Fault, Given, Kind, Role, Variable


def _check(given: Given) -> Iterator[Fault]:
    yield from shared.check_one_scope(given)
    yield from shared.check_vault_uri(given, "name")
    yield from shared.check_key_id(given, "key_id")
    yield from shared.check_new_credential(given)


ROLE = Role(
    "akv_enable",
    "Create an AKV configuration",
    (
        "Checks the prerequisites on the cluster, creates the AKV configuration, and waits until every node has its"
        " keys.",
    ),
    (
        shared.SVM,
        shared.SCOPE,
        Variable(
            "name",
            ("The URI of the key vault, for example V(https://mykeyvault.vault.azure.net/).",),
            required=True,
        ),
        Variable(
            "key_id",
            ("The key that wraps the SVM's keys, as C(https://<host>/keys/<key>) with or without C(/<version>).",),
            required=True,
        ),
        shared.required(shared.CLIENT_ID),
        shared.required(shared.TENANT_ID),
        *shared.NEW_CREDENTIAL,
        Variable(
            "configuration",
            ("Which of several configurations. It is created inactive if it does not exist. Needs ONTAP 9.14.1.",),
        ),
        Variable(
            "proxy_type", ("The kind of proxy between ONTAP and Azure. Needs ONTAP 9.8.",), choices=("http", "https")
        ),
        Variable("proxy_host", ("The proxy's host. Needs ONTAP 9.8.",)),
        Variable("proxy_port", ("The proxy's port. Needs ONTAP 9.8.",), kind=Kind.INTEGER, minimum=1),
        Variable("proxy_username", ("The login at the proxy. Needs ONTAP 9.8.",)),
        Variable("proxy_password", ("The password at the proxy. Needs ONTAP 9.8.",), secret=True),
        Variable("oauth_host", ("The host that ONTAP logs in at, if it is not Azure's default. Needs ONTAP 9.14.1.",)),
        Variable("vault_host", ("The domain of the key vault, if it is not Azure's default. Needs ONTAP 9.14.1.",)),
        Variable("port", ("The port of both hosts. Needs ONTAP 9.14.1.",), kind=Kind.INTEGER, minimum=1),
        Variable(
            "preflight",
            ("Whether to check the prerequisites first. With V(false), ONTAP itself refuses what is not possible.",),
            kind=Kind.BOOLEAN,
            default=True,
        ),
        Variable(
            "allow_encrypted_volumes",
            ("Whether to go on although the SVM has encrypted volumes whose keys another key manager holds.",),
            kind=Kind.BOOLEAN,
            default=False,
        ),
        shared.WAIT_TIMEOUT,
    ),
    check=_check,
)
