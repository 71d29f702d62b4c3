# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""The use case of akv_preflight_info: what must be true before an SVM can use Azure Key Vault, as ONTAP reports it."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from ansible_collections.ontap.akv.plugins.module_utils._akv import releases
from ansible_collections.ontap.akv.plugins.module_utils._akv.checks import Check, Status, count_by_status
from ansible_collections.ontap.akv.plugins.module_utils._akv.migration import advise, kind_of
from ansible_collections.ontap.akv.plugins.module_utils._akv.record import Record
from ansible_collections.ontap.akv.plugins.module_utils._akv.scope import ARGUMENT_SPEC as SCOPE_OPTIONS
from ansible_collections.ontap.akv.plugins.module_utils._akv.scope import Scope
from ansible_collections.ontap.akv.plugins.module_utils._ontap import key_stores, reading
from ansible_collections.ontap.akv.plugins.module_utils._ontap.client import Client
from ansible_collections.ontap.akv.plugins.module_utils._ontap.obstacles import (
    IN_METROCLUSTER,
    KEYS_REFUSED,
    METROCLUSTER_SINCE,
    metrocluster_state,
    refuses_nae,
)
from ansible_collections.ontap.akv.plugins.module_utils._ontap.volumes import count, is_nae, read_volumes
from ansible_collections.ontap.akv.plugins.module_utils._runtime import errors
from ansible_collections.ontap.akv.plugins.module_utils._runtime.printable import printable
from ansible_collections.ontap.akv.plugins.module_utils._runtime.wording import capital
from ansible_collections.ontap.akv.plugins.module_utils._use_cases.ontap_entry import ONTAP

KIND = ONTAP

ARGUMENT_SPEC: dict[str, t.Any] = {**SCOPE_OPTIONS}

OK, FAILED, WARNING, UNKNOWN = Status

_NODE_STATE_SINCE = "9.8"
# The names of each license: in the vendor's guide, and by releases of its REST API.
_LICENSES = {
    "VE (volume encryption)": {"ve", "volume_encryption"},
    "MTEKM (multi-tenant key management)": {"mtekm", "mtek_mgmt", "mt_ek_mgmt"},
}
_UPDATING = {
    *("in_progress", "waiting", "paused_by_user", "paused_on_error", "pause_pending", "cancel_pending"),
}
_NO_DATA_SVM = ("dp_destination", "sync_destination")


@dataclass(frozen=True)
class Result:
    """What was found."""

    changed: bool
    msg: str
    ready: bool
    checks: list[dict[str, str]]
    summary: dict[str, int]


def run(client: Client, params: Mapping[str, t.Any], check_mode: bool) -> Result:
    """Ask for all that must be true. Reads only, so check mode makes no difference."""
    scope = Scope.from_params(params)
    checks = list(_Preflight(client, scope).checks())
    bad = [check for check in checks if check.status == FAILED]
    return Result(
        changed=False,
        msg=_message(client, scope, bad, checks),
        ready=not bad,
        checks=[check.record(printable) for check in checks],
        summary=count_by_status(checks),
    )


def _message(client: Client, scope: Scope, bad: list[Check], checks: list[Check]) -> str:
    where = f"The cluster {client.where}" if scope.is_cluster else f"{scope} on {client.where}"
    if bad:
        reasons = " ".join(check.message for check in bad)
        return f"{where} is not ready for an Azure Key Vault ({', '.join(check.name for check in bad)}): {reasons}"
    of = {status: _listed(check.name for check in checks if check.status == status) for status in Status}
    doubts = [f"{word}: {of[status]}." for status, word in ((UNKNOWN, "Unknown"), (WARNING, "Check")) if of[status]]
    if doubts:
        message = f"No obstacles found to an Azure Key Vault for {scope} on {client.where}."
        return f"{message} {' '.join(doubts)}"
    return f"{where} is ready for an Azure Key Vault."


