# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.ontap.akv.plugins.module_utils._akv.releases import (
    FIELDS,
    RELEASES,
    Release,
    health_fields,
    patch_depends_on_release,
)


def test_every_cell_names_known_releases() -> None:
    for field in FIELDS.values():
        for cell in filter(None, field):
            assert all(name in RELEASES for name in cell.split("-"))


@pytest.mark.parametrize("name", RELEASES)
def test_a_release_reads_back_as_its_name(name: str) -> None:
    assert str(Release.parse(name)) == name


@pytest.mark.parametrize(
    ("release", "patchable"),
    [
        ("9.7", set()),
        ("9.8", {"key_id"}),
        ("9.9.1", {"key_id", "client_id", "tenant_id"}),
        ("9.10.1", {"key_id", "client_id", "tenant_id"}),
        ("9.11.1", {"client_id", "tenant_id"}),
        ("9.19.1", {"client_id", "tenant_id"}),
        ("9.99.1", {"client_id", "tenant_id"}),
    ],
)
def test_what_a_patch_takes(release: str, patchable: set[str]) -> None:
    compared = ("client_id", "key_id", "name", "tenant_id")
    assert {name for name in compared if Release.parse(release).patches(name)} == patchable


def test_health_is_asked_for_as_the_release_has_it() -> None:
    assert health_fields(Release.parse("9.7")) == ["state"]
    assert health_fields(Release.parse("9.8")) == ["state", "azure_reachability", "ekmip_reachability"]


def test_only_what_differs_between_releases_depends_on_them() -> None:
    assert patch_depends_on_release("client_id")
    assert not patch_depends_on_release("name")
    assert not patch_depends_on_release("client_secret")
