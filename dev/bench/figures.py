# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Figures of repeated measurements: a median with its spread, and ratios to a peer of the same round. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Spread:
    """A median, and the least and the most that was measured."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        """:raises ValueError: there are none"""
        measured = sorted(values)
        if not measured:
            raise ValueError("nothing was measured")
        return cls(statistics.median(measured), measured[0], measured[-1])

    def show(self, unit: str = "") -> str:
        """``0.52 (0.50–0.61)``, with as many digits as tell something."""
        least, median, most = (rounded(value) for value in (self.least, self.median, self.most))
        return f"{median}{unit} ({least}–{most})"


def rounded(value: float) -> str:
    """Three digits that count, without an exponent."""
    size = abs(value)
    if size >= 100:
        return f"{value:.0f}"
    for digits, limit in ((1, 10.0), (2, 1.0), (3, 0.1)):
        if size >= limit:
            return f"{value:.{digits}f}"
    return f"{value:.4f}"


def ratios(ours: Mapping[int, float], peers: Mapping[int, float]) -> list[float]:
    """What ours took as a part of what the peer took, round by round; only rounds that both have.

    :param ours: round to seconds
    :param peers: the same
    """
    return [seconds / peers[number] for number, seconds in sorted(ours.items()) if peers.get(number)]
