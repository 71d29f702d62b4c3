# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the variables of roles are read: which one counts, of which type, and what is refused."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

import pytest

pytest.importorskip("ansible.plugins.action", reason="roles run on the control node alone")

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.ontap.akv.plugins.plugin_utils._roles.all import ROLES
from ansible_collections.ontap.akv.plugins.plugin_utils._variables import (
    COMMON,
    NOT_GIVEN,
    CannotEvaluate,
    Kind,
    Part,
    Reading,
    Variable,
    large_value,
    read,
)

SECRET = "sentinel~Secret8Q"
URI = "https://mykeyvault.vault.azure.net/"

# What each role needs at least, by common variables where there are some.
NEEDED: dict[str, dict[str, Any]] = {
    "akv_disable": {"akv_svm": "vs0", "akv_disable_name": URI},
    "akv_enable": {
        "akv_svm": "vs0",
        "akv_client_id": "client1",
        "akv_tenant_id": "tenant1",
        "akv_client_secret": SECRET,
        "akv_enable_name": URI,
        "akv_enable_key_id": f"{URI}keys/key1",
    },
    "akv_recover": {},
    "akv_report": {"akv_report_path": "out"},
    "akv_rotate": {"akv_client_id": "client1", "akv_client_secret": SECRET},
    "akv_rotate_key": {"akv_svm": "vs0", "akv_rotate_key_key_id": f"{URI}keys/key2"},
}
EVERY = [(role, variable) for role in ROLES.values() for variable in role.variables if not variable.large]
IDS = [f"{role.name}_{variable.name}" for role, variable in EVERY]
DATE = datetime.date(2027, 3, 31)


def reading(role: str, variables: Mapping[str, Any], part: Part = Part.ALL) -> Reading:
    return read(ROLES[role], ROLES, variables, variables.__getitem__, part)


def kinds(*chosen: Kind) -> pytest.MarkDecorator:
    cases = [(role, variable) for role, variable in EVERY if variable.kind in chosen]
    return pytest.mark.parametrize(
        ("role", "variable"), cases, ids=[f"{role.name}_{variable.name}" for role, variable in cases]
    )


@pytest.mark.parametrize("role", ROLES)
def test_what_a_role_needs_is_enough(role: str) -> None:
    found = reading(role, NEEDED[role])
    assert (found.errors, found.warnings) == ([], [])
    defaults = {variable.name for variable in ROLES[role].variables if variable.default is not None}
    assert defaults <= found.given.keys()


@pytest.mark.parametrize(("role", "variable"), EVERY, ids=IDS)
def test_a_blank_value_is_not_given(role: Any, variable: Variable) -> None:
    """Of every type: numbers, booleans and choices too. A secret of white space alone is refused."""
    name = f"{role.name}_{variable.name}"
    needed = {key: value for key, value in NEEDED[role.name].items() if key != name}
    without = reading(role.name, needed)
    for blank in (None, "", NOT_GIVEN, *(() if variable.secret else ("  ",))):
        blanks = reading(role.name, {**needed, name: blank})
        assert (without.given, without.errors) == (blanks.given, blanks.errors)


WRONG_TEXTS = [True, False, 0, 83, 1.5, [], [SECRET], {}, {"value": SECRET}, DATE]


@kinds(Kind.TEXT, Kind.PATH)
def test_text_means_text(role: Any, variable: Variable) -> None:
    name = f"{role.name}_{variable.name}"
    for value in WRONG_TEXTS:
        (message,) = reading(role.name, {**NEEDED[role.name], name: value}).errors
        assert message.startswith(f"{name}: ")
        assert ", not text. " in message
        assert SECRET not in message


PLACEHOLDERS = ("$encrypted$", "{{ akv_secret }}", "x{% raw %}", "$ANSIBLE_VAULT;1.1;AES256\n6162", "********")


