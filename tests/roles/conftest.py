# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of the roles share.

A test starts a simulator for each cluster, and plays a playbook of the collection on them::

    with Simulator(scenario={...}) as simulator:
        run = roles.play("enable", {"cluster1": simulator.connection}, {"akv_enable_svm": "vs0", ...}, "--check")
        run.check()                                 # fails the test where a task failed
        assert run.fact("akv_enable_result", "cluster1") == {...}
        assert seen(simulator) == run.requests()

Variables are handed over in a file, as a user hands secrets over. See ``playing.py``.
"""

from __future__ import annotations

import pytest
from integration.running import Ansible
from roles.playing import Roles


@pytest.fixture
def roles(ansible: Ansible) -> Roles:
    """The playbooks of the collection, ready to play."""
    return Roles(ansible)
