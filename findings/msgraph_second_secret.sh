#!/usr/bin/env bash
# Copyright (c) 2026, the ontap.akv authors
# SPDX-License-Identifier: GPL-3.0-or-later

# msgraph-core 1.5.2: addPassword is repeated after a 504, so that an application gets a secret that nobody knows.
#
# What happens: POST /applications/{id}/addPassword is answered with 504 although the secret was created, as by a
#   gateway that has waited too long. The client waits about 4 seconds and sends the same POST again by itself, up to
#   three times, and returns the secret of the last answer. The caller sees one success. The application has two
#   secrets of one name, and the value of the first, which is shown once, is lost.
# Expected: a request that creates something is not repeated unless the server says that it did nothing, or the caller
#   asks for it.
# Source: kiota_http/middleware/retry_handler.py (microsoft-kiota-http 1.16.0): DEFAULT_ALLOWED_METHODS has POST,
#   DEFAULT_RETRY_STATUS_CODES are 429, 503 and 504.
# Who meets it: who creates ONTAP's client secrets with this client, or with msgraph-sdk 1.65.0, which is built on it
#   and does the same (tried). The unknown secret works until it expires, a script that removes "the other" secret may
#   leave it, and an application that allows two secrets is full.
# What to do: give each secret a display name that is unique, look for a second one of that name afterwards, and
#   remove it by its keyId. Or give RetryHandlerOption(should_retry=False). docs/azure.md says so. The modules of
#   this collection create nothing in Azure.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    msgraph-core==1.5.2 microsoft-kiota-http==1.16.0 microsoft-kiota-abstractions==1.16.0

cat > "$folder/run.py" << 'PYTHON'
import asyncio
import http.server
import importlib.metadata
import json
import sys
import threading

from kiota_abstractions.authentication import AnonymousAuthenticationProvider
from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation
from msgraph_core import BaseGraphRequestAdapter

secrets = []


class Graph(http.server.BaseHTTPRequestHandler):
    """Creates a secret at each POST, and answers the first one as a gateway that did not wait for it."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["passwordCredential"]
        number = len(secrets) + 1
        secrets.append({**asked, "keyId": f"key-{number}", "secretText": f"not-a-secret-{number}"})
        failure = {"error": {"code": "GatewayTimeout", "message": "The gateway has waited too long."}}
        status, body = (200, secrets[-1]) if number > 1 else (504, failure)
        sent = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    def log_message(self, *args):
        pass


async def add_password(port):
    asked = RequestInformation()
    asked.http_method, asked.url = Method.POST, f"http://127.0.0.1:{port}/v1.0/applications/1/addPassword"
    asked.set_stream_content(b'{"passwordCredential": {"displayName": "ontap-2"}}', "application/json")
    answer = await BaseGraphRequestAdapter(AnonymousAuthenticationProvider()).send_primitive_async(asked, "bytes", {})
    return json.loads(answer)["secretText"]


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Graph)
threading.Thread(target=server.serve_forever, daemon=True).start()
for name in ("msgraph-core", "microsoft-kiota-http"):
    print(name, importlib.metadata.version(name))
secret = asyncio.run(add_password(server.server_address[1]))
print("One POST returned the secret", secret)
print("Secrets that the application has:", ", ".join(f"{each['displayName']} {each['secretText']}" for each in secrets))
if (secret, len(secrets)) != ("not-a-secret-2", 2):
    sys.exit("Changed: one POST no longer leaves two secrets.")
PYTHON
"$folder/venv/bin/python" "$folder/run.py"
