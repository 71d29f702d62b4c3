# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ONTAP's query language: what a value matches, which fields are reported, in which order, page by page.

Nothing here knows of vaults: records are nested dictionaries, described by a releases.Schema.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote, unquote_plus

from .errors import ApiError
from .releases import Field, Schema

Values = list[Any]
Predicate = Callable[[Values], bool]
# A character of a query value, and whether it stands for itself (it was quoted).
Text = list[tuple[str, bool]]

MAXIMUM_RECORDS = 10_000
_QUERY_SAFE = "*.,{}:/|!<>()@-_~"


def split_query(raw: str) -> list[tuple[str, str]]:
    """The pairs of a query string, decoded, in order."""
    pairs = []
    for part in filter(None, raw.split("&")):
        name, equals, value = part.partition("=")
        if not equals:
            raise ApiError(262248, target=unquote_plus(name))
        pairs.append((unquote_plus(name), unquote_plus(value)))
    return pairs


# --- values -----------------------------------------------------------------------------------------------------------


def matcher(text: str, one: Field) -> Predicate:
    """What a query value asks of a field.

    Takes a|b, a,b (either), !a, * (any characters), < > <= >=, a..b, null, and "a" or {a} for a itself.
    Raises ApiError for a value that is none of the field's type.
    """
    if text == "":
        raise ApiError(262194, one.path, target=one.path)
    atoms = [_atom(atom, one) for atom in _alternatives(_scan(text, one))]
    predicate = atoms[0] if len(atoms) == 1 else lambda values: any(atom(values) for atom in atoms)
    if one.type == "code":
        # A number, also in the releases that write it as a string.
        return lambda values: predicate([int(value) for value in values])
    return predicate


def _scan(text: str, one: Field) -> Text:
    """Tell quoted characters from operators: "…" and {…} quote, a backslash inside "…" too."""
    scanned: Text = []
    place = 0
    while place < len(text):
        character = text[place]
        if character in '"{':
            closing = '"' if character == '"' else "}"
            place += 1
            while place < len(text) and text[place] != closing:
                if closing == '"' and text[place] == "\\" and place + 1 < len(text):
                    place += 1
                scanned.append((text[place], True))
                place += 1
            if place == len(text):
                raise ApiError(262197, text, one.path, one.type, target=one.path)
            # So that "" is a value, the empty one, and not a missing one.
            scanned.append(("", True))
        else:
            scanned.append((character, False))
        place += 1
    return scanned


def _alternatives(text: Text) -> Iterator[Text]:
    start = 0
    for place, (character, literal) in enumerate(text):
        if not literal and character in "|,":
            yield text[start:place]
            start = place + 1
    yield text[start:]


def _atom(text: Text, one: Field) -> Predicate:
    if text and text[0] == ("!", False):
        positive = _atom(text[1:], one)
        return lambda values: not positive(values)
    if not text:
        raise ApiError(262194, one.path, target=one.path)
    plain = _join(text)
    if plain == "null" and all(not literal for _c, literal in text):
        return lambda values: not values
    for operator in ("<=", ">=", "<", ">"):
        if [(c, False) for c in operator] == text[: len(operator)]:
            return _comparison(operator, _typed(_join(text[len(operator) :]), one))
    dots = _find(text, "..")
    if dots is not None:
        low, high = _join(text[:dots]), _join(text[dots + 2 :])
        checks = [_comparison(">=", _typed(low, one))] if low else []
        checks += [_comparison("<=", _typed(high, one))] if high else []
        return lambda values: all(check(values) for check in checks) and bool(values)
    if ("*", False) in text:
        pattern = "".join(".*" if pair == ("*", False) else re.escape(pair[0]) for pair in text)
        compiled = re.compile(pattern, re.DOTALL)
        return lambda values: any(compiled.fullmatch(_shown(value)) for value in values)
    wanted = _typed(plain, one)
    return lambda values: wanted in values


def _join(text: Text) -> str:
    return "".join(character for character, _literal in text)


def _find(text: Text, operator: str) -> int | None:
    unquoted = [(character, False) for character in operator]
    for place in range(len(text) - len(operator) + 1):
        if text[place : place + len(operator)] == unquoted:
            return place
    return None


