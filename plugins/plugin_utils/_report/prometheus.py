# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is private to the collection: it may change at any time.

"""The report as metrics for node_exporter's textfile collector, in Prometheus' classic text format (0.0.4).

node_exporter 1.5.0 drops a whole file for one timestamp or one type that the classic format does not have, and all
samples of the second of two files whose HELP or TYPE of a family differ. So each file has HELP and TYPE of every
family, also without samples. They are constants that never change for a name.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Mapping
from datetime import datetime

from ansible_collections.ontap.akv.plugins.module_utils._akv import health
from ansible_collections.ontap.akv.plugins.module_utils._akv.report import svm_of

Record = Mapping[str, t.Any]
Sample = tuple[str, dict[str, str], float]

FAMILIES = {
    "up": "Whether the cluster was read (1) or not (0).",
    "last_read_timestamp_seconds": "When the cluster was read, in seconds since 1970. Absent where it was not read.",
    "report_timestamp_seconds": "When this file was written, in seconds since 1970.",
    "needs_attention": "Whether the report says that the cluster needs attention (1) or not (0).",
    "configuration_verdict": "Verdict on an AKV configuration: 1 for the verdict that holds, 0 for the others.",
    "configuration_available": "Whether every node has the keys (1) or not (0). Absent where ONTAP does not report it.",
    "configuration_azure_reachable": (
        "Whether the last poll of Azure succeeded (1) or not (0). Absent where ONTAP does not report it."
    ),
    "configuration_nodes_without_keys": "How many nodes lack the keys of an AKV configuration.",
    "encrypted_volumes": "How many encrypted volumes of an SVM are in a state.",
    "credential_expiry_timestamp_seconds": "When the credential of an application ends, in seconds since 1970.",
    "key_expiry_timestamp_seconds": "When a key ends, in seconds since 1970.",
}
"""Each family, without the prefix, and its HELP. All are gauges. A text that changes is a new name."""

PREFIX = "ontap_akv_"


def of_cluster(name: str, record: Record, now: datetime, part: str) -> str:
    """Write the metrics of one cluster.

    :param part: the name of the part of the inventory, "" for all; the label ``slice``
    """
    # A series that stands twice in a file makes a collector drop the file: the last one counts.
    by_family: dict[str, dict[str, int]] = {family: {} for family in FAMILIES}
    for family, labels, value in _samples(record, now):
        whole = {"cluster": name, "slice": part, **labels}
        shown = ",".join(f'{label}="{_escaped(text)}"' for label, text in whole.items())
        by_family[family][f"{PREFIX}{family}{{{shown}}}"] = int(value)
    lines = []
    for family, help_text in FAMILIES.items():
        lines += [f"# HELP {PREFIX}{family} {help_text}", f"# TYPE {PREFIX}{family} gauge"]
        lines += [f"{series} {value}" for series, value in by_family[family].items()]
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _samples(record: Record, now: datetime) -> Iterator[Sample]:
    moment = now.timestamp()
    yield "up", {}, float(record["reachable"])
    yield "report_timestamp_seconds", {}, moment
    yield "needs_attention", {}, float(record["needs_attention"])
    if record["reachable"]:
        yield "last_read_timestamp_seconds", {}, moment
    for vault in record.get("vaults", []):
        configuration = vault.get("configuration")
        labels = {
            "svm": svm_of(vault),
            "configuration": str(configuration.get("name") or "") if isinstance(configuration, Mapping) else "",
            "uuid": str(vault.get("uuid")),
        }
        for verdict in health.Verdict:
            yield (
                "configuration_verdict",
                {**labels, "verdict": verdict.value},
                float(vault.get("verdict") == verdict.value),
            )
        if isinstance(vault.get("available"), bool):
            yield "configuration_available", labels, float(vault["available"])
        reachable = health.azure_reachable(vault)
        if reachable is not None:
            yield "configuration_azure_reachable", labels, float(reachable)
        nodes = vault.get("unavailable_nodes") or []
        # Before the first encrypted volume a healthy configuration has nothing to be available for.
        if nodes or vault.get("available") is True or vault.get("verdict") == health.Verdict.HEALTHY.value:
            yield "configuration_nodes_without_keys", labels, float(len(nodes))
    volumes: dict[tuple[str, str], int] = {}
    for volume in record.get("volumes", []):
        place = svm_of(volume), str(volume.get("state") or "unknown")
        volumes[place] = volumes.get(place, 0) + 1
    for (svm, state), number in sorted(volumes.items()):
        yield "encrypted_volumes", {"svm": svm, "state": state}, float(number)
    for entry in record.get("expiries", []):
        label = {"credential": "client_id", "key": "key_id"}[entry["what"]]
        labels = {label: entry["name"], **({"credential": entry["credential"]} if entry.get("credential") else {})}
        yield f"{entry['what']}_expiry_timestamp_seconds", labels, float(entry["timestamp"])
