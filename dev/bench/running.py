# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs what is measured: the simulator as a process of its own, ansible-playbook, and children."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import HTTPSHandler, ProxyHandler, Request, build_opener

from dev.bench.cases import CLIENT, PREVIOUS, RESTIT, SECRET, TENANT, URI, Contender, Group, Values, World
from dev.collection import COLLECTIONS
from dev.environment import CACHE, ROOT

HERE = Path(__file__).resolve().parent
RELEASE = "9.14.1"
MICROSOFT = CACHE / "env" / "judge-azure" / "bin" / "python"


class Simulator:
    """Simulated clusters in a process of their own.

    :ivar clusters: the connection of each
    :ivar azure: where Azure is, or None
    """

    def __init__(self, world: World, folder: Path) -> None:
        self._folder = Path(tempfile.mkdtemp(dir=folder))
        application = {"client_id": CLIENT, "tenant_id": TENANT, "client_secret": PREVIOUS}
        slow = {"latency": {"seconds": world.latency}}
        scenario = {
            "svms": [{"name": "tenant{}", "count": world.svms}],
            "vaults": [{"svm": "tenant*", **application}],
            # The keys are in use: each AKV configuration is available, with nothing to warn of.
            "volumes": [{"svm": "tenant1", "name": "vol1", "encrypted": True}],
            "cluster": {"state_without_volumes": "available"},
            # The same login on all clusters.
            "users": [{"name": "admin", "role": "admin", "password": "of-the-benchmark"}],
            "faults": [{"match": {"azure": azure, "times": 0}, **slow} for azure in (False, True) if world.latency],
            **world.more,
        }
        (self._folder / "scenario.json").write_text(json.dumps(scenario), encoding="utf-8")
        options = ["--scenario", "scenario.json", "--connection-file", "connection.json", "--log-file", os.devnull]
        options += ["--release", RELEASE, "--port", "0", "--clusters", str(world.clusters)]
        with (self._folder / "output").open("w", encoding="utf-8") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "simulator", *options, *(["--azure-port", "0"] if world.azure else [])],
                env={**os.environ, "PYTHONPATH": str(ROOT / "tests")},
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    def wait(self) -> None:
        """Wait until it listens.

        :raises RuntimeError: it ended
        """
        while not (self._folder / "connection.json").exists():
            if self._process.poll() is not None:
                raise RuntimeError((self._folder / "output").read_text(encoding="utf-8"))
            time.sleep(0.05)
        connection = json.loads((self._folder / "connection.json").read_text(encoding="utf-8"))
        self.azure = connection.get("azure")
        self.clusters: list[Values] = connection.get("clusters", [connection])
        context = ssl.create_default_context(cafile=connection["ca_path"])
        self._opener = build_opener(HTTPSHandler(context=context), ProxyHandler({}))

    def requests(self) -> list[Values]:
        """Give the requests since the last call, on all clusters, or where Azure is, in Azure."""
        bases = [self.azure["authority"]] if self.azure else [_url(one) for one in self.clusters]
        seen = []
        for base in bases:
            for one in self._control(base, "GET")["requests"]:
                seen.append(
                    {"method": one["method"], "path": one["path"], "url": f"{base}{one['path']}?{one['query']}"}
                )
            self._control(base, "DELETE")
        return seen

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(30)

    def _control(self, base: str, method: str) -> Any:
        with self._opener.open(Request(f"{base}/simulator/requests", method=method), timeout=60) as answer:
            return json.load(answer)


@contextmanager
def simulators(groups: Sequence[Group], folder: Path) -> Iterator[list[Simulator]]:
    """Start a simulator for each group."""
    started = [Simulator(group.world, folder) for group in groups]
    try:
        for simulator in started:
            simulator.wait()
        yield started
    finally:
        for simulator in started:
            simulator.stop()


