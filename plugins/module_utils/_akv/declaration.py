# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""From akv_config's options to a declaration: what a task alone shows to be wrong is refused here."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterable, Mapping

from ansible_collections.ontap.akv.plugins.module_utils._akv import releases, uris
from ansible_collections.ontap.akv.plugins.module_utils._akv.plan import Declaration
from ansible_collections.ontap.akv.plugins.module_utils._akv.record import COMPARED
from ansible_collections.ontap.akv.plugins.module_utils._akv.scope import ARGUMENT_SPEC as SCOPE_OPTIONS
from ansible_collections.ontap.akv.plugins.module_utils._akv.scope import (
    Scope,
    check_text,
    check_unicode,
    is_uuid,
)
from ansible_collections.ontap.akv.plugins.module_utils._runtime import errors, texts

_TEXT_OPTIONS = (
    *("client_id", "configuration", "key_id", "name", "oauth_host", "proxy_host", "proxy_username"),
    *("tenant_id", "vault_host"),
)

ARGUMENT_SPEC: dict[str, t.Any] = {
    **SCOPE_OPTIONS,
    "allow_recreate": {"type": "bool", "default": False},
    "allow_uuid_secret": {"type": "bool", "default": False, "no_log": False},
    "client_certificate": {"type": "str", "no_log": True},
    "client_certificate_path": {"type": "path"},
    "client_id": {"type": "str"},
    "client_secret": {"type": "str", "no_log": True},
    "configuration": {"type": "str"},
    "credential_grace": {"type": "int", "default": 0, "no_log": False},
    "enabled": {"type": "bool"},
    "key_id": {"type": "str", "no_log": False},
    "name": {"type": "str", "aliases": ["vault_uri"]},
    "oauth_host": {"type": "str"},
    "port": {"type": "int"},
    "proxy_host": {"type": "str"},
    "proxy_password": {"type": "str", "no_log": True},
    "proxy_port": {"type": "int"},
    "proxy_type": {"type": "str", "choices": ["http", "https"]},
    "proxy_username": {"type": "str"},
    "skip_verification": {"type": "bool"},
    "state": {"type": "str", "choices": ["absent", "present"], "default": "present"},
    "tenant_id": {"type": "str"},
    "update_credentials": {
        "type": "str",
        "choices": ["always", "on_create", "when_unavailable"],
        "default": "on_create",
        "no_log": False,
    },
    "vault_host": {"type": "str"},
    "verify_host": {"type": "bool"},
    "verify_ip": {"type": "bool"},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 300},
}

ENTRY_SPEC: dict[str, t.Any] = {
    option: {name: value for name, value in spec.items() if name != "default"}
    for option, spec in ARGUMENT_SPEC.items()
    if option != "wait_timeout"
}
"""One AKV configuration of many: options that it leaves out are taken from the task."""

_CREDENTIAL_OPTIONS = ("client_secret", "client_certificate", "client_certificate_path")


