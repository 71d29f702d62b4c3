# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is private to the collection: it may change at any time.

"""The variables of the role akv_enable: a list of AKV configurations, or one by single variables."""

from __future__ import annotations

import dataclasses
import difflib
import typing as t
from collections.abc import Iterator, Mapping

from ansible_collections.ontap.akv.plugins.module_utils._akv import declaration
from ansible_collections.ontap.akv.plugins.module_utils._runtime import errors, texts
from ansible_collections.ontap.akv.plugins.plugin_utils._roles import shared
from ansible_collections.ontap.akv.plugins.plugin_utils._variables import (
    NOT_GIVEN,
    Fault,
    Given,
    Kind,
    Refused,
    Role,
    Values,
    Variable,
    converted,
)

_DELETES = ("allow_recreate", "state")
"""Options of an entry that delete an AKV configuration. This role never does."""
_SHOWN = 10  # faults of entries in a message
_OPTIONS = {name: spec for name, spec in declaration.ENTRY_SPEC.items() if name not in _DELETES}
_ALIASES = {alias: name for name, spec in _OPTIONS.items() for alias in spec.get("aliases", ())}
_VARIABLES = {
    name: Variable(
        name,
        (),
        kind=Kind(spec.get("type", "str")),
        choices=tuple(spec.get("choices", ())),
        secret=spec.get("no_log", False),
    )
    for name, spec in _OPTIONS.items()
}
"""The options of an entry."""
_NEEDED = ("name", "key_id", "client_id", "tenant_id")
_CREDENTIAL = tuple(variable.name for variable in shared.NEW_CREDENTIAL)
_OF_ONE = (
    *("name", "key_id", "client_id", "tenant_id", *_CREDENTIAL, "proxy_type", "proxy_host", "proxy_port"),
    *("proxy_username", "proxy_password", "oauth_host", "vault_host", "port"),
)
"""The single variables that describe one configuration, and are the defaults of the entries of a list."""
OF_CONFIGURATIONS = frozenset((*_OF_ONE, "configuration", "configurations", "entries"))
"""What is read of the configurations, with their secrets. The rest are settings of the role."""


def _check(given: Given) -> Iterator[Fault]:
    if "configurations" in given:
        # Its entries are checked while they are completed.
        return
    yield from shared.check_one_scope(given)
    missing = tuple(name for name in _NEEDED if name not in given)
    if missing:
        yield Fault(missing, "required, and not given. To declare several configurations, use akv_configurations.")
    yield from shared.check_vault_uri(given, "name")
    yield from shared.check_key_id(given, "key_id")
    yield from shared.check_new_credential(given)


def _prepare(given: Values) -> Values:
    if "configurations" in given:
        entries = _selected(given)
    else:
        scope = {"scope": "cluster"} if given.get("scope") == "cluster" else {"svm": given["svm"]}
        entries = [{**scope, **{name: given[name] for name in (*_OF_ONE, "configuration") if name in given}}]
    return {**given, "entries": entries}


def _selected(given: Given) -> list[Values]:
    """Give the entries of the list, completed. An SVM or a scope that is given selects among them.

    :raises Refused: an entry is malformed, two are for the same configuration, or none is selected
    """
    faults = []
    if "configuration" in given:
        problem = "both are given. Give the configuration's name in its entry of the list."
        faults.append(Fault(("configuration", "configurations"), problem))
    entries = []
    for number, entry in enumerate(given["configurations"], 1):
        try:
            entries.append(_completed(_place(number, entry), entry, given))
        except errors.InputError as error:
            faults.append(Fault(("configurations",), error.message))
    if not faults:
        faults += _check_twins(entries)
    selected = [entry for entry in entries if _is_selected(entry, given)]
    if not faults and not selected:
        faults.append(_nothing_selected(entries, given))
    if faults:
        # One mistake in a template of many entries is a fault in each of them.
        more = [Fault(("configurations",), f"and {len(faults) - _SHOWN} more.")] if len(faults) > _SHOWN else []
        raise Refused(faults[:_SHOWN] + more)
    return selected


def _completed(place: str, raw: Mapping[str, t.Any], given: Given) -> Values:
    """Give an entry with the types of its options, completed by the single variables.

    :raises InputError: it is malformed
    """
    entry: Values = {}
    for name, value in raw.items():
        option = _ALIASES.get(name, name)
        if option in _DELETES:
            raise errors.InputError(place, f"{name} is not allowed: this role never deletes. Use the role akv_disable.")
        if option not in _OPTIONS:
            names = [*_OPTIONS, *_ALIASES]
            advice = texts.did_you_mean(option, names, cutoff=0.7) or "ansible-doc ontap.akv.akv_config lists them."
            raise errors.InputError(place, f"{name} is not an option. {advice}")
        if option in entry:
            raise errors.InputError(place, f"{option} is given twice, by another name too. Keep one of them.")
        typed = converted(f"{place}: {name}", value, _VARIABLES[option])
        if typed is not NOT_GIVEN:
            entry[option] = typed
    of_cluster = entry.get("scope") == "cluster"
    if of_cluster == ("svm" in entry or "svm_uuid" in entry):
        raise errors.InputError(place, "give svm, or scope: cluster.")
    has_credential = any(name in entry for name in _CREDENTIAL)
    skipped = _CREDENTIAL if has_credential else ()
    entry = {**{name: given[name] for name in _OF_ONE if name in given and name not in skipped}, **entry}
    for name in _NEEDED:
        if name not in entry:
            raise errors.InputError(place, f"{name} is required, and not given.")
    for fault in (
        *shared.check_vault_uri(entry, "name"),
        *shared.check_key_id(entry, "key_id"),
        *shared.check_new_credential(entry),
    ):
        raise errors.InputError(place, f"{', '.join(fault.names)}: {fault.problem}")
    return entry


