# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""The decisions and the wording of a recovery: what gets a credential, what is restored, what is waited for, and what
someone must do. Pure, no I/O.

A fault of one application, key or network path shows on every SVM that uses it. So it is worded once, with the names.
"""

from __future__ import annotations

import re
import shlex
import typing as t
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ansible_collections.ontap.akv.plugins.module_utils._akv import health
from ansible_collections.ontap.akv.plugins.module_utils._akv.azure_check import keys_of
from ansible_collections.ontap.akv.plugins.module_utils._akv.causes import CAUSES, Cause, Remedy
from ansible_collections.ontap.akv.plugins.module_utils._akv.configuration import Configuration, offline
from ansible_collections.ontap.akv.plugins.module_utils._akv.diagnosis import Diagnosis
from ansible_collections.ontap.akv.plugins.module_utils._akv.endings import Endings
from ansible_collections.ontap.akv.plugins.module_utils._akv.record import Record, svm_name
from ansible_collections.ontap.akv.plugins.module_utils._runtime import errors
from ansible_collections.ontap.akv.plugins.module_utils._runtime.printable import printable
from ansible_collections.ontap.akv.plugins.module_utils._runtime.wording import listed, plural

NAMED = 8
"""How many names a line lists."""
_LONGEST = 400
"""Characters of a line."""
_LONGEST_NAMES = 180
"""Characters of the names that a line lists."""

DO_NOT_REBOOT = (
    "Do not reboot, take over, give back or upgrade nodes while this lasts. ONTAP takes encrypted volumes offline after"
    " 60 minutes without a successful poll."
)
COMES_BACK = "Offline volumes come back with the next successful poll of Azure. Do not bring them online one by one."

_OTHER = "other AKV configuration"

Values = Mapping[str, t.Any]


def credential_targets(
    configurations: Iterable[Configuration], client_id: str, force: bool, with_volumes: Iterable[str]
) -> list[Configuration]:
    """Choose what gets the credential, in order: the first gets it alone.

    :param force: send it whatever the cause, where something needs attention
    :param with_volumes: SVMs with encrypted volumes, which prove the most
    """
    encrypted = set(with_volumes)
    found = [
        each
        for each in configurations
        if each.uses(client_id)
        and (each.diagnosis.remedy is Remedy.CREDENTIAL or (force and each.verdict.needs_attention))
    ]
    return sorted(found, key=lambda each: (each.svm not in encrypted, not each.lacks_keys_somewhere, each.svm or ""))


def restore_targets(configurations: Iterable[Configuration]) -> list[Configuration]:
    """Choose what is restored: where nodes lack keys, and Azure is not reported as unreachable."""
    return [each for each in configurations if each.diagnosis.remedy is Remedy.RESTORE]


def needs_person(configuration: Configuration) -> bool:
    """Whether someone must act: neither ONTAP nor a restore removes the cause."""
    remedy = configuration.diagnosis.remedy
    return configuration.verdict.needs_attention and remedy in (Remedy.CREDENTIAL, Remedy.PERSON)


# -- wording ----------------------------------------------------------------------------------------------------------


def _sorted(names: Iterable[str]) -> list[str]:
    """Sort names as people count: vs2 before vs10."""
    return sorted(names, key=lambda name: [(part.isdecimal(), part.zfill(20)) for part in re.split(r"([0-9]+)", name)])


def _named(names: Sequence[str], most: int = NAMED) -> str:
    """List names, of many or long ones only the first: a line has place for what follows them."""
    fitting = 1
    while fitting < most and sum(map(len, names[: fitting + 1])) <= _LONGEST_NAMES:
        fitting += 1
    return listed(names, fitting)


def one_line(text: str) -> str:
    """Make one line of a server's text, and escape what a terminal would act on."""
    plain = printable(re.sub(r"\s+", " ", text))
    return plain if len(plain) <= _LONGEST else plain[: _LONGEST - 1] + "…"


@dataclass
class _Group:
    """What one cause has done, on one or several clusters."""

    cause: Cause
    subject: str
    advice: str
    heals_itself: bool
    sample: Values
    names: list[str] = field(default_factory=list)
    clusters: list[str] = field(default_factory=list)
    nodes: list[str] = field(default_factory=list)
    evidence: list[str] = field(default_factory=list)
    svms: list[tuple[str, str | None]] = field(default_factory=list)

    @property
    def application(self) -> str:
        """The client ID in lower case where the cause lies in the application; else ""."""
        return str(self.sample.get("client_id") or "").lower() if self.cause in _OF_CREDENTIAL else ""


