# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""The decisions of the role akv_rotate_key: whether to begin, which step is next, whether to roll back. Pure, no I/O.

A key is rotated by a rekey of the configuration in use, or by a second configuration to which ONTAP switches. Each step
is the result of a module; what was not run yet is an empty mapping. No step's ``failed`` is read: the role's
``failed_when: false`` overwrites it.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from dataclasses import dataclass, field

from ansible_collections.ontap.akv.plugins.module_utils._akv import health, uris
from ansible_collections.ontap.akv.plugins.module_utils._akv.azure_check import has_credential, keys_of
from ansible_collections.ontap.akv.plugins.module_utils._akv.record import COMPARED, Record, configuration_of
from ansible_collections.ontap.akv.plugins.module_utils._runtime import errors
from ansible_collections.ontap.akv.plugins.module_utils._runtime.plan import digest
from ansible_collections.ontap.akv.plugins.module_utils._runtime.wording import LONGEST_MESSAGE, shortened

Values = Mapping[str, t.Any]

_SHOWN = ("client_id", "configuration", "key_id", "name", "reasons", "uuid", "verdict")
_LONGEST_REASON = 180  # characters
_NOT_COPIED = ("key_id", "name", "client_id", "tenant_id")


def same_key(one: object, other: object) -> bool:
    """Return whether both mean the same key; what is not the identifier of a key means none."""
    try:
        return uris.KeyId.parse(str(one)).means(uris.KeyId.parse(str(other)))
    except ValueError:
        return False


@dataclass(frozen=True)
class Progress:
    """How far a rotation has come.

    :ivar stop: why it must not begin; "" where it may
    :ivar message: what it does, or would do
    :ivar plan: what is compared with what was approved, as `approval.approve` takes it; empty where it must not begin
    :ivar azure: what is checked in Azure before the change; empty where no credential of the application is given
    :ivar change: whether the key is to be changed; it is not where it is in use already
    :ivar create: the options of akv_config for the new configuration, secrets excluded
    :ivar watch: what is watched after the change, as akv_credential takes it; empty where there is nothing to watch
    :ivar rollback: whether to go back to the previous key
    :ivar rollback_configuration: the name that the previous configuration has now
    :ivar delete: whether to delete a configuration
    :ivar delete_configuration: the name that it has now; "" unless the last reading shows it, and as inactive
    :ivar result: what the role returns
    """

    stop: str = ""
    message: str = ""
    plan: Record = field(default_factory=dict)
    change: bool = False
    azure: list[Record] = field(default_factory=list)
    create: Record = field(default_factory=dict)
    watch: Record = field(default_factory=dict)
    rollback: bool = False
    rollback_configuration: str = ""
    delete: bool = False
    delete_configuration: str = ""
    result: Record = field(default_factory=dict)


def progress(steps: Values, given: Values, cluster: str, check_mode: bool) -> Progress:
    """Conclude from the steps so far.

    :param steps: results of modules: ``found`` (akv_info), ``changed`` (akv_rekey), ``made`` and ``switched``
        (akv_config), ``watched`` (akv_credential), ``after`` and ``back_after`` (akv_info), ``back``,
        ``deleted``
    :param given: the role's variables
    :param cluster: its name in the inventory
    """
    return _Rotation(steps, given, cluster, check_mode).progress()


