# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection where Ansible finds it: ansible_collections/ontap/akv, whatever the checkout is called."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from dev.environment import CACHE, ROOT, alone

COLLECTIONS = CACHE / "collections"
_PLACE = Path("ansible_collections", "ontap", "akv")


def link() -> None:
    """Link the checkout into COLLECTIONS."""
    place = COLLECTIONS / _PLACE
    place.parent.mkdir(parents=True, exist_ok=True)
    with alone("collections"):
        if not place.is_symlink() or place.resolve() != ROOT:
            place.unlink(missing_ok=True)
            place.symlink_to(os.path.relpath(ROOT, place.parent))


def copy(folder: Path) -> Path:
    """Copy the checkout below a folder, as a git repository and without what git ignores. Returns the copy."""
    place = folder / _PLACE
    shutil.rmtree(place, ignore_errors=True)
    # What other checks compile meanwhile comes and goes.
    ignored = shutil.ignore_patterns(".cache", ".git", "__pycache__")
    shutil.copytree(ROOT, place, symlinks=True, ignore=ignored)
    for arguments in (("init", "--quiet"), ("add", "--all"), ("clean", "--force", "--quiet", "-d", "-X")):
        subprocess.run(["git", *arguments], cwd=place, check=True)
    return place
