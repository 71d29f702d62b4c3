# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Microsoft Entra ID: discovery, and tokens for applications by secret or certificate."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import secrets
import uuid as uuids
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from ..call import Reply
from .codes import CODES
from .declared import CLOUDS
from .world import Application, World

JSON = {"Content-Type": "application/json; charset=utf-8"}
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
# Seconds by which a client's clock may be wrong.
_LEEWAY = 300
_VALID_FOR = 3599


@dataclass(frozen=True)
class Token:
    """An access token as the services check it."""

    client_id: str
    tenant_id: str
    kind: str
    host: str
    ends: float


class Refused(Exception):
    """Entra refuses a login."""

    def __init__(self, code: int, more: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.more = more


class Entra:
    """The authority of all tenants of the world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.tokens: dict[str, Token] = {}

    def discovery(self, tenant: str, base: str) -> Reply:
        """The document that MSAL reads before its first token."""
        if not self.world.is_tenant(tenant):
            return self._error(90002, error="invalid_tenant")
        return Reply(
            200,
            {
                "issuer": f"{base}/{tenant}/v2.0",
                "authorization_endpoint": f"{base}/{tenant}/oauth2/v2.0/authorize",
                "token_endpoint": f"{base}/{tenant}/oauth2/v2.0/token",
                "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
                "response_types_supported": ["code", "id_token"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "jwks_uri": f"{base}/{tenant}/discovery/v2.0/keys",
            },
            dict(JSON),
        )

    def token(self, tenant: str, body: bytes) -> Reply:
        """Answer a request for a token."""
        try:
            return self._token(tenant, body)
        except Refused as refused:
            return self._error(refused.code, refused.more)

    def _token(self, tenant: str, body: bytes) -> Reply:
        form = {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
        for name in ("grant_type", "client_id", "scope"):
            if not form.get(name):
                raise Refused(900144, f": '{name}'.")
        if form["grant_type"] != "client_credentials":
            raise Refused(70003)
        client_id = form["client_id"]
        problem = self.world.login_problem(client_id, tenant)
        if problem and problem != 700025:
            raise Refused(problem)
        secret, assertion = form.get("client_secret"), form.get("client_assertion")
        if not secret and not (assertion and form.get("client_assertion_type") == ASSERTION_TYPE):
            raise Refused(7000218)
        if problem:
            raise Refused(problem)
        host, kind = self._resource(form["scope"])
        if assertion and not secret:
            self._check_assertion(self.world.application(client_id), client_id, tenant, assertion)
        elif secret:
            refused = self.world.secret_problem(client_id, secret)
            if refused:
                raise Refused(refused)
        refused = self.world.last_problem(client_id)
        if refused:
            raise Refused(refused)
        # As a client sees it, a token is opaque.
        token = ".".join(secrets.token_urlsafe(size) for size in (24, 96, 48))
        self.tokens[token] = Token(client_id, tenant, kind, host, self.world.clock.now() + _VALID_FOR)
        answer = {"token_type": "Bearer", "expires_in": _VALID_FOR, "ext_expires_in": _VALID_FOR}
        return Reply(200, {**answer, "access_token": token}, {**JSON, "Cache-Control": "no-store, no-cache"})

    def _resource(self, scope: str) -> tuple[str, str]:
        """The host that a token is wanted for, and its kind."""
        scopes = scope.split()
        if len(scopes) > 1:
            raise Refused(700022)
        parts = urlsplit(scopes[0])
        if parts.scheme != "https" or parts.path.rstrip("/") != "/.default":
            raise Refused(70011)
        kind = self.world.resource_hosts().get(parts.netloc)
        if kind is None:
            raise Refused(500011, f": https://{parts.netloc}")
        return parts.netloc, kind

    def _check_assertion(self, application: Application | None, client_id: str, tenant: str, assertion: str) -> None:
        head, claims, signed, signature = _parts(assertion)
        if application is not None:
            certificate = self._signer(application, head)
            _check_signature(certificate, head, signed, signature)
        if claims.get("iss") != client_id or claims.get("sub") != client_id:
            raise Refused(700021)
        if urlsplit(str(claims.get("aud"))).path.rstrip("/") != f"/{tenant}/oauth2/v2.0/token":
            raise Refused(700023)
        now = self.world.clock.now()
        begins, ends = claims.get("nbf", now), claims.get("exp", 0)
        numbers = all(isinstance(one, (int, float)) for one in (begins, ends))
        if not numbers or begins > now + _LEEWAY or ends < now - _LEEWAY:
            raise Refused(700024)

    def _signer(self, application: Application, head: dict[str, Any]) -> x509.Certificate:
        """The registered certificate that a header names."""
        for one in application.certificates or []:
            assert isinstance(one.value, bytes)
            for name, algorithm in (("x5t#S256", "sha256"), ("x5t", "sha1")):
                named = base64.urlsafe_b64encode(hashlib.new(algorithm, one.value).digest()).decode().rstrip("=")
                if str(head.get(name, "")).rstrip("=") == named:
                    refused = self.world.certificate_problem(application.client_id, one.value)
                    if refused:
                        raise Refused(refused[0], f". [Reason - {refused[1]}]" if refused[1] else "")
                    return x509.load_der_x509_certificate(one.value)
        raise Refused(700027, ". [Reason - The key was not found.]")

    def _error(self, code: int, more: str = "", error: str | None = None) -> Reply:
        known = CODES[code]
        trace, correlation = str(uuids.uuid4()), str(uuids.uuid4())
        now = datetime.fromtimestamp(self.world.clock.now(), timezone.utc).strftime("%Y-%m-%d %H:%M:%SZ")
        text = f"AADSTS{code}: {known.text}{more or '.'}"
        body: dict[str, Any] = {
            "error": error or known.error,
            "error_description": f"{text} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {now}",
            "error_codes": [code],
            "timestamp": now,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"https://{CLOUDS['public'][3]}/error?code={code}",
        }
        if known.suberror:
            body["suberror"] = known.suberror
        return Reply(known.status, body, {**JSON, **({"Retry-After": "60"} if known.status == 429 else {})})


def _parts(assertion: str) -> tuple[dict[str, Any], dict[str, Any], bytes, bytes]:
    """Header, claims, what is signed, and the signature of a JWT."""
    try:
        head, claims, signature = assertion.split(".")
        decoded = [json.loads(_unpadded(part)) for part in (head, claims)]
        if not all(isinstance(one, dict) for one in decoded):
            raise ValueError
        return decoded[0], decoded[1], f"{head}.{claims}".encode(), _unpadded(signature)
    except (ValueError, binascii.Error):
        raise Refused(7000274) from None


def _unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))


def _check_signature(certificate: x509.Certificate, head: dict[str, Any], signed: bytes, signature: bytes) -> None:
    public = certificate.public_key()
    schemes: dict[str, padding.AsymmetricPadding] = {
        "RS256": padding.PKCS1v15(),
        "PS256": padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256.digest_size),
    }
    scheme = schemes.get(str(head.get("alg")))
    if scheme is None or not isinstance(public, rsa.RSAPublicKey):
        raise Refused(7000274)
    try:
        public.verify(signature, signed, scheme, hashes.SHA256())
    except InvalidSignature:
        raise Refused(7000274) from None
