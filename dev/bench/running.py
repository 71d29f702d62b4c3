# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs what is measured: the simulator as a process of its own, ansible-playbook, the bare session."""

from __future__ import annotations

import json
import os
import secrets
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO
from urllib.request import HTTPSHandler, ProxyHandler, Request, build_opener

from dev.bench.cases import RELEASE, REST_INFO, RESTIT, ROOT, URI, Contender, Group, Values, World

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Measure:
    """One run of one contender.

    :ivar task: seconds from the start of the task to its last result; of the bare session, of its round trips
    :ivar run: seconds of the whole ansible-playbook
    :ivar processor: seconds of processor time of that run, all its processes together
    :ivar requests: counted by the server
    :ivar server: seconds of processor time that the simulator took, where the system tells
    """

    group: str
    contender: str
    round: int
    items: int
    task: float
    run: float
    processor: float
    requests: int
    server: float

    def record(self) -> Values:
        return asdict(self)


class Simulator:
    """Simulated clusters in a process of their own."""

    def __init__(self, group: Group, folder: Path) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix=f"{group.name}-", dir=folder))
        scenario = {
            "svms": [{"name": "vs0"}, {"name": "tenant{}", "count": group.svms}],
            "vaults": [{"svm": "vs0"}, {"svm": "tenant*"}] if group.clusters == 1 else [{"svm": "vs0"}],
            # The keys are in use: each AKV configuration is available, with nothing to warn of.
            "volumes": [{"svm": "vs0", "name": "vol1", "encrypted": True}],
            "cluster": {"state_without_volumes": "available"},
            # The same login on all clusters, as module_defaults want it.
            "users": [{"name": "admin", "role": "admin", "password": secrets.token_urlsafe(12)}],
            "faults": [{"match": {"path": "/api/*", "times": 0}, "latency": {"seconds": group.latency}}]
            if group.latency
            else [],
        }
        (self._folder / "scenario.json").write_text(json.dumps(scenario), encoding="utf-8")
        self._file = self._folder / "connection.json"
        with (self._folder / "output").open("w", encoding="utf-8") as output:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "simulator", "--release", RELEASE, "--port", "0"),
                    *("--clusters", str(group.clusters), "--scenario", str(self._folder / "scenario.json")),
                    *("--connection-file", str(self._file), "--log-file", os.devnull),
                ],
                env={**os.environ, "PYTHONPATH": str(ROOT / "tests")},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    def wait(self) -> World:
        """Wait until it listens.

        :raises RuntimeError: it does not
        """
        end = time.monotonic() + 60
        while not self._file.exists():
            if self._process.poll() is not None or time.monotonic() > end:
                self.stop()
                raise RuntimeError((self._folder / "output").read_text(encoding="utf-8"))
            time.sleep(0.05)
        told = json.loads(self._file.read_text(encoding="utf-8"))
        self._context = ssl.create_default_context(cafile=told["ca_path"])
        self._connections = told.get("clusters", [told])
        uuids = {}
        if len(self._connections) == 1:
            vaults = self._control(self._connections[0], "GET", "vaults")["vaults"]
            uuids = {vault["svm"]: vault["uuid"] for vault in vaults}
        return World(self._connections, uuids)

    def requests(self) -> int:
        """Count the requests since the last call, on all clusters."""

        def count(connection: Values) -> int:
            seen = len(self._control(connection, "GET", "requests")["requests"])
            self._control(connection, "DELETE", "requests")
            return seen

        with ThreadPoolExecutor(4) as pool:
            return sum(pool.map(count, self._connections))

    def processor_time(self) -> float:
        """Seconds that it has taken since it started; 0 where the system does not tell."""
        try:
            fields = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(30)

    def _control(self, connection: Values, method: str, what: str) -> Any:
        url = f"https://{connection['hostname']}:{connection['http_port']}/simulator/{what}"
        opener = build_opener(HTTPSHandler(context=self._context), ProxyHandler({}))
        with opener.open(Request(url, method=method), timeout=60) as answer:
            return json.load(answer)


@contextmanager
def simulators(groups: list[Group], folder: Path) -> Iterator[dict[str, tuple[Simulator, World]]]:
    """Start the simulators of groups; give each with what is to be known of it."""
    started = {group.name: Simulator(group, folder) for group in groups}
    try:
        yield {name: (simulator, simulator.wait()) for name, simulator in started.items()}
    finally:
        for simulator in started.values():
            simulator.stop()


