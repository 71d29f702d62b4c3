# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given as generated
from hypothesis import strategies as st

from ansible_collections.ontap.akv.plugins.module_utils._akv.key_rotation import Progress, progress

KEY1, KEY2 = (f"https://kv1.vault.azure.net/keys/{name}" for name in ("key1", "key2"))
Values = dict[str, Any]
GIVEN: Values = {
    "svm": "vs0",
    "scope": "svm",
    "key_id": KEY2,
    "method": "rekey",
    "require_healthy": True,
    "rollback": True,
}
SWITCH: Values = {**GIVEN, "method": "blue_green", "configuration": "green"}


def vault(key_id: str = KEY1, verdict: str = "healthy", configuration: str = "default", **more: Any) -> Values:
    return {
        "uuid": f"uuid-of-{more.pop('of', configuration)}",
        "key_id": key_id,
        "client_id": "app1",
        "tenant_id": "t1",
        "verdict": verdict,
        "reasons": ["Because."],
        "unavailable_nodes": [],
        "configuration": {"name": configuration},
        **more,
    }


def found(*vaults: Values) -> Values:
    return {"vaults": list(vaults or [vault()])}


AFTER_REKEY: Values = found(vault(KEY2), vault(KEY1, "inactive", "blue"))


def at(given: Values | None = None, *, check_mode: bool = False, **steps: Any) -> Progress:
    return progress({"found": found(), **steps}, GIVEN if given is None else given, "c1", check_mode)


CHANGED = {
    "changed": True,
    "failed": False,
    "failed_when_result": False,
    "operation": "rekey",
    "vault": {"uuid": "uuid-of-default", "client_id": "app1"},
}
WATCHED = {"changed": False, "failed": False, "failed_when_result": False, "outcome": "unchanged", "stopped_by": ""}


def hidden(msg: str, **more: Any) -> Values:
    """A failed result as ``failed_when: false`` registers it."""
    return {"changed": False, "failed": False, "failed_when_result": False, "msg": msg, **more}


@pytest.mark.parametrize(
    ("reading", "given", "stop"),
    [
        (hidden("timed out"), GIVEN, "timed out Nothing was changed."),
        ({"vaults": []}, GIVEN, "has no enabled AKV configuration. Nothing was changed. Use the role akv_enable"),
        (
            {
                "vaults": [],
                "warnings": ["SVM vs0 on c1 does not exist on c1. Similar names: vs1."],
            },
            GIVEN,
            "Similar names: vs1. Nothing was changed.",
        ),
        (found(vault(verdict="degraded")), GIVEN, "is degraded. Because. Make it healthy first"),
        (found(), {**GIVEN, "key_id": KEY1, "delete_previous": "default"}, "default is the configuration that SVM vs0"),
        (found(), {**SWITCH, "configuration": "default"}, "is the name of the configuration in use"),
        (found(vault(), vault("https://kv1.vault.azure.net/keys/x", "inactive", "green")), SWITCH, "has key https"),
        (
            found(vault(), vault(KEY2, "inactive", "green")),
            {**SWITCH, "client_id": "app2"},
            "and application app1. Give a free name",
        ),
    ],
)
def test_what_must_not_begin(reading: Values, given: Values, stop: str) -> None:
    state = progress({"found": reading}, given, "c1", False)
    assert stop in state.stop
    assert "SVM vs0 on c1" in state.stop
    assert (state.change, state.rollback, state.delete) == (False, False, False)


def test_whoever_insists_may_begin_on_an_unhealthy_one() -> None:
    state = progress({"found": found(vault(verdict="degraded"))}, {**GIVEN, "require_healthy": False}, "c1", False)
    assert (state.stop, state.change) == ("", True)


def test_a_key_that_is_in_use_is_left_alone() -> None:
    state = at({**GIVEN, "key_id": KEY1})
    assert (state.change, state.result["failed"], state.result["changed"]) == (False, False, False)
    assert state.message == f"SVM vs0 on c1 has key {KEY1} already, and is healthy."


