# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is private to the collection: it may change at any time.

"""The variables of the role akv_report."""

from __future__ import annotations

from ansible_collections.ontap.akv.plugins.plugin_utils._variables import Kind, Role, Variable

ROLE = Role(
    "akv_report",
    "Report the health of all AKV configurations",
    (
        "Reads the health of all AKV configurations of each cluster of the play, and writes one report on all of them"
        " and one on each cluster.",
        "A cluster that cannot be read is a line of the report.",
    ),
    (
        Variable(
            "path",
            (
                "The folder on the control node for the reports. It is created if it does not exist. A relative path"
                " begins where C(ansible-playbook) was started.",
            ),
            kind=Kind.PATH,
            required=True,
        ),
        Variable(
            "formats",
            ("What to write.",),
            kind=Kind.NAMES,
            choices=("markdown", "json"),
            default=["markdown", "json"],
            narrows=True,
        ),
        Variable(
            "volumes",
            ("Whether to read the encrypted volumes too, and to report which are offline.",),
            kind=Kind.BOOLEAN,
            default=True,
        ),
        Variable(
            "time",
            ("Whether the reports contain the time of the reading. They then differ on every run.",),
            kind=Kind.BOOLEAN,
            default=False,
        ),
        Variable(
            "fail_on",
            (
                "The play fails, after all reports are written, for a cluster of which the report says one of these.",
                "V(unreachable) is a cluster that could not be read, V(offline) one with encrypted volumes that are not"
                " online. The others are verdicts on an AKV configuration.",
            ),
            kind=Kind.NAMES,
            choices=("degraded", "unavailable", "unknown", "unreachable", "offline"),
            default=[],
        ),
    ),
)
