# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytest.importorskip("yaml", reason="the files are written as YAML")

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

from dev import role_variables  # noqa: E402

ROLES = role_variables.roles()


@pytest.mark.parametrize("role", ROLES)
def test_the_documentation_of_the_variables_is_current(role: str) -> None:
    for path, content in role_variables.written(ROLES[role]).items():
        assert path.read_text(encoding="utf-8") == content, "run: python3 -m dev.role_variables"
