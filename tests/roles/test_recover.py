# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role recover, through its playbook: from offline volumes to online ones, or to what a person must do."""

from __future__ import annotations

import base64
import json
import typing as t

import pytest
from integration.canaries import Canary, Watch
from integration.certificates import make_pkcs12
from integration.running import Values
from roles.playing import RoleRun, Roles, assert_changes_nothing

from simulator import Simulator

FORMER, NEW = "former-secret", "the-new-secret"
CREDENTIAL: Values = {"akv_client_id": "client1", "akv_client_secret": NEW}
QUICK: Values = {"akv_recover_wait": 2, "akv_recover_wait_interval": 1, "akv_recover_wait_timeout": 10}
KEY = "https://mykeyvault.vault.azure.net/keys/key1"


def scenario(**more: t.Any) -> Values:
    """Two SVMs with an encrypted volume each, whose application has both secrets."""
    names = ("vs0", "vs1")
    application = {"client_id": "client1", "tenant_id": "tenant1", "secrets": [FORMER, NEW]}
    return {
        "svms": [{"name": name} for name in names],
        "vaults": [{"svm": name, "key_id": KEY, "client_secret": FORMER} for name in names],
        "volumes": [{"svm": name, "name": "vol1", "encrypted": True} for name in names],
        "azure": {"applications": [application], "keys": [{"key_id": KEY}]},
        "clock": {"speed": 0},
        **more,
    }


def broken(*events: Values, **more: t.Any) -> Simulator:
    """A cluster on which that has happened an hour and a bit ago."""
    later = [*events, {"advance_clock": {"seconds": 1}}, {"advance_clock": {"seconds": 3700}}]
    return Simulator(release="9.14.1", scenario=scenario(events=later, **more))


def play(roles: Roles, simulator: Simulator, variables: Values, *arguments: str) -> tuple[RoleRun, Values]:
    run = roles.play("recover", {"cluster1": simulator.connection}, {**QUICK, **variables}, *arguments)
    return run, run.fact("akv_recover_result", "cluster1")


def states(result: Values) -> dict[str, tuple[str, str, str, str]]:
    keys = ("before", "after", "credential", "restore")
    return {vault["svm"].get("name", "cluster"): tuple(vault[key] for key in keys) for vault in result["vaults"]}  # type: ignore[misc]


def test_an_expired_secret(roles: Roles) -> None:
    with broken({"expire_credential": {"svm": "vs0"}}) as simulator:
        with assert_changes_nothing(simulator):
            _run, foretold = play(roles, simulator, CREDENTIAL, "--check")
        assert (foretold["failed"], foretold["changed"]) == (False, True)
        run, result = play(roles, simulator, CREDENTIAL)
        run.check()
        assert "Do not reboot" in run.output
        assert {states(result)[name][:3] for name in ("vs0",)} == {("unavailable", "healthy", "sent")}
        assert [volume["name"] for volume in result["volumes_before"]] == ["vol1"]
        assert (result["volumes_after"], result["changed"], result["outcome"]) == ([], True, "changed")
        secrets = {vault["svm"]: simulator.secret_of(vault["uuid"]) for vault in simulator.vaults()}
        assert secrets == {"vs0": NEW, "vs1": FORMER}

        with assert_changes_nothing(simulator):
            run, result = play(roles, simulator, CREDENTIAL)
        assert "Nothing to do" in result["msg"]
        assert (run.code, result["changed"], result["vaults"]) == (0, False, [])


def test_without_a_credential_it_says_what_to_do(roles: Roles) -> None:
    with broken({"expire_credential": {"svm": "vs0"}}) as simulator:
        run, result = play(roles, simulator, {"akv_recover_restore": False})
        assert run.code == 2
        assert (result["failed"], result["changed"], result["outcome"]) == (True, False, "unchanged")
        assert result["msg"] in run.failures()
        assert "What to do: " in result["msg"]
        assert [volume["state"] for volume in result["volumes_after"]] == ["offline"]


@pytest.mark.parametrize(
    ("given", "credential"),
    [({"akv_client_secret": "wrong-secret"}, "failed"), ({"akv_client_id": "another"}, "none")],
    ids=["refused by ONTAP", "of another application"],
)
def test_a_credential_that_is_of_no_use(given: Values, credential: str, roles: Roles) -> None:
    with broken({"expire_credential": {"svm": "vs0"}}) as simulator:
        run, result = play(roles, simulator, {**CREDENTIAL, **given})
        assert run.code == 2
        assert states(result)["vs0"][2] == credential
        assert {simulator.secret_of(vault["uuid"]) for vault in simulator.vaults()} == {FORMER}


