# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""python -m dev.bench: measure, show, and write the page. ``make bench`` sets up what it needs."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path

from dev.bench import page
from dev.bench.cases import Values, World, cases
from dev.bench.running import Runner, simulators
from dev.environment import CACHE, ROOT


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench", description="Measures this collection side by side with its peers.")
    parser.add_argument("--rounds", type=int, default=3, help="default: 3")
    parser.add_argument("--cases", nargs="+", choices=cases(), default=list(cases()), help="default: all")
    parser.add_argument("--quick", action="store_true", help="a tenth of the objects, to see that it runs")
    parser.add_argument("--against", default="", metavar="COMMIT", help="an older build to compare with")
    arguments = parser.parse_args()
    # What proves little does not go to the page.
    output = CACHE / "bench" if arguments.quick or arguments.rounds < 3 else page.DOCS
    output.mkdir(parents=True, exist_ok=True)
    made = cases(10 if arguments.quick else 1)
    with tempfile.TemporaryDirectory(prefix="akv-bench-") as place:
        folder = Path(place)
        runner = Runner(folder, _older(folder, arguments.against) if arguments.against else None)
        for name in arguments.cases:
            facts = _facts(arguments)
            measures = list(_measure(made[name], arguments.rounds, runner))
            _keep(output / "benchmarks.json", name, {"facts": facts, "measures": measures})
    page.main(output)
    print(f"\nWritten: {output / 'benchmarks.md'}")


def _measure(worlds: Sequence[World], rounds: int, runner: Runner) -> Iterator[Values]:
    with simulators(worlds) as started:
        for number in range(1, rounds + 1):
            print(f"\nRound {number} of {rounds}")
            for simulator, world in zip(started, worlds):
                turn = [contender for contender in world.contenders if number == 1 or not contender.once]
                # Who was first is last in the next round: what warms up, or tires, is to hit nobody alone.
                for contender in turn[:: 1 if number % 2 else -1]:
                    try:
                        found = {name: round(value, 4) for name, value in runner.measure(contender, simulator).items()}
                        print(f"  {contender.name:40}", " ".join(f"{name} {value}" for name, value in found.items()))
                        yield {"contender": contender.name, "round": number, "items": contender.items, **found}
                    except (OSError, RuntimeError) as failure:
                        print(f"  {contender.name:40} not measured: {failure}")


def _keep(file: Path, case: str, measured: Values) -> None:
    """Write what was measured of a case, one measure a line; what the file holds of other cases stays."""
    kept = {**(json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}), case: measured}
    parts = []
    for name in filter(kept.get, cases()):
        measures = ",\n  ".join(json.dumps(one, ensure_ascii=False) for one in kept[name]["measures"])
        parts.append(f' "{name}": {{"facts": {json.dumps(kept[name]["facts"])}, "measures": [\n  {measures}\n ]}}')
    file.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")


def _older(folder: Path, commit: str) -> Path:
    """Unpack the collection of a commit where Ansible finds it."""
    place = folder / "older" / "ansible_collections" / "ontap" / "akv"
    place.mkdir(parents=True)
    command = ["git", "-C", str(ROOT), "archive", commit, "plugins", "meta", "galaxy.yml"]
    archive = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    subprocess.run(["tar", "-x", "-C", str(place)], input=archive, check=True)
    return folder / "older"


def _facts(arguments: argparse.Namespace) -> Values:
    places = os.environ["ANSIBLE_COLLECTIONS_PATH"].split(os.pathsep)
    manifests = (Path(place, "ansible_collections", "netapp", "ontap", "MANIFEST.json") for place in places)
    vendor = json.loads(next(path for path in manifests if path.is_file()).read_text(encoding="utf-8"))
    return {
        "measured": datetime.now(timezone.utc).strftime("%Y-%m-%d"),
        "rounds": arguments.rounds,
        "objects": "a tenth" if arguments.quick else "all",
        "load before": round(os.getloadavg()[0], 1),
        "older": arguments.against or "none",
        "machine": f"{os.cpu_count()} processors, {platform.system()}, Python {platform.python_version()}",
        "netapp.ontap": vendor["collection_info"]["version"],
        **{name: version(name) for name in ("ansible-core", "requests")},
    }


if __name__ == "__main__":
    main()
