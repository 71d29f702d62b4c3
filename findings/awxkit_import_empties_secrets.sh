#!/usr/bin/env bash
# Copyright (c) 2026, the ontap.akv authors
# SPDX-License-Identifier: GPL-3.0-or-later

# awxkit 24.6.1: "awx import" of what "awx export" has written empties the secrets of the credentials that are there.
#
# What happens: a controller has a credential with a client ID and a client secret. "awx export --credentials" writes
#   both, the secret as "$encrypted$", which stands for the value that the controller has. "awx import" of that file to
#   the same controller sends the credential with an empty secret. Exit code 0, and no word of it.
# Expected: what is exported can be imported without a loss. The controller takes "$encrypted$" for "leave it as it
#   is". The help says no more than that resources are imported.
# Source: awxkit/api/pages/api.py, _import_list(): remove_encrypted() makes an empty text of "$encrypted$" before it is
#   known whether there is such a credential, and put() sends it to the one that is there. Issue 14635 of ansible/awx
#   tells it of AWX 23. It was closed with pull request 14636, and the export has had "$encrypted$" instead of an empty
#   text since. The module awx.awx.import goes by awxkit (read in the source, not checked here).
# Who meets it: who brings templates, schedules or an approval back from a file, or copies them from one controller to
#   another one that has credentials of the same names. The secrets of all credentials in the file are lost: those of
#   ONTAP and of Entra with which the night's rotation runs, and the client secret that it gives to ONTAP.
# What to do: take what is under "credentials" out of the file before it is imported. docs/awx.md says so.
# Python 3.11 to 3.13.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    awxkit==24.6.1 setuptools==80.9.0 requests==2.34.2 urllib3==2.8.0

cat > "$folder/run.py" << 'PYTHON'
import http.server
import importlib.metadata
import json
import os
import subprocess
import sys
import threading

KINDS = "users organizations teams credential_types credentials notification_templates projects inventory"
KINDS += " inventory_sources job_templates workflow_job_templates execution_environments applications schedules"
KINDS += " system_job_templates"
TYPE, CREDENTIAL = "/api/v2/credential_types/1/", "/api/v2/credentials/1/"
FIELDS = {"name": {"type": "string"}, "credential_type": {"type": "id", "required": True}, "inputs": {"type": "json"}}
TYPES = {"id": 1, "type": "credential_type", "url": TYPE, "name": "Azure login", "kind": "cloud", "related": {}}
VALUES = {"client_id": "4b0c7f6e-0000-0000-0000-000000000001", "client_secret": "not~a~secret"}
changes = []


class Controller(http.server.BaseHTTPRequestHandler):
    """Has one credential. It shows its secret as "$encrypted$", and takes that for the value that it has."""

    protocol_version = "HTTP/1.1"
    inputs = {}

    def answer(self, body, **headers):
        sent = json.dumps(body).encode()
        self.send_response(200)
        for name, value in {"Content_Type": "application/json", "Content_Length": len(sent), **headers}.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        self.wfile.write(sent)

    def credential(self):
        shown = {**self.inputs, "client_secret": self.inputs["client_secret"] and "$encrypted$"}
        related = {"credential_type": TYPE}
        fields = {"id": 1, "type": "credential", "url": CREDENTIAL, "name": "login", "credential_type": 1}
        return {**fields, "inputs": shown, "related": related}

    def do_GET(self):
        path = self.path.partition("?")[0]
        records = {TYPE: TYPES, CREDENTIAL: self.credential()}
        if path == "/api/":
            self.answer({"available_versions": {"v2": "/api/v2/"}, "current_version": "/api/v2/"})
        elif path == "/api/v2/":
            self.answer({kind: f"/api/v2/{'inventories' if kind == 'inventory' else kind}/" for kind in KINDS.split()})
        elif path in records:
            self.answer(records[path])
        else:
            found = [record for url, record in records.items() if url == f"{path}1/"]
            self.answer({"count": len(found), "next": None, "previous": None, "results": found})

    def do_OPTIONS(self):
        self.answer({"actions": {"POST": FIELDS, "GET": {}}, "search_fields": ["name"]}, Allow="GET, POST")

    def do_PUT(self):
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["inputs"]
        changes.append(sent)
        Controller.inputs = {k: self.inputs.get(k) if value == "$encrypted$" else value for k, value in sent.items()}
        self.answer(self.credential())

    def log_message(self, *args):
        pass


def awx(*words, **options):
    command = [os.path.join(os.path.dirname(sys.executable), "awx"), *login, *words]
    return subprocess.run(command, capture_output=True, text=True, **options)


Controller.inputs = VALUES
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Controller)
threading.Thread(target=server.serve_forever, daemon=True).start()
login = ["--conf.host", f"http://127.0.0.1:{server.server_address[1]}", "--conf.token", "not-a-token"]
print("awxkit", importlib.metadata.version("awxkit"))
exported = awx("export", "--credentials")
if exported.returncode:
    sys.exit(exported.stderr)
inputs = json.loads(exported.stdout)["credentials"][0]["inputs"]
print(f"export --credentials: exit code {exported.returncode}, inputs {inputs}")
imported = awx("import", input=exported.stdout)
print(f"import of that: exit code {imported.returncode}, sent {changes}")
print(f"The controller has: {Controller.inputs}")
lost = Controller.inputs == {**VALUES, "client_secret": ""}
if inputs["client_secret"] != "$encrypted$" or imported.returncode or imported.stdout.strip() or not lost:
    sys.exit("Changed: the import leaves the secret as it is, or fails.")
PYTHON
"$folder/venv/bin/python" "$folder/run.py"
