# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which volumes forbid that an AKV configuration is deleted."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.ontap.akv.plugins.module_utils._akv.deletion import refusal

VOLUMES = [{"name": "vol2"}, {"name": "vol1"}]
TWO = "has encrypted volumes that need the AKV configuration (2): vol1, vol2."


def vault(name: str | None = "default", verdict: str = "healthy", **more: Any) -> dict[str, Any]:
    return {"verdict": verdict, **({"configuration": {"name": name}} if name else {}), **more}


ELSEWHERE = {"keys": {"volumes_elsewhere": ["vol1"]}}
GREEN = vault("green", "inactive")


@pytest.mark.parametrize(
    ("found", "svm", "configuration", "says"),
    [
        ({"vaults": [vault()], "volumes": VOLUMES}, "vs0", None, TWO),
        ({"vaults": [vault(None)], "volumes": VOLUMES}, "vs0", None, TWO),
        ({"vaults": [vault(verdict="unknown")], "volumes": VOLUMES}, "vs0", None, TWO),
        ({"vaults": [vault(keys=None)], "volumes": VOLUMES}, "vs0", None, TWO),
        ({"vaults": [vault(**ELSEWHERE)], "volumes": VOLUMES}, "vs0", None, "AKV configuration (1): vol2."),
        ({"vaults": [vault(**ELSEWHERE)], "volumes": VOLUMES[1:]}, "vs0", None, ""),
        ({"vaults": [GREEN, vault()], "volumes": VOLUMES}, "vs0", "default", TWO),
        ({"vaults": [GREEN, vault()], "volumes": VOLUMES}, "vs0", "green", ""),
        ({"vaults": [GREEN], "volumes": VOLUMES}, "vs0", None, ""),
        ({"vaults": [vault()], "volumes": VOLUMES}, None, None, ""),
        ({"vaults": [], "volumes": VOLUMES}, "vs0", None, ""),
        ({"vaults": [vault()], "volumes": []}, "vs0", None, ""),
        ({"vaults": [vault()]}, "vs0", None, "Let the login read /api/storage/volumes."),
        ({"vaults": [vault()]}, None, None, "Let the login read /api/storage/volumes."),
    ],
)
def test_refusal(found: dict[str, Any], svm: str | None, configuration: str | None, says: str) -> None:
    said = refusal(found, svm, configuration, "c1")
    assert says in said
    assert bool(said) == bool(says)
