# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The life of an AKV configuration by roles, stage by stage: in check mode, done, done again, and refused.

The sessions core-* play this on other ansible-cores, where types and templates differ. The rest needs the newest alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from integration.running import Values
from roles.playing import ROLES, Roles, assert_changes_nothing

from simulator import Simulator

VAULT = "https://mykeyvault.vault.azure.net/"
KEY1, KEY2 = f"{VAULT}keys/key1", f"{VAULT}keys/key2"
FORMER, NEW = "former-secret", "new-secret"
APPLICATION: Values = {"akv_client_id": "client1", "akv_tenant_id": "tenant1"}
THERE: list[Values] = [{"svm": "vs0", "key_id": KEY1, "client_secret": FORMER}]


@dataclass(frozen=True)
class Stage:
    """What a role is played with, and what comes of it.

    :ivar wrong: what has happened on the cluster so that the role must fail
    :ivar says: a part of what it then says
    :ivar mended: what happens after that, so that it succeeds
    :ivar leaves: the AKV configuration afterwards, as far as the role has a say in it; None where none is left
    :ivar changes: whether it changes the cluster, and whether it does when it is played again
    """

    variables: Values
    wrong: list[Values]
    says: str
    mended: list[Values]
    leaves: Values | None
    vaults: list[Values] = field(default_factory=lambda: THERE)
    changes: tuple[bool, bool] = (True, False)


VOLUME = {"create_volume": {"svm": "vs0", "name": "vol1", "encrypted": True}}
LIFE = {
    "enable": Stage(
        variables={**APPLICATION, "akv_client_secret": FORMER, "akv_enable_name": VAULT, "akv_enable_key_id": KEY1},
        vaults=[],
        wrong=[VOLUME],
        says="encrypted_volumes: ",
        mended=[{"delete_volume": {"svm": "vs0", "name": "vol1"}}],
        leaves={"key_id": KEY1, "secret": FORMER},
    ),
    "report": Stage(
        variables={"akv_report_path": "out", "akv_report_fail_on": ["degraded"]},
        wrong=[{"lose_keys": {"svm": "vs0", "nodes": ["node1"]}}],
        says="degraded",
        mended=[{"recover_keys": {"svm": "vs0"}}],
        leaves={"key_id": KEY1, "secret": FORMER},
        changes=(False, False),
    ),
    "rotate": Stage(
        variables={
            **APPLICATION,
            "akv_client_secret": NEW,
            "akv_previous_client_secret": FORMER,
            "akv_rotate_soak": 1,
            "akv_rotate_soak_interval": 1,
        },
        wrong=[VOLUME],
        says="The client secret is not valid",
        mended=[{"add_secret": {"client_id": "client1", "secret": NEW}}],
        leaves={"key_id": KEY1, "secret": NEW},
        # Nobody can tell whether an AKV configuration has it already.
        changes=(True, True),
    ),
    "rotate_key": Stage(
        variables={"akv_rotate_key_key_id": KEY2, "akv_rotate_key_soak": 1, "akv_rotate_key_soak_interval": 1},
        wrong=[VOLUME, {"lose_keys": {"svm": "vs0", "nodes": ["node1"]}}],
        says="vs0 on rotate_key is degraded.",
        mended=[{"recover_keys": {"svm": "vs0"}}],
        leaves={"key_id": KEY2, "secret": FORMER},
    ),
    "recover": Stage(
        variables={"akv_recover_wait": 1, "akv_recover_wait_interval": 1},
        wrong=[VOLUME, {"azure": {"reachable": False}}],
        says="azure_unreachable",
        mended=[{"azure": {"reachable": True}}, {"lose_keys": {"svm": "vs0", "nodes": ["node1"]}}],
        leaves={"key_id": KEY1, "secret": FORMER},
    ),
    "disable": Stage(
        variables={"akv_disable_name": VAULT},
        wrong=[VOLUME],
        says="need the AKV configuration (1): vol1.",
        mended=[{"delete_volume": {"svm": "vs0", "name": "vol1"}}],
        leaves=None,
    ),
}


