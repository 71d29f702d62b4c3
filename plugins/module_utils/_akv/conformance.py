# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""Compares the replies of a cluster with what the collection expects, and removes every word of the cluster's. Pure.

What is kept of a reply: booleans, versions, and words and numbers that stand in the tables here. Names, addresses and
UUIDs become pseudonyms. All else is replaced by its type and length, the names of unknown fields included.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping

from ansible_collections.ontap.akv.plugins.module_utils._akv import releases, uris
from ansible_collections.ontap.akv.plugins.module_utils._akv.scope import is_uuid

FORMAT = 1
"""The format of a bundle; it grows where a reader of an older bundle would be wrong."""

_MANAGED = ("akv", "aws", "gcp", "ikp", "kmip", "okm")
_HEALTH = {"reachable": "bool", "message": "text", "code": "code"}
_SVM = {"svm.uuid": "uuid", "svm.name": "name svm"}

_VAULT = {
    "uuid": "uuid",
    "scope": "word svm cluster",
    **_SVM,
    "client_id": "id",
    "tenant_id": "id",
    "name": "vault",
    "key_id": "key",
    "authentication_method": "word client_secret certificate",
    "configuration.name": "name configuration",
    "configuration.uuid": "uuid",
    "enabled": "bool",
    "proxy_type": "word http https",
    "proxy_host": "host",
    "proxy_port": "int",
    "proxy_username": "name user",
    "oauth_host": "host",
    "port": "int",
    "vault_host": "host",
    "verify_host": "bool",
    "verify_ip": "bool",
    "skip_verification": "bool",
    "state.cluster_state": "bool",
    "state.available": "bool",
    "state.message": "text",
    "state.code": "code",
    **{f"azure_reachability.{name}": kind for name, kind in _HEALTH.items()},
    "ekmip_reachability[].node.uuid": "uuid",
    "ekmip_reachability[].node.name": "name node",
    **{f"ekmip_reachability[].{name}": kind for name, kind in _HEALTH.items()},
}
_KEY_STORE = {
    "uuid": "uuid",
    "keystore.type": "word okm kmip akv gcp aws ikp barbican",
    "keystore.location": "word onboard external",
    "type": "word okm kmip akv gcp aws ikp barbican",
    "location": "word onboard external",
    **_SVM,
    "scope": "word svm cluster",
    "enabled": "bool",
    "configuration.name": "name configuration",
    "configuration.uuid": "uuid",
    "state": "word active mixed svm_kek_rekey blocked switching initializing disabling",
    "is_svm_kek": "bool",
}
_KEY_ID = {
    "key_id": "name key",
    "security_key_manager.uuid": "uuid",
    "node.uuid": "uuid",
    "node.name": "name node",
    **_SVM,
    "scope": "word svm cluster",
    "key_manager": "vault",
    "key_store": "word onboard external",
    "key_store_type": "word okm kmip akv unset gcp aws ikp barbican",
    "key_type": "word nse_ak aek vek nek svm_kek mroot_ak",
    "key_user": "name svm",
    "restored": "bool",
}
# Leaves that not all releases have which have the field above them.
_SPANS = {
    "security/azure-key-vaults": {"state.cluster_state": "9.7-9.7", "state.available": "9.8"},
    "security/key-stores": {
        "keystore.type": "9.10.1-9.13.1",
        "keystore.location": "9.10.1-9.13.1",
        **dict.fromkeys(("scope", "enabled", "configuration.name", "configuration.uuid"), "9.14.1"),
        "state": "9.16.1",
        "is_svm_kek": "9.19.1",
    },
    "security/key-ids": {
        "security_key_manager.uuid": "9.15.1",
        **dict.fromkeys(("svm.uuid", "svm.name", "scope"), "9.14.1"),
    },
    "cluster/nodes": {"state": "9.8"},
}


