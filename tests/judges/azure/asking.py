# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Microsoft's clients of the simulated Azure."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from io import StringIO
from typing import Any, NamedTuple

import msal
from azure.core.rest import HttpRequest, HttpResponse
from azure.identity import CertificateCredential, ClientSecretCredential
from azure.keyvault.keys import KeyClient
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from simulator import Simulator

TENANT = "11111111-2222-3333-4444-555555555555"
CLIENT = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
SECRET = "Sentinel~Secret.0123456789abcdefghijklmn"
VAULT = "kv1.vault.azure.net"
KEY = f"https://{VAULT}/keys/key1"
SCOPE = "https://vault.azure.net/.default"
GRAPH_SCOPE = "https://graph.microsoft.com/.default"
# azure-identity and azure-core try again where nothing else is said: a judge wants the first answer.
ONCE = {"retry_total": 0, "disable_instance_discovery": True}


class Pair(NamedTuple):
    """A certificate and its key, in PEM form."""

    certificate: str
    key: str

    @property
    def both(self) -> bytes:
        return (self.key + self.certificate).encode()


def make_pair(days: int = 365) -> Pair:
    """A certificate that ends in so many days."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "ontap.akv judge")])
    now = datetime.now(timezone.utc)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=30))
    certificate = builder.not_valid_after(now + timedelta(days=days)).sign(key, hashes.SHA256())
    pem, none = serialization.Encoding.PEM, serialization.NoEncryption()
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, none)
    return Pair(certificate.public_bytes(pem).decode(), private.decode())


class Azure:
    """The simulated Azure with Microsoft's clients at hand."""

    def __init__(self, simulator: Simulator, log: StringIO) -> None:
        self.sim = simulator
        self.log = log
        self.where: dict[str, str] = simulator.connection["azure"]

    def msal_token(
        self, credential: Any = SECRET, tenant: str = TENANT, client_id: str = CLIENT, scope: str = SCOPE
    ) -> dict[str, Any]:
        """What msal gets, from an application object of its own: another would answer from its cache."""
        application = msal.ConfidentialClientApplication(
            client_id,
            client_credential=credential,
            authority=f"{self.where['authority']}/{tenant}",
            instance_discovery=False,
            verify=self.where["ca_path"],
        )
        answer: dict[str, Any] = application.acquire_token_for_client(scopes=[scope])
        return answer

    def identity(self, secret: str = SECRET, tenant: str = TENANT) -> ClientSecretCredential:
        return ClientSecretCredential(
            tenant, CLIENT, secret, authority=self.where["authority"], connection_verify=self.where["ca_path"], **ONCE
        )

    def identity_by_certificate(self, pair: Pair) -> CertificateCredential:
        return CertificateCredential(
            TENANT,
            CLIENT,
            certificate_data=pair.both,
            authority=self.where["authority"],
            connection_verify=self.where["ca_path"],
            **ONCE,
        )

    def keys(self, credential: Any = None, **more: Any) -> KeyClient:
        return KeyClient(
            self.where["vault_url"],
            credential or self.identity(),
            # The challenge names vault.azure.net, as the real service does, and the client asked loopback.
            verify_challenge_resource=False,
            connection_verify=self.where["ca_path"],
            **{"retry_total": 0, **more},
        )

    def operate(self, operation: str, value: str, version: str = "", client: KeyClient | None = None) -> HttpResponse:
        """Ask the key vault itself: CryptographyClient would wrap and encrypt on this machine."""
        client = client or self.keys()
        version = version or client.get_key("key1").properties.version
        request = HttpRequest("POST", f"/keys/key1/{version}/{operation}", json={"alg": "RSA-OAEP-256", "value": value})
        return client.send_request(request)
