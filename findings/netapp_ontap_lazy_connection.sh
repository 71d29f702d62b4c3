#!/usr/bin/env bash
# Copyright (c) 2026, the ontap.akv authors
# SPDX-License-Identifier: GPL-3.0-or-later

# netapp-ontap 9.19.1.0: get_collection() reads from the cluster that is current later, when its records are looked at.
#
# What happens: a loop over the clusters sets config.CONNECTION, and keeps AzureKeyVault.get_collection() of each. The
#   lists are looked at after the loop: all of them come from the last cluster, without an error. The first one is not
#   asked at all. With list(…) inside the loop the lists are right, but patch() on a record of the first cluster goes to
#   the last one all the same. The same holds for lists that are got in a "with HostConnection(…)" inside another one,
#   and looked at in the outer one.
# Expected: the cluster is that of the call. The documentation says that the collection is lazy, which reads as when
#   the cluster is asked; nothing says that it is chosen then, too.
# Source: netapp_ontap/resource.py, _get_collection(): it is a generator, so that its first line, which takes the
#   connection, is run with the first record. Only connection= is kept on the records.
# Who meets it: who reports or rotates AKV configurations over many clusters. The report shows one cluster under many
#   names, a health check of the sick one is green, and a new client secret is sent to another cluster.
# What to do: get_collection(connection=…), which is kept for both (checked here). Modules of this collection talk to
#   one cluster a task, and each result names it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    netapp-ontap==9.19.1.0 marshmallow==3.26.2 requests==2.34.2 urllib3==2.8.0

cat > "$folder/run.py" << 'PYTHON'
import http.server
import json
import sys
import threading

import netapp_ontap
from netapp_ontap import HostConnection, config
from netapp_ontap.resources import AzureKeyVault

asked = []


class Cluster(http.server.BaseHTTPRequestHandler):
    """Has one AKV configuration, with the cluster's name in it. Over HTTP, to be short."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        record = {"uuid": f"uuid-of-{self.server.name}", "name": f"https://{self.server.name}.vault.azure.net"}
        self.answer({"records": [record], "num_records": 1})

    def do_PATCH(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer({})

    def answer(self, body):
        asked.append(f"{self.command} {self.server.name}")
        sent = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    def log_message(self, *args):
        pass


def connection(name):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Cluster)
    server.name = name
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return HostConnection("127.0.0.1", port=server.server_address[1], username="u", password="p", scheme="http")


def use(title, collections):
    """Look at the lists, and send a change to the record of the first cluster."""
    asked.clear()
    records = {cluster: list(collection) for cluster, collection in collections.items()}
    record = records["cluster1"][0]
    record.client_secret = "not~a~secret"
    record.patch()
    names = [found[0].name for found in records.values()]
    print(f"{title}: {names}. Sent: {asked}")
    return [name.partition("/")[2].strip("/").partition(".")[0] for name in names], list(asked)


print("netapp-ontap", netapp_ontap.__version__)
clusters = {name: connection(name) for name in ("cluster1", "cluster2")}
lazy, listed = {}, {}
for cluster, config.CONNECTION in clusters.items():
    lazy[cluster] = AzureKeyVault.get_collection()
    listed[cluster] = list(AzureKeyVault.get_collection())
kept = {cluster: AzureKeyVault.get_collection(connection=clusters[cluster]) for cluster in clusters}
seen = [use("looked at after the loop", lazy), use("list() in the loop", listed), use("connection=", kept)]
if seen != [
    (["cluster2", "cluster2"], ["GET cluster2", "GET cluster2", "PATCH cluster2"]),
    (["cluster1", "cluster2"], ["PATCH cluster2"]),
    (["cluster1", "cluster2"], ["GET cluster1", "GET cluster2", "PATCH cluster1"]),
]:
    sys.exit("Changed: lists and changes no longer go to the connection that is current later.")
PYTHON
"$folder/venv/bin/python" "$folder/run.py"
