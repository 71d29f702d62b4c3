# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

from dev import brownfield_page  # noqa: E402


def test_the_page_is_current() -> None:
    written = brownfield_page.PAGE.read_text(encoding="utf-8")
    assert written == brownfield_page.page(), "run: python3 -m dev.brownfield_page"
