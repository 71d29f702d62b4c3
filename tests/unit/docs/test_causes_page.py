# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import ast
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

from ansible_collections.ontap.akv.plugins.module_utils._akv.causes import Cause  # noqa: E402
from dev import causes_page  # noqa: E402


def test_the_page_is_current() -> None:
    written = causes_page.PAGE.read_text(encoding="utf-8")
    assert written == causes_page.page(), "run: python3 -m dev.causes_page"


def test_akv_info_documents_each_cause() -> None:
    source = ast.parse((ROOT / "plugins" / "modules" / "akv_info.py").read_text(encoding="utf-8"))
    (returned,) = (
        node.value.value
        for node in source.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id == "RETURN"
        and isinstance(node.value, ast.Constant)
    )
    diagnosis = yaml.safe_load(str(returned))["vaults"]["contains"]["diagnosis"]["contains"]
    assert diagnosis["cause"]["choices"] == [cause.value for cause in Cause]
