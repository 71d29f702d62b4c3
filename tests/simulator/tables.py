# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading YAML: this package's own data files, and scenarios."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped,unused-ignore]

# The C loader starts the simulator a quarter of a second sooner; it is not in every build of PyYAML.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
YamlError = yaml.YAMLError


@cache
def load(name: str) -> dict[Any, Any]:
    """The content of data/<name>.yml."""
    found: dict[Any, Any] = parse((Path(__file__).parent / "data" / f"{name}.yml").read_text(encoding="utf-8"))
    return found


def parse(text: str) -> Any:
    """The content of a YAML text.

    Raises YamlError.
    """
    return yaml.load(text, Loader=_LOADER)
