#!/usr/bin/env bash
# Copyright (c) 2026, the ontap.akv authors
# SPDX-License-Identifier: GPL-3.0-or-later

# azure-identity 1.27.0: for a minute after a refusal, Entra is not asked again: the same refusal is raised once more.
#
# What happens: Entra does not know a new application yet, and refuses its login with HTTP 400: AADSTS700016. A second
#   later it knows it. A loop that calls get_token() of one credential each second raises AADSTS700016 each time, with
#   the trace ID of the first answer. Entra is asked once. A new credential with the same secret gets a token at once.
# Expected: each call asks Entra until there is a token, as its docstring has it: "Request an access token". That of
#   msal's http_cache says that some answers are kept, to be faster. It does not say that a refusal is one of them.
# Source: msal 1.39.0, msal/throttled_http_client.py: an answer 400 to a request with the same parameters is kept for 60
#   seconds (read in the source, not waited for). A comment there calls it the "UI required cache", which is for users
#   who have to act. It takes ConfidentialClientApplication as well. An answer 401, as for a wrong secret, is not kept.
# Who meets it: who makes an application for ONTAP, or enables its sign-in again, and waits for it in a loop of less
#   than a minute before the credential goes to ONTAP: the loop ends in an error although the login works by then, and
#   what was made is rolled back. The same where a policy of Conditional Access was corrected (AADSTS53003).
# What to do: a new credential object for each attempt (checked here). docs/azure.md says so. The modules of this
#   collection keep no refusal.
# Python 3.10 to 3.13.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    azure-identity==1.27.0 azure-core==1.41.0 msal==1.39.0 msal-extensions==1.3.1 requests==2.34.2 urllib3==2.8.0

cat > "$folder/run.py" << 'PYTHON'
import importlib.metadata
import json
import logging
import sys
import time

import requests
from azure.core.exceptions import ClientAuthenticationError
from azure.core.pipeline.transport import RequestsTransport, RequestsTransportResponse
from azure.identity import ClientSecretCredential

TENANT, APPLICATION = "9b1d2c3e-0000-0000-0000-000000000001", "4b0c7f6e-0000-0000-0000-000000000001"
AUTHORITY = f"https://login.microsoftonline.com/{TENANT}"
UNKNOWN = "AADSTS700016: Application was not found in the directory. Trace ID: "
TOKEN = {"token_type": "Bearer", "expires_in": 3599, "access_token": "not-a-token"}
asked = []


class Entra(RequestsTransport):
    """Answers instead of the network. It knows the application, or the secret, from the second login on."""

    error = ""
    status = 0

    def send(self, request, **options):
        status = 200
        if "/discovery/instance" in request.url:
            body = {"tenant_discovery_endpoint": f"{AUTHORITY}/v2.0/.well-known/openid-configuration", "metadata": []}
        elif "openid-configuration" in request.url:
            path = f"{AUTHORITY}/oauth2/v2.0"
            body = {"authorization_endpoint": f"{path}/authorize", "token_endpoint": f"{path}/token"}
            body["issuer"] = f"{AUTHORITY}/v2.0"
        else:
            asked.append(request.url)
            body = TOKEN
            if len(asked) == 1:
                status, body = self.status, {"error": self.error, "error_description": f"{UNKNOWN}{len(asked)}"}
        response = requests.Response()
        response.status_code = status
        response.headers["Content-Type"] = "application/json"
        response._content = json.dumps(body).encode()
        return RequestsTransportResponse(request, response)


def credential():
    return ClientSecretCredential(TENANT, APPLICATION, "not~a~secret", transport=Entra(), retry_total=0)


def attempt(tried):
    try:
        tried.get_token("https://vault.azure.net/.default")
    except ClientAuthenticationError as error:
        return "refused" if f"{UNKNOWN}1" in str(error) else str(error)
    return "token"


logging.disable()
print("azure-identity", importlib.metadata.version("azure-identity"))
seen = []
for Entra.status, Entra.error in ((400, "unauthorized_client"), (401, "invalid_client")):
    asked.clear()
    kept = credential()
    outcomes = []
    for _attempt in range(4):
        outcomes.append(attempt(kept))
        time.sleep(1)
    requests_of_loop = len(asked)
    outcomes.append(attempt(credential()))
    print(f"HTTP {Entra.status}, one credential: {outcomes[:-1]}, Entra asked {requests_of_loop} times.", end=" ")
    print(f"A new credential: {outcomes[-1]}")
    seen.append((outcomes, requests_of_loop))
if seen != [(["refused"] * 4 + ["token"], 1), (["refused", "token", "token", "token", "token"], 2)]:
    sys.exit("Changed: a refusal with HTTP 400 is not kept any more, or one with HTTP 401 is.")
PYTHON
"$folder/venv/bin/python" "$folder/run.py"
