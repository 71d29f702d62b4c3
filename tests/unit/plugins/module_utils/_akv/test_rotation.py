# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The decisions of a rotation on one cluster: targets, canary, batches, and what became worse."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.ontap.akv.plugins.module_utils._akv.rotation import (
    Reading,
    Selection,
    Target,
    batches,
    choose_canary,
    near,
    plan_id,
    select_targets,
    works,
    worse,
)

VERDICTS = ("healthy", "degraded", "unavailable", "unknown", "inactive")


def uuid(number: int) -> str:
    return f"00000000-0000-0000-0000-{number:012}"


def record(number: int, **more: Any) -> dict[str, Any]:
    """A record of SVM vs<number>, as ONTAP gives it."""
    whole = {
        "uuid": uuid(number),
        "scope": "svm",
        "svm": {"name": f"vs{number}", "uuid": uuid(1000 + number)},
        "client_id": "app1",
        "state": {"available": True, "message": ""},
        **more,
    }
    return {name: value for name, value in whole.items() if value is not None}


def target(number: int, verdict: str = "healthy", encrypted: bool | None = None, **more: Any) -> Target:
    available = {"healthy": True, "degraded": False, "unavailable": False}.get(verdict)
    return Target(Reading(uuid(number), verdict, available), f"vs{number}", encrypted=encrypted, **more)


def select(
    *records: dict[str, Any], client_id: str = "app1", svms: tuple[str, ...] = (), scope: str = "all"
) -> Selection:
    return select_targets(records, client_id, svms, scope)


def names(selection: Selection) -> list[str]:
    return [chosen.name for chosen in selection.targets]


class TestSelection:
    def test_all_of_the_application_inactive_ones_last(self) -> None:
        found = select(
            record(3, enabled=False, configuration={"name": "green"}),
            record(2, client_id="APP1"),
            record(4, client_id="another"),
            record(1),
            record(5, svm=None, scope="cluster"),
        )
        assert names(found) == ["vs1", "vs2", "cluster", "vs3 (green)"]
        assert found.applications == ("APP1", "another", "app1")
        assert (found.others, found.missing, found.not_reported) == (0, (), ())

    @pytest.mark.parametrize(
        ("svms", "scope", "chosen", "others"),
        [
            (("vs1",), "all", ["vs1"], 2),
            ((), "svm", ["vs1", "vs2"], 1),
            ((), "cluster", ["cluster"], 2),
            (("vs2", "vs7"), "svm", ["vs2"], 2),
        ],
    )
    def test_what_is_not_selected_is_counted(
        self, svms: tuple[str, ...], scope: str, chosen: list[str], others: int
    ) -> None:
        found = select(record(1), record(2), record(3, svm=None, scope="cluster"), svms=svms, scope=scope)
        assert (names(found), found.others) == (chosen, others)
        assert found.missing == tuple(name for name in svms if name == "vs7")

    @pytest.mark.parametrize("client_id", [None, "", 7])
    def test_an_application_that_is_not_reported_is_never_passed_over(self, client_id: Any) -> None:
        assert select(record(1), record(2, client_id=client_id)).not_reported == ("vs2",)
        assert select(record(1), record(2, client_id=client_id), svms=("vs1",)).not_reported == ()

    def test_a_scope_that_is_not_reported_matters_where_it_decides(self) -> None:
        unclear = record(2, svm=None, scope=None)
        assert [chosen.uuid for chosen in select(unclear).targets] == [uuid(2)]
        assert select(unclear, svms=("vs2",)).not_reported == (uuid(2),)
        assert select(unclear, scope="cluster").not_reported == (uuid(2),)