def _comparison(operator: str, limit: Any) -> Predicate:
    """A comparison, which a field that is not set never meets."""
    compare: dict[str, Callable[[Any], bool]] = {
        "<": lambda value: value < limit,
        ">": lambda value: value > limit,
        "<=": lambda value: value <= limit,
        ">=": lambda value: value >= limit,
    }
    return lambda values: any(compare[operator](value) for value in values)


def _typed(text: str, one: Field) -> Any:
    if one.type in ("integer", "code"):
        if re.fullmatch(r"[+-]?\d+", text):
            return int(text)
    elif one.type == "boolean":
        if text.lower() in ("true", "false"):
            return text.lower() == "true"
    elif one.type != "enum" or text in one.values:
        return text
    raise ApiError(262197, text, one.path, one.type, target=one.path)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def values_at(record: Any, path: str) -> Values:
    """All values at a dotted path; those of each element where the path goes through a list."""
    value = record
    for name in _names(path):
        if not isinstance(value, dict):
            return _values_in_lists(record, path)
        value = value.get(name)
        if value is None:
            return []
    return value if isinstance(value, list) else [value]


@lru_cache(maxsize=1024)
def _names(path: str) -> tuple[str, ...]:
    return tuple(path.split("."))


def _values_in_lists(record: Any, path: str) -> Values:
    found = [record]
    for name in _names(path):
        elements = [each for value in found for each in (value if isinstance(value, list) else [value])]
        found = [each[name] for each in elements if isinstance(each, dict) and each.get(name) is not None]
    return found


# --- fields -----------------------------------------------------------------------------------------------------------


def _items(text: str) -> Iterator[str]:
    """Split fields= at its commas and open a.{b,c} up."""
    depth, start = 0, 0
    for place, character in enumerate(text + ","):
        if character == "{":
            depth += 1
        elif character == "}":
            depth -= 1
        if depth < 0 or (depth > 0 and place == len(text)):
            raise ApiError(262286, target="fields")
        if character == "," and depth == 0:
            item = text[start:place].strip()
            start = place + 1
            brace = item.find("{")
            if brace < 0:
                if item:
                    yield item
            elif not item.endswith("}"):
                raise ApiError(262286, target="fields")
            else:
                for inner in _items(item[brace + 1 : -1]):
                    yield item[:brace] + inner


@lru_cache(maxsize=4096)
def fields_reported(text: str | None, schema: Schema, instance: bool, lenient: bool = False) -> frozenset[str]:
    """The leaves that a `fields` value asks for; without one the keys, or of a single record all ordinary fields."""
    ordinary = [path for path, one in schema.readable.items() if not one.advanced]
    keys = [path for path, one in schema.readable.items() if one.default]
    if not text:
        return frozenset(ordinary if instance or not keys else keys)
    reported = set(keys)
    without: set[str] = set()
    for item in _items(text):
        name = item[1:] if item.startswith("!") else item
        if name == "*":
            leaves = ordinary
        elif name == "**":
            leaves = list(schema.readable)
        elif name == "_links":
            leaves = []
        else:
            name = name[:-2] if name.endswith(".*") else name
            leaves = schema.under(name)
            if not leaves:
                if name in schema.fields:
                    raise ApiError(262249, name, target="fields")
                if not lenient:
                    raise ApiError(262197, item, "fields", "field,...", target="fields")
        (without if item.startswith("!") else reported).update(leaves)
    if not reported - set(keys) and without:
        reported.update(ordinary)
    return frozenset(reported - without)


@lru_cache(maxsize=4096)
def _tree(leaves: frozenset[str], schema: Schema) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for path in schema.readable:
        if path in leaves:
            *parents, leaf = path.split(".")
            branch = tree
            for parent in parents:
                branch = branch.setdefault(parent, {})
            branch[leaf] = None
    return tree


def project(record: dict[str, Any], leaves: frozenset[str], schema: Schema) -> dict[str, Any]:
    """The part of a record that is reported, in the schema's order; what is not set is left out."""
    return _cut(record, _tree(leaves, schema))


