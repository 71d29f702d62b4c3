# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets that would be noticed wherever they turn up, in whatever form."""

from __future__ import annotations

import base64
import functools
import hashlib
import os
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
        if any(part in data for part in self._parts):
            return "as text"
        folded = _folded(data)
        return next((name for name, form in self._forms if form in folded), None)

    @functools.cached_property
    def _parts(self) -> list[bytes]:
        core = self.core.encode()
        return [core[start : start + PART] for start in range(len(core) - PART + 1)]

    @functools.cached_property
    def _forms(self) -> list[tuple[str, bytes]]:
        return [(name, form.lower()) for name, form in self._encoded()]

    def _encoded(self) -> Iterator[tuple[str, bytes]]:
        secret = self.secret.encode()
        core = self.core.encode()
        for before in range(3):
            # All but the ends of it, which depend on the neighbours: what it looks like in longer base64.
            yield "base64", base64.b64encode(b"\0" * before + core)[4:28]
        yield "hexadecimal", core.hex().encode()
        for name in ("md5", "sha1", "sha256", "sha512"):
            yield name, hashlib.new(name, secret).hexdigest().encode()
            yield f"{name} in base64", base64.b64encode(hashlib.new(name, secret).digest())[:20]


@functools.lru_cache(maxsize=1)
def _folded(data: bytes) -> bytes:
    """Data in which many canaries are looked for, one after the other."""
    return data.lower()


class Watch:
    """Looks at the arguments and environments of all processes that start while it is open, for canaries."""

    def __init__(self, canaries: list[Canary]) -> None:
        self._cores = [canary.core.encode() for canary in canaries]
        self._others = _processes()
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
            running = _processes()
            # The number of one that has ended may come again.
            self._others &= running
            for process in running - self._others:
                for name in ("cmdline", "environ"):
                    self._look(Path("/proc", process, name))
            self.looks += 1
            time.sleep(0.1)

    def _look(self, path: Path) -> None:
        try:
            data = path.read_bytes()
        except OSError:  # It has ended, or is somebody else's.
            return
        if any(core in data for core in self._cores):
            self.found.add(f"{path.name}: {data[:200]!r}")


def _processes() -> set[str]:
    return {name for name in os.listdir("/proc") if name.isdigit()}
