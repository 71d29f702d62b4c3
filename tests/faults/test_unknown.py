# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a cluster does not say is unknown: a field that it leaves out, a page that comes late and empty, a thing that a
login may not read."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from faults.catalogue import SECRET, VAULTS, WHOLE
from faults.in_process import LOGIN, Ontap, Played, Send, assert_true_outcome, play

from ansible_collections.ontap.akv.plugins.module_utils._akv.record import COMPARED
from ansible_collections.ontap.akv.plugins.module_utils._http.transport import Answer

EVERY: dict[str, Any] = {
    **WHOLE,
    "proxy_type": "http",
    "proxy_host": "proxy1",
    "proxy_port": 8080,
    "proxy_username": "user1",
    "proxy_password": "canary-Proxy8Q~word",
    "oauth_host": "login.example.com",
    "vault_host": "vault.example.com",
    "port": 8443,
    "verify_host": False,
    "verify_ip": True,
}
OLD = {"client_secret": "canary-Older8Q~secret", "proxy_password": "canary-Older8Q~word"}
IDENTITY = ("svm", "scope", "enabled", "configuration", "uuid")
HOW = ("missing", "null")
SLOW = 8  # seconds: more than half of return_timeout


def cluster(*faults: dict[str, Any], release: str = "9.16.1", vaults: int = 1, **scenario: Any) -> Ontap:
    ontap = Ontap(release, faults=list(faults), **scenario)
    ontap.apply(*({"create_vault": {**EVERY, "svm": f"vs{number}"}} for number in range(vaults)))
    return ontap


def without(name: str, how: str) -> dict[str, Any]:
    return {"match": {"method": "GET", "path": VAULTS, "times": 0}, "without": {"fields": [name], "how": how}}


def changes(played: Played) -> list[str]:
    return [method for method, _target, _body in played.sent if method != "GET"]


def said(played: Played) -> str:
    return " ".join([str(played.result.get("msg")), *played.warnings])


# -- fields ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("many", [False, True], ids=["one", "many"])
@pytest.mark.parametrize("update", ["on_create", "when_unavailable"])
@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("name", [*COMPARED, *IDENTITY])
def test_a_field_that_is_not_reported_changes_nothing(name: str, how: str, update: str, many: bool) -> None:
    ontap = cluster(without(name, how))
    before = ontap.picture()
    declared = {**EVERY, **OLD, "update_credentials": update, "allow_recreate": True}
    options = {"vaults": [declared]} if many else declared
    for check_mode in (True, False):
        played = play("akv_config", {**LOGIN, **options}, ontap.send, check_mode)
        assert_true_outcome(played)
        assert changes(played) == []
        assert ontap.picture() == before
        if name in COMPARED:
            assert not played.failed, played.result["msg"]
            assert f"does not report {name} of" in said(played)
    if name in ("svm", "uuid"):
        assert played.failed
        assert name in said(played).lower()


def without_one_uuid(ontap: Ontap, svm: str, how: str) -> Send:
    """Leave out the uuid of one SVM's configuration alone."""

    def send(method: str, target: str, body: Any) -> Answer:
        answer = ontap.send(method, target, body)
        content = json.loads(answer.content or b"{}")
        for record in content.get("records", []) if VAULTS in target else []:
            if record["svm"]["name"] == svm and how == "missing":
                del record["uuid"]
            elif record["svm"]["name"] == svm:
                record["uuid"] = None
        return Answer(answer.status, answer.headers, json.dumps(content).encode())

    return send


CLIENT = {"client_id": WHOLE["client_id"], "client_secret": "canary-Newer8Q~secret"}


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize(
    ("module", "options"),
    [
        ("akv_config", {"vaults": [{**EVERY, "svm": "vs0"}]}),
        ("akv_config", {"vaults": [{"svm": "vs0", "state": "absent"}]}),
        ("akv_restore", {"svms": ["vs0"]}),
        ("akv_credential", {**CLIENT, "svms": ["vs0"]}),
    ],
)
def test_a_uuid_that_is_not_reported_concerns_its_scope_alone(module: str, options: dict[str, Any], how: str) -> None:
    ontap = cluster(vaults=2)
    mine = play(module, {**LOGIN, **options}, without_one_uuid(ontap, "vs1", how))
    assert_true_outcome(mine)
    assert not mine.failed, mine.result["msg"]
    before = ontap.picture()
    of_other = json.loads(json.dumps(options).replace("vs0", "vs1"))
    other = play(module, {**LOGIN, **of_other}, without_one_uuid(ontap, "vs1", how))
    assert_true_outcome(other)
    assert other.failed
    assert "uuid" in said(other)
    assert "vs1" in said(other)
    assert ontap.picture() == before


