# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report: one model, four formats, and no text of a server that is anything but text."""

from __future__ import annotations

import errno
import fcntl
import io
import json
import os
import re
import signal
import subprocess
import sys
import typing as t
from datetime import date, datetime, timezone
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.ontap.akv.plugins.module_utils._akv.report import (
    About,
    Ends,
    cluster,
    credentials_in_use,
    fleet,
    reading,
)
from ansible_collections.ontap.akv.plugins.module_utils._runtime.errors import InputError
from ansible_collections.ontap.akv.plugins.plugin_utils._report import files, html, markdown, prometheus
from ansible_collections.ontap.akv.plugins.plugin_utils._roles.akv_report import Format

Values = dict[str, t.Any]
NOW = datetime(2026, 11, 1, 12, tzinfo=timezone.utc)
ABOUT = About(NOW)
NONE = Ends.read(None, None)
KEY = "https://kv1.vault.azure.net/keys/k"


def vault(svm: str = "vs0", verdict: str = "healthy", cause: str = "none", **more: t.Any) -> Values:
    return {
        "svm": {"name": svm, "uuid": f"uuid-of-{svm}"},
        "uuid": f"uuid-{svm}",
        "name": "https://kv1.vault.azure.net/",
        "key_id": KEY,
        "client_id": "app1",
        "authentication_method": "client_secret",
        "verdict": verdict,
        "available": verdict == "healthy",
        "unavailable_nodes": [] if verdict == "healthy" else ["node1"],
        "reasons": [] if verdict == "healthy" else [f"{cause} it is."],
        "diagnosis": {"cause": cause, "evidence": [f"ONTAP says {cause}"], "advice": f"Cure {cause}."},
        **more,
    }


def result(*vaults: Values, volumes: t.Any = None) -> Values:
    summary = {"total": len(vaults), **{each["verdict"]: 1 for each in vaults}}
    more = {} if volumes is None else {"volumes": volumes}
    return {"vaults": list(vaults), "summary": summary, "msg": f"{len(vaults)} AKV configurations.", **more}


def volume(state: str, svm: str = "vs0", name: str = "v0") -> Values:
    return {"svm": {"name": svm}, "name": name, "state": state, "encryption": {"state": "encrypted"}}


def made(given: t.Any, ends: Ends = NONE) -> Values:
    return cluster(reading(given), ends, NOW)


def test_a_cluster_that_was_not_read_is_never_healthy() -> None:
    for unread in (None, {}, {"failed": True, "msg": "refused"}, {"vaults": None}):
        record = made(unread)
        assert (record["reachable"], record["found"], record["needs_attention"]) == (False, ["unreachable"], True)
        assert "vaults" not in record
        assert "ontap_akv_up" in prometheus.of_cluster("c", record, NOW, "")
        assert not re.search(r"^ontap_akv_(configuration|last_read)", prometheus.of_cluster("c", record, NOW, ""), re.M)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (result(vault()), []),
        (result(vault(verdict="inactive")), []),
        (result(vault(verdict="unknown", cause="not_reported")), ["unknown"]),
        (
            result(vault("a", "degraded"), vault("b", "unavailable"), volumes=[volume("offline")]),
            ["offline", "unavailable", "degraded"],
        ),
        (result(vault(), volumes=[volume("online"), {"name": "v1", "svm": {"name": "vs0"}}]), []),
    ],
)
def test_findings_the_worst_first(given: Values, found: list[str]) -> None:
    record = made(given)
    assert record["found"] == found
    assert record["needs_attention"] == bool(found)


@pytest.mark.parametrize(
    ("ends", "level", "attention"),
    [
        ("2026-10-31", "expired", True),
        ("2026-11-07", "7", True),
        ("2026-11-30", "30", True),
        ("2026-12-30", "60", False),
        ("2027-01-01", "later", False),
    ],
)
def test_what_ends_when(ends: str, level: str, attention: bool) -> None:
    record = made(result(vault("a"), vault("b")), Ends.read({"APP1": ends}, {KEY: "2027-11-01"}))
    first, second = record["expiries"]
    assert (first["what"], first["name"], first["svms"], first["level"]) == ("credential", "app1", ["a", "b"], level)
    assert (second["what"], second["name"]) == ("key", KEY)
    assert record["found"] == ([] if level == "later" else ["expiring"])
    assert record["needs_attention"] == attention