class _Away(t.NamedTuple):
    """An encrypted volume that is offline.

    :ivar svm: None where ONTAP does not report it
    :ivar name: as it is shown
    """

    cluster: str
    svm: str | None
    name: str


_OF_CREDENTIAL = (Cause.CREDENTIAL_EXPIRED, Cause.CREDENTIAL_REJECTED, Cause.APPLICATION_DISABLED)
"""The causes that lie in an application and its credential."""


def suspects(clusters: Iterable[Values]) -> list[str]:
    """Find the applications that ONTAP cannot log in with, each once.

    :param clusters: results of akv_repair or akv_info
    """
    found: dict[str, str] = {}
    for cluster in clusters:
        for vault in map(_state_of, cluster.get("vaults") or ()):
            cause = (vault.get("diagnosis") or {}).get("cause")
            if vault.get("client_id") and cause in _OF_CREDENTIAL:
                found.setdefault(str(vault["client_id"]).lower(), str(vault["client_id"]))
    return list(found.values())


def report(clusters: Mapping[str, Values], ends: Endings | None = None) -> list[str]:
    """Word what was found, cause by cause, over one or several clusters: what, where, ONTAP's words, what to do.

    :param clusters: by name, each as the result of akv_repair or akv_info has it: ``vaults`` and ``volumes``, and in
        ``unknown`` what is not known; one that could not be read has ``failed`` and ``msg``
    :param ends: when credentials end, as far as it is known
    """
    ends = ends or Endings()
    many = len(clusters) > 1
    read = {name: found for name, found in clusters.items() if "vaults" in found}
    unread = [
        f"{name} could not be read: {found.get('msg', '')}" for name, found in clusters.items() if name not in read
    ]
    unknown = [f"{name}: {each}" if many else each for name, found in read.items() for each in found.get("unknown", ())]
    groups = _groups(read, many)
    away = [
        _Away(cluster, svm_name(volume), _volume_name(cluster if many else "", volume))
        for cluster, found in read.items()
        for volume in offline(_volumes_of(found))
    ]
    lines = [*map(one_line, unread + unknown), *_counted(groups, read, many, bool(unknown))]
    for group in groups:
        lines += _paragraph(group, away, ends.by_application.get(group.application, ()))
    explained = {place for group in groups for place in group.svms}
    rest = [volume.name for volume in away if (volume.cluster, volume.svm) not in explained]
    if rest:
        lines.append(one_line(f"Offline volumes of healthy configurations ({len(rest)}): {_named(rest)}."))
        lines.append(f"{COMES_BACK} If they stay offline, check whether someone took them offline.")
    elif read and not away and not groups:
        lines.append("No encrypted volume is offline.")
    return [*lines, *_unmounted(read, many), *_near(groups, ends), *map(one_line, ends.problems)]


def _groups(read: Mapping[str, Values], many: bool) -> list[_Group]:
    """Group what needs attention by its cause: what has hit most configurations first."""
    groups: dict[t.Any, _Group] = {}
    for cluster, found in read.items():
        for vault in map(_state_of, found["vaults"]):
            if health.Verdict(vault["verdict"]).needs_attention:
                _add(groups, cluster, vault, many)
    return sorted(groups.values(), key=lambda group: (-len(group.names), group.cause.value))


def _counted(groups: Iterable[_Group], read: Mapping[str, Values], many: bool, is_part: bool) -> list[str]:
    """Say how many configurations need attention.

    :param is_part: whether there may be more of them
    """
    bad = sum(len(group.names) for group in groups)
    total = sum(map(_number_enabled, read.values()))
    where = f" on {plural(len(read), 'cluster')}" if many else ""
    if bad:
        verb = "needs" if bad == 1 else "need"
        return [f"{bad} of {plural(total, 'AKV configuration')}{where} {verb} attention.", DO_NOT_REBOOT]
    if read:
        return [f"{plural(total, _OTHER if is_part else 'AKV configuration')}{where}: none needs attention."]
    return []


