# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""The decisions of a rotation on one cluster: targets, canary, batches, and what became worse. Pure, no I/O."""

from __future__ import annotations

import difflib
import typing as t
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from ansible_collections.ontap.akv.plugins.module_utils._akv import health
from ansible_collections.ontap.akv.plugins.module_utils._akv.record import (
    COMPARED,
    Record,
    configuration_of,
    svm_record,
)
from ansible_collections.ontap.akv.plugins.module_utils._runtime.plan import digest
from ansible_collections.ontap.akv.plugins.module_utils._runtime.wording import listed, shortened

CLUSTER = "cluster"
"""How results name the cluster where an SVM's name stands."""

_LONGEST_REASON = 160  # characters


class Stage(str, Enum):
    """Which part of a rotation a call does."""

    ALL = "all"
    CANARY = "canary"
    WATCH = "watch"
    REST = "rest"
    ROLLBACK = "rollback"

    @property
    def sends(self) -> bool:
        """Whether it sends the new credential."""
        return self in (Stage.ALL, Stage.CANARY, Stage.REST)


class Done(str, Enum):
    """What a rotation did to a configuration."""

    SENT = "sent"
    """It has the new credential."""
    ROLLED_BACK = "rolled_back"
    """It had the new credential, and has the previous one again."""
    UNTOUCHED = "untouched"
    """It has the previous credential: nothing was sent, or ONTAP refused what was."""
    FAILED = "failed"
    """It may have either credential: a change was sent, and its outcome could not be read."""


class Stop(str, Enum):
    """Why a call did not do all that it was asked for."""

    INPUT = "input"
    UNREAD = "unread"
    NOT_USED = "not_used"
    NOT_REPORTED = "not_reported"
    UNHEALTHY = "unhealthy"
    PLAN = "plan"
    CANARY = "canary"
    BATCH = "batch"
    TIME = "time"
    INTERRUPTED = "interrupted"


# What is not reported may be as good as it was.
_RANKS = {health.INACTIVE: 0, health.UNKNOWN: 0, health.HEALTHY: 0, health.DEGRADED: 1, health.UNAVAILABLE: 2}


@dataclass(frozen=True)
class Reading:
    """The health of a configuration as it was read.

    :ivar available: None where ONTAP does not report it
    """

    uuid: str
    verdict: str
    available: bool | None = None
    unavailable_nodes: frozenset[str] = frozenset()

    @classmethod
    def from_record(cls, record: Mapping[str, t.Any]) -> Reading:
        """Judge a record of ONTAP's."""
        state = health.read_state(record)
        return cls(record.get("uuid", ""), health.judge(record)[0].value, state.available, frozenset(state.bad_nodes))

    @classmethod
    def from_snapshot(cls, snapshot: Mapping[str, t.Any]) -> Reading:
        """Read what `snapshot` gave."""
        nodes = frozenset(snapshot.get("unavailable_nodes") or ())
        return cls(snapshot["uuid"], snapshot["verdict"], snapshot.get("available"), nodes)

    def snapshot(self) -> Record:
        """Give it as an earlier call's result holds it."""
        return {
            "uuid": self.uuid,
            "verdict": self.verdict,
            "available": self.available,
            "unavailable_nodes": sorted(self.unavailable_nodes),
        }


def worse(before: Reading, after: Reading) -> bool:
    """Return whether a configuration became worse: a node lacks keys that had them, or the verdict has fallen."""
    nodes = after.unavailable_nodes - before.unavailable_nodes
    # Where ONTAP named no bad node before, those that it names now may be the same.
    named = bool(nodes) and not (before.available is False and not before.unavailable_nodes)
    return named or _RANKS[after.verdict] > _RANKS[before.verdict]


def works(before: str, after: str | None) -> bool:
    """Return whether a verdict after a rotation is a success: healthy, or inactive as it was before.

    :param after: None where the configuration is gone
    """
    return after == health.HEALTHY or (before == health.INACTIVE and after == health.INACTIVE)


@dataclass(frozen=True)
class Target:
    """A configuration of the application.

    :ivar svm: None for the cluster's own
    :ivar encrypted: whether its SVM has encrypted volumes; None where that could not be read
    :ivar settings: what the plan's digest covers
    """

    reading: Reading
    svm: str | None = None
    svm_uuid: str | None = None
    configuration: str | None = None
    reasons: tuple[str, ...] = ()
    encrypted: bool | None = None
    method: str = "client_secret"
    settings: Mapping[str, t.Any] = field(default_factory=dict)

    @classmethod
    def from_record(cls, record: Mapping[str, t.Any]) -> Target:
        """Make a target of a record of ONTAP's."""
        svm = svm_record(record)
        return cls(
            reading=Reading.from_record(record),
            svm=svm.get("name"),
            svm_uuid=svm.get("uuid"),
            configuration=configuration_of(record),
            reasons=tuple(health.judge(record)[1]),
            method=record.get("authentication_method") or "client_secret",
            settings={name: record[name] for name in (*COMPARED, "enabled") if record.get(name) is not None},
        )

    @property
    def uuid(self) -> str:
        return self.reading.uuid

    @property
    def verdict(self) -> str:
        return self.reading.verdict

    @property
    def name(self) -> str:
        """Name it in a sentence."""
        if self.svm is None:
            return CLUSTER if self.svm_uuid is None else self.svm_uuid
        return (
            f"{self.svm} ({self.configuration})" if self.verdict == health.INACTIVE and self.configuration else self.svm
        )

    def with_volumes(self, svms: frozenset[str] | None) -> Target:
        """Note whether its SVM has encrypted volumes.

        :param svms: the UUIDs of SVMs that have; None where that could not be read
        """
        if svms is None or self.svm_uuid is None:
            return self
        return replace(self, encrypted=self.svm_uuid.lower() in svms)


