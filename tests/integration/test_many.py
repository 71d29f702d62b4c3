# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many AKV configurations in one task: each as if it were alone, a credential tried on one first, and few requests."""

from __future__ import annotations

import json
import typing as t
from collections import Counter

import pytest
from faults.harness import Run
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from integration.running import Values, call, wait_until

from simulator import Simulator

VAULT = "https://mykeyvault.vault.azure.net/"
GOOD, BAD, OLD = "good-secret-CANARY", "bad-secret-CANARY", "initial-secret"
WHOLE = {
    "name": VAULT,
    "key_id": f"{VAULT}keys/key1",
    "client_id": "client1",
    "tenant_id": "tenant1",
    "client_secret": GOOD,
}
VAULTS = "/api/security/azure-key-vaults"


def cluster(vaults: int, more: int = 0, **settings: t.Any) -> Simulator:
    """A cluster with SVMs s1, s2 … of which the first have vaults."""
    application = {"client_id": "client1", "tenant_id": "tenant1", "secrets": [OLD, GOOD]}
    return Simulator(
        scenario={
            "svms": [{"name": f"s{number + 1}"} for number in range(vaults + more)],
            "vaults": [{"svm": f"s{number + 1}"} for number in range(vaults)],
            "azure": {"applications": [application]},
            **settings,
        }
    )


def entries(*numbers: int, **options: t.Any) -> list[Values]:
    return [{"svm": f"s{number}", **options} for number in numbers]


def configure(simulator: Simulator, vaults: list[Values], check_mode: bool = False, **beside: t.Any) -> Values:
    return call("akv_config", simulator.connection, {"vaults": vaults, **beside}, check_mode)[0]


def changes(simulator: Simulator) -> Counter[str]:
    return Counter(request["method"] for request in simulator.requests if request["method"] != "GET")


def secrets(simulator: Simulator) -> list[str]:
    """The secrets that the AKV configurations have, in the order of their SVMs' names."""
    held = sorted(simulator.vaults(), key=lambda vault: str(vault["svm"]))
    return [simulator.secret_of(vault["uuid"]) for vault in held]


def test_unchanged_vaults_cost_the_pages_of_one_request() -> None:
    with cluster(250, cluster={"page_limit": 100}) as simulator:
        result = configure(simulator, entries(*range(250, 0, -1)), name=VAULT)
    assert not result["failed"]
    assert not result["changed"]
    assert [entry["svm"]["name"] for entry in result["results"]] == [f"s{number}" for number in range(250, 0, -1)]
    assert [request["path"] for request in result["requests"]] == [VAULTS] * 3


def test_what_is_not_declared_is_returned() -> None:
    with cluster(3) as simulator:
        result = configure(simulator, [*entries(2), {"svm": "s9", "state": "absent"}], name=VAULT)
        predicted = configure(simulator, entries(1, 2, 3), True, name=VAULT)
    undeclared = [(entry["scope"], entry["svm"]["name"], entry["name"]) for entry in result["undeclared"]]
    assert undeclared == [("svm", "s1", VAULT), ("svm", "s3", VAULT)]
    assert [request["method"] for request in result["requests"]] == ["GET"]
    assert predicted["undeclared"] == []


def test_each_is_treated_separately() -> None:
    vaults = [
        {"svm": "s1", "state": "absent"},
        {"svm": "s2", "client_id": "another"},
        {"svm": "s3"},
        {"svm": "s4", **WHOLE},
        {"svm": "nowhere", **WHOLE},
        {"svm": "nothing", "state": "absent"},
    ]
    with cluster(3, more=1) as simulator:
        result = configure(simulator, vaults)
        left = sorted(vault["svm"] for vault in simulator.vaults())
    assert [entry.get("operation", entry.get("outcome")) for entry in result["results"]] == [
        *("delete", "unchanged", "none", "create", "unchanged", "none")
    ]
    assert [entry["failed"] for entry in result["results"]] == [False, True, False, False, True, False]
    assert (result["failed"], result["changed"], result["outcome"]) == (True, True, "changed")
    assert result["msg"].startswith("2 of 6 failed on 127.0.0.1: SVM s2, SVM nowhere.")
    assert "SVM nowhere does not exist" in result["results"][4]["msg"]
    assert left == ["s2", "s3", "s4"]