def test_of_two_credentials_with_the_same_name_and_hint_the_first_to_end_counts() -> None:
    secrets = [
        {"name": "ontap", "hint": "abc", "expires_at": f"{day}T00:00:00Z"} for day in ("2026-11-04", "2027-11-01")
    ]
    ends = Ends.read(None, None, {"app1": {"client_id": "app1", "secrets": secrets, "certificates": []}})
    for order in (secrets, secrets[::-1]):
        ends.azure["app1"]["secrets"] = order
        (entry,) = made(result(vault("a")), ends)["expiries"]
        assert (entry["level"], entry["days_left"], entry["svms"]) == ("7", 3, ["a"])
        assert entry["expires_at"].startswith("2026-11-04")
        assert entry["timestamp"] == int(datetime(2026, 11, 4, tzinfo=timezone.utc).timestamp())


def test_a_date_of_a_key_holds_for_its_versions() -> None:
    record = made(result(vault(key_id=f"{KEY}/0123456789abcdef0123456789abcdef")), Ends.read(None, {KEY: "2027-11-01"}))
    assert [entry["what"] for entry in record["expiries"]] == ["key"]


def test_the_credential_in_use_is_what_people_declare() -> None:
    given = {"APP1": {"name": "2027-q1", "since": date(2026, 10, 1)}, "app2": "q2", "app3": "unused"}
    in_use = credentials_in_use(given)
    read = reading(result(vault("a"), vault("b", client_id="app2"), vault("c", client_id="app4")))
    record = cluster(read, NONE, NOW, in_use)
    assert [each.get("credential") for each in record["vaults"]] == [
        {"name": "2027-q1", "since": "2026-10-01"},
        {"name": "q2"},
        None,
    ]
    assert "since 2026-10-01" in files.make({"c": record}, ABOUT, ["html"], Path("none"))["report.html"]
    for wrong in ("q1", {"app1": {}}, {"app1": {"secret": "x"}}, {"app1": {"since": "soon"}}):
        with pytest.raises(InputError, match="akv_credential_names"):
            credentials_in_use(wrong)


def test_what_ends_soon_is_what_needs_attention() -> None:
    """The headline counts it, so the page must show it."""
    record = made(result(vault()), Ends.read({"app1": "2026-11-21"}, {KEY: "2026-12-30"}))
    pages = files.make({"c1": record}, ABOUT, ["html", "markdown"], Path("none"))
    assert "1 of 1 cluster needs attention" in pages["report.html"]
    for page in (pages["report.html"], pages["report.md"]):
        attention = page.partition("What needs attention")[2].partition("What ends when")[0]
        assert "The credential of app1 expires on 2026-11-21 (in 20 days)" in attention
        assert KEY not in attention
        assert "Nothing." not in attention


def test_the_worst_first_in_a_table() -> None:
    record = made(result(vault("a"), vault("b", "degraded"), vault("c", "inactive"), vault("d", "unavailable")))
    assert [each["svm"]["name"] for each in record["vaults"]] == ["d", "b", "c", "a"]


def test_what_is_not_a_date_is_refused() -> None:
    with pytest.raises(InputError, match=r"akv_key_expires\[k\]"):
        Ends.read(None, {"k": "soon"})


def test_the_fleet_worst_first_and_one_entry_a_cause() -> None:
    clusters = {
        "good": made(result(vault())),
        "dead": made({"msg": "no answer"}),
        "ill": made(
            result(
                vault("a", "unavailable", "credential_expired"),
                vault("b", "unavailable", "credential_expired"),
                volumes=[volume("offline", "a"), volume("offline", "z", "lost")],
            )
        ),
        "soon": made(result(vault()), Ends.read({"app1": "2026-11-20"}, None)),
    }
    report = fleet(clusters, ABOUT)
    assert report["headline"] == "3 of 4 clusters need attention"
    assert list(report["clusters"]) == ["ill", "dead", "soon", "good"]
    first, second, third = report["causes"]
    assert first["cause"] == "credential_expired"
    assert first["where"] == [
        {"cluster": "ill", "svm": "a", "volumes": ["v0 (offline)"]},
        {"cluster": "ill", "svm": "b"},
    ]
    assert second["where"] == [{"cluster": "ill", "svm": "z", "volumes": ["lost (offline)"]}]
    assert (third["cause"], third["evidence"]) == ("unreachable", ["no answer"])
    assert [entry["clusters"] for entry in report["expiries"]] == [["soon"]]