@dataclass(frozen=True)
class Selection:
    """The configurations of an application on a cluster.

    :ivar targets: those that are selected, in order
    :ivar others: how many more use the application
    :ivar missing: SVMs that are named and have none
    :ivar not_reported: configurations without a reported application, SVM, or uuid
    :ivar applications: all client IDs on the cluster
    :ivar svms: all SVMs with a configuration of the application
    """

    targets: tuple[Target, ...]
    others: int
    missing: tuple[str, ...]
    not_reported: tuple[str, ...]
    applications: tuple[str, ...]
    svms: tuple[str, ...]


def select_targets(
    records: Iterable[Mapping[str, t.Any]], client_id: str, svms: Sequence[str], scope: str
) -> Selection:
    """Find the configurations of an application, inactive ones included.

    :param client_id: compared without case, as Azure's identifiers have none
    :param svms: names of SVMs; empty for all
    :param scope: all, cluster or svm
    """
    chosen: list[Target] = []
    not_reported: list[str] = []
    others = 0
    applications, users = set(), set()
    for record in records:
        application = record.get("client_id")
        target = Target.from_record(record)
        anonymous = target.svm is None and record.get("scope") != "cluster"
        selected = _is_selected(target, anonymous, svms, scope)
        if not isinstance(application, str) or not application:
            if selected is not False:
                not_reported.append(_known_name(target, anonymous))
            continue
        applications.add(application)
        if application.lower() != client_id.lower():
            continue
        if target.svm is not None:
            users.add(target.svm)
        if selected is None:
            not_reported.append(_known_name(target, anonymous))
        elif selected and not target.uuid:
            not_reported.append(target.name)
        elif selected:
            chosen.append(target)
        else:
            others += 1
    found = {target.svm for target in chosen}
    return Selection(
        targets=tuple(sorted(chosen, key=_place)),
        others=others,
        missing=tuple(name for name in dict.fromkeys(svms) if name not in found),
        not_reported=tuple(sorted(not_reported)),
        applications=tuple(sorted(applications)),
        svms=tuple(sorted(users)),
    )


def _known_name(target: Target, anonymous: bool) -> str:
    return (target.uuid or "one without uuid and SVM") if anonymous else target.name


def _is_selected(target: Target, anonymous: bool, svms: Sequence[str], scope: str) -> bool | None:
    """Return whether a configuration is selected; None where that depends on what ONTAP did not report."""
    if anonymous:
        return None if svms or scope != "all" else True
    if svms:
        return target.svm in svms
    return scope == "all" or (target.svm is None) == (scope == CLUSTER)


def _place(target: Target) -> tuple[t.Any, ...]:
    return (
        target.verdict == health.INACTIVE,
        target.svm is None,
        target.svm or "",
        target.configuration or "",
        target.uuid,
    )


# -- the canary, the order, the batches -------------------------------------------------------------------------------


def canary_rank(verdict: str, encrypted: bool | None, available: bool | None) -> int:
    """Rank a configuration as a canary; the lowest is the best.

    One with encrypted volumes shows the most, an inactive one nothing. Of those that are bad already, one that is
    unavailable has nothing to lose.
    """
    if verdict == health.HEALTHY:
        if encrypted is None:
            return 1 if available else 2
        return 0 if encrypted else 2
    return {health.UNAVAILABLE: 3, health.DEGRADED: 4, health.UNKNOWN: 5, health.INACTIVE: 6}[verdict]


def choose_canary(targets: Sequence[Target]) -> Target | None:
    """Choose the canary: the first of the best."""
    return min(
        targets,
        key=lambda target: canary_rank(target.verdict, target.encrypted, target.reading.available),
        default=None,
    )


def batches(targets: Iterable[Target], size: int) -> list[tuple[Target, ...]]:
    """Put targets in order, and cut them into batches.

    What is unavailable already comes first: it has nothing to lose. Inactive configurations come last, in batches of
    their own, so that two configurations of one SVM are never sent to side by side.
    """
    ordered = sorted(targets, key=lambda target: (target.verdict != health.UNAVAILABLE, *_place(target)))
    active = [target for target in ordered if target.verdict != health.INACTIVE]
    inactive = [target for target in ordered if target.verdict == health.INACTIVE]
    return [tuple(group[start : start + size]) for group in (active, inactive) for start in range(0, len(group), size)]


# -- the plan's digest ------------------------------------------------------------------------------------------------


def plan_id(where: str, client_id: str, kind: str, targets: Iterable[Target]) -> str:
    """Give the digest of a rotation on a cluster: health is excluded, as it changes between approval and run.

    :param kind: the field that is sent, client_secret or client_certificate
    """
    steps = sorted([target.uuid, target.svm, dict(target.settings)] for target in targets)
    return digest("plan", [where, client_id.lower(), f"update {kind}", steps])


# -- sentences --------------------------------------------------------------------------------------------------------


def near(wanted: Iterable[str], known: Iterable[str], what: str) -> str:
    """Suggest what may be meant.

    :param what: names the known in the plural, for the case that none is near
    """
    names = sorted(set(known))
    lowered = {name.lower(): name for name in names}
    found = [
        lowered[match] for name in wanted for match in difflib.get_close_matches(name.lower(), lowered, n=3, cutoff=0.5)
    ]
    if found:
        return f"Similar names: {listed(list(dict.fromkeys(found)))}."
    return f"{what}: {listed(names, 10)}." if names else f"{what}: none."


def why_unhealthy(name: str, verdict: str, reasons: Iterable[str]) -> str:
    """Say how a configuration is."""
    return f"{name} is {verdict}: {shortened(' '.join(reasons) or 'no reason reported.', _LONGEST_REASON)}"
