# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os

from ansible.errors import AnsibleError
from ansible.plugins.callback import CallbackBase
from ansible.template import Templar

DOCUMENTATION = r"""
name: dump
type: notification
short_description: Write all that a callback gets at a task's end, and variables that were included, a line of JSON each
description:
  - For the tests, which read the file that E(AKV_DUMP) names.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "dump"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self._including = {}

    def v2_runner_on_ok(self, result):
        self._write("ok", result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._write("ignored" if ignore_errors else "failed", result)

    def v2_runner_on_unreachable(self, result):
        self._write("unreachable", result)

    def v2_runner_on_skipped(self, result):
        self._write("skipped", result)

    def v2_playbook_on_stats(self, stats):
        # Such a variable is a template, which is evaluated where it is used.
        for name, task in self._including.items():
            manager = task.get_variable_manager()
            for host in stats.processed:
                variables = manager.get_vars(host=manager._inventory.get_host(host))
                try:
                    value = Templar(task.get_loader(), variables=variables).template(variables.get(name))
                except AnsibleError:
                    continue
                self._write_entry(task, {"host": host, "status": "ok", "result": {"ansible_facts": {name: value}}})

    def _write(self, status, result):
        # Without the underscore from ansible-core 2.19 on.
        host, task, values = (
            getattr(result, name, None) or getattr(result, f"_{name}") for name in ("host", "task", "result")
        )
        if task.action == "ansible.builtin.include_vars" and status == "ok":
            self._including.update(dict.fromkeys(values.get("ansible_facts", {}), task))
        self._write_entry(task, {"host": host.get_name(), "status": status, "result": values})

    def _write_entry(self, task, values):
        entry = {
            **values,
            "name": task.get_name(),
            "action": task.action,
            # A text, or from ansible-core 2.21 on a dictionary.
            "registers": list({task.register: None} if isinstance(task.register, str) else task.register or ()),
            "place": task.get_path(),
        }
        with open(os.environ["AKV_DUMP"], "a", encoding="utf-8") as file:
            file.write(json.dumps(entry, default=str) + "\n")
