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
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

MASK = "********"
"""The same for every secret, whatever its length."""

_PART = 8  # a run of this many characters of a secret counts as a part of it


def _base64_forms(secret: bytes) -> Iterable[str]:
    """Encode a secret as it looks inside longer base64, whatever precedes it (as in a Basic header)."""
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + secret).decode()
        # The characters at both ends depend on the neighbours too: leave them out.
        core = encoded[(0, 2, 3)[before] : len(encoded) - (0, 3, 2)[(before + len(secret)) % 3]].rstrip("=")
        if len(core) >= _PART:
            yield core
            yield core.replace("+", "-").replace("/", "_")


def _forms(secret: str) -> set[str]:
    """List the ways in which a secret may come back."""
    raw = secret.encode("utf-8", "surrogatepass")
    forms = {secret, secret.strip(), html.escape(secret), quote_plus(raw), quote(raw, safe=""), quote(raw)}
    forms |= {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1]}
    forms |= {hashlib.new(name, raw).hexdigest() for name in ("sha1", "sha256", "sha512")} | {raw.hex()}
    forms |= set(_base64_forms(raw))
    return forms - {""}


class Redactor:
    """Masks secrets in whatever is shown.

    :param secrets: the values that must not be seen; empty ones are ignored
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = sorted({secret for secret in secrets if secret.strip()}, key=len, reverse=True)
        forms = {form for secret in self._secrets for form in _forms(secret)}
        ordered = sorted(forms, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, ordered)), re.IGNORECASE) if forms else None

    def text(self, text: str, parts: bool = False) -> str:
        """Mask every form of every secret in a text.

        :param parts: mask runs of 8 and more of a secret's characters too (for texts a server wrote)
        """
        if self._pattern is None:
            return text
        text = self._pattern.sub(MASK, text)
        for secret in self._secrets if parts else ():
            text = _mask_parts(text, secret)
        return text

    def clean(self, value: t.Any, parts: bool = False) -> t.Any:
        """Mask every string in a JSON-like value, the names of a mapping included."""
        if isinstance(value, str):
            return self.text(value, parts)
        if isinstance(value, dict):
            return {self.clean(key, parts): self.clean(item, parts) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.clean(item, parts) for item in value]
        return value


def _mask_parts(text: str, secret: str) -> str:
    """Mask each run of a secret's characters in a text."""
    start = 0
    while start + _PART <= len(text):
        if text[start : start + _PART] not in secret:
            start += 1
            continue
        end = start + _PART
        while end < len(text) and text[start : end + 1] in secret:
            end += 1
        text = text[:start] + MASK + text[end:]
        start += len(MASK)
    return text
