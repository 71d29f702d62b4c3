# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What surrounds the collection: pins, workflows, issue forms, and what Galaxy lists."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
FORMS = [path for path in sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml")) if path.name != "config.yml"]
WORKFLOWS = [*ROOT.glob(".github/workflows/*.yml"), *ROOT.glob("examples/*/.github/workflows/*.yml")]
PINS = sorted((ROOT / "dev" / "requirements").glob("*.txt"))


def _read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", PINS, ids=lambda path: path.name)
def test_each_requirement_is_pinned_with_a_hash(path: Path) -> None:
    text = re.sub(r"\\\n", " ", path.read_text(encoding="utf-8"))
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert lines
    assert [line for line in lines if not re.match(r"\S+==\S+ .*--hash=sha256:[0-9a-f]{64}", line)] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: str(path.relative_to(ROOT)))
def test_each_action_is_pinned(path: Path) -> None:
    used = re.findall(r"uses: (.*)", path.read_text(encoding="utf-8"))
    assert used
    assert [action for action in used if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}  # v[0-9.]+", action)] == []


def test_the_workflow_runs_the_checks() -> None:
    jobs = _read(ROOT / ".github" / "workflows" / "test.yml")["jobs"]
    assert {step["run"] for job in jobs.values() for step in job["steps"] if "run" in step} == {
        "make test",
        "make certification",
    }


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.name)
def test_each_form_warns_of_secrets(path: Path) -> None:
    assert "Do not paste secrets" in path.read_text(encoding="utf-8")
    assert {"name", "description", "body"} <= set(_read(path))


@pytest.mark.parametrize("name", ["bug.yml", "cluster.yml"])
def test_reports_have_requests_and_outcome(name: str) -> None:
    (result,) = (
        part for part in _read(ROOT / ".github" / "ISSUE_TEMPLATE" / name)["body"] if part.get("id") == "result"
    )
    assert "`requests`, `outcome`" in result["attributes"]["label"]
    assert result["validations"]["required"]


def test_contributors_are_shown_the_code_of_conduct() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert re.search(r"\]\(https://docs\.ansible\.com/\S+/code_of_conduct\.html\)", text)


def test_the_changelog_has_this_version() -> None:
    version = _read(ROOT / "galaxy.yml")["version"]
    assert version in _read(ROOT / "changelogs" / "changelog.yaml")["releases"]
    assert f'<a id="v{version.replace(".", "-")}"></a>' in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_galaxy_lists_the_event_sources() -> None:
    (extension,) = _read(ROOT / "meta" / "extensions.yml")["extensions"]
    assert list((ROOT / "extensions" / extension["args"]["ext_dir"]).glob("akv_*.py"))


def test_each_folder_of_tests_is_described() -> None:
    described = set(re.findall(r"^\| `(\w+)` \|", (ROOT / "tests" / "README.md").read_text(encoding="utf-8"), re.M))
    assert described == {path.name for path in (ROOT / "tests").iterdir() if path.is_dir() and path.name[0] not in "._"}


def _keys(node: yaml.Node) -> tuple[set[str], set[str]]:
    """The keys of a mapping, and those that it merges."""
    assert isinstance(node, yaml.MappingNode)
    own = {key.value for key, _value in node.value if key.value != "<<"}
    merged: set[str] = set()
    for key, value in node.value:
        if key.value == "<<":
            merged = merged.union(*_keys(value))
    return own, merged


@pytest.mark.parametrize("path", sorted(ROOT.glob("extensions/awx/*/*.yml")), ids=lambda path: path.name)
def test_no_key_of_the_kit_replaces_a_merged_one(path: Path) -> None:
    """ansible-core up to 2.18 warns of it as of a key that is given twice."""
    nodes = [yaml.compose(path.read_text(encoding="utf-8"))]
    while nodes:
        node = nodes.pop()
        if isinstance(node, yaml.MappingNode):
            own, merged = _keys(node)
            assert not own & merged, f"{path.name}: line {node.start_mark.line + 1}"
            nodes += [value for _key, value in node.value]
        elif isinstance(node, yaml.SequenceNode):
            nodes += node.value
