# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lets Python keep the bytecode of what this collection's plugins import, as of any other package.

Ansible's own import of collections compiles each file in each run. Ansible never sends this file with a module.
"""

from __future__ import annotations

import os
import sys
import typing as t
from importlib.util import spec_from_file_location

if t.TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec


class _Finder:
    """Finds the files below this package where Ansible would, with Python's own loader; leaves packages to Ansible."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, _target: object = None) -> ModuleSpec | None:
        if not path or not name.startswith(f"{__name__}."):
            return None
        file = os.path.join(path[0], f"{name.rpartition('.')[2]}.py")
        return spec_from_file_location(name, file) if os.path.isfile(file) else None


_FINDERS = [type(finder).__name__ for finder in sys.meta_path]
_ANSIBLE = "_AnsibleCollectionFinder"  # takes whatever is asked of it first
if _ANSIBLE in _FINDERS:
    sys.meta_path.insert(_FINDERS.index(_ANSIBLE), _Finder)
