# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
import shlex
from datetime import date, datetime, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.ontap.akv.plugins.module_utils._akv.causes import Cause
from ansible_collections.ontap.akv.plugins.module_utils._akv.configuration import Configuration, protected
from ansible_collections.ontap.akv.plugins.module_utils._akv.endings import endings
from ansible_collections.ontap.akv.plugins.module_utils._akv.recovery import (
    command_for,
    credential_targets,
    needs_person,
    one_line,
    progress,
    report,
    restore_targets,
    suspects,
)

EXPIRED = "AADSTS7000222: expired"
KEY = "https://kv1.vault.azure.net/keys/k"


def configuration(svm: str | None, reason: str = "", lacks: bool = False, client_id: str = "app1") -> Configuration:
    message = "… Node: node1. Reason: The wrapped KEK is missing." if lacks else ""
    record: dict[str, Any] = {
        "uuid": f"uuid-of-{svm}",
        "client_id": client_id,
        "tenant_id": "t1",
        "key_id": KEY,
        "state": {"available": not lacks, "message": message},
        "azure_reachability": {"reachable": not reason, "message": reason},
    }
    return Configuration.from_record({**record, "svm": {"name": svm}} if svm else record)


def shown(*configurations: Configuration, volumes: Any = (), **more: Any) -> dict[str, Any]:
    vaults = [{**each.identity(), "unavailable_nodes": each.nodes, **each.shown()} for each in configurations]
    return {"vaults": vaults, "volumes": list(volumes), **more}


def volume(svm: str, name: str = "data", state: str = "offline", **more: Any) -> dict[str, Any]:
    return {"svm": {"name": svm}, "name": name, "state": state, **more}


def test_a_credential_goes_only_where_it_is_the_cause() -> None:
    found = [
        configuration("healthy"),
        configuration("expired", EXPIRED),
        configuration("key", "the key is disabled"),
        configuration("network", "timed out"),
        configuration("other", EXPIRED, client_id="app2"),
        configuration("keys", lacks=True),
    ]
    assert [each.svm for each in credential_targets(found, "APP1", False, [])] == ["expired"]
    forced = {each.svm for each in credential_targets(found, "app1", True, [])}
    assert forced == {"expired", "key", "network", "keys"}


def test_the_first_to_get_it_has_volumes_and_the_least_to_lose() -> None:
    found = [configuration("a", EXPIRED), configuration("b", EXPIRED), configuration("c", EXPIRED, lacks=True)]
    assert [each.svm for each in credential_targets(found, "app1", False, ["b", "c"])] == ["c", "b", "a"]


def test_a_restore_goes_only_where_azure_can_be_reached() -> None:
    found = [configuration("keys", lacks=True), configuration("azure", "timed out", lacks=True), configuration("ok")]
    assert [each.svm for each in restore_targets(found)] == ["keys"]
    assert [each.svm for each in found if needs_person(each)] == ["azure"]


def test_volumes_of_other_key_managers_do_not_count() -> None:
    volumes = [volume("vs0"), volume("okm")]
    assert protected(volumes, [configuration("vs0")]) == [volume("vs0")]
    # The cluster's own may protect any.
    assert protected(volumes, [configuration(None)]) == volumes
    inactive = Configuration.from_record({"uuid": "1", "svm": {"name": "vs0"}, "enabled": False})
    assert protected(volumes, [inactive]) == []


def test_one_cause_is_one_paragraph_over_clusters() -> None:
    bad = [configuration(f"vs{number}", EXPIRED) for number in range(25)]
    volumes = [volume("vs3", nas={"path": "/data"})]
    clusters = {"c1": shown(*bad, volumes=volumes), "c2": shown(*bad), "c3": shown(configuration("vs0"))}
    lines = report({**clusters, "c4": {"failed": True, "msg": "timed out"}})
    text = "\n".join(lines)
    assert lines[0] == "c4 could not be read: timed out"
    assert "50 of 51 AKV configurations on 3 clusters need attention." in lines
    assert "(application app1). 50 SVMs: c1: vs0, c1: vs1, c1: vs2" in text
    assert "and 42 more" in text
    assert "Offline volumes (1): c1: vs3/data (/data)." in text
    assert "--limit c1,c2 -e akv_client_id=app1" in text
    assert len(lines) <= 10


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        (1, "1 of 1 AKV configuration needs attention."),
        (2, "2 of 2 AKV configurations need attention."),
    ],
)
def test_how_many_need_attention(bad: int, sentence: str) -> None:
    assert report({"c1": shown(*(configuration(f"vs{number}", EXPIRED) for number in range(bad)))})[0] == sentence


