# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes docs/benchmarks.md of what was measured, docs/benchmarks.json: ``python3 -m dev.bench.page``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dev.bench.cases import (
    BULK_DIRECT,
    BULK_MODULE,
    CASES,
    DIRECT,
    LOOP_RESTIT,
    LOOP_URI,
    MODULE,
    ROOT,
    SESSION,
    Group,
    Sizes,
)
from dev.bench.figures import Spread, ratios, rounded

DOCS = ROOT / "docs"
NOTES = Path(__file__).resolve().parent / "notes.md"

Record = Mapping[str, Any]

HEAD = """\
<!--
Copyright (c) 2026, the ontap.akv authors
SPDX-License-Identifier: GPL-3.0-or-later
Made by make bench, of docs/benchmarks.json and dev/bench/notes.md: change those, then run python3 -m dev.bench.page
-->

# Benchmarks

`make bench` runs this collection beside its peers: `ping` and `uri` of ansible-core, and the vendor's `na_ontap_restit`
and `na_ontap_rest_info`. All talk to the [simulator](simulator.md), over HTTPS with a certificate that is verified. In
each round every contender runs once, in an `ansible-playbook` of its own, one after the other; then comes the next
round. Absolute times say as much of the machine as of the code. What counts is a ratio: what one took as a part of what
another took in the same round.

A figure is the median of all rounds, with the least and the most in brackets. *Task* is the time from the start of the
task to its last result, as Ansible's callbacks see it; *run* that of the whole `ansible-playbook`, and *processor* the
processor time of all its processes. *Requests* were counted by the server; *server* is the processor time that the
simulator itself took. The bare requests session is the lower bound: Python's `requests` sends the same round trips, and
nothing else; starting Python is not in its time.
"""


@dataclass(frozen=True)
class Goal:
    """What is wanted: ours as a part of a peer's time for the same task.

    :ivar most: the ratio that is not to be exceeded
    """

    group: str
    what: str
    ours: str
    peer: str
    most: float


GOALS = (
    Goal("single", "a single unchanged task", MODULE, "uri", 1.0),
    Goal("single", "a single unchanged task", MODULE, "na_ontap_restit", 0.75),
    Goal("loop", "an item of a loop", DIRECT, "uri", 0.06),
    Goal("some-changed-20", "100 changed vaults, 20 ms", BULK_DIRECT, LOOP_RESTIT, 1 / 25),
    Goal("many-unchanged-0", "1,000 unchanged vaults", BULK_DIRECT, LOOP_URI, 1 / 300),
    Goal("many-unchanged-0", "1,000 unchanged vaults", BULK_MODULE, LOOP_URI, 1 / 300),
    Goal("clusters", "200 clusters", DIRECT, "na_ontap_restit", 0.1),
)


class Results:
    """All that was measured, case by case."""

    def __init__(self, cases: Mapping[str, Any]) -> None:
        self.cases = cases
        self.measures: Sequence[Record] = [one for case in cases.values() for one in case["measures"]]
        self.left_out: Sequence[str] = [what for case in cases.values() for what in case["left_out"]]
        self.groups = {
            group.name: group
            for name, make in CASES.items()
            for group in make(Sizes(**cases[name]["sizes"]) if name in cases else Sizes())
        }

    def of(self, group: str, contender: str, what: str = "task") -> dict[int, float]:
        """Give round to what was measured; the peers that a group borrows are multiplied up to its items."""
        found = self._measured(group, contender, what)
        here = self.groups[group]
        if found or not here.borrows:
            return found
        lender = self.groups[here.borrows]
        factor = here.items / lender.items
        return {number: value * factor for number, value in self._measured(lender.name, contender, what).items()}

    def _measured(self, group: str, contender: str, what: str) -> dict[int, float]:
        chosen = [one for one in self.measures if (one["group"], one["contender"]) == (group, contender)]
        return {one["round"]: one[what] for one in chosen}


