# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""What the errors of Entra, Key Vault and Graph mean, and what to do about each.

Decisions follow ``error`` and the HTTP status; the numbers give the advice, because they may change (entra-docs,
reference-error-codes; azure-security-docs, rest-error-codes).
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.ontap.akv.plugins.module_utils._runtime.redaction import MASK

_AADSTS = re.compile(r"AADSTS(\d{4,8})", re.ASCII)
_LONG_WORD = re.compile(r"[^\s\"'<>]{80,}")
_LONGEST_TEXT = 300  # characters


class Meaning(t.NamedTuple):
    """What an error means.

    :ivar unknown: whether it says nothing about ONTAP, which has another address and asks at another time
    """

    text: str
    advice: str
    unknown: bool = False


_RENEW = "Create a new client secret."
_PASSING = Meaning("a transient error of Microsoft Entra ID", "Run the task again later.", True)
_OTHER_CLOUD = Meaning("the tenant belongs to another cloud", "Set cloud to the cloud of the tenant.")
_POLICY = Meaning(
    "a policy of the tenant (Conditional Access) refuses the login, perhaps because of this host's address",
    "ONTAP logs in from another address. Check the policies for workload identities.",
    True,
)
_REVOKED = Meaning("the certificate was revoked", "Use another certificate.")
_CALLER = "This is an error of the collection. Please report it."

ENTRA: dict[int, Meaning] = {
    7000215: Meaning(
        "the client secret is wrong",
        "Give the value of the secret, not its Secret ID. A secret younger than 2 minutes may not be known everywhere"
        " yet: then run the task again.",
    ),
    7000222: Meaning("the client secret has expired", _RENEW),
    700016: Meaning("the tenant has no application with this client_id", "Check client_id and tenant_id."),
    7000229: Meaning("the application has no service principal in the tenant", "Create its enterprise application."),
    90002: Meaning("there is no such tenant, or it belongs to another cloud", "Check tenant_id and cloud."),
    900023: Meaning("tenant_id is neither a GUID nor a DNS name", "Check tenant_id."),
    700027: Meaning(
        "the certificate is not accepted",
        "Register its public part with the application (a new one is known after about 90 seconds), or renew it.",
    ),
    700024: Meaning("the login is outside its time range", "Check the clock of this host."),
    700021: Meaning("the assertion names another application", _CALLER),
    700023: Meaning("the assertion is for another endpoint", "Set authority to the tenant's own authority."),
    1000502: Meaning("the certificate is outside its validity period", "Renew the certificate."),
    7000274: Meaning("the signature of the assertion is not valid", "Check that key and certificate belong together."),
    7000277: _REVOKED,
    7000214: _REVOKED,
    7000112: Meaning("the application is disabled", "Enable sign-in for its enterprise application."),
    700025: Meaning("the application is a public client", "Use an application that may have a credential."),
    53003: _POLICY,
    530032: _POLICY,
    70011: Meaning("the scope is not valid", _CALLER),
    700022: Meaning("the scope names two resources", _CALLER),
    7000218: Meaning("no credential was sent", _CALLER),
    900144: Meaning("a parameter is missing", _CALLER),
    500011: Meaning("the tenant does not know the service", "Check cloud and tenant_id."),
    900432: _OTHER_CLOUD,
    90038: _OTHER_CLOUD,
    900382: _OTHER_CLOUD,
    90055: Meaning("the tenant sends too many requests", "Run the task again later.", True),
    **dict.fromkeys((90033, 50033, 90006, 90012, 90024, 90090), _PASSING),
}

POLICY_ERRORS = ("invalid_grant", "interaction_required")
"""Errors by which policies of a tenant refuse an application, whatever the number."""

NOT_YET_KNOWN = (7000215, 700027)
"""What Entra answers while a new credential is not known everywhere; otherwise the credential is wrong."""

_GRANT = "Grant it to the application; a new grant takes some minutes."
_ADDRESS = "ONTAP has another address: this says nothing about it."

KEY_VAULT: dict[str, Meaning] = {
    "ForbiddenByPolicy": Meaning("the access policy of the key vault does not allow it", _GRANT),
    "ForbiddenByRbac": Meaning("no role assignment of the application allows it", _GRANT),
    "ForbiddenByFirewall": Meaning("the firewall of the key vault blocks this host", _ADDRESS, True),
    "ForbiddenByConnection": Meaning("the key vault does not accept public connections", _ADDRESS, True),
    "AccessDenied": Meaning("the key vault does not trust the caller", _ADDRESS, True),
    "KeyOperationForbidden": Meaning("the key's permitted operations (key_ops) lack it", "Use another key."),
    "KeyDisabled": Meaning("the key is disabled", "Enable the key version."),
    "VaultNotFound": Meaning("there is no such key vault", "Check its name. It may be soft-deleted."),
}


def aadsts(body: t.Any) -> int | None:
    """Find the AADSTS code in an error of Entra."""
    if not isinstance(body, dict):
        return None
    codes = body.get("error_codes")
    if isinstance(codes, list) and codes and isinstance(codes[0], int) and not isinstance(codes[0], bool):
        return codes[0]
    found = _AADSTS.search(str(body.get("error_description", "")))
    return int(found[1]) if found else None


def inner_code(body: t.Any) -> str | None:
    """Find the most specific code in an error of Key Vault or Graph."""
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return None
    inner = error.get("innererror")
    code = inner.get("code") if isinstance(inner, dict) else None
    return str(code or error.get("code") or "") or None


def message_of(body: t.Any) -> str:
    """Find the message in an error of Key Vault or Graph."""
    error = body.get("error") if isinstance(body, dict) else None
    return shortened(error.get("message")) if isinstance(error, dict) else ""


def shortened(text: t.Any) -> str:
    """Make one short line of a text that a service wrote. Long words in it may be tokens, so they are masked."""
    return _LONG_WORD.sub(MASK, " ".join(str(text or "").split()))[:_LONGEST_TEXT]
