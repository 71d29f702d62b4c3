# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""The decisions of a rotation over a fleet: whether it may begin, with which canary, and what it did. Pure, no I/O.

What goes in are results of akv_credential, one a cluster and stage. A cluster without one was not read.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ansible_collections.ontap.akv.plugins.module_utils._akv.approval import (
    detail,
    differences,
    disagreement,
    requires_plan,
)
from ansible_collections.ontap.akv.plugins.module_utils._akv.record import Record, svm_name
from ansible_collections.ontap.akv.plugins.module_utils._akv.rotation import (
    Done,
    Stage,
    Stop,
    canary_rank,
    near,
    works,
)
from ansible_collections.ontap.akv.plugins.module_utils._runtime import errors
from ansible_collections.ontap.akv.plugins.module_utils._runtime.plan import digest
from ansible_collections.ontap.akv.plugins.module_utils._runtime.wording import (
    LONGEST_MESSAGE,
    listed,
    plural,
    shortened,
)

_MANY = 20  # configurations: a table of more is grouped
_SHORTEST_CAUSE = 60  # characters
_LONGEST_CAUSE = 250
_LONGEST_CAUSES = 200  # in a sentence
_CAUSES = 4
_ADDRESS = r"(https?://)?([\w-]+(\.[\w-]+)+|\[[0-9a-fA-F:]+\])(:\d+)?"

_OF_FLEET = (
    "client_id",
    "svms",
    "canary_svm",
    "include_unhealthy",
    "allow_unreachable",
    "only_canary",
    "expected_plan",
    "credential_name",
    "change_number",
)
"""The settings that a rotation has once for all clusters."""

Result = Mapping[str, t.Any]


@dataclass(frozen=True)
class Wish:
    """What a rotation over a fleet is to do.

    :ivar svms: names of SVMs; empty for all
    :ivar canary_svm: the canary by name; empty to choose one
    :ivar allow_unreachable: clusters that may be missing
    :ivar expected_plan: the fleet's plan that was approved; empty for any
    :ivar require_plan: whether an empty one is refused
    :ivar credential_name: how people call the new credential
    :ivar change_number: of the change that the rotation belongs to
    :ivar expected_details: of the plan that was approved, as check mode handed them on, to show what differs
    """

    client_id: str
    svms: Sequence[str] = ()
    canary_svm: str = ""
    include_unhealthy: bool = False
    allow_unreachable: Sequence[str] = ()
    expected_plan: str = ""
    require_plan: bool = False
    credential_name: str = ""
    change_number: str = ""
    expected_details: t.Any = None


@dataclass(frozen=True)
class Decision:
    """Whether a rotation may begin.

    :ivar message: why not, or what it will do
    :ivar canary: host, uuid and svm (its name); empty where it may not begin
    :ivar hosts: the clusters with targets, each with the names of their SVMs that are named in the wish
    :ivar missing: clusters that were not read and may be missing
    :ivar causes: why it may not begin, line by line, where more than one cluster or configuration is the reason
    :ivar details: the plan of each cluster for the run that follows, to show what differs
    """

    stop: bool
    message: str
    canary: Record = field(default_factory=dict)
    plan_id: str = ""
    hosts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    missing: Sequence[str] = ()
    causes: Sequence[str] = ()
    details: Mapping[str, t.Any] = field(default_factory=dict)


class _Stopped(Exception):
    """Why a rotation may not begin.

    :ivar causes: what is wrong on which clusters, line by line; the sentence has as many as fit
    """

    def __init__(
        self, message: str, found: Sequence[tuple[str, str, str]] = (), differences: Sequence[str] = ()
    ) -> None:
        super().__init__(" ".join([message, *_causes(found, _LONGEST_CAUSES)]))
        self.causes = [*_causes(found, _CAUSES * _LONGEST_CAUSE), *differences]