class Resource(t.NamedTuple):
    """What the collection expects of an endpoint.

    :ivar since: the first release that has it
    :ivar fields: dotted path to kind; ``[]`` stands for a list
    :ivar single: whether the reply is one record, and not a collection
    """

    since: str
    fields: Mapping[str, str]
    single: bool = False


RESOURCES = {
    "cluster": Resource(
        "9.7",
        {
            "uuid": "uuid",
            "name": "name cluster",
            "version.full": "text",
            **{f"version.{part}": "version" for part in ("generation", "major", "minor")},
            "name_servers[]": "host",
        },
        single=True,
    ),
    "cluster/nodes": Resource(
        "9.7",
        {
            "uuid": "uuid",
            "name": "name node",
            "state": "word up booting down taken_over waiting_for_giveback degraded unknown",
            "version.full": "text",
            **{f"version.{part}": "version" for part in ("generation", "major", "minor")},
        },
    ),
    "cluster/metrocluster": Resource(
        "9.8",
        {"local.configuration_state": "word not_configured configured partially_configured configuration_error"},
        single=True,
    ),
    "cluster/licensing/licenses": Resource(
        "9.7",
        {
            "name": "license ve volume_encryption mtekm mtek_mgmt mt_ek_mgmt",
            "scope": "word site cluster node",
            "state": "word compliant noncompliant unlicensed unknown",
        },
    ),
    "svm/svms": Resource(
        "9.7",
        {
            "uuid": "uuid",
            "name": "name svm",
            "state": "word starting running stopping stopped deleting initializing",
            "subtype": "word default dp_destination sync_source sync_destination",
            "dns.servers[]": "host",
            "dns.domains[]": "host",
        },
    ),
    "storage/volumes": Resource(
        "9.7",
        {
            "uuid": "uuid",
            "name": "name volume",
            **_SVM,
            "state": "word error mixed offline online",
            "encryption.enabled": "bool",
            "encryption.type": "word none volume aggregate",
            "encryption.state": "word encrypted encrypting partial rekeying unencrypted",
            "encryption.key_id": "name key",
        },
    ),
    "cluster/jobs": Resource(
        "9.7",
        {
            "uuid": "uuid",
            "state": "word queued running paused success failure error cancelled expired",
            "description": "text",
            "message": "text",
            "code": "code",
        },
    ),
    "support/ems/events": Resource(
        "9.7",
        {
            "index": "int",
            "node.uuid": "uuid",
            "node.name": "name node",
            "time": "text",
            "message.name": "word "
            + " ".join(
                f"ekmip.akv.{event}"
                for event in ("available", "keyExpired", "keyVersionChanged", "notAvailable", "volOffline", "volOnline")
            ),
            "message.severity": "word emergency alert error notice informational debug",
            "parameters[].name": "word name vserver svm configName keyId reason volume volName nodeName",
            "parameters[].value": "text",
        },
    ),
    "security/key-managers": Resource(
        "9.7",
        {
            "uuid": "uuid",
            "scope": "word svm cluster",
            **_SVM,
            "onboard.enabled": "bool",
            "external.servers[].server": "host",
        },
    ),
    "security/key-manager-configs": Resource(
        "9.10.1",
        {
            "health_monitor_polling_interval": "minutes",
            **{
                f"health_monitor_policy.{kind}.{name}": "bool"
                for kind in _MANAGED
                for name in ("enabled", "manage_volume_offline")
            },
        },
        single=True,
    ),
    "security/key-stores": Resource("9.10.1", _KEY_STORE),
    "security/azure-key-vaults": Resource("9.7", _VAULT),
    # Below a key manager and a node: the use case fills in the path.
    "security/key-ids": Resource("9.11.1", _KEY_ID),
}
"""The endpoints that are compared."""

