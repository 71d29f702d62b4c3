# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tests of several folders share."""

from __future__ import annotations

import typing as t

import pytest

if t.TYPE_CHECKING:
    from integration.running import Ansible


@pytest.fixture
def ansible(tmp_path_factory: pytest.TempPathFactory) -> Ansible:
    """Ansible with a home for one test; its path is short, as ansible-core keeps a socket in it."""
    # The environments of some folders have no Ansible.
    from integration.running import Ansible

    return Ansible(tmp_path_factory.mktemp("home"))
