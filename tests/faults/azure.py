# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the modules that speak to Azure in this process, against the simulated Azure."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from io import StringIO
from typing import Any, NamedTuple

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from ansible_collections.ontap.akv.plugins.module_utils._use_cases import entra_app_info, key_info
from ansible_collections.ontap.akv.plugins.module_utils._use_cases.call import Call
from simulator import Simulator

TENANT = "11111111-2222-3333-4444-555555555555"
CLIENT = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
SECRET = "sentinel-Azure8Q~secret.of-40-characters"
VAULT = "kv1.vault.azure.net"
KEY = f"https://{VAULT}/keys/key1"
MODULES: dict[str, Any] = {"akv_key_info": key_info, "entra_app_info": entra_app_info}


class Pair(NamedTuple):
    """A certificate: in PEM form, and with its key as PKCS#12 in base64."""

    pem: str
    pkcs12: str


def make_pair(begins: int = -30, ends: int = 365, kind: str = "RSA", passphrase: bytes = b"") -> Pair:
    """A certificate that is valid from one day to another, counted from today."""
    key = rsa.generate_private_key(65537, 2048) if kind == "RSA" else ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "app")])
    now = datetime.now(timezone.utc)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(7).not_valid_before(now + timedelta(days=begins))
    certificate = builder.not_valid_after(now + timedelta(days=ends)).sign(key, hashes.SHA256())
    hidden = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    bundle = pkcs12.serialize_key_and_certificates(b"app", key, certificate, None, hidden)
    pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
    return Pair(pem, base64.b64encode(bundle).decode())


class Azure:
    """The simulated Azure, and the modules that ask it."""

    def __init__(self, sim: Simulator, log: StringIO) -> None:
        self.sim = sim
        self.log = log
        where = sim.connection["azure"]
        self.login: dict[str, Any] = {
            "tenant_id": TENANT,
            "client_id": CLIENT,
            **{name: where[name] for name in ("authority", "graph_url", "ca_path")},
            "timeout": 5,
            "retries": 0,
        }
        self.key: dict[str, Any] = {"key_id": KEY, "vault_url": where["vault_url"]}
        self._searched = {"log": 0, "requests": 0}

    def run(self, module: str, **options: Any) -> dict[str, Any]:
        """Run a module as Ansible would; no secret and no token is in what it gives, nor in the simulator's log."""
        use_case = MODULES[module]
        given = {**self.login, **(self.key if module == "akv_key_info" else {}), **options}
        if not any(name in given for name in ("client_certificate", "client_certificate_path")):
            given.setdefault("client_secret", SECRET)
        given = {name: value for name, value in given.items() if value is not None}
        call = Call(use_case.ARGUMENT_SPEC, given, use_case.KIND)
        checked = ArgumentSpecValidator(call.spec).validate(given)
        if checked.error_messages:
            return call.refusal or call.invalid("; ".join(checked.error_messages))
        result, warnings = call.run(checked.validated_parameters, False, use_case.run)
        self.search(json.dumps([result, warnings], default=str), given)
        return {**result, "warnings": warnings}

    def search(self, text: str, given: dict[str, Any]) -> None:
        """Search for what must not be shown: in a text, and in what Azure has noted since the last search."""
        secrets = [given.get("client_secret"), given.get("client_certificate"), *self.sim.tokens]
        log, requests = self.log.getvalue(), self.sim.azure_requests
        new = log[self._searched["log"] :], str(requests[self._searched["requests"] :])
        self._searched = {"log": len(log), "requests": len(requests)}
        for place in (text, *new):
            assert not [secret for secret in secrets if len(secret or "") > 7 and str(secret) in place]

    def checks(self, **options: Any) -> dict[str, dict[str, str]]:
        """Run akv_key_info; its checks by their names."""
        result = self.run("akv_key_info", **options)
        assert not result["failed"], result["msg"]
        return {check["name"]: check for check in result["checks"]}

    def asked(self, path: str) -> int:
        """Count the requests for a path."""
        return sum(request["path"].endswith(path) for request in self.sim.azure_requests)


@contextmanager
def azure(application: dict[str, Any] | None = None, **section: Any) -> Iterator[Azure]:
    """An Azure with one application that may do everything, unless a section of a scenario says otherwise."""
    one = {"client_id": CLIENT, "tenant_id": TENANT, "secrets": [{"value": SECRET, "expires": "+200d"}]}
    one = {**one, "graph": ["Application.Read.All"], **(application or {})}
    declared = {"keys": [{"key_id": KEY}], **section, "applications": [one, *section.get("applications", [])]}
    log = StringIO()
    with Simulator(scenario={"azure": declared}, azure=True, log=log) as sim:
        yield Azure(sim, log)
