# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""A client certificate as ONTAP wants it: PKCS#12 that holds certificate and key, without a password, in base64."""

from __future__ import annotations

import base64
import binascii

from ansible_collections.ontap.akv.plugins.module_utils._runtime.errors import InputError

_MADE_WITH = "Make one with: openssl pkcs12 -export -passout pass: -inkey key.pem -in certificate.pem"


def read_pkcs12(path: str) -> str:
    """Read a PKCS#12 file and encode it.

    :raises InputError: it can't be read, or is not what ONTAP wants
    """
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as exc:
        raise InputError("client_certificate_path", f"{path!r} cannot be read ({exc.strerror}).") from None
    _check("client_certificate_path", content)
    return base64.b64encode(content).decode()


def check_pkcs12(encoded: str) -> None:
    """Check a client certificate that is given in base64.

    :raises InputError: it is not base64, or not what ONTAP wants
    """
    try:
        content = base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError):
        raise InputError(
            "client_certificate",
            f"is not base64. Give a PKCS#12 file in base64, or client_certificate_path. {_MADE_WITH}.",
        ) from None
    _check("client_certificate", content)


def _check(option: str, content: bytes) -> None:
    """Check with ``cryptography``, where that is installed; ONTAP itself checks too."""
    # Only a certificate needs it, and it takes longer to load than an unchanged task.
    try:
        from cryptography.hazmat.primitives.serialization import pkcs12
    except ImportError:
        return
    try:
        key, certificate, _others = pkcs12.load_key_and_certificates(content, None)
    except Exception:  # pylint: disable=broad-except  # of several kinds, by the release of cryptography
        raise InputError(option, f"is no PKCS#12 file without a password. {_MADE_WITH}.") from None
    if key is None or certificate is None:
        raise InputError(option, f"lacks {'the private key' if key is None else 'the certificate'}. {_MADE_WITH}.")
