# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""What is declared, and the plan that leads from what exists to that. Pure, no I/O."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ansible_collections.ontap.akv.plugins.module_utils._akv import releases, uris
from ansible_collections.ontap.akv.plugins.module_utils._akv.record import (
    COMPARED,
    CREDENTIALS,
    DEFAULT_CONFIGURATION,
    KEY_STORES,
    VAULTS,
    Record,
    configuration_of,
    is_inactive,
    vault_path,
)
from ansible_collections.ontap.akv.plugins.module_utils._akv.scope import Scope, is_uuid
from ansible_collections.ontap.akv.plugins.module_utils._runtime import errors
from ansible_collections.ontap.akv.plugins.module_utils._runtime.plan import (
    NEW,
    Confirmation,
    Plan,
    Precondition,
    Secret,
    Step,
)
from ansible_collections.ontap.akv.plugins.module_utils._runtime.redaction import MASK
from ansible_collections.ontap.akv.plugins.module_utils._runtime.wording import capital

REQUIRED = ("name", "key_id", "client_id", "tenant_id")
"""What a creation needs, apart from a credential (reference, "Create an AKV configuration", Required properties)."""

_IDENTITY = ("client_id", "tenant_id")
_PROXY = ("proxy_host", "proxy_port", "proxy_type", "proxy_username")


@dataclass(frozen=True)
class Declaration:
    """What a task declares of one AKV configuration.

    :ivar settings: the fields of COMPARED that are declared, and no other
    :ivar secrets: the declared ones of client_secret or client_certificate, and proxy_password
    :ivar configuration: which of several (9.14.1+); None is the enabled one
    :ivar enabled: True switches to that configuration
    """

    scope: Scope
    present: bool = True
    settings: Mapping[str, t.Any] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    update_credentials: str = "on_create"
    allow_recreate: bool = False
    configuration: str | None = None
    enabled: bool | None = None
    skip_verification: bool | None = None

    @property
    def credential(self) -> str | None:
        """The kind of credential that is declared: client_secret or client_certificate."""
        return next((name for name in CREDENTIALS if name in self.secrets), None)

    @property
    def creates_enabled(self) -> bool:
        """Whether ONTAP creates it as the enabled configuration; one with a name of its own is created inactive."""
        return self.configuration in (None, DEFAULT_CONFIGURATION)

    @property
    def label(self) -> str:
        """Name the AKV configuration as sentences do."""
        return f"the AKV configuration of {self.scope}" + (f" ({self.configuration})" if self.configuration else "")


def compare(declared: Declaration, record: Mapping[str, t.Any]) -> tuple[list[str], list[str]]:
    """Compare a declaration with a record.

    :return: the declared fields that mean something else in the record (a key's version does not count), and those that
        it does not report: whether these differ is unknown
    """
    different = [name for name, wanted in declared.settings.items() if not _same(name, wanted, record.get(name))]
    unknown = [name for name in different if record.get(name) is None]
    # A configuration without a proxy reports none of the proxy fields (9.8+): that is an answer.
    if unknown and all(record.get(name) is None for name in _PROXY):
        unknown = [name for name in unknown if name not in _PROXY]
    if unknown:
        different = [name for name in different if name not in unknown]
    if declared.enabled is not None and record.get("enabled") is None:
        unknown.append("enabled")
    return different, unknown


def differences(declared: Declaration, record: Mapping[str, t.Any]) -> list[str]:
    """Name the declared fields that mean something else in the record."""
    return compare(declared, record)[0]


def shows(step: Step, record: Mapping[str, t.Any]) -> bool:
    """Return whether a record shows what a step has set.

    What a new configuration does not report cannot be compared. A field that was changed was reported before, so that
    it must be reported again.
    """
    created = step.confirmation is Confirmation.CREATED
    return all(
        created if record.get(name) is None else _same(name, wanted, record[name])
        for name, wanted in step.shows.items()
    )


def _same(name: str, wanted: t.Any, there: t.Any) -> bool:
    if there is None:
        return False
    if isinstance(wanted, bool):
        return bool(wanted == there)
    if name == "name":
        return uris.same_vault(wanted, there)
    if name == "key_id":
        try:
            return uris.KeyId.parse(wanted).same_key(uris.KeyId.parse(there))
        except ValueError:
            return bool(wanted == there)
    if name.endswith("_host"):
        return bool(wanted.lower() == there.lower())
    # Azure's identifiers are UUIDs, which know no case; the reference's own examples are not.
    return bool(wanted == there) or (is_uuid(wanted) and wanted.lower() == there.lower())


