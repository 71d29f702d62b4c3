# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.ontap.akv.plugins.module_utils import _repeat
from ansible_collections.ontap.akv.plugins.module_utils._repeat import backoff, decide, fault_of_answer


@pytest.mark.parametrize("kind", [_repeat.READ, _repeat.REPEATABLE, _repeat.SINGLE])
@pytest.mark.parametrize("fault", [_repeat.RESOLVE, _repeat.TRUST, _repeat.REFUSAL])
def test_what_waiting_cannot_help_is_never_sent_again(kind: str, fault: str) -> None:
    assert decide(kind, fault) == _repeat.FINAL


def test_only_what_must_not_arrive_twice_is_settled_by_reading() -> None:
    assert decide(_repeat.READ, _repeat.LOST) == _repeat.AGAIN
    assert decide(_repeat.REPEATABLE, _repeat.LOST) == _repeat.AGAIN
    assert decide(_repeat.SINGLE, _repeat.LOST) == _repeat.SETTLE
    assert decide(_repeat.SINGLE, _repeat.BUSY) == _repeat.AGAIN


@pytest.mark.parametrize(
    ("status", "code", "fault"),
    [
        (429, None, _repeat.BUSY),
        (503, "7", _repeat.BUSY),
        (409, "8", _repeat.BUSY),
        (429, "262160", _repeat.BUSY),
        (500, "2621573", _repeat.BUSY),
        (500, "65541", _repeat.LOST),
        (500, "65552", _repeat.LOST),
        (502, None, _repeat.LOST),
        (503, None, _repeat.LOST),
        (401, "6691623", _repeat.REFUSAL),
        (403, "8", _repeat.REFUSAL),
        (400, "65537500", _repeat.REFUSAL),
        (500, None, _repeat.LOST),
        (520, None, _repeat.LOST),
        (404, None, _repeat.REFUSAL),
    ],
)
def test_an_answer_is_classified_by_its_code_before_its_status(status: int, code: str | None, fault: str) -> None:
    assert fault_of_answer(status, code) == fault


def test_pauses_grow_and_are_bounded() -> None:
    longest = [backoff(tries, 1) for tries in range(1, 10)]
    assert longest == sorted(longest)
    assert longest[0] == 0.5
    assert longest[-1] == 30
    assert all(backoff(tries, 0) == backoff(tries, 1) / 2 for tries in range(1, 10))
