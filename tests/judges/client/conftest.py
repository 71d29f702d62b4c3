# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The vendor's client, connected to a simulated cluster of its own release."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

import pytest
import requests
from judges.client.agreement import disagreements
from judges.client.connecting import RELEASE, connect, create
from netapp_ontap import config, resources
from netapp_ontap.resources import AzureKeyVault

from simulator import Simulator

# What a release does not have, its client does not have either.
KEY_STORE: Any = getattr(resources, "SecurityKeystore", None)
collect_ignore = [
    *([] if KEY_STORE else ["test_key_stores.py", "test_key_managers.py"]),
    *([] if hasattr(AzureKeyVault, "rekey_external") else ["test_rekey_external.py"]),
    *([] if hasattr(KEY_STORE, "patch") else ["test_configurations.py"]),
]
RESOURCES = {
    "/api/security/azure-key-vaults": AzureKeyVault,
    "/api/security/key-stores": KEY_STORE,
    "/api/security/key-managers": resources.SecurityKeyManager,
    "/api/cluster/nodes": resources.Node,
    "/api/cluster/jobs": resources.Job,
    "/api/support/ems/events": resources.EmsEvent,
}


def pytest_report_header() -> str:
    return f"netapp-ontap {version('netapp-ontap')}, ONTAP {RELEASE}"


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client minds these; they are not meant for a cluster on loopback."""
    for name in list(os.environ):
        if name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture
def cluster() -> Iterator[Simulator]:
    """Without encrypted volumes; its key stores are as the client reads them, not as in the vendor's examples."""
    scenario = {
        "cluster": {"internal_keys": "by_volumes", "key_stores_in_replies": "flat"},
        "jobs": {"queued": 0.02, "running": 0.05},
    }
    with Simulator(release=RELEASE, scenario=scenario) as sim:
        yield sim


@pytest.fixture(autouse=True)
def _connection(cluster: Simulator, _plain_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "CONNECTION", connect(cluster))


@pytest.fixture(autouse=True)
def _agreement(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Compare every answer of a test with the client's own view of fields and types."""
    answers: list[requests.Response] = []
    send = requests.Session.send

    def overheard(session: requests.Session, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        answers.append(send(session, request, **options))
        return answers[-1]

    monkeypatch.setattr(requests.Session, "send", overheard)
    yield
    assert answers
    assert [found for answer in answers for found in _disagreements(answer)] == []


def _disagreements(answer: requests.Response) -> Iterator[str]:
    path = answer.request.path_url.partition("?")[0]
    body = answer.json()
    if not answer.ok:
        error = body["error"]
        if {type(error[name]) for name in ("code", "message")} != {str}:
            yield f"{path}: {error}"
        return
    (resource, *_others) = [known for start, known in RESOURCES.items() if path.startswith(start)]
    if "/key-ids" in path:
        resource = resources.KeyManagerKeys
    alone = [body] if answer.request.method == "GET" and "num_records" not in body else []
    for record in body.get("records", alone):
        yield from disagreements(resource._schema(), record, place=path)


@pytest.fixture
def vault(cluster: Simulator) -> AzureKeyVault:
    return create(svm={"name": "vs0"})
