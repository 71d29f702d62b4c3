# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.ontap.akv.plugins.module_utils._http.retry import FaultKind, backoff, kind_of_answer


def test_what_may_pass() -> None:
    assert {kind for kind in FaultKind if kind.may_pass} == {FaultKind.UNREACHED, FaultKind.BUSY, FaultKind.LOST}


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (429, None, FaultKind.BUSY),
        (503, "7", FaultKind.BUSY),
        (409, "8", FaultKind.BUSY),
        (429, "262160", FaultKind.BUSY),
        (500, "2621573", FaultKind.BUSY),
        (500, "65541", FaultKind.LOST),
        (500, "65552", FaultKind.LOST),
        (500, "262145", FaultKind.LOST),
        (200, "65537540", FaultKind.LOST),
        (200, "7", FaultKind.LOST),
        (200, None, FaultKind.LOST),
        (502, None, FaultKind.LOST),
        (503, None, FaultKind.LOST),
        (401, "6691623", FaultKind.REFUSED),
        (403, "8", FaultKind.REFUSED),
        (400, "65537500", FaultKind.REFUSED),
        (500, None, FaultKind.LOST),
        (520, None, FaultKind.LOST),
        (404, None, FaultKind.REFUSED),
    ],
)
def test_an_answer_is_classified_by_its_code_before_its_status(status: int, code: str | None, kind: FaultKind) -> None:
    assert kind_of_answer(status, code) is kind


def test_pauses_grow_and_are_bounded() -> None:
    longest = [backoff(tries, 1) for tries in range(1, 10)]
    assert longest == sorted(longest)
    assert longest[0] == 0.5
    assert longest[-1] == 30
    assert all(backoff(tries, 0) == backoff(tries, 1) / 2 for tries in range(1, 10))
