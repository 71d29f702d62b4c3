# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import builtins
import functools
import textwrap
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from ansible_collections.ontap.akv.plugins.module_utils._akv.pkcs12 import check_pkcs12, read_pkcs12
from ansible_collections.ontap.akv.plugins.module_utils._runtime.errors import InputError


@functools.cache
def content_of(kind: str, password: bytes = b"") -> bytes:
    """A PKCS#12 file with a new key."""
    if kind == "elliptic-curve":
        key: Any = ec.generate_private_key(ec.SECP256R1())
    elif kind == "Ed25519":
        key = ed25519.Ed25519PrivateKey.generate()
    else:
        key = rsa.generate_private_key(65537, int(kind))
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ontap-akv")])
    now = datetime(2026, 1, 1)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=9))
    certificate = builder.sign(key, None if kind == "Ed25519" else hashes.SHA256())
    encryption: Any = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return pkcs12.serialize_key_and_certificates(b"ontap", key, certificate, None, encryption)


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def without_mac(content: bytes) -> bytes:
    """Leave out the last of the three parts of a PFX."""

    def element(start: int) -> tuple[int, int]:
        length, at = content[start + 1], start + 2
        if length > 0x80:
            at, length = at + length - 0x80, int.from_bytes(content[at : at + length - 0x80], "big")
        return at, at + length

    first, _end = element(0)
    kept = content[first : element(element(first)[1])[1]]
    return b"\x30\x82" + len(kept).to_bytes(2, "big") + kept


@pytest.mark.parametrize("bits", ["2048", "3072", "4096"])
def test_an_rsa_key_passes(bits: str) -> None:
    text = encoded(content_of(bits))
    assert check_pkcs12(text) == text


@pytest.mark.parametrize("wrapped", [textwrap.fill, lambda text: f"\n {text}\r\n", "\t".join])
def test_what_is_checked_is_what_is_sent(wrapped: Any) -> None:
    text = encoded(content_of("2048"))
    assert check_pkcs12(wrapped(text)) == text


@pytest.mark.parametrize("kind", ["elliptic-curve", "Ed25519"])
def test_another_kind_of_key_is_refused(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "application.p12"
    file.write_bytes(content_of(kind))
    for option, check in (
        ("client_certificate", lambda: check_pkcs12(encoded(content_of(kind)))),
        ("client_certificate_path", lambda: read_pkcs12(str(file))),
    ):
        with pytest.raises(InputError) as refusal:
            check()
        assert refusal.value.message.startswith(f"{option}: has a key that is not an RSA key. Azure")
        assert "openssl req -x509 -newkey rsa:2048" in refusal.value.message


def test_a_small_key_is_refused() -> None:
    with pytest.raises(InputError, match="RSA key of 1024 bits"):
        check_pkcs12(encoded(content_of("1024")))


@pytest.mark.parametrize("library", [True, False])
def test_a_file_without_a_mac_is_refused_everywhere(library: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    content = without_mac(content_of("2048"))
    if not library:
        imported = builtins.__import__

        def no_cryptography(name: str, *args: Any, **kwargs: Any) -> Any:
            if name.startswith("cryptography"):
                raise ImportError(name)
            return imported(name, *args, **kwargs)

        monkeypatch.setattr(builtins, "__import__", no_cryptography)
    with pytest.raises(InputError, match=r"has no MAC.*-nomac"):
        check_pkcs12(encoded(content))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is not a PKCS#12 file"),
        (b"\x30", "is not a PKCS#12 file"),
        (b"\x30\x80\x00\x00", "is not a PKCS#12 file"),
        (b"\x30\x84\xff\xff\xff\xff", "is not a PKCS#12 file"),
        (b"not one at all", "is not a PKCS#12 file"),
    ],
)
def test_what_is_none_is_refused(content: bytes, said: str) -> None:
    with pytest.raises(InputError, match=said):
        check_pkcs12(encoded(content))


def test_a_password_is_refused() -> None:
    with pytest.raises(InputError, match="without a password"):
        check_pkcs12(encoded(content_of("2048", b"swordfish")))


def test_what_is_not_base64_is_refused() -> None:
    with pytest.raises(InputError, match="is not base64"):
        check_pkcs12("-----BEGIN CERTIFICATE-----")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_pkcs12(str(tmp_path / "none.p12"))
