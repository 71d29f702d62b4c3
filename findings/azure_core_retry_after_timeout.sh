#!/usr/bin/env bash
# Copyright (c) 2026, the ontap.akv authors
# SPDX-License-Identifier: GPL-3.0-or-later

# azure-core 1.41.0: a limit of 2 s does not end a pause of Retry-After, after which nothing is sent any more.
#
# What happens: Key Vault answers 429 with Retry-After: 6 to get_key(name, timeout=2). The client sleeps for 6
#   seconds, then sees that the time is over, and raises ServiceResponseTimeoutError: "Response timeout". It sends no
#   second request. The exception has no response, so that neither status nor code of the answer can be read.
# Expected: it raises the 429 at once where the pause is longer than the time that is left.
# Source: azure/core/pipeline/policies/_retry.py, RetryPolicy: its docstring calls timeout the limit of the operation
#   in seconds. send() sleeps before it takes the time off, and _configure_timeout() then raises. retry_backoff_max
#   does not limit that sleep.
# Who meets it: who checks the keys of many key vaults before a rotation, with a limit for each. With Retry-After: 60
#   each check that is throttled takes a minute, and reads as a key vault that does not answer.
# What to do: retry_total=0, and read Retry-After from the exception's response. akv_key_info returns the 429 where
#   the pause does not fit into the task's time.
# Python 3.10 to 3.13.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    azure-keyvault-keys==4.11.3 azure-core==1.41.0 requests==2.34.2 urllib3==2.8.0
openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
    -keyout "$folder/key.pem" -out "$folder/certificate.pem" 2> "$folder/openssl.log"

cat > "$folder/run.py" << 'PYTHON'
import http.server
import importlib.metadata
import json
import ssl
import sys
import threading
import time

from azure.core.credentials import AccessToken
from azure.core.exceptions import ServiceResponseTimeoutError
from azure.keyvault.keys import KeyClient

PAUSE, LIMIT = 6, 2
asked = []


class KeyVault(http.server.BaseHTTPRequestHandler):
    """Throttles who has a token."""

    protocol_version = "HTTP/1.1"

    def answer(self, status, body, **headers):
        sent = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content_Type": "application/json", "Content_Length": len(sent), **headers}.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        self.wfile.write(sent)

    def challenge(self):
        where = f"https://localhost:{server.server_address[1]}"
        wanted = f'Bearer authorization="https://login.example/tenant1", resource="{where}"'
        self.answer(401, {}, WWW_Authenticate=wanted)

    def do_GET(self):
        if "Authorization" not in self.headers:
            self.challenge()
            return
        asked.append(self.path)
        self.answer(429, {"error": {"code": "Throttled", "message": "Too many requests"}}, Retry_After=PAUSE)

    def log_message(self, *args):
        pass


class Credential:
    """Knows a token that is none: Entra is not part of this."""

    def get_token(self, *scopes, **options):
        return AccessToken("not-a-token", int(time.time()) + 3600)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), KeyVault)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
server.socket = context.wrap_socket(server.socket, server_side=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = KeyClient(
    f"https://localhost:{server.server_address[1]}",
    Credential(),
    connection_verify=sys.argv[1],
    # It compares with names of Azure, which a server on this machine does not have.
    verify_challenge_resource=False,
)
print("azure-core", importlib.metadata.version("azure-core"))
begun = time.monotonic()
try:
    client.get_key("key1", timeout=LIMIT)
except ServiceResponseTimeoutError as error:
    took = time.monotonic() - begun
    print(f"timeout={LIMIT}, Retry-After: {PAUSE}. After {took:.0f} s: {type(error).__name__}: {error}")
    answer = getattr(error, "response", None)
    print(f"Requests with a token: {len(asked)}. The exception's response: {answer}")
    if took >= PAUSE and len(asked) == 1 and answer is None:
        sys.exit(0)
except Exception as error:
    print(f"After {time.monotonic() - begun:.0f} s: {type(error).__name__}: {error}")
sys.exit("Changed: the limit holds, the request is sent again, or the exception has the answer.")
PYTHON
"$folder/venv/bin/python" "$folder/run.py" "$folder/certificate.pem" "$folder/key.pem"