class _Preflight:
    """Runs the checks on a cluster, and continues when one of them cannot be answered."""

    def __init__(self, client: Client, scope: Scope) -> None:
        self._client = client
        self._scope = scope
        self._release: releases.Release | None = None
        self._cluster: Record = {}

    def checks(self) -> t.Iterator[Check]:
        """All checks, in the order of the result."""
        yield from self._ask(["release"], self._of_release)
        yield from self._ask(["nodes", "nodes_release"], self._of_nodes)
        yield from self._ask(["upgrade"], self._of_upgrade)
        yield from self._ask(["metrocluster"], self._of_metrocluster)
        yield from self._ask(["licenses"], self._of_licenses)
        if self._scope.is_cluster:
            yield self._of_cluster_dns()
        else:
            of_svm = self._ask(["svm", "dns"], self._of_svm)
            yield from of_svm
            if len(of_svm) == 1:  # The SVM does not exist.
                return
            yield from self._ask(["route"], self._of_route)
        yield from self._of_keys()

    def _ask(self, names: list[str], question: Callable[[], list[Check]]) -> list[Check]:
        """Put a question; where the cluster does not answer it, its checks are unknown.

        :raises AkvError: the cluster cannot be reached, or refuses the login
        """
        try:
            return question()
        except errors.AkvError as exc:
            if exc.details.get("http_status") in (None, 401) or self._client.rest_is_missing:
                raise
            return [Check(name, UNKNOWN, exc.message) for name in names]

    def _of_release(self) -> list[Check]:
        fields = ("name_servers",) if self._scope.is_cluster else ()
        self._release, self._cluster = self._client.cluster(*fields)
        oldest = releases.RELEASES[0]
        if self._release < releases.Release.parse(oldest):
            message = f"{self._client.where} runs ONTAP {self._release}; Azure Key Vault needs {oldest} or later."
            return [Check("release", FAILED, message)]
        return [Check("release", OK, f"{self._client.where} runs ONTAP {self._release}.")]

    def _of_nodes(self) -> list[Check]:
        has_state = self._has(_NODE_STATE_SINCE)
        fields = "name,version,state" if has_state else "name,version"
        nodes = self._client.records("/cluster/nodes", {"fields": fields}, doing="Reading the nodes")
        return [
            self._of_node_states(nodes) if has_state else self._not_reported("nodes", "the state of its nodes"),
            _versions(nodes),
        ]

    def _of_node_states(self, nodes: list[Record]) -> Check:
        states = {str(node.get("name")): node.get("state") for node in nodes}
        bad = [f"{name} is {state}" for name, state in states.items() if state not in ("up", "unknown", None)]
        if bad:
            return Check("nodes", FAILED, f"All nodes must be up: {', '.join(bad)}.")
        unknown = [name for name, state in states.items() if state != "up"]
        if unknown or not states:
            return Check("nodes", UNKNOWN, f"ONTAP does not report the state of {', '.join(unknown) or 'any node'}.")
        return Check("nodes", OK, f"All nodes are up: {', '.join(states)}.")

    def _of_upgrade(self) -> list[Check]:
        software = self._client.get("/cluster/software", {"fields": "state"}, doing="Reading the state of updates")
        state = software.get("state")
        if state in _UPDATING:
            message = f"An update of ONTAP is not finished (state {state}). Finish or cancel it first."
            return [Check("upgrade", FAILED, message)]
        return [Check("upgrade", OK, "No update of ONTAP is running.")]

    def _of_metrocluster(self) -> list[Check]:
        if not self._has(METROCLUSTER_SINCE):
            return [self._not_reported("metrocluster", "the state of the MetroCluster")]
        state = metrocluster_state(self._client)
        if state == "not_configured":
            return [Check("metrocluster", OK, "The cluster is not part of a MetroCluster.")]
        if state in IN_METROCLUSTER:
            message = f"The cluster is part of a MetroCluster ({state}), where ONTAP does not support Azure Key Vault."
            return [Check("metrocluster", FAILED, message)]
        return [Check("metrocluster", UNKNOWN, f"ONTAP reports the MetroCluster state as {state!r}.")]

    def _of_licenses(self) -> list[Check]:
        packages = self._client.records(
            "/cluster/licensing/licenses", {"fields": "name,state"}, doing="Reading the licenses"
        )
        states = {str(each.get("name")).lower(): each.get("state") for each in packages}
        found = {
            package: next((states[name] or "unknown" for name in sorted(names) if name in states), "unlicensed")
            for package, names in _LICENSES.items()
        }
        missing = [package for package, state in found.items() if state == "unlicensed"]
        if missing:
            message = f"License missing: {_listed(missing)}. Install it, or check whether another license includes it."
            return [Check("licenses", FAILED, message)]
        doubtful = [f"{package} is {state}" for package, state in found.items() if state != "compliant"]
        if doubtful:
            return [Check("licenses", WARNING, f"A license is not compliant: {_listed(doubtful)}.")]
        return [Check("licenses", OK, f"Licensed: {_listed(found)}.")]

    def _of_svm(self) -> list[Check]:
        """The SVM and its DNS servers; a single failed check if the SVM does not exist."""
        query = {name.partition(".")[2]: value for name, value in self._scope.query().items()}
        query["fields"] = "dns,name,state,subtype,uuid"
        svms = self._client.records("/svm/svms", query, doing=f"Reading {self._scope}")
        svm = next((each for each in svms if self._scope.owns({"svm": each})), None)
        if svm is None:
            missing = f"{self._scope} does not exist on {self._client.where}."
            return [Check("svm", FAILED, reading.unknown_svm(self._client, self._scope) or missing)]
        dns = svm.get("dns")
        return [_state_of(self._scope, svm), self._of_dns(dns.get("servers") if isinstance(dns, dict) else None)]

    def _of_route(self) -> list[Check]:
        """The route from the SVM to the key vault: a LIF that is up, and a default route."""
        query = self._scope.query()
        lifs = self._client.records(
            "/network/ip/interfaces", {**query, "fields": "name,state,svm"}, doing=f"Reading the LIFs of {self._scope}"
        )
        lifs = [lif for lif in lifs if self._owns(lif)]
        up = [str(lif.get("name")) for lif in lifs if lif.get("state") == "up"]
        if not up:
            message = (
                f"{self._scope} has no LIF that is up, so it cannot reach the key vault. Create one, or bring it up."
            )
            return [Check("route", FAILED, message)]
        routes = self._client.records(
            "/network/ip/routes",
            {**query, "fields": "destination,gateway,svm"},
            doing=f"Reading the routes of {self._scope}",
        )
        gateways = [str(route.get("gateway")) for route in routes if self._owns(route) and _is_default(route)]
        if not gateways:
            message = (
                f"{self._scope} has no default route. Create one, unless another route leads to the key vault or to the"
                " proxy."
            )
            return [Check("route", WARNING, message)]
        message = f"{self._scope} has the LIF {_listed(up[:5])} and a default route to {_listed(gateways)}."
        return [Check("route", OK, message)]

    def _owns(self, record: Record) -> bool:
        return isinstance(record.get("svm"), dict) and self._scope.owns(record)

    def _of_cluster_dns(self) -> Check:
        if not self._cluster:
            return Check("dns", UNKNOWN, "The cluster's DNS servers could not be read.")
        return self._of_dns(self._cluster.get("name_servers"))

    def _of_dns(self, servers: object) -> Check:
        if servers and isinstance(servers, list):
            return Check("dns", OK, f"{capital(self._scope)} uses DNS at {_listed(map(str, servers))}.")
        message = f"{capital(self._scope)} has no DNS server to resolve the key vault's host. Configure DNS for it."
        return Check("dns", FAILED, message)

    def _of_keys(self) -> t.Iterator[Check]:
        """The configuration, other key managers, and encrypted volumes; a configuration explains the other two."""
        managers: list[tuple[str, str]] = []

        def of_managers() -> list[Check]:
            managers.extend(key_stores.enabled_managers(self._client, self._scope, self._release))
            return [self._of_managers([each for each in managers if each[0] != "akv"])]

        other = self._ask(["key_manager"], of_managers)
        reported = key_stores.tells_vaults(self._release) and other[0].status != UNKNOWN
        known = any(kind == "akv" for kind, _uuid in managers) if reported else None
        vault = self._ask(["vault"], lambda: [self._of_vault(known)])
        yield from vault
        yield from other
        yield from self._ask(["key_store_state"], lambda: [self._of_states(managers, other[0].status != UNKNOWN)])
        has_vault = vault[0].status == WARNING
        yield from self._ask(["encrypted_volumes", "nae_volumes"], lambda: self._of_volumes(has_vault))

    def _of_managers(self, managers: list[tuple[str, str]]) -> Check:
        if managers:
            names = _listed(f"{kind} ({uuid})" for kind, uuid in managers)
            steps = advise(kind_of(managers[0][0], self._scope.is_cluster), self._release)
            return Check("key_manager", FAILED, f"{capital(self._scope)} already has the key manager {names}. {steps}")
        return Check("key_manager", OK, f"{capital(self._scope)} has no other key manager.")

    def _of_vault(self, known: bool | None) -> Check:
        """Check which AKV configuration exists.

        :param known: whether there is one, where the key managers report it; else None
        """
        vaults = [] if known is False else reading.vaults_of(self._client, self._scope)
        names = sorted({str(vault.get("name")) for vault in vaults})
        if names:
            message = f"{capital(self._scope)} has an AKV configuration already: {_listed(names)}."
            return Check("vault", WARNING, f"{message} akv_config compares it with the task.")
        return Check("vault", OK, f"{capital(self._scope)} has no AKV configuration yet.")

    def _of_states(self, managers: list[tuple[str, str]], read: bool) -> Check:
        """Check the state of the scope's key stores.

        :param read: whether the key managers could be read
        """
        name = "key_store_state"
        if not read:
            return Check(name, UNKNOWN, f"The key managers of {self._scope} could not be read.")
        if not managers:
            return Check(name, OK, f"{capital(self._scope)} has no key store yet.")
        if self._release is None or not key_stores.tells_state(self._release):
            return self._not_reported(name, "the state of a key-store")
        found = key_stores.states(self._client, self._scope, self._release)
        bad = [
            f"{kind} is {state}: {key_stores.meaning(state)}" for kind, state in found if state not in (None, "active")
        ]
        if bad:
            message = f"The key store of {self._scope} is not active. {_listed(bad)}."
            return Check(name, FAILED, message)
        if any(state is None for _kind, state in found):
            return Check(name, UNKNOWN, f"ONTAP does not report the state of the key store of {self._scope}.")
        return Check(name, OK, f"The key store of {self._scope} is active.")

    def _of_volumes(self, has_vault: bool) -> list[Check]:
        volumes = read_volumes(self._client, self._scope)
        return [self._of_encrypted(volumes, has_vault), self._of_nae(volumes)]

    def _of_encrypted(self, volumes: list[Record], has_vault: bool) -> Check:
        if not volumes or has_vault:
            return Check("encrypted_volumes", OK, count(volumes))
        found = f"{count(volumes)[:-1]} ({_some(volumes)})"
        if self._scope.is_cluster:
            # Each may use a key manager of its own SVM, which is not an obstacle.
            return Check("encrypted_volumes", WARNING, f"{found}. Another key manager may hold their keys.")
        refused = self._release is None or self._release.within(KEYS_REFUSED)
        message = f"{self._scope} has {found}. {key_stores.way_of_keys(self._client, self._scope, self._release)}"
        return Check("encrypted_volumes", FAILED if refused else WARNING, message)

    def _of_nae(self, volumes: list[Record]) -> Check:
        """AKV does not serve volumes that are encrypted with the key of their aggregate."""
        nae = [volume for volume in volumes if is_nae(volume)]
        if not nae:
            return Check("nae_volumes", OK, f"{capital(self._scope)} has no NAE volumes.")
        refused = refuses_nae(self._release) is not None
        message = (
            f"{capital(self._scope)} has volumes in NAE aggregates ({_some(nae)}), which AKV does not protect. Convert"
            " them to NVE first (volume move start -encrypt-with-aggr-key false)."
        )
        return Check("nae_volumes", FAILED if refused else WARNING, message)

    def _has(self, since: str) -> bool:
        return self._release is not None and self._release.within(since)

    def _not_reported(self, name: str, what: str) -> Check:
        if self._release is None:
            return Check(name, UNKNOWN, f"The release is not known, so {what} was not read.")
        return Check(name, UNKNOWN, f"ONTAP {self._release} does not report {what}.")


