# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""A plan: what a task would change, as data. Check mode shows it, diff prints it, a run sends its steps.

A use case is ``facts(clients) -> plan(declaration, facts) -> Plan``; `runner` does the rest. No plan holds a secret: a
step's body names each with `Secret`, and the runner replaces it when it sends the step.
"""

from __future__ import annotations

import hashlib
import json
import typing as t
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

Values = Mapping[str, t.Any]

NEW = "{uuid}"
"""In a step's path: the UUID of what an earlier step of the plan creates."""


@dataclass(frozen=True)
class Secret:
    """Stands in a step's body for a secret.

    :ivar name: the secret's name in the declaration, e.g. "client_secret"
    """

    name: str


class Confirmation(str, Enum):
    """How a step is confirmed: what a reading must show. Its response alone is not proof."""

    SHOWN = "shown"
    """The record shows the fields of ``shows``. Sending the step again has the same effect: it is idempotent."""
    CREATED = "created"
    """The record exists, and shows the fields of ``shows``."""
    GONE = "gone"
    """The record does not exist."""
    ENABLED = "enabled"
    """The configuration is the enabled one; ONTAP does it as a job."""
    JOB = "job"
    """Only the step's job can say, or what the use case reads after it (a restore, an internal rekey)."""


class Precondition(str, Enum):
    """What a run would be refused for, and what can be known by reading: check mode reads it too."""

    SVM_EXISTS = "svm_exists"
    NO_KEY_MANAGER = "no_key_manager"
    """Nothing else keeps the keys of the scope."""
    CREATABLE = "creatable"
    """Nothing else prevents the creation, such as volumes with keys elsewhere."""
    SWITCHABLE = "switchable"
    """Nothing prevents the switch to another configuration."""
    KEYS_HERE = "keys_here"
    """No key of the volumes is with another key manager."""
    KEY_STORE_ACTIVE = "key_store_active"
    KEYS_UNUSED = "keys_unused"
    """No encrypted volume needs the keys."""


@dataclass(frozen=True)
class Step:
    """One request that changes something.

    :ivar operation: the operation in the table of error codes, e.g. "post"
    :ivar doing: begins the sentence of a failure, e.g. "Creating the AKV configuration of SVM vs0"
    :ivar shows: the fields that a GET must show afterwards
    """

    method: str
    path: str
    operation: str
    doing: str
    confirmation: Confirmation
    body: Values | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    shows: Values = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def idempotent(self) -> bool:
        """Whether sending it twice has the same effect as sending it once."""
        return self.confirmation is Confirmation.SHOWN

    @property
    def by_job(self) -> bool:
        """Whether ONTAP always does it as a job: what has not happened yet may still come."""
        return self.confirmation is Confirmation.ENABLED

    @property
    def secrets(self) -> list[str]:
        """The names of the secrets that go out with it."""
        return [value.name for value in (self.body or {}).values() if isinstance(value, Secret)]

    def filled(self, secrets: Mapping[str, str]) -> dict[str, t.Any] | None:
        """Give the body as it is sent.

        :param secrets: the secrets of the declaration, by name
        """
        if self.body is None:
            return None
        return {name: secrets[value.name] if isinstance(value, Secret) else value for name, value in self.body.items()}

    def without_secrets(self) -> dict[str, t.Any]:
        """Return the body without the references to secrets."""
        return {name: value for name, value in (self.body or {}).items() if not isinstance(value, Secret)}


@dataclass(frozen=True)
class Plan:
    """What would be done, in order, and what is seen but not done.

    :ivar operation: a word for the result, e.g. "create"; "none" where there is nothing to do
    :ivar scope: the scope, as a record shows it, e.g. ``{"scope": "svm", "svm": {"name": "vs0"}}``
    :ivar before: the settings as they are, health excluded; empty where nothing exists
    :ivar after: the settings as they will be; a secret that is sent is shown as a mask
    :ivar drift: differences that are shown and not changed
    """

    operation: str
    scope: Values
    steps: tuple[Step, ...] = ()
    before: Values = field(default_factory=dict)
    after: Values = field(default_factory=dict)
    preconditions: tuple[Precondition, ...] = ()
    drift: tuple[dict[str, t.Any], ...] = ()

    @property
    def secrets(self) -> list[str]:
        """The names of the secrets that go out with it, without repetition."""
        return sorted({name for step in self.steps for name in step.secrets})

    def id(self, cluster: str) -> str:
        """Digest the plan: the same in check mode and in a run, whatever the secrets and the health are.

        :param cluster: the cluster's address, as the task gives it
        """
        steps = [(step.method, step.path, step.body, dict(step.query)) for step in self.steps]
        return digest("plan", [cluster, self.scope, self.operation, steps, self.before])


def combined_id(ids: Iterable[tuple[str, str]]) -> str:
    """Digest the plans of many.

    :param ids: pairs of a name (a fleet's host, one of many scopes) and its plan's id, in any order
    """
    return digest("plan", sorted(ids))


def digest(kind: str, value: t.Any) -> str:
    """Digest a JSON-like value.

    :param kind: the word before the digest, so that nothing on the way to ``expected_plan`` reads it as a number
    """
    text = _ENCODER.encode(value)
    return f"{kind}-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"


def _plain(value: t.Any) -> t.Any:
    return {"secret": value.name} if isinstance(value, Secret) else dict(value)


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=_plain, check_circular=False)
