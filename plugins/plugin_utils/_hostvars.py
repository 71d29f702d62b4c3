# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is private to the collection: it may change at any time.

"""What filters and actions take from C(hostvars): the result that a task has registered on each host."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

Result = Mapping[str, t.Any]


def result_of(variables: t.Any, host: t.Any, register: t.Any) -> Result | None:
    """Give the result of a host; None where its task was skipped, or has not run."""
    # Not variables.get(): hostvars gives a host's variables to [] alone.
    found = variables[host].get(register) if host in variables else None
    return found if isinstance(found, Mapping) and not found.get("skipped") else None


def settings_of(variables: t.Any, hosts: t.Any, register: t.Any) -> dict[str, Result]:
    """Give what ``role_variables`` or ``role_reading`` has read on each host, if it could, and refused no variable.

    :param register: blank or None for no settings
    """
    found = {str(host): result_of(variables, host, register) for host in hosts} if register else {}
    return {
        host: {**result, **result.get("given", {})}
        for host, result in found.items()
        if result and not any(result.get(name) for name in ("errors", "failed", "refused"))
    }
