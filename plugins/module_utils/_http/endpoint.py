# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""The address of a server, and how to trust it and log in to it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class ClientCertificate:
    """A certificate to log in with, and its private key, in PEM form, each in a file or as a text.

    The key may be in the same text as the certificate.

    :ivar path: file with the certificate
    :ivar key_path: file with the key
    :ivar text: the certificate itself
    :ivar key_text: the key itself
    """

    path: str | None = None
    key_path: str | None = None
    text: str | None = field(default=None, repr=False)
    key_text: str | None = field(default=None, repr=False)

    @property
    def option(self) -> str:
        """The option that holds the certificate."""
        return "cert" if self.text else "cert_filepath"

    @property
    def key_option(self) -> str:
        """The option that holds the key."""
        return "key" if self.key_text else "key_filepath" if self.key_path else self.option


@dataclass(frozen=True)
class Words:
    """What messages call a server and the options that name it.

    :ivar server: what must answer at the address
    :ivar host: the option that names the host
    :ivar port: the option that names the port
    """

    server: str = "the server"
    host: str = "the address"
    port: str = "the port"


@dataclass(frozen=True)
class Endpoint:
    """Where a server is, and how to trust it and log in to it.

    :ivar host: name or IP address; an IPv6 address without brackets
    :ivar scheme: https or http
    :ivar login: user name and password, sent with each request (HTTP Basic); None where the certificate is the login,
        or where the caller gives a header with each request
    :ivar ca_path: PEM file of the CAs to trust instead of those that ``requests`` brings
    :ivar timeout: seconds for one request, its whole response included
    :ivar headers: sent with each request, in addition to those of the transport
    """

    host: str
    port: int = 443
    scheme: str = "https"
    login: tuple[str, str] | None = field(default=None, repr=False)
    certificate: ClientCertificate | None = None
    validate_certs: bool = True
    ca_path: str | None = None
    use_proxy: bool = True
    timeout: float = 60.0
    headers: tuple[tuple[str, str], ...] = ()
    words: Words = Words()

    @property
    def url(self) -> str:
        """The base URL, without a path."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    @property
    def trust(self) -> tuple[object, ...]:
        """What a TLS context is made of: endpoints that agree in it can share one."""
        return self.validate_certs, self.ca_path, self.certificate
