# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role akv_rotate, through its playbook: the canary, the batches, the way back, and who is left alone."""

from __future__ import annotations

import json
import os
import signal
import time
import typing as t

import pytest
from integration.canaries import Canary, Watch
from integration.running import Values
from roles.playing import HEAD, RoleRun, Roles, assert_changes_nothing

from simulator import Simulator

FORMER, NEW = "former-secret", "the-new-secret"
VARIABLES: Values = {
    "akv_client_id": "client1",
    "akv_client_secret": NEW,
    "akv_rotate_soak": 1,
    "akv_rotate_soak_interval": 1,
    "akv_rotate_wait_timeout": 5,
}
PATCH = {"method": "PATCH", "path": "/api/security/azure-key-vaults/*"}
ALL = ["vs0", "vs1", "vs2"]


def scenario(*vaults: Values, secrets: tuple[str, ...] = (FORMER, NEW), **more: t.Any) -> Values:
    """Vaults of application client1 with the former secret, and one of another application."""
    chosen = [{"client_secret": FORMER, **vault} for vault in (vaults or [{"svm": name} for name in ALL])]
    other = {"svm": "vs9", "client_id": "another", "client_secret": "of-another"}
    return {
        "svms": [{"name": name} for name in (*ALL, "vs9")],
        "vaults": [*chosen, other],
        "volumes": [{"svm": name, "name": "vol1", "encrypted": True} for name in ALL],
        "azure": {
            "applications": [
                {"client_id": "client1", "tenant_id": "tenant1", "secrets": list(secrets)},
                {"client_id": "another", "tenant_id": "tenant1", "secrets": ["of-another"]},
            ]
        },
        **more,
    }


def secrets_of(simulator: Simulator) -> dict[str, str | None]:
    """What each SVM's vaults hold."""
    return {
        f"{vault['svm'] or 'cluster'}{'' if vault.get('enabled', True) else ' inactive'}": simulator.secret_of(
            vault["uuid"]
        )
        for vault in simulator.vaults()
        if vault["client_id"] == "client1"
    }


def sent_to(simulator: Simulator) -> list[str]:
    """The SVMs whose vaults were sent a change, in order."""
    names = {vault["uuid"]: vault["svm"] for vault in simulator.vaults()}
    return [names[sent["path"].rpartition("/")[2]] for sent in simulator.requests if sent["method"] == "PATCH"]


def told(run: RoleRun, host: str = "cluster1") -> dict[str, tuple[str, str, str]]:
    """What the result says, SVM by SVM: done, before, after."""
    return {
        vault["svm"].get("name", "cluster") + ("" if vault["before"] != "inactive" else " inactive"): (
            vault["done"],
            vault["before"],
            vault["after"],
        )
        for vault in run.fact("akv_rotate_result", host)["vaults"]
    }


def test_all_vaults_of_the_application_and_back(roles: Roles) -> None:
    with Simulator(release="9.14.1", scenario=scenario()) as simulator:
        cluster = {"cluster1": simulator.connection}
        with assert_changes_nothing(simulator):
            predicted = roles.play("rotate", cluster, VARIABLES, "--check", "--diff").check()
        foretold = predicted.fact("akv_rotate_result", "cluster1")
        assert foretold["msg"] == "3 of 3 vaults of application client1 on cluster1 would get the new credential."

        run = roles.play("rotate", cluster, VARIABLES).check()
        assert secrets_of(simulator) == dict.fromkeys(ALL, NEW)
        assert sent_to(simulator)[0] == "vs0"
        result = run.fact("akv_rotate_result", "cluster1")
        assert (result["failed"], result["changed"], result["outcome"], result["canary"]) == (
            False,
            True,
            "changed",
            "vs0",
        )
        assert result["msg"] == "3 of 3 vaults of application client1 on cluster1 got the new credential."
        assert told(run) == dict.fromkeys(ALL, ("sent", "healthy", "healthy"))
        assert predicted.changed() == run.changed()

        back = {**VARIABLES, "akv_client_secret": FORMER}
        roles.play("rotate", cluster, back).check()
        assert secrets_of(simulator) == dict.fromkeys(ALL, FORMER)


