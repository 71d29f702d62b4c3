# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ONTAP says when it refuses: one exception, one table (data/errors.yml)."""

from __future__ import annotations

from typing import Any

from .tables import load


class ApiError(Exception):
    """A refusal: becomes ONTAP's error envelope.

    `arguments` fill the {0}, {1} … of the code's message; `status` and `message` take the place of the table's.
    """

    def __init__(
        self,
        code: int,
        *arguments: object,
        target: str | None = None,
        status: int | None = None,
        message: str | None = None,
    ) -> None:
        entry = load("errors").get(code, {"http": 500, "message": f"Error {code}."})
        self.code = code
        self.arguments = [str(argument) for argument in arguments]
        self.status = status if status is not None else entry["http"]
        self.target = target
        self.message = message if message is not None else _fill(entry["message"], self.arguments)
        super().__init__(f"{code}: {self.message}")

    def body(self) -> dict[str, Any]:
        error: dict[str, Any] = {"message": self.message, "code": str(self.code)}
        if self.target is not None:
            error["target"] = self.target
        if self.arguments:
            error["arguments"] = [{"code": str(self.code), "message": argument} for argument in self.arguments]
        return {"error": error}


def _fill(message: str, arguments: list[str]) -> str:
    for place, argument in enumerate(arguments):
        message = message.replace(f"{{{place}}}", argument)
    return message


def wire_codes(operation: str, release: str) -> list[int]:
    """The codes that `release` lists for an operation: post, patch, delete, restore, …"""
    from .releases import in_span

    return [
        code for code, entry in load("errors").items() if in_span(release, entry.get("in", {}).get(operation, "none"))
    ]
