# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""The options of a login to Azure, checked before anything is sent. AZURE_* variables are never read."""

from __future__ import annotations

import os
import re
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ansible_collections.ontap.akv.plugins.module_utils._akv.pkcs12 import check_pkcs12, read_pkcs12
from ansible_collections.ontap.akv.plugins.module_utils._akv.scope import check_text, check_unicode
from ansible_collections.ontap.akv.plugins.module_utils._azure.clouds import CLOUDS
from ansible_collections.ontap.akv.plugins.module_utils._http.endpoint import Endpoint, Words
from ansible_collections.ontap.akv.plugins.module_utils._runtime import errors, texts

ARGUMENT_SPEC: dict[str, t.Any] = {
    "authority": {"type": "str"},
    "ca_path": {"type": "path"},
    "client_certificate": {"type": "str", "no_log": True},
    "client_certificate_path": {"type": "path"},
    "client_id": {"type": "str", "required": True},
    "client_secret": {"type": "str", "no_log": True},
    "cloud": {"type": "str", "choices": ["auto", *CLOUDS], "default": "auto"},
    "graph_url": {"type": "str"},
    "retries": {"type": "int", "default": 3},
    "tenant_id": {"type": "str", "required": True},
    "timeout": {"type": "float", "default": 30.0},
    "use_proxy": {"type": "bool", "default": True},
    "validate_certs": {"type": "bool", "default": True},
}

_CREDENTIALS = ("client_secret", "client_certificate", "client_certificate_path")
_LONGEST_TIMEOUT = 86400  # seconds
_TENANT = re.compile(r"[0-9A-Za-z](?:[0-9A-Za-z.-]*[0-9A-Za-z])?", re.ASCII)
_CLIENT = re.compile(r"[0-9A-Za-z._-]+", re.ASCII)


@dataclass(frozen=True)
class Login:
    """An application, its credential, and how to reach Azure.

    :ivar secret: the client secret, unless it logs in with a certificate
    :ivar pkcs12: the certificate and its key in base64
    :ivar authority: URL of the authority, where the task names one
    :ivar timeout: seconds for one request, its whole response included
    :ivar retries: how often a request is sent again after a transient error
    """

    tenant_id: str
    client_id: str
    cloud: str
    secret: str | None = field(default=None, repr=False)
    pkcs12: str | None = field(default=None, repr=False)
    authority: str | None = None
    graph_url: str | None = None
    timeout: float = 30.0
    retries: int = 3
    ca_path: str | None = None
    validate_certs: bool = True
    use_proxy: bool = True

    @classmethod
    def from_params(cls, params: Mapping[str, t.Any]) -> Login:
        """Read and check the options of ARGUMENT_SPEC.

        :raises InputError: names the option, what was given and what to do
        """
        for option, pattern in (("tenant_id", _TENANT), ("client_id", _CLIENT)):
            check_text(option, params[option])
            if not pattern.fullmatch(params[option]):
                raise errors.InputError(option, f"{params[option]!r} is not an ID. Give the GUID as Azure shows it.")
        if not 0 < params["timeout"] <= _LONGEST_TIMEOUT:
            problem = f"{params['timeout']} is out of range. Give more than 0 and at most {_LONGEST_TIMEOUT} seconds."
            raise errors.InputError("timeout", problem)
        if not 0 <= params["retries"] <= 100:
            raise errors.InputError("retries", f"{params['retries']} is out of range. Give 0 to 100.")
        if params["ca_path"] is not None and not os.path.isfile(params["ca_path"]):
            raise errors.InputError(
                "ca_path", f"{params['ca_path']!r} does not exist on the host where the module runs."
            )
        secret, pkcs12 = _credential(params)
        return cls(
            tenant_id=params["tenant_id"],
            client_id=params["client_id"],
            cloud=params["cloud"],
            secret=secret,
            pkcs12=pkcs12,
            authority=check_url("authority", params["authority"]),
            graph_url=check_url("graph_url", params["graph_url"]),
            timeout=params["timeout"],
            retries=params["retries"],
            ca_path=params["ca_path"],
            validate_certs=params["validate_certs"],
            use_proxy=params["use_proxy"],
        )

    def endpoint(self, url: str, server: str, option: str) -> Endpoint:
        """Give the endpoint of one of Azure's services.

        :param server: what it is, for messages
        :param option: the option that names its address
        """
        parts = urlsplit(url)
        return Endpoint(
            host=str(parts.hostname),
            port=parts.port or 443,
            validate_certs=self.validate_certs,
            ca_path=self.ca_path,
            use_proxy=self.use_proxy,
            timeout=self.timeout,
            words=Words(server, option, option),
        )

    def warnings(self) -> list[str]:
        """Say what is likely wrong, or unsafe."""
        if self.validate_certs:
            return []
        return ["validate_certs: false sends the credential to any server that answers. Set ca_path instead."]


def _credential(params: Mapping[str, t.Any]) -> tuple[str | None, str | None]:
    """Choose the one credential.

    :raises InputError: none or several are given, or it is not usable
    """
    given = [option for option in _CREDENTIALS if params[option] is not None]
    if len(given) != 1:
        found = f"{' and '.join(given)} are given" if given else "none is given"
        raise errors.InputError(", ".join(_CREDENTIALS), f"{found}. Give exactly one of them.")
    (option,) = given
    value = params[option]
    texts.check_not_blank(option, value, optional=False)
    if option == "client_secret":
        check_unicode(option, value)
        texts.check_new_secret(option, value)
        return value, None
    if option == "client_certificate_path":
        return None, read_pkcs12(value)
    check_pkcs12(value)
    return None, "".join(value.split())


def check_url(option: str, url: str | None) -> str | None:
    """Check a base URL, and take off its last slash.

    :raises InputError: it is not https://<host>[:port]
    """
    if url is None:
        return None
    check_text(option, url)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    plain = not (parts.username or parts.query or parts.fragment or parts.path.strip("/") or port == 0)
    if parts.scheme.lower() != "https" or not parts.hostname or not plain or re.search(r"[\s\\%]", url):
        raise errors.InputError(option, f"{url!r} is not a base URL. Give https://<host> or https://<host>:<port>.")
    return url.rstrip("/")