def _versions(nodes: list[Record]) -> Check:
    """Whether all nodes run one release."""
    names: dict[str, list[str]] = {}
    for node in nodes:
        version = node.get("version")
        full = version.get("full") if isinstance(version, dict) else None
        names.setdefault(str(full or "").partition(":")[0], []).append(str(node.get("name")))
    if len(names) == 1 and "" not in names:
        return Check("nodes_release", OK, f"All nodes run {next(iter(names))}.")
    if len(names) - ("" in names) > 1:
        versions = "; ".join(f"{version or 'unknown'}: {', '.join(those)}" for version, those in sorted(names.items()))
        return Check("nodes_release", FAILED, f"All nodes must run one release; finish the upgrade. {versions}.")
    unknown = _listed(names.get("", ["any node"]))
    return Check("nodes_release", UNKNOWN, f"ONTAP does not report the release of {unknown}.")


def _is_default(route: Record) -> bool:
    destination = route.get("destination")
    destination = destination if isinstance(destination, dict) else {}
    return str(destination.get("netmask")) in ("0", "0.0.0.0") and destination.get("address") in ("0.0.0.0", "::")


def _some(volumes: list[Record]) -> str:
    """Name the first volumes."""
    names = [str(volume.get("name")) for volume in volumes[:5]]
    return _listed([*names, "…"] if len(volumes) > len(names) else names)


def _state_of(scope: Scope, svm: Record) -> Check:
    state, subtype = svm.get("state"), svm.get("subtype")
    if subtype in _NO_DATA_SVM:
        return Check("svm", FAILED, f"{scope} is a copy of another SVM ({subtype}), not a data SVM.")
    if state is None:
        return Check("svm", UNKNOWN, f"ONTAP does not report the state of {scope}.")
    return Check("svm", OK if state == "running" else FAILED, f"{scope} is {state}.")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