class Runner:
    """Runs contenders, and keeps the requests of each for those that replay them.

    :param older: the folder with the collection of another commit, where there is one
    """

    def __init__(self, folder: Path, older: Path | None) -> None:
        self._folder = folder
        self._older = older
        self._sent: dict[str, list[Values]] = {}

    def lacks(self, contender: Contender) -> str:
        """Say what a contender needs and is not here."""
        if contender.older and not self._older:
            return "give --against"
        return (
            "there is no environment judge-azure" if contender.child == "microsoft" and not MICROSOFT.exists() else ""
        )

    def measure(self, contender: Contender, simulator: Simulator) -> Values:
        """Run a contender; give the figures of its quickest run.

        ``task`` is from the start of the first task to the last result, ``run`` of the whole process, both in seconds;
        ``processor`` the processor time of all its processes, ``memory`` the MB of the largest of them.

        :raises RuntimeError: it failed
        """
        runs = []
        for _number in range(contender.least_of):
            if contender.keeps:
                simulator.requests()
            with tempfile.TemporaryDirectory(dir=self._folder) as place:
                of_child = contender.child or contender.replays
                runs.append((self._run_child if of_child else self._play)(contender, simulator, Path(place)))
            if contender.keeps:
                self._sent[contender.name] = simulator.requests()
                runs[-1]["requests"] = len(self._sent[contender.name])
        return min(runs, key=lambda run: float(run["task"]))

    def _run_child(self, contender: Contender, simulator: Simulator, folder: Path) -> Values:
        names = ("hostname", "http_port", "username", "password", "ca_path")
        world = {
            "login": {name: simulator.clusters[0][name] for name in names},
            "azure": simulator.azure,
            "tenant": TENANT,
            "form": {"client_id": CLIENT, "client_secret": SECRET},
        }
        variables = {"requests": self._sent[contender.replays]} if contender.replays else contender.variables
        (folder / "child.json").write_text(json.dumps({"world": world, "variables": variables}), encoding="utf-8")
        python = MICROSOFT if contender.child == "microsoft" else sys.executable
        command = [python, HERE / "children.py", contender.child or "replay", folder / "child.json"]
        collections = self._older if contender.older else COLLECTIONS
        ran = _run(command, {"PYTHONPATH": str(collections)}, folder)
        return {"task": ran["run"], **ran, **json.loads((folder / "output").read_text(encoding="utf-8"))}

    def _play(self, contender: Contender, simulator: Simulator, folder: Path) -> Values:
        variables = {"ansible_python_interpreter": "{{ ansible_playbook_python }}", "azure": simulator.azure}
        variables.update({f"akv_{name}": simulator.clusters[0][name] for name in ("username", "password", "ca_path")})
        variables.update(akv_report_path=str(folder / "report"), **contender.variables)
        hosts = {f"cluster{number}": _host(one) for number, one in enumerate(simulator.clusters, 1)}
        inventory = {"all": {"hosts": dict(list(hosts.items())[: contender.hosts or None])}}
        play = [_play_of(contender, simulator)]
        for name, content in (("inventory", inventory), ("vars", variables), ("play", play)):
            (folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
        places = [*([str(self._older)] if contender.older else []), os.environ["ANSIBLE_COLLECTIONS_PATH"]]
        environment = {
            "AKV_STAMP": str(folder / "stamp"),
            "ANSIBLE_CALLBACKS_ENABLED": "stamp",
            "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callback_plugins"),
            "ANSIBLE_COLLECTIONS_PATH": os.pathsep.join(places),
            "ANSIBLE_FORKS": str(contender.forks),
            "ANSIBLE_HOME": str(folder),
            "ANSIBLE_ONTAP_AKV_DIRECT": str(contender.direct).lower(),
            "ANSIBLE_REMOTE_TEMP": str(folder / "remote"),
            "HOME": str(folder),
            # The vendor's modules know no other way to a certificate authority.
            "REQUESTS_CA_BUNDLE": simulator.clusters[0]["ca_path"],
        }
        book = f"ontap.akv.{contender.playbook}" if contender.playbook else folder / "play.json"
        ansible = Path(sys.executable).with_name("ansible-playbook")
        ran = _run(
            [ansible, "-i", folder / "inventory.json", "-e", f"@{folder / 'vars.json'}", book], environment, folder
        )
        return {"task": float((folder / "stamp").read_text(encoding="utf-8")), **ran}


def _run(command: Sequence[str | Path], environment: dict[str, str], folder: Path) -> Values:
    """Run a command, whose output stays in a folder.

    :raises RuntimeError: it failed
    """
    with (folder / "output").open("w") as output, (folder / "errors").open("w") as errors:
        began = time.monotonic()
        process = subprocess.Popen(
            command, env={**os.environ, **environment}, stdin=subprocess.DEVNULL, stdout=output, stderr=errors
        )
        _pid, status, used = os.wait4(process.pid, 0)
        run = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        said = "".join((folder / name).read_text(encoding="utf-8") for name in ("output", "errors"))
        raise RuntimeError(f"{command} failed:\n{said[-4000:]}")
    return {"run": run, "processor": used.ru_utime + used.ru_stime, "memory": used.ru_maxrss / 1024}


def _play_of(contender: Contender, simulator: Simulator) -> Values:
    first = simulator.clusters[0]
    # What is the same everywhere is no template, which would take time of its own.
    port = first["http_port"] if len(simulator.clusters) == 1 else "{{ akv_http_port }}"
    login = {"hostname": first["hostname"], "http_port": port, "username": first["username"]}
    login["password"] = first["password"]
    uri = {"url_username": login["username"], "url_password": login["password"], "ca_path": first["ca_path"]}
    return {
        "name": "Measure",
        "hosts": "all",
        "gather_facts": False,
        "connection": "local",
        "module_defaults": {
            "group/ontap.akv.akv": {**login, "ca_path": first["ca_path"]},
            RESTIT: login,
            URI: {**uri, "force_basic_auth": True, "return_content": True},
        },
        "tasks": [{"name": "Work", **task} for task in contender.tasks],
    }


def _host(cluster: Values) -> Values:
    return {"ansible_host": cluster["hostname"], "akv_http_port": cluster["http_port"], "base": _url(cluster)}


def _url(cluster: Values) -> str:
    return f"https://{cluster['hostname']}:{cluster['http_port']}"
