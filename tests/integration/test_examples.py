# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every example that a reader may copy is run: those of the modules' documentation, of README.md and of docs/."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import yaml
from integration.examples import Example, of_module, of_page, plays_of_page
from integration.running import ROOT, Ansible, Run, Values, play

from simulator import Simulator, login

MODULES = sorted((ROOT / "plugins" / "modules").glob("*.py"))
PAGES = [path for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))) if path.exists()]

# What the examples of a module are about, and the releases on which all of them do something; a page says so itself.
CLUSTERS: dict[str, tuple[Values, tuple[str, ...]]] = {
    "akv_config": ({"vaults": [{"svm": "vs1"}, {"svm": "vs2"}]}, ("9.14.1",)),
    "akv_conformance_info": ({"vaults": [{"svm": "vs0"}]}, ("9.14.1",)),
    "akv_credential": (
        {
            "vaults": [{"svm": svm, "client_id": "aaaaaaaa-bbbb-aaaa-bbbb-aaaaaaaaaaaa"} for svm in ("vs0", "vs1")],
            "volumes": [{"svm": "vs0", "name": "vol1", "encrypted": True}],
        },
        ("9.7", "9.14.1"),
    ),
    "akv_info": (
        {
            "vaults": [{"svm": "vs0"}, {"svm": "vs1"}],
            "volumes": [{"svm": "vs0", "name": "vol1", "encrypted": True}],
        },
        ("9.14.1",),
    ),
    "akv_preflight_info": ({}, ("9.7", "9.14.1")),
    "akv_rekey": ({"vaults": [{"svm": "vs0"}]}, ("9.11.1",)),
    "akv_repair": (
        {"vaults": [{"svm": svm, "keys_missing_on": ["node1"]} for svm in ("vs0", "vs1")]},
        ("9.7", "9.14.1"),
    ),
    "akv_restore": (
        {"vaults": [{"svm": svm, "keys_missing_on": ["node1"]} for svm in ("vs0", "vs1", "vs2")]},
        ("9.7",),
    ),
    # Private to the roles, which run them.
    "report_files": ({}, ()),
    "role_reading": ({}, ()),
    "role_variables": ({}, ()),
}
# What is the reader's own.
VARIABLES = {
    "seconds_to_watch": 0,
    "vaulted_client_secret": "the-client-secret",
    "vaulted_previous_client_secret": "the-previous-secret",
}
ENVIRONMENT = {"AKV_CLIENT_SECRET": "the-client-secret"}
NAMES = {"cluster1.example.com": "127.0.0.1"}


def _run(examples: list[Example], simulator: Simulator, ansible: Ansible) -> Run:
    """Run examples as one playbook."""
    plays = [each for example in examples for each in (example.plays if example.is_playbook else [play(example.plays)])]
    text = yaml.safe_dump(plays, sort_keys=False)
    for theirs, ours in NAMES.items():
        text = text.replace(theirs, ours)
    playbook = ansible.write("example.yml", text)
    variables = ansible.write("variables.yml", VARIABLES)
    run = ansible.play(playbook, "-e", f"@{variables}", **login(simulator.connection), **ENVIRONMENT)
    if run.code:
        places = ", ".join(example.place for example in examples)
        pytest.fail(f"{places}\n{run.output}", pytrace=False)
    return run


@pytest.mark.parametrize(
    ("path", "release"),
    [
        pytest.param(path, release, id=f"{path.stem}-{release}")
        for path in MODULES
        # The examples of those that speak to Azure are in test_azure.
        for release in CLUSTERS.get(path.stem, ({}, ()))[1]
    ],
)
def test_examples_of_the_module(path: Path, release: str, ansible: Ansible) -> None:
    with Simulator(release=release, scenario=CLUSTERS[path.stem][0]) as simulator:
        run = _run([of_module(path)], simulator, ansible)
    assert any(task.action == f"ontap.akv.{path.stem}" for task in run.modules())
    skipped = {task.name for task in run.tasks if task.status == "skipped"}
    assert skipped <= {"Restore the keys of each SVM with nodes that lack them"}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_examples_of_the_page(path: Path, ansible: Ansible) -> None:
    runs: list[list[Example]] = []
    for example in of_page(path):
        # What follows on the same cluster can be run together, which is faster.
        if example.scenario is not None or example.events:
            runs.append([])
        runs[-1].append(example)
    with ExitStack() as cluster:
        for examples in runs:
            if examples[0].scenario is not None:
                cluster.close()
                simulator = cluster.enter_context(Simulator(scenario=examples[0].scenario))
            simulator.apply(examples[0].events)
            to_run = [example for example in examples if example.reason is None]
            if to_run:
                _run(to_run, simulator, ansible)


PAGE = """\
```yaml
nodes: [{name: node1}]
```
<!-- not run: why -->
```yaml
- name: Read
  ontap.akv.akv_info:
```
  - In a list:

    <!-- events: [{clear_faults: {}}] -->
    ```yaml
    - hosts: all
    ```
<!-- cluster: {nodes: [{name: node1}]} -->
```yaml
- block: []
```
"""


def test_examples_of_a_page_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE, encoding="utf-8")
    event: Values = {"clear_faults": {}}
    assert list(of_page(page)) == [
        Example("page.md:5", [{"name": "Read", "ontap.akv.akv_info": None}], {}, [], "why"),
        Example("page.md:12", [{"hosts": "all"}], None, [event]),
        Example("page.md:16", [{"block": []}], {"nodes": [{"name": "node1"}]}),
    ]


def test_most_examples_are_run() -> None:
    examples = [block for path in PAGES for block, _plays in plays_of_page(path)]
    reasons = [f"{block.place}: {block.notes['not run']}" for block in examples if "not run" in block.notes]
    assert len(reasons) <= len(examples) / 4, reasons


def _values(value: object, name: str) -> Iterator[object]:
    """All values under a name, however deep."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key == name:
                yield item
            yield from _values(item, name)
    elif isinstance(value, list):
        yield from itertools.chain.from_iterable(_values(item, name) for item in value)


@pytest.mark.parametrize("secret", ["client_secret", "client_certificate", "password", "proxy_password"])
def test_no_example_loops_over_secrets_or_writes_them_down(secret: str) -> None:
    demo = [
        yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "demo").rglob("playbooks/**/*.yml"))
    ]
    examples = [
        *(of_module(path).plays for path in MODULES),
        *(plays for page in PAGES for _block, plays in plays_of_page(page)),
        *demo,
    ]
    for value in _values(examples, secret):
        assert isinstance(value, str)
        assert "{{" in value, "a secret is written down"
        assert "item" not in value, "a loop over secrets shows them"
