#!/usr/bin/env bash
# Copyright (c) 2026, the ontap.akv authors
# SPDX-License-Identifier: GPL-3.0-or-later

# awx.awx 24.6.1 (ansible 12.3.0): workflow_approval is green for an approval that was decided the other way.
#
# What happens: a task denies an approval of a workflow that somebody has approved. The controller answers 400, "This
#   workflow step has already been approved or denied". The task is green, not changed, and does not show the answer:
#   the workflow goes on. The same holds for the approval of a step that was denied, or for which the time was over.
# Expected: the task fails, or is green only where the decision is the wanted one.
# Source: plugins/modules/workflow_approval.py, main(): a status of 204 makes the task changed, and any other one does
#   nothing; make_request() of module_utils/controller_api.py returns a 400 "so the module can decide". The answer is
#   that of the views WorkflowApprovalApprove and WorkflowApprovalDeny of AWX 24.6.1.
# Who meets it: who stops a rotation from a change system as soon as the change is withdrawn. The withdrawal is green,
#   and the rotation goes on in all clusters. And who approves one there after the night, when the time was over: it is
#   green, nothing was rotated, and the previous secret is removed in Azure.
# What to do: read /api/v2/workflow_approvals/<ID>/ after the task: status is "successful" for an approval, and "failed"
#   for a denial. Before the previous secret is removed in Azure, read the status of the workflow job. docs/awx.md says
#   so.
# Python 3.11 to 3.13.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
export PATH="$folder/venv/bin:$PATH" LC_ALL=C.UTF-8
python -m pip install --quiet --disable-pip-version-check ansible-core==2.19.14
python -m pip download --quiet --disable-pip-version-check --no-deps --dest "$folder/wheel" ansible==12.3.0
python - "$folder"/wheel/*.whl "$folder" << 'PYTHON'
import sys
import zipfile

# One collection of the hundred in the package.
with zipfile.ZipFile(sys.argv[1]) as wheel:
    wheel.extractall(sys.argv[2], [n for n in wheel.namelist() if n.startswith("ansible_collections/awx/awx/")])
PYTHON
export HOME="$folder" ANSIBLE_COLLECTIONS_PATH="$folder" ANSIBLE_REMOTE_TMP="$folder/tasks"
export ANSIBLE_LOCALHOST_WARNING=false ANSIBLE_INVENTORY_UNPARSED_WARNING=false

cat > "$folder/run.py" << 'PYTHON'
import http.server
import json
import subprocess
import sys
import threading

APPROVAL = "/api/v2/workflow_approvals/8/"
DECIDED = {"approve": "successful", "deny": "failed"}


class Controller(http.server.BaseHTTPRequestHandler):
    """A workflow job with one approval, which a decision changes while it is pending."""

    protocol_version = "HTTP/1.1"
    status = ""
    answers = []

    def answer(self, status, body):
        sent = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    def do_GET(self):
        self.answer(200, {"count": 1, "results": [{"id": 9, "related": {"job": APPROVAL}}]})

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        pending = Controller.status == "pending"
        self.answers.append(204 if pending else 400)
        if pending:
            Controller.status = DECIDED[self.path.rstrip("/").rpartition("/")[2]]
            self.answer(204, None)
        else:
            self.answer(400, {"error": "This workflow step has already been approved or denied."})

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Controller)
threading.Thread(target=server.serve_forever, daemon=True).start()
login = {"controller_host": f"http://127.0.0.1:{server.server_address[1]}", "controller_oauthtoken": "not-a-token"}
seen = []
for Controller.status, action in (("pending", "deny"), ("successful", "deny"), ("failed", "approve")):
    before = Controller.status
    task = json.dumps({**login, "workflow_job_id": 7, "name": "Approve the rotation", "action": action})
    command = ["ansible", "localhost", "-m", "awx.awx.workflow_approval", "-a", task]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"Changed: the task fails: {done.stdout}{done.stderr}")
    seen.append((json.loads(done.stdout.partition("=>")[2])["changed"], Controller.answers[-1], Controller.status))
    print(f"{action} of an approval with status {before}: the controller answers {seen[-1][1]}")
    print(f"    {done.stdout.partition('=>')[0].strip()}, changed {seen[-1][0]}. The approval has status {seen[-1][2]}")
    if "already" in done.stdout:
        sys.exit("Changed: the task shows the answer.")
if seen != [(True, 204, "failed"), (False, 400, "successful"), (False, 400, "failed")]:
    sys.exit("Changed: the task is no longer green for an approval that was decided the other way.")
PYTHON
grep -m1 '"version"' "$folder/ansible_collections/awx/awx/MANIFEST.json"
python "$folder/run.py"
