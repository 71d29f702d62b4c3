#!/usr/bin/env bash
# Copyright (c) 2026, the ontap.akv authors
# SPDX-License-Identifier: GPL-3.0-or-later

# netapp.ontap 23.6.0 (ansible 14.5.0): naming one key server removes the others, or the whole external key manager.
#
# What happens: an external key manager has the key servers 10.0.0.1 and 10.0.0.2. (1) A task of
#   na_ontap_security_key_manager with ip_address 10.0.0.1, and then one with 10.0.0.2, both with state: present, leave
#   one of them: the first task removes 10.0.0.2, and the second one removes 10.0.0.1 before it adds 10.0.0.2. Both are
#   changed in every run. (2) A task with ip_address 10.0.0.1 and state: absent deletes the key manager with both.
# Expected: that a server is added or removed. The documentation calls ip_address the IP address of the key management
#   server, and says that with ZAPI the module adds or removes key servers. It does not say that with REST, which
#   use_rest: auto prefers, the same option is the whole list.
# Source: plugins/modules/na_ontap_security_key_manager.py, update_parameters_rest() makes a list of ip_address, and
#   update_key_server_list() removes what is not in it before it adds. delete_key_manager_rest() looks at the key
#   manager alone. (The side of ZAPI was read, not tried. The cluster here takes every request. A real one refuses some
#   of them, such as to remove the only server that has a key in use.)
# Who meets it: who has a playbook from the days of ZAPI, with one task for each server. It stays green, and then all
#   keys of the volumes depend on a single key server.
# What to do: give all servers in one task, as external.servers (checked here). In this collection, no option means one
#   of several: a task of akv_config has one AKV configuration, with one key vault.
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
FIRST, SECOND = "10.0.0.1:5696", "10.0.0.2:5696"
servers = []
changes = []


class Cluster(http.server.BaseHTTPRequestHandler):
    """A cluster with an external key manager. It takes every change."""

    protocol_version = "HTTP/1.1"

    def answer(self, body):
        sent = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    def do_GET(self):
        if self.path.startswith("/api/security/key-managers"):
            external = {"servers": [{"server": server} for server in servers]}
            record = {"uuid": MANAGER.rpartition("/")[2], "external": external, "onboard": {"enabled": False}}
            self.answer({"records": [record], "num_records": 1})
        else:
            self.answer({"version": {"generation": 9, "major": 16, "minor": 1, "full": "NetApp Release 9.16.1"}})

    def do_POST(self):
        server = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["server"]
        servers.append(server)
        changes.append(f"add {server}")
        self.answer({})

    def do_DELETE(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = self.path.partition("?")[0]
        changes.append("remove the key manager" if path == MANAGER else f"remove {path.rpartition('/')[2]}")
        servers[:] = [] if path == MANAGER else [server for server in servers if not path.endswith(server)]
        self.answer({})

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Cluster)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
server.socket = context.wrap_socket(server.socket, server_side=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
login = {"hostname": "localhost", "http_port": server.server_address[1], "username": "u", "password": "not~a~password"}
seen = []
for title, before, task in (
    ("ip_address 10.0.0.1", [FIRST, SECOND], {"ip_address": "10.0.0.1"}),
    ("then ip_address 10.0.0.2", None, {"ip_address": "10.0.0.2"}),
    ("state absent, ip_address 10.0.0.1", [FIRST, SECOND], {"ip_address": "10.0.0.1", "state": "absent"}),
    ("external.servers, both", [FIRST, SECOND], {"external": {"servers": ["10.0.0.1", "10.0.0.2"]}}),
):
    servers[:] = servers if before is None else before
    changes.clear()
    command = ["ansible", "localhost", "-m", "netapp.ontap.na_ontap_security_key_manager", "-a"]
    done = subprocess.run([*command, json.dumps({**login, **task})], capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    seen.append((list(changes), list(servers), '"changed": true' in done.stdout))
    print(f"{title}: {', '.join(changes) or 'no change'}; servers left: {', '.join(servers) or 'none'}")
if seen != [
    ([f"remove {SECOND}"], [FIRST], True),
    ([f"remove {FIRST}", f"add {SECOND}"], [SECOND], True),
    (["remove the key manager"], [], True),
    ([], [FIRST, SECOND], False),
]:
    sys.exit("Changed: a task with one server no longer removes the others.")
PYTHON
grep -m1 '"version"' "$folder/ansible_collections/netapp/ontap/MANIFEST.json"
python "$folder/run.py" "$folder/certificate.pem" "$folder/key.pem"
