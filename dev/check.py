# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run checks in parallel and count them: ``make test``, and ``make check`` for those of the edit loop.

The longest session starts first. More sessions than there are cores run at once, because a session also waits: for
pauses, timeouts and the network. They are as many as keep four cores busy at most. A line at the start and after each
session says how far the run is.

The last line is ``N passed, N failed, N skipped``: the tests that pytest counted, and one for each other session.
Exit code 0 only when nothing failed and some test ran. The reports and the output are left in .cache/reports.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Collection
from dataclasses import astuple, dataclass
from pathlib import Path
from xml.etree import ElementTree

from dev.environment import CACHE, ROOT

REPORTS = CACHE / "reports"
_TIMES = CACHE / "seconds.json"

_WORDS = {"success": "passed", "failed": "failed", "aborted": "failed", "skipped": "skipped"}

# Seconds that a session takes, where .cache holds no figure of an earlier run; others take less.
_SECONDS = {
    "faults": 590,
    "integration-2.21": 460,
    "roles": 410,
    "pages": 285,
    "eda": 235,
    "core-2.16": 140,
    "kit": 140,
    "sanity-2.21": 130,
    "core-2.22": 130,
    "lint": 110,
    "unit-2.21": 105,
    "leaks": 75,
    "build": 70,
    "molecule": 60,
    "docsite": 50,
    "lowest": 50,
    "core-2.18": 45,
    "releases": 40,
    "ansible-integration": 40,
    "sanity-2.16": 40,
    "sanity-2.18": 40,
    "typing": 30,
}
_DEFAULT = 25
# With one worker, it would be the last to end.
_LONGEST = "roles"
# How much of a core a session takes when it need not share it, in percent. Those that are named wait most of the time.
_SHARES = {"faults": 30, "eda": 40, "releases": 40, "kit": 40}
_SHARE = 70


@dataclass
class Counts:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other))))

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


@dataclass
class Session:
    """A session of nox, which runs in a process of its own.

    :ivar expected: the seconds that it may take
    :ivar share: how much of a core it takes, in percent
    :ivar result: passed, failed or skipped, once it has ended
    :ivar processor: the seconds of processor time of all its processes
    """

    name: str
    expected: float
    share: int
    started: float = 0.0
    seconds: float = 0.0
    processor: float = 0.0
    result: str = ""
    reason: str = ""
    tests: Counts | None = None

    def start(self, workers: int) -> int:
        """Start it; give the number of its process, which leads a process group.

        :param workers: those of a usual session
        """
        self.started = time.monotonic()
        command = (sys.executable, "-m", "nox", "--sessions", self.name, "--report", str(self._file("json")))
        with self._file("log").open("wb") as log:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**os.environ, "AKV_WORKERS": str(workers * (1 + (self.name == _LONGEST)))},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        # Its end is waited for by its number.
        process.returncode = 0
        return process.pid

    def end(self, code: int, processor: float) -> None:
        """Take in how it ended."""
        self.seconds, self.processor = time.monotonic() - self.started, processor
        report = {"result": "failed", "reason": f"exit code {code}"}
        # A session that was killed leaves none.
        with contextlib.suppress(OSError, ValueError, LookupError):
            report = json.loads(self._file("json").read_text())["sessions"][0]
        self.result = "failed" if code else _WORDS[report["result"]]
        self.reason = report["reason"] or ""
        self.tests = _read_junit(self._file("xml"))

    def output(self) -> str:
        return self._file("log").read_text(encoding="utf-8", errors="replace")

    def counts(self) -> Counts:
        """Its tests, or itself as one; a session that failed counts as one failure at least."""
        if self.result == "passed":
            return self.tests or Counts(passed=1)
        if self.result == "skipped":
            return Counts(skipped=1)
        if self.tests and self.tests.failed:
            return self.tests
        return (self.tests or Counts()) + Counts(failed=1)

    def left(self) -> float:
        """The seconds that it may still take."""
        if self.result:
            return 0.0
        return max(0.0, self.expected - (time.monotonic() - self.started if self.started else 0.0))

    def _file(self, suffix: str) -> Path:
        return REPORTS / f"{self.name}.{suffix}"


