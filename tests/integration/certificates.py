# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates as an application of Azure logs in with them."""

from __future__ import annotations

import base64
from functools import cache

import trustme
from cryptography.hazmat.primitives.serialization import NoEncryption, load_pem_private_key, pkcs12
from cryptography.x509 import load_pem_x509_certificate


@cache
def make_pkcs12() -> str:
    """A PKCS#12 file without a password, in base64; the same in this process, because its key takes a second."""
    issued = trustme.CA().issue_cert("app.example.com", key_type=trustme.KeyType.RSA)
    key = load_pem_private_key(issued.private_key_pem.bytes(), None)
    certificate = load_pem_x509_certificate(issued.cert_chain_pems[0].bytes())
    return base64.b64encode(
        pkcs12.serialize_key_and_certificates(b"app", key, certificate, None, NoEncryption())  # type: ignore[arg-type]
    ).decode()
