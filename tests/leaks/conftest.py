# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests share: Ansible in a folder of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from integration.running import Ansible


@pytest.fixture
def ansible(tmp_path: Path) -> Ansible:
    """Ansible with a home for one test."""
    return Ansible(tmp_path)
