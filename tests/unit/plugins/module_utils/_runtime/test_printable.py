# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.ontap.akv.plugins.module_utils._runtime.errors import AkvError, InputError
from ansible_collections.ontap.akv.plugins.module_utils._runtime.printable import printable
from ansible_collections.ontap.akv.plugins.module_utils._runtime.redaction import Redactor


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Key is disabled.", "Key is disabled."),
        ("Schl\xfcssel \u20ac \u5bc6\u94a5 \U0001f511", "Schl\xfcssel \u20ac \u5bc6\u94a5 \U0001f511"),
        ("a\nb\r\nc\td", r"a\nb\r\nc\td"),
        ("\x1b[31mred\x7f\x9b", r"\x1b[31mred\x7f\x9b"),
        ("\u202egnp\u2028\u200b\ufeff\u00ad", r"\u202egnp\u2028\u200b\ufeff\xad"),
        ("\ud800", r"\ud800"),
        ("\U000e0041", r"\U000e0041"),
    ],
)
def test_what_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text(st.characters()))
def test_no_hidden_character_is_left(text: str) -> None:
    shown = printable(text)
    assert not {unicodedata.category(sign) for sign in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert printable(shown) == shown


def test_every_failure_is_one_line() -> None:
    assert AkvError("a\nb").message == r"a\nb"
    assert InputError("svm", "\x1b[2J").result("unchanged")["msg"] == r"svm: \x1b[2J"  # type: ignore[arg-type]


@given(st.text(st.characters(codec="utf-8"), min_size=8).filter(str.strip))
def test_a_secret_is_masked_in_its_escaped_form(secret: str) -> None:
    assert printable(secret) not in Redactor([secret]).text(f"it said {printable(secret)} twice")
