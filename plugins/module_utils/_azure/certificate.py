# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""The certificate of an application, and what it signs to log in (entra-docs, certificate-credentials).

This needs ``cryptography``. A file of its own, because nothing else does.
"""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from datetime import datetime, timezone

from ansible_collections.ontap.akv.plugins.module_utils._akv.expiry import Expiry
from ansible_collections.ontap.akv.plugins.module_utils._runtime import errors

try:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, pkcs12

    HAS_CRYPTOGRAPHY = True
except ImportError:
    HAS_CRYPTOGRAPHY = False

_VALID_FOR = 300  # seconds; Entra asks for at most 600
_OPTION = "client_certificate"


class Certificate:
    """A certificate with its private RSA key.

    :param encoded: PKCS#12 without a passphrase, in base64
    :raises InputError: it holds no RSA key, or cryptography is not installed
    """

    def __init__(self, encoded: str) -> None:
        if not HAS_CRYPTOGRAPHY:
            raise errors.InputError(_OPTION, "needs the Python library cryptography on the host where the module runs.")
        key, certificate, _others = pkcs12.load_key_and_certificates(base64.b64decode(encoded), None)
        if not isinstance(key, rsa.RSAPrivateKey) or certificate is None:
            raise errors.InputError(
                _OPTION, "does not contain an RSA key. Azure accepts only RSA keys for certificates."
            )
        own, certified = (
            one.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            for one in (key.public_key(), certificate.public_key())
        )
        if own != certified:
            raise errors.InputError(_OPTION, "contains a key and a certificate that do not belong together.")
        self._key = key
        self._der = certificate.public_bytes(Encoding.DER)
        # cryptography before 42 knows only the names without _utc.
        begins = getattr(certificate, "not_valid_before_utc", None) or certificate.not_valid_before
        ends = getattr(certificate, "not_valid_after_utc", None) or certificate.not_valid_after
        self.begins = begins if begins.tzinfo else begins.replace(tzinfo=timezone.utc)
        self.expiry = Expiry(ends if ends.tzinfo else ends.replace(tzinfo=timezone.utc))

    def assertion(self, client_id: str, endpoint: str, now: datetime) -> str:
        """Sign what proves to Entra that the application holds the key (PS256).

        :param endpoint: URL of the token endpoint
        """
        moment = int(now.timestamp())
        head = {"alg": "PS256", "typ": "JWT", "x5t#S256": _encoded(hashlib.sha256(self._der).digest())}
        claims = {"aud": endpoint, "iss": client_id, "sub": client_id, "jti": str(uuid.uuid4())}
        times = {"nbf": moment, "iat": moment, "exp": moment + _VALID_FOR}
        signed = ".".join(_encoded(json.dumps(part).encode()) for part in (head, {**claims, **times}))
        scheme = padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256.digest_size)
        return f"{signed}.{_encoded(self._key.sign(signed.encode(), scheme, hashes.SHA256()))}"


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
