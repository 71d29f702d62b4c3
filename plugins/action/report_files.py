# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This action is private to the role akv_report: it may change at any time.

from __future__ import annotations

import typing as t
from collections.abc import Container, Sequence
from datetime import datetime, timezone
from pathlib import Path

from ansible.plugins.action import ActionBase

from ansible_collections.ontap.akv.plugins.module_utils._akv.report import (
    KEYS,
    About,
    Ends,
    cluster,
    failing,
    reading,
    with_azure,
)
from ansible_collections.ontap.akv.plugins.module_utils._runtime import errors
from ansible_collections.ontap.akv.plugins.plugin_utils._evaluating import evaluator, evaluator_of_host
from ansible_collections.ontap.akv.plugins.plugin_utils._playbook import graph_reader, has_graph_reader
from ansible_collections.ontap.akv.plugins.plugin_utils._report.files import make, write
from ansible_collections.ontap.akv.plugins.plugin_utils._report.graph import Readers
from ansible_collections.ontap.akv.plugins.plugin_utils._report.markdown import in_lines
from ansible_collections.ontap.akv.plugins.plugin_utils._roles.all import ROLES
from ansible_collections.ontap.akv.plugins.plugin_utils._variables import Evaluate, read

Values = dict[str, t.Any]

_OF_READER = ("akv_graph_tenant_id", "akv_graph_client_id")


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
        clusters, problems = _with_azure(clusters, variables, self._templar, about.now)
        try:
            files = make(clusters, about, given["formats"], folder, problems)
            if not self._task.check_mode:
                write(folder, files, given["public_metrics"])
        except OSError as error:
            message = f"The report cannot be written to {folder}: {error.strerror}."
            return {**result, "failed": True, "msg": message}
        width = max(map(len, hosts))
        lines = [f"{host:{width}}  {line}" for host, record in clusters.items() for line in in_lines(record)]
        found = {
            host: failing(record, _fail_on(variables["hostvars"].raw_get(host))) for host, record in clusters.items()
        }
        bad = {host: findings for host, findings in found.items() if findings}
        files_of = {"folder": str(folder), "files": sorted(files)}
        return {**result, **files_of, "lines": [*lines, *problems], "failing": bad}


def _with_azure(
    clusters: dict[str, Values], variables: Values, templar: t.Any, now: datetime
) -> tuple[dict[str, Values], list[str]]:
    """Complete what is said of the clusters with what Microsoft Graph says; give what could not be asked too."""
    readers = Readers()
    hostvars = variables["hostvars"]
    mine = hostvars.raw_get(variables["inventory_hostname"])
    # What the play, the role or the task sets for all hosts is not in hostvars.
    of_play = {name: value for name, value in variables.items() if name.startswith("akv_") and name not in mine}
    for host, record in clusters.items():
        raw = hostvars.raw_get(host)
        # To evaluate variables of each host takes time: most runs have no reader.
        if record.get("vaults") and any(name in raw or name in of_play for name in _OF_READER):
            defined = {**raw, **of_play}
            of_host = evaluator_of_host(hostvars[host], variables.get("omit"))
            evaluate = _first_of(of_play, evaluator(templar, variables), of_host)
            try:
                if has_graph_reader(defined, evaluate):
                    readers.want(graph_reader(defined, evaluate), record["vaults"])
            except errors.InputError as error:
                readers.problems.append(f"{host}: {error.message}")
    azure = readers.ask()
    return {host: with_azure(record, azure, now) for host, record in clusters.items()}, readers.problems


def _first_of(names: Container[str], evaluate: Evaluate, otherwise: Evaluate) -> Evaluate:
    return lambda name: (evaluate if name in names else otherwise)(name)


def _fail_on(variables: t.Any) -> Sequence[str]:
    """Give akv_report_fail_on as the reading of a host has returned it; nothing where the host was not read."""
    return (variables.get("akv_report_result") or {}).get("fail_on", ())


def _record(variables: t.Any, now: datetime) -> Values:
    """Give what the report says of a host, as its reading has returned it, without templating it."""
    found = variables.get("akv_report_result") or {}
    if "found" in found:
        return {name: found[name] for name in KEYS if name in found}
    # The variables of this host were refused, or it is not among the hosts of this batch.
    return cluster(reading(found), Ends({}, {}), now)
