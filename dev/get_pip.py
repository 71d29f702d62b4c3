# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ansible-test needs of the get-pip.py that it would download: to get pip into the environment that runs this.

Its arguments are those of pip install, and --no-setuptools and --no-wheel.
"""

from __future__ import annotations

import ensurepip
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

left_out = {"--no-setuptools", "--no-wheel"}.intersection(sys.argv)
arguments = [part for part in sys.argv[1:] if part not in left_out]
pip = [sys.executable, "-m", "pip"]
# The pip that comes with Python can install the wanted one without being installed itself, which takes a third.
folder = sysconfig.get_config_var("WHEEL_PKG_DIR") or Path(ensurepip.__file__).with_name("_bundled")
wheels = [str(wheel) for wheel in Path(folder).glob("pip-*.whl")]
if wheels:
    subprocess.run([*pip, "install", *arguments], check=True, env={**os.environ, "PYTHONPATH": wheels[0]})
else:
    # A process of its own, because ensurepip turns off pip's configuration in the one that it runs in.
    subprocess.run([sys.executable, "-m", "ensurepip"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([*pip, "install", *arguments], check=True)
    if "--no-setuptools" in left_out:
        # A setuptools that nobody asked for makes ansible-test's pylint stop at a warning.
        subprocess.run([*pip, "uninstall", "--yes", "-qq", "setuptools"], check=True)
