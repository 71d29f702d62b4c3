# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""The door: every JSON text of a server is read and checked here, and nowhere else.

What passes are plain strings, numbers, booleans, null, lists and mappings. A server's data must never look like
Ansible's own: keys that begin with ``__ansible`` mark values on Ansible's wire, so they are dropped.
"""

from __future__ import annotations

import json
import math
import re
import typing as t

MAX_DEPTH = 50
"""Levels of objects in objects; ONTAP's and Azure's have about five."""

LONGEST_TEXT = 64 * 1024
"""Characters of one text; what is longer is cut, for texts are searched for secrets before they are shown."""

RESERVED = "__ansible"
"""The beginning of keys with which Ansible marks values on its wire."""

RESERVED_REMOVED = "sent keys that begin with __ansible, which Ansible reserves for itself. They were removed."
"""What a warning says of the server that sent such keys."""

_REPLACEMENT = "\ufffd"
_SURROGATES = re.compile("[\ud800-\udfff]")
_STRIDE = LONGEST_TEXT // 2


class NotReadable(ValueError):
    """A text that is not JSON, or is nested too deeply.

    :ivar reason: what is wrong, for a sentence
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Checked(t.NamedTuple):
    """A server's value, checked.

    :ivar value: None for an empty text
    :ivar reserved: whether keys that Ansible reserves for itself were dropped
    """

    value: t.Any
    reserved: bool = False


def read_json(content: bytes) -> Checked:
    """Read and check the JSON text of a server.

    :raises NotReadable: it is not JSON, or nested more deeply than MAX_DEPTH
    """
    if not content.strip():
        return Checked(None)
    try:
        text = content.decode(json.detect_encoding(content), "surrogatepass")
        plain = _is_plain(text)
        value = json.loads(text, parse_constant=_no_number, parse_float=_finite)
        del text  # it may be long
    except RecursionError:
        raise NotReadable(_TOO_DEEP) from None
    except ValueError:
        raise NotReadable("it is not JSON, or was cut short") from None
    _check_depth(value)
    if plain:
        return Checked(value)
    check = _Check()
    return Checked(check.checked(value), check.reserved)


def _no_number(name: str) -> t.NoReturn:
    """Refuse NaN and Infinity, which Python reads and JSON does not have: no other program could read our JSON."""
    raise ValueError(name)


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _no_number(text)


_TOO_DEEP = f"it is nested more than {MAX_DEPTH} levels deep"


def _is_plain(text: str) -> bool:
    """Decide by the text alone, which is much quicker, that nothing needs to be changed in its value."""
    if "\\" in text or RESERVED in text or (not text.isascii() and _SURROGATES.search(text)):
        return False
    # A string that is too long covers at least one stretch without a quotation mark.
    return all(text.find('"', start, start + _STRIDE) >= 0 for start in range(0, len(text) - _STRIDE, _STRIDE))


def _check_depth(value: t.Any) -> None:
    level = [value]
    for _depth in range(MAX_DEPTH):
        level = [
            item
            for holder in level
            for item in (holder.values() if isinstance(holder, dict) else holder if isinstance(holder, list) else ())
            if isinstance(item, (dict, list))
        ]
        if not level:
            return
    raise NotReadable(_TOO_DEEP)


class _Check:
    """Goes through a value of at most MAX_DEPTH levels.

    :ivar reserved: whether a key was dropped
    """

    def __init__(self) -> None:
        self.reserved = False

    def checked(self, value: t.Any) -> t.Any:
        """Check a value; lists and mappings are changed in place, for they may be large."""
        if isinstance(value, str):
            return _text(value)
        if isinstance(value, list):
            value[:] = map(self.checked, value)
        elif isinstance(value, dict):
            items = list(value.items())
            value.clear()
            for key, item in items:
                if key.startswith(RESERVED):
                    self.reserved = True
                else:
                    value[_text(key)] = self.checked(item)
        return value


def _text(text: str) -> str:
    if len(text) > LONGEST_TEXT:
        text = f"{text[:LONGEST_TEXT]}\u2026"
    return text if text.isascii() else _SURROGATES.sub(_REPLACEMENT, text)
