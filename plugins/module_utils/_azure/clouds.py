# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""The clouds of Azure: their authorities, key vaults and Graph (azure-security-docs, about-keys-secrets-certificates;
entra-docs, authentication-national-cloud; Microsoft Graph, national cloud deployments).
"""

from __future__ import annotations

import typing as t


class Cloud(t.NamedTuple):
    """One cloud. A token of one cloud is not valid in another.

    :ivar authority: URL of Microsoft Entra ID
    :ivar vault_suffixes: of the hosts of key vaults and of managed HSMs; each is the host of its own scope
    :ivar graph: URL of Microsoft Graph
    """

    name: str
    authority: str
    vault_suffixes: tuple[str, ...]
    graph: str


CLOUDS = {
    cloud.name: cloud
    for cloud in (
        Cloud(
            "public",
            "https://login.microsoftonline.com",
            ("vault.azure.net", "managedhsm.azure.net"),
            "https://graph.microsoft.com",
        ),
        Cloud(
            "china",
            "https://login.partner.microsoftonline.cn",
            ("vault.azure.cn", "managedhsm.azure.cn"),
            "https://microsoftgraph.chinacloudapi.cn",
        ),
        Cloud(
            "usgov",
            "https://login.microsoftonline.us",
            ("vault.usgovcloudapi.net", "managedhsm.usgovcloudapi.net"),
            "https://graph.microsoft.us",
        ),
    )
}


def of_host(host: str) -> tuple[Cloud, str] | None:
    """Find the cloud of a key vault's host, and the suffix of that host; None for a host of no known cloud."""
    name = host.partition(":")[0].lower()
    for cloud in CLOUDS.values():
        for suffix in cloud.vault_suffixes:
            if name.endswith(f".{suffix}"):
                return cloud, suffix
    return None


def is_resource(host: str) -> bool:
    """Check whether a host is what tokens for key vaults of some cloud are for."""
    return any(host in cloud.vault_suffixes for cloud in CLOUDS.values())


def scope_of(resource: str) -> str:
    """Give the scope that a token is asked for.

    :param resource: host of the scope, such as vault.azure.net, or a URL
    """
    url = resource if "://" in resource else f"https://{resource}"
    return f"{url.rstrip('/')}/.default"