def test_a_certificate_that_is_none(roles: Roles) -> None:
    with broken({"expire_credential": {"svm": "vs0"}}) as simulator, assert_changes_nothing(simulator):
        given = {"akv_client_id": "client1", "akv_client_certificate": "this is none"}
        run = roles.play("recover", {"cluster1": simulator.connection}, {**QUICK, **given})
        assert run.code == 2
        assert "client_certificate" in run.failures()[-1]


def given_as(way: str, certificate: str, roles: Roles) -> Values:
    """The variables that give a certificate of application client1."""
    if way == "base64":
        return {"akv_client_id": "client1", "akv_client_certificate": certificate}
    path = roles.ansible.home / "application.p12"
    path.write_bytes(base64.b64decode(certificate))
    return {"akv_client_id": "client1", "akv_recover_client_certificate_path": str(path)}


WAYS = ["base64", "path"]


@pytest.mark.parametrize("former", ["client_secret", "client_certificate"])
@pytest.mark.parametrize("way", WAYS)
def test_a_certificate(way: str, former: str, roles: Roles) -> None:
    """In the place of a secret that has run out, and of a certificate that has."""
    vaults = scenario()["vaults"]
    vaults[0] = {"svm": "vs0", "key_id": KEY, former: FORMER}
    certificate = make_pkcs12()
    with broken({"expire_credential": {"svm": "vs0"}}, vaults=vaults) as simulator:
        variables = given_as(way, certificate, roles)
        with assert_changes_nothing(simulator):
            _run, foretold = play(roles, simulator, variables, "--check", "--diff")
        assert (foretold["failed"], foretold["changed"]) == (False, True)
        run, result = play(roles, simulator, variables)
        run.check()
        assert states(result)["vs0"][:3] == ("unavailable", "healthy", "sent")
        assert result["volumes_after"] == []
        held = {vault["svm"]: simulator.secret_of(vault["uuid"]) for vault in simulator.vaults()}
        assert held == {"vs0": certificate, "vs1": FORMER}
        with assert_changes_nothing(simulator):
            _run, result = play(roles, simulator, variables)
        assert (result["changed"], result["vaults"]) == (False, [])


@pytest.mark.parametrize("way", WAYS)
def test_a_certificate_on_too_old_a_release(way: str, roles: Roles) -> None:
    """Nodes lack keys too: nothing is restored either, as the cure that was asked for is not to be had."""
    later = [{"expire_credential": {"svm": "vs0"}}, {"lose_keys": {"svm": "vs1"}}, {"advance_clock": {"seconds": 3700}}]
    with (
        Simulator(release="9.9.1", scenario=scenario(events=later)) as simulator,
        assert_changes_nothing(simulator),
    ):
        variables = {**QUICK, **given_as(way, make_pkcs12(), roles)}
        run = roles.play("recover", {"cluster1": simulator.connection}, variables)
        assert run.code == 2
        assert "needs ONTAP 9.10.1 or later; 127.0.0.1 runs 9.9.1" in run.failures()[-1]
        assert "nothing was changed" in run.failures()[-1]


def test_a_certificate_that_is_not_there(roles: Roles) -> None:
    with broken({"expire_credential": {"svm": "vs0"}}) as simulator, assert_changes_nothing(simulator):
        given = {"akv_client_id": "client1", "akv_recover_client_certificate_path": "/nowhere/application.p12"}
        run = roles.play("recover", {"cluster1": simulator.connection}, {**QUICK, **given})
        assert run.code == 2
        assert "client_certificate_path: '/nowhere/application.p12' cannot be read" in run.failures()[-1]


def test_a_credential_whose_answer_is_lost(roles: Roles) -> None:
    with broken({"expire_credential": {"svm": "vs0"}}) as simulator:
        lost = {"match": {"method": "PATCH", "times": 0}, "reset": {}}
        simulator.apply([{"add_fault": lost}])
        run, result = play(
            roles, simulator, {**CREDENTIAL, "akv_recover_wait_timeout": 2, "akv_recover_restore": False}
        )
        assert run.code == 2
        assert (states(result)["vs0"][2], result["outcome"]) == ("failed", "unknown")


