# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is private to the collection: it may change at any time.

"""The variables of the role akv_report."""

from __future__ import annotations

from enum import Enum

from ansible_collections.ontap.akv.plugins.plugin_utils._roles import shared
from ansible_collections.ontap.akv.plugins.plugin_utils._variables import Kind, Role, Variable


class Format(str, Enum):
    """What a report is written as. The value is how C(akv_report_formats) names it."""

    HTML = "html"
    MARKDOWN = "markdown"
    JSON = "json"
    PROMETHEUS = "prometheus"


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
            (
                "What to write.",
                "V(html) is one page on all clusters. V(markdown) and V(json) are one file on all clusters and one on"
                " each cluster. V(prometheus) is a file of metrics on each cluster, for the textfile collector of"
                " node_exporter.",
            ),
            kind=Kind.NAMES,
            choices=tuple(each.value for each in Format),
            default=[Format.HTML.value, Format.MARKDOWN.value, Format.JSON.value],
            narrows=True,
        ),
        Variable(
            "slice",
            (
                "The name of the part of the inventory that this run reads. It is needed if several runs write to one"
                " folder. It is part of the report's name, and a label of the metrics.",
            ),
        ),
        Variable(
            "public_metrics",
            (
                "Whether all users of the control node may read the metrics. A collector that runs as another user"
                " needs this.",
            ),
            kind=Kind.BOOLEAN,
            default=False,
        ),
        shared.CHANGE_NUMBER,
        Variable(
            "volumes",
            ("Whether to read the encrypted volumes too, and to report which are offline.",),
            kind=Kind.BOOLEAN,
            default=True,
        ),
        Variable(
            "fail_on",
            (
                "The findings for which the play fails on a cluster, after all reports are written. With an empty list,"
                " it does not fail.",
                "V(unreachable) is a cluster that could not be read, V(offline) one with encrypted volumes that are not"
                " online, V(expiring) one with a credential or key that ends within 60 days. The others are verdicts on"
                " an AKV configuration.",
            ),
            kind=Kind.NAMES,
            choices=("degraded", "expiring", "offline", "unavailable", "unknown", "unreachable"),
            default=["unreachable"],
        ),
    ),
)
