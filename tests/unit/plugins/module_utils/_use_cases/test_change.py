# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from ansible_collections.ontap.akv.plugins.module_utils._akv.plan import Declaration
from ansible_collections.ontap.akv.plugins.module_utils._akv.scope import Scope
from ansible_collections.ontap.akv.plugins.module_utils._use_cases.change import Change
from ansible_collections.ontap.akv.plugins.module_utils._use_cases.changing import Changing

Record = dict[str, Any]
BLUE, GREEN = (f"024cd3cf-9a08-11ea-8d52-00505656565{digit}" for digit in "01")
VAULT = "https://mykeyvault.vault.azure.net/"


def record(uuid: str, name: str, enabled: bool) -> Record:
    return {
        "uuid": uuid,
        "scope": "svm",
        "svm": {"name": "vs0"},
        "name": VAULT,
        "key_id": f"{VAULT}keys/key1",
        "configuration": {"name": name},
        "enabled": enabled,
    }


def test_a_switch_that_renames_is_confirmed() -> None:
    """ONTAP names the enabled configuration default: the given name is then that of the previous one."""
    declared = Declaration(scope=Scope(svm="vs0"), settings={}, configuration="green", enabled=True)
    client: Any = SimpleNamespace(known_release=None)
    change = Change(client, declared, wait=True)
    chosen = change.plan_from(change.take([record(BLUE, "default", True), record(GREEN, "green", False)]))
    assert [step.body for step in chosen.steps] == [{"enabled": True}]

    pending = change.take([record(BLUE, "default", True), record(GREEN, "green", False)])
    changing = Changing(change)
    assert not changing.is_shown(chosen, pending)
    switched = change.take([record(GREEN, "default", True), record(BLUE, "green", False)])
    assert switched is not None
    assert switched["uuid"] == GREEN
    assert changing.is_shown(chosen, switched)
    # What was deleted and created again meanwhile is chosen by its name.
    recreated = change.take([record(BLUE, "default", True), record(GREEN[:-1] + "2", "green", False)])
    assert recreated is not None
    assert not changing.is_shown(chosen, recreated)
