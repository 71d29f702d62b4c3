# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ansible-builder makes of the collection: its requirements, and the contexts of the examples, less the engine."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
import yaml
from integration.running import run
from kit.configuration import PACKAGE
from packaging.requirements import Requirement

EXAMPLES = {
    "execution": Path("extensions", "execution_environment", "execution-environment.yml"),
    "decision": Path("extensions", "decision_environment", "decision-environment.yml"),
}


def test_the_builder_reads_the_requirements_of_the_installed_collection(installed: Path, tmp_path: Path) -> None:
    pip, bindep = tmp_path / "requirements.txt", tmp_path / "bindep.txt"
    reported = yaml.safe_load(
        run("ansible-builder", "introspect", "--write-pip", pip, "--write-bindep", bindep, installed)
    )
    assert set(reported) == {"python", "system"}
    wanted = {Requirement(line.partition("#")[0]).name for line in pip.read_text().splitlines()}
    assert wanted == {"requests", "urllib3"}
    assert not reported["system"]


def test_the_requirements_are_the_lowest_that_are_tested(installed: Path) -> None:
    lines = (installed / PACKAGE / "requirements.txt").read_text().splitlines()
    stated = {line.replace(">=", "==") for line in lines if line and not line.startswith("#")}
    tested = Path(__file__).resolve().parents[2] / "dev" / "requirements" / "lowest.in"
    assert stated == {line for line in tested.read_text().splitlines() if line.startswith(("requests", "urllib3"))}


@pytest.mark.parametrize("kind", EXAMPLES)
def test_the_example_makes_a_context_that_installs_the_archive(
    kind: str, installed: Path, archive: Path, tmp_path: Path
) -> None:
    """As the docs describe it, from the example in the archive itself."""
    example = tmp_path / EXAMPLES[kind].name
    shutil.copy(installed / PACKAGE / EXAMPLES[kind], example)
    shutil.copy(archive, tmp_path)
    # The name is that of the engine's choice, where there is one.
    name = ("--output-filename", "Containerfile")
    run("ansible-builder", "create", "--file", example, "--context", "context", *name, cwd=tmp_path)
    recipe = (tmp_path / "context" / "Containerfile").read_text()
    assert yaml.safe_load(example.read_text())["images"]["base_image"]["name"] in recipe
    # What the recipe's galaxy stage does, in the folder that it does it in.
    build = tmp_path / "context" / "_build"
    assert "ansible-galaxy collection install" in recipe
    image = tmp_path / "image"
    run("ansible-galaxy", "collection", "install", "--force", "-r", "requirements.yml", "-p", image, cwd=build)
    assert (image / PACKAGE / "MANIFEST.json").is_file()
    folder = "ansible_collections/ontap"
    assert f"RUN $PYCMD -m compileall -q /usr/share/ansible/collections/{folder}\n" in recipe
    run(sys.executable, "-m", "compileall", "-q", image / folder)
    if kind == "decision":
        assert "ansible-rulebook>=1.2" in "".join(path.read_text() for path in build.rglob("requirements.txt"))
        assert "java-17-openjdk-headless" in "".join(path.read_text() for path in build.rglob("bindep.txt"))
        assert "ENV JAVA_HOME=" in recipe
