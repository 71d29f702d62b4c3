# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The decision table of migrations: one way for each pair and release, and none that begins with a migration to AKV."""

from __future__ import annotations

import pytest

from ansible_collections.ontap.akv.plugins.module_utils._akv.migration import (
    AKV,
    AKV_KEY,
    KINDS,
    OKM,
    OTHER,
    WAYS,
    advise,
    kind_of,
    way,
)
from ansible_collections.ontap.akv.plugins.module_utils._akv.releases import RELEASES, Release

EVERY = [Release.parse(name) for name in RELEASES]


@pytest.mark.parametrize("pair", sorted({each[:2] for each in WAYS}))
def test_each_pair_has_one_way_in_each_release(pair: tuple[str, str]) -> None:
    for release in EVERY:
        assert sum(each[:2] == pair and release.within(each.releases) for each in WAYS) == 1, str(release)


@pytest.mark.parametrize("source", KINDS)
def test_every_key_manager_has_a_way_to_akv(source: str) -> None:
    for release in [*EVERY, Release((9, 20, 1)), None]:
        steps = advise(source, release)
        # Before there is an AKV configuration, there is no destination.
        assert source in (AKV, OKM, OTHER) or "igrate the keys to it" not in steps.partition("AKV")[0]
        assert steps.endswith((".", ")"))


def test_no_way_is_ever_missing() -> None:
    assert way(OTHER, AKV, EVERY[0]).steps == way("enigma", AKV, EVERY[0]).steps
    assert way(AKV, AKV_KEY, EVERY[0]).steps != way(AKV, AKV_KEY, EVERY[1]).steps


@pytest.mark.parametrize(
    ("name", "is_cluster", "kind"),
    [
        ("okm", True, "okm"),
        ("onboard", True, "okm"),
        ("onboard", False, "other"),
        ("kmip", True, "kmip"),
        ("external", False, "svm_kmip"),
        ("akv", False, "akv"),
        ("barbican", True, "other"),
        ("enigma", False, "other"),
    ],
)
def test_kinds(name: str, is_cluster: bool, kind: str) -> None:
    assert kind_of(name, is_cluster) == kind
