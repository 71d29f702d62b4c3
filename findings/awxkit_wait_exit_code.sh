#!/usr/bin/env bash
# Copyright (c) 2026, the ontap.akv authors
# SPDX-License-Identifier: GPL-3.0-or-later

# awxkit 24.6.1: "awx job_templates launch --wait" exits with 0 for a job that was canceled, and for one still running.
#
# What happens: "launch --wait" exits with 1 for a job that failed. For a job that somebody has canceled it exits with
#   0, and so does "launch --wait --action-timeout 1" for a job that is not done when the time is over, without a word.
#   The exit codes of --monitor, and those of workflows, are the same.
# Expected: 0 says that the job has ended well. The help of --action-timeout says that it times out waiting on the
#   job's completion, which one expects to be an error.
# Source: awxkit/cli/custom.py, Launchable.monitor(): the exit code is 1 for the statuses "failed" and "error" alone.
#   For canceled jobs it is issue 12557 of ansible/awx, which a later commit there resolves; 24.6.1 is the last release
#   on the package index.
# Who meets it: who launches the rotation of ONTAP's client secret from a pipeline that then removes the previous secret
#   in Azure. If the job was canceled or is not done, clusters still use that secret.
# What to do: read "status" in the JSON that the command prints, and go on with "successful" alone. docs/awx.md says so.
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

LAUNCH, JOB = "/api/v2/job_templates/1/launch/", "/api/v2/jobs/1/"
ANSWERS = {
    "/api/": {"available_versions": {"v2": "/api/v2/"}, "current_version": "/api/v2/"},
    "/api/v2/": {"job_templates": "/api/v2/job_templates/", "jobs": "/api/v2/jobs/"},
    "/api/v2/job_templates/1/": {"id": 1, "type": "job_template", "url": LAUNCH[:-7], "related": {"launch": LAUNCH}},
    f"{JOB}job_events/": {"count": 0, "results": []},
}


class Controller(http.server.BaseHTTPRequestHandler):
    """As much of a controller as a launch needs."""

    protocol_version = "HTTP/1.1"
    status = ""

    def answer(self, body):
        sent = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    def job(self):
        job = {"id": 1, "type": "job", "url": JOB, "related": {"job_events": f"{JOB}job_events/"}}
        return {**job, "status": self.status, "event_processing_finished": self.status != "running"}

    def do_GET(self):
        path = self.path.partition("?")[0]
        self.answer(self.job() if path == JOB else ANSWERS[path])

    def do_OPTIONS(self):
        self.answer({"actions": {"GET": {}, "POST": {}}, "types": ["job_template"]})

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(self.job())

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Controller)
threading.Thread(target=server.serve_forever, daemon=True).start()
login = ["--conf.host", f"http://127.0.0.1:{server.server_address[1]}", "--conf.token", "not-a-token"]
print("awxkit", importlib.metadata.version("awxkit"))
seen = {}
for Controller.status in ("successful", "failed", "canceled", "running"):
    options = ["launch", "1", "--wait", *(["--action-timeout", "1"] if Controller.status == "running" else [])]
    command = [os.path.join(os.path.dirname(sys.executable), "awx"), *login, "job_templates", *options]
    done = subprocess.run(command, capture_output=True, text=True)
    seen[Controller.status] = (done.returncode, json.loads(done.stdout)["status"])
    print(f"{' '.join(options)}: exit code {done.returncode}, status {seen[Controller.status][1]}")
if [code for code, _status in seen.values()] != [0, 1, 0, 0] or any(name != seen[name][1] for name in seen):
    sys.exit("Changed: a job that has not ended well no longer exits with 0.")
PYTHON
"$folder/venv/bin/python" "$folder/run.py"