def test_long_names_leave_place_for_how_many_more_there_are() -> None:
    names = [f"vs{number}-{'x' * 40}" for number in range(50)]
    lines = report({"c1": shown(*(configuration(name, EXPIRED) for name in names))})
    (line,) = (line for line in lines if line.startswith("credential_expired"))
    assert re.search(r"50 SVMs: vs0-x+, .* and \d+ more\.$", line)


def test_each_cause_its_paragraph() -> None:
    found = shown(configuration("a", EXPIRED), configuration("b", "flux"), configuration("c", "other flux"))
    lines = report({"c1": found})
    assert [line.split(":")[0] for line in lines if line[0] != " "][2:] == ["credential_expired"] + ["unclassified"] * 2
    assert sum("flux" in line for line in lines) == 2


def test_volumes_of_healthy_configurations_come_back() -> None:
    lines = report({"c1": shown(configuration("vs0"), volumes=[volume("vs0")], unmounted=[volume("vs0", "v2")])})
    text = "\n".join(lines)
    assert "none needs attention" in text
    assert "next successful poll" in text
    assert "Online, but not mounted (1): vs0/v2." in text


def test_all_is_well() -> None:
    assert report({"c1": shown(configuration("vs0"))}) == [
        "1 AKV configuration: none needs attention.",
        "No encrypted volume is offline.",
    ]


@given(st.text(max_size=50), st.text(max_size=50), st.text(max_size=50))
def test_what_a_server_wrote_is_one_quoted_word_of_a_command(client_id: str, key_id: str, svm: str) -> None:
    plain = {"client_id": "CLIENT", "key_id": "KEY", "svm": {"name": "SVM"}}
    vault = {"client_id": client_id, "key_id": key_id, "svm": {"name": svm or "x"}}
    written = {"CLIENT": client_id, "KEY": key_id, "SVM": svm or "x"}
    for cause in set(Cause) - {Cause.KEY_MISSING}:
        expected = shlex.split(command_for(cause, plain, ["c1"], 1))
        words = shlex.split(command_for(cause, vault, ["c1"], 1))
        assert words == [re.sub("CLIENT|KEY|SVM", lambda found: written[found[0]], word) for word in expected]


@given(st.text(max_size=600))
def test_a_line_is_a_line(text: str) -> None:
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    assert len(line) <= 400


@pytest.mark.parametrize("text", ["a\x1b[31mb", "a\nb", "a\u202eb"])
def test_what_a_terminal_would_act_on_is_escaped(text: str) -> None:
    assert not {"\x1b", "\n", "\u202e"} & set(one_line(text))


def call(*configurations: Configuration, after: tuple[Configuration, ...] = (), **more: Any) -> dict[str, Any]:
    later = {each.uuid: each for each in after}
    vaults = [
        {
            **each.identity(),
            "unavailable_nodes": [],
            "before": each.shown(),
            "after": later.get(each.uuid, each).shown(),
            "credential": "none",
            "restore": "none",
            "msg": "",
            "advice": later.get(each.uuid, each).diagnosis.advice,
        }
        for each in configurations
    ]
    return {"vaults": vaults, "volumes": {"before": [], "after": []}, "msg": "said", "changed": False, **more}


OFFLINE = {"volumes": {"before": [volume("vs0")], "after": [volume("vs0")]}}
LACKING, HEALED = configuration("vs0", lacks=True), configuration("vs0")


@pytest.mark.parametrize(
    ("found", "options", "wait", "repair"),
    [
        (call(), {}, 0, False),
        (call(**OFFLINE), {}, 1200, True),
        (call(**OFFLINE), {"wait": 7}, 7, True),
        (call(**OFFLINE), {"wait": 0}, 0, True),
        (call(**OFFLINE, health_monitor={"polling_interval": 30}), {}, 2100, True),
        (call(**OFFLINE), {"check_mode": True}, 0, True),
        (call(LACKING), {}, 1200, True),
        (call(LACKING), {"restore": False}, 0, False),
        (call(configuration("vs0", "the key is disabled"), **OFFLINE), {"credential": True}, 0, False),
        (call(configuration("vs0", "the key is disabled")), {"credential": True, "force": True}, 0, True),
        (call(configuration("vs0", EXPIRED), **OFFLINE), {}, 0, False),
        (call(configuration("vs0", EXPIRED), **OFFLINE), {"credential": True}, 0, True),
        (call(configuration("vs0", "AADSTS90033: passing")), {}, 1200, True),
    ],
)
def test_what_is_repaired_and_waited_for(found: Any, options: dict[str, Any], wait: int, repair: bool) -> None:
    reported = progress([found], "c1", **options)
    assert (reported.wait, reported.repair) == (wait, repair)