def test_one_fault_of_the_network_is_one_cause() -> None:
    def failed(address: str, why: str) -> Values:
        return {"failed": True, "msg": f"Reading {address} failed: https://{address}:443 {why}."}

    clusters = {f"c{number}": failed(f"10.0.0.{number}", "timed out") for number in range(5)}
    clusters["c5"] = failed("c5", "timed out")
    clusters["c6"] = failed("10.0.0.6", "refused the login")
    causes = fleet({name: made(given) for name, given in clusters.items()}, ABOUT)["causes"]
    assert [[where["cluster"] for where in cause["where"]] for cause in causes] == [
        ["c0", "c1", "c2", "c3", "c4", "c5"],
        ["c6"],
    ]
    assert causes[0]["evidence"] == [clusters[f"c{number}"]["msg"] for number in range(3)]


@pytest.mark.parametrize(
    ("clusters", "headline"),
    [
        ({}, "No cluster was read"),
        ({"a": result(vault())}, "1 cluster: nothing needs attention"),
        ({"a": None}, "1 of 1 cluster needs attention"),
    ],
)
def test_headlines(clusters: Values, headline: str) -> None:
    assert fleet({name: made(given) for name, given in clusters.items()}, ABOUT)["headline"] == headline


# -- what a server writes ----------------------------------------------------------------------------------------------


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, tuple(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def _with(text: str) -> Values:
    """A reading with one text in every field that a server writes."""
    ill = vault(
        text,
        "degraded",
        text,
        name=text,
        key_id=text,
        client_id=text,
        reasons=[text],
        authentication_method=text,
        configuration={"name": text},
    )
    ill["diagnosis"] = {"cause": "unclassified", "evidence": [text], "advice": text}
    return {**result(ill, volumes=[volume(text, text, text)]), "msg": text, "release": text}


HOSTILE = "</td><script>x</script><a href='y'>|`*_{{ 1 }}[z](y)\n# head\x1b[2J\u202e\ud800"


def _made_files(text: str, folder: Path) -> dict[str, str]:
    return files.make({"c1": made(_with(text))}, ABOUT, Format, folder)


def _shape(page: str) -> tuple[_Tags, list[str]]:
    parser = _Tags()
    parser.feed(page)
    return parser, [tag for tag, _attributes in parser.seen]


def test_html_has_no_tag_of_a_server(tmp_path: Path) -> None:
    harmless, wanted = _shape(_made_files("plain", tmp_path)["report.html"])
    hostile, found = _shape(_made_files(HOSTILE, tmp_path)["report.html"])
    assert found == wanted
    # Only the label that a person sees differs, never an attribute.
    assert [each[1] for each in hostile.seen] == [each[1] for each in harmless.seen]
    assert "<script>x</script>" in hostile.text
    assert "\x1b" not in hostile.text


def test_a_name_of_a_cluster_is_text_too(tmp_path: Path) -> None:
    """As text that turns the direction of writing, it would turn what follows."""
    names = {HOSTILE: made(result(vault())), "\\u202e": made(None), "\u202e": made(None)}
    page = files.make(names, About(NOW, HOSTILE, HOSTILE), ["html"], tmp_path)
    text = next(iter(page.values()))
    assert not re.search("[\x1b\u202e\ud800]", text)
    assert _shape(text)[1].count("section") == 3
    assert "script" not in _shape(text)[1]


def test_each_link_leads_to_a_cluster() -> None:
    names = [HOSTILE, "\u202e", *(f"c{number}" for number in range(20))]
    for read in (None, result(vault(verdict="degraded", cause="key_disabled"))):
        clusters = {name: made(read, Ends.read({"app1": "2026-11-02"}, None)) for name in names}
        seen = _shape(html.of_fleet(fleet({**clusters, "other": made(result())}, ABOUT)))[0].seen
        targets = {f"#{value}" for _tag, attributes in seen for name, value in attributes if name == "id"}
        links = [value for _tag, attributes in seen for name, value in attributes if name == "href"]
        assert set(links) <= targets
        assert len(set(links)) == len(names) + 1


# A volume in the state "online" is not shown.
@given(st.text(min_size=1, max_size=40).filter(lambda text: text != "online"))
def test_nothing_breaks_and_nothing_leaves_its_place(text: str) -> None:
    wanted = _shape(_made_files("plain", Path("none"))["report.html"])[1]
    of = _made_files(text, Path("none"))
    assert _shape(of["report.html"])[1] == wanted
    assert json.loads(of["clusters/c1.json"])["vaults"][0]["name"] == text
    rows = [line for line in of["clusters/c1.md"].splitlines() if line.startswith("| SVM")]
    assert [len(re.findall(r"(?<!\\)\|", row)) for row in rows] in ([10], [10, 5], [10, 5, 5])
    series = [line for line in of["metrics/c1.prom"].split("\n") if line and not line.startswith("#")]
    label = r'[a-z_]+="(?:[^"\\\n]|\\[\\"n])*"'
    assert all(re.fullmatch(rf"ontap_akv_[a-z_]+\{{{label}(,{label})*\}} -?[0-9]+", line) for line in series), series
    assert len({line.rpartition(" ")[0] for line in series}) == len(series)


@given(st.lists(st.text(max_size=120), max_size=6, unique=True))
def test_each_name_has_a_file_of_its_own_in_the_folder(names: list[str]) -> None:
    safe = [files.file_name(name) for name in names]
    assert len(set(safe)) == len(names)
    for name in safe:
        assert re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,110}", name), name


