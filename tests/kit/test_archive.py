# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the archive for Galaxy holds, and what it must not."""

from __future__ import annotations

import tarfile
from pathlib import Path

import yaml
from integration.running import attempt
from kit.configuration import ROOT
from kit.conftest import PRIVATE

# The files that name the reserved address, which a release replaces.
RESERVED = {"galaxy.yml", "noxfile.py", "tests/unit/dev/test_docsite.py", "tests/unit/dev/test_release.py"}


def _files(archive: Path) -> set[str]:
    with tarfile.open(archive) as package:
        return {member.name for member in package if member.isfile()}


def test_it_holds_nothing_private(archive: Path) -> None:
    assert _files(archive).isdisjoint(PRIVATE)


def test_it_holds_one_file_of_the_tests(archive: Path) -> None:
    # It tells ansible-test which Pythons the modules support.
    assert {name for name in _files(archive) if name.startswith("tests/")} == {"tests/config.yml"}


def test_git_ignores_what_is_private_as_the_archive_does() -> None:
    # Git keeps the tests and the findings, which the archive leaves out.
    asked = [name for name in PRIVATE if not name.startswith(("tests/", "findings/"))]
    assert attempt("git", "check-ignore", "--no-index", *asked, cwd=ROOT)[0].splitlines() == asked


def test_no_file_has_an_address_of_ours() -> None:
    repository = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["repository"]
    assert repository.startswith("https://git.example/")
    for words, allowed in (("github.com/ontap-akv", {"tests/kit/test_archive.py"}), (repository, RESERVED)):
        found, _code = attempt("git", "grep", "--files-with-matches", "--fixed-strings", words, cwd=ROOT)
        assert set(found.split()) <= allowed
