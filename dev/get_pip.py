# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ansible-test needs of the get-pip.py that it would download: a pip in the environment that runs this.

The uv that builds the environments of the checks installs in a tenth of pip's processor time, and ansible-test makes
two dozen environments. So this copies itself there as the package ``pip``, and hands to uv what is asked of pip. What
uv does not do, the pip that comes with Python does, without being installed itself.
"""

from __future__ import annotations

import ensurepip
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

# Written by dev/sanity.py: the path of uv, and what it needs of the environment, which ansible-test does not pass on.
SETTINGS = Path("~/.ansible/test/cache/uv.json")
# Those of get-pip.py, and those of pip that uv does not need.
LEFT_OUT = {"--no-setuptools", "--no-wheel", "--disable-pip-version-check", "-y"}
# An old docutils, which warns when a new Python compiles it: that would be a finding of the test that imports it.
COMPILED = "requirements/sanity.changelog.txt"


def main(arguments: list[str]) -> None:
    """Install pip where this runs as get-pip.py, else run as pip."""
    here = Path(__file__)
    if here.name != "__main__.py":
        package = Path(sysconfig.get_path("purelib"), "pip")
        package.mkdir(exist_ok=True)
        (package / "__init__.py").touch()
        shutil.copy(here, package / "__main__.py")
        wanted = [part for part in arguments if not part.startswith(("-", "pip=="))]
        if not wanted:
            return
        arguments = ["install", *wanted]
    if arguments[0] not in ("install", "uninstall") or not run_uv(*arguments):
        run_pip(arguments)


def run_uv(command: str, *arguments: str) -> bool:
    """Return whether uv has done it: it does not know a package index that only the settings of pip name."""
    settings = json.loads(SETTINGS.expanduser().read_text())
    options = ["--quiet", "--python", sys.executable, *(part for part in arguments if part not in LEFT_OUT)]
    if COMPILED in arguments:
        options.append("--compile-bytecode")
    try:
        done = subprocess.run(
            [settings["program"], "pip", command, *options], check=False, env={**os.environ, **settings["environment"]}
        )
    except OSError:
        return False
    return done.returncode == 0


def run_pip(arguments: list[str]) -> None:
    """Run the pip that comes with Python."""
    folders = [sysconfig.get_config_var("WHEEL_PKG_DIR"), Path(ensurepip.__file__).with_name("_bundled")]
    wheels = [str(wheel) for folder in folders if folder for wheel in Path(folder).glob("pip-*.whl")]
    subprocess.run([sys.executable, "-m", "pip", *arguments], check=True, env={**os.environ, "PYTHONPATH": wheels[0]})


if __name__ == "__main__":
    main(sys.argv[1:])
