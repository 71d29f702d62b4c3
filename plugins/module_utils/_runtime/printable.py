# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""Shows a server's text in a sentence: on one line, and without characters that command a terminal."""

from __future__ import annotations

import re
import unicodedata

# Most texts need no further look.
_MAYBE = re.compile(r"[^ -~\u00a1-\u00ac\u00ae-\u05ff]")
_HIDDEN = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))


def printable(text: str) -> str:
    r"""Escape control characters, line breaks, and format characters such as those that change the direction.

    They are written as Python writes them: a line break as ``\n``, the escape character as ``\x1b``.
    """
    return _MAYBE.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    sign = match[0]
    return sign.encode("unicode_escape").decode() if unicodedata.category(sign) in _HIDDEN else sign
