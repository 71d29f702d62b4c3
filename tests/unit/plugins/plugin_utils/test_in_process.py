# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.ontap.akv.plugins.module_utils._http.transport import Transport
from ansible_collections.ontap.akv.plugins.module_utils._ontap.connection import Connection
from ansible_collections.ontap.akv.plugins.module_utils._use_cases.call import Call
from ansible_collections.ontap.akv.plugins.module_utils._use_cases.ontap_entry import ONTAP
from ansible_collections.ontap.akv.plugins.plugin_utils import _direct
from ansible_collections.ontap.akv.plugins.plugin_utils._in_process import _KeptSession


def test_the_eight_connections_used_last_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[str] = []
    monkeypatch.setattr(Transport, "close", lambda self: closed.append(self.url))
    clusters = [Connection(f"cluster{number}", 80, https=False) for number in range(10)]
    session = _KeptSession()
    opened = [session.open(cluster.endpoint()) for cluster in clusters[:8]]
    assert session.open(clusters[0].endpoint()) is opened[0]
    for cluster in clusters[8:]:
        session.open(cluster.endpoint())
    assert closed == ["http://cluster1:80", "http://cluster2:80"]
    assert session.open(clusters[0].endpoint()) is opened[0]
    assert session.open(clusters[1].endpoint()) is not opened[1]


def test_each_task_has_its_own_allowance_on_a_kept_connection() -> None:
    session = _KeptSession()
    connection = Connection("cluster1", 80, https=False)
    first = session.open(connection.endpoint()).allowance
    first.spend(1000)
    transport = session.open(connection.endpoint())
    assert transport.allowance is not first
    assert transport.twin().allowance is transport.allowance


@pytest.mark.parametrize("words", ["0, 'off', 'y', 1", "'y', 1, 0, 'off'"])
@pytest.mark.parametrize("end", ["", " found in 'vaults'. More, 1."])
def test_the_sentence_on_booleans_is_the_same_in_every_process(words: str, end: str) -> None:
    result = Call({}, {}, ONTAP).invalid(f"The value 'x' is not a valid boolean. Valid booleans include: {words}{end}")
    assert result["msg"] == f"The value 'x' is not a valid boolean. Valid booleans include: true, false{end}"


@pytest.mark.parametrize(
    ("given", "message", "completed"),
    [
        (
            {},
            "missing required arguments: hostname",
            "hostname, username, password: not set. Give a value in the task, in module_defaults for"
            " group/ontap.akv.akv, or in the environment as ONTAP_HOSTNAME, ONTAP_USERNAME, ONTAP_PASSWORD.",
        ),
        (
            {"user": "admin"},
            "missing required arguments: hostname",
            "hostname, password: not set. Give a value in the task, in module_defaults for group/ontap.akv.akv, or in"
            " the environment as ONTAP_HOSTNAME, ONTAP_PASSWORD.",
        ),
        (
            {"hostnam": "x", "password": "Sentinel8Q~x", "username": "x"},
            "missing required arguments: hostname",
            "hostname: not set. Give a value in the task, in module_defaults for group/ontap.akv.akv, or in the"
            " environment as ONTAP_HOSTNAME. Did you mean hostname instead of hostnam?",
        ),
        (
            {},
            "missing required arguments: key_id, tenant_id",
            "missing required arguments: key_id, tenant_id. Give the login to Azure in the task, or in module_defaults"
            " for group/ontap.akv.azure.",
        ),
        (
            {"cert_filepath": "x.pem"},
            "missing required arguments: client_id, hostname",
            "missing required arguments: client_id, hostname. hostname: not set. Give a value in the task, in"
            " module_defaults for group/ontap.akv.akv, or in the environment as ONTAP_HOSTNAME.",
        ),
        (
            {"usernam": "admin", "pasword": "Sentinel8Q~x"},
            "Unsupported parameters for (x) module: pasword, usernam.",
            "Unsupported parameters for (x) module: pasword, usernam. Did you mean username instead of usernam? Did you"
            " mean password instead of pasword?",
        ),
        ({"hostname": "x"}, "missing required arguments: client_id", "missing required arguments: client_id"),
        ({"qqqqqq": 1}, "Unsupported parameters: qqqqqq", "Unsupported parameters: qqqqqq"),
    ],
)
def test_a_login_that_is_missing_or_mistyped_is_named(given: dict[str, Any], message: str, completed: str) -> None:
    result = Call({}, given, ONTAP).invalid(message)
    assert result["msg"] == completed
    assert "8Q" not in str(result)


@pytest.mark.parametrize(
    ("stderr", "named"),
    [
        ("TypeError: 'type' object is not subscriptable\n", True),
        ("SyntaxError: future feature annotations is not defined\n", True),
        ("Killed\n", False),
    ],
)
def test_a_python_that_is_too_old_for_a_module_is_named(
    stderr: str, named: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = {"failed": True, "msg": "MODULE FAILURE", "module_stderr": stderr}
    monkeypatch.setattr(_direct.NormalAction, "_execute_module", lambda *_args, **_more: dict(ended))
    action = object.__new__(_direct.DirectAction)
    result = action._execute_module("ontap.akv.akv_info", {})
    assert ("Python 3.9 or later is needed" in result["msg"]) is named
    assert result["module_stderr"] == stderr
