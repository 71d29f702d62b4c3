# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""A client certificate as ONTAP and Azure want it: PKCS#12 with an RSA key, without a password, in base64."""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import os
import typing as t
from datetime import datetime, timezone

from ansible_collections.ontap.akv.plugins.module_utils._runtime import errors

_EXPORT = "openssl pkcs12 -export -passout pass: -inkey key.pem -in certificate.pem -out application.p12"
_EXPORTED = f"Create one with: {_EXPORT}"
_NEW_KEY = (
    "Create a key and a certificate with: openssl req -x509 -newkey rsa:2048 -nodes -days 365 -subj /CN=ontap-akv"
    f" -keyout key.pem -out certificate.pem && {_EXPORT}"
)

_LEAST, _MOST = 2048, 4096  # bits of an RSA key

_SEQUENCE = 0x30
_LARGEST_FILE = 1 << 20  # bytes


def read_pkcs12(path: str) -> str:
    """Read a PKCS#12 file and encode it.

    :raises InputError: it cannot be read, or is not what ONTAP and Azure want
    """
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as exc:
        raise errors.InputError("client_certificate_path", f"{path!r} cannot be read ({exc.strerror}).") from None
    return _checked("client_certificate_path", content)


def check_pkcs12(encoded: str, option: str = "client_certificate") -> str:
    """Check a client certificate that is given in base64.

    :return: the base64 to send: of what was checked, without line breaks
    :raises InputError: it is not base64, or not what ONTAP and Azure want
    """
    try:
        content = base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError):
        raise errors.InputError(
            option, f"is not base64. Give a PKCS#12 file in base64, or client_certificate_path. {_EXPORTED}"
        ) from None
    return _checked(option, content)


def _checked(option: str, content: bytes) -> str:
    """Check what can be checked: the key with ``cryptography``, where that is installed; ONTAP itself checks too."""
    if _has_no_mac(content):
        raise errors.InputError(
            option, f"has no MAC, which protects a PKCS#12 file against changes. Create it without -nomac. {_EXPORTED}"
        )
    _check_key(option, content)
    return base64.b64encode(content).decode()


def _check_key(option: str, content: bytes) -> None:
    # Only a certificate needs it, and it takes longer to load than an unchanged task.
    try:
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

        # With it.
        from cryptography.hazmat.primitives.serialization import pkcs12
    except ImportError:
        return
    try:
        key, certificate, _others = pkcs12.load_key_and_certificates(content, None)
    except Exception:  # pylint: disable=broad-except  # of several kinds, by the release of cryptography
        raise errors.InputError(option, f"is not a PKCS#12 file without a password. {_EXPORTED}") from None
    if key is None or certificate is None:
        raise errors.InputError(option, f"lacks {'the private key' if key is None else 'the certificate'}. {_EXPORTED}")
    if not isinstance(key, RSAPrivateKey):
        raise errors.InputError(option, f"has a key that is not an RSA key. Azure accepts RSA keys only. {_NEW_KEY}")
    if not _LEAST <= key.key_size <= _MOST:
        raise errors.InputError(
            option, f"has an RSA key of {key.key_size} bits. Azure accepts {_LEAST} to {_MOST} bits. {_NEW_KEY}"
        )


def thumbprint(encoded: str) -> str | None:
    """Give the thumbprint of the certificate as Azure shows it: SHA-1, in capital hexadecimal digits.

    :param encoded: what `check_pkcs12` or `read_pkcs12` gave
    :return: None where cryptography is not installed, or cannot read it
    """
    # Only a certificate needs it, and it takes longer to load than an unchanged task.
    try:
        from cryptography.hazmat.primitives.serialization import Encoding, pkcs12

        _key, certificate, _others = pkcs12.load_key_and_certificates(base64.b64decode(encoded), None)
    except Exception:  # pylint: disable=broad-except  # of several kinds, by the release of cryptography
        return None
    if certificate is None:
        return None
    # An identifier, as Azure has it, and no protection. Python 3.9 and later know usedforsecurity.
    return hashlib.sha1(certificate.public_bytes(Encoding.DER), usedforsecurity=False).hexdigest().upper()


def certificate_end(option: str, path: str) -> datetime:
    """Read when a certificate ends: of a file in PEM or DER form, or of a PKCS#12 file without a password.

    :param option: named in messages
    :param path: a leading ~ is the home folder
    :return: in UTC
    :raises InputError: the file cannot be read, contains no certificate, or cryptography is not installed
    """
    path = os.path.expanduser(path.strip())
    try:
        with open(path, "rb") as file:
            content = file.read(_LARGEST_FILE)
    except (OSError, ValueError) as exc:
        reason = getattr(exc, "strerror", None) or "not a path"
        raise errors.InputError(option, f"the certificate {path!r} cannot be read ({reason}).") from None
    certificate = _loaded(option, path, content)
    # cryptography before 42 knows only the name without _utc.
    ends: datetime = getattr(certificate, "not_valid_after_utc", None) or certificate.not_valid_after
    return ends if ends.tzinfo else ends.replace(tzinfo=timezone.utc)


def _loaded(option: str, path: str, content: bytes) -> t.Any:
    # Only a certificate needs it, and it takes longer to load than an unchanged task.
    try:
        from cryptography import x509

        # With it.
        from cryptography.hazmat.primitives.serialization import pkcs12
    except ImportError:
        raise errors.InputError(option, "needs the Python library cryptography to read a certificate.") from None
    try:
        if b"-----BEGIN CERTIFICATE-----" in content:
            return x509.load_pem_x509_certificate(content)
        with contextlib.suppress(ValueError):
            return x509.load_der_x509_certificate(content)
        _key, certificate, _others = pkcs12.load_key_and_certificates(content, None)
    except Exception:  # pylint: disable=broad-except  # of several kinds, by the release of cryptography
        certificate = None
    if certificate is None:
        raise errors.InputError(
            option, f"{path!r} contains no certificate. Give one in PEM or DER form, or PKCS#12 without a password."
        )
    return certificate


def _has_no_mac(content: bytes) -> bool:
    """Check whether a PKCS#12 file (RFC 7292, PFX) ends after its version and its contents.

    What cannot be read as DER is left to what checks the key.
    """
    try:
        kind, start, end = _element(content, 0)
        if kind != _SEQUENCE:
            return False
        parts = 0
        while start < end:
            _kind, _start, start = _element(content, start)
            parts += 1
    except ValueError:
        return False
    return parts == 2 and start == end == len(content)


def _element(content: bytes, at: int) -> tuple[int, int, int]:
    """Read the head of a DER element: its tag, and where its value starts and ends.

    :raises ValueError: it is cut off, or of indefinite length
    """
    head = content[at : at + 2]
    if len(head) < 2 or head[1] == 0x80:
        raise ValueError
    start, length = at + 2, head[1]
    if length > 0x80:
        start, length = start + length - 0x80, int.from_bytes(content[start : start + length - 0x80], "big")
    if start + length > len(content):
        raise ValueError
    return head[0], start, start + length
