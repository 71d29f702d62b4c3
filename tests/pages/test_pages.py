# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every command that a page shows is typed, as it stands, and prints what the page says."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import pytest
from integration.examples import blocks
from integration.running import ROOT
from pages.walking import Reader

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
WALKED = [page for page in PAGES if any(block.language == "console" for block in blocks(page))]


def _reader(folder: Path, page: Path) -> Reader:
    """Somebody who has Ansible, and the collections that the page uses and does not install."""
    text = page.read_text(encoding="utf-8")
    collections = {}
    if "netapp.ontap." in text:
        place = os.environ.get("AKV_NETAPP_ONTAP") or pytest.skip("AKV_NETAPP_ONTAP is not set; nox -s pages sets it")
        collections["netapp.ontap"] = Path(place) / "ansible_collections" / "netapp" / "ontap"
    if ".cache/build/ontap-akv-" not in text:
        collections["ontap.akv"] = ROOT
    return Reader(folder, Path(sys.executable).parent, collections)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("page", WALKED, ids=lambda page: page.name)
def test_walk(page: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    # A short path: ansible-core keeps a socket below it, and a socket's path has at most 107 characters.
    _reader(tmp_path_factory.mktemp("page"), page).walk(page)


def test_what_the_readme_says_of_netapp_ontap() -> None:
    place = os.environ.get("AKV_NETAPP_ONTAP") or pytest.skip("AKV_NETAPP_ONTAP is not set; nox -s pages sets it")
    folder = Path(place) / "ansible_collections" / "netapp" / "ontap"
    version = json.loads((folder / "MANIFEST.json").read_text(encoding="utf-8"))["collection_info"]["version"]
    modules = {path.stem: path.read_text(encoding="utf-8") for path in folder.glob("plugins/modules/na_*.py")}
    returning = [
        text for text in modules.values() if re.search(r"^RETURN = r?(?:\"{3}|'{3})\s*[^\s\"']", text, re.MULTILINE)
    ]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"netapp.ontap {version} |" in readme
    assert f"| {len(modules)} modules |" in readme
    assert f"| documented by {len(returning)} of the modules |" in readme
    assert not [name for name, text in modules.items() if re.search(r"\bdiff=", text)]


PAGE = """\
<!-- cluster: {} -->
<!-- file: tasks/read.yml -->
```yaml
- ontap.akv.akv_info:
```
```console
export FIRST=1
test -f tasks/read.yml
```
```console
echo "$FIRST 22 333"
test "$ONTAP_HOSTNAME" = cluster1.example.com
```
<!-- prints -->
```text
1 … 333
```
```console
mkdir "$HOME/apart" && cd "$HOME/apart"
```
<!-- file: secrets.yml -->
```yaml
vaulted_client_secret: "22"
```
```console
test -f "$HOME/apart/secrets.yml"
```
<!-- types: [swordfish] -->
```console
read -rs ANSWER && test "$ANSWER" = swordfish
```
<!-- fails -->
```console
false
```
<!-- not run: it would fail -->
```console
false
```
```python
not typed
```
"""


def test_a_page_as_it_is(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE, encoding="utf-8")
    _reader(tmp_path / "reader", page).walk(page)


@pytest.mark.parametrize(
    ("said", "untrue", "says"),
    [
        ("echo", "false\necho", "page.md:10: exit code 1"),
        ("1 … 333", "333 … 1", "not printed: 333 … 1"),
        ("<!-- fails -->\n", "", "exit code 1"),
        ("fails -->\n```console\nfalse", "fails -->\n```console\ntrue", "exit code 0"),
    ],
)
def test_what_is_not_true_fails(said: str, untrue: str, says: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE.replace(said, untrue), encoding="utf-8")
    with pytest.raises(pytest.fail.Exception, match=says):
        _reader(tmp_path / "reader", page).walk(page)


def test_most_commands_are_run() -> None:
    commands = [block for page in WALKED for block in blocks(page) if block.language == "console"]
    reasons = [f"{block.place}: {block.notes['not run']}" for block in commands if "not run" in block.notes]
    assert len(reasons) <= len(commands) / 4, reasons
