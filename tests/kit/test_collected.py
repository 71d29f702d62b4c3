# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The metrics and the alerts in node_exporter and Prometheus themselves, where this machine has them."""

from __future__ import annotations

import json
import re
import shutil
import socket
import time
import typing as t
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import yaml
from integration.running import LIMIT, Program, attempt, call
from kit.configuration import ROOT, Values
from prometheus_client.parser import text_string_to_metric_families

from ansible_collections.ontap.akv.plugins.module_utils._akv.report import About, Ends, cluster, reading
from ansible_collections.ontap.akv.plugins.plugin_utils._report.files import make, write
from simulator import Simulator

RULES = ROOT / "extensions" / "prometheus" / "akv_alerts.yml"
SCENARIO = {
    "vaults": [{"svm": "vs0", "client_id": "app0"}, {"svm": "vs1"}, {"scope": "cluster"}],
    "volumes": [{"svm": svm, "name": "vol1", "encrypted": True} for svm in ("vs0", "vs1")],
    "clock": {"speed": 0},
}
T = t.TypeVar("T")
KEY = "https://mykeyvault.vault.azure.net/keys/key1"


def _program(name: str) -> str:
    return shutil.which(name) or pytest.skip(
        f"{name} is not on this machine: apt install prometheus prometheus-node-exporter"
    )


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _get(url: str) -> str:
    # A proxy of the environment cannot reach it.
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(url, timeout=10) as answer:
        return str(answer.read().decode())


def _await(ask: Callable[[], T], expected: T) -> None:
    found: T | OSError | None = None
    end = time.monotonic() + LIMIT
    while found != expected:
        assert time.monotonic() < end, f"{found!r} instead of {expected!r}"
        time.sleep(0.2)
        try:
            found = ask()
        except OSError as error:  # it does not listen yet
            found = error


@contextmanager
def _listening(program: str, *options: str) -> Iterator[str]:
    """Run a program of Prometheus on a free port; give its address."""
    address = f"127.0.0.1:{_free_port()}"
    with Program(_program(program), f"--web.listen-address={address}", *options) as running:

        def answers() -> bool:
            assert running.poll() is None, running.output
            return bool(_get(f"http://{address}/metrics"))

        _await(answers, True)
        yield address


def _collector(folder: Path) -> AbstractContextManager[str]:
    """Run node_exporter's textfile collector; give its address."""
    of_files = ("--collector.textfile", f"--collector.textfile.directory={folder / 'metrics'}")
    return _listening("prometheus-node-exporter", "--collector.disable-defaults", *of_files)


def _report(folder: Path, clusters: Mapping[str, Values | None], part: str = "", age: int = 0, **ends: Values) -> None:
    """Write the metrics of a run.

    :param age: days since it
    """
    now = datetime.now(timezone.utc) - timedelta(days=age)
    dates = Ends.read(ends.get("credentials"), ends.get("keys"))
    records = {name: cluster(reading(result), dates, now) for name, result in clusters.items()}
    write(folder, make(records, About(now, part), ["prometheus"], folder), public_metrics=True)


def _read(simulator: Simulator) -> Values:
    return call("akv_info", simulator.connection, {"volumes": True})[0]


def _series(text: str) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *(f"{name}={value}" for name, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith("ontap_akv_")
    }


def test_node_exporter_drops_nothing(tmp_path: Path) -> None:
    """Files of two clusters, of a part of the inventory, of an unread cluster, and with names that hold markup."""
    with Simulator(release="9.14.1", scenario=SCENARIO) as one, Simulator(release="9.7") as two:
        soon = datetime.now(timezone.utc).date() + timedelta(days=20)
        _report(tmp_path, {"c1": _read(one), "c2": _read(two)}, credentials={"app0": soon}, keys={KEY: soon})
        _report(tmp_path, {"c3": _read(one), "c4": None, 'c"5\\\n{a="b"} 1 # ü': _read(one)}, "south")
    files = [path.read_text(encoding="utf-8") for path in (tmp_path / "metrics").glob("*.prom")]
    written = [series for text in files for series in _series(text).items()]
    assert len(files) == 5
    with _collector(tmp_path) as address:
        scraped = _get(f"http://{address}/metrics")
    assert sorted(_series(scraped).items()) == sorted(written)
    assert re.search("^node_textfile_scrape_error 0$", scraped, re.MULTILINE)


