# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finds the examples that a reader may copy: those of the modules' documentation, and of the pages.

On a page they are the blocks of YAML that are a playbook or tasks. A comment before a block may say what a reader need
not see::

    <!-- not run: why it cannot be -->
    <!-- cluster: {vaults: [{svm: vs0}]} -->    on a new cluster, of this scenario
    <!-- events: [{lose_keys: {svm: vs0}}] -->  after these events
    <!-- file: enable.yml -->                   a file that commands of the page use: tests/pages types those
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from integration.running import Values

_BLOCK = re.compile(r"^(?P<indent> *)```(?P<language>\w+) *\n(?P<text>.*?)^(?P=indent)``` *$", re.MULTILINE | re.DOTALL)
_NOTE = re.compile(r"<!-- (?P<word>[a-z][a-z ]*?)(?:: (?P<value>.*?))? -->", re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page.

    :ivar place: file and line
    :ivar notes: what the comments before it say, by their first word; empty where there is no more
    """

    place: str
    language: str
    text: str
    notes: dict[str, str]

    def events(self) -> list[Values]:
        events: list[Values] = yaml.safe_load(self.notes.get("events", "[]"))
        return events

    def cluster(self) -> Values | None:
        scenario: Values | None = yaml.safe_load(self.notes["cluster"]) if "cluster" in self.notes else None
        return scenario


@dataclass(frozen=True)
class Example:
    """A playbook or tasks to copy.

    :ivar place: file and line
    :ivar plays: as YAML has it: a list of plays, or of tasks
    :ivar scenario: of the new cluster that it begins; None goes on with the one before
    :ivar reason: why it is not run; None where it is
    """

    place: str
    plays: list[Values]
    scenario: Values | None = None
    events: list[Values] = field(default_factory=list)
    reason: str | None = None

    @property
    def is_playbook(self) -> bool:
        return any("hosts" in each or "ansible.builtin.import_playbook" in each for each in self.plays)


def of_module(path: Path) -> Example:
    """The examples in the documentation of a module."""
    (text,) = (
        ast.literal_eval(node.value)
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "EXAMPLES"
    )
    return Example(path.name, yaml.safe_load(text))


def blocks(path: Path) -> Iterator[Block]:
    """The fenced blocks of a page, in order."""
    page = path.read_text(encoding="utf-8")
    end = 0
    for block in _BLOCK.finditer(page):
        notes = {match["word"]: match["value"] or "" for match in _NOTE.finditer(page, end, block.start())}
        end = block.end()
        text = re.sub(rf"^{block['indent']}", "", block["text"], flags=re.MULTILINE)
        yield Block(f"{path.name}:{page.count(chr(10), 0, block.start()) + 1}", block["language"], text, notes)


def of_page(path: Path) -> Iterator[Example]:
    """The examples of a page, in order, but for the files that its commands use."""
    first = True
    for block, plays in plays_of_page(path):
        if "file" in block.notes:
            continue
        cluster = block.cluster()
        scenario = {} if first and cluster is None else cluster
        yield Example(block.place, plays, scenario, block.events(), block.notes.get("not run"))
        first = False


def plays_of_page(path: Path) -> Iterator[tuple[Block, list[Values]]]:
    """The blocks of a page that are a playbook or tasks, in order."""
    for block in blocks(path):
        plays = yaml.safe_load(block.text) if block.language in ("yaml", "yml") else None
        if _is_ansible(plays):
            yield block, plays


def _is_ansible(value: object) -> bool:
    """Return whether it is a list of plays or tasks, and no scenario, variables or configuration."""
    if not isinstance(value, list):
        return False
    return all(isinstance(each, dict) and ("hosts" in each or _has_action(each)) for each in value)


def _has_action(task: Values) -> bool:
    return "block" in task or any(re.fullmatch(r"\w+\.\w+\.\w+", str(name)) for name in task)
