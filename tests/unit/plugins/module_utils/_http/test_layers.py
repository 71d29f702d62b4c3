# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from pathlib import Path

import pytest

HTTP = Path(__file__).parents[5] / "plugins" / "module_utils" / "_http"


@pytest.mark.parametrize("path", sorted(HTTP.glob("*.py")), ids=lambda path: path.name)
def test_http_imports_only_itself_and_the_runtime(path: Path) -> None:
    imported = re.findall(r"plugins\.module_utils\.(\w+)", path.read_text(encoding="utf-8"))
    assert set(imported) <= {"_http", "_runtime"}
