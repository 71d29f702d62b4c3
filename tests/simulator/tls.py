# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulator's own certificate authority: the server's certificate, and one for each user who logs in with one."""

from __future__ import annotations

import os
import ssl
from datetime import datetime, timedelta, timezone
from pathlib import Path

import trustme

HOSTS = ("localhost", "127.0.0.1", "::1")


class Authority:
    """Issues certificates into a folder, which belongs to its user alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ca = trustme.CA(organization_name="ontap.akv simulator")
        self.ca_path = folder / "ca.pem"
        self._ca.cert_pem.write_to_path(str(self.ca_path))

    def server_context(self, kind: str = "valid") -> ssl.SSLContext:
        """TLS for the server; `kind` is valid, expired, other-host or self-signed (by a CA that nobody knows)."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        issuer = trustme.CA() if kind == "self-signed" else self._ca
        hosts = ("ontap.example.com",) if kind == "other-host" else HOSTS
        yesterday = datetime.now(timezone.utc) - timedelta(days=1)
        issuer.issue_cert(*hosts, not_after=yesterday if kind == "expired" else None).configure_cert(context)
        self._ca.configure_trust(context)
        context.verify_mode = ssl.CERT_OPTIONAL
        return context

    def client_certificate(self, user: str) -> tuple[Path, Path]:
        """The paths of a certificate, whose common name is the user's, and of its key."""
        issued = self._ca.issue_cert(f"{user}@example.com", common_name=user)
        certificate, key = self._folder / f"{user}.pem", self._folder / f"{user}.key"
        certificate.touch(mode=0o600)
        key.touch(mode=0o600)
        for blob in issued.cert_chain_pems:
            blob.write_to_path(str(certificate), append=True)
        issued.private_key_pem.write_to_path(str(key))
        return certificate, key


def common_name(transport_info: object) -> str | None:
    """The common name in a verified client certificate, as the ssl module tells it."""
    if isinstance(transport_info, dict):
        for part in transport_info.get("subject", ()):
            for name, value in part:
                if name == "commonName":
                    return str(value)
    return None


def write_private(path: Path, content: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)
    os.replace(beside, path)
