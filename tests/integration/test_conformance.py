# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""akv_conformance_info: agrees with a cluster of the tables, finds where one differs, and gives nothing away."""

from __future__ import annotations

import json
import stat
import sys
import typing as t
from collections.abc import Callable
from pathlib import Path

import pytest
from integration.running import ROOT, Ansible, Values, attempt, call

from ansible_collections.ontap.akv.plugins.module_utils._akv.releases import RELEASES
from ansible_collections.ontap.akv.plugins.module_utils._http.transport import Answer, Transport
from dev import replay
from simulator import Simulator, login

SENTINEL = "sentinel"
CLUSTER: Values = {
    "cluster": {"name": "sentinel-c1", "dns": {"servers": ["203.0.113.77"], "domains": ["sentinel.example"]}},
    "events": [{"ems": {"name": "ekmip.akv.available", "parameters": {"name": "sentinel"}}}],
    "nodes": [{"name": "sentinel-n1"}, {"name": "sentinel-n2"}],
    "svms": [{"name": f"sentinel-vs{number}"} for number in range(3)],
    "aggregates": [{"name": "sentinel-aggr"}],
    "volumes": [{"svm": "sentinel-vs0", "name": "sentinel-vol", "encrypted": True, "path": "/sentinel"}],
    "licenses": ["ve", "mtekm", "sentinel-license"],
    "key_managers": [{"type": "external", "svm": "sentinel-vs1", "servers": ["sentinel-kmip.example:5696"]}],
    "vaults": [
        {
            "svm": "sentinel-vs0",
            "name": "https://sentinel-kv.vault.azure.net/",
            "key_id": "https://sentinel-kv.vault.azure.net/keys/sentinel-key/5e471e10",
            "client_id": "sentinel-client",
            "tenant_id": "sentinel-tenant",
            "client_secret": "sentinel-secret",
            "proxy_type": "https",
            "proxy_host": "sentinel-proxy.example",
            "proxy_port": 54711,
            "proxy_username": "sentinel-user",
            "proxy_password": "sentinel-password",
            "keys_missing_on": ["sentinel-n2"],
        }
    ],
}
LOST = ("sentinel", "203.0.113.77", "5e471e10", "54711")


def _scenario(**more: t.Any) -> Values:
    return {**CLUSTER, **more}


def _compare(simulator: Simulator, check_mode: bool = False) -> Values:
    result, _warnings = call("akv_conformance_info", simulator.connection, {"retries": 0}, check_mode)
    return result


@pytest.mark.parametrize("release", RELEASES)
def test_a_cluster_as_the_tables_have_it_agrees_and_gives_nothing_away(release: str) -> None:
    with Simulator(release=release, scenario=_scenario()) as simulator:
        result = _compare(simulator)
        assert {request["method"] for request in simulator.requests} == {"GET"}
        uuids = [vault["uuid"] for vault in simulator.vaults()]
    assert result["differs"] == []
    assert result["verdict"] == f"agrees in {len(result['agrees'])} of {len(result['agrees'])}"
    assert result["bundle"]["release"] == release
    shown = json.dumps(result["bundle"]).lower()
    assert [word for word in (*LOST, *uuids, simulator.connection["password"]) if word in shown] == []
    fields = {removal["field"] for removal in result["bundle"]["removed"]}
    assert {"svm/svms: name", "cluster/nodes: name", "security/azure-key-vaults: client_id"} <= fields


def _change_replies(monkeypatch: pytest.MonkeyPatch, change: Callable[[str, t.Any], t.Any]) -> None:
    """Let every reply pass a function of its path and its JSON."""
    send = Transport.send

    def changed(self: Transport, method: str, target: str, body: t.Any = None, **more: t.Any) -> Answer:
        answer = send(self, method, target, body, **more)
        return answer._replace(content=json.dumps(change(target, json.loads(answer.content))).encode())

    monkeypatch.setattr(Transport, "send", changed)


def _planted(value: t.Any, plain: bool) -> t.Any:
    """Put a sentinel into every text and number, and an unknown field into every object."""
    if isinstance(value, dict):
        made = {key: item if key in ("_links", "version") else _planted(item, plain) for key, item in value.items()}
        return {**made, "sentinel_field": "sentinel", "sentinel_list": [{"sentinel": 5471105}]}
    if isinstance(value, list):
        return [_planted(item, plain) for item in value]
    if isinstance(value, str):
        return "sentinel" if plain else f"{value}sentinel"
    return 5471105 if isinstance(value, int) and not isinstance(value, bool) else value


@pytest.mark.parametrize("plain", [True, False])
@pytest.mark.parametrize("release", [RELEASES[0], "9.14.1", RELEASES[-1]])
def test_a_sentinel_in_every_field_never_appears(monkeypatch: pytest.MonkeyPatch, release: str, plain: bool) -> None:
    _change_replies(monkeypatch, lambda _target, body: _planted(body, plain))
    with Simulator(release=release, scenario=_scenario()) as simulator:
        result = _compare(simulator)
    assert result["differs"]
    shown = json.dumps([result["bundle"], result["differs"], result["agrees"], result["verdict"]]).lower()
    assert SENTINEL not in shown
    assert "5471105" not in shown


PATHS = [
    *("cluster", "cluster/nodes", "cluster/jobs", "cluster/metrocluster", "cluster/licensing/licenses", "svm/svms"),
    *("storage/volumes", "support/ems/events", "security/azure-key-vaults", "security/key-stores"),
    *("security/key-managers", "security/key-manager-configs"),
]


