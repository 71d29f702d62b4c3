# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.ontap.akv.plugins.module_utils._akv.scope import Scope, is_uuid, literal
from ansible_collections.ontap.akv.plugins.module_utils._runtime.errors import InputError

UUID = "4f7abf4c-9a07-11ea-8d52-005056bbeba5"


@pytest.mark.parametrize(
    ("params", "shown", "query"),
    [
        ({"svm": "vs0"}, "SVM vs0", {"svm.name": "vs0"}),
        ({"svm": "vs0", "scope": "svm"}, "SVM vs0", {"svm.name": "vs0"}),
        ({"svm": "a|b*"}, "SVM a|b*", {"svm.name": '"a|b*"'}),
        ({"svm_uuid": UUID.upper()}, f"SVM {UUID}", {"svm.uuid": UUID}),
        ({"scope": "cluster"}, "the cluster", {"scope": "cluster"}),
    ],
)
def test_exactly_one_names_the_owner(params: dict[str, Any], shown: str, query: dict[str, str]) -> None:
    owner = Scope.from_params(params)
    assert str(owner) == shown
    assert owner.query() == query


@pytest.mark.parametrize(
    ("params", "problem"),
    [
        ({}, "one is required"),
        ({"scope": "svm"}, "without a name"),
        ({"svm": "vs0", "svm_uuid": UUID}, "svm: vs0 and svm_uuid"),
        ({"svm": "vs0", "scope": "cluster"}, "svm: vs0 and scope: cluster"),
        ({"svm": ""}, "svm: is empty"),
        ({"svm": "", "scope": "cluster"}, "svm: is empty"),
        ({"svm": " vs0"}, "' vs0' has white space"),
        ({"svm_uuid": "vs0"}, "'vs0' is not a UUID"),
        ({"svm_uuid": f"{UUID}/.."}, "is not a UUID"),
    ],
)
def test_all_else_is_refused(params: dict[str, Any], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        Scope.from_params(params)


def test_a_record_of_somebody_else_is_not_taken() -> None:
    record = {"scope": "svm", "svm": {"name": "vs0", "uuid": UUID}}
    assert Scope(svm="vs0").owns(record)
    assert Scope(svm_uuid=UUID).owns(record)
    assert not Scope(svm="vs1").owns(record)
    assert not Scope().owns(record)
    assert Scope().owns({"scope": "cluster"})
    assert not Scope(svm="vs0").owns({"scope": "cluster"})


@pytest.mark.parametrize("value", ["a*", "a|b", "!a", "a..b", "<5", ">5", "null", "a,b"])
def test_operators_are_quoted_where_they_are_meant_literally(value: str) -> None:
    assert literal(value) == f'"{value}"'


def test_a_quote_is_quoted_with_braces_and_a_plain_name_not_at_all() -> None:
    assert literal('a"b') == '{a"b}'
    assert literal("vs_0-a.b") == "vs_0-a.b"


@pytest.mark.parametrize("value", [None, 1, "", "x" * 36, f"{UUID}\n", "..", f"{UUID}/"])
def test_what_is_not_a_uuid(value: object) -> None:
    assert not is_uuid(value)
