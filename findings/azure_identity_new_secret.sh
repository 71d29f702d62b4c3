#!/usr/bin/env bash
# Copyright (c) 2026, the ontap.akv authors
# SPDX-License-Identifier: GPL-3.0-or-later

# azure-identity 1.27.0: with a persistent token cache, a new client secret is not tried: the former one's token is used.
#
# What happens: before a rotation, a run of a script gets a token with the secret in use, and keeps it in the cache of
#   TokenCachePersistenceOptions. The next run has the application's new secret, to prove it before ONTAP gets it:
#   get_token() returns the kept token, for an hour, without a request. The cache goes by tenant, application and scope.
#   Without cache_persistence_options Entra is asked with the new secret (checked here).
# Expected: a credential that was made with a secret uses that secret before it returns a token.
# Source: azure/identity/_internal/client_credential_base.py, _acquire_token_silently(): it is tried first. In msal
#   1.39.0, acquire_token_for_client() of two applications with one token_cache does the same. The docstring of
#   cache_persistence_options says no more than that a persistent cache is used.
# Who meets it: who tries a new client secret before ONTAP gets it. The proof says nothing of the new secret: one that
#   was copied badly is found by ONTAP at its next poll.
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
from azure.core.pipeline.transport import RequestsTransport, RequestsTransportResponse
from azure.identity import ClientSecretCredential, TokenCachePersistenceOptions

FORMER, NEW = "not~a~secret", "not~a~secret~either"
TENANT, APPLICATION = "9b1d2c3e-0000-0000-0000-000000000001", "4b0c7f6e-0000-0000-0000-000000000001"
AUTHORITY = f"https://login.microsoftonline.com/{TENANT}"
asked = []


class Entra(RequestsTransport):
    """Answers instead of the network; both secrets of the application are valid."""

    def send(self, request, **options):
        if "/discovery/instance" in request.url:
            body = {"tenant_discovery_endpoint": f"{AUTHORITY}/v2.0/.well-known/openid-configuration", "metadata": []}
        elif "openid-configuration" in request.url:
            path = f"{AUTHORITY}/oauth2/v2.0"
            body = {"authorization_endpoint": f"{path}/authorize", "token_endpoint": f"{path}/token"}
            body["issuer"] = f"{AUTHORITY}/v2.0"
        else:
            asked.append(request.data["client_secret"])
            body = {"token_type": "Bearer", "expires_in": 3599, "access_token": "not-a-token"}
        response = requests.Response()
        response.status_code = 200
        response.headers["Content-Type"] = "application/json"
        response._content = json.dumps(body).encode()
        return RequestsTransportResponse(request, response)


def get_token(secret, **options):
    """Like a run of its own: a new credential, a new client."""
    asked.clear()
    credential = ClientSecretCredential(TENANT, APPLICATION, secret, transport=Entra(), **options)
    credential.get_token("https://vault.azure.net/.default")
    return list(asked)


logging.disable()
kept = {"cache_persistence_options": TokenCachePersistenceOptions(name="rotation", allow_unencrypted_storage=True)}
print("azure-identity", importlib.metadata.version("azure-identity"))
seen = []
for title, secret, options in (
    ("no cache, new secret   ", NEW, {}),
    ("cache,    former secret", FORMER, kept),
    ("cache,    new secret   ", NEW, kept),
):
    seen.append(get_token(secret, **options))
    print(f"{title} a token, Entra asked with: {seen[-1]}")
if seen != [[NEW], [FORMER], []]:
    sys.exit("Changed: a new secret is tried although the token of the former one is kept.")
PYTHON
"$folder/venv/bin/python" "$folder/run.py"
