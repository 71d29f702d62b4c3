# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""Which key manager holds the keys of which volumes: decided from what the key managers list."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

HERE, ELSEWHERE, BOTH, UNKNOWN = HOLDERS = ("held_here", "held_elsewhere", "held_by_both", "unknown")

_STABLE = ("encrypted", None)


@dataclass(frozen=True)
class Listing:
    """The keys that some key managers hold.

    :ivar keys: the IDs of the keys that they list
    :ivar unanswered: why the list may be incomplete, in sentences; empty if every node of every key manager answered
    """

    keys: frozenset[str] = frozenset()
    unanswered: tuple[str, ...] = ()


@dataclass
class Holding:
    """The proof for one AKV configuration.

    :ivar numbers: how many volume keys have each of HOLDERS
    :ivar volumes_elsewhere: sorted names of volumes with keys that are provably held elsewhere and not here
    :ivar reasons: why some are unknown, in sentences
    """

    numbers: dict[str, int] = field(default_factory=lambda: dict.fromkeys(HOLDERS, 0))
    volumes_elsewhere: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)


def holder_of(key_id: str, here: Listing, elsewhere: Listing) -> str:
    """Decide who holds a key. What a key manager that did not answer holds is unknown, never elsewhere.

    :return: one of HOLDERS
    """
    is_here, is_elsewhere = key_id in here.keys, key_id in elsewhere.keys
    if is_here and is_elsewhere:
        return BOTH
    if is_here and not elsewhere.unanswered:
        return HERE
    if is_elsewhere and not here.unanswered:
        return ELSEWHERE
    return UNKNOWN


def prove(volumes: Sequence[Mapping[str, t.Any]], here: Listing, elsewhere: Listing) -> Holding:
    """Decide who holds the keys of volumes.

    A key that several volumes share (a FlexClone and its parent) counts once. A volume that is being rekeyed or
    converted has two keys, and ONTAP reports one of them: it is unknown.

    :param volumes: encrypted volumes as `read_volumes` gives them
    """
    found = Holding()
    holders: dict[str, str] = {}
    unlisted = changing = without = 0
    for volume in volumes:
        encryption = volume.get("encryption")
        encryption = encryption if isinstance(encryption, dict) else {}
        key_id = encryption.get("key_id")
        if not isinstance(key_id, str) or not key_id:
            without += 1
            found.numbers[UNKNOWN] += 1
            continue
        stable = encryption.get("state") in _STABLE
        holder = holder_of(key_id, here, elsewhere) if stable else UNKNOWN
        changing += not stable
        unlisted += stable and key_id not in here.keys and key_id not in elsewhere.keys
        if holder == ELSEWHERE:
            found.volumes_elsewhere.append(str(volume.get("name")))
        # Of volumes that share a key, one that is not stable makes it unknown.
        holders[key_id] = UNKNOWN if UNKNOWN in (holder, holders.get(key_id)) else holder
    for holder in holders.values():
        found.numbers[holder] += 1
    found.volumes_elsewhere.sort()
    if found.numbers[UNKNOWN]:
        found.reasons.extend(_reasons([*here.unanswered, *elsewhere.unanswered], without, changing, unlisted))
    return found


def _reasons(unanswered: Iterable[str], without: int, changing: int, unlisted: int) -> t.Iterator[str]:
    """Say why some are unknown, each reason once."""
    reasons = list(dict.fromkeys(unanswered))
    yield from reasons
    if without:
        yield f"ONTAP does not report the key of {_volumes(without)}."
    if changing:
        yield f"{_volumes(changing)} {'is' if changing == 1 else 'are'} being encrypted, rekeyed, or converted."
    if unlisted and not reasons:
        yield f"No key manager lists the key of {_volumes(unlisted)}."


def _volumes(number: int) -> str:
    return "1 volume" if number == 1 else f"{number} volumes"