def _number_enabled(found: Values) -> int:
    counts = found.get("summary")
    if counts:
        return int(counts["total"] - counts["inactive"])
    return sum(_state_of(vault)["verdict"] != health.Verdict.INACTIVE.value for vault in found["vaults"])


def _unmounted(read: Mapping[str, Values], many: bool) -> list[str]:
    names = [
        _volume_name(cluster if many else "", volume)
        for cluster, found in read.items()
        for volume in found.get("unmounted") or []
    ]
    if not names:
        return []
    return [
        one_line(f"Online, but not mounted ({len(names)}): {_named(names)}."),
        "ONTAP could not mount them when they came back (EMS km.volume.mount.fail). Mount each by hand.",
    ]


def _near(groups: Iterable[_Group], ends: Endings) -> list[str]:
    """Name the applications with a credential that ends soon, but those that have a paragraph."""
    explained = {group.application for group in groups}
    return [
        one_line(f"Application {name}. {' '.join(ends.by_application[name])}")
        for name in ends.near
        if name not in explained
    ]


def _state_of(vault: Values) -> Values:
    """Return a result's entry with its latest verdict and diagnosis: akv_repair has them before and after."""
    return {**vault, **vault.get("before", {}), **vault.get("after", {})}


def _volumes_of(found: Values) -> list[Record]:
    volumes = found.get("volumes") or []
    return list(volumes.get("after", volumes.get("before", []))) if isinstance(volumes, Mapping) else list(volumes)


def _add(groups: dict[t.Any, _Group], cluster: str, vault: Values, many: bool) -> None:
    diagnosis = vault["diagnosis"]
    cause = Cause(diagnosis["cause"])
    subject = _subject(cause, vault)
    # What differs from SVM to SVM (a trace ID, a node) does not make another cause.
    known = diagnosis["evidence"] if cause is Cause.UNCLASSIFIED else ()
    key = (cause, subject.lower(), diagnosis["advice"], tuple(re.sub(r"^[^:]*:", "", text) for text in known))
    group = groups.setdefault(key, _Group(cause, subject, diagnosis["advice"], diagnosis["heals_itself"], vault))
    svm = svm_name(vault)
    name = svm or "the cluster"
    group.names.append(f"{cluster}: {name}" if many else name)
    group.svms.append((cluster, svm))
    if cluster not in group.clusters:
        group.clusters.append(cluster)
    for node in vault.get("unavailable_nodes") or []:
        label = f"{cluster}: {node}" if many else node
        if label not in group.nodes:
            group.nodes.append(label)
    if diagnosis["evidence"] and diagnosis["evidence"][0] not in group.evidence:
        group.evidence.append(diagnosis["evidence"][0])


def _subject(cause: Cause, vault: Values) -> str:
    """Name the thing in Azure that has the fault."""
    if cause in _OF_CREDENTIAL:
        return f"application {vault['client_id']}" if vault.get("client_id") else ""
    if cause in (Cause.KEY_DISABLED, Cause.KEY_EXPIRED, Cause.KEY_MISSING, Cause.PERMISSION_MISSING):
        return f"key {vault['key_id']}" if vault.get("key_id") else ""
    if cause is Cause.AZURE_UNREACHABLE:
        return f"key vault {vault['name']}" if vault.get("name") else ""
    return ""


def _paragraph(group: _Group, away: Iterable[_Away], ends: Sequence[str]) -> list[str]:
    about = CAUSES[group.cause]
    volumes = [volume.name for volume in away if (volume.cluster, volume.svm) in group.svms]
    subject = f" ({group.subject})" if group.subject else ""
    lines = [f"{group.cause}: {about.meaning}{subject}. {_scopes(group)}: {_named(_sorted(group.names))}."]
    more = len(group.evidence) - 1
    if group.evidence:
        lines.append(f"  ONTAP: {group.evidence[0]}" + (f" (and {plural(more, 'similar text')})" if more > 0 else ""))
    lines += [f"  {sentence}" for sentence in ends]
    if group.nodes:
        lines.append(f"  Nodes without keys: {_named(_sorted(group.nodes))}.")
    if volumes:
        lines.append(f"  Offline volumes ({len(volumes)}): {_named(_sorted(volumes), 5)}.")
    lines.append(f"  What to do: {group.advice}")
    command = command_for(group.cause, group.sample, group.clusters, len(group.names))
    if command and not group.heals_itself and group.advice.startswith(about.advice):
        lines.append(f"  Command: {command}")
    return [one_line(line) if not line.startswith("  ") else "  " + one_line(line.strip()) for line in lines]


