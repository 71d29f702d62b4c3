# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""The use case of akv_config: read, plan, apply, verify. Knows nothing of Ansible: it returns a result or raises."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from dataclasses import dataclass

from ansible_collections.ontap.akv.plugins.module_utils import _owner
from ansible_collections.ontap.akv.plugins.module_utils._errors import CHANGED, AkvError, InputError, OntapError
from ansible_collections.ontap.akv.plugins.module_utils._health import (
    DEGRADED,
    INACTIVE,
    UNAVAILABLE,
    UNKNOWN,
    azure_reachable,
    judge,
    read_state,
)
from ansible_collections.ontap.akv.plugins.module_utils._job import follow, job_of
from ansible_collections.ontap.akv.plugins.module_utils._owner import Owner, check_text, is_uuid
from ansible_collections.ontap.akv.plugins.module_utils._reading import (
    BLOCKING_LIMIT,
    find_vault,
    unknown_svm,
    wait_until_healthy,
)
from ansible_collections.ontap.akv.plugins.module_utils._release import (
    SECRET_FIELDS,
    health_fields,
    patch_depends_on_release,
)
from ansible_collections.ontap.akv.plugins.module_utils._rest import Client
from ansible_collections.ontap.akv.plugins.module_utils._uri import KeyId, VaultUri, likely_typo, real_host
from ansible_collections.ontap.akv.plugins.module_utils._vault import (
    Declaration,
    Plan,
    Record,
    Step,
    differences,
    plan,
)

ARGUMENT_SPEC: dict[str, t.Any] = {
    **_owner.ARGUMENT_SPEC,
    "allow_recreate": {"type": "bool", "default": False},
    "client_id": {"type": "str"},
    "client_secret": {"type": "str", "no_log": True},
    "key_id": {"type": "str", "no_log": False},
    "name": {"type": "str", "aliases": ["vault_uri"]},
    "state": {"type": "str", "choices": ["absent", "present"], "default": "present"},
    "tenant_id": {"type": "str"},
    "update_credentials": {
        "type": "str",
        "choices": ["always", "on_create", "when_unavailable"],
        "default": "on_create",
        "no_log": False,
    },
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 300},
}

_DONE = {"create": "created", "update": "updated", "delete": "deleted", "recreate": "deleted and created again"}

# What a refusal says when another run was faster: it is there already, or gone already.
_RACE_LOST = {"POST": ("1", "65537500"), "DELETE": ("4", "65537120", "65537511")}


@dataclass(frozen=True)
class Result:
    """What was done, or in check mode would be done."""

    changed: bool
    msg: str
    operation: str
    vault: Record | None
    available: bool | None
    drift: tuple[Record, ...]
    credentials_sent: bool
    diff: Record


def check(params: Mapping[str, t.Any]) -> tuple[Declaration, list[str]]:
    """Check a task's options, before any request.

    :return: the declaration, and warnings
    :raises InputError: names the option, what was given and what to do
    """
    for option in ("name", "key_id", "client_id", "tenant_id"):
        check_text(option, params[option])
    if params["wait_timeout"] < 0:
        raise InputError("wait_timeout", f"{params['wait_timeout']} is below 0. Give seconds.")
    declared = Declaration(
        owner=Owner.from_params(params),
        present=params["state"] == "present",
        name=params["name"],
        key_id=params["key_id"],
        client_id=params["client_id"],
        tenant_id=params["tenant_id"],
        client_secret=params["client_secret"],
        update_credentials=params["update_credentials"],
        allow_recreate=params["allow_recreate"],
    )
    return declared, _check_uris(declared) + _check_secret(declared.client_secret)


def _check_uris(declared: Declaration) -> list[str]:
    parsed: dict[str, t.Any] = {}
    for option, parse in (("name", VaultUri.parse), ("key_id", KeyId.parse)):
        uri = getattr(declared, option)
        try:
            parsed[option] = None if uri is None else t.cast("t.Any", parse)(uri)
        except ValueError as exc:
            wanted = "https://<vault>.vault.azure.net" + ("" if option == "name" else "/keys/<key>[/<version>]")
            raise InputError(option, f"{uri!r} {exc}. Give {wanted}.") from None
    typos = {uri: likely_typo(uri) for uri in (declared.name, declared.key_id) if uri and likely_typo(uri)}
    warnings = []
    if typos:
        likely = ", ".join(f"{uri} is likely meant as {typo}" for uri, typo in typos.items())
        warnings.append(f"Azure's suffix is vault.azure.net, not azure.vault.net: {likely}. It is used as given.")
    vault, key = parsed["name"], parsed["key_id"]
    if vault and key and real_host(vault.host) != real_host(key.host):
        warnings.append(f"key_id is in the vault {key.host}, but name is {vault.host}. Check that both are meant.")
    return warnings


