# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""akv_check_azure in the roles: a credential that cannot work never reaches ONTAP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO

from integration.running import Run, Values
from roles.playing import HEAD, Roles, assert_changes_nothing

from simulator import Simulator

KEY = "https://mykeyvault.vault.azure.net/keys/key1"
KEY2, DISABLED = KEY.replace("key1", "key2"), KEY.replace("key1", "disabled")
PREVIOUS, NEW = "sentinel-of-the-previous-secret", "sentinel-of-the-new-secret"


@contextmanager
def world(**azure: object) -> Iterator[tuple[Simulator, Values]]:
    """A cluster and its Azure, and the variables of a rotation; at the end no secret is in a log."""
    application = {"client_id": "client1", "tenant_id": "tenant1", "secrets": [PREVIOUS, NEW]}
    log = StringIO()
    scenario = {
        "vaults": [{"svm": svm, "key_id": KEY, "client_secret": PREVIOUS} for svm in ("vs0", "vs1")],
        "azure": {"applications": [{**application}], "keys": [{"key_id": KEY}], **azure},
    }
    with Simulator(release="9.14.1", scenario=scenario, azure=True, log=log) as sim:
        where = sim.connection["azure"]
        yield (
            sim,
            {
                "akv_client_id": "client1",
                "akv_client_secret": NEW,
                "akv_previous_client_secret": PREVIOUS,
                "akv_rotate_soak": 0,
                "akv_azure_authority": where["authority"],
                "akv_azure_vault_url": where["vault_url"],
                "akv_azure_ca_path": where["ca_path"],
            },
        )
        written = log.getvalue() + json.dumps([sim.requests, sim.azure_requests])
        assert not [secret for secret in (PREVIOUS, NEW, *sim.tokens) if secret in written]


def test_never_asks_nothing(roles: Roles) -> None:
    with world() as (sim, variables):
        roles.play("rotate", {"c1": sim.connection}, variables).check()
        assert not sim.azure_requests


def test_a_credential_that_works_is_sent(roles: Roles) -> None:
    with world() as (sim, variables):
        run = roles.play("rotate", {"c1": sim.connection}, {**variables, "akv_check_azure": "required"}).check()
        assert "can use the key" in " ".join(run.output.split())
        assert {sim.secret_of(vault["uuid"]) for vault in sim.vaults()} == {NEW}
        assert not [text for text in (NEW, PREVIOUS, *sim.tokens) if text.encode() in run.shown()]
        # Both SVMs use one key: it is checked once.
        assert sum(request["path"].endswith("/token") for request in sim.azure_requests) == 1


def test_what_failed_stops_before_ontap_is_touched(roles: Roles) -> None:
    # pylint: disable-next=used-before-assignment
    with world(keys=[{"key_id": KEY, "expires": "-1d"}]) as (sim, variables), assert_changes_nothing(sim):
        run = roles.play("rotate", {"c1": sim.connection}, {**variables, "akv_check_azure": "auto"})
        assert run.code != 0
        (failure,) = run.failures()
        assert "The key expired" in failure
        assert "Nothing was sent" in failure


def test_what_is_unknown_goes_on_and_is_shown(roles: Roles) -> None:
    blocked = {"key_vaults": [{"host": "mykeyvault.vault.azure.net", "blocked_by": "firewall"}]}
    with world(**blocked) as (sim, variables):
        with assert_changes_nothing(sim):
            run = roles.play("rotate", {"c1": sim.connection}, {**variables, "akv_check_azure": "required"})
            assert run.code != 0
        run = roles.play("rotate", {"c1": sim.connection}, {**variables, "akv_check_azure": "auto"}).check()
        assert "firewall" in " ".join(run.output.split())
        assert {sim.secret_of(vault["uuid"]) for vault in sim.vaults()} == {NEW}


READER = "sentinel-of-the-reader"


