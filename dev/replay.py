# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make a simulated cluster of a bundle, and run the modules on it: ``make replay BUNDLE=conformance-1.json``.

The bundle comes from the module akv_conformance_info. It has pseudonyms only, so the scenario may be kept as a test.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.ontap.akv.plugins.module_utils._akv.conformance import FORMAT
from ansible_collections.ontap.akv.plugins.module_utils._ontap import connection as login
from ansible_collections.ontap.akv.plugins.module_utils._use_cases import (
    config,
    conformance_info,
    info,
    preflight_info,
    restore,
)
from ansible_collections.ontap.akv.plugins.module_utils._use_cases.ontap_entry import execute
from simulator import Simulator, releases
from simulator.scenario import SETTINGS
from simulator.scenario import read as read_scenario

Values = dict[str, Any]

_MAIN = re.compile(r"\d+\.\d+")
# What the simulator calls the states that it has of a node, an SVM and a volume.
_NODE_STATES = ("up", "booting", "down", "taken_over", "waiting_for_giveback", "degraded", "unknown")
_SVM_STATES = ("starting", "running", "stopping", "stopped", "deleting", "initializing")
_SUBTYPES = ("default", "dp_destination", "sync_source", "sync_destination")
_STORE_STATES = ("active", "mixed", "svm_kek_rekey", "blocked", "switching", "initializing", "disabling")


class NotReplayable(Exception):
    """A file that is not a bundle, or not one of this version."""


def read(path: Path) -> Values:
    """Read a bundle.

    :raises NotReplayable: says what is wrong with it
    """
    try:
        bundle = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise NotReplayable(f"{path} cannot be read as a bundle: {error}") from None
    if not isinstance(bundle, dict) or bundle.get("format") != FORMAT:
        raise NotReplayable(f"{path} is not a bundle of akv_conformance_info in format {FORMAT}.")
    return bundle


def scenario(bundle: Values) -> Values:
    """Make the scenario of a simulated cluster. What the simulator cannot represent is left out."""
    replies = _mapping(bundle.get("replies"))
    vaults = list({vault.get("uuid", place): vault for place, vault in enumerate(_vaults(replies))}.values())
    volumes = list({(volume["svm"], volume["name"]): volume for volume in _volumes(replies)}.values())
    svms = {svm["name"]: svm for svm in _svms(replies)}
    for owned in (*vaults, *volumes):
        if "svm" in owned:
            svms.setdefault(owned["svm"], {"name": owned["svm"]})
    made: Values = {
        "cluster": _cluster(bundle, replies),
        "nodes": list({node["name"]: node for node in _nodes(replies)}.values()),
        "svms": list(svms.values()),
        "licenses": list(_licenses(replies)),
        "volumes": volumes,
        "vaults": vaults,
    }
    made = {name: value for name, value in made.items() if value or name in ("licenses", "vaults", "volumes")}
    read_scenario(made)
    return made


def _release(bundle: Values) -> str:
    """The release of the simulator that is nearest: the same, or the last one of the same major, or the newest."""
    wanted = str(bundle.get("release"))
    major = _MAIN.match(wanted)
    alike = [name for name in releases.NAMES if major and _MAIN.match(name).group() == major.group()]  # type: ignore[union-attr]
    return wanted if wanted in releases.NAMES else [*releases.NAMES, *alike][-1]


def _cluster(bundle: Values, replies: Values) -> Values:
    made: Values = {"release": _release(bundle), "name": "cluster-1"}
    states = [_mapping(vault.get("state")) for vault in _records(replies, "security/azure-key-vaults")]
    codes = [state["code"] for state in states if "code" in state]
    if codes:
        made["code_in_replies"] = "string" if isinstance(codes[0], str) else "integer"
    if any("cluster_state" in state for state in states):
        made["availability_in_replies"] = "cluster_state"
    elif any("available" in state for state in states):
        made["availability_in_replies"] = "available"
    unknown = _mapping(bundle.get("errors")).get("security/azure-key-vaults: unknown UUID")
    if unknown:
        made["unknown_uuid"] = "entry" if unknown == "4" else "not_configured"
    local = _mapping(_mapping(replies.get("cluster/metrocluster")).get("local"))
    if local.get("configuration_state") in ("configured", "partially_configured"):
        made["metrocluster"] = True
    interval = _mapping(replies.get("security/key-manager-configs")).get("health_monitor_polling_interval")
    if isinstance(interval, int):
        made["health_monitor"] = {"polling_interval": interval}
    return made


def _nodes(replies: Values) -> Iterator[Values]:
    for record in _records(replies, "cluster/nodes"):
        yield from _kept(record, "name", uuid=None, state=_NODE_STATES)


