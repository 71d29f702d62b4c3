# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who holds a key: what is not proven is unknown, and never elsewhere."""

from __future__ import annotations

import typing as t

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.ontap.akv.plugins.module_utils._akv.key_holders import (
    BOTH,
    ELSEWHERE,
    HERE,
    HOLDERS,
    UNKNOWN,
    Listing,
    holder_of,
    prove,
)

KEYS = st.sampled_from(["a", "b", "c", "d"])
LISTINGS = st.builds(Listing, st.frozensets(KEYS), st.sampled_from([(), ("node2 does not answer.",)]))
VOLUMES = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.text(min_size=1, max_size=3),
            "state": st.sampled_from(["online", "offline", None]),
            "encryption": st.one_of(
                st.sampled_from([None, "?", {}, {"key_id": None}, {"key_id": 7}]),
                st.fixed_dictionaries(
                    {"key_id": KEYS, "state": st.sampled_from(["encrypted", None, "rekeying", "encrypting", "partial"])}
                ),
            ),
        }
    ),
    max_size=8,
)


def volume(name: str, key_id: str | None, state: str = "encrypted") -> dict[str, t.Any]:
    return {"name": name, "state": "online", "encryption": {"key_id": key_id, "state": state}}


@given(VOLUMES, LISTINGS, LISTINGS)
def test_nothing_is_elsewhere_unless_it_is_proven(
    volumes: list[dict[str, t.Any]], here: Listing, elsewhere: Listing
) -> None:
    found = prove(volumes, here, elsewhere)
    if here.unanswered:
        assert found.numbers[ELSEWHERE] == 0
        assert found.volumes_elsewhere == []
    if elsewhere.unanswered:
        assert found.numbers[HERE] == 0
    assert found.numbers[ELSEWHERE] <= len(found.volumes_elsewhere)
    assert bool(found.reasons) == bool(found.numbers[UNKNOWN])
    assert set(found.numbers) == set(HOLDERS)
    assert sum(found.numbers.values()) <= len(volumes)


def test_each_holder() -> None:
    here, elsewhere = Listing(frozenset("ac")), Listing(frozenset("bc"))
    assert [holder_of(key, here, elsewhere) for key in "abcd"] == [HERE, ELSEWHERE, BOTH, UNKNOWN]
    silent = Listing(frozenset("ac"), ("node2 does not answer.",))
    assert [holder_of(key, silent, elsewhere) for key in "abcd"] == [HERE, UNKNOWN, BOTH, UNKNOWN]
    silent = Listing(frozenset("bc"), ("node2 does not answer.",))
    assert [holder_of(key, here, silent) for key in "abcd"] == [UNKNOWN, ELSEWHERE, BOTH, UNKNOWN]


def test_a_shared_key_counts_once() -> None:
    volumes = [volume("parent", "a"), volume("clone", "a")]
    found = prove(volumes, Listing(), Listing(frozenset("a")))
    assert found.numbers == {HERE: 0, ELSEWHERE: 1, BOTH: 0, UNKNOWN: 0}
    assert found.volumes_elsewhere == ["clone", "parent"]


def test_a_volume_that_changes_has_two_keys() -> None:
    for state in ("rekeying", "encrypting", "partial"):
        found = prove([volume("v", "a", state)], Listing(), Listing(frozenset("a")))
        assert (found.numbers[UNKNOWN], found.volumes_elsewhere) == (1, [])
        assert found.reasons == ["1 volume is being encrypted, rekeyed, or converted."]


def test_why_a_key_is_unknown() -> None:
    assert prove([volume("v", None)], Listing(), Listing()).reasons == ["ONTAP does not report the key of 1 volume."]
    assert prove([volume("v", "a")], Listing(), Listing()).reasons == ["No key manager lists the key of 1 volume."]
    silent = Listing(frozenset(), ("node2 does not answer.",))
    assert prove([volume("v", "a")], silent, silent).reasons == ["node2 does not answer."]
    assert prove([], silent, silent).reasons == []
