# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""The one diagnosis of an AKV configuration: from what ONTAP reports to a cause. Pure, no I/O.

ONTAP passes on what Entra and Key Vault answer. Their codes decide (Microsoft's references of AADSTS codes and of Key
Vault's errors); plain words decide only where they name both the thing and its fault. What no rule knows is
unclassified and shown as it came: a wrong guess would send a credential, or notify the wrong team.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ansible_collections.ontap.akv.plugins.module_utils._akv import health
from ansible_collections.ontap.akv.plugins.module_utils._akv.causes import CAUSES, Cause, Remedy


class _Known(t.NamedTuple):
    """What a text means.

    :ivar advice: instead of the cause's own
    :ivar passes: it is a passing fault of Azure
    """

    cause: Cause
    advice: str = ""
    passes: bool = False


_PASSES = "Azure reports a passing fault. Wait for the next poll, and check again."
_POLICY = "A policy of the tenant (Conditional Access) blocks the sign-in. Ask the administrators of the tenant."
_TENANT = "Check tenant_id and the cloud: the login server does not know this tenant. A new credential does not help."
_APPLICATION = (
    "Check client_id and tenant_id: the tenant does not know the application. A new credential does not help."
)
_FIREWALL = "The firewall of the key vault refuses the cluster's address. Allow it in Azure, or use a private endpoint."

_EXPIRED = _Known(Cause.CREDENTIAL_EXPIRED)
_REJECTED = _Known(Cause.CREDENTIAL_REJECTED)
_NO_PERMISSION = _Known(Cause.PERMISSION_MISSING)
_NO_KEYS = _Known(Cause.KEYS_MISSING_ON_NODE)
_UNCLASSIFIED = _Known(Cause.UNCLASSIFIED)

_AADSTS: dict[str, _Known] = {
    **dict.fromkeys(("7000222", "1000502"), _EXPIRED),
    **dict.fromkeys(("7000215", "700027", "7000274", "7000277", "7000214"), _REJECTED),
    "7000112": _Known(Cause.APPLICATION_DISABLED),
    **dict.fromkeys(("700016", "7000229", "700025"), _Known(Cause.APPLICATION_DISABLED, _APPLICATION)),
    **dict.fromkeys(
        ("90002", "900023", "500011", "900432", "90038", "900382"), _Known(Cause.APPLICATION_DISABLED, _TENANT)
    ),
    **dict.fromkeys(("53003", "530032"), _Known(Cause.UNCLASSIFIED, _POLICY)),
    "700024": _Known(Cause.UNCLASSIFIED, "Check the clock of the cluster (NTP)."),
    **dict.fromkeys(
        ("90033", "50033", "90006", "90012", "90024", "90090", "90055"),
        _Known(Cause.LOGIN_UNREACHABLE, _PASSES, passes=True),
    ),
}
"""Entra's codes."""

_INNER_CODES: dict[str, _Known] = {
    "KeyDisabled": _Known(Cause.KEY_DISABLED),
    "KeyNotFound": _Known(Cause.KEY_MISSING),
    "VaultNotFound": _Known(Cause.KEY_MISSING),
    "ForbiddenByPolicy": _Known(Cause.PERMISSION_MISSING),
    "ForbiddenByRbac": _Known(Cause.PERMISSION_MISSING),
    "KeyOperationForbidden": _Known(Cause.PERMISSION_MISSING),
    "ForbiddenByFirewall": _Known(Cause.AZURE_UNREACHABLE, _FIREWALL),
    "ForbiddenByConnection": _Known(Cause.AZURE_UNREACHABLE, _FIREWALL),
    "Throttled": _Known(Cause.AZURE_UNREACHABLE, _PASSES, passes=True),
    "TooManyRequests": _Known(Cause.AZURE_UNREACHABLE, _PASSES, passes=True),
}
"""Key Vault's codes."""

_CREDENTIAL = r"\b(client|application|app) (secret|certificate|credential)s?( keys?)?\b|\bsecret\b|\bcredentials?\b"
_KEY = r"\bkey\b(?! (vault|server|manager|store))( version)?"
# ONTAP's own key, which a node needs, not the one in Azure.
_INTERNAL_KEY = re.compile(
    r"\b(?:(?:AKV|SVM|wrapped|top-level|internal|key protection)[\s-]+)+(?:keys?\b\s*)?(?:\(KEK\)|KEK\b)?|\bKEK\b"
    r"|\bkey protection\b",
    re.IGNORECASE,
)
_NEGATED = re.compile(
    r"\b(not|never|n't)( yet)?( been)? (disabled|expired|deleted|forbidden|denied)\b|\bnot timed out\b", re.IGNORECASE
)
_NEAR = r"[^.;]{0,60}?"


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_WORDS: tuple[tuple[re.Pattern[str], _Known], ...] = (
    (_words(rf"({_CREDENTIAL}){_NEAR}\bexpired\b|\bexpired ({_CREDENTIAL})"), _EXPIRED),
    (_words(r"\binvalid_client\b|\binvalid client (secret|certificate|credential)"), _REJECTED),
    (_words(rf"\b(application|service principal)\b{_NEAR}\bdisabled\b"), _Known(Cause.APPLICATION_DISABLED)),
    (_words(rf"{_KEY}{_NEAR}\bdisabled\b|\bdisabled {_KEY}"), _Known(Cause.KEY_DISABLED)),
    (_words(rf"{_KEY}{_NEAR}\bexpired\b|\bexpired {_KEY}"), _Known(Cause.KEY_EXPIRED)),
    (
        _words(
            rf"{_KEY}{_NEAR}\b(not found|does not exist|deleted|could not be found|cannot be found)\b"
            rf"|\bdeleted {_KEY}|\bkey vault\b{_NEAR}\b(deleted|does not exist)\b"
        ),
        _Known(Cause.KEY_MISSING),
    ),
    (
        _words(
            r"\b(not permitted|no permissions?|permissions? denied|access denied|not authorized"
            rf"|insufficient (privileges|permissions)|(does not|doesn't) have{_NEAR}\bpermissions?)\b"
        ),
        _NO_PERMISSION,
    ),
)
"""Plain words, each rule with the thing and its fault. Order counts: a credential before a key."""

_NETWORK = _words(
    r"\b(timed out|time-?out|unreachable|no route|handshake|TLS|SSL|DNS|host not found|name or service not known"
    r"|(could not|cannot|can't|unable to|failed to) (be )?(resolved?|reach(ed)?|connect(ed)?)|name resolution"
    r"|connection (was )?(refused|reset|closed|failed)|proxy|HTTP 50[234])\b"
)
_LOGIN_SERVER = _words(r"\b(login\.[\w.-]+|microsoftonline|authorization server|login server|token endpoint|oauth)\b")
# "AKV service is not reachable from all nodes - reason." (9.8 and later): the fact alone is not a reason.
_PREFIX = re.compile(r"^\s*(the )?AKV service is not reachable from [\w ]+?nodes?\s*([-:.]\s*|$)", re.IGNORECASE)

_KEYS_MISSING_CODE = "65537551"

_BUSY: dict[str, str] = {
    "svm_kek_rekey": "A rekey is under way. Wait for its end, and check again.",
    "initializing": "The key store is being set up. Wait some minutes, and check again.",
    "switching": "A switch to another configuration did not finish. Finish it with akv_config, enabled: true, for the"
    " same configuration.",
    "disabling": "The key store is being disabled. Find out who does that before anything else.",
}
"""The states of a key store that explain missing keys (9.16.1+); those that pass come first."""
_PASSING_STATES = ("svm_kek_rekey", "initializing")


@dataclass(frozen=True)
class Diagnosis:
    """Why an AKV configuration is as it is.

    :ivar evidence: what ONTAP reports, in its own words, with code and node
    :ivar advice: what to do; "" where there is nothing to do
    :ivar heals_itself: ONTAP recovers without anyone doing anything
    :ivar lacks_keys: a restore may help: nodes lack keys, and Azure is not reported as unreachable
    """

    cause: Cause
    evidence: tuple[str, ...] = ()
    advice: str = ""
    heals_itself: bool = False
    lacks_keys: bool = False

    @property
    def remedy(self) -> Remedy:
        """What helps."""
        if self.heals_itself:
            return Remedy.WAIT
        remedy = Remedy.RESTORE if self.lacks_keys else CAUSES[self.cause].remedy
        # What is usually waited for does not pass here: a key store that is switching, for example.
        return Remedy.PERSON if remedy is Remedy.WAIT else remedy

    def shown(self) -> dict[str, t.Any]:
        """Return it as results have it."""
        return {
            "cause": self.cause.value,
            "evidence": list(self.evidence),
            "advice": self.advice,
            "heals_itself": self.heals_itself,
        }


def classify(text: str) -> _Known:
    """Find what a text of ONTAP's means, of Azure's answer above all; unclassified where no rule knows it."""
    codes = re.findall(r"AADSTS(\d+)", text)
    if codes:
        known = _AADSTS.get(codes[0], _UNCLASSIFIED)
        return _EXPIRED if codes[0] == "700027" and re.search(r"\bexpired\b", text, re.IGNORECASE) else known
    for code, known in _INNER_CODES.items():
        if re.search(rf"\b{code}\b", text):
            return known
    if _NEGATED.search(text):
        return _UNCLASSIFIED
    for pattern, known in _WORDS:
        if pattern.search(text) and not (known is _NO_PERMISSION and re.search(r"\bproxy\b", text, re.IGNORECASE)):
            return known
    if _NETWORK.search(text):
        return _Known(Cause.LOGIN_UNREACHABLE if _LOGIN_SERVER.search(text) else Cause.AZURE_UNREACHABLE)
    return _UNCLASSIFIED


def diagnose(record: Mapping[str, t.Any], key_store_state: str | None = None) -> Diagnosis:
    """Diagnose an AKV configuration.

    :param record: the configuration, as ONTAP gives it
    :param key_store_state: ``state`` of its key store, where that was read (9.16.1+)
    """
    verdict, _reasons = health.judge(record)
    if verdict is health.Verdict.INACTIVE:
        return Diagnosis(Cause.INACTIVE)
    state = health.read_state(record)
    evidence = tuple(_evidence(record, state))
    azure = health.azure_reachable(record)
    known = _known(record, state, azure, verdict)
    busy = _BUSY.get(key_store_state or "")
    if busy and known.cause in (Cause.KEYS_MISSING_ON_NODE, Cause.NOT_REPORTED, Cause.UNCLASSIFIED):
        evidence = (*evidence, f"key store: {key_store_state}")
        return Diagnosis(Cause.KEY_STORE_BUSY, evidence, busy, key_store_state in _PASSING_STATES)
    about = CAUSES[known.cause]
    advice = known.advice or about.advice
    if known.cause is Cause.KEYS_MISSING_ON_NODE and azure is None:
        advice += (
            " ONTAP does not report here whether it reaches Azure: if the restore fails, check the credential, the key"
            " and the network path. Only force_credential sends a given credential here."
        )
    lacks_keys = state.bad and azure is not False and known.cause in (Cause.KEYS_MISSING_ON_NODE, Cause.UNCLASSIFIED)
    if known.cause is Cause.UNCLASSIFIED and lacks_keys:
        advice += " ONTAP does not report that Azure is out of reach: akv_recover tries a restore."
    return Diagnosis(known.cause, evidence, advice, known.passes or about.heals_itself, lacks_keys)


def _known(record: Mapping[str, t.Any], state: health.State, azure: bool | None, verdict: health.Verdict) -> _Known:
    """Find the root: Azure first, since nodes lose their keys for its faults, then the nodes."""
    if azure is False:
        reason = _PREFIX.sub("", health.message_of(record["azure_reachability"])).strip(" .")
        return classify(reason) if reason else _Known(Cause.AZURE_UNREACHABLE)
    down = health.unreachable_nodes(record)
    if state.bad:
        known = _known_of_nodes(record, state)
        alone = state.bad_nodes and not set(state.bad_nodes) - set(down)
        return _Known(Cause.NODE_KEY_SERVER_DOWN) if alone and known.cause is Cause.KEYS_MISSING_ON_NODE else known
    if down:
        return _Known(Cause.NODE_KEY_SERVER_DOWN)
    return _Known(Cause.NONE if verdict is health.Verdict.HEALTHY else Cause.NOT_REPORTED)


def _known_of_nodes(record: Mapping[str, t.Any], state: health.State) -> _Known:
    """Find why nodes lack keys, node by node."""
    reasons = {reason for reason in state.bad_nodes.values() if reason}
    code = record["state"].get("code")
    if not reasons:
        known = _known_of_node(state.message)
        plain = state.bad_nodes or not state.message or str(code) == _KEYS_MISSING_CODE
        return _NO_KEYS if known is _UNCLASSIFIED and plain else known
    found = [_known_of_node(reason) for reason in sorted(reasons)]
    if "" in state.bad_nodes.values():
        found.append(_NO_KEYS)
    # What Azure lacks is the root of it; and a restore may help the others where only some reason is not known.
    order = (Cause.UNCLASSIFIED, Cause.KEYS_MISSING_ON_NODE)
    return max(found, key=lambda known: order.index(known.cause) if known.cause in order else len(order))


def _known_of_node(reason: str) -> _Known:
    """Find why a node lacks its keys: for a fault of Azure's that it names, or without a reason of its own."""
    rest, internal = _INTERNAL_KEY.subn("KEK", reason)
    known = classify(rest)
    return _NO_KEYS if internal and known is _UNCLASSIFIED else known


def _evidence(record: Mapping[str, t.Any], state: health.State) -> Iterator[str]:
    """Quote what ONTAP reports of each fault, with its code and its node."""
    if health.azure_reachable(record) is False:
        yield _quoted("azure_reachability", record["azure_reachability"])
    if state.bad:
        reasons = {node: reason for node, reason in state.bad_nodes.items() if reason}
        for node, reason in reasons.items():
            yield f"state, {node}{_code(record['state'])}: {reason}"
        if not reasons:
            yield _quoted("state", record["state"])
    for entry in health.ekmip_entries(record):
        if entry.get("reachable") is False:
            yield _quoted(f"ekmip_reachability, {health.node_name(entry)}", entry)


def _quoted(what: str, entry: Mapping[str, t.Any]) -> str:
    return f"{what}{_code(entry)}: {health.message_of(entry) or 'no reason reported'}"


def _code(entry: Mapping[str, t.Any]) -> str:
    code = entry.get("code")
    plain = (isinstance(code, int) and not isinstance(code, bool)) or (isinstance(code, str) and code.isdecimal())
    return f" (code {code})" if plain and str(code).strip("0") else ""
