# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong in a task is an error before anything is sent: the table of bad_input.yml."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import yaml
from integration.running import HERE, Values, call

from simulator import Simulator

TABLE: dict[str, list[Values]] = yaml.safe_load((HERE / "bad_input.yml").read_text(encoding="utf-8"))
USERS = [
    {"name": "admin", "password": "s3cr3t-0f-4dm1n"},
    {"name": "padded", "password": " padded "},
    {"name": "quoted", "password": '"quoted"'},
    {"name": "invisible", "password": "pass\u200bword"},
]
RIGHT: dict[str, Values] = {
    "akv_config": {
        "svm": "vs0",
        "name": "https://mykeyvault.vault.azure.net/",
        "key_id": "https://mykeyvault.vault.azure.net/keys/key1",
        "client_id": "client1",
        "tenant_id": "tenant1",
        "client_secret": "abcdef",
    },
    "akv_info": {"svm": "vs0"},
    "akv_rekey": {"svm": "vs0", "type": "external", "key_id": "https://mykeyvault.vault.azure.net/keys/key2"},
    "akv_repair": {"svm": "vs0"},
    "akv_restore": {"svm": "vs0"},
}


@pytest.fixture(scope="module")
def running() -> Iterator[Simulator]:
    with Simulator(scenario={"users": USERS}) as simulator:
        yield simulator


@pytest.fixture
def simulator(running: Simulator) -> Simulator:
    running.requests.clear()
    return running


def _run(entry: Values, simulator: Simulator, check_mode: bool = False) -> tuple[Values, list[str]]:
    module = entry.get("module", "akv_config")
    return call(module, simulator.connection, {**RIGHT[module], **entry["options"]}, check_mode)


@pytest.mark.parametrize("entry", TABLE["refused"], ids=lambda entry: entry["name"])
def test_is_refused(entry: Values, simulator: Simulator) -> None:
    result, _warnings = _run(entry, simulator)
    assert result["failed"]
    assert "exception" not in result
    for pattern in entry["says"]:
        assert re.search(pattern, result["msg"]), result["msg"]
    assert (result["changed"], result["outcome"], result["requests"]) == (False, "unchanged", [])
    assert simulator.requests == []


# urllib3 warns too, which in a module nobody sees.
@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
@pytest.mark.parametrize("entry", TABLE["warned"], ids=lambda entry: entry["name"])
def test_is_warned(entry: Values, simulator: Simulator) -> None:
    result, warnings = _run(entry, simulator, check_mode=True)
    assert not result["failed"], result["msg"]
    assert result["operation"] == "create"
    assert len(warnings) == len(entry["says"]), warnings
    for pattern, warning in zip(entry["says"], warnings):
        assert re.search(pattern, warning, re.DOTALL), warning


@pytest.mark.parametrize("module", RIGHT)
def test_the_tasks_of_the_table_are_right_otherwise(module: str, simulator: Simulator) -> None:
    result, warnings = _run({"module": module, "options": {}}, simulator, check_mode=True)
    # There is no AKV configuration yet to restore keys from, and 9.7 cannot rekey: that only the cluster can tell.
    assert result["failed"] == (module in ("akv_rekey", "akv_repair", "akv_restore"))
    assert simulator.requests != []
    assert warnings == []
