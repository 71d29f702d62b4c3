# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each text option of each module, by name and alias, in objects and lists: no placeholder, and nothing but text."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.ontap.akv.plugins.module_utils._runtime.redaction import MASK
from ansible_collections.ontap.akv.plugins.module_utils._use_cases import call as calls

MODULES = Path(calls.__file__).parents[2] / "modules"
USE_CASES = {
    path.stem: importlib.import_module(f"{calls.__name__.rpartition('.')[0]}.{path.stem.replace('akv_', '', 1)}")
    for path in sorted(MODULES.glob("*.py"))
    if path.stem.startswith(("akv_", "entra_"))
}
SECRETS = {
    *("client_certificate", "client_secret", "key", "pass", "password", "previous_client_certificate"),
    *("previous_client_secret", "proxy_password"),
}
PLACEHOLDERS = [
    "$encrypted$",
    " $encrypted$\n",
    "{{ sentinel_8Q }}",
    "{% if sentinel_8Q %}",
    "$ANSIBLE_VAULT;1.1;AES256\n6162",
    "$ANSIBLE_VAULT;1.2;AES256;dev\n6162",
    MASK,
    "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER",
    "NOT_LOGGING_PASSWORD",
    "$REDACTED$",
    "__omit_place_holder__8Q",
]
NO_TEXT = [["sentinel-8Q"], [], {"value": "sentinel-8Q"}, {}, True, False, 83, 0, 1.5, [None]]


def _texts(spec: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Give each way to a text option, and a function that puts a value there."""
    for option, details in spec.items():
        for name in (option, *details.get("aliases", ())):
            if "options" in details:
                for inner, put in _texts(details["options"]):
                    yield f"{name}.{inner}", lambda value, name=name, put=put: {name: [put(value)]}
            elif details.get("type", "str") in ("str", "path"):
                yield name, lambda value, name=name: {name: value}
            elif details.get("elements") in ("str", "path"):
                yield f"{name}[]", lambda value, name=name: {name: ["right", value]}


@pytest.mark.parametrize("module", USE_CASES)
def test_every_text_is_checked(module: str) -> None:
    use_case = USE_CASES[module]
    kind = use_case.KIND
    texts = list(_texts({**kind.spec, **use_case.ARGUMENT_SPEC}))
    assert len(texts) > 5
    for name, put in texts:
        assert calls.Call(use_case.ARGUMENT_SPEC, put("right"), kind).refusal is None, name
        for value in (*PLACEHOLDERS, *NO_TEXT):
            given = put(value)
            refused = calls.Call(use_case.ARGUMENT_SPEC, given, kind).refusal
            assert refused is not None, (name, value)
            assert (refused["failed"], refused["outcome"], refused["requests"]) == (True, "unchanged", [])
            option = name.rpartition(".")[2].partition("[")[0]
            assert option in refused["msg"], (name, value)
            # What is no secret may be shown as an argument.
            searched = refused if option in SECRETS else refused["msg"]
            assert "8Q" not in json.dumps(searched), (name, value)