def decide(plans: Mapping[str, Result | None], wish: Wish, settings: Mapping[str, Result] | None = None) -> Decision:
    """Decide whether a rotation may begin, from the plan of each cluster.

    :param plans: in the order of the play; None for a cluster that has no result
    :param settings: those of each cluster; the ones that the wish is made of must be the same for all
    """
    read = {host: plan for host, plan in plans.items() if plan is not None and plan.get("plan_id")}
    hosts = {host: _named(plan, wish.svms) for host, plan in read.items() if plan.get("vaults")}
    plan_id = _plan_id(read, wish) if read else ""
    missing = [host for host in plans if host not in read]
    details = _details(read, wish)
    settings = settings or {}
    try:
        # There is one credential for all clusters. It must never reach the configurations of another application.
        if why := disagreement(settings, _OF_FLEET):
            raise _Stopped(why)
        _check_read(plans, missing, wish.allow_unreachable)
        _check_used(read, wish)
        _check_health(read, wish.include_unhealthy)
        canary = _choose_canary(read, wish.canary_svm)
        if (wish.require_plan or requires_plan(settings)) and not wish.expected_plan:
            raise _Stopped(
                "akv_require_plan is true, and akv_expected_plan is blank or missing. Run check mode, and give the ID"
                " that it shows."
            )
        if wish.expected_plan and wish.expected_plan != plan_id:
            raise _Stopped(
                f"The plan is {plan_id}, expected was {wish.expected_plan}: configurations, their settings, the"
                " clusters that were read, the certificate, akv_credential_name, or akv_change_number are not what was"
                " approved. Run check mode again and compare.",
                differences=differences(wish.expected_details, details),
            )
    except _Stopped as why:
        message = shortened(f"Nothing was sent. {why}", LONGEST_MESSAGE)
        return Decision(True, message, plan_id=plan_id, hosts=hosts, missing=missing, causes=why.causes)
    number = sum(len(plan["vaults"]) for plan in read.values())
    message = (
        f"{_count(number)} of application {wish.client_id} on {len(hosts)} of {len(plans)} clusters."
        f" The canary is {canary['svm']} on {canary['host']}. Plan: {plan_id}."
    )
    if not all(plan.get("can_roll_back", True) for plan in read.values()):
        message += " No previous credential was given: nothing can be rolled back."
    return Decision(False, message, canary, plan_id, hosts, missing, details=details)


def _known(read: Mapping[str, Result], wish: Wish) -> dict[str, str]:
    """Give which credential it is, without a secret.

    A rotation changes nothing that ONTAP shows. So only a name, a number or a thumbprint makes the next one another.
    """
    thumbprints = (_credential(plan).get("thumbprint") for plan in read.values())
    known = {
        "change_number": wish.change_number,
        "credential_name": wish.credential_name,
        "thumbprint": next(filter(None, thumbprints), ""),
    }
    return {name: value for name, value in known.items() if value}


def _plan_id(read: Mapping[str, Result], wish: Wish) -> str:
    """Digest the plans of the clusters, and which credential it is."""
    plans = sorted((host, str(plan["plan_id"])) for host, plan in read.items())
    return digest("fleet", [*plans, *sorted(_known(read, wish).items())])


def _details(read: Mapping[str, Result], wish: Wish) -> Record:
    """Give what the digest is made of, to show what differs."""
    known = [f"{name} {value}" for name, value in sorted(_known(read, wish).items())] or ["not named"]
    return {
        "the credential": detail(digest("credential", known), known),
        **{host: detail(str(plan["plan_id"]), [_targets(plan)]) for host, plan in read.items()},
    }


def _targets(plan: Result) -> str:
    names = [str(vault["name"]) for vault in plan.get("vaults") or ()]
    return f"{_count(len(names))}{': ' if names else ''}{listed(names)}"


def _credential(plan: Result) -> Result:
    credential = plan.get("credential")
    return credential if isinstance(credential, Mapping) else {}


def _named(plan: Result, svms: Sequence[str]) -> list[str]:
    """Name the SVMs to give to a cluster: those that it has of the named ones."""
    return [name for name in svms if any(_svm(vault) == name for vault in plan["vaults"])]


def _svm(vault: Result) -> str:
    return svm_name(vault) or ""


def _check_read(plans: Mapping[str, Result | None], missing: Sequence[str], allowed: Sequence[str]) -> None:
    unknown = [name for name in allowed if name not in plans]
    if unknown:
        raise _Stopped(
            f"akv_rotate_allow_unreachable: {listed(unknown)} is not a host of this play."
            f" {near(unknown, plans, 'Its hosts')}"
        )
    # What is wrong with the task itself is the same on all clusters, and no cluster's fault.
    wrong = [plan for plan in map(plans.get, missing) if plan and plan.get("stopped_by") == Stop.INPUT]
    if wrong:
        raise _Stopped(str(wrong[0].get("msg", "")))
    left = [host for host in missing if host not in allowed]
    if left:
        raise _Stopped(
            f"{len(left)} of {len(plans)} clusters could not be read. To rotate without them, name them in"
            " akv_rotate_allow_unreachable.",
            [(host, host, _why_unread(plans[host])) for host in left],
        )


