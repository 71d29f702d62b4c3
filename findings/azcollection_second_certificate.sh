#!/usr/bin/env bash
# Copyright (c) 2026, the ontap.akv authors
# SPDX-License-Identifier: GPL-3.0-or-later

# azure.azcollection 3.21.0 (ansible 14.5.0): azure_rm_adapplication does not add a certificate, or removes the others.
#
# What happens: an application logs in with a certificate that ends soon. A task with its app_id and the next
#   certificate as key_value is green, not changed, and sends nothing. With another change in the same task, such as of
#   notes, it sends the new certificate as the whole list of certificates: the one in use is removed.
# Expected: the application has both, as with "az ad app credential reset --append". The documentation says of
#   key_value no more than that it is the value of the key credentials.
# Source: plugins/modules/azure_rm_adapplication.py: check_update() compares options with keys of the same name in what
#   it has read, and key_value is not among those; update_resource() sends keyCredentials with one entry. Microsoft
#   Graph replaces a collection by the one that is sent (PATCH of an application), as the server here does.
# Who meets it: who gives ONTAP's application the next certificate before a rotation. The task is green, and ONTAP
#   refuses the certificate at its next poll. Or it works, and all clusters that still use the former certificate are
#   refused at once: volumes go offline 60 minutes later.
# What to do: "az ad app credential reset --append --cert", or send both certificates. Then look at them:
#   entra_app_info shows the credentials of an application with their ends. docs/azure.md says so.
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
openssl req -x509 -newkey rsa:2048 -nodes -days 365 -subj /CN=ontap-akv-2 \
    -keyout "$folder/next-key.pem" -out "$folder/next.pem" 2> "$folder/openssl.log"
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
import pathlib
import ssl
import subprocess
import sys
import threading

ENTRA, APP_ID = "https://login.microsoftonline.com", "4b0c7f6e-0000-0000-0000-000000000002"
sent = []
application = {
    "id": "7d1f3a52-0000-0000-0000-000000000001",
    "appId": APP_ID,
    "displayName": "ontap",
    "notes": "ONTAP",
    "appRoles": [],
    "web": {"implicitGrantSettings": {}},
    "spa": {},
    "publicClient": {},
    "passwordCredentials": [],
    "keyCredentials": [{"displayName": "in use", "type": "AsymmetricX509Cert", "usage": "Verify"}],
}


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
        text = b"" if body is None else json.dumps(body).encode()
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
        elif self.command == "GET":
            self.answer(200, {"value": [application]})
        else:
            sent.append((self.command, json.loads(body)))
            application.update(sent[-1][1])
            self.answer(204, None)

    do_GET = do_POST = do_PATCH = handle_request

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


def play(title, **options):
    sent.clear()
    task = json.dumps({"app_id": APP_ID, "display_name": "ontap", "key_display_name": "next", **options})
    command = ["ansible", "localhost", "-m", "azure.azcollection.azure_rm_adapplication", "-a", task]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"Changed: the task fails: {done.stdout}{done.stderr}")
    changed = json.loads(done.stdout.partition("=>")[2])["changed"]
    certificates = [entry["displayName"] for entry in application["keyCredentials"]]
    print(f"{title}: changed {changed}, sent {[name for name, _body in sent]}. Certificates: {certificates}")
    return changed, [name for name, _body in sent], certificates


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Azure)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
threading.Thread(target=server.serve_forever, daemon=True).start()
os.environ["HTTPS_PROXY"] = f"http://127.0.0.1:{server.server_address[1]}"
certificate = pathlib.Path(sys.argv[3]).read_text(encoding="utf-8")
alone = play("The next certificate", key_value=certificate)
together = play("The next certificate, and other notes", key_value=certificate, notes="ONTAP, two certificates")
if alone != (False, [], ["in use"]) or together != (True, ["PATCH"], ["next"]):
    sys.exit("Changed: the next certificate is no longer lost, or no longer takes the place of the one in use.")
PYTHON
grep -m1 '"version"' "$folder/ansible_collections/azure/azcollection/MANIFEST.json"
python "$folder/run.py" "$folder/certificate.pem" "$folder/key.pem" "$folder/next.pem"
