# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""When a credential or a key ends: dates that people declare and services return, and how many days are left.

A declared date needs no right in Azure: ``akv_credential_expires: {<client_id>: 2027-03-31}``. Instead of a date, the
file of a certificate may be named: ``{<client_id>: {certificate: /etc/ontap/app.pem}}``. All else is without I/O.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timezone

from ansible_collections.ontap.akv.plugins.module_utils._akv.pkcs12 import certificate_end
from ansible_collections.ontap.akv.plugins.module_utils._runtime import errors

THRESHOLDS = (60, 30, 7)
"""Days before the end at which a credential is reported as expiring."""

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
# A service may write more digits of a second than Python 3.9 reads.
_FRACTION = re.compile(r"\.\d+(?=Z|[+-]|$)", re.ASCII)


class Expiry(t.NamedTuple):
    """The end of a credential or key.

    :ivar moment: in UTC; a date without a time ends with its last second
    :ivar is_date: whether only a date is known
    """

    moment: datetime
    is_date: bool = False

    def __str__(self) -> str:
        return self.moment.strftime("%Y-%m-%d" if self.is_date else "%Y-%m-%dT%H:%M:%SZ")

    def days_left(self, now: datetime) -> int:
        """Count the days from today's date to that of the end, both in UTC; negative after it."""
        return (self.moment.date() - now.astimezone(timezone.utc).date()).days

    def is_expired(self, now: datetime) -> bool:
        """Check whether the end has passed."""
        return self.moment <= now

    def threshold(self, now: datetime, thresholds: Sequence[int] = THRESHOLDS) -> int | None:
        """Find the nearest threshold that has been reached, in days; None while the end is far enough.

        With the thresholds 60, 30 and 7, 29 days left give 30, and an expired credential gives 7.
        """
        left = self.days_left(now)
        return min((days for days in thresholds if left <= days), default=None)

    def record(self, now: datetime) -> dict[str, t.Any]:
        """Give the result keys ``expires_at`` and ``days_left``."""
        return {"expires_at": str(self), "days_left": self.days_left(now)}


def read_date(option: str, value: t.Any) -> Expiry:
    """Read a declared date or time. A quoted and an unquoted date of YAML mean the same.

    :param option: named in the message
    :param value: text such as 2027-03-31 or 2027-03-31T12:00:00Z, or a date or datetime; a time without a zone is UTC
    :raises InputError: it is not a date
    """
    try:
        return _read(value)
    except ValueError:
        raise errors.InputError(option, f"{value!r} is not a date. Give a date such as 2027-03-31.") from None


def read_moment(value: t.Any) -> Expiry | None:
    """Read a moment that a service returned, as ISO 8601 text or Unix seconds; None where it is neither."""
    try:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return Expiry(datetime.fromtimestamp(value, timezone.utc))
        return _read(value)
    except (ValueError, OverflowError, OSError):
        return None


def _read(value: t.Any) -> Expiry:
    if isinstance(value, datetime):
        return Expiry(_in_utc(value))
    if isinstance(value, date):
        return _end_of(value)
    if not isinstance(value, str):
        raise ValueError
    text = value.strip()
    if _DATE.fullmatch(text):
        return _end_of(date.fromisoformat(text))
    # Python 3.9 reads neither Z nor a fraction of seven digits.
    return Expiry(_in_utc(datetime.fromisoformat(re.sub("[zZ]$", "+00:00", _FRACTION.sub("", text)))))


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(timezone.utc) if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    except OverflowError:
        raise ValueError from None


def _end_of(day: date) -> Expiry:
    return Expiry(datetime.combine(day, time(23, 59, 59), timezone.utc), is_date=True)


def declared(option: str, dates: t.Any) -> dict[str, Expiry]:
    """Read the declared dates of credentials, by client ID in lower case.

    :param option: named in messages, such as ``akv_credential_expires``
    :param dates: {<client_id>: date}, or {<client_id>: {certificate: path}}
    :raises InputError: it is not a mapping, holds a value that is not a date, or names a client ID twice
    """
    if dates is None:
        return {}
    if not isinstance(dates, Mapping):
        raise errors.InputError(option, f"{dates!r} is not a mapping. Give each date under its client ID.")
    found: dict[str, Expiry] = {}
    for client_id, value in dates.items():
        name = str(client_id).strip().lower()
        if name in found:
            raise errors.InputError(f"{option}[{client_id}]", "is given twice: client IDs do not depend on case.")
        place = f"{option}[{client_id}]"
        found[name] = _of_file(place, value) if isinstance(value, Mapping) else read_date(place, value)
    return found


def _of_file(option: str, value: Mapping[str, t.Any]) -> Expiry:
    path = value.get("certificate")
    if len(value) != 1 or not isinstance(path, str) or not path.strip():
        raise errors.InputError(
            option, "is not a date. Give a date such as 2027-03-31, or certificate: <path of its file>."
        )
    return Expiry(certificate_end(option, str(path)))


def in_words(what: str, ends: Expiry, now: datetime) -> str:
    """Say in a sentence when something ends."""
    left = ends.days_left(now)
    if ends.is_expired(now):
        ago = "today" if left == 0 else "1 day ago" if left == -1 else f"{-left} days ago"
        return f"{what} expired on {ends} ({ago})."
    when = "today" if left == 0 else "in 1 day" if left == 1 else f"in {left} days"
    return f"{what} expires on {ends} ({when})."
