# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster's clock: runs, and can be moved."""

from __future__ import annotations

import time
from datetime import datetime, timezone


class Clock:
    """Seconds since the epoch, as the cluster sees them; `speed` 0 stands still until it is turned."""

    def __init__(self, start: float | None = None, speed: float = 1.0) -> None:
        self._start = time.time() if start is None else start
        self._zero = time.monotonic()
        self._speed = speed
        self._turned = 0.0

    def now(self) -> float:
        return self._start + self._turned + (time.monotonic() - self._zero) * self._speed

    def advance(self, seconds: float) -> None:
        """Turn the clock forward."""
        if seconds < 0:
            raise ValueError("the clock only goes forward")
        self._turned += seconds


def timestamp(seconds: float) -> str:
    """A moment as ONTAP writes it."""
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="seconds")
