# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The vendor's collection netapp.ontap, as PyPI has it: inside of the package ansible, with all other collections.

Installing 20,000 files for the sake of one collection would cost half a gigabyte, so only that one is unpacked.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

from dev import environment

COLLECTIONS = environment.CACHE / "env" / "netapp-ontap"
_REQUIREMENTS = environment.REQUIREMENTS / "netapp-ontap.txt"
_MEMBERS = "ansible_collections/netapp/ontap/"


def ensure(python: str) -> Path:
    """A folder for ANSIBLE_COLLECTIONS_PATH with the collection, which is fetched when it is not the pinned one.

    :param python: the version of Python on which this release of the package ansible runs
    """
    stamp = COLLECTIONS / "unpacked-from"
    unpacked_from = hashlib.sha256(_REQUIREMENTS.read_bytes()).hexdigest()
    with environment.alone("netapp-ontap"):
        if not (stamp.is_file() and stamp.read_text() == unpacked_from):
            print("Fetching netapp.ontap …", file=sys.stderr, flush=True)
            shutil.rmtree(COLLECTIONS, ignore_errors=True)
            with tempfile.TemporaryDirectory() as folder:
                # The list contains the hash of the package, so pip insists on it.
                download = ("download", "--no-deps", "--only-binary", ":all:", "--dest", folder)
                version = ("--python-version", python)
                environment.run(sys.executable, "-m", "pip", *download, *version, "--requirement", _REQUIREMENTS)
                (wheel,) = Path(folder).glob("ansible-*.whl")
                with zipfile.ZipFile(wheel) as package:
                    package.extractall(COLLECTIONS, (n for n in package.namelist() if n.startswith(_MEMBERS)))
            stamp.write_text(unpacked_from)
    return COLLECTIONS
