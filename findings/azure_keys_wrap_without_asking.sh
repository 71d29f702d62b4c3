#!/usr/bin/env bash
# Copyright (c) 2026, the ontap.akv authors
# SPDX-License-Identifier: GPL-3.0-or-later

# azure-keyvault-keys 4.11.3: wrap_key() succeeds with a key that Key Vault refuses to wrap with.
#
# What happens: a key is expired, or disabled, or the login has no right to wrap with it. Key Vault refuses each request
#   to wrap with it. CryptographyClient("https://…/keys/key1", login).wrap_key() succeeds in all three cases. It reads
#   the key, wraps in its own process, and does not send the request to wrap. A client that is made from what get_key()
#   returns raises ValueError for the expired key, and wraps with the others all the same.
# Expected: an end of the key counts, whatever the client is made from. The docstring of wrap_key() says "Requires the
#   keys/wrapKey permission". That of the class says that operations are local where the key can be read. It does not
#   say that they succeed where Key Vault would refuse them.
# Source: azure/keyvault/keys/crypto/_client.py: wrap_key() looks at _expires_on, which __init__() sets from a key, and
#   _initialize() leaves alone when it has read the key. Neither looks at whether the key is enabled. encrypt() does
#   the same (read in the source, not checked here). What Key Vault refuses is on the page "About keys".
# Who meets it: who proves that ONTAP's application can use the key before ONTAP gets it, or watches that from time to
#   time. The check is green with the key of which ONTAP says that it cannot wrap with it.
# What to do: unwrap what was wrapped, which Key Vault has to do (checked here): it refuses that with a disabled key and
#   without the right. For an end of the key, look at get_key(…).properties.expires_on. akv_key_info sends all requests
#   to Key Vault, and reads the end of the key as well.
# Python 3.10 to 3.13.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    azure-keyvault-keys==4.11.3 azure-core==1.41.0 cryptography==46.0.3 requests==2.34.2 urllib3==2.8.0
openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
    -keyout "$folder/key.pem" -out "$folder/certificate.pem" 2> "$folder/openssl.log"

cat > "$folder/run.py" << 'PYTHON'
import base64
import http.server
import importlib.metadata
import json
import ssl
import sys
import threading
import time

from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError
from azure.keyvault.keys import KeyClient
from azure.keyvault.keys.crypto import CryptographyClient, KeyWrapAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa

NOW = int(time.time())
MODULUS = rsa.generate_private_key(65537, 2048).public_key().public_numbers().n
REFUSED = {"error": {"code": "Forbidden", "message": "The operation is not allowed."}}
STATES = {
    "expired": ({"enabled": True, "exp": NOW - 86400}, {"wrapkey"}),
    "disabled": ({"enabled": False}, {"wrapkey", "unwrapkey"}),
    "no right to wrap": ({"enabled": True}, {"wrapkey", "unwrapkey"}),
}
asked = []


class KeyVault(http.server.BaseHTTPRequestHandler):
    """Shows the key in each state, and refuses what it does not do in that state."""

    protocol_version = "HTTP/1.1"
    attributes = {}
    refused = set()

    def answer(self, status, body, **headers):
        sent = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content_Type": "application/json", "Content_Length": len(sent), **headers}.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        self.wfile.write(sent)

    def handle_request(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        operation = self.path.partition("?")[0].rpartition("/")[2]
        if "Authorization" not in self.headers:
            wanted = f'Bearer authorization="https://login.example/tenant1", resource="{WHERE}"'
            self.answer(401, {}, WWW_Authenticate=wanted)
        elif self.command == "GET":
            asked.append("get")
            number = base64.urlsafe_b64encode(MODULUS.to_bytes(256, "big")).decode().rstrip("=")
            operations = ["encrypt", "decrypt", "wrapKey", "unwrapKey"]
            key = {"kid": f"{WHERE}/keys/key1/1", "kty": "RSA", "key_ops": operations, "n": number, "e": "AQAB"}
            self.answer(200, {"key": key, "attributes": {"recoveryLevel": "Recoverable", **self.attributes}})
        else:
            asked.append(operation)
            refused = operation in self.refused
            done = {"kid": f"{WHERE}/keys/key1/1", "value": "AAAA"}
            self.answer(403 if refused else 200, REFUSED if refused else done)

    do_GET = do_POST = handle_request

    def log_message(self, *args):
        pass


class Credential:
    """Knows a token that is none: Entra is not part of this."""

    def get_token(self, *scopes, **options):
        return AccessToken("not-a-token", NOW + 3600)


def attempt(operation, value):
    """What came of it, and what Key Vault was asked for it."""
    asked.clear()
    try:
        operation(KeyWrapAlgorithm.rsa_oaep_256, value)
    except HttpResponseError as error:
        return error.status_code, list(asked)
    except ValueError:
        return "ValueError", list(asked)
    return "done", list(asked)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), KeyVault)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
server.socket = context.wrap_socket(server.socket, server_side=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
WHERE = f"https://localhost:{server.server_address[1]}"
# It compares with names of Azure, which a server on this machine does not have.
options = {"connection_verify": sys.argv[1], "verify_challenge_resource": False}
print("azure-keyvault-keys", importlib.metadata.version("azure-keyvault-keys"))
seen = {}
for state, (KeyVault.attributes, KeyVault.refused) in STATES.items():
    by_id = CryptographyClient(f"{WHERE}/keys/key1", Credential(), **options)
    by_key = CryptographyClient(KeyClient(WHERE, Credential(), **options).get_key("key1"), Credential(), **options)
    seen[state] = [attempt(client.wrap_key, b"0" * 32) for client in (by_id, by_key)]
    seen[state].append(attempt(by_id.unwrap_key, b"0" * 256))
    for title, (outcome, requests) in zip(("by ID, wrap_key", "by key, wrap_key", "unwrap_key"), seen[state]):
        print(f"{state}, {title}: {outcome}. Key Vault was asked for: {', '.join(requests) or 'nothing'}")
unwrap = (403, ["unwrapkey"])
if seen != {
    "expired": [("done", ["get"]), ("ValueError", []), ("done", ["unwrapkey"])],
    "disabled": [("done", ["get"]), ("done", []), unwrap],
    "no right to wrap": [("done", ["get"]), ("done", []), unwrap],
}:
    sys.exit("Changed: Key Vault is asked to wrap, or the end of the key counts.")
PYTHON
"$folder/venv/bin/python" "$folder/run.py" "$folder/certificate.pem" "$folder/key.pem"
