# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The releases, and an AKV configuration to try on each."""

from __future__ import annotations

from typing import Any

RELEASES = (
    *("9.7", "9.8", "9.9.1", "9.10.1", "9.11.1", "9.12.1", "9.13.1"),
    *("9.14.1", "9.15.1", "9.16.1", "9.17.1", "9.18.1", "9.19.1"),
)
KEY = "https://kv1.vault.azure.net/keys/key1"
WHOLE = {
    "svm": "vs0",
    "name": "https://kv1.vault.azure.net/",
    "key_id": f"{KEY}/a8e619fd8f234db3b0b95c59540e2a74",
    "client_id": "client1",
    "tenant_id": "tenant1",
    "client_secret": "canary-Old8Q~secret",
}


def at_least(release: str, first: str) -> bool:
    """Return whether a release is that one or later."""
    return RELEASES.index(release) >= RELEASES.index(first)


def enabled(info: dict[str, Any]) -> dict[str, Any]:
    """The one enabled configuration that akv_info has read."""
    (vault,) = (vault for vault in info["vaults"] if vault.get("enabled", True))
    return dict(vault)
