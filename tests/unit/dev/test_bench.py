# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The benchmark's own arithmetic, its page, and that its tables fit together. Nothing is timed here."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

from dev.bench import __main__ as bench  # noqa: E402
from dev.bench import cases, page  # noqa: E402
from dev.bench.figures import Spread, ratios, rounded  # noqa: E402

GROUPS = [group for case in cases.CASES.values() for group in case(cases.Sizes())]


def measured(group: str, contender: str, *tasks: float, **more: Any) -> list[dict[str, Any]]:
    each = {"items": 1, "run": 1.0, "processor": 0.5, "requests": 1, "server": 0.0, **more}
    return [
        {"group": group, "contender": contender, "round": number, "task": task, **each}
        for number, task in enumerate(tasks, 1)
    ]


def rendered(*measures: dict[str, Any], left_out: tuple[str, ...] = ()) -> str:
    more = {"load": 0.1, "measured": "2026-01-01", "rounds": 2, "sizes": {}, "facts": {"processors": 2}}
    return page.page({"single": {**more, "measures": measures, "left_out": left_out}}, "<!--\n-->\n\n## Notes\n")


def row(text: str, begins: str) -> list[str]:
    (line,) = (line for line in text.splitlines() if line.startswith(f"| {begins} |"))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_a_spread_is_median_least_and_most() -> None:
    assert Spread.of([3.0, 1.0, 2.0, 10.0]) == Spread(2.5, 1.0, 10.0)
    assert Spread.of([0.5234, 0.5, 0.61]).show(" ×") == "0.523 × (0.500–0.610)"


def test_a_spread_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing"):
        Spread.of([])


@pytest.mark.parametrize(
    ("value", "shown"),
    [(1234.5, "1234"), (123.4, "123"), (12.34, "12.3"), (1.234, "1.23"), (0.1234, "0.123"), (0.00333, "0.0033")],
)
def test_three_digits_count(value: float, shown: str) -> None:
    assert rounded(value) == shown


def test_ratios_are_of_the_same_round() -> None:
    assert ratios({1: 1.0, 2: 3.0, 3: 5.0}, {2: 6.0, 1: 4.0}) == [0.25, 0.5]
    assert ratios({1: 1.0}, {1: 0.0}) == []


def test_the_page_shows_ratios_and_goals() -> None:
    text = rendered(
        *measured("single", "uri", 1.0, 2.0),
        *measured("single", cases.MODULE, 0.5, 1.8),
    )
    assert row(text, cases.MODULE)[1:3] == ["1.15 (0.500–1.80)", "0.700 (0.500–0.900)"]
    goal, *_others = (line for line in text.splitlines() if line.startswith("| a single unchanged task"))
    assert goal.endswith("| ≤ 1.00 × | 0.700 × (0.500–0.900) | met |")
    assert text.endswith("## Notes\n")


def test_a_goal_that_is_missed_says_so() -> None:
    text = rendered(*measured("single", "uri", 1.0), *measured("single", cases.MODULE, 1.5))
    assert "| 1.50 × (1.50–1.50) | **missed** |" in text


def test_what_was_not_measured_is_said() -> None:
    text = rendered(left_out=("this or that",))
    assert "- Not measured: this or that." in text
    assert text.count("| not measured |") == len(page.GOALS)


def test_peers_of_another_group_are_multiplied_up() -> None:
    text = rendered(
        *measured("some-unchanged-0", cases.LOOP_URI, 50.0, items=100),
        *measured("many-unchanged-0", cases.BULK_MODULE, 2.0, items=1000),
    )
    assert "| ≤ 0.0033 × | 0.0040 × (0.0040–0.0040) | **missed** |" in text


def test_the_tables_fit_together() -> None:
    names = {group.name: {contender.name for contender in group.contenders} for group in GROUPS}
    assert len(names) == len(GROUPS)
    for group in GROUPS:
        assert len(names[group.name]) == len(group.contenders)
        assert not group.borrows or group.borrows in names
    for goal in page.GOALS:
        borrowed = next((names[group.borrows] for group in GROUPS if group.name == goal.group and group.borrows), set())
        assert {goal.ours, goal.peer} <= names[goal.group] | borrowed


def test_each_contender_has_work_to_do() -> None:
    world = cases.World([], {f"tenant{number}": f"uuid{number}" for number in range(1, 1001)})
    for group in GROUPS:
        for contender in group.contenders:
            assert (contender.task is None) != (contender.stages is None)
            work = contender.task(world) if contender.task else contender.stages and contender.stages(world)
            assert work
            json.dumps(work)


def test_facts_that_differ_stand_side_by_side() -> None:
    more = {"measured": "2026-01-01", "rounds": 5, "sizes": {}, "measures": [], "left_out": []}
    both = {
        "single": {**more, "load": 0.1, "facts": {"processors": 2, "Python": "3.13.0"}},
        "loop": {**more, "load": 2.0, "facts": {"processors": 2, "Python": "3.13.1"}},
    }
    text = page.page(both, "")
    assert row(text, "processors") == ["processors", "2"]
    assert row(text, "Python") == ["Python", "3.13.0; 3.13.1"]
    assert row(text, "loop") == ["loop", "2026-01-01", "5", "2.0"]


def test_what_was_measured_before_stays(tmp_path: Path) -> None:
    file = tmp_path / "benchmarks.json"
    for case, rounds in (("loop", 5), ("single", 5), ("loop", 7)):
        bench._keep(file, case, {"rounds": rounds, "measures": [{"round": 1}, {"round": 2}]})
    kept = json.loads(file.read_text(encoding="utf-8"))
    assert {name: case["rounds"] for name, case in kept.items()} == {"single": 5, "loop": 7}
    assert kept["loop"]["measures"] == [{"round": 1}, {"round": 2}]
    assert len(file.read_text(encoding="utf-8").splitlines()) == 2 + 2 * (2 + 2)
