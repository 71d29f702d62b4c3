#!/usr/bin/env bash
# Copyright (c) 2026, the ontap.akv authors
# SPDX-License-Identifier: GPL-3.0-or-later

# azure-cli 2.91.0: the end of a client secret is taken for UTC, whatever its offset says.
#
# What happens: "az ad app credential reset --end-date 2027-03-31T20:00:00-05:00" asks Microsoft Graph for a secret that
#   ends on 2027-03-31 at 20:00 UTC, which is 15:00 at that place. With +09:00 it ends nine hours too late. The command
#   does not print the end of the secret, exit code 0.
# Expected: an instant is kept, or refused. The help has an end with an offset as its example,
#   "2020-12-31T11:59:59+00:00". A time without an offset counts as UTC, which may be what one expects (checked here).
# Source: azure/cli/command_modules/role/custom.py, _datetime_to_utc(): the text is made from the fields of the time,
#   and a Z is put behind it, without converting it. _build_key_credentials() and create_application() use it for
#   certificates as well (read in the source, not checked here).
# Who meets it: who makes the secret last until the end of the change window, in the local time of the change. West of
#   Greenwich, ONTAP's client secret expires hours before the window begins, and the AKV configurations that use it lose
#   their key vault. In the east, a secret that was to end with a contract or a test is valid for hours more.
# What to do: give the end in UTC, with a Z, and read it back: "az ad app credential list" prints endDateTime.
#   docs/azure.md says so. entra_app_info and the report read the end from Graph, so their warnings are right.
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
ENDS = {  # what is asked for, and the same instant in UTC
    "2027-03-31T20:00:00-05:00": "2027-04-01T01:00:00Z",
    "2027-03-31T20:00:00+09:00": "2027-03-31T11:00:00Z",
    "2027-03-31T20:00:00": "2027-03-31T20:00:00Z",
    "2027-03-31T20:00:00Z": "2027-03-31T20:00:00Z",
}
sent = []


def token():
    """A token without a signature: the command reads the ID of the tenant in it, and the server here reads nothing."""
    parts = ({"alg": "RS256", "typ": "JWT"}, {"tid": TENANT})
    return ".".join([*(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts), ""])


class Azure(http.server.BaseHTTPRequestHandler):
    """The endpoint of a managed identity, the list of subscriptions, and one application in Microsoft Graph."""

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
        elif self.path.startswith(OBJECT):
            self.answer({**ENTRY, "passwordCredentials": [], "keyCredentials": []})
        else:  # the subscriptions, of which there are none, or the applications with this ID
            self.answer({"value": [ENTRY] if "/applications" in self.path else []})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        sent.append(body["passwordCredential"]["endDateTime"])
        self.answer({"keyId": "1", "secretText": "not~a~secret"})

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
for asked, instant in ENDS.items():
    done = az("ad", "app", "credential", "reset", "--id", APPLICATION, "--append", "--end-date", asked)
    print(f"--end-date {asked}, which is {instant}: sent {sent[-1]}, exit code {done.returncode}")
    if done.returncode:
        sys.exit(done.stderr)
if sent != ["2027-03-31T20:00:00Z"] * 4:
    sys.exit("Changed: the end that is sent no longer has the digits of the given one.")
PYTHON
"$folder/venv/bin/python" "$folder/run.py" "$folder/certificate.pem" "$folder/key.pem"