def _why_unread(plan: Result | None) -> str:
    return str(plan.get("msg", "no reason reported")) if plan else "no result in this run (serial, or failed)."


def _causes(found: Iterable[tuple[str, str, str]], longest: int) -> list[str]:
    """Give reasons: what has the same one together, the most frequent reason first.

    :param found: name, cluster and reason of each
    :param longest: characters of all reasons together
    """
    names: dict[str, list[str]] = {}
    samples: dict[str, str] = {}
    for name, host, reason in found:
        # What differs from cluster to cluster, its address, does not make another reason.
        kind = re.sub(rf"{_ADDRESS}|\b{re.escape(host)}\b", "", reason)
        names.setdefault(kind, []).append(name)
        samples.setdefault(kind, reason)
    kinds = sorted(names, key=lambda kind: -len(names[kind]))
    parts: list[str] = []
    # One reason that can be read helps more than the beginnings of four.
    for kind in kinds[:_CAUSES]:
        if longest < _SHORTEST_CAUSE:
            break
        reason = shortened(samples[kind], min(_LONGEST_CAUSE, longest))
        longest -= len(reason)
        parts.append(f"{listed(names[kind])}: {reason}")
    more = [name for kind in kinds[len(parts) :] for name in names[kind]]
    return [*parts, *([f"{listed(more)}: other reasons."] if more else [])]


def _check_used(read: Mapping[str, Result], wish: Wish) -> None:
    not_reported = [f"{name} on {host}" for host, plan in read.items() for name in plan.get("not_reported") or ()]
    if not_reported:
        raise _Stopped(
            f"ONTAP does not report client_id, svm or uuid of the AKV configuration of {listed(not_reported)}. Read it"
            " with akv_info, and run the rotation when it is reported."
        )
    have = {_svm(vault) for plan in read.values() for vault in plan["vaults"]}
    users = {name for plan in read.values() for name in plan.get("svms") or ()}
    without = [name for name in wish.svms if name not in have]
    if without and (have or users):
        raise _Stopped(
            f"{listed(without)} has no AKV configuration of application {wish.client_id} on any cluster of this run."
            f" {near(without, users, 'SVMs that have one')}"
        )
    if not any(plan["vaults"] for plan in read.values()):
        known = [name for plan in read.values() for name in plan.get("applications") or ()]
        raise _Stopped(
            f"No AKV configuration of application {wish.client_id} was found on {listed(list(read)) or 'any cluster'}."
            f" {near([wish.client_id], known, 'Applications in use')}"
        )


def _check_health(read: Mapping[str, Result], include_unhealthy: bool) -> None:
    bad = [
        (f"{vault['name']} on {host}", host, f"{vault['before']}. {_reasons(vault)}")
        for host, plan in read.items()
        for vault in plan["vaults"]
        if not works(vault["before"], vault["before"])
    ]
    if bad and not include_unhealthy:
        raise _Stopped(
            f"{_count(len(bad))} not healthy. Repair first (ontap.akv.recover), or set akv_rotate_include_unhealthy.",
            bad,
        )


def _reasons(vault: Result) -> str:
    return " ".join(vault.get("reasons") or ()) or "no reason reported."


def _choose_canary(read: Mapping[str, Result], named: str) -> Record:
    vaults = [(host, vault) for host, plan in read.items() for vault in plan["vaults"]]
    if named:
        mine = [(host, vault) for host, vault in vaults if named == (_svm(vault) or vault["name"])]
        if not mine:
            raise _Stopped(
                f"akv_rotate_canary_svm: {named} has no AKV configuration among those to rotate."
                f" {near([named], (_svm(vault) for _host, vault in vaults), 'SVMs that have one')}"
            )
        vaults = [(host, vault) for host, vault in mine if vault["before"] != "inactive"]
        if not vaults:
            raise _Stopped(
                f"akv_rotate_canary_svm: {named} has only an inactive configuration, and ONTAP does not report its"
                " health. Name another SVM."
            )
    host, best = min(
        vaults,
        key=lambda pair: canary_rank(pair[1]["before"], pair[1].get("encrypted_volumes"), pair[1].get("available")),
    )
    return {"host": host, "uuid": best["uuid"], "svm": best["name"]}