@pytest.mark.parametrize("many", [False, True], ids=["one", "many"])
def test_a_secret_in_a_job_that_vanishes_is_warned_of(many: bool) -> None:
    ontap = cluster()
    ontap.apply({"fail_next_job": {"ends": "vanishes", "effect": False}})
    entry = {"svm": "vs0", "client_secret": CLIENT["client_secret"], "update_credentials": "always"}
    played = play("akv_config", {**LOGIN, **({"vaults": [entry]} if many else entry)}, ontap.send)
    assert_true_outcome(played)
    assert "ONTAP may still have the previous credential" in said(played)


@pytest.mark.parametrize("how", HOW)
def test_a_rotation_over_all_stops_where_a_uuid_is_not_reported(how: str) -> None:
    ontap = cluster(vaults=2)
    played = play("akv_credential", {**LOGIN, **CLIENT}, without_one_uuid(ontap, "vs1", how))
    assert_true_outcome(played)
    assert played.result["stopped_by"] == "not_reported"
    assert changes(played) == []


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("options", [{}, {"svms": ["vs0", "vs1"]}, {"scope": "svm"}])
def test_a_repair_of_the_others_goes_on_where_a_uuid_is_not_reported(
    options: dict[str, Any], how: str, check_mode: bool
) -> None:
    ontap = cluster(vaults=2)
    ontap.apply({"lose_keys": {"svm": "vs0"}}, {"lose_keys": {"svm": "vs1"}})
    played = play("akv_repair", {**LOGIN, **options}, without_one_uuid(ontap, "vs1", how), check_mode)
    assert_true_outcome(played)
    assert played.failed
    assert "does not report the uuid of the AKV configuration of SVM vs1" in played.result["msg"]
    assert "All AKV configurations" not in played.result["msg"]
    assert len(changes(played)) == (0 if check_mode else 1)
    assert [vault["svm"]["name"] for vault in played.result["vaults"]] == ["vs0"]
    assert [vault["restore"] for vault in played.result["vaults"]] == ["restored"]


@pytest.mark.parametrize("how", HOW)
def test_a_repair_of_what_cannot_be_named_is_not_a_success(how: str) -> None:
    for options in ({}, {"svm": "vs0"}):
        ontap = cluster(without("uuid", how))
        played = play("akv_repair", {**LOGIN, **options}, ontap.send)
        assert_true_outcome(played)
        assert played.failed
        assert "does not report the uuid of the AKV configuration of SVM vs0" in played.result["msg"]
        assert changes(played) == []


@pytest.mark.parametrize("how", HOW)
def test_akv_info_returns_a_configuration_without_its_uuid(how: str) -> None:
    ontap = cluster(vaults=2)
    played = play("akv_info", LOGIN, without_one_uuid(ontap, "vs1", how))
    assert not played.failed
    assert [vault["svm"]["name"] for vault in played.result["vaults"]] == ["vs0", "vs1"]
    assert "uuid" not in played.result["vaults"][1]
    assert "does not report the uuid of the AKV configuration of SVM vs1" in said(played)