def test_a_new_configuration_is_as_the_one_in_use() -> None:
    proxied = vault(proxy_host="proxy", proxy_port=8080, verify_ip=False)
    state = progress({"found": found(proxied)}, {**SWITCH, "client_id": "app2"}, "c1", False)
    assert state.create == {
        "name": "https://kv1.vault.azure.net/",
        "client_id": "app2",
        "tenant_id": "t1",
        "proxy_host": "proxy",
        "proxy_port": 8080,
        "verify_ip": False,
    }
    existing = progress({"found": found(vault(), vault(KEY2, "inactive", "green"))}, SWITCH, "c1", False)
    assert (existing.stop, existing.create, existing.change) == ("", {}, True)


def test_what_is_watched() -> None:
    state = at(changed=CHANGED)
    assert state.watch["configuration_uuid"] == "uuid-of-default"
    assert state.watch["before"][0]["verdict"] == "healthy"
    green = {**CHANGED, "vault": {"uuid": "uuid-of-green", "client_id": "app2"}}
    state = at(SWITCH, made=CHANGED, switched=green)
    assert (state.watch["configuration_uuid"], state.watch["client_id"]) == ("uuid-of-green", "app2")
    assert at(changed=hidden("no")).watch == {}
    assert at(check_mode=True, changed=CHANGED).watch == {}


@pytest.mark.parametrize("verdict", ["degraded", "unavailable"])
def test_a_bad_configuration_is_rolled_back(verdict: str) -> None:
    state = at(changed=CHANGED, watched=hidden("worse", stopped_by="canary"), after=found(vault(KEY2, verdict)))
    assert (state.rollback, state.delete, state.result["failed"]) == (True, False, True)
    assert not at({**GIVEN, "rollback": False}, changed=CHANGED, after=found(vault(KEY2, verdict))).rollback
    # ONTAP calls the enabled one default, and the previous one by another name.
    after = found(vault(KEY2, verdict, "default", of="green"), vault(KEY1, "inactive", "blue", of="default"))
    switched = at(SWITCH, made=CHANGED, switched=CHANGED, after=after)
    assert (switched.rollback, switched.rollback_configuration) == (True, "blue")


@pytest.mark.parametrize(
    "steps",
    [
        {"changed": hidden("refused"), "after": found(vault(KEY1))},
        {"changed": hidden("refused"), "after": found(vault(KEY1, "degraded"))},
        {"changed": CHANGED, "after": found(vault(KEY2, "unknown"))},
        {"changed": CHANGED, "after": hidden("timed out")},
    ],
)
def test_what_is_not_rolled_back_but_is_not_a_success(steps: Values) -> None:
    state = at(**steps)
    assert (state.rollback, state.result["failed"], state.result["rollback"]) == (False, True, "none")


@pytest.mark.parametrize(("back", "word"), [(CHANGED, "done"), (hidden("no", outcome="unknown"), "failed")])
def test_the_result_of_a_rollback(back: Values, word: str) -> None:
    state = at(changed=CHANGED, after=found(vault(KEY2, "degraded")), back=back, back_after=found(vault(KEY1)))
    assert (state.result["rollback"], state.result["failed"], state.result["changed"]) == (word, True, True)
    assert state.result["after"]["key_id"] == KEY1
    assert state.result["rollback_variables"] == {}


def test_a_success_and_its_rollback_by_hand() -> None:
    state = at(changed=CHANGED, watched=WATCHED, after=found(vault(KEY2)))
    assert (state.result["failed"], state.result["outcome"]) == (False, "changed")
    assert state.result["rollback_variables"] == {"akv_rotate_key_key_id": KEY1}
    after = found(vault(KEY2, "healthy", "default", of="green"), vault(KEY1, "inactive", "blue", of="default"))
    state = at({**SWITCH, "delete_previous": "blue"}, made=CHANGED, switched=CHANGED, after=after)
    assert state.delete is True
    assert state.result["rollback_variables"]["akv_rotate_key_configuration"] == "blue"
    state = at(
        {**SWITCH, "delete_previous": "blue"},
        made=CHANGED,
        switched=CHANGED,
        after=after,
        deleted={**CHANGED, "operation": "delete", "msg": "Deleted."},
    )
    assert state.result["rollback_variables"] == {}
    assert "Deleted." in state.result["msg"]


def test_a_delete_that_fails_is_not_a_success() -> None:
    there = found(vault(), vault(KEY1, "inactive", "blue"))
    state = at({**GIVEN, "key_id": KEY1, "delete_previous": "blue"}, found=there, deleted=hidden("in use"))
    assert state.result["failed"] is True
    assert "in use" in state.result["msg"]