def page(cases: Mapping[str, Any], notes: str) -> str:
    """Give the whole page as text."""
    results = Results(cases)
    lines = [HEAD, *_goals(results), *_facts(results)]
    for group in results.groups.values():
        if any(results.of(group.name, contender.name) for contender in group.contenders):
            lines += _table(results, group)
    return "\n".join([*lines, notes.partition("-->\n\n")[2]])


def _goals(results: Results) -> Iterator[str]:
    yield from ("## Goals", "", "| task | this collection | peer | goal | measured | |", "|---|---|---|---|---|---|")
    for goal in GOALS:
        measured = ratios(results.of(goal.group, goal.ours), results.of(goal.group, goal.peer))
        told = Spread.of(measured).show(" ×") if measured else "not measured"
        met = ("met" if Spread.of(measured).median <= goal.most else "**missed**") if measured else ""
        yield f"| {goal.what} | {goal.ours} | {goal.peer} | ≤ {rounded(goal.most)} × | {told} | {met} |"
    yield ""


def _facts(results: Results) -> Iterator[str]:
    yield from ("## Where and with what", "", "| | |", "|---|---|")
    facts: dict[str, dict[str, None]] = {}
    for case in results.cases.values():
        for name, value in case["facts"].items():
            facts.setdefault(name, {})[str(value)] = None
    for name, values in facts.items():
        yield f"| {name} | {'; '.join(values)} |"
    yield from ("", "The load is what others did on the machine when a case began, averaged over a minute.", "")
    yield from ("| case | measured | rounds | load |", "|---|---|---|---|")
    for name, case in results.cases.items():
        yield f"| {name} | {case['measured']} | {case['rounds']} | {case['load']} |"
    yield ""
    for what in results.left_out:
        yield f"- Not measured: {what}."
    if results.left_out:
        yield ""


def _table(results: Results, group: Group) -> Iterator[str]:
    names = [contender.name for contender in group.contenders]
    if group.borrows:
        lender = results.groups[group.borrows]
        borrowed = [one.name for one in lender.contenders if one.name in (LOOP_URI, LOOP_RESTIT)]
        names = [*borrowed, *names]
    reference = next((name for name in names if name in ("uri", LOOP_URI, LOOP_RESTIT)), names[0])
    yield from (f"## {group.title}", "")
    if group.borrows:
        yield f"The peers' loops are those over {lender.items} vaults of the same round, multiplied up."
        yield ""
    each = "| each, ms " if group.items > 1 else ""
    yield f"| | task, s {each}| × {reference} | run, s | processor, s | requests | server, s |"
    yield "|---" * (8 if each else 7) + "|"
    for name in names:
        task = results.of(group.name, name)
        if not task:
            continue
        spread = Spread.of(task.values())
        parts = ratios(task, results.of(group.name, reference))
        cells = [
            name,
            spread.show(),
            *([rounded(spread.median / group.items * 1000)] if each else []),
            Spread.of(parts).show() if parts and name != reference else "1" if parts else "",
            Spread.of(results.of(group.name, name, "run").values()).show() if name != SESSION else "",
            rounded(Spread.of(results.of(group.name, name, "processor").values()).median),
            f"{Spread.of(results.of(group.name, name, 'requests').values()).median:.0f}",
            rounded(Spread.of(results.of(group.name, name, "server").values()).median),
        ]
        yield f"| {' | '.join(cells)} |"
    yield ""


def lines(cases: Mapping[str, Any]) -> str:
    """Give the file of what was measured as text: one measure a line."""
    heads = {name: {**case, "measures": []} for name, case in cases.items()}
    parts = []
    for name, head in heads.items():
        measures = ",\n".join(f"  {json.dumps(measure)}" for measure in cases[name].get("measures", ()))
        text = json.dumps(head, ensure_ascii=False)
        parts.append(f' "{name}": ' + text.replace('"measures": []', f'"measures": [\n{measures}\n ]'))
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main(folder: Path = DOCS) -> None:
    cases = json.loads((folder / "benchmarks.json").read_text(encoding="utf-8"))
    (folder / "benchmarks.md").write_text(page(cases, NOTES.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
