# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ONTAP's query language: values, fields, pages."""

from __future__ import annotations

import pytest

from simulator import query, releases
from simulator.errors import ApiError
from simulator.releases import Field

VAULT_97 = releases.get("9.7").schema("azure_key_vault")
VAULT_916 = releases.get("9.16.1").schema("azure_key_vault")
TEXT, NUMBER, FLAG = Field("name"), Field("size", "integer"), Field("on", "boolean")
ENUM, CODE = Field("scope", "enum", ("svm", "cluster")), Field("code", "code")


@pytest.mark.parametrize(
    ("text", "matching", "others"),
    [
        ("vs0", ["vs0"], ["vs00", "VS0", ""]),
        ("vs*", ["vs", "vs0", "vs|1"], ["avs0", None]),
        ("*vs*0", ["vs0", "avsb0"], ["vs1"]),
        ("a|b", ["a", "b"], ["a|b", "ab"]),
        ("a,b", ["a", "b"], ["a,b"]),
        ("a*|!*z", ["az", "b", None], ["bz"]),
        ("!a", ["b", None], ["a"]),
        ("!null", ["a", ""], [None]),
        ("null", [None], ["a", "null"]),
        ("a|null", ["a", None], ["b"]),
        ('"a|b"', ["a|b"], ["a", "b"]),
        ("{a|b}", ["a|b"], ["a", "b"]),
        ('"vs*"', ["vs*"], ["vs0"]),
        ("{!a}", ["!a"], ["b"]),
        ('"null"', ["null"], [None]),
        ('"a"|c*', ["a", "cd"], ["b"]),
        ('"a"*', ["a", "ab"], ["b"]),
        ('"say \\"hi\\""', ['say "hi"'], ["say hi"]),
        ('""', [""], ["a", None]),
        ("a..c", ["a", "b", "c"], ["d", None]),
        ('"a..c"', ["a..c"], ["b"]),
        ("<b", ["a"], ["b", None]),
        (">=b", ["b", "c"], ["a", None]),
        ("a.b", ["a.b"], ["aXb"]),
        ("[a]+", ["[a]+"], ["a"]),
        ("[a]*", ["[a]b"], ["a"]),
        ("*\n*", ["a\nb"], ["ab"]),
    ],
)
def test_a_value_of_text(text, matching, others):
    predicate = query.matcher(text, TEXT)
    for value in matching:
        assert predicate([] if value is None else [value]), value
    for value in others:
        assert not predicate([] if value is None else [value]), value


def test_a_value_of_other_types():
    assert query.matcher("TRUE", FLAG)([True])
    assert query.matcher("!true", FLAG)([False])
    assert query.matcher("t*", FLAG)([True])
    assert query.matcher("<svm", ENUM)(["cluster"])
    # A code is compared as the number that it is, also where the release writes it as a string.
    assert query.matcher(">100", CODE)(["346758"])
    assert query.matcher("0", CODE)([0])
    assert query.matcher("0", CODE)(["0"])


@pytest.mark.parametrize(
    ("text", "field", "code"),
    [
        ("", TEXT, 262194),
        ("a||b", TEXT, 262194),
        ("!", TEXT, 262194),
        ('"open', TEXT, 262197),
        ("{open", TEXT, 262197),
        ("many", NUMBER, 262197),
        ("1..x", NUMBER, 262197),
        ("yes", FLAG, 262197),
        ("Svm", ENUM, 262197),
        ("x", CODE, 262197),
    ],
)
def test_a_value_that_is_refused(text, field, code):
    with pytest.raises(ApiError) as refused:
        query.matcher(text, field)
    assert (refused.value.code, refused.value.target) == (code, field.path)


ORDINARY_97 = {
    *("uuid", "scope", "svm.uuid", "svm.name", "client_id", "tenant_id", "name", "key_id"),
    *("state.cluster_state", "state.message", "state.code"),
}


@pytest.mark.parametrize(
    ("text", "instance", "reported"),
    [
        (None, False, {"uuid"}),
        (None, True, ORDINARY_97),
        ("*", False, ORDINARY_97),
        ("**", False, ORDINARY_97),
        ("name", False, {"uuid", "name"}),
        ("svm", False, {"uuid", "svm.uuid", "svm.name"}),
        ("svm.name,key_id", False, {"uuid", "svm.name", "key_id"}),
        ("svm.{name,uuid},state.{code}", False, {"uuid", "svm.name", "svm.uuid", "state.code"}),
        ("svm.*", False, {"uuid", "svm.uuid", "svm.name"}),
        ("*,!state", False, ORDINARY_97 - {"state.cluster_state", "state.message", "state.code"}),
        ("*,!svm.uuid", False, ORDINARY_97 - {"svm.uuid"}),
        ("_links,name", False, {"uuid", "name"}),
    ],
)
def test_fields_of_9_7(text, instance, reported):
    assert query.fields_reported(text, VAULT_97, instance) == reported


def test_advanced_fields_are_reported_only_by_name():
    star = query.fields_reported("*", VAULT_916, False)
    assert "port" in star
    assert not any(path.startswith(("state", "azure_", "ekmip_")) for path in star)
    assert query.fields_reported("*,state", VAULT_916, False) == star | {
        "state.available",
        "state.message",
        "state.code",
    }
    everything = query.fields_reported("**", VAULT_916, False)
    assert "ekmip_reachability.node.name" in everything
    assert "client_secret" not in everything
    assert not query.fields_reported(None, VAULT_916, True) - star


def test_a_page_links_to_the_next_with_the_same_query():
    found = [query.Found({"uuid": str(number)}) for number in range(5)]
    raw = "fields=name,state.%7Bcode%7D&name=%22a%26b%22&max_records=2"
    asked = query.parse(raw, VAULT_97, releases.get("9.7").parameters)
    page = query.page("/api/x", asked, found)
    assert [each.record["uuid"] for each in page.found] == ["0", "1"]
    assert page.next == "/api/x?start.uuid=2&fields=name,state.{code}&name=%22a%26b%22&max_records=2"
    asked = query.parse(page.next.partition("?")[2], VAULT_97, releases.get("9.7").parameters)
    # What is deleted in between makes no other record go missing.
    page = query.page("/api/x", asked, [each for each in found if each.record["uuid"] != "2"])
    assert [each.record["uuid"] for each in page.found] == ["3", "4"]
    assert page.next is None