@pytest.mark.parametrize("step", ["made", "switched"])
def test_a_refused_step_of_a_switch(step: str) -> None:
    state = at(SWITCH, **{"made": CHANGED, step: hidden("Azure refuses the credential.")}, after=found())
    assert (state.watch, state.rollback, state.delete, state.result["failed"]) == ({}, False, False, True)
    assert "The key rotation of SVM vs0 on c1 failed. Azure refuses the credential. It has the" in state.result["msg"]


def test_a_refused_step_of_check_mode() -> None:
    state = at(SWITCH, check_mode=True, made=hidden("client_secret: is missing."))
    assert state.result["failed"] is True
    assert "client_secret: is missing." in state.result["msg"]


def test_a_refused_rollback() -> None:
    bad = found(vault(KEY2, "unavailable"))
    refused = hidden(f"{'No job. ' * 40}(code 65537540)", error={"code": "65537540"})
    state = at(changed=CHANGED, watched=hidden("worse"), after=bad, back=refused, back_after=bad)
    assert state.result["rollback"] == "failed"
    assert "It could not be rolled back to the previous key: No job. No job." in state.result["msg"]
    # The message is cut, but not ONTAP's code, and not how to roll back.
    assert len(state.result["msg"]) <= 450
    assert "(code 65537540). To roll back, run with" in state.result["msg"]
    assert state.result["msg"].endswith(KEY1)
    assert state.result["rollback_variables"] == {"akv_rotate_key_key_id": KEY1}


@pytest.mark.parametrize("ended", [{"stopped_by": "unread"}, {"stopped_by": "canary"}, {}])
def test_a_watch_that_stopped_is_not_a_success(ended: Values) -> None:
    state = at(
        {**GIVEN, "delete_previous": "blue"}, changed=CHANGED, watched=hidden("lost", **ended), after=AFTER_REKEY
    )
    assert (state.rollback, state.delete, state.result["failed"]) == (False, False, True)
    assert "lost" in state.result["msg"]


@pytest.mark.parametrize("more", [{}, {"outcome": "unknown"}])
def test_a_step_that_was_lost_may_have_changed_something(more: Values) -> None:
    assert at(changed=hidden("killed", **more), after=found()).result["outcome"] == "unknown"
    assert at(changed=hidden("no", outcome="unchanged"), after=found()).result["outcome"] == "unchanged"


# ONTAP names the enabled configuration default; the previous one gets the other's name, or another.
SWAPPED = found(vault(KEY2, "healthy", "default", of="green"), vault(KEY1, "inactive", "green", of="default"))
KEPT = found(vault(KEY2, "healthy", "green"), vault(KEY1, "inactive", "default"))
OLD = vault(KEY1, "inactive", "old")


@pytest.mark.parametrize(
    ("name", "before", "after", "deleted"),
    [
        ("default", found(), SWAPPED, "green"),
        ("default", found(), KEPT, "default"),
        # It was deleted meanwhile.
        ("default", found(), found(vault(KEY2, "healthy", "default", of="green")), ""),
        ("old", found(vault(), OLD), found(*SWAPPED["vaults"], OLD), "old"),
        # The name is that of another one now.
        (
            "old",
            found(vault(), OLD),
            found(*SWAPPED["vaults"], vault(configuration="older", verdict="inactive", of="old")),
            "older",
        ),
        ("nothing", found(), SWAPPED, ""),
        ("default", found(vault(configuration="blue")), SWAPPED, ""),
    ],
)
def test_never_deletes_the_configuration_in_use(name: str, before: Values, after: Values, deleted: str) -> None:
    steps = {"made": CHANGED, "switched": CHANGED, "watched": WATCHED, "after": after}
    state = at({**SWITCH, "delete_previous": name}, found=before, **steps)
    assert (state.delete, state.delete_configuration) == (bool(deleted), deleted)
    assert state.result["failed"] is False
    nothing = f"There is no inactive configuration {name}: nothing was deleted."
    assert (nothing in state.result["msg"]) == (not deleted)


