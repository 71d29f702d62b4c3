# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""What each ONTAP release can do with an Azure Key Vault: one table, read by plan, reading and documentation.

Sources: release 9.7, the REST API reference "Manage Azure Key Vaults"; later releases, the vendor's published
references and clients. A cell is the first release that has it; "9.8-9.10.1" ends with the last one; None is never.
"""

from __future__ import annotations

import typing as t

RELEASES = (
    "9.7",
    "9.8",
    "9.9.1",
    "9.10.1",
    "9.11.1",
    "9.12.1",
    "9.13.1",
    "9.14.1",
    "9.15.1",
    "9.16.1",
    "9.17.1",
    "9.18.1",
    "9.19.1",
)  # fmt: skip


class Field(t.NamedTuple):
    """When a field of an AKV configuration can be read, sent with POST and sent with PATCH."""

    read: str | None
    post: str | None
    patch: str | None


FIELDS = {
    # field                             read      POST      PATCH
    "authentication_method": Field("9.10.1", "9.10.1-9.13.1", "9.10.1-9.13.1"),
    "azure_reachability": Field("9.8", None, None),
    "client_certificate": Field(None, "9.10.1", "9.10.1"),
    "client_id": Field("9.7", "9.7", "9.9.1"),
    "client_secret": Field(None, "9.7", "9.7"),
    "configuration": Field("9.14.1", "9.14.1", None),
    "ekmip_reachability": Field("9.8", None, None),
    "enabled": Field("9.14.1", None, None),
    "key_id": Field("9.7", "9.7", "9.8-9.10.1"),
    "name": Field("9.7", "9.7", None),
    "oauth_host": Field("9.14.1", "9.14.1", "9.14.1"),
    "port": Field("9.14.1", "9.14.1", "9.14.1"),
    "proxy_host": Field("9.8", "9.8", "9.8"),
    "proxy_password": Field(None, "9.8", "9.8"),
    "proxy_port": Field("9.8", "9.8", "9.8"),
    "proxy_type": Field("9.8", "9.8", "9.8"),
    "proxy_username": Field("9.8", "9.8", "9.8"),
    "scope": Field("9.7", None, None),
    "skip_verification": Field("9.16.1", "9.16.1", "9.16.1"),
    "state": Field("9.7", None, None),
    "svm": Field("9.7", "9.7", None),
    "tenant_id": Field("9.7", "9.7", "9.9.1"),
    "uuid": Field("9.7", None, None),
    "vault_host": Field("9.14.1", "9.14.1", "9.14.1"),
    "verify_host": Field("9.14.1", None, "9.14.1"),
    "verify_ip": Field("9.14.1", None, "9.14.1"),
}

ACTIONS = {
    "rekey-external": "9.11.1",
    "rekey-internal": "9.8",
    "restore": "9.7",
}
"""The first release of each action, POST /security/azure-key-vaults/{uuid}/<action>."""

HEALTH_MONITOR_FIELDS = {
    "health_monitor_polling_interval": "9.10.1",
    "health_monitor_policy": "9.15.1",
}
"""The first release of each field of /security/key-manager-configs that is read."""

HEALTH_FIELDS = ("state", "azure_reachability", "ekmip_reachability")
"""Advanced from 9.8 on: in no reply unless named in ``fields``."""

SECRET_FIELDS = frozenset({"client_secret", "client_certificate", "proxy_password"})
"""Write-only on every release."""


class Release(t.NamedTuple):
    """A release as the cluster names it.

    :param version: generation, major, minor
    """

    version: tuple[int, int, int]

    @classmethod
    def parse(cls, name: str) -> Release:
        """Make a release of its name, e.g. "9.7" or "9.16.1"."""
        numbers = [int(part) for part in name.split(".")]
        generation, major, minor = [*numbers, 0, 0][:3]
        return cls((generation, major, minor))

    def __str__(self) -> str:
        generation, major, minor = self.version
        return f"{generation}.{major}.{minor}" if minor else f"{generation}.{major}"

    @property
    def is_newer_than_known(self) -> bool:
        """Whether it is newer than any release of the table; it then counts as the newest of them."""
        return self.version[:2] > Release.parse(RELEASES[-1]).version[:2]

    def within(self, span: str | None) -> bool:
        """Return whether this release lies in a cell of the table."""
        if span is None:
            return False
        first, dash, last = span.partition("-")
        # Patch releases count by generation and major: 9.9.0 is as much 9.9 as 9.9.1 is.
        mine = self.version[:2]
        return Release.parse(first).version[:2] <= mine and (not dash or mine <= Release.parse(last).version[:2])

    def knows(self, field: str) -> bool:
        """Return whether any request of this release knows the field."""
        return any(self.within(cell) for cell in FIELDS[field])

    def reads(self, field: str) -> bool:
        """Return whether a GET of this release knows the field."""
        return self.within(FIELDS[field].read)

    def posts(self, field: str) -> bool:
        """Return whether a POST of this release takes the field."""
        return self.within(FIELDS[field].post)

    def patches(self, field: str) -> bool:
        """Return whether a PATCH of this release takes the field."""
        return self.within(FIELDS[field].patch)


def first_release(field: str) -> str:
    """Name the first release that knows the field in any request."""
    cells = [cell.partition("-")[0] for cell in FIELDS[field] if cell]
    return min(cells, key=RELEASES.index)


def patch_depends_on_release(field: str) -> bool:
    """Return whether some releases can PATCH the field and others can't."""
    return FIELDS[field].patch not in (None, RELEASES[0])


def health_fields(release: Release) -> list[str]:
    """Name what to ask for to learn an AKV configuration's health."""
    return [field for field in HEALTH_FIELDS if release.reads(field)]
