#!/usr/bin/env bash
# Copyright (c) 2026, the ontap.akv authors
# SPDX-License-Identifier: GPL-3.0-or-later

# azure-identity 1.27.0: with a persistent token cache, a wrong client secret gets a token, and Entra is not asked.
#
# What happens: one run of a script gets a token with the right secret of an application, and keeps it in the cache of
#   TokenCachePersistenceOptions. The next run has a wrong secret of the same application: get_token() returns the kept
#   token, for an hour, without a request. The cache goes by tenant, application and scope; the secret is not part of
#   it. Without cache_persistence_options the same secret raises ClientAuthenticationError (checked here).
# Expected: a credential that was made with a secret proves that secret before it hands out a token.
# Source: azure/identity/_internal/client_credential_base.py, _acquire_token_silently(): it is tried first. In msal
#   1.39.0, acquire_token_for_client() of two applications with one token_cache does the same. The docstring of
#   cache_persistence_options says no more than that a persistent cache is used.
# Who meets it: who tries a new client secret before ONTAP gets it. A secret that was copied badly, has expired or is
#   not valid yet passes for an hour after each good one, and the failure is ONTAP's at its next poll.
# What to do: no cache_persistence_options where a secret is to be proved. akv_check_azure asks Entra for each secret,
#   and keeps no token on disk.
# Python 3.10 to 3.13, on Linux.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    azure-identity==1.27.0 azure-core==1.41.0 msal==1.39.0 msal-extensions==1.3.1 requests==2.34.2 urllib3==2.8.0
export HOME="$folder"

cat > "$folder/run.py" << 'PYTHON'
import importlib.metadata
import json
import logging
import sys

import requests
from azure.core.exceptions import ClientAuthenticationError
from azure.core.pipeline.transport import RequestsTransport, RequestsTransportResponse
from azure.identity import ClientSecretCredential, TokenCachePersistenceOptions

RIGHT, WRONG = "not~a~secret", "not~a~secret~either"
TENANT, APPLICATION = "9b1d2c3e-0000-0000-0000-000000000001", "4b0c7f6e-0000-0000-0000-000000000001"
AUTHORITY = f"https://login.microsoftonline.com/{TENANT}"
asked = []


class Entra(RequestsTransport):
    """Answers instead of the network, and gives a token for the right secret alone."""

    def send(self, request, **options):
        status = 200
        if "/discovery/instance" in request.url:
            body = {"tenant_discovery_endpoint": f"{AUTHORITY}/v2.0/.well-known/openid-configuration", "metadata": []}
        elif "openid-configuration" in request.url:
            path = f"{AUTHORITY}/oauth2/v2.0"
            body = {"authorization_endpoint": f"{path}/authorize", "token_endpoint": f"{path}/token"}
            body["issuer"] = f"{AUTHORITY}/v2.0"
        else:
            asked.append(request.data["client_secret"])
            body = {"token_type": "Bearer", "expires_in": 3599, "access_token": "not-a-token"}
            if asked[-1] != RIGHT:
                reason = "AADSTS7000215: Invalid client secret provided."
                status, body = 401, {"error": "invalid_client", "error_description": reason}
        response = requests.Response()
        response.status_code = status
        response.headers["Content-Type"] = "application/json"
        response._content = json.dumps(body).encode()
        return RequestsTransportResponse(request, response)


def get_token(secret, **options):
    """Like a run of its own: a new credential, a new client."""
    asked.clear()
    credential = ClientSecretCredential(TENANT, APPLICATION, secret, transport=Entra(), **options)
    try:
        outcome = credential.get_token("https://vault.azure.net/.default").token
    except ClientAuthenticationError as error:
        outcome = error.message
    return outcome, list(asked)


logging.disable()
kept = {"cache_persistence_options": TokenCachePersistenceOptions(name="rotation", allow_unencrypted_storage=True)}
print("azure-identity", importlib.metadata.version("azure-identity"))
seen = []
for title, secret, options in (
    ("no cache, wrong secret ", WRONG, {}),
    ("cache,    wrong secret ", WRONG, kept),
    ("cache,    right secret ", RIGHT, kept),
    ("cache,    wrong again  ", WRONG, kept),
):
    outcome, sent = get_token(secret, **options)
    seen.append((outcome == "not-a-token", sent))
    print(f"{title} {'a token' if seen[-1][0] else outcome}, Entra asked with: {sent}")
if seen != [(False, [WRONG]), (False, [WRONG]), (True, [RIGHT]), (True, [])]:
    sys.exit("Changed: the wrong secret no longer gets the token of the right one.")
PYTHON
"$folder/venv/bin/python" "$folder/run.py"
