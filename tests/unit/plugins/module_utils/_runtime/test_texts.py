# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.ontap.akv.plugins.module_utils._runtime.errors import InputError
from ansible_collections.ontap.akv.plugins.module_utils._runtime.texts import (
    check_is_text,
    check_new_secret,
    check_no_placeholder,
    check_visible,
    placeholder,
    warn_of_looks,
)

PLACEHOLDERS = [
    "$encrypted$",
    " $encrypted$\n",
    "$ANSIBLE_VAULT;1.1;AES256\n6162",
    "\ufeff$ANSIBLE_VAULT;1.2;AES256;prod",
    "{{ vaulted_client_secret }}",
    "before {{ x }} after",
    "{% if x %}y{% endif %}",
    "********",
    "https://kv/********",
    "***",
    "\u2022\u2022\u2022\u2022\u2022\u2022",
    "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER",
    "NOT_LOGGING_PASSWORD",
    "$REDACTED$",
    "the output has been hidden due to the fact that 'no_log: true' was specified for this result",
    "__omit_place_holder__8a1b",
    "<<Omit>>",
]


@pytest.mark.parametrize(
    ("value", "kind", "advice"),
    [
        ([], "a list", "lookup that finds nothing"),
        (["secret-in-list"], "a list", "query"),
        (("secret-in-tuple",), "a list", "query"),
        ({"value": "secret-in-object"}, "an object", "one value"),
        (True, "a boolean", "Quote it"),
        (83, "an integer", "leading zeros"),
        (1.5, "a number", "Quote it"),
        (object, "a value of type type", "in quotes"),
    ],
)
def test_what_is_not_text_is_refused_with_its_type(value: Any, kind: str, advice: str) -> None:
    with pytest.raises(InputError) as refusal:
        check_is_text("client_secret", value)
    assert refusal.value.message.startswith(f"client_secret: is {kind}, not text. ")
    assert advice in refusal.value.message
    assert "secret-in" not in refusal.value.message


@pytest.mark.parametrize("value", [None, "", "text", "[]"])
def test_text_is_text(value: Any) -> None:
    check_is_text("client_secret", value)


@pytest.mark.parametrize("value", PLACEHOLDERS)
def test_a_placeholder_is_refused(value: str) -> None:
    with pytest.raises(InputError, match=r"^password: is "):
        check_no_placeholder("password", value)


@given(st.text(alphabet=st.characters(exclude_characters="{}*\u2022\u25cf<", codec="utf-8")))
def test_other_text_is_not_a_placeholder(value: str) -> None:
    words = (
        "$encrypted$",
        "$ANSIBLE_VAULT;",
        "VALUE_SPECIFIED",
        "NOT_LOGGING",
        "$REDACTED$",
        "has been hidden",
        "__omit",
    )
    if not any(word in value for word in words):
        assert placeholder(value) is None


@pytest.mark.parametrize(
    "value", ["**", "a*b**c", "{not one}", "}}x{{", "%}{%", "$encrypted", "pa$$w0rd~*", "*******"[:2]]
)
def test_what_only_looks_like_a_placeholder(value: str) -> None:
    assert placeholder(value) is None


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("secret\n", "a line break"),
        ("secret\r\n", "a line break"),
        (" secret", "white space"),
        ("se cret", "white space"),
        ("secret\xa0", "white space"),
        ("\ufeffsecret", "an invisible character"),
        ("se\u200bcret", "an invisible character"),
        ("se\u2028cret", "an invisible character"),
        ("se\u3164cret", "an invisible character"),
        ("se\x00cret", "a control character"),
        ("se\tcret", "a control character"),
        ("[]", "empty result"),
    ],
)
def test_a_new_secret_holds_no_character_that_nobody_sees(value: str, found: str) -> None:
    with pytest.raises(InputError) as refusal:
        check_new_secret("client_secret", value)
    assert found in refusal.value.message
    assert value == "[]" or repr(value) not in refusal.value.message
    if value not in ("[]", "se cret"):
        assert len(warn_of_looks("client_secret", value)) == 1


def test_a_blank_in_a_pass_phrase_may_be_meant() -> None:
    assert check_new_secret("proxy_password", "pass phrase", spaces=True) == []
    for value in (" pass", "pass ", "pass\xa0phrase"):
        with pytest.raises(InputError):
            check_new_secret("proxy_password", value, spaces=True)


@pytest.mark.parametrize("value", ['"secret"', "'secret'"])
def test_quotation_marks_are_warned_of(value: str) -> None:
    assert "quotation marks" in check_new_secret("client_secret", value)[0]
    assert "quotation marks" in warn_of_looks("client_secret", value)[0]


@pytest.mark.parametrize("value", ["abc", "a~B.c_d-8Q~*", "geh\xebim-\U0001f600", '"', "'a\""])
def test_a_plain_secret_passes(value: str) -> None:
    assert check_new_secret("client_secret", value) == []
    assert warn_of_looks("client_secret", value) == []
    check_visible("client_id", value)


def test_an_invisible_character_in_a_name_is_shown() -> None:
    with pytest.raises(InputError, match=r"svm: 'vs\\u200b0' contains an invisible character \(U\+200B\)"):
        check_visible("svm", "vs\u200b0")
