# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""Why an AKV configuration does not work: the closed set of causes, what each means, and what helps.

One table, read by the diagnosis, the repair, the event sources, the roles and the documentation. It imports nothing
of the collection, so that the page can be generated without it.
"""

from __future__ import annotations

import typing as t
from enum import Enum


class Cause(str, Enum):
    """Why an AKV configuration does not work."""

    NONE = "none"
    CREDENTIAL_EXPIRED = "credential_expired"
    CREDENTIAL_REJECTED = "credential_rejected"
    APPLICATION_DISABLED = "application_disabled"
    KEY_DISABLED = "key_disabled"
    KEY_EXPIRED = "key_expired"
    KEY_MISSING = "key_missing"
    PERMISSION_MISSING = "permission_missing"
    AZURE_UNREACHABLE = "azure_unreachable"
    LOGIN_UNREACHABLE = "login_unreachable"
    KEYS_MISSING_ON_NODE = "keys_missing_on_node"
    NODE_KEY_SERVER_DOWN = "node_key_server_down"
    KEY_STORE_BUSY = "key_store_busy"
    INACTIVE = "inactive"
    NOT_REPORTED = "not_reported"
    UNCLASSIFIED = "unclassified"

    def __str__(self) -> str:
        return self.value


class Remedy(str, Enum):
    """What removes a cause: the repair does the first two, the others are waited for, or done by someone."""

    CREDENTIAL = "credential"
    RESTORE = "restore"
    WAIT = "wait"
    PERSON = "person"
    NONE = "none"

    def __str__(self) -> str:
        return self.value


class About(t.NamedTuple):
    """What is known of a cause.

    :ivar meaning: one line, for tables and headings
    :ivar seen: what ONTAP reports
    :ivar advice: what to do
    """

    meaning: str
    seen: str
    remedy: Remedy
    advice: str

    @property
    def heals_itself(self) -> bool:
        """ONTAP recovers without anyone doing anything."""
        return self.remedy is Remedy.WAIT


CAUSES: dict[Cause, About] = {
    Cause.NONE: About("Healthy", "keys on every node, or no encrypted volume yet", Remedy.NONE, ""),
    Cause.CREDENTIAL_EXPIRED: About(
        "The application's credential has expired",
        "AADSTS7000222, AADSTS1000502, or a text that names an expired secret",
        Remedy.CREDENTIAL,
        "Create a new secret (or certificate) in Azure, and send it with akv_recover.",
    ),
    Cause.CREDENTIAL_REJECTED: About(
        "Azure rejects the application's credential",
        "AADSTS7000215, AADSTS700027, AADSTS7000274, AADSTS7000277, or invalid_client",
        Remedy.CREDENTIAL,
        "Check that the secret is the VALUE, not the Secret ID, and belongs to this client_id. If in doubt, create a"
        " new one in Azure, and send it with akv_recover.",
    ),
    Cause.APPLICATION_DISABLED: About(
        "The application cannot sign in",
        "AADSTS7000112, AADSTS700016, AADSTS7000229, AADSTS90002",
        Remedy.PERSON,
        "Enable sign-in for the enterprise application in Azure. A new credential does not help.",
    ),
    Cause.KEY_DISABLED: About(
        "The key is disabled in Azure",
        "a text that names a disabled key, or KeyDisabled",
        Remedy.PERSON,
        "Enable the key in Azure. The volumes come back within a polling interval.",
    ),
    Cause.KEY_EXPIRED: About(
        "The key has expired in Azure",
        "a text that names an expired key",
        Remedy.PERSON,
        "Create a valid version of the key in Azure, or move its expiry date.",
    ),
    Cause.KEY_MISSING: About(
        "The key, or its key vault, is gone",
        "KeyNotFound, VaultNotFound, or a text that names a deleted key",
        Remedy.PERSON,
        "Recover the deleted key or key vault in Azure (soft delete). Do not create a new key of the same name.",
    ),
    Cause.PERMISSION_MISSING: About(
        "The application may not use the key",
        "ForbiddenByPolicy, ForbiddenByRbac, KeyOperationForbidden, or a text that names a missing permission",
        Remedy.PERSON,
        "Grant the application get, encrypt, decrypt, wrapKey and unwrapKey on the key in Azure. A new grant takes"
        " some minutes.",
    ),
    Cause.AZURE_UNREACHABLE: About(
        "The key vault cannot be reached",
        "time-outs, names without an address, refused connections, or no reason at all",
        Remedy.PERSON,
        "Check the path from a LIF of the SVM to the key vault, port 443: DNS of the SVM, routes, firewall, proxy.",
    ),
    Cause.LOGIN_UNREACHABLE: About(
        "Azure's login server cannot be reached",
        "the same, in a text that names the login server (login.microsoftonline.com)",
        Remedy.PERSON,
        "Check the path from the node management LIFs to the login server, port 443: DNS, routes, firewall, proxy.",
    ),
    Cause.KEYS_MISSING_ON_NODE: About(
        "Nodes lack the keys",
        "`state` names nodes, and Azure is not reported as unreachable; code 65537551",
        Remedy.RESTORE,
        "Restore the keys with akv_restore, or the role akv_recover.",
    ),
    Cause.NODE_KEY_SERVER_DOWN: About(
        "The key server of a node does not answer",
        "`ekmip_reachability` false; code 65537552",
        Remedy.PERSON,
        "Check the health of the node and the cluster network, then contact NetApp support.",
    ),
    Cause.KEY_STORE_BUSY: About(
        "The key store is being changed",
        "`state` of the key store: svm_kek_rekey, initializing, switching or disabling (9.16.1 and later)",
        Remedy.WAIT,
        "Wait for the end of the operation, and check again.",
    ),
    Cause.INACTIVE: About("Not in use", "`enabled` is false (9.14.1 and later)", Remedy.NONE, ""),
    Cause.NOT_REPORTED: About(
        "ONTAP does not report the health",
        "no availability in `state`",
        Remedy.PERSON,
        "Check that the login may read the health (advanced fields), and run `security key-manager external azure"
        " check` on the cluster.",
    ),
    Cause.UNCLASSIFIED: About(
        "ONTAP gives a reason that this collection does not know",
        "any other text",
        Remedy.PERSON,
        "Read ONTAP's text. Check the credential, the key and the network path in Azure, then contact NetApp support.",
    ),
}
