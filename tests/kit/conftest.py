# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of the kit share: the archive as it is built, installed into an empty path, and what it brings."""

from __future__ import annotations

from pathlib import Path

import pytest
from kit.configuration import KIT, PACKAGE, Configuration, load
from kit.running import run

from dev import collection


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive of the collection."""
    folder = tmp_path_factory.mktemp("build")
    run("ansible-galaxy", "collection", "build", collection.copy(folder), "--output-path", folder)
    (built,) = folder.glob("*.tar.gz")
    return built


@pytest.fixture(scope="session")
def installed(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A collections path that holds the archive alone."""
    folder = tmp_path_factory.mktemp("installed")
    run("ansible-galaxy", "collection", "install", "--force", archive, "--collections-path", folder)
    return folder


@pytest.fixture(scope="session")
def configuration(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Configuration:
    """What the archive brings to be loaded into a controller."""
    return load(installed / PACKAGE / KIT / "configuration", tmp_path_factory.mktemp("configuration"))
