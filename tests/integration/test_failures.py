# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What only the cluster can tell: each failure has a sentence that says what failed, where, why and what to do."""

from __future__ import annotations

import socket
import typing as t
from pathlib import Path

import pytest
import yaml
from integration.running import Values, call

import simulator as package
from simulator import Simulator

WHOLE: Values = {
    "name": "https://mykeyvault.vault.azure.net/",
    "key_id": "https://mykeyvault.vault.azure.net/keys/key1",
    "client_id": "client1",
    "tenant_id": "tenant1",
    "client_secret": "new-secret",
}
CREATE: Values = {"svm": "vs0", **WHOLE}
ROTATE: Values = {"svm": "vs1", "client_secret": "new-secret", "update_credentials": "always"}
DELETE: Values = {"svm": "vs1", "state": "absent"}
RESTORE: Values = {"svm": "vs1", "force": True, "poll_interval": 0.1}
READ_ONLY: Values = {
    "users": [{"name": "admin", "role": "monitor"}],
    "roles": {"monitor": [{"api": "/api/security/azure-key-vaults", "access": "readonly"}]},
}
TWICE = {
    "records": [
        {"uuid": f"024cd3cf-9a08-11ea-8d52-00505600000{number}", "svm": {"name": "vs1"}, "scope": "svm"}
        for number in range(2)
    ]
}


class Case(t.NamedTuple):
    """A task that fails: on which cluster, what its message holds, ONTAP's code if any, what was sent till then."""

    scenario: Values
    module: str
    options: Values
    says: list[str]
    code: str | None = None
    methods: str = "GET"


