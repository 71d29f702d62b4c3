# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a record says what the vendor's client knows: no other field, and each of its very type.

The client itself is lenient: it passes over unknown fields, and reads "true" and "1" as a boolean and an integer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from marshmallow import ValidationError, fields
from netapp_ontap.resource import ResourceSchema, Size

TYPES = ((fields.Boolean, bool), (fields.Integer, int), (Size, int), (fields.DateTime, str), (fields.String, str))


def disagreements(
    schema: ResourceSchema, record: Mapping[str, Any], readable: Sequence[str] = (), place: str = "it"
) -> Iterator[str]:
    """What contradicts the client; `readable` are the names that may be reported, default: the schema's own."""
    readable = readable or schema.gettable_fields
    known = {field.data_key or name: (name, field) for name, field in schema.fields.items()}
    for key, value in record.items():
        if key == "_links":  # each record has them, whether its schema says so or not
            continue
        name, field = known.get(key, (key, None))
        below = [path.partition(".")[2] for path in readable if path.partition(".")[0] == name]
        if field is None:
            yield f"{place}.{key} is unknown to the client"
        elif not below:
            yield f"{place}.{key} is not to be read"
        else:
            yield from _compare(field, value, [path for path in below if path], f"{place}.{key}")


def _compare(field: fields.Field, value: Any, readable: Sequence[str], place: str) -> Iterator[str]:
    if isinstance(field, fields.Nested):
        yield from disagreements(field.schema, value, readable, place)
        return
    if isinstance(field, fields.List):
        for number, one in enumerate(value):
            yield from _compare(field.inner, one, readable, f"{place}[{number}]")
        return
    (wanted, *_others) = [kind for known, kind in TYPES if isinstance(field, known)]
    # A bool is an int to isinstance.
    if value.__class__ is not wanted:
        yield f"{place} is {value!r}, which is not of type {wanted.__name__}"
    try:
        field.deserialize(value)
    except ValidationError as error:
        yield f"{place} is {value!r}: {error}"