@contextmanager
def estate(**azure: object) -> Iterator[tuple[Simulator, Values]]:
    """A cluster with an application whose secret has expired in Azure, and one that works; their Azure."""
    applications = [
        {
            "client_id": "client1",
            "tenant_id": "tenant1",
            "secrets": [{"value": PREVIOUS, "name": "2026-q4", "expires": "-3d"}, {"value": NEW, "name": "2027-q1"}],
        },
        {"client_id": "client2", "tenant_id": "tenant1", "secrets": [NEW]},
        {"client_id": "reader", "tenant_id": "tenant1", "secrets": [READER], "graph": ["Application.Read.All"]},
    ]
    vault = {"tenant_id": "tenant1", "key_id": KEY, "client_id": "client1", "client_secret": PREVIOUS}
    scenario = {
        "svms": [{"name": f"vs{number}"} for number in range(4)],
        "vaults": [
            {**vault, "svm": "vs0"},
            {**vault, "svm": "vs1", "client_id": "client2", "client_secret": NEW},
            {**vault, "svm": "vs3", "key_id": DISABLED},
        ],
        "azure": {
            "applications": applications,
            "keys": [{"key_id": KEY}, {"key_id": KEY2}, {"key_id": DISABLED, "enabled": False}],
            **azure,
        },
    }
    log = StringIO()
    with Simulator(release="9.14.1", scenario=scenario, azure=True, log=log) as sim:
        # ONTAP polls Azure.
        sim.apply([{"advance_clock": {"seconds": 1000}}])
        where = sim.connection["azure"]
        yield sim, {f"akv_azure_{name}": where[name] for name in ("authority", "vault_url", "graph_url", "ca_path")}
        written = log.getvalue() + json.dumps([sim.requests, sim.azure_requests])
        assert not [secret for secret in (PREVIOUS, NEW, READER, *sim.tokens) if secret in written]


def assert_shows_no_secret(run: Run, sim: Simulator) -> None:
    assert not [text for text in (NEW, PREVIOUS, READER, *sim.tokens) if text.encode() in run.shown()]


def test_every_role_that_sends_a_credential_checks_it(roles: Roles) -> None:
    enable = {"akv_svm": "vs2", "akv_enable_name": "https://mykeyvault.vault.azure.net/", "akv_enable_preflight": False}
    rotate_key = {"akv_svm": "vs1", "akv_client_id": "client2", "akv_rotate_key_soak": 0}
    # The first time of each role, its key is disabled in Azure.
    cases: list[tuple[str, Values]] = [
        ("enable", {**enable, "akv_enable_key_id": DISABLED}),
        ("rotate_key", {**rotate_key, "akv_rotate_key_key_id": DISABLED}),
        ("recover", {"akv_svm": "vs3", "akv_recover_force_credential": True}),
        ("enable", {**enable, "akv_enable_key_id": KEY}),
        ("rotate_key", {**rotate_key, "akv_rotate_key_key_id": KEY2}),
        ("recover", {"akv_svm": "vs0"}),
    ]
    common = {"akv_client_id": "client1", "akv_tenant_id": "tenant1", "akv_recover_wait": 0}
    tasks = [
        {
            "name": f"Play {number}",
            "vars": {**common, **variables},
            "block": [{"name": role, "ansible.builtin.include_role": {"name": f"ontap.akv.akv_{role}"}}],
            "rescue": [{"name": "Go on", "ansible.builtin.debug": {"msg": "stopped"}}],
        }
        for number, (role, variables) in enumerate(cases)
    ]
    python = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    playbook = roles.ansible.write("roles.yml", [{"name": "Play", **HEAD, "vars": python, "tasks": tasks}])
    with estate() as (sim, where):
        given = {**where, "akv_client_secret": NEW, "akv_check_azure": "auto"}
        run = roles.play(playbook, {"c1": sim.connection}, given, "-vvv")
        assert run.code == 0, run.output
        assert_shows_no_secret(run, sim)
        failures = run.failures()
        assert len(failures) == 3, run.output
        assert all("c1: Nothing was changed. Azure refuses" in failure for failure in failures), failures
        assert run.output.count("the credential can use the key") >= 3
        # ONTAP was changed by the second time of each role alone.
        vaults = {vault["svm"]: vault for vault in sim.vaults()}
        expected = {"vs0": KEY, "vs1": KEY2, "vs2": KEY, "vs3": DISABLED}
        # ONTAP completes a key with its version.
        assert {name: vault["key_id"].startswith(expected[name]) for name, vault in vaults.items()} == dict.fromkeys(
            expected, True
        )
        assert sim.secret_of(vaults["vs0"]["uuid"]) == NEW
        assert sim.secret_of(vaults["vs3"]["uuid"]) == PREVIOUS


