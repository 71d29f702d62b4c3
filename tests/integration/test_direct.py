# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules in Ansible's own process: when, with what from the task, and with one connection for a loop."""

from __future__ import annotations

import contextlib
import re
import shutil
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from integration.running import Ansible, Values, play

from simulator import Simulator, login

HERE: dict[str, Values] = {
    "as it is": {},
    "delegated": {"delegate_to": "localhost"},
    "with this Python": {"vars": {"ansible_python_interpreter": sys.executable}},
    "with any Python": {"vars": {"ansible_python_interpreter": "auto_silent"}},
    "with no_log": {"no_log": True},
    "switched on": {"vars": {"ansible_ontap_akv_direct": "yes"}},
}
APART: dict[str, Values] = {
    "with another Python": {"vars": {"ansible_python_interpreter": "/nowhere/python"}},
    "as another user": {"become": True, "become_method": "ansible.builtin.su", "become_flags": "-c true"},
    "with an environment": {"environment": {"HTTPS_PROXY": ""}},
    "in the background": {"async": 30, "poll": 1},
    "switched off": {"vars": {"ansible_ontap_akv_direct": "{{ not true }}"}},
}


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(scenario={"vaults": [{"svm": "vs0"}]}) as running:
        yield running


def test_where_a_module_runs(ansible: Ansible, simulator: Simulator) -> None:
    """At -vvv Ansible shows each command that it starts: a module is one of them."""
    tasks = [
        {"name": name, "ontap.akv.akv_info": {"svm": "vs0"}, "ignore_errors": True, **keywords}
        for name, keywords in {**HERE, **APART}.items()
    ]
    run = ansible.play(tasks, "-vvv", **login(simulator.connection))
    reported = dict(
        re.findall(r"^TASK \[(.*?)\] \**\n(.*?)(?=^TASK |^PLAY RECAP)", run.output, re.DOTALL | re.MULTILINE)
    )
    assert {name for name in reported if "EXEC" in reported[name]} == set(APART)
    assert [run[name]["vaults"][0]["svm"]["name"] for name in HERE if name != "with no_log"] == ["vs0"] * 5


def test_the_environment_switches_it_off(ansible: Ansible, simulator: Simulator) -> None:
    task = {"name": "Read", "ontap.akv.akv_info": {"svm": "vs0"}}
    run = ansible.play([task], "-vvv", ANSIBLE_ONTAP_AKV_DIRECT="false", **login(simulator.connection)).check()
    assert "EXEC" in run.output


def test_a_relative_path_is_meant_from_the_playbook(ansible: Ansible, simulator: Simulator) -> None:
    folder = ansible.home / "elsewhere"
    folder.mkdir()
    shutil.copy(simulator.connection["ca_path"], folder / "ca.pem")
    tasks = [{"name": "Read", "ontap.akv.akv_info": {"ca_path": "ca.pem"}}]
    playbook = ansible.write("elsewhere/playbook.yml", [play(tasks)])
    ansible.play(playbook, **{**login(simulator.connection), "ONTAP_CA_PATH": None}).check()


def test_a_secret_from_ansible_vault(ansible: Ansible, simulator: Simulator, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("of the vault\n")
    encrypt = ("encrypt_string", "--vault-password-file", str(password), "--name", "client_secret", "CANARY-of-azure")
    encrypted, code = ansible.command("ansible-vault", *encrypt)
    assert code == 0
    variables = ansible.write(
        "encrypted.yml", "".join(re.findall(r"^(?:client_secret:| +).*\n", encrypted, re.MULTILINE))
    )
    options = {"update_credentials": "always", "vaults": [{"svm": "vs0", "client_secret": "{{ client_secret }}"}]}
    tasks = [{"name": "Rotate", "ontap.akv.akv_config": options}]
    arguments = ("-vvv", "-e", f"@{variables}", "--vault-password-file", str(password))
    run = ansible.play(tasks, *arguments, **login(simulator.connection)).check()
    assert simulator.secret_of(simulator.vaults()[0]["uuid"]) == "CANARY-of-azure"
    assert "CANARY" not in run.output


def test_a_loop_keeps_its_connection(ansible: Ansible, simulator: Simulator) -> None:
    task = {"name": "Read", "ontap.akv.akv_info": {"svm": "vs0"}, "loop": list(range(5))}
    with _counting(simulator.connection["http_port"]) as (port, connections):
        ansible.play([task], **{**login(simulator.connection), "ONTAP_PORT": str(port)}).check()
    assert len(simulator.requests) == 10  # with the release
    assert len(connections) == 1


def test_a_wait_is_shown(ansible: Ansible, simulator: Simulator) -> None:
    simulator.apply([{"lose_keys": {"svm": "vs0"}}, {"job_times": {"running": 3}}])
    task = {"name": "Restore", "ontap.akv.akv_restore": {"svm": "vs0"}}
    run = ansible.play([task], **login(simulator.connection)).check()
    assert "ontap.akv: 127.0.0.1: Restoring the keys of SVM vs0: the job is " in run.output


def test_nothing_is_deprecated(ansible: Ansible, simulator: Simulator) -> None:
    task = {"name": "Read", "ontap.akv.akv_info": {"svm": "vs0"}}
    run = ansible.play([task], ANSIBLE_DEPRECATION_WARNINGS="true", **login(simulator.connection)).check()
    assert "deprecat" not in run.output.lower()
    assert "deprecations" not in run["Read"]


@contextlib.contextmanager
def _counting(to: int) -> Iterator[tuple[int, list[socket.socket]]]:
    """Pass all on to another port of this host, and keep the connections."""
    taken: list[socket.socket] = []

    def carry(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def serve(listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client = listener.accept()[0]
                taken.append(client)
                server = socket.create_connection(("127.0.0.1", to))
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=carry, args=pair, daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        yield listener.getsockname()[1], taken
        # Also wakes the thread that waits for the next one.
        listener.shutdown(socket.SHUT_RDWR)
    for connection in taken:
        connection.close()
