#!/usr/bin/env bash
# Copyright (c) 2026, the ontap.akv authors
# SPDX-License-Identifier: GPL-3.0-or-later

# azure.azcollection 3.21.0 (ansible 14.5.0): what a login may not read counts as absent, and its deletion is green.
#
# What happens: a login may read neither certificates of the key vault nor role assignments, and Azure answers 403.
#   azure_rm_keyvaultcertificate with state: delete, purge or recover and azure_rm_roleassignment with state: absent are
#   green, not changed, and have sent nothing but that reading. Certificate and role assignment are as they were.
# Expected: the task fails with Azure's answer, as azure_rm_keyvaultkey and azure_rm_keyvaultsecret do.
# Source: get_certificate() and get_deleted_certificate() of plugins/modules/azure_rm_keyvaultcertificate.py, and
#   get_roleassignment() of azure_rm_roleassignment.py, log each exception, and return nothing. (So does each of them
#   with 429 and 503. state: generate then makes a new certificate: read in the source, not checked here.)
# Who meets it: who takes the key from a former application of ONTAP, or recovers a certificate that was deleted, with a
#   login of which the permissions have not arrived yet or are missing. The report of the change is green. The former
#   application still has the key, and the certificate is gone for good when its retention is over.
# What to do: read the state afterwards with a tool that shows a refusal, such as "az role assignment list --scope", or
#   check that the task is changed. docs/azure.md says so. akv_key_info returns a refusal as such.
# Python 3.11 to 3.13. The collection imports forty libraries of Azure that these modules do not use: stand-ins without
#   code take their place here, to spare the download.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
export PATH="$folder/venv/bin:$PATH" LC_ALL=C.UTF-8
python -m pip install --quiet --disable-pip-version-check \
    ansible-core==2.19.14 azure-core==1.38.0 azure-identity==1.25.2 azure-cli-core==2.75.0 azure-common==1.1.28 \
    azure-keyvault-certificates==4.12.0 azure-mgmt-authorization==4.0.0
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
    -addext subjectAltName=DNS:vault1.vault.azure.net,DNS:management.azure.com,DNS:login.microsoftonline.com \
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
SUBSCRIPTION = f"/subscriptions/{os.environ['AZURE_SUBSCRIPTION_ID']}"
REFUSED = {"error": {"code": "Forbidden", "message": "Caller is not authorized to perform action on resource."}}
answers = []


class Azure(http.server.BaseHTTPRequestHandler):
    """The proxy of this run, which is Entra, a key vault and the resource manager itself, and refuses everything."""

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
            answers.append(f"{self.command} 403")
            self.answer(403, REFUSED)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = handle_request

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


def play(module, **options):
    answers.clear()
    command = ["ansible", "localhost", "-m", f"azure.azcollection.{module}", "-a", json.dumps(options)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"Changed: the task fails: {done.stdout}{done.stderr}")
    changed = json.loads(done.stdout.partition("=>")[2])["changed"]
    print(f"{module}, state {options['state']}: changed {changed}. Azure answered {', '.join(answers)}")
    return not changed and set(answers) == {"GET 403"}


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Azure)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
threading.Thread(target=server.serve_forever, daemon=True).start()
os.environ["HTTPS_PROXY"] = f"http://127.0.0.1:{server.server_address[1]}"
certificate = {"vault_uri": VAULT, "name": "ontap"}
seen = [play("azure_rm_keyvaultcertificate", state=state, **certificate) for state in ("delete", "purge", "recover")]
assignment = {
    "scope": f"{SUBSCRIPTION}/resourceGroups/group1/providers/Microsoft.KeyVault/vaults/vault1",
    "assignee_object_id": "7d1f3a52-0000-0000-0000-000000000001",
    "role_definition_id": f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/crypto-user",
}
seen.append(play("azure_rm_roleassignment", state="absent", **assignment))
if not all(seen):
    sys.exit("Changed: a task is changed, or something other than a refused reading was sent.")
PYTHON
grep -m1 '"version"' "$folder/ansible_collections/azure/azcollection/MANIFEST.json"
python "$folder/run.py" "$folder/certificate.pem" "$folder/key.pem"
