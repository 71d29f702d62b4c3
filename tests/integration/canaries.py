# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets that would be noticed wherever they turn up, in whatever form."""

from __future__ import annotations

import base64
import hashlib
import random
import string
import threading
import time
from collections.abc import Iterator
from pathlib import Path

PART = 8
_LETTERS = string.ascii_letters + string.digits


class Canary:
    """A secret with a core that nothing else holds: letters and digits, which no encoding of text changes.

    :param pattern: how the secret looks; * stands for the core
    """

    def __init__(self, pattern: str = "*") -> None:
        self.core = "".join(random.SystemRandom().choices(_LETTERS, k=24))
        self.secret = pattern.replace("*", self.core)

    def found_in(self, data: bytes) -> str | None:
        """The form in which it is in there, in whole or in part; None where it is not."""
        core = self.core.encode()
        for start in range(len(core) - PART + 1):
            if core[start : start + PART] in data:
                return "as text"
        folded = data.lower()
        for name, form in self._forms():
            if form.lower() in folded:
                return name
        return None

    def _forms(self) -> Iterator[tuple[str, bytes]]:
        secret = self.secret.encode()
        core = self.core.encode()
        for before in range(3):
            # All but the ends of it, which depend on the neighbours: what it looks like in longer base64.
            yield "base64", base64.b64encode(b"\0" * before + core)[4:28]
        yield "hexadecimal", core.hex().encode()
        for name in ("md5", "sha1", "sha256", "sha512"):
            yield name, hashlib.new(name, secret).hexdigest().encode()
            yield f"{name} in base64", base64.b64encode(hashlib.new(name, secret).digest())[:20]


class Watch:
    """Looks at the arguments and environments of all processes for canaries, while it is open."""

    def __init__(self, canaries: list[Canary]) -> None:
        self._canaries = canaries
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.found: set[str] = set()
        self.looks = 0

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.is_set():
            for process in Path("/proc").glob("[0-9]*"):
                for name in ("cmdline", "environ"):
                    self._look(process / name)
            self.looks += 1
            time.sleep(0.1)

    def _look(self, path: Path) -> None:
        try:
            data = path.read_bytes()
        except OSError:  # It has ended, or is somebody else's.
            return
        if any(canary.core.encode() in data for canary in self._canaries):
            self.found.add(f"{path.name}: {data[:200]!r}")
