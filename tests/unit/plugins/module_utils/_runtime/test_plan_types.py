# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from ansible_collections.ontap.akv.plugins.module_utils._runtime.plan import (
    Confirmation,
    Plan,
    Secret,
    Step,
    combined_id,
)

STEP = Step(
    "PATCH",
    "/security/azure-key-vaults/1",
    "patch",
    "Updating",
    Confirmation.SHOWN,
    {"proxy_port": 8080, "client_secret": Secret("client_secret")},
    shows={"proxy_port": 8080},
)
PLAN = Plan("update", {"scope": "svm", "svm": {"name": "vs0"}}, (STEP,), {"proxy_port": 80}, {"proxy_port": 8080})


def test_a_plan_holds_no_secret_and_a_step_is_filled_when_it_is_sent() -> None:
    assert STEP.filled({"client_secret": "s"}) == {"proxy_port": 8080, "client_secret": "s"}
    assert STEP.without_secrets() == {"proxy_port": 8080}
    assert PLAN.secrets == STEP.secrets == ["client_secret"]


def test_only_a_step_that_is_confirmed_by_fields_may_be_sent_twice() -> None:
    assert [one for one in Confirmation if replace(STEP, confirmation=one).idempotent] == [Confirmation.SHOWN]


@pytest.mark.parametrize(
    "other",
    [
        {"operation": "none"},
        {"scope": {"scope": "cluster"}},
        {"steps": ()},
        {"steps": (replace(STEP, method="POST"),)},
        {"steps": (replace(STEP, body={"proxy_port": 8081}),)},
        {"steps": (replace(STEP, query={"return_records": "true"}),)},
        {"before": {"proxy_port": 81}},
    ],
)
def test_an_id_differs_where_the_plan_does(other: dict[str, Any]) -> None:
    assert replace(PLAN, **other).id("c1") != PLAN.id("c1") != PLAN.id("c2")


def test_an_id_is_the_same_whatever_the_order_of_its_settings() -> None:
    body = {"client_secret": Secret("client_secret"), "proxy_port": 8080}
    same = replace(PLAN, steps=(replace(STEP, body=MappingProxyType(body)),), before=MappingProxyType({**PLAN.before}))
    assert same.id("c1") == PLAN.id("c1")


def test_a_fleet_s_id_is_that_of_its_plans_in_any_order() -> None:
    pairs = [("host2", "b"), ("host1", "a")]
    assert combined_id(pairs) == combined_id(reversed(pairs)) != combined_id([("host1", "b"), ("host2", "a")])


def test_an_id_is_never_read_as_a_number() -> None:
    """A survey's answer is YAML: the digits of a digest alone may be one."""
    assert PLAN.id("c1").startswith("plan-")
    assert combined_id([]).startswith("plan-")