@pytest.mark.parametrize("name", [5, ["x"], {}, True])
@pytest.mark.parametrize(("holder", "field"), [("svm", "name"), ("svm", "uuid"), ("configuration", "name")])
@pytest.mark.parametrize(
    ("module", "options"),
    [
        ("akv_config", EVERY),
        ("akv_config", {"vaults": [EVERY]}),
        ("akv_credential", CLIENT),
        ("akv_info", {}),
        ("akv_repair", {}),
        ("akv_restore", {"svms": ["vs0"]}),
    ],
)
def test_a_name_that_is_not_text_is_refused(
    module: str, options: dict[str, Any], holder: str, field: str, name: Any
) -> None:
    ontap = cluster()

    def send(method: str, target: str, body: Any) -> Answer:
        answer = ontap.send(method, target, body)
        content = json.loads(answer.content or b"{}")
        for record in content.get("records", []) if VAULTS in target else []:
            record[holder] = {**record.get(holder, {}), field: name}
        return Answer(answer.status, answer.headers, json.dumps(content).encode())

    played = play(module, {**LOGIN, **options}, send)
    assert_true_outcome(played)
    assert changes(played) == []
    assert f"{holder}.{field} in an unexpected form" in said(played)


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("name", ["name", "key_id", "svm", "uuid"])
def test_what_may_be_another_configuration_is_not_deleted(name: str, how: str) -> None:
    ontap = cluster(without(name, how))
    absent = {"svm": "vs0", "state": "absent", "name": WHOLE["name"], "key_id": WHOLE["key_id"]}
    played = play("akv_config", {**LOGIN, **absent}, ontap.send)
    assert played.failed
    assert changes(played) == []
    assert name in said(played).lower()


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("name", ["enabled", "configuration"])
def test_of_several_configurations_none_is_guessed(name: str, how: str) -> None:
    ontap = cluster(without(name, how))
    ontap.apply({"create_vault": {**EVERY, "configuration": "green", "enabled": False}})
    before = ontap.picture()
    for options in (
        {"state": "absent"},
        {"state": "absent", "configuration": "green"},
        {"configuration": "green", "enabled": True},
        {"configuration": "blue", **EVERY},
    ):
        if name == "enabled" and "blue" in options.values():
            continue
        played = play("akv_config", {**LOGIN, "svm": "vs0", **options}, ontap.send)
        assert_true_outcome(played)
        assert changes(played) == []
        assert ontap.picture() == before
        assert name in said(played) or "Set configuration to the one" in said(played)


@pytest.mark.parametrize("how", HOW)
def test_a_rekey_to_a_key_that_may_be_in_use_is_not_sent(how: str) -> None:
    options = {"svm": "vs0", "type": "external", "key_id": WHOLE["key_id"]}
    played = play("akv_rekey", {**LOGIN, **options}, cluster(without("key_id", how)).send)
    assert played.failed
    assert changes(played) == []
    assert "does not report key_id" in said(played)


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("many", [False, True], ids=["one", "many"])
def test_keys_of_an_unknown_svm_are_not_restored(many: bool, how: str) -> None:
    ontap = cluster(without("svm", how))
    ontap.apply({"lose_keys": {"svm": "vs0"}})
    played = play("akv_restore", {**LOGIN, **({"svms": ["vs0"]} if many else {"svm": "vs0"})}, ontap.send)
    assert played.failed
    assert changes(played) == []


def test_one_record_without_an_svm_does_not_stop_the_others() -> None:
    ontap = cluster(vaults=2)

    def send(method: str, target: str, body: Any) -> Any:
        answer = ontap.send(method, target, body)
        return answer._replace(content=answer.content.replace(b'"name":"vs1"', b'"name":null'))

    entries = [{**EVERY, **OLD}, {**EVERY, **OLD, "svm": "vs1"}]
    played = play("akv_config", {**LOGIN, "vaults": entries}, send)
    assert [result["failed"] for result in played.result["results"]] == [False, True]


# -- SVMs --------------------------------------------------------------------------------------------------------------

NO_SVM = "SVM vs00 does not exist on cluster1. Similar names: vs0"


@pytest.mark.parametrize("options", [{"svm": "vs00"}, {"svm_uuid": "00000000-0000-0000-0000-000000000000"}])
def test_akv_info_of_an_svm_that_does_not_exist_says_so(options: dict[str, str]) -> None:
    played = play("akv_info", {**LOGIN, **options}, cluster().send)
    assert (played.failed, played.result["vaults"]) == (False, [])
    (warning,) = played.warnings
    assert "does not exist on cluster1" in warning
    assert NO_SVM in warning or "svm" not in options
    readings = [target.partition("?")[0] for _method, target, _body in played.sent]
    assert readings == ["/api/security/azure-key-vaults", "/api/svm/svms"] or readings[0] == "/api/cluster"


def test_akv_info_of_an_svm_without_a_configuration_is_quiet() -> None:
    assert play("akv_info", {**LOGIN, "svm": "vs1"}, cluster().send).warnings == []


@pytest.mark.parametrize(
    "options",
    [
        *({"fields": value} for value in ([], "", ",", [""])),
        *({"query": value} for value in ({}, {"svm.name": ""}, {"svm.name": " , "}, {"name": "|"}, {"name": []})),
    ],
    ids=repr,
)
def test_a_filter_of_akv_info_that_names_nothing_is_refused(options: dict[str, Any]) -> None:
    played = play("akv_info", {**LOGIN, **options}, cluster().send)
    assert_true_outcome(played)
    assert (played.failed, played.sent) == (True, [])
    assert re.match(rf"{next(iter(options))}: ", played.result["msg"])