def _count(number: int) -> str:
    return plural(number, "AKV configuration")


# -- what follows the canary ------------------------------------------------------------------------------------------

_HAS_IT = ("", Stop.UNHEALTHY, Stop.UNREAD)
"""Why a canary that has the new credential may have stopped. It can be healthy after ONTAP's next poll."""


def next_stage(
    canary: Result, watched: Result | None = None, *, check_mode: bool = False, can_roll_back: bool = True
) -> Stage | None:
    """Decide what follows the canary: `WATCH`, then `REST` or `ROLLBACK`; None if the rotation ends.

    :param canary: what sending to it returned; empty if the call was lost
    :param watched: what watching it returned, empty if the call was lost; None if it has not been watched
    :param can_roll_back: there is a previous credential
    """
    outcome = canary.get("outcome", "unknown")
    passed = outcome == "changed" and canary.get("stopped_by", "lost") in _HAS_IT
    if watched is None:
        # What may have the new credential may become worse. What nothing was sent to shows nothing.
        return Stage.WATCH if check_mode or passed or outcome == "unknown" else None
    if watched.get("skipped"):
        return None
    stopped_by = watched.get("stopped_by", "lost")
    if stopped_by == "":
        return Stage.REST if passed else None
    return Stage.ROLLBACK if can_roll_back and stopped_by != Stop.INTERRUPTED else None


# -- what it did ------------------------------------------------------------------------------------------------------

STAGES = (Stage.CANARY, Stage.WATCH, Stage.ROLLBACK, Stage.REST)
"""The stages of a rotation, in order; each may have a result on a cluster."""


@dataclass(frozen=True)
class Report:
    """What a rotation did, or in check mode would do.

    :ivar results: the fact of each cluster
    :ivar table: lines, cluster by cluster, and how the canary is
    :ivar message: one sentence on what still uses the previous credential
    """

    results: Mapping[str, Record]
    table: Sequence[str]
    message: str


@dataclass(frozen=True)
class Evidence:
    """What an auditor asks of a rotation, apart from what it did.

    :ivar credential_name: how people call the new credential (``akv_credential_name``)
    :ivar change_number: of the change that the rotation belongs to (``akv_change_number``)
    """

    client_id: str = ""
    credential_name: str = ""
    change_number: str = ""

    def record(self, plans: Iterable[Result | None]) -> Record:
        """Give it as a result has it: what is not known is absent.

        :param plans: the credential's kind and thumbprint are in each
        """
        known: Record = next((plan["credential"] for plan in plans if plan and plan.get("credential")), {})
        credential = {**known, **({"name": self.credential_name} if self.credential_name else {})}
        found = {"client_id": self.client_id, "credential": credential, "change_number": self.change_number}
        return {name: value for name, value in found.items() if value}


_HAS = {Done.SENT: "new", Done.FAILED: "new or previous"}
"""Which credential a configuration has; else the previous one."""


def report(
    plans: Mapping[str, Result | None],
    decision: Decision,
    stages: Mapping[str, Mapping[str, Result]],
    *,
    check_mode: bool = False,
    only_canary: bool = False,
    previous: str = "secret",
    evidence: Evidence = Evidence(),
) -> Report:
    """Gather what each cluster's calls did.

    :param stages: the results of each cluster's calls, by STAGES
    :param only_canary: the rotation was to end after the canary
    :param previous: what the previous credential is, in words
    """
    about = evidence.record(plans.values())
    results = {
        host: {**about, **_Cluster(host, plan, stages.get(host, {}), decision, check_mode, only_canary).result()}
        for host, plan in plans.items()
    }
    read = [plan for host, plan in plans.items() if host not in decision.missing and plan is not None]
    others = sum(int(plan.get("others") or 0) for plan in read)
    table = [*_table(results, decision), *(decision.causes if len(decision.causes) > 1 else ())]
    watched = stages.get(str(decision.canary.get("host")), {}).get("watch", {}).get("msg")
    if watched:
        table.append(f"Canary: {shortened(str(watched), LONGEST_MESSAGE)}")
    return Report(results, table, _sentence(results, decision, others, check_mode, previous))