def _check_secret(secret: str | None) -> list[str]:
    if secret is None:
        return []
    if not secret.strip():
        raise InputError("client_secret", "is empty. Leave it out or give a value; an unset variable does this.")
    warnings = []
    if secret != secret.strip():
        warnings.append("client_secret has white space around it. It is sent as given: check that it belongs to it.")
    if is_uuid(secret.strip()):
        warnings.append(
            "client_secret looks like a Secret ID (a UUID). Azure shows the secret's VALUE once, beside the ID:"
            " that is what ONTAP needs."
        )
    return warnings


def run(client: Client, params: Mapping[str, t.Any], check_mode: bool) -> Result:
    """Make the vault what is declared.

    :raises AkvError: it cannot be done, or not without being asked for by name
    """
    declared, warnings = check(params)
    client.warnings += warnings
    task = _Task(client, declared, params["wait"])
    current = task.read()
    chosen = task.plan(current)
    if chosen.steps and not check_mode:
        chosen = task.apply(chosen)
        vault = task.verify(chosen, current)
    else:
        vault = task.predict(chosen, current)
    return Result(
        changed=bool(chosen.steps),
        msg=_message(declared, chosen, check_mode),
        operation=chosen.operation,
        vault=vault,
        available=read_state(vault or {}).available,
        drift=chosen.drift,
        credentials_sent=chosen.credentials_sent,
        diff=_diff(declared, chosen),
    )