@pytest.mark.parametrize("status", [403, 404, 500])
@pytest.mark.parametrize("path", PATHS)
def test_a_reading_that_fails_is_a_finding(path: str, status: int) -> None:
    fault = {"match": {"method": "GET", "path": f"/api/{path}", "times": 0}, "error": {"status": status, "code": 6}}
    with Simulator(release="9.16.1", scenario=_scenario(faults=[fault])) as simulator:
        result = _compare(simulator)
    assert not result["failed"], result["msg"]
    found = [each["found"] for each in result["differs"] if each["check"] == f"{path}: GET"]
    assert found == [f"HTTP {status}, code 6"]


def test_a_role_without_privileges_is_all_findings() -> None:
    scenario = _scenario(users=[{"name": "nobody", "password": "sentinel-pw", "role": "none"}])
    with Simulator(scenario=scenario) as simulator:
        result = _compare(simulator)
    assert not result["failed"], result["msg"]
    assert result["bundle"]["release"] is None
    assert SENTINEL not in json.dumps(result["bundle"])


@pytest.mark.parametrize("option", [{"password": "wrong-Password8Q"}, {"http_port": 1}])
def test_no_cluster_is_a_failure(option: Values) -> None:
    with Simulator() as simulator:
        result, _warnings = call("akv_conformance_info", simulator.connection, {"retries": 0, **option})
    assert result["failed"]
    assert result["outcome"] == "unchanged"


CHANGES: dict[str, tuple[Callable[[str, t.Any], t.Any], str]] = {
    "a new field": (
        lambda target, body: (
            {**body, "records": [{**each, "brand_new": 1} for each in body["records"]]}
            if "/key-stores?" in target and "records" in body
            else body
        ),
        "security/key-stores: no other fields",
    ),
    "another code": (
        lambda _target, body: {"error": {**body["error"], "code": "99"}} if "error" in body else body,
        "svm/svms: unknown UUID",
    ),
    "a filter that filters nothing": (
        lambda target, body: {**body, "records": [], "num_records": 0} if "name=*" in target else body,
        "svm/svms: filter by any name",
    ),
    "pages that end early": (
        lambda target, body: {key: value for key, value in body.items() if key != "_links"},
        "svm/svms: pages",
    ),
    "a number of records that is wrong": (
        lambda _target, body: {**body, "num_records": 99} if "num_records" in body else body,
        "cluster/nodes: num_records",
    ),
}


@pytest.mark.parametrize("case", CHANGES)
def test_a_difference_is_found(monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    change, check = CHANGES[case]
    _change_replies(monkeypatch, change)
    with Simulator(release="9.14.1", scenario=_scenario()) as simulator:
        result = _compare(simulator, check_mode=True)
    assert check in [each["check"] for each in result["differs"]]
    assert check in result["verdict"]


def _replay(bundle: Path, *more: str) -> tuple[str, int]:
    places = ":".join([*sys.path, str(ROOT), str(ROOT / "tests"), str(ROOT / ".cache" / "collections")])
    environment = {"PYTHONPATH": places, "PATH": "", "HOME": str(bundle.parent)}
    return attempt(sys.executable, "-m", "dev.replay", bundle, *more, cwd=ROOT, env=environment)


def test_the_playbook_writes_a_bundle_that_can_be_replayed(ansible: Ansible, tmp_path: Path) -> None:
    with Simulator(release="9.11.1", scenario=_scenario()) as simulator:
        run = ansible.play(
            *("ontap.akv.conformance", "-i", "127.0.0.1,", "-e", f"akv_conformance_path={tmp_path}/sent"),
            **login(simulator.connection),
        )
    run.check()
    bundle = tmp_path / "sent" / "conformance-1.json"
    assert stat.S_IMODE(bundle.stat().st_mode) == 0o600
    assert SENTINEL not in bundle.read_text(encoding="utf-8")
    assert "agrees in" in run.output
    output, code = _replay(bundle, "--scenario", str(tmp_path / "scenario.yml"))
    assert code == 0, output
    assert output.count("agrees in") == 2
    assert "release: 9.11.1" in (tmp_path / "scenario.yml").read_text(encoding="utf-8")


@pytest.mark.parametrize("text", ["", "[]", '{"format": 0}', "\udcff"])
def test_what_is_not_a_bundle_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "bundle.json"
    file.write_bytes(text.encode(errors="surrogateescape"))
    output, code = _replay(file)
    assert code == 2
    assert "bundle" in output
    assert "Traceback" not in output


def test_what_a_bundle_lacks_is_left_to_the_simulator() -> None:
    """A cluster that reports null, and whose first configuration is inactive."""
    vaults = [
        {"uuid": None, "svm": {"name": "svm-1"}, "configuration": {"name": "configuration-1"}, "enabled": None},
        {"svm": {"name": "svm-2"}, "key_id": None, "proxy_host": None, "verify_host": None, "name": "<string 4>"},
    ]
    made = replay.scenario({"release": "9.16.1", "replies": {"security/azure-key-vaults": vaults}})
    assert made["vaults"] == [{"svm": "svm-1", "configuration": "configuration-1"}, {"svm": "svm-2"}]
    results = dict(replay.run(made))
    assert [name for name, result in results.items() if result["failed"]] == []
    assert {"akv_config", "akv_restore"} <= set(results)