@pytest.mark.parametrize(("scope", "owners"), [("svm", {"vs0"}), ("cluster", {"cluster"}), ("all", {"vs0", "cluster"})])
def test_scope(scope: str, owners: set[str], roles: Roles) -> None:
    lacking = {"key_id": KEY, "client_secret": FORMER, "keys_missing_on": ["node1"]}
    vaults = [{"svm": "vs0", **lacking}, {"scope": "cluster", **lacking}]
    with Simulator(release="9.14.1", scenario=scenario(vaults=vaults, clock={"speed": 1})) as simulator:
        run, result = play(roles, simulator, {"akv_scope": scope})
        run.check()
        assert set(states(result)) == owners
        assert {restore for *_others, restore in states(result).values()} == {"restored"}


UNSET: Values = {name: value for name, value in QUICK.items() if name != "akv_recover_wait"}
REFUSED = "1200 s at most: how often ONTAP polls Azure could not be read. It is taken as every 15 minutes, and 5 more."


@pytest.mark.parametrize(
    ("release", "access", "given", "why"),
    [
        ("9.9.1", "readonly", {}, "1200 s at most: ONTAP polls Azure every 15 minutes, and 5 more."),
        ("9.14.1", "readonly", {}, "2100 s at most: ONTAP polls Azure every 30 minutes, and 5 more."),
        (
            "9.14.1",
            "readonly",
            {"akv_recover_wait": ""},
            "2100 s at most: ONTAP polls Azure every 30 minutes, and 5 more.",
        ),
        ("9.14.1", "readonly", {"akv_recover_wait": "7"}, "7 s at most: akv_recover_wait says so."),
        ("9.14.1", "none", {}, REFUSED),
    ],
    ids=["9.9.1", "9.14.1", "blank", "given", "a login that may not"],
)
def test_it_waits_for_a_polling_interval_and_5_minutes(
    release: str, access: str, given: Values, why: str, roles: Roles
) -> None:
    """As long as it takes at most: a restore makes all well at once."""
    may = ("azure-key-vaults", "all"), ("key-manager-configs", access)
    privileges = [{"api": f"/api/security/{path}", "access": level} for path, level in may]
    privileges += [{"api": api, "access": "readonly"} for api in ("/api/cluster", "/api/storage/volumes")]
    more = {
        "cluster": {"health_monitor": {"polling_interval": 30}},
        "users": [{"name": "admin", "password": "the-password", "role": "mender"}],
        "roles": {"mender": privileges},
        "events": [{"lose_keys": {"svm": "vs0", "nodes": ["node1"]}}],
        "clock": {"speed": 1},
    }
    with Simulator(release=release, scenario=scenario(**more)) as simulator:
        variables = {**UNSET, **given}
        run = roles.play("recover", {"cluster1": simulator.connection}, variables)
        run.check()
        assert f"They are waited for {why}" in " ".join(run.output.split())
        assert states(run.fact("akv_recover_result", "cluster1"))["vs0"][1] == "healthy"


def test_a_key_that_is_disabled(roles: Roles) -> None:
    with broken({"disable_key": {"key_id": KEY}}) as simulator:
        run, result = play(roles, simulator, {"akv_svm": "vs0"})
        assert run.code == 2
        assert "disabled" in result["msg"]
        assert "The key is disabled. Enable it in Azure" in result["vaults"][0]["advice"]
        assert set(states(result)) == {"vs0"}
        simulator.apply([{"enable_key": {"key_id": KEY}}, {"advance_clock": {"seconds": 1000}}])
        run, result = play(roles, simulator, {"akv_svm": "vs0"})
        assert (run.code, result["volumes_after"]) == (0, [])


def test_a_path_that_is_closed(roles: Roles) -> None:
    with broken({"azure": {"reachable": False}}) as simulator:
        run, result = play(roles, simulator, {})
        assert run.code == 2
        assert all("over a LIF of the SVM" in vault["advice"] for vault in result["vaults"])
        assert len(result["volumes_after"]) == 2


@pytest.mark.parametrize("restore", [True, False])
def test_keys_that_nodes_lack(restore: bool, roles: Roles) -> None:
    lost = {"lose_keys": {"svm": "vs0", "nodes": ["node1"]}}
    with Simulator(release="9.14.1", scenario=scenario(events=[lost], clock={"speed": 1})) as simulator:
        run, result = play(roles, simulator, {"akv_recover_restore": restore})
        assert run.code == (0 if restore else 2)
        after = "healthy" if restore else "degraded"
        assert states(result) == {"vs0": ("degraded", after, "none", "restored" if restore else "none")}
        assert len([job for job in simulator.jobs() if "/restore" in job["description"]]) == int(restore)