@dataclass(frozen=True)
class _Cluster:
    """What the calls on one cluster did, or in check mode would do.

    :ivar stages: the results of its calls
    """

    host: str
    plan: Result | None
    stages: Mapping[str, Result]
    decision: Decision
    check_mode: bool
    only_canary: bool

    def result(self) -> Record:
        """Give the fact of the cluster, without the evidence."""
        vaults = self._vaults()
        outcome = _outcome(self.stages[stage] for stage in STAGES if stage in self.stages)
        would = any(vault["done"] == Done.SENT for vault in vaults)
        failed, message = self._conclusion(vaults)
        return {
            "outcome": outcome,
            "changed": would if self.check_mode else outcome != "unchanged",
            "vaults": vaults,
            "canary": str(self.decision.canary.get("svm", "")) if self._has_canary else "",
            "plan_id": self.decision.plan_id,
            "failed": failed,
            "msg": shortened(message, LONGEST_MESSAGE),
        }

    @property
    def _has_canary(self) -> bool:
        return self.decision.canary.get("host") == self.host

    def _vaults(self) -> list[Record]:
        canary = str(self.decision.canary.get("uuid")) if self._has_canary else ""
        found: dict[str, Record] = {}
        for vault in (self.plan or {}).get("vaults") or ():
            would = self.check_mode and not self.decision.stop and (not self.only_canary or vault["uuid"] == canary)
            found[vault["uuid"]] = {
                "svm": _svm(vault) or vault["name"],
                "configuration": vault.get("configuration") or "",
                "done": Done.SENT.value if would else Done.UNTOUCHED.value,
                "before": vault["before"],
                "after": vault["before"],
            }
        for stage in STAGES:
            call = self.stages.get(stage, {})
            if stage is not Stage.WATCH and stage in self.stages and _is_lost(call):
                for uuid, unclear in found.items():
                    if (uuid == canary) != (stage is Stage.REST):
                        unclear.update(done=Done.FAILED.value, after="unknown")
            for vault in call.get("vaults") or ():
                if vault["uuid"] in found:
                    _follow(found[vault["uuid"]], vault, stage)
        for entry in found.values():
            entry["credential"] = _HAS.get(Done(entry["done"]), "previous")
        return list(found.values())

    def _conclusion(self, vaults: Sequence[Record]) -> tuple[bool, str]:
        """Return whether the cluster fails, and its message."""
        host, decision = self.host, self.decision
        if decision.stop:
            return bool(vaults) or not decision.hosts or host in decision.missing, decision.message
        if host in decision.missing:
            return False, f"{host} was not reached. It is named in akv_rotate_allow_unreachable."
        if not vaults:
            others = int((self.plan or {}).get("others") or 0)
            left_out = f" {_count(others)} of this application are not selected." if others else ""
            return False, f"{host} has no AKV configuration to rotate.{left_out}"
        sent = f"{sum(vault['done'] == Done.SENT for vault in vaults)} of {_count(len(vaults))} on {host}"
        if self.check_mode:
            return False, f"{sent} would get the new credential."
        stopped = self._stopped()
        waiting = self.only_canary and not stopped
        good = [
            (vault["done"] == Done.SENT and works(vault["before"], vault["after"]))
            or (waiting and vault["done"] == Done.UNTOUCHED)
            for vault in vaults
        ]
        failed = bool(stopped) or not all(good)
        why = " ".join(stopped) or _why(host, vaults, decision)
        message = f"{sent} got the new credential."
        back = [str(vault["svm"]) for vault in vaults if vault["done"] == Done.ROLLED_BACK]
        if back and "Rolled back: " not in why:
            message += f" Rolled back: {listed(back)}."
        return failed, f"{message} {why}" if failed else message

    def _stopped(self) -> list[str]:
        """Say why calls stopped."""
        # What the canary was right after it got the credential does not count if it is healthy after it was watched.
        sent_to = self.stages.get(Stage.CANARY, {}).get("outcome", "unknown") != "unknown"
        passed = self.stages.get(Stage.WATCH, {}).get("stopped_by") == "" and sent_to
        calls = [
            self.stages[stage] for stage in STAGES if stage in self.stages and not (passed and stage is Stage.CANARY)
        ]
        # Not the message of a call, if it has a reason: that counts some of the cluster's configurations only.
        return [
            shortened(str(call.get("reason") or call.get("msg") or "no reason reported"), _LONGEST_CAUSE)
            for call in calls
            if call.get("stopped_by", "lost")
        ]


