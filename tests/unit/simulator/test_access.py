# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logins, roles and TLS."""

from __future__ import annotations

import pytest
import requests

from simulator.client import CREATE, VAULTS, Client

PATH = "/api/security/azure-key-vaults"
USERS = {
    "users": [
        {"name": "admin", "password": "admin-password"},
        {"name": "reader", "password": "reader-password", "role": "reader"},
        {"name": "robot", "certificate": True, "role": "operator"},
        {"name": "person", "password": "person-password", "role": "none"},
    ],
    "roles": {
        "reader": [{"api": PATH, "access": "readonly"}],
        "operator": [
            {"api": "/api", "access": "none"},
            {"api": PATH, "access": "read_create_modify"},
            {"api": f"{PATH}/*/restore", "access": "none"},
            {"api": "/api/cluster", "access": "readonly"},
            {"api": "/api/cluster/jobs", "access": "none"},
        ],
    },
    "vaults": [{"svm": "vs0", "uuid": "u"}],
}


@pytest.mark.parametrize(
    "auth",
    [
        None,
        ("admin", "wrong"),
        ("nobody", "admin-password"),
        ("robot", "None"),
        ("robot", ""),
        ("reader", "admin-password"),
    ],
)
def test_without_a_good_login(start, auth):
    client = start("9.7", USERS, auth=auth)
    assert client.refused("GET", VAULTS) == (401, 6691623, None)
    assert client.refused("GET", "/nonsense") == (401, 6691623, None)
    assert client.call("GET", PATH).headers["WWW-Authenticate"] == 'Basic realm="private"'


def test_a_certificate_is_a_login_and_the_longest_path_decides(start):
    client = start("9.7", USERS, auth=None)
    pair = client.sim.connection["certificates"]["robot"]
    client.session.cert = (pair["cert_filepath"], pair["key_filepath"])
    client.session.close()
    assert client.get(VAULTS)["num_records"] == 1
    assert client.call("PATCH", f"{PATH}/u", json={"client_secret": "x"}).status_code == 200
    assert client.get("/cluster")["name"] == "cluster1"
    assert client.refused("DELETE", f"{VAULTS}/u")[0] == 403
    assert client.refused("POST", f"{VAULTS}/u/restore")[0] == 403
    assert client.refused("GET", "/cluster/jobs")[0] == 403
    assert client.refused("GET", "/security/key-managers")[0] == 403


def test_ipv6():
    from simulator import Simulator

    try:
        with Simulator(host="::1") as sim:
            client = Client({**sim.connection, "hostname": "[::1]"})
            assert client.get(VAULTS)["num_records"] == 0
    except OSError:
        pytest.skip("there is no IPv6 loopback here")


def test_nothing_but_loopback():
    from simulator import Simulator

    with pytest.raises(ValueError, match="loopback only"):
        Simulator(host="0.0.0.0")


def test_what_is_logged(start):
    client = start("9.7", {"users": [{"name": "admin", "password": "canary-password"}]})
    client.session.headers["X-Dot-Client-App"] = "app/1"
    client.call("GET", f"{PATH}?fields=*&svm.name=vs*")
    client.call("POST", PATH, json={**CREATE, "client_secret": "canary-secret"})
    client.call("GET", f"{PATH}?client_secret=canary-other")
    client.call("GET", f"{PATH}?name=canary%2Dsecret")
    client.call("GET", f"{PATH}/canary%2Dpassword")
    seen = client.sim.requests
    assert [(each["method"], each["path"], each["query"], each["status"]) for each in seen[:2]] == [
        ("GET", PATH, "fields=*&svm.name=vs*", 200),
        ("POST", PATH, "", 201),
    ]
    assert {each["client_app"] for each in seen} == {"app/1"}
    assert "canary" not in str(seen)
    assert requests.get(f"{client.base}/simulator/requests", verify=client.session.verify, timeout=5).json() == {
        "requests": seen
    }
    client.call("DELETE", "/simulator/requests")
    assert client.sim.requests == []
