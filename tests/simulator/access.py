# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles and users: who may call what, as `security login rest-role create` grants it."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

METHODS = {
    "none": set(),
    "readonly": {"GET", "HEAD"},
    "read_create": {"GET", "HEAD", "POST"},
    "read_modify": {"GET", "HEAD", "PATCH"},
    "read_create_modify": {"GET", "HEAD", "POST", "PATCH"},
    "all": {"GET", "HEAD", "POST", "PATCH", "DELETE"},
}
BUILT_IN = {
    "admin": [{"api": "/api", "access": "all"}],
    "readonly": [{"api": "/api", "access": "readonly"}],
    "none": [{"api": "/api", "access": "none"}],
}


@dataclass
class User:
    """An account that logs in with a password, or with a client certificate whose common name is its own."""

    name: str
    role: str
    password: str | None
    certificate: bool

    def accepts(self, password: str) -> bool:
        return self.password is not None and hmac.compare_digest(self.password.encode(), password.encode())


class Role:
    """Privileges by path; of those that cover a path the longest decides."""

    def __init__(self, privileges: list[dict[str, str]]) -> None:
        self._privileges = sorted(
            ((privilege["api"].strip("/").split("/"), METHODS[privilege["access"]]) for privilege in privileges),
            key=lambda privilege: len(privilege[0]),
            reverse=True,
        )

    def allows(self, method: str, segments: list[str]) -> bool:
        for covered, methods in self._privileges:
            if len(covered) <= len(segments) and all(a in ("*", b) for a, b in zip(covered, segments)):
                return method in methods
        return False
