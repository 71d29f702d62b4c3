# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each certificate that TLS refuses has a sentence of its own, on the Pythons that differ in what they refuse."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import json
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from integration.running import run

ROOT = Path(__file__).parents[2]
PYTHONS = ("3.12", "3.13")
NOW = datetime.datetime.now(datetime.timezone.utc)
DAY = datetime.timedelta(days=1)

# Sends a request to each server; prints what the transport says.
CLIENT = """
import json, sys
from ansible_collections.ontap.akv.plugins.module_utils._http.endpoint import Endpoint
from ansible_collections.ontap.akv.plugins.module_utils._http.transport import Fault, Transport
said = {}
for name, (port, ca_path) in json.load(sys.stdin).items():
    try:
        Transport(Endpoint("127.0.0.1", port, ca_path=ca_path, use_proxy=False, timeout=20)).send("GET", "/")
    except Fault as fault:
        said[name] = [fault.kind.value, fault.reason]
print(json.dumps(said))
"""


class Issued(NamedTuple):
    """A certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)


def issue(name: str, by: Issued | None = None, *without: str, ca: bool = False, **change: Any) -> Issued:
    """Issue a certificate.

    :param by: the CA that signs it; None signs it with its own key
    :param without: extensions to leave out, or "critical" to mark none
    :param change: begins (its first day), usage (its extended key usage)
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    begins = change.get("begins", NOW - DAY)
    critical = "critical" not in without
    usage = dict.fromkeys(
        ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False
    )
    usage |= {"key_cert_sign": ca, "crl_sign": ca, "encipher_only": False, "decipher_only": False}
    issuer_key = (by.key if by else key).public_key()
    extensions: dict[str, tuple[x509.ExtensionType, bool]] = {
        "constraints": (x509.BasicConstraints(ca, None), critical),
        "subject key": (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
        "authority key": (x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), False),
    }
    if ca:
        extensions["usage"] = (x509.KeyUsage(**usage), critical)
    else:
        address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        extensions["name"] = (x509.SubjectAlternativeName([address]), False)
        extensions["extended usage"] = (
            x509.ExtendedKeyUsage([change.get("usage", ExtendedKeyUsageOID.SERVER_AUTH)]),
            False,
        )
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + 30 * DAY)
    )
    for extension in extensions.keys() - set(without):
        builder = builder.add_extension(*extensions[extension])
    return Issued(builder.sign(by.key if by else key, hashes.SHA256()), key)


class Case(NamedTuple):
    """A server's certificate and what is trusted.

    :ivar chain: what the server sends, its own first
    :ivar trusted: in ca_path; empty gives none
    :ivar says: the sentence, by Python; None where the certificate is accepted
    """

    chain: tuple[Issued, ...]
    trusted: tuple[Issued, ...]
    says: dict[str, str | None]


def both(sentence: str | None) -> dict[str, str | None]:
    return dict.fromkeys(PYTHONS, sentence)


def strict(said: str) -> dict[str, str | None]:
    return {"3.12": None, "3.13": rf"strict checks that Python 3\.13 and later make \({said}\).*run with Python 3\.12"}


def cases() -> dict[str, Case]:
    root = issue("root", ca=True)
    middle = issue("intermediate", root, ca=True)
    lax = issue("lax", None, "critical", ca=True)
    bare = issue("bare", None, "usage", ca=True)
    lone = issue("server")
    signed = issue("server", middle)
    untrusted = "signed by a CA that is not trusted"
    missing = (
        rf"{untrusted} .*: ca_path does not contain it\. Give the certificate of the root CA and of each intermediate"
    )
    return {
        "good": Case((issue("server", root),), (root,), both(None)),
        "good chain": Case((signed, middle), (root,), both(None)),
        "not valid yet": Case((issue("server", root, begins=NOW + DAY),), (root,), both("not valid yet.*clocks")),
        "expired": Case((issue("server", root, begins=NOW - 40 * DAY),), (root,), both("has expired")),
        "not for a server": Case(
            (issue("server", root, usage=ExtendedKeyUsageOID.CLIENT_AUTH),),
            (root,),
            both("not for a server.*server authentication"),
        ),
        "another CA": Case((issue("server", root),), (lax,), both(missing)),
        "the root is sent, not trusted": Case((signed, middle, root), (lax,), both(missing)),
        "signed by itself": Case((lone,), (root,), both(missing)),
        "no intermediate": Case((signed,), (root,), both(f"{missing}.*server may also lack the intermediate")),
        "an intermediate without its root": Case(
            (signed,), (middle,), {"3.12": "intermediate CA whose issuer is missing in ca_path", "3.13": None}
        ),
        "no ca_path": Case(
            (signed,), (), both(rf"{untrusted} .*\. Give the CA's certificate with ca_path.*public one")
        ),
        "no ca_path, signed by itself": Case((lone,), (), both(f"{untrusted} .*with ca_path")),
        "85: no authority key": Case(
            (issue("server", root, "authority key"),), (root,), strict("Missing Authority Key Identifier")
        ),
        "89: constraints not critical": Case(
            (issue("server", lax),), (lax,), strict("Basic Constraints of CA cert not marked critical")
        ),
        "92: no key usage": Case(
            (issue("server", bare),), (bare,), strict("CA cert does not include key usage extension")
        ),
    }


@contextlib.contextmanager
def serving(chain: tuple[Issued, ...], folder: Path) -> Iterator[int]:
    """Shake hands with whoever comes, and hang up."""
    path = folder / "chain.pem"
    key = chain[0].key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(key + b"".join(one.pem() for one in chain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _address = listener.accept()
                with connection, contextlib.suppress(OSError):
                    context.wrap_socket(connection, server_side=True).close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


CASES = cases()


def interpreter(version: str) -> Path:
    """Find an environment of the tests with this Python, the newest ansible-core first."""
    for settings in sorted(ROOT.glob(".cache/env/core-*/pyvenv.cfg"), reverse=True):
        if re.search(rf"^version = {re.escape(version)}\.", settings.read_text(), re.MULTILINE):
            return settings.parent / "bin" / "python"
    pytest.skip(f"no environment of the tests has Python {version}: run a session of another ansible-core first")


@pytest.fixture(scope="module", params=PYTHONS)
def said(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any]]:
    """A Python's version, and what it says of each server."""
    python = interpreter(request.param)
    with contextlib.ExitStack() as stack:
        servers = {}
        for name, case in CASES.items():
            folder = tmp_path_factory.mktemp("server")
            trusted = folder / "trusted.pem"
            trusted.write_bytes(b"".join(one.pem() for one in case.trusted))
            port = stack.enter_context(serving(case.chain, folder))
            servers[name] = (port, str(trusted) if case.trusted else None)
        path = {"PYTHONPATH": str(ROOT / ".cache" / "collections")}
        output = run(python, "-c", CLIENT, given=json.dumps(servers).encode(), env=path)
    return request.param, json.loads(output)


@pytest.mark.parametrize("name", CASES)
def test_a_certificate_has_its_sentence(said: tuple[str, dict[str, Any]], name: str) -> None:
    version, answers = said
    wanted = CASES[name].says[version]
    kind, reason = answers[name]
    if wanted is None:
        assert kind == "lost", reason
    else:
        assert kind == "untrusted", reason
        assert re.search(wanted, reason), reason
        assert "validate_certs" not in reason
