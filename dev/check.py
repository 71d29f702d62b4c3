# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run checks in parallel and count them: ``make test``, and ``make check`` for those of the edit loop.

The longest session starts first, and one worker runs for each core. A line after each session says how far it is.

The last line is ``N passed, N failed, N skipped``: the tests that pytest counted, and one for each other session.
Exit code 0 only when nothing failed and some test ran. The reports are left in .cache/reports.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import astuple, dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from dev.environment import CACHE, ROOT

REPORTS = CACHE / "reports"
_TIMES = REPORTS / "seconds.json"

_WORDS = {"success": "passed", "failed": "failed", "aborted": "failed", "skipped": "skipped"}


@dataclass
class Counts:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other))))

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


# Seconds that a session takes with one worker, where .cache holds no figure of an earlier run; others take less.
_SECONDS = {
    "roles": 500,
    "faults": 450,
    "integration-2.21": 350,
    "sanity-2.21": 230,
    "eda": 200,
    "pages": 130,
    "core-2.22": 220,
    "core-2.16": 140,
    "ansible-integration": 110,
    "sanity-2.16": 100,
    "sanity-2.18": 100,
    "core-2.18": 90,
    "releases": 70,
}
_DEFAULT = 60


@dataclass
class Progress:
    """How far the run is, by the seconds that its sessions took the last time."""

    expected: dict[str, float]
    at_once: int
    done: set[str] = field(default_factory=set)
    started: dict[str, float] = field(default_factory=dict)

    def line(self) -> str:
        now = time.monotonic()
        left = [
            max(0.0, seconds - (now - self.started.get(name, now)))
            for name, seconds in self.expected.items()
            if name not in self.done
        ]
        minutes = round(max([sum(left) / self.at_once, *left]) / 60)
        about = f"about {minutes} minute{'s' * (minutes != 1)} left" if minutes else "less than a minute left"
        return f"{len(self.done)} of {len(self.expected)}" + (f", {about}" if left else "")


def main(tag: str = "test") -> int:
    results = REPORTS / "sessions.json"
    REPORTS.mkdir(parents=True, exist_ok=True)
    expected = _expected(tag)
    for old in REPORTS.iterdir():
        if old != _TIMES:
            old.unlink()
    code = _run_nox(expected, results)
    sessions = json.loads(results.read_text())["sessions"] if results.is_file() else []
    total = Counts()
    print(f"\n{'session':20} {'result':8} {'seconds':>7}  tests")
    for session in sessions:
        tests = _read_junit(REPORTS / f"{session['name']}.xml")
        note = str(tests) if tests else session["reason"] or ""
        print(f"{session['name']:20} {_WORDS[session['result']]:8} {session['duration']:7.1f}  {note}".rstrip())
        total += _count(session, tests)
    if code and not total.failed:
        print(f"nox ended with exit code {code}")
        total.failed = 1
    taken = {session["name"]: session["duration"] for session in sessions if session["result"] == "success"}
    _TIMES.write_text(json.dumps({**_times(), **taken}, indent=1))
    print(f"\nReports: {REPORTS.relative_to(ROOT)}\n{total}", flush=True)
    return 0 if total.passed and not total.failed else 1


def _times() -> dict[str, float]:
    times: dict[str, float] = json.loads(_TIMES.read_text()) if _TIMES.is_file() else {}
    return times


def _expected(tag: str) -> dict[str, float]:
    """The sessions of a tag, the longest first, with the seconds that each may take."""
    command = (sys.executable, "-m", "nox", "--list", "--json", "--tags", tag)
    listed = json.loads(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout)
    known = {**_SECONDS, **_times()}
    seconds = {session["session"]: known.get(session["session"], _DEFAULT) for session in listed}
    return dict(sorted(seconds.items(), key=lambda each: -each[1]))


def _run_nox(expected: dict[str, float], results: Path) -> int:
    cores = os.cpu_count() or 2
    progress = Progress(expected, at_once := min(cores, 4))
    options = ("--allow-parallel", "--parallel", str(at_once), "--report", str(results), "--sessions", *expected)
    # nox runs sessions in the order in which they are named.
    with subprocess.Popen(
        (sys.executable, "-m", "nox", *options),
        cwd=ROOT,
        env={**os.environ, "AKV_WORKERS": str(max(1, cores // at_once))},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as process:
        # nox ends its sessions on an interrupt alone.
        signal.signal(signal.SIGTERM, lambda *_: process.send_signal(signal.SIGINT))
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        assert process.stdout is not None
        for line in process.stdout:
            sys.stdout.write(line)
            _follow(line, progress)
            sys.stdout.flush()
        return process.wait()


def _follow(line: str, progress: Progress) -> None:
    """Learn from nox's words which session has started or ended."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", line)
    started = re.match(r"Starting session (\S+?)\.\.\.", plain)
    ended = re.match(r"=+ \S+ (\S+): (success|failed|skipped|aborted)", plain)
    if started:
        progress.started[started[1]] = time.monotonic()
    if ended and ended[1] in progress.expected:
        progress.done.add(ended[1])
        print(f"{'-' * 10} {progress.line()} {'-' * 10}")


def _read_junit(path: Path) -> Counts | None:
    if not path.is_file():
        return None
    counts = Counts()
    for suite in ElementTree.parse(path).iter("testsuite"):
        number = {name: int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped")}
        failed = number["failures"] + number["errors"]
        counts += Counts(number["tests"] - failed - number["skipped"], failed, number["skipped"])
    return counts


def _count(session: dict[str, str], tests: Counts | None) -> Counts:
    """The tests of a session, or the session itself as one; a session that failed counts as one failure at least."""
    if session["result"] == "success":
        return tests or Counts(passed=1)
    if session["result"] == "skipped":
        return Counts(skipped=1)
    if tests and tests.failed:
        return tests
    return (tests or Counts()) + Counts(failed=1)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
