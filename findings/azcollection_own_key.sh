#!/usr/bin/env bash
# Copyright (c) 2026, the ontap.akv authors
# SPDX-License-Identifier: GPL-3.0-or-later

# azure.azcollection 3.12.0 (ansible 12.3.0): azure_rm_keyvaultkey ignores pem_file, and has Azure make another key.
#
# What happens: azure_rm_keyvaultkey with pem_file, the file of a key of one's own, asks Key Vault to create a key. The
#   file is not read. The task is green and changed, the key has the name that was asked for, and is another key. The
#   same holds for byok_file. For a key that exists, key_attributes are ignored in the same way: with enabled: false
#   the task is green, not changed, and the key stays enabled.
# Expected: the documentation has pem_file, pem_password and byok_file among the options of the key, without more
#   words, as the import of a key has them in Azure's command line. The key in the vault is that of the file.
# Source: plugins/modules/azure_rm_keyvaultkey.py: create_key() calls KeyClient.create_key(); neither file is read, and
#   import_key() is not called. exec_module() does nothing where the key exists.
# Who meets it: who brings the key for ONTAP from an HSM or an escrow, to be able to restore it in another vault. ONTAP
#   encrypts with a key that is nowhere else, and the one in escrow opens nothing: seen when the vault is lost. And who
#   disables a key, or gives it an end, by this module, and believes it.
# What to do: import the key with "az keyvault key import" or KeyClient.import_key(), and compare the modulus with that
#   of the file before ONTAP gets the key. Change attributes with "az keyvault key set-attributes". akv_key_info shows
#   whether a key is enabled and when it ends; docs/azure.md says so.
# Python 3.11 to 3.13. The collection imports forty libraries of Azure that this module does not use: stand-ins without
#   code take their place here, to spare the download.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
export PATH="$folder/venv/bin:$PATH" LC_ALL=C.UTF-8
python -m pip install --quiet --disable-pip-version-check \
    ansible-core==2.19.14 azure-core==1.31.0 azure-identity==1.19.0 azure-cli-core==2.75.0 \
    azure-keyvault-keys==4.9.0 azure-keyvault-secrets==4.8.0 python-dateutil==2.9.0.post0
python -m pip download --quiet --disable-pip-version-check --no-deps --dest "$folder/wheel" ansible==12.3.0
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
openssl genrsa -out "$folder/own.pem" 2048 2>> "$folder/openssl.log"
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
KEY = {"key": {"kid": f"{VAULT}/keys/key1/1", "kty": "RSA"}, "attributes": {"enabled": True}}
sent = []


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
        text = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content_Type": "application/json", "Content_Length": len(text), **headers}.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        self.wfile.write(text)

    def handle_request(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.partition("?")[0].rstrip("/")
        if self.headers["Host"].startswith("login."):
            self.answer(200, self.entra(path))
        elif "Authorization" not in self.headers:
            wanted = f'Bearer authorization="{ENTRA}/{os.environ["AZURE_TENANT"]}", resource="https://vault.azure.net"'
            self.answer(401, {}, WWW_Authenticate=wanted)
        else:
            sent.append(f"{self.command} {path}" + (f" {body.decode()}" if body else ""))
            self.answer(*self.key_vault(path, body))

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = handle_request

    def entra(self, path):
        if path.endswith("/token"):
            return {"token_type": "Bearer", "expires_in": 3599, "access_token": "not-a-token"}
        if "/discovery/" in path:
            return {"tenant_discovery_endpoint": f"{ENTRA}/t/v2.0/.well-known/openid-configuration", "metadata": []}
        endpoints = {name: f"{ENTRA}/t/oauth2/v2.0/{name}" for name in ("authorize", "token")}
        endpoints = {"authorization_endpoint": endpoints["authorize"], "token_endpoint": endpoints["token"]}
        return {"issuer": f"{ENTRA}/t/v2.0", **endpoints}

    def key_vault(self, path, body):
        if self.command == "GET" and not self.server.keys:
            return 404, {"error": {"code": "KeyNotFound", "message": "A key with that name was not found."}}
        self.server.keys.add("key1")
        return 200, KEY


    def log_message(self, *args):
        pass


def play(**options):
    sent.clear()
    task = json.dumps({"keyvault_uri": VAULT, **options})
    command = ["ansible", "localhost", "-m", "azure.azcollection.azure_rm_keyvaultkey", "-a", task]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"Changed: the task fails: {done.stdout}{done.stderr}")
    result = json.loads(done.stdout.partition("=>")[2])
    print(f"{options}: changed {result['changed']}, {result['state'].get('status')}")
    print(*(f"    {request}" for request in sent), sep="\n")
    return result["changed"], result["state"].get("status"), list(sent)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Azure)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
threading.Thread(target=server.serve_forever, daemon=True).start()
os.environ["HTTPS_PROXY"] = f"http://127.0.0.1:{server.server_address[1]}"
create = 'POST /keys/key1/create {"kty": "RSA", "attributes": {"enabled": true}}'
seen, wanted = [], []
for option in ("pem_file", "byok_file"):
    server.keys = set()
    seen.append(play(key_name="key1", **{option: sys.argv[3]}))
    wanted.append((True, "Created", ["GET /keys/key1", create]))
seen.append(play(key_name="key1", key_attributes={"enabled": False}))
wanted.append((False, None, ["GET /keys/key1"]))
if seen != wanted:
    sys.exit("Changed: the files or the attributes are no longer ignored.")
PYTHON
grep -m1 '"version"' "$folder/ansible_collections/azure/azcollection/MANIFEST.json"
python "$folder/run.py" "$folder/certificate.pem" "$folder/key.pem" "$folder/own.pem"