def version_drift(declared: Declaration, record: Mapping[str, t.Any]) -> tuple[Record, ...]:
    """Report a pinned key version that is not the one in use: shown, never changed."""
    wanted, there = declared.settings.get("key_id"), record.get("key_id")
    if wanted is None or there is None:
        return ()
    try:
        moved = uris.KeyId.parse(wanted).other_version(uris.KeyId.parse(there))
    except ValueError:
        return ()
    advice = "Drop the version from key_id to follow Azure's rotation, or use akv_rekey to use that version."
    return ({"field": "key_id", "declared": wanted, "current": there, "advice": advice},) if moved else ()


def other_credential(declared: Declaration, record: Mapping[str, t.Any]) -> bool:
    """Return whether another kind of credential is declared than the one in use (9.10.1+)."""
    there = record.get("authentication_method")
    # A kind that nobody knows is unknown, and no reason to send a credential.
    known = there in CREDENTIALS.values()
    return declared.credential is not None and known and CREDENTIALS[declared.credential] != there


def plan(
    declared: Declaration,
    current: Mapping[str, t.Any] | None,
    release: releases.Release | None = None,
    unreachable: bool = False,
    others: Sequence[Mapping[str, t.Any]] = (),
    compared: tuple[list[str], list[str]] | None = None,
) -> Plan:
    """Plan the steps from the existing configuration to the declared one.

    :param current: the normalized record; None where there is no AKV configuration
    :param release: the cluster's; needed where a declared option or a difference depends on it
    :param unreachable: ONTAP says that Azure cannot be reached (for update_credentials: when_unavailable)
    :param others: the other configurations of the scope (9.14.1+)
    :param compared: what `compare` says of the two, where that was asked for already
    :raises AkvError: it cannot be done, or not without being asked for by name
    """
    if not declared.present:
        return _plan_absent(declared, current, others)
    if current is None:
        return _plan_create(declared, release, others)
    if declared.enabled is False and current.get("enabled") is True:
        raise errors.AkvError(
            f"{declared.configuration} is the enabled configuration of {declared.scope}, and ONTAP cannot disable it"
            " alone. Enable another one with enabled: true, or delete it with state: absent."
        )
    different, unknown = compared or compare(declared, current)
    # The key is changed by akv_rekey alone, also where a PATCH would take it: a typo must not rekey overnight.
    in_place = [name for name in different if name != "key_id" and release is not None and release.patches(name)]
    if len(in_place) < len(different):
        return _plan_recreate(declared, current, [name for name in different if name not in in_place], release)
    return _plan_update(declared, current, (in_place, unknown), release, unreachable)


def _plan_absent(
    declared: Declaration, current: Mapping[str, t.Any] | None, others: Sequence[Mapping[str, t.Any]]
) -> Plan:
    if others and declared.configuration is None:
        names = sorted(str(configuration_of(record)) for record in (*others, *filter(None, [current])))
        raise errors.AkvError(
            f"{declared.scope} has the configurations {', '.join(names)}. Set configuration to the one to delete."
        )
    if current is None:
        return Plan("none", declared.scope.record())
    for name in ("name", "key_id"):
        wanted = declared.settings.get(name)
        if wanted is not None and current.get(name) is None:
            raise errors.AkvError(
                f"ONTAP does not report {name} of {declared.label}, so it may not be the one declared ({wanted})."
                f" It is not deleted; leave out {name} to delete the existing one."
            )
        if wanted is not None and not _same(name, wanted, current.get(name)):
            raise errors.AkvError(
                f"{capital(declared.label)} is not the one declared: {name} is {current.get(name)}, declared is"
                f" {wanted}. It is not deleted; correct {name}, or leave it out to delete the AKV"
                " configuration whatever it has."
            )
    return Plan(
        "delete",
        declared.scope.record(),
        (_delete(declared, current),),
        _shown(current),
        preconditions=_before_deleting(current),
    )


def _before_deleting(current: Mapping[str, t.Any]) -> tuple[Precondition, ...]:
    """An inactive configuration serves no volume."""
    unused = () if is_inactive(current) else (Precondition.KEYS_UNUSED,)
    return (*unused, Precondition.KEY_STORE_ACTIVE)