def test_an_svm_without_a_vault(roles: Roles) -> None:
    with Simulator(release="9.14.1", scenario=scenario(vaults=[])) as simulator, assert_changes_nothing(simulator):
        run = roles.play("recover", {"cluster1": simulator.connection}, {"akv_svm": "vs0"})
        assert run.failures() == ["akv_recover_svm: SVM vs0 has no vault on cluster1, nothing was changed."]


BAD: dict[str, tuple[Values, str]] = {
    "scope and SVM": (
        {"akv_svm": "vs0", "akv_scope": "cluster"},
        "akv_recover_svm is 'vs0' and akv_recover_scope is cluster",
    ),
    "two credentials": ({**CREDENTIAL, "akv_client_certificate": "MIIabc"}, "more than one is given"),
    "a secret and a file": ({**CREDENTIAL, "akv_recover_client_certificate_path": "app.p12"}, "more than one is given"),
    "whose": ({"akv_client_secret": NEW}, "akv_recover_client_id: '' is empty"),
    "whose file": ({"akv_recover_client_certificate_path": "app.p12"}, "akv_recover_client_id: '' is empty"),
    "blank": ({**CREDENTIAL, "akv_client_secret": " "}, "akv_recover_client_secret: it holds nothing but white space"),
    "Secret ID": (
        {**CREDENTIAL, "akv_client_secret": "12345678-abcd-abcd-abcd-1234567890ab"},
        "akv_recover_client_secret: it looks like a Secret ID",
    ),
    "wait": ({"akv_recover_wait": -1}, "akv_recover_wait: '-1' is no number of seconds from 0 on"),
    "wait of words": ({"akv_recover_wait": "long"}, "akv_recover_wait: 'long' is no number of seconds from 0 on"),
    "interval": ({"akv_recover_wait_interval": 0}, "akv_recover_wait_interval: 0 is not above 0"),
    "timeout": ({"akv_recover_wait_timeout": 0}, "akv_recover_wait_timeout: 0 is not above 0"),
    "scope": ({"akv_scope": "galaxy"}, "galaxy"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case: str, roles: Roles) -> None:
    given, message = BAD[case]
    with Simulator(release="9.14.1", scenario=scenario()) as simulator:
        run = roles.play("recover", {"cluster1": simulator.connection}, {**QUICK, **given})
        assert run.code == 2
        assert any(message in failure for failure in run.failures()), run.failures()
        assert simulator.requests == []


@pytest.mark.parametrize("way", WAYS)
def test_a_certificate_is_nowhere(way: str, roles: Roles) -> None:
    certificate = make_pkcs12()
    # All of it but the beginning, which says what it is and is the same in each.
    parts = [certificate[start : start + 24] for start in range(100, len(certificate) - 24, 12)]
    outputs = []
    for release, events in (("9.14.1", []), ("9.9.1", []), ("9.14.1", [{"azure": {"reachable": False}}])):
        later = [{"expire_credential": {"svm": "vs0"}}, *events, {"advance_clock": {"seconds": 3700}}]
        with Simulator(release=release, scenario=scenario(events=later)) as simulator:
            variables = {**QUICK, **given_as(way, certificate, roles)}
            run = roles.play("recover", {"one": simulator.connection}, variables, "-vvvv", "--diff")
            outputs.append(run.shown().decode() + json.dumps(simulator.requests))
    assert [part for output in outputs for part in parts if part in output] == []


def test_secrets_are_nowhere(roles: Roles) -> None:
    secret = Canary("*~with.all=that")
    outputs = []
    with Watch([secret]) as watch:
        for application in ("client1", "another"):
            with broken({"expire_credential": {"svm": "vs0"}}) as simulator:
                given = {**QUICK, "akv_client_id": application, "akv_client_secret": secret.secret}
                run = roles.play("recover", {"one": simulator.connection}, given, "-vvvv", "--diff")
                outputs.append(run.shown())
                outputs.append(json.dumps(simulator.requests).encode())
    assert [found for output in outputs if (found := secret.found_in(output))] == []
    assert watch.found == set()
