# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""Which faults may pass, so that a retry can help, and how long to wait before it."""

from __future__ import annotations

from enum import Enum


class FaultKind(Enum):
    """How far a request got."""

    UNRESOLVED = "unresolved"
    """The name has no address."""
    UNTRUSTED = "untrusted"
    """The certificate is not trusted."""
    SPENT = "spent"
    """The task has used up what it may receive, so nothing was sent."""
    UNREACHED = "unreached"
    """No connection came about, so nothing arrived."""
    BUSY = "busy"
    """ONTAP answered that it did not do it for now: 429, or the codes 7, 8, 262160 and 2621573."""
    LOST = "lost"
    """It may or may not have been done: reset, time-out, half an answer, a 5xx without ONTAP's error envelope (of
    something in between, or of a server that broke), ONTAP's internal time-outs and exceptions (65541, 65552, 65562,
    262145), or a 2xx that reports an error. The runner confirms it by reading before it sends a change again that is
    not idempotent (RFC 9110, section 9.2.2)."""
    REFUSED = "refused"
    """Any other answer."""

    @property
    def may_pass(self) -> bool:
        """Whether a retry can help."""
        return self in (FaultKind.UNREACHED, FaultKind.BUSY, FaultKind.LOST)


_BUSY_CODES = frozenset({"7", "8", "262160", "2621573"})
_LOST_CODES = frozenset({"65541", "65552", "65562", "262145"})


def kind_of_answer(status: int, code: str | None) -> FaultKind:
    """Classify a response that is not a success, or that reports an error with its success.

    :param status: the HTTP status
    :param code: ONTAP's error code; None where the answer has no error envelope
    """
    if status in (401, 403):
        return FaultKind.REFUSED
    # That a success also reports that it was busy does not prove that nothing was done.
    if status < 300:
        return FaultKind.LOST
    if status == 429 or code in _BUSY_CODES:
        return FaultKind.BUSY
    if code in _LOST_CODES or (code is None and status >= 500):
        return FaultKind.LOST
    return FaultKind.REFUSED


def backoff(tries: int, chance: float) -> float:
    """Seconds to wait before the next try: 0.5 s doubled each time, at most 30 s, jittered down to the half.

    :param tries: how many tries have failed, from 1
    :param chance: a random number from 0 to 1
    """
    return float(min(30.0, 0.5 * 2 ** (tries - 1)) * (0.5 + chance / 2))
