# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""The record of an AKV configuration: its path, its fields, and the choice among several. Pure, no I/O."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterable, Mapping, Sequence

from ansible_collections.ontap.akv.plugins.module_utils._akv import releases
from ansible_collections.ontap.akv.plugins.module_utils._akv.scope import Scope, is_uuid
from ansible_collections.ontap.akv.plugins.module_utils._runtime import errors

VAULTS = "/security/azure-key-vaults"
KEY_STORES = "/security/key-stores"

DEFAULT_CONFIGURATION = "default"
"""What ONTAP calls the enabled configuration; reserved for it (9.14.1+)."""

_TEXT = (
    "client_id",
    "key_id",
    "name",
    "oauth_host",
    "proxy_host",
    "proxy_type",
    "proxy_username",
    "tenant_id",
    "vault_host",
)
_NUMBERS = ("port", "proxy_port")
_SWITCHES = ("verify_host", "verify_ip")

COMPARED = tuple(sorted((*_TEXT, *_NUMBERS, *_SWITCHES)))
"""The fields that a task may declare and that ONTAP gives back."""

CREDENTIALS = {"client_secret": "client_secret", "client_certificate": "certificate"}
"""The credentials of an Azure application, each with ONTAP's name for that kind (``authentication_method``)."""

Record = dict[str, t.Any]


def vault_path(uuid: object, action: str = "", collection: str = VAULTS) -> str:
    """The path of one AKV configuration. Never the collection's own: a PATCH or DELETE of that changes every match.

    :raises ConnectionFailed: what the server calls a UUID is none
    """
    if not is_uuid(uuid):
        raise errors.ConnectionFailed(
            f"The cluster's response has an AKV configuration with the uuid {uuid!r}, which is not a UUID. Nothing was"
            " sent to it."
        )
    return f"{collection}/{uuid}" + (f"/{action}" if action else "")


def normalize(record: Mapping[str, t.Any]) -> Record:
    """Take a record as ONTAP gives it, less links and whatever secret a server may echo.

    A uuid that is not reported is absent.

    :raises ConnectionFailed: its uuid is not a UUID, or a field that is compared has a wrong type
    """
    # A port may come as a string of digits: the vendor's own client reads either.
    record = {**record, **{name: int(record[name]) for name in _NUMBERS if _is_digits(record.get(name))}}
    uuid = record.get("uuid")
    if uuid is None:
        record.pop("uuid", None)
    elif not is_uuid(uuid):
        raise errors.ConnectionFailed(
            f"The cluster's response has an AKV configuration with the uuid {uuid!r}, which is not a UUID."
        )
    for names, kind in (
        (_TEXT, str),
        (_NUMBERS, int),
        ((*_SWITCHES, "enabled"), bool),
        (("configuration", "svm"), Mapping),
    ):
        for name in names:
            if not isinstance(record.get(name), (kind, type(None))):
                raise errors.ConnectionFailed(
                    f"The cluster's response has {name} in an unexpected form: {record[name]!r}."
                )
    for holder, name in (("svm", "name"), ("svm", "uuid"), ("configuration", "name")):
        text = (record.get(holder) or {}).get(name)
        if text is not None and not isinstance(text, str):
            raise errors.ConnectionFailed(
                f"The cluster's response has {holder}.{name} in an unexpected form: {text!r}."
            )
    return t.cast(
        "Record", _without_links({key: value for key, value in record.items() if key not in releases.SECRET_FIELDS})
    )


