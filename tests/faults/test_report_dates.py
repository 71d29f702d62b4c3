# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The three sources of a date in the report: declared, the file of a certificate, and Microsoft Graph."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from faults.azure import CLIENT, SECRET, TENANT, azure, make_pair
from faults.test_key_info import in_days

from ansible_collections.ontap.akv.plugins.module_utils._akv.endings import endings
from ansible_collections.ontap.akv.plugins.module_utils._akv.report import About, Ends, cluster, reading, with_azure
from ansible_collections.ontap.akv.plugins.module_utils._azure.graph import Graph
from ansible_collections.ontap.akv.plugins.module_utils._runtime.errors import InputError
from ansible_collections.ontap.akv.plugins.plugin_utils._report.files import make
from ansible_collections.ontap.akv.plugins.plugin_utils._report.graph import Readers
from ansible_collections.ontap.akv.plugins.plugin_utils._roles.akv_report import Format

NOW = datetime.now(timezone.utc)
LEVELS = {6: "7", 29: "30", 61: "later"}


def configuration(method: str = "client_secret", **more: Any) -> dict[str, Any]:
    svm = {"svm": {"name": "vs0"}, "uuid": "u0", "client_id": CLIENT.upper(), "authentication_method": method}
    return {**svm, "verdict": "healthy", "available": True, "unavailable_nodes": [], **more}


def read(*vaults: dict[str, Any]) -> dict[str, Any]:
    return reading({"vaults": list(vaults or [configuration()]), "summary": {"healthy": 1}, "msg": "1 configuration."})


@pytest.mark.parametrize("days", LEVELS)
@pytest.mark.parametrize("source", ["declared", "pem", "der", "pkcs12", "graph"])
def test_an_end_in_the_report(source: str, days: int, tmp_path: Path) -> None:
    declared: dict[str, Any] = {CLIENT: in_days(days)}
    azure_says: dict[str, Any] = {}
    if source in ("pem", "der", "pkcs12"):
        pair = make_pair(ends=days)
        body = "".join(pair.pem.splitlines()[1:-1])
        content = {"pem": pair.pem.encode(), "der": base64.b64decode(body), "pkcs12": base64.b64decode(pair.pkcs12)}
        path = tmp_path / "certificate"
        path.write_bytes(content[source])
        declared = {CLIENT: {"certificate": str(path)}}
    if source == "graph":
        declared = {}
        with azure({"secrets": [{"value": SECRET, "name": "q1", "expires": f"+{days}d"}]}) as here:
            readers = Readers()
            login = {name: here.login[name] for name in ("authority", "graph_url", "ca_path")}
            reader = {"tenant_id": TENANT, "client_id": CLIENT, "client_secret": SECRET, **login}
            readers.want(reader, [configuration()])
            readers.want(dict(reader), [configuration(client_id=None)])
            azure_says = readers.ask()
            assert readers.problems == []
            assert here.asked("/token") == 1
            here.search(json.dumps(azure_says), {"client_secret": SECRET})
    record = with_azure(cluster(read(), Ends.read(declared, None), NOW), azure_says, NOW)
    (entry,) = record["expiries"]
    assert (entry["days_left"], entry["level"], entry["svms"]) == (days, LEVELS[days], ["vs0"])
    assert entry["source"] == ("graph" if source == "graph" else "declared")
    assert record["found"] == ([] if days == 61 else ["expiring"])
    assert record["needs_attention"] == (days != 61)
    files = make({"c1": record}, About(NOW), Format, tmp_path)
    for name in ("report.html", "report.md", "report.json", "clusters/c1.json"):
        assert entry["expires_at"] in files[name], name
    assert f'_expiry_timestamp_seconds{{cluster="c1",slice="",client_id="{CLIENT.upper()}"' in files["metrics/c1.prom"]
    if source == "graph":
        assert "secret q1 (hint sen)" in files["report.html"]
    if source != "graph":
        said = endings({"c1": declared}, {}, NOW)
        assert f"in {days} days" in said.by_application[CLIENT][0]
        assert list(said.near) == ([] if days == 61 else [CLIENT])


def application(*secrets: tuple[str, str], certificates: Any = ()) -> dict[str, Any]:
    listed = [{"key_id": name, "name": name, "hint": name[:3], "expires_at": ends} for name, ends in secrets]
    return {"client_id": CLIENT, "secrets": listed, "certificates": list(certificates)}


CERTIFICATE = {"key_id": "c", "thumbprint": "AB" * 20, "expires_at": "2098-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("app", "vault", "found"),
    [
        (application(("old", "2020-01-01"), ("new", "2099-01-01")), {}, ["new"]),
        (application(("older", "2019-01-01"), ("old", "2020-01-01")), {}, ["old"]),
        (application(("b", "2099-01-02"), ("a", "2099-01-01")), {}, ["a", "b"]),
        (application(("b", "2099-01-02"), ("a", "2099-01-01")), {"credential": {"name": "b"}}, ["b"]),
        (application(("b", "2099-01-02")), {"credential": {"name": "mine"}}, ["b"]),
        (application(("a", "2099-01-01"), certificates=[CERTIFICATE]), {"authentication_method": "certificate"}, ["c"]),
        (application(("a", "2099-01-01"), certificates=[CERTIFICATE]), {"authentication_method": None}, ["c", "a"]),
        (
            application(("a", "2099-01-01"), certificates=[CERTIFICATE]),
            {"authentication_method": None, "credential": {"thumbprint": ":".join(["ab"] * 20)}},
            ["c"],
        ),
        (application(), {}, []),
        (application(("a", "soon")), {}, []),
    ],
)
def test_which_credentials_of_graph_count(app: dict[str, Any], vault: dict[str, Any], found: list[str]) -> None:
    """ONTAP does not report which credential it has."""
    record = cluster(read(configuration(**vault)), Ends.read(None, None, {CLIENT: app}), NOW)
    assert [entry["credential"].split()[1] for entry in record.get("expiries", [])] == found


