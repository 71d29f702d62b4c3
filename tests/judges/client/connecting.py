# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The vendor's client: its release, how it reaches a simulated cluster of that release, and a vault made by it."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from netapp_ontap import HostConnection
from netapp_ontap.resources import AzureKeyVault

from simulator import Simulator, releases
from simulator.client import CREATE

RELEASE = next(name for name in releases.NAMES if version("netapp-ontap").startswith(f"{name}."))


def connect(cluster: Simulator, **login: str) -> HostConnection:
    reported = cluster.connection
    login = {"username": reported["username"], "password": reported["password"], **login}
    connection = HostConnection(
        reported["hostname"], verify=reported["ca_path"], poll_timeout=20, poll_interval=0.1, **login
    )
    # Not all take it as an argument.
    connection.port = reported["http_port"]
    return connection


def create(**values: Any) -> AzureKeyVault:
    """A vault that the client has made, with what it read of it afterwards."""
    vault = AzureKeyVault.from_dict({**CREATE, **values})
    vault.post(hydrate=True)
    return vault
