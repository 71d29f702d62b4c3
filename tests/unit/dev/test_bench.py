# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The benchmark's arithmetic, its page, and that its tables fit together. Nothing is timed here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dev.bench import __main__ as bench
from dev.bench import children, page
from dev.bench.cases import cases
from dev.bench.page import GOAL_LIST, Goal

RATIO, MORE = map(Goal.read, ("23  ours:task ≤ 0.5 × peer:task + other:run", "23  ours:memory ≤ 66 MB + peer:memory"))


def measure(contender: str, number: int = 1, items: int = 1, **figures: float) -> dict[str, Any]:
    return {"contender": contender, "round": number, "items": items, **figures}


def test_a_ratio_is_of_one_round_and_multiplied_up() -> None:
    measures = [
        measure("ours", 1, 10, task=3.0),
        measure("ours", 2, 10, task=9.0),
        measure("peer", 1, 5, task=2.0),
        measure("other", 1, 10, run=2.0),
        measure("other", 2, 10, run=2.0),
    ]
    assert RATIO.judge(measures) == [0.5]


def test_memory_is_not_multiplied_up() -> None:
    assert MORE.judge([measure("ours", items=10, memory=90.0), measure("peer", memory=30.0)]) == [60.0]


def test_a_line_that_is_not_a_goal_is_an_error() -> None:
    with pytest.raises(ValueError, match="ours < 3"):
        Goal.read("ours < 3")


@pytest.mark.parametrize(("seconds", "verdict"), [(1.1, "met"), (1.101, "**missed**")])
def test_the_page(seconds: float, verdict: str) -> None:
    measures = [measure("akv_config as a module", task=seconds), measure("uri", task=1.0)]
    text = page.page({"tasks": {"facts": {"rounds": 1}, "measures": measures}}, "Head\n<!-- figures -->\nRest\n")
    assert text.startswith("Head\n")
    assert text.endswith("\nRest\n")
    assert f"| ≤ 1.1 × | uri: task 1.00 s | 1.10 | {verdict} |" in text
    assert text.count("| not measured |  |") == len(GOAL_LIST) - 1
    assert "- Case tasks: rounds 1." in text


def test_the_tables_fit_together() -> None:
    made = [[contender for world in case for contender in world.contenders] for case in cases().values()]
    for goal in GOAL_LIST:
        names = {goal.ours[0], *(peer for peer, _figure in goal.peers)}
        assert [case for case in made if names <= {contender.name for contender in case}], goal
    for case in made:
        done: list[str] = []
        for contender in case:
            assert contender.name not in done
            assert not contender.replays or contender.replays in done
            assert not contender.child or callable(getattr(children, contender.child))
            json.dumps(contender)
            done.append(contender.name)


def test_what_was_measured_before_stays(tmp_path: Path) -> None:
    file = tmp_path / "benchmarks.json"
    for case, rounds in (("azure", 5), ("tasks", 5), ("azure", 7)):
        bench._keep(file, case, {"facts": {"rounds": rounds}, "measures": [{"round": 1}, {"round": 2}]})
    kept = json.loads(file.read_text(encoding="utf-8"))
    assert {name: case["facts"]["rounds"] for name, case in kept.items()} == {"tasks": 5, "azure": 7}
    assert len(file.read_text(encoding="utf-8").splitlines()) == 2 + 2 * (2 + 2)
