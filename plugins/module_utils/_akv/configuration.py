# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""An AKV configuration with its diagnosis, and the volumes that need it. Pure, no I/O."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ansible_collections.ontap.akv.plugins.module_utils._akv import health
from ansible_collections.ontap.akv.plugins.module_utils._akv.diagnosis import Diagnosis, diagnose
from ansible_collections.ontap.akv.plugins.module_utils._akv.record import Record, configuration_of, svm_name

Values = Mapping[str, t.Any]


@dataclass(frozen=True)
class Configuration:
    """An AKV configuration and its diagnosis."""

    record: Values
    verdict: health.Verdict
    diagnosis: Diagnosis

    @classmethod
    def from_record(cls, record: Values, key_store_state: str | None = None) -> Configuration:
        """Diagnose a record."""
        return cls(record, health.judge(record)[0], diagnose(record, key_store_state))

    @property
    def uuid(self) -> str:
        """The UUID of the configuration."""
        return str(self.record["uuid"])

    @property
    def svm(self) -> str | None:
        """The SVM's name; None for the cluster."""
        return svm_name(self.record)

    @property
    def scope(self) -> str:
        """How sentences name it."""
        return f"SVM {self.svm}" if self.svm else "the cluster"

    @property
    def nodes(self) -> list[str]:
        """The nodes that lack keys."""
        return sorted(health.read_state(self.record).bad_nodes)

    @property
    def lacks_keys_somewhere(self) -> bool:
        """Whether ONTAP reports that a node lacks keys, whatever the reason."""
        return health.read_state(self.record).bad

    def uses(self, client_id: str) -> bool:
        """Whether it logs in as this application. Azure's IDs know no case."""
        return str(self.record.get("client_id")).lower() == client_id.lower()

    def shown(self) -> Record:
        """Return what a result holds of its state."""
        return {"verdict": self.verdict.value, "diagnosis": self.diagnosis.shown()}

    def identity(self) -> Record:
        """Return its part of a result, without its state."""
        names = ("uuid", "scope", "svm", "client_id", "tenant_id", "key_id", "name")
        found = {name: self.record[name] for name in names if self.record.get(name) is not None}
        return {**found, "configuration": configuration_of(self.record) or "default"}


def protected(volumes: Iterable[Record], configurations: Iterable[Configuration]) -> list[Record]:
    """Choose the volumes that an enabled AKV configuration may protect.

    The cluster's own configuration protects volumes of the SVMs without one: ONTAP does not report which.
    """
    enabled = [each for each in configurations if each.verdict is not health.Verdict.INACTIVE]
    svms = {each.svm for each in enabled}
    return [volume for volume in volumes if None in svms or svm_name(volume) in svms]


def offline(volumes: Iterable[Record]) -> list[Record]:
    """Choose the volumes that are offline."""
    return [volume for volume in volumes if volume.get("state") == "offline"]
