# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Logging in, TLS and proxies."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from integration.running import Values, call

from simulator import Simulator

VAULT: Values = {
    "svm": "vs0",
    "name": "https://mykeyvault.vault.azure.net/",
    "key_id": "https://mykeyvault.vault.azure.net/keys/key1",
    "client_id": "client1",
    "tenant_id": "tenant1",
    "client_secret": "abcdef",
}


def _with_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


# --- login ------------------------------------------------------------------------------------------------------------


def test_certificate_of_the_task_wins_over_a_password_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    users = [{"name": "automation", "certificate": True}]
    monkeypatch.setenv("ONTAP_USERNAME", "misleading")
    monkeypatch.setenv("ONTAP_PASSWORD", "misleading")
    with Simulator(scenario={"users": users}) as simulator:
        result, _warnings = call("akv_info", simulator.connection, simulator.connection["certificates"]["automation"])
    assert not result["failed"], result


def test_certificate_without_a_user() -> None:
    users = [{"name": "automation", "certificate": True}, {"name": "gone", "certificate": True}]
    with Simulator(scenario={"users": users}) as simulator, Simulator(scenario={"users": users[:1]}) as other:
        ours = {**simulator.connection, **other.connection["certificates"]["automation"]}
        result, _warnings = call("akv_info", ours, {"username": None, "password": None, "retries": 0})
    assert result["failed"]
    assert result["outcome"] == "unchanged"


def test_key_with_a_passphrase_is_an_error_and_never_a_prompt(tmp_path: Path) -> None:
    key = tmp_path / "admin.key"
    forms = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
    locked = serialization.BestAvailableEncryption(b"the passphrase")
    key.write_bytes(ec.generate_private_key(ec.SECP256R1()).private_bytes(*forms, locked))
    with Simulator(scenario={"users": [{"name": "automation", "certificate": True}]}) as simulator:
        certificate = simulator.connection["certificates"]["automation"]["cert_filepath"]
        options = {"cert_filepath": certificate, "key_filepath": str(key)}
        result, _warnings = call("akv_info", simulator.connection, options)
        assert simulator.requests == []
    assert "key_filepath" in result["msg"]
    assert "passphrase" in result["msg"]


# --- TLS --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("certificate", "says"),
    [
        ("self-signed", ["signed by a CA that is not trusted", "ca_path"]),
        ("other-host", ["is for another name", "hostname"]),
        ("expired", ["has expired", "Renew"]),
    ],
)
def test_certificate_that_cannot_be_trusted(certificate: str, says: list[str]) -> None:
    with Simulator(scenario={"tls": {"certificate": certificate}}) as simulator:
        result, _warnings = call("akv_info", simulator.connection, {})
        assert simulator.requests == []
        assert result["failed"]
        assert result["outcome"] == "unchanged"
        # Never repeated.
        assert [request["status"] for request in result["requests"]] == [None]
        for part in says:
            assert part in result["msg"], result["msg"]


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
@pytest.mark.parametrize("certificate", ["self-signed", "other-host", "expired"])
def test_certificates_are_not_checked_where_the_task_says_so(certificate: str) -> None:
    with Simulator(scenario={"tls": {"certificate": certificate}}) as simulator:
        options = {"ca_path": None, "validate_certs": False}
        result, warnings = call("akv_info", simulator.connection, options)
    assert not result["failed"], result
    assert len(warnings) == 1
    assert "validate_certs" in warnings[0]


def test_private_ca_is_not_trusted_without_ca_path() -> None:
    with Simulator() as simulator:
        result, _warnings = call("akv_info", simulator.connection, {"ca_path": None})
        assert simulator.requests == []
    assert "signed by a CA that is not trusted" in result["msg"]
    assert "ca_path" in result["msg"]


def test_port_without_tls() -> None:
    with Simulator(scenario={"tls": {"enabled": False}}) as simulator:
        result, _warnings = call("akv_info", simulator.connection, {"retries": 0})
        assert simulator.requests == []
        assert "does not speak TLS" in result["msg"]
        assert "http_port" in result["msg"]

        result, warnings = call("akv_info", simulator.connection, {"https": False})
    assert not result["failed"], result
    assert len(warnings) == 1
    assert "unencrypted" in warnings[0]


@pytest.mark.skipif(not _with_ipv6(), reason="no IPv6 here")
@pytest.mark.parametrize("hostname", ["::1", "[::1]"])
def test_ipv6_address(hostname: str) -> None:
    with Simulator(host="::1") as simulator:
        result, _warnings = call("akv_config", simulator.connection, {**VAULT, "hostname": hostname})
    assert not result["failed"], result
    assert result["operation"] == "create"


# --- proxies ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def _dead_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_PROXY", "no_proxy", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")


@pytest.mark.usefixtures("_dead_proxy")
def test_proxy_of_the_environment_is_used() -> None:
    with Simulator() as simulator:
        result, _warnings = call("akv_info", simulator.connection, {"retries": 0})
        assert simulator.requests == []
    assert "HTTPS_PROXY" in result["msg"]
    assert "use_proxy: false" in result["msg"]


@pytest.mark.usefixtures("_dead_proxy")
def test_proxy_is_not_used_where_the_task_says_so() -> None:
    with Simulator() as simulator:
        result, _warnings = call("akv_info", simulator.connection, {"use_proxy": False})
    assert not result["failed"], result


@pytest.mark.usefixtures("_dead_proxy")
def test_proxy_is_not_used_where_the_environment_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Simulator() as simulator:
        result, _warnings = call("akv_info", simulator.connection, {})
    assert not result["failed"], result


# --- the host of the module -------------------------------------------------------------------------------------------
