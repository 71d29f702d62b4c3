# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is private to the collection: it may change at any time.

"""The files of a report: their names, what of an earlier run is still there, and how they are written."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import tempfile
import typing as t
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path

from ansible_collections.ontap.akv.plugins.module_utils._akv.report import About, Record, fleet
from ansible_collections.ontap.akv.plugins.plugin_utils._report import html, markdown, prometheus
from ansible_collections.ontap.akv.plugins.plugin_utils._roles.akv_report import Format

_MADE_ON = re.compile(r"^Made on (\S+)\.(?: Slice: (.*)\.)?$", re.MULTILINE)
_REPORTED = re.compile(r'report_timestamp_seconds\{.*slice="((?:[^"\\]|\\.)*)"\} (\d+)$', re.MULTILINE)
_PART = re.compile(r"\..+\.(html|md|json|prom)\.[a-z0-9_]{8}\.part")
MODE = 0o640


def file_name(name: str) -> str:
    """Give a file name for a cluster or a slice: it stays in its folder, and no two names share one."""
    safe = re.sub(r"[^A-Za-z0-9._-]", "_", name).lstrip(".")
    if name and safe == name and len(name) <= 100:
        return name
    return f"{safe[:80] or 'cluster'}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:10]}"


def make(
    clusters: Mapping[str, Record], about: About, formats: Iterable[str], folder: Path, problems: Sequence[str] = ()
) -> dict[str, str]:
    """Make all files of a report: their paths below the folder, and their content.

    :param clusters: by name, each as ``report.cluster`` gives it
    :param folder: is read for files of an earlier run, and not changed
    :param problems: what is not known of the dates, in sentences
    """
    formats = set(formats)
    file_of = {name: file_name(name) for name in clusters}
    part = f"-{file_name(about.part)}" if about.part else ""
    report = fleet(clusters, about, _old(folder, set(file_of.values()), about.part), problems)
    files: dict[str, str] = {}
    if Format.HTML in formats:
        files[f"report{part}.html"] = html.of_fleet(report)
    if Format.MARKDOWN in formats:
        files[f"report{part}.md"] = markdown.of_fleet(report, file_of)
    if Format.JSON in formats:
        files[f"report{part}.json"] = _json(report)
    for name, record in clusters.items():
        one = {"cluster": name, **record, **about.record()}
        if Format.MARKDOWN in formats:
            files[f"clusters/{file_of[name]}.md"] = markdown.of_cluster(name, one)
        if Format.JSON in formats:
            files[f"clusters/{file_of[name]}.json"] = _json(one)
        if Format.PROMETHEUS in formats:
            files[f"metrics/{file_of[name]}.prom"] = prometheus.of_cluster(name, record, about.now, about.part)
    return files


def _json(value: t.Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _old(folder: Path, names: set[str], part: str) -> list[str]:
    """Find the clusters that have files of an earlier run: of the same slice, as far as the files say."""
    found: dict[str, str] = {}
    for path in [*folder.glob("clusters/*.json"), *folder.glob("clusters/*.md"), *folder.glob("metrics/*.prom")]:
        if path.stem in names or path.stem in found:
            continue
        made, of = _made(path)
        if of is None or of == part:
            found[path.stem] = f"{path.stem} ({made})"
    return sorted(found.values())


def _made(path: Path) -> tuple[str, str | None]:
    """Read when a file of an earlier run was made, and for which slice; None where it does not say."""
    unknown: tuple[str, str | None] = ("unknown date", None)
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".json":
            content = json.loads(text)
            return str(content["made"]), str(content.get("slice", ""))
        if path.suffix == ".md":
            day = _MADE_ON.search(text)
            return (day[1], _text(day[2])) if day else unknown
        seconds = _REPORTED.search(text)
        if seconds:
            moment = datetime.fromtimestamp(int(seconds[2]), timezone.utc)
            return moment.strftime("%Y-%m-%dT%H:%M:%SZ"), re.sub(r"\\(.)", r"\1", seconds[1])
    except (AttributeError, KeyError, OSError, OverflowError, TypeError, ValueError):
        pass
    return unknown


def _text(cell: str | None) -> str:
    """Undo what makes a text of Markdown."""
    return re.sub(r"\\(.)", r"\1", cell or "")


def write(folder: Path, files: Mapping[str, str], public_metrics: bool) -> None:
    """Write files, each as a whole or not at all. What a run that was killed has left half-written is removed.

    :param public_metrics: everybody on this machine may read the metrics, as a collector under another user must
    :raises OSError: one cannot be written
    """
    folder.mkdir(mode=0o751 if public_metrics else 0o750, parents=True, exist_ok=True)
    for place in {(folder / name).parent for name in files}:
        place.mkdir(mode=0o755 if public_metrics and place.name == "metrics" else 0o750, exist_ok=True)
        _remove_parts(place)
    for name, content in files.items():
        path = folder / name
        descriptor, part = _begin(path)
        try:
            # A file server may refuse what was written when the file is closed. The lock goes with the descriptor.
            with open(os.dup(descriptor), "wb") as file:
                os.fchmod(descriptor, 0o644 if public_metrics and name.startswith("metrics/") else MODE)
                file.write(content.encode("utf-8", "replace"))
            os.replace(part, path)
        except BaseException:
            os.unlink(part)
            raise
        finally:
            os.close(descriptor)


def _begin(path: Path) -> tuple[int, str]:
    """Begin a file in the same folder, so that the move is atomic. A collector of *.prom files does not read it."""
    while True:
        descriptor, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        # The lock shows another run that this one is alive, and goes with the process.
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            return descriptor, part
        os.close(descriptor)  # Another run removed it before it was locked.


def _remove_parts(folder: Path) -> None:
    """Remove what runs have begun in a folder that no longer live. What cannot be removed is left."""
    for path in folder.iterdir():
        if _PART.fullmatch(path.name):
            with contextlib.suppress(OSError), path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
