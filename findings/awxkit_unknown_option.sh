#!/usr/bin/env bash
# Copyright (c) 2026, the ontap.akv authors
# SPDX-License-Identifier: GPL-3.0-or-later

# awxkit 24.6.1: "awx job_templates launch" ignores an option that it does not know, and launches without it.
#
# What happens: "awx job_templates launch 1 --job_type run --limt cluster1" launches the job as a run for all hosts of
#   the inventory. "--job-type check", with a hyphen instead of an underline, launches it as the template says. Exit
#   code 0, no word: that an argument was not recognized is printed with --verbose only.
# Expected: an error about an option that does not exist, as from other commands, before anything is launched.
# Source: awxkit/cli/client.py, parse_action(): parse_known_args(), and "if extra and self.verbose".
# Who meets it: who launches job templates from a pipeline. A rotation on one cluster becomes one on all of them by
#   one letter, and a rehearsal becomes a run.
# What to do: compare limit and job_type of the command's JSON output with what was meant, or launch the workflow with
#   approval, whose plan shows the clusters. The kit's templates that change something are of type check unless the
#   launch says "run", so that at least that option does no harm when it is lost; docs/awx.md says so.
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

launched = []
LAUNCH = "/api/v2/job_templates/1/launch/"
ANSWERS = {
    "/api/": {"available_versions": {"v2": "/api/v2/"}, "current_version": "/api/v2/"},
    "/api/v2/": {"job_templates": "/api/v2/job_templates/", "jobs": "/api/v2/jobs/"},
    "/api/v2/job_templates/1/": {"id": 1, "type": "job_template", "url": LAUNCH[:-7], "related": {"launch": LAUNCH}},
}
CHOICES = {"type": "choice", "choices": [["run", "Run"], ["check", "Check"]]}
PROMPTS = {"limit": {"type": "string", "label": "Limit"}, "job_type": {**CHOICES, "label": "Type"}}


class Controller(http.server.BaseHTTPRequestHandler):
    """As much of a controller as a launch needs. Its template asks for limit and job type."""

    protocol_version = "HTTP/1.1"

    def answer(self, body):
        sent = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    def do_GET(self):
        self.answer(ANSWERS[self.path.partition("?")[0]])

    def do_OPTIONS(self):
        methods = {"POST": PROMPTS} if self.path == LAUNCH else {"GET": {}, "POST": {}}
        self.answer({"actions": methods, "types": ["job_template"]})

    def do_POST(self):
        launched.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.answer({"id": 1, "type": "job", "url": "/api/v2/jobs/1/", "status": "pending", "related": {}})

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Controller)
threading.Thread(target=server.serve_forever, daemon=True).start()
login = ["--conf.host", f"http://127.0.0.1:{server.server_address[1]}", "--conf.token", "not-a-token"]
print("awxkit", importlib.metadata.version("awxkit"))
codes = []
for options in (["--limit", "cluster1", "--job_type", "check"], ["--limt", "cluster1", "--job-type", "check"]):
    command = [os.path.join(os.path.dirname(sys.executable), "awx"), *login, "job_templates", "launch", "1", *options]
    done = subprocess.run(command, capture_output=True, text=True)
    codes.append(done.returncode)
    print(f"launch 1 {' '.join(options)}: exit code {done.returncode}, launched with {launched[-1:]}")
if codes != [0, 0] or launched != [{"limit": "cluster1", "job_type": "check"}, {}]:
    sys.exit("Changed: options that do not exist are no longer ignored.")
PYTHON
"$folder/venv/bin/python" "$folder/run.py"