@kinds(Kind.TEXT)
def test_a_placeholder_is_never_a_value(role: Any, variable: Variable) -> None:
    name = f"{role.name}_{variable.name}"
    for value in PLACEHOLDERS:
        (message,) = reading(role.name, {**NEEDED[role.name], name: value}).errors
        assert message.startswith(f"{name}: is ")


@pytest.mark.parametrize(
    ("role", "variable"),
    [(role, variable) for role, variable in EVERY if variable.narrows],
    ids=[f"{role.name}_{variable.name}" for role, variable in EVERY if variable.narrows],
)
def test_a_filter_that_names_nothing_never_widens(role: Any, variable: Variable) -> None:
    for name in (f"{role.name}_{variable.name}", *(f"akv_{common}" for common in variable.common)):
        variables = {key: given for key, given in NEEDED[role.name].items() if key not in (name, "akv_svm")}
        for value in ([], [""], ",", " , ", 0, False, [None], [0], {}, DATE):
            errors = reading(role.name, {**variables, name: value}).errors
            assert any(message.startswith(f"{name}: ") for message in errors), errors


@kinds(Kind.INTEGER)
def test_numbers(role: Any, variable: Variable) -> None:
    name = f"{role.name}_{variable.name}"
    for value, number in ((5, 5), ("5", 5), (" 007 ", 7)):
        found = reading(role.name, {**NEEDED[role.name], name: value})
        assert (found.errors, found.given[variable.name]) == ([], number)
    for value in (True, 1.0, "soon", [5], DATE):
        (message,) = reading(role.name, {**NEEDED[role.name], name: value}).errors
        assert message.startswith(f"{name}: ")


@kinds(Kind.INTEGER)
def test_numbers_have_a_minimum(role: Any, variable: Variable) -> None:
    assert variable.minimum is not None
    name = f"{role.name}_{variable.name}"
    (message,) = reading(role.name, {**NEEDED[role.name], name: variable.minimum - 1}).errors
    assert f"{name}: {variable.minimum - 1} is below {variable.minimum}" in message


@kinds(Kind.BOOLEAN)
def test_booleans(role: Any, variable: Variable) -> None:
    name = f"{role.name}_{variable.name}"
    for value, is_true in ((True, True), (False, False), ("yes", True), ("No", False), (0, False), ("1", True)):
        found = reading(role.name, {**NEEDED[role.name], name: value})
        assert (found.errors, found.given[variable.name]) == ([], is_true)
    for value in ("perhaps", 2, [True]):
        assert reading(role.name, {**NEEDED[role.name], name: value}).errors == [
            f"{name}: {value!r} is neither true nor false."
        ]


@pytest.mark.parametrize(
    ("role", "variable"),
    [(role, variable) for role, variable in EVERY if variable.choices],
    ids=[f"{role.name}_{variable.name}" for role, variable in EVERY if variable.choices],
)
def test_choices_are_named(role: Any, variable: Variable) -> None:
    name = f"{role.name}_{variable.name}"
    (message,) = reading(role.name, {**NEEDED[role.name], name: "nothing-such"}).errors
    assert message == f"{name}: 'nothing-such' is not one of {', '.join(variable.choices)}."


@pytest.mark.parametrize(("role", "variable"), EVERY, ids=IDS)
def test_an_undefined_name_is_never_replaced_by_a_default(role: Any, variable: Variable) -> None:
    for name in (f"{role.name}_{variable.name}", *(f"akv_{common}" for common in variable.common)):
        variables = {**NEEDED[role.name], name: ...}
        if name != f"{role.name}_{variable.name}":
            variables.pop(f"{role.name}_{variable.name}", None)

        def evaluate(asked: str, name: str = name, variables: dict[str, Any] = variables) -> Any:
            if asked == name:
                raise CannotEvaluate("'no_such' is undefined")
            return variables[asked]

        errors = read(role, ROLES, variables, evaluate).errors
        assert any(message.startswith(f"{name}: ") and "'no_such' is undefined" in message for message in errors)