def merged(params: Mapping[str, t.Any], entry: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Complete an entry of ``vaults`` with the options of the task; its credential replaces any other kind."""
    declared = {option: value for option, value in entry.items() if value is not None}
    own_credential = any(option in declared for option in _CREDENTIAL_OPTIONS)
    replaced = dict.fromkeys(_CREDENTIAL_OPTIONS) if own_credential else {}
    return {**{option: params[option] for option in ARGUMENT_SPEC}, **replaced, **declared}


def check(params: Mapping[str, t.Any]) -> tuple[Declaration, list[str]]:
    """Check a task's options, before any request.

    :return: the declaration, and warnings
    :raises InputError: names the option, what was given and what to do
    """
    _check_values(params)
    if params["enabled"] is not None and params["configuration"] is None:
        raise errors.InputError("enabled", "is given without configuration. Name the configuration.")
    if params["enabled"] is not None and params["state"] == "absent":
        raise errors.InputError(
            "enabled", "cannot be combined with state: absent. Remove it; configuration selects which one to delete."
        )
    secrets, warnings = _check_secrets(params)
    declared = Declaration(
        scope=Scope.from_params(params),
        present=params["state"] == "present",
        settings={name: params[name] for name in COMPARED if params[name] is not None},
        secrets=secrets,
        update_credentials=params["update_credentials"],
        allow_recreate=params["allow_recreate"],
        configuration=params["configuration"],
        enabled=params["enabled"],
        skip_verification=params["skip_verification"],
    )
    if declared.present and declared.update_credentials == "always" and not secrets:
        raise errors.InputError(
            "update_credentials",
            "always has nothing to send: no credential is given (null, omitted or left out). Give client_secret,"
            " client_certificate, client_certificate_path or proxy_password, or use on_create.",
        )
    return declared, _check_uris(declared) + warnings


def _check_values(params: Mapping[str, t.Any]) -> None:
    """Check the value of each option alone."""
    for option in _TEXT_OPTIONS:
        check_text(option, params[option])
    for option in ("port", "proxy_port"):
        if params[option] is not None and not 1 <= params[option] <= 65535:
            raise errors.InputError(option, f"{params[option]} is not a port. Give 1 to 65535.")
    for option in ("oauth_host", "proxy_host", "vault_host"):
        if params[option] is not None and re.search(r"[/?#@\s]", params[option]):
            raise errors.InputError(option, f"{params[option]!r} contains more than a host. Give the host alone.")
    if params["credential_grace"] < 0:
        raise errors.InputError(
            "credential_grace", f"{params['credential_grace']} is below 0. Give a number of seconds."
        )
    if params["wait_timeout"] < 0:
        raise errors.InputError("wait_timeout", f"{params['wait_timeout']} is below 0. Give a number of seconds.")


def _check_uris(declared: Declaration) -> list[str]:
    parsed: dict[str, t.Any] = {}
    for option, parse in (("name", uris.VaultUri.parse), ("key_id", uris.KeyId.parse)):
        uri = declared.settings.get(option)
        try:
            parsed[option] = None if uri is None else t.cast("t.Any", parse)(uri)
        except ValueError as exc:
            wanted = "https://<vault>.vault.azure.net" + ("" if option == "name" else "/keys/<key>[/<version>]")
            raise errors.InputError(option, f"{uri!r} {exc}. Give {wanted}.") from None
    typos = {uri: uris.likely_typo(uri) for uri in map(declared.settings.get, parsed) if uri and uris.likely_typo(uri)}
    warnings = []
    if typos:
        likely = ", ".join(f"{uri} is likely meant as {typo}" for uri, typo in typos.items())
        warnings.append(f"Azure's suffix is vault.azure.net, not azure.vault.net: {likely}. It is used as given.")
    vault, key = parsed["name"], parsed["key_id"]
    if vault and key and uris.real_host(vault.host) != uris.real_host(key.host):
        warnings.append(f"key_id is in the key vault {key.host}, but name is {vault.host}. Check that both are meant.")
    return warnings


def _check_secrets(params: Mapping[str, t.Any]) -> tuple[dict[str, str], list[str]]:
    given = [name for name in _CREDENTIAL_OPTIONS if params[name]]
    if len(given) > 1:
        raise errors.InputError(
            " and ".join(given), "are given together. Keep the one that the application logs in with."
        )
    secrets, warnings = {}, []
    for name in sorted(releases.SECRET_FIELDS):
        secret = params[name]
        if secret is None:
            continue
        texts.check_not_blank(name, secret)
        if name != "client_certificate":
            check_unicode(name, secret)
            # A proxy's password may be a pass phrase.
            warnings += texts.check_new_secret(name, secret, spaces=name == "proxy_password")
        secrets[name] = secret
    path = params["client_certificate_path"]
    if path is not None or "client_certificate" in secrets:
        # Few tasks declare a certificate.
        from ansible_collections.ontap.akv.plugins.module_utils._akv import pkcs12

        given = secrets.get("client_certificate", "")
        secrets["client_certificate"] = pkcs12.check_pkcs12(given) if path is None else pkcs12.read_pkcs12(path)
    if is_uuid(secrets.get("client_secret")) and not params["allow_uuid_secret"]:
        raise errors.InputError("client_secret", texts.IS_SECRET_ID)
    return secrets, warnings


def release_dependent(params: Mapping[str, t.Any]) -> list[str]:
    """Name the given options that some release does not have."""
    return [option for option in _LATER if params.get(option) is not None]


def require_release(options: Iterable[str], release: releases.Release, where: str) -> None:
    """Refuse an option that the cluster's release does not have.

    :param options: those of release_dependent
    :param where: the cluster, as messages name it
    :raises InputError: names the option, the cluster's release and the first that has the option
    """
    for option in options:
        if not release.knows(_field(option)):
            first = releases.first_release(_field(option))
            raise errors.InputError(option, f"needs ONTAP {first} or later; {where} runs {release}. Leave it out.")


_LATER = [
    *(field for field in releases.FIELDS if releases.first_release(field) != releases.RELEASES[0]),
    "client_certificate_path",
]


def _field(option: str) -> str:
    return "client_certificate" if option == "client_certificate_path" else option
