# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""Connection options: what a task declares of the cluster and the login, checked before anything is sent."""

from __future__ import annotations

import ipaddress
import os
import re
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass, field

from ansible.module_utils.errors import AnsibleFallbackNotFound

from ansible_collections.ontap.akv.plugins.module_utils._akv.scope import check_text, check_unicode
from ansible_collections.ontap.akv.plugins.module_utils._http.endpoint import ClientCertificate, Endpoint, Words
from ansible_collections.ontap.akv.plugins.module_utils._http.transport import USER_AGENT
from ansible_collections.ontap.akv.plugins.module_utils._runtime import errors, texts

_LONGEST_TIMEOUT = 86400  # seconds
_WORDS = Words(server="the cluster management LIF", host="hostname", port="http_port")


def _read_environment(variable: str) -> str:
    """Read a variable of the environment; an empty one counts as not set.

    A controller sets a variable for each field of a credential, also for one that is left blank.
    """
    value = os.environ.get(variable)
    if not value:
        raise AnsibleFallbackNotFound
    return value


def _from_environment(variable: str) -> dict[str, t.Any]:
    return {"fallback": (_read_environment, [variable])}


ARGUMENT_SPEC: dict[str, t.Any] = {
    "ca_path": {"type": "path", **_from_environment("ONTAP_CA_PATH")},
    "cert": {"type": "str", **_from_environment("ONTAP_CERT")},
    "cert_filepath": {"type": "path", **_from_environment("ONTAP_CERT_FILEPATH")},
    "hostname": {"type": "str", "required": True, **_from_environment("ONTAP_HOSTNAME")},
    "http_port": {"type": "int", **_from_environment("ONTAP_PORT")},
    "https": {"type": "bool", "default": True},
    "key": {"type": "str", "no_log": True, **_from_environment("ONTAP_KEY")},
    "key_filepath": {"type": "path", "no_log": False, **_from_environment("ONTAP_KEY_FILEPATH")},
    "password": {"type": "str", "aliases": ["pass"], "no_log": True, **_from_environment("ONTAP_PASSWORD")},
    "retries": {"type": "int", "default": 5},
    "timeout": {"type": "float", "default": 60.0, **_from_environment("ONTAP_TIMEOUT")},
    "use_proxy": {"type": "bool", "default": True},
    "username": {"type": "str", "aliases": ["user"], **_from_environment("ONTAP_USERNAME")},
    "validate_certs": {"type": "bool", "default": True, **_from_environment("ONTAP_VALIDATE_CERTS")},
}


@dataclass(frozen=True)
class Connection:
    """How to reach a cluster's management LIF and log in.

    :ivar timeout: seconds for one request, its whole answer included
    :ivar retries: how often a request is sent again after a transient fault
    """

    hostname: str
    http_port: int
    https: bool = True
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    certificate: ClientCertificate | None = None
    validate_certs: bool = True
    ca_path: str | None = None
    timeout: float = 60.0
    retries: int = 5
    use_proxy: bool = True

    @classmethod
    def from_params(cls, params: Mapping[str, t.Any]) -> Connection:
        """Read and check a task's connection options.

        :raises InputError: names the option, what was given and what to do
        """
        hostname = params["hostname"]
        check_text("hostname", hostname)
        _check_hostname(hostname)
        username, password, certificate = _one_login(params)
        https = params["https"]
        port = params["http_port"] if params["http_port"] is not None else (443 if https else 80)
        if not 1 <= port <= 65535:
            raise errors.InputError("http_port", f"{port} is not a port. Give 1 to 65535.")
        if not 0 < params["timeout"] <= _LONGEST_TIMEOUT:
            raise errors.InputError(
                "timeout",
                f"{params['timeout']} is out of range. Give more than 0 and at most {_LONGEST_TIMEOUT} seconds.",
            )
        if not 0 <= params["retries"] <= 100:
            raise errors.InputError("retries", f"{params['retries']} is out of range. Give 0 to 100.")
        _check_file("ca_path", params["ca_path"])
        if certificate and not https:
            raise errors.InputError(certificate.option, "a client certificate needs https: true.")
        return cls(
            hostname=hostname.strip("[]"),
            http_port=port,
            https=https,
            validate_certs=params["validate_certs"],
            ca_path=params["ca_path"],
            timeout=params["timeout"],
            retries=params["retries"],
            use_proxy=params["use_proxy"],
            username=username,
            password=password,
            certificate=certificate,
        )

    @property
    def address(self) -> str:
        """Where the cluster is, as its plans identify it: behind one host there may be several, each on its port."""
        usual = self.http_port == (443 if self.https else 80)
        return self.hostname if usual else f"{self.hostname}:{self.http_port}"

    def endpoint(self) -> Endpoint:
        """Give the cluster as the transport takes it."""
        login = None if self.username is None or self.password is None else (self.username, self.password)
        return Endpoint(
            host=self.hostname,
            port=self.http_port,
            scheme="https" if self.https else "http",
            login=login,
            certificate=self.certificate,
            validate_certs=self.validate_certs,
            ca_path=self.ca_path,
            use_proxy=self.use_proxy,
            timeout=self.timeout,
            headers=(("Accept", "application/hal+json, application/json"), ("X-Dot-Client-App", USER_AGENT)),
            words=_WORDS,
        )

    def warnings(self) -> list[str]:
        """Say what is likely wrong, or unsafe."""
        warnings = []
        if self.password is not None:
            warnings += texts.warn_of_looks("password", self.password)
        if not self.https:
            warnings.append("https: false sends the login and the secrets unencrypted. Use it in a laboratory only.")
        elif not self.validate_certs:
            warnings.append(
                "validate_certs: false sends the login and the secrets to any server that answers."
                " Give the cluster's CA with ca_path instead."
            )
        return warnings


