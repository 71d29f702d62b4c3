# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.ontap.akv.plugins.module_utils._http import retry
from ansible_collections.ontap.akv.plugins.module_utils._http.retry import backoff, decide, fault_of_answer


@pytest.mark.parametrize("kind", [retry.READ, retry.REPEATABLE, retry.SINGLE])
@pytest.mark.parametrize("fault", [retry.RESOLVE, retry.TRUST, retry.REFUSAL])
def test_what_waiting_cannot_help_is_never_sent_again(kind: str, fault: str) -> None:
    assert decide(kind, fault) == retry.FINAL


def test_only_what_must_not_arrive_twice_is_settled_by_reading() -> None:
    assert decide(retry.READ, retry.LOST) == retry.AGAIN
    assert decide(retry.REPEATABLE, retry.LOST) == retry.AGAIN
    assert decide(retry.SINGLE, retry.LOST) == retry.SETTLE
    assert decide(retry.SINGLE, retry.BUSY) == retry.AGAIN


@pytest.mark.parametrize(
    ("status", "code", "fault"),
    [
        (429, None, retry.BUSY),
        (503, "7", retry.BUSY),
        (409, "8", retry.BUSY),
        (429, "262160", retry.BUSY),
        (500, "2621573", retry.BUSY),
        (500, "65541", retry.LOST),
        (500, "65552", retry.LOST),
        (502, None, retry.LOST),
        (503, None, retry.LOST),
        (401, "6691623", retry.REFUSAL),
        (403, "8", retry.REFUSAL),
        (400, "65537500", retry.REFUSAL),
        (500, None, retry.LOST),
        (520, None, retry.LOST),
        (404, None, retry.REFUSAL),
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
