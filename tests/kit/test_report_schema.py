# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""report.json, as the role akv_report writes it of simulated clusters, against docs/report.schema.json."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import pkcs12
from integration.certificates import make_pkcs12
from integration.running import call
from jsonschema import Draft202012Validator
from kit.configuration import ROOT

from ansible_collections.ontap.akv.plugins.module_utils._akv.fleet import Evidence, Wish, decide
from ansible_collections.ontap.akv.plugins.module_utils._akv.fleet import report as report_rotation
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


@pytest.fixture(scope="module")
def of_rotation() -> Draft202012Validator:
    schema = json.loads((ROOT / "docs" / "rotation.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def _rotate(simulator: Simulator, check_mode: bool, **credential: str) -> Any:
    """The results of a rotation over a cluster, and one that is away."""
    options = {"client_id": "client1", "wait_timeout": 20, **credential}
    plan = call("akv_credential", simulator.connection, options, check_mode=True)[0]
    plans = {"cluster1": plan, "cluster2": None}
    decision = decide(plans, Wish("client1", allow_unreachable=["cluster2"]))
    stages: Any = {}
    if not check_mode:
        stages = {"cluster1": {"rest": call("akv_credential", simulator.connection, options)[0]}}
    about = Evidence("client1", "2027-q1", "CHG1")
    return report_rotation(plans, decision, stages, check_mode=check_mode, evidence=about).results


def _azure(*secrets: str) -> Any:
    return {
        "poll_interval": 0,
        "applications": [{"client_id": "client1", "tenant_id": "tenant1", "secrets": [*secrets]}],
    }


@pytest.mark.parametrize("release", ["9.7", "9.19.1"])
def test_a_rotation_is_as_its_schema_says(of_rotation: Draft202012Validator, release: str) -> None:
    vaults = [{"svm": svm, "client_secret": "previous~Secret8Q"} for svm in ("vs0", "vs1")]
    scenario = {"vaults": vaults, "azure": _azure("previous~Secret8Q", "new~Secret8Q")}
    with Simulator(release=release, scenario=scenario) as simulator:
        planned = _rotate(simulator, True, client_secret="new~Secret8Q")
        done = _rotate(simulator, False, client_secret="new~Secret8Q")
        refused = _rotate(simulator, False, client_secret="wrong~Secret8Q")
    for results in (planned, done, refused):
        for result in results.values():
            assert _errors(of_rotation, result) == []
    assert {vault["credential"] for vault in done["cluster1"]["vaults"]} == {"new"}
    assert all(vault["since"].endswith("Z") for vault in done["cluster1"]["vaults"])
    assert not [vault for vault in planned["cluster1"]["vaults"] if "since" in vault]
    for spoil in ({"secret": "SENTINEL"}, {"outcome": "fine"}, {"vaults": [{}]}):
        assert _errors(of_rotation, {**done["cluster1"], **spoil})


def test_a_certificate_is_named_by_its_thumbprint(of_rotation: Draft202012Validator) -> None:
    certificate = make_pkcs12()
    with Simulator(release="9.14.1", scenario={"vaults": [{"svm": "vs0"}]}) as simulator:
        result = _rotate(simulator, True, client_certificate=certificate)["cluster1"]
    assert _errors(of_rotation, result) == []
    _key, own, _others = pkcs12.load_key_and_certificates(base64.b64decode(certificate), None)
    assert own is not None
    assert result["credential"]["thumbprint"] == own.fingerprint(hashes.SHA1()).hex().upper()


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
