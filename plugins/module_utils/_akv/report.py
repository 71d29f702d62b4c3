# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""The model of the report: what was read of each cluster, worst first, cause by cause. Pure, without I/O.

All formats are made from this model, so that they cannot contradict each other.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone

from ansible_collections.ontap.akv.plugins.module_utils._akv import health
from ansible_collections.ontap.akv.plugins.module_utils._akv.endings import candidates
from ansible_collections.ontap.akv.plugins.module_utils._akv.expiry import Expiry, declared, in_words, read_date
from ansible_collections.ontap.akv.plugins.module_utils._akv.record import svm_record
from ansible_collections.ontap.akv.plugins.module_utils._runtime import errors
from ansible_collections.ontap.akv.plugins.module_utils._runtime.wording import plural

Record = dict[str, t.Any]

FINDINGS = ("offline", "unavailable", "unreachable", "degraded", "unknown", "expiring")
"""What a report can find on a cluster, the worst first. V(expiring): a credential or key ends within 60 days."""

KEYS = (
    *("reachable", "msg", "summary", "vaults", "volumes", "release"),
    *("found", "expiries", "needs_attention"),
)
"""What the report says of a cluster."""

_EVIDENCE = 3  # texts of a cause
_SOON = 30  # days: from here on, an end needs attention
_VERDICTS = ("unavailable", "degraded", "unknown", "inactive", "healthy")  # the worst first
FINE = frozenset(verdict.value for verdict in health.Verdict if not verdict.needs_attention)
"""The verdicts that need no attention, by the one definition of it."""
_NOT_READ = "It was not read in this run."
_NOT_REPORTED = "(not reported)"


def reading(result: Mapping[str, t.Any] | None) -> Record:
    """Give what the report needs of a result of akv_info.

    :param result: None for a cluster that was not read, or the result, a failed one too
    :return: reachable, msg, and where it was read release, summary, vaults, volumes
    """
    if result is None or not isinstance(result.get("vaults"), list):
        return {"reachable": False, "msg": str((result or {}).get("msg") or _NOT_READ)}
    record: Record = {"reachable": True, "msg": str(result.get("msg", "")), "summary": result.get("summary", {})}
    record["vaults"] = sorted(result["vaults"], key=_place_of)
    if isinstance(result.get("volumes"), list):
        record["volumes"] = sorted(result["volumes"], key=lambda volume: (svm_of(volume), volume_of(volume)))
    if result.get("release"):
        record["release"] = str(result["release"])
    return record


def _place_of(vault: Mapping[str, t.Any]) -> tuple[int, str, str]:
    verdict = vault.get("verdict")
    return _VERDICTS.index(verdict) if verdict in _VERDICTS else -1, svm_of(vault), str(vault.get("uuid"))


def svm_of(record: Mapping[str, t.Any]) -> str:
    """Give the SVM of an AKV configuration or a volume; "" for the cluster's own."""
    svm = svm_record(record)
    named = svm.get("name") or svm.get("uuid")
    return str(named or ("" if record.get("scope") == "cluster" else _NOT_REPORTED))


def volume_of(record: Mapping[str, t.Any]) -> str:
    """Name a volume."""
    return str(record.get("name") or record.get("uuid") or _NOT_REPORTED)


def scope_of(record: Mapping[str, t.Any]) -> str:
    """Name the scope of an AKV configuration in a sentence."""
    svm = svm_of(record)
    return f"SVM {svm}" if svm else "the cluster"


def is_away(volume: Mapping[str, t.Any]) -> bool:
    """Check whether a volume is reported as not online. A state that is not reported is not known."""
    return volume.get("state") not in ("online", None)


