# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settings of the property tests: the same examples in every run, others with AKV_NEW_EXAMPLES."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from hypothesis import settings

# For the simulator and its tests: ansible-test does not read pyproject.toml.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

# nox gives many to one session; the others repeat its tests on other versions.
for name, number in {"few": 20, "many": 100}.items():
    settings.register_profile(
        name, max_examples=number, derandomize="AKV_NEW_EXAMPLES" not in os.environ, deadline=None
    )
settings.load_profile("few")
