# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.ontap.akv.plugins.module_utils._akv.record import normalize, select, vault_path
from ansible_collections.ontap.akv.plugins.module_utils._akv.scope import Scope
from ansible_collections.ontap.akv.plugins.module_utils._runtime.errors import AkvError, ConnectionFailed

UUID = "024cd3cf-9a08-11ea-8d52-005056bbeba5"
OWNER = Scope(svm="vs0")
DEFAULT: dict[str, Any] = {"uuid": UUID, "enabled": True, "configuration": {"name": "default"}}
GREEN: dict[str, Any] = {"uuid": UUID.replace("0", "1"), "enabled": False, "configuration": {"name": "green"}}


@pytest.mark.parametrize(
    "answer",
    [
        {"uuid": ".."},
        {"uuid": UUID, "name": 1},
        {"uuid": UUID, "key_id": ["x"]},
        {"uuid": UUID, "svm": "vs0"},
        {"uuid": UUID, "proxy_port": "http"},
        {"uuid": UUID, "enabled": "yes"},
        {"uuid": UUID, "configuration": "default"},
    ],
)
def test_a_record_of_the_wrong_shape_is_refused(answer: dict[str, Any]) -> None:
    with pytest.raises(ConnectionFailed):
        normalize(answer)


def test_a_record_loses_links_and_whatever_secret_comes_with_it() -> None:
    links = {"_links": {"self": {"href": "/api"}}}
    record = {"uuid": UUID, "svm": {"name": "vs0", **links}, **links, "client_secret": "x", "proxy_password": "y"}
    assert normalize(record) == {"uuid": UUID, "svm": {"name": "vs0"}}


@pytest.mark.parametrize("uuid", [None, "", "..", "x/../..", f"{UUID}/.."])
def test_only_a_uuid_goes_into_a_path(uuid: object) -> None:
    with pytest.raises(ConnectionFailed, match="not a UUID"):
        vault_path(uuid)


@pytest.mark.parametrize(
    ("records", "configuration", "found"),
    [
        ([], None, None),
        ([{"uuid": UUID}], None, {"uuid": UUID}),
        ([DEFAULT, GREEN], None, DEFAULT),
        ([DEFAULT, GREEN], "green", GREEN),
        ([DEFAULT, GREEN], "blue", None),
        ([GREEN], None, None),
    ],
)
def test_the_enabled_one_is_meant_or_the_one_of_that_name(
    records: list[dict[str, Any]], configuration: str | None, found: dict[str, Any] | None
) -> None:
    assert select(records, OWNER, configuration) == found


def test_several_that_match_are_refused_and_named() -> None:
    with pytest.raises(AkvError, match=f"several AKV configurations.*{UUID}"):
        select([{"uuid": UUID}, {"uuid": GREEN["uuid"]}], OWNER)


@pytest.mark.parametrize("port", [8080, "8080"])
def test_a_port_may_come_as_a_string_of_digits(port: object) -> None:
    assert normalize({"uuid": UUID, "proxy_port": port, "port": port}) == {
        "uuid": UUID,
        "proxy_port": 8080,
        "port": 8080,
    }