# The hosts that Azure has for everybody.
_SUFFIXES = (
    *(".vault.azure.net", ".vault.azure.cn", ".vault.usgovcloudapi.net"),
    *(".managedhsm.azure.net", ".managedhsm.azure.cn", ".managedhsm.usgovcloudapi.net"),
)
_LOGIN_HOSTS = ("login.microsoftonline.com", "login.microsoftonline.us", "login.partner.microsoftonline.cn")
_KNOWN_NAMES = {("configuration", "default")}
_KNOWN_INTEGERS = (0, 443)
_NO_VOLUMES_YET = "No volumes created yet"
_TYPES: dict[str, type] = {
    "bool": bool,
    **dict.fromkeys(("int", "minutes", "version"), int),
}


def shape(value: object) -> str:
    """Describe a value by its type and length, and by nothing else of it."""
    if value is None:
        return "<null>"
    if isinstance(value, bool):
        return "<boolean>"
    if isinstance(value, int):
        return f"<integer {len(str(abs(value))) if abs(value) < 10**100 else 'over 100'}>"
    if isinstance(value, str):
        return f"<string {len(value)}>"
    if isinstance(value, list):
        return f"<list {len(value)}>"
    if isinstance(value, dict):
        return f"<object {len(value)}>"
    return "<number>"


def _expected(kind: str) -> str:
    """Describe a kind for a reader."""
    first, *words = kind.split()
    if first == "word":
        return f"one of {', '.join(words)}"
    names = {"bool": "boolean", "uuid": "UUID", "code": "integer, or a string of digits"}
    return names.get(first, "integer" if first in _TYPES else "string")


class Findings:
    """What was compared.

    :ivar agrees: names of the checks that agree
    :ivar differs: the checks that do not, each with what was expected and found
    :ivar unchecked: names of checks that this cluster gave no occasion for
    """

    def __init__(self) -> None:
        self.agrees: list[str] = []
        self.differs: list[dict[str, str]] = []
        self.unchecked: list[str] = []

    def add(self, check: str, agrees: bool, expected: str, found: str) -> None:
        """Add the outcome of a check. No word of the cluster may be in it."""
        if agrees:
            self.agrees.append(check)
        else:
            self.differs.append({"check": check, "expected": expected, "found": found})

    def verdict(self) -> str:
        """Sum up, in a sentence."""
        total = len(self.agrees) + len(self.differs)
        if not self.differs:
            return f"agrees in {len(self.agrees)} of {total}"
        return f"agrees in {len(self.agrees)} of {total}; differs in: {', '.join(d['check'] for d in self.differs)}"


