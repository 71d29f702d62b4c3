# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is private to the collection: it may change at any time.

"""The event source akv_health: reads AKV configurations of clusters as akv_info does, and reports what has changed."""

from __future__ import annotations

import threading
import time
import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone

from ansible_collections.ontap.akv.plugins.module_utils._akv import health
from ansible_collections.ontap.akv.plugins.module_utils._akv.causes import Cause, Remedy
from ansible_collections.ontap.akv.plugins.module_utils._akv.diagnosis import Diagnosis, diagnose
from ansible_collections.ontap.akv.plugins.module_utils._akv.endings import candidates
from ansible_collections.ontap.akv.plugins.module_utils._akv.expiry import Expiry, declared, in_words
from ansible_collections.ontap.akv.plugins.module_utils._akv.record import place_of, svm_record
from ansible_collections.ontap.akv.plugins.module_utils._akv.scope import ARGUMENT_SPEC as SCOPE_OPTIONS
from ansible_collections.ontap.akv.plugins.module_utils._akv.scope import Scope
from ansible_collections.ontap.akv.plugins.module_utils._azure.login import ARGUMENT_SPEC as AZURE_OPTIONS
from ansible_collections.ontap.akv.plugins.module_utils._azure.login import Login
from ansible_collections.ontap.akv.plugins.module_utils._runtime import errors
from ansible_collections.ontap.akv.plugins.module_utils._use_cases import info
from ansible_collections.ontap.akv.plugins.plugin_utils._report.graph import Readers
from ansible_collections.ontap.akv.plugins.plugin_utils._watching import (
    LOGGER,
    Options,
    Queue,
    Values,
    Watched,
    due,
    read_options,
    watch,
)

ABSENT = "absent"
"""The verdict on an AKV configuration that existed and is gone."""

RESTORE, PERSON, NONE = "restore", "person", "none"

_RANK = {
    health.Verdict.HEALTHY.value: 0,
    health.Verdict.INACTIVE.value: 0,
    health.Verdict.UNKNOWN.value: 1,
    health.Verdict.DEGRADED.value: 2,
    health.Verdict.UNAVAILABLE.value: 3,
    ABSENT: 4,
}
# The variables of the roles without akv_, and the options of entra_app_info.
_GRAPH_OPTIONS = {
    "graph_tenant_id": "tenant_id",
    "graph_client_id": "client_id",
    "graph_client_secret": "client_secret",
    "azure_authority": "authority",
    "azure_graph_url": "graph_url",
    "azure_ca_path": "ca_path",
}
_OPTIONS: Values = {
    "credential_expires": {"type": "dict", "no_log": False},
    **{name: {**AZURE_OPTIONS[option], "required": False} for name, option in _GRAPH_OPTIONS.items()},
}
_ASK_AZURE_EVERY = 6 * 3600.0  # seconds
_ASK_AZURE_AGAIN = 3600.0  # seconds, where it gave no answer
_WAIT_FOR_AZURE = 5.0  # seconds that a reading waits for it
# The options of akv_info if a task sets none: all AKV configurations of the cluster.
_AS_AKV_INFO: Values = {
    name: option.get("default") for name, option in info.ARGUMENT_SPEC.items() if name not in SCOPE_OPTIONS
}


