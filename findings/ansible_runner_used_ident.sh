#!/usr/bin/env bash
# Copyright (c) 2026, the ontap.akv authors
# SPDX-License-Identifier: GPL-3.0-or-later

# ansible-runner 2.4.3: stats and events of a run are those of an earlier run, if both have the same ident.
#
# What happens: a program runs a playbook every night with ident="night". The first night has one cluster, and all is
#   well. In the second one a second cluster fails: status is "failed" and rc is 2, but stats are those of the first
#   night, without a failure. In the third night all is well again, and events has the failure of the second night.
# Expected: what the object of a run returns is of that run. The documentation says of ident that it names the folder
#   of the artifacts, and of stats that they are the final ones of the Ansible run.
# Source: ansible_runner/runner.py: run() keeps a folder that exists, with its job_events; events yields all of them,
#   and stats takes the first playbook_on_stats, in the order of the events' numbers: that of the shortest run.
# Who meets it: who runs a report or a rotation from a program of one's own, with a name for the kind of job, to find
#   its artifacts. The clusters that stats names are those of another night: nobody is called for the one that fails.
# What to do: leave ident out, then each run has a folder of its own, or remove the folder before the run. Decide by
#   status and rc, which are right. docs/awx.md says so. This collection starts no runner of its own.
# Python 3.11 to 3.13.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check ansible-runner==2.4.3 ansible-core==2.19.14
export PATH="$folder/venv/bin:$PATH" HOME="$folder" LC_ALL=C.UTF-8
mkdir -p "$folder/job/project" "$folder/job/inventory"
printf '%s ansible_connection=local\n' cluster1 cluster2 > "$folder/job/inventory/hosts"
cat > "$folder/job/project/report.yml" << 'PLAYBOOK'
- name: A report
  hosts: all
  gather_facts: false
  tasks:
    - name: Read
      ansible.builtin.assert:
        that: inventory_hostname not in sick
        quiet: true
PLAYBOOK

cat > "$folder/run.py" << 'PYTHON'
import importlib.metadata
import sys

import ansible_runner

print("ansible-runner", importlib.metadata.version("ansible-runner"))
seen = {}
for ident in ("night", None):
    seen[ident] = []
    for limit, sick in (("cluster1", []), ("all", ["cluster2"]), ("all", [])):
        job = {"private_data_dir": sys.argv[1], "playbook": "report.yml", "quiet": True}
        run = ansible_runner.run(ident=ident, limit=limit, extravars={"sick": sick}, **job)
        clusters, failures = sorted(run.stats["processed"]), sorted(run.stats["failures"])
        failed = [event["event_data"]["host"] for event in run.events if event["event"] == "runner_on_failed"]
        seen[ident].append((run.status, clusters, failures, failed))
        print(f"ident={ident}, {limit}, sick: {sick}: status {run.status}, rc {run.rc}.", end=" ")
        print(f"Stats: clusters {clusters}, failures {failures}. Failures in events: {failed}")
one, two = ["cluster1"], ["cluster1", "cluster2"]
first = ("successful", one, [], [])
if seen[None] != [first, ("failed", two, ["cluster2"], ["cluster2"]), ("successful", two, [], [])]:
    sys.exit("Changed: runs with an ident of their own differ.")
if seen["night"] != [first, ("failed", one, [], ["cluster2"]), ("successful", one, [], ["cluster2"])]:
    sys.exit("Changed: stats or events of a used ident are no longer those of the earlier run.")
PYTHON
cd "$folder"
"$folder/venv/bin/python" "$folder/run.py" "$folder/job"
