#!/usr/bin/env bash
# Copyright (c) 2026, the ontap.akv authors
# SPDX-License-Identifier: GPL-3.0-or-later

# netapp-ontap 9.19.1.0: delete_collection(records=[]) asks ONTAP to delete all records, not none.
#
# What happens: delete_collection(records=…) deletes the records that are given, by their keys. With an empty list it
#   sends DELETE without keys and without a query, which is the request for the whole collection. patch_collection({…},
#   records=[]) sends its first argument to the whole collection, an argument that its docstring says is ignored if
#   records are given. A query of which the value is None, **{"svm.name": None}, is left out, with the same effect.
#   (The server here shows what is sent. What a real cluster does with such a request was not tried.)
# Expected: no records, no change. An empty generator is right: it sends an empty list of records (checked here).
# Source: netapp_ontap/resource.py, _delete_collection() and _patch_collection(): "if records:", and without records
#   everything that matches the query, as the docstring says. requests leaves out parameters that are None.
# Who meets it: who collects what is to be deleted in a list, such as AKV configurations of SVMs that are gone, and
#   deletes them with one call. In the night in which there is nothing to delete, the call is for all of them. The same
#   class serves volumes and snapshots.
# What to do: call it only if the list, and each value of the query, has something in it. A task of akv_config deletes
#   the one AKV configuration that it names, and a variable of the roles that names nothing is an error.
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
from netapp_ontap import HostConnection
from netapp_ontap.resources import AzureKeyVault

sent = []


class Cluster(http.server.BaseHTTPRequestHandler):
    """Keeps what it is asked for, and answers that it has been done."""

    protocol_version = "HTTP/1.1"

    def handle_request(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        sent.append(f"{self.command} {self.path} {body}".strip())
        answer = json.dumps({"num_records": 0}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_DELETE = do_PATCH = handle_request

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Cluster)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
server.socket = context.wrap_socket(server.socket, server_side=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
warnings.simplefilter("ignore")  # the certificate is of this run alone
print("netapp-ontap", netapp_ontap.__version__)

URL = "/api/security/azure-key-vaults"
gone = AzureKeyVault(uuid="4f6e1d3c-0000-0000-0000-000000000001")
calls = {
    "delete_collection(records=[one])": lambda: AzureKeyVault.delete_collection(records=[gone]),
    "delete_collection(records=[])": lambda: AzureKeyVault.delete_collection(records=[]),
    "delete_collection(records=iter([]))": lambda: AzureKeyVault.delete_collection(records=iter([])),
    "delete_collection(**{'svm.name': None})": lambda: AzureKeyVault.delete_collection(**{"svm.name": None}),
    "patch_collection({'enabled': False}, records=[])": lambda: AzureKeyVault.patch_collection(
        {"enabled": False}, records=[]
    ),
}
expected = [
    f'DELETE {URL} {{"records": [{{"uuid": "4f6e1d3c-0000-0000-0000-000000000001"}}]}}',
    f"DELETE {URL} {{}}",
    f'DELETE {URL} {{"records": []}}',
    f"DELETE {URL} {{}}",
    f'PATCH {URL} {{"enabled": false}}',
]
with HostConnection("127.0.0.1", port=server.server_address[1], username="u", password="p", verify=False):
    for title, call in calls.items():
        call()
        print(f"{title} sends: {sent[-1]}")
if sent != expected:
    sys.exit("Changed: an empty list of records, or a query of None, no longer asks for the whole collection.")
PYTHON
"$folder/venv/bin/python" "$folder/run.py" "$folder/certificate.pem" "$folder/key.pem"