def _svms(replies: Values) -> Iterator[Values]:
    for record in _records(replies, "svm/svms"):
        yield from _kept(record, "name", uuid=None, state=_SVM_STATES, subtype=_SUBTYPES)


def _licenses(replies: Values) -> Iterator[Values]:
    for record in _records(replies, "cluster/licensing/licenses"):
        if not str(record.get("name")).startswith("<"):
            yield from _kept(record, "name", state=("compliant", "noncompliant", "unknown"))


def _volumes(replies: Values) -> Iterator[Values]:
    for record in _records(replies, "storage/volumes"):
        svm = _mapping(record.get("svm")).get("name")
        encryption = _mapping(record.get("encryption"))
        for made in _kept(record, "name", uuid=None, state=("online", "offline")):
            if svm:
                kind = {"nae": True} if encryption.get("type") == "aggregate" else {}
                yield {**made, "svm": svm, "encrypted": encryption.get("enabled") is True, **kind}


def _vaults(replies: Values) -> Iterator[Values]:
    stores = {store.get("uuid"): store for store in _records(replies, "security/key-stores")}
    for record in _records(replies, "security/azure-key-vaults"):
        svm = _mapping(record.get("svm")).get("name")
        made: Values = {"svm": svm} if svm else {"scope": "cluster"}
        for name in ("uuid", *SETTINGS):
            if record.get(name) is not None and not str(record[name]).startswith("<"):
                made[name] = record[name]
        configuration = _mapping(record.get("configuration")).get("name")
        if configuration:
            made["configuration"] = configuration
        if isinstance(record.get("enabled"), bool):
            made["enabled"] = record["enabled"]
        state = _mapping(stores.get(record.get("uuid"))).get("state")
        if state in _STORE_STATES:
            made["key_store_state"] = state
        yield made


def _kept(record: Values, needed: str, **taken: tuple[str, ...] | None) -> Iterator[Values]:
    """The part of a record that a scenario takes; nothing where it has no name."""
    if isinstance(record.get(needed), str):
        made = {needed: record[needed]}
        for name, words in taken.items():
            if isinstance(record.get(name), str) and (words is None or record[name] in words):
                made[name] = record[name]
        yield made


def _records(replies: Values, name: str) -> list[Values]:
    records = replies.get(name)
    return [record for record in records if isinstance(record, dict)] if isinstance(records, list) else []


def _mapping(value: Any) -> Values:
    return value if isinstance(value, dict) else {}


def run(made: Values) -> Iterator[tuple[str, Values]]:
    """Run the modules on the simulated cluster; nothing is changed on it."""
    # An inactive configuration cannot be restored. The simulator enables what is named default, or not named.
    enabled = (
        vault for vault in made["vaults"] if vault.get("enabled", vault.get("configuration", "default") == "default")
    )
    svm = next((vault["svm"] for vault in enabled if "svm" in vault), None)
    of_svm = (
        [("akv_preflight_info", preflight_info, {"svm": svm}), ("akv_restore", restore, {"svm": svm})] if svm else []
    )
    if svm:
        of_svm.append(("akv_config", config, {"svm": svm}))
    for name, module, options in (("akv_info", info, {}), *of_svm, ("akv_conformance_info", conformance_info, {})):
        with Simulator(scenario=made) as simulator:
            yield name, _call(module, simulator.connection, options)


def _call(module: Any, connection: Mapping[str, Any], options: Values) -> Values:
    given = {name: value for name, value in connection.items() if name in login.ARGUMENT_SPEC and value is not None}
    spec = {**login.ARGUMENT_SPEC, **module.ARGUMENT_SPEC}
    validated = ArgumentSpecValidator(spec).validate({**given, **options})
    return execute(validated.validated_parameters, True, module.run)[0]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make replay", description="Replay a bundle of akv_conformance_info.")
    parser.add_argument("bundle", type=Path, help="the file; from make: BUNDLE=FILE")
    parser.add_argument("--scenario", type=Path, help="also write the scenario there, for tests and make simulator")
    given = parser.parse_args(arguments)
    try:
        bundle = read(given.bundle)
        made = scenario(bundle)
    except (NotReplayable, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    if given.scenario:
        given.scenario.write_text(yaml.safe_dump(made, sort_keys=False), encoding="utf-8")
    print(f"The cluster:          ONTAP {bundle.get('release') or 'unknown'} {bundle.get('verdict')}")
    failed = False
    for name, result in run(made):
        failed = failed or result["failed"]
        print(f"{name + ':':21} {'FAILED ' if result['failed'] else ''}{result['msg']}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