def test_one_canary_in_all(roles: Roles) -> None:
    """The first cluster has no such vault, the second one has the canary, the third one follows it."""
    nothing = scenario()
    nothing["vaults"] = nothing["vaults"][-1:]
    with (
        Simulator(release="9.14.1", scenario=nothing) as none,
        Simulator(release="9.14.1", scenario=scenario()) as one,
        Simulator(release="9.7", scenario=scenario()) as two,
    ):
        clusters = {name: each.connection for name, each in (("a", none), ("b", one), ("c", two))}
        run = roles.play("rotate", clusters, VARIABLES).check()
        results = {host: run.fact("akv_rotate_result", host) for host in clusters}
        assert {host: result["canary"] for host, result in results.items()} == {"a": "", "b": "vs0", "c": ""}
        assert results["a"]["msg"] == "a has no vault of application client1, nothing to do."
        assert (results["a"]["changed"], results["a"]["outcome"]) == (False, "unchanged")
        assert secrets_of(one) == secrets_of(two) == dict.fromkeys(ALL, NEW)
        soaked = next(
            place for place, task in enumerate(run.tasks) if "Watch the canary" in task.name and task.host == "b"
        )
        assert all(
            place > soaked
            for place, task in enumerate(run.tasks)
            if task.host == "c" and task.action == "ontap.akv.akv_config"
        )


def test_a_canary_that_is_refused_stops_all(roles: Roles) -> None:
    with (
        Simulator(release="9.14.1", scenario=scenario(secrets=(FORMER,))) as one,
        Simulator(release="9.14.1", scenario=scenario(secrets=(FORMER,))) as two,
    ):
        clusters = {"one": one.connection, "two": two.connection}
        run = roles.play("rotate", clusters, VARIABLES)
        assert run.code == 2
        assert secrets_of(one) == secrets_of(two) == dict.fromkeys(ALL, FORMER)
        assert sent_to(one) == ["vs0"]
        assert sent_to(two) == []
        result = run.fact("akv_rotate_result", "one")
        assert (result["failed"], result["changed"], result["outcome"]) == (True, False, "unchanged")
        assert "Left as they are: vs0, vs1, vs2." in result["msg"]
        assert result["msg"] in run.failures()


@pytest.mark.parametrize("hosts", ["serial", "together"])
def test_others_wait_for_the_canary(hosts: str, roles: Roles) -> None:
    """A play of one's own may take all clusters at once: there is one canary all the same."""
    with (
        Simulator(release="9.14.1", scenario=scenario(secrets=(FORMER,))) as one,
        Simulator(release="9.14.1", scenario=scenario()) as two,
    ):
        clusters = {"one": one.connection, "two": two.connection}
        playbook: t.Any = "rotate"
        if hosts == "together":
            play = {
                "name": "Rotate",
                **HEAD,
                "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
                "roles": ["ontap.akv.akv_rotate"],
            }
            playbook = roles.ansible.write("rotate.yml", [play])
        run = roles.play(playbook, clusters, VARIABLES)
        assert run.code == 2
        assert sent_to(two) == []
        if hosts == "together":
            result = run.fact("akv_rotate_result", "two")
            assert "The canary, on one, did not go well." in result["msg"]


