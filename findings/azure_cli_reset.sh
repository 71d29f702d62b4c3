#!/usr/bin/env bash
# Copyright (c) 2026, the ontap.akv authors
# SPDX-License-Identifier: GPL-3.0-or-later

# azure-cli 2.91.0: "az ad app credential reset" removes all secrets, and only then asks for the new one.
#
# What happens: an application has two client secrets and a certificate. "az ad app credential reset --years 2" removes
#   both secrets, and then asks Microsoft Graph for a new one. Graph refuses it: two years are longer than a policy of
#   the tenant allows. The command ends with exit code 1 and that reason. It does not say that the application has no
#   secret any more. The certificate stays in any case, also after a reset that works.
# Expected: what is refused changes nothing. The help says that the command "clears all passwords and keys", and that
#   Graph generates a password. It says nothing of the order, and the keys (the certificates) are not cleared.
# Source: azure/cli/command_modules/role/custom.py, _reset_credential(): the loop with remove_password_func() stands
#   before add_password_func(), and before a certificate is read or made in Key Vault. "az ad sp create-for-rbac" for
#   a name that exists has the same order (read in the source, not checked here).
# Who meets it: who replaces the client secret of ONTAP's application in a tenant with a policy for the lifetime or the
#   kind of credentials, or while Graph is throttled or out of order. The values of the removed secrets are lost. Every
#   AKV configuration that uses the application loses its key vault with its next token.
# What to do: --append, which leaves everything as it is if the new secret is refused (checked here). Give ONTAP the new
#   secret, then remove the old one by its key ID. docs/azure.md says so.
# Python 3.11 to 3.13. azure-cli requires a hundred libraries that this command does not use: it is installed without
#   them, to spare the download.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-compile \
    azure-cli-core==2.91.0 azure-common==1.1.28 msrest==0.7.1 python-dateutil==2.9.0.post0
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-compile --no-deps \
    azure-cli==2.91.0 azure-mgmt-resource==24.0.0
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

APPLICATION, TENANT = "4b0c7f6e-0000-0000-0000-000000000001", "9b1d2c3e-0000-0000-0000-000000000001"
OBJECT = "/v1.0/applications/5b0c7f6e-0000-0000-0000-000000000001"
REASON = "Credential lifetime exceeds the max value allowed as per assigned policy"


def token():
    """A token without a signature: the command reads the ID of the tenant in it, and the server here reads nothing."""
    parts = ({"alg": "RS256", "typ": "JWT"}, {"tid": TENANT})
    return ".".join([*(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts), ""])


class Azure(http.server.BaseHTTPRequestHandler):
    """The endpoint of a managed identity, the list of subscriptions, and one application in Microsoft Graph."""

    protocol_version = "HTTP/1.1"
    refused = False
    secrets = []
    certificates = []

    def answer(self, status, body):
        sent = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    def do_GET(self):
        if self.path.startswith("/token"):
            self.answer(200, {"access_token": token(), "expires_on": str(int(time.time()) + 3600), "resource": "any"})
        elif self.path.startswith(OBJECT):
            secrets, certificates = ([{"keyId": key} for key in keys] for keys in (self.secrets, self.certificates))
            self.answer(200, {**ENTRY, "passwordCredentials": secrets, "keyCredentials": certificates})
        else:  # the subscriptions, of which there are none, or the applications with this ID
            self.answer(200, {"value": [ENTRY] if "/applications" in self.path else []})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path.endswith("/removePassword"):
            self.secrets.remove(body["keyId"])
            self.answer(204, None)
        elif self.refused:
            self.answer(400, {"error": {"code": "CredentialInvalidLifetimeAsPerAppPolicy", "message": REASON}})
        else:
            self.secrets.append("new")
            self.answer(200, {"keyId": "new", "secretText": "not~a~secret"})

    def log_message(self, *args):
        pass


def az(*arguments):
    return subprocess.run([sys.executable, "-m", "azure.cli", *arguments], capture_output=True, text=True)


ENTRY = {"id": OBJECT.rpartition("/")[2], "appId": APPLICATION}
servers = [http.server.ThreadingHTTPServer(("127.0.0.1", 0), Azure) for _each in range(2)]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
servers[0].socket = context.wrap_socket(servers[0].socket, server_side=True)
for server in servers:
    threading.Thread(target=server.serve_forever, daemon=True).start()
graph = f"https://localhost:{servers[0].server_address[1]}"
os.environ.update(IDENTITY_ENDPOINT=f"http://127.0.0.1:{servers[1].server_address[1]}/token", IDENTITY_HEADER="any")
kinds = ("resource-manager", "active-directory", "active-directory-resource-id", "microsoft-graph-resource-id")
endpoints = [word for kind in kinds for word in (f"--endpoint-{kind}", graph)]
for command in (
    ["cloud", "register", "--name", "here", "--skip-endpoint-discovery", *endpoints],
    ["cloud", "set", "--name", "here"],
    ["login", "--identity", "--allow-no-subscriptions"],
):
    ready = az(*command)
    if ready.returncode:
        sys.exit(ready.stderr)

print("azure-cli", importlib.metadata.version("azure-cli"))
seen = []
for Azure.refused, more in ((True, []), (True, ["--append"]), (False, [])):
    Azure.secrets, Azure.certificates = ["1", "2"], ["3"]
    done = az("ad", "app", "credential", "reset", "--id", APPLICATION, "--years", "2", *more)
    seen.append((done.returncode, [*Azure.secrets], [*Azure.certificates], REASON in done.stderr))
    answer = "refused" if Azure.refused else "accepted"
    print(" ".join(["reset --years 2", *more]) + f", the new secret is {answer}: exit code {done.returncode}")
    now = [", ".join(keys) or "none" for keys in (Azure.secrets, Azure.certificates)]
    print(f"    before: secrets 1, 2, certificate 3; after: secrets {now[0]}, certificate {now[1]}")
    print(f"    {done.stderr.strip()}")
if seen != [(1, [], ["3"], True), (1, ["1", "2"], ["3"], True), (0, ["new"], ["3"], False)]:
    sys.exit("Changed: a refused reset no longer leaves the application without a secret, or clears certificates.")
PYTHON
"$folder/venv/bin/python" "$folder/run.py" "$folder/certificate.pem" "$folder/key.pem"
