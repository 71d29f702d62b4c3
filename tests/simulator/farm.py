# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starting and stopping clusters: in the foreground, or in a thread of a test."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TextIO, TypeVar

from . import control, events, health, scenario
from .azure.server import AzureServer
from .azure.world import World
from .clock import Clock
from .cluster import Cluster
from .faults import Fault
from .server import Server
from .tls import Authority

LOOPBACK = ("127.0.0.1", "::1", "localhost")
T = TypeVar("T")
_VARIABLES = {
    "ONTAP_HOSTNAME": "hostname",
    "ONTAP_PORT": "http_port",
    "ONTAP_USERNAME": "username",
    "ONTAP_PASSWORD": "password",
    "ONTAP_CA_PATH": "ca_path",
}


def login(connection: Mapping[str, Any]) -> dict[str, str]:
    """The variables of the environment that lead to a cluster."""
    given = {variable: connection[key] for variable, key in _VARIABLES.items()}
    return {variable: str(value) for variable, value in given.items() if value is not None}


def make_cluster(checked: dict[str, Any], release: str | None, world: World | None = None) -> Cluster:
    """The cluster that a checked scenario describes, its events already happened."""
    cluster = Cluster(checked, release, world)
    cluster.faults += [Fault.of(fault) for fault in checked["faults"]]
    for vault in cluster.vaults.values():
        health.poll(cluster, vault)
    for event in checked["events"]:
        events.apply(cluster, event)
    return cluster


class Farm:
    """One or many clusters, each on a port of its own, with one certificate authority."""

    def __init__(
        self,
        release: str | None = None,
        source: str | Path | dict[str, Any] | None = None,
        clusters: int = 1,
        host: str = "127.0.0.1",
        log: TextIO | None = None,
        azure: bool = False,
    ) -> None:
        """`azure`: listen as Azure too. Raises ScenarioError or ValueError for what can't be started."""
        if host not in LOOPBACK:
            raise ValueError(f"the simulator listens on loopback only, not on {host}")
        checked = scenario.read(source)
        self._folder = Path(tempfile.mkdtemp(prefix="ontap-simulator-"))
        try:
            authority = Authority(self._folder)
            tls = checked["tls"]
            self.https: bool = tls.get("enabled", True)
            context = authority.server_context(tls.get("certificate", "valid")) if self.https else None
            self.ca_path = authority.ca_path
            self.servers: list[Server] = []
            for number in range(1, clusters + 1):
                named = dict(checked)
                if clusters > 1:
                    named["cluster"] = {**checked["cluster"], "name": f"cluster{number}"}
                world = self.servers[0].cluster.azure.world if self.servers else None
                self.servers.append(Server(make_cluster(named, release, world), context, host, log))
            self.azure = None
            if azure:
                # Azure speaks HTTPS whatever the clusters do; its certificate follows the scenario's.
                of_azure = context or authority.server_context(tls.get("certificate", "valid"))
                self.azure = AzureServer(self.servers[0].cluster, of_azure, host, log)
            users = self.servers[0].cluster.users.values()
            self.certificates = {
                user.name: authority.client_certificate(user.name) for user in users if user.certificate
            }
        except BaseException:
            self.remove()
            raise

    async def start(self, port: int = 0, azure_port: int = 0) -> None:
        """Listen: the first cluster on `port`, the others on the ports after it (0: any free ones)."""
        if self.azure is not None:
            await self.azure.start(azure_port)
        for place, server in enumerate(self.servers):
            await server.start(port + place if port else 0)

    async def stop(self) -> None:
        for server in [*self.servers, *([self.azure] if self.azure else [])]:
            await server.stop()

    def remove(self) -> None:
        """Remove the certificates."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def connection(self) -> dict[str, Any]:
        """What a client needs, as in the connection file; that of the first cluster, and all under `clusters`."""
        each = [self._connection_of(server) for server in self.servers]
        found = {**each[0], "clusters": each} if len(each) > 1 else each[0]
        if self.azure is not None:
            host = f"[{self.azure.host}]" if ":" in self.azure.host else self.azure.host
            url = f"https://{host}:{self.azure.port}"
            found["azure"] = {
                **dict.fromkeys(("authority", "vault_url", "graph_url"), url),
                "ca_path": str(self.ca_path),
            }
        return found

    def _connection_of(self, server: Server) -> dict[str, Any]:
        users = server.cluster.users
        by_password = [user for user in users.values() if user.password is not None]
        user = users["admin"] if users.get("admin") in by_password else next(iter(by_password), None)
        found: dict[str, Any] = {
            "hostname": server.host,
            "http_port": server.port,
            "username": user.name if user else None,
            "password": user.password if user else None,
            "ca_path": str(self.ca_path),
        }
        if self.certificates:
            found["certificates"] = {
                name: {"cert_filepath": str(certificate), "key_filepath": str(key)}
                for name, (certificate, key) in self.certificates.items()
            }
        return found


class Simulator:
    """A cluster in a thread of this process, for tests."""

    def __init__(
        self,
        release: str | None = None,
        scenario: str | Path | dict[str, Any] | None = None,
        port: int = 0,
        clusters: int = 1,
        host: str = "127.0.0.1",
        log: TextIO | None = None,
        azure: bool = False,
    ) -> None:
        self._farm = Farm(release, scenario, clusters, host, log, azure)
        self._port = port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="ontap-simulator", daemon=True)

    def __enter__(self) -> Simulator:
        self._thread.start()
        try:
            self._in_loop(lambda: self._farm.start(self._port))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        self._in_loop(self._farm.stop)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._farm.remove()

    def _in_loop(self, make: Callable[[], Any]) -> Any:
        """Run something where the clusters live, and wait for it."""

        async def run() -> Any:
            made = make()
            return await made if asyncio.iscoroutine(made) else made

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result()

    @property
    def _cluster(self) -> Cluster:
        return self._farm.servers[0].cluster

    @property
    def connection(self) -> dict[str, Any]:
        """hostname, http_port, username, password, ca_path; certificates and clusters where there are any."""
        return self._farm.connection()

    @property
    def requests(self) -> list[dict[str, Any]]:
        """The requests seen, oldest first: method, path, query, status (None where the connection was cut)."""
        return self._farm.servers[0].requests

    @property
    def azure_requests(self) -> list[dict[str, Any]]:
        """The requests that Azure has seen, likewise."""
        assert self._farm.azure is not None
        return self._farm.azure.requests

    @property
    def tokens(self) -> list[str]:
        """All tokens that Entra has issued."""
        assert self._farm.azure is not None
        return list(self._farm.azure.entra.tokens)

    @property
    def clock(self) -> Clock:
        return self._cluster.clock

    def apply(self, events: list[dict[str, Any]]) -> None:
        """Let events happen, in order.

        Raises ScenarioError.
        """
        self._in_loop(lambda: control.apply(self._cluster, {"events": events}))

    def vaults(self) -> list[dict[str, Any]]:
        """All vaults, without secrets."""
        found: list[dict[str, Any]] = self._in_loop(lambda: control.vaults(self._cluster))
        return found

    def jobs(self) -> list[dict[str, Any]]:
        """The records of all jobs that are not yet removed."""

        def records() -> list[dict[str, Any]]:
            self._cluster.tick()
            return [job.record() for job in self._cluster.jobs.all.values()]

        found: list[dict[str, Any]] = self._in_loop(records)
        return found

    def secret_of(self, uuid: str) -> str:
        """The client secret or certificate of a vault."""
        return str(self._in_loop(lambda: self._cluster.vaults[uuid].credential[1]))
