# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs what is measured: the simulator, ansible-playbook, and children."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage

from dev.bench.cases import APP_INFO, CLIENT, KEY_INFO, PREVIOUS, RESTIT, SECRET, TENANT, URI, Contender, Values, World
from dev.collection import COLLECTIONS
from dev.environment import CACHE, ROOT

sys.path.insert(0, str(ROOT / "tests"))

from simulator import Simulator

HERE = Path(__file__).resolve().parent
MICROSOFT = CACHE / "env" / "judge-azure" / "bin" / "python"


@contextmanager
def simulators(worlds: Sequence[World]) -> Iterator[list[Simulator]]:
    """Start the simulated clusters of each world, in threads of this process."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(Simulator(world.release, _scenario(world), clusters=world.clusters, azure=world.azure))
            for world in worlds
        ]


def _scenario(world: World) -> Values:
    slow = {"latency": {"seconds": world.latency}}
    return {
        "svms": [{"name": "tenant{}", "count": world.svms}],
        "vaults": [{"svm": "tenant*", "client_id": CLIENT, "tenant_id": TENANT, "client_secret": PREVIOUS}],
        # The keys are in use: each AKV configuration is available, with nothing to warn of.
        "volumes": [{"svm": "tenant1", "name": "vol1", "encrypted": True}],
        "cluster": {"state_without_volumes": "available"},
        # The same login on all clusters.
        "users": [{"name": "admin", "role": "admin", "password": "of-the-benchmark"}],
        "faults": [{"match": {"azure": azure, "times": 0}, **slow} for azure in (False, True) if world.latency],
        **world.more,
    }


class Runner:
    """Runs contenders, and remembers the requests of each for those that replay them."""

    def __init__(self, folder: Path, older: Path | None) -> None:
        self._folder = folder
        self._older = older
        self._sent: dict[str, list[Values]] = {}

    def measure(self, contender: Contender, simulator: Simulator) -> Values:
        """Run a contender; give the figures of its quickest run.

        ``task`` is from the start of the first task to the last result, ``run`` of the whole process, both in seconds;
        ``processor`` the processor time of all its processes; ``requests`` those to the first cluster, or to Azure.

        :raises RuntimeError: it failed, or what it needs is not here
        """
        if contender.older and not self._older:
            raise RuntimeError("give --against")
        if contender.replays and contender.replays not in self._sent:
            raise RuntimeError(f"{contender.replays} was not")
        seen = simulator.azure_requests if "azure" in simulator.connection else simulator.requests
        runs = []
        for _number in range(contender.least_of):
            seen.clear()
            # What the simulator holds is not searched for garbage while it answers.
            gc.freeze()
            with tempfile.TemporaryDirectory(dir=self._folder) as place:
                of_child = contender.child or contender.replays
                run = (self._run_child if of_child else self._play)(contender, simulator.connection, Path(place))
            runs.append({**run, "requests": len(seen)})
        self._sent[contender.name] = [{name: one[name] for name in ("method", "path", "query")} for one in seen]
        return min(runs, key=lambda run: float(run["task"]))

    def _run_child(self, contender: Contender, connection: Values, folder: Path) -> Values:
        form = {"client_id": CLIENT, "client_secret": SECRET}
        world = {"login": _login(connection), "azure": connection.get("azure"), "tenant": TENANT, "form": form}
        variables = {"requests": self._sent[contender.replays]} if contender.replays else contender.variables
        (folder / "child.json").write_text(json.dumps({"world": world, "variables": variables}), encoding="utf-8")
        python = MICROSOFT if contender.child == "microsoft" else sys.executable
        command = [python, HERE / "children.py", contender.child or "replay", folder / "child.json"]
        ran, output = _run(command, {"PYTHONPATH": str(self._older if contender.older else COLLECTIONS)})
        return {"task": ran["run"], **ran, **json.loads(output)}

    def _play(self, contender: Contender, connection: Values, folder: Path) -> Values:
        variables = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}
        variables.update({f"akv_{name}": connection[name] for name in ("username", "password", "ca_path")})
        variables.update(akv_report_path=str(folder / "report"), **contender.variables)
        clusters = connection.get("clusters", [connection])[: contender.hosts or None]
        inventory = {"all": {"hosts": {f"cluster{number}": _host(one) for number, one in enumerate(clusters, 1)}}}
        play = [_play_of(contender, connection, alone=len(clusters) == 1)]
        for name, content in (("inventory", inventory), ("vars", variables), ("play", play)):
            (folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
        places = [*([str(self._older)] if contender.older else []), os.environ["ANSIBLE_COLLECTIONS_PATH"]]
        environment = {
            "AKV_STAMP": str(folder / "stamp"),
            "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callback_plugins"),
            "ANSIBLE_COLLECTIONS_PATH": os.pathsep.join(places),
            "ANSIBLE_FORKS": str(contender.forks),
            "ANSIBLE_HOME": str(folder),
            "ANSIBLE_ONTAP_AKV_DIRECT": str(contender.direct).lower(),
            "ANSIBLE_REMOTE_TEMP": str(folder / "remote"),
            "HOME": str(folder),
            # The vendor's modules know no other way to a certificate authority.
            "REQUESTS_CA_BUNDLE": connection["ca_path"],
        }
        book = f"ontap.akv.{contender.playbook}" if contender.playbook else folder / "play.json"
        options = ["-i", f"{folder}/inventory.json", "-e", f"@{folder}/vars.json"]
        ran, _output = _run([Path(sys.executable).with_name("ansible-playbook"), *options, book], environment)
        return {"task": float((folder / "stamp").read_text(encoding="utf-8")), **ran}


def _run(command: Sequence[str | Path], environment: dict[str, str]) -> tuple[Values, str]:
    """Run a command; give its figures and its output.

    :raises RuntimeError: it failed
    """
    complete = {**os.environ, **environment}
    began, before = time.monotonic(), getrusage(RUSAGE_CHILDREN)
    ran = subprocess.run(command, check=False, env=complete, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    run, used = time.monotonic() - began, getrusage(RUSAGE_CHILDREN)
    if ran.returncode:
        raise RuntimeError(f"{command} failed:\n{ran.stdout[-2000:]}{ran.stderr[-2000:]}")
    return {"run": run, "processor": used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime}, ran.stdout


def _play_of(contender: Contender, connection: Values, alone: bool) -> Values:
    # What is the same everywhere is not a template, which would take time of its own.
    login = {**_login(connection), **({} if alone else {"http_port": "{{ akv_http_port }}"})}
    ca_path = login.pop("ca_path")
    uri = {"url_username": login["username"], "url_password": login["password"], "ca_path": ca_path}
    azure = connection.get("azure", {})
    without_vault = {name: azure[name] for name in azure if name != "vault_url"}
    return {
        "name": "Measure",
        "hosts": "all",
        "gather_facts": False,
        "connection": "local",
        "module_defaults": {
            "group/ontap.akv.akv": {**login, "ca_path": ca_path},
            RESTIT: login,
            URI: {**uri, "force_basic_auth": True, "return_content": True},
            # An older collection may lack these modules.
            **({KEY_INFO: azure, APP_INFO: without_vault} if azure else {}),
        },
        "tasks": [{"name": "Work", **task} for task in contender.tasks],
    }


def _login(connection: Values) -> Values:
    return {name: connection[name] for name in ("hostname", "http_port", "username", "password", "ca_path")}


def _host(cluster: Values) -> Values:
    base = f"https://{cluster['hostname']}:{cluster['http_port']}"
    return {"ansible_host": cluster["hostname"], "akv_http_port": cluster["http_port"], "base": base}