class _Rotation:
    def __init__(self, steps: Values, given: Values, cluster: str, check_mode: bool) -> None:
        self._steps = steps
        self._given = given
        self._check_mode = check_mode
        scope = "The cluster" if given["scope"] == "cluster" else f"SVM {given.get('svm')}"
        self._who = f"{scope} on {cluster}"
        self._key = str(given["key_id"])
        self._method = str(given["method"])
        self._green = str(given.get("configuration") or "")
        self._deletes = str(given.get("delete_previous") or "")

    def progress(self) -> Progress:
        found = self._step("found")
        if "vaults" not in found:
            why = shortened(str(found.get("msg", "It could not be read.")), LONGEST_MESSAGE - 100)
            return Progress(stop=f"{self._who}: {why} Nothing was changed.")
        enabled = _enabled(found)
        if len(enabled) != 1:
            # akv_info warns of an SVM that does not exist, with similar names.
            unknown = [str(text) for text in found.get("warnings") or () if " does not exist " in str(text)]
            if unknown:
                return Progress(stop=f"{unknown[0]} Nothing was changed.")
            advice = "Use the role akv_enable to create one."
            return Progress(stop=f"{self._who} has no enabled AKV configuration. Nothing was changed. {advice}")
        self._previous = enabled[0]
        self._others = [vault for vault in found["vaults"] if vault not in enabled]
        self._there = same_key(self._previous.get("key_id"), self._key)
        stop = self._refusal()
        if stop:
            return Progress(stop=f"{stop} Nothing was changed.")
        after = self._after()
        rollback = self._rolls_back(after)
        to_delete = self._to_delete()
        return Progress(
            message=self._intent(),
            plan=self._plan(),
            change=not self._there,
            azure=[] if self._there else self._checks(),
            create=self._options(),
            watch=self._watched(),
            rollback=rollback,
            rollback_configuration=self._name_of_previous(self._step("after")),
            delete=bool(to_delete) and not self._problem() and not rollback,
            delete_configuration=configuration_of(to_delete) or "",
            result=self._result(after),
        )

    # -- before -------------------------------------------------------------------------------------------------------

    def _refusal(self) -> str:
        verdict = health.Verdict(self._previous["verdict"])
        if self._given["require_healthy"] and verdict is not health.Verdict.HEALTHY:
            reasons = " ".join(self._previous["reasons"])
            return f"{self._who} is {verdict}. {reasons} Make it healthy first, with the role akv_recover."
        name = configuration_of(self._previous) or "default"
        keeps_name = self._there or self._method != "blue_green"
        if self._deletes and keeps_name and self._deletes == name:
            return f"akv_rotate_key_delete_previous: {name} is the configuration that {self._who} uses."
        if self._method != "blue_green" or self._there:
            return ""
        return self._refusal_of_name(name)

    def _refusal_of_name(self, previous: str) -> str:
        option = f"{self._who}, akv_rotate_key_configuration: {self._green}"
        existing = self._existing()
        if self._green == previous or (self._green == "default" and not existing):
            return f"{option} is the name of the configuration in use, or reserved. Give another name."
        client_id = str(self._given.get("client_id") or "")
        if not existing:
            return ""
        same_client = not client_id or str(existing.get("client_id")).lower() == client_id.lower()
        if same_key(existing.get("key_id"), self._key) and same_client:
            return ""
        has = f"has key {existing.get('key_id')} and application {existing.get('client_id')}"
        return f"{option} {has}. Give a free name, or that of an inactive configuration with this key and application."

    def _existing(self) -> Values:
        found = [vault for vault in self._others if configuration_of(vault) == self._green]
        return found[0] if found else {}

    def _options(self) -> Record:
        """Return what the new configuration is created with: what is not given is as in the one in use."""
        if self._method != "blue_green" or self._there or self._existing():
            return {}
        copied = {
            name: self._previous[name]
            for name in COMPARED
            if name not in _NOT_COPIED and self._previous.get(name) is not None
        }
        host = uris.KeyId.parse(self._key).host
        own = {"name": self._given.get("name") or f"https://{host}/"}
        for name in ("client_id", "tenant_id"):
            own[name] = self._given.get(name) or self._previous.get(name)
        return {**copied, **own}

    def _checks(self) -> list[Record]:
        """Return what is checked in Azure: the given credential with the new key, as the application that uses it."""
        if not has_credential(self._given):
            return []
        new = (self._existing() or self._options()) if self._method == "blue_green" else {}
        user = {**(new or self._previous), "key_id": self._key}
        # With rekey, a credential of another application says nothing about this configuration.
        return keys_of([user], str(self._given.get("client_id") or user.get("client_id")))

    def _intent(self) -> str:
        if self._there:
            return f"{self._who} has key {self._key} already, and is {self._previous['verdict']}."
        return f"{self._who} {'would get' if self._check_mode else 'gets'} key {self._key} ({self._method})."

    def _plan(self) -> Record:
        """Describe the rotation for an approval: health, secrets and times are excluded, as in all plans."""
        operation = "none" if self._there else self._method
        given = {name: self._given.get(name) for name in ("scope", "svm", "configuration", "rollback")}
        settings = [_settings(vault) for vault in (self._previous, self._existing())]
        plan_id = digest("plan", [operation, self._key, given, self._options(), settings, self._deletes])
        also = f" Deletes the configuration {self._deletes}." if self._deletes else ""
        return {"plan_id": plan_id, "operation": operation, "msg": self._intent() + also}

    # -- after the change ---------------------------------------------------------------------------------------------

    def _step(self, name: str) -> Values:
        found = self._steps.get(name)
        return found if isinstance(found, Mapping) and not found.get("skipped") else {}

    def _failure(self) -> str:
        """Say why the change failed; "" where it did not, or was not tried."""
        return next(filter(None, (self._refused(name) for name in ("changed", "made", "switched"))), "")

    def _refused(self, name: str) -> str:
        """Say why akv_config or akv_rekey failed: only their successes have an operation; "" where it did not fail."""
        step = self._step(name)
        return _reason(step) if step and "operation" not in step else ""

    def _watched(self) -> Record:
        done = self._step("changed") or self._step("switched")
        if self._there or self._check_mode or self._failure() or not done:
            return {}
        vault = self._step("changed").get("vault") or self._step("switched").get("vault") or {}
        uuid = vault.get("uuid") or self._previous["uuid"]
        return {
            "client_id": vault.get("client_id") or self._previous.get("client_id"),
            "configuration_uuid": uuid,
            "before": [
                {
                    "uuid": uuid,
                    "verdict": self._previous["verdict"],
                    "available": self._previous.get("available"),
                    "unavailable_nodes": self._previous["unavailable_nodes"],
                }
            ],
        }

    def _after(self) -> Values:
        """Return the configuration in use after the last step that was read."""
        for name in ("back_after", "after"):
            enabled = _enabled(self._step(name))
            if enabled:
                return enabled[0]
        unread = {"verdict": health.Verdict.UNKNOWN.value, "reasons": ["It could not be read again."]}
        return unread if self._step("after") else self._previous

    def _problem(self) -> str:
        """Say why it is not a success; "" where it is."""
        if self._failure():
            return self._failure()
        if self._there or self._check_mode:
            return ""
        if self._step("after"):
            now = (_enabled(self._step("after")) or [{}])[0]
            if not same_key(now.get("key_id"), self._key):
                return f"It has key {now.get('key_id', 'that could not be read')} now."
            if now["verdict"] != health.Verdict.HEALTHY.value:
                return f"With the new key it is {now['verdict']}. {' '.join(now['reasons'])}"
        watched = self._step("watched")
        # A watch that was lost says nothing of why it ended.
        return _reason(watched) if watched and watched.get("stopped_by", "lost") else ""

    def _rolls_back(self, after: Values) -> bool:
        if self._there or self._check_mode or not self._given["rollback"] or not self._problem():
            return False
        now = (_enabled(self._step("after")) or [{}])[0]
        uses_new = same_key(now.get("key_id"), self._key)
        bad = uses_new and health.Verdict(now["verdict"]).is_bad
        return bad and (self._method == "rekey" or bool(self._name_of_previous(self._step("after"))))

    def _name_of_previous(self, reading: Values) -> str:
        """Return the name that the previous configuration has now: ONTAP may rename it."""
        for vault in reading.get("vaults") or []:
            if vault.get("uuid") == self._previous["uuid"]:
                return configuration_of(vault) or ""
        return ""

    def _to_delete(self) -> Values:
        """Return the configuration to delete as it was read last; empty unless it is inactive.

        A switch may rename configurations: the UUID is that of the name before.
        """
        if not self._deletes:
            return {}
        vaults = (self._step("after") or self._step("found")).get("vaults") or []
        uuid = next((vault.get("uuid") for vault in self._step("found")["vaults"] if self._is_named(vault)), None)
        for vault in vaults:
            meant = self._is_named(vault) if uuid is None else vault.get("uuid") == uuid
            if meant and vault["verdict"] == health.Verdict.INACTIVE.value:
                return t.cast("Values", vault)
        return {}

    def _is_named(self, vault: Values) -> bool:
        return configuration_of(vault) == self._deletes

    # -- result -------------------------------------------------------------------------------------------------------

    def _result(self, after: Values) -> Record:
        problem = self._problem()
        back = self._step("back")
        rollback = "none" if not back else "failed" if self._refused("back") else "done"
        problem = problem or self._refused("deleted")
        steps = [self._step(name) for name in ("changed", "made", "switched", "back", "deleted")]
        variables = self._rollback_variables(after)
        return {
            "failed": bool(problem),
            "changed": any(step.get("changed") or step.get("outcome") == "changed" for step in steps),
            "outcome": errors.worst_outcome(_outcome(step) for step in steps if step).value,
            "msg": shortened(
                " ".join(filter(None, self._sentences(problem, rollback, after, variables))), LONGEST_MESSAGE
            ),
            "method": self._method,
            "before": {name: self._previous[name] for name in _SHOWN if name in self._previous},
            "after": {name: after[name] for name in _SHOWN if name in after},
            "rollback": rollback,
            "rollback_variables": variables,
        }

    def _rollback_variables(self, after: Values) -> Record:
        """Return the variables with which the role goes back to the previous key; empty where it is in use."""
        if self._there or self._check_mode or not same_key(after.get("key_id"), self._key):
            return {}
        variables: Record = {"akv_rotate_key_key_id": self._previous.get("key_id")}
        if self._method == "rekey":
            return variables
        name = self._name_of_previous(self._step("after"))
        deleted = self._step("deleted") and not self._refused("deleted")
        gone = deleted and self._to_delete().get("uuid") == self._previous["uuid"]
        return {} if gone or not name else {**variables, "akv_rotate_key_configuration": name}

    def _sentences(self, problem: str, rollback: str, after: Values, variables: Values) -> t.Iterator[str]:
        if problem:
            limit = _LONGEST_REASON // (2 if rollback == "failed" else 1)
            yield f"The key rotation of {self._who} failed. {shortened(problem, limit)}"
            if rollback == "failed":
                yield f"It could not be rolled back to the previous key: {self._why_not_back()}"
            else:
                yield "It was rolled back to the previous key." if rollback == "done" else ""
                yield f"It has {self._named_key(after)} now, and is {after['verdict']}."
        elif self._there or self._check_mode:
            yield self._intent()
        else:
            yield f"{self._who} has key {self._key} now, and is {after['verdict']}."
        if not problem:
            yield self._deletion()
        if variables:
            words = " ".join(f"{name}={value}" for name, value in variables.items())
            yield f"{'' if problem else 'Keep the previous key enabled in Azure. '}To roll back, run with {words}"

    def _why_not_back(self) -> str:
        """Say why the rollback failed; ONTAP's code is not cut off."""
        why = shortened(self._refused("back"), _LONGEST_REASON // 2)
        error = self._step("back").get("error")
        code = str(error.get("code") or "") if isinstance(error, Mapping) else ""
        return why if not code or code in why else f"{why} (code {code})."

    def _named_key(self, after: Values) -> str:
        """Name the key that is in use."""
        key = after.get("key_id", "that could not be read")
        known = {"new": self._key, "previous": self._previous.get("key_id")}
        return next((f"the {name} key" for name, each in known.items() if same_key(key, each)), f"key {key}")

    def _deletion(self) -> str:
        """Say what was deleted, or that nothing is left to delete."""
        final = self._there or self._step("after")
        if self._deletes and final and not self._to_delete():
            return f"There is no inactive configuration {self._deletes}: nothing was deleted."
        return str(self._step("deleted").get("msg") or "")


def _reason(step: Values) -> str:
    return str(step.get("msg") or "no reason reported")


def _outcome(step: Values) -> str:
    if "operation" in step:
        return "changed" if step.get("changed") else "unchanged"
    # A call that was lost says nothing of what it did.
    return str(step.get("outcome") or "unknown")


def _settings(vault: Values) -> Record:
    return {name: vault[name] for name in ("uuid", *COMPARED) if vault.get(name) is not None}


def _enabled(reading: Values) -> list[Values]:
    vaults = reading.get("vaults") or []
    return [vault for vault in vaults if vault.get("verdict") != health.Verdict.INACTIVE.value]