class _Task:
    """One run: the steps between reading and result."""

    def __init__(self, client: Client, declared: Declaration, wait: bool) -> None:
        self._client = client
        self._declared = declared
        self._wait = wait

    def read(self) -> Record | None:
        """Read the vault, and of its health what the task goes by."""
        fields = ["state"] if self._wait and self._declared.present else []
        if self._repairs():
            fields = health_fields(self._client.release())
        return find_vault(self._client, self._declared.owner, *fields)

    def plan(self, current: Record | None) -> Plan:
        """Plan, with the cluster's release where that decides."""
        declared, release, unreachable = self._declared, None, False
        if declared.present and current is not None:
            if any(patch_depends_on_release(name) for name in differences(declared, current)):
                release = self._client.release()
            if self._repairs():
                tells = self._client.release().reads("azure_reachability")
                unreachable = azure_reachable(current) is False if tells else read_state(current).bad
        chosen = plan(declared, current, release, unreachable)
        for drift in chosen.drift:
            self._client.warnings.append(
                f"key_id: {drift['declared']} is declared, {drift['current']} is in use. {drift['advice']}"
            )
        return chosen

    def predict(self, chosen: Plan, current: Record | None) -> Record | None:
        """Give the vault as it is, or in check mode as it would be."""
        if chosen.operation == "create" and (unknown := unknown_svm(self._client, self._declared.owner)):
            raise AkvError(unknown)
        if chosen.operation == "delete":
            return None
        if current is not None and not chosen.steps:
            self._warn_of_health(current)
            return current
        after = _without_secrets(chosen.after)
        return {**(current or self._declared.owner.record()), **after} if after else None

    def apply(self, chosen: Plan) -> Plan:
        """Carry the plan out; give it back, or an empty one where another run was faster."""
        for done, step in enumerate(chosen.steps):
            try:
                self._send(step)
            except OntapError as refused:
                if self._overtaken(step, refused):
                    return chosen if done else Plan("none", (), chosen.after, chosen.after)
                raise self._told(chosen, done, refused) from None
            except AkvError as failure:
                raise self._told(chosen, done, failure) from None
        return chosen

    def verify(self, chosen: Plan, before: Record | None) -> Record | None:
        """Read the vault that is there now; with ``wait``, until every node has its keys.

        :raises AkvError: it is not what was sent, or not healthy in time
        """
        client, declared = self._client, self._declared
        fields = ["state"] if self._wait and declared.present else []
        if self._wait and chosen.operation == "update":
            fields = health_fields(client.release())

        def read() -> Record | None:
            return find_vault(client, declared.owner, *fields)

        vault = wait_until_healthy(client, read) if self._wait and declared.present else read()
        if self._wait and chosen.steps and declared.present != (vault is not None):
            raise AkvError(
                f"ONTAP took the request, but afterwards {'no' if declared.present else 'still a'} vault of"
                f" {declared.owner} is found on {client.where}. Read it with akv_info, and run the task again."
            )
        if self._wait and vault is not None:
            verdict, reasons = judge(vault)
            if verdict in (DEGRADED, UNAVAILABLE) and chosen.steps:
                raise self._unhealthy(chosen, vault, reasons, before)
            self._warn_of_health(vault)
        return vault

    def _repairs(self) -> bool:
        declared = self._declared
        repairs = declared.update_credentials == "when_unavailable" and declared.client_secret is not None
        return declared.present and repairs

    def _send(self, step: Step) -> None:
        client = self._client
        query = {"return_records": "true"} if step.method == "POST" else None
        # A PATCH has the same effect however often it arrives.
        settle = {"POST": self._created, "DELETE": self._deleted}.get(step.method)
        content = client.change(
            step.method,
            step.path,
            doing=step.doing,
            operation=step.operation,
            settle=settle,
            body=step.body,
            query=query,
        )
        job = job_of(content)
        if job is not None and self._wait:
            follow(client, job, step.doing, step.operation)

    def _created(self) -> Record | None:
        found = find_vault(self._client, self._declared.owner)
        return found if found is not None and not differences(self._declared, found) else None

    def _deleted(self) -> Record | None:
        return {} if find_vault(self._client, self._declared.owner) is None else None

    def _overtaken(self, step: Step, refused: OntapError) -> bool:
        """Tell whether another run has done meanwhile what this one was about to do; warn of it."""
        if refused.code not in _RACE_LOST.get(step.method, ()):
            return False
        owner = self._declared.owner
        there = find_vault(self._client, owner)
        if step.method == "DELETE":
            done = there is None
        else:
            done = there is not None and not differences(self._declared, there)
            if there is not None and not done:
                refused.message = (
                    f"Meanwhile another run has created a vault of {owner}: {there.get('name')} with key"
                    f" {there.get('key_id')} and client_id {there.get('client_id')}. {refused.message}"
                )
        if not done:
            return False
        self._client.warnings.append(
            f"Another run was faster: the vault of {owner} is as declared meanwhile. This run changed nothing."
        )
        return True

    def _told(self, chosen: Plan, done: int, failure: AkvError) -> AkvError:
        """Complete a failure with what only this task knows."""
        if isinstance(failure, OntapError) and chosen.operation == "create":
            unknown = unknown_svm(self._client, self._declared.owner)
            if unknown:
                failure.message = f"{unknown} ({failure.message})"
        if done:
            again = _without_secrets(chosen.steps[done].body or {})
            failure.details["recreate"] = again
            failure.message = (
                f"THE VAULT OF {str(self._declared.owner).upper()} IS DELETED AND NOT CREATED AGAIN. {failure.message}"
                f" Run the task again to create it. Besides client_secret it had: {again}."
            )
        return failure

    def _unhealthy(self, chosen: Plan, vault: Record, reasons: list[str], before: Record | None) -> AkvError:
        known = read_state(before or {}).bad_nodes
        old = [node for node in read_state(vault).bad_nodes if node in known]
        earlier = f" Bad before this task already: {', '.join(old)}." if old else ""
        return AkvError(
            f"The vault of {self._declared.owner} on {self._client.where} was {_DONE[chosen.operation]}, but is not"
            f" healthy in time (wait_timeout): {' '.join(reasons)}{earlier} Check credential, key and network path in"
            f" Azure. {BLOCKING_LIMIT}",
            CHANGED,
            vault=vault,
            available=read_state(vault).available,
        )

    def _warn_of_health(self, vault: Record) -> None:
        """Never be silently green: a vault that is there and not well is worth a warning."""
        verdict, reasons = judge(vault)
        if not self._wait or not self._declared.present:
            return
        if verdict in (DEGRADED, UNAVAILABLE):
            self._client.warnings.append(
                f"The vault of {self._declared.owner} is as declared, but {verdict}: {' '.join(reasons)}"
                f" akv_restore restores keys; update_credentials: when_unavailable repairs the login. {BLOCKING_LIMIT}"
            )
        elif verdict in (INACTIVE, UNKNOWN):
            owner = self._declared.owner
            self._client.warnings.append(f"The health of the vault of {owner} is {verdict}: {' '.join(reasons)}")


def _message(declared: Declaration, chosen: Plan, check_mode: bool) -> str:
    vault = f"The vault of {declared.owner}"
    if chosen.steps:
        return f"{vault} {'would be' if check_mode else 'was'} {_DONE[chosen.operation]}."
    if not declared.present:
        return f"There is no vault of {declared.owner}: nothing to delete."
    if declared.client_secret is None:
        return f"{vault} is as declared."
    policy = f"update_credentials: {declared.update_credentials}"
    return f"{vault} is as declared; client_secret declared, not sent ({policy})."


def _without_secrets(values: Mapping[str, t.Any]) -> Record:
    return {name: value for name, value in values.items() if name not in SECRET_FIELDS}


def _diff(declared: Declaration, chosen: Plan) -> Record:
    steps = "; then ".join(map(str, chosen.steps)) or "nothing to send"
    return {
        "before": dict(chosen.before),
        "after": dict(chosen.after),
        "before_header": f"vault of {declared.owner}",
        "after_header": f"vault of {declared.owner} ({steps})",
    }
