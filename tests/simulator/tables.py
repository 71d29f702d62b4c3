# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading this package's own data files."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

# The C loader starts the simulator a quarter of a second sooner; it is not in every build of PyYAML.
Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@lru_cache(maxsize=None)
def load(name: str) -> dict[Any, Any]:
    """The content of data/<name>.yml."""
    return yaml.load((Path(__file__).parent / "data" / f"{name}.yml").read_text(encoding="utf-8"), Loader=Loader)
