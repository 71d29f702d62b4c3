# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is private to the collection: it may change at any time.

"""The hosts and the connection of a play, from common variables."""

from __future__ import annotations

import fnmatch
import re
import typing as t
from collections.abc import Mapping

from ansible_collections.ontap.akv.plugins.module_utils._ontap.connection import ARGUMENT_SPEC
from ansible_collections.ontap.akv.plugins.module_utils._runtime import errors, texts
from ansible_collections.ontap.akv.plugins.plugin_utils._variables import (
    NOT_GIVEN,
    PREFIX,
    Evaluate,
    Kind,
    Values,
    Variable,
    evaluated,
)

_HOSTS = Variable("hosts", (), kind=Kind.NAMES, narrows=True)


def hosts(defined: Mapping[str, t.Any], evaluate: Evaluate, *, by_name: bool = False, runs: bool = True) -> str:
    """Give the pattern of a play's hosts.

    :param defined: the variables as they stand
    :param by_name: whether hosts or groups must be named if the inventory has more than one host
    :param runs: whether the play is run, so that the inventory must have hosts. --syntax-check needs none
    :raises InputError: akv_hosts, the limit, or the inventory is refused
    """
    _check_limit(defined.get("ansible_limit"))
    names = evaluated(f"{PREFIX}hosts", _HOSTS, defined, evaluate)
    given = [] if names is NOT_GIVEN else names
    clusters = defined.get("groups", {}).get("all", ())
    if by_name and len(clusters) > 1 and (not given or _selects_all(given)):
        raise errors.InputError(
            f"{PREFIX}hosts",
            f"this playbook deletes, and the inventory has {len(clusters)} hosts. Name the clusters or"
            f" groups, for example -e {PREFIX}hosts={min(clusters)}.",
        )
    if runs:
        _check_selects(given or ["all"], defined.get("groups", {}))
    return ",".join(given) or "all"


def _check_limit(limit: object) -> None:
    """Refuse a --limit that names nothing: Ansible takes it for none, and a play for no host runs on all of them.

    ansible-rulebook 1.3.2 gives one to a playbook if the event has an empty list of hosts.
    """
    if isinstance(limit, str) and not limit.strip(" ,:"):
        raise errors.InputError(
            "--limit", "it names nothing, so Ansible would select all hosts. Name one, or leave it out."
        )


_NAME = re.compile(r"[\w.*?-]+")


def _check_selects(names: list[str], groups: Mapping[str, t.Any]) -> None:
    """Refuse what selects no host of the inventory: Ansible only warns, does nothing, and ends with exit code 0.

    A pattern that combines or excludes, and a regular expression, are left to Ansible.
    """
    if not groups:  # of a task, not of a play
        return
    clusters = groups.get("all", ())
    for name in names:
        if not _NAME.fullmatch(name) or name == "localhost":
            continue
        if name in ("all", "*"):
            if not clusters:
                problem = "it has no hosts, so nothing would be done. Give the clusters, for example -i inventory.yml."
                raise errors.InputError("--inventory", problem)
            continue
        found = fnmatch.filter({*groups, *clusters}, name)
        if not found:
            hint = texts.did_you_mean(name, sorted({*groups, *clusters} - {"all", "ungrouped"}))
            problem = f"{name} is neither a host nor a group of the inventory."
            raise errors.InputError(f"{PREFIX}hosts", f"{problem} {hint}".rstrip())
        if not any(groups.get(one, [one]) for one in found):
            raise errors.InputError(
                f"{PREFIX}hosts", f"the group {name} has no hosts. Name another one, or add its hosts."
            )


_GRAPH_READER = {
    "tenant_id": Variable("graph_tenant_id", ()),
    "client_id": Variable("graph_client_id", ()),
    "client_secret": Variable("graph_client_secret", (), secret=True),
    "authority": Variable("azure_authority", ()),
    "graph_url": Variable("azure_graph_url", ()),
    "ca_path": Variable("azure_ca_path", (), kind=Kind.PATH),
}


def has_graph_reader(defined: Mapping[str, t.Any], evaluate: Evaluate) -> bool:
    """Check whether a reader of Microsoft Graph is given. The secret is not evaluated for it.

    :raises InputError: a variable is refused
    """
    named = (_GRAPH_READER[option] for option in ("tenant_id", "client_id"))
    return any(evaluated(PREFIX + one.name, one, defined, evaluate) is not NOT_GIVEN for one in named)


def graph_reader(defined: Mapping[str, t.Any], evaluate: Evaluate) -> Values:
    """Give the login of entra_app_info. What is not given is absent.

    :raises InputError: a variable is refused
    """
    values = {option: evaluated(PREFIX + one.name, one, defined, evaluate) for option, one in _GRAPH_READER.items()}
    return {option: value for option, value in values.items() if value is not NOT_GIVEN}


def _selects_all(patterns: list[str]) -> bool:
    return any(part in ("all", "*") for pattern in patterns for part in pattern.split(":"))


def connection(defined: Mapping[str, t.Any], evaluate: Evaluate) -> Values:
    """Give the connection options of the modules. What is not given is absent.

    :param defined: the variables as they stand
    :raises InputError: a variable is refused
    """
    values: Values = {}
    for option, spec in ARGUMENT_SPEC.items():
        variable = Variable(option, (), kind=Kind(spec["type"]), secret=spec.get("no_log", False))
        value = evaluated(PREFIX + option, variable, defined, evaluate)
        if value is not NOT_GIVEN:
            values[option] = value
    for name in ("ansible_host", "inventory_hostname"):
        if "hostname" not in values:
            value = evaluated(name, Variable("hostname", ()), defined, evaluate)
            if value is not NOT_GIVEN:
                values["hostname"] = value
    return values