def test_a_new_secret_for_many_is_verified_together() -> None:
    with cluster(20) as simulator:
        result = configure(simulator, entries(*range(1, 21)), client_secret=GOOD, update_credentials="always")
        held = secrets(simulator)
    assert result["changed"]
    assert result["credentials_sent"]
    assert held == [GOOD] * 20
    # All; the release; the first alone: read, changed, verified; the others: changed, and verified together.
    assert Counter(request["method"] for request in result["requests"]) == {"GET": 5, "PATCH": 20}
    assert "CANARY" not in json.dumps(result)
    assert all(entry["available"] for entry in result["results"])


@pytest.mark.parametrize("threads", [1, 8])
def test_a_credential_that_is_refused_is_sent_once(threads: int) -> None:
    vaults = [*entries(1, 2, 3, client_secret=BAD), *entries(4, 5, client_secret=GOOD)]
    vaults.append({"svm": "s6", "update_credentials": "on_create"})
    with cluster(6) as simulator:
        result = configure(simulator, vaults, update_credentials="always", threads=threads, wait_timeout=1, retries=0)
        assert changes(simulator) == {"PATCH": 3}
        assert secrets(simulator)[1:] == [OLD, OLD, GOOD, GOOD, OLD]
    reported = result["results"]
    assert [entry["failed"] for entry in reported] == [True, True, True, False, False, False]
    assert [entry["outcome"] for entry in reported[1:3]] == ["unchanged", "unchanged"]
    assert "untouched: the credential for it failed on" in reported[1]["msg"]
    assert "CANARY" not in json.dumps(result)


def test_a_vault_that_becomes_unavailable_saves_the_others() -> None:
    """ONTAP takes the credential untried, and says only later that it is no good."""
    with cluster(3, cluster={"release": "9.16.1"}) as simulator:
        result = configure(
            simulator,
            entries(1, 2, 3, client_secret=BAD),
            update_credentials="always",
            skip_verification=True,
            wait_timeout=1,
        )
        assert changes(simulator) == {"PATCH": 1}
        assert secrets(simulator) == [BAD, OLD, OLD]
    assert [entry["outcome"] for entry in result["results"]] == ["changed", "unchanged", "unchanged"]
    assert "is not healthy in time" in result["results"][0]["msg"]


def test_configurations_of_one_svm_go_one_after_the_other() -> None:
    green = {"svm": "s1", "configuration": "green"}
    with cluster(1, cluster={"release": "9.14.1"}) as simulator:
        created = configure(simulator, [{**green, **WHOLE}, {"svm": "s1", "name": VAULT}])
        switched = configure(simulator, [{**green, "enabled": True}, {"svm": "s1", "client_id": "client1"}])
    assert [entry["operation"] for entry in created["results"]] == ["create", "none"]
    assert created["results"][0]["configuration"] == {"name": "green"}
    assert [entry["operation"] for entry in switched["results"]] == ["enable", "none"]


def test_check_mode_reports_what_the_run_then_does() -> None:
    vaults = [{"svm": "s1", "state": "absent"}, {"svm": "s2"}, {"svm": "s3", **WHOLE}]
    with cluster(2, more=1) as simulator:
        reported = configure(simulator, vaults, check_mode=True)
        assert changes(simulator) == {}
        done = configure(simulator, vaults)
    assert [entry["operation"] for entry in reported["results"]] == [entry["operation"] for entry in done["results"]]
    assert reported["diff"] == done["diff"]
    assert len(reported["diff"]) == 3
    assert reported["msg"] == "2 of 3 AKV configurations would be changed on 127.0.0.1 (1 delete, 1 create)."
    assert done["msg"] == "2 of 3 AKV configurations changed on 127.0.0.1 (1 delete, 1 create)."


def test_an_empty_list_sends_nothing() -> None:
    with cluster(1) as simulator:
        result = configure(simulator, [])
        assert simulator.requests == []
    assert (result["changed"], result["results"], result["msg"]) == (False, [], "vaults is empty. Nothing to do.")