class Anonymizer:
    """Replaces the words of one cluster; the same word always by the same pseudonym.

    :param known_codes: the error codes that may stay
    :ivar removed: where something was removed: how it was replaced, and how often
    """

    def __init__(self, known_codes: Iterable[str]) -> None:
        self._codes = frozenset(known_codes)
        self._pseudonyms: dict[str, dict[str, str]] = {}
        self.removed: dict[tuple[str, str], int] = {}

    def _note(self, where: str, how: str) -> None:
        self.removed[where, how] = self.removed.get((where, how), 0) + 1

    def removals(self) -> list[dict[str, t.Any]]:
        """List what was removed: the field, how it was replaced, and how often."""
        return [
            {"field": where, "replaced_by": how, "count": count} for (where, how), count in sorted(self.removed.items())
        ]

    def code(self, code: object) -> str:
        """Return an error code, if it is known."""
        return str(code) if str(code) in self._codes else shape(code)

    def hidden(self, value: object, where: str) -> str:
        """Return the type and length of a value."""
        self._note(where, "type and length")
        return shape(value)

    def dropped(self, where: str) -> None:
        """Note that something was left out."""
        self._note(where, "nothing")

    def pseudonym(self, category: str, value: str, where: str = "") -> str:
        """Return the pseudonym of a name."""
        if (category, value) in _KNOWN_NAMES or not value:
            return value
        if where:
            self._note(where, "pseudonym")
        known = self._pseudonyms.setdefault(category, {})
        number = len(known) + 1
        made = f"00000000-0000-4000-8000-{number:012d}" if category == "uuid" else f"{category}-{number}"
        return known.setdefault(value, made)

    def text_value(self, kind: str, value: str, where: str) -> str:
        """Replace a text by what its kind keeps of it."""
        if kind == "uuid" or (kind == "id" and is_uuid(value)):
            return self.pseudonym("uuid", value.lower(), where) if is_uuid(value) else self.hidden(value, where)
        if kind == "id":
            return self.pseudonym("id", value, where)
        if kind.startswith("name "):
            return self.pseudonym(kind[len("name ") :], value, where)
        if kind == "host":
            return self._host(value, where)
        if kind in ("vault", "key"):
            return self._uri(kind, value, where)
        if kind == "text" and _NO_VOLUMES_YET.lower() in value.lower():
            return f"{_NO_VOLUMES_YET} {self.hidden(value, where)}"
        return self.hidden(value, where) if value else ""

    def _host(self, value: str, where: str) -> str:
        host = value.lower()
        if host in _LOGIN_HOSTS or f".{host}" in _SUFFIXES or not host:
            return host
        suffix = next((suffix for suffix in _SUFFIXES if host.endswith(suffix)), ".example")
        self._note(where, "pseudonym")
        return self.pseudonym("host", host) + suffix

    def _uri(self, kind: str, value: str, where: str) -> str:
        """Replace the parts of a URI; only its form stays, and a host that is Azure's for everybody."""
        slash = "/" if value.endswith("/") else ""
        try:
            if kind == "vault":
                return f"https://{self._host(uris.VaultUri.parse(value).host, where)}{slash}"
            uris.KeyId.parse(value)
        except ValueError:
            return self.hidden(value, where)
        host, *path = value.partition("://")[2].rstrip("/").split("/")
        names = [self.pseudonym(kind, part) for kind, part in zip(("key", "version"), path[1:])]
        return "/".join(["https:/", self._host(host, where), "keys", *names]) + slash


_Tree = t.Union[str, dict[str, t.Any]]


def _tree(fields: Mapping[str, str]) -> dict[str, t.Any]:
    tree: dict[str, t.Any] = {}
    for path, kind in fields.items():
        *parents, leaf = path.replace("[]", ".[]").split(".")
        branch = tree
        for parent in parents:
            branch = branch.setdefault(parent, {})
        branch[leaf] = kind
    return tree