def _is_digits(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch("[0-9]{1,5}", value) is not None


def _without_links(value: t.Any) -> t.Any:
    if isinstance(value, dict):
        return {key: _without_links(item) for key, item in value.items() if key != "_links"}
    return [_without_links(item) for item in value] if isinstance(value, list) else value


def svm_record(record: Mapping[str, t.Any]) -> Mapping[str, t.Any]:
    """Give the SVM of a configuration or a volume; empty for the cluster's own, and where it is not reported."""
    svm = record.get("svm")
    return svm if isinstance(svm, Mapping) else {}


def svm_name(record: Mapping[str, t.Any]) -> str | None:
    """Give the name of that SVM; None for the cluster's own, and where it is not reported."""
    name = svm_record(record).get("name")
    return name if isinstance(name, str) else None


def place_of(record: Mapping[str, t.Any]) -> str:
    """Name the scope of a record in a sentence, also where its uuid is not reported."""
    svm = svm_record(record)
    name = svm.get("name") or svm.get("uuid")
    return f"SVM {name}" if name else "the cluster" if record.get("scope") == "cluster" else "an SVM that is not named"


def without_identity(record: Mapping[str, t.Any]) -> str | None:
    """Name the field of a record that is needed to identify it and is not reported; None if all are reported."""
    if record.get("uuid") is None:
        return "uuid"
    named = svm_name(record) is not None or record.get("scope") == "cluster"
    return None if named else "SVM"


def is_inactive(record: Mapping[str, t.Any]) -> bool:
    """Return whether a configuration is not in use (9.14.1+)."""
    return record.get("enabled") is False


def configuration_of(record: Mapping[str, t.Any]) -> str | None:
    """Name a record's configuration (9.14.1+)."""
    name = (record.get("configuration") or {}).get("name")
    return name if isinstance(name, str) else None


def owned(records: Iterable[Record], scope: Scope) -> list[Record]:
    """Choose the records of a scope: a server's filter is not trusted.

    :raises AkvError: none was found, but one without a reported SVM exists; or the uuid of one is not reported
    """
    mine, unclear = [], []
    for record in records:
        if is_unclear(record, scope):
            unclear.append(record)
        elif scope.owns(record):
            mine.append(record)
    if unclear and not mine:
        raise errors.AkvError(
            f"ONTAP does not report the SVM of the AKV configuration {unclear[0].get('uuid', 'without a uuid')}, so"
            f" it may or may not be that of {scope}. Read it with akv_info, and run the task again."
        )
    require_uuids(mine)
    return mine


def require_uuids(records: Iterable[Record]) -> None:
    """Refuse to go on where a configuration cannot be named.

    :raises AkvError: the uuid of one is not reported
    """
    for record in records:
        if "uuid" not in record:
            raise errors.AkvError(
                f"ONTAP does not report the uuid of the AKV configuration of {place_of(record)}. Read it"
                " with akv_info, and run the task again."
            )


def is_unclear(record: Mapping[str, t.Any], scope: Scope) -> bool:
    """Return whether a record leaves open whether it is of the scope."""
    svm = svm_record(record)
    if scope.is_cluster:
        return not svm and record.get("scope") is None
    return svm.get("name" if scope.svm is not None else "uuid") is None and record.get("scope") != "cluster"


def select(records: Sequence[Record], scope: Scope, configuration: str | None = None) -> Record | None:
    """Choose the configuration of that name, or the enabled one.

    :return: None where it does not exist
    :raises AkvError: several match, or ONTAP does not report what decides
    """
    if configuration is None:
        unclear = [record for record in records if _may_be_inactive(record)]
        found = [record for record in records if not is_inactive(record) and record not in unclear]
        field = "enabled"
    else:
        found = [record for record in records if configuration_of(record) == configuration]
        unclear = [record for record in records if configuration_of(record) is None]
        field = "configuration"
    if len(found) > 1:
        names = ", ".join(f"{record.get('name')} ({record['uuid']})" for record in found)
        raise errors.AkvError(
            f"{scope} has several AKV configurations that match: {names}. It is not clear which one is meant."
        )
    if unclear and not found:
        raise errors.AkvError(
            f"ONTAP does not report {field} of {scope}'s AKV configuration {unclear[0]['uuid']}, so it is not"
            " clear whether it is the one that is meant. Read it with akv_info, and run the task again."
        )
    return found[0] if found else None


def _may_be_inactive(record: Mapping[str, t.Any]) -> bool:
    """Return whether a record leaves open whether it is enabled; the default configuration always is."""
    return record.get("enabled") is None and configuration_of(record) not in (None, DEFAULT_CONFIGURATION)