def test_a_credential_that_did_not_help_is_named() -> None:
    refused = configuration("vs0", EXPIRED)
    repaired = call(refused)
    repaired["vaults"][0]["credential"] = "failed"
    message = progress([call(refused), repaired], "c1", credential=True, client_id="app1").result["msg"]
    assert "The given credential did not help." in message
    assert "did not help" not in progress([call(refused), call(refused)], "c1").result["msg"]


@pytest.mark.parametrize("restore", [True, False])
@pytest.mark.parametrize("would", ["none", "restored", "if_needed"])
def test_what_the_diagnosis_would_restore_is_restored(would: str, restore: bool) -> None:
    """Nodes lack keys for a reason that no rule knows: akv_repair says whether it would try a restore."""
    found = call(configuration("vs0", "Flux."))
    found["vaults"][0]["restore"] = would
    reported = progress([found], "c1", restore=restore)
    assert reported.repair == (restore and would != "none")
    # It was tried, and did not help: someone must act.
    assert progress([found, found], "c1", restore=restore).wait == 0


@pytest.mark.parametrize("failed", [True, False])
def test_a_failed_repair_is_not_waited_for(failed: bool) -> None:
    """A role sees ``failed: false`` where it says ``failed_when: false``."""
    reported = progress([call(LACKING), {"failed": failed, "msg": "lost", "outcome": "unknown"}], "c1")
    assert reported.wait == 0
    assert reported.news == ["c1: lost"]
    assert (reported.result["failed"], reported.result["outcome"]) == (True, "unknown")
    assert reported.result["msg"] == "c1: 1 AKV configuration needs attention (keys_missing_on_node): vs0. lost"


def test_a_failed_wait_is_named() -> None:
    done = call(LACKING, after=(HEALED,), changed=True)
    reported = progress([call(LACKING), done, {"failed": False, "msg": "lost"}], "c1")
    assert (reported.result["failed"], reported.result["msg"]) == (True, "c1: 1 AKV configuration recovered. lost")


@pytest.mark.parametrize("skipped", [{}, {"skipped": True, "changed": False, "skip_reason": "no"}])
def test_what_did_not_run_did_not_fail(skipped: dict[str, Any]) -> None:
    reported = progress([call(), skipped, skipped], "c1")
    assert reported.result["failed"] is False
    assert reported.news == []


UNKNOWN = "ONTAP does not report the svm of the AKV configuration 1: whether it works is not known."


@pytest.mark.parametrize("check_mode", [True, False])
def test_what_is_not_known_is_not_a_success(check_mode: bool) -> None:
    reported = progress([call(msg=UNKNOWN, unknown=[UNKNOWN])], "c1", check_mode)
    assert (reported.result["failed"], reported.repair, reported.wait) == (True, False, 0)
    assert reported.result["msg"] == f"c1: {UNKNOWN}"
    assert reported.lines[:2] == [UNKNOWN, "0 other AKV configurations: none needs attention."]
    # What heals is still repaired and waited for.
    reported = progress([call(LACKING, unknown=[UNKNOWN])], "c1")
    assert (reported.repair, reported.wait) == (True, 1200)


def test_what_is_not_known_is_reported_by_cluster() -> None:
    lines = report({"c1": shown(configuration("vs0"), unknown=[UNKNOWN]), "c2": shown(configuration("vs1"))})
    assert lines[:2] == [f"c1: {UNKNOWN}", "2 other AKV configurations on 2 clusters: none needs attention."]


def test_before_is_of_the_first_call_and_after_of_the_last() -> None:
    reported = progress([call(LACKING), call(LACKING, after=(HEALED,), changed=True), call()], "c1")
    (vault,) = reported.result["vaults"]
    assert (vault["before"], vault["after"], vault["cause"]) == ("degraded", "healthy", "keys_missing_on_node")
    assert (reported.result["failed"], reported.result["changed"], reported.result["outcome"]) == (
        False,
        True,
        "changed",
    )
    assert reported.result["msg"] == "c1: 1 AKV configuration recovered."


@pytest.mark.parametrize(
    ("calls", "restored"),
    [
        ([], "none"),
        ([{"failed": False, "msg": "lost", "outcome": "unknown"}], "none"),
        ([call(LACKING)], "none"),
        ([call(LACKING, restore="failed")], "failed"),
        ([call(LACKING, restore="restored", changed=True), call(LACKING)], "restored"),
    ],
)
def test_what_the_diagnosis_would_restore_is_not_restored(calls: list[Any], restored: str) -> None:
    for each in calls:
        for vault in each.get("vaults", ()):
            vault["restore"] = each.get("restore", "none")
    diagnosis = call(LACKING)
    diagnosis["vaults"][0]["restore"] = "restored"
    reported = progress([diagnosis, *calls], "c1", restore=False)
    assert [vault["restore"] for vault in reported.result["vaults"]] == [restored]


