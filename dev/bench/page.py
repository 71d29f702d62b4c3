# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes docs/benchmarks.md of what was measured, docs/benchmarks.json: ``python3 -m dev.bench.page``."""

from __future__ import annotations

import json
import re
import statistics
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from dev.bench.cases import GOALS, Values
from dev.environment import ROOT

DOCS = ROOT / "docs"
NOTES = Path(__file__).resolve().parent / "notes.md"
_GOAL = re.compile(r"(\d+)  (.+):(\w+) ≤ ([0-9.]+) (×|MB|s|a cluster)(?: \+)?(?: (.+))?")


class Goal(NamedTuple):
    """A line of the table of goals."""

    issue: str
    ours: tuple[str, str]  # a contender, and its figure
    most: float
    unit: str
    peers: tuple[tuple[str, str], ...]  # the same of those it is compared with

    @classmethod
    def read(cls, line: str) -> Goal:
        """Read a line."""
        found = _GOAL.fullmatch(line)
        if not found:
            raise ValueError(f"not a goal: {line}")
        issue, ours, figure, most, unit, peers = found.groups()
        named = (peer.rpartition(":") for peer in (peers or "").split(" + ") if peer)
        return cls(issue, (ours, figure), float(most), unit, tuple((name, its) for name, _colon, its in named))

    def judge(self, measures: Sequence[Values]) -> list[float]:
        """Give the ratio, the difference or the figure, in each round that has all of it."""
        by_name = {(one["contender"], one["round"]): one for one in measures}
        found = []
        for (name, number), ours in by_name.items():
            peers = [(by_name.get((peer, number), {}), figure) for peer, figure in self.peers]
            if name == self.ours[0] and all(peer for peer, _figure in peers):
                total = sum(peer[figure] * _factor(ours, peer, figure) for peer, figure in peers)
                value = float(ours[self.ours[1]])
                found.append(value / total if self.unit == "×" else value - total)
        return found


def _factor(ours: Values, peer: Values, figure: str) -> float:
    """Give what a peer's figure is multiplied with for as many items as ours has."""
    return 1 if figure == "memory" else float(ours["items"] / peer["items"])


GOAL_LIST = [Goal.read(line) for line in GOALS.split("\n") if line]


def shown(value: float) -> str:
    """Write a number with three digits that count."""
    size = abs(value)
    return f"{value:.{0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3 if size >= 0.1 else 4}f}"


def page(measured: Mapping[str, Any], notes: str) -> str:
    """Give the whole page as text."""
    head, _mark, rest = notes.partition("<!-- figures -->\n")
    facts = {name: [f"{one} {its}" for one, its in case["facts"].items()] for name, case in measured.items()}
    said = [f"- Case {name}: {', '.join(ones)}." for name, ones in facts.items()]
    return "\n".join([head, *_goals(measured), *said, rest])


def _goals(measured: Mapping[str, Any]) -> Iterator[str]:
    yield from ("| this collection | its figure | goal | compared with | measured | |", "|---|---|---|---|---|---|")
    for goal in GOAL_LIST:
        own = [case["measures"] for case in measured.values() if goal.judge(case["measures"])]
        found = goal.judge(own[0]) if own else []
        middle = statistics.median(found or [0.0])
        said = f"{shown(middle)}{f' ({shown(min(found))} to {shown(max(found))})' if len(found) > 1 else ''}"
        names = ", ".join(_figure(own[0], *peer) if own else peer[0] for peer in goal.peers)
        ours = _figure(own[0], *goal.ours).replace(": ", " | ", 1) if own else " | ".join(goal.ours)
        verdict = "" if not found else "met" if middle <= goal.most else "**missed**"
        yield f"| {ours} | ≤ {goal.most:g} {goal.unit} | {names} | {said if found else 'not measured'} | {verdict} |"
    yield ""


def _figure(measures: Sequence[Values], contender: str, figure: str) -> str:
    """Name a contender and the median of a figure."""
    chosen = [one for one in measures if one["contender"] == contender]
    unit = {"memory": " MB", "size": " MB", "task": " s", "run": " s"}.get(figure, "")
    items = f" for {chosen[0]['items']}" if figure in ("task", "run") and chosen[0]["items"] > 1 else ""
    return f"{contender}: {figure} {shown(statistics.median(one[figure] for one in chosen))}{unit}{items}"


def main(folder: Path = DOCS) -> None:
    measured = json.loads((folder / "benchmarks.json").read_text(encoding="utf-8"))
    (folder / "benchmarks.md").write_text(page(measured, NOTES.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
