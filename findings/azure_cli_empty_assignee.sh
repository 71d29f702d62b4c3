#!/usr/bin/env bash
# Copyright (c) 2026, the ontap.akv authors
# SPDX-License-Identifier: GPL-3.0-or-later

# azure-cli 2.91.0: "az role assignment delete" with an empty --assignee-object-id removes the role from everybody.
#
# What happens: two applications have the role "Key Vault Crypto User" on a key. "az role assignment delete
#   --assignee-object-id ID --role ROLE --scope KEY" removes it from the one. If the ID is an empty text, the command
#   removes it from both, without a word, exit code 0.
# Expected: an error, as for an empty --assignee (checked here), --role, --scope or --resource-group, before anything is
#   removed. The help says that the command deletes what satisfies the query.
# Source: azure/cli/command_modules/role/_validators.py, process_assignment_namespace(): its comment tells why an empty
#   text must not count as left out, and its list non_empty_args lacks assignee_object_id. custom.py,
#   _search_role_assignments(): "if assignee_object_id". For the same reason "az role assignment list" shows everybody
#   (read in the source, not checked here).
# Who meets it: who takes the key from an application that is not used any more, with the ID from another command:
#   "$(az ad sp show --id NAME --query id --output tsv)" is empty if the login may not read Entra, if the name has a
#   typing error, or if the application is gone already. All other clusters lose the key with it.
# What to do: let the script end if the ID is empty (in a shell ${ID:?}), or give --ids of the role assignments that
#   "az role assignment list" has shown. docs/azure.md says so. The modules of this collection change nothing in Azure.
# Python 3.11 to 3.13. azure-cli requires a hundred libraries that this command does not use: it is installed without
#   them, to spare the download.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-compile \
    azure-cli-core==2.91.0 azure-common==1.1.28 msrest==0.7.1 python-dateutil==2.9.0.post0
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-compile --no-deps \
    azure-cli==2.91.0 azure-mgmt-resource==24.0.0 azure-mgmt-authorization==5.0.0b2
openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
    -keyout "$folder/key.pem" -out "$folder/certificate.pem" 2> "$folder/openssl.log"
export HOME="$folder" AZURE_CONFIG_DIR="$folder/azure" AZURE_CORE_COLLECT_TELEMETRY=false
export REQUESTS_CA_BUNDLE="$folder/certificate.pem" LC_ALL=C.UTF-8

cat > "$folder/run.py" << 'PYTHON'
import base64
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
KEY = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/group/providers/Microsoft.KeyVault/vaults/vault/keys/key"
AUTHORIZATION = "/providers/Microsoft.Authorization"
ROLE = f"/subscriptions/{SUBSCRIPTION}{AUTHORIZATION}/roleDefinitions/12338af0-0e69-4776-bea7-57ae8d297424"
PRINCIPALS = ("7c1d2c3e-0000-0000-0000-000000000001", "7c1d2c3e-0000-0000-0000-000000000002")
assigned = []


def token():
    """A token without a signature: the command reads the ID of the tenant in it, and the server here reads nothing."""
    parts = ({"alg": "RS256", "typ": "JWT"}, {"tid": TENANT})
    return ".".join([*(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts), ""])


class Azure(http.server.BaseHTTPRequestHandler):
    """The endpoint of a managed identity, a subscription, and a key on which two applications have a role."""

    protocol_version = "HTTP/1.1"

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
        elif "/roleDefinitions" in self.path:
            self.answer({"value": [{"id": ROLE, "properties": {"roleName": "Key Vault Crypto User"}}]})
        elif "/roleAssignments" in self.path:
            self.answer({"value": [assignment(principal) for principal in assigned]})
        else:
            subscription = {"id": f"/subscriptions/{SUBSCRIPTION}", "subscriptionId": SUBSCRIPTION}
            self.answer({"value": [{**subscription, "displayName": "here", "state": "Enabled"}]})

    def do_DELETE(self):
        assigned.remove(self.path.partition("?")[0].rpartition("/")[2])
        self.answer({})

    def log_message(self, *args):
        pass


def assignment(principal):
    properties = {"scope": KEY, "roleDefinitionId": ROLE, "principalId": principal}
    return {"id": f"{KEY}{AUTHORIZATION}/roleAssignments/{principal}", "name": principal, "properties": properties}


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
for command in (
    ["cloud", "register", "--name", "here", "--skip-endpoint-discovery", *endpoints],
    ["cloud", "set", "--name", "here"],
    ["login", "--identity"],
):
    ready = az(*command)
    if ready.returncode:
        sys.exit(ready.stderr)

print("azure-cli", importlib.metadata.version("azure-cli"))
seen = []
for option, principal in (("object-id", PRINCIPALS[0]), ("object-id", ""), ("", "")):
    assigned[:] = PRINCIPALS
    who = f"--assignee-{option}".rstrip("-")
    done = az("role", "assignment", "delete", who, principal, "--role", "Key Vault Crypto User", "--scope", KEY)
    seen.append((done.returncode, len(assigned)))
    print(f'{who} "{principal}": exit code {done.returncode}, {len(assigned)} of 2 applications still have the role')
    print(f"    {done.stderr.strip() or 'no message'}")
if seen != [(0, 1), (0, 0), (1, 2)]:
    sys.exit("Changed: an empty --assignee-object-id no longer removes the role from everybody.")
PYTHON
"$folder/venv/bin/python" "$folder/run.py" "$folder/certificate.pem" "$folder/key.pem"
