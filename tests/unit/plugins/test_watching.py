# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an event source is given: text means text, and a placeholder is never a credential."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.ontap.akv.plugins.module_utils._akv.scope import ARGUMENT_SPEC as SCOPE_OPTIONS
from ansible_collections.ontap.akv.plugins.module_utils._akv.scope import Scope
from ansible_collections.ontap.akv.plugins.plugin_utils._watching import read_options

LOGIN = {"hostname": "cluster1", "username": "admin", "password": "SENTINEL-8Q~x"}
NO_TEXT = [["SENTINEL"], {"value": "SENTINEL"}, True, 83, 1.5]
TEXTS = ["hostname", "username", "password", "pass", "ca_path", "svm", "svm_uuid"]


def _read(**args: Any) -> Any:
    return read_options("akv_health", args, SCOPE_OPTIONS, Scope.from_optional_params)


@pytest.mark.parametrize("value", [*NO_TEXT, "{{ vaulted }}", "$encrypted$"], ids=repr)
@pytest.mark.parametrize("name", TEXTS)
def test_text_means_text(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=rf"akv_health: {name}: is ") as refusal:
        _read(**{**LOGIN, name: value})
    assert "SENTINEL" not in str(refusal.value)


@pytest.mark.parametrize("value", [*NO_TEXT, "{{ vaulted }}", "$encrypted$"], ids=repr)
@pytest.mark.parametrize("name", [*TEXTS, "name"])
def test_text_means_text_of_one_cluster(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=re.escape(f"akv_health: clusters[1].{name}: is ")) as refusal:
        _read(**LOGIN, clusters=[{"name": "a"}, {"name": "b", name: value}])
    assert "SENTINEL" not in str(refusal.value)


@pytest.mark.parametrize("value", ["password=SENTINEL", 1, ["SENTINEL"]])
def test_a_cluster_is_an_object(value: Any) -> None:
    with pytest.raises(ValueError, match=r"clusters\[0\]: is (text|an integer|a list), not an object") as refusal:
        _read(**LOGIN, clusters=[value])
    assert "SENTINEL" not in str(refusal.value)


def test_a_placeholder_in_the_environment_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONTAP_PASSWORD", "{{ not_rendered }}")
    with pytest.raises(ValueError, match=r"password: is a template"):
        _read(hostname="cluster1", username="admin")


def test_what_is_right_passes() -> None:
    options = _read(**LOGIN, clusters=[{"name": "a", "svm": "vs0"}, {"name": "b", "hostname": "b.example.com"}])
    assert set(options.clusters) == {"a", "b"}
