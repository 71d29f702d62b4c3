# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Azure and ONTAP are one world: what a client of Azure meets, ONTAP's next poll meets too."""

from __future__ import annotations

from io import StringIO

import pytest
import requests

from simulator import ScenarioError, Simulator
from simulator.client import Client

SECRET = "sentinel-of-the-simulated-azure"
KEY = "https://kv1.vault.azure.net/keys/key1"
FORM = {"grant_type": "client_credentials", "client_id": "client1", "scope": "https://vault.azure.net/.default"}


def azure_of(application=None, **more):
    one = {"client_id": "client1", "tenant_id": "tenant1", "secrets": [SECRET], **(application or {})}
    return {"applications": [one], "keys": [{"key_id": KEY}], **more}


@pytest.fixture
def world():
    """Starts a world; gives what Entra and what ONTAP says, both as a code or text, or None."""
    running = []

    class World:
        def __init__(self, sim):
            self.sim = sim
            self.url = sim.connection["azure"]["authority"]
            self.session = requests.Session()
            self.session.trust_env = False
            self.session.verify = sim.connection["azure"]["ca_path"]

        def entra(self, secret=SECRET):
            answer = self.session.post(f"{self.url}/tenant1/oauth2/v2.0/token", {**FORM, "client_secret": secret})
            return answer.json().get("error_codes", [None])[0]

        def ontap(self):
            return self.sim.vaults()[0]["azure_problem"]

        def both(self):
            said = self.ontap()
            assert self.entra() == (int(said.partition(":")[0][len("AADSTS") :]) if said else None)
            return said

    def started(azure, **more):
        vaults = [{"svm": "vs0", "key_id": KEY, "client_secret": SECRET}]
        sim = Simulator(
            scenario={"vaults": vaults, "azure": azure, **more}, release="9.14.1", azure=True, log=StringIO()
        )
        running.append(sim.__enter__())
        return World(sim)

    yield started
    for sim in running:
        sim.__exit__()


def test_ontap_notices_at_its_next_poll(world):
    here = world(azure_of({"secrets": [{"value": SECRET, "expires": "+1d"}]}, poll_interval=900))
    assert here.ontap() is None
    here.sim.clock.advance(86400 - 100)
    assert here.ontap() is None
    here.sim.clock.advance(200)
    assert here.entra() == 7000222
    here.sim.clock.advance(900)
    assert "AADSTS7000222" in here.ontap()


def test_a_key_that_ends_still_unwraps(world):
    here = world(azure_of(keys=[{"key_id": KEY, "expires": "+1d"}]))
    here.sim.clock.advance(90000)
    assert here.ontap() is None
    client = Client(here.sim.connection)
    uuid = here.sim.vaults()[0]["uuid"]
    path = f"/security/azure-key-vaults/{uuid}/rekey-external"
    refused = client.post({"key_id": KEY}, path, params={"return_timeout": 10})
    assert refused.status_code >= 400
    assert "not valid yet" in refused.text


@pytest.mark.parametrize(
    ("event", "says"),
    [
        ({"disable_key": {"key_id": KEY}}, "disabled"),
        ({"delete_key": {"key_id": KEY}}, "not found"),
        ({"forbid_key": {"key_id": KEY}}, "not permitted"),
        ({"key_vault": {"host": "kv1.vault.azure.net", "policies": {"client1": ["get", "wrapKey"]}}}, "not permitted"),
    ],
)
def test_a_key_that_cannot_be_used(world, event, says):
    here = world(azure_of())
    here.sim.apply([event])
    assert says in here.ontap()


def test_a_firewall_concerns_the_client_alone(world):
    here = world(azure_of(key_vaults=[{"host": "kv1.vault.azure.net", "blocked_by": "firewall"}]))
    assert here.ontap() is None
    assert here.session.get(f"{here.url}/keys/key1").status_code == 403


def test_faults_meet_azure_or_the_cluster(world):
    fault = {"match": {"azure": True, "path": "*/token"}, "http": {"status": 503, "retry_after": 1}}
    here = world(azure_of(), faults=[fault])
    answer = here.session.post(f"{here.url}/tenant1/oauth2/v2.0/token", FORM)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert here.entra() is None
    assert here.sim.azure_requests[0]["faults"] == ["http"]


def test_no_secret_and_no_token_is_logged(world):
    here = world(azure_of())
    form = {**FORM, "client_secret": SECRET}
    token = here.session.post(f"{here.url}/tenant1/oauth2/v2.0/token", form).json()["access_token"]
    for query in (f"client_secret={SECRET}", f"x={SECRET}", f"access_token={token}", f"y={token}"):
        here.session.get(f"{here.url}/keys/{token}?{query}")
    written = here.sim._farm.azure._log.getvalue() + str(here.sim.azure_requests)
    assert SECRET not in written
    assert token not in written
    assert written.count("********") >= 8


def test_clusters_share_one_azure():
    scenario = {"vaults": [{"svm": "vs0", "key_id": KEY, "client_secret": SECRET}], "azure": azure_of()}
    with Simulator(scenario=scenario, clusters=2) as sim:
        sim.apply([{"disable_key": {"key_id": KEY}}])
        second = sim.connection["clusters"][1]
        url = f"https://{second['hostname']}:{second['http_port']}/simulator/vaults"
        session = requests.Session()
        session.trust_env = False
        reported = session.get(url, verify=second["ca_path"], timeout=10).json()["vaults"]
        assert reported[0]["azure_problem"] == "the key is disabled"


@pytest.mark.parametrize(
    ("azure", "says"),
    [
        (
            {"applications": [{"client_id": "c", "tenant_id": "t", "secrets": [{"value": "x", "expires": "soon"}]}]},
            "moment",
        ),
        ({"applications": [{"client_id": "c", "tenant_id": "t", "certificates": ["x"]}]}, "PEM"),
        ({"key_vaults": [{"host": "h", "roles": {}, "policies": {}}]}, "not both"),
        ({"key_vaults": [{"host": "h", "policies": {"c": ["wrapkey"]}}]}, "unknown value 'wrapkey'"),
    ],
)
def test_a_section_that_is_wrong(azure, says):
    with pytest.raises(ScenarioError, match=says):
        Simulator(scenario={"azure": azure})