def test_required_stops_on_what_is_unknown_in_every_role(roles: Roles) -> None:
    """The firewall refuses the control node: nothing is proven. With auto, roles go on: see test_what_is_unknown."""
    enable = {"akv_svm": "vs2", "akv_enable_name": "https://mykeyvault.vault.azure.net/", "akv_enable_preflight": False}
    rotate_key = {"akv_svm": "vs1", "akv_client_id": "client2", "akv_rotate_key_soak": 0}
    cases: list[tuple[str, Values]] = [
        ("enable", {**enable, "akv_enable_key_id": KEY}),
        ("rotate_key", {**rotate_key, "akv_rotate_key_key_id": KEY2}),
        ("recover", {"akv_svm": "vs0"}),
    ]
    common = {"akv_client_id": "client1", "akv_tenant_id": "tenant1", "akv_recover_wait": 0}
    tasks = [
        {
            "name": f"Play {role}",
            "vars": {**common, **variables, "akv_check_azure": "required"},
            "block": [
                {"name": f"{role}", "ansible.builtin.include_role": {"name": f"ontap.akv.akv_{role}"}},
                {"name": f"{role} went on", "ansible.builtin.debug": {"msg": "went on"}},
            ],
            "rescue": [{"name": f"{role} stopped", "ansible.builtin.debug": {"msg": "stopped"}}],
        }
        for role, variables in cases
    ]
    python = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    playbook = roles.ansible.write("required.yml", [{"name": "Play", **HEAD, "vars": python, "tasks": tasks}])
    blocked = [{"host": "mykeyvault.vault.azure.net", "blocked_by": "firewall"}]
    # pylint: disable-next=used-before-assignment
    with estate(key_vaults=blocked) as (sim, where), assert_changes_nothing(sim):
        run = roles.play(playbook, {"c1": sim.connection}, {**where, "akv_client_secret": NEW})
        ends = [task.name for task in run.tasks if task.name.endswith((" stopped", " went on"))]
        assert ends == [f"{role} stopped" for role, _variables in cases], run.output
        refused = run.failures()
        assert len(refused) == len(cases)
        assert all("Nothing was changed. Not everything could be checked in Azure." in why for why in refused), refused
        assert all("firewall" in why for why in refused)
        assert_shows_no_secret(run, sim)


def test_diagnose_puts_both_sides_together(roles: Roles) -> None:
    # pylint: disable-next=used-before-assignment
    with estate() as (sim, where), assert_changes_nothing(sim):
        reader = {
            "akv_graph_tenant_id": "tenant1",
            "akv_graph_client_id": "reader",
            "akv_graph_client_secret": READER,
            "akv_credential_expires": {"client1": "2020-03-31", "client2": "2020-03-31"},
        }
        run = roles.play("diagnose", {"c1": sim.connection}, {**where, **reader}, "-vvv").check()
        assert_shows_no_secret(run, sim)
        (report,) = [task.result["msg"] for task in run.tasks if task.name == "Show what is wrong and what to do"]
        at = next(number for number, line in enumerate(report) if "AADSTS7000222" in line)
        assert report[at + 1].startswith("  Declared: The credential expired on 2020-03-31")
        assert report[at + 2].startswith("  Azure: secret 2026-q4 (hint sen) expired on ")
        assert "(3 days ago). secret 2027-q1 (hint sen) expires on " in report[at + 2]
        # The credential of the healthy configuration is declared too.
        assert any(line.startswith("Application client2. Declared: The credential expired") for line in report)
