# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster: its parts, as the scenario says, and what happens to them."""

from __future__ import annotations

import random
import re
import secrets
import uuid as uuids
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from . import releases
from .access import BUILT_IN, Role, User
from .azure.codes import CODES
from .azure.world import World, certificate_of, split_key_id
from .clock import Clock
from .errors import ApiError
from .jobs import Job, Jobs
from .shapes import ScenarioError, unknown

if TYPE_CHECKING:
    from .ems import Entry
    from .faults import Fault

# The uuid that the reference gives the SVM of its examples.
WELL_KNOWN = {"svm/vs0": "4f7abf4c-9a07-11ea-8d52-005056bbeba5"}
DEFAULT_VAULT = {
    "name": "https://mykeyvault.vault.azure.net/",
    "key_id": "https://mykeyvault.vault.azure.net/keys/key1/a8e619fd8f234db3b0b95c59540e2a74",
    "client_id": "client1",
    "tenant_id": "tenant1",
}
# What ONTAP itself fills in, where a release has the field.
DEFAULT_SETTINGS = {
    "oauth_host": "login.microsoftonline.com",
    "vault_host": "vault.azure.net",
    "port": 443,
    "verify_host": True,
    "verify_ip": True,
    "skip_verification": False,
}

VAULT_SETTINGS = {*DEFAULT_VAULT, *DEFAULT_SETTINGS, "proxy_type", "proxy_host", "proxy_port", "proxy_username"}


@dataclass
class Node:
    name: str
    uuid: str
    capable: bool = True
    healthy: bool = True
    cluster_lif: bool = True
    root_encrypted: bool = False
    release: str = ""
    # As ONTAP tells it; None: up or down, as it is healthy or not.
    state: str | None = None


@dataclass
class Svm:
    name: str
    uuid: str
    state: str = "running"
    subtype: str = "default"
    dns: dict[str, list[str]] | None = None
    # The data LIF: up, down or none.
    lif: str = "up"
    default_route: bool = True

    @property
    def reference(self) -> dict[str, str]:
        return {"uuid": self.uuid, "name": self.name}


@dataclass
class License:
    """A package that is licensed, well or not quite."""

    name: str
    state: str = "compliant"


@dataclass
class Volume:
    svm: Svm
    name: str
    uuid: str
    encrypted: bool = False
    nae: bool = False
    # Its keys stayed in the key manager of the admin SVM.
    keys_with_admin: bool = False
    # Its junction; None where it is not mounted.
    path: str | None = None
    # A migration has copied its key, and has not deleted it from where it was.
    keys_with_both: bool = False
    key_id: str = ""
    state: str = "online"
    encryption_state: str = "encrypted"


@dataclass
class Aggregate:
    name: str
    uuid: str
    node: Node
    nae: bool = False


@dataclass
class KeyManager:
    """A key manager other than a vault: onboard, external (KMIP) or of another kind; of the cluster without an SVM."""

    type: str
    uuid: str
    svm: Svm | None
    servers: list[str]
    nse_keys: int = 0
    drives: int = 0
    enabled: bool = True
    configuration: str = "default"
    policy: str | None = None


@dataclass
class Late:
    """A change that was accepted and is applied later, when so many more readings were answered."""

    reads: int
    effect: Callable[[], None]


@dataclass
class Vault:
    """One configuration of an Azure Key Vault; of the cluster where it has no SVM."""

    uuid: str
    svm: Svm | None
    settings: dict[str, Any]
    # The kind of the credential (client_secret or certificate) and its value.
    credential: tuple[str, str]
    proxy_password: str | None = None
    configuration: str = "default"
    enabled: bool = True
    key_store_state: str = "active"
    # Nodes that lost their keys, each with a reason.
    missing: dict[str, str] = field(default_factory=dict)
    # The state is not yet reported as available: for so many more readings, or until then.
    unsettled_reads: int = 0
    unsettled_until: float = 0.0
    expired: set[str] = field(default_factory=set)
    # The record as it was reported last, and the cluster's count of changes at that time.
    reported: tuple[int, dict[str, Any]] = (-1, {})
    # Azure as the last poll found it: since when it was no good, and why.
    polled: float = float("-inf")
    problem: str | None = None
    problem_since: float = 0.0
    # As the event log last noticed it: see ems.py.
    noticed: str = "good"

    def change(self, settings: dict[str, Any], credential: tuple[str, str] | None) -> None:
        """Set settings, unset those that are None, and replace the credential where there is one."""
        self.settings = {name: value for name, value in {**self.settings, **settings}.items() if value is not None}
        self.credential = credential or self.credential

    @property
    def owner(self) -> str:
        return self.svm.name if self.svm else "cluster"

    @property
    def href(self) -> str:
        return f"/api/security/azure-key-vaults/{self.uuid}"


