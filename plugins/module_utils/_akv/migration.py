# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""How the keys of an SVM get from one key manager to another: one decision table, read by messages and documentation.

Sources: the vendor's REST API definitions and clients of 9.7 to 9.19.1, and its guide "Manage keys with a cloud
provider". What only a cluster can confirm is marked as inferred.
"""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from ansible_collections.ontap.akv.plugins.module_utils._akv.releases import Release

OKM, KMIP, SVM_KMIP, AKV, AKV_KEY, OTHER = KINDS = ("okm", "kmip", "svm_kmip", "akv", "akv_key", "other")

NAMES = {
    OKM: "the onboard key manager of the cluster",
    KMIP: "KMIP servers of the cluster",
    SVM_KMIP: "KMIP servers of the SVM",
    AKV: "AKV",
    AKV_KEY: "AKV, another key of the same key vault",
    OTHER: "any other key manager",
}
"""What a page calls each kind."""

_CREATE = "Create the AKV configuration of the SVM, then migrate the keys to it (security key-manager key migrate)."
_COPY = "create a new SVM with AKV first, and copy the volumes to it with SnapMirror."
_REFUSED = f"If ONTAP refuses the creation with code 65537505, {_COPY}"
_INACTIVE = (
    "If ONTAP refuses the creation with code 65537505, try an inactive configuration (option configuration) that you"
    f" then enable. If that is refused too, {_COPY}"
)


class Way(t.NamedTuple):
    """How keys get from one key manager to another in some releases.

    :ivar releases: a span as in the table of releases
    :ivar steps: what to do, in sentences
    :ivar documented: whether the vendor documents it; else it is inferred from the API
    """

    source: str
    destination: str
    releases: str
    steps: str
    documented: bool

    def covers(self, release: Release | None) -> bool:
        """Return whether it is for a release; None counts as the first one."""
        return release.within(self.releases) if release else self.releases.partition("-")[0] == "9.7"


WAYS = (
    Way(OKM, AKV, "9.7-9.13.1", f"{_CREATE} {_REFUSED}", True),
    Way(OKM, AKV, "9.14.1-9.18.1", f"{_CREATE} {_INACTIVE}", True),
    Way(
        OKM,
        AKV,
        "9.19.1",
        "Create an inactive AKV configuration for the SVM, enable it, then migrate the keys to it (security key-manager"
        " key migrate).",
        True,
    ),
    Way(
        KMIP,
        AKV,
        "9.7-9.15.1",
        f"{_CREATE} If ONTAP refuses the creation with code 65537505 or the migration with code 65536886, {_COPY}",
        False,
    ),
    Way(
        KMIP,
        AKV,
        "9.16.1",
        "Create an inactive onboard key manager for the cluster and enable it (PATCH /security/key-stores/{uuid}),"
        " which ONTAP refuses with encrypted system root volumes or with a key manager policy. Then go from the onboard"
        " key manager to AKV.",
        False,
    ),
    Way(
        SVM_KMIP,
        AKV,
        "9.7",
        "Migrate the keys to the key manager of the cluster, delete the KMIP configuration of the SVM, create the AKV"
        f" configuration, then migrate the keys to it. If one of these is refused, {_COPY}",
        False,
    ),
    Way(
        AKV,
        OKM,
        "9.7",
        "Set up the onboard key manager of the cluster, migrate the keys to it (security key-manager key migrate),"
        " verify them, then delete the AKV configuration. Cloud Volumes ONTAP does not have an onboard key manager.",
        True,
    ),
    Way(
        AKV,
        KMIP,
        "9.7",
        "Set up the KMIP servers of the cluster, migrate the keys to them (security key-manager key migrate), verify"
        " them, then delete the AKV configuration. If ONTAP refuses the migration with code 65536886, go to the onboard"
        " key manager instead.",
        False,
    ),
    Way(
        AKV,
        AKV,
        "9.7-9.13.1",
        "Migrate the keys to the onboard key manager of the cluster, delete the AKV configuration, create the new one,"
        " then migrate the keys to it.",
        False,
    ),
    Way(
        AKV,
        AKV,
        "9.14.1",
        "Create an inactive AKV configuration and enable it. The previous configuration stays inactive, and enabling it"
        " rolls back. Both keys must work in Azure until then.",
        True,
    ),
    Way(AKV, AKV_KEY, "9.8", "Rekey with akv_rekey. The previous key must stay enabled in Azure.", True),
    Way(
        AKV,
        AKV_KEY,
        "9.7-9.7",
        "ONTAP cannot change the key of a configuration. Upgrade first.",
        True,
    ),
    Way(OTHER, AKV, "9.7", f"The vendor documents no migration between these key managers: {_COPY}", False),
)
"""Every known pair in every release, at most one row for each."""


def kind_of(name: str, is_cluster: bool) -> str:
    """Classify a key manager by the type that ONTAP reports.

    :param name: e.g. "okm", "kmip"; before 9.10.1 "onboard", "external"
    :param is_cluster: whether it is the key manager of the cluster, not of an SVM
    """
    if name in ("okm", "onboard"):
        return OKM if is_cluster else OTHER
    if name in ("kmip", "external"):
        return KMIP if is_cluster else SVM_KMIP
    return AKV if name == "akv" else OTHER


def way(source: str, destination: str, release: Release | None) -> Way:
    """Find how keys get from one key manager to another.

    :param release: None if it is not known: then it counts as the first one
    """
    rows = [each for each in WAYS if each.covers(release)]
    found = [each for each in rows if each[:2] == (source, destination)]
    return next(iter(found or [each for each in rows if each[:2] == (OTHER, AKV)]))


def advise(source: str, release: Release | None) -> str:
    """Say how the keys of an SVM get from a key manager to AKV."""
    found = way(source, AKV, release)
    return found.steps if found.documented else f"{found.steps} (Inferred, try it with one SVM first.)"
