#!/usr/bin/env bash
# Copyright (c) 2026, the ontap.akv authors
# SPDX-License-Identifier: GPL-3.0-or-later

# azure.azcollection 3.21.0 (ansible 14.5.0): azure_rm_keyvault leaves the last address in a firewall.
#
# What happens: the firewall of a key vault lets two addresses in. A task of azure_rm_keyvault with default_action: Deny
#   and ip_rules: [] is green, not changed, and sends nothing: both addresses are still let in. With ip_rules of the one
#   address that is to stay, the task is changed in every run, also when there is nothing left to do (checked here).
#   With default_action: Deny alone and another change in the same task, such as of a tag, it sends a firewall without
#   addresses, as if ip_rules: [] had been asked for.
# Expected: the addresses of ip_rules are those of the key vault, as the documentation has "The list of IP address
#   rules". Where ip_rules is not given, they stay.
# Source: plugins/modules/azure_rm_keyvault.py, exec_module(): it sets ip_rules of what it has read to an empty list,
#   and then goes through that empty list to fill it. So an empty list is never a difference, and any other one always
#   is. _build_vault_params() sends network_acls as the task has it.
# Who meets it: who tags a key vault: no cluster is let in any more, and the AKV configurations lose it with their next
#   poll. And who has moved ONTAP to a private endpoint, and removes the former addresses: the task is green, and they
#   are still there.
# What to do: "az keyvault network-rule remove", and read the list back with "az keyvault network-rule list". Give
#   ip_rules whole in each task with network_acls. docs/azure.md says so. akv_key_info shows whether the key vault
#   answers the host that it is run on.
# Python 3.11 to 3.13. The collection imports forty libraries of Azure that this module does not use: stand-ins without
#   code take their place here, to spare the download.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
export PATH="$folder/venv/bin:$PATH" LC_ALL=C.UTF-8
python -m pip install --quiet --disable-pip-version-check \
    ansible-core==2.19.14 azure-core==1.38.0 azure-identity==1.25.2 azure-cli-core==2.75.0 azure-common==1.1.28 \
    azure-mgmt-core==1.6.0 azure-mgmt-keyvault==14.0.1 azure-mgmt-resource==23.2.0
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
import copy
import http.server
import json
import os
import ssl
import subprocess
import sys
import threading

ENTRA, TENANT = "https://login.microsoftonline.com", os.environ["AZURE_TENANT"]
GROUP = f"/subscriptions/{os.environ['AZURE_SUBSCRIPTION_ID']}/resourceGroups/group1"
ONE, TWO = "192.0.2.1/32", "192.0.2.2/32"
KEY_VAULT = {
    "id": f"{GROUP}/providers/Microsoft.KeyVault/vaults/vault1",
    "name": "vault1",
    "type": "Microsoft.KeyVault/vaults",
    "location": "westeurope",
    "tags": {},
    "properties": {
        "tenantId": TENANT,
        "sku": {"family": "A", "name": "standard"},
        "accessPolicies": [],
        "enableRbacAuthorization": True,
        "enableSoftDelete": True,
        "enablePurgeProtection": True,
        "publicNetworkAccess": "Enabled",
        "provisioningState": "Succeeded",
        "vaultUri": "https://vault1.vault.azure.net/",
        "networkAcls": {
            "bypass": "AzureServices",
            "defaultAction": "Deny",
            "ipRules": [{"value": ONE}, {"value": TWO}],
            "virtualNetworkRules": [],
        },
    },
}


class Azure(http.server.BaseHTTPRequestHandler):
    """The proxy of this run, which is Entra and the resource manager itself. A PUT replaces the key vault."""

    protocol_version = "HTTP/1.1"
    key_vault = {}
    sent = 0

    def do_CONNECT(self):
        self.send_response(200)
        self.end_headers()
        self.connection = context.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
        self.close_connection = False

    def answer(self, body):
        text = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def handle_request(self):
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.partition("?")[0].rstrip("/")
        if self.headers["Host"].startswith("login."):
            self.answer(self.entra(path))
        elif path.lower().endswith("/resourcegroups/group1"):
            self.answer({"id": GROUP, "name": "group1", "location": "westeurope"})
        else:
            if self.command == "PUT":
                Azure.sent += 1
                Azure.key_vault = {**copy.deepcopy(KEY_VAULT), **json.loads(sent)}
            self.answer(Azure.key_vault)

    do_GET = do_POST = do_PUT = handle_request

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
    Azure.sent = 0
    options = {"resource_group": "group1", "vault_name": "vault1", "vault_tenant": TENANT, **options}
    options = {"sku": {"family": "A", "name": "standard"}, "enable_purge_protection": True, **options}
    command = ["ansible", "localhost", "-m", "azure.azcollection.azure_rm_keyvault", "-a", json.dumps(options)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"The task fails: {done.stdout}{done.stderr}")
    changed = json.loads(done.stdout.partition("=>")[2])["changed"]
    rules = Azure.key_vault["properties"]["networkAcls"].get("ipRules") or []
    addresses = [rule["value"] for rule in rules]
    print(f"{title}: changed {changed}, requests to change {Azure.sent}. Addresses afterwards: {addresses}")
    return changed, Azure.sent, addresses


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Azure)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
threading.Thread(target=server.serve_forever, daemon=True).start()
os.environ["HTTPS_PROXY"] = f"http://127.0.0.1:{server.server_address[1]}"
deny = {"default_action": "Deny"}
Azure.key_vault = copy.deepcopy(KEY_VAULT)
seen = [play("ip_rules []", network_acls={**deny, "ip_rules": []})]
seen += [play(f"ip_rules [{ONE}]", network_acls={**deny, "ip_rules": [{"value": ONE}]}) for _run in range(2)]
seen.append(play("default_action", network_acls=deny))
seen.append(play("default_action and a tag", network_acls=deny, tags={"owner": "storage"}))
if seen != [(False, 0, [ONE, TWO]), (True, 1, [ONE]), (True, 1, [ONE]), (False, 0, [ONE]), (True, 1, [])]:
    sys.exit("Changed: an empty list of addresses is sent, or one that is there already is not, or addresses are kept.")
PYTHON
grep -m1 '"version"' "$folder/ansible_collections/azure/azcollection/MANIFEST.json"
python "$folder/run.py" "$folder/certificate.pem" "$folder/key.pem"
