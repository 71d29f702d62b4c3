# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.ontap.akv.plugins.module_utils._http.door import (
    LONGEST_TEXT,
    MAX_DEPTH,
    NotReadable,
    read_json,
)

# Harmless: Ansible knows no such key.
RESERVED = "__ansible_example"


def nested(depth: int, innermost: Any) -> Any:
    for level in range(depth):
        innermost = [innermost] if level % 2 else {"a": innermost}
    return innermost


def test_what_is_plain_passes_as_it_came() -> None:
    value = {"a": [1, 1.5, True, None, "text \u20ac \U0001f511"], "_ansible": {"ansible_facts": {}}, "__ansibl": 1}
    assert read_json(json.dumps(value).encode()) == (value, False)
    assert read_json(json.dumps(value, ensure_ascii=False).encode()) == (value, False)


@pytest.mark.parametrize("content", [b"", b" \n"])
def test_an_empty_text_has_no_value(content: bytes) -> None:
    assert read_json(content) == (None, False)


@pytest.mark.parametrize("depth", [0, 1, 5, MAX_DEPTH - 2])
@pytest.mark.parametrize("written", [RESERVED, "\\u005f_ansible_example", "__ans\\u0069ble_example"])
def test_reserved_keys_are_dropped_at_every_depth(depth: int, written: str) -> None:
    text = json.dumps(nested(depth, {"KEY": {"b": 1}, "c": 2})).replace("KEY", written)
    assert read_json(text.encode()) == (nested(depth, {"c": 2}), True)


def test_reserved_words_pass_as_values() -> None:
    value = {"a": [RESERVED, f"x{RESERVED}"], f"x{RESERVED}": 1}
    assert read_json(json.dumps(value).encode()) == (value, False)


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 900, 200_000])
def test_too_many_levels_are_refused(depth: int) -> None:
    assert read_json(json.dumps(nested(MAX_DEPTH, 1)).encode()).value == nested(MAX_DEPTH, 1)
    with pytest.raises(NotReadable, match="50 levels"):
        read_json(b"[" * depth + b"]" * depth)


@pytest.mark.parametrize(
    "content", [b"{", b"<html>", b'{"a": \xff}', b'"\xc3', b"{} {}", b"1" * 9999, b"[NaN]", b"-Infinity", b"[1e999]"]
)
def test_what_is_not_json_is_refused(content: bytes) -> None:
    with pytest.raises(NotReadable, match="not JSON"):
        read_json(content)


@pytest.mark.parametrize("content", [rb'{"\ud800": "x\udfff"}', b'{"\xed\xa0\x80": "x\xed\xbf\xbf"}'])
def test_invalid_surrogates_are_replaced(content: bytes) -> None:
    assert read_json(content).value == {"\ufffd": "x\ufffd"}


@pytest.mark.parametrize("character", ["x", "\u20ac", '"', "\n"])
def test_a_long_text_is_cut(character: str) -> None:
    kept = [character * LONGEST_TEXT, "short"]
    assert read_json(json.dumps(kept).encode()).value == kept
    cut = read_json(json.dumps({"a": {"b": character * 3 * LONGEST_TEXT}}, ensure_ascii=False).encode()).value
    assert cut == {"a": {"b": character * LONGEST_TEXT + "\u2026"}}


texts = st.text() | st.sampled_from([RESERVED, "__ansible", "\ud800", "x" * (LONGEST_TEXT + 1)])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@given(values, st.booleans())
def test_nothing_else_is_changed(value: Any, escaped: bool) -> None:
    content = json.dumps(value, ensure_ascii=escaped).encode("utf-8", "surrogatepass")
    checked = read_json(content)
    assert checked.reserved is has_reserved(json.loads(content))
    assert checked.value == cleaned(json.loads(content))
    json.dumps(checked.value, ensure_ascii=False).encode()


def has_reserved(value: Any) -> bool:
    if isinstance(value, list):
        return any(map(has_reserved, value))
    items = value.items() if isinstance(value, dict) else ()
    return any(key.startswith("__ansible") or has_reserved(item) for key, item in items)


def cleaned(value: Any) -> Any:
    if isinstance(value, str):
        cut = value if len(value) <= LONGEST_TEXT else f"{value[:LONGEST_TEXT]}\u2026"
        return "".join("\ufffd" if "\ud800" <= character <= "\udfff" else character for character in cut)
    if isinstance(value, list):
        return [cleaned(item) for item in value]
    if isinstance(value, dict):
        return {cleaned(key): cleaned(item) for key, item in value.items() if not key.startswith("__ansible")}
    return value