def _cut(record: dict[str, Any], tree: dict[str, Any]) -> dict[str, Any]:
    reported = {}
    for name, branch in tree.items():
        value = record.get(name)
        if value is None:
            continue
        if branch is None:
            reported[name] = value
        elif isinstance(value, list):
            reported[name] = [_cut(element, branch) for element in value]
        else:
            part = _cut(value, branch)
            if part:
                reported[name] = part
    return reported


# --- a whole query ----------------------------------------------------------------------------------------------------


class Found(NamedTuple):
    """A record that matches, with as much as decides that, and what it is a record of."""

    record: dict[str, Any]
    thing: Any = None


@dataclass
class Query:
    """The parameters of a GET (or of a PATCH or DELETE of a collection), checked."""

    raw: str
    filters: dict[str, Predicate] = field(default_factory=dict)
    across: tuple[list[str], list[Predicate]] | None = None
    leaves: frozenset[str] = frozenset()
    order: list[tuple[str, bool]] = field(default_factory=list)
    max_records: int | None = None
    return_records: bool = True
    return_timeout: int | None = None
    offset: int = 0
    start: tuple[str, str] | None = None

    @property
    def deciding(self) -> frozenset[str]:
        """The leaves that decide which records come, and in which order."""
        across = self.across[0] if self.across else []
        return frozenset(["uuid"]).union(self.filters, (path for path, _descending in self.order), across)

    def matches(self, record: dict[str, Any]) -> bool:
        for path, predicate in self.filters.items():
            if not predicate(values_at(record, path)):
                return False
        if self.across is None:
            return True
        paths, predicates = self.across
        return all(any(predicate(values_at(record, path)) for path in paths) for predicate in predicates)

    def sort(self, found: list[Found]) -> None:
        """Sort as order_by says; what is not set comes last."""
        for path, descending in reversed(self.order):

            def key(each: Found, path: str = path, descending: bool = descending) -> tuple[bool, Any]:
                values = values_at(each.record, path)
                unset = not values
                return (unset != descending, values[0] if values else "")

            found.sort(key=key, reverse=descending)


# What a client may always send; they change nothing here.
_IGNORED = {"pretty"}


def parse(raw: str, schema: Schema, parameters: set[str], *, instance: bool = False, filters: bool = True) -> Query:
    """Check the query string of a read.

    Raises ApiError as ONTAP does for what it does not know, what is secret, what is given twice or of a wrong type.
    """
    query = Query(raw)
    seen: set[str] = set()
    given: dict[str, str] = {}
    for given_name, value in split_query(raw):
        name = "order_by" if given_name == "$orderBy" else given_name
        if name in seen:
            raise ApiError(262188, name, target=name)
        seen.add(name)
        one = schema.fields.get(name)
        if one is not None and one.secret:
            raise ApiError(262202, name, target=name)
        if name in ("start.uuid", "start.index") and not instance:
            query.start = (name, value)
        elif name in parameters and (not instance or name in ("fields", "pretty", "return_timeout")):
            given[name] = value
        elif one is not None and one.readable and filters and not instance:
            query.filters[name] = matcher(value, one)
        elif one is not None and not instance:
            raise ApiError(262250, name, target=name)
        elif name not in _IGNORED:
            raise ApiError(262179, name, target=name)
    lenient = boolean(given, "ignore_unknown_fields", False)
    reported = fields_reported(given.get("fields"), schema, instance, lenient)
    # ONTAP tells a field that it was asked by, too.
    query.leaves = reported.union(query.filters) if query.filters else reported
    query.max_records = integer(given, "max_records", 1, 2**31 - 1)
    query.return_timeout = integer(given, "return_timeout", 0, 120)
    query.offset = integer(given, "offset", 0, 2**31 - 1) or 0
    query.return_records = boolean(given, "return_records", True)
    query.order = list(_order(given.get("order_by"), schema))
    query.across = _across(given, schema)
    return query


