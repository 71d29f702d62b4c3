# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds for the roles alike: no host, no cluster, an old one, and no secret shown."""

from __future__ import annotations

import json

import pytest
from integration.canaries import Canary, Watch
from integration.running import Values
from roles.playing import DEAD, Roles, assert_changes_nothing

from simulator import Simulator

NAME = "https://mykeyvault.vault.azure.net/"
SECRETS = {
    "akv_client_secret": Canary("*~with.all=that"),
    "akv_enable_proxy_password": Canary(),
    "akv_password": Canary('pass: *"'),
}
ROLES: dict[str, Values] = {
    "enable": {
        "akv_svm": "vs0",
        "akv_client_id": "client1",
        "akv_tenant_id": "tenant1",
        "akv_client_secret": "the-secret",
        "akv_enable_name": NAME,
        "akv_enable_key_id": f"{NAME}keys/key1",
    },
    "disable": {"akv_svm": "vs0", "akv_disable_name": NAME},
    "recover": {"akv_recover_wait": 0},
    "rotate": {"akv_client_id": "client1", "akv_client_secret": "the-secret", "akv_rotate_soak": 0},
    "rotate_key": {
        "akv_svm": "vs0",
        "akv_client_secret": "the-secret",
        "akv_rotate_key_key_id": f"{NAME}keys/key2",
        "akv_rotate_key_configuration": "green",
        "akv_rotate_key_soak": 0,
    },
    "report": {"akv_report_path": "out", "akv_report_fail_on": ["unreachable"]},
}


@pytest.mark.parametrize("role", ROLES)
def test_an_empty_inventory(role: str, roles: Roles) -> None:
    run = roles.play(role, {}, ROLES[role])
    assert run.tasks == []
    assert "no hosts matched" in run.output


@pytest.mark.parametrize("role", ROLES)
def test_a_cluster_out_of_reach(role: str, roles: Roles) -> None:
    run = roles.play(role, {"dead": DEAD}, ROLES[role])
    assert run.code == 2
    (message,) = run.failures()
    assert "refused the connection" in message
    assert {request["method"] for request in run.requests()} == {"GET"}


@pytest.mark.parametrize("role", ROLES)
def test_a_login_that_is_refused(role: str, roles: Roles) -> None:
    with Simulator(scenario={"vaults": [{"svm": "vs0"}]}) as simulator, assert_changes_nothing(simulator):
        run = roles.play(role, {"one": {**simulator.connection, "password": "wrong"}}, ROLES[role])
    assert run.code == 2
    (message,) = run.failures()
    assert "6691623" in message


@pytest.mark.parametrize("role", ROLES)
def test_too_old_a_cluster(role: str, roles: Roles) -> None:
    cluster = {"rest": False, "zapi_version": "9.5"}
    with Simulator(release="9.7", scenario={"cluster": cluster}) as simulator, assert_changes_nothing(simulator):
        run = roles.play(role, {"old": simulator.connection}, ROLES[role])
    assert run.code == 2
    (message,) = run.failures()
    assert "9.5" in message


@pytest.mark.parametrize("role", ROLES)
def test_secrets_are_nowhere(role: str, roles: Roles) -> None:
    users = [{"name": "admin", "password": SECRETS["akv_password"].secret}]
    variables = {**ROLES[role], "akv_enable_proxy_host": "proxy.example.com", "akv_enable_proxy_type": "http"}
    variables |= {name: canary.secret for name, canary in SECRETS.items()}
    outputs = []
    with (
        Simulator(release="9.14.1", scenario={"users": users}) as simulator,
        Watch(list(SECRETS.values())) as watch,
    ):
        one = {**simulator.connection, "password": None}
        for clusters, more in (
            ({"one": one}, {"akv_enable_svm": "vs0"}),
            # Each way to fail: refused by the role, by the preflight, by the cluster.
            ({"one": one}, {"akv_enable_client_certificate": SECRETS["akv_client_secret"].secret}),
            ({"one": one}, {"akv_enable_svm": "vs9"}),
            (
                {"one": one, "dead": {**DEAD, "password": None}},
                {"akv_enable_svm": "vs9", "akv_enable_preflight": False},
            ),
        ):
            run = roles.play(role, clusters, {**variables, **more}, "-vvvv", "--diff")
            outputs.append(run.shown())
        outputs.append(json.dumps(simulator.requests).encode())
        if role == "enable":
            assert simulator.secret_of(simulator.vaults()[0]["uuid"]) == SECRETS["akv_client_secret"].secret
    outputs += [path.read_bytes() for path in (roles.ansible.home / "out").rglob("*.*") if path.is_file()]
    leaks = [(name, canary.found_in(output)) for output in outputs for name, canary in SECRETS.items()]
    assert [leak for leak in leaks if leak[1]] == []
    assert watch.found == set()
