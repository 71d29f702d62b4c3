# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""The one family of failures: each tells in a sentence what failed, where, why and what to do."""

from __future__ import annotations

import traceback
import typing as t

from ansible_collections.ontap.akv.plugins.module_utils._runtime.printable import printable

UNCHANGED = "unchanged"
"""Nothing was sent that changes, or ONTAP refused it."""
CHANGED = "changed"
"""Something was changed before the failure."""
UNKNOWN = "unknown"
"""A change was sent, and what became of it could not be read."""


class AkvError(Exception):
    """A failure told in one sentence, for the user.

    :param message: what failed, on which cluster and SVM, why, and what to do
    :param outcome: UNCHANGED, CHANGED or UNKNOWN; None leaves it to what the client has sent
    :param details: further keys of the failed result, e.g. ``error``, ``http_status``, ``job``, ``vault``
    """

    def __init__(self, message: str, outcome: str | None = None, **details: t.Any) -> None:
        # It may quote a server.
        self.message = printable(message)
        super().__init__(self.message)
        self.outcome = outcome
        self.details = details

    def result(self, outcome: str) -> dict[str, t.Any]:
        """Give the failed result.

        :param outcome: what the requests so far have done, where the failure itself does not say
        """
        outcome = self.outcome or outcome
        told = {"failed": True, "changed": outcome == CHANGED, "msg": self.message, "outcome": outcome}
        return {**told, **self.details}


class InputError(AkvError):
    """The task itself is wrong: seen before anything is sent.

    :param option: the option (or options) to correct
    :param problem: what was given and what to do instead
    """

    def __init__(self, option: str, problem: str) -> None:
        super().__init__(f"{option}: {problem}", UNCHANGED)


class Incomplete(AkvError):
    """The declaration lacks what creating needs: bad input that only the cluster can show."""


class ConnectionFailed(AkvError):
    """The cluster could not be reached, or did not answer like ONTAP."""


class FateUnknown(ConnectionFailed):
    """A change was sent and no answer tells what became of it."""


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
    """Make a failure of an exception that nobody has foreseen."""
    place = traceback.extract_tb(exc.__traceback__)[-1]
    where = f"{type(exc).__name__} in {place.name}, line {place.lineno}"
    told = "".join(traceback.format_exception(type(exc), exc, exc.__traceback__))
    return AkvError(f"This is a fault of the collection ({where}): please report it.", exception=told)