class Azure:
    """Azure as one cluster sees it: the way there, and what is there, which all clusters share."""

    def __init__(self, section: dict[str, Any], world: World) -> None:
        self.reachable: bool = section.get("reachable", True)
        self.poll_interval: float = section.get("poll_interval", 0)
        self.world = world

    def credential_problem(self, vault: Vault) -> str | None:
        """Why Azure does not let the vault's application in, or None."""
        kind, value = vault.credential
        if value in vault.expired:
            return _refusal(7000222)
        client, tenant = vault.settings["client_id"], vault.settings["tenant_id"]
        problem = self.world.login_problem(client, tenant)
        if problem is None and kind == "client_secret":
            problem = self.world.secret_problem(client, value)
        elif problem is None:
            der = certificate_of(value)
            refused = self.world.certificate_problem(client, der) if der else None
            if refused:
                return " ".join(part for part in (_refusal(refused[0]), refused[1]) if part)
        return _refusal(problem) if problem else None

    def key_problem(self, vault: Vault, key_id: str, operation: str = "unwrapKey") -> str | None:
        """Why ONTAP can't use the key, or None. An expired key still unwraps, which is all that a poll needs."""
        if not self.world.keys and not self.world.keys_known and not self.world.key_vaults:
            return None
        key = self.world.find_key(key_id)
        one = key.version(split_key_id(key_id)[1]) if key else None
        if key is None or one is None or key.deleted is not None:
            return "the key was not found"
        if not key.is_enabled(one):
            return "the key is disabled"
        granted = self.world.key_vault(key.host).grants(vault.settings["client_id"], operation)
        if not key.permitted or not granted:
            return "the application is not permitted to use the key"
        if operation == "wrapKey" and not key.in_time(one, self.world.clock.now()):
            return "the key has expired or is not valid yet"
        return None

    def problem(self, vault: Vault) -> str | None:
        if not self.reachable:
            return "the connection timed out"
        return self.credential_problem(vault) or self.key_problem(vault, vault.settings["key_id"])


def _refusal(code: int) -> str:
    return f"AADSTS{code}: {CODES[code].text}"


class Index:
    """The parts of a cluster by the name of their SVM; None stands for the cluster itself."""

    def __init__(self, cluster: Cluster) -> None:
        self.by_uuid = [cluster.vaults[uuid] for uuid in sorted(cluster.vaults)]
        self.vaults = {vault.svm.name if vault.svm else None: vault for vault in self.by_uuid if vault.enabled}
        self.key_managers = {
            manager.svm.name if manager.svm else None: manager for manager in cluster.key_managers if manager.enabled
        }
        self.volumes: dict[str | None, list[Volume]] | None = None