def test_a_deleted_previous_configuration_is_not_a_rollback() -> None:
    given = {**SWITCH, "delete_previous": "default"}
    steps = {"made": CHANGED, "switched": CHANGED, "watched": WATCHED, "after": SWAPPED}
    assert at(given, **steps).result["rollback_variables"] != {}
    done = at(given, **steps, deleted={**CHANGED, "operation": "delete"})
    assert done.result["rollback_variables"] == {}
    refused = at(given, **steps, deleted=hidden("in use"))
    assert refused.result["rollback_variables"]["akv_rotate_key_configuration"] == "green"


STEP = st.sampled_from([{}, {"skipped": True}, CHANGED, hidden("no", outcome="unknown")])
WATCH = st.sampled_from([{}, {"skipped": True}, WATCHED, hidden("no", stopped_by="unread"), hidden("no")])
READING = st.one_of(
    st.sampled_from([{}, hidden("no"), {"vaults": []}]),
    st.builds(
        lambda key, verdict: found(vault(key, verdict)),
        st.sampled_from([KEY1, KEY2]),
        st.sampled_from(["healthy", "degraded", "unavailable", "unknown"]),
    ),
)


@generated(st.fixed_dictionaries({"changed": STEP, "watched": WATCH, "after": READING, "deleted": STEP}))
def test_no_false_success(steps: Values) -> None:
    state = at({**GIVEN, "delete_previous": "blue"}, **steps)
    hidden_failure = any(step.get("msg") == "no" for step in steps.values())
    assert state.result["failed"] or not hidden_failure
    if not state.result["failed"] and steps["after"]:
        (now,) = steps["after"]["vaults"]
        assert (now["key_id"], now["verdict"]) == (KEY2, "healthy")
    assert not (state.delete and state.rollback)
    if state.rollback:
        assert steps["after"]["vaults"][0]["key_id"] == KEY2


@pytest.mark.parametrize(
    ("given", "reading", "checked"),
    [
        (GIVEN, found(), []),
        ({**GIVEN, "client_secret": "s"}, found(), [("t1", "app1")]),
        ({**GIVEN, "client_secret": "s", "client_id": "APP1"}, found(), [("t1", "APP1")]),
        # The credential of another application says nothing about this configuration.
        ({**GIVEN, "client_secret": "s", "client_id": "app2"}, found(), []),
        ({**GIVEN, "client_secret": "s", "key_id": KEY1}, found(), []),
        (
            {**SWITCH, "client_certificate_path": "c", "client_id": "app2", "tenant_id": "t2"},
            found(),
            [("t2", "app2")],
        ),
        (
            {**SWITCH, "client_secret": "s"},
            found(vault(), vault(KEY2, "inactive", "green", tenant_id="t3")),
            [("t3", "app1")],
        ),
    ],
)
def test_what_is_checked_in_azure(given: Values, reading: Values, checked: list[tuple[str, str]]) -> None:
    azure = at(given, found=reading).azure
    assert [(key["tenant_id"], key["client_id"]) for key in azure] == checked
    assert {key["key_id"] for key in azure} <= {KEY2}


def plan_id(given: Values, *vaults: Values, check_mode: bool = False) -> str:
    return str(progress({"found": found(*vaults)}, given, "c1", check_mode).plan["plan_id"])


def test_the_plan_of_an_approval() -> None:
    plan = plan_id(SWITCH)
    secrets = {"client_secret": "SENTINEL", "soak": 5, "wait_timeout": 9, "expected_plan": "x", "require_plan": True}
    same = [
        plan_id(SWITCH, check_mode=True),
        plan_id({**SWITCH, **secrets, "require_healthy": False}, vault(verdict="degraded")),
    ]
    assert set(same) == {plan}
    other = [
        plan_id(GIVEN),
        plan_id({**SWITCH, "key_id": f"{KEY2}0"}),
        plan_id({**SWITCH, "configuration": "blue"}),
        plan_id({**SWITCH, "delete_previous": "default"}),
        plan_id({**SWITCH, "client_id": "app2"}),
        plan_id(SWITCH, vault(of="another")),
        plan_id(SWITCH, vault(client_id="app3")),
        plan_id(SWITCH, vault(), vault(KEY2, "inactive", "green")),
        plan_id(SWITCH, vault(KEY2)),
    ]
    assert len({plan, *other}) == len(other) + 1
    assert at({**GIVEN, "delete_previous": "old"}).plan["msg"].endswith("Deletes the configuration old.")
    assert progress({"found": {"vaults": []}}, GIVEN, "c1", False).plan == {}
