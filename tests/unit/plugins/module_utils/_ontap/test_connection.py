# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.ontap.akv.plugins.module_utils._http.endpoint import ClientCertificate
from ansible_collections.ontap.akv.plugins.module_utils._ontap.connection import ARGUMENT_SPEC, Connection
from ansible_collections.ontap.akv.plugins.module_utils._runtime.errors import InputError

BY_CERTIFICATE = {"username": None, "password": None, "cert": "x"}
LOGIN = {"hostname": "cluster1", "username": "admin", "password": "netapp1!"}


def params(**given: Any) -> dict[str, Any]:
    """What AnsibleModule makes of options."""
    return {**{name: spec.get("default") for name, spec in ARGUMENT_SPEC.items()}, **given}


@pytest.fixture
def pem(tmp_path: Path) -> str:
    path = tmp_path / "client.pem"
    path.write_text("-")
    return str(path)


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({}, "https://cluster1:443"),
        ({"https": False}, "http://cluster1:80"),
        ({"http_port": 8443}, "https://cluster1:8443"),
        ({"hostname": "192.0.2.1"}, "https://192.0.2.1:443"),
        ({"hostname": "2001:db8::1"}, "https://[2001:db8::1]:443"),
        ({"hostname": "[2001:db8::1]"}, "https://[2001:db8::1]:443"),
    ],
)
def test_the_url(given: dict[str, Any], url: str) -> None:
    assert Connection.from_params(params(**{**LOGIN, **given})).endpoint().url == url


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"hostname": ""}, "hostname: is empty"),
        ({"hostname": " cluster1"}, "white space"),
        ({"hostname": "https://cluster1"}, "contains a scheme"),
        ({"hostname": "cluster1/api"}, "more than a host"),
        ({"hostname": "cluster1:8443"}, "http_port"),
        ({"hostname": "[2001:db8::1]:443"}, "http_port"),
        ({"hostname": "clu$ter"}, "not a host name"),
        ({"http_port": 0}, "http_port: 0"),
        ({"http_port": 65536}, "http_port: 65536"),
        ({"timeout": 0.0}, "timeout: 0.0"),
        ({"timeout": float("nan")}, "timeout: nan"),
        ({"retries": -1}, "retries: -1"),
        ({"username": None}, "username: is missing, but password is given"),
        ({"password": None}, "password: is missing, but username admin is given"),
        ({"password": ""}, "password: is empty"),
        ({"username": None, "password": None}, "no login is given"),
        ({"cert_filepath": "/nowhere.pem"}, "two logins"),
        ({"username": None, "password": None, "key_filepath": "/nowhere.pem"}, "cert_filepath: is missing"),
        ({"username": None, "password": None, "cert_filepath": "/nowhere.pem"}, "'/nowhere.pem' does not exist"),
        ({"ca_path": "/nowhere.pem"}, "ca_path: .*does not exist"),
        ({"cert": "x"}, "two logins"),
        ({**BY_CERTIFICATE, "cert": None, "key": "x"}, "cert: is missing, but key is given"),
        ({**BY_CERTIFICATE, "cert_filepath": "/x"}, "cert, cert_filepath: both are given"),
        ({**BY_CERTIFICATE, "key": "x", "key_filepath": "/x"}, "key, key_filepath: both are given"),
        ({**BY_CERTIFICATE, "key": " "}, "key: is empty"),
        ({**BY_CERTIFICATE, "https": False}, "cert: a client certificate needs https"),
    ],
)
def test_bad_input_names_the_option_and_what_was_given(given: dict[str, Any], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        Connection.from_params(params(**{**LOGIN, **given}))


def test_a_certificate_that_the_task_declares_wins_over_a_login_of_the_environment(
    pem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONTAP_USERNAME", "admin")
    monkeypatch.setenv("ONTAP_PASSWORD", "netapp1!")
    connection = Connection.from_params(params(**LOGIN, cert_filepath=pem))
    assert connection.certificate == ClientCertificate(pem)
    assert connection.username is connection.password is None


def test_a_login_that_the_task_declares_wins_over_a_certificate_of_the_environment(
    pem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONTAP_CERT_FILEPATH", pem)
    connection = Connection.from_params(params(**LOGIN, cert_filepath=pem))
    assert connection.username == "admin"
    assert connection.certificate is None


CERTIFICATE = {"username": None, "password": None, "cert": "a certificate", "key": "canary-Key8Q~text"}


def test_a_certificate_as_text() -> None:
    connection = Connection.from_params(params(**{**LOGIN, **CERTIFICATE}))
    assert connection.certificate == ClientCertificate(text="a certificate", key_text="canary-Key8Q~text")
    assert connection.endpoint().login is None
    assert "canary" not in repr(connection)
    assert "canary" not in repr(connection.endpoint())


def test_a_key_as_text_and_its_certificate_in_a_file(pem: str) -> None:
    given = {**LOGIN, **CERTIFICATE, "cert": None, "cert_filepath": pem}
    assert Connection.from_params(params(**given)).certificate == ClientCertificate(pem, key_text="canary-Key8Q~text")


@pytest.mark.parametrize("declared", ["key", "key_filepath"])
def test_a_key_that_the_task_declares_wins_over_one_of_the_environment(
    pem: str, monkeypatch: pytest.MonkeyPatch, declared: str
) -> None:
    given = {**CERTIFICATE, "key": "text", "key_filepath": pem}
    other = ({"key", "key_filepath"} - {declared}).pop()
    monkeypatch.setenv(f"ONTAP_{other.upper()}", given[other] or "")
    certificate = Connection.from_params(params(**{**LOGIN, **given})).certificate
    assert certificate is not None
    assert certificate.key_option == declared
    assert bool(certificate.key_text) is (declared == "key")


def test_an_empty_variable_of_the_environment_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    declared = {name: spec["fallback"][1][0] for name, spec in ARGUMENT_SPEC.items() if "fallback" in spec}
    assert {"ca_path": "ONTAP_CA_PATH", "http_port": "ONTAP_PORT"}.items() <= declared.items()
    for variable in declared.values():
        monkeypatch.setenv(variable, "")
    checked = ArgumentSpecValidator(ARGUMENT_SPEC).validate(LOGIN)
    assert checked.error_messages == []
    assert checked.validated_parameters == params(**LOGIN)

    monkeypatch.setenv("ONTAP_PORT", "8443")
    assert ArgumentSpecValidator(ARGUMENT_SPEC).validate(LOGIN).validated_parameters["http_port"] == 8443


@pytest.mark.parametrize(("given", "count"), [({}, 0), ({"validate_certs": False}, 1), ({"https": False}, 1)])
def test_what_is_unsafe_warns(given: dict[str, Any], count: int) -> None:
    assert len(Connection.from_params(params(**{**LOGIN, **given})).warnings()) == count


def test_the_password_is_not_in_the_repr() -> None:
    assert "netapp1!" not in repr(Connection.from_params(params(**LOGIN)))
