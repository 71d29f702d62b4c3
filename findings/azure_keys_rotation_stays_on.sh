#!/usr/bin/env bash
# Copyright (c) 2026, the ontap.akv authors
# SPDX-License-Identifier: GPL-3.0-or-later

# azure-keyvault-keys 4.11.3: update_key_rotation_policy(…, lifetime_actions=[]) leaves automatic rotation on.
#
# What happens: the policy of a key says "rotate after 90 days". update_key_rotation_policy(name, policy,
#   lifetime_actions=[]) sends the actions of the policy, not the empty list. It succeeds, and the key goes on being
#   rotated.
# Expected: the docstring of lifetime_actions says that it overrides the lifetime actions of the given policy.
# Source: azure/keyvault/keys/_client.py, update_key_rotation_policy(): "actions = lifetime_actions or
#   policy.lifetime_actions".
# Who meets it: who switches the rotation of ONTAP's key off, to rotate by hand in a change window or because ONTAP
#   was given one version. The key gets a new version all the same, and the first sign is ONTAP's event
#   keyVersionChanged.
# What to do: policy.lifetime_actions = [] before the call, without the keyword, and look at what the call returns.
#   docs/azure.md says so.
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
from azure.keyvault.keys import KeyClient

POLICY = {
    "id": "https://localhost/keys/key1/rotationpolicy",
    "lifetimeActions": [{"trigger": {"timeAfterCreate": "P90D"}, "action": {"type": "Rotate"}}],
    "attributes": {"expiryTime": "P1Y"},
}
sent = []


class KeyVault(http.server.BaseHTTPRequestHandler):
    """Has a policy, and takes another."""

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
        if "Authorization" in self.headers:
            self.answer(200, POLICY)
        else:
            self.challenge()

    def do_PUT(self):
        sent.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.answer(200, {**POLICY, **sent[-1]})

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
print("azure-keyvault-keys", importlib.metadata.version("azure-keyvault-keys"))
policy = client.get_key_rotation_policy("key1")
by_keyword = client.update_key_rotation_policy("key1", policy, lifetime_actions=[])
policy.lifetime_actions = []
by_policy = client.update_key_rotation_policy("key1", policy)
for title, body, returned in (("keyword []", sent[0], by_keyword), ("policy without actions", sent[1], by_policy)):
    actions = [str(action.action) for action in returned.lifetime_actions]
    print(f"{title}: sent {json.dumps(body['lifetimeActions'])}, returned {actions}")
if [len(body["lifetimeActions"]) for body in sent] != [1, 0]:
    sys.exit("Changed: the empty list overrides the actions of the policy.")
PYTHON
"$folder/venv/bin/python" "$folder/run.py" "$folder/certificate.pem" "$folder/key.pem"
