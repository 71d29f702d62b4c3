# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each field of each response of Azure: left out, null, or of a wrong type. None makes a key ready that was not."""

from __future__ import annotations

import copy
import itertools
import json
from types import SimpleNamespace
from typing import Any

import pytest
from faults.azure import azure
from faults.test_fields import HOW, WRONG, break_field, places

from ansible_collections.ontap.akv.plugins.module_utils._azure.service import Reply, Service
from ansible_collections.ontap.akv.plugins.module_utils._runtime.redaction import Redactor
from ansible_collections.ontap.akv.plugins.module_utils._runtime.task import Task


@pytest.mark.parametrize("module", ["akv_key_info", "entra_app_info"])
def test_nothing_is_guessed(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read = Service._read
    fields: dict[tuple[int, tuple[str, ...]], None] = {}
    change: dict[str, Any] = {}

    def broken(self: Service, *args: Any) -> Reply:
        reply = read(self, *args)
        number = next(change["numbers"])
        if not isinstance(reply.body, dict):
            return reply
        if "at" not in change:
            fields.update(dict.fromkeys((number, at) for at in places(reply.body)))
        elif change["number"] == number:
            body = copy.deepcopy(reply.body)
            break_field(body, change["at"], change["instead"])
            return reply._replace(body=body)
        return reply

    monkeypatch.setattr(Service, "_read", broken)
    wrong = itertools.cycle(WRONG.items())
    with azure() as here:
        change["numbers"] = itertools.count()
        sound = here.run(module)
        assert not sound["failed"]
        assert fields
        for number, at in list(fields):
            for how, instead in (*HOW.items(), next(wrong)):
                change.update(numbers=itertools.count(), number=number, at=at, instead=instead)
                result = here.run(module)
                reported = f"{number} {'.'.join(at)} {how}: {result.get('msg')} {result.get('checks')}"
                shown = json.dumps(result, default=str)
                if module == "entra_app_info" and at[-1] in ("passwordCredentials", "keyCredentials", "endDateTime"):
                    assert any("does not report" in warning for warning in result["warnings"]), reported
                assert "Internal error" not in shown, reported + str(result.get("exception"))
                assert "Traceback" not in shown, reported


def test_keys_that_ansible_reserves_are_removed_with_a_warning() -> None:
    task = Task(Redactor())
    service = Service(SimpleNamespace(url="https://kv1.vault.azure.net"), task, 0, "The key vault")  # type: ignore[arg-type]
    reply = service._read(200, b'{"__ansible_example": 1, "value": [{"__ansible_example": 1, "kid": "x"}]}', {})
    assert reply.body == {"value": [{"kid": "x"}]}
    (warning,) = task.warnings
    assert warning.startswith("The key vault (https://kv1.vault.azure.net) sent keys that begin with __ansible")
