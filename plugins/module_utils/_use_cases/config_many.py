# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""Many AKV configurations in one task of akv_config: read once, plan all, change side by side, verify together.

A credential is tried on one AKV configuration first: the first that is to get it is updated and verified alone. The
others get it only if that succeeds.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.ontap.akv.plugins.module_utils._akv import declaration
from ansible_collections.ontap.akv.plugins.module_utils._akv.record import Record, svm_name
from ansible_collections.ontap.akv.plugins.module_utils._akv.scope import ARGUMENT_SPEC as SCOPE_OPTIONS
from ansible_collections.ontap.akv.plugins.module_utils._akv.scope import Scope
from ansible_collections.ontap.akv.plugins.module_utils._ontap import reading
from ansible_collections.ontap.akv.plugins.module_utils._ontap.client import Client
from ansible_collections.ontap.akv.plugins.module_utils._runtime import errors, parallel, planning, runner
from ansible_collections.ontap.akv.plugins.module_utils._runtime.plan import Plan, combined_id
from ansible_collections.ontap.akv.plugins.module_utils._use_cases.change import Change
from ansible_collections.ontap.akv.plugins.module_utils._use_cases.changing import Changing


@dataclass(frozen=True)
class BulkResult:
    """What was done, or in check mode would be done, vault by vault."""

    changed: bool
    msg: str
    results: list[Record]
    undeclared: list[Record]
    credentials_sent: bool
    diff: list[Record]
    plan_id: str


class _Entry(parallel.Item):
    """One AKV configuration of many, on its way from declaration to result.

    :ivar place: its place in the task: ``entry``, its number from 0, and the option that names its scope
    :ivar params: its options, completed
    :ivar plan: what is to be done; None as long as that is not known, or cannot be
    :ivar done: what was done of it
    :ivar seen: the AKV configuration after it
    """

    plan: Plan | None = None
    done: Plan | None = None
    seen: Record | None = None

    def __init__(self, place: Record, params: Mapping[str, t.Any], change: Change) -> None:
        super().__init__(change.declared.scope, change.client)
        self.verb = Changing(change, params["credential_grace"])
        self.place = place
        self.params = params
        self.change = change
        self.configuration = change.declared.configuration

    @property
    def label(self) -> str:
        return f"{self.scope} ({self.configuration})" if self.configuration else str(self.scope)

    def identity(self) -> Record:
        configuration = {"configuration": {"name": self.configuration}} if self.configuration else {}
        return {**self.scope.record(), **configuration}

    @property
    def credential(self) -> str | None:
        """The secret that is to be sent: the Azure application's, else the proxy's."""
        return next((self.verb.secrets[name] for name in self.plan.secrets), None) if self.plan else None


def configure(client: Client, params: Mapping[str, t.Any], check_mode: bool) -> BulkResult:
    """Make each of ``vaults`` what is declared.

    :raises InputError: an entry is wrong, or two are for the same AKV configuration; nothing that changes was sent
    :raises AkvError: some vault failed; the others are done
    """
    entries = _check(client, params)
    undeclared: list[Record] = []
    if entries:
        undeclared = _read(client, entries)
        _plan(entries, check_mode)
        approved = _require_expected(entries, params["expected_plan"])
        if not check_mode:
            with parallel.workers(client, params["threads"]) as threads:
                _apply(client, entries, threads, approved)
        for entry in parallel.still_open(entries):
            with entry.kept():
                entry.succeed(entry.change.predict(t.cast("Plan", entry.plan), check_mode))
    results = parallel.conclude(client, entries, check_mode)
    return BulkResult(
        changed=any(result["changed"] for result in results),
        msg=_message(client, results, check_mode),
        results=results,
        undeclared=undeclared,
        credentials_sent=any(result["credentials_sent"] for result in results),
        diff=[entry.diff for entry in entries],
        plan_id=combined_id((entry.label, result["plan_id"]) for entry, result in zip(entries, results)),
    )


def _message(client: Client, results: Sequence[Record], check_mode: bool) -> str:
    if not results:
        return "vaults is empty. Nothing to do."
    operations = [str(result["operation"]) for result in results]
    counts = [f"{operations.count(name)} {name}" for name in dict.fromkeys(operations) if name != "none"]
    if not counts:
        bad = sum(result.get("available") is False for result in results)
        doubt = f", but {bad} not available on every node. See results" if bad else ""
        return f"{len(results)} of {len(results)} AKV configurations match the task on {client.where}{doubt}."
    changed = len(operations) - operations.count("none")
    verb = "would be changed" if check_mode else "changed"
    return f"{changed} of {len(results)} AKV configurations {verb} on {client.where} ({', '.join(counts)})."