@pytest.mark.parametrize("named", [[], "", ",", " , ", [""], [" ", ""]], ids=repr)
@pytest.mark.parametrize("module", ["akv_restore", "akv_credential", "akv_repair"])
def test_a_list_that_names_no_svm_is_refused(module: str, named: Any) -> None:
    options = {"svms": named, **(CLIENT if module == "akv_credential" else {})}
    played = play(module, {**LOGIN, **options}, cluster().send)
    assert_true_outcome(played)
    assert (played.failed, played.sent) == (True, [])
    assert re.match(r"svms: (is empty|.*names no SVM)\. Name an SVM, or leave svms out ", played.result["msg"])


# -- pages -------------------------------------------------------------------------------------------------------------

EMPTY = {"match": {"method": "GET", "path": VAULTS}, "empty_page": {}}
LOOKS: dict[str, tuple[str, dict[str, Any]]] = {
    "present": ("akv_config", {**EVERY}),
    "present, many": ("akv_config", {"vaults": [EVERY]}),
    "absent, check mode": ("akv_config", {"svm": "vs0", "state": "absent"}),
    "restore": ("akv_restore", {"svm": "vs0"}),
    "restore, many": ("akv_restore", {"svms": ["vs0"]}),
    "info": ("akv_info", {}),
    "info of an SVM": ("akv_info", {"svm": "vs0"}),
}


@pytest.mark.parametrize("name", LOOKS)
def test_a_late_and_empty_page_does_not_prove_that_there_are_none(name: str) -> None:
    module, options = LOOKS[name]
    check_mode = "check mode" in name
    sound = play(module, {**LOGIN, **options}, cluster().send, check_mode)
    slow = play(module, {**LOGIN, **options}, cluster(EMPTY).send, check_mode, seconds=SLOW)
    assert not slow.failed, slow.result["msg"]
    assert changes(slow) == []
    assert len(slow.sent) == len(sound.sent) + 1
    assert {**slow.result, "requests": []} == {**sound.result, "requests": []}


def test_none_is_created_twice_and_none_is_left_on_a_slow_cluster() -> None:
    absent = {**LOGIN, "svm": "vs0", "state": "absent"}
    played = play("akv_config", absent, cluster(EMPTY).send, seconds=SLOW)
    assert (played.result["operation"], changes(played)) == ("delete", ["DELETE"])


@pytest.mark.parametrize(("seconds", "readings"), [(0.01, 1), (7, 1), (SLOW, 2)])
def test_none_is_confirmed_only_where_the_page_came_late(seconds: float, readings: int) -> None:
    ontap = Ontap("9.7")
    played = play("akv_config", {**LOGIN, "svm": "vs0", "state": "absent"}, ontap.send, seconds=seconds)
    assert played.result["operation"] == "none"
    assert len(played.sent) == readings
    assert all("return_timeout=15" in target for _method, target, _body in played.sent)


# -- what a login may not read ----------------------------------------------------------------------------------------


def forbidden(path: str, status: int = 403) -> dict[str, Any]:
    return {"match": {"method": "GET", "path": path, "times": 0}, "error": {"code": 6, "status": status}}


READS: dict[str, tuple[str, dict[str, Any], str]] = {
    "release, info": ("akv_info", {}, "/api/cluster"),
    "release, health monitor": ("akv_info", {"health_monitor": True}, "/api/cluster"),
    "release, rotation": ("akv_config", {**EVERY, "update_credentials": "always"}, "/api/cluster"),
    "release, repair": ("akv_config", {**EVERY, "update_credentials": "when_unavailable"}, "/api/cluster"),
    "release, a field": ("akv_config", {**EVERY, "proxy_port": 9090}, "/api/cluster"),
    "release, an option of a later release": ("akv_config", {**EVERY, "verify_ip": False}, "/api/cluster"),
    "release, rekey": (
        "akv_rekey",
        {"svm": "vs0", "type": "external", "key_id": f"{WHOLE['key_id']}2"},
        "/api/cluster",
    ),
    "key-stores, rekey": (
        "akv_rekey",
        {"svm": "vs0", "type": "external", "key_id": f"{WHOLE['key_id']}2"},
        "/api/security/key-stores",
    ),
    "key-stores, delete": ("akv_config", {"svm": "vs0", "state": "absent"}, "/api/security/key-stores"),
    "volumes": ("akv_info", {"volumes": True}, "/api/storage/volumes"),
    "polling interval": ("akv_info", {"health_monitor": True}, "/api/security/key-manager-configs"),
    "jobs, restore": ("akv_restore", {"svm": "vs0", "force": True}, "/api/cluster/jobs*"),
    "jobs, rekey": (
        "akv_rekey",
        {"svm": "vs0", "type": "external", "key_id": f"{WHOLE['key_id']}2"},
        "/api/cluster/jobs*",
    ),
}


