# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Walks through a page as its reader does: types its commands, from top to bottom, in a copy of the checkout.

Blocks of the language ``console`` are typed, each in the shell that the ones before have left. A comment before a block
may say what a reader need not see, beside those of ``integration.examples``::

    <!-- not run: why it cannot be -->
    <!-- file: enable.yml -->     the reader saves the block under this name
    <!-- terminal -->             it is typed first, into a terminal of its own, and goes on running
    <!-- terminal: copied -->     the same, and what it prints to be copied is typed
    <!-- copied -->               what the terminal has printed to be copied is typed; the block shows how it looks
    <!-- types: [a, b] -->        lines that the reader types when a command asks
    <!-- fails -->                the last command has to fail
    <!-- prints -->               no command, but what the command before has printed: these lines, in this order;
                                  … stands for anything
"""

from __future__ import annotations

import os
import re
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml
from integration.examples import Block, blocks
from integration.running import ROOT, Program, attempt

from dev import collection
from simulator import Simulator, login

# How the pages call what is each reader's own, and what it is here.
HOST = "cluster1.example.com"
CA = "/etc/ssl/cluster-ca.pem"


def _is_ours(block: Block) -> bool:
    """Return whether it is the reader's to do something with, and no example that is run by itself."""
    return block.language == "console" or not {"file", "prints"}.isdisjoint(block.notes)


def _exports(terminal: Program) -> str:
    """What a terminal, in which something goes on running, has printed to be copied."""
    terminal.wait_for("export ONTAP_CA_PATH=")
    terminal.wait_until(lambda: terminal.output.endswith("\n"))
    return "".join(line for line in terminal.output.splitlines(keepends=True) if line.startswith("export "))


@dataclass
class Reader:
    """Who walks through a page.

    :ivar folder: empty, for all that is the reader's
    :ivar programs: where Ansible is
    :ivar collections: more of them for the page, by the folder that holds each
    """

    folder: Path
    programs: Path
    collections: dict[str, Path] = field(default_factory=dict)
    _output: str = ""
    _names: dict[str, str] = field(default_factory=dict)

    def walk(self, page: Path) -> None:
        """Walk through a page; the test fails where it is not as the page says."""
        self._prepare()
        with ExitStack() as everything:
            cluster = everything.enter_context(ExitStack())
            simulator = None
            terminals: list[Program] = []
            # A reader who practices starts the simulator first, wherever on the page it stands.
            for block in sorted(blocks(page), key=lambda block: "terminal" not in block.notes):
                if "not run" in block.notes or not _is_ours(block):
                    continue
                scenario = block.cluster()
                if scenario is not None:
                    cluster.close()
                    simulator = cluster.enter_context(Simulator(scenario=scenario))
                    self._meet(simulator)
                if block.events():
                    assert simulator is not None, f"{block.place}: events of which cluster?"
                    simulator.apply(block.events())
                if "file" in block.notes:
                    self._save(block)
                elif "prints" in block.notes:
                    self._compare(block)
                elif "terminal" in block.notes:
                    terminals.append(everything.enter_context(self._open(block)))
                    if block.notes["terminal"] == "copied":
                        self._type(block, _exports(terminals[-1]))
                        self._names = {HOST: "127.0.0.1"}
                elif "copied" in block.notes:
                    self._type(block, _exports(terminals[-1]))
                elif block.language == "console":
                    self._type(block, block.text)

    @property
    def _checkout(self) -> Path:
        # A path with a space in it: many a reader has one.
        return self.folder / "a checkout" / "ansible_collections" / "ontap" / "akv"

    @property
    def _here(self) -> Path:
        """The folder in which the reader's shell is."""
        place = self.folder / "here"
        return Path(place.read_text(encoding="utf-8").rstrip("\n")) if place.exists() else self._checkout

    @property
    def _state(self) -> Path:
        return self.folder / "state"

    def _prepare(self) -> None:
        checkout = collection.copy(self.folder / "a checkout")
        assert checkout == self._checkout
        (checkout / ".cache").mkdir()
        (checkout / ".cache" / "env").symlink_to((ROOT / ".cache" / "env").resolve())
        installed = self.folder / "home" / ".ansible" / "collections" / "ansible_collections"
        for name, place in self.collections.items():
            link = installed.joinpath(*name.split("."))
            link.parent.mkdir(parents=True)
            link.symlink_to(place)
        (self.folder / "home").mkdir(exist_ok=True)
        (self.folder / "tmp").mkdir()
        self._state.touch()

    def _meet(self, simulator: Simulator) -> None:
        """Have the login to a cluster, as the variables of the environment and by the names of the pages."""
        connection = simulator.connection
        self._names = {HOST: connection["hostname"], CA: connection["ca_path"]}
        lines = [f"export {name}='{value}'\n" for name, value in login(connection).items()]
        with self._state.open("a", encoding="utf-8") as state:
            state.writelines(lines)

    def _ours(self, text: str) -> str:
        for theirs, ours in self._names.items():
            text = text.replace(theirs, ours)
        return text

    def _save(self, block: Block) -> None:
        path = self._here / block.notes["file"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self._ours(block.text), encoding="utf-8")

    def _open(self, block: Block) -> Program:
        return Program("bash", "-c", f"exec {block.text}", cwd=self._checkout, env=self._environment())

    def _type(self, block: Block, text: str) -> None:
        """Type commands into the shell as the blocks before have left it."""
        answers = "".join(f"{line}\n" for line in yaml.safe_load(block.notes.get("types", "[]")))
        script = f"set -e -o pipefail\n. '{self._state}'\n{self._ours(text)}\nexport -p > '{self._state}'\n"
        script += f"pwd > '{self.folder / 'here'}'\n"
        # Without a terminal, so that passwords are asked for on stdin.
        where = {"cwd": self._here, "env": self._environment()}
        self._output, code = attempt("bash", "-c", script, given=answers.encode(), **where)
        if bool(code) != ("fails" in block.notes):
            pytest.fail(f"{block.place}: exit code {code}\n{text}\n{self._output}", pytrace=False)

    def _compare(self, block: Block) -> None:
        begin = 0
        for line in filter(None, map(str.strip, block.text.splitlines())):
            wanted = ".*".join(r"\s+".join(map(re.escape, part.split())) for part in self._ours(line).split("…"))
            found = re.compile(wanted).search(self._output, begin)
            if not found:
                pytest.fail(f"{block.place}: not printed: {line}\n{self._output}", pytrace=False)
            begin = found.end()

    def _environment(self) -> dict[str, str]:
        return {
            # A session of tests that a page runs takes no more than the page's test.
            "AKV_WORKERS": "1",
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_REMOTE_TEMP": str(self.folder / "tmp" / "remote"),
            "EDITOR": "false",
            "HOME": str(self.folder / "home"),
            "LC_ALL": "C.UTF-8",
            "PATH": f"{self.programs}{os.pathsep}{os.environ['PATH']}",
            # With other Pythons the environments of the checks, which the copies share, would be built anew.
            "PYENV_ROOT": os.environ.get("PYENV_ROOT") or str(Path.home() / ".pyenv"),
            "PYTHON": str((ROOT / ".cache" / "env" / "nox" / "bin" / "python").resolve()),
            "TMPDIR": str(self.folder / "tmp"),
        }
