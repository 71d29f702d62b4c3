# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import importlib
import sys
from typing import Any
from unittest import mock

import pytest
from ansible.plugins.action.normal import ActionModule as NormalAction

UTILS = "ansible_collections.ontap.akv.plugins.plugin_utils"


def _loaded(monkeypatch: pytest.MonkeyPatch, private: Any) -> Any:
    """The action as it is loaded with what there is of Ansible's private API."""
    monkeypatch.setitem(sys.modules, f"{UTILS}._ansible", private)
    monkeypatch.delitem(sys.modules, f"{UTILS}._direct", raising=False)
    package = importlib.import_module(UTILS)
    monkeypatch.setattr(package, "_ansible", private, raising=False)
    if private is None:
        monkeypatch.delattr(package, "_ansible", raising=False)
    return importlib.import_module(f"{UTILS}._direct")


def _ran(direct: Any) -> str:
    class Action(direct.DirectAction):  # type: ignore[misc, name-defined]
        use_case = "_use_cases.info"

        def __init__(self) -> None:
            pass

    with mock.patch.object(NormalAction, "run", return_value={"ran": "as a module"}):
        return str(Action().run(None, {}).get("ran"))


def test_the_module_runs_where_an_import_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    direct = _loaded(monkeypatch, None)
    assert direct._ansible is None
    assert _ran(direct) == "as a module"


@pytest.mark.parametrize("error", [AttributeError, KeyError, TypeError])
def test_the_module_runs_where_the_private_api_is_another(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    private = importlib.import_module(f"{UTILS}._ansible")
    monkeypatch.setattr(private, "means_the_same", lambda *_arguments: True)
    monkeypatch.setattr(private, "read_task", mock.Mock(side_effect=error))
    assert _ran(_loaded(monkeypatch, private)) == "as a module"