def integer(given: dict[str, str], name: str, low: int, high: int) -> int | None:
    if name not in given:
        return None
    if not re.fullmatch(r"-?\d+", given[name]):
        raise ApiError(262197, given[name], name, "integer", target=name)
    if not low <= int(given[name]) <= high:
        raise ApiError(262245, given[name], name, f"it must be between {low} and {high}", target=name)
    return int(given[name])


def boolean(given: dict[str, str], name: str, default: bool) -> bool:
    value = given.get(name, str(default)).lower()
    if value not in ("true", "false"):
        raise ApiError(262197, given[name], name, "true|false", target=name)
    return value == "true"


def _order(text: str | None, schema: Schema) -> Iterator[tuple[str, bool]]:
    for item in text.split(",") if text else ():
        name, _blank, direction = item.strip().partition(" ")
        direction = direction.strip().lower() or "asc"
        if direction not in ("asc", "desc"):
            raise ApiError(262197, item.strip(), "order_by", "field [asc|desc]", target="order_by")
        if name not in schema.readable:
            raise ApiError(262268, name, target="order_by")
        yield name, direction == "desc"


def _across(given: dict[str, str], schema: Schema) -> tuple[list[str], list[Predicate]] | None:
    """The cross-field query: every word of `query` in one of `query_fields`."""
    if "query" not in given and "query_fields" not in given:
        return None
    if "query" not in given or "query_fields" not in given:
        raise ApiError(262273)
    words, names = given["query"], [name for name in given["query_fields"].split(",") if name]
    if words.count('"') % 2:
        raise ApiError(262272, target="query")
    if not words.strip():
        raise ApiError(262274, target="query")
    if not names:
        raise ApiError(262275, target="query_fields")
    for name in names:
        if names.count(name) > 1:
            raise ApiError(262276, name, target="query_fields")
    paths = list(schema.readable) if names in (["*"], ["**"]) else []
    for name in names if not paths else ():
        if not schema.under(name):
            raise ApiError(262197, name, "query_fields", "field,...", target="query_fields")
        paths += schema.under(name)
    words_found = re.findall(r'"([^"]*)"|(\S+)', words)
    text = Field("query")
    return paths, [matcher(f'"{quoted}"' if quoted else word, text) for quoted, word in words_found]


# --- pages ------------------------------------------------------------------------------------------------------------


@dataclass
class Page:
    """A page of a collection, before its records are cut to the fields asked for."""

    found: list[Found]
    next: str | None


def page(path: str, query: Query, found: list[Found], limit: int | None = None, always_next: bool = False) -> Page:
    """Cut one page out of what matches, which comes in its natural order, by uuid.

    `limit` makes a page shorter than asked, none included; `always_next` links on where nothing follows.
    """
    query.sort(found)
    first = query.offset
    if query.start is not None:
        first = _first(query.start, found)
    size = min(query.max_records or MAXIMUM_RECORDS, MAXIMUM_RECORDS)
    if limit is not None:
        size = min(size, limit)
    last = first + size
    following = None
    if last < len(found) or always_next:
        by_uuid = not query.order and last < len(found) and "uuid" in found[last].record
        start = f"start.uuid={found[last].record['uuid']}" if by_uuid else f"start.index={last}"
        rest = [
            f"{quote(name, safe=_QUERY_SAFE)}={quote(value, safe=_QUERY_SAFE)}"
            for name, value in split_query(query.raw)
            if not name.startswith("start.") and name != "offset"
        ]
        following = f"{path}?{'&'.join([start, *rest])}"
    return Page(found[first:last], following)


def _first(start: tuple[str, str], found: list[Found]) -> int:
    name, value = start
    if name == "start.index":
        return integer({name: value}, name, 0, 2**31 - 1) or 0
    for place, each in enumerate(found):
        if each.record["uuid"] >= value:
            return place
    return len(found)


def answer(path: str, query: Query, page: Page, reported: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The body of a collection's GET."""
    body: dict[str, Any] = {}
    if query.return_records:
        body["records"] = list(reported)
    body["num_records"] = len(page.found)
    body["_links"] = {"self": {"href": f"{path}?{query.raw}" if query.raw else path}}
    if page.next:
        body["_links"]["next"] = {"href": page.next}
    return body