def _place(number: int, entry: Mapping[str, t.Any]) -> str:
    """Name an entry by its SVM."""
    for name in ("svm", "vserver", "svm_uuid"):
        if isinstance(entry.get(name), str) and entry[name].strip():
            return f"SVM {entry[name]}"
    return "the cluster" if entry.get("scope") == "cluster" else f"entry {number}"


def _check_twins(entries: list[Values]) -> Iterator[Fault]:
    seen = set()
    for number, entry in enumerate(entries, 1):
        which = (entry.get("scope") == "cluster", entry.get("svm", entry.get("svm_uuid")), entry.get("configuration"))
        if which in seen:
            yield Fault(("configurations",), f"{_place(number, entry)}: declared twice. Keep one of the entries.")
        seen.add(which)


def _is_selected(entry: Given, given: Given) -> bool:
    if "scope" in given and (given["scope"] == "cluster") != (entry.get("scope") == "cluster"):
        return False
    return "svm" not in given or entry.get("svm") == given["svm"]


def _nothing_selected(entries: list[Values], given: Given) -> Fault:
    if not entries:
        return Fault(
            ("configurations",),
            "the list is empty. Declare at least one AKV configuration, or exclude the cluster with akv_hosts.",
        )
    known = sorted({entry["svm"] for entry in entries if "svm" in entry})
    near = difflib.get_close_matches(str(given.get("svm")), known, n=3, cutoff=0.5) or known
    wanted = "the cluster" if given.get("scope") == "cluster" else f"SVM {given.get('svm')}"
    return Fault(("svm", "scope"), f"no entry of the list is for {wanted}. It has {', '.join(near) or 'no SVM'}.")


ROLE = Role(
    "akv_enable",
    "Create and update AKV configurations",
    (
        "Checks the prerequisites on the cluster, creates the AKV configurations that are declared, updates those that"
        " differ, and waits until every node has its keys.",
        "Reports configurations on the cluster that are not declared. It never deletes one.",
    ),
    (
        Variable(
            "configurations",
            (
                "The AKV configurations of the cluster, as a list. An entry takes the options of an entry of"
                " O(ontap.akv.akv_config#module:vaults), except C(state) and C(allow_recreate), since the role never"
                " deletes.",
                "The variables for a single configuration are the defaults of the entries, except"
                " O(akv_enable_configuration). With a list, O(akv_enable_svm) and O(akv_enable_scope) select entries"
                " of it.",
            ),
            kind=Kind.DICTIONARIES,
            common=("configurations",),
            secret=True,
        ),
        shared.SVM,
        dataclasses.replace(shared.SCOPE, default=None),
        Variable(
            "name",
            ("The URI of the key vault, for example V(https://mykeyvault.vault.azure.net/). Required without a list.",),
        ),
        Variable(
            "key_id",
            (
                "The key that wraps the SVM's keys, as C(https://<host>/keys/<key>) with or without C(/<version>)."
                " Required without a list.",
            ),
        ),
        dataclasses.replace(shared.CLIENT_ID, description=(*shared.CLIENT_ID.description, "Required without a list.")),
        dataclasses.replace(shared.TENANT_ID, description=(*shared.TENANT_ID.description, "Required without a list.")),
        *shared.NEW_CREDENTIAL,
        Variable(
            "configuration",
            (
                "The name of one of several configurations of an SVM. It is created inactive if it does not exist."
                " Needs ONTAP 9.14.1.",
            ),
        ),
        Variable(
            "proxy_type", ("The kind of proxy between ONTAP and Azure. Needs ONTAP 9.8.",), choices=("http", "https")
        ),
        Variable("proxy_host", ("The proxy's host. Needs ONTAP 9.8.",)),
        Variable("proxy_port", ("The proxy's port. Needs ONTAP 9.8.",), kind=Kind.INTEGER, minimum=1),
        Variable("proxy_username", ("The login at the proxy. Needs ONTAP 9.8.",)),
        Variable("proxy_password", ("The password at the proxy. Needs ONTAP 9.8.",), secret=True),
        Variable("oauth_host", ("The host that ONTAP logs in at, if it is not Azure's default. Needs ONTAP 9.14.1.",)),
        Variable("vault_host", ("The domain of the key vault, if it is not Azure's default. Needs ONTAP 9.14.1.",)),
        Variable(
            "port",
            ("The port of the login host and of the key vault. Needs ONTAP 9.14.1.",),
            kind=Kind.INTEGER,
            minimum=1,
        ),
        Variable(
            "preflight",
            (
                "Whether to check the prerequisites of configurations that are to be created. With V(false), ONTAP"
                " itself refuses what is not possible.",
            ),
            kind=Kind.BOOLEAN,
            default=True,
        ),
        Variable(
            "allow_encrypted_volumes",
            ("Whether to continue if an SVM has encrypted volumes with keys that another key manager holds.",),
            kind=Kind.BOOLEAN,
            default=False,
        ),
        Variable(
            "fail_on_drift",
            (
                "Whether to fail, and to change nothing, if a configuration on the cluster differs from the declared"
                " one. Use it for a drift job with C(--check --diff).",
            ),
            kind=Kind.BOOLEAN,
            default=False,
        ),
        *shared.CHECK_AZURE,
        *shared.EXPECTED_PLAN,
        shared.WAIT_TIMEOUT,
    ),
    check=_check,
    prepare=_prepare,
)