def _plan_create(
    declared: Declaration, release: releases.Release | None, others: Sequence[Mapping[str, t.Any]]
) -> Plan:
    if declared.enabled:
        raise errors.AkvError(
            f"{declared.scope} has no configuration {declared.configuration} to switch to. Create it without enabled,"
            " check it, then enable it."
        )
    if declared.enabled is False and declared.creates_enabled:
        raise errors.AkvError(
            f"{declared.scope} has no configuration {declared.configuration}, and ONTAP creates the one with this name"
            " as the enabled one. Choose another name for an inactive configuration."
        )
    enabled = next((configuration_of(other) for other in others if other.get("enabled") is True), None)
    if declared.creates_enabled and enabled is not None:
        raise errors.AkvError(
            f"{declared.scope} has no configuration {declared.configuration}, and {enabled} is the enabled one."
            f" ONTAP creates {declared.configuration} as the enabled one. Leave configuration out to mean that, or"
            " create one with another name, then enable it."
        )
    _require(declared, f"There is no {declared.label[4:]} yet, and creating it needs")
    needed = [Precondition.SVM_EXISTS, Precondition.CREATABLE, Precondition.KEY_STORE_ACTIVE]
    if declared.creates_enabled:
        needed.insert(1, Precondition.NO_KEY_MANAGER)
    return Plan(
        "create",
        declared.scope.record(),
        _create(declared, release),
        after=_after({}, declared),
        preconditions=tuple(needed),
    )


def _require(declared: Declaration, why: str) -> None:
    missing = [name for name in REQUIRED if name not in declared.settings]
    missing += [] if declared.credential else [" or ".join(CREDENTIALS)]
    if missing:
        raise errors.Incomplete(
            f"{why} {', '.join(REQUIRED)} and {' or '.join(CREDENTIALS)}:"
            f" {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing."
        )


def _plan_recreate(
    declared: Declaration, current: Mapping[str, t.Any], different: list[str], release: releases.Release | None
) -> Plan:
    shown = "; ".join(f"{name} is {current.get(name)}, declared is {declared.settings[name]}" for name in different)
    if not declared.allow_recreate:
        other_key = " Another key is set with akv_rekey." if "key_id" in different else ""
        raise errors.AkvError(
            f"{capital(declared.label)} differs in what this release cannot change in place: {shown}.{other_key}"
            " allow_recreate: true deletes the AKV configuration and creates it as declared; ONTAP refuses that while"
            " encrypted volumes need its keys."
        )
    kept = {name: current[name] for name in COMPARED if current.get(name) is not None}
    whole = replace(declared, settings={**kept, **declared.settings}, enabled=None)
    _require(whole, f"Nothing was deleted: creating {declared.label} again needs")
    if declared.enabled and is_inactive(current):
        raise errors.AkvError(
            f"Nothing was deleted: {declared.label} is inactive. Create it again without enabled, check it, then enable"
            " it."
        )
    named_default = configuration_of(current) in (None, DEFAULT_CONFIGURATION)
    if named_default == is_inactive(current):
        raise errors.AkvError(
            f"Nothing was deleted: {declared.label} cannot be created again as it is. ONTAP creates default as the"
            " enabled configuration, and one with another name as inactive. Create another configuration as declared,"
            " and enable it."
        )
    if current.get("proxy_username") and "proxy_password" not in declared.secrets:
        raise errors.AkvError(
            f"Nothing was deleted: creating {declared.label} again needs proxy_password too. Declare it."
        )
    steps = (_delete(declared, current), *_create(whole, release))
    before = _shown(current)
    needed = (*_before_deleting(current), Precondition.CREATABLE)
    return Plan("recreate", declared.scope.record(), steps, before, _after(before, declared), needed)


def _plan_update(
    declared: Declaration,
    current: Mapping[str, t.Any],
    compared: tuple[list[str], list[str]],
    release: releases.Release | None,
    unreachable: bool,
) -> Plan:
    different, unknown = compared
    wanted = _secrets_to_send(declared, current, different, unreachable)
    settings = {name: declared.settings[name] for name in different}
    if "proxy_password" in wanted and "proxy_username" in unknown:
        # The password goes out with the user that it belongs to.
        settings["proxy_username"] = declared.settings["proxy_username"]
    body: Record = {**settings, **{name: Secret(name) for name in sorted(wanted)}}
    body |= _credential_extras(declared, body, release and release.patches("authentication_method"), current)
    before = _shown(current)
    after = {**before, **settings, **dict.fromkeys(wanted, MASK)}
    steps = []
    needed: tuple[Precondition, ...] = ()
    if body:
        what = " and ".join(body)
        path = vault_path(current["uuid"])
        doing = f"Updating {what} of {declared.label}"
        kind = next((CREDENTIALS[name] for name in CREDENTIALS if name in wanted), None)
        method = {"authentication_method": kind} if kind and current.get("authentication_method") else {}
        steps.append(Step("PATCH", path, "patch", doing, Confirmation.SHOWN, body, shows={**settings, **method}))
    operation = "update" if body else "none"
    if declared.enabled and is_inactive(current):
        operation, after = "enable", {**after, "enabled": True}
        path = vault_path(current["uuid"], collection=KEY_STORES)
        doing = f"Switching {declared.scope} to configuration {declared.configuration}"
        steps.append(Step("PATCH", path, "key_stores_patch", doing, Confirmation.ENABLED, {"enabled": True}))
        needed = (Precondition.KEY_STORE_ACTIVE, Precondition.SWITCHABLE)
    drift = version_drift(declared, current)
    return Plan(operation, declared.scope.record(), tuple(steps), before, after, needed, drift)


