# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scenario's checks, the control interface and the command line."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import pytest
from integration.running import Program

from simulator import ScenarioError, Simulator, events, faults, releases, scenario, tables
from simulator.__main__ import main
from simulator.client import VAULTS, Client

TESTS = Path(scenario.__file__).parents[1]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"nodez": []}, "scenario: unknown key 'nodez'; did you mean nodes?"),
        (
            {"nodes": [{"name": "a"}, {"name": "b", "helthy": True}]},
            "nodes[1]: unknown key 'helthy'; did you mean healthy?",
        ),
        ({"nodes": [{}]}, "nodes[0]: name is missing"),
        ({"cluster": {"metrocluster": "yes"}}, "cluster.metrocluster: true or false is wanted, not 'yes'"),
        ({"cluster": {"release": "9.6"}}, "cluster.release: unknown value '9.6'; did you mean 9.8 or 9.7?"),
        ({"vaults": [{"client_id": "x"}]}, "vaults[0]: no owner. Give svm or scope: cluster"),
        ({"vaults": [{"svm": "vs0", "scope": "cluster"}]}, "vaults[0]: svm and scope: cluster exclude each other"),
        ({"vaults": [{"svm": "vs9"}]}, "vaults: unknown SVM 'vs9'; did you mean vs"),
        ({"vaults": [{"svm": "vs0", "keys_missing_on": ["n"]}]}, "nodes: unknown node 'n'; there are: node1, node2"),
        ({"roles": {"r": [{"api": "/api", "access": "some"}]}}, "roles.r[0].access: unknown value 'some'"),
        ({"events": [{"lose_key": {}}]}, "events[0]: unknown event 'lose_key'; did you mean lose_keys"),
        ({"events": [{"lose_keys": {}}]}, "no owner. Give svm or scope: cluster"),
        ({"events": [{"advance_clock": {"seconds": -1}}]}, "events[0].advance_clock.seconds: a number, 0 or more"),
        ({"events": [{"a": 1, "b": 2}]}, "events[0]: one event is wanted, a mapping of one key"),
        ({"faults": [{"match": {"metod": "GET"}, "reset": {}}]}, "faults[0].match: unknown key 'metod'"),
        ({"faults": [{"rest": {}}]}, "faults[0]: unknown fault 'rest'; did you mean reset"),
        ({"clock": {"start": "noon"}}, "clock.start: 'noon' is no moment"),
    ],
)
def test_a_scenario_that_is_wrong(given, says):
    with pytest.raises(ScenarioError) as refused:
        Simulator(scenario=given)
    assert says in str(refused.value)


def test_a_scenario_file(tmp_path):
    file = tmp_path / "scenario.yml"
    file.write_text("cluster: {name: c2, release: '9.8'}\nsvms: [{name: 's{}', count: 3}]\nvaults: [{svm: 's*'}]\n")
    with Simulator(scenario=file) as sim:
        client = Client(sim.connection)
        assert client.get("/cluster?fields=name,version.major") == {
            "name": "c2",
            "version": {"major": 8},
            "_links": {"self": {"href": "/api/cluster"}},
        }
        assert client.get(VAULTS)["num_records"] == 3
    for content in ("a: [", None):
        if content:
            file.write_text(content)
        else:
            file.unlink()
        with pytest.raises(ScenarioError, match="the scenario"):
            Simulator(scenario=file)


def documented(language):
    text = (TESTS.parent / "docs" / "simulator.md").read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_the_documented_scenarios_work_and_name_every_key():
    whole, with_faults = (tables.parse(block) for block in documented("yaml"))
    assert set(whole) == set(scenario.SCENARIO.takes)
    for kind, shape in {
        "nodes": scenario.NODE,
        "svms": scenario.SVM,
        "volumes": scenario.VOLUME,
        "key_managers": scenario.KEY_MANAGER,
        "users": scenario.USER,
    }.items():
        named = {key for entry in whole[kind] for key in entry}
        assert named | {"uuid", "configuration"} >= {*shape.needs, *shape.takes}, kind
    assert set(whole["cluster"]) == set(scenario.CLUSTER.takes)
    assert set(whole["azure"]) == set(scenario.AZURE.takes)
    with Simulator(scenario=whole) as sim:
        assert len(sim.vaults()) == 1002
    with Simulator(scenario={**with_faults, "vaults": [{"svm": "vs0"}]}):
        pass


