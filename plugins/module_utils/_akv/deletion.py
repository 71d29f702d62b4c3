# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""Why an AKV configuration must not be deleted: encrypted volumes need its keys. Pure, no I/O.

ONTAP refuses it too, but does not name the volumes.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping

from ansible_collections.ontap.akv.plugins.module_utils._akv import health

Values = Mapping[str, t.Any]


def refusal(found: Values, svm: str | None, configuration: str | None, host: str) -> str:
    """Say why the AKV configuration must not be deleted; "" if nothing was found.

    :param found: the result of akv_info with ``keys`` and ``volumes``
    :param svm: None for the configuration of the cluster: which volumes need that one is not read
    :param configuration: the name of the one to delete; None for the only one
    :param host: the name of the cluster in the inventory
    """
    volumes = found.get("volumes")
    if volumes is None:
        # An empty list would say that no volume needs the configuration.
        return (
            f"Whether encrypted volumes need the AKV configuration is not known on {host}. Let the login read"
            " /api/storage/volumes. Nothing was changed."
        )
    enabled = [vault for vault in found["vaults"] if vault["verdict"] != health.INACTIVE]
    if svm is None or not enabled or configuration not in (None, (enabled[0].get("configuration") or {}).get("name")):
        # An inactive configuration protects no volume.
        return ""
    needed = sorted({str(volume["name"]) for volume in volumes} - set(_elsewhere(enabled)))
    if not needed:
        return ""
    named = f"({len(needed)}): {', '.join(needed)}"
    return (
        f"SVM {svm} on {host} has encrypted volumes that need the AKV configuration {named}."
        " Migrate their keys to another key manager, or move, decrypt, or delete them first. Nothing was changed."
    )


def _elsewhere(vaults: Iterable[Values]) -> Iterable[str]:
    """Name the volumes that do not count: their keys are provably with another key manager."""
    return (name for vault in vaults for name in (vault.get("keys") or {}).get("volumes_elsewhere") or ())
