# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""How sentences name many things and stay short."""

from __future__ import annotations

from collections.abc import Iterable

LONGEST_MESSAGE = 450
"""Characters of a message: Ansible adds to it in its line, which is to have 500 at most."""


def listed(names: Iterable[str], limit: int = 5) -> str:
    """List names, of many only the first."""
    found = list(names)
    more = len(found) - limit
    return ", ".join(found[:limit]) + (f" and {more} more" if more > 0 else "")


def shortened(text: str, limit: int) -> str:
    """Cut a text to so many characters, so that no line gets too long."""
    text = " ".join(text.split())
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


def capital(sentence: object) -> str:
    """Begin a sentence with a capital letter: str.capitalize() would change the names in it."""
    text = str(sentence)
    return text[:1].upper() + text[1:]


def plural(number: int, thing: str) -> str:
    """Word a number of things."""
    return f"{number} {thing}{'' if number == 1 else 's'}"
