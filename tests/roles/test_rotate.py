# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role akv_rotate, through its playbook: exit code, recap and sentences, compared with what the clusters hold.

Which fault leads to which decision is tried in tests/faults/test_rotation.py, without Ansible.
"""

from __future__ import annotations

import contextlib
import json
import re
import time
import typing as t
from collections.abc import Iterator

from integration.canaries import Canary, Watch
from integration.running import Run, Values
from roles.playing import DEAD, HEAD, Roles, assert_changes_nothing, assert_readable

from simulator import Simulator

PREVIOUS, NEW = "the-previous-secret", "the-new-secret"
VARIABLES: Values = {
    "akv_client_id": "client1",
    "akv_client_secret": NEW,
    "akv_previous_client_secret": PREVIOUS,
    "akv_rotate_soak": 1,
    "akv_rotate_soak_interval": 1,
    "akv_rotate_wait_timeout": 8,
}
PATCH = {"method": "PATCH", "path": "/api/security/azure-key-vaults/*"}
ALL = ["vs0", "vs1", "vs2"]
KEEP = "Keep the previous secret in Azure: "
GONE = "On the clusters of this run that were reached, nothing uses the previous secret any more."


def scenario(
    *vaults: Values,
    svms: t.Sequence[str] = ("vs0", "vs1", "vs2"),
    secrets: t.Sequence[str] = (PREVIOUS, NEW),
    **more: t.Any,
) -> Values:
    """SVMs of application client1 with the previous secret, and one of another application."""
    chosen = [{"client_secret": PREVIOUS, **vault} for vault in (vaults or [{"svm": name} for name in svms])]
    other = {"svm": "other", "client_id": "another", "client_secret": "of-another"}
    return {
        "svms": [{"name": name} for name in (*svms, "other")],
        "vaults": [*chosen, other],
        "volumes": [{"svm": name, "name": "vol1", "encrypted": True} for name in svms],
        "azure": {
            "poll_interval": 0,
            "applications": [
                {"client_id": "client1", "tenant_id": "tenant1", "secrets": list(secrets)},
                {"client_id": "another", "tenant_id": "tenant1", "secrets": ["of-another"]},
            ],
        },
        **more,
    }


@contextlib.contextmanager
def fleet(number: int, *vaults: Values, release: str = "9.14.1", **more: t.Any) -> Iterator[dict[str, Simulator]]:
    """Clusters c1, c2 …, all alike."""
    with contextlib.ExitStack() as stack:
        yield {
            f"c{place + 1}": stack.enter_context(Simulator(release=release, scenario=scenario(*vaults, **more)))
            for place in range(number)
        }


def connections(clusters: t.Mapping[str, Simulator]) -> dict[str, t.Mapping[str, t.Any]]:
    return {name: simulator.connection for name, simulator in clusters.items()}


def held(simulator: Simulator) -> dict[str, str]:
    """What the configurations of the application hold, by SVM."""
    return {
        f"{vault['svm'] or 'cluster'}{'' if vault.get('enabled', True) else ' inactive'}": str(
            simulator.secret_of(vault["uuid"])
        )
        for vault in simulator.vaults()
        if vault["client_id"] == "client1"
    }


def sent_to(simulator: Simulator) -> list[str]:
    """The SVMs that were sent a change, in order."""
    names = {vault["uuid"]: vault["svm"] for vault in simulator.vaults()}
    return [names[sent["path"].rpartition("/")[2]] for sent in simulator.requests if sent["method"] == "PATCH"]


def done(run: Run, host: str) -> dict[str, tuple[str, str, str]]:
    """What the result says, SVM by SVM: done, before, after."""
    vaults = run.fact("akv_rotate_result", host)["vaults"]
    return {vault["svm"]: (vault["done"], vault["before"], vault["after"]) for vault in vaults}


def recap(run: Run) -> dict[str, tuple[int, int]]:
    """The recap: changed and failed of each host."""
    found = re.findall(r"^(\S+)\s+: ok=\d+\s+changed=(\d+)\s+unreachable=0\s+failed=(\d+)", run.output, re.MULTILINE)
    return {host: (int(changed), int(failed)) for host, changed, failed in found}


def message(run: Run) -> str:
    """The one sentence at the end."""
    (shown,) = (task.result["msg"] for task in run.tasks if task.name.endswith("Show the fleet"))
    return str(shown[-1])


def test_check_mode_then_the_approved_plan(roles: Roles) -> None:
    """Two clusters side by side: one canary, one evaluation of the secret, and the plan that was approved."""
    with fleet(2) as clusters:
        hosts = connections(clusters)
        count = roles.ansible.home / "evaluated"
        secret = f"{{{{ lookup('ansible.builtin.pipe', 'echo x >> {count}; printf {NEW}') }}}}"
        variables = {**VARIABLES, "akv_rotate_client_secret": secret}
        del variables["akv_client_secret"]
        # The plan binds them too.
        variables |= {"akv_credential_name": "2027-q1", "akv_change_number": "CHG1"}
        with contextlib.ExitStack() as stack:
            for simulator in clusters.values():
                stack.enter_context(assert_changes_nothing(simulator))
            shown = {"ANSIBLE_SHOW_CUSTOM_STATS": "true"}
            checked = roles.play("rotate", hosts, variables, "--check", "--diff", **shown).check()
        assert_readable(checked)
        predicted = {host: checked.fact("akv_rotate_result", host) for host in hosts}
        assert [predicted[host]["canary"] for host in hosts] == ["vs0", ""]
        assert {vault["done"] for result in predicted.values() for vault in result["vaults"]} == {"sent"}
        (plan,) = {result["plan_id"] for result in predicted.values()}
        assert message(checked).endswith(f"The canary would be vs0 on c1. Plan: {plan}.")
        assert re.findall(r"akv_expected_plan: *(\S*)", checked.output) == [plan]

        count.unlink()
        run = roles.play("rotate", hosts, {**variables, "akv_expected_plan": plan}).check()
        assert_readable(run)
        assert count.read_text() == "x\n"
        assert [held(simulator) for simulator in clusters.values()] == [dict.fromkeys(ALL, NEW)] * 2
        assert sent_to(clusters["c1"])[0] == "vs0"
        for host in hosts:
            result = run.fact("akv_rotate_result", host)
            assert (result["failed"], result["changed"], result["outcome"]) == (False, True, "changed")
            assert (result["plan_id"], result["canary"]) == (plan, "vs0" if host == "c1" else "")
            assert result["credential"] == {"kind": "client_secret", "name": "2027-q1"}
            assert (result["client_id"], result["change_number"]) == ("client1", "CHG1")
            assert {vault["credential"] for vault in result["vaults"]} == {"new"}
            assert all(vault["since"] for vault in result["vaults"])
            assert done(run, host) == dict.fromkeys(ALL, ("sent", "healthy", "healthy"))
        assert message(run) == GONE

        handed_on = checked.handed_on()
        assert handed_on["akv_expected_plan"] == plan
        moved = roles.play("rotate", {"c1": hosts["c1"]}, {**variables, **handed_on, "akv_credential_name": "2027-q2"})
        assert moved.code == 2
        assert f", expected was {plan}" in moved.failures()[0]
        assert "the credential  now: change_number CHG1 credential_name 2027-q2" in moved.output
        assert "c2  now: not in this run" in moved.output


def test_a_cluster_that_becomes_worse_is_rolled_back_and_fails_alone(roles: Roles) -> None:
    with fleet(2) as clusters:
        bad = clusters["c2"]
        worse = {"lose_keys": {"svm": "vs1", "nodes": ["node2"]}}
        bad.apply([{"add_fault": {"match": {**PATCH, "nth": 2}, "events": [worse]}}])
        bad.apply([{"add_fault": {"match": {**PATCH, "nth": 3}, "events": [{"recover_keys": {"svm": "vs1"}}]}}])
        variables = {**VARIABLES, "akv_rotate_batch_size": 1}
        run = roles.play("rotate", connections(clusters), variables)
        assert run.code == 2
        assert recap(run) == {"c1": (2, 0), "c2": (1, 1)}
        assert held(bad) == {"vs0": NEW, "vs1": PREVIOUS, "vs2": PREVIOUS}
        assert {name: what for name, (what, _before, _after) in done(run, "c2").items()} == {
            "vs0": "sent",
            "vs1": "rolled_back",
            "vs2": "untouched",
        }
        assert message(run) == f"{KEEP}2 of 6 configurations still use it."
        assert run.fact("akv_rotate_result", "c2")["msg"] in run.failures()
        assert_readable(run)


def test_a_rollback_shows_no_secret(roles: Roles) -> None:
    new, previous = Canary("*~with.all=that"), Canary("it's+the/former=one")
    vaults = [{"svm": name, "client_secret": previous.secret} for name in ALL]
    with Watch([new, previous]) as watch, fleet(1, *vaults, secrets=(previous.secret, new.secret)) as clusters:
        worse = {"lose_keys": {"svm": "vs0", "nodes": ["node2"]}}
        clusters["c1"].apply([{"add_fault": {"match": {**PATCH, "nth": 1}, "events": [worse]}}])
        given = {"akv_client_secret": new.secret, "akv_previous_client_secret": previous.secret}
        run = roles.play("rotate", connections(clusters), {**VARIABLES, **given}, "-vvvv", "--diff")
        assert done(run, "c1")["vs0"][0] == "rolled_back"
        assert held(clusters["c1"]) == dict.fromkeys(ALL, previous.secret)
        requests = json.dumps(clusters["c1"].requests).encode()
    assert [canary.found_in(each) for canary in (new, previous) for each in (run.shown(), requests)] == [None] * 4
    assert watch.found == set()


def test_a_canary_that_becomes_worse_in_the_soak(roles: Roles) -> None:
    with fleet(2) as clusters:
        canary = clusters["c1"]
        looks = {"method": "GET", "path": "/api/security/azure-key-vaults", "nth": 6}
        canary.apply([{"add_fault": {"match": looks, "events": [{"lose_keys": {"svm": "vs0", "nodes": ["node2"]}}]}}])
        back = {"match": {**PATCH, "nth": 2}, "events": [{"recover_keys": {"svm": "vs0"}}]}
        canary.apply([{"add_fault": back}])
        run = roles.play("rotate", connections(clusters), {**VARIABLES, "akv_rotate_soak": 600})
        assert run.code == 2
        assert recap(run) == {"c1": (2, 1), "c2": (0, 1)}
        assert [sent_to(simulator) for simulator in clusters.values()] == [["vs0", "vs0"], []]
        assert held(canary) == dict.fromkeys(ALL, PREVIOUS)
        assert done(run, "c1")["vs0"] == ("rolled_back", "healthy", "healthy")
        assert "The previous secret did not help" not in run.fact("akv_rotate_result", "c1")["msg"]
        assert "the canary vs0 on c1 did not pass" in run.fact("akv_rotate_result", "c2")["msg"]
        assert message(run) == f"{KEEP}6 of 6 configurations still use it."
        assert_readable(run)


def test_a_canary_that_may_have_the_new_secret_is_watched(roles: Roles) -> None:
    """Its job failed after the effect (9.16.1). It is rolled back when it becomes worse."""
    with fleet(2, release="9.16.1") as clusters:
        canary = clusters["c1"]
        canary.apply([{"fail_next_job": {"ends": "failure", "effect": True}}])
        looks = {"method": "GET", "path": "/api/security/azure-key-vaults", "nth": 6}
        canary.apply([{"add_fault": {"match": looks, "events": [{"lose_keys": {"svm": "vs0", "nodes": ["node2"]}}]}}])
        back = {"match": {**PATCH, "nth": 2}, "events": [{"recover_keys": {"svm": "vs0"}}]}
        canary.apply([{"add_fault": back}])
        run = roles.play("rotate", connections(clusters), {**VARIABLES, "akv_rotate_soak": 30})
        assert run.code == 2
        assert [sent_to(simulator) for simulator in clusters.values()] == [["vs0", "vs0"], []]
        assert held(canary) == dict.fromkeys(ALL, PREVIOUS)
        assert done(run, "c1")["vs0"] == ("rolled_back", "healthy", "healthy")
        assert message(run) == f"{KEEP}6 of 6 configurations still use it."


def test_a_canary_that_could_not_be_read_is_watched(roles: Roles) -> None:
    """The cluster stops answering right after the change. The others get the secret when the canary was read."""
    with fleet(2) as clusters:
        unread = {"match": {"method": "GET", "nth": 1, "times": 12}, "http": {"status": 503}}
        canary = clusters["c1"]
        canary.apply([{"add_fault": {"match": PATCH, "events": [{"add_fault": unread}]}}])
        variables = {**VARIABLES, "akv_rotate_soak": 20, "akv_rotate_wait_timeout": 3}
        run = roles.play("rotate", connections(clusters), variables)
        run.check()
        (sent,) = (task.result for task in run.tasks if task.name.endswith("Send to the canary") and task.host == "c1")
        assert sent["stopped_by"] == "unread"
        assert [held(simulator) for simulator in clusters.values()] == [dict.fromkeys(ALL, NEW)] * 2
        assert message(run) == GONE


def test_a_canary_that_is_never_read_again(roles: Roles) -> None:
    """The rollback waits for the cluster too, and nothing is sent to any other."""
    with fleet(2) as clusters:
        unread = {"match": {"method": "GET", "nth": 1, "times": 0}, "http": {"status": 503}}
        clusters["c1"].apply([{"add_fault": {"match": PATCH, "events": [{"add_fault": unread}]}}])
        run = roles.play("rotate", connections(clusters), {**VARIABLES, "akv_rotate_wait_timeout": 3})
        assert run.code == 2
        assert recap(run) == {"c1": (1, 1), "c2": (0, 1)}
        assert [sent_to(simulator) for simulator in clusters.values()] == [["vs0"], []]
        (tried,) = (task for task in run.tasks if "Roll the canary back" in task.name and task.host == "c1")
        assert tried.status != "skipped"
        assert done(run, "c1")["vs0"] == ("sent", "healthy", "unknown")
        assert message(run) == f"{KEEP}5 of 6 configurations still use it."
        assert_readable(run)


def test_what_is_added_in_the_soak_gets_nothing(roles: Roles) -> None:
    vaults = [{"svm": name} for name in ALL]
    with fleet(2, *vaults, svms=(*ALL, "vs9")) as clusters:
        looks = {"method": "GET", "path": "/api/security/azure-key-vaults", "nth": 5}
        added = {"svm": "vs9", "client_id": "client1", "tenant_id": "tenant1", "client_secret": PREVIOUS}
        clusters["c1"].apply([{"add_fault": {"match": looks, "events": [{"create_vault": added}]}}])
        run = roles.play("rotate", connections(clusters), VARIABLES)
        assert run.code == 2
        assert [sorted(sent_to(simulator)) for simulator in clusters.values()] == [["vs0"], ALL]
        assert "expected_plan is" in run.fact("akv_rotate_result", "c1")["msg"]


def test_a_cluster_that_cannot_be_read(roles: Roles) -> None:
    with fleet(2) as clusters:
        hosts = {**connections(clusters), "c9": DEAD}
        run = roles.play("rotate", hosts, VARIABLES)
        assert run.code == 2
        assert recap(run) == dict.fromkeys(hosts, (0, 1))
        assert "1 of 3 clusters could not be read." in run.failures()[0]
        assert " c9: " in run.failures()[0]
        assert [sent_to(simulator) for simulator in clusters.values()] == [[], []]
        assert_readable(run)

        run = roles.play("rotate", hosts, {**VARIABLES, "akv_rotate_allow_unreachable": "c9"}).check()
        assert [held(simulator) for simulator in clusters.values()] == [dict.fromkeys(ALL, NEW)] * 2
        assert message(run) == f"{GONE} Not reached: c9."
        assert "c9  not reached" in run.output


def test_azure_is_out_of_reach_and_the_secret_is_another_applications(roles: Roles) -> None:
    """ONTAP takes any secret then: never green, and no working secret is overwritten on any but the canary."""
    variables = {**VARIABLES, "akv_client_secret": "of-another", "akv_rotate_include_unhealthy": True}
    with fleet(2) as clusters:
        for simulator in clusters.values():
            simulator.apply([{"azure": {"reachable": False}}])
        run = roles.play("rotate", connections(clusters), variables)
        assert run.code == 2
        assert {failed for _changed, failed in recap(run).values()} == {1}
        assert [sent_to(simulator) for simulator in clusters.values()] == [["vs0"], []]


def test_a_task_time_out_in_the_soak(roles: Roles) -> None:
    """It ends the watch alone: the canary is rolled back if it became worse, and the table is shown."""
    with fleet(2) as clusters:
        canary = clusters["c1"]
        # Of the plan, before and after the change, when the watch begins; and of the rollback.
        looks = {"method": "GET", "path": "/api/security/azure-key-vaults", "nth": 5}
        canary.apply([{"add_fault": {"match": looks, "events": [{"lose_keys": {"svm": "vs0", "nodes": ["node2"]}}]}}])
        canary.apply([{"add_fault": {"match": {**PATCH, "nth": 2}, "events": [{"recover_keys": {"svm": "vs0"}}]}}])
        variables = {**VARIABLES, "akv_rotate_soak": 600, "akv_rotate_soak_interval": 60}
        run = roles.play("rotate", connections(clusters), variables, ANSIBLE_TASK_TIMEOUT="12")
        assert run.code == 2
        assert [sent_to(simulator) for simulator in clusters.values()] == [["vs0", "vs0"], []]
        assert held(canary) == dict.fromkeys(ALL, PREVIOUS)
        assert done(run, "c1")["vs0"] == ("rolled_back", "healthy", "healthy")
        assert run.fact("akv_rotate_result", "c1")["failed"]
        assert message(run) == f"{KEEP}6 of 6 configurations still use it."
        assert_readable(run)


def test_a_task_time_out_in_the_rollback(roles: Roles) -> None:
    """The previous secret was sent, and does not help: the table is shown, and both secrets must stay in Azure."""
    with fleet(2) as clusters:
        canary = clusters["c1"]
        looks = {"method": "GET", "path": "/api/security/azure-key-vaults", "nth": 6}
        canary.apply([{"add_fault": {"match": looks, "events": [{"lose_keys": {"svm": "vs0", "nodes": ["node2"]}}]}}])
        variables = {**VARIABLES, "akv_rotate_soak": 600, "akv_rotate_wait_timeout": 60}
        run = roles.play("rotate", connections(clusters), variables, ANSIBLE_TASK_TIMEOUT="12")
        assert run.code == 2
        assert [sent_to(simulator) for simulator in clusters.values()] == [["vs0", "vs0"], []]
        assert done(run, "c1")["vs0"][0] == "failed"
        assert all(run.fact("akv_rotate_result", host)["failed"] for host in clusters)
        assert message(run).startswith(KEEP)
        assert_readable(run)


def test_killed_in_the_soak_and_run_again(roles: Roles) -> None:
    """SIGKILL to the process group: what is left running reads and sends no more, and the run after it goes on."""
    with fleet(2) as clusters:
        hosts = connections(clusters)
        with roles.start("rotate", hosts, {**VARIABLES, "akv_rotate_soak": 600}) as running:
            running.wait_until(lambda: sent_to(clusters["c1"]))
        assert [sent_to(simulator) for simulator in clusters.values()] == [["vs0"], []]
        roles.play("rotate", hosts, VARIABLES).check()
        assert [held(simulator) for simulator in clusters.values()] == [dict.fromkeys(ALL, NEW)] * 2


def test_killed_while_batches_are_sent(roles: Roles) -> None:
    """The call in flight ends its batch, and begins no other."""
    svms = [f"vs{number}" for number in range(8)]
    with fleet(1, svms=svms) as clusters:
        simulator = clusters["c1"]
        simulator.apply([{"add_fault": {"match": {**PATCH, "times": 0}, "latency": {"seconds": 1}}}])
        variables = {**VARIABLES, "akv_rotate_batch_size": 1, "akv_rotate_soak": 0, "akv_rotate_wait_timeout": 60}
        with roles.start("rotate", connections(clusters), variables) as running:
            running.wait_until(lambda: len(sent_to(simulator)) >= 2)
        end = time.monotonic() + 20
        known = -1
        while known != len(simulator.requests) and time.monotonic() < end:
            known = len(simulator.requests)
            time.sleep(3)
        assert len(sent_to(simulator)) <= 4
        simulator.apply([{"clear_faults": {}}])
        roles.play("rotate", connections(clusters), VARIABLES).check()
        assert held(simulator) == dict.fromkeys(svms, NEW)


def test_fifty_configurations_a_cluster(roles: Roles) -> None:
    number, lines = 2, 120
    with fleet(number, svms=[f"vs{place}" for place in range(50)]) as clusters:
        given = {**VARIABLES, "akv_rotate_wait_timeout": 60}
        run = roles.play("rotate", connections(clusters), given, "--diff").check()
        assert_readable(run, lines)
        assert [set(held(simulator).values()) for simulator in clusters.values()] == [{NEW}] * number


def test_the_canary_alone_then_the_rest(roles: Roles) -> None:
    """And again after an SVM got one. ONTAP does not report which secret it has: each run sends to all."""
    with fleet(2, *({"svm": name} for name in ALL), svms=(*ALL, "vs9")) as clusters:
        hosts = connections(clusters)
        alone = {**VARIABLES, "akv_rotate_only_canary": True, "akv_rotate_canary_svm": "vs1"}
        run = roles.play("rotate", hosts, alone).check()
        assert [sent_to(simulator) for simulator in clusters.values()] == [["vs1"], []]
        assert message(run) == f"{KEEP}5 of 6 configurations still use it."

        variables = {**VARIABLES, "akv_rotate_soak": 0}
        rest = roles.play("rotate", hosts, variables).check()
        assert [held(simulator) for simulator in clusters.values()] == [dict.fromkeys(ALL, NEW)] * 2
        assert message(rest) == GONE

        added = {"svm": "vs9", "client_id": "client1", "tenant_id": "tenant1", "client_secret": PREVIOUS}
        clusters["c2"].apply([{"create_vault": added}])
        again = roles.play("rotate", hosts, variables).check()
        assert held(clusters["c2"]) == dict.fromkeys([*ALL, "vs9"], NEW)
        assert message(again) == GONE


def test_two_applications_in_one_play(roles: Roles) -> None:
    """Each has a canary and a result of its own; a cluster without the application is no failure."""
    of_another = {
        "akv_rotate_client_id": "another",
        "akv_rotate_client_secret": "of-another-new",
        "akv_rotate_previous_client_secret": "of-another",
    }
    play = {
        "name": "Rotate",
        **HEAD,
        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
        "roles": [{"role": "ontap.akv.akv_rotate", "vars": of_another}, {"role": "ontap.akv.akv_rotate"}],
    }
    lone = scenario()
    lone["vaults"] = lone["vaults"][-1:]
    with (
        Simulator(release="9.14.1", scenario=lone) as one,
        Simulator(release="9.7", scenario=scenario()) as two,
    ):
        for simulator in (one, two):
            simulator.apply([{"add_secret": {"client_id": "another", "secret": "of-another-new"}}])
        playbook = roles.ansible.write("both.yml", [play])
        run = roles.play(playbook, {"a": one.connection, "b": two.connection}, VARIABLES)
        run.check()
        assert run.fact("akv_rotate_result", "a")["vaults"] == []
        assert set(done(run, "b")) == set(ALL)
        assert run.fact("akv_rotate_result", "b")["canary"] == "vs0"


def test_two_applications_by_cluster(roles: Roles) -> None:
    """There is one new secret for all clusters: it must not reach the configurations of another application."""
    with fleet(2) as clusters, assert_changes_nothing(clusters["c1"]), assert_changes_nothing(clusters["c2"]):
        applications = {"c1": "client1", "c2": "another"}
        hosts = {
            name: {**simulator.connection, "variables": {"akv_client_id": applications[name]}}
            for name, simulator in clusters.items()
        }
        variables = {name: value for name, value in VARIABLES.items() if name != "akv_client_id"}
        run = roles.play("rotate", hosts, variables)
        assert run.code == 2
        expected = "client_id is not the same for all clusters of this run: client1 on c1; another on c2."
        assert all(expected in run.fact("akv_rotate_result", host)["msg"] for host in clusters), run.failures()