@pytest.mark.parametrize("former", [FORMER, ""], ids=["given", "not given"])
def test_a_canary_that_turns_bad_in_the_soak(former: str, roles: Roles) -> None:
    variables = {**VARIABLES, "akv_previous_client_secret": former, "akv_rotate_soak": 30}
    with Simulator(release="9.14.1", scenario=scenario()) as simulator:
        gone = {"remove_secret": {"client_id": "client1", "secret": NEW}}
        looks = {"method": "GET", "path": "/api/security/azure-key-vaults", "nth": 6}
        simulator.apply([{"add_fault": {"match": looks, "events": [gone]}}])
        run = roles.play("rotate", {"cluster1": simulator.connection}, variables)
        assert run.code == 2
        result = run.fact("akv_rotate_result", "cluster1")
        assert result["failed"]
        if former:
            assert secrets_of(simulator) == dict.fromkeys(ALL, FORMER)
            assert sent_to(simulator) == ["vs0", "vs0"]
            assert told(run)["vs0"] == ("put_back", "healthy", "healthy")
            assert "The former credential was put back: vs0." in result["msg"]
        else:
            assert secrets_of(simulator) == {"vs0": NEW, "vs1": FORMER, "vs2": FORMER}
            assert told(run)["vs0"] == ("sent", "healthy", "degraded")
            assert "no former credential was given to put back: vs0" in result["msg"]
        assert [told(run)[name][0] for name in ("vs1", "vs2")] == ["left", "left"]
        assert run.failures()[-1] == result["msg"]


def test_a_vault_of_a_later_batch_that_turns_bad(roles: Roles) -> None:
    """What is lost with the second of three: the first keeps the new one, the second gets its own back."""
    variables = {**VARIABLES, "akv_previous_client_secret": FORMER, "akv_rotate_batch_size": 1}
    with Simulator(release="9.14.1", scenario=scenario()) as simulator:
        worse = {"lose_keys": {"svm": "vs1", "nodes": ["node2"]}}
        simulator.apply([{"add_fault": {"match": {**PATCH, "nth": 2}, "events": [worse]}}])
        simulator.apply([{"add_fault": {"match": {**PATCH, "nth": 3}, "events": [{"recover_keys": {"svm": "vs1"}}]}}])
        run = roles.play("rotate", {"cluster1": simulator.connection}, variables)
        assert run.code == 2
        assert secrets_of(simulator) == {"vs0": NEW, "vs1": FORMER, "vs2": FORMER}
        assert {name: done for name, (done, _before, _after) in told(run).items()} == {
            "vs0": "sent",
            "vs1": "put_back",
            "vs2": "left",
        }


@pytest.mark.parametrize(
    ("former", "why"),
    [
        ({"akv_previous_client_secret": "not-the-former"}, "Failed: vs0 (Updating client_secret"),
        (
            {"akv_previous_client_certificate": "this is none"},
            "could not be put back (vaults: nothing was changed. vaults[0] (svm: vs0): client_certificate",
        ),
    ],
    ids=["refused by ONTAP", "refused before"],
)
def test_a_former_credential_that_is_of_no_use(former: Values, why: str, roles: Roles) -> None:
    with Simulator(release="9.14.1", scenario=scenario()) as simulator:
        worse = {"lose_keys": {"svm": "vs0", "nodes": ["node2"]}}
        simulator.apply([{"add_fault": {"match": PATCH, "events": [worse]}}])
        run = roles.play("rotate", {"cluster1": simulator.connection}, {**VARIABLES, **former})
        assert run.code == 2
        result = run.fact("akv_rotate_result", "cluster1")
        assert why in result["msg"]
        assert secrets_of(simulator) == {"vs0": NEW, "vs1": FORMER, "vs2": FORMER}


def test_the_case_of_the_client_id_does_not_matter(roles: Roles) -> None:
    with Simulator(release="9.14.1", scenario=scenario()) as simulator:
        roles.play("rotate", {"one": simulator.connection}, {**VARIABLES, "akv_client_id": "CLIENT1"}).check()
        assert secrets_of(simulator) == dict.fromkeys(ALL, NEW)