@dataclass(frozen=True)
class Seen:
    """What counts of an AKV configuration as it was read.

    :ivar offline: the encrypted volumes of its SVM that are offline
    :ivar reported: the parts of its health that ONTAP has reported, now or before
    :ivar unclear: one of these is not reported now
    """

    vault: Values
    verdict: str
    nodes: tuple[str, ...] = ()
    azure: bool | None = None
    offline: tuple[str, ...] = ()
    reported: frozenset[str] = frozenset()
    unclear: bool = False

    @classmethod
    def from_record(cls, vault: Values, volumes: list[Values] | None, before: Seen) -> Seen:
        """Take it from what akv_info reads. What is not reported now is not known, and no sign of an improvement.

        :param volumes: None where they were not read
        :param before: what was seen of the same configuration before
        """
        # The SVM of a UUID never changes.
        svm = {**_svm_of(before.vault), **_svm_of(vault)}
        vault = {**vault, **({"svm": svm} if svm else {})}
        reported = _reported(vault)
        missing = sorted(before.reported - reported)
        if missing and vault["verdict"] == health.Verdict.HEALTHY:
            why = f"ONTAP does not report {' and '.join(missing)}, which it reported before."
            vault |= {"verdict": health.Verdict.UNKNOWN.value, "reasons": [why], "diagnosis": _NOT_REPORTED}
        return cls(
            vault,
            vault["verdict"],
            tuple(vault["unavailable_nodes"]),
            health.azure_reachable(vault),
            _offline(svm, volumes, before.offline),
            before.reported | reported,
            bool(missing),
        )

    @property
    def bad(self) -> bool:
        """ONTAP reports that something does not work."""
        return (_is_bad(self.vault) and self.verdict != ABSENT) or bool(self.offline)

    @property
    def remedy(self) -> str:
        """What helps: a restore, which is safe; someone who corrects credential, key or network; or nothing."""
        if self.verdict == ABSENT:
            return NONE
        if not _is_bad(self.vault):
            return PERSON if self.offline else NONE
        if self.vault["diagnosis"]["heals_itself"]:
            return NONE
        return RESTORE if diagnose(self.vault).remedy is Remedy.RESTORE else PERSON

    @property
    def cause(self) -> str:
        """Why it is so."""
        return NONE if self.verdict == ABSENT else str(self.vault["diagnosis"]["cause"])

    @property
    def degree(self) -> tuple[int, int, bool, int]:
        """How bad it is, to compare."""
        return _RANK[self.verdict], len(self.nodes), self.azure is False, len(self.offline)


_NOTHING = Seen({}, ABSENT)
_NOT_REPORTED = Diagnosis(Cause.NOT_REPORTED).shown()


def _svm_of(record: Values) -> Values:
    return {name: value for name, value in svm_record(record).items() if value is not None}


def _reported(vault: Values) -> frozenset[str]:
    """Name the parts of its health that a record reports."""
    state, entries = health.read_state(vault), health.ekmip_entries(vault)
    reported = {
        "state": state.good or state.bad,
        "azure_reachability": health.azure_reachable(vault) is not None,
        "ekmip_reachability": entries
        and all(
            isinstance(entry.get("reachable"), bool) and health.node_name(entry) != health.UNNAMED for entry in entries
        ),
        "nodes": state.good or bool(state.bad_nodes),
    }
    return frozenset(name for name, is_reported in reported.items() if is_reported)


def _offline(svm: Values, volumes: list[Values] | None, before: Iterable[str]) -> tuple[str, ...]:
    """Name the volumes of an SVM that are offline; those that were, and of which nothing else is reported, still are.

    :param volumes: None where they were not read
    """
    if volumes is None:
        return tuple(before)
    states = {
        str(volume["name"]): volume.get("state") for volume in volumes if "name" in volume and _is_of(svm, volume)
    }
    # A volume that is not named may be any of them.
    of_others = "deleted" if all("name" in volume and _svm_of(volume) for volume in volumes) else None
    still = [name for name in before if states.get(name, of_others) is None]
    return tuple(sorted({*still, *(name for name, state in states.items() if state == "offline")}))


def _is_of(svm: Values, volume: Values) -> bool:
    mine = _svm_of(volume)
    return any(name in svm and svm[name] == mine.get(name) for name in ("uuid", "name"))


def _is_bad(vault: Values) -> bool:
    return health.Verdict(vault.get("verdict", health.Verdict.UNKNOWN)).is_bad


@dataclass
class _Known:
    """What is known of an AKV configuration, and when it was last reported."""

    seen: Seen
    reported: float = 0.0


