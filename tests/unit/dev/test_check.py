# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which result the run of all sessions has, with an imitation of nox."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from integration.running import wait_until

from dev import check

# A session does what its name says.
NOX = """
import fcntl, json, os, pathlib, signal, subprocess, sys, time
options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
if "--list" in sys.argv:
    print(json.dumps([{"session": name} for name in os.environ["SESSIONS"].split()]))
    raise SystemExit
name, report = options["--sessions"], pathlib.Path(options["--report"])
print(f"output of {name}", flush=True)
kind, *counts = name.split("-")
if counts:
    values = dict(zip(("tests", "failures", "errors", "skipped"), counts))
    suite = " ".join(f'{key}="{value}"' for key, value in values.items())
    report.with_suffix(".xml").write_text(f"<testsuites><testsuite {suite}/></testsuites>")
if kind == "torn":
    report.with_suffix(".xml").write_text("<testsuites>")
if kind in ("orphan", "hangs"):
    # Whoever has this file open, a child included, holds the lock.
    alive = open("alive", "w")
    fcntl.flock(alive, fcntl.LOCK_EX)
    pathlib.Path("locked").touch()
if kind == "orphan":
    subprocess.Popen(["sleep", "600"], pass_fds=[alive.fileno()])
if kind in ("killed", "torn", "orphan"):
    os.kill(os.getpid(), signal.SIGKILL)
if kind == "hangs":
    time.sleep(600)
if kind == "follows":
    while not pathlib.Path("locked").exists():
        time.sleep(0.02)
    kind = "success"
session = {"name": name, "result": kind, "duration": 1.0, "reason": "no Python here" if kind == "skipped" else None}
report.write_text(json.dumps({"sessions": [session]}))
sys.exit(kind == "failed")
"""


def run(folder: Path, sessions: str) -> subprocess.Popen[str]:
    """Start the checks in a process of its own, because they wait for all children of theirs."""
    (folder / "nox.py").write_text(NOX, encoding="utf-8")
    program = (
        "import pathlib, signal, sys; from dev import check; place = pathlib.Path(sys.argv[1]);"
        # These tests may run under nohup.
        "signal.signal(signal.SIGHUP, signal.SIG_DFL);"
        "check.ROOT = place; check.REPORTS = place / 'reports'; check._TIMES = place / 'seconds.json';"
        "sys.exit(check.main())"
    )
    environment = {**os.environ, "SESSIONS": sessions, "PYTHONPATH": str(Path(check.__file__).parents[1])}
    return subprocess.Popen(
        [sys.executable, "-c", program, folder], env=environment, cwd=folder, stdout=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize(
    ("sessions", "line", "code"),
    [
        ("success", "1 passed, 0 failed, 0 skipped", 0),
        ("success success-5-0-0-1 skipped", "5 passed, 0 failed, 2 skipped", 0),
        ("success failed", "1 passed, 1 failed, 0 skipped", 1),
        ("failed-5-1-1-0", "3 passed, 2 failed, 0 skipped", 1),
        # All tests passed, and then something else failed.
        ("failed-5-0-0-0", "5 passed, 1 failed, 0 skipped", 1),
        ("success killed", "1 passed, 1 failed, 0 skipped", 1),
        ("success torn", "1 passed, 1 failed, 0 skipped", 1),
        ("aborted success", "1 passed, 1 failed, 0 skipped", 1),
        ("skipped", "0 passed, 0 failed, 1 skipped", 1),
    ],
)
def test_counts(tmp_path: Path, sessions: str, line: str, code: int) -> None:
    with run(tmp_path, sessions) as process:
        output, _errors = process.communicate()
    assert output.splitlines()[-1] == line
    assert process.returncode == code
    assert all(f"output of {name}\n" in output for name in sessions.split())
    assert f"{len(sessions.split())} of {len(sessions.split())} ---" in output


def test_the_longest_session_starts_first(tmp_path: Path) -> None:
    (tmp_path / "seconds.json").write_text(json.dumps({"success-2": 70, "success-3": 5, "success-1": 500}))
    with run(tmp_path, "success-1 success-2 success-3") as process:
        output, _errors = process.communicate()
    started = [line.split()[2] for line in output.splitlines() if line.startswith("Starting")]
    assert started == ["success-1", "success-2", "success-3"]
    assert "---- 0 of 3, about " in output.partition("output of")[0]
    assert set(json.loads((tmp_path / "seconds.json").read_text())) == set(started)


@pytest.mark.parametrize(
    ("cores", "started"),
    [
        (1, ["roles", "faults", "one"]),
        (2, ["roles", "faults", "one", "two", "three"]),
        # The rest of many cores is for the workers of each session.
        (64, ["roles", "faults", "one", "two", "three", "four"]),
    ],
)
def test_sessions_that_wait_leave_room_for_others(
    cores: int, started: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "_cores", lambda: cores)
    shares = {"roles": 40, "faults": 40, "one": 70, "two": 70, "three": 70, "four": 70}
    waiting = [check.Session(name, 0, share) for name, share in shares.items()]
    large = check.Session("large", 0, 900)
    assert check._next([large, *waiting], []) is large
    running = [waiting.pop(0)]
    while session := check._next([large, *waiting], running):
        waiting.remove(session)
        running.append(session)
    assert [session.name for session in running] == started


def wait_until_nothing_runs(folder: Path) -> None:
    def is_free() -> bool:
        with (folder / "alive").open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
        return True

    wait_until(is_free)


def test_the_programs_of_a_killed_session_end(tmp_path: Path) -> None:
    with run(tmp_path, "orphan") as process:
        process.communicate()
    wait_until_nothing_runs(tmp_path)


def test_an_output_that_nobody_reads_ends_all_sessions(tmp_path: Path) -> None:
    with run(tmp_path, "hangs follows") as process:
        assert process.stdout is not None
        first, second, progress = (process.stdout.readline() for _line in range(3))
        process.stdout.close()
    assert (first, second) == ("Starting session hangs ...\n", "Starting session follows ...\n")
    assert "0 of 2" in progress
    assert process.returncode != 0
    wait_until_nothing_runs(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupt_ends_all_sessions(tmp_path: Path, number: signal.Signals) -> None:
    names = " ".join(f"hangs-{place}" for place in range(9))
    with run(tmp_path, names) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("Starting")
        process.send_signal(number)
        output, _errors = process.communicate()
    assert output.splitlines()[-1] == "0 passed, 9 failed, 0 skipped"
    assert process.returncode == 1
