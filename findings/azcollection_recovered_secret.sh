#!/usr/bin/env bash
# Copyright (c) 2026, the ontap.akv authors
# SPDX-License-Identifier: GPL-3.0-or-later

# azure.azcollection 3.12.0 (ansible 12.3.0): azure_rm_keyvaultsecret recovers the old value instead of the new one.
#
# What happens: azure_rm_keyvaultsecret gets secret_value and recover_if_need: true, and Key Vault has a deleted secret
#   of that name. The module recovers it, with the value that it had. The new value is not sent. The task is green and
#   changed. With purge_if_need: true it purges the deleted secret and sends nothing more: green, changed, and there is
#   no secret at all.
# Expected: state: present creates or updates the secret, as the documentation says, and so leaves the value that was
#   given. It describes the two options as the recovery and the removal of deleted secrets, and does not say that
#   secret_value is ignored with them.
# Source: plugins/modules/azure_rm_keyvaultsecret.py, exec_module(): recover, purge and create are branches of one
#   "if", so that one run does one of them.
# Who meets it: who hands ONTAP's client secret or certificate on in Key Vault. After somebody has deleted the entry,
#   the night's rotation puts the former secret back: it is read from there, sent to ONTAP, and works until the former
#   one is removed in Entra.
# What to do: run the task a second time, which creates the new version (checked here), and read the value back. This
#   collection takes credentials from wherever a lookup gets them, and does not write to Key Vault; docs/azure.md
#   says so.
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
NEW, OLD = "not~a~secret~new", "not~a~secret~old"
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
        folder = path.split("/")[1]
        store = getattr(self.server, folder)
        if "secret1" not in store and self.command != "PUT":
            return 404, {"error": {"code": "SecretNotFound", "message": "A secret with that name was not found."}}
        if path.endswith("/recover"):
            self.server.secrets.update(store)
        if path.endswith("/recover") or self.command == "DELETE":
            store.clear()
        elif self.command == "PUT":
            store["secret1"] = json.loads(body)["value"]
        secret = {"id": f"{VAULT}/secrets/secret1/1", "value": store.get("secret1"), "attributes": {"enabled": True}}
        return (204, None) if self.command == "DELETE" else (200, secret)


    def log_message(self, *args):
        pass


def play(**options):
    sent.clear()
    task = json.dumps({"keyvault_uri": VAULT, **options})
    command = ["ansible", "localhost", "-m", "azure.azcollection.azure_rm_keyvaultsecret", "-a", task]
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
seen = []
for option, runs in (("recover_if_need", 2), ("purge_if_need", 1)):
    server.secrets, server.deletedsecrets = {}, {"secret1": OLD}
    for _run in range(runs):
        changed, status, _requests = play(secret_name="secret1", secret_value=NEW, **{option: True})
        seen.append((changed, status, server.secrets.get("secret1")))
        print(f"    The vault has: {seen[-1][2]}")
if seen != [(True, "Recover", OLD), (True, "Created", NEW), (True, "Purged", None)]:
    sys.exit("Changed: the new value is no longer lost.")
PYTHON
grep -m1 '"version"' "$folder/ansible_collections/azure/azcollection/MANIFEST.json"
python "$folder/run.py" "$folder/certificate.pem" "$folder/key.pem"