@pytest.mark.parametrize("with_id", [True, False])
def test_credentials_of_one_name_are_distinct(with_id: bool, tmp_path: Path) -> None:
    ends = {"i1": NOW + timedelta(days=6), "i2": NOW + timedelta(days=400)}
    listed = [
        {
            "name": "terraform",
            "hint": "abc",
            "expires_at": f"{end:%Y-%m-%dT%H:%M:%SZ}",
            **({"key_id": key_id} if with_id else {}),
        }
        for key_id, end in ends.items()
    ]
    known = {CLIENT: {"client_id": CLIENT, "secrets": listed, "certificates": []}}
    record = cluster(read(), Ends.read(None, None, known), NOW)
    first = record["expiries"][0]
    assert (first["days_left"], first["level"], first["timestamp"]) == (6, "7", int(ends["i1"].timestamp()))
    assert first["svms"] == ["vs0"]
    words = [f"secret terraform (hint abc) of ID {key_id}" for key_id in ends]
    assert [entry["credential"] for entry in record["expiries"]] == (
        words if with_id else ["secret terraform (hint abc)"]
    )
    metrics = make({"c1": record}, About(NOW), Format, tmp_path)["metrics/c1.prom"]
    assert f" {int(ends['i1'].timestamp())}\n" in metrics


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ({"certificate": "/nowhere/x.pem"}, "'/nowhere/x.pem' cannot be read (No such file or directory)"),
        ({"certificate": "nul\0"}, "cannot be read"),
        ({"certificate": __file__}, "contains no certificate"),
        ({"certificate": " "}, "is not a date"),
        ({"certificate": "a", "x": 1}, "is not a date"),
        ({}, "is not a date"),
        ([2027], "is not a date"),
    ],
)
def test_a_file_that_is_not_a_certificate(value: Any, says: str) -> None:
    with pytest.raises(InputError) as refused:
        Ends.read({CLIENT: value}, None)
    assert f"akv_credential_expires[{CLIENT}]" in refused.value.message
    assert says in refused.value.message


def test_an_odd_client_id_of_one_cluster_hides_no_date_of_another() -> None:
    with azure({"secrets": [{"value": SECRET, "name": "q1", "expires": "+6d"}]}) as here:
        readers = Readers()
        login = {name: here.login[name] for name in ("authority", "graph_url", "ca_path")}
        reader = {"tenant_id": TENANT, "client_id": CLIENT, "client_secret": SECRET, **login}
        readers.want(reader, [configuration(client_id="not an id")])
        readers.want(reader, [configuration()])
        assert list(readers.ask()) == [CLIENT]
        assert readers.problems == ["Azure was not asked about the application 'not an id': that is not a client ID."]


@pytest.mark.parametrize("missing", ["passwordCredentials", "endDateTime"])
def test_what_graph_does_not_report_is_said(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An application without a date is not one that never ends."""
    ask = Graph.applications

    def applications(self: Graph, client_ids: Any) -> Any:
        found = ask(self, client_ids)
        for app in found.values():
            for one in (app, *app["passwordCredentials"]):
                one.pop(missing, None)
        return found

    monkeypatch.setattr(Graph, "applications", applications)
    monkeypatch.setattr(Graph, "service_principal", lambda _self, _client_id: None)
    with azure({"secrets": [{"value": SECRET, "name": "q1", "expires": "+6d"}]}) as here:
        readers = Readers()
        login = {name: here.login[name] for name in ("authority", "graph_url", "ca_path")}
        readers.want({"tenant_id": TENANT, "client_id": CLIENT, "client_secret": SECRET, **login}, [configuration()])
        azure_says = readers.ask()
    assert "expiries" not in with_azure(cluster(read(), Ends.read(None, None), NOW), azure_says, NOW)
    (problem,) = readers.problems
    assert problem.startswith("Microsoft Graph does not report ")
    assert CLIENT in problem


def test_a_graph_that_cannot_be_asked_is_said(tmp_path: Path) -> None:
    with azure({"graph": []}) as here:
        readers = Readers()
        login = {name: here.login[name] for name in ("authority", "graph_url", "ca_path")}
        readers.want({"tenant_id": TENANT, "client_id": CLIENT, "client_secret": SECRET, **login}, [configuration()])
        assert readers.ask() == {}
        (problem,) = readers.problems
        assert "Application.Read.All" in problem
        here.search(problem, {"client_secret": SECRET})
    files = make({"c1": cluster(read(), Ends.read(None, None), NOW)}, About(NOW), Format, tmp_path, [problem])
    assert "Application.Read.All" in files["report.html"]
    assert "Application.Read.All" in files["report.md"]
    assert json.loads(files["report.json"])["problems"] == [problem]
