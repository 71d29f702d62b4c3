# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""Checks of a text that a user gives: its type, placeholders, and invisible characters. No message shows it."""

from __future__ import annotations

import difflib
import re
import typing as t
import unicodedata
from collections.abc import Iterable

from ansible_collections.ontap.akv.plugins.module_utils._runtime import errors
from ansible_collections.ontap.akv.plugins.module_utils._runtime.redaction import MASK

_NO_LOG_WORDS = (
    "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER",
    "NOT_LOGGING_PARAMETER",
    "NOT_LOGGING_PASSWORD",
    "$REDACTED$",
    "output has been hidden due to the fact that 'no_log: true' was specified",
    "output has been hidden because 'no_log: true' was specified",
)
# One search decides for nearly all texts that they are no placeholder.
_MAYBE_PLACEHOLDER = re.compile(r"[$*\u2022\u25cf]|\{[{%]|__omit_|<<Omit|no_log|NO_LOG|NOT_LOGGING")
_BULLETS = re.compile(r"[*\u2022\u25cf]{3,}")
_WHITE_SPACE = re.compile(r"\s")
_BLANKS = re.compile(r"[^\S ]")  # other than the space
# What a template makes of an empty result.
_EMPTY = ("[]", "{}", "None")

# Shown as nothing, or as a blank, though Unicode counts them as letters or marks.
_BLANK_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_INVISIBLE = frozenset(("Cc", "Cf", "Zl", "Zp"))


def check_is_text(option: str, value: object) -> None:
    """Refuse a value that is not text and that Ansible's ``type: str`` would convert. None counts as not given.

    :raises InputError: names the type that was given and the likely reason
    """
    if value is None or isinstance(value, str):
        return
    raise errors.InputError(option, f"is {type_of(value)}, not text. {_likely_reason(value)}")


def check_no_placeholder(option: str, value: str) -> None:
    """Refuse placeholders: none is ever sent.

    :raises InputError: names the kind of placeholder
    """
    meaning = placeholder(value)
    if meaning:
        raise errors.InputError(option, f"is {meaning}. Give the value itself.")


IS_SECRET_ID = (
    "is a UUID, as a Secret ID is. Azure shows the secret's value once, next to its Secret ID. Give the value. If the"
    " value itself is a UUID, set allow_uuid_secret: true."
)
"""What is wrong with a client secret that looks like the ID of a secret."""


def placeholder(value: str) -> str | None:
    """Say what a text is, where it is a placeholder; None where it is a value."""
    if not _MAYBE_PLACEHOLDER.search(value):
        return None
    text = value.strip(" \t\r\n\ufeff")
    for is_one, meaning in (
        (text == "$encrypted$", "$encrypted$, which a controller shows instead of a secret"),
        (text.startswith("$ANSIBLE_VAULT;"), "a text that Ansible Vault has encrypted and that was not decrypted"),
        (
            -1 < text.find("{{") < text.rfind("}}") or -1 < text.find("{%") < text.rfind("%}"),
            "a template that has not been rendered",
        ),
        (MASK in text or bool(_BULLETS.fullmatch(text)), "a mask, which is shown instead of a secret"),
        (any(word in text for word in _NO_LOG_WORDS), "what Ansible shows instead of a value under no_log"),
        (text.startswith(("__omit_place_holder__", "<<Omit>>")), "Ansible's mark of an omitted value"),
    ):
        if is_one:
            return meaning
    return None


def check_not_blank(option: str, value: str, *, optional: bool = True) -> None:
    """Refuse a text of nothing but white space.

    :param optional: whether the option can be left out
    :raises InputError: it is blank
    """
    if not value.strip():
        advice = "Give a value, or leave it out." if optional else "Give a value."
        raise errors.InputError(option, f"is empty. {advice} An unset variable or a blank answer causes this.")


def check_new_secret(option: str, value: str, spaces: bool = False) -> list[str]:
    """Refuse invisible characters, which no new secret has, such as the line break that ``echo`` adds.

    :param spaces: a blank between other characters may be meant
    :return: warnings
    :raises InputError: there is such a character; the secret is not shown
    """
    if value in _EMPTY:
        raise errors.InputError(
            option, f"is {value}, which a template returns for an empty result. Give the secret itself."
        )
    found = _unseen(value)
    if found is None and (value != value.strip() or (_BLANKS if spaces else _WHITE_SPACE).search(value)):
        found = "white space"
    if found is not None:
        raise errors.InputError(
            option,
            f"contains {found}, which is not part of a secret. Remove it."
            " Such characters come from echo in a pipe, or from copying out of a page or file.",
        )
    return _warn_of_quotes(option, value)


def warn_of_looks(option: str, value: str) -> list[str]:
    """Warn of what is unlikely in a secret that may be in use, and is sent as it is given."""
    if value != value.strip():
        return [f"{option} has white space around it. It is sent as given. Check that the white space belongs to it."]
    found = _unseen(value)
    if found is not None:
        return [f"{option} contains {found}. It is sent as given. Check that this belongs to it."]
    return _warn_of_quotes(option, value)


def check_visible(option: str, value: str) -> None:
    """Refuse invisible characters in an ID, a URI or a name.

    :raises InputError: there is one
    """
    found = _unseen(value)
    if found is not None:
        raise errors.InputError(option, f"{value!r} contains {found}. Remove it.")


def _unseen(value: str) -> str | None:
    """Name the first control or invisible character of a text."""
    if value.isascii() and value.isprintable():
        return None
    for sign in value:
        if sign in _BLANK_LETTERS or unicodedata.category(sign) in _INVISIBLE:
            if sign in "\n\r":
                return f"a line break (U+{ord(sign):04X})"
            return f"{'a control' if sign < chr(0xA0) else 'an invisible'} character (U+{ord(sign):04X})"
    return None


def _warn_of_quotes(option: str, value: str) -> list[str]:
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        return [f"{option} has quotation marks around it. They are sent too. Check that they belong to it."]
    return []


def type_of(value: object) -> str:
    """Name the type of a value, as a message shows it."""
    for kinds, name in (
        (str, "text"),
        (bool, "a boolean"),
        (int, "an integer"),
        (float, "a number"),
        (dict, "an object"),
        ((list, tuple, set, frozenset), "a list"),
        (type(None), "null"),
    ):
        if isinstance(value, t.cast("t.Any", kinds)):
            return name
    return f"a value of type {type(value).__name__}"


def _likely_reason(value: object) -> str:
    if isinstance(value, bool):
        return "Quote it: YAML reads true, yes and on as booleans."
    if isinstance(value, (int, float)):
        return "Quote it: YAML reads it as a number and drops leading zeros."
    if isinstance(value, dict):
        return "Give one value of the object, for example {{ found.value }}."
    if isinstance(value, (list, tuple, set, frozenset)):
        return "A lookup that finds nothing gives a list, and so does query. Give one value."
    return "Give the value as text, in quotes."


def did_you_mean(name: str, known: Iterable[str], number: int = 3, cutoff: float = 0.6) -> str:
    """Ask whether a known name was meant, in upper or lower case; "" if none is near.

    :param number: how many names at most
    :param cutoff: from 0 to 1, how near they must be
    """
    by_case = {one.lower(): one for one in known}
    near = [by_case[one] for one in difflib.get_close_matches(name.lower(), by_case, n=number, cutoff=cutoff)]
    return f"Did you mean {' or '.join(near)}?" if near else ""