def main(tag: str = "test") -> int:
    shutil.rmtree(REPORTS, ignore_errors=True)
    REPORTS.mkdir(parents=True)
    sessions = _sessions(tag)
    begin = time.monotonic()
    _run(sessions)
    seconds, processor = time.monotonic() - begin, sum(session.processor for session in sessions)
    print(f"\n{'session':20} {'result':8} {'seconds':>7} {'processor':>9}  tests")
    for session in sessions:
        note = str(session.tests or session.reason)
        times = f"{session.seconds:7.1f} {session.processor:9.1f}"
        print(f"{session.name:20} {session.result:8} {times}  {note}".rstrip())
    print(
        f"{'all':20} {'':8} {seconds:7.1f} {processor:9.1f}  {processor / seconds / _cores():.0%} of {_cores()} cores"
    )
    taken = {session.name: session.seconds for session in sessions if session.result == "passed"}
    _TIMES.write_text(json.dumps({**_times(), **taken}, indent=1))
    total = sum((session.counts() for session in sessions), Counts())
    print(f"\nReports: {REPORTS.relative_to(ROOT)}\n{total}", flush=True)
    return 0 if total.passed and not total.failed else 1


def _cores() -> int:
    return os.cpu_count() or 2


def _times() -> dict[str, float]:
    times: dict[str, float] = json.loads(_TIMES.read_text()) if _TIMES.is_file() else {}
    return times


def _sessions(tag: str) -> list[Session]:
    """The sessions of a tag, the longest first."""
    command = (sys.executable, "-m", "nox", "--list", "--json", "--tags", tag)
    listed = json.loads(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout)
    known = {**_SECONDS, **_times()}
    names = [session["session"] for session in listed]
    sessions = [Session(name, known.get(name, _DEFAULT), _SHARES.get(name, _SHARE)) for name in names]
    return sorted(sessions, key=lambda session: -session.expected)


def _run(sessions: list[Session]) -> None:
    """Run sessions in their order, some at once. After an interrupt those that have not started count as failed."""
    workers = max(1, _cores() // 4)
    waiting, running = sessions.copy(), dict[int, Session]()
    stopped = False

    def stop(*_: object) -> None:
        nonlocal stopped
        stopped = True
        for pid in running:
            _interrupt(pid)

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    # The sessions have no terminal: they would go on when that of this process is closed, which is wanted with nohup.
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        signal.signal(signal.SIGHUP, stop)
    try:
        while running or (waiting and not stopped):
            while not stopped and (session := _next(waiting, running.values())):
                waiting.remove(session)
                print(f"Starting session {session.name} ...", flush=True)
                running[session.start(workers)] = session
                if stopped:  # while it started
                    stop()
            if not any(session.result for session in sessions):
                _show_progress(sessions)
            pid, status, usage = os.wait4(-1, 0)
            if pid not in running:  # an orphan, where this is the first process of a container
                continue
            session = running.pop(pid)
            if os.WIFSIGNALED(status):  # Its programs run on.
                _interrupt(pid)
            session.end(os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime)
            print(f"{'=' * 10} {session.name}: {session.result} {'=' * 10}\n{session.output()}")
            _show_progress(sessions)
    finally:
        # Where nobody reads the output any more, for example.
        stop()
    for session in waiting:
        session.result, session.reason = "failed", "not started"


def _share() -> int:
    """How much of a core all sessions may take together, in percent.

    It is half more than there is: with a tenth more, two cores were idle an eighth of the time.
    """
    return min(_cores(), 4) * 150


def _next(waiting: list[Session], running: Collection[Session]) -> Session | None:
    """The longest session that there is room for; alone, any."""
    left = _share() - sum(session.share for session in running)
    return next((session for session in waiting if session.share <= left or not running), None)


def _interrupt(group: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGINT)


def _show_progress(sessions: list[Session]) -> None:
    """Print how far the run is, by the seconds that its sessions took the last time."""
    ended = sum(bool(session.result) for session in sessions)
    left = [session.left() for session in sessions]
    work = sum(seconds * session.share for seconds, session in zip(left, sessions))
    minutes = round(max(work / _share(), *left) / 60)
    about = f"about {minutes} minute{'s' * (minutes != 1)} left" if minutes else "less than a minute left"
    far = f"{ended} of {len(sessions)}" + (f", {about}" if ended < len(sessions) else "")
    print(f"{'-' * 10} {far} {'-' * 10}", flush=True)


def _read_junit(path: Path) -> Counts | None:
    try:
        suites = ElementTree.parse(path).iter("testsuite")
    except (OSError, ElementTree.ParseError):  # It has no tests, or was killed while it wrote them.
        return None
    counts = Counts()
    for suite in suites:
        number = {name: int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped")}
        failed = number["failures"] + number["errors"]
        counts += Counts(number["tests"] - failed - number["skipped"], failed, number["skipped"])
    return counts


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
