#!/usr/bin/env bash
# Copyright (c) 2026, the ontap.akv authors
# SPDX-License-Identifier: GPL-3.0-or-later

# azure.azcollection 3.21.0 (ansible 14.5.0): azure_rm_adapplication makes another application in each run.
#
# What happens: a task of azure_rm_adapplication with display_name, as most examples of its documentation are, makes an
#   application. The same task once more does not look for it: it makes another one of the same name, with another ID,
#   and with request_password another secret. Both runs are green and changed. With state: absent the same task is
#   green, not changed, and sends nothing: both applications stay.
# Expected: state: present creates the application of the required display_name once, and state: absent deletes it. Or
#   an error says that app_id is needed. The documentation calls app_id the application ID, without more words.
# Source: plugins/modules/azure_rm_adapplication.py, get_resource(): it asks Microsoft Graph by app_id alone, and takes
#   no app_id for "there is none".
# Who meets it: who makes ONTAP's application with a playbook that is run again. The second application has no role on
#   the key, and its secret is the one that the playbook goes on with. And who removes the application of a retired
#   cluster by its name: it keeps its secret and its role on the key, and the task is green.
# What to do: look for the name with azure_rm_adapplication_info and give its app_id, or use "az ad app create", which
#   updates an application of that name. docs/azure.md says so. entra_app_info shows the application of an ID.
# Python 3.11 to 3.13. The collection imports forty libraries of Azure that this module does not use: stand-ins without
#   code take their place here, to spare the download.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
export PATH="$folder/venv/bin:$PATH" LC_ALL=C.UTF-8
python -m pip install --quiet --disable-pip-version-check \
    ansible-core==2.19.14 azure-core==1.38.0 azure-identity==1.25.2 azure-cli-core==2.75.0 \
    msgraph-sdk==1.6.0 msgraph-core==1.5.2 microsoft-kiota-abstractions==1.16.0 \
    microsoft-kiota-authentication-azure==1.16.0 microsoft-kiota-http==1.16.0 \
    microsoft-kiota-serialization-json==1.16.0 httpx==0.28.1 python-dateutil==2.9.0.post0
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
    -addext subjectAltName=DNS:graph.microsoft.com,DNS:login.microsoftonline.com \
    -keyout "$folder/key.pem" -out "$folder/certificate.pem" 2> "$folder/openssl.log"
export HOME="$folder" ANSIBLE_COLLECTIONS_PATH="$folder"
export REQUESTS_CA_BUNDLE="$folder/certificate.pem" SSL_CERT_FILE="$folder/certificate.pem"
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
        if name.startswith(("azure.mgmt", "azure.storage")):
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

ENTRA = "https://login.microsoftonline.com"
sent = []
applications = []


class Azure(http.server.BaseHTTPRequestHandler):
    """The proxy of this run, which is Entra and Microsoft Graph itself: nothing leaves this machine."""

    protocol_version = "HTTP/1.1"

    def do_CONNECT(self):
        self.send_response(200)
        self.end_headers()
        self.connection = context.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
        self.close_connection = False

    def answer(self, status, body):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def handle_request(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.partition("?")[0].rstrip("/")
        if self.headers["Host"].startswith("login."):
            self.answer(200, self.entra(path))
            return
        sent.append(f"{self.command} {path.rpartition('/')[2]}")
        if self.command == "POST":
            self.create(json.loads(body)["displayName"])
        else:
            self.answer(200, {"value": applications})

    do_GET = do_POST = do_DELETE = handle_request

    def create(self, name):
        number = len(applications) + 1
        identifiers = {key: f"4b0c7f6e-0000-0000-0000-00000000000{number}" for key in ("id", "appId")}
        parts = {"appRoles": [], "web": {"implicitGrantSettings": {}}, "spa": {}, "publicClient": {}}
        secret = {"keyId": identifiers["id"], "secretText": f"not~a~secret~{number}"}
        applications.append({**identifiers, "displayName": name, **parts, "keyCredentials": []})
        self.answer(201, {**applications[-1], "passwordCredentials": [secret]})

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


def play(**options):
    sent.clear()
    task = {"display_name": "ontap", **options}
    command = ["ansible", "localhost", "-m", "azure.azcollection.azure_rm_adapplication", "-a", json.dumps(task)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"Changed: the task fails: {done.stdout}{done.stderr}")
    result = json.loads(done.stdout.partition("=>")[2])
    print(f"{task}: changed {result['changed']}, sent {sent}, app_id {result.get('app_id')}.", end=" ")
    print(f"Applications: {[application['displayName'] for application in applications]}")
    return result["changed"], list(sent), len(applications)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Azure)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
threading.Thread(target=server.serve_forever, daemon=True).start()
os.environ["HTTPS_PROXY"] = f"http://127.0.0.1:{server.server_address[1]}"
seen = [play(request_password=True), play(request_password=True), play(state="absent")]
created = ["POST applications"]
if seen != [(True, created, 1), (True, created, 2), (False, [], 2)]:
    sys.exit("Changed: the application is looked for by its name, or the task fails without app_id.")
PYTHON
grep -m1 '"version"' "$folder/ansible_collections/azure/azcollection/MANIFEST.json"
python "$folder/run.py" "$folder/certificate.pem" "$folder/key.pem"
