# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pages of the docsite, gathered into one folder that Sphinx reads."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from dev import collection
from dev.environment import CACHE, ROOT

FOLDER = CACHE / "docsite"
CONFIGURATION = ROOT / "dev" / "docsite"

# Each page is written once, in Markdown, for GitHub, Galaxy and the docsite alike. LICENSE is linked to.
_PAGES = ("README.md", "CHANGELOG.md", "SECURITY.md", "LICENSE", "docs/*.md", "docs/images/*", "roles/*/README.md")


def gather() -> Path:
    """Copy the pages, in the folders in which their links expect each other, into an empty folder. Returns it."""
    source = FOLDER / "source"
    shutil.rmtree(FOLDER, ignore_errors=True)
    source.mkdir(parents=True)
    # antsibull-docs refuses a folder into which others may write.
    source.chmod(0o755)
    for page in (page for pattern in _PAGES for page in sorted(ROOT.glob(pattern))):
        place = source / page.relative_to(ROOT)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(page, place)
    shutil.copyfile(CONFIGURATION / "index.md", source / "index.md")
    return source


def without_repository() -> dict[str, str]:
    """Copy the collection without the reserved address, to which no page may link. Returns the variables to find it."""
    folder = FOLDER / "collections"
    galaxy = collection.copy(folder) / "galaxy.yml"
    galaxy.write_text(re.sub(r"(?m)^repository: .*\n", "", galaxy.read_text(encoding="utf-8")), encoding="utf-8")
    return {"ANSIBLE_COLLECTIONS_PATH": str(folder)}
