# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs over the cluster's clock."""

from __future__ import annotations

import pytest

from simulator.client import VAULTS

STILL = {
    "clock": {"speed": 0, "start": "2024-08-29T12:00:00Z"},
    "jobs": {"queued": 1, "running": 10, "kept": 300},
    "vaults": [{"svm": "vs0", "uuid": "u", "keys_missing_on": ["node2"]}],
}


@pytest.fixture
def client(start):
    return start("9.7", STILL)


def begin(client, query=""):
    reply = client.call("POST", f"/api{VAULTS}/u/restore{query}")
    assert reply.status_code == 202
    return reply.json()["job"]["_links"]["self"]["href"][len("/api") :]


def later(client, seconds):
    client.sim.apply([{"advance_clock": {"seconds": seconds}}])


def test_a_job_that_vanishes_may_have_done_its_work(client):
    client.sim.apply([{"fail_next_job": {"ends": "vanishes", "effect": True}}])
    job = begin(client)
    later(client, 11)
    assert client.refused("GET", job) == (404, 4, "uuid")
    assert client.sim.vaults()[0]["nodes_without_keys"] == []


@pytest.mark.parametrize(("ends", "state"), [("paused", "paused"), ("never", "running")])
def test_a_job_that_never_ends(client, ends, state):
    client.sim.apply([{"fail_next_job": {"ends": ends}}])
    job = begin(client)
    later(client, 100_000)
    assert client.get(job)["state"] == state
