#!/usr/bin/env bash
# Copyright (c) 2026, the ontap.akv authors
# SPDX-License-Identifier: GPL-3.0-or-later

# netapp-ontap 9.19.1.0: patch() called again after a failed job sends {}, not the change.
#
# What happens: patch() sends what has changed since the last known state. It takes the state that it has just sent
#   for the last known one as soon as ONTAP has accepted the request, before it waits for the job. The job fails,
#   patch() raises NetAppRestError, and the same call on the same object then sends an empty body and returns without
#   an error if that is accepted. (The server here answers 200. What a real cluster answers to an empty body was not
#   tried: the change is not sent in any case.) The same holds where ONTAP answers 202 without a job.
# Expected: what ONTAP has not applied still counts as changed, so that a retry sends it.
# Source: netapp_ontap/resource.py, Resource._patch(): _set_last_state() stands before _poll(). Its docstring promises
#   "the difference in the object's state since the last time we interacted with the host".
# Who meets it: who rotates the client secret of an AzureKeyVault in a loop that retries, since ONTAP refuses a secret
#   which Azure does not know everywhere yet. Who takes the second call for a success removes the previous secret in
#   Azure, which is the one that ONTAP still uses.
# What to do: make a new object for each attempt and set the fields after that. (Fields given to the constructor count
#   as known, and are not sent either.) akv_credential and akv_config send the whole change at each attempt
#   (credential_grace), and read back what can be read.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    netapp-ontap==9.19.1.0 marshmallow==3.26.2 requests==2.34.2 urllib3==2.8.0
openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost \
    -keyout "$folder/key.pem" -out "$folder/certificate.pem" 2> "$folder/openssl.log"

cat > "$folder/run.py" << 'PYTHON'
import http.server
import json
import ssl
import sys
import threading
import warnings

import netapp_ontap
from netapp_ontap import HostConnection, NetAppRestError
from netapp_ontap.resources import AzureKeyVault

SECRET = "not~a~secret"
bodies = []


class Cluster(http.server.BaseHTTPRequestHandler):
    """Answers a PATCH that changes something as `accepted` says, and one that changes nothing with 200."""

    protocol_version = "HTTP/1.1"
    accepted = {}

    def answer(self, status, body):
        sent = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    def do_GET(self):
        self.answer(200, {"uuid": "1", "state": "failure", "message": "AADSTS7000215: Invalid client secret provided."})

    def do_PATCH(self):
        bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.answer(*((202, self.accepted) if bodies[-1] else (200, {})))

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Cluster)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
server.socket = context.wrap_socket(server.socket, server_side=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
warnings.simplefilter("ignore")  # the certificate is of this run alone
print("netapp-ontap", netapp_ontap.__version__)

same = True
job = {"job": {"uuid": "1", "_links": {"self": {"href": "/api/cluster/jobs/1"}}}}
with HostConnection("127.0.0.1", port=server.server_address[1], username="u", password="p", verify=False):
    for title, Cluster.accepted in (("a job that fails", job), ("202 without a job", {})):
        bodies.clear()
        outcomes = []
        key_vault = AzureKeyVault(uuid="4f6e1d3c-0000-0000-0000-000000000001")
        key_vault.client_secret = SECRET
        for _attempt in range(2):
            try:
                key_vault.patch()
                outcomes.append("no error")
            except NetAppRestError as error:
                outcomes.append(f"NetAppRestError: {error}")
        for number, (body, outcome) in enumerate(zip(bodies, outcomes), 1):
            print(f"{title}: patch() number {number} sends {json.dumps(body)}: {outcome}")
        same = same and bodies == [{"client_secret": SECRET}, {}] and outcomes[0] != "no error" == outcomes[1]
sys.exit(0 if same else "Changed: the second patch() no longer sends an empty body, or no longer succeeds.")
PYTHON
"$folder/venv/bin/python" "$folder/run.py" "$folder/certificate.pem" "$folder/key.pem"
