# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""When the credentials of applications end, in the words of a diagnosis: what people declared and what Azure returned.

Without I/O, but for the files of certificates that are declared. Application IDs do not depend on case: mappings have
them in lower case.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ansible_collections.ontap.akv.plugins.module_utils._akv.expiry import Expiry, declared, in_words, read_moment
from ansible_collections.ontap.akv.plugins.module_utils._runtime import errors

_KINDS = ("secrets", "certificates")
_NAMED = 4
"""How many credentials of an application are named: those that end last."""

Values = Mapping[str, t.Any]


@dataclass(frozen=True)
class Endings:
    """What is known about the ends of credentials.

    :ivar by_application: sentences, by client ID in lower case
    :ivar near: the applications with a declared end that reached a threshold, the first to end first
    :ivar problems: what could not be read, in sentences
    """

    by_application: Mapping[str, Sequence[str]] = field(default_factory=dict)
    near: Sequence[str] = ()
    problems: Sequence[str] = ()


def endings(dates: Mapping[str, t.Any], azure: Values, now: datetime) -> Endings:
    """Gather what is known.

    :param dates: ``akv_credential_expires`` by cluster; what is malformed is reported, and hides no other date
    :param azure: what entra_app_info returned; {} where Azure was not asked
    """
    problems: list[str] = []
    ends: dict[str, Expiry] = {}
    for given in dates.values():
        try:
            # Clusters may share an application. The earliest date counts.
            for name, end in declared("akv_credential_expires", given).items():
                ends[name] = min(end, ends.get(name, end), key=lambda one: one.moment)
        except errors.InputError as error:
            problems.append(error.message)
    found = {name: [f"Declared: {in_words('The credential', end, now)}"] for name, end in ends.items()}
    for application in azure.get("applications") or ():
        found.setdefault(str(application.get("client_id")).lower(), []).append(_in_azure(application, now))
    problems += filter(None, [unanswered(azure)])
    near = [name for name, end in ends.items() if end.threshold(now) is not None]
    return Endings(found, sorted(near, key=lambda name: (ends[name].moment, name)), list(dict.fromkeys(problems)))


def candidates(application: Values, method: t.Any, named: Values, now: datetime) -> list[tuple[str, Expiry]]:
    """Give the credentials of an application that ONTAP may have, in words, and when they end.

    ONTAP does not report which one it has: a declared name or thumbprint decides, or else these are all that are valid.
    If none is valid, it is the one that ended last.

    :param application: as entra_app_info returns it
    :param method: the authentication_method of the AKV configuration
    :param named: the credential that ``akv_credential_names`` declares; {} for none
    """
    kinds = {"client_secret": ("secrets",), "certificate": ("certificates",)}.get(str(method), _KINDS)
    ends = [
        (one, kind, end)
        for kind in kinds
        for one in application.get(kind) or ()
        for end in (read_moment(one.get("expires_at")),)
        if end is not None
    ]
    declared_one = [found for found in ends if _is_named(found[0], named)]
    valid = declared_one or [found for found in ends if not found[2].is_expired(now)]
    chosen = valid or sorted(ends, key=lambda found: found[2].moment)[-1:]
    names = [
        (_name(one, kind), one.get("key_id"), end) for one, kind, end in sorted(chosen, key=lambda one: one[2].moment)
    ]
    words = [name for name, _id, _end in names]
    # A tool that creates secrets may give all of them one name.
    return [
        (f"{name} of ID {key_id}" if words.count(name) > 1 and key_id else name, end) for name, key_id, end in names
    ]


def _is_named(one: Values, named: Values) -> bool:
    if named.get("thumbprint"):
        return str(one.get("thumbprint", "")).lower() == str(named["thumbprint"]).replace(":", "").lower()
    return bool(named.get("name")) and one.get("name") == named["name"]


def _name(one: Values, kind: str) -> str:
    """Name a credential as Azure shows it."""
    hint = "hint" if kind == "secrets" else "thumbprint"
    more = f" ({hint} {one[hint]})" if one.get(hint) else ""
    return f"{kind[:-1]} {one.get('name') or one.get('key_id') or 'without a name'}{more}"


def unanswered(azure: Values) -> str | None:
    """Say that Azure could not be asked, or not about all applications; None where it could.

    :param azure: what entra_app_info returned; {} where Azure was not asked
    """
    # failed_when hides that the module failed: then it has found fewer applications than wanted, or none.
    if azure.get("msg") and ("summary" not in azure or azure.get("failed")):
        return f"Azure could not be asked: {azure['msg']}"
    return None


def _in_azure(application: Values, now: datetime) -> str:
    sentences: list[tuple[datetime, str]] = []
    for kind in _KINDS:
        for one in application.get(kind) or ():
            end = read_moment(one.get("expires_at"))
            if end is not None:
                sentences.append((end.moment, in_words(_name(one, kind), end, now)))
    if not sentences:
        return "Azure: the application has no credential."
    sentences.sort()
    earlier = len(sentences) - _NAMED
    first = [f"{earlier} end earlier than these."] if earlier > 0 else []
    return " ".join(["Azure:", *first, *(sentence for _moment, sentence in sentences[-_NAMED:])])
