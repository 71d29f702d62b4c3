# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role akv_report, through its playbook. What the reports say is tested by tests/unit/plugins/plugin_utils."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

from faults.azure import SECRET, make_pair
from integration.running import Values
from roles.playing import DEAD, Roles, assert_changes_nothing

from ansible_collections.ontap.akv.plugins.plugin_utils._roles.akv_report import Format
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


def test_one_report_on_all_and_one_on_each(roles: Roles, tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    with Simulator(release="9.14.1", scenario=ILL) as ill, Simulator(release="9.7") as well:
        ill.apply([{"expire_credential": {"svm": "vs0"}}, {"advance_clock": {"seconds": 4000}}])
        clusters = {"ill": ill.connection, "dead": DEAD, "well": well.connection}
        variables: Values = {"akv_report_path": str(folder), "akv_report_formats": [each.value for each in Format]}
        variables["akv_credential_expires"] = {"<b>*bold*": str(date.today() + timedelta(days=20))}
        predicted = roles.play("report", clusters, variables, "--check", "--diff")
        assert not folder.exists()
        with assert_changes_nothing(ill):
            run = roles.play("report", clusters, variables)
    assert (predicted.code, run.code) == (2, 2)
    assert run.changed() == predicted.changed() == []
    assert len(run.failures()) == 1, run.failures()
    (message,) = run.failures()
    assert message.startswith("dead has findings that akv_report_fail_on lists (unreachable): ")

    files = _files(folder)
    assert set(files) == {
        *("report.html", "report.md", "report.json"),
        *(f"clusters/{name}.{suffix}" for name in clusters for suffix in ("md", "json")),
        *(f"metrics/{name}.prom" for name in clusters),
    }
    whole = json.loads(files["report.json"])
    assert whole["headline"] == "2 of 3 clusters need attention"
    assert list(whole["clusters"]) == ["ill", "dead", "well"]
    for name, found in whole["clusters"].items():
        assert json.loads(files[f"clusters/{name}.json"]) == {"cluster": name, **found, "made": whole["made"]}
        assert found.items() <= run.fact("akv_report_result", name).items()
    found = whole["clusters"]
    assert found["ill"]["found"] == ["offline", "unavailable", "degraded", "expiring"]
    assert (found["dead"]["found"], found["well"]["found"]) == (["unreachable"], [])
    assert [vault.get("svm", {}).get("name") for vault in found["ill"]["vaults"]] == ["vs0", "vs1", None, "a|b"]
    assert "<h1>2 of 3 clusters need attention</h1>" in files["report.html"]
    assert "&lt;b&gt;*bold*" in files["report.html"]

    (shown,) = (task.result["msg"] for task in run.tasks if task.name.endswith("Show the result"))
    assert shown[0] == f"dead  {found['dead']['msg']}"
    assert [line.partition(":")[0] for line in shown[2:5]] == [
        "ill   SVM vs0 is unavailable",
        "ill   SVM vs1 is degraded",
        "ill   SVM vs0",
    ]
    assert [line for line in shown if line.startswith("well  ")] == shown[-1:]


def test_each_cluster_fails_for_what_its_own_variables_list(roles: Roles) -> None:
    """Also where the first cluster may be out of reach."""
    variables = {"akv_report_path": "own", "akv_report_formats": ["json"]}
    allowed = {**DEAD, "variables": {"akv_report_fail_on": []}}
    run = roles.play("report", {"allowed": allowed, "dead": DEAD}, variables)
    assert [message.partition(" has findings")[0] for message in run.failures()] == ["dead"]
    assert run.fact("akv_report_result", "allowed")["reachable"] is False
    # A relative folder begins where the program was started.
    names = {"report.json", "clusters/allowed.json", "clusters/dead.json"}
    assert set(_files(roles.ansible.home / "own")) == names


def test_an_invalid_date_on_one_of_many(roles: Roles, tmp_path: Path) -> None:
    """The others have their report; and Microsoft Graph and the file of a certificate are asked for the dates."""
    (tmp_path / "app.pem").write_text(make_pair(ends=29).pem)
    secrets = [{"value": SECRET, "name": "2027-q1", "expires": "+6d"}]
    azure = {
        "applications": [
            {"client_id": "client1", "tenant_id": "tenant1", "secrets": secrets, "graph": ["Application.Read.All"]}
        ],
        "keys": [],
    }
    with Simulator(release="9.14.1", scenario={"azure": azure, "vaults": [{"svm": "vs0"}]}, azure=True) as simulator:
        where = simulator.connection["azure"]
        variables: Values = {
            "akv_report_path": "sources",
            "akv_report_fail_on": ["expiring"],
            "akv_graph_tenant_id": "tenant1",
            "akv_graph_client_id": "client1",
            "akv_graph_client_secret": SECRET,
            "akv_azure_ca_path": where["ca_path"],
            "akv_azure_authority": where["authority"],
            "akv_azure_graph_url": where["graph_url"],
        }
        good = {"akv_credential_expires": {"client1": {"certificate": str(tmp_path / "app.pem")}}}
        clusters = {
            "good": {**simulator.connection, "variables": good},
            "bad": {**simulator.connection, "variables": {"akv_credential_expires": {"client1": "soon"}}},
        }
        run = roles.play("report", clusters, variables, "-vvv")
        asked = [request["path"] for request in simulator.azure_requests]
    assert run.code == 2
    assert sorted(message.partition(":")[0] for message in run.failures()) == [
        "akv_credential_expires[client1]",
        "good has findings that akv_report_fail_on lists (expiring)",
    ]
    files = _files(roles.ansible.home / "sources")
    report = json.loads(files["report.json"])
    found = {(entry["source"], entry["days_left"]) for entry in report["clusters"]["good"]["expiries"]}
    assert found == {("declared", 29), ("graph", 6)}
    assert "'soon' is not a date" in report["clusters"]["bad"]["msg"]
    assert report["clusters"]["bad"]["found"] == ["unreachable"]
    assert sum(path.endswith("/token") for path in asked) == 1
    assert not [text for text in (run.output, *files.values()) if SECRET in text]


def test_nothing_is_written_if_the_variables_of_all_clusters_are_refused(roles: Roles) -> None:
    variables = {"akv_report_path": "no", "akv_credential_expires": {"app1": "soon"}}
    run = roles.play("report", {"cluster1": DEAD}, variables)
    assert run.code == 2
    assert "akv_credential_expires[app1]: 'soon' is not a date." in run.failures()[0]
    assert not (roles.ansible.home / "no").exists()


def test_a_reader_of_the_play_itself(roles: Roles) -> None:
    """Variables of a play are not in hostvars."""
    secrets = [{"value": SECRET, "name": "2027-q1", "expires": "+6d"}]
    application = {
        "client_id": "client1",
        "tenant_id": "tenant1",
        "secrets": secrets,
        "graph": ["Application.Read.All"],
    }
    azure = {"applications": [application], "keys": []}
    with Simulator(release="9.14.1", scenario={"azure": azure, "vaults": [{"svm": "vs0"}]}, azure=True) as simulator:
        where = simulator.connection["azure"]
        play = {
            "name": "Report",
            "hosts": "all",
            "gather_facts": False,
            "connection": "local",
            "vars": {
                "ansible_python_interpreter": "{{ ansible_playbook_python }}",
                "akv_report_path": "of_play",
                "akv_graph_tenant_id": "tenant1",
                "akv_graph_client_id": "{{ 'client' ~ 1 }}",
                "akv_graph_client_secret": SECRET,
                "akv_azure_ca_path": where["ca_path"],
                "akv_azure_authority": "{{ address_of_entra }}",
                "address_of_entra": where["authority"],
            },
            "module_defaults": {"group/ontap.akv.akv": "{{ lookup('ontap.akv.playbook', 'connection') }}"},
            "roles": ["ontap.akv.akv_report"],
        }
        given = {"akv_azure_graph_url": where["graph_url"]}
        run = roles.play(
            roles.ansible.write("of_play.yml", [play]),
            {"a": {**simulator.connection, "variables": given}, "b": {**simulator.connection, "variables": given}},
        ).check()
    files = _files(roles.ansible.home / "of_play")
    for cluster in json.loads(files["report.json"])["clusters"].values():
        assert [(entry["source"], entry["days_left"]) for entry in cluster["expiries"]] == [("graph", 6)]
    assert not [text for text in (run.output, *files.values()) if SECRET in text]