def test_two_applications_in_one_play(roles: Roles) -> None:
    """Each has a canary and a result of its own, also on the cluster of the second batch."""
    of_another = {"akv_rotate_client_id": "another", "akv_rotate_client_secret": "of-another"}
    play = {
        "name": "Rotate",
        **HEAD,
        "serial": 1,
        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
        "roles": [
            {
                "role": "ontap.akv.akv_rotate",
                "vars": of_another,
            },
            {"role": "ontap.akv.akv_rotate"},
        ],
    }
    lone = scenario()
    lone["vaults"] = lone["vaults"][-1:]
    with (
        Simulator(release="9.14.1", scenario=lone) as one,
        Simulator(release="9.14.1", scenario=scenario()) as two,
    ):
        playbook = roles.ansible.write("both.yml", [play])
        run = roles.play(playbook, {"a": one.connection, "b": two.connection}, VARIABLES).check()
        assert run.fact("akv_rotate_result", "a")["vaults"] == []
        assert set(told(t.cast("RoleRun", run), "b")) == set(ALL)
        assert run.fact("akv_rotate_result", "b")["canary"] == "vs0"


def watched_for(run: RoleRun) -> list[str]:
    """What is said of how long the canary is watched."""
    name = "Say how long the canary is watched"
    return [task.result["msg"] for task in run.tasks if name in task.name and task.status == "ok"]


UNSET: Values = {name: value for name, value in VARIABLES.items() if name != "akv_rotate_soak"}
CONFIGS = "/api/security/key-manager-configs"
REFUSED = "how often ONTAP polls Azure could not be read. It is taken as every 15 minutes, and 5 more."


@pytest.mark.parametrize("given", [{}, {"akv_rotate_soak": " "}, {"akv_rotate_soak": None}])
@pytest.mark.parametrize(
    ("release", "why"),
    [
        ("9.9.1", "1200 s: ONTAP polls Azure every 15 minutes, and 5 more."),
        ("9.14.1", "2100 s: ONTAP polls Azure every 30 minutes, and 5 more."),
    ],
)
def test_it_soaks_for_a_polling_interval_and_5_minutes(release: str, why: str, given: Values, roles: Roles) -> None:
    cluster = {"health_monitor": {"polling_interval": 30}}
    with Simulator(release=release, scenario=scenario(cluster=cluster)) as simulator:
        with assert_changes_nothing(simulator):
            hosts = {"cluster1": simulator.connection}
            run = roles.play("rotate", hosts, {**UNSET, **given}, "--check").check()
        assert watched_for(t.cast("RoleRun", run)) == [f"vs0 would be watched for {why}"]
        assert [seen["path"] for seen in simulator.requests].count(CONFIGS) == (release != "9.9.1")


def test_the_interval_that_is_read_is_what_the_canary_is_watched_for(roles: Roles) -> None:
    """It turns bad at the first look of an hour: nobody waits for the rest."""
    with Simulator(
        release="9.14.1", scenario=scenario(cluster={"health_monitor": {"polling_interval": 30}})
    ) as simulator:
        gone = {"remove_secret": {"client_id": "client1", "secret": NEW}}
        looks = {"method": "GET", "path": "/api/security/azure-key-vaults", "nth": 7}
        simulator.apply([{"add_fault": {"match": looks, "events": [gone]}}])
        run = roles.play("rotate", {"cluster1": simulator.connection}, UNSET)
        assert run.code == 2
        assert watched_for(run) == ["vs0 is watched for 2100 s: ONTAP polls Azure every 30 minutes, and 5 more."]
        assert "vs0 is degraded 2100 s at most after it got the new credential" in run.failures()[0]


