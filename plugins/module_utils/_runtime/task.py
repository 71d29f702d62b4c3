# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""The state of one task: its deadline, warnings, request log, redactor, progress and outcome.

It stands apart from the clients, so that a use case that never speaks to ONTAP needs no ONTAP client.
"""

from __future__ import annotations

import time
import typing as t
from collections.abc import Callable, Sequence

from ansible_collections.ontap.akv.plugins.module_utils._runtime import errors
from ansible_collections.ontap.akv.plugins.module_utils._runtime.redaction import Redactor

_LONGEST_BUDGET = 10**9  # seconds: what a clock can count

_REPEATED = 60.0  # seconds between two lines of progress with the same words

DEFAULT_BUDGET = 300.0
"""Seconds for a task without ``wait_timeout``."""


class Task:
    """The state of one task, shared by all its clients.

    :param redactor: masks what servers write; they may echo part of a secret
    :param budget: seconds for the whole task: no retry and no poll starts after them
    :param progress: receives a few words on what the task waits for, before each pause
    :ivar progress: receives what the task waits for
    :ivar requests: what was sent, one entry a try: method, path, status (None where no answer arrived)
    :ivar has_lost: the answer to the last change, or to an earlier try of it, was lost
    :ivar warnings: what the user should know, whether the task succeeds or fails
    """

    def __init__(
        self,
        redactor: Redactor,
        budget: float = DEFAULT_BUDGET,
        progress: Callable[[str], None] = lambda _text: None,
    ) -> None:
        self.redactor = redactor
        self.requests: list[dict[str, t.Any]] = []
        self.warnings: list[str] = []
        self.has_lost = False
        self._deadline = time.monotonic() + max(0, min(budget, _LONGEST_BUDGET))
        self.progress = progress
        self._shown_until: dict[str, float] = {}
        self._changed = self._open = False
        self._log = self.requests

    def sibling(self) -> Task:
        """Make the state of one of many: it shares the deadline, the redactor and the progress.

        Its outcome, warnings and requests are its own; its requests are listed among this task's too.
        """
        other = Task.__new__(Task)
        other.__dict__.update(self.__dict__)
        other._changed = other._open = other.has_lost = False
        other.requests, other.warnings = [], []
        return other

    # -- time ---------------------------------------------------------------------------------------------------------

    def remaining(self) -> float:
        """Seconds left until the deadline."""
        return self._deadline - time.monotonic()

    def extend(self, seconds: float) -> None:
        """Move the deadline: what is to last that long needs the time for a retry at its end too."""
        self._deadline += seconds

    def sleep(self, seconds: float, waiting_for: str = "") -> None:
        """Wait, but no longer than until the deadline.

        :param waiting_for: shown to whoever watches the task; the same words at most once a minute
        """
        if waiting_for and time.monotonic() >= self._shown_until.get(waiting_for, 0.0):
            self._shown_until[waiting_for] = time.monotonic() + _REPEATED
            self.progress(waiting_for)
        time.sleep(max(0.0, min(seconds, self.remaining())))

    # -- what happened ------------------------------------------------------------------------------------------------

    def warn(self, warning: str) -> None:
        """Add a warning, once."""
        if warning not in self.warnings:
            self.warnings.append(warning)

    def log(self, method: str, path: str) -> dict[str, t.Any]:
        """Log a request that is being sent; the caller fills in its status."""
        entry: dict[str, t.Any] = {"method": method, "path": path, "status": None}
        self.requests.append(entry)
        if self._log is not self.requests:
            self._log.append(entry)
        return entry

    @property
    def is_open(self) -> bool:
        """Whether a change was sent that is not confirmed yet."""
        return self._open

    @property
    def outcome(self) -> errors.Outcome:
        """What the requests so far have done."""
        if self._open:
            return errors.Outcome.UNKNOWN
        return errors.Outcome.CHANGED if self._changed else errors.Outcome.UNCHANGED

    def include(self, sibling: Task) -> None:
        """Count what a sibling's requests have done as done by this task."""
        self._open = self._open or sibling._open
        self._changed = self._changed or sibling._changed

    def gather(self, siblings: Sequence[Task]) -> None:
        """List the requests and warnings of siblings that worked side by side in their order, not in that of time."""
        theirs = [entry for sibling in siblings for entry in sibling.requests]
        known = set(map(id, theirs))
        self.requests[:] = [*(entry for entry in self.requests if id(entry) not in known), *theirs]
        for warning in (warning for sibling in siblings for warning in sibling.warnings):
            self.warn(warning)

    def sent_unconfirmed(self) -> None:
        """Note that a change was sent and is not confirmed yet: a lost answer, a job that still runs."""
        self._open = True

    def confirmed(self, changed: bool) -> None:
        """Note the outcome of the last change: applied or not."""
        self._open = False
        self._changed = self._changed or changed
