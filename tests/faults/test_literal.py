# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A name is meant literally: whatever ONTAP's queries or URLs make of its characters, it is no other SVM's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from faults.catalogue import WHOLE
from faults.harness import picture, run

from simulator import Simulator

NAMES = [
    "vs*",
    "vs?",
    "*",
    "vs0|vs1",
    "vs0,vs1",
    "!vs0",
    "!vs9",
    "vs0..vs1",
    "..",
    "<vs1",
    ">=vs0",
    '"vs0"',
    "{vs0}",
    "{vs*}",
    'vs0"',
    'a"|*',
    "a\\|vs0",
    "null",
    "!null",
    "VS0",
    "vs%30",
    "a%2fb",
    "a/b?c#d",
    "vs0&scope=svm",
    "vs0#",
    "a b",
]


@pytest.fixture(scope="module")
def two() -> Iterator[Simulator]:
    """vs0 and vs1 have vaults; no SVM has an odd name."""
    with Simulator(scenario={"vaults": [WHOLE, {**WHOLE, "svm": "vs1"}]}) as sim:
        yield sim


@pytest.fixture(scope="module")
def all_of_them() -> Iterator[Simulator]:
    """Each odd name is an SVM with an AKV configuration of its own, beside vs0 and vs1."""
    names = [*NAMES, "vs0", "vs1"]
    with Simulator(scenario={"svms": [{"name": name} for name in names]}) as sim:
        for name in names:
            created = run("akv_config", **own(name), **sim.connection)
            assert created["operation"] == "create"
        yield sim


def own(svm: str) -> dict[str, Any]:
    """The AKV configuration of an SVM, as declared."""
    return {**WHOLE, "svm": svm, "client_id": f"client of {svm}"}


def read(sim: Simulator, svm: str) -> list[dict[str, Any]]:
    result = run("akv_info", svm=svm, **sim.connection)
    assert not result.get("failed"), result["msg"]
    vaults: list[dict[str, Any]] = result["vaults"]
    return vaults


@pytest.mark.parametrize("svm", NAMES)
def test_another_svm_is_never_meant(two: Simulator, svm: str, tally: Counter[str]) -> None:
    before = picture(two)
    assert read(two, svm) == []
    deleted = run("akv_config", svm=svm, state="absent", **two.connection)
    assert not deleted.get("failed"), deleted["msg"]
    assert deleted["changed"] is False
    restored = run("akv_restore", svm=svm, force=True, **two.connection)
    assert restored["failed"]
    assert "does not exist" in restored["msg"]
    rotated = run("akv_config", **{**WHOLE, "svm": svm}, update_credentials="always", **two.connection)
    assert rotated["failed"]
    assert rotated["outcome"] == "unchanged"
    assert picture(two) == before
    tally["outcome named"] += 1


@pytest.mark.parametrize("svm", NAMES)
def test_an_svm_of_that_very_name_is_found_alone(all_of_them: Simulator, svm: str, tally: Counter[str]) -> None:
    assert [vault["svm"]["name"] for vault in read(all_of_them, svm)] == [svm]
    result = run("akv_config", **own(svm), **all_of_them.connection)
    assert not result.get("failed"), result["msg"]
    assert result["changed"] is False
    assert result["vault"]["svm"]["name"] == svm
    tally["survived"] += 1


def test_deleting_an_odd_one_deletes_it_alone(all_of_them: Simulator, tally: Counter[str]) -> None:
    for svm in ("*", "vs0|vs1", "!null"):
        result = run("akv_config", svm=svm, state="absent", **all_of_them.connection)
        assert result["operation"] == "delete"
        left = {vault["svm"] for vault in all_of_them.vaults()}
        assert svm not in left
        assert {"vs0", "vs1"} <= left
        assert run("akv_config", **own(svm), **all_of_them.connection)["operation"] == "create"
    assert len(all_of_them.vaults()) == len(NAMES) + 2
    tally["survived"] += 1