@pytest.mark.parametrize("status", [403, 404])
@pytest.mark.parametrize("name", READS)
def test_what_a_login_may_not_read_is_lost_alone(name: str, status: int) -> None:
    module, options, path = READS[name]
    sound = play(module, {**LOGIN, **options}, cluster().send)
    assert not sound.failed, sound.result["msg"]
    played = play(module, {**LOGIN, **options}, cluster(forbidden(path, status)).send)
    assert not played.failed, played.result["msg"]
    assert changes(played) == changes(sound)
    if not name.startswith("jobs"):
        assert len(played.warnings) > len(sound.warnings)


def test_in_check_mode_a_deletion_warns_where_the_volumes_cannot_be_read() -> None:
    ontap = cluster(forbidden("/api/storage/volumes"))
    played = play("akv_config", {**LOGIN, "svm": "vs0", "state": "absent"}, ontap.send, check_mode=True)
    assert not played.failed
    assert "Whether encrypted volumes need the keys is not known." in said(played)


# -- jobs --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason_in", ["both", "error", "message"])
def test_a_failed_job_says_why_wherever_ontap_says_it(reason_in: str) -> None:
    ontap = cluster()
    ontap.apply({"lose_keys": {"svm": "vs0"}})
    ontap.apply({"fail_next_job": {"code": 65537504, "message": "The disk of node7 is full.", "reason_in": reason_in}})
    played = play("akv_restore", {**LOGIN, "svm": "vs0"}, ontap.send)
    assert "failed: The disk of node7 is full (code 65537504, job failure)." in played.result["msg"]
    assert played.result["error"] == {"code": "65537504", "message": "The disk of node7 is full."}
    assert played.result["job"]["message"] == "The disk of node7 is full."


# -- check mode --------------------------------------------------------------------------------------------------------

VOLUME = {"svm": "vs0", "name": "v0", "encrypted": True}
OTHER_KEY = {"client_id": "client2", "allow_recreate": True}
REFUSED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "delete with volumes": ({"volumes": [VOLUME]}, {"svm": "vs0", "state": "absent"}, "9.7"),
    "recreate with volumes": ({"volumes": [VOLUME]}, {**WHOLE, **OTHER_KEY}, "9.7"),
    "create on no SVM": ({}, {**WHOLE, "svm": "vs9"}, "9.7"),
    "create beside a key manager": (
        {"key_managers": [{"svm": "vs1", "type": "external"}]},
        {**WHOLE, "svm": "vs1"},
        "9.7",
    ),
    "create beside a key-store": (
        {"key_managers": [{"svm": "vs1", "type": "external"}]},
        {**WHOLE, "svm": "vs1"},
        "9.16.1",
    ),
}


@pytest.mark.parametrize("many", [False, True], ids=["one", "many"])
@pytest.mark.parametrize("name", REFUSED)
def test_check_mode_fails_with_the_sentence_of_the_run(name: str, many: bool) -> None:
    scenario, declared, release = REFUSED[name]
    options = {"vaults": [declared]} if many else declared
    played = []
    for check_mode in (True, False):
        ontap = Ontap(release, **scenario)
        ontap.apply({"create_vault": WHOLE})
        played.append(play("akv_config", {**LOGIN, **options}, ontap.send, check_mode))
    predicted, done = played
    assert predicted.failed
    assert done.failed
    assert changes(predicted) == []
    first = done.result["msg"].partition(" (Creating")[0]
    assert first in predicted.result["msg"] or many
    if not many and "volumes" in name:
        assert predicted.result["msg"] == done.result["msg"]
        assert predicted.result["error"]["code"] == done.result["error"]["code"] == "65536867"