@dataclass(frozen=True)
class Ends:
    """What is known of a cluster's dates.

    :ivar credentials: declared, by client ID in lower case (``akv_credential_expires``)
    :ivar keys: declared, by key URI in lower case (``akv_key_expires``)
    :ivar azure: applications as entra_app_info returns them, by client ID in lower case
    """

    credentials: Mapping[str, Expiry]
    keys: Mapping[str, Expiry]
    azure: Mapping[str, Record] = field(default_factory=dict)

    @classmethod
    def read(cls, credentials: t.Any, keys: t.Any, azure: Mapping[str, Record] | None = None) -> Ends:
        """Read the variables.

        :raises InputError: one of them is not a mapping, or holds what is not a date
        """
        return cls(declared("akv_credential_expires", credentials), declared("akv_key_expires", keys), azure or {})

    def of(self, vaults: Iterable[Mapping[str, t.Any]], now: datetime) -> list[Record]:
        """Find what ends of the AKV configurations of a cluster, the first to end first."""
        found: dict[tuple[str, str, str], Record] = {}
        for vault in vaults:
            for what, name, credential, ends in self._of(vault, now):
                words = f"The {what} of {name}" if not credential else f"The {credential} of application {name}"
                shown = {"credential": credential, "source": "graph"} if credential else {"source": "declared"}
                key, seconds = (what, name, credential), int(ends.moment.timestamp())
                svms = found[key]["svms"] if key in found else []
                if svm_of(vault) not in svms:
                    svms.append(svm_of(vault))
                # Of two credentials with the same name and hint, the first to end counts.
                if key not in found or seconds < found[key]["timestamp"]:
                    end = {**ends.record(now), "level": _level(ends, now), "msg": in_words(words, ends, now)}
                    found[key] = {"what": what, "name": name, **shown, "svms": svms, **end, "timestamp": seconds}
        return sorted(found.values(), key=_moment_of)

    def _of(self, vault: Mapping[str, t.Any], now: datetime) -> Iterator[tuple[str, str, str, Expiry]]:
        """Give what ends of a configuration: what it is, its name, a credential in words ("" if declared), its end."""
        client_id = str(vault.get("client_id") or "")
        key = self._named(str(vault.get("key_id") or ""))
        for what, name, dates in (("credential", client_id, self.credentials), ("key", key, self.keys)):
            if name.lower() in dates:
                yield what, name, "", dates[name.lower()]
        application = self.azure.get(client_id.lower(), {})
        named = vault.get("credential") or {}
        for credential, ends in candidates(application, vault.get("authentication_method"), named, now):
            yield "credential", client_id, credential, ends

    def _named(self, key_id: str) -> str:
        """Name a key as its date is declared: a date without a version holds for all versions."""
        return key_id if key_id.lower() in self.keys else _without_version(key_id)


def _moment_of(entry: Mapping[str, t.Any]) -> tuple[int, str, str, str]:
    """Order what ends: the first to end first."""
    return entry["timestamp"], entry["what"], entry["name"], entry.get("credential", "")


_IN_USE = ("name", "thumbprint", "since")


def credentials_in_use(given: t.Any) -> dict[str, Record]:
    """Read ``akv_credential_names``: which credential each application uses, as people declare it.

    ONTAP does not report that.

    :param given: {<client_id>: name}, or {<client_id>: {name, thumbprint, since}}
    :return: by client ID in lower case
    :raises InputError: it is not such a mapping
    """
    option = "akv_credential_names"
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise errors.InputError(
            option, f"{given!r} is not a mapping. Give the name of each credential under its client ID."
        )
    found: dict[str, Record] = {}
    for client_id, value in given.items():
        what = f"{option}[{client_id}]"
        entry = value if isinstance(value, Mapping) else {"name": value}
        unknown = [str(name) for name in entry if name not in _IN_USE]
        if unknown or not entry:
            raise errors.InputError(
                what, f"has {', '.join(unknown) or 'nothing'}. Give a name, or {', '.join(_IN_USE)}."
            )
        texts = {str(name): str(text).strip() for name, text in entry.items() if text is not None}
        if "since" in texts:
            texts["since"] = str(read_date(f"{what}.since", entry["since"]))
        found[str(client_id).strip().lower()] = {name: text for name, text in texts.items() if text}
    return found


def _without_version(key_id: str) -> str:
    return "/".join(key_id.split("/")[:5])


def _level(ends: Expiry, now: datetime) -> str:
    """Say how near an end is: expired, the threshold in days that was reached, or later."""
    threshold = ends.threshold(now)
    return "expired" if ends.is_expired(now) else "later" if threshold is None else str(threshold)


def ends_soon(entry: Mapping[str, t.Any]) -> bool:
    """Check whether an end is so near that it needs attention, or has passed."""
    return bool(entry["days_left"] <= _SOON)


def cluster(
    record: Mapping[str, t.Any],
    ends: Ends,
    now: datetime,
    in_use: Mapping[str, Record] | None = None,
) -> Record:
    """Complete what was read of a cluster with what ends, with declared credentials, and with what was found.

    :param record: as :func:`reading` gives it
    :param in_use: as :func:`credentials_in_use` gives it
    """
    if in_use and "vaults" in record:
        record = {**record, "vaults": [_with_credential(vault, in_use) for vault in record["vaults"]]}
    return _judged(record, ends.of(record.get("vaults", []), now))


