# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What check mode tells is what the run then does, for each operation; and check mode changes nothing."""

from __future__ import annotations

import pytest
from integration.running import Values, call

from simulator import Simulator

SCENARIO: Values = {
    "svms": [{"name": f"vs{number}"} for number in range(5)],
    "vaults": [{"svm": "vs1"}, {"svm": "vs2"}, {"svm": "vs3", "keys_missing_on": ["node1"]}],
    "volumes": [{"svm": "vs2", "name": "vol1", "encrypted": True}],
}
WHOLE: Values = {
    "name": "https://mykeyvault.vault.azure.net/",
    "key_id": "https://mykeyvault.vault.azure.net/keys/key1",
    "client_id": "client1",
    "tenant_id": "tenant1",
    "client_secret": "new-secret",
}

BLUE: Values = {"svm": "vs0", "configuration": "blue", "enabled": False}
KMIP: Values = {"type": "external", "svm": "vs0", "servers": ["kmip1"]}
OKM: Values = {"type": "onboard", "scope": "cluster"}
VOLUME: Values = {"svm": "vs0", "name": "vol1", "encrypted": True}
OTHER: Values = {"name": "https://b.vault.azure.net/", "client_secret": "new-secret", "allow_recreate": True}
SWITCH: Values = {"svm": "vs0", "configuration": "blue", "enabled": True}
REKEY: Values = {"svm": "vs0", "type": "external", "key_id": "https://mykeyvault.vault.azure.net/keys/key2"}