def test_a_login_that_may_not_read_the_interval(roles: Roles) -> None:
    """The rotation goes on as with 15 minutes, and says so; of the other cluster nothing is asked."""
    may = ("azure-key-vaults", "all"), ("key-manager-configs", "none")
    users = [{"name": "admin"}, {"name": "rotator", "password": "rotators-own", "role": "rotator"}]
    privileges = [{"api": f"/api/security/{path}", "access": access} for path, access in may]
    privileges.append({"api": "/api/cluster", "access": "readonly"})
    limited = scenario(users=users, roles={"rotator": privileges})
    with (
        Simulator(release="9.14.1", scenario=limited) as one,
        Simulator(release="9.14.1", scenario=scenario()) as two,
    ):
        clusters = {
            "cluster1": {**one.connection, "username": "rotator", "password": "rotators-own"},
            "cluster2": two.connection,
        }
        run = roles.play("rotate", clusters, UNSET, "--check").check()
        assert watched_for(t.cast("RoleRun", run)) == [f"vs0 would be watched for 1200 s: {REFUSED}"]
        assert "How often ONTAP polls Azure is not known." in run.output
        assert [seen["status"] for seen in one.requests if seen["path"] == CONFIGS] == [403]
        assert [seen for seen in two.requests if seen["path"] == CONFIGS] == []


def test_a_soak_that_is_given_is_used_as_it_is(roles: Roles) -> None:
    cluster = {"health_monitor": {"polling_interval": 30}}
    with Simulator(release="9.14.1", scenario=scenario(cluster=cluster)) as simulator:
        run = roles.play("rotate", {"cluster1": simulator.connection}, VARIABLES).check()
        assert watched_for(t.cast("RoleRun", run)) == ["vs0 is watched for 1 s: akv_rotate_soak says so."]
        assert [seen for seen in simulator.requests if seen["path"] == CONFIGS] == []


def test_what_is_unavailable_is_cured_without_a_soak(roles: Roles) -> None:
    """The secret has run out: nobody waits 20 minutes on a vault that is broken."""
    variables = {**VARIABLES, "akv_rotate_soak": 3600}
    with Simulator(release="9.14.1", scenario=scenario(secrets=(NEW,), clock={"speed": 0})) as simulator:
        simulator.apply([{"advance_clock": {"seconds": 3700}}])
        run = roles.play("rotate", {"cluster1": simulator.connection}, variables).check()
        assert secrets_of(simulator) == dict.fromkeys(ALL, NEW)
        assert {name: before for name, (_done, before, _after) in told(run).items()} == dict.fromkeys(
            ALL, "unavailable"
        )
        assert {after for _done, _before, after in told(run).values()} == {"healthy"}
        assert run.fact("akv_rotate_result", "cluster1")["canary"] == ""


def test_a_node_that_was_bad_before_stops_nothing(roles: Roles) -> None:
    vaults = [{"svm": "vs0", "keys_missing_on": ["node2"]}, {"svm": "vs1"}]
    with Simulator(release="9.14.1", scenario=scenario(*vaults)) as simulator:
        run = roles.play("rotate", {"cluster1": simulator.connection}, VARIABLES).check()
        assert sent_to(simulator) == ["vs1", "vs0"]
        assert told(run) == {"vs0": ("sent", "degraded", "degraded"), "vs1": ("sent", "healthy", "healthy")}


def test_inactive_ones_too(roles: Roles) -> None:
    vaults = [{"svm": "vs0"}, {"svm": "vs0", "configuration": "green"}, {"scope": "cluster"}]
    with Simulator(release="9.14.1", scenario=scenario(*vaults)) as simulator:
        run = roles.play("rotate", {"cluster1": simulator.connection}, VARIABLES).check()
        assert secrets_of(simulator) == {"cluster": NEW, "vs0": NEW, "vs0 inactive": NEW}
        assert told(run)["vs0 inactive"] == ("sent", "inactive", "inactive")
        assert sent_to(simulator)[0] == "vs0"


@pytest.mark.parametrize("svms", ["vs0, vs2", ["vs0", "vs2"]], ids=["text", "list"])
def test_named_svms_alone(svms: t.Any, roles: Roles) -> None:
    with Simulator(release="9.14.1", scenario=scenario()) as simulator:
        variables = {**VARIABLES, "akv_rotate_svms": svms}
        run = roles.play("rotate", {"cluster1": simulator.connection}, variables).check()
        assert secrets_of(simulator) == {"vs0": NEW, "vs1": FORMER, "vs2": NEW}
        assert set(told(run)) == {"vs0", "vs2"}


