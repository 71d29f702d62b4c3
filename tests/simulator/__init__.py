# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An ONTAP cluster to talk to: its REST API for Azure Key Vaults, release by release, on loopback.

    with Simulator(release="9.7", scenario={"vaults": [{"svm": "vs0"}]}) as sim:
        requests.get(..., verify=sim.connection["ca_path"])
        sim.apply([{"lose_keys": {"svm": "vs0", "nodes": ["node1"]}}])

See docs/simulator.md.
"""

from __future__ import annotations

from .farm import Simulator, login
from .shapes import ScenarioError

__all__ = ["ScenarioError", "Simulator", "login"]
