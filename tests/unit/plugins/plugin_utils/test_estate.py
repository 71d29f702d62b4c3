# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The estate of akv_enable: entries are completed, selected, or refused by the name of their SVM."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("ansible.plugins.action", reason="roles run on the control node alone")

from ansible_collections.ontap.akv.plugins.module_utils._akv.declaration import ENTRY_SPEC
from ansible_collections.ontap.akv.plugins.plugin_utils._roles.all import ROLES
from ansible_collections.ontap.akv.plugins.plugin_utils._variables import Reading, read

SECRET = "sentinel~Secret8Q"
URI = "https://mykeyvault.vault.azure.net/"
ENTRY = {"svm": "payroll", "name": URI, "key_id": f"{URI}keys/payroll"}
OTHER = {"svm": "research", "name": URI, "key_id": f"{URI}keys/research"}
OF_CLUSTER = {"scope": "cluster", "name": URI, "key_id": f"{URI}keys/cluster"}
SHARED = {"akv_client_id": "client1", "akv_tenant_id": "tenant1", "akv_client_secret": SECRET}


def reading(*entries: Any, **more: Any) -> Reading:
    variables = {**SHARED, "akv_configurations": list(entries), **more}
    return read(ROLES["akv_enable"], ROLES, variables, variables.__getitem__)


def entries_of(found: Reading) -> list[dict[str, Any]]:
    assert found.errors == []
    entries: list[dict[str, Any]] = found.given["entries"]
    return entries


def test_single_variables_are_the_defaults_of_all_entries() -> None:
    expected = {"client_id": "client1", "tenant_id": "tenant1", "client_secret": SECRET}
    assert entries_of(reading(ENTRY, OTHER)) == [{**expected, **ENTRY}, {**expected, **OTHER}]


def test_an_entry_wins_over_the_defaults() -> None:
    own = {"client_id": "client2", "client_certificate": "TUlJ", "proxy_port": "8080", "verify_host": "yes"}
    (entry,) = entries_of(reading({**ENTRY, **own}))
    assert entry["client_id"] == "client2"
    assert (entry["proxy_port"], entry["verify_host"]) == (8080, True)
    assert "client_secret" not in entry, "an entry with a credential gets no other one"


def test_a_single_configuration_is_an_entry_too() -> None:
    variables = {**SHARED, "akv_svm": "payroll", "akv_enable_name": URI, "akv_enable_key_id": ENTRY["key_id"]}
    found = read(ROLES["akv_enable"], ROLES, variables, variables.__getitem__)
    assert entries_of(found) == entries_of(reading(ENTRY))


def test_blank_values_of_an_entry_count_as_not_given() -> None:
    assert entries_of(reading({**ENTRY, "client_id": "", "proxy_host": None})) == entries_of(reading(ENTRY))


def test_aliases() -> None:
    entry = {"vserver": "payroll", "vault_uri": URI, "key_id": ENTRY["key_id"]}
    assert entries_of(reading(entry)) == entries_of(reading(ENTRY))


@pytest.mark.parametrize(
    ("more", "selected"),
    [
        ({}, ["payroll", "research", None]),
        ({"akv_svm": "research"}, ["research"]),
        ({"akv_enable_svm": "payroll"}, ["payroll"]),
        ({"akv_scope": "cluster"}, [None]),
        ({"akv_scope": "svm"}, ["payroll", "research"]),
    ],
)
def test_an_svm_or_a_scope_selects_entries(more: dict[str, Any], selected: list[str | None]) -> None:
    entries = entries_of(reading(ENTRY, OTHER, OF_CLUSTER, **more))
    assert [entry.get("svm") for entry in entries] == selected


def test_the_same_svm_may_have_several_configurations() -> None:
    assert len(entries_of(reading(ENTRY, {**ENTRY, "configuration": "green"}))) == 2


