#!/usr/bin/env bash
# Copyright (c) 2026, the ontap.akv authors
# SPDX-License-Identifier: GPL-3.0-or-later

# netapp.ontap 23.2.0 (ansible 12.3.0): a job that fails without a message, or that is paused, counts as a success.
#
# What happens: na_ontap_restit with wait_for_completion sends a change, gets a job, and reads it until it has ended.
#   The job is in state "failure" and has its reason in "error", or none at all: the task is green and changed. The
#   same holds for a job in state "paused", which has not done its work. Only a failed job that has "message" fails
#   the task.
# Expected: the state decides. ONTAP's reference of GET /cluster/jobs/{uuid} requires no field of a job, and has the
#   states queued, running, paused, success and failure.
# Source: plugins/module_utils/netapp.py, _is_job_done(): the error of a failed job is job.get("message", ""), and an
#   empty text counts as no error; each state besides "failure", "queued" and "running" is the end of the job. A
#   comment there says that the message is optional.
# Who meets it: who changes AKV configurations, or anything else of ONTAP, with na_ontap_restit or another module of
#   this collection that waits for a job. A secret that ONTAP has refused passes for a new one, and the next task
#   removes the old one in Azure.
# What to do: read back what was changed, in a task of its own. This collection goes by the state: a job that failed
#   without a message fails the task, and a paused one is still under way. docs/migrating.md says so.
# Python 3.11 to 3.13.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
export PATH="$folder/venv/bin:$PATH" LC_ALL=C.UTF-8
python -m pip install --quiet --disable-pip-version-check ansible-core==2.19.14 requests==2.34.2 urllib3==2.8.0
python -m pip download --quiet --disable-pip-version-check --no-deps --dest "$folder/wheel" ansible==12.3.0
python - "$folder"/wheel/*.whl "$folder" << 'PYTHON'
import sys
import zipfile

# One collection of the hundred in the package.
with zipfile.ZipFile(sys.argv[1]) as wheel:
    wheel.extractall(sys.argv[2], [n for n in wheel.namelist() if n.startswith("ansible_collections/netapp/ontap/")])
PYTHON
openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
    -keyout "$folder/key.pem" -out "$folder/certificate.pem" 2> "$folder/openssl.log"
export HOME="$folder" ANSIBLE_COLLECTIONS_PATH="$folder" REQUESTS_CA_BUNDLE="$folder/certificate.pem"
export ANSIBLE_LOCALHOST_WARNING=false ANSIBLE_INVENTORY_UNPARSED_WARNING=false ANSIBLE_REMOTE_TMP="$folder/tasks"

cat > "$folder/run.py" << 'PYTHON'
import http.server
import json
import ssl
import subprocess
import sys
import threading

REASON = "AADSTS7000215: Invalid client secret provided."
JOBS = {
    "failure, with a message": {"state": "failure", "code": 65537540, "message": REASON},
    "failure, with the reason in error": {"state": "failure", "error": {"code": "65537540", "message": REASON}},
    "failure, without a reason": {"state": "failure", "code": 65537540},
    "paused": {"state": "paused", "message": "Paused"},
}
asked = []


class Cluster(http.server.BaseHTTPRequestHandler):
    """Takes a change as a job."""

    protocol_version = "HTTP/1.1"
    job = {}

    def answer(self, status, body):
        sent = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    def do_GET(self):
        asked.append(self.path.partition("?")[0])
        self.answer(200, {"uuid": "1", **self.job})

    def do_PATCH(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(202, {"job": {"uuid": "1", "_links": {"self": {"href": "/api/cluster/jobs/1"}}}})

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Cluster)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
server.socket = context.wrap_socket(server.socket, server_side=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
task = {
    "hostname": "localhost",
    "http_port": server.server_address[1],
    "username": "u",
    "password": "not~a~password",
    "method": "PATCH",
    "api": "security/azure-key-vaults/4f6e1d3c-0000-0000-0000-000000000001",
    "body": {"client_secret": "not~a~secret"},
    "wait_for_completion": True,
}
seen = {}
for title, Cluster.job in JOBS.items():
    command = ["ansible", "localhost", "-m", "netapp.ontap.na_ontap_restit", "-a", json.dumps(task)]
    done = subprocess.run(command, capture_output=True, text=True)
    seen[title] = "changed" if done.returncode == 0 and '"changed": true' in done.stdout else "failed"
    print(f"The job is {title}: the task is {seen[title]}, exit code {done.returncode}")
    if REASON in done.stdout:
        print(f"    {REASON}")
if list(seen.values()) != ["failed", "changed", "changed", "changed"] or asked != ["/api/cluster/jobs/1"] * 4:
    sys.exit("Changed: seen before: failed, changed, changed, changed.")
PYTHON
grep -m1 '"version"' "$folder/ansible_collections/netapp/ontap/MANIFEST.json"
python "$folder/run.py" "$folder/certificate.pem" "$folder/key.pem"