# -- files -------------------------------------------------------------------------------------------------------------


def test_files_are_whole_private_and_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    clusters = {"c1": made(result(vault())), "a/b": made(None)}
    content = files.make(clusters, About(NOW, "west", "CHG1"), Format, folder)
    files.write(folder, content, public_metrics=False)
    files.write(folder, content, public_metrics=True)
    paths = [path for path in folder.rglob("*") if path.is_file()]
    assert {str(path.relative_to(folder)) for path in paths} == set(content)
    assert {path.stat().st_mode & 0o777 for path in paths if path.suffix == ".prom"} == {0o644}
    assert {path.stat().st_mode & 0o777 for path in paths if path.suffix != ".prom"} == {0o640}
    written = json.loads((folder / "report-west.json").read_text())
    assert (written["made"], written["slice"], written["change_number"]) == ("2026-11-01T12:00:00Z", "west", "CHG1")
    for path in paths:
        assert "2026-11-01T12:00:00Z" in path.read_text() or path.suffix == ".prom"


KILLED = """
import os, signal, sys
from pathlib import Path
from ansible_collections.ontap.akv.plugins.plugin_utils._report import files
os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
files.write(Path(sys.argv[1]), {"metrics/c1.prom": "half"}, False)
"""


def test_what_a_killed_run_has_left_is_removed(tmp_path: Path) -> None:
    first = {"metrics/c1.prom": "whole", "report.json": "{}"}
    files.write(tmp_path, first, public_metrics=False)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    # ansible-test runs this file too, so that it uses no runner of the other tests.
    done = subprocess.run([sys.executable, "-c", KILLED, tmp_path], env=environment, check=False)
    assert done.returncode == -signal.SIGKILL
    metrics = tmp_path / "metrics"
    (left,) = metrics.glob(".*")
    assert (metrics / "c1.prom").read_text() == "whole"
    others = [metrics / name for name in (".part", ".c1.prom.part", ".c1.prom.abcdefgh.part~", "c1.prom.abcdefgh.part")]
    for path in others:
        path.touch()
    alive = metrics / ".c2.prom.abcdefgh.part"
    with alive.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        files.write(tmp_path, {"metrics/c3.prom": "new"}, public_metrics=False)
        assert not left.exists()
        assert all(path.exists() for path in (*others, alive))
    files.write(tmp_path, {"metrics/c3.prom": "new"}, public_metrics=False)
    assert not alive.exists()


class Full(io.BufferedWriter):
    """A file on a server whose disk is full, which shows when the file is closed."""

    def __init__(self, descriptor: int, _mode: str) -> None:
        super().__init__(io.FileIO(descriptor, "wb"))

    def close(self) -> None:
        super().close()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_file_that_cannot_be_closed_replaces_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files.write(tmp_path, {"report.json": "whole"}, public_metrics=False)
    monkeypatch.setattr(files, "open", Full, raising=False)
    with pytest.raises(OSError, match="No space left"):
        files.write(tmp_path, {"report.json": "half"}, public_metrics=False)
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]
    assert (tmp_path / "report.json").read_text() == "whole"