def _one_login(params: Mapping[str, t.Any]) -> tuple[str | None, str | None, ClientCertificate | None]:
    """Choose the one login: what the task declares takes precedence over what the environment holds.

    :return: user name, password, certificate
    :raises InputError: no login, half a login, or two
    """
    by_password, by_certificate = (
        {option: params.get(option) for option in options}
        for options in (("username", "password"), ("cert", "key", "cert_filepath", "key_filepath"))
    )
    for option in ("username", "password", "cert", "key"):
        value = params.get(option)
        if value is not None:
            texts.check_not_blank(option, value, optional=False)
    if any(by_password.values()) and any(by_certificate.values()):
        if _all_from_environment(by_password):
            by_password = dict.fromkeys(by_password)
        elif _all_from_environment(by_certificate):
            by_certificate = dict.fromkeys(by_certificate)
        else:
            raise errors.InputError(
                "username, cert_filepath", "two logins are given. Keep username and password, or the certificate."
            )
    username, password = by_password["username"], by_password["password"]
    if password is not None and username is None:
        raise errors.InputError("username", "is missing, but password is given. Give both, or set ONTAP_USERNAME.")
    if username is not None and password is None:
        raise errors.InputError(
            "password", f"is missing, but username {username} is given. Give both, or set ONTAP_PASSWORD."
        )
    certificate = _one_certificate(by_certificate)
    if not username and not certificate:
        raise errors.InputError(
            "username, password",
            "no login is given. Give username and password in the task, in module_defaults for group/ontap.akv.akv, in"
            " the environment as ONTAP_USERNAME and ONTAP_PASSWORD, or, for a role, as akv_username and akv_password."
            " A certificate can replace them: cert_filepath and key_filepath, or cert and key.",
        )
    if username:
        _check_user(username)
        check_unicode("password", str(password))
    return username, password, certificate


def _one_certificate(options: Mapping[str, str | None]) -> ClientCertificate | None:
    """Make the client certificate of values or files.

    :raises InputError: it is given both ways, a key without it, or a file is missing
    """
    for value, path in (("cert", "cert_filepath"), ("key", "key_filepath")):
        if options[value] and options[path]:
            if _all_from_environment({value: options[value]}):
                options = {**options, value: None}
            elif _all_from_environment({path: options[path]}):
                options = {**options, path: None}
            else:
                raise errors.InputError(f"{value}, {path}", "both are given. Keep one.")
    if not options["cert"] and not options["cert_filepath"]:
        key = next((option for option in ("key", "key_filepath") if options[option]), None)
        if key:
            certificate = key.replace("key", "cert")
            raise errors.InputError(certificate, f"is missing, but {key} is given. Give the certificate too.")
        return None
    for path in ("cert_filepath", "key_filepath"):
        _check_file(path, options[path])
    for value in ("cert", "key"):
        if options[value]:
            check_unicode(value, str(options[value]))
    return ClientCertificate(options["cert_filepath"], options["key_filepath"], options["cert"], options["key"])


def _check_user(username: str) -> None:
    check_text("username", username)
    if ":" in username:
        raise errors.InputError(
            "username", f"{username!r} contains a colon, which ends a name in a login. Give another user."
        )


def _all_from_environment(options: Mapping[str, str | None]) -> bool:
    return all(value == os.environ.get(f"ONTAP_{option.upper()}") for option, value in options.items() if value)


def _check_hostname(hostname: str) -> None:
    if "://" in hostname:
        raise errors.InputError(
            "hostname", f"{hostname!r} contains a scheme. Give the host alone; https: false means http."
        )
    if re.search(r"[/?#@\s\\%]", hostname):
        raise errors.InputError(
            "hostname", f"{hostname!r} contains more than a host. Give the cluster management LIF alone."
        )
    bare = hostname[1:-1] if hostname.startswith("[") and hostname.endswith("]") else hostname
    if re.search(r"^[^:]*:\d*$|\]:\d*$", hostname):
        raise errors.InputError("hostname", f"{hostname!r} contains a port. Give the port with http_port.")
    if not (_is_ipv6(bare) if ":" in bare else re.fullmatch(r"[0-9A-Za-z_.-]+", bare)):
        raise errors.InputError("hostname", f"{hostname!r} is not a host name or an IP address.")


def _is_ipv6(text: str) -> bool:
    try:
        return bool(ipaddress.IPv6Address(text))
    except ValueError:
        return False


def _check_file(option: str, path: str | None) -> None:
    if path is not None and not os.path.isfile(path):
        raise errors.InputError(option, f"{path!r} does not exist on the host where the module runs.")
