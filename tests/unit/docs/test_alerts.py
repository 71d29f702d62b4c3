# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The alert rules: each fires in a test of promtool's, and asks only for metrics that the role akv_report writes."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import yaml
from integration.running import run

ROOT = Path(__file__).resolve().parents[3]
RULES = ROOT / "extensions" / "prometheus" / "akv_alerts.yml"
TESTS = ROOT / "tests" / "prometheus" / "akv_alerts_test.yml"
FAMILIES = ROOT / "tests" / "unit" / "plugins" / "plugin_utils" / "prometheus_families.txt"


def test_each_alert_fires_in_a_test() -> None:
    """promtool 2.42.0 passes a test of an alert that does not exist, and says nothing of one without a test."""
    alerts = {rule["alert"] for rule in yaml.safe_load(RULES.read_text())["groups"][0]["rules"] if "alert" in rule}
    tests = [test for group in yaml.safe_load(TESTS.read_text())["tests"] for test in group["alert_rule_test"]]
    assert {test["alertname"] for test in tests if test["exp_alerts"]} == alerts
    assert {test["alertname"] for test in tests} == alerts


def test_the_rules_use_metrics_that_exist() -> None:
    families = set(re.findall(r"^# TYPE (\S+) gauge$", FAMILIES.read_text(), re.MULTILINE))
    used = set(re.findall(r"\bontap_akv_\w+", RULES.read_text() + TESTS.read_text()))
    assert used <= families


@pytest.mark.parametrize("arguments", [("check", "rules", RULES), ("test", "rules", TESTS)], ids=["check", "test"])
def test_promtool(arguments: tuple[str | Path, ...]) -> None:
    promtool = shutil.which("promtool") or pytest.skip("promtool is not on this machine: apt install prometheus")
    run(promtool, *arguments)