def _follow(entry: Record, vault: Result, stage: Stage) -> None:
    """Take over what a later call says of a configuration."""
    # A rollback that was refused does not show which credential is there.
    refused = stage is Stage.ROLLBACK and vault["done"] == Done.SENT and entry["done"] == Done.FAILED
    if vault["done"] != Done.UNTOUCHED and not refused:
        entry["done"] = str(Done(vault["done"]).value)
    entry["after"] = vault.get("after") or entry["after"]
    if vault.get("since"):
        entry["since"] = vault["since"]


def _is_lost(call: Result) -> bool:
    """Return whether a call did not return what it did: a worker that was killed, for example."""
    return "vaults" not in call and call.get("outcome") != "unchanged"


def _outcome(calls: Iterable[Result]) -> str:
    # A call that was lost says nothing of what it did.
    return errors.worst_outcome(call.get("outcome", "unknown") for call in calls).value


def _why(host: str, vaults: Sequence[Record], decision: Decision) -> str:
    bad = [vault for vault in vaults if vault["done"] == Done.SENT and not works(vault["before"], vault["after"])]
    if bad:
        return f"Not healthy: {listed([str(vault['svm']) for vault in bad])}."
    if decision.canary.get("host") != host:
        return (
            f"Nothing was sent to {host}: the canary {decision.canary.get('svm')} on {decision.canary.get('host')} did"
            " not pass."
        )
    return "The rotation stopped after the canary."


def _table(results: Mapping[str, Record], decision: Decision) -> list[str]:
    rows = [(host, vault) for host, result in results.items() for vault in result["vaults"]]
    width = max(map(len, results), default=0)
    table = []
    for host, result in results.items():
        mine = f"{host:{width}}"
        if host in decision.missing:
            table.append(f"{mine}  not reached")
        elif not result["vaults"]:
            table.append(f"{mine}  no configuration to rotate")
        elif len(rows) <= _MANY:
            table += [
                f"{mine}  {_name(vault)}  {vault['done']}  {vault['before']} -> {vault['after']}"
                for vault in result["vaults"]
            ]
        else:
            table += [f"{mine}  {line}" for line in _grouped(result["vaults"])]
    return table


def _name(vault: Result) -> str:
    inactive = vault["before"] == "inactive" and vault["configuration"]
    return f"{vault['svm']} ({vault['configuration']})" if inactive else str(vault["svm"])


def _grouped(vaults: Iterable[Record]) -> list[str]:
    groups: dict[tuple[str, str, str], list[str]] = {}
    for vault in vaults:
        groups.setdefault((vault["done"], vault["before"], vault["after"]), []).append(_name(vault))
    return [
        f"{len(names)} {done}  {before} -> {after}  {listed(names)}" for (done, before, after), names in groups.items()
    ]


def _sentence(results: Mapping[str, Record], decision: Decision, others: int, check_mode: bool, previous: str) -> str:
    vaults = [vault for result in results.values() for vault in result["vaults"]]
    total = len(vaults) + others
    if check_mode and not decision.stop:
        sent = sum(vault["done"] == Done.SENT for vault in vaults)
        return f"{sent} of {_count(total)} would get the new credential. {_canary(decision)}"
    unclear = sum(vault["done"] == Done.FAILED for vault in vaults)
    using = sum(vault["done"] != Done.SENT for vault in vaults) - unclear + others
    away = f" Not reached: {listed(decision.missing)}." if decision.missing else ""
    if decision.stop:
        return f"Keep the previous {previous} in Azure: nothing was sent in this run.{away}"
    if using or unclear:
        still = [f"{using} of {total} configurations still {'uses' if using == 1 else 'use'} it"] if using else []
        still += [f"{unclear}{'' if using else f' of {total} configurations'} may still use it"] if unclear else []
        more = f" ({others} were not selected)" if others else ""
        return f"Keep the previous {previous} in Azure: {', and '.join(still)}{more}.{away}"
    bad = sum(not works(vault["before"], vault["after"]) for vault in vaults)
    if bad:
        not_healthy = f"{bad} of {total} configurations {'is' if bad == 1 else 'are'} not healthy with the new one"
        return f"Keep the previous {previous} in Azure: {not_healthy}.{away}"
    return f"On the clusters of this run that were reached, nothing uses the previous {previous} any more.{away}"


def _canary(decision: Decision) -> str:
    return f"The canary would be {decision.canary['svm']} on {decision.canary['host']}. Plan: {decision.plan_id}."