def test_every_event_and_fault_is_documented():
    text = (TESTS.parent / "docs" / "simulator.md").read_text(encoding="utf-8")
    for names, title in ((events.VERBS, "## Events"), (faults.KINDS, "## Faults")):
        section = text.partition(title)[2].partition("\n## ")[0]
        rows = re.findall(r"^\| ([a-z_, ]+?)(?: ●)? \|", section, re.MULTILINE)
        assert {name for row in rows for name in row.split(", ")} - {"event", "fault"} == set(names)
    for name, (shape, before, after) in faults.KINDS.items():
        takes_when = name == "events" or "when" in shape.takes
        assert bool(re.search(rf"^\| {name} ● \|", text, re.MULTILINE)) == takes_when, name
        assert takes_when == (before is not None and before is after), name


def test_the_same_names_have_the_same_uuids_and_others_have_others():
    def uuids(name):
        with Simulator(scenario={"cluster": {"name": name}, "vaults": [{"svm": "vs0"}]}) as sim:
            client = Client(sim.connection)
            made = client.create(svm={"name": "vs1"})
            return [made, *(each["uuid"] for path in (VAULTS, "/cluster/nodes") for each in client.records(path))]

    assert uuids("a") == uuids("a")
    assert not set(uuids("a")) & set(uuids("b"))


def test_control_over_http(start):
    client = start("9.7", {"vaults": [{"svm": "vs0", "uuid": "u", "client_secret": "s1"}]})
    client.session.auth = None

    def control(method, path, body=None):
        reply = client.call(method, f"/simulator/{path}", json=body)
        return reply.status_code, reply.json()

    assert control("POST", "events", {"events": [{"lose_keys": {"svm": "vs0", "nodes": ["node1"]}}]}) == (200, {})
    (vault,) = control("GET", "vaults")[1]["vaults"]
    assert vault["nodes_without_keys"] == ["node1"]
    assert "s1" not in str(vault)
    status, answer = control("POST", "events", {"events": [{"delete_vault": {"svm": "vs0"}}, {"nonsense": {}}]})
    assert (status, answer["error"][:35]) == (400, "events[1]: unknown event 'nonsense'")
    assert len(client.sim.vaults()) == 1
    for body, matches in (
        ({"svm": "vs0", "client_secret": "s1"}, True),
        ({"uuid": "u", "client_secret": "s2"}, False),
        ({"uuid": "u", "client_certificate": "s1"}, False),
    ):
        assert control("POST", "check-credential", body) == (200, {"matches": matches})
    assert control("POST", "check-credential", {"scope": "cluster", "client_secret": "s1"})[0] == 400
    assert control("GET", "nonsense")[0] == 404
    assert client.sim.requests == []


def test_the_command_line(tmp_path):
    file, log = tmp_path / "connection.json", tmp_path / "requests.log"
    command = (sys.executable, "-m", "simulator", "--port", "0", "--clusters", "3")
    files = ("--connection-file", file, "--log-file", log)
    with Program(*command, *files, env={**os.environ, "PYTHONPATH": str(TESTS)}) as running:
        running.wait_until(file.exists)
        connection = json.loads(file.read_text())
        assert file.stat().st_mode & 0o077 == 0
        client = Client(connection)
        client.create(svm={"name": "vs0"}, client_secret="canary")
        names = [Client(each).get("/cluster?fields=name")["name"] for each in connection["clusters"]]
        assert names == ["cluster1", "cluster2", "cluster3"]
        assert [Client(each).get(VAULTS)["num_records"] for each in connection["clusters"]] == [1, 0, 0]
        assert running.end() == 0, running.output
    printed = running.output
    assert all(line.startswith("export ") for line in printed.splitlines()), printed
    assert f"export ONTAP_PORT={connection['http_port']}\n" in printed
    assert set(re.findall(r"^export (\w+)=", printed, re.MULTILINE)) == {
        *("ONTAP_HOSTNAME", "ONTAP_PORT", "ONTAP_USERNAME", "ONTAP_PASSWORD", "ONTAP_CA_PATH"),
    }
    assert not Path(connection["ca_path"]).parent.exists()
    lines = log.read_text().splitlines()
    assert re.fullmatch(rf"\S+ cluster1 POST /api{VAULTS}\?return_records=true&return_timeout=10 201", lines[0])
    assert len(lines) == 7
    assert "canary" not in log.read_text()


def test_a_command_line_that_is_wrong(capsys):
    assert main(["--release", "9.6"]) == 2
    assert f"there is no release '9.6'; there are {', '.join(releases.NAMES)}" in capsys.readouterr().err
    assert main(["--scenario", "/nowhere.yml"]) == 2
    assert "the scenario /nowhere.yml can't be read" in capsys.readouterr().err


def test_a_port_that_is_taken(start, capsys):
    port = start().sim.connection["http_port"]
    assert main(["--port", str(port)]) == 1
    assert f"127.0.0.1 port {port}: Address already in use" in capsys.readouterr().err


def test_it_imports_nothing_of_the_collection():
    for file in (TESTS / "simulator").rglob("*.py"):
        assert "ansible" not in file.read_text().replace("Ansible", ""), file
