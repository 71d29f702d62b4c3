# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the pages point at exists: tests, files, links; and the README leads to every page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from ansible_collections.ontap.akv.plugins.module_utils._http import retry
from ansible_collections.ontap.akv.plugins.module_utils._ontap.connection import ARGUMENT_SPEC

ROOT = Path(__file__).resolve().parents[3]
TOP = [ROOT / f"{name}.md" for name in ("README", "SECURITY", "CONTRIBUTING")]
PAGES = [*TOP, ROOT / "tests" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FOLDERS = "changelogs|demo|dev|docs|meta|plugins|tests"


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def prose_of(page: Path) -> str:
    return re.sub(r"^```.*?^```", "", text_of(page), flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", prose_of(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def named_tests() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        yield from re.findall(r"(tests/[\w/]+\.py)::(\w+)", text_of(page))


@pytest.mark.parametrize(("file", "name"), sorted(set(named_tests())))
def test_a_test_that_a_page_names_is_there(file: str, name: str) -> None:
    assert re.search(rf"^def {name}\(", text_of(ROOT / file), re.MULTILINE)


def test_each_promise_of_the_page_on_security_names_its_test() -> None:
    rows = [line for line in text_of(ROOT / "SECURITY.md").splitlines() if line.startswith("|")]
    bare = [row for row in rows if not re.search(r"`tests/[\w/]+\.py::test_\w+`", row)]
    assert [row for row in bare if not re.fullmatch(r"\|[-|]+\||\|.*\| test \|", row)] == []
    assert len(rows) - len(bare) > 30


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", prose_of(page)):
        if re.match(r"https?://", target):
            continue
        file, _hash, anchor = target.partition("#")
        there = (page.parent / file).resolve() if file else page
        assert there.exists(), target
        assert not anchor or anchor in anchors(there), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_that_a_page_names_are_there(page: Path) -> None:
    for path in re.findall(rf"`((?:{FOLDERS})/[\w./-]*)(?:::\w+)?`", prose_of(page)):
        assert (ROOT / path).exists(), path


def test_the_readme_is_short_and_names_each_role_and_page() -> None:
    readme = text_of(ROOT / "README.md")
    assert len(readme.splitlines()) <= 150
    linked = set(re.findall(r"\]\(([^)#]+)\)", readme))
    assert {f"roles/{path.parent.name}/README.md" for path in ROOT.glob("roles/*/README.md")} <= linked
    assert {f"docs/{path.name}" for path in ROOT.glob("docs/*.md")} <= linked


@pytest.mark.parametrize("page", ["README.md", "docs/getting-started.md"])
def test_a_page_installs_this_version(page: str) -> None:
    version = yaml.safe_load(text_of(ROOT / "galaxy.yml"))["version"]
    assert set(re.findall(r"ontap-akv-([\w.]+)\.tar\.gz", text_of(ROOT / page))) == {version}


def test_the_page_on_reliability_names_each_code_that_is_sent_again() -> None:
    rows = [line for line in text_of(ROOT / "docs" / "reliability.md").splitlines() if "codes" in line]
    for codes in (retry._BUSY_CODES, retry._LOST_CODES):
        assert any(all(re.search(rf"\b{code}\b", row) for code in codes) for row in rows)


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.name)
def test_the_contents_of_the_docsite_name_each_page(page: Path) -> None:
    contents = text_of(ROOT / "dev" / "docsite" / "index.md")
    assert re.search(rf"^docs/{page.stem}$", contents, re.MULTILINE), "name it in dev/docsite/index.md"
    assert f"](docs/{page.name}): " in contents, "describe it in dev/docsite/index.md, in a sentence"


def test_the_login_for_all_roles_may_do_what_each_role_needs() -> None:
    page = text_of(ROOT / "docs" / "least-privilege.md")
    lines = re.findall(r"^security login rest-role create -role (\w+) -api (\S+) -access (\w+)$", page, re.MULTILINE)
    needed: dict[str, str] = {}
    for name, path, access in lines:
        if name != "akv_operator":
            needed[path] = max(needed.get(path, ""), access, key=["", "readonly", "all"].index)
    assert needed
    assert {path: access for name, path, access in lines if name == "akv_operator"} == needed


def test_the_contents_name_each_playbook_role_module_and_variable() -> None:
    page = text_of(ROOT / "docs" / "reference.md")
    options = {f"`akv_{option}`" for option in ARGUMENT_SPEC}
    named = {
        *(f"| `ontap.akv.{path.stem}` |" for path in ROOT.glob("playbooks/*.yml")),
        *(f"[{path.name}](../roles/{path.name}/README.md)" for path in ROOT.glob("roles/*")),
        *(f"`{path.stem}`" for path in ROOT.glob("plugins/modules/*.py")),
        *(f"`{path.stem}`" for path in ROOT.glob("extensions/eda/plugins/event_source/*.py")),
        *(f"`{path.stem}`" for kind in ("lookup", "test") for path in ROOT.glob(f"plugins/{kind}/*.py")),
    }
    assert {name for name in named | options if name not in page} == set()


def test_the_page_on_architecture_gives_each_file_a_duty() -> None:
    page = text_of(ROOT / "docs" / "architecture.md")
    sections = re.findall(r"^### `(plugins[\w/]*)`.*?\n(.*?)(?=^##|\Z)", page, re.MULTILINE | re.DOTALL)
    named = {f"{folder}/{name}" for folder, text in sections for name in re.findall(r"`(\w+\.py)`", text)}
    # A module and its action are documented by ansible-doc, and a role's file has its name.
    as_a_whole = ("modules", "action", "doc_fragments", "_roles", "lookup", "test")
    paths = [path for path in (ROOT / "plugins").rglob("*.py") if path.parent.name not in as_a_whole]
    files = {str(path.relative_to(ROOT)) for path in paths}
    assert files <= named, "give each of them a duty in docs/architecture.md"