BAD_INPUT = {
    "threads: 0 is out of range. Give 1 to 64.": {"vaults": [], "threads": 0},
    "threads: 65 is out of range. Give 1 to 64.": {"vaults": [], "threads": 65},
    "vaults: cannot be combined with svm: s1.": {"vaults": entries(1), "svm": "s1"},
    "vaults: cannot be combined with scope: cluster.": {"vaults": entries(1), "scope": "cluster"},
    "vaults[0] (svm: s1) and vaults[2] (svm: s1) are the same AKV configuration.": {"vaults": entries(1, 2, 1)},
    "vaults[1]: svm, svm_uuid, scope: one is required.": {"vaults": [{"svm": "s1"}, {"state": "absent"}]},
    "vaults[1] (svm: s2): key_id: 'x' ": {"vaults": [{"svm": "s1"}, {"svm": "s2", "key_id": "x"}]},
}
BAD_INPUT_OF_A_CLUSTER = {
    "vaults[1] (svm: s3): There is no AKV configuration of SVM s3 yet, and creating it needs": {
        "vaults": [{"svm": "s1", "state": "absent"}, {"svm": "s3", "name": VAULT}]
    },
    "vaults[1] (svm: s2): Nothing was deleted: creating the AKV configuration of SVM s2 again needs": {
        "vaults": [{"svm": "s1", "state": "absent"}, {"svm": "s2", "tenant_id": "other", "allow_recreate": True}]
    },
    "vaults[1] (svm: s2): oauth_host: needs ONTAP 9.14.1 or later": {
        "vaults": [{"svm": "s1", "state": "absent"}, {"svm": "s2", "oauth_host": "login.microsoftonline.com"}]
    },
}


@pytest.mark.parametrize("said", BAD_INPUT)
def test_bad_input_is_refused_before_any_request(said: str) -> None:
    with cluster(2, more=1) as simulator:
        result = call("akv_config", simulator.connection, BAD_INPUT[said])[0]
        assert simulator.requests == []
    assert result["failed"]
    assert said in result["msg"]
    assert result["outcome"] == "unchanged"


@pytest.mark.parametrize("said", BAD_INPUT_OF_A_CLUSTER)
def test_bad_input_that_a_cluster_shows_is_refused_before_any_change(said: str) -> None:
    with cluster(2, more=1) as simulator:
        result = call("akv_config", simulator.connection, BAD_INPUT_OF_A_CLUSTER[said])[0]
        assert changes(simulator) == {}
    assert result["failed"]
    assert said in result["msg"]
    assert result["outcome"] == "unchanged"


def test_one_svm_by_name_and_by_uuid_is_one_vault() -> None:
    with cluster(1) as simulator:
        uuid = call("akv_info", simulator.connection, {})[0]["vaults"][0]["svm"]["uuid"]
        result = configure(simulator, [{"svm": "s1"}, {"svm_uuid": uuid}], state="absent")
        assert changes(simulator) == {}
    assert f"vaults[0] (svm: s1) and vaults[1] (svm_uuid: {uuid}) are the same AKV configuration." in result["msg"]
    (problem,) = result["problems"]
    assert (problem["entry"], problem["svm_uuid"]) == (1, uuid)


def test_each_bad_entry_has_its_problem() -> None:
    bad = [{"svm": "s1", "key_id": "x"}, {"svm": "s2"}, {"scope": "cluster", "key_id": "y"}, {"state": "absent"}]
    with cluster(2) as simulator:
        result = configure(simulator, bad)
    assert [(each["entry"], each.get("svm"), each.get("scope")) for each in result["problems"]] == [
        (0, "s1", None),
        (2, None, "cluster"),
        (3, None, None),
    ]
    assert all(each["msg"] in result["msg"] and "vaults[" not in each["msg"] for each in result["problems"])


def test_a_lost_answer_does_not_touch_the_others() -> None:
    fault = {"match": {"method": "PATCH", "nth": 3}, "reset": {"when": "after"}}
    with cluster(6, faults=[fault]) as simulator:
        result = configure(simulator, entries(*range(1, 7)), client_secret=GOOD, update_credentials="always")
        held = secrets(simulator)
    assert not result["failed"]
    assert held == [GOOD] * 6


def test_killed_in_the_middle_and_run_again() -> None:
    options = {"vaults": entries(*range(1, 13), **WHOLE), "threads": 2}
    slow = {"match": {"method": "POST", "times": 0}, "latency": {"seconds": 0.1}}
    with cluster(0, more=12, faults=[slow]) as simulator:
        process = Run("akv_config", **options, **simulator.connection)
        wait_until(lambda: changes(simulator)["POST"] >= 5)
        process.kill()
        left = len(simulator.vaults())
        again = call("akv_config", simulator.connection, options)[0]
        held = secrets(simulator)
    assert left < 12
    assert not again["failed"]
    assert held == [GOOD] * 12