@dataclass
class Memory:
    """What is known of a cluster's AKV configurations, by UUID. Differences from it are reported."""

    remind: float
    _known: dict[str, _Known] | None = field(default=None)

    def seen(self, uuid: str) -> Seen:
        """Return what was seen of an AKV configuration at the last reading."""
        known = (self._known or {}).get(uuid)
        return known.seen if known else _NOTHING

    def changes(self, vaults: Mapping[str, Seen]) -> list[tuple[Seen, Seen, str]]:
        """Take what was read; return what to report: before, now, and worse, better, other or same."""
        first, known = self._known is None, self._known or {}
        self._known = {}
        found = []
        for uuid, now in vaults.items():
            before = known.get(uuid, _Known(_NOTHING))
            change = _compare(before.seen, now)
            # An AKV configuration that is new, and healthy or inactive, is not reported.
            new = before.seen is _NOTHING and now.verdict != health.Verdict.UNKNOWN
            news = change != "same" and (now.bad or not new)
            if news or (now.bad and due(before.reported, self.remind)):
                found.append((before.seen, now, change))
                before = _Known(now, time.monotonic())
            self._known[uuid] = _Known(now, before.reported)
        gone = {} if first else {uuid: was.seen for uuid, was in known.items() if uuid not in vaults}
        return [*found, *((was, Seen(was.vault, ABSENT), "worse") for was in gone.values())]

    @property
    def any_bad(self) -> bool:
        """Whether an AKV configuration was unhealthy at the last reading."""
        return any(known.seen.bad for known in (self._known or {}).values())


def _compare(before: Seen, now: Seen) -> str:
    if before is _NOTHING:
        return "worse" if now.bad else "other" if now.verdict == health.Verdict.UNKNOWN else "better"
    if now.degree > before.degree:
        return "worse"
    if now.degree < before.degree:
        return "other" if now.unclear else "better"
    previous = (before.verdict, before.nodes, before.azure, before.offline, before.cause)
    return "same" if previous == (now.verdict, now.nodes, now.azure, now.offline, now.cause) else "other"


def event_of(cluster: Watched, before: Seen, now: Seen, change: str) -> Values:
    """Make the event: flat, so that conditions are easy to write."""
    vault = now.vault
    svm = _svm_of(vault)
    was = f" (was {before.verdict})" if before.verdict not in (now.verdict, ABSENT) else ""
    reasons = vault["reasons"] if now.verdict != ABSENT else ["It existed at the last check and is gone."]
    offline = [f"Offline volumes: {', '.join(now.offline)}."] if now.offline else []
    return cluster.event(
        "vault",
        uuid=vault["uuid"],
        scope=vault.get("scope") or ("svm" if svm else ""),
        svm=svm.get("name") or "",
        configuration=(vault.get("configuration") or {}).get("name") or "default",
        verdict=now.verdict,
        previous_verdict=before.verdict,
        change=change,
        remedy=now.remedy,
        cause=now.cause,
        reasons=reasons,
        unavailable_nodes=list(now.nodes),
        azure_reachable=now.azure,
        offline_volumes=list(now.offline),
        message=" ".join(
            (f"The AKV configuration of {place_of(vault)} on {cluster.name} is {now.verdict}{was}:", *reasons, *offline)
        ),
    )


