#!/usr/bin/env bash
# Copyright (c) 2026, the ontap.akv authors
# SPDX-License-Identifier: GPL-3.0-or-later

# netapp.ontap 23.6.0 (ansible 14.5.0): what is on the second page of an answer counts as absent.
#
# What happens: na_ontap_security_key_manager with state: absent asks for the key manager of an SVM. The cluster answers
#   with a page without records that has a link to the next page, on which the key manager is. The module does not
#   follow the link: the task is green, not changed, and nothing is deleted. If the record is on the first page, it is
#   deleted (checked here).
# Expected: the answer is read to its end. In ONTAP's reference, a GET of a collection ends after return_timeout, 15
#   seconds by default, and _links.next is where it goes on. na_ontap_rest_info of the same collection follows it
#   (checked here).
# Source: plugins/module_utils/rest_generic.py, get_one_record() and get_0_or_more_records(): one GET, and no look at
#   _links. More than a hundred modules read with them. (That a slow cluster ends a page before its first record is
#   what the reference allows. It was not tried on a real cluster.)
# Who meets it: who runs a playbook while the cluster is slow, such as when key servers or key vaults do not answer. A
#   role, an SVM or a key manager that was to go stays, and the task is green. With state: present, the module tries to
#   create what exists.
# What to do: do not take "ok" for "absent": read the collection back with na_ontap_rest_info. This collection follows
#   every link to a next page, and a page that cannot be read is an error.
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

COLLECTION = "/api/security/key-managers"
MANAGER = f"{COLLECTION}/4f6e1d3c-0000-0000-0000-000000000001"
NEXT = f"{COLLECTION}?start.uuid=4f6e1d3c-0000-0000-0000-000000000001"
deleted = []


class Cluster(http.server.BaseHTTPRequestHandler):
    """A cluster with a key manager for one SVM."""

    protocol_version = "HTTP/1.1"
    slow = False

    def answer(self, body):
        sent = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    def do_GET(self):
        if COLLECTION not in self.path.replace("//", "/"):
            self.answer({"version": {"generation": 9, "major": 16, "minor": 1, "full": "NetApp Release 9.16.1"}})
        elif self.slow and "start.uuid" not in self.path:
            self.answer({"records": [], "num_records": 0, "_links": {"next": {"href": NEXT}}})
        else:
            record = {"uuid": MANAGER.rpartition("/")[2], "svm": {"name": "vs0"}, "external": {"servers": []}}
            self.answer({"records": [record], "num_records": 1, "_links": {}})

    def do_DELETE(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        deleted.append(self.path.partition("?")[0])
        self.answer({})

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Cluster)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
server.socket = context.wrap_socket(server.socket, server_side=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
login = {"hostname": "localhost", "http_port": server.server_address[1], "username": "u", "password": "not~a~password"}
absent = {"vserver": "vs0", "state": "absent"}
seen = []
for title, module, task in (
    ("on the first page, state: absent", "na_ontap_security_key_manager", absent),
    ("on the second page, state: absent", "na_ontap_security_key_manager", absent),
    ("on the second page, read", "na_ontap_rest_info", {"gather_subset": ["security/key-managers"]}),
):
    deleted.clear()
    Cluster.slow = "second" in title
    command = ["ansible", "localhost", "-m", f"netapp.ontap.{module}", "-a", json.dumps({**login, **task})]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    outcome = "changed" if '"changed": true' in done.stdout else "ok"
    found = '"name": "vs0"' in done.stdout
    seen.append((outcome, list(deleted), found))
    print(f"the key manager is {title}: {outcome}, {'deleted' if deleted else 'found' if found else 'not deleted'}")
if seen != [("changed", [MANAGER], False), ("ok", [], False), ("ok", [], True)]:
    sys.exit("Changed: what is on the second page no longer counts as absent.")
PYTHON
grep -m1 '"version"' "$folder/ansible_collections/netapp/ontap/MANIFEST.json"
python "$folder/run.py" "$folder/certificate.pem" "$folder/key.pem"
