# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""What a task of akv_credential asks for: its options, checked before any request."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from dataclasses import dataclass, field

from ansible_collections.ontap.akv.plugins.module_utils._akv.pkcs12 import check_pkcs12, read_pkcs12, thumbprint
from ansible_collections.ontap.akv.plugins.module_utils._akv.record import Record
from ansible_collections.ontap.akv.plugins.module_utils._akv.rotation import Reading, Stage
from ansible_collections.ontap.akv.plugins.module_utils._akv.scope import check_svms, check_text, is_uuid
from ansible_collections.ontap.akv.plugins.module_utils._runtime import errors, parallel, texts
from ansible_collections.ontap.akv.plugins.module_utils._runtime.wording import listed

NEW = ("client_secret", "client_certificate", "client_certificate_path")
_PREVIOUS = ("previous_client_secret", "previous_client_certificate")


@dataclass(frozen=True)
class Credential:
    """A credential as ONTAP takes it.

    :ivar name: the field, client_secret or client_certificate
    """

    name: str
    value: str = field(repr=False)

    def evidence(self) -> Record:
        """Say which one it is, without the credential: its kind, and the thumbprint of a certificate."""
        if self.name == "client_secret":
            return {"kind": self.name}
        found = thumbprint(self.value)
        return {"kind": "certificate", **({"thumbprint": found} if found else {})}


@dataclass(frozen=True)
class Order:
    """What a task asks for."""

    client_id: str
    svms: tuple[str, ...]
    scope: str
    new: Credential | None
    previous: Credential | None
    stage: Stage
    configuration_uuid: str | None
    before: tuple[Reading, ...]
    include_unhealthy: bool
    batch_size: int
    grace: float
    soak: int | None
    soak_interval: int
    threads: int
    wait_timeout: int
    expected_plan: str


def check(params: Mapping[str, t.Any]) -> tuple[Order, list[str]]:
    """Check a task's options, before any request.

    :return: what it asks for, and warnings
    :raises InputError: names the option, what was given and what to do
    """
    parallel.check_threads(params)
    check_text("client_id", params["client_id"])
    if any(character.isspace() for character in params["client_id"]):
        raise errors.InputError(
            "client_id", f"{params['client_id']!r} contains white space. Give the application (client) ID."
        )
    svms = _check_svms(params)
    _check_numbers(params)
    stage = Stage(params["stage"])
    uuid = _check_stage(params, stage)
    new, previous, warnings = _check_credentials(params, stage)
    order = Order(
        client_id=params["client_id"],
        svms=svms,
        scope=params["scope"],
        new=new,
        previous=previous,
        stage=stage,
        configuration_uuid=uuid,
        before=tuple(map(Reading.from_snapshot, params["before"] or ())),
        include_unhealthy=params["include_unhealthy"],
        batch_size=params["batch_size"],
        grace=params["credential_grace"],
        soak=params["soak"],
        soak_interval=params["soak_interval"],
        threads=params["threads"],
        wait_timeout=params["wait_timeout"],
        expected_plan=(params["expected_plan"] or "").strip(),
    )
    return order, warnings


def _check_numbers(params: Mapping[str, t.Any]) -> None:
    least_of = {"batch_size": 1, "wait_timeout": 1, "credential_grace": 0, "soak": 0, "soak_interval": 1}
    for option, least in least_of.items():
        if params[option] is not None and params[option] < least:
            raise errors.InputError(option, f"{params[option]} is below {least}. Give {least} or more.")


def _check_stage(params: Mapping[str, t.Any], stage: Stage) -> str | None:
    """Check that a stage has what it needs; give the UUID of the configuration that it is about."""
    uuid: str | None = params["configuration_uuid"]
    if uuid is not None and not is_uuid(uuid):
        raise errors.InputError(
            "configuration_uuid",
            f"{uuid!r} is not a UUID. Give the uuid of an entry of vaults, as akv_credential or akv_info returns it.",
        )
    if stage in (Stage.WATCH, Stage.ROLLBACK) and params["before"] is None:
        raise errors.InputError(
            "before", f"is missing. stage: {stage.value} needs it, from the result of an earlier call."
        )
    if stage is Stage.WATCH and uuid is None:
        raise errors.InputError("configuration_uuid", "is missing. stage: watch needs the configuration to watch.")
    if params["soak"] is not None and stage is not Stage.WATCH:
        raise errors.InputError("soak", f"is given with stage: {stage.value}. It belongs to stage: watch.")
    return uuid and uuid.lower()


def _check_svms(params: Mapping[str, t.Any]) -> tuple[str, ...]:
    svms = params["svms"]
    if svms is None:
        return ()
    check_svms(svms, " for all")
    if params["scope"] == "cluster":
        raise errors.InputError(
            "svms, scope", f"SVMs are named ({listed(svms)}), and scope is cluster. Keep one of them."
        )
    return tuple(dict.fromkeys(svms))


def _check_credentials(
    params: Mapping[str, t.Any], stage: Stage
) -> tuple[Credential | None, Credential | None, list[str]]:
    given = [option for option in NEW if params[option] is not None]
    if len(given) != 1 and stage.sends:
        raise errors.InputError(
            ", ".join(NEW),
            f"{len(given) or 'none'} of them {'are' if given else 'is'} given. Give exactly one; an unset variable or"
            " a blank answer is none.",
        )
    before = [option for option in _PREVIOUS if params[option] is not None]
    if len(before) > 1:
        raise errors.InputError(" and ".join(before), "are given together. Give the credential that is in use.")
    if stage is Stage.ROLLBACK and not before:
        raise errors.InputError(", ".join(_PREVIOUS), "none is given. stage: rollback needs the previous credential.")
    warnings: list[str] = []
    new = previous = None
    if given:
        new, warnings = _check_new(given[0], params)
    if before:
        value = params[before[0]]
        texts.check_not_blank(before[0], value)
        warnings += texts.warn_of_looks(before[0], value)
        name = before[0][len("previous_") :]
        previous = Credential(name, check_pkcs12(value, before[0]) if name == "client_certificate" else value)
    if new is not None and new == previous:
        raise errors.InputError(
            f"{new.name}, {before[0]}", "are the same. Give the new credential, and the one in use."
        )
    return new, previous, warnings


def _check_new(option: str, params: Mapping[str, t.Any]) -> tuple[Credential, list[str]]:
    """Check the new credential; give it, and warnings."""
    value = params[option]
    if option == "client_certificate_path":
        return Credential("client_certificate", read_pkcs12(value)), []
    texts.check_not_blank(option, value)
    if option == "client_certificate":
        return Credential(option, check_pkcs12(value)), []
    warnings = texts.check_new_secret(option, value)
    if is_uuid(value) and not params["allow_uuid_secret"]:
        raise errors.InputError(option, texts.IS_SECRET_ID)
    return Credential(option, value), warnings