def test_a_cluster_s_own_configuration_is_needed_by_svms_without_a_key_manager() -> None:
    cluster_vault = {name: value for name, value in WHOLE.items() if name != "svm"}
    for svm, refused in (("vs0", False), ("vs1", True)):
        ontap = Ontap("9.10.1", volumes=[{"svm": svm, "name": "v0", "encrypted": True}])
        ontap.apply({"create_vault": WHOLE}, {"create_vault": {**cluster_vault, "scope": "cluster"}})
        options = {"scope": "cluster", "state": "absent"}
        assert play("akv_config", {**LOGIN, **options}, ontap.send, check_mode=True).failed is refused
        assert play("akv_config", {**LOGIN, **options}, ontap.send).failed is refused


def test_a_plan_id_is_the_same_in_check_mode_and_in_the_run() -> None:
    rotation = {**EVERY, "update_credentials": "always"}
    tasks: list[tuple[str, dict[str, Any]]] = [
        ("akv_config", EVERY),
        ("akv_config", rotation),
        ("akv_config", {"vaults": [rotation]}),
        ("akv_config", {"svm": "vs0", "state": "absent"}),
        ("akv_restore", {"svm": "vs0", "force": True}),
        ("akv_restore", {"svms": ["vs0"], "force": True}),
        ("akv_rekey", {"svm": "vs0", "type": "internal"}),
    ]
    seen = set()
    for module, options in tasks:
        ids = [
            play(module, {**LOGIN, **options}, ontap.send, check_mode).result["plan_id"]
            for ontap in [cluster()]
            for check_mode in (True, False)
        ]
        assert ids[0] == ids[1]
        seen.add(ids[0])
    assert len(seen) == len(tasks)


# -- a credential ------------------------------------------------------------------------------------------------------

REFUSES = {"match": {"method": "PATCH|POST", "times": 3}, "error": {"code": 65537540, "status": 400}}
CREDENTIAL: dict[str, tuple[dict[str, Any], int]] = {
    "update": ({**EVERY, "update_credentials": "always"}, 1),
    "create": (WHOLE, 0),
}


@pytest.mark.parametrize("many", [False, True], ids=["one", "many"])
@pytest.mark.parametrize("name", CREDENTIAL)
def test_a_new_secret_is_sent_again_for_as_long_as_the_task_says(name: str, many: bool) -> None:
    declared, vaults = CREDENTIAL[name]
    for grace, failed, sent in ((60, False, 4), (0, True, 1)):
        ontap = cluster(REFUSES, vaults=vaults)
        options = {"vaults": [declared]} if many else declared
        played = play("akv_config", {**LOGIN, **options, "credential_grace": grace}, ontap.send)
        assert played.failed is failed
        assert len(changes(played)) == sent
        if failed:
            assert "younger than two minutes" in played.result["msg"]
            assert played.result["outcome"] == "unchanged"


@pytest.mark.parametrize("many", [False, True], ids=["one", "many"])
@pytest.mark.parametrize("create", [False, True], ids=["update", "create"])
def test_a_refusal_in_a_job_is_sent_again_as_long_as_the_task_says(create: bool, many: bool) -> None:
    declared = {**EVERY, "svm": "vs0", "update_credentials": "always"}
    for grace, failed, sent in ((60, False, 4), (0, True, 1)):
        ontap = cluster(vaults=0 if create else 1)
        ontap.apply({"fail_next_job": {"code": 65537540, "times": 3}})
        options = {"vaults": [declared]} if many else declared
        played = play("akv_config", {**LOGIN, **options, "credential_grace": grace}, ontap.send)
        assert played.failed is failed, played.result["msg"]
        assert changes(played).count("POST" if create else "PATCH") == sent
        if failed:
            assert "younger than two minutes" in said(played)
            assert played.result["outcome"] == "unchanged"


def test_a_create_that_a_job_refuses_after_it_was_made_is_not_sent_again() -> None:
    ontap = cluster(vaults=0)
    ontap.apply({"fail_next_job": {"code": 65537540, "effect": True}})
    played = play("akv_config", {**LOGIN, **EVERY, "svm": "vs0", "credential_grace": 60}, ontap.send)
    assert played.failed
    assert changes(played) == ["POST"]
    assert played.result["outcome"] == "changed"


