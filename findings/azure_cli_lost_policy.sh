#!/usr/bin/env bash
# Copyright (c) 2026, the ontap.akv authors
# SPDX-License-Identifier: GPL-3.0-or-later

# azure-cli 2.91.0: of two "az keyvault set-policy" at the same time, one is lost, and both say that it is there.
#
# What happens: two commands at the same time give an application each the right to use the keys of a key vault. Both
#   exit with 0, and print the key vault with their policy in it. Afterwards the key vault has one of the two policies.
#   One after the other, both are kept (checked here).
# Expected: each command adds its own policy. The help says that it updates security policy settings for a key vault.
#   Azure has an operation for that, which adds a policy to those that are there: vaults.update_access_policy() of the
#   library that the command uses.
# Source: azure/cli/command_modules/keyvault/custom.py, set_policy(): it reads the key vault, changes the list, and
#   sends the whole key vault back, without a condition such as If-Match (checked here). delete_policy() and the
#   commands for network rules do the same (read in the source, not checked here). Azure itself was not tried.
# Who meets it: who enables encryption on many clusters in parallel, each with an application of its own, as xargs -P,
#   forks or the jobs of a pipeline do. All are green, and one cluster cannot use its key. The same holds for a policy
#   that is added while another job removes one: the removed policy comes back.
# What to do: one command at a time for each key vault, or RBAC, where each role assignment is an object of its own.
#   Then try the key: akv_key_info logs in with the credential and uses it. docs/azure.md says so.
# Python 3.11 to 3.13. azure-cli requires a hundred libraries that this command does not use: it is installed without
#   them, to spare the download.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-compile \
    azure-cli-core==2.91.0 azure-common==1.1.28 msrest==0.7.1 python-dateutil==2.9.0.post0
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-compile --no-deps \
    azure-cli==2.91.0 azure-mgmt-resource==24.0.0 azure-mgmt-keyvault==14.0.1
openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
    -keyout "$folder/key.pem" -out "$folder/certificate.pem" 2> "$folder/openssl.log"
export HOME="$folder" AZURE_CONFIG_DIR="$folder/azure" AZURE_CORE_COLLECT_TELEMETRY=false
export REQUESTS_CA_BUNDLE="$folder/certificate.pem" LC_ALL=C.UTF-8

cat > "$folder/run.py" << 'PYTHON'
import base64
import concurrent.futures
import http.server
import importlib.metadata
import json
import os
import ssl
import subprocess
import sys
import threading
import time

TENANT, SUBSCRIPTION = "9b1d2c3e-0000-0000-0000-000000000001", "1b1d2c3e-0000-0000-0000-000000000001"
VAULT = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/group/providers/Microsoft.KeyVault/vaults/vault"
APPLICATIONS = ("7c1d2c3e-0000-0000-0000-000000000001", "7c1d2c3e-0000-0000-0000-000000000002")
vault = {"id": VAULT, "name": "vault", "location": "westeurope", "properties": {}}
both = threading.Barrier(2)
conditions = []


def token():
    """A token without a signature: the command reads the ID of the tenant in it, and the server here reads nothing."""
    parts = ({"alg": "RS256", "typ": "JWT"}, {"tid": TENANT})
    return ".".join([*(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts), ""])


class Azure(http.server.BaseHTTPRequestHandler):
    """The endpoint of a managed identity, a subscription, and a key vault."""

    protocol_version = "HTTP/1.1"
    at_once = False

    def answer(self, body):
        content = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self):
        if self.path.startswith("/token"):
            self.answer({"access_token": token(), "expires_on": str(int(time.time()) + 3600), "resource": "any"})
        elif self.path.startswith(VAULT):
            if self.at_once:
                both.wait(100)  # until the other command reads the key vault, too
            self.answer(vault)
        else:
            subscription = {"id": f"/subscriptions/{SUBSCRIPTION}", "subscriptionId": SUBSCRIPTION}
            self.answer({"value": [{**subscription, "displayName": "here", "state": "Enabled"}]})

    def do_PUT(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        conditions.append(self.headers["If-Match"])
        vault["properties"] = body["properties"]
        self.answer(vault)

    def log_message(self, *args):
        pass


def policies(key_vault):
    return [policy["objectId"] for policy in key_vault["properties"]["accessPolicies"]]


def az(*arguments):
    return subprocess.run([sys.executable, "-m", "azure.cli", *arguments], capture_output=True, text=True)


servers = [http.server.ThreadingHTTPServer(("127.0.0.1", 0), Azure) for _each in range(2)]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
servers[0].socket = context.wrap_socket(servers[0].socket, server_side=True)
for server in servers:
    threading.Thread(target=server.serve_forever, daemon=True).start()
azure = f"https://localhost:{servers[0].server_address[1]}"
os.environ.update(IDENTITY_ENDPOINT=f"http://127.0.0.1:{servers[1].server_address[1]}/token", IDENTITY_HEADER="any")
kinds = ("resource-manager", "active-directory", "active-directory-resource-id", "microsoft-graph-resource-id")
endpoints = [word for kind in kinds for word in (f"--endpoint-{kind}", azure)]
suffix = ["--suffix-keyvault-dns", ".vault.azure.net"]
for command in (
    ["cloud", "register", "--name", "here", "--skip-endpoint-discovery", *endpoints, *suffix],
    ["cloud", "set", "--name", "here"],
    ["login", "--identity"],
):
    ready = az(*command)
    if ready.returncode:
        sys.exit(ready.stderr)

print("azure-cli", importlib.metadata.version("azure-cli"))
words = ["keyvault", "set-policy", "--name", "vault", "--resource-group", "group", "--object-id"]
seen = []
for title, Azure.at_once in (("one after the other", False), ("at the same time", True)):
    settings = {"tenantId": TENANT, "sku": {"family": "A", "name": "standard"}, "enableRbacAuthorization": False}
    vault["properties"] = {**settings, "accessPolicies": []}
    with concurrent.futures.ThreadPoolExecutor(2 if Azure.at_once else 1) as pool:
        run = list(pool.map(lambda each: az(*words, each, "--key-permissions", "get", "wrapKey"), APPLICATIONS))
    for done in run:
        if done.returncode:
            sys.exit(done.stderr)
    printed = [each in policies(json.loads(done.stdout)) for each, done in zip(APPLICATIONS, run)]
    seen.append((printed, len(policies(vault))))
    print(f"{title}: exit codes {[done.returncode for done in run]}, {sum(printed)} commands print their policy")
    print(f"    the key vault has the policies of {len(policies(vault))} of 2 applications")
if seen != [([True, True], 2), ([True, True], 1)] or conditions != [None] * 4:
    sys.exit("Changed: no policy is lost any more.")
PYTHON
"$folder/venv/bin/python" "$folder/run.py" "$folder/certificate.pem" "$folder/key.pem"
