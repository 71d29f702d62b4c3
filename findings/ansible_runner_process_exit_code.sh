#!/usr/bin/env bash
# Copyright (c) 2026, the ontap.akv authors
# SPDX-License-Identifier: GPL-3.0-or-later

# ansible-runner 2.4.3: "ansible-runner process" exits with 0 for a job that failed.
#
# What happens: a job goes through transmit, worker and process, as the documentation shows for remote jobs. The
#   playbook fails. worker exits with 2, but that is on the other machine. process, which is the last of the three and
#   runs where the job was started, exits with 0. In Python, run(streamer="process") returns an object whose status is
#   "failed" and whose rc is None.
# Expected: process ends like the job, as "ansible-runner run" does with the same playbook.
# Source: ansible_runner/__main__.py, main(): "return res.rc". ansible_runner/streaming.py: Processor sets rc to None
#   and reads the status of the stream alone.
# Who meets it: who starts playbooks on an execution node from cron or from a pipeline, without a controller. A drift
#   check, a report or a rotation that failed is green.
# What to do: read the artifacts' files "rc" or "status", which are right, or compare the status in Python with
#   "successful". docs/awx.md says so. This collection starts no runner of its own.
# Python 3.11 to 3.13.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check ansible-runner==2.4.3 ansible-core==2.19.14
export PATH="$folder/venv/bin:$PATH" HOME="$folder" LC_ALL=C.UTF-8
mkdir -p "$folder/sent/project" "$folder/sent/inventory" "$folder/worked" "$folder/received"
echo "localhost ansible_connection=local" > "$folder/sent/inventory/hosts"
cat > "$folder/sent/project/job.yml" << 'PLAYBOOK'
- name: A job that fails
  hosts: all
  gather_facts: false
  tasks:
    - name: Fail
      ansible.builtin.fail:
        msg: 1 of 3 AKV configurations is not healthy
PLAYBOOK

cd "$folder"
echo "ansible-runner $(ansible-runner --version)"
run=0 transmit=0 worker=0 process=0
ansible-runner run --ident run "$folder/sent" -p job.yml > run.log 2>&1 || run=$?
rm -rf "$folder/sent/artifacts"
ansible-runner transmit "$folder/sent" -p job.yml > transmitted || transmit=$?
ansible-runner worker --private-data-dir "$folder/worked" < transmitted > worked.stream || worker=$?
ansible-runner process "$folder/received" < worked.stream > process.log 2>&1 || process=$?
status=$(cat "$folder/received/artifacts/status") rc=$(cat "$folder/received/artifacts/rc")
grep -o '"msg": ".*"' process.log
echo "Exit codes: run $run, transmit $transmit, worker $worker, process $process. Artifacts: rc $rc, status $status."
if [ "$run $transmit $worker $process $rc $status" != "2 0 2 0 2 failed" ]; then
    echo "Changed: seen before: run 2, transmit 0, worker 2, process 0, rc 2, status failed." >&2
    exit 1
fi
