# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run all checks side by side and count: ``make test``.

The last line is ``N passed, N failed, N skipped``: the tests that pytest counted, and one for each other session.
Exit code 0 only when nothing failed and some test ran. The reports are left in .cache/reports.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import astuple, dataclass
from pathlib import Path
from xml.etree import ElementTree

from dev.environment import CACHE, ROOT

REPORTS = CACHE / "reports"

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


def main() -> int:
    results = REPORTS / "sessions.json"
    REPORTS.mkdir(parents=True, exist_ok=True)
    for old in REPORTS.iterdir():
        old.unlink()
    code = _run_nox(results)
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
    print(f"\nReports: {REPORTS.relative_to(ROOT)}\n{total}", flush=True)
    return 0 if total.passed and not total.failed else 1


def _run_nox(results: Path) -> int:
    at_once = str(min(os.cpu_count() or 2, 4))
    options = ("--tags", "test", "--allow-parallel", "--parallel", at_once, "--report", str(results))
    command = (sys.executable, "-m", "nox", *options)
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL) as process:
        # nox ends its sessions on an interrupt alone.
        signal.signal(signal.SIGTERM, lambda *_: process.send_signal(signal.SIGINT))
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        return process.wait()


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
    sys.exit(main())
