# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the run that started a process still exists."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from ansible_collections.ontap.akv.plugins.module_utils._runtime import parent
from ansible_collections.ontap.akv.plugins.module_utils._runtime.parent import _ANSIBLE, Run

SHELL, RUNNER, PLAYBOOK, WORKER = 10, 20, 30, 40


class Processes:
    """A module's process below a worker, ansible-playbook, ansible-runner and a shell."""

    def __init__(self) -> None:
        self.parents = {WORKER: PLAYBOOK, PLAYBOOK: RUNNER, RUNNER: SHELL, SHELL: 1}
        self.parent = WORKER
        self.run = Run(lambda: self.parent, self.parents.get, lambda pid: pid not in (SHELL, 1))


def test_a_run_that_goes_on() -> None:
    assert not Processes().run.is_gone()


@pytest.mark.parametrize("orphan", [WORKER, PLAYBOOK])
def test_a_process_of_the_run_that_ended(orphan: int) -> None:
    processes = Processes()
    processes.parents[orphan] = 1
    assert processes.run.is_gone()


def test_the_parent_that_ended() -> None:
    processes = Processes()
    processes.parent = 1
    assert processes.run.is_gone()


def test_a_shell_may_end() -> None:
    processes = Processes()
    processes.parents[RUNNER] = 1
    assert not processes.run.is_gone()


def test_without_proc_the_parent_alone_is_known() -> None:
    above = 40
    run = Run(lambda: above, lambda _pid: None, lambda _pid: False)
    assert not run.is_gone()
    above = 1
    assert run.is_gone()


@pytest.mark.parametrize(
    ("command", "is_ansible"),
    [
        (b"python3\0/usr/bin/ansible-playbook\0site.yml\0", True),
        (b"/usr/bin/python3.12\0-s\0/opt/venv/bin/ansible-runner\0worker\0", True),
        (b"ansible\0all\0", True),
        (b"/bin/sh\0-c\0python3 /home/user/.ansible/tmp/x/AnsiballZ_akv_credential.py && sleep 0\0", True),
        (b"bash\0/home/ansible/nightly.sh\0", False),
        (b"/usr/lib/systemd/systemd\0", False),
        (b"", False),
    ],
)
def test_which_processes_are_ansible(command: bytes, is_ansible: bool) -> None:
    assert (_ANSIBLE.search(command) is not None) == is_ansible


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="there is no /proc")
def test_a_real_orphan() -> None:
    """A process whose parent ends before it sees that; one whose parent goes on does not."""
    child = (
        "import runpy, sys, time\n"
        "run = runpy.run_path(sys.argv[1])['Run']()\n"
        "print(run.is_gone(), flush=True)\n"
        "sys.stdin.readline()\n"
        "end = time.monotonic() + 10\n"
        "while not run.is_gone() and time.monotonic() < end: time.sleep(0.01)\n"
        "print(run.is_gone(), flush=True)\n"
    )
    middle = "import subprocess, sys, time\nsubprocess.Popen([sys.executable, '-c', *sys.argv[1:]])\ntime.sleep(60)\n"
    with subprocess.Popen(
        [sys.executable, "-c", middle, child, parent.__file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "False\n"
        process.kill()
        process.wait()
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "True\n"