def _scopes(group: _Group) -> str:
    return plural(len(group.names), "SVM" if all(svm for _cluster, svm in group.svms) else "configuration")


def _volume_name(cluster: str, volume: Values) -> str:
    """Name a volume: cluster, SVM, volume, and where it is mounted."""
    path = (volume.get("nas") or {}).get("path")
    where = f" ({path})" if path else ""
    name = f"{svm_name(volume) or '?'}/{volume.get('name')}{where}"
    return f"{cluster}: {name}" if cluster else name


def command_for(cause: Cause, vault: Values, clusters: Sequence[str], number: int) -> str:
    """Word the command that helps. What ONTAP reported is quoted for a shell: someone will paste it.

    :param vault: one of the configurations with this cause
    :param number: how many have it
    """
    quoted = {name: shlex.quote(str(vault.get(name) or "")) for name in ("client_id", "key_id")}
    svm = svm_name(vault)
    limit = f" --limit {shlex.quote(','.join(clusters))}" if len(clusters) <= NAMED else ""
    narrow = f" -e akv_svm={shlex.quote(svm)}" if svm and number == 1 else ""
    recover = f"ansible-playbook ontap.akv.recover -i INVENTORY{limit}{narrow}"
    key_vault, key = _parts_of(str(vault.get("key_id") or ""))
    of_svm = f" -vserver {shlex.quote(svm)}" if svm else ""
    return {
        Cause.CREDENTIAL_EXPIRED: f"{recover} -e akv_client_id={quoted['client_id']} -e @secrets.yml",
        Cause.CREDENTIAL_REJECTED: f"{recover} -e akv_client_id={quoted['client_id']} -e @secrets.yml",
        Cause.APPLICATION_DISABLED: f"az ad sp update --id {quoted['client_id']} --set accountEnabled=true",
        Cause.KEY_DISABLED: f"az keyvault key set-attributes --id {quoted['key_id']} --enabled true",
        Cause.KEY_EXPIRED: f"az keyvault key set-attributes --id {quoted['key_id']} --expires DATE",
        Cause.KEY_MISSING: f"az keyvault key recover --vault-name {key_vault} --name {key}",
        Cause.PERMISSION_MISSING: f"az keyvault key show --id {quoted['key_id']}",
        Cause.AZURE_UNREACHABLE: f"vserver services name-service dns show{of_svm}",
        Cause.LOGIN_UNREACHABLE: "network interface show -role node-mgmt",
        Cause.KEYS_MISSING_ON_NODE: recover,
        Cause.NODE_KEY_SERVER_DOWN: "system health alert show",
        Cause.NOT_REPORTED: f"security key-manager external azure check{of_svm}",
        Cause.UNCLASSIFIED: f"security key-manager external azure check{of_svm}",
    }.get(cause, "")


def _parts_of(key_id: str) -> tuple[str, str]:
    """Return the names of key vault and key, quoted for a shell."""
    found = re.match(r"https://([^./]+)[^/]*/keys/([^/]+)", key_id)
    return (shlex.quote(found[1]), shlex.quote(found[2])) if found else ("VAULT", "KEY")


# -- a recovery of several calls --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Progress:
    """A recovery as far as it has come: what a role shows, waits for and returns.

    :ivar lines: what is wrong now, and what to do
    :ivar news: what to show after the repair: what it did and what is waited for; empty where it had nothing to do
    :ivar azure: what is checked in Azure before the credential is sent
    :ivar sends: whether the credential is sent, since it is the cause or is to be sent whatever the cause
    :ivar repair: whether a repair has something to do, or something to wait for
    :ivar wait: seconds to wait for what ONTAP does without anyone; 0 where there is nothing to wait for
    """

    result: Record
    lines: list[str]
    news: list[str]
    wait: int = 0
    repair: bool = False
    sends: bool = False
    azure: list[Record] = field(default_factory=list)


_STEPS = ("credential", "restore")


