# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import time
from typing import Any
from unittest.mock import Mock

import pytest

from ansible_collections.ontap.akv.plugins.module_utils._ontap.jobs import JobFailed, follow
from ansible_collections.ontap.akv.plugins.module_utils._runtime.redaction import Redactor
from ansible_collections.ontap.akv.plugins.module_utils._runtime.task import Task

REFUSED = {"state": "failure", "code": 65537540, "message": "refused"}


@pytest.mark.parametrize(
    ("states", "named", "known"),
    [
        ([REFUSED], True, True),
        ([REFUSED], False, False),
        ([{"state": "running"}, REFUSED], False, True),
    ],
)
def test_a_job_that_no_response_names_is_known_if_it_was_under_way(
    states: list[dict[str, Any]], named: bool, known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long a reading takes."""
    now = [0.0]
    left = list(states)

    def get(*_arguments: Any, **_more: Any) -> dict[str, Any]:
        now[0] += 1
        return left.pop(0)

    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    client = Mock(get=get, where="cluster1", task=Task(Redactor()))
    with pytest.raises(JobFailed) as failed:
        follow(client, "uuid1", "Updating", "patch", named=named)
    assert (failed.value.code, failed.value.known) == ("65537540", known)