def test_what_heals_between_two_calls_is_healthy() -> None:
    reported = progress([call(LACKING), call()], "c1")
    assert reported.result["vaults"][0]["after"] == "healthy"
    assert reported.result["failed"] is False


@pytest.mark.parametrize(
    ("options", "sends"),
    [
        ({}, False),
        ({"credential": True, "client_id": "other"}, False),
        ({"credential": True, "client_id": "APP1"}, True),
        ({"credential": True, "client_id": "app1", "force": True}, True),
    ],
)
def test_only_a_credential_that_is_sent_is_checked_in_azure(options: dict[str, Any], sends: bool) -> None:
    found = call(configuration("vs0", EXPIRED), configuration("vs1", EXPIRED), configuration("vs2", "key is disabled"))
    reported = progress([found], "c1", **options)
    assert reported.sends is sends
    # Both use one key.
    assert [(key["tenant_id"], key["key_id"]) for key in reported.azure] == ([("t1", KEY)] if sends else [])
    healthy = progress([call(configuration("vs0"))], "c1", credential=True, client_id="app1", force=True)
    assert (healthy.sends, healthy.azure) == (False, [])


# -- both sides -------------------------------------------------------------------------------------------------------

NOW = datetime(2026, 11, 29, tzinfo=timezone.utc)
APPLICATION = {
    "client_id": "APP1",
    "secrets": [
        {"name": "2027-q1", "hint": "def", "expires_at": "2027-03-31T00:00:00Z"},
        {"name": "2026-q4", "hint": "abc", "expires_at": "2026-11-26T00:00:00Z"},
    ],
    "certificates": [],
}


def test_which_secret_ended_is_shown_with_what_ontap_reports() -> None:
    clusters = {"c1": shown(configuration("vs0", EXPIRED)), "c2": shown(configuration("vs1", EXPIRED))}
    assert suspects([*clusters.values(), {"msg": "not read"}]) == ["app1"]
    dates = {"c1": {"app1": date(2027, 3, 31)}, "c2": {"APP1": "2026-11-27"}}
    azure = {"msg": "Credentials of 1 application", "applications": [APPLICATION], "summary": {}, "failed": False}
    lines = report(clusters, endings(dates, azure, NOW))
    at = next(number for number, line in enumerate(lines) if line.startswith("  ONTAP: "))
    assert "AADSTS7000222" in lines[at]
    # Of two declared dates of one application, the earlier one counts.
    assert lines[at + 1 : at + 3] == [
        "  Declared: The credential expired on 2026-11-27 (2 days ago).",
        "  Azure: secret 2026-q4 (hint abc) expired on 2026-11-26T00:00:00Z (3 days ago)."
        " secret 2027-q1 (hint def) expires on 2027-03-31T00:00:00Z (in 122 days).",
    ]
    assert sum("expired on 2026-11-27" in line for line in lines) == 1


@pytest.mark.parametrize(("days", "is_shown"), [(61, False), (60, True), (29, True), (6, True), (-1, True)])
def test_a_declared_end_of_a_healthy_configuration(days: int, is_shown: bool) -> None:
    ends = date.fromordinal(NOW.date().toordinal() + days)
    lines = report({"c1": shown(configuration("vs0"))}, endings({"c1": {"App1": ends}}, {}, NOW))
    assert any(line.startswith("Application app1. Declared: The credential expire") for line in lines) is is_shown


def test_what_cannot_be_read_hides_nothing() -> None:
    dates = {"c1": {"app1": "soon"}, "c2": {"app1": "2026-11-27"}, "c3": None}
    azure = {"msg": "Microsoft Graph needs Application.Read.All.", "failed": False, "failed_when_result": False}
    lines = report({"c1": shown(configuration("vs0", EXPIRED))}, endings(dates, azure, NOW))
    assert "  Declared: The credential expired on 2026-11-27 (2 days ago)." in lines
    assert any("akv_credential_expires" in line and "'soon' is not a date" in line for line in lines)
    assert lines[-1] == "Azure could not be asked: Microsoft Graph needs Application.Read.All."
    # A skipped task has no message that counts.
    assert not endings({}, {"skipped": True, "changed": False}, NOW).problems


def test_many_credentials_of_an_application() -> None:
    secrets = [{"key_id": str(number), "expires_at": f"2026-0{number}-01T00:00:00Z"} for number in range(1, 8)]
    ends = endings({}, {"applications": [{"client_id": "app1", "secrets": secrets}], "summary": {}}, NOW)
    (sentence,) = ends.by_application["app1"]
    assert sentence.startswith("Azure: 3 end earlier than these. secret 4 expired on 2026-04-01")
    ends = endings({}, {"applications": [{"client_id": "app1"}], "summary": {}}, NOW)
    assert ends.by_application["app1"] == ["Azure: the application has no credential."]