# What the roles say of a cluster that has no AKV configuration.
NOTHING: dict[str, Values] = {
    "recover": {"failed": False, "changed": False, "vaults": [], "volumes_before": [], "volumes_after": []},
    "report": {"found": [], "vaults": []},
    "disable": {"failed": False, "changed": False, "operation": "none", "volumes": []},
}


def test_each_role_has_its_stage() -> None:
    assert sorted(LIFE) == [role.name.removeprefix("akv_") for role in ROLES]


def _playbook(roles: Roles, chosen: Iterable[str], empty: Iterable[str] = ()) -> Path:
    """Several roles, each on its own cluster, some also on one where they have nothing to do."""
    plays = [
        {
            "name": f"Play {role}",
            "ansible.builtin.import_playbook": f"ontap.akv.{role}",
            "vars": {"akv_hosts": [role, *([f"{role}-empty"] if role in empty else [])]},
        }
        for role in chosen
    ]
    return roles.ansible.write("life.yml", plays)


def _left(simulator: Simulator) -> list[Values]:
    """What the role has a say in."""
    return [{"key_id": vault["key_id"], "secret": simulator.secret_of(vault["uuid"])} for vault in simulator.vaults()]


def test_life(roles: Roles) -> None:
    """Several roles in a run, whose start takes as long as some roles."""
    application = {"client_id": "client1", "tenant_id": "tenant1", "secrets": [FORMER]}
    scenario = {"azure": {"applications": [application]}, "jobs": {"queued": 0, "running": 0.1}}
    with ExitStack() as stack:
        simulators = {
            role: stack.enter_context(Simulator(release="9.14.1", scenario={**scenario, "vaults": stage.vaults}))
            for role, stage in LIFE.items()
        }
        variables = {role: {"akv_svm": "vs0", **stage.variables} for role, stage in LIFE.items()}
        clusters = {
            role: {**simulator.connection, "variables": variables[role]} for role, simulator in simulators.items()
        }
        for role in NOTHING:
            empty = stack.enter_context(Simulator(release="9.14.1"))
            stack.enter_context(assert_changes_nothing(empty))
            svm = {"akv_svm": "vs0"} if role == "disable" else {}
            clusters[f"{role}-empty"] = {**empty.connection, "variables": {**LIFE[role].variables, **svm}}

        for role, stage in LIFE.items():
            simulators[role].apply(stage.wrong)
        before = {role: simulator.vaults() for role, simulator in simulators.items()}
        # A play whose hosts all fail ends the run.
        refused = [
            roles.play(_playbook(roles, chosen, NOTHING), clusters)
            for chosen in ([*NOTHING, "enable"], ["rotate"], ["rotate_key"])
        ]
        assert [run.code for run in refused] == [2, 2, 2]
        assert {role: simulator.vaults() for role, simulator in simulators.items()} == before
        said = {task.host: task.result["msg"] for run in refused for task in run.tasks if task.status == "failed"}
        assert {role: said.get(role) for role, stage in LIFE.items() if stage.says not in said.get(role, "")} == {}
        assert said.keys() == LIFE.keys()
        results = {role: refused[0].fact(f"akv_{role}_result", f"{role}-empty") for role in NOTHING}
        assert {role: {name: results[role][name] for name in NOTHING[role]} for role in NOTHING} == NOTHING

        for role, stage in LIFE.items():
            simulators[role].apply(stage.mended)
        playbook = _playbook(roles, LIFE)
        with ExitStack() as unchanged:
            for simulator in simulators.values():
                unchanged.enter_context(assert_changes_nothing(simulator))
            foretold = roles.play(playbook, clusters, None, "--check", "--diff").check()
        done = roles.play(playbook, clusters).check()
        again = roles.play(playbook, clusters).check()
        for role, stage in LIFE.items():
            assert _left(simulators[role]) == ([] if stage.leaves is None else [stage.leaves]), role
            if role != "report":
                found = [run.fact(f"akv_{role}_result", role) for run in (foretold, done, again)]
                assert [result["changed"] for result in found] == [stage.changes[0], *stage.changes], role
                assert not done.fact(f"akv_{role}_result", role)["failed"], role
