# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is private to the collection: it may change at any time.

"""What Microsoft Graph says about the applications of a report. Each reader is asked once, for all its clusters."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ansible_collections.ontap.akv.plugins.module_utils._akv.endings import unanswered
from ansible_collections.ontap.akv.plugins.module_utils._use_cases import entra_app_info

Record = Mapping[str, t.Any]

_PATIENCE: dict[str, t.Any] = {"timeout": 10.0, "retries": 1}


@dataclass
class Readers:
    """The readers of a run, and the applications that each is to be asked about.

    :ivar problems: what could not be asked, in sentences
    """

    problems: list[str] = field(default_factory=list)
    _wanted: dict[tuple[tuple[str, t.Any], ...], set[str]] = field(default_factory=dict)

    def want(self, reader: Mapping[str, t.Any], vaults: Iterable[Record]) -> None:
        """Note that a reader serves a cluster.

        :param reader: its login, the options of entra_app_info
        :param vaults: the AKV configurations of the cluster
        """
        ids = self._wanted.setdefault(tuple(sorted(reader.items())), set())
        for client_id in (str(vault["client_id"]) for vault in vaults if vault.get("client_id")):
            if entra_app_info.APP_ID.fullmatch(client_id):
                ids.add(client_id.lower())
            else:
                # The rest of the applications are asked about nevertheless.
                self._add(f"Azure was not asked about the application {client_id!r}: that is not a client ID.")

    def ask(self) -> dict[str, dict[str, t.Any]]:
        """Ask each reader; give the applications by client ID in lower case."""
        found: dict[str, dict[str, t.Any]] = {}
        for reader, ids in self._wanted.items():
            if not ids:
                continue
            spec = {**entra_app_info.KIND.spec, **entra_app_info.ARGUMENT_SPEC}
            options = {name: option.get("default") for name, option in spec.items()}
            options.update(dict(reader), app_ids=sorted(ids), **_PATIENCE)
            result, warnings = entra_app_info.KIND.execute(options, False, entra_app_info.run)
            found.update({str(one["client_id"]).lower(): one for one in result.get("applications") or ()})
            problem = unanswered(result)
            # The warnings name what Graph does not report: without them, an application without a date looks well.
            for sentence in (*([problem] if problem else []), *warnings):
                self._add(sentence)
        return found

    def _add(self, problem: str) -> None:
        if problem not in self.problems:
            self.problems.append(problem)