CASES = {
    "unknown SVM, with similar names": Case(
        {},
        "akv_config",
        {**CREATE, "svm": "vs00"},
        ["SVM vs00 does not exist on 127.0.0.1", "vs0"],
        "2621462",
        "GET POST",
    ),
    "unknown SVM, with all names": Case(
        {"svms": [{"name": "blue"}, {"name": "red"}]},
        "akv_restore",
        {"svm": "vs0"},
        ["SVM vs0 does not exist on 127.0.0.1", "blue", "red"],
        methods="GET",
    ),
    "unknown SVM by UUID": Case(
        {},
        "akv_restore",
        {"svm_uuid": "00000000-0000-0000-0000-000000000000"},
        ["SVM 00000000-0000-0000-0000-000000000000 does not exist"],
        methods="GET",
    ),
    "no AKV configuration to restore": Case(
        {}, "akv_restore", {"svm": "vs0"}, ["no AKV configuration of SVM vs0", "akv_config"], None, "GET"
    ),
    "a part, and no AKV configuration": Case(
        {},
        "akv_config",
        {"svm": "vs0", "name": WHOLE["name"]},
        ["key_id", "client_id, tenant_id, client_secret"],
    ),
    "several matches": Case(
        {"faults": [{"match": {"method": "GET"}, "body": {"json": TWICE}}]},
        "akv_config",
        DELETE,
        [
            "several AKV configurations that match",
            "024cd3cf-9a08-11ea-8d52-005056000000",
            "024cd3cf-9a08-11ea-8d52-005056000001",
        ],
    ),
    "login refused": Case(
        {},
        "akv_config",
        {**CREATE, "password": "wrong-password"},
        ["Reading the AKV configuration of SVM vs0", "6691623"],
        "6691623",
    ),
    "no permission to read": Case(
        {"users": [{"name": "admin", "role": "none"}]}, "akv_info", {}, ["not authorized", "code 6", "role"], "6"
    ),
    "no permission to create": Case(
        READ_ONLY,
        "akv_config",
        CREATE,
        ["Creating the AKV configuration of SVM vs0", "code 6", "role"],
        "6",
        "GET POST",
    ),
    "no permission to restore": Case(
        {**READ_ONLY, "vaults": [{"svm": "vs1"}]}, "akv_restore", RESTORE, ["Restoring", "code 6"], "6", "GET GET POST"
    ),
    "an endpoint that the cluster does not have": Case(
        {"faults": [{"match": {}, "error": {"code": 3, "status": 404, "message": "API not found"}}]},
        "akv_config",
        CREATE,
        ["API not found", "Check the release"],
        "3",
    ),
    "no REST API at all": Case(
        {"faults": [{"match": {}, "http": {"status": 404}}]},
        "akv_config",
        CREATE,
        ["does not have this endpoint", "9.7 or later"],
    ),
    "another key manager": Case(
        {"key_managers": [{"svm": "vs0", "type": "external"}]},
        "akv_config",
        CREATE,
        [
            "Creating the AKV configuration of SVM vs0 on 127.0.0.1",
            "already been configured",
            "65537500",
            "akv_preflight_info",
        ],
        "65537500",
        "GET POST",
    ),
    "MetroCluster": Case(
        {"cluster": {"metrocluster": True}},
        "akv_config",
        CREATE,
        ["MetroCluster", "65537506"],
        "65537506",
        "GET POST",
    ),
    "a node without the feature": Case(
        {"nodes": [{"name": "node1"}, {"name": "node2", "capable": False}]},
        "akv_config",
        CREATE,
        ["65537512", "upgrade"],
        "65537512",
        "GET POST",
    ),
    "encrypted volumes": Case(
        {"vaults": [{"svm": "vs1"}], "volumes": [{"svm": "vs1", "name": "vol1", "encrypted": True}]},
        "akv_config",
        DELETE,
        ["Deleting the AKV configuration of SVM vs1 on 127.0.0.1", "65536867"],
        "65536867",
        "GET DELETE",
    ),
    "a cluster that answers like no ONTAP": Case(
        {"faults": [{"match": {"times": 0}, "html": {}}]}, "akv_info", {"health": False, "retries": 0}, ["proxy"]
    ),
    "a redirect": Case(
        {"faults": [{"match": {}, "redirect": {"to": "https://elsewhere.example.com/"}}]},
        "akv_info",
        {"health": False},
        ["redirect", "not followed"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_failure_has_its_sentence(name: str) -> None:
    case = CASES[name]
    with Simulator(scenario=case.scenario) as simulator:
        before = simulator.vaults()
        result, _warnings = call(case.module, simulator.connection, case.options)
        assert result["failed"], result
        for part in case.says:
            assert part in result["msg"], result["msg"]
        assert (result.get("error") or {}).get("code") == case.code
        assert (result["changed"], result["outcome"]) == (False, "unchanged")
        # What failed is explained by reading, and by nothing else. ZAPI reads by POST.
        rest = [request for request in simulator.requests if request["path"].startswith("/api/")]
        sent, expected = [request["method"] for request in rest], case.methods.split()
        assert sent[: len(expected)] == expected
        assert set(sent[len(expected) :]) <= {"GET"}
        assert simulator.vaults() == before


def test_unreachable_host() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        login = {"hostname": "127.0.0.1", "http_port": port, "username": "admin", "password": "s3cr3t-0f-4dm1n"}
        result, _warnings = call("akv_config", login, {**CREATE, "retries": 1})
    assert f"https://127.0.0.1:{port} refused the connection" in result["msg"]
    assert "management LIF" in result["msg"]
    assert result["outcome"] == "unchanged"
    assert [request["status"] for request in result["requests"]] == [None, None]


def test_host_with_a_name_that_cannot_be_resolved() -> None:
    login = {"hostname": "cluster1.invalid", "username": "admin", "password": "s3cr3t-0f-4dm1n", "use_proxy": False}
    result, _warnings = call("akv_info", login, {})
    assert "the name cluster1.invalid could not be resolved" in result["msg"]
    assert len(result["requests"]) == 1


# --- every code that release 9.7 lists --------------------------------------------------------------------------------

OPERATIONS: dict[str, tuple[str, Values, str]] = {
    "get": ("akv_info", {"health": False}, "GET"),
    "post": ("akv_config", CREATE, "POST"),
    "patch": ("akv_config", ROTATE, "PATCH"),
    "delete": ("akv_config", DELETE, "DELETE"),
    "restore": ("akv_restore", RESTORE, "POST"),
}


def _codes() -> list[tuple[int, str, str]]:
    """Code, operation and message, of the simulator's own table."""
    table = yaml.safe_load((Path(package.__file__).parent / "data" / "errors.yml").read_text(encoding="utf-8"))
    found = []
    for code, entry in table.items():
        for operation, span in entry.get("in", {}).items():
            if operation in OPERATIONS and str(span).partition("..")[0] == "9.7":
                found.append((code, operation, entry["message"]))
    return found


@pytest.mark.parametrize(("code", "operation", "message"), _codes())
def test_error_is_shown_as_ontap_says_it_with_advice(code: int, operation: str, message: str) -> None:
    module, options, method = OPERATIONS[operation]
    fault = {"match": {"method": method}, "error": {"code": code}}
    with Simulator(scenario={"vaults": [{"svm": "vs1"}], "faults": [fault]}) as simulator:
        result, _warnings = call(module, simulator.connection, options)
    assert result["failed"]
    assert result["error"]["code"] == str(code)
    said, _code, advice = result["msg"].partition(f" (code {code}).")
    assert message.split("{", maxsplit=1)[0].strip().rstrip(".") in said
    assert len(advice.strip()) > len("Do it.")
    assert (result["changed"], result["outcome"]) == (False, "unchanged")
    assert sum(request["method"] == method for request in result["requests"]) == 1
