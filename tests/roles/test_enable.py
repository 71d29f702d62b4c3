# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role enable, through its playbook: once, again, in check mode, where something is in the way; its way back."""

from __future__ import annotations

import pytest
from integration.running import Values, seen
from roles.playing import DEAD, Roles, assert_changes_nothing

from simulator import Simulator

NAME = "https://kv1.vault.azure.net/"
VARIABLES: Values = {
    "akv_svm": "vs0",
    "akv_client_id": "client1",
    "akv_tenant_id": "tenant1",
    "akv_client_secret": "the-secret",
    "akv_enable_name": NAME,
    "akv_enable_key_id": f"{NAME}keys/key1",
}
TASK = "ontap.akv.akv_enable : Enable the vault, and wait until every node has its keys"
VOLUME: Values = {"svm": "vs0", "name": "vol1", "encrypted": True}


def test_enable_and_again_and_back(roles: Roles) -> None:
    with Simulator(release="9.14.1") as simulator:
        cluster = {"cluster1": simulator.connection}
        predicted = roles.play("enable", cluster, VARIABLES, "--check", "--diff").check()
        assert simulator.vaults() == []
        assert "+    client_id: client1" in predicted.output
        assert "the-secret" not in predicted.output

        done = roles.play("enable", cluster, VARIABLES, "--diff").check()
        (vault,) = simulator.vaults()
        assert (vault["svm"], vault["name"], vault["client_id"]) == ("vs0", NAME, "client1")
        assert simulator.secret_of(vault["uuid"]) == "the-secret"
        assert predicted.changed() == done.changed() == [TASK]
        result = done.fact("akv_enable_result", "cluster1")
        assert (result["operation"], result["changed"], result["failed"], result["outcome"]) == (
            *("create", True, False),
            "changed",
        )
        told = ("operation", "changed", "failed", "outcome", "preflight")
        assert {key: predicted.fact("akv_enable_result", "cluster1")[key] for key in told} == {
            key: result[key] for key in told
        }
        assert {check["status"] for check in result["preflight"]} == {"ok"}
        assert seen(simulator) == [*predicted.requests(), *done.requests()]

        again = roles.play("enable", cluster, VARIABLES).check()
        assert again.changed() == []
        assert again.fact("akv_enable_result", "cluster1")["operation"] == "none"

        back = {"akv_svm": "vs0", "akv_disable_name": NAME}
        assert roles.play("disable", cluster, back).check().changed() == [
            "ontap.akv.akv_disable : Disable the vault, if it is the one that is meant"
        ]
        assert simulator.vaults() == []


def test_all_that_it_takes(roles: Roles) -> None:
    variables = {
        **VARIABLES,
        "akv_enable_proxy_type": "http",
        "akv_enable_proxy_host": "proxy.example.com",
        "akv_enable_proxy_port": 8080,
        "akv_enable_proxy_username": "robot",
        "akv_enable_proxy_password": "the-proxy-password",
        "akv_enable_oauth_host": "login.example.com",
        "akv_enable_vault_host": "vault.example.com",
        "akv_enable_port": 8443,
        "akv_enable_configuration": "green",
        "akv_enable_client_certificate_path": "",
    }
    with Simulator(release="9.14.1", scenario={"vaults": [{"svm": "vs0"}]}) as simulator:
        roles.play("enable", {"cluster1": simulator.connection}, variables).check()
        green = next(vault for vault in simulator.vaults() if vault["configuration"] == "green")
    told = ("proxy_type", "proxy_host", "proxy_port", "proxy_username", "oauth_host", "vault_host", "port")
    assert {name: green[name] for name in told} == {name: variables[f"akv_enable_{name}"] for name in told}
    assert not green["enabled"]


def test_the_variable_of_the_role_wins_and_may_differ_by_host(roles: Roles) -> None:
    with Simulator(release="9.7") as one, Simulator(release="9.19.1") as two:
        clusters = {
            "one": {**one.connection, "variables": {"akv_enable_svm": "vs1"}},
            "two": {**two.connection, "variables": {"akv_enable_scope": "cluster", "akv_enable_svm": ""}},
        }
        roles.play("enable", clusters, VARIABLES).check()
        assert [vault["svm"] for vault in one.vaults()] == ["vs1"]
        assert [vault["scope"] for vault in two.vaults()] == ["cluster"]


# The failed checks that the role names.
IN_THE_WAY: dict[str, tuple[Values, list[str]]] = {
    "a node": ({"nodes": [{"name": "a", "state": "down"}, {"name": "b"}]}, ["nodes: All nodes must be up: a is down"]),
    "a licence and DNS": (
        {"licenses": ["ve"], "svms": [{"name": "vs0", "dns": {"servers": []}}]},
        ["licenses: A licence is missing: MTEKM", "dns: SVM vs0 has no DNS server"],
    ),
    "no such SVM": ({"svms": [{"name": "vs1"}]}, ["svm: SVM vs0 does not exist", "vs1"]),
    "volumes": ({"volumes": [VOLUME]}, ["encrypted_volumes: ", "vol1", "akv_enable_allow_encrypted_volumes: true"]),
}


@pytest.mark.parametrize("case", IN_THE_WAY)
@pytest.mark.parametrize("arguments", [(), ("--check",)], ids=["run", "check"])
def test_what_is_in_the_way_stops_it(case: str, arguments: tuple[str, ...], roles: Roles) -> None:
    scenario, says = IN_THE_WAY[case]
    with Simulator(release="9.14.1", scenario=scenario) as simulator, assert_changes_nothing(simulator):
        run = roles.play("enable", {"cluster1": simulator.connection}, VARIABLES, *arguments)
    assert run.code == 2
    (message,) = run.failures()
    assert [part for part in says if part not in message] == []
    assert "nothing was changed" in message
    assert "akv_enable_preflight: false" in message


