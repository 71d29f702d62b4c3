# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""The one family of failures: each says in a sentence what failed, where, why and what to do."""

from __future__ import annotations

import traceback
import typing as t
from collections.abc import Iterable
from enum import Enum

from ansible_collections.ontap.akv.plugins.module_utils._runtime.printable import printable


class Outcome(str, Enum):
    """What a task has done to the cluster. Results contain it as plain text (``value``)."""

    UNCHANGED = "unchanged"
    """Nothing was sent that changes, or ONTAP refused it."""
    CHANGED = "changed"
    """Something was changed."""
    UNKNOWN = "unknown"
    """A change was sent, and it could not be confirmed."""

    def __str__(self) -> str:
        return self.value


def worst_outcome(outcomes: Iterable[str]) -> Outcome:
    """Combine the outcomes of many: unknown outweighs changed, changed outweighs unchanged.

    :param outcomes: members of Outcome, or their values as results have them
    """
    found = set(outcomes)
    return next((outcome for outcome in (Outcome.UNKNOWN, Outcome.CHANGED) if outcome in found), Outcome.UNCHANGED)


class AkvError(Exception):
    """A failure, in one sentence for the user.

    :param message: what failed, on which cluster and SVM, why, and what to do
    :param outcome: None leaves it to what the task has sent
    :param details: further keys of the failed result, e.g. ``error``, ``http_status``, ``job``, ``vault``
    :ivar lost: the failed change may have been applied anyway
    :ivar passing: sending the request again can help
    """

    lost = False
    passing = False

    def __init__(self, message: str, outcome: Outcome | None = None, **details: t.Any) -> None:
        # It may quote a server.
        self.message = printable(message)
        super().__init__(self.message)
        self.outcome = outcome
        self.details = details

    def result(self, outcome: Outcome) -> dict[str, t.Any]:
        """Give the failed result.

        :param outcome: what the requests so far have done, where the failure itself does not say
        """
        outcome = self.outcome or outcome
        return {
            "failed": True,
            "changed": outcome is Outcome.CHANGED,
            "msg": self.message,
            "outcome": outcome.value,
            **self.details,
        }


class InputError(AkvError):
    """The task itself is wrong: seen before anything is sent.

    :param option: the option (or options) to correct
    :param problem: what was given and what to do instead
    :param details: further keys of the failed result
    """

    def __init__(self, option: str, problem: str, **details: t.Any) -> None:
        super().__init__(f"{option}: {problem}", Outcome.UNCHANGED, **details)


class Incomplete(AkvError):
    """The declaration lacks what creating needs: bad input that only the cluster can show."""


class ConnectionFailed(AkvError):
    """The cluster could not be reached, or did not answer like ONTAP."""


class Unconfirmed(ConnectionFailed):
    """A change was sent, no answer arrived, and whether it was applied could not be read either."""


class OntapError(AkvError):
    """ONTAP refused, in its own error envelope (reference, "Error").

    :param code: ONTAP's error code, as a string of digits
    :param http_status: the HTTP status it came with
    """

    def __init__(self, message: str, code: str, http_status: int | None, error: dict[str, t.Any]) -> None:
        super().__init__(message, error=error, http_status=http_status)
        self.code = code
        self.http_status = http_status


def unexpected(exc: Exception) -> AkvError:
    """Make a failure from an unforeseen exception."""
    place = traceback.extract_tb(exc.__traceback__)[-1]
    where = f"{type(exc).__name__} in {place.name}, line {place.lineno}"
    shown = "".join(traceback.format_exception(type(exc), exc, exc.__traceback__))
    return AkvError(f"Internal error in the ontap.akv collection ({where}). Please report it.", exception=shown)