@pytest.mark.parametrize(
    ("scope", "changed"), [("cluster", {"cluster"}), ("svm", {"vs0"}), ("all", {"cluster", "vs0"})]
)
def test_scope(scope: str, changed: set[str], roles: Roles) -> None:
    vaults = [{"svm": "vs0"}, {"scope": "cluster"}]
    with Simulator(release="9.14.1", scenario=scenario(*vaults)) as simulator:
        variables = {**VARIABLES, "akv_scope": scope}
        roles.play("rotate", {"cluster1": simulator.connection}, variables).check()
        assert {name for name, secret in secrets_of(simulator).items() if secret == NEW} == changed


def test_the_canary_alone_then_the_rest(roles: Roles) -> None:
    with Simulator(release="9.14.1", scenario=scenario()) as simulator:
        cluster = {"cluster1": simulator.connection}
        run = roles.play("rotate", cluster, {**VARIABLES, "akv_rotate_only_canary": True}).check()
        assert secrets_of(simulator) == {"vs0": NEW, "vs1": FORMER, "vs2": FORMER}
        result = run.fact("akv_rotate_result", "cluster1")
        assert result["msg"].endswith("the new credential, 2 wait for what follows the canary.")
        rest = {**VARIABLES, "akv_rotate_soak": 0}
        run = roles.play("rotate", cluster, rest).check()
        assert secrets_of(simulator) == dict.fromkeys(ALL, NEW)
        assert not any(task.status == "ok" for task in run.tasks if "Watch the canary" in task.name)


def test_the_only_canary_of_broken_vaults(roles: Roles) -> None:
    with Simulator(release="9.14.1", scenario=scenario(secrets=(NEW,))) as simulator:
        variables = {**VARIABLES, "akv_rotate_only_canary": True, "akv_rotate_soak": 3600}
        roles.play("rotate", {"cluster1": simulator.connection}, variables).check()
        assert secrets_of(simulator) == {"vs0": NEW, "vs1": FORMER, "vs2": FORMER}


def test_interrupted_in_the_soak_and_run_again(roles: Roles) -> None:
    with Simulator(release="9.14.1", scenario=scenario()) as simulator:
        cluster = {"cluster1": simulator.connection}
        with roles.start("rotate", cluster, {**VARIABLES, "akv_rotate_soak": 600}) as process:
            end = time.monotonic() + 60
            while not sent_to(simulator) and time.monotonic() < end:
                time.sleep(0.1)
            os.killpg(process.pid, signal.SIGKILL)
        assert secrets_of(simulator) == {"vs0": NEW, "vs1": FORMER, "vs2": FORMER}
        roles.play("rotate", cluster, VARIABLES).check()
        assert secrets_of(simulator) == dict.fromkeys(ALL, NEW)


