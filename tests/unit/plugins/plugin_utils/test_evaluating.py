# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A variable is evaluated by Ansible's own templar; what fails is named, and no template is shown."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("ansible.template", reason="variables are evaluated on the control node alone")

from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

from ansible_collections.ontap.akv.plugins.plugin_utils._evaluating import evaluator, evaluator_of_host
from ansible_collections.ontap.akv.plugins.plugin_utils._variables import NOT_GIVEN, CannotEvaluate

try:
    from ansible.template import trust_as_template as trusted
except ImportError:  # up to ansible-core 2.18

    def trusted(value: Any) -> Any:
        return value


SECRET = "sentinel~Secret8Q"


def trust(raw: Any) -> Any:
    if isinstance(raw, dict):
        return {key: trust(item) for key, item in raw.items()}
    if isinstance(raw, list):
        return [trust(item) for item in raw]
    return trusted(raw) if isinstance(raw, str) else raw


def evaluated(value: Any, **variables: Any) -> Any:
    given = {"omit": "__omit_place_holder__1", **trust(variables), "akv_svm": trust(value)}
    return evaluator(Templar(DataLoader(), given), given)("akv_svm")


@pytest.mark.parametrize("value", ["vs0", "", None, True, 83, 1.5, ["a", None], {"a": [1]}], ids=repr)
def test_a_value_is_as_it_is(value: Any) -> None:
    assert evaluated(value) == value


@pytest.mark.parametrize(("value", "found"), [("__omit_place_holder__1", NOT_GIVEN), ("a", "a"), (None, None)])
def test_a_host_that_omits_a_variable_does_not_give_it(value: Any, found: Any) -> None:
    assert evaluator_of_host({"akv_svm": value}, "__omit_place_holder__1")("akv_svm") == found


def test_templates() -> None:
    assert evaluated("{{ name }}", name="{{ other }}", other="vs0") == "vs0"
    assert evaluated(["{{ other }}"], other="vs0") == ["vs0"]


def test_omit() -> None:
    assert evaluated("{{ omit }}") is NOT_GIVEN


def test_an_estate_is_evaluated_as_ansible_does() -> None:
    """Text by text, where Ansible takes the list as a whole: templates, what is left out, and what is neither."""
    estate = [
        {"svm": "vs{{ 0 }}", "name": "{% if on %}on{% endif %}", "key": "a{b}c", "more": ["{# none #}", "{{ on }}", 1]},
        {"svm": "{{ whole.svm }}", "whole": "{{ whole }}", "secret": "{{ no_such | default(omit) }}", "none": None},
        "{{ omit }}",
    ]
    variables = {"on": True, "whole": {"svm": "vs1"}, "omit": "__omit_place_holder__1"}
    assert evaluated(estate, **variables) == Templar(DataLoader(), trust(variables)).template(trust(estate))


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("{{ no_such }}", "'no_such' is undefined"),
        ("{{ other }}", "'no_such' is undefined"),
        (["vs0", "{{ no_such }}"], "'no_such' is undefined"),
        ({"a": "{{ no_such }}"}, "'no_such' is undefined"),
        ("{{ found.value }}", "has no attribute 'value'"),
        (f"{{{{ '{SECRET}' | no_such_filter }}}}", "its template fails"),
    ],
)
def test_what_is_undefined_is_named_and_nothing_else_is_shown(value: Any, reason: str) -> None:
    with pytest.raises(CannotEvaluate) as failed:
        evaluated(value, other="{{ no_such }}", found={"key": SECRET})
    assert reason in failed.value.reason
    assert SECRET not in failed.value.reason


@pytest.mark.parametrize("by_name", [True, False], ids=["by another variable", "written out"])
def test_the_entry_of_a_list_is_named(by_name: bool) -> None:
    estate = [{"svm": "vs0", "client_secret": SECRET}, {"svm": "vs1", "client_secret": "{{ secret_vs1 }}"}]
    with pytest.raises(CannotEvaluate) as failed:
        evaluated("{{ estate }}" if by_name else estate, estate=estate)
    assert failed.value.reason == "'secret_vs1' is undefined (client_secret in the entry of SVM vs1)"