def test_promtool_has_nothing_to_say(tmp_path: Path) -> None:
    promtool = _program("promtool")
    with Simulator(release="9.14.1", scenario=SCENARIO) as simulator:
        _report(tmp_path, {"c1": _read(simulator), "c2": None})
    files = [path.read_bytes() for path in (tmp_path / "metrics").glob("*.prom")]
    assert len(files) == 2
    assert [attempt(promtool, "check", "metrics", given=file) for file in files] == [("", 0)] * 2


def test_each_alert_fires_when_its_fault_happens(tmp_path: Path) -> None:
    rules = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    for rule in rules["groups"][0]["rules"]:
        rule.pop("for", None)
        if rule.get("record") == "ontap_akv:clusters_expected":
            rule["expr"] = "vector(2)"
    (tmp_path / "rules.yml").write_text(yaml.safe_dump(rules), encoding="utf-8")

    def firing() -> set[tuple[str, str]]:
        found = json.loads(_get(f"http://{prometheus}/api/v1/alerts"))["data"]["alerts"]
        return {(alert["labels"]["alertname"], alert["labels"].get("cluster", "")) for alert in found}

    def expect(*alerts: tuple[str, str]) -> None:
        _await(firing, {(f"OntapAkv{name}", where) for name, where in alerts})

    with Simulator(release="9.14.1", scenario=SCENARIO) as one, Simulator(release="9.14.1") as two:
        _report(tmp_path, {"c1": _read(one), "c2": _read(two)})
        # Two collectors read the same folder, as those of two machines do that mount it.
        with _collector(tmp_path) as first, _collector(tmp_path) as second:
            settings: Values = {"global": {"scrape_interval": "1s", "evaluation_interval": "1s"}}
            settings["rule_files"] = ["rules.yml"]
            settings["scrape_configs"] = [{"job_name": "node", "static_configs": [{"targets": [first, second]}]}]
            (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")
            places = (f"--config.file={tmp_path / 'prometheus.yml'}", f"--storage.tsdb.path={tmp_path / 'data'}")
            with _listening("prometheus", *places) as prometheus:
                expect()
                (tmp_path / "metrics" / "c2.prom").unlink()
                expect(("ClustersMissing", ""))
                _report(tmp_path, {"c2": None})
                expect(("ClusterNotRead", "c2"))
                _report(tmp_path, {"c2": _read(two)}, age=2)
                expect(("ReportIsOld", "c2"))
                soon = datetime.now(timezone.utc).date() + timedelta(days=6)
                _report(tmp_path, {"c1": _read(one), "c2": _read(two)}, credentials={"app0": soon}, keys={KEY: soon})
                expect(("CredentialExpires", ""), ("KeyExpires", ""))
                one.apply([{"lose_keys": {"scope": "cluster", "nodes": ["node1"]}}])
                one.apply([{"expire_credential": {"svm": "vs0"}}])
                blind = {**_read(two), "vaults": [{**_read(one)["vaults"][0], "verdict": "unknown"}]}
                _report(tmp_path, {"c1": _read(one), "c2": blind})
                expect(("Degraded", "c1"), ("AzureUnreachable", "c1"), ("Unknown", "c2"))
                one.apply([{"advance_clock": {"seconds": 4000}}])
                _report(tmp_path, {"c1": _read(one), "c2": _read(two)})
                expect(("Degraded", "c1"), ("Unavailable", "c1"), ("VolumesOffline", "c1"))