@dataclass
class Endings:
    """What was reported about the ends of a cluster's credentials.

    :ivar dates: the declared end of each credential, by client ID in lower case
    :ivar azure: what Microsoft Graph says of applications
    """

    dates: Mapping[str, Expiry]
    remind: float
    azure: Azure = field(default_factory=lambda: Azure({}))
    _reported: dict[_Ending, tuple[int, float]] = field(default_factory=dict)

    def events(self, cluster: Watched, vaults: Iterable[Values], now: datetime) -> list[Values]:
        """Give the events: one for each threshold that is reached, and an end that has passed again and again."""
        users: dict[_Ending, list[Values]] = {}
        using_any = [vault for vault in vaults if vault.get("client_id")]
        self.azure.ask(_client_id(vault) for vault in using_any)
        for vault in using_any:
            for what in self._of(vault, now):
                users.setdefault(what, []).append(vault)
        found = []
        for what, using in users.items():
            threshold = 0 if what.end.is_expired(now) else what.end.threshold(now)
            if threshold is None:
                continue
            before, when = self._reported.get(what, (None, 0.0))
            if before is None or threshold < before or (threshold == 0 and due(when, self.remind)):
                self._reported[what] = (threshold, time.monotonic())
                found.append(_ending(cluster, using, what, threshold, now))
        return found

    def _of(self, vault: Values, now: datetime) -> Iterator[_Ending]:
        name = _client_id(vault)
        if name in self.dates:
            yield _Ending(name, "credential", self.dates[name])
        application = self.azure.application(name)
        for credential, end in candidates(application, vault.get("authentication_method"), {}, now):
            yield _Ending(name, credential, end)


def _client_id(vault: Values) -> str:
    return str(vault["client_id"]).lower()


class _Ending(t.NamedTuple):
    """An end of a credential of an application; `credential` says in words which one."""

    client_id: str
    credential: str
    end: Expiry


class Azure:
    """What Microsoft Graph says of applications, asked again after some hours.

    It is asked in threads of its own: a reading of a cluster waits a few seconds for it, and never fails because of it.

    :param reader: the options of entra_app_info; {} to ask nothing
    """

    def __init__(self, reader: Values) -> None:
        self._reader = reader
        self._known: dict[str, Values] = {}
        self._again: dict[str, float] = {}
        self._threads: dict[str, threading.Thread] = {}
        # Clusters are read side by side, and may share an application.
        self._lock = threading.Lock()

    def ask(self, client_ids: Iterable[str]) -> None:
        """Ask about the applications that are due, and wait a few seconds for what is asked about any of them.

        :param client_ids: in lower case
        """
        if not self._reader:
            return
        names = set(client_ids)
        with self._lock:
            now = time.monotonic()
            wanted = {name for name in names if self._again.get(name, now) <= now}
            if wanted:
                thread = threading.Thread(target=self._read, args=(wanted,), name="ontap.akv graph", daemon=True)
                self._again.update(dict.fromkeys(wanted, now + _ASK_AZURE_EVERY))
                self._threads.update(dict.fromkeys(wanted, thread))
                thread.start()
            threads = {self._threads[name] for name in names}
        until = time.monotonic() + _WAIT_FOR_AZURE
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))

    def application(self, client_id: str) -> Values:
        """Give an application as entra_app_info does; {} where it is not known."""
        return self._known.get(client_id, {})

    def _read(self, wanted: set[str]) -> None:
        readers = Readers()
        readers.want(self._reader, [{"client_id": name} for name in sorted(wanted)])
        try:
            found = readers.ask()
        except Exception as exc:  # pylint: disable=broad-except
            found, readers.problems = {}, [errors.unexpected(exc).message]
        with self._lock:
            # What was known before is better than nothing.
            self._known.update(found)
            again = time.monotonic() + _ASK_AZURE_AGAIN
            self._again.update({name: again for name in wanted if name not in found})
        for problem in readers.problems:
            LOGGER.warning("%s", problem)


def _ending(cluster: Watched, using: Sequence[Values], what: _Ending, threshold: int, now: datetime) -> Values:
    svms = sorted({str(_svm_of(vault).get("name") or "") for vault in using})
    client_id = using[0]["client_id"]
    names = ", ".join(sorted({place_of(vault) for vault in using}))
    words = in_words(f"The {what.credential} of application {client_id}", what.end, now)
    return cluster.event(
        "credential_expiring",
        client_id=client_id,
        svms=svms,
        **what.end.record(now),
        credential=what.credential,
        threshold=threshold,
        expired=threshold == 0,
        message=f"{words} The application is used by {names} on {cluster.name}.",
    )


