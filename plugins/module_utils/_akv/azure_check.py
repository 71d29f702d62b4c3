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

Record = Mapping[str, t.Any]


@dataclass(frozen=True)
class Verdict:
    """Whether a role may go on.

    :ivar stop: whether nothing may be sent
    :ivar message: what was found, in a few sentences
    """

    stop: bool
    message: str


def keys_of(configurations: Iterable[Record], client_id: str) -> list[dict[str, str]]:
    """Find the keys that AKV configurations of an application use: ``tenant_id`` and ``key_id``, each key once.

    :param configurations: as akv_info returns them in ``vaults``
    """
    found: dict[tuple[str, str], dict[str, str]] = {}
    for one in configurations:
        tenant, key = one.get("tenant_id"), one.get("key_id")
        if tenant and key and str(one.get("client_id")).lower() == client_id.lower():
            found.setdefault((str(tenant).lower(), str(key).lower()), {"tenant_id": str(tenant), "key_id": str(key)})
    return list(found.values())


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
    doubtful = [result for result in results if not result.get("ready")]
    if doubtful:
        return Verdict(mode == REQUIRED, _said("Azure could not be asked everything.", doubtful))
    if not results:
        return Verdict(mode == REQUIRED, "Nothing was checked in Azure: no configuration reports its key and tenant.")
    number = len(results)
    return Verdict(False, f"In Azure, the credential can use {'the key' if number == 1 else f'all {number} keys'}.")


def _is_failed(result: Record) -> bool:
    """Check for bad input, or a check that decides and has failed."""
    # failed_when hides that the module failed: then it has no verdict.
    if result.get("failed") or "ready" not in result:
        return True
    deciding = ("network", "token", "key", "wrap")
    return any(check["status"] == "failed" and check["name"] in deciding for check in result.get("checks") or ())


def _said(summary: str, results: Sequence[Record]) -> str:
    messages = dict.fromkeys(str(result.get("msg", "no reason reported")) for result in results)
    return " ".join([summary, *messages])