def test_a_file_that_another_run_removes_is_begun_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock, removed = fcntl.flock, []

    def removing(descriptor: int, operation: int) -> None:
        if not removed:
            removed.extend(tmp_path.glob(".*"))
            removed[0].unlink()
        lock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", removing)
    files.write(tmp_path, {"report.json": "{}"}, public_metrics=False)
    assert len(removed) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_old_files_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    both = {"c1": made(result(vault())), "c2": made(result(vault()))}
    files.write(folder, files.make(both, ABOUT, Format, folder), public_metrics=False)
    files.write(folder, files.make({"c3": made(None)}, About(NOW, "west"), Format, folder), public_metrics=False)
    report = files.make({"c1": both["c1"]}, ABOUT, Format, folder)
    assert json.loads(report["report.json"])["old"] == ["c2 (2026-11-01T12:00:00Z)"]
    assert "c2 (2026-11-01T12:00:00Z)" in report["report.html"]
    assert r"c2 (2026-11-01T12:00:00Z)" in report["report.md"]


@pytest.mark.parametrize("formats", [["markdown"], ["json"], ["prometheus"]])
def test_an_old_file_is_named_in_whatever_format(formats: list[str], tmp_path: Path) -> None:
    for part, name in (("", "c2"), ("we\\st *1*", "c3")):
        content = files.make({name: made(None)}, About(NOW, part), formats, tmp_path)
        files.write(tmp_path, content, public_metrics=False)
    for part, old in (("", "c2"), ("we\\st *1*", "c3")):
        content = files.make({"c1": made(None)}, About(NOW, part), ["json"], tmp_path)
        (report,) = (json.loads(text) for name, text in content.items() if name.startswith("report"))
        assert report["old"] == [f"{old} (2026-11-01T12:00:00Z)"]


def test_a_file_that_says_nothing_is_old(tmp_path: Path) -> None:
    for name in ("clusters/a.json", "clusters/b.md", "metrics/c.prom", "clusters/d.json"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"[1]" if name.endswith("d.json") else b"\xff{")
    report = json.loads(files.make({"c1": made(None)}, ABOUT, ["json"], tmp_path)["report.json"])
    assert report["old"] == [f"{name} (unknown date)" for name in "abcd"]


def test_how_many_nodes_lack_keys_is_not_known_where_nothing_is_reported() -> None:
    cases = (
        ("healthy", True, [], 1),
        # It has no encrypted volume yet.
        ("healthy", None, [], 1),
        ("degraded", False, ["n1"], 1),
        ("unknown", None, [], 0),
        ("unavailable", False, [], 0),
    )
    for verdict, available, nodes, lines in cases:
        record = made(result(vault(verdict=verdict, available=available, unavailable_nodes=nodes)))
        text = prometheus.of_cluster("c", record, NOW, "")
        assert text.count("\nontap_akv_configuration_nodes_without_keys{") == lines


def test_whether_azure_is_reachable_is_not_known_where_it_is_not_reported() -> None:
    for reported, values in (
        ({}, []),
        ({"reachable": None}, []),
        ({"reachable": True}, ["1"]),
        ({"reachable": False}, ["0"]),
    ):
        text = prometheus.of_cluster("c", made(result(vault(azure_reachability=reported))), NOW, "")
        assert re.findall(r"^ontap_akv_configuration_azure_reachable\{.*\} (.*)$", text, re.MULTILINE) == values


def test_the_families_never_change() -> None:
    """node_exporter drops the samples of a file whose HELP differs from another's: a changed text is a new name."""
    kept = Path(__file__).with_name("prometheus_families.txt").read_text(encoding="utf-8")
    empty = prometheus.of_cluster("c", made(None), NOW, "")
    assert "".join(f"{line}\n" for line in empty.splitlines() if line.startswith("#")) == kept


def test_plain_lines() -> None:
    record = made(
        result(vault(verdict="degraded", cause="key_disabled"), volumes=[volume("offline")]),
        Ends.read({"app1": "2026-11-02"}, None),
    )
    assert markdown.in_lines(record) == [
        "1 AKV configurations.",
        "SVM vs0 is degraded: key_disabled it is.",
        "SVM vs0: volume v0 is offline.",
        "The credential of app1 expires on 2026-11-02 (in 1 day).",
    ]