# -- before anything is sent ------------------------------------------------------------------------------------------


def _check(client: Client, params: Mapping[str, t.Any]) -> list[_Entry]:
    parallel.check_threads(params)
    on_task = [f"{option}: {params[option]}" for option in SCOPE_OPTIONS if params[option] is not None]
    if on_task:
        raise errors.InputError(
            "vaults", f"cannot be combined with {' and '.join(on_task)}. Set the scope in each entry."
        )
    entries: list[_Entry] = []
    problems: list[Record] = []
    for number, given in enumerate(params["vaults"]):
        scope = {option: given[option] for option in SCOPE_OPTIONS if given.get(option) is not None}
        place = {"entry": number, **scope}
        whole = declaration.merged(params, given)
        try:
            declared, warnings = declaration.check(whole)
        except errors.InputError as problem:
            problems.append({**place, "msg": problem.message})
            continue
        sibling = client.sibling()
        sibling.task.warnings += warnings
        entries.append(_Entry(place, whole, Change(sibling, declared, whole["wait"])))
    _refuse(problems)
    _refuse_twins(entries, lambda entry: (entry.scope, entry.configuration))
    client.task.redactor.add({secret for entry in entries for secret in entry.change.declared.secrets.values()})
    return entries


def _shown(place: Record) -> str:
    scope = next((f" ({option}: {place[option]})" for option in SCOPE_OPTIONS if option in place), "")
    return f"vaults[{place['entry']}]{scope}"


def _refuse(problems: Sequence[Record], sentences: Sequence[str] = ()) -> None:
    """Refuse the task if there are problems.

    :param problems: the place of an entry, and what is wrong with it: ``msg``
    :param sentences: what the message says of them, if that is not the place and ``msg`` of each
    """
    if problems:
        said = sentences or [f"{_shown(problem)}: {problem['msg']}" for problem in problems]
        raise errors.InputError("vaults", f"nothing was changed. {' '.join(said)}", problems=list(problems))


def _refuse_twins(entries: Sequence[_Entry], identity: Callable[[_Entry], t.Any]) -> None:
    first: dict[t.Any, _Entry] = {}
    for entry in entries:
        other = first.setdefault(identity(entry), entry)
        if other is not entry:
            both = f"{_shown(other.place)} and {_shown(entry.place)}"
            _refuse(
                [{**entry.place, "msg": "An entry before it is the same AKV configuration. Keep one of them."}],
                [f"{both} are the same AKV configuration. Keep one of them."],
            )


# -- reading and planning ---------------------------------------------------------------------------------------------


def _read(client: Client, entries: Sequence[_Entry]) -> list[Record]:
    """Read all AKV configurations in the pages of one GET. Give those that no entry declares."""
    problems: list[Record] = []
    for entry in entries:
        try:
            if options := declaration.release_dependent(entry.params):
                declaration.require_release(options, client.release(), client.where)
        except errors.InputError as problem:
            problems.append({**entry.place, "msg": problem.message})
    _refuse(problems)
    repairs = sorted({name for entry in entries for name in entry.change.repair_fields()})

    def take(records: list[Record]) -> bool:
        """Take each entry's own; return whether all exist."""
        by_scope = reading.sort_by_scope(records)
        for entry in parallel.still_open(entries):
            with entry.kept():
                entry.seen = entry.change.take(by_scope(entry.scope))
        return all(entry.seen is not None for entry in entries)

    records = reading.read_vaults(client, {}, ["*", *repairs], complete=take)
    take(records)
    declared = [entry for entry in entries if entry.seen is not None]
    _refuse_twins(declared, lambda entry: (entry.seen or {})["uuid"])
    return _undeclared(records, {(entry.seen or {})["uuid"] for entry in declared})


def _undeclared(records: Sequence[Record], declared: Collection[str]) -> list[Record]:
    """Give what identifies the AKV configurations that are not declared, in the order of their SVMs' names."""
    fields = ("uuid", "scope", "svm", "configuration", "name")
    found = [{field: record[field] for field in fields if field in record} for record in records]
    undeclared = [record for record in found if record.get("uuid") not in declared]
    return sorted(undeclared, key=lambda record: svm_name(record) or "")