def measure(group: Group, contender: Contender, number: int, world: World, simulator: Simulator) -> Measure:
    """Run a contender once.

    :raises RuntimeError: it failed
    """
    simulator.requests()
    before = simulator.processor_time()
    with tempfile.TemporaryDirectory(prefix="akv-bench-") as place:
        folder = Path(place)
        if contender.task is None:
            ran = _run_session(contender, world, folder)
        else:
            ran = _run_playbook(contender, world, folder)
    server = simulator.processor_time() - before
    items = contender.items or group.items
    requests = simulator.requests()
    return Measure(group.name, contender.name, number, items, requests=requests, server=server, **ran)


def _run_session(contender: Contender, world: World, folder: Path) -> Values:
    assert contender.stages is not None
    stages = [[{"request": request} for request in stage] for stage in contender.stages(world)]
    file = folder / "session.json"
    file.write_text(
        json.dumps({"connection": world.connections[0], "threads": contender.threads, "stages": stages}),
        encoding="utf-8",
    )
    with (folder / "output").open("w+", encoding="utf-8") as output:
        ran = _run([sys.executable, HERE / "session.py", file], {}, output)
        output.seek(0)
        return {"task": float(output.read()), **ran}


def _run_playbook(contender: Contender, world: World, folder: Path) -> Values:
    (folder / "playbook.json").write_text(json.dumps([_play(contender, world)]), encoding="utf-8")
    (folder / "inventory.json").write_text(json.dumps(_inventory(world)), encoding="utf-8")
    (folder / "home").mkdir()
    stamp = folder / "stamp"
    ansible = Path(sys.executable).with_name("ansible-playbook")
    command: list[str | Path] = [ansible, "--inventory", folder / "inventory.json", folder / "playbook.json"]
    with (folder / "output").open("w+", encoding="utf-8") as output:
        ran = _run(command, _environment(contender, world, folder, stamp), output)
    return {"task": float(stamp.read_text(encoding="utf-8")), **ran}


def _run(command: list[str | Path], environment: dict[str, str], output: TextIO) -> Values:
    """Run a command; give its time and its processor time.

    :raises RuntimeError: it failed
    """
    began = time.monotonic()
    process = subprocess.Popen(
        command, env={**os.environ, **environment}, stdin=subprocess.DEVNULL, stdout=output, stderr=output
    )
    _pid, status, used = os.wait4(process.pid, 0)
    run = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        output.seek(0)
        raise RuntimeError(f"{command} failed:\n{output.read()[-4000:]}")
    return {"run": run, "processor": used.ru_utime + used.ru_stime}


def _play(contender: Contender, world: World) -> Values:
    assert contender.task is not None
    first = world.connections[0]
    login = {"hostname": "{{ hostname }}", "http_port": "{{ http_port }}", "username": first["username"]}
    login["password"] = first["password"]
    basic = {
        "url_username": first["username"],
        "url_password": first["password"],
        "force_basic_auth": True,
        "ca_path": first["ca_path"],
        "return_content": True,
        "status_code": [200, 202],
    }
    variables = {
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        **contender.play.get("vars", {}),
    }
    return {
        "name": "Measure",
        "hosts": "all",
        "gather_facts": False,
        "connection": "local",
        **contender.play,
        "vars": variables,
        "module_defaults": {
            "group/ontap.akv.akv": {**login, "ca_path": first["ca_path"]},
            RESTIT: login,
            REST_INFO: login,
            URI: basic,
        },
        "tasks": [{"name": "Work", **contender.task(world)}],
    }


def _inventory(world: World) -> Values:
    hosts = {
        f"cluster{number}": {"hostname": connection["hostname"], "http_port": connection["http_port"]}
        for number, connection in enumerate(world.connections, 1)
    }
    return {"all": {"hosts": hosts}}


def _environment(contender: Contender, world: World, folder: Path, stamp: Path) -> dict[str, str]:
    return {
        "AKV_STAMP": str(stamp),
        "ANSIBLE_CALLBACKS_ENABLED": "stamp",
        "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callback_plugins"),
        "ANSIBLE_HOME": str(folder / "home"),
        "ANSIBLE_ONTAP_AKV_DIRECT": str(contender.direct).lower(),
        "ANSIBLE_REMOTE_TEMP": str(folder / "home" / "remote"),
        "HOME": str(folder / "home"),
        # The vendor's modules are told of a certificate authority in no other way.
        "REQUESTS_CA_BUNDLE": world.connections[0]["ca_path"],
        **contender.environment,
    }
