# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading collections and records: the same for every kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from . import query as q
from .call import Call, Reply
from .errors import ApiError
from .releases import Schema

# Makes the record of a thing: at least the leaves named; `reading` where a client sees them.
Build = Callable[[Any, frozenset[str], bool], dict[str, Any]]


def read_collection(call: Call, schema: Schema, things: Iterable[Any], build: Build) -> Reply:
    """Answer the GET of a collection whose things come in their natural order."""
    query = q.parse(call.query, schema, call.release.parameters)
    found = matching(query, things, build)
    limits = [limit for limit in (call.cluster.settings.get("page_limit"), call.short_page) if limit is not None]
    page = q.page(call.path, query, found, min(limits, default=None), always_next=call.short_page is not None)
    # What a filter has already read is not read again.
    reading = not any(path.startswith("state.") for path in query.filters)
    reported = [_tell(build(each.thing, query.leaves, reading), query.leaves, schema) for each in page.found]
    headers = {"Link": f'<{page.next}>; rel="next"'} if page.next else {}
    return Reply(200, q.answer(call.path, query, page, reported), headers)


def matching(query: q.Query, things: Iterable[Any], build: Build) -> list[q.Found]:
    """The records that match, each with the thing that it is of."""
    deciding = query.deciding
    found = []
    for thing in things:
        record = build(thing, deciding, bool(query.filters))
        if query.matches(record):
            found.append(q.Found(record, thing))
    return found


def read_one(call: Call, schema: Schema, thing: Any, build: Build) -> Reply:
    """Answer the GET of one record."""
    query = q.parse(call.query, schema, call.release.parameters, instance=True)
    if thing is None:
        raise missing()
    return Reply(200, _tell(build(thing, query.leaves, True), query.leaves, schema))


def missing() -> ApiError:
    return ApiError(4, target="uuid")


def _tell(record: dict[str, Any], leaves: frozenset[str], schema: Schema) -> dict[str, Any]:
    reported = q.project(record, leaves, schema)
    if "_links" in record:
        reported["_links"] = record["_links"]
    return reported
