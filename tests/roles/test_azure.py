# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""akv_check_azure in the roles: a credential that cannot work never reaches ONTAP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO

import pytest
from integration.running import Values
from roles.playing import Roles, assert_changes_nothing

from simulator import Simulator

KEY = "https://mykeyvault.vault.azure.net/keys/key1"
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


@pytest.mark.parametrize(
    ("azure", "says"),
    [
        ({"keys": [{"key_id": KEY, "expires": "-1d"}]}, "The key expired"),
        ({"key_vaults": [{"host": "mykeyvault.vault.azure.net", "tenant_id": "tenant2"}]}, "tenant2"),
    ],
)
@pytest.mark.parametrize("mode", ["auto", "required"])
def test_what_failed_stops_before_ontap_is_touched(roles: Roles, azure: Values, says: str, mode: str) -> None:
    with world(**azure) as (sim, variables), assert_changes_nothing(sim):
        run = roles.play("rotate", {"c1": sim.connection}, {**variables, "akv_check_azure": mode})
        assert run.code != 0
        (failure,) = run.failures()
        assert says in failure
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
