# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests share: Ansible in a folder of its own."""

from __future__ import annotations

import pytest
from integration.running import Ansible


@pytest.fixture
def ansible(tmp_path_factory: pytest.TempPathFactory) -> Ansible:
    """Ansible with a home for one test."""
    # A short path: ansible-core keeps a socket in it, whose path may have 107 characters.
    return Ansible(tmp_path_factory.mktemp("run"))
