# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""Lets Python compile each file of a module once.

Ansible sends a module as a zip archive. Python's own finder (zipimport of Python 3.9 to 3.14) compiles each file of
it to learn the file's path, and compiles it again to run it. This finder knows the path, also that of Ansible's files.
"""

from __future__ import annotations

import os
import sys
import typing as t
from importlib.machinery import PathFinder
from importlib.util import spec_from_file_location
from pkgutil import get_importer
from zipimport import ZipImportError, zipimporter

if t.TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec


class _Finder:
    """Finds the files of zip archives, for Python's own loader; leaves packages and all else to Python."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, _target: object = None) -> ModuleSpec | None:
        for folder in path or ():
            importer = get_importer(folder)
            if not isinstance(importer, zipimporter):
                return None
            try:
                is_package = importer.is_package(name)
            except ZipImportError:
                continue
            file = os.path.join(folder, f"{name.rpartition('.')[2]}.py")
            return None if is_package else spec_from_file_location(name, file, loader=importer)
        return None


if __spec__ and isinstance(__spec__.loader, zipimporter) and PathFinder in sys.meta_path:
    sys.meta_path.insert(sys.meta_path.index(PathFinder), _Finder)