@pytest.mark.parametrize("effect", [True, False])
@pytest.mark.parametrize("many", [False, True], ids=["one", "many"])
def test_a_failed_job_of_a_secret_leaves_the_outcome_unknown(many: bool, effect: bool) -> None:
    ontap = cluster()
    ontap.apply({"fail_next_job": {"ends": "cancelled", "effect": effect}})
    entry = {"svm": "vs0", "client_secret": CLIENT["client_secret"], "update_credentials": "always"}
    played = play("akv_config", {**LOGIN, **({"vaults": [entry]} if many else entry)}, ontap.send)
    assert_true_outcome(played)
    assert played.failed
    assert played.result["outcome"] == "unknown"
    assert "ONTAP may have the new or the previous client_secret" in said(played)


def test_a_job_that_can_not_be_read_is_not_a_refusal_of_its_change() -> None:
    ontap = cluster(vaults=0)
    sent: list[str] = []

    def send(method: str, target: str, body: Any) -> Answer:
        sent.append(method)
        answer = ontap.send(method, target, body)
        if target.startswith("/api/cluster/jobs"):
            return Answer(400, answer.headers, b'{"error": {"code": "65537540", "message": "no"}}')
        return answer

    played = play("akv_config", {**LOGIN, **EVERY, "svm": "vs0", "credential_grace": 60}, send)
    assert played.failed
    assert sent.count("POST") == 1
    assert played.result["outcome"] == "unknown"


def test_a_credential_is_tried_no_longer_than_the_grace_and_the_task_last() -> None:
    lasting = {**REFUSES, "match": {"method": "PATCH", "times": 0}}
    for grace, timeout, most in ((10, 300, 10), (300, 20, 20)):
        options = {**EVERY, "update_credentials": "always", "credential_grace": grace, "wait_timeout": timeout}
        played = play("akv_config", {**LOGIN, **options}, cluster(lasting).send)
        assert played.failed
        assert 2 < len(changes(played)) < most


@pytest.mark.parametrize("given", [{}, {"client_secret": None}])
@pytest.mark.parametrize("many", [False, True], ids=["one", "many"])
def test_a_rotation_without_a_credential_is_an_error(many: bool, given: dict[str, Any]) -> None:
    declared = {name: value for name, value in WHOLE.items() if name != "client_secret"} | given
    entries = [{**WHOLE, "svm": "vs1", "client_secret": SECRET}, declared]
    options = {"vaults": entries} if many else declared
    played = play("akv_config", {**LOGIN, **options, "update_credentials": "always"}, cluster(vaults=2).send)
    assert played.failed
    assert played.sent == []
    assert "update_credentials: always has nothing to send" in said(played)
    assert not many or "vaults[1]" in said(played)


@pytest.mark.parametrize("many", [False, True], ids=["one", "many"])
def test_a_repair_without_a_credential_is_an_error_where_it_is_needed(many: bool) -> None:
    declared = {"svm": "vs0", "update_credentials": "when_unavailable"}
    options = {"vaults": [declared]} if many else declared
    good = play("akv_config", {**LOGIN, **options}, cluster().send)
    assert not good.failed, good.result["msg"]
    ontap = cluster()
    ontap.apply({"expire_credential": {"svm": "vs0"}}, {"advance_clock": {"seconds": 3600}})
    bad = play("akv_config", {**LOGIN, **options}, ontap.send)
    assert bad.failed
    assert changes(bad) == []
    assert "when_unavailable has nothing to send" in said(bad)


@pytest.mark.parametrize("release", ["9.8", "9.14.1", "9.16.1"])
def test_a_health_that_was_not_asked_for_is_not_called_unknown(release: str) -> None:
    """The health of an unchanged entry of ``vaults`` is not read, unless a repair goes by it."""
    ontap = Ontap(release, vaults=[WHOLE])
    assert play("akv_config", {**LOGIN, "vaults": [WHOLE]}, ontap.send).warnings == []

    def silent(method: str, target: str, body: Any) -> Answer:
        answer = ontap.send(method, target, body)
        content = json.loads(answer.content or b"{}")
        for record in content.get("records", ()):
            record.pop("state", None)
        return answer._replace(content=json.dumps(content).encode())

    repair = {"update_credentials": "when_unavailable", "vaults": [WHOLE]}
    assert "is unknown" in " ".join(play("akv_config", {**LOGIN, **repair}, silent).warnings)
