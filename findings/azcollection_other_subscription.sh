#!/usr/bin/env bash
# Copyright (c) 2026, the ontap.akv authors
# SPDX-License-Identifier: GPL-3.0-or-later

# azure.azcollection 3.21.0 (ansible 14.5.0): a role in another subscription counts as absent.
#
# What happens: an application has a role on two keys, one in the subscription of the login, one in another subscription
#   for which the login has all rights. azure_rm_roleassignment with state: absent, the application, the role and the
#   scope removes the first one. For the second one it is green, not changed, and has only read the role assignments of
#   the subscription of the login. With state: present it tries to create the second one, which exists, and fails.
# Expected: the subscription is that of scope. The documentation calls it the scope of the role assignment, and each of
#   its examples begins with the ID of the subscription.
# Source: plugins/modules/azure_rm_roleassignment.py, get_roleassignment(): role_assignments.list() asks for those of
#   the subscription of the login, and what has another scope is not in them. The same holds for a scope that is a
#   management group (read in the source, not checked here).
# Who meets it: who has key vaults in a subscription of their own, as the landing zones of Azure suggest, and a login
#   that begins in another one. The former application of ONTAP keeps the key, and the report of the change is green.
# What to do: subscription_id in the task, with the subscription of the scope (checked here). Then look at "az role
#   assignment list --scope". docs/azure.md says so. The modules of this collection change nothing in Azure.
# Python 3.11 to 3.13. The collection imports forty libraries of Azure that this module does not use: stand-ins without
#   code take their place here, to spare the download.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
export PATH="$folder/venv/bin:$PATH" LC_ALL=C.UTF-8
python -m pip install --quiet --disable-pip-version-check \
    ansible-core==2.19.14 azure-core==1.38.0 azure-identity==1.25.2 azure-cli-core==2.75.0 azure-common==1.1.28 \
    azure-mgmt-authorization==4.0.0
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
    -addext subjectAltName=DNS:management.azure.com,DNS:login.microsoftonline.com \
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

ENTRA = "https://login.microsoftonline.com"
OWN, OTHER = os.environ["AZURE_SUBSCRIPTION_ID"], "2b1d2c3e-0000-0000-0000-000000000002"
KEY = "resourceGroups/group1/providers/Microsoft.KeyVault/vaults/vault1/keys/key1"
ROLE = "12338af0-0e69-4776-bea7-57ae8d297424"
PRINCIPAL = "7d1f3a52-0000-0000-0000-000000000001"
ASSIGNMENTS = "providers/Microsoft.Authorization/roleAssignments"
assigned = {}
asked = []


class Azure(http.server.BaseHTTPRequestHandler):
    """The proxy of this run, which is Entra and the resource manager itself."""

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
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.partition("?")[0].rstrip("/")
        if self.headers["Host"].startswith("login."):
            self.answer(200, self.entra(path))
        else:
            scope = path.partition(f"/{ASSIGNMENTS}")[0]
            asked.append(f"{self.command} {'own' if OWN in scope else 'other'}")
            self.role_assignments(scope, path)

    do_GET = do_POST = do_PUT = do_DELETE = handle_request

    def role_assignments(self, scope, path):
        if self.command == "GET":
            self.answer(200, {"value": [record for name, record in assigned.items() if name.startswith(scope)]})
        elif self.command == "DELETE":
            self.answer(200, assigned.pop(path))
        elif any(record["properties"]["scope"] == scope for record in assigned.values()):
            self.answer(409, {"error": {"code": "RoleAssignmentExists", "message": "The assignment already exists."}})

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


def definition(subscription):
    return f"/subscriptions/{subscription}/providers/Microsoft.Authorization/roleDefinitions/{ROLE}"


def play(title, subscription, **options):
    asked.clear()
    scope = f"/subscriptions/{subscription}/{KEY}"
    options.update(scope=scope, assignee_object_id=PRINCIPAL, role_definition_id=definition(subscription))
    command = ["ansible", "localhost", "-m", "azure.azcollection.azure_rm_roleassignment", "-a", json.dumps(options)]
    done = subprocess.run(command, capture_output=True, text=True)
    result = json.loads(done.stdout.partition("=>")[2])
    outcome = "failed" if done.returncode else "changed" if result["changed"] else "not changed"
    there = any(record["properties"]["scope"] == scope for record in assigned.values())
    print(f"{title}: {outcome}. Asked: {', '.join(asked)}. The role is {'there' if there else 'gone'}")
    return outcome, list(asked), there


for place in (OWN, OTHER):
    name = f"/subscriptions/{place}/{KEY}/{ASSIGNMENTS}/5f0c1f6b-0000-0000-0000-000000000001"
    properties = {"scope": f"/subscriptions/{place}/{KEY}", "principalId": PRINCIPAL}
    properties["roleDefinitionId"] = definition(place)
    assigned[name] = {"id": name, "name": name.rpartition("/")[2], "type": ASSIGNMENTS, "properties": properties}
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Azure)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
threading.Thread(target=server.serve_forever, daemon=True).start()
os.environ["HTTPS_PROXY"] = f"http://127.0.0.1:{server.server_address[1]}"
seen = [
    play("own subscription, state absent", OWN, state="absent"),
    play("other subscription, state absent", OTHER, state="absent"),
    play("other subscription, state present", OTHER, state="present"),
    play("other subscription with subscription_id, state absent", OTHER, state="absent", subscription_id=OTHER),
]
if seen != [
    ("changed", ["GET own", "DELETE own"], False),
    ("not changed", ["GET own"], True),
    ("failed", ["GET own", "PUT other"], True),
    ("changed", ["GET other", "DELETE other"], False),
]:
    sys.exit("Changed: the role assignments of the scope are read, also where it is in another subscription.")
PYTHON
grep -m1 '"version"' "$folder/ansible_collections/azure/azcollection/MANIFEST.json"
python "$folder/run.py" "$folder/certificate.pem" "$folder/key.pem"