@pytest.mark.parametrize(("role", "variable"), EVERY, ids=IDS)
def test_the_variable_of_the_role_wins_over_the_common_one(role: Any, variable: Variable) -> None:
    for common in variable.common:
        variables = {**NEEDED[role.name], f"akv_{common}": [], f"{role.name}_{variable.name}": "cluster"}
        if variable.name == "scope":
            variables.pop("akv_svm", None)
        found = reading(role.name, variables)
        assert [message for message in found.errors if f"akv_{common}:" in message] == []


def test_common_variables_that_differ_are_refused() -> None:
    found = reading("akv_rotate", {**NEEDED["akv_rotate"], "akv_svm": "vs0", "akv_svms": ["vs0", "vs1"]})
    assert found.errors == ["akv_svms, akv_svm: they differ. Keep one of them."]
    found = reading("akv_rotate", {**NEEDED["akv_rotate"], "akv_svm": "vs0", "akv_svms": ["vs0"]})
    assert (found.errors, found.given["svms"]) == ([], ["vs0"])


@pytest.mark.parametrize("role", ROLES)
def test_an_unknown_variable_of_the_role_is_refused(role: str) -> None:
    known = f"{role}_{ROLES[role].variables[0].name}"
    errors = reading(role, {**NEEDED[role], f"{known}x": "vs0", f"{role}_result": {}}).errors
    (message,) = errors
    assert message.startswith(f"{known}x: not a variable of the role {role}. Did you mean {known}")


def test_the_longest_role_name_wins() -> None:
    variables = {**NEEDED["akv_rotate"], "akv_rotate_key_soak": 1, "akv_rotate_key_result": {}}
    assert reading("akv_rotate", variables).errors == []
    (message,) = reading("akv_rotate_key", {**NEEDED["akv_rotate_key"], "akv_rotate_key_sok": 1}).errors
    assert "Did you mean akv_rotate_key_soak" in message


def test_a_misspelled_common_variable_is_a_warning() -> None:
    named = {"akv_svn": "vs0", "akv_site": "hamburg", "akv_user": "admin", "akv_vserver": "vs0", "akv_SVM": "vs0"}
    found = reading("akv_rotate", {**NEEDED["akv_rotate"], **named})
    assert found.errors == []
    assert found.warnings == [
        f"{name}: not a variable of the collection, and ignored. Did you mean {meant}?"
        for name, meant in (
            ("akv_SVM", "akv_svm"),
            ("akv_svn", "akv_svm"),
            ("akv_user", "akv_username"),
            ("akv_vserver", "akv_svm"),
        )
    ]


def test_each_common_variable_is_known() -> None:
    assert {f"akv_{common}" for _role, variable in EVERY for common in variable.common} <= COMMON


def test_what_is_as_large_as_the_fleet_is_not_read_for_each_host() -> None:
    """A thousand hosts would keep what was approved for each of them a thousand times."""
    given = {**NEEDED["akv_disable"], "akv_expected_details": {}, "akv_disable_expected_details": {}}
    found = reading("akv_disable", given)
    assert (found.errors, found.warnings) == ([], [])
    assert "expected_details" not in found.given


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ({}, None),
        ({"akv_expected_details": {"c1": "common"}}, {"c1": "common"}),
        ({"akv_expected_details": {"c1": "common"}, "akv_disable_expected_details": {"c1": "own"}}, {"c1": "own"}),
        ({"akv_expected_details": {"c1": "common"}, "akv_disable_expected_details": ""}, {"c1": "common"}),
    ],
)
def test_what_one_task_reads_for_all_hosts(given: dict[str, Any], value: Any) -> None:
    assert large_value(ROLES["akv_disable"], "expected_details", given, given.__getitem__) == value


