# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a bundle keeps of a record: nothing that the cluster wrote and the tables do not have."""

from __future__ import annotations

import json
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.ontap.akv.plugins.module_utils._akv.conformance import (
    RESOURCES,
    Anonymizer,
    Comparison,
    Findings,
    shape,
)
from ansible_collections.ontap.akv.plugins.module_utils._akv.releases import RELEASES, Release

UUID = "5e471e10-1234-4321-8abc-5e471e105e47"
# A word of the cluster's, in all forms in which a kind of field may take it for its own.
FORMS = [
    "{}",
    "https://{}.vault.azure.net/",
    "https://{}.vault.azure.net/keys/{}/{}",
    "https://{}:{}@{}.vault.azure.net/{}",
    "https://kv.vault.azure.net/keys/{}",
    "{}.vault.azure.net",
    "Node: {}. Reason: No volumes created yet for {}.",
    "default {}",
    "{}\n{{{{ {} }}}}",
]
WORD = "sentinel"
TEXTS = st.sampled_from(
    [form.replace("{}", WORD) for form in FORMS] + [UUID, UUID.upper(), WORD.upper(), "5471105471105"]
)
LEAVES = st.one_of(TEXTS, st.just(5471105471105), st.just(54711.05471), st.booleans(), st.none())


def tree_of(paths: t.Iterable[str]) -> dict[str, t.Any]:
    tree: dict[str, t.Any] = {}
    for path in paths:
        branch = tree
        for part in path.replace("[]", ".[]").split("."):
            branch = branch.setdefault(part, {})
    return tree


def values(tree: dict[str, t.Any]) -> st.SearchStrategy[t.Any]:
    """Records of a table with sentinels at every place, of right and of wrong shapes, and with unknown fields."""
    if not tree:
        return LEAVES | st.lists(LEAVES, max_size=2) | st.dictionaries(TEXTS, LEAVES, max_size=2)
    if "[]" in tree:
        return st.lists(values(tree["[]"]), max_size=2) | LEAVES
    known = st.fixed_dictionaries({}, optional={name: values(below) for name, below in tree.items()})
    unknown = st.dictionaries(TEXTS | st.just("_links"), LEAVES | st.lists(TEXTS, max_size=1), max_size=2)
    return st.builds(lambda one, other: {**one, **other}, known, unknown) | LEAVES


@pytest.mark.parametrize("name", RESOURCES)
@given(data=st.data())
def test_no_word_of_the_cluster_is_kept(name: str, data: st.DataObject) -> None:
    release = Release.parse(data.draw(st.sampled_from(RELEASES)))
    anonymizer, findings = Anonymizer(["4"]), Findings()
    comparison = Comparison(name, release, anonymizer)
    records = data.draw(st.lists(values(tree_of(RESOURCES[name].fields)), max_size=3))
    kept = [comparison.take(record) for record in records]
    comparison.report(findings)
    shown = json.dumps([kept, vars(findings), findings.verdict(), anonymizer.removals()]).lower()
    for word in (WORD, "5e471e10", "5471105", "54711.0"):
        assert word not in shown


def compared(name: str, record: object, release: str = "9.14.1") -> tuple[t.Any, Findings]:
    comparison, findings = Comparison(name, Release.parse(release), Anonymizer(["4"])), Findings()
    kept = comparison.take(record)
    comparison.report(findings)
    return kept, findings


def test_pseudonyms_are_stable_and_tell_things_apart() -> None:
    anonymizer = Anonymizer([])
    svms = Comparison("svm/svms", Release.parse("9.14.1"), anonymizer)
    vaults = Comparison("security/azure-key-vaults", Release.parse("9.14.1"), anonymizer)
    one, two = svms.take({"name": "blue", "uuid": UUID}), svms.take({"name": "green"})
    vault = vaults.take({"svm": {"name": "blue", "uuid": UUID.upper()}})
    assert one["name"] != two["name"]
    assert vault["svm"] == one


def test_a_key_keeps_its_form_and_its_key_vault() -> None:
    kept, _findings = compared(
        "security/azure-key-vaults",
        {"name": "https://Mine.vault.azure.net/", "key_id": "https://mine.vault.azure.net/keys/k/0123"},
    )
    assert kept["name"] == "https://host-1.vault.azure.net/"
    assert kept["key_id"] == "https://host-1.vault.azure.net/keys/key-1/version-1"


@pytest.mark.parametrize(
    ("record", "check", "expected", "found"),
    [
        ({"enabled": "yes"}, "enabled", "boolean", "<string 3>"),
        ({"scope": "site"}, "scope", "one of svm, cluster", "<string 4>"),
        ({"state": {"code": "none"}}, "state.code", "integer, or a string of digits", "<string 4>"),
        ({"uuid": "1"}, "uuid", "UUID", "<string 1>"),
        ({"svm": "vs0"}, "svm.name", "string", "<string 3>"),
        ({"skip_verification": True}, "skip_verification", "not reported by ONTAP 9.14.1", "reported"),
        ({"brand_new": {"a": 1}}, "no other fields", "only fields of the table", "<field 9> <object 1>"),
    ],
)
def test_a_difference_says_what_was_expected_and_found(
    record: dict[str, t.Any], check: str, expected: str, found: str
) -> None:
    _kept, findings = compared("security/azure-key-vaults", record)
    wanted = {"check": f"security/azure-key-vaults: {check}", "expected": expected, "found": found}
    assert wanted in findings.differs
    assert findings.verdict().startswith(f"agrees in {len(findings.agrees)} of ")
    assert check in findings.verdict()


def test_what_is_not_reported_is_not_an_agreement() -> None:
    _kept, findings = compared("security/azure-key-vaults", {})
    assert findings.agrees == ["security/azure-key-vaults: no other fields"]
    assert "security/azure-key-vaults: client_id" in findings.unchecked


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "<null>"),
        (True, "<boolean>"),
        (-120, "<integer 3>"),
        (10**200, "<integer over 100>"),
        ("é", "<string 1>"),
        ([1], "<list 1>"),
        ({}, "<object 0>"),
        (1.5, "<number>"),
    ],
)
def test_a_shape_is_type_and_length(value: object, shown: str) -> None:
    assert shape(value) == shown