def test_encrypted_volumes_may_be_allowed(roles: Roles) -> None:
    # Of the cluster: without a key manager of the SVM's own.
    with Simulator(release="9.19.1", scenario={"volumes": [VOLUME]}) as simulator:
        variables = {**VARIABLES, "akv_enable_allow_encrypted_volumes": True}
        roles.play("enable", {"cluster1": simulator.connection}, variables).check()
        assert len(simulator.vaults()) == 1


def test_without_a_preflight_ontap_refuses(roles: Roles) -> None:
    scenario = {"cluster": {"metrocluster": True}}
    with Simulator(release="9.14.1", scenario=scenario) as simulator:
        run = roles.play("enable", {"cluster1": simulator.connection}, {**VARIABLES, "akv_enable_preflight": False})
        assert simulator.vaults() == []
        assert not any(request["path"].endswith("/metrocluster") for request in simulator.requests)
    (message,) = run.failures()
    assert "65537506" in message
    result = run.fact("akv_enable_result", "cluster1")
    assert (result["failed"], result["changed"], result["outcome"], result["preflight"]) == (
        *(True, False),
        *("unchanged", []),
    )


def test_a_vault_that_is_there_is_past_the_preflight(roles: Roles) -> None:
    scenario = {
        "nodes": [{"name": "a", "healthy": False}, {"name": "b"}],
        "vaults": [{"svm": "vs0", "name": NAME, "key_id": f"{NAME}keys/key1"}],
        "volumes": [VOLUME],
    }
    with Simulator(release="9.14.1", scenario=scenario) as simulator, assert_changes_nothing(simulator):
        run = roles.play("enable", {"cluster1": simulator.connection}, VARIABLES).check()
        assert run.changed() == []


def test_a_vault_that_never_gets_healthy_says_so(roles: Roles) -> None:
    azure = {"applications": [{"client_id": "client1", "tenant_id": "tenant1", "secrets": ["another"]}]}
    with Simulator(release="9.7", scenario={"azure": azure}) as simulator:
        variables = {**VARIABLES, "akv_enable_wait_timeout": 3}
        run = roles.play("enable", {"cluster1": simulator.connection}, variables)
    assert run.code == 2
    result = run.fact("akv_enable_result", "cluster1")
    assert result["failed"]
    assert result["outcome"] in ("unchanged", "changed")
    assert result["msg"] in run.failures()


# What is declared wrongly, and what the sentence says; nothing is sent.
BAD: dict[str, tuple[Values, list[str]]] = {
    "no owner": ({"akv_svm": None}, ["akv_enable_svm, akv_enable_scope", "akv_enable_scope: cluster alone"]),
    "blank owner": ({"akv_svm": ""}, ["akv_enable_svm, akv_enable_scope"]),
    "two owners": ({"akv_enable_scope": "cluster"}, ["akv_enable_svm, akv_enable_scope", "'vs0'", "'cluster'"]),
    "unknown scope": ({"akv_scope": "node"}, ["akv_enable_scope", "cluster, svm"]),
    "no name": ({"akv_enable_name": None}, ["akv_enable_name"]),
    "blank name": ({"akv_enable_name": ""}, ["akv_enable_name", "empty"]),
    "no URI": ({"akv_enable_name": "mykeyvault"}, ["akv_enable_name", "'mykeyvault'", "https://<vault>"]),
    "URI with a path": ({"akv_enable_name": f"{NAME}keys/key1"}, ["akv_enable_name"]),
    "no key": ({"akv_enable_key_id": NAME}, ["akv_enable_key_id", "/keys/<key>"]),
    "white space in the key": ({"akv_enable_key_id": f"{NAME}keys/key1 "}, ["akv_enable_key_id", "white space"]),
    "no application": ({"akv_client_id": None}, ["akv_enable_client_id"]),
    "blank tenant": ({"akv_tenant_id": " "}, ["akv_enable_tenant_id"]),
    "two credentials": (
        {"akv_client_certificate": "TUlJ"},
        ["akv_enable_client_secret, akv_enable_client_certificate"],
    ),
    "Secret ID": ({"akv_client_secret": "4f7abf4c-9a07-11ea-8d52-005056bbeba5"}, ["akv_enable_client_secret", "VALUE"]),
    "no time": ({"akv_enable_wait_timeout": 0}, ["akv_enable_wait_timeout", "0 is not above 0"]),
    "no number": ({"akv_enable_wait_timeout": "soon"}, ["akv_enable_wait_timeout"]),
    "no switch": ({"akv_enable_preflight": "perhaps"}, ["akv_enable_preflight"]),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_variables(case: str, roles: Roles) -> None:
    options, says = BAD[case]
    variables = {name: value for name, value in {**VARIABLES, **options}.items() if value is not None}
    run = roles.play("enable", {"cluster1": DEAD}, variables)
    assert run.code == 2
    assert list(run.modules()) == []
    (message,) = run.failures()
    assert [part for part in says if part not in message] == [], message
    for secret in ("the-secret", "4f7abf4c-9a07-11ea-8d52-005056bbeba5", "TUlJ"):
        assert secret not in run.output


def test_a_credential_that_is_missing_is_named(roles: Roles) -> None:
    variables = {name: value for name, value in VARIABLES.items() if name != "akv_client_secret"}
    with Simulator(release="9.14.1") as simulator, assert_changes_nothing(simulator):
        run = roles.play("enable", {"cluster1": simulator.connection}, variables)
    (message,) = run.failures()
    assert "client_secret" in message
