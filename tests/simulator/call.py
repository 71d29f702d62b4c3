# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes between the server and the resources: a call, and the reply to it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from .cluster import Cluster
from .errors import ApiError
from .jobs import Job
from .releases import Field, Release, Schema

API = "/api/"


@dataclass
class Call:
    """A request under /api, authenticated."""

    cluster: Cluster
    method: str
    # The path that is acted on: dot segments resolved, not decoded.
    path: str
    query: str
    body: bytes = b""
    # The variables of the path, such as the uuid, decoded.
    keys: dict[str, str] = field(default_factory=dict)
    # At most so many records on this page, whatever was asked for.
    short_page: int | None = None
    # A change is accepted, and applied when so many readings were answered.
    later: int | None = None

    @property
    def release(self) -> Release:
        return self.cluster.release

    def json(self) -> dict[str, Any]:
        """The body as an object; no body is an empty one.

        Raises ApiError as ONTAP does for what is no JSON or gives a property twice.
        """
        if not self.body.strip():
            return {}
        try:
            body = json.loads(self.body, object_pairs_hook=_once)
        except UnicodeDecodeError as error:
            raise ApiError(262201) from error
        except json.JSONDecodeError as error:
            raise ApiError(262199, error.pos) from error
        if isinstance(body, list):
            raise ApiError(262255, "body")
        if not isinstance(body, dict):
            raise ApiError(262201)
        return body


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ApiError(262282, name, target=name)
        found[name] = value
    return found


@dataclass
class Reply:
    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Pending:
    """The reply to a call that runs as a job: given at once, or as soon as the job ends within the time-out."""

    job: Job
    # Seconds that the client is willing to wait.
    timeout: int
    at_once: Reply
    in_time: Callable[[], Reply]


def segments(raw_path: str) -> list[str]:
    """The segments of a path as ONTAP acts on them: dot segments resolved first, decoded afterwards.

    So `/x/..` is the parent of x, while an encoded dot or slash stays in its segment.
    """
    kept: list[str] = []
    for segment in raw_path.split("/"):
        if segment == "..":
            if kept:
                kept.pop()
        elif segment not in ("", "."):
            kept.append(segment)
    return [unquote(segment) for segment in kept]


def leaves_of(body: dict[str, Any], schema: Schema, use: str) -> dict[str, Any]:
    """A body as dotted leaves, checked against what may be sent. `use` is post or patch.

    Raises ApiError for what the release does not know, what can't be set there and what is of a wrong type.
    """
    found: dict[str, Any] = {}
    for path, value in _flat(body, schema):
        one = schema.fields.get(path)
        if one is None:
            _refuse_object(path, value, schema)
            continue
        if path in found:
            raise ApiError(262188, path, target=path)
        if not (one.postable if use == "post" else one.patchable):
            raise ApiError(262196, path, target=path)
        found[path] = None if value is None else _typed(one, value)
    return found


def _refuse_object(path: str, value: Any, schema: Schema) -> None:
    """What stands where no leaf is: refused, unless it says nothing."""
    if not schema.knows(path):
        raise ApiError(262179, path, target=path)
    if isinstance(value, list):
        raise ApiError(262196, path, target=path)
    if value is not None:
        raise ApiError(262197, _brief(value), path, "object", target=path)


def _typed(one: Field, value: Any) -> Any:
    """A value of the field's type.

    Raises ApiError, which never shows a secret.
    """
    path, wanted = one.path, "text"
    if isinstance(value, list):
        raise ApiError(262255, path, target=path)
    if one.type == "integer":
        wanted = "integer"
        if not isinstance(value, bool) and re.fullmatch(r"-?\d+", str(value)):
            return int(value)
    elif one.type == "boolean":
        wanted = "true|false"
        if str(value).lower() in ("true", "false"):
            return str(value).lower() == "true"
    elif one.values:
        wanted = "|".join(one.values)
        if value in one.values:
            return value
    elif isinstance(value, str):
        return value
    raise ApiError(262197, "***" if one.secret else _brief(value), path, wanted, target=path)


def _flat(body: dict[str, Any], schema: Schema, prefix: str = "") -> list[tuple[str, Any]]:
    """Nested objects as dotted names, which ONTAP takes in either form."""
    pairs: list[tuple[str, Any]] = []
    for name, value in body.items():
        path = prefix + name
        if isinstance(value, dict) and path not in schema.fields and schema.knows(path):
            pairs += _flat(value, schema, path + ".")
        elif path.split(".")[-1] != "_links":
            pairs.append((path, value))
    return pairs


def _brief(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
