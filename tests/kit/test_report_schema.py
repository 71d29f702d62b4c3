# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""report.json, as the role akv_report writes it of simulated clusters, against docs/report.schema.json."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from integration.running import call
from jsonschema import Draft202012Validator
from kit.configuration import ROOT

from ansible_collections.ontap.akv.plugins.module_utils._akv.report import About, Ends, cluster, reading
from ansible_collections.ontap.akv.plugins.plugin_utils._report.files import make
from simulator import Simulator

NOW = datetime(2026, 11, 1, 12, tzinfo=timezone.utc)
VAULTS = [{"svm": "vs0"}, {"svm": "vs1", "keys_missing_on": ["node1"]}, {"svm": "vs2"}]


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    schema = json.loads((ROOT / "docs" / "report.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@pytest.fixture(scope="module", params=["9.7", "9.12.1", "9.16.1"])
def report(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The report on a cluster that was read, on one that was refused, and on one that was not read."""
    scenario = {"vaults": VAULTS, "volumes": [{"svm": "vs1", "name": "vol1", "encrypted": True, "state": "offline"}]}
    with Simulator(release=request.param, scenario=scenario) as simulator:
        read = call("akv_info", simulator.connection, {"volumes": True})[0]
        refused = call("akv_info", {**simulator.connection, "password": "wrong"}, {})[0]
    ends = Ends.read(
        {"client1": (NOW + timedelta(days=20)).date()}, {"https://mykeyvault.vault.azure.net/keys/key1": "2027-06-30"}
    )
    results = {"cluster1": read, "cluster2": refused, "cluster3": None}
    clusters = {name: cluster(reading(result), ends, NOW) for name, result in results.items()}
    files = make(clusters, About(NOW, "north", "CHG1"), ["json"], tmp_path_factory.mktemp("report"))
    return json.loads(files["report-north.json"])


def _errors(validator: Draft202012Validator, report: Any) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(report)]


def test_a_report_is_as_the_schema_says(validator: Draft202012Validator, report: Any) -> None:
    assert _errors(validator, report) == []
    # What an auditor asks for is there.
    configuration = report["clusters"]["cluster1"]["vaults"][0]
    assert {"client_id", "key_id", "verdict", "diagnosis"} <= set(configuration)
    assert report["expiries"][0]["name"] == "client1"
    assert report["change_number"] == "CHG1"
    assert report["causes"]


def test_an_empty_report_is_as_the_schema_says(validator: Draft202012Validator, tmp_path: Path) -> None:
    assert _errors(validator, json.loads(make({}, About(NOW), ["json"], tmp_path)["report.json"])) == []


def _healthy(report: Any) -> None:
    report["clusters"]["cluster3"]["needs_attention"] = False


def _secret(report: Any) -> None:
    report["clusters"]["cluster1"]["vaults"][0]["client_secret"] = "SENTINEL"


def _verdict(report: Any) -> None:
    report["clusters"]["cluster1"]["vaults"][0]["verdict"] = "fine"


@pytest.mark.parametrize("spoil", [_healthy, _secret, _verdict, lambda report: report.pop("made")])
def test_the_schema_refuses(spoil: Callable[[Any], Any], validator: Draft202012Validator, report: Any) -> None:
    spoiled = copy.deepcopy(report)
    spoil(spoiled)
    assert _errors(validator, spoiled)