def progress(
    calls: Sequence[Values],
    cluster: str,
    check_mode: bool = False,
    wait: int | None = None,
    restore: bool = True,
    credential: bool = False,
    force: bool = False,
    client_id: str = "",
) -> Progress:
    """Conclude from the calls of akv_repair so far.

    :param calls: their results, in order: the diagnosis first, the repair, the wait; what was skipped has no ``vaults``
    :param cluster: its name in the inventory
    :param wait: seconds as given; None for ONTAP's polling interval and 5 minutes
    :param restore: whether keys are restored
    :param credential: whether one is given
    :param force: whether it is sent whatever the cause
    :param client_id: the application that the credential belongs to
    """
    if not any("vaults" in call for call in calls):
        return Progress({"failed": True, "changed": False, "outcome": "unchanged", "vaults": []}, [], [])
    course = _Course(cluster, calls, check_mode)
    restorable = _restorable(course.done) if restore else set()
    waiting = [vault["uuid"] in restorable or not _is_stuck(vault, restore) for vault in course.left]
    stuck = course.failed or not all(waiting)
    monitor = course.last.get("health_monitor") or {}
    seconds, why = health.next_poll(monitor.get("polling_interval")) if wait is None else (wait, "as given")
    if course.is_over or stuck or check_mode:
        seconds = 0
    lines = report({cluster: course.last})
    news = course.news(lines)
    if seconds:
        news.append(f"Waiting for {seconds} s at most: {why}.")
    remedies = {CAUSES[Cause(vault["diagnosis"]["cause"])].remedy for vault in course.left}
    sends = credential and (Remedy.CREDENTIAL in remedies or bool(force and course.left))
    repair = sends or not (course.is_over or stuck) or any(waiting)
    receivers = _receivers(course.last, client_id, force) if credential else []
    checks = keys_of(receivers, client_id)
    return Progress(course.result(), lines, news, seconds, repair, sends=bool(receivers), azure=checks)