class Cluster:
    """A whole cluster and its state. Not thread-safe: only the server's event loop touches it."""

    def __init__(self, scenario: dict[str, Any], release: str | None = None, world: World | None = None) -> None:
        """`world` is the Azure of another cluster, to share it."""
        self.settings: dict[str, Any] = scenario["cluster"]
        self.name: str = self.settings.get("name", "cluster1")
        # The 9.8 pages still describe 9.7's interface: an own reading of that release.
        self.version = releases.get(release or self.settings.get("release", "9.7"))
        pages = self.version.name == "9.8" and self.settings.get("documentation") == "pages"
        self.release = releases.get("9.7") if pages else self.version
        start = scenario["clock"].get("start")
        self.clock = Clock(_moment(start) if start else None, scenario["clock"].get("speed", 1.0))
        self.random = random.Random(scenario["seed"])
        self.uuid = self.make_uuid("cluster", self.name)
        self.next_uuids = {kind: list(given) for kind, given in scenario["next_uuids"].items()}
        self._made = 0
        self._own_schema: releases.Schema | None = None
        # Counts what changed; see touch().
        self.changes = 0
        self._index: Index | None = None
        # What readings do not show yet: see shown_vaults().
        self.later: list[Late] = []
        self.stale: list[Vault] = []
        self.stale_reads = 0

        self.nodes = {entry["name"]: self._node(entry) for entry in scenario["nodes"]}
        self.svms: dict[str, Svm] = {}
        for entry in scenario["svms"]:
            self._add_svms(entry)
        self.aggregates = [self._aggregate(entry) for entry in scenario["aggregates"]]
        self.volumes: dict[tuple[str, str], Volume] = {}
        for entry in scenario["volumes"]:
            self.add_volume(**entry)
        self.licenses = [License(**entry) for entry in scenario["licenses"]]
        self.dns = _dns(self.settings)
        usual = {"polling_interval": 15, "enabled": True, "manage_volume_offline": True}
        self.health_monitor: dict[str, Any] = {**usual, **self.settings.get("health_monitor", {})}
        self.key_managers = [self._key_manager(entry) for entry in scenario["key_managers"]]
        azure = scenario.get("azure") or {}
        self.azure = Azure(azure, world or World(azure, self.clock))
        jobs = scenario["jobs"]
        self.jobs = Jobs(self.clock, jobs.get("queued", 0.05), jobs.get("running", 0.2), jobs.get("kept", 300))
        # For the next restores: the nodes on which they fail.
        self.failing_nodes: list[list[str]] = []
        self.settles: dict[str, float] = self.settings.get("state_settles_after", {})

        # All that was ever a secret here: never to be logged.
        self.secrets: set[str] = self.azure.world.secrets()
        self.answering_node = next(iter(self.nodes))

        self.vaults: dict[str, Vault] = {}
        for entry in scenario["vaults"]:
            self.add_vaults(entry)
        self.users = {entry["name"]: self._user(entry) for entry in scenario["users"]}
        privileges = {**BUILT_IN, **scenario["roles"]}
        self.secrets.update(user.password for user in self.users.values() if user.password)
        self.roles = {name: Role(given) for name, given in privileges.items()}
        self.faults: list[Fault] = []
        self.log: list[Entry] = []

    # --- making ---

    def make_uuid(self, kind: str, name: str) -> str:
        """A uuid that is always the same for the same thing of the same cluster."""
        known = WELL_KNOWN.get(f"{kind}/{name}") if self.name == "cluster1" else None
        return known or str(uuids.uuid5(uuids.NAMESPACE_URL, f"ontap://{self.name}/{kind}/{name}"))

    def next_uuid(self, kind: str) -> str:
        """The uuid of the next vault or job: the scenario's `next_uuids` first, then made up, never at random."""
        if self.next_uuids.get(kind):
            return str(self.next_uuids[kind].pop(0))
        self._made += 1
        return self.make_uuid(kind, str(self._made))

    def _node(self, entry: dict[str, Any]) -> Node:
        made = {"uuid": self.make_uuid("node", entry["name"]), "release": self.version.name}
        return Node(**{**made, "healthy": entry.get("state", "up") == "up", **entry})

    def _add_svms(self, entry: dict[str, Any]) -> None:
        """One SVM; with `count` as many, a {} in the name giving the place of the number."""
        entry = dict(entry)
        count = entry.pop("count", None)
        dns = _dns(entry)
        for number in range(1, (count or 1) + 1):
            name = entry["name"].replace("{}", str(number)) if count else entry["name"]
            made = {"uuid": self.make_uuid("svm", name), **entry, "name": name, "dns": dns}
            self.svms[name] = Svm(**made)

    def _aggregate(self, entry: dict[str, Any]) -> Aggregate:
        name = entry.get("node", next(iter(self.nodes)))
        if name not in self.nodes:
            raise unknown(name, self.nodes, "aggregates", "node")
        made = {"uuid": self.make_uuid("aggregate", entry["name"]), **entry, "node": self.nodes[name]}
        return Aggregate(**made)

    def _key_manager(self, entry: dict[str, Any]) -> KeyManager:
        entry = {key: value for key, value in entry.items() if key != "scope"}
        svm = self.svm(entry.pop("svm")) if "svm" in entry else None
        owner, span = ("SVM", "svm") if svm else ("cluster", "cluster")
        if not releases.in_span(self.version.name, releases.KEY_MANAGERS[entry["type"]].get(span)):
            raise ScenarioError(
                f"key_managers: ONTAP {self.version.name} has no key manager of the type {entry['type']} for"
                f" {'an' if svm else 'the'} {owner}"
            )
        uuid = self.make_uuid("key-manager", f"{svm.name if svm else 'cluster'}/{entry['type']}")
        return KeyManager(**{"uuid": uuid, "servers": [], **entry, "svm": svm})

    def _user(self, entry: dict[str, Any]) -> User:
        certificate = entry.get("certificate", False)
        password = entry.get("password", None if certificate else secrets.token_urlsafe(12))
        return User(entry["name"], entry.get("role", "admin"), password, certificate)

    def add_vaults(self, entry: dict[str, Any]) -> None:
        """The vault of an SVM, of the cluster, or of each SVM that a name with * matches."""
        names: list[str | None] = [None]
        if "svm" in entry:
            pattern = ".*".join(re.escape(part) for part in entry["svm"].split("*"))
            names = [name for name in self.svms if re.fullmatch(pattern, name)]
            if not names:
                raise unknown(entry["svm"], self.svms, "vaults", "SVM")
        for name in names:
            svm = self.svms[name] if name else None
            configuration = entry.get("configuration", "default")
            place = name or "cluster"
            self.add_vault(
                Vault(
                    uuid=entry.get("uuid") or self.make_uuid("vault", f"{place}/{configuration}"),
                    svm=svm,
                    settings={
                        **DEFAULT_VAULT,
                        **{key: entry[key] for key in entry if key in VAULT_SETTINGS},
                    },
                    credential=(
                        ("certificate", entry["client_certificate"])
                        if "client_certificate" in entry
                        else ("client_secret", entry.get("client_secret", "initial-secret"))
                    ),
                    proxy_password=entry.get("proxy_password"),
                    configuration=configuration,
                    enabled=entry.get("enabled", configuration == "default"),
                    key_store_state=entry.get("key_store_state", "active"),
                    missing=dict.fromkeys(self.node_names(entry.get("keys_missing_on", [])), MISSING),
                )
            )

    def add_vault(self, vault: Vault) -> None:
        if vault.uuid in self.vaults:
            raise ScenarioError(f"vaults: the uuid {vault.uuid} is there twice")
        self.vaults[vault.uuid] = vault
        self.touch()
        self.secrets.add(vault.credential[1])
        if vault.proxy_password:
            self.secrets.add(vault.proxy_password)

    def forget_vault(self, vault: Vault) -> None:
        self.vaults.pop(vault.uuid, None)
        self.touch()

    def add_volume(self, svm: str, name: str, count: int | None = None, **entry: Any) -> None:
        """Add a volume, or with `count` as many; one in an encrypted aggregate (NAE) counts as encrypted."""
        encrypted = any(entry.get(how) for how in ("encrypted", "nae", "keys_with_admin", "keys_with_both"))
        for number in range(1, (count or 1) + 1):
            called = name.replace("{}", str(number)) if count else name
            uuid = self.make_uuid("volume", f"{svm}/{called}")
            # As long as ONTAP's.
            key_id = uuids.uuid5(uuids.UUID(uuid), "key").hex * 4
            made = {"uuid": uuid, "key_id": key_id if encrypted else "", **entry, "encrypted": encrypted}
            self.volumes[svm, called] = Volume(self.svm(svm), called, **made)
        self.touch()

    # --- finding ---

    def svm(self, name: str) -> Svm:
        """The SVM that a scenario or an event names."""
        if name not in self.svms:
            raise unknown(name, self.svms, "svm", "SVM")
        return self.svms[name]

    def node_names(self, names: list[str] | None) -> list[str]:
        """The nodes that an event names; none named, all."""
        for name in names or []:
            if name not in self.nodes:
                raise unknown(name, self.nodes, "nodes", "node")
        return list(self.nodes) if names is None else names

    def touch(self) -> None:
        """Something changed: what was remembered of the cluster's parts holds no longer."""
        self.changes += 1
        self._index = None

    @property
    def index(self) -> Index:
        """The parts by their owner; made again after each change."""
        if self._index is None:
            self._index = Index(self)
        return self._index

    def enabled_vault(self, svm: Svm | None) -> Vault | None:
        return self.index.vaults.get(svm.name if svm else None)

    def key_manager(self, svm: Svm | None) -> KeyManager | None:
        """The enabled onboard or external key manager of an SVM or the cluster."""
        return self.index.key_managers.get(svm.name if svm else None)

    def has_key_manager(self, svm: Svm | None) -> bool:
        return self.key_manager(svm) is not None or self.enabled_vault(svm) is not None

    def encrypted_volumes(self, svm: Svm | None) -> list[Volume]:
        """The volumes whose keys the key manager of that SVM holds; for the cluster, of SVMs without their own."""
        if self.index.volumes is None:
            self.index.volumes = {}
            for volume in self.volumes.values():
                if volume.encrypted:
                    holder = self.holder(volume)
                    self.index.volumes.setdefault(holder.name if holder else None, []).append(volume)
        return self.index.volumes.get(svm.name if svm else None, [])

    def holder(self, volume: Volume) -> Svm | None:
        """The SVM whose key manager holds the volume's key; None for the cluster's."""
        return None if volume.keys_with_admin or not self.has_key_manager(volume.svm) else volume.svm

    def keys_of(self, svm: Svm | None) -> list[Volume]:
        """The volumes whose keys are with the enabled key manager of that SVM, or also there."""
        both = [volume for volume in self.volumes.values() if volume.keys_with_both and svm in (None, volume.svm)]
        return [*both, *(volume for volume in self.encrypted_volumes(svm) if not volume.keys_with_both)]

    def store_state(self, vault: Vault) -> str:
        """The state of a vault's key-store: mixed where keys of its SVM are elsewhere, too."""
        apart = any(
            volume.svm is vault.svm and (volume.keys_with_admin or volume.keys_with_both)
            for volume in self.volumes.values()
        )
        return "mixed" if apart and vault.key_store_state == "active" else vault.key_store_state

    def keep_keys(self, svm: Svm) -> None:
        """The SVM gets a key manager of its own: the keys that exist stay where they are."""
        if self.has_key_manager(None) and not self.has_key_manager(svm):
            for volume in self.volumes.values():
                volume.keys_with_admin = volume.keys_with_admin or (volume.encrypted and volume.svm is svm)

    def trait(self, name: str) -> Any:
        """What the scenario sets, else what the release does."""
        return self.settings.get(name, self.release.traits.get(name))

    def schema(self, kind: str) -> releases.Schema:
        """The fields of a kind of record, with the availability named as the scenario wants it."""
        schema = self.release.schema(kind)
        wanted = self.settings.get("availability_in_replies")
        if kind != "azure_key_vault" or wanted in (None, "none"):
            return schema
        if self._own_schema is None:
            fields = {}
            for path, one in schema.fields.items():
                renamed = f"state.{wanted}" if path in ("state.cluster_state", "state.available") else path
                fields[renamed] = replace(one, path=renamed)
            self._own_schema = releases.Schema(kind, fields)
        return self._own_schema

    def role_of(self, user: User) -> Role:
        return self.roles[user.role]

    def sorted_vaults(self) -> list[Vault]:
        return self.index.by_uuid

    def shown_vaults(self) -> list[Vault]:
        """The vaults as a reading shows them, which may be as they were before the last change."""
        due = [late.effect for late in self.later if late.reads <= 0]
        self.later = [Late(late.reads - 1, late.effect) for late in self.later if late.reads > 0]
        for effect in due:
            effect()
        if due:
            self.touch()
        if self.stale_reads > 0:
            self.stale_reads -= 1
            return self.stale
        return self.sorted_vaults()

    def stay_stale(self, reads: int) -> None:
        """For so many readings, show the vaults as they are now."""
        self.stale_reads = reads
        self.stale = [
            replace(vault, settings=dict(vault.settings), reported=(-1, {})) for vault in self.sorted_vaults()
        ]

    # --- jobs and time ---

    def start_job(self, description: str, effect: Any, svm: Svm | None) -> Job:
        reference = svm.reference if svm else None
        return self.jobs.start(self.next_uuid("jobs"), description, effect, reference, self.answering_node)

    def tick(self) -> None:
        """Let the jobs go on to where the clock says that they are."""
        if self.jobs.tick():
            self.touch()

    def settle_later(self, vault: Vault) -> None:
        """The vault's state is reported as not yet available for a while, where the scenario wants that."""
        vault.unsettled_reads = int(self.settles.get("reads", 0))
        vault.unsettled_until = self.clock.now() + self.settles.get("seconds", 0)


MISSING = "The wrapped KEK is missing on the node."


def _moment(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        raise ScenarioError(f"clock.start: {text!r} is no moment such as 2024-08-29T12:00:00Z") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()


def _dns(entry: dict[str, Any]) -> dict[str, list[str]] | None:
    """What an SVM or the cluster asks for names; no servers, none."""
    found: dict[str, list[str]] = entry.get("dns", {"domains": ["example.com"], "servers": ["192.0.2.53"]})
    return found if found["servers"] else None


def conflict(cluster: Cluster, svm: Svm | None) -> ApiError | None:
    """Why no further key manager can be enabled there."""
    if cluster.has_key_manager(svm):
        return ApiError(1 if cluster.settings.get("duplicate_vault") == "entry" else 65537500)
    return None
