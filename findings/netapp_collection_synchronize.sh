#!/usr/bin/env bash
# Copyright (c) 2026, the ontap.akv authors
# SPDX-License-Identifier: GPL-3.0-or-later

# netapp.ontap 23.6.0 (ansible 14.5.0): a new passphrase with "synchronize" does not synchronize.
#
# What happens: na_ontap_security_key_manager gets from_passphrase, passphrase and synchronize: true, as the example
#   "Change passphrase for onboard Key Manager" of its documentation has them. It changes the passphrase, and never asks
#   the cluster to synchronize. The task is green and changed. The same task once more synchronizes. With --check it
#   sends the cluster two requests to change the passphrase, each with the same passphrase as the existing and the new
#   one: it goes by the reason for which they are refused.
# Expected: "Synchronizes missing onboard keys on any node in the cluster", as the documentation says of the option, or
#   an error. And a check mode that sends no request to change anything.
# Source: plugins/modules/na_ontap_security_key_manager.py, apply(): "elif modify_passphrase" stands before "elif
#   modify_sync", so that one run does one of them. force_onboard_actions() has asked by check_passphrase_rest() before,
#   in any mode. (A real cluster was not tried.)
# Who meets it: who gives the onboard key manager another passphrase after a node was added or replaced, before volumes
#   move from it to a key vault, or back. The node still lacks keys: encrypted volumes that fail over to it cannot be
#   read there. The task was green.
# What to do: a second task with passphrase and synchronize: true, without from_passphrase (checked here). This
#   collection manages no onboard key manager; docs/brownfield.md has the synchronization in its list for a new node.
# Python 3.11 to 3.13.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
export PATH="$folder/venv/bin:$PATH" LC_ALL=C.UTF-8
python -m pip install --quiet --disable-pip-version-check ansible-core==2.19.14 requests==2.34.2 urllib3==2.8.0
python -m pip download --quiet --disable-pip-version-check --no-deps --python-version 3.12 --only-binary=:all: \
    --dest "$folder/wheel" ansible==14.5.0
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

MANAGER = "/api/security/key-managers/4f6e1d3c-0000-0000-0000-000000000001"
FORMER, NEW = "not a passphrase, the former of two", "not a passphrase, the second of two"
passphrase = [FORMER]
sent = []


class Cluster(http.server.BaseHTTPRequestHandler):
    """A cluster with an onboard key manager. It refuses with the reasons by which the module goes."""

    protocol_version = "HTTP/1.1"

    def answer(self, status, body):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_GET(self):
        if self.path.startswith("/api/security/key-managers"):
            record = {"uuid": MANAGER.rpartition("/")[2], "scope": "cluster", "onboard": {"enabled": True}}
            self.answer(200, {"records": [record], "num_records": 1})
        else:
            self.answer(200, {"version": {"generation": 9, "major": 16, "minor": 1, "full": "NetApp Release 9.16.1"}})

    def do_PATCH(self):
        onboard = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["onboard"]
        existing, new = onboard["existing_passphrase"], onboard.get("passphrase")
        if existing != passphrase[0]:
            self.refuse("Cluster-wide passphrase is incorrect.")
        elif onboard.get("synchronize"):
            sent.append("synchronize")
            self.answer(200, {})
        elif new == existing:
            self.refuse("New passphrase cannot be same as the old passphrase.")
        else:
            passphrase[0] = new
            sent.append("change the passphrase")
            self.answer(200, {})

    def refuse(self, message):
        sent.append("ask")
        self.answer(400, {"error": {"message": message}})

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Cluster)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
server.socket = context.wrap_socket(server.socket, server_side=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
login = {"hostname": "localhost", "http_port": server.server_address[1], "username": "u", "password": "not~a~password"}
both = {"from_passphrase": FORMER, "passphrase": NEW, "synchronize": True}
one = {"passphrase": NEW, "synchronize": True}
seen = []
for title, onboard, mode in (
    ("from_passphrase, passphrase and synchronize, check mode", both, ["--check"]),
    ("from_passphrase, passphrase and synchronize", both, []),
    ("the same once more", both, []),
    ("passphrase and synchronize", one, []),
):
    sent.clear()
    command = ["ansible", "localhost", "-m", "netapp.ontap.na_ontap_security_key_manager", *mode, "-a"]
    done = subprocess.run([*command, json.dumps({**login, "onboard": onboard})], capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    seen.append((list(sent), '"changed": true' in done.stdout))
    print(f"{title}: PATCH to {', '.join(sent)}; changed {seen[-1][1]}")
if seen != [
    (["ask", "ask"], True),
    (["ask", "ask", "change the passphrase"], True),
    (["ask", "synchronize"], True),
    (["ask", "synchronize"], True),
]:
    sys.exit("Changed: the task synchronizes in the run that changes the passphrase, or asks without a PATCH.")
PYTHON
grep -m1 '"version"' "$folder/ansible_collections/netapp/ontap/MANIFEST.json"
python "$folder/run.py" "$folder/certificate.pem" "$folder/key.pem"
