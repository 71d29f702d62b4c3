# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From lines of an event log to events: the names of parameters become keys, which the door has not seen as such."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.ontap.akv.plugins.module_utils._ontap.client import Client
from ansible_collections.ontap.akv.plugins.module_utils._runtime.redaction import Redactor
from ansible_collections.ontap.akv.plugins.module_utils._runtime.task import Task
from ansible_collections.ontap.akv.plugins.plugin_utils import _ems_events

KEY = "__ansible_example"


def _event(parameters: Any) -> tuple[dict[str, Any], list[str]]:
    """Make the event of a line with these parameters, as a source does; give it and the warnings."""
    task = Task(Redactor())
    client = Client(SimpleNamespace(), "cluster1", 0, task)  # type: ignore[arg-type]
    line = {"message": {"name": "ekmip.akv.notAvailable"}, "log_message": "said", "parameters": parameters}
    client.get = lambda *_args, **_more: {"records": [line]}  # type: ignore[method-assign]
    (found,) = _ems_events.run(client, {}, False).lines
    return _ems_events.event_of(_ems_events.Watched("cluster1", {"hostname": "cluster1"}), found), task.warnings


@pytest.mark.parametrize("name", [KEY, f"{KEY}_", "__ansible"])
def test_a_reserved_name_does_not_become_a_key(name: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        event, warnings = _event([{"name": name, "value": "harmless"}, {"name": "keyId", "value": "key1"}] * 2)
    assert event["parameters"] == {"keyId": "key1"}
    assert event["key_id"] == "key1"
    (warning,) = warnings
    assert warning.startswith("cluster1 sent keys that begin with __ansible")


@pytest.mark.parametrize("parameters", [None, {}, "x", [None, "x", 1], [{}], [{"name": None, "value": None}]], ids=str)
def test_parameters_in_another_form_end_nothing(parameters: Any) -> None:
    event, warnings = _event(parameters)
    assert (event["svm"], event["key_id"], warnings) == ("", "", [])


def test_a_reserved_name_as_a_value_stays() -> None:
    event, warnings = _event([{"name": "svm", "value": KEY}])
    assert (event["svm"], event["parameters"], warnings) == (KEY, {"svm": KEY}, [])
