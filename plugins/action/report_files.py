# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This action is private to the role akv_report: it may change at any time.

from __future__ import annotations

import typing as t
from datetime import datetime, timezone
from pathlib import Path

from ansible.plugins.action import ActionBase

from ansible_collections.ontap.akv.plugins.module_utils._akv.report import (
    About,
    Ends,
    cluster,
    credentials_in_use,
    reading,
)
from ansible_collections.ontap.akv.plugins.module_utils._runtime.errors import InputError
from ansible_collections.ontap.akv.plugins.plugin_utils._report.files import FORMATS, make, write
from ansible_collections.ontap.akv.plugins.plugin_utils._report.markdown import in_lines

Values = dict[str, t.Any]


class ActionModule(ActionBase):
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: Values | None = None) -> Values:
        variables = task_vars or {}
        _validation, options = self.validate_argument_spec(
            {
                "path": {"type": "str", "required": True},
                "formats": {"type": "list", "elements": "str", "required": True, "choices": list(FORMATS)},
                "reading": {"type": "str", "required": True},
                "slice": {"type": "str", "default": ""},
                "change_number": {"type": "str", "default": ""},
                "public_metrics": {"type": "bool", "default": False},
            }
        )
        result = {**super().run(tmp, variables), "changed": False}
        about = About(datetime.now(timezone.utc), options["slice"], options["change_number"])
        folder = Path(options["path"]).expanduser().resolve()
        try:
            clusters = {
                host: _cluster(variables["hostvars"], host, options["reading"], about.now)
                for host in sorted(variables["ansible_play_hosts_all"])
            }
            files = make(clusters, about, options["formats"], folder)
            if not self._task.check_mode:
                write(folder, files, options["public_metrics"])
        except InputError as error:
            return {**result, "failed": True, "msg": error.message}
        except OSError as error:
            message = f"The report cannot be written to {folder}: {error.strerror}."
            return {**result, "failed": True, "msg": message}
        lines = {host: in_lines(record) for host, record in clusters.items()}
        return {**result, "folder": str(folder), "files": sorted(files), "clusters": clusters, "lines": lines}


def _cluster(hostvars: t.Any, host: str, name: str, now: datetime) -> Values:
    """Read a host's reading as it is, without templating it, and its declared dates as the user wrote them."""
    evaluated = hostvars[host]
    ends = Ends.read(*(evaluated.get(f"akv_{what}_expires") for what in ("credential", "key")))
    in_use = credentials_in_use(evaluated.get("akv_credential_names"))
    return cluster(reading(hostvars.raw_get(host).get(name)), ends, now, in_use)
