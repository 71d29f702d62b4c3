# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is private to the collection: it may change at any time.

"""The report as Markdown. What a server wrote is text in it: it begins no cell, no tag and no link."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterable, Iterator, Mapping

from ansible_collections.ontap.akv.plugins.module_utils._akv.report import (
    FINE,
    ends_soon,
    is_away,
    scope_of,
    svm_of,
    verdicts,
    volume_of,
)
from ansible_collections.ontap.akv.plugins.module_utils._runtime.printable import printable
from ansible_collections.ontap.akv.plugins.module_utils._runtime.wording import capital

Record = Mapping[str, t.Any]


def cell(value: t.Any) -> str:
    """Show a text in a table or a sentence, so that nothing in it is markup."""
    text = " ".join(printable(str("" if value is None else value)).split())
    return re.sub(r"([\\`*_{}\[\]<>|#&~])", r"\\\1", text)


def _row(*cells: t.Any) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def _table(names: Iterable[str], rows: Iterable[Iterable[t.Any]]) -> Iterator[str]:
    names = list(names)
    yield _row(*names)
    yield "|" + "---|" * len(names)
    for row in rows:
        yield _row(*row)


def _about(record: Record) -> Iterator[str]:
    part = f" Slice: {cell(record['slice'])}." if record.get("slice") else ""
    yield f"Made on {record['made']}.{part}"
    if record.get("change_number"):
        yield f"Change: {cell(record['change_number'])}."
    yield ""


def _lines(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"


def of_fleet(report: Record, file_of: Mapping[str, str]) -> str:
    """Write the report on all clusters.

    :param file_of: the name of each cluster's own files, without suffix
    """
    return _lines(_fleet(report, file_of))


def _fleet(report: Record, file_of: Mapping[str, str]) -> Iterator[str]:
    yield f"# {cell(report['headline'])}"
    yield ""
    yield from _about(report)
    yield "## What needs attention"
    yield ""
    yield from _causes(report["causes"], [entry for entry in report["expiries"] if ends_soon(entry)])
    yield from _endings(report["expiries"])
    if report.get("problems"):
        yield "## What is not known about the dates"
        yield ""
        yield from (f"- {cell(problem)}" for problem in report["problems"])
        yield ""
    if report.get("old"):
        yield "## Old files"
        yield ""
        yield f"Not in this run, from an earlier one: {', '.join(map(cell, report['old']))}."
        yield ""
    yield "## Clusters"
    yield ""
    counted = list(verdicts({}))
    rows: list[list[t.Any]] = []
    for name, record in report["clusters"].items():
        link = f"[{cell(name)}](clusters/{file_of[name]}.md)"
        if not record["reachable"]:
            rows.append([link, "not read", *[""] * (len(counted) + 2)])
            continue
        volumes = record.get("volumes")
        away = ["", ""] if volumes is None else [len(volumes), sum(map(is_away, volumes))]
        rows.append([link, cell(record.get("release", "")), *verdicts(record).values(), *away])
    yield from _table(("cluster", "release", *counted, "encrypted volumes", "not online"), rows)


def _causes(causes: Iterable[Record], ends: Iterable[Record] = ()) -> Iterator[str]:
    nothing = True
    for entry in causes:
        nothing = False
        places = ", ".join(map(place, entry["where"]))
        yield f"- **{cell(entry['cause'])}** ({entry['verdict']}): {places}"
        for text in entry["evidence"]:
            yield f"  - {cell(text)}"
        if entry["advice"]:
            yield f"  - What to do: {cell(entry['advice'])}"
    for entry in ends:
        nothing = False
        yield f"- **{'expired' if entry['level'] == 'expired' else 'expiring'}**: {cell(entry['msg'])}"
    if nothing:
        yield "Nothing."
    yield ""


def place(where: Record) -> str:
    """Name a place of a cause: cluster, SVM, and the volumes that are not online."""
    name = cell(where["cluster"])
    if "svm" in where:
        name += f", {'SVM ' + cell(where['svm']) if where['svm'] else 'the cluster'}"
    return name + (f" [volumes: {', '.join(map(cell, where['volumes']))}]" if where.get("volumes") else "")


def _endings(entries: list[Record]) -> Iterator[str]:
    if not entries:
        return
    yield "## What ends when"
    yield ""
    yield from _table(
        ("what", "name", "ends", "days left", "clusters"),
        (
            (
                cell(entry.get("credential") or entry["what"]),
                cell(entry["name"]),
                entry["expires_at"],
                entry["days_left"],
                _clusters(entry),
            )
            for entry in entries
        ),
    )
    yield ""


def _clusters(entry: Record) -> str:
    return ", ".join(map(cell, entry["clusters"]))


def of_cluster(name: str, record: Record) -> str:
    """Write the report on one cluster."""
    return _lines(_cluster(name, record))


def _cluster(name: str, record: Record) -> Iterator[str]:
    yield f"# {cell(name)}"
    yield ""
    yield from _about(record)
    yield cell(record["msg"])
    if record.get("vaults"):
        yield ""
        yield "## AKV configurations"
        yield ""
        yield from _table(
            ("scope", "key vault", "key", "configuration", "application", "authentication", "verdict", "cause", "why"),
            map(_configuration, record["vaults"]),
        )
    if record.get("volumes"):
        yield ""
        yield "## Encrypted volumes"
        yield ""
        yield from _table(
            ("SVM", "volume", "state", "encryption"),
            (
                (cell(svm_of(each)), cell(volume_of(each)), cell(each.get("state")), cell(_encryption(each)))
                for each in record["volumes"]
            ),
        )


def _configuration(vault: Record) -> list[str]:
    configuration = vault.get("configuration")
    return [
        cell(scope_of(vault)),
        cell(vault.get("name")),
        cell(vault.get("key_id")),
        cell(configuration.get("name") if isinstance(configuration, Mapping) else ""),
        cell(vault.get("client_id")),
        cell(vault.get("authentication_method")),
        cell(vault.get("verdict")),
        cell(cause_of(vault)),
        cell(" ".join(map(str, vault.get("reasons") or []))),
    ]


def cause_of(vault: Record) -> str:
    """Give the cause of a diagnosis; "" where there is none."""
    diagnosis = vault.get("diagnosis")
    cause = diagnosis.get("cause") if isinstance(diagnosis, Mapping) else None
    return "" if cause in (None, "none") else str(cause)


def _encryption(volume: Record) -> t.Any:
    encryption = volume.get("encryption")
    return encryption.get("state") if isinstance(encryption, Mapping) else ""


def in_lines(record: Record) -> list[str]:
    """Say in plain lines what a cluster's report says, for the output of a play."""
    lines = [printable(record["msg"])]
    for vault in record.get("vaults", []):
        if vault.get("verdict") not in FINE:
            scope = scope_of(vault)
            why = " ".join(map(str, vault.get("reasons") or []))
            lines.append(printable(f"{capital(scope)} is {vault.get('verdict')}: {why}"))
    for volume in filter(is_away, record.get("volumes", [])):
        lines.append(printable(f"SVM {svm_of(volume)}: volume {volume_of(volume)} is {volume.get('state')}."))
    lines += [printable(entry["msg"]) for entry in record.get("expiries", []) if entry["level"] != "later"]
    return lines