REFUSED: dict[str, tuple[list[Any], str]] = {
    "an empty list": ([], "the list is empty"),
    "twice": ([ENTRY, OTHER, ENTRY], "SVM payroll: declared twice"),
    "unknown key": ([{**ENTRY, "keyid": "x"}], "SVM payroll: keyid is not an option. Did you mean key_id"),
    "upper case": ([{**ENTRY, "KEY_ID": "x"}], "SVM payroll: KEY_ID is not an option. Did you mean key_id"),
    "a delete": ([OTHER, {**ENTRY, "state": "absent"}], "SVM payroll: state is not allowed: this role never deletes"),
    "a recreate": ([{**ENTRY, "allow_recreate": True}], "SVM payroll: allow_recreate is not allowed"),
    "not a dictionary": (["payroll"], "entry 1 is text, not a dictionary"),
    "no scope": ([{"name": URI}], "entry 1: give svm, or scope: cluster"),
    "two scopes": ([{**ENTRY, "scope": "cluster"}], "SVM payroll: give svm, or scope: cluster"),
    "a number": ([{**ENTRY, "client_id": 83}], "SVM payroll: client_id: is an integer, not text"),
    "a list for a secret": ([{**ENTRY, "client_secret": [SECRET]}], "SVM payroll: client_secret: is a list, not text"),
    "a placeholder": ([{**ENTRY, "client_secret": "$encrypted$"}], "SVM payroll: client_secret: is $encrypted$"),
    "not a port": ([{**ENTRY, "proxy_port": "soon"}], "SVM payroll: proxy_port: 'soon' is not a whole number"),
    "a choice": ([{**ENTRY, "proxy_type": "socks"}], "SVM payroll: proxy_type: 'socks' is not one of http, https"),
    "no key": ([{**ENTRY, "key_id": ""}], "SVM payroll: key_id is required"),
    "not a key": ([{**ENTRY, "key_id": URI}], "SVM payroll: key_id: "),
    "two credentials": (
        [{**ENTRY, "client_secret": SECRET, "client_certificate": "TUlJ"}],
        "SVM payroll: client_secret, client_certificate: more than one credential",
    ),
    "by two names": ([{**ENTRY, "vserver": "payroll"}], "SVM payroll: svm is given twice"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_malformed_entry_is_refused_by_the_name_of_its_svm(case: str) -> None:
    entries, says = REFUSED[case]
    (message,) = reading(*entries).errors
    assert message.startswith("akv_configurations: ")
    assert says in message
    assert SECRET not in message


def test_a_mistake_in_many_entries_is_shown_ten_times() -> None:
    messages = reading(*({**ENTRY, "svm": f"vs{number}", "colour": "blue"} for number in range(1000))).errors
    assert messages[0] == (
        "akv_configurations: SVM vs0: colour is not an option. ansible-doc ontap.akv.akv_config lists them."
    )
    assert messages[10:] == ["akv_configurations: and 990 more."]


@pytest.mark.parametrize(
    ("value", "kind"),
    [("payroll, research", "text"), ("[]", "text"), (5, "an integer"), ({"svm": "payroll"}, "an object")],
)
def test_a_list_is_a_list(value: Any, kind: str) -> None:
    (message,) = reading(akv_configurations=value).errors
    assert message == f"akv_configurations: is {kind}, not a list. In YAML, each entry begins with a dash."


def test_an_svm_that_no_entry_names() -> None:
    (message,) = reading(ENTRY, OTHER, akv_svm="pay-roll").errors
    assert message == "akv_svm, akv_enable_scope: no entry of the list is for SVM pay-roll. It has payroll."


def test_all_malformed_entries_are_named() -> None:
    messages = reading({**ENTRY, "x": 1}, OTHER, {**OTHER, "svm": "hr", "y": 1}).errors
    assert [message.split(":")[1] for message in messages] == [" SVM payroll", " SVM hr"]


def test_every_option_of_an_entry_has_a_kind() -> None:
    """A new option of akv_config is an option of an entry at once, unless it deletes."""
    values = {"str": "cluster", "path": "file", "bool": True, "int": 1}
    for name, spec in ENTRY_SPEC.items():
        if name not in ("state", "allow_recreate"):
            value = spec.get("choices", [values[spec.get("type", "str")]])[0]
            for message in reading({**ENTRY, name: value}).errors:
                assert "is not an option" not in message
