# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""python -m dev.bench: measure, show, and write the page. ``make bench`` sets up what it needs."""

from __future__ import annotations

import argparse
import json
import os
import platform
import ssl
import tempfile
from dataclasses import asdict
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Any

from dev.bench import page
from dev.bench.cases import CASES, QUICK, Contender, Group, Sizes, available
from dev.bench.running import Measure, measure, simulators
from dev.environment import CACHE

REPETITIONS = 5


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description="This collection beside its peers.")
    parser.add_argument("--repetitions", type=int, default=REPETITIONS, help=f"rounds (default: {REPETITIONS})")
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES), help="default: all")
    parser.add_argument("--quick", action="store_true", help="a tenth of the objects: to see that it runs")
    parser.add_argument("--only", default="", metavar="TEXT", help="only contenders whose name holds this")
    parser.add_argument(
        "--output",
        type=Path,
        help="folder of the page (default: docs; .cache/bench for what proves little)",
    )
    arguments = parser.parse_args()
    if arguments.repetitions < 1:
        parser.error("--repetitions: give 1 or more")
    return arguments


def main() -> None:
    arguments = _arguments()
    proves_little = arguments.quick or arguments.only or arguments.repetitions < REPETITIONS
    output = arguments.output or (CACHE / "bench" if proves_little else page.DOCS)
    output.mkdir(parents=True, exist_ok=True)
    sizes = QUICK if arguments.quick else Sizes()
    left_out: list[str] = []
    with tempfile.TemporaryDirectory(prefix="akv-bench-") as folder:
        for case in arguments.cases:
            data: dict[str, Any] = {
                "load": round(os.getloadavg()[0], 1),
                "measured": datetime.now(timezone.utc).strftime("%Y-%m-%d"),
                "rounds": arguments.repetitions,
                "sizes": asdict(sizes),
                "facts": _facts(),
            }
            measures: list[Measure] = []
            missing: list[str] = []
            _run_case(CASES[case](sizes), arguments, Path(folder), measures, missing)
            data.update(left_out=missing, measures=[one.record() for one in measures])
            _keep(output / "benchmarks.json", case, data)
            left_out += missing
    page.main(output)
    print(f"\nWritten: {output / 'benchmarks.md'}")
    for what in left_out:
        print(f"NOT MEASURED: {what}")


def _keep(file: Path, case: str, data: dict[str, Any]) -> None:
    """Write what was measured of a case; what the file holds of other cases stays."""
    cases = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    cases[case] = data
    file.write_text(page.lines({name: cases[name] for name in CASES if name in cases}), encoding="utf-8")


def _run_case(
    groups: list[Group],
    arguments: argparse.Namespace,
    folder: Path,
    measures: list[Measure],
    left_out: list[str],
) -> None:
    has = available()
    with simulators(groups, folder) as started:
        for number in range(1, arguments.repetitions + 1):
            for group in groups:
                print(f"\n{group.title}, round {number} of {arguments.repetitions}", flush=True)
                simulator, world = started[group.name]
                for contender in _rotated(group, number):
                    if arguments.only not in contender.name:
                        continue
                    missing = sorted(set(contender.needs) - has)
                    if missing:
                        what = f"{group.title}: {contender.name} (this collection does not have {', '.join(missing)})"
                        left_out += [what] if what not in left_out else []
                        print(f"  {contender.name:45} NOT MEASURED: {', '.join(missing)} is not there")
                        continue
                    one = measure(group, contender, number, world, simulator)
                    measures.append(one)
                    print(
                        f"  {contender.name:45} task {one.task:8.3f} s  run {one.run:8.3f} s  processor"
                        f" {one.processor:7.2f} s  server {one.server:6.2f} s  {one.requests:5} requests",
                        flush=True,
                    )


def _rotated(group: Group, number: int) -> tuple[Contender, ...]:
    """Who was first comes last in the next round: what warms up, or tires, is to hit nobody alone."""
    place = (number - 1) % len(group.contenders)
    return group.contenders[place:] + group.contenders[:place]


def _facts() -> dict[str, Any]:
    manifest = next(
        path
        for place in os.environ["ANSIBLE_COLLECTIONS_PATH"].split(os.pathsep)
        if (path := Path(place, "ansible_collections", "netapp", "ontap", "MANIFEST.json")).is_file()
    )
    vendor = json.loads(manifest.read_text(encoding="utf-8"))["collection_info"]["version"]
    return {
        "processors": os.cpu_count(),
        "system": f"{platform.system()}, {platform.machine()}",
        "Python": platform.python_version(),
        "OpenSSL": ssl.OPENSSL_VERSION.split()[1],
        "ansible-core": version("ansible-core"),
        "requests, urllib3": f"{version('requests')}, {version('urllib3')}",
        "netapp.ontap": vendor,
    }


if __name__ == "__main__":
    main()
