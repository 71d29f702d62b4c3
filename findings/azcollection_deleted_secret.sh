#!/usr/bin/env bash
# Copyright (c) 2026, the ontap.akv authors
# SPDX-License-Identifier: GPL-3.0-or-later

# azure.azcollection 3.21.0 (ansible 14.5.0): the value of a deleted secret is shown as a version ID.
#
# What happens: azure_rm_keyvaultsecret_info with name and show_deleted_secret: true returns the deleted secret. Its
#   field "secret" is the ID of its version, 32 characters that look like a secret. "version" is null. Key Vault has
#   sent no value.
# Expected: "secret" is the value, as the documentation says, or null where there is none, since Key Vault does not show
#   the value of a deleted secret. "version" is the version.
# Source: plugins/modules/azure_rm_keyvaultsecret_info.py, deleted_bundle_to_dict(): secret=bundle.version and
#   version=bundle.key_id. The list of all deleted secrets is right about the version, and has no field "secret" (read
#   in the source, not checked here).
# Who meets it: who has ONTAP's client secret in a key vault, and a playbook that falls back on the deleted entry when
#   somebody has removed it. What goes to ONTAP takes the place of the secret in use, and the next login of the AKV
#   configuration is refused.
# What to do: recover the secret ("az keyvault secret recover"), then read its value. docs/azure.md says so.
#   akv_key_info proves a credential before ONTAP gets it.
# Python 3.11 to 3.13. The collection imports forty libraries of Azure that this module does not use: stand-ins without
#   code take their place here, to spare the download.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
export PATH="$folder/venv/bin:$PATH" LC_ALL=C.UTF-8
python -m pip install --quiet --disable-pip-version-check \
    ansible-core==2.19.14 azure-core==1.38.0 azure-identity==1.25.2 azure-cli-core==2.75.0 azure-common==1.1.28 \
    azure-keyvault-secrets==4.12.0
python -m pip download --quiet --disable-pip-version-check --no-deps --python-version 3.12 --only-binary=:all: \
    --dest "$folder/wheel" ansible==14.5.0
python - "$folder"/wheel/*.whl "$folder" << 'PYTHON'
import sys
import zipfile

# One collection of the hundred in the package.
with zipfile.ZipFile(sys.argv[1]) as wheel:
    names = [n for n in wheel.namelist() if n.startswith("ansible_collections/azure/azcollection/")]
    wheel.extractall(sys.argv[2], names)
PYTHON
openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost \
    -addext subjectAltName=DNS:vault1.vault.azure.net,DNS:login.microsoftonline.com \
    -keyout "$folder/key.pem" -out "$folder/certificate.pem" 2> "$folder/openssl.log"
export HOME="$folder" ANSIBLE_COLLECTIONS_PATH="$folder" REQUESTS_CA_BUNDLE="$folder/certificate.pem"
export ANSIBLE_LOCALHOST_WARNING=false ANSIBLE_INVENTORY_UNPARSED_WARNING=false
export ANSIBLE_REMOTE_TMP="$folder/tasks" PYTHONPATH="$folder/stand_ins"
export ANSIBLE_AZURE_AUTH_SOURCE=env AZURE_SECRET=not~a~secret AZURE_TENANT=9b1d2c3e-0000-0000-0000-000000000001
export AZURE_CLIENT_ID=4b0c7f6e-0000-0000-0000-000000000001 AZURE_SUBSCRIPTION_ID=1b1d2c3e-0000-0000-0000-000000000001

mkdir "$folder/stand_ins"
cat > "$folder/stand_ins/sitecustomize.py" << 'PYTHON'
import importlib.machinery
import sys
import types


class StandIn(types.ModuleType):
    """Has a class of every name that is imported from it."""

    __path__ = ()

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


class Finder:
    def find_spec(self, name, path=None, target=None):
        if name.startswith(("azure.mgmt", "azure.storage", "kiota_authentication_azure", "msgraph")):
            return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        return StandIn(spec.name)

    def exec_module(self, module):
        pass


sys.meta_path.append(Finder())
PYTHON

cat > "$folder/run.py" << 'PYTHON'
import http.server
import json
import os
import ssl
import subprocess
import sys
import threading

VAULT, ENTRA = "https://vault1.vault.azure.net", "https://login.microsoftonline.com"
VERSION = "c7f1a52e00000000000000000000abcd"
DELETED = {
    "recoveryId": f"{VAULT}/deletedsecrets/ontap",
    "deletedDate": 1790000000,
    "scheduledPurgeDate": 1797776000,
    "id": f"{VAULT}/secrets/ontap/{VERSION}",
    "contentType": "text/plain",
    "attributes": {"enabled": True, "created": 1780000000, "updated": 1780000000, "recoveryLevel": "Recoverable"},
}


class Azure(http.server.BaseHTTPRequestHandler):
    """The proxy of this run, which is Entra and the key vault itself: nothing leaves this machine."""

    protocol_version = "HTTP/1.1"

    def do_CONNECT(self):
        self.send_response(200)
        self.end_headers()
        self.connection = context.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
        self.close_connection = False

    def answer(self, status, body, **headers):
        text = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content_Type": "application/json", "Content_Length": len(text), **headers}.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        self.wfile.write(text)

    def handle_request(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.partition("?")[0].rstrip("/")
        if self.headers["Host"].startswith("login."):
            self.answer(200, self.entra(path))
        elif "Authorization" not in self.headers:
            wanted = f'Bearer authorization="{ENTRA}/{os.environ["AZURE_TENANT"]}", resource="https://vault.azure.net"'
            self.answer(401, {}, WWW_Authenticate=wanted)
        else:
            self.answer(200, DELETED)

    do_GET = do_POST = handle_request

    def entra(self, path):
        if path.endswith("/token"):
            return {"token_type": "Bearer", "expires_in": 3599, "access_token": "not-a-token"}
        if "/discovery/" in path:
            return {"tenant_discovery_endpoint": f"{ENTRA}/t/v2.0/.well-known/openid-configuration", "metadata": []}
        endpoints = {name: f"{ENTRA}/t/oauth2/v2.0/{name}" for name in ("authorize", "token")}
        endpoints = {"authorization_endpoint": endpoints["authorize"], "token_endpoint": endpoints["token"]}
        return {"issuer": f"{ENTRA}/t/v2.0", **endpoints}

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Azure)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
threading.Thread(target=server.serve_forever, daemon=True).start()
os.environ["HTTPS_PROXY"] = f"http://127.0.0.1:{server.server_address[1]}"
task = json.dumps({"vault_uri": VAULT, "name": "ontap", "show_deleted_secret": True})
command = ["ansible", "localhost", "-m", "azure.azcollection.azure_rm_keyvaultsecret_info", "-a", task]
done = subprocess.run(command, capture_output=True, text=True)
if done.returncode != 0:
    sys.exit(f"The task fails: {done.stdout}{done.stderr}")
secret = json.loads(done.stdout.partition("=>")[2])["secrets"][0]
shown = {name: secret[name] for name in ("sid", "version", "secret")}
print(f"Key Vault sends: {sorted(DELETED)}, id {DELETED['id']}")
print(f"The task returns: {shown}")
if shown != {"sid": DELETED["id"], "version": None, "secret": VERSION}:
    sys.exit("Changed: the version is no longer returned as the value.")
PYTHON
grep -m1 '"version"' "$folder/ansible_collections/azure/azcollection/MANIFEST.json"
python "$folder/run.py" "$folder/certificate.pem" "$folder/key.pem"
