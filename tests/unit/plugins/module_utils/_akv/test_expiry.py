# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.ontap.akv.plugins.module_utils._akv.expiry import (
    THRESHOLDS,
    declared,
    in_words,
    read_date,
    read_moment,
)
from ansible_collections.ontap.akv.plugins.module_utils._runtime.errors import InputError

NOW = datetime(2027, 1, 30, 15, 30, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("2027-03-31", "2027-03-31"),
        (date(2027, 3, 31), "2027-03-31"),
        (" 2027-03-31 ", "2027-03-31"),
        ("2027-03-31T12:00:00Z", "2027-03-31T12:00:00Z"),
        ("2027-03-31T12:00:00.1234567Z", "2027-03-31T12:00:00Z"),
        ("2027-03-31T12:00:00+02:00", "2027-03-31T10:00:00Z"),
        ("2027-03-31 12:00:00", "2027-03-31T12:00:00Z"),
        (datetime(2027, 3, 31, 12), "2027-03-31T12:00:00Z"),
    ],
)
def test_dates(value, shown):
    assert str(read_date("x", value)) == shown


@pytest.mark.parametrize("value", ["", "soon", "31.3.2027", "2027-02-30", "2027-3-1", 7, True, None, [], "20270331T"])
def test_what_is_not_a_date(value):
    with pytest.raises(InputError, match="akv_credential_expires"):
        read_date("akv_credential_expires", value)


def test_moments_of_services():
    assert str(read_moment(1767225600)) == "2026-01-01T00:00:00Z"
    for value in (None, "", "x", [], True, 10**20, float("nan")):
        assert read_moment(value) is None


@pytest.mark.parametrize(
    ("days", "threshold"),
    [(61, None), (60, 60), (31, 60), (30, 30), (29, 30), (8, 30), (7, 7), (6, 7), (0, 7), (-5, 7)],
)
def test_thresholds(days, threshold):
    for end in (read_date("x", (NOW + timedelta(days=days)).date()), read_date("x", NOW + timedelta(days=days))):
        assert end.days_left(NOW) == days
        assert end.threshold(NOW) == threshold


def test_a_date_ends_with_its_day():
    end = read_date("x", "2027-01-30")
    assert not end.is_expired(NOW)
    assert end.days_left(NOW) == 0
    assert end.is_expired(NOW + timedelta(days=1))
    assert end.record(NOW) == {"expires_at": "2027-01-30", "days_left": 0}


def test_declared_dates():
    found = declared("akv_credential_expires", {"ABC": date(2027, 3, 31), "d": "2027-04-01"})
    assert {name: str(end) for name, end in found.items()} == {"abc": "2027-03-31", "d": "2027-04-01"}
    assert declared("x", None) == {}
    for wrong, says in (
        (["2027-03-31"], "is not a mapping"),
        ({"abc": "later"}, r"x\[abc\]: 'later' is not a date"),
        ({"abc": "2027-03-31", "ABC": "2027-03-31"}, "given twice"),
    ):
        with pytest.raises(InputError, match=says):
            declared("x", wrong)


@pytest.mark.parametrize(
    ("days", "says"),
    [(2, "expires on 2027-02-01 (in 2 days)"), (1, "in 1 day)"), (0, "(today)"), (-1, "1 day ago"), (-2, "2 days ago")],
)
def test_words(days, says):
    assert says in in_words("The secret", read_date("x", (NOW + timedelta(days=days)).date()), NOW)


@given(st.datetimes(timezones=st.just(timezone.utc)), st.datetimes(timezones=st.just(timezone.utc)))
def test_later_ends_have_no_fewer_days_and_no_nearer_threshold(one, other):
    early, late = sorted((one, other))
    first, second = read_date("x", early), read_date("x", late)
    assert first.days_left(NOW) <= second.days_left(NOW)
    near, far = first.threshold(NOW), second.threshold(NOW)
    assert far is None or (near is not None and near <= far)
    assert near is None or near in THRESHOLDS


@given(st.text() | st.integers() | st.floats() | st.none() | st.dates())
def test_anything_is_a_date_or_bad_input(value):
    with contextlib.suppress(InputError):
        assert str(read_date("x", value))
