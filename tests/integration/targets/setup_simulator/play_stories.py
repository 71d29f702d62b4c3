# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plays the stories of a target for ansible-test, each on a simulated cluster of its own, on a free port.

tests/integration/test_targets.py plays the same ones, and looks at more.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

# ansible-test runs a target in a copy that holds the targets alone.
ROOT = Path(os.environ["ANSIBLE_COLLECTIONS_PATH"].split(os.pathsep)[0], "ansible_collections", "ontap", "akv")
sys.path.insert(0, str(ROOT / "tests"))

from integration.certificates import make_pkcs12  # noqa: E402

from simulator import Simulator, login  # noqa: E402


def play(target: str, story: Path, *options: str) -> int:
    """Play one; give the exit code of ansible-playbook."""
    scenario = story.parent.parent / "files" / story.name
    with Simulator(scenario=scenario if scenario.exists() else None) as simulator:
        playbook = ROOT / "tests" / "integration" / "play.yml"
        names = json.dumps({"target": target, "story": story.stem, "client_certificate": make_pkcs12()})
        command = ("ansible-playbook", playbook, "-e", names, *options)
        # The target is a role among its neighbours.
        environment = {**os.environ, **login(simulator.connection), "ANSIBLE_ROLES_PATH": str(story.parents[2])}
        return subprocess.run(command, env=environment, check=False).returncode


def main(target: str, *options: str) -> int:
    """Play all, up to the first that fails."""
    stories = sorted(Path("tasks").resolve().glob("*.yml"))
    return next((code for story in stories if (code := play(target, story, *options))), 0)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
