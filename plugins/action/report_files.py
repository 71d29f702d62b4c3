# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This action is private to the role akv_report: it may change at any time.

from __future__ import annotations

import typing as t
from datetime import datetime, timezone
from pathlib import Path

from ansible.plugins.action import ActionBase

from ansible_collections.ontap.akv.plugins.module_utils._akv.report import KEYS, About, Ends, cluster, reading
from ansible_collections.ontap.akv.plugins.plugin_utils._evaluating import evaluator
from ansible_collections.ontap.akv.plugins.plugin_utils._report.files import make, write
from ansible_collections.ontap.akv.plugins.plugin_utils._report.markdown import in_lines
from ansible_collections.ontap.akv.plugins.plugin_utils._roles.all import ROLES
from ansible_collections.ontap.akv.plugins.plugin_utils._variables import read

Values = dict[str, t.Any]


class ActionModule(ActionBase):
    _requires_connection = False
    _VALID_ARGS: frozenset[str] = frozenset()

    def run(self, tmp: str | None = None, task_vars: Values | None = None) -> Values:
        variables = task_vars or {}
        result = {**super().run(tmp, variables), "changed": False}
        # The reading of this host has found no errors in them.
        given = read(ROLES["akv_report"], ROLES, variables, evaluator(self._templar, variables)).given
        about = About(datetime.now(timezone.utc), given.get("slice", ""), given.get("change_number", ""))
        folder = Path(given["path"]).expanduser().resolve()
        hosts = sorted(variables["ansible_play_hosts_all"])
        clusters = {host: _record(variables["hostvars"].raw_get(host), about.now) for host in hosts}
        try:
            files = make(clusters, about, given["formats"], folder)
            if not self._task.check_mode:
                write(folder, files, given["public_metrics"])
        except OSError as error:
            message = f"The report cannot be written to {folder}: {error.strerror}."
            return {**result, "failed": True, "msg": message}
        width = max(map(len, hosts))
        lines = [f"{host:{width}}  {line}" for host, record in clusters.items() for line in in_lines(record)]
        return {**result, "folder": str(folder), "files": sorted(files), "lines": lines}


def _record(variables: t.Any, now: datetime) -> Values:
    """Give what the report says of a host, as its reading has returned it, without templating it."""
    found = variables.get("akv_report_result") or {}
    if "found" in found:
        return {name: found[name] for name in KEYS if name in found}
    # The variables of this host were refused, or it is not among the hosts of this batch.
    return cluster(reading(found), Ends({}, {}), now)