def _plan(entries: Sequence[_Entry], check_mode: bool) -> None:
    """Plan all, and refuse what only the cluster shows to be wrong, before the first is changed."""
    problems: list[Record] = []
    for entry in parallel.still_open(entries):
        try:
            entry.plan = entry.change.plan_from(entry.seen)
            planning.guard(entry.change, entry.plan, check_mode)
        except (errors.Incomplete, errors.InputError) as problem:
            problems.append({**entry.place, "msg": problem.message})
        except errors.AkvError as failure:
            entry.fail(failure)
    _refuse(problems)


def _require_expected(entries: Sequence[_Entry], expected: str | None) -> bool:
    """Stop if the combined plan is not the approved one; return whether it was approved.

    One that could not be planned has no plan, so that it never counts as approved.
    """
    planned = [(entry, entry.plan) for entry in entries if entry.plan is not None]
    plan_id = combined_id((entry.label, plan.id(entry.client.address)) for entry, plan in planned)
    planning.require_expected(expected, plan_id, [plan for _entry, plan in planned])
    return bool((expected or "").strip())


# -- changing ---------------------------------------------------------------------------------------------------------


def _apply(client: Client, entries: Sequence[_Entry], threads: parallel.Workers, approved: bool) -> None:
    """Carry out the plans: what sends no credential and the first of each credential, then the others.

    :param approved: whether nothing but these plans may be carried out
    """

    def change_alone(entry: _Entry) -> None:
        """Read, plan, change and verify one vault as a task of its own would."""
        planned = t.cast("Plan", entry.plan).id(entry.client.address) if approved else None
        entry.succeed(runner.run(entry.verb, check_mode=False, expected_plan=planned))

    alone: dict[str, _Entry] = {}
    together: list[_Entry] = []
    following: list[_Entry] = []
    last: list[_Entry] = []
    scopes: set[Scope] = set()
    for entry in parallel.still_open(entries):
        if not (entry.plan and entry.plan.steps):
            continue
        if entry.scope in scopes:
            # Configurations of one SVM depend on each other: what is planned now may not hold after the first.
            last.append(entry)
        elif entry.credential is None:
            together.append(entry)
        elif alone.setdefault(entry.credential, entry) is not entry:
            following.append(entry)
        scopes.add(entry.scope)
    threads.each([*alone.values(), *together], lambda entry: (change_alone if entry.credential else _change)(entry))
    _leave(following, alone)
    threads.each(following, _change)
    _verify_together(client, parallel.still_open([*together, *following]))
    for entry in last:
        _leave([entry], alone)
        threads.each([entry], change_alone)
        if entry.credential is not None:
            alone.setdefault(entry.credential, entry)


def _leave(entries: Sequence[_Entry], alone: Mapping[str, _Entry]) -> None:
    """Skip entries if their credential has failed on another AKV configuration."""
    for entry in entries:
        first = alone.get(entry.credential or "")
        if first is not None and first.result["failed"]:
            entry.fail(
                errors.AkvError(
                    f"{entry.label} is untouched: the credential for it failed on {first.label}."
                    " Correct the credential, or repair that AKV configuration. Then run the task again.",
                    errors.Outcome.UNCHANGED,
                )
            )


def _change(entry: _Entry) -> None:
    chosen = t.cast("Plan", entry.plan)
    entry.verb.prepare(chosen)
    entry.done = runner.apply(entry.verb, chosen)


def _verify_together(client: Client, changed: Sequence[_Entry]) -> None:
    """Read the changed vaults, in the pages of one GET a time, until all are as they should be or time is up."""
    if not changed:
        return
    waiting = list(changed)

    def read() -> list[_Entry]:
        fields = {name for entry in waiting for name in entry.verb.fields_to_confirm(t.cast("Plan", entry.done))}
        query = waiting[0].scope.query() if len(waiting) == 1 else {}
        by_scope = reading.sort_by_scope(reading.read_vaults(client, query, ["*", *sorted(fields)]))
        for entry in waiting:
            with entry.kept():
                entry.seen = entry.change.take(by_scope(entry.scope))
        waiting[:] = [
            entry
            for entry in parallel.still_open(waiting)
            if not entry.verb.is_settled(t.cast("Plan", entry.done), entry.seen)
        ]
        return waiting

    try:
        runner.read_until(
            client.task,
            read,
            lambda waiting: not waiting,
            f"waiting until the changed AKV configurations ({len(changed)}) are healthy",
        )
    except errors.AkvError as failure:
        for entry in waiting:
            entry.fail(failure)
    for entry in parallel.still_open(changed):
        with entry.kept():
            done = t.cast("Plan", entry.done)
            entry.succeed(entry.verb.concluded(done, entry.seen))
