# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is measured: groups of contenders that do the same work on the same cluster. Data, and the tasks of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
VAULTS = "/api/security/azure-key-vaults"
RELEASE = "9.14.1"
SECRET = "benchmark-secret"
KEY = "https://mykeyvault.vault.azure.net/keys/key1"
DECLARED = {
    "name": "https://mykeyvault.vault.azure.net/",
    "key_id": KEY,
    "client_id": "client1",
    "tenant_id": "tenant1",
}

CONFIG, INFO = "ontap.akv.akv_config", "ontap.akv.akv_info"
RESTIT, REST_INFO = "netapp.ontap.na_ontap_restit", "netapp.ontap.na_ontap_rest_info"
URI, PING = "ansible.builtin.uri", "ansible.builtin.ping"

Values = dict[str, Any]


@dataclass(frozen=True)
class Sizes:
    """How many objects there are.

    :ivar loop: items of a loop
    :ivar some: vaults in one task, and of the peers' loops beside it
    :ivar many: vaults in one task, for which the peers' loops are multiplied up
    :ivar clusters: of the simulator
    """

    loop: int = 50
    some: int = 100
    many: int = 1000
    clusters: int = 200


QUICK = Sizes(loop=5, some=10, many=100, clusters=10)


@dataclass(frozen=True)
class World:
    """What a contender is told of the simulated clusters: connections, and the AKV configurations' uuids by SVM."""

    connections: list[Values]
    uuids: Mapping[str, str]


@dataclass(frozen=True)
class Contender:
    """One way to do the work.

    :ivar task: the task of a play; None for the bare session
    :ivar stages: what the bare session sends: stages of (method, path, body)
    :ivar direct: whether this collection runs in Ansible's own process
    :ivar items: objects that it handles, where that is less than the group's: it is then extrapolated
    :ivar needs: what this collection must have for it: "direct" or "bulk"
    """

    name: str
    task: Callable[[World], Values] | None = None
    stages: Callable[[World], list[list[Any]]] | None = None
    direct: bool = False
    items: int = 0
    needs: tuple[str, ...] = ()
    play: Values = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    threads: int = 1


@dataclass(frozen=True)
class Group:
    """Contenders that do the same work: one table.

    :ivar items: objects that are handled
    :ivar borrows: the group whose peers, measured in the same round, stand here too, multiplied up
    """

    name: str
    title: str
    contenders: tuple[Contender, ...]
    items: int = 1
    svms: int = 3
    latency: float = 0.0
    clusters: int = 1
    borrows: str = ""


def available() -> set[str]:
    """What this collection has, of what contenders need."""
    found = {"direct"} if (ROOT / "plugins" / "action" / "akv_config.py").exists() else set()
    spec = (ROOT / "plugins" / "module_utils" / "_use_cases" / "config.py").read_text(encoding="utf-8")
    return found | ({"bulk"} if '"vaults"' in spec else set())


# -- tasks ------------------------------------------------------------------------------------------------------------


def _url(path: str) -> str:
    return "https://{{ hostname }}:{{ http_port }}" + path


def _query(svm: str) -> str:
    return f"{VAULTS}?svm.name={svm}&fields=*,state"


def ping(_world: World) -> Values:
    return {PING: {}}


def uri_read(svm: str) -> Callable[[World], Values]:
    return lambda _world: {URI: {"url": _url(_query(svm))}}


def restit_read(svm: str) -> Callable[[World], Values]:
    return lambda _world: {
        RESTIT: {"api": VAULTS.partition("/api/")[2], "query": {"svm.name": svm, "fields": "*,state"}}
    }


def rest_info(svm: str) -> Callable[[World], Values]:
    subset = VAULTS.partition("/api/")[2]
    return lambda _world: {REST_INFO: {"gather_subset": [subset], "parameters": {"svm.name": svm}, "fields": ["*"]}}


def config(svm: str) -> Callable[[World], Values]:
    return lambda _world: {CONFIG: {"svm": svm, **DECLARED}}


def info(svm: str) -> Callable[[World], Values]:
    return lambda _world: {INFO: {"svm": svm}}


def bulk(number: int, **more: Any) -> Callable[[World], Values]:
    vaults = [{"svm": f"tenant{place}"} for place in range(1, number + 1)]
    return lambda _world: {CONFIG: {**DECLARED, **more, "vaults": vaults}}


def looped(make: Callable[[World], Values], number: int) -> Callable[[World], Values]:
    return lambda world: {**make(world), "loop": f"{{{{ range(1, {number} + 1) | list }}}}"}


def _paths(world: World, number: int) -> list[str]:
    return [f"{VAULTS}/{world.uuids[f'tenant{place}']}" for place in range(1, number + 1)]


def uri_change(number: int) -> Callable[[World], Values]:
    options = {"url": _url("{{ item }}"), "method": "PATCH", "body_format": "json", "body": {"client_secret": SECRET}}
    return lambda world: {URI: options, "loop": _paths(world, number)}


def restit_change(number: int) -> Callable[[World], Values]:
    options = {"api": "{{ item | replace('/api/', '') }}", "method": "PATCH", "body": {"client_secret": SECRET}}
    return lambda world: {RESTIT: options, "loop": _paths(world, number)}