def _secrets_to_send(
    declared: Declaration, current: Mapping[str, t.Any], different: list[str], unreachable: bool
) -> set[str]:
    """Decide which secrets an update sends.

    :raises AkvError: one is needed that is not declared
    """
    repaired = declared.update_credentials == "when_unavailable" and unreachable
    if repaired and not declared.secrets:
        raise errors.InputError(
            "update_credentials",
            f"when_unavailable has nothing to send: {declared.label} is unavailable, and no credential is given (null,"
            " omitted or left out). Give client_secret, client_certificate or client_certificate_path.",
        )
    wanted = set(declared.secrets) if declared.update_credentials == "always" or repaired else set()
    if set(different) & set(_IDENTITY):
        wanted.add(_needed(declared, declared.credential or "client_secret", different))
    if other_credential(declared, current):
        wanted.add(t.cast("str", declared.credential))
    if "proxy_username" in different:
        wanted.add(_needed(declared, "proxy_password", different))
    return wanted


def _needed(declared: Declaration, secret: str, different: list[str]) -> str:
    """Refuse a change that would leave its secret behind: the previous one takes volumes offline."""
    if secret not in declared.secrets:
        raise errors.AkvError(
            f"{' and '.join(different)} of {declared.label} would change without {secret}: the previous one takes"
            f" volumes offline. Declare {secret} too."
        )
    return secret


def _credential_extras(
    declared: Declaration, body: Mapping[str, t.Any], takes_method: bool | None, current: Mapping[str, t.Any]
) -> Record:
    """Return what goes with a credential: its kind, where the release wants it and it is new, and how to check it."""
    sent = next((name for name in CREDENTIALS if name in body), None)
    if sent is None:
        return {}
    extras: Record = {}
    if takes_method and CREDENTIALS[sent] != (current.get("authentication_method") or "client_secret"):
        extras["authentication_method"] = CREDENTIALS[sent]
    if declared.skip_verification is not None:
        extras["skip_verification"] = declared.skip_verification
    return extras


def _delete(declared: Declaration, current: Mapping[str, t.Any]) -> Step:
    if current.get("enabled") is None and configuration_of(current) not in (None, DEFAULT_CONFIGURATION):
        raise errors.AkvError(
            f"ONTAP does not report whether {declared.label} is enabled, which decides how it is deleted. It is not"
            " deleted; read it with akv_info, and run the task again."
        )
    # An inactive configuration is deleted as a key store, the enabled one as an AKV configuration (9.14.1+).
    inactive = is_inactive(current)
    path = vault_path(current["uuid"], collection=KEY_STORES if inactive else VAULTS)
    operation = "key_stores_delete" if inactive else "delete"
    return Step("DELETE", path, operation, f"Deleting {declared.label}", Confirmation.GONE)


def _create(declared: Declaration, release: releases.Release | None) -> tuple[Step, ...]:
    """POST what it takes, then PATCH what only a PATCH takes (verify_host, verify_ip)."""
    posted = {n: value for n, value in declared.settings.items() if release is None or release.posts(n)}
    body: Record = {**declared.scope.body(), **posted, **{name: Secret(name) for name in declared.secrets}}
    body |= _credential_extras(declared, body, release and release.posts("authentication_method"), {})
    query = {"return_records": "true"}
    if not declared.creates_enabled:
        body["configuration"] = {"name": declared.configuration}
        query["create_inactive"] = "true"
    steps = [
        Step("POST", VAULTS, "post", f"Creating {declared.label}", Confirmation.CREATED, body, query, shows=posted)
    ]
    patched = {n: value for n, value in declared.settings.items() if n not in posted}
    if patched:
        doing = f"Setting {' and '.join(patched)} of {declared.label}"
        path = f"{VAULTS}/{NEW}"
        steps.append(Step("PATCH", path, "patch", doing, Confirmation.SHOWN, patched, shows=patched))
    return tuple(steps)


def _shown(record: Mapping[str, t.Any]) -> Record:
    return {name: record[name] for name in (*COMPARED, "enabled") if record.get(name) is not None}


def _after(before: Record, declared: Declaration) -> Record:
    return {**before, **declared.settings, **dict.fromkeys(declared.secrets, MASK)}