OPTIONS = st.fixed_dictionaries(
    {"state": st.sampled_from(["present", "absent"])},
    optional={
        "name": st.sampled_from([VAULT, "https://MYKEYVAULT.vault.azure.net"]),
        "key_id": st.sampled_from([f"{VAULT}keys/key1", f"{VAULT}keys/other"]),
        "client_secret": st.just(GOOD),
        "update_credentials": st.sampled_from(["always", "on_create"]),
        "allow_recreate": st.booleans(),
        "wait": st.booleans(),
    },
    # What creating needs, and a secret to send always, are asked of all before the first is changed: see
    # BAD_INPUT_OF_A_CLUSTER.
).filter(lambda options: "client_secret" in options or not ({"allow_recreate", "update_credentials"} & set(options)))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(OPTIONS, min_size=1, max_size=4))
def test_many_do_what_each_would_do_alone(options: list[Values]) -> None:
    vaults = [{"svm": f"s{number + 1}", **option} for number, option in enumerate(options)]
    with cluster(4) as simulator:
        together = configure(simulator, vaults)
        held = secrets(simulator)
    with cluster(4) as simulator:
        alone = [call("akv_config", simulator.connection, vault)[0] for vault in vaults]
        assert secrets(simulator) == held
    for one, other in zip(together["results"], alone):
        assert [one[key] for key in ("changed", "failed", "msg")] == [
            other[key] for key in ("changed", "failed", "msg")
        ]
        assert one.get("operation") == other.get("operation")
    assert together["failed"] == any(result["failed"] for result in alone)
    assert together["changed"] == any(result["changed"] for result in alone)


def test_many_svms_are_restored() -> None:
    with cluster(4) as simulator:
        simulator.apply([{"lose_keys": {"svm": name, "nodes": ["node1"]}} for name in ("s2", "s4")])
        reported = call("akv_restore", simulator.connection, {"svms": ["s4", "s1", "s2"]}, True)[0]
        assert changes(simulator) == {}
        done = call("akv_restore", simulator.connection, {"svms": ["s4", "s1", "s2", "s9"]})[0]
        again = call("akv_restore", simulator.connection, {"svms": ["s4", "s1", "s2"]})[0]
        assert changes(simulator) == {"POST": 2}
    assert [entry["operation"] for entry in reported["results"]] == ["restore", "none", "restore"]
    assert reported["msg"] == "The keys of 2 of 3 SVMs would be restored on 127.0.0.1."
    assert [entry["failed"] for entry in done["results"]] == [False, False, False, True]
    assert (done["failed"], done["changed"], done["outcome"]) == (True, True, "changed")
    assert "SVM s9 does not exist" in done["results"][3]["msg"]
    assert not again["changed"]
    assert [entry["available"] for entry in again["results"]] == [True] * 3


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"svms": ["s1"], "svm": "s2"}, "svms: cannot be combined with svm: s2."),
        ({"svms": ["s1", "s1"]}, "svms: s1 is given twice."),
        ({"svms": ["s1", " "]}, "svms[1]: svm: is empty."),
        ({"svms": ["s1"], "threads": 0}, "threads: 0 is out of range. Give 1 to 64."),
    ],
)
def test_bad_input_of_a_restore(options: Values, said: str) -> None:
    with cluster(2) as simulator:
        result = call("akv_restore", simulator.connection, options)[0]
        assert simulator.requests == []
    assert result["failed"]
    assert said in result["msg"]


def test_what_is_as_declared_is_said_so_in_a_run_and_in_check_mode() -> None:
    with cluster(2) as simulator:
        simulator.apply([{"lose_keys": {"svm": "s2", "nodes": ["node1"]}}])
        results = [configure(simulator, [{"svm": "s1"}, {"svm": "s2"}], check_mode=how) for how in (False, True)]
        alone = configure(simulator, [{"svm": "s1"}])
    says = "2 of 2 AKV configurations match the task on 127.0.0.1, but 1 not available on every node. See results."
    assert [result["msg"] for result in results] == [says, says]
    assert alone["msg"] == "1 of 1 AKV configurations match the task on 127.0.0.1."


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_failure_says_what_became_of_the_others(check_mode: bool) -> None:
    with cluster(1, more=1) as simulator:
        result = configure(simulator, [{**WHOLE, "svm": name} for name in ("s2", "s3")], check_mode)
        assert bool(changes(simulator)) is not check_mode
    assert result["changed"] is True
    assert result["outcome"] == ("unchanged" if check_mode else "changed")
    assert result["msg"].startswith("1 of 2 failed on 127.0.0.1: SVM s3. First error: SVM s3 does not exist")
    assert result["msg"].endswith(" Nothing was sent." if check_mode else " The other 1 succeeded.")
