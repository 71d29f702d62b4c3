# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pip of ansible-test's environments hands on to uv, and to the pip of Python what uv does not do."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from dev.environment import ROOT

UV = """\
#!/bin/sh
echo "$UV_OF_TEST $@" >> "$0.log"
exit {}
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    cache = tmp_path / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True)
    (cache / "get_pip_25_2.py").write_text((ROOT / "dev" / "get_pip.py").read_text())
    settings = {"program": str(tmp_path / "uv"), "environment": {"UV_OF_TEST": "given"}}
    (cache / "uv.json").write_text(json.dumps(settings))
    venv.create(tmp_path / "venv", with_pip=False)
    return tmp_path


def _python(home: Path, *arguments: str | Path) -> str:
    command = (home / "venv" / "bin" / "python", *arguments)
    done = subprocess.run(command, env={"HOME": str(home)}, capture_output=True, text=True, check=True)
    return done.stdout + done.stderr


def _bootstrap(home: Path, uv: str, *packages: str) -> None:
    (home / "uv").write_text(uv)
    (home / "uv").chmod(0o700)
    script = home / ".ansible" / "test" / "cache" / "get_pip_25_2.py"
    _python(home, script, "--disable-pip-version-check", "pip==25.2", *packages, "--no-setuptools", "--no-wheel")


def test_uv_does_what_pip_is_asked_for(home: Path) -> None:
    _bootstrap(home, UV.format(0), "wheel==0.45.1")
    _python(home, "-m", "pip", "install", "--disable-pip-version-check", "-r", "requirements.txt")
    _python(home, "-m", "pip", "uninstall", "-y", "--disable-pip-version-check", "wheel")
    start = f"--quiet --python {home / 'venv' / 'bin' / 'python'}"
    assert (home / "uv.log").read_text().splitlines() == [
        f"given pip install {start} wheel==0.45.1",
        f"given pip install {start} -r requirements.txt",
        f"given pip uninstall {start} wheel",
    ]


@pytest.mark.parametrize("uv", [UV.format(1), "#!/nowhere/uv\n"])
def test_pip_does_what_uv_cannot(home: Path, uv: str) -> None:
    _bootstrap(home, uv)
    package = home / "venv" / "lib" / f"python3.{sys.version_info.minor}" / "site-packages" / "thing-1.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: thing\nVersion: 1\n")
    (package / "RECORD").write_text("thing-1.dist-info/METADATA,,\nthing-1.dist-info/RECORD,,\n")
    assert "Successfully uninstalled thing-1" in _python(home, "-m", "pip", "uninstall", "-y", "thing")
    assert "pip" in _python(home, "-m", "pip", "-V")
