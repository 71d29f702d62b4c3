# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The AADSTS codes with which Entra refuses a login: status, error and text of each.

Sources: entra-docs, identity-platform, reference-error-codes; recordings in azure-sdk-for-js; microsoft-identity-web.
Statuses that no source gives follow from the error.
"""

from __future__ import annotations

from typing import NamedTuple


class Code(NamedTuple):
    status: int
    error: str
    text: str
    suberror: str | None = None


CODES = {
    7000215: Code(401, "invalid_client", "Invalid client secret provided"),
    7000222: Code(401, "invalid_client", "The provided client secret keys for the application are expired"),
    700016: Code(400, "unauthorized_client", "The application was not found in the directory"),
    7000229: Code(401, "invalid_client", "The client application is missing a service principal in the tenant"),
    90002: Code(400, "invalid_request", "Tenant was not found"),
    900023: Code(
        400, "invalid_request", "The tenant identifier is neither a valid DNS name nor a valid external domain"
    ),
    700027: Code(
        401, "invalid_client", "The certificate with identifier used to sign the client assertion is not valid"
    ),
    700024: Code(401, "invalid_client", "Client assertion is not within its valid time range"),
    700021: Code(401, "invalid_client", "Client assertion application identifier doesn't match 'client_id' parameter"),
    700023: Code(401, "invalid_client", "Client assertion audience claim does not match Realm issuer"),
    1000502: Code(401, "invalid_client", "The provided certificate is not within its specified validity window"),
    7000274: Code(401, "invalid_client", "The signature of the client assertion is not valid"),
    7000277: Code(401, "invalid_client", "The certificate has been revoked"),
    7000214: Code(401, "invalid_client", "The certificate has been revoked"),
    7000112: Code(400, "unauthorized_client", "The application is disabled"),
    53003: Code(400, "invalid_grant", "Access has been blocked by Conditional Access policies", "message_only"),
    530032: Code(400, "invalid_grant", "Blocked by security policy", "message_only"),
    70011: Code(400, "invalid_scope", "The provided value for the input parameter 'scope' is not valid"),
    500011: Code(400, "invalid_resource", "The resource principal was not found in the tenant"),
    700022: Code(400, "invalid_request", "The provided value for scope is not valid: it holds more than one resource"),
    7000218: Code(
        401, "invalid_client", "The request body must contain the parameter 'client_assertion' or 'client_secret'"
    ),
    900144: Code(400, "invalid_request", "The request body is missing a required parameter"),
    70003: Code(400, "unsupported_grant_type", "The app requested an unsupported grant type"),
    700025: Code(
        401, "invalid_client", "Client is public so neither 'client_assertion' nor 'client_secret' is allowed"
    ),
    900432: Code(400, "invalid_request", "Confidential Client is not supported in Cross Cloud request"),
    90038: Code(400, "invalid_request", "The tenant belongs to another cloud"),
    900382: Code(400, "invalid_request", "Confidential Client is not supported in Cross Cloud request"),
    90033: Code(503, "temporarily_unavailable", "A transient error has occurred"),
    50033: Code(503, "temporarily_unavailable", "A transient error has occurred"),
    90006: Code(503, "temporarily_unavailable", "The service is temporarily unavailable"),
    90012: Code(503, "temporarily_unavailable", "The request has timed out"),
    90024: Code(503, "temporarily_unavailable", "The request budget is exceeded: a transient error has occurred"),
    90090: Code(503, "temporarily_unavailable", "A transient error has occurred"),
    90055: Code(429, "temporarily_unavailable", "The tenant has too many requests"),
}