def test_a_fleet_reads_its_credential_alone() -> None:
    asked = []

    def evaluate(name: str) -> Any:
        asked.append(name)
        return variables[name]

    variables = {**NEEDED["akv_rotate"], "akv_previous_client_secret": "before~Secret8Q", "akv_rotate_soak": 5}
    credential = read(ROLES["akv_rotate"], ROLES, variables, evaluate, Part.CREDENTIAL)
    assert credential.errors == []
    assert credential.given == {"client_secret": SECRET, "previous_client_secret": "before~Secret8Q"}
    settings = read(ROLES["akv_rotate"], ROLES, variables, evaluate, Part.SETTINGS)
    assert not credential.given.keys() & settings.given.keys()
    assert sorted(asked) == sorted(set(asked)), "a variable is evaluated twice"


TOGETHER: dict[str, tuple[str, dict[str, Any], str]] = {
    "no scope": ("akv_enable", {"akv_svm": ""}, "akv_enable_svm, akv_enable_scope: neither is given."),
    "two scopes": ("akv_disable", {"akv_scope": "cluster"}, "the SVM is 'vs0' and the scope is cluster."),
    "SVMs and the cluster": (
        "akv_rotate",
        {"akv_svms": "vs0, vs1", "akv_scope": "cluster"},
        "SVMs are named (vs0, vs1) and the scope is cluster.",
    ),
    "not a key vault": ("akv_disable", {"akv_disable_name": "mykeyvault"}, "'mykeyvault' does not begin with https://"),
    "not a key": ("akv_enable", {"akv_enable_key_id": URI}, "akv_enable_key_id: "),
    "two credentials": (
        "akv_enable",
        {"akv_client_certificate": "TUlJ"},
        "akv_client_secret, akv_client_certificate: more than one",
    ),
    "no credential": ("akv_rotate", {"akv_client_secret": None}, "none is given. Give exactly one."),
    "two previous": (
        "akv_rotate",
        {"akv_previous_client_secret": "a", "akv_previous_client_certificate": "b"},
        "both are given",
    ),
    "previous is the new one": ("akv_rotate", {"akv_previous_client_secret": SECRET}, "they are the same"),
    "whose credential": ("akv_recover", {"akv_client_secret": SECRET}, "akv_recover_client_id: required with"),
    "blank secret": ("akv_rotate", {"akv_client_secret": " "}, "contains only white space"),
    "no configuration": ("akv_rotate_key", {"akv_rotate_key_method": "blue_green"}, "blue_green needs a name"),
    "one too many": (
        "akv_rotate_key",
        {"akv_rotate_key_method": "rekey", "akv_rotate_key_configuration": "green"},
        "rekey takes none",
    ),
    "the cluster has one": (
        "akv_rotate_key",
        {"akv_svm": "", "akv_scope": "cluster", "akv_rotate_key_configuration": "green"},
        "only an SVM has several configurations",
    ),
    "deletes what it makes": (
        "akv_rotate_key",
        {"akv_rotate_key_configuration": "green", "akv_rotate_key_delete_previous": "green"},
        "both are 'green'",
    ),
    "white space": ("akv_enable", {"akv_svm": "vs0 "}, "'vs0 ' has white space around it"),
    "invisible": ("akv_enable", {"akv_svm": "vs\u200b0"}, "invisible"),
}


@pytest.mark.parametrize("case", TOGETHER)
def test_what_is_seen_only_in_several_variables(case: str) -> None:
    role, variables, says = TOGETHER[case]
    (message,) = reading(role, {**NEEDED[role], **variables}).errors
    assert says in message
    assert SECRET not in message


@given(
    st.sampled_from(EVERY),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
        max_leaves=4,
    ),
)
def test_any_text_is_read_as_it_is_or_refused(chosen: tuple[Any, Variable], value: Any) -> None:
    role, variable = chosen
    found = reading(role.name, {**NEEDED[role.name], f"{role.name}_{variable.name}": value})
    assert all(message.startswith((f"{role.name}_", "akv_")) for message in found.errors)
    is_blank = value is None or (isinstance(value, str) and not value.strip())
    if variable.kind is Kind.TEXT and not found.errors and not is_blank:
        assert found.given[variable.name] == value
