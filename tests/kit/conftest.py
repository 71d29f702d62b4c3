# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of the kit share: the archive as it is built, installed into an empty path, and what it brings."""

from __future__ import annotations

from pathlib import Path

import pytest
from integration.running import run
from kit.configuration import KIT, PACKAGE, URL, Configuration, load

from dev import collection

# What somebody may have created in a checkout that is built.
PRIVATE = (
    ".env",
    ".vault_pass",
    "changelogs/.plugin-cache.yaml",
    "findings/1.md",
    "group_vars/all/vault.yml",
    "host_vars/cluster1.yml",
    "inventory.yml",
    "playbooks/ca.pem",
    "secrets.yml",
    "secrets/client.pfx",
    "tests/my_test.yml",
    "vault.yml",
)


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive of the collection."""
    folder = tmp_path_factory.mktemp("build")
    checkout = collection.copy(folder)
    for name in PRIVATE:
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_text("stray: true\n", encoding="utf-8")
    run("ansible-galaxy", "collection", "build", checkout, "--output-path", folder)
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
    return load(
        installed / PACKAGE / KIT / "configuration", tmp_path_factory.mktemp("configuration"), akv_awx_project_url=URL
    )
