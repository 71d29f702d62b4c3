# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role report, through its playbook: what it writes of clusters that are well, ill or out of reach."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from integration.running import Values
from roles.playing import DEAD, RoleRun, Roles, assert_changes_nothing

from simulator import Simulator

ILL: Values = {
    "svms": [{"name": "vs0"}, {"name": "vs1"}, {"name": "a|b"}],
    "vaults": [
        {"svm": "vs1", "keys_missing_on": ["node1"]},
        {"svm": "vs0"},
        {"svm": "a|b", "client_id": "<b>*bold*"},
        {"scope": "cluster"},
    ],
    "volumes": [
        {"svm": svm, "name": name, "encrypted": True}
        for svm, name in (("vs1", "vol2"), ("vs0", "vol1"), ("vs1", "vol1"), ("a|b", "vol1"))
    ],
    "clock": {"speed": 0},
}


def _files(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in folder.rglob("*.*")}


def _written(run: RoleRun) -> list[str]:
    return [name for name in run.changed() if "Write" in name]


def test_one_report_on_all_and_one_on_each(roles: Roles, tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    with Simulator(release="9.14.1", scenario=ILL) as ill, Simulator(release="9.7") as well:
        ill.apply([{"expire_credential": {"svm": "vs0"}}, {"advance_clock": {"seconds": 4000}}])
        clusters = {"ill": ill.connection, "dead": DEAD, "well": well.connection}
        variables = {"akv_report_path": str(folder)}
        predicted = roles.play("report", clusters, variables, "--check", "--diff").check()
        assert predicted.changed() == ["ontap.akv.akv_report : Make the folders"]
        assert not folder.exists()

        with assert_changes_nothing(ill):
            run = roles.play("report", clusters, variables).check()
        files = _files(folder)
        assert len(_written(run)) == 4

        again = roles.play("report", clusters, variables).check()
        assert again.changed() == []
        assert _files(folder) == files

    assert set(files) == {
        *("report.md", "report.json"),
        *(f"clusters/{name}.{suffix}" for name in clusters for suffix in ("md", "json")),
    }
    whole = json.loads(files["report.json"])["clusters"]
    assert list(whole) == ["dead", "ill", "well"]
    for name, told in whole.items():
        assert json.loads(files[f"clusters/{name}.json"]) == {"cluster": name, **told}
        assert run.fact("akv_report_result", name) == told
    assert [whole[name]["found"] for name in whole] == [["unreachable"], ["degraded", "unavailable", "offline"], []]
    assert [vault.get("svm", {}).get("name") for vault in whole["ill"]["vaults"]] == [None, "a|b", "vs0", "vs1"]
    assert whole["ill"]["summary"]["total"] == 4
    offline = [volume for volume in whole["ill"]["volumes"] if volume["state"] == "offline"]
    assert [(volume["svm"]["name"], volume["name"]) for volume in offline] == [("vs0", "vol1")]
    assert "refused the connection" in whole["dead"]["msg"]

    told = {task.host: task.result["msg"] for task in run.tasks if task.name.endswith("Say what the report tells")}
    assert told["dead"] == [whole["dead"]["msg"]]
    assert len(told["well"]) == 1
    assert [line.partition(":")[0] for line in told["ill"][1:]] == ["vs0 is unavailable", "vs1 is degraded", "vs0"]
    assert told["ill"][-1] == "vs0: volume vol1 is offline"

    page = files["report.md"].splitlines()
    assert "| [ill](clusters/ill.md) | 4 | 2 | 1 | 1 | 0 | 0 | 4 | 1 |" in page
    assert "| [well](clusters/well.md) | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 |" in page
    assert "| [dead](clusters/dead.md) | not read | | | | | | | |" in page
    assert "- ill, vs0: volume vol1 is offline" in page
    assert any(line.startswith("- ill, vs1 is degraded: Keys are unavailable on node node1") for line in page)
    assert any(line.startswith("- dead could not be read: ") for line in page)
    # No name begins a cell, a tag or a word in bold.
    assert r"| a\|b | https://mykeyvault.vault.azure.net/ | default | \<b\>\*bold\* |" in files["clusters/ill.md"]


def test_nothing_needs_attention(roles: Roles, tmp_path: Path) -> None:
    with Simulator(scenario={"vaults": [{"svm": "vs0"}]}) as simulator:
        clusters = {"cluster1": simulator.connection}
        roles.play(
            "report", clusters, {"akv_report_path": str(tmp_path / "out"), "akv_report_formats": ["markdown"]}
        ).check()
        assert not any(request["path"] == "/api/svm/svms" for request in simulator.requests)
    files = _files(tmp_path / "out")
    assert set(files) == {"report.md", "clusters/cluster1.md"}
    assert files["report.md"].endswith("## What needs attention\n\nNothing.\n")


def test_a_change_of_the_cluster_changes_the_report(roles: Roles, tmp_path: Path) -> None:
    variables = {"akv_report_path": str(tmp_path / "out"), "akv_report_volumes": False}
    with Simulator(scenario={"vaults": [{"svm": "vs0"}]}) as simulator:
        clusters = {"cluster1": simulator.connection}
        roles.play("report", clusters, variables).check()
        simulator.apply([{"lose_keys": {"svm": "vs0", "nodes": ["node1"]}}])
        predicted = roles.play("report", clusters, variables, "--check", "--diff").check()
        before = _files(tmp_path / "out")
        run = roles.play("report", clusters, variables).check()
        assert not any(request["path"] == "/api/storage/volumes" for request in simulator.requests)
    assert predicted.changed() == run.changed()
    assert len(_written(run)) == 2
    assert "-| [cluster1](clusters/cluster1.md) | 1 | 1 |" in predicted.output
    assert "degraded" not in before["report.json"].replace('"degraded": 0', "")
    assert '"degraded"\n' in _files(tmp_path / "out")["report.json"]


def test_the_time_is_told_where_it_is_asked_for(roles: Roles, tmp_path: Path) -> None:
    variables = {"akv_report_path": "out", "akv_report_time": True}
    with Simulator() as simulator:
        roles.play("report", {"cluster1": simulator.connection}, variables).check()
    # A relative folder begins where the program was started.
    files = _files(roles.ansible.home / "out")
    assert "Made on 2" in files["report.md"]
    assert "made" in json.loads(files["report.json"])


def test_it_can_fail_for_what_it_found(roles: Roles, tmp_path: Path) -> None:
    variables = {"akv_report_path": str(tmp_path / "out"), "akv_report_fail_on": ["unreachable", "degraded"]}
    with Simulator() as well:
        run = roles.play("report", {"dead": DEAD, "well": well.connection}, variables)
    assert run.code == 2
    (message,) = run.failures()
    assert message.startswith("dead has what akv_report_fail_on names (unreachable): ")
    assert {"report.md", "clusters/well.json"} <= set(_files(tmp_path / "out"))


BAD: dict[str, tuple[Values, list[str]]] = {
    "no folder": ({"akv_report_path": None}, ["akv_report_path"]),
    "blank folder": ({"akv_report_path": " "}, ["akv_report_path", "is empty"]),
    "no format": ({"akv_report_formats": []}, ["akv_report_formats", "markdown, json or both"]),
    "unknown format": ({"akv_report_formats": ["pdf"]}, ["akv_report_formats", "markdown, json", "pdf"]),
    "unknown finding": ({"akv_report_fail_on": ["bad"]}, ["akv_report_fail_on", "unreachable", "bad"]),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_variables(case: str, roles: Roles) -> None:
    options, says = BAD[case]
    variables = {name: value for name, value in {"akv_report_path": "out", **options}.items() if value is not None}
    run = roles.play("report", {"cluster1": DEAD}, variables)
    assert run.code == 2
    assert list(run.modules()) == []
    (message,) = run.failures()
    assert [part for part in says if part not in message] == [], message
