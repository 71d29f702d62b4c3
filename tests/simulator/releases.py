# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of releases (data/releases.yml), as one object for each release."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

from .tables import load

NAMES: tuple[str, ...] = tuple(load("releases")["releases"])
KEY_MANAGERS: dict[str, dict[str, str]] = load("releases")["key_managers"]
_PLACE = {name: place for place, name in enumerate(NAMES)}


def in_span(release: str, span: str | None) -> bool:
    """Whether a release lies in "first..last" or "first"; no span, or "none", holds none."""
    if span is None or span == "none":
        return False
    first, dots, last = span.partition("..")
    return _PLACE[first] <= _PLACE[release] and (not dots or _PLACE[release] <= _PLACE[last])


@dataclass(frozen=True)
class Field:
    """One leaf of a record: its dotted path, its type and what may be done with it in this release."""

    path: str
    type: str = "string"
    values: tuple[str, ...] = ()
    readable: bool = True
    advanced: bool = False
    default: bool = False
    secret: bool = False
    postable: bool = False
    patchable: bool = False


@dataclass(frozen=True, eq=False)
class Schema:
    """The fields that a kind of record has in one release."""

    kind: str
    fields: dict[str, Field]
    readable: dict[str, Field] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "readable", {path: one for path, one in self.fields.items() if one.readable})

    def under(self, name: str) -> list[str]:
        """Paths of the readable leaves at or below a name."""
        if name in self.readable:
            return [name]
        return [path for path in self.readable if path.startswith(name + ".")]

    def knows(self, name: str) -> bool:
        return name in self.fields or any(path.startswith(name + ".") for path in self.fields)


class Release:
    """All that is decided by the release of the cluster."""

    def __init__(self, name: str) -> None:
        table = load("releases")
        self.name = name
        self._table = table
        self.generation, self.major, self.minor = (int(part) for part in (name + ".0").split(".")[:3])
        self.traits: dict[str, Any] = {
            trait: [value for since, value in steps.items() if in_span(name, since)][-1]
            for trait, steps in table["traits"].items()
            if any(in_span(name, since) for since in steps)
        }
        self.parameters = {parameter for parameter, span in table["parameters"].items() if in_span(name, span)}
        self.paths: dict[str, set[str]] = {}
        for path, methods in table["paths"].items():
            offered = {method for method, span in methods.items() if in_span(name, span)}
            if offered:
                self.paths[path] = offered
        self._checks = {check for check, span in table["spans"].items() if in_span(name, span)}
        self._schemas: dict[str, Schema] = {}

    def does(self, check: str) -> bool:
        """Whether the release lies in one of the `spans` of the table."""
        if check not in self._table["spans"]:
            raise KeyError(check)
        return check in self._checks

    def schema(self, kind: str) -> Schema:
        if kind not in self._schemas:
            fields = {}
            for path, entry in self._table["fields"][kind].items():
                spans = {use: in_span(self.name, entry.get(use)) for use in ("get", "post", "patch")}
                if any(spans.values()):
                    fields[path] = Field(
                        path=path,
                        type=entry.get("type", "string"),
                        values=tuple(entry.get("values", ())),
                        readable=spans["get"],
                        advanced=in_span(self.name, entry.get("advanced")),
                        default=entry.get("default", False),
                        secret=entry.get("secret", False),
                        postable=spans["post"],
                        patchable=spans["patch"],
                    )
            self._schemas[kind] = Schema(kind, fields)
        return self._schemas[kind]

    @property
    def full(self) -> str:
        """The release as /cluster tells it."""
        return f"NetApp Release {self.generation}.{self.major}.{self.minor}: Thu Aug 29 12:00:00 UTC 2024"


@cache
def get(name: str) -> Release:
    """The release of that name.

    Raises ValueError, which lists those that exist.
    """
    if name not in NAMES:
        raise ValueError(f"there is no release {name!r}; there are {', '.join(NAMES)}")
    return Release(name)
