# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""Secrets never leave: whatever a server echoes, in whatever encoding, is masked before anything is shown."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import typing as t
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cached_property, lru_cache
from urllib.parse import quote, quote_plus

from ansible_collections.ontap.akv.plugins.module_utils._runtime.printable import printable

MASK = "********"
"""The same for every secret, whatever its length."""

SHORT = 8
"""A secret with fewer characters is masked only where it stands alone; a run of as many counts as a part of one."""

_FIELD = re.compile(r"[a-z]+(?:_[a-z]+)*")

_LONGEST_KEPT = 1000  # characters

# Names of results whose values are words of ours: a playbook branches on them, whatever a secret happens to be.
_OWN_WORDS = frozenset({"cause", "method", "operation", "outcome", "plan_id", "verdict"})


def _base64_forms(secret: bytes) -> Iterable[str]:
    """Encode a secret as it looks inside longer base64, whatever precedes it (as in a Basic header)."""
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + secret).decode()
        # The characters at both ends depend on the neighbours too: leave them out.
        core = encoded[(0, 2, 3)[before] : len(encoded) - (0, 3, 2)[(before + len(secret)) % 3]].rstrip("=")
        if len(core) >= SHORT:
            yield core
            yield core.replace("+", "-").replace("/", "_")


def _forms(secret: str) -> set[str]:
    """List the ways in which a secret may come back."""
    raw = secret.encode("utf-8", "surrogatepass")
    forms = {secret, secret.strip(), html.escape(secret), quote_plus(raw), quote(raw, safe=""), quote(raw)}
    forms.add(printable(secret))
    in_json = json.dumps(secret)[1:-1]
    forms |= {in_json, json.dumps(in_json)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1]}
    forms |= {hashlib.new(name, raw).hexdigest() for name in ("sha1", "sha256", "sha512")} | {raw.hex()}
    forms |= set(_base64_forms(raw))
    return forms - {""}


class _Kept(dict[str, str]):
    """Masked texts by the text: a thousand vaults say much the same. Long ones are few, and are not kept."""

    def __init__(self, mask: Callable[[str], str]) -> None:
        super().__init__()
        self._mask = mask

    def __missing__(self, text: str) -> str:
        masked = self._mask(text)
        if len(text) <= _LONGEST_KEPT:
            self[text] = masked
        return masked


class Redactor:
    """Masks secrets in whatever is shown.

    A secret or form of fewer than 8 characters is masked only where it stands alone, between characters that are
    neither letter nor digit: anywhere else it would be found in every other word.

    :param secrets: the values that must not be seen; empty ones are ignored
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: set[str] = set()
        self._forget()
        self.add(secrets)

    def add(self, secrets: Iterable[str]) -> None:
        """Take more secrets, such as the content of a file that an option names."""
        more = {secret for secret in secrets if secret.strip()} - self._secrets
        if more:
            self._secrets |= more
            self._forget()

    def _forget(self) -> None:
        """Forget what was masked, and the patterns. They take long to compile, and are made when they are needed."""
        for made in ("_lowered", "_pattern", "_pattern_of_names"):
            self.__dict__.pop(made, None)
        self._texts = _Kept(self._mask_text)
        self._names = _Kept(self._mask_name)
        self._free_texts = _Kept(self._mask_free_text)

    @cached_property
    def _lowered(self) -> tuple[str, ...] | None:
        return _lowered_forms(frozenset(self._secrets))

    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        return _any_of_forms(frozenset(self._secrets), 1)

    @cached_property
    def _pattern_of_names(self) -> re.Pattern[str] | None:
        return _any_of_forms(frozenset(self._secrets), SHORT)

    def text(self, text: str) -> str:
        """Mask every form of every secret in a text."""
        return self._texts[text]

    def name(self, name: str) -> str:
        """Mask a name in a mapping: a short secret never, for results are read by their names.

        A name that looks like a field's stays too: a secret that is an ordinary word is not seen from it.
        """
        return self._names[name]

    def _mask_text(self, text: str) -> str:
        return self._pattern.sub(MASK, text) if self._may_hold(text) and self._pattern else text

    def _mask_name(self, name: str) -> str:
        if _FIELD.fullmatch(name) or not self._may_hold(name) or self._pattern_of_names is None:
            return name
        return self._pattern_of_names.sub(MASK, name)

    def _may_hold(self, text: str) -> bool:
        """Return whether the patterns have to look: few texts hold a form, and to compile takes long."""
        if self._lowered is None or not text.isascii():
            return True
        lowered = text.lower()
        return any(form in lowered for form in self._lowered)

    def free_text(self, text: str) -> str:
        """Mask runs of 8 and more characters of a secret too: a sentence of the server's may echo a part of it."""
        return self._free_texts[text]

    def _mask_free_text(self, text: str) -> str:
        text = self.text(text)
        for secret in self._secrets:
            text = _mask_parts(text, secret)
        return text

    def result(self, value: t.Any) -> t.Any:
        """Mask a task's result, the names of its mappings included; our own words in it stay as they are."""
        return self._masked(value, self._texts, _OWN_WORDS)

    def written_by_server(self, value: t.Any) -> t.Any:
        """Mask every text of a JSON-like value that the server wrote, parts of secrets included."""
        return self._masked(value, self._free_texts, frozenset())

    def _masked(self, value: t.Any, masked: Mapping[str, str], own: Collection[str]) -> t.Any:
        if isinstance(value, str):
            return masked[value]
        if isinstance(value, dict):
            # Most options are null, and most others are texts: these need no call.
            return {
                self._names[str(name)]: item
                if item is None or name in own
                else masked[item]
                if isinstance(item, str)
                else self._masked(item, masked, own)
                for name, item in value.items()
            }
        if isinstance(value, (list, tuple)):
            return [self._masked(item, masked, own) for item in value]
        return value


@lru_cache(maxsize=16)
def _lowered_forms(secrets: frozenset[str]) -> tuple[str, ...] | None:
    """List all forms in lower case, or None where one is not ASCII: then more than its lower case is equal to it."""
    forms = {form for secret in secrets for form in _forms(secret)}
    return tuple({form.lower() for form in forms}) if all(map(str.isascii, forms)) else None


@lru_cache(maxsize=16)
def _any_of_forms(secrets: frozenset[str], least: int) -> re.Pattern[str] | None:
    """Compile the pattern of all forms with so many characters; the items of a loop have the same secrets."""
    forms = {form for secret in secrets for form in _forms(secret) if len(form) >= least}
    alternatives = "|".join(map(_anywhere_or_alone, sorted(forms, key=len, reverse=True)))
    return re.compile(alternatives, re.IGNORECASE) if alternatives else None


def _anywhere_or_alone(form: str) -> str:
    escaped = re.escape(form)
    return escaped if len(form) >= SHORT else rf"(?<![^\W_]){escaped}(?![^\W_])"


def _mask_parts(text: str, secret: str) -> str:
    """Mask each run of a secret's characters in a text."""
    parts = {secret[start : start + SHORT] for start in range(len(secret) - SHORT + 1)}
    # Looking for each part is far quicker than looking at each character, unless there are more of the former.
    if len(parts) < len(text) and not any(part in text for part in parts):
        return text
    pieces = []
    done = start = 0
    while start + SHORT <= len(text):
        if text[start : start + SHORT] not in parts:
            start += 1
            continue
        end = start + SHORT
        while end < len(text) and text[start : end + 1] in secret:
            end += 1
        pieces += [text[done:start], MASK]
        done = start = end
    return "".join([*pieces, text[done:]])
