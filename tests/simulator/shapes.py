# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checking plain data (a scenario, an event) against a declared shape, with errors a person can act on."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any


class ScenarioError(ValueError):
    """What is wrong with a scenario, and where."""


Check = Callable[[Any, str], Any]


def unknown(name: object, known: Iterable[str], where: str, what: str) -> ScenarioError:
    """The error for a name that does not exist, with near ones or all that do."""
    names = sorted(known)
    near = difflib.get_close_matches(str(name), names, n=2)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are: {', '.join(names)}"
    return ScenarioError(f"{where or 'scenario'}: unknown {what} {name!r}; {hint}")


def _typed(kind: type | tuple[type, ...], called: str) -> Check:
    def check(value: Any, where: str) -> Any:
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise ScenarioError(f"{where}: {called} is wanted, not {value!r}")
        return value

    return check


text = _typed(str, "a text")
flag = _typed(bool, "true or false")
integer = _typed(int, "a whole number")
anything: Check = lambda value, where: value  # noqa: E731


def number(value: Any, where: str) -> float:
    """A number that is not negative."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
        raise ScenarioError(f"{where}: a number, 0 or more, is wanted, not {value!r}")
    return value


def choice(*values: Any) -> Check:
    def check(value: Any, where: str) -> Any:
        if value not in values:
            raise unknown(value, map(str, values), where, "value")
        return value

    return check


def list_of(each: Check) -> Check:
    """A list; one element alone stands for a list of one."""

    def check(value: Any, where: str) -> list[Any]:
        elements = value if isinstance(value, list) else [value]
        return [each(element, f"{where}[{place}]") for place, element in enumerate(elements)]

    return check


def mapping_of(each: Check) -> Check:
    def check(value: Any, where: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ScenarioError(f"{where}: a mapping is wanted, not {value!r}")
        return {str(name): each(element, f"{where}.{name}") for name, element in value.items()}

    return check


@dataclass(frozen=True)
class Record:
    """A mapping of known keys. `needs` must be there, `takes` may be; nothing else."""

    needs: dict[str, Check] = field(default_factory=dict)
    takes: dict[str, Check] = field(default_factory=dict)

    def __call__(self, value: Any, where: str) -> dict[str, Any]:
        value = {} if value is None else value
        if not isinstance(value, dict):
            raise ScenarioError(f"{where or 'scenario'}: a mapping is wanted, not {value!r}")
        known = {**self.needs, **self.takes}
        for name in value:
            if name not in known:
                raise unknown(name, known, where, "key")
        for name in self.needs:
            if name not in value:
                raise ScenarioError(f"{where}: {name} is missing")
        prefix = f"{where}." if where else ""
        return {name: known[name](element, prefix + name) for name, element in value.items()}


def one_verb(verbs: dict[str, Check], what: str) -> Check:
    """A mapping of exactly one known key."""

    def check(value: Any, where: str) -> dict[str, Any]:
        if isinstance(value, str):
            value = {value: None}
        if not isinstance(value, dict) or len(value) != 1:
            raise ScenarioError(f"{where}: one {what} is wanted, a mapping of one key, not {value!r}")
        ((verb, argument),) = value.items()
        if verb not in verbs:
            raise unknown(verb, verbs, where, what)
        return {verb: verbs[verb](argument, f"{where}.{verb}")}

    return check