class Comparison:
    """Compares the records of one endpoint with its table, and gives them back without the cluster's words."""

    def __init__(self, name: str, release: releases.Release, anonymizer: Anonymizer) -> None:
        self._name = name
        self._release = release
        self._anonymizer = anonymizer
        self._resource = RESOURCES[name]
        self._tree = _tree(self._resource.fields)
        # Path to what was found there against the table; None where it agrees.
        self._seen: dict[str, str | None] = {}
        self._unknown: list[str] = []

    def take(self, record: object) -> t.Any:
        """Compare a record; return it without words of the cluster's."""
        return self._walk(record, self._tree, "")

    def report(self, findings: Findings) -> None:
        """Add a check for each field of the table, and one for the fields that it lacks."""
        for path, kind in self._resource.fields.items():
            check = f"{self._name}: {path}"
            reads = self._reads(path)
            if path not in self._seen:
                if reads:
                    findings.unchecked.append(check)
                continue
            wrong = self._seen[path]
            if not reads:
                findings.add(check, False, f"not reported by ONTAP {self._release}", wrong or "reported")
            else:
                findings.add(check, wrong is None, _expected(kind), wrong or "")
        shown = ", ".join(sorted(set(self._unknown)))
        findings.add(f"{self._name}: no other fields", not self._unknown, "only fields of the table", shown)

    def _reads(self, path: str) -> bool:
        span = _SPANS.get(self._name, {}).get(path)
        if span is not None:
            return self._release.within(span)
        top = path.partition(".")[0].replace("[]", "")
        if self._name == "security/azure-key-vaults":
            return self._release.within(releases.FIELDS[top].read)
        if self._name == "security/key-manager-configs":
            return self._release.within(releases.HEALTH_MONITOR_FIELDS[top])
        return self._release.within(self._resource.since)

    def _walk(self, value: object, tree: _Tree, path: str) -> t.Any:
        if isinstance(tree, str):
            return self._leaf(value, tree, path)
        if "[]" in tree:
            if isinstance(value, list):
                return [self._walk(each, tree["[]"], f"{path}[]") for each in value]
        elif isinstance(value, dict):
            return self._members(value, tree, path)
        return self._mismatch(value, path)

    def _members(self, value: dict[str, t.Any], tree: dict[str, t.Any], path: str) -> dict[str, t.Any]:
        made: dict[str, t.Any] = {}
        for key, item in value.items():
            if key == "_links":
                self._anonymizer.dropped(f"{self._name}: _links")
            elif key in tree:
                made[key] = self._walk(item, tree[key], f"{path}.{key}" if path else key)
            else:
                # The name of an unknown field is a word of the cluster's, too.
                hidden = f"<field {len(key)}>"
                where = f"{path}.{hidden}" if path else hidden
                self._unknown.append(f"{where} {shape(item)}")
                again = sum(name.startswith(hidden) for name in made)
                made[f"{hidden} #{again + 1}" if again else hidden] = self._anonymizer.hidden(
                    item, f"{self._name}: {where}"
                )
        return made

    def _mismatch(self, value: object, path: str) -> t.Any:
        """Handle a value of another type than the table's, also where the table has an object or a list."""
        if value is None:
            return None
        below = [
            field for field in self._resource.fields if field == path or field.startswith((f"{path}.", f"{path}["))
        ]
        for field in below if path else ():
            self._seen[field] = shape(value)
        if not path:
            self._unknown.append(f"record {shape(value)}")
        return self._anonymizer.hidden(value, f"{self._name}: {path}".rstrip(": "))

    def _leaf(self, value: object, kind: str, path: str) -> t.Any:
        if value is None:
            return None
        where = f"{self._name}: {path}"
        kept, agrees = self._kept(value, kind, where)
        if agrees:
            self._seen.setdefault(path, None)
            return kept
        self._seen[path] = shape(value)
        return self._anonymizer.hidden(value, where)

    def _kept(self, value: object, kind: str, where: str) -> tuple[t.Any, bool]:
        """Give what may stay of a leaf, and whether it is of its kind."""
        kind, *words = kind.split() if not kind.startswith("name ") else [kind]
        if kind == "code":
            number = value if isinstance(value, str) else str(value)
            is_code = isinstance(value, (int, str)) and not isinstance(value, bool) and number.isdecimal()
            known = self._anonymizer.code(number)
            return (value if known == number else self._anonymizer.hidden(value, where)) if is_code else None, is_code
        if kind in _TYPES:
            is_right = isinstance(value, _TYPES[kind]) and (kind == "bool" or not isinstance(value, bool))
            return self._number(value, kind, where) if is_right else None, is_right
        if not isinstance(value, str):
            return None, False
        if kind == "word":
            return value, value in words
        if kind == "license":
            # What else is licensed is of no interest, and no difference.
            return (value.lower() if value.lower() in words else self._anonymizer.hidden(value, where)), True
        if kind == "uuid":
            return (self._anonymizer.text_value(kind, value, where), True) if is_uuid(value) else (None, False)
        return self._anonymizer.text_value(kind, value, where), True

    def _number(self, value: t.Any, kind: str, where: str) -> t.Any:
        limits = {"version": 99, "minutes": 60}
        if kind == "bool" or 0 <= value <= limits.get(kind, -1) or value in _KNOWN_INTEGERS:
            return value
        return self._anonymizer.hidden(value, where)
