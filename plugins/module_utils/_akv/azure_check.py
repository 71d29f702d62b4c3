# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""Whether a role may go on after akv_key_info has checked its credential in Azure. Pure, without I/O."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

NEVER, AUTO, REQUIRED = MODES = ("never", "auto", "required")
"""Never ask Azure; ask and stop on what is wrong; ask and stop on what is not proved too."""

_NOTHING = (
    "Nothing was checked in Azure: that needs a credential of the application, and a configuration with key and tenant."
)

Record = Mapping[str, t.Any]


@dataclass(frozen=True)
class Verdict:
    """Whether a role may go on.

    :ivar stop: whether nothing may be sent
    :ivar message: what was found, in a few sentences
    """

    stop: bool
    message: str


Check = dict[str, t.Any]
"""What is checked in Azure: ``tenant_id``, ``client_id``, ``key_id``, and ``credential``, the number of the credential
in a list of its own. So the items of a task's loop hold no secret. What cannot be checked has ``unproved``, why not."""

_CREDENTIAL = ("client_secret", "client_certificate", "client_certificate_path")


def has_credential(options: Record) -> bool:
    """Check whether options hold a credential of an application."""
    return any(options.get(name) for name in _CREDENTIAL)


def keys_of(configurations: Iterable[Record], client_id: str) -> list[Check]:
    """Find the keys that AKV configurations of an application use, each key once.

    :param configurations: as akv_info returns them in ``vaults``
    """
    mine = [one for one in configurations if str(one.get("client_id")).lower() == client_id.lower()]
    return _each_once((one, client_id, 0) for one in mine)


def keys_of_entries(entries: Sequence[Record], results: Sequence[Record]) -> list[Check]:
    """Find what the declared AKV configurations that get a credential use, each key and credential once.

    :param entries: the options of akv_config, one configuration each
    :param results: what akv_config returned for each of them in check mode
    """
    numbers: dict[tuple[t.Any, ...], int] = {}
    wanted = []
    for number, (entry, result) in enumerate(zip(entries, results)):
        if result.get("credentials_sent") and has_credential(entry):
            # The same number for the same credential: that of the entry that has it first.
            same = numbers.setdefault(tuple(entry.get(name) for name in _CREDENTIAL), number)
            wanted.append((entry, str(entry.get("client_id")), same))
    return _each_once(wanted)


def _each_once(wanted: Iterable[tuple[Record, str, int]]) -> list[Check]:
    found: dict[tuple[t.Any, ...], Check] = {}
    for one, client_id, credential in wanted:
        tenant, key = one.get("tenant_id"), one.get("key_id")
        if tenant and key:
            check = {"tenant_id": str(tenant), "client_id": client_id, "key_id": str(key), "credential": credential}
            found.setdefault((str(tenant).lower(), client_id.lower(), str(key).lower(), credential), check)
        else:
            svm = one.get("svm")
            name = svm.get("name") if isinstance(svm, Mapping) else svm
            check = unproved(f"The key or the tenant of {f'SVM {name}' if name else 'the cluster'} is not known.")
            found.setdefault((check["unproved"],), check)
    return list(found.values())


def unproved(why: str) -> Check:
    """Give what replaces a key that cannot be checked.

    :param why: a sentence
    """
    return {"key_id": "", "unproved": why}


def judge(results: Sequence[Record], mode: str) -> Verdict:
    """Judge what akv_key_info returned.

    :param results: its results, one a key
    :param mode: one of MODES
    """
    if mode == NEVER:
        return Verdict(False, "")
    failed = [result for result in results if _is_failed(result)]
    if failed:
        return Verdict(True, _said("Azure refuses the credential or the key.", failed))
    doubtful = [result for result in results if not result.get("ready")]  # the unproved ones too
    if doubtful:
        return Verdict(mode == REQUIRED, _said("Not everything could be checked in Azure.", doubtful))
    if not results:
        return Verdict(mode == REQUIRED, _NOTHING)
    number = len(results)
    return Verdict(False, f"In Azure, the credential can use {'the key' if number == 1 else f'all {number} keys'}.")


def _is_failed(result: Record) -> bool:
    """Check for bad input, or a check that decides and has failed."""
    # failed_when hides that the module failed: then it has no verdict.
    if result.get("failed") or "ready" not in result:
        return "unproved" not in result
    deciding = ("network", "token", "key", "wrap")
    return any(check["status"] == "failed" and check["name"] in deciding for check in result.get("checks") or ())


def _said(summary: str, results: Sequence[Record]) -> str:
    messages = dict.fromkeys(
        str(result.get("unproved") or result.get("msg", "no reason reported")) for result in results
    )
    return " ".join([summary, *messages])