def with_azure(record: Record, azure: Mapping[str, Record], now: datetime) -> Record:
    """Complete what the report says of a cluster with what Microsoft Graph says.

    :param record: as :func:`cluster` gives it
    :param azure: as in :class:`Ends`
    """
    more = Ends({}, {}, azure).of(record.get("vaults", []), now)
    return _judged(record, sorted([*record.get("expiries", []), *more], key=_moment_of)) if more else record


def _judged(record: Mapping[str, t.Any], endings: list[Record]) -> Record:
    """Complete a record with what ends, and with what was found."""
    verdicts = {vault.get("verdict") for vault in record.get("vaults", [])}
    found = {
        "offline": any(map(is_away, record.get("volumes", []))),
        "unreachable": not record["reachable"],
        "expiring": any(entry["level"] != "later" for entry in endings),
    }
    whole: Record = {**record, "found": [name for name in FINDINGS if found.get(name) or name in verdicts]}
    if endings:
        whole["expiries"] = endings
    whole["needs_attention"] = any(name != "expiring" for name in whole["found"]) or any(map(ends_soon, endings))
    return whole


def failing(record: Mapping[str, t.Any], fail_on: Sequence[str]) -> list[str]:
    """Give the findings for which the role fails on a cluster, the worst first.

    :param record: as :func:`cluster` gives it
    :param fail_on: the cluster's ``akv_report_fail_on``
    """
    return [name for name in record["found"] if name in fail_on]


@dataclass(frozen=True)
class About:
    """What a report says of itself.

    :ivar now: when it was made
    :ivar part: the name of the part of the inventory (``akv_report_slice``), "" for all
    :ivar change_number: of the change that it belongs to (``akv_change_number``)
    """

    now: datetime
    part: str = ""
    change_number: str = ""

    @property
    def made(self) -> str:
        """When it was made, in UTC."""
        return self.now.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")

    def record(self) -> Record:
        """Give it as the reports have it."""
        more = {"slice": self.part, "change_number": self.change_number}
        return {"made": self.made, **{name: value for name, value in more.items() if value}}


def _with_credential(vault: Mapping[str, t.Any], in_use: Mapping[str, Record]) -> Record:
    credential = in_use.get(str(vault.get("client_id")).lower())
    return {**vault, "credential": credential} if credential else dict(vault)


def fleet(
    clusters: Mapping[str, Record], about: About, old: Sequence[str] = (), problems: Sequence[str] = ()
) -> Record:
    """Make the report on all clusters.

    :param clusters: by name, each as :func:`cluster` gives it
    :param old: clusters that are not in this run and have files of an earlier one
    :param problems: what is not known of the dates, in sentences
    :return: made, headline, clusters (worst first), causes, expiries, old, problems
    """
    names = sorted(clusters, key=lambda name: (_rank(clusters[name]), name))
    bad = sum(clusters[name]["needs_attention"] for name in names)
    report: Record = {
        **about.record(),
        "headline": _headline(bad, len(names)),
        "clusters": {name: clusters[name] for name in names},
        "causes": _causes(clusters, names),
        "expiries": _expiries(clusters, names),
    }
    if old:
        report["old"] = sorted(old)
    if problems:
        report["problems"] = list(problems)
    return report


def _headline(bad: int, number: int) -> str:
    if not number:
        return "No cluster was read"
    clusters = plural(number, "cluster")
    if not bad:
        return f"{clusters}: nothing needs attention"
    return f"{bad} of {clusters} {'needs' if bad == 1 else 'need'} attention"


def _rank(record: Mapping[str, t.Any]) -> int:
    """Order clusters: the worst first, and an end that needs no attention yet after everything else."""
    found = record["found"]
    if not record["needs_attention"]:
        return len(FINDINGS) + (not found)
    return FINDINGS.index(found[0])


def _causes(clusters: Mapping[str, Record], names: Iterable[str]) -> list[Record]:
    """Group what is wrong by its cause: one fault of Azure is one entry, however many SVMs it hits."""
    grouped: dict[tuple[t.Any, ...], Record] = {}
    for name in names:
        record = clusters[name]
        if not record["reachable"]:
            _add_unreachable(grouped, name, record["msg"])
        for vault in record.get("vaults", []):
            if vault.get("verdict") not in FINE:
                _add(grouped, name, vault)
        _add_volumes(grouped, name, record.get("volumes", []))
    order = ("unavailable", "offline", "unreachable", "degraded", "unknown")
    return sorted(grouped.values(), key=lambda entry: (order.index(entry["verdict"]), -len(entry["where"])))