def look_for(
    memories: dict[str, Memory], dates: Mapping[str, Expiry] | None = None, azure: Azure | None = None
) -> t.Callable[[Watched, Options], tuple[Values, list[Values]]]:
    """Make what looks at a cluster, and remembers.

    :param dates: the declared end of each credential
    :param azure: what Microsoft Graph says of applications
    """
    azure = azure or Azure({})
    ending: dict[str, Endings] = {}

    def look(cluster: Watched, options: Options) -> tuple[Values, list[Values]]:
        memory = memories.setdefault(cluster.name, Memory(options.remind))
        budget = options.interval
        result = cluster.ask(info.run, budget, **_AS_AKV_INFO)
        if result["failed"]:
            return result, []
        volumes: list[Values] | None = []
        if memory.any_bad or any(map(_is_bad, result["vaults"])):
            # Volumes are many, and go offline only where an AKV configuration is bad: they are read then alone.
            more = cluster.ask(info.run, budget, **{**_AS_AKV_INFO, "volumes": True})
            if more["failed"]:
                LOGGER.warning("%s", more["msg"])
                volumes = None
            else:
                result, volumes = more, more.get("volumes")
        if not all("uuid" in vault for vault in result["vaults"]):
            # Which of those that were seen before it is cannot be known, and none of them may count as gone.
            message = f"{cluster.name} does not report the uuid of an AKV configuration: the reading is not used."
            return {"failed": True, "msg": message}, []
        vaults = {
            vault["uuid"]: Seen.from_record(vault, volumes, memory.seen(vault["uuid"])) for vault in result["vaults"]
        }
        endings = ending.setdefault(cluster.name, Endings(dates or {}, options.remind, azure))
        return result, [
            *(event_of(cluster, *change) for change in memory.changes(vaults)),
            *endings.events(cluster, [now.vault for now in vaults.values()], datetime.now(timezone.utc)),
        ]

    return look


async def main(queue: Queue, args: Mapping[str, t.Any]) -> None:
    """Run the source until it is cancelled.

    :raises ValueError: an option is wrong
    """
    options = read_options("akv_health", args, SCOPE_OPTIONS, Scope.from_optional_params, _OPTIONS)
    try:
        dates = declared("credential_expires", options.own["credential_expires"])
        reader = _reader(options.own)
    except errors.InputError as error:
        raise ValueError(f"akv_health: {error.message}") from None
    await watch(queue, options, look_for({}, dates, Azure(reader)))


def _reader(own: Values) -> Values:
    """Read the login of a reader of Microsoft Graph; {} where none is given.

    :raises InputError: it is not complete, or refused
    """
    given = {option: own[name] for name, option in _GRAPH_OPTIONS.items() if own[name] is not None}
    if not any(name in given for name in ("tenant_id", "client_id", "client_secret")):
        return {}
    missing = [name for name, option in _GRAPH_OPTIONS.items() if name.startswith("graph_") and option not in given]
    if missing:
        raise errors.InputError(
            ", ".join(missing), "is missing. A reader of Microsoft Graph needs all three of graph_*."
        )
    if "authority" in given and "graph_url" not in given:
        raise errors.InputError(
            "azure_graph_url", "is missing. With azure_authority, give the address of Microsoft Graph too."
        )
    try:
        Login.from_params({**{name: option.get("default") for name, option in AZURE_OPTIONS.items()}, **given})
    except errors.InputError as error:
        # The source has an option ca_path too, of ONTAP.
        option, _colon, problem = error.message.partition(": ")
        names = {of_module: name for name, of_module in _GRAPH_OPTIONS.items()}
        raise errors.InputError(names.get(option, option), problem) from None
    return given
