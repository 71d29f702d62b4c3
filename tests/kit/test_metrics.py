# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The metrics of akv_report, as the parser of the Prometheus project reads them."""

from __future__ import annotations

from datetime import date, datetime, timezone
from pathlib import Path

import pytest
from integration.running import call
from kit.configuration import Values
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from ansible_collections.ontap.akv.plugins.module_utils._akv.report import About, Ends, cluster, reading
from ansible_collections.ontap.akv.plugins.plugin_utils._report.files import make
from ansible_collections.ontap.akv.plugins.plugin_utils._report.prometheus import FAMILIES, PREFIX
from simulator import Simulator

NOW = datetime(2026, 11, 1, 12, tzinfo=timezone.utc)
END = datetime(2026, 11, 21, tzinfo=timezone.utc)
# What would end a label, a line or a sample.
NAME = 'a"b\\c\nd{e="f"} 1 # HELP ü \u2028'


@pytest.fixture(scope="module")
def read() -> Values:
    scenario = {
        "cluster": {"release": "9.14.1"},
        "vaults": [{"svm": "vs0", "client_id": "client1"}, {"svm": "vs1", "keys_missing_on": ["node1"]}],
        "volumes": [
            {"svm": "vs1", "name": "vol1", "encrypted": True},
            {"svm": "vs1", "name": "vol2", "encrypted": True, "state": "offline"},
        ],
    }
    with Simulator(scenario=scenario) as simulator:
        return call("akv_info", simulator.connection, {"volumes": True})[0]


def _parsed(clusters: dict[str, Values | None], folder: Path, part: str = "") -> list[dict[str, Metric]]:
    """The families of each file, by name."""
    ends = Ends.read({"client1": date(2026, 11, 21)}, {})
    records = {name: cluster(reading(result), ends, NOW) for name, result in clusters.items()}
    files = make(records, About(NOW, part), ["prometheus"], folder)
    found = []
    for text in files.values():
        families = list(text_string_to_metric_families(text))
        assert len({family.name for family in families}) == len(families)
        found.append({family.name: family for family in families})
    return found


def _values(family: Metric, *labels: str) -> dict[tuple[str, ...], float]:
    return {tuple(sample.labels[label] for label in labels): sample.value for sample in family.samples}


def test_they_say_what_was_read(read: Values, tmp_path: Path) -> None:
    (families,) = _parsed({"cluster1": read}, tmp_path, "north")
    assert _values(families[f"{PREFIX}up"], "cluster", "slice") == {("cluster1", "north"): 1}
    verdicts = _values(families[f"{PREFIX}configuration_verdict"], "svm", "verdict")
    assert sorted(key for key, value in verdicts.items() if value) == [("vs0", "healthy"), ("vs1", "degraded")]
    assert _values(families[f"{PREFIX}configuration_nodes_without_keys"], "svm") == {("vs0",): 0, ("vs1",): 1}
    volumes = _values(families[f"{PREFIX}encrypted_volumes"], "svm", "state")
    assert volumes == {("vs1", "offline"): 1, ("vs1", "online"): 1}
    expiry = _values(families[f"{PREFIX}credential_expiry_timestamp_seconds"], "client_id")
    assert expiry["client1",] == pytest.approx(END.timestamp(), abs=86400)


def test_each_file_has_the_same_families(read: Values, tmp_path: Path) -> None:
    """A collector that reads both drops the second file where a HELP or TYPE differs, or where one is missing."""
    files = _parsed({"cluster1": read, "cluster2": None}, tmp_path)
    assert len(files) == 2
    for families in files:
        assert {name: (each.type, each.documentation) for name, each in families.items()} == {
            f"{PREFIX}{name}": ("gauge", text) for name, text in FAMILIES.items()
        }
    unread = next(families for families in files if _values(families[f"{PREFIX}up"], "cluster").get(("cluster2",)) == 0)
    assert [name for name, family in unread.items() if family.samples and "configuration" in name] == []


def test_no_sample_has_a_timestamp_and_no_series_is_there_twice(read: Values, tmp_path: Path) -> None:
    series = []
    for families in _parsed({"cluster1": read, "cluster2": read, "cluster3": None}, tmp_path):
        for family in families.values():
            assert [sample.timestamp for sample in family.samples] == [None] * len(family.samples)
            series += [(sample.name, *sorted(sample.labels.items())) for sample in family.samples]
    assert len(set(series)) == len(series)


def test_names_arrive_as_they_are(read: Values, tmp_path: Path) -> None:
    vaults = [{**vault, "svm": {**vault["svm"], "name": NAME}} for vault in read["vaults"][:1]]
    (families,) = _parsed({NAME: {**read, "vaults": vaults}}, tmp_path)
    assert _values(families[f"{PREFIX}configuration_nodes_without_keys"], "cluster", "svm") == {(NAME, NAME): 0}