def _group(grouped: dict[tuple[t.Any, ...], Record], key: tuple[str, ...], verdict: str, advice: str) -> Record:
    """Give the entry of what has no diagnosis."""
    empty = {"cause": key[0], "verdict": verdict, "evidence": [], "advice": advice, "where": []}
    return grouped.setdefault(key, empty)


def _add_unreachable(grouped: dict[tuple[t.Any, ...], Record], name: str, message: str) -> None:
    advice = "Fix what the error names, and run the report again. Until then nothing else is known."
    entry = _group(grouped, ("unreachable", _without_address(name, message)), "unreachable", advice)
    if len(entry["evidence"]) < _EVIDENCE and message not in entry["evidence"]:
        entry["evidence"].append(message)
    entry["where"].append({"cluster": name})


def _add_volumes(grouped: dict[tuple[t.Any, ...], Record], name: str, volumes: Iterable[Record]) -> None:
    """Add the volumes of a cluster that are not online: to the cause on their SVM, or as a cause of their own."""
    away: dict[str, list[str]] = {}
    for volume in filter(is_away, volumes):
        away.setdefault(svm_of(volume), []).append(f"{volume_of(volume)} ({volume.get('state')})")
    for entry in grouped.values():
        for where in entry["where"]:
            if where["cluster"] == name and where.get("svm") in away:
                where["volumes"] = away[where["svm"]]
    rest = {svm: names for svm, names in away.items() if not _is_explained(grouped, name, svm)}
    if rest:
        advice = "No AKV configuration explains it. Read the volume's state on the cluster."
        entry = _group(grouped, ("volumes",), "offline", advice)
        entry["where"] += [{"cluster": name, "svm": svm, "volumes": names} for svm, names in rest.items()]


def _without_address(name: str, message: str) -> str:
    """Take from an error what differs from cluster to cluster, so that one fault of a network is one cause."""
    addresses = {name, *re.findall(r"https?://\[?([^/\s\]:]+)", message)}
    for address in sorted(addresses, key=len, reverse=True):
        message = re.sub(rf"(?<![\w.-]){re.escape(address)}(?![\w-])", "*", message)
    return message


def _is_explained(grouped: Mapping[tuple[t.Any, ...], Record], name: str, svm: str) -> bool:
    return any(
        where["cluster"] == name and where.get("svm") == svm for entry in grouped.values() for where in entry["where"]
    )


def _add(grouped: dict[tuple[t.Any, ...], Record], name: str, vault: Mapping[str, t.Any]) -> None:
    diagnosis = vault.get("diagnosis")
    diagnosis = diagnosis if isinstance(diagnosis, Mapping) else {}
    verdict, cause = str(vault["verdict"]), str(diagnosis.get("cause") or "unclassified")
    evidence = [str(text) for text in diagnosis.get("evidence") or vault.get("reasons") or []]
    # The same application with the same fault is one cause; a node's fault is one of its own cluster.
    client_id = str(vault.get("client_id") or "")
    entry = grouped.setdefault(
        (cause, verdict, client_id, diagnosis.get("advice")),
        {
            "cause": cause,
            "verdict": verdict,
            "client_id": client_id,
            "evidence": [],
            "advice": str(diagnosis.get("advice") or ""),
            "where": [],
        },
    )
    entry["evidence"] += [text for text in evidence if text not in entry["evidence"]][
        : max(0, _EVIDENCE - len(entry["evidence"]))
    ]
    entry["where"].append({"cluster": name, "svm": svm_of(vault)})


def _expiries(clusters: Mapping[str, Record], names: Iterable[str]) -> list[Record]:
    """List what ends on all clusters, the first to end first: once, however many clusters use it."""
    found: dict[tuple[t.Any, ...], Record] = {}
    for name in names:
        for entry in clusters[name].get("expiries", []):
            one = found.setdefault(
                (entry["what"], entry["name"], entry.get("credential"), entry["expires_at"]),
                {**{key: value for key, value in entry.items() if key != "svms"}, "clusters": []},
            )
            one["clusters"].append(name)
    return sorted(found.values(), key=_moment_of)


def verdicts(record: Mapping[str, t.Any]) -> dict[str, int]:
    """Count the verdicts on a cluster, the worst first."""
    return {name: int(record.get("summary", {}).get(name) or 0) for name in _VERDICTS}
