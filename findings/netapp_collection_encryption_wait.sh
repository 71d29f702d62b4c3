#!/usr/bin/env bash
# Copyright (c) 2026, the ontap.akv authors
# SPDX-License-Identifier: GPL-3.0-or-later

# netapp.ontap 23.6.0 (ansible 14.5.0): na_ontap_volume ends the wait for an encryption that is not done.
#
# What happens: na_ontap_volume with encrypt: true and wait_for_completion: true starts the encryption of a volume. (1)
#   Some constituents of a FlexGroup are encrypted and some are not (state "partial"), and there is no progress message:
#   the task is green and changed after one look. (2) max_wait_time is not longer than check_interval, which is 30
#   seconds by default: the task is green and changed, and has not looked at all. (3) Another SVM has a volume of the
#   same name: the task fails, and does not say that the encryption is under way. Where the cluster has a message for
#   as long as it works, the wait is right (checked here).
# Expected: the task waits for the state "encrypted", which is "The volume is completely encrypted" in ONTAP's reference.
#   encryption.status.message is a progress message there, and not a required one. The documentation of max_wait_time
#   says that the module waits for that time.
# Source: plugins/modules/na_ontap_volume.py: check_volume_encryption_conversion_state() takes no message for the end;
#   wait_for_task_completion_rest() divides max_wait_time by check_interval + 1 and looks as often as that;
#   wait_for_volume_encryption_conversion_rest() asks for the name, without the SVM. (Which states a real cluster shows
#   without a message was not tried.)
# Who meets it: who encrypts the volumes of an SVM once it has its key vault, and goes on when the task is green: to a
#   report that says "encrypted" while parts of a volume are plain text, or to a move of the keys, which ONTAP refuses
#   while a volume is being encrypted.
# What to do: read encryption.state of the volume, with svm.name, until it is "encrypted". docs/brownfield.md says so.
#   The modules of this collection encrypt no volume.
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
import urllib.parse

VOLUME = "4f6e1d3c-0000-0000-0000-000000000001"
looks = []


class Cluster(http.server.BaseHTTPRequestHandler):
    """A cluster with one volume, or one in each of two SVMs. `states` are those that one look after the other sees."""

    protocol_version = "HTTP/1.1"
    states = []
    svms = []
    started = False

    def answer(self, body):
        text = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_GET(self):
        path, _mark, query = self.path.partition("?")
        asked = dict(urllib.parse.parse_qsl(query))
        if not path.startswith("/api/storage/volumes"):
            self.answer({"version": {"generation": 9, "major": 16, "minor": 1, "full": "NetApp Release 9.16.1"}})
            return
        state, message = "unencrypted", None
        if asked.get("fields") == "encryption":
            state, message = self.states[min(len(looks), len(self.states) - 1)]
            looks.append(state)
        encryption = {"enabled": state == "encrypted", "state": state}
        if message:
            encryption["status"] = {"message": message}
        found = [svm for svm in self.svms if asked.get("svm.name", svm) == svm]
        record = {"uuid": VOLUME, "name": "data", "state": "online", "type": "rw", "encryption": encryption}
        records = [{**record, "svm": {"name": svm}} for svm in found]
        self.answer({"records": records, "num_records": len(records)})

    def do_PATCH(self):
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        Cluster.started = sent == {"encryption.enabled": True}
        self.answer({})

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Cluster)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
server.socket = context.wrap_socket(server.socket, server_side=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
login = {"hostname": "localhost", "http_port": server.server_address[1], "username": "u", "password": "not~a~password"}
task = {"vserver": "svm1", "name": "data", "encrypt": True, "wait_for_completion": True, "use_rest": "always"}
running, done = ("encrypting", "running"), ("encrypted", None)
seen = []
for title, Cluster.states, Cluster.svms, times in (
    ("a message until the end", [running, running, done], ["svm1"], {"max_wait_time": 20, "check_interval": 1}),
    ("partial, no message", [("partial", None)], ["svm1"], {"max_wait_time": 20, "check_interval": 1}),
    ("max_wait_time 5, check_interval 5", [running], ["svm1"], {"max_wait_time": 5, "check_interval": 5}),
    ("the name in two SVMs", [running], ["svm1", "svm2"], {"max_wait_time": 20, "check_interval": 1}),
):
    looks.clear()
    Cluster.started = False
    command = ["ansible", "localhost", "-m", "netapp.ontap.na_ontap_volume", "-a"]
    ended = subprocess.run([*command, json.dumps({**login, **task, **times})], capture_output=True, text=True)
    result = json.loads(ended.stdout.partition("=>")[2])
    outcome = "failed" if ended.returncode else "changed" if result["changed"] else "not changed"
    seen.append((outcome, Cluster.started, sorted(set(looks))))
    print(f"{title}: {outcome}. Encryption started: {Cluster.started}. Seen: {', '.join(looks) or 'nothing'}")
    if ended.returncode:
        print(f"    {result['msg'][:90]}")
if seen != [
    ("changed", True, ["encrypted", "encrypting"]),
    ("changed", True, ["partial"]),
    ("changed", True, []),
    ("failed", True, ["encrypting"]),
]:
    sys.exit("Changed: the task waits for the state, looks at least once, or asks for the volume of its SVM.")
PYTHON
grep -m1 '"version"' "$folder/ansible_collections/netapp/ontap/MANIFEST.json"
python "$folder/run.py" "$folder/certificate.pem" "$folder/key.pem"