class _Course:
    """A recovery as its calls have left it.

    :param calls: as :func:`progress` takes them; at least one has returned
    :ivar done: the calls that returned
    :ivar failed: whether a call did not do what it was asked for
    :ivar left: the configurations that still need attention
    """

    def __init__(self, cluster: str, calls: Sequence[Values], check_mode: bool) -> None:
        self._cluster = cluster
        self._calls = calls
        self._check_mode = check_mode
        self.done = [call for call in calls if "vaults" in call]
        self.last = self.done[-1]
        # A role sees no other sign of a call that failed: ``failed_when: false`` makes ``failed`` false.
        self._broken = [call for call in calls[1:] if call and not call.get("skipped") and "vaults" not in call]
        self.failed = bool(self._broken) or any(call.get("failed") for call in calls[1:])
        self._unknown = [*self.last.get("unknown", ()), *(str(call.get("msg", "")) for call in self._broken)]
        # The diagnosis runs in check mode: what it would do is not done.
        self._vaults = _merged([_without_steps(call) if call is calls[0] else call for call in self.done])
        self._before = _offline_of(self.done[0], "before")
        self._after = _offline_of(self.last, "after")
        self.left = [vault for vault in self._vaults if health.Verdict(vault["after"]).needs_attention]

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to recover."""
        return not self.left and not self._after

    def result(self) -> Record:
        """Give ``akv_recover_result``."""
        return {
            "failed": bool(self._unknown) or (not self._check_mode and not self.is_over),
            "changed": any(call.get("changed") for call in self._calls[1:]),
            "outcome": errors.worst_outcome(map(_outcome, self._calls)).value,
            "msg": self._message(),
            "vaults": self._vaults,
            "volumes_before": self._before,
            "volumes_after": self._after,
        }

    def news(self, lines: Sequence[str]) -> list[str]:
        """Say what the repair did; nothing if it had nothing to do.

        :param lines: what is wrong now
        """
        repaired = self._calls[1] if len(self._calls) > 1 else {}
        tried = any(vault[step] != "none" for vault in repaired.get("vaults", ()) for step in _STEPS)
        if not (tried or repaired in self._broken):
            return []
        return [
            one_line(f"{self._cluster}: {repaired.get('msg', '')}"),
            *(lines if tried and repaired.get("changed") else ()),
        ]

    def _message(self) -> str:
        cluster, left = self._cluster, self.left
        if not (self._vaults or self._before or self._unknown):
            return f"{cluster}: all AKV configurations are healthy, and no encrypted volume is offline. Nothing to do."
        if self._check_mode:
            more = [each for each in self._unknown if each not in self.last.get("unknown", ())]
            found = " ".join(filter(None, [str(self.last.get("msg") or ""), *more]))
            return f"{cluster}: {found}" if found else cluster
        parts = []
        if left:
            causes = ", ".join(dict.fromkeys(vault["diagnosis"]["cause"] for vault in left))
            names = listed(_sorted(svm_name(vault) or "the cluster" for vault in left), 3)
            verb = "needs" if len(left) == 1 else "need"
            parts.append(f"{plural(len(left), 'AKV configuration')} {verb} attention ({causes}): {names}.")
            if any(vault["credential"] == "failed" for vault in left):
                parts.append("The given credential did not help.")
        elif self._vaults:
            parts.append(f"{plural(len(self._vaults), 'AKV configuration')} recovered.")
        parts += self._unknown
        if self._before or self._after:
            parts.append(f"{plural(len(self._before), 'encrypted volume')} offline before, {len(self._after)} now.")
        if left and not self._unknown:
            parts.append(f"What to do: {left[0]['advice']}")
        elif not left and self._after:
            parts.append(COMES_BACK)
        return one_line(f"{cluster}: {' '.join(parts)}")


def _receivers(call: Values, client_id: str, force: bool) -> list[Values]:
    """Choose the configurations that the credential is sent to, from a result of akv_repair."""
    found = []
    for vault in call["vaults"]:
        state = vault["after"]
        remedy = CAUSES[Cause(state["diagnosis"]["cause"])].remedy
        wanted = remedy is Remedy.CREDENTIAL or (force and health.Verdict(state["verdict"]).needs_attention)
        if wanted and str(vault.get("client_id")).lower() == client_id.lower():
            found.append(vault)
    return found


def _restorable(calls: Sequence[Values]) -> set[str]:
    """Give the UUIDs of what a repair would restore, as its check mode says, as long as none was tried.

    That may be more than the causes that a restore is known to help for: a text that is not known, for example.
    """
    return {vault["uuid"] for vault in calls[0]["vaults"] if vault["restore"] != "none"} if len(calls) == 1 else set()


def _without_steps(call: Values) -> Values:
    return {**call, "vaults": [{**vault, **dict.fromkeys(_STEPS, "none")} for vault in call["vaults"]]}


def _merged(calls: Sequence[Values]) -> list[Record]:
    """Return an entry for each configuration that needed attention: before from its first call, after from its last."""
    entries: dict[str, Record] = {}
    for call in calls:
        named = set()
        for vault in call["vaults"]:
            named.add(vault["uuid"])
            old = entries.get(vault["uuid"], {})
            entries[vault["uuid"]] = {
                **{name: vault[name] for name in ("uuid", "scope", "svm", "configuration") if name in vault},
                "before": old.get("before", vault["before"]["verdict"]),
                "after": vault["after"]["verdict"],
                "cause": old.get("cause", vault["before"]["diagnosis"]["cause"]),
                "credential": vault["credential"] if vault["credential"] != "none" else old.get("credential", "none"),
                "restore": vault["restore"] if vault["restore"] != "none" else old.get("restore", "none"),
                "evidence": vault["after"]["diagnosis"]["evidence"],
                "diagnosis": vault["after"]["diagnosis"],
                "msg": " ".join(filter(None, (old.get("msg", ""), vault["msg"]))),
                "advice": vault["advice"],
            }
        for uuid in set(entries) - named:
            # A call names what needs attention: this one does not any more.
            entries[uuid].update(after=health.Verdict.HEALTHY.value, evidence=[], advice="")
            entries[uuid]["diagnosis"] = Diagnosis(Cause.NONE).shown()
    return list(entries.values())


def _offline_of(call: Values, when: str) -> list[Record]:
    volumes = call.get("volumes") or {}
    return list(volumes.get(when, []))


def _outcome(call: Values) -> str:
    return str(call.get("outcome") or ("changed" if call.get("changed") and "vaults" in call else "unchanged"))


def _is_stuck(vault: Values, restore: bool) -> bool:
    diagnosis = vault["diagnosis"]
    remedy = CAUSES[Cause(diagnosis["cause"])].remedy
    waits = diagnosis["heals_itself"] or (restore and remedy is Remedy.RESTORE)
    return not waits