# ONTAP's code, release, scenario, module, options
REFUSED: dict[str, tuple[str, str, Values, str, Values]] = {
    "a MetroCluster": ("65537506", "9.8", {"cluster": {"metrocluster": True}}, "akv_config", {"svm": "vs0", **WHOLE}),
    "keys of the cluster's key manager": (
        "65537505",
        "9.7",
        {"key_managers": [OKM], "volumes": [VOLUME]},
        "akv_config",
        {"svm": "vs0", **WHOLE},
    ),
    "NAE volumes of 9.15.1": (
        "65539703",
        "9.15.1",
        {"volumes": [{**VOLUME, "nae": True}]},
        "akv_config",
        {"svm": "vs0", **WHOLE},
    ),
    "NAE volumes and an inactive configuration": (
        "65539704",
        "9.17.1",
        {"volumes": [{**VOLUME, "nae": True}]},
        "akv_config",
        {"svm": "vs0", **WHOLE, "configuration": "green"},
    ),
    "a switch from KMIP": ("65539206", "9.15.1", {"vaults": [BLUE], "key_managers": [KMIP]}, "akv_config", SWITCH),
    "a switch from KMIP, later": (
        "65539222",
        "9.17.1",
        {"vaults": [BLUE], "key_managers": [KMIP]},
        "akv_config",
        SWITCH,
    ),
    "a switch with NAE volumes": (
        "65539704",
        "9.19.1",
        {"vaults": [{"svm": "vs0"}, BLUE], "volumes": [{**VOLUME, "nae": True}]},
        "akv_config",
        SWITCH,
    ),
    "a rekey before the migration": (
        "65537547",
        "9.11.1",
        {"vaults": [{"svm": "vs0"}], "key_managers": [OKM], "volumes": [{**VOLUME, "keys_with_admin": True}]},
        "akv_rekey",
        REKEY,
    ),
    "an internal rekey before the migration": (
        "65537547",
        "9.13.1",
        {"vaults": [{"svm": "vs0"}], "key_managers": [OKM], "volumes": [{**VOLUME, "keys_with_admin": True}]},
        "akv_rekey",
        {"svm": "vs0", "type": "internal"},
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_check_mode_foresees_a_refusal_with_the_same_sentence(case: str) -> None:
    code, release, scenario, module, options = REFUSED[case]
    with Simulator(release=release, scenario=scenario) as simulator:
        predicted, _warnings = call(module, simulator.connection, options, check_mode=True)
        assert {request["method"] for request in simulator.requests} == {"GET"}
        done, _warnings = call(module, simulator.connection, options)
    assert done["error"]["code"] == code, done["msg"]
    assert predicted["error"]["code"] == code, predicted["msg"]
    assert predicted["msg"].partition(" failed: ")[0] == done["msg"].partition(" failed: ")[0]
    assert predicted["msg"].partition(f"(code {code})")[2] == done["msg"].partition(f"(code {code})")[2]
    assert predicted["outcome"] == done["outcome"] == "unchanged"


def test_a_key_manager_of_unknown_type_is_not_another_one() -> None:
    fault = {"match": {"path": "/api/security/key-stores", "times": 0}, "without": {"fields": ["type"]}}
    with Simulator(release="9.15.1", scenario={"vaults": [{"svm": "vs0"}, BLUE], "faults": [fault]}) as simulator:
        predicted, _warnings = call("akv_config", simulator.connection, SWITCH, check_mode=True)
        done, _warnings = call("akv_config", simulator.connection, SWITCH)
    assert (predicted["failed"], predicted["operation"]) == (False, "enable"), predicted["msg"]
    assert (done["failed"], done["operation"]) == (False, "enable"), done["msg"]


def test_check_mode_foresees_a_key_manager_in_the_way() -> None:
    """An inactive configuration does not hide it."""
    with Simulator(release="9.14.1", scenario={"vaults": [BLUE], "key_managers": [KMIP]}) as simulator:
        task = {"svm": "vs0", **WHOLE}
        predicted, _warnings = call("akv_config", simulator.connection, task, check_mode=True)
        done, _warnings = call("akv_config", simulator.connection, task)
    assert "has the key manager kmip" in predicted["msg"]
    assert done["error"]["code"] == "65537500"
    assert predicted["msg"] in done["msg"]


@pytest.mark.parametrize("check_mode", [True, False])
def test_default_is_not_created_next_to_the_enabled_one(check_mode: bool) -> None:
    with Simulator(release="9.14.1", scenario={"vaults": [{**BLUE, "enabled": True}]}) as simulator:
        task = {"svm": "vs0", **WHOLE, "configuration": "default"}
        result, _warnings = call("akv_config", simulator.connection, task, check_mode)
        assert {request["method"] for request in simulator.requests} == {"GET"}
    assert "has no configuration default, and blue is the enabled one" in result["msg"]
    assert result["outcome"] == "unchanged"


@pytest.mark.parametrize(
    ("code", "says"), [(65537505, "held by the key manager okm"), (65537500, "the key manager okm")]
)
def test_a_job_that_refuses_a_creation_names_the_way(code: int, says: str) -> None:
    """From 9.15.1 on, ONTAP creates in a job."""
    own = [{**OKM, "scope": None, "svm": "vs0"}] if code == 65537500 else [OKM]
    managers = [{name: value for name, value in manager.items() if value} for manager in own]
    with Simulator(release="9.15.1") as simulator:
        simulator.apply([{"fail_next_job": {"ends": "failure", "code": code, "effect": False}}])
        with_managers = {"match": {"path": "/api/security/key-stores"}, "body": {"json": _stores(managers)}}
        simulator.apply([{"add_fault": with_managers}])
        result, _warnings = call("akv_config", simulator.connection, {"svm": "vs0", **WHOLE})
    assert (result["error"]["code"], result["outcome"]) == (str(code), "unchanged")
    assert says in result["msg"]


def _stores(managers: list[Values]) -> Values:
    """A reply of /security/key-stores."""
    uuid = "024cd3cf-9a08-11ea-8d52-005056bbeba9"
    records = [
        {"uuid": uuid, "type": "okm", "enabled": True, **({"svm": {"name": "vs0"}} if "svm" in manager else {})}
        for manager in managers
    ]
    return {"records": records, "num_records": len(records)}


@pytest.mark.parametrize("check_mode", [True, False])
def test_nothing_is_deleted_that_could_not_be_created_again(check_mode: bool) -> None:
    """ONTAP refuses the creation only after the deletion."""
    scenario = {
        "vaults": [{"svm": "vs0"}],
        "key_managers": [OKM],
        "volumes": [{**VOLUME, "keys_with_admin": True}],
    }
    with Simulator(release="9.14.1", scenario=scenario) as simulator:
        before = simulator.vaults()
        result, _warnings = call("akv_config", simulator.connection, {"svm": "vs0", **OTHER}, check_mode)
        assert simulator.vaults() == before
        assert {request["method"] for request in simulator.requests} == {"GET"}
    assert result["msg"].startswith("Nothing was deleted. Creating the AKV configuration of SVM vs0 on ")
    assert (result["error"]["code"], result["outcome"]) == ("65537505", "unchanged")


# operation (None: fails), module, options
TASKS: dict[str, tuple[str | None, str, Values]] = {
    "create": ("create", "akv_config", {"svm": "vs0", **WHOLE}),
    "create by UUID": ("create", "akv_config", {"svm_uuid": "4f7abf4c-9a07-11ea-8d52-005056bbeba5", **WHOLE}),
    "create the cluster's": ("create", "akv_config", {"scope": "cluster", **WHOLE}),
    "create without waiting": ("create", "akv_config", {"svm": "vs0", **WHOLE, "wait": False}),
    "create a part": (None, "akv_config", {"svm": "vs0", **WHOLE, "tenant_id": None}),
    "create where no SVM is": (None, "akv_config", {"svm": "vs9", **WHOLE}),
    "nothing to change": ("none", "akv_config", {"svm": "vs1", **WHOLE}),
    "another pinned version": ("none", "akv_config", {"svm": "vs1", "key_id": f"{WHOLE['key_id']}/0123"}),
    "a degraded one": ("none", "akv_config", {"svm": "vs3", "client_id": "client1"}),
    "rotate": ("update", "akv_config", {"svm": "vs1", "client_secret": "s", "update_credentials": "always"}),
    "repair what is well": (
        "none",
        "akv_config",
        {"svm": "vs1", "client_secret": "new-secret", "update_credentials": "when_unavailable"},
    ),
    "another application": (None, "akv_config", {"svm": "vs1", **WHOLE, "client_id": "client2"}),
    "recreate": ("recreate", "akv_config", {"svm": "vs1", **WHOLE, "client_id": "client2", "allow_recreate": True}),
    "recreate in another key vault": (
        "recreate",
        "akv_config",
        {"svm": "vs1", "name": "https://b.vault.azure.net", "client_secret": "new-secret", "allow_recreate": True},
    ),
    "recreate without a secret": (
        None,
        "akv_config",
        {"svm": "vs1", "client_id": "client2", "allow_recreate": True},
    ),
    "delete": ("delete", "akv_config", {"svm": "vs1", "state": "absent"}),
    "delete the one that is meant": ("delete", "akv_config", {"svm": "vs1", "name": WHOLE["name"], "state": "absent"}),
    "delete another one": (None, "akv_config", {"svm": "vs1", "name": "https://b.vault.azure.net", "state": "absent"}),
    "delete none": ("none", "akv_config", {"svm": "vs0", "state": "absent"}),
    "delete where no SVM is": ("none", "akv_config", {"svm": "vs9", "state": "absent"}),
    "restore": ("restore", "akv_restore", {"svm": "vs3", "poll_interval": 0.1}),
    "restore nothing": ("none", "akv_restore", {"svm": "vs1"}),
    "restore by force": ("restore", "akv_restore", {"svm": "vs1", "force": True, "poll_interval": 0.1}),
    "restore without an AKV configuration": (None, "akv_restore", {"svm": "vs0"}),
}


@pytest.mark.parametrize("task", TASKS)
def test_prediction_equals_the_run(task: str) -> None:
    operation, module, options = TASKS[task]
    with Simulator(scenario=SCENARIO) as simulator:
        before = simulator.vaults()
        predicted, _warnings = call(module, simulator.connection, options, check_mode=True)
        assert {request["method"] for request in simulator.requests} == {"GET"}
        assert simulator.vaults() == before

        done, _warnings = call(module, simulator.connection, options)
        reported = ("failed", "changed", "operation", "credentials_sent", "drift", "diff")
        assert {key: predicted.get(key) for key in reported} == {key: done.get(key) for key in reported}
        assert done.get("operation") == operation
        assert done["changed"] == (operation not in (None, "none"))
        if operation is None:
            assert (predicted["outcome"], done["outcome"]) == ("unchanged", "unchanged")
        elif done["changed"] and "update_credentials" not in options and not options.get("force"):
            again, _warnings = call(module, simulator.connection, options)
            assert (again["changed"], again["operation"]) == (False, "none")
