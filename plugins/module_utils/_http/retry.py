# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""What may be sent again, on which fault, reasoned out once.

A request is one of three kinds. A READ changes nothing. A REPEATABLE change has the same effect however often it
arrives (a PATCH of a credential). A SINGLE change must not arrive twice unseen (POST, DELETE, restore, rekey).

A fault says how far the request got:

====================  ==============================================================================================
RESOLVE, TRUST        the name has no address, or the certificate is not trusted: trying again cannot help
SPENT                 the task has used up what it may receive, so nothing was sent: trying again cannot help
REFUSED               no connection came about, so nothing arrived
BUSY                  ONTAP answered that it did not do it for now: 429, or the codes 7, 8, 262160 and 2621573
LOST                  reset, time-out, half an answer, a 5xx without ONTAP's error envelope (of something in
                      between, or of a server that broke), or ONTAP's internal time-outs (65541, 65552, 65562): it
                      may or may not have been done
REFUSAL               any other answer: final
====================  ==============================================================================================
"""

from __future__ import annotations

READ, REPEATABLE, SINGLE = "read", "repeatable", "single"
RESOLVE, TRUST, SPENT, REFUSED = "resolve", "trust", "spent", "refused"
BUSY, LOST, REFUSAL = "busy", "lost", "refusal"
AGAIN, SETTLE, FINAL = "again", "settle", "final"

# SETTLE: first read what became of it; only if it did not happen is it sent again.
_DECISIONS = {
    #           READ   REPEATABLE SINGLE
    RESOLVE: (FINAL, FINAL, FINAL),
    TRUST: (FINAL, FINAL, FINAL),
    SPENT: (FINAL, FINAL, FINAL),
    REFUSED: (AGAIN, AGAIN, AGAIN),
    BUSY: (AGAIN, AGAIN, AGAIN),
    LOST: (AGAIN, AGAIN, SETTLE),
    REFUSAL: (FINAL, FINAL, FINAL),
}

_BUSY_CODES = frozenset({"7", "8", "262160", "2621573"})
_LOST_CODES = frozenset({"65541", "65552", "65562"})


def decide(kind: str, fault: str) -> str:
    """Tell whether a request of this kind is sent again after this fault: AGAIN, SETTLE or FINAL."""
    return _DECISIONS[fault][(READ, REPEATABLE, SINGLE).index(kind)]


def fault_of_answer(status: int, code: str | None) -> str:
    """Classify an answer that is no success.

    :param status: the HTTP status
    :param code: ONTAP's error code; None where the answer has no error envelope
    """
    if status in (401, 403):
        return REFUSAL
    if status == 429 or code in _BUSY_CODES:
        return BUSY
    if code in _LOST_CODES or (code is None and status >= 500):
        return LOST
    return REFUSAL


def backoff(tries: int, chance: float) -> float:
    """Seconds to wait before the next try: 0.5 s doubled each time, at most 30 s, jittered down to the half.

    :param tries: how many tries have failed, from 1
    :param chance: a random number from 0 to 1
    """
    return float(min(30.0, 0.5 * 2 ** (tries - 1)) * (0.5 + chance / 2))