class TestCanary:
    @pytest.mark.parametrize(
        ("targets", "chosen"),
        [
            ([], None),
            ([target(1), target(2, encrypted=True)], "vs2"),
            ([target(1, encrypted=False), target(2, encrypted=True), target(3, encrypted=True)], "vs2"),
            ([target(1, "unavailable", True), target(2, encrypted=False)], "vs2"),
            ([target(1, "degraded", True), target(2, "unavailable", True)], "vs2"),
            ([target(1, "inactive"), target(2, "unknown")], "vs2"),
            ([target(1, "inactive")], "vs1"),
        ],
    )
    def test_choice(self, targets: list[Target], chosen: str | None) -> None:
        canary = choose_canary(targets)
        assert (canary and canary.svm) == chosen

    @given(st.lists(st.tuples(st.sampled_from(VERDICTS), st.sampled_from([True, False, None])), min_size=1))
    def test_never_worse_than_another(self, kinds: list[tuple[str, bool | None]]) -> None:
        targets = [target(number, verdict, encrypted) for number, (verdict, encrypted) in enumerate(kinds)]
        canary = choose_canary(targets)
        assert canary is not None
        if any(verdict == "healthy" for verdict, _encrypted in kinds):
            assert canary.verdict == "healthy"
        if ("healthy", True) in kinds:
            assert canary.encrypted


@given(st.lists(st.sampled_from(VERDICTS)), st.integers(1, 7))
def test_batches_hold_each_once(verdicts: list[str], size: int) -> None:
    targets = [target(number, verdict) for number, verdict in enumerate(verdicts)]
    found = batches(targets, size)
    flat = [chosen for batch in found for chosen in batch]
    assert sorted(flat, key=lambda chosen: chosen.uuid) == sorted(targets, key=lambda chosen: chosen.uuid)
    assert all(1 <= len(batch) <= size for batch in found)
    assert all(len({chosen.verdict == "inactive" for chosen in batch}) == 1 for batch in found)
    order = [{"unavailable": 0, "inactive": 2}.get(chosen.verdict, 1) for chosen in flat]
    assert order == sorted(order)


class TestWorse:
    @given(st.sampled_from(VERDICTS), st.sampled_from(VERDICTS))
    def test_what_works_is_not_worse(self, before: str, after: str) -> None:
        fell = worse(Reading("1", before), Reading("1", after))
        assert not (fell and works(before, after))
        assert not worse(Reading("1", after), Reading("1", after))
        assert fell == (after in ("degraded", "unavailable") and before not in (after, "unavailable"))

    def test_another_node(self) -> None:
        one, two = (Reading("1", "degraded", False, frozenset({node})) for node in ("node1", "node2"))
        assert worse(one, two)
        assert not worse(Reading("1", "degraded", False), two)

    @pytest.mark.parametrize(
        ("before", "after", "good"),
        [
            ("unavailable", "healthy", True),
            ("inactive", "inactive", True),
            ("healthy", "inactive", False),
            ("healthy", "unknown", False),
            ("unknown", "unknown", False),
            ("healthy", None, False),
        ],
    )
    def test_success_is_what_works(self, before: str, after: str | None, good: bool) -> None:
        assert works(before, after) == good

    @given(st.sampled_from(VERDICTS), st.sampled_from([True, False, None]), st.frozensets(st.text(max_size=3)))
    def test_a_snapshot_says_the_same(self, verdict: str, available: bool | None, nodes: frozenset[str]) -> None:
        reading = Reading("1", verdict, available, nodes)
        assert Reading.from_snapshot(reading.snapshot()) == reading


class TestPlanId:
    def test_health_and_order_are_excluded(self) -> None:
        one = [target(1), target(2)]
        other = [target(2, "unavailable", True), target(1)]
        assert plan_id("c1", "app1", "client_secret", one) == plan_id("c1", "APP1", "client_secret", other)

    def test_what_is_approved_is_included(self) -> None:
        wanted = [
            plan_id("c1", "app1", "client_secret", [target(1)]),
            plan_id("c2", "app1", "client_secret", [target(1)]),
            plan_id("c1", "app1", "client_certificate", [target(1)]),
            plan_id("c1", "app1", "client_secret", [target(1), target(2)]),
            plan_id("c1", "app1", "client_secret", [target(1, settings={"tenant_id": "t2"})]),
        ]
        assert len(set(wanted)) == len(wanted)


def test_near_names() -> None:
    assert near(["payrol"], ["payroll", "web"], "SVMs") == "Similar names: payroll."
    assert near(["APP1"], ["app12"], "Applications") == "Similar names: app12."
    assert near(["xyz"], ["payroll", "web"], "SVMs") == "SVMs: payroll, web."
    assert near(["xyz"], [], "SVMs") == "SVMs: none."
