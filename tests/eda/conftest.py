# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of the event sources and the rulebooks share."""

from __future__ import annotations

from pathlib import Path

import pytest
from integration.running import Ansible


@pytest.fixture
def ansible(tmp_path_factory: pytest.TempPathFactory) -> Ansible:
    """Ansible with a home of its own for each test; its path is short, as Ansible puts a socket there."""
    folder: Path = tmp_path_factory.mktemp("home")
    return Ansible(folder)