BAD: dict[str, tuple[Values, str]] = {
    "no application": ({"akv_client_id": ""}, "akv_rotate_client_id: '' is empty"),
    "white space in it": (
        {"akv_client_id": "a b"},
        "akv_rotate_client_id: 'a b' is empty or holds white space",
    ),
    "no credential": ({"akv_client_secret": ""}, "0 of them are given"),
    "two": ({"akv_client_certificate": "MIIabc"}, "2 of them are given"),
    "blank": ({"akv_client_secret": "  "}, "akv_rotate_client_secret: it holds nothing but white space"),
    "blank former": (
        {"akv_previous_client_secret": "  "},
        "akv_rotate_previous_client_secret: it holds nothing but white space",
    ),
    "Secret ID": (
        {"akv_client_secret": "12345678-abcd-abcd-abcd-1234567890ab"},
        "akv_rotate_client_secret: it looks like a Secret ID",
    ),
    "former Secret ID": (
        {"akv_previous_client_secret": "12345678-abcd-abcd-abcd-1234567890ab"},
        "akv_rotate_previous_client_secret: it looks like a Secret ID",
    ),
    "the same": ({"akv_previous_client_secret": NEW}, "which is not the new one"),
    "two former": (
        {"akv_previous_client_secret": FORMER, "akv_previous_client_certificate": "MIIabc"},
        "give the one credential that is in use before",
    ),
    "scope and SVMs": ({"akv_svm": "vs0", "akv_scope": "cluster"}, "SVMs are named (vs0), and the scope is cluster"),
    "scope": ({"akv_scope": "galaxy"}, "galaxy"),
    "soak": ({"akv_rotate_soak": -1}, "akv_rotate_soak: '-1' is no number of seconds from 0 on"),
    "soak of a part": ({"akv_rotate_soak": 0.5}, "akv_rotate_soak: '0.5' is no number"),
    "interval": ({"akv_rotate_soak_interval": 0}, "akv_rotate_soak_interval: 0 is not above 0"),
    "batch": ({"akv_rotate_batch_size": 0}, "akv_rotate_batch_size: 0 is not above 0"),
    "timeout": ({"akv_rotate_wait_timeout": 0}, "akv_rotate_wait_timeout: 0 is not above 0"),
    "no number": ({"akv_rotate_soak": "long"}, "akv_rotate_soak: 'long' is no number"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case: str, roles: Roles) -> None:
    given, message = BAD[case]
    with Simulator(release="9.14.1", scenario=scenario()) as simulator:
        run = roles.play("rotate", {"cluster1": simulator.connection}, {**VARIABLES, **given})
        assert run.code == 2
        assert any(message in failure for failure in run.failures()), run.failures()
        assert simulator.requests == []


@pytest.mark.parametrize("svms", ["vs9", "vs5", "vs0,vs9"])
def test_an_svm_without_such_a_vault(svms: str, roles: Roles) -> None:
    with Simulator(release="9.14.1", scenario=scenario()) as simulator, assert_changes_nothing(simulator):
        run = roles.play("rotate", {"cluster1": simulator.connection}, {**VARIABLES, "akv_svm": svms})
        assert run.code == 2
        (message,) = run.failures()
        assert f"{svms[-3:]} on cluster1 has no vault of application client1, nothing was changed" in message


def test_secrets_are_nowhere(roles: Roles) -> None:
    new, former = Canary("*~with.all=that"), Canary('{{ "or" }} this')
    variables = {**VARIABLES, "akv_client_secret": new.secret, "akv_rotate_soak": 1}
    outputs = []
    with Watch([new, former]) as watch:
        for secrets, more in (
            ((former.secret, new.secret), {}),
            # Refused by ONTAP, and put back.
            ((former.secret,), {}),
            ((former.secret, new.secret), {"akv_svm": "vs9"}),
            ((former.secret, new.secret), {"akv_client_certificate": former.secret}),
        ):
            vaults = [{"svm": name, "client_secret": former.secret} for name in ALL]
            with Simulator(release="9.14.1", scenario=scenario(*vaults, secrets=secrets)) as simulator:
                gone = {"remove_secret": {"client_id": "client1", "secret": new.secret}}
                looks = {"method": "GET", "path": "/api/security/azure-key-vaults", "nth": 6}
                simulator.apply([{"add_fault": {"match": looks, "events": [gone]}}])
                given = {**variables, "akv_previous_client_secret": former.secret, **more}
                run = roles.play("rotate", {"one": simulator.connection}, given, "-vvvv", "--diff")
                outputs.append(run.shown())
                outputs.append(json.dumps(simulator.requests).encode())
    assert [canary.found_in(output) for output in outputs for canary in (new, former) if canary.found_in(output)] == []
    assert watch.found == set()