def session_read(number: int) -> Callable[[World], list[list[Any]]]:
    return lambda _world: [[("GET", _query(f"tenant{place}"), None)] for place in range(1, number + 1)]


def session_bulk(number: int, change: bool) -> Callable[[World], list[list[Any]]]:
    pages = ("GET", f"{VAULTS}?fields=*,state", None)

    def stages(world: World) -> list[list[Any]]:
        if not change:
            return [[pages]]
        changes = [("PATCH", path, {"client_secret": SECRET}) for path in _paths(world, number)]
        return [[pages], changes[:1], changes[1:], [pages]]

    return stages


# -- groups -----------------------------------------------------------------------------------------------------------

TENANT = "tenant{{ item }}"
MODULE, DIRECT = "akv_config, as a module", "akv_config, in process"
BULK_MODULE, BULK_DIRECT = "akv_config vaults, as a module", "akv_config vaults, in process"
LOOP_URI, LOOP_RESTIT = "loop of uri", "loop of na_ontap_restit"
SESSION = "bare requests session"


def single(_sizes: Sizes) -> list[Group]:
    """(a) One unchanged task."""
    contenders = (
        Contender("ping", ping),
        Contender("uri", uri_read("vs0")),
        Contender("na_ontap_restit", restit_read("vs0")),
        Contender("na_ontap_rest_info", rest_info("vs0")),
        Contender(MODULE, config("vs0")),
        Contender("akv_info, as a module", info("vs0")),
        Contender(DIRECT, config("vs0"), direct=True, needs=("direct",)),
        Contender("akv_info, in process", info("vs0"), direct=True, needs=("direct",)),
        Contender(SESSION, stages=session_read(1)),
    )
    return [Group("single", "One unchanged task", contenders)]


def loop(sizes: Sizes) -> list[Group]:
    """(b) A loop."""
    number = sizes.loop
    contenders = (
        Contender("ping", looped(ping, number)),
        Contender("uri", looped(uri_read(TENANT), number)),
        Contender("na_ontap_restit", looped(restit_read(TENANT), number)),
        Contender("na_ontap_rest_info", looped(rest_info(TENANT), number)),
        Contender(MODULE, looped(config(TENANT), number)),
        Contender("akv_info, as a module", looped(info(TENANT), number)),
        Contender(DIRECT, looped(config(TENANT), number), direct=True, needs=("direct",)),
        Contender("akv_info, in process", looped(info(TENANT), number), direct=True, needs=("direct",)),
        Contender(SESSION, stages=session_read(number)),
    )
    return [Group("loop", f"A loop of {number}", contenders, items=number, svms=number)]


def _bulk_group(sizes: Sizes, many: bool, latency: float, change: bool) -> Group:
    number = sizes.many if many else sizes.some
    kind = f"{'changed' if change else 'unchanged'}-{round(latency * 1000)}"
    options = {"client_secret": SECRET, "update_credentials": "always"} if change else {}
    peers: tuple[Contender, ...] = ()
    if not many:
        uri = uri_change(number) if change else looped(uri_read(TENANT), number)
        restit = restit_change(number) if change else looped(restit_read(TENANT), number)
        peers = (Contender(LOOP_URI, uri), Contender(LOOP_RESTIT, restit))
        if not latency:
            # They take minutes. Without latency the one that the goals are about has to do.
            peers = peers[1:] if change else peers[:1]
    contenders = (
        *peers,
        Contender(BULK_MODULE, bulk(number, **options), needs=("bulk",)),
        Contender(BULK_DIRECT, bulk(number, **options), direct=True, needs=("bulk", "direct")),
        Contender(SESSION, stages=session_bulk(number, change), threads=8),
    )
    return Group(
        f"{'many' if many else 'some'}-{kind}",
        f"{number:,} {kind.replace('-', ' vaults, ')} ms latency",
        contenders,
        items=number,
        svms=number,
        latency=latency,
        borrows=f"some-{kind}" if many else "",
    )


def many_vaults(sizes: Sizes) -> list[Group]:
    """(c) Many AKV configurations in one task."""
    return [
        _bulk_group(sizes, many, latency, change)
        for many in (False, True)
        for change in (False, True)
        for latency in (0.0, 0.02)
    ]


def clusters(sizes: Sizes) -> list[Group]:
    """(d) Many clusters, an unchanged vault on each."""
    forks = {"ANSIBLE_FORKS": "10"}
    contenders = (
        Contender("uri", uri_read("vs0"), environment=forks),
        Contender("na_ontap_restit", restit_read("vs0"), environment=forks),
        Contender(MODULE, config("vs0"), environment=forks),
        Contender(DIRECT, config("vs0"), direct=True, needs=("direct",), environment=forks),
    )
    return [
        Group(
            "clusters",
            f"{sizes.clusters} clusters, forks 10",
            contenders,
            items=sizes.clusters,
            clusters=sizes.clusters,
        )
    ]


CASES: dict[str, Callable[[Sizes], list[Group]]] = {
    "single": single,
    "loop": loop,
    "bulk": many_vaults,
    "clusters": clusters,
}
