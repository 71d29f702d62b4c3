# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the core workflow with real ansible-playbook, step by step, on a simulated ONTAP 9.7 cluster: ``make demo``.

``--collections-path`` shows the collection that is installed there, instead of this checkout's.

Exit code 0 only when every step ended as expected. All that is written is in .cache.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache"
FOLDER = CACHE / "demo"
SECRETS = FOLDER / "secrets.yml"
OWN_COLLECTIONS = CACHE / "collections"
SCENARIO = ROOT / "demo" / "scenario.yml"
PROGRAMS = Path(sys.executable).parent

WIDTH = 110
INDENT = "    "

sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tests"))

from simulator import Simulator, login  # noqa: E402


class DemoError(Exception):
    """The demo cannot go on."""


@dataclass(frozen=True)
class Step:
    """One command, what it shows, and what must come of it.

    :ivar events: what happens to the cluster before, in the simulator's words (docs/simulator.md)
    :ivar new_secret: whether the Azure application gets a new secret before
    :ivar changed: what the recap of the playbook must count; None for an ad-hoc command
    :ivar says: what must stand in the output
    :ivar secret_arrived: whether the cluster must hold the application's secret after it; None does not ask
    """

    title: str
    explanation: str
    command: tuple[str, ...]
    events: tuple[dict[str, Any], ...] = ()
    new_secret: bool = False
    exit_code: int = 0
    changed: int | None = 0
    says: tuple[str, ...] = ()
    secret_arrived: bool | None = None


def playbook(name: str, *options: str) -> tuple[str, ...]:
    return ("ansible-playbook", f"demo/playbooks/{name}.yml", *options)


WITH_SECRETS = ("--extra-vars", f"@{SECRETS.relative_to(ROOT)}")

STEPS = (
    Step(
        "Enable the AKV configurations of the cluster and of SVM vs0",
        "akv_config makes ONTAP keep its encryption keys in an Azure Key Vault. It reads (GET), creates (POST) and"
        " checks that every node has its keys (GET).",
        playbook("enable", *WITH_SECRETS),
        changed=2,
        says=("POST /api/security/azure-key-vaults: 201",),
        secret_arrived=True,
    ),
    Step(
        "The same playbook again",
        "Nothing differs, so nothing is changed: only one GET for each AKV configuration.",
        playbook("enable", *WITH_SECRETS),
        changed=0,
        secret_arrived=True,
    ),
    Step(
        "Rotate the secret of the Azure application, in check mode",
        "The application has a new secret. It is in secrets.yml, a file that you would encrypt with"
        " ansible-vault. With --check and --diff you see what would be sent to ONTAP. The secret is never shown.",
        playbook("rotate", *WITH_SECRETS, "--check", "--diff"),
        new_secret=True,
        changed=2,
        says=("+ client_secret: '********'",),
        secret_arrived=False,
    ),
    Step(
        "Rotate the secret",
        "Now without check mode. ONTAP never returns a secret, so the demo asks the simulator whether it arrived.",
        playbook("rotate", *WITH_SECRETS),
        changed=2,
        secret_arrived=True,
    ),
    Step(
        "Read the health of all AKV configurations",
        "SVM vs0 now has an encrypted volume, vol1. akv_info returns a verdict on each configuration with reasons.",
        playbook("health"),
        events=({"create_volume": {"svm": "vs0", "name": "vol1", "encrypted": True}},),
        says=("vs0 healthy", "(cluster) healthy"),
    ),
    Step(
        "Restore keys that a node has lost",
        "Node node1 has lost the keys of vs0. akv_info says degraded, akv_restore restores the keys, but only if"
        " they are missing, and waits for ONTAP's job.",
        playbook("restore"),
        events=({"lose_keys": {"svm": "vs0", "nodes": ["node1"]}},),
        changed=1,
        says=("vs0 degraded Keys are unavailable on node node1.", "state: success", "2 healthy."),
    ),
    Step(
        "Delete the AKV configuration of vs0, while it is needed",
        "ONTAP refuses, because vol1 still needs the keys that it protects. The message has ONTAP's error, its code,"
        " and advice. This playbook must fail.",
        playbook("delete"),
        exit_code=2,
        says=("(code 65536867)", "move, decrypt or delete those volumes first.", "outcome: unchanged"),
    ),
    Step(
        "Delete the AKV configuration of vs0",
        "Volume vol1 has been deleted, so nothing needs the AKV configuration any more.",
        playbook("delete"),
        events=({"delete_volume": {"svm": "vs0", "name": "vol1"}},),
        changed=1,
    ),
    Step(
        "Read the health without a playbook",
        "Any module runs from the command line too. The AKV configuration of the cluster is left.",
        ("ansible", "localhost", "-m", "ontap.akv.akv_info"),
        changed=None,
        says=("SUCCESS", "1 AKV configuration on 127.0.0.1: 1 healthy.", "needs_attention: 0"),
    ),
)


def environment(**more: str) -> dict[str, str]:
    """The environment of what the demo starts: it keeps to .cache, and loopback is reached without a proxy."""
    foreign = ("ANSIBLE_", "ONTAP_", "PYTHON")
    own = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    own = {name: value for name, value in own.items() if not name.lower().endswith("_proxy")}
    return {**own, "LC_ALL": "C.UTF-8", "TMPDIR": str(FOLDER / "tmp"), **more}


def ansible_environment(collections: Path) -> dict[str, str]:
    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    return environment(
        ANSIBLE_CALLBACK_RESULT_FORMAT="yaml",
        ANSIBLE_COLLECTIONS_PATH=str(collections),
        ANSIBLE_CONFIG=str(ROOT / "dev" / "ansible.cfg"),
        ANSIBLE_HOME=str(FOLDER / "ansible"),
        ANSIBLE_INVENTORY=os.devnull,
        ANSIBLE_PIPELINING="1",
        ANSIBLE_REMOTE_TEMP=str(FOLDER / "ansible" / "remote"),
        **{"ANSIBLE_FORCE_COLOR" if colour else "ANSIBLE_NOCOLOR": "1"},
    )


def prepare() -> None:
    """Make an empty folder for this run, and the path by which Ansible finds the collection."""
    if not (PROGRAMS / "ansible-playbook").exists():
        raise DemoError(f"There is no ansible-playbook in {PROGRAMS}. Run: make demo")
    shutil.rmtree(FOLDER, ignore_errors=True)
    (FOLDER / "tmp").mkdir(parents=True)
    tempfile.tempdir = str(FOLDER / "tmp")
    FOLDER.chmod(0o700)
    collection = OWN_COLLECTIONS / "ansible_collections" / "ontap" / "akv"
    if not collection.exists():
        collection.parent.mkdir(parents=True, exist_ok=True)
        collection.unlink(missing_ok=True)
        collection.symlink_to(os.path.relpath(ROOT, collection.parent))


def make_secret() -> str:
    """Make a secret of the Azure application, and write it to the file of variables."""
    secret = secrets.token_urlsafe()
    with open(SECRETS, "w", encoding="utf-8", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        json.dump({"vaulted_client_secret": secret}, file)
    return secret


def run(command: tuple[str, ...], variables: dict[str, str]) -> tuple[int, str]:
    """Run one of Ansible's programs and show what it says, without blank lines and rulers; give exit code and text."""
    text = []
    with subprocess.Popen(
        [PROGRAMS / command[0], *command[1:]],
        cwd=ROOT,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                plain = re.sub(r"\x1b\[[0-9;]*m", "", line)
                text.append(plain)
                if plain.strip() and not plain.startswith(("PLAY ", "localhost   ")):
                    print(_fitted(line, plain), flush=True)
        except BaseException:
            process.terminate()
            raise
    return process.returncode, " ".join(" ".join(text).split())


def _fitted(line: str, plain: str) -> str:
    """A line for the screen: indented, its ruler cut off, and a long warning or error folded."""
    if len(plain) > WIDTH and plain.startswith("["):
        return _folded(line, INDENT, INDENT + "  ")
    return INDENT + re.sub(r" \*{3,}", "", line.rstrip())


def _folded(text: str, first: str, then: str) -> str:
    return textwrap.fill(text, WIDTH, initial_indent=first, subsequent_indent=then, break_on_hyphens=False)


def check(step: Step, exit_code: int, text: str, arrived: bool | None) -> list[str]:
    """What is not as expected, a sentence each."""
    wanted = list(step.says)
    if step.changed is not None:
        wanted.append(f"changed={step.changed} ")
    problems = [f"The output does not say {each!r}." for each in wanted if each not in text]
    if "[WARNING]" in text:
        problems.append("The output has a warning.")
    if exit_code != step.exit_code:
        problems.append(f"Exit code {exit_code}, not {step.exit_code}.")
    if arrived != step.secret_arrived:
        problems.append(f"The secret has {'' if arrived else 'not '}arrived in the cluster.")
    return problems


def holds(cluster: Simulator, secret: str) -> bool:
    """Whether both AKV configurations, the cluster's and that of vs0, hold a secret."""
    return [cluster.secret_of(vault["uuid"]) for vault in cluster.vaults()] == [secret, secret]


def show(cluster: Simulator, collections: Path) -> list[float]:
    """Run the steps until one is not as expected; give the seconds that each took.

    Raises DemoError where one was not as expected.
    """
    secret = make_secret()
    seconds = []
    for number, step in enumerate(STEPS, 1):
        begin = time.monotonic()
        print(f"\n{number}/{len(STEPS)} {step.title}")
        print(_folded(step.explanation, "  ", "  "))
        print(f"  $ {' '.join(step.command)}", flush=True)
        if step.new_secret:
            secret = make_secret()
        cluster.apply(list(step.events))
        exit_code, text = run(step.command, {**ansible_environment(collections), **login(cluster.connection)})
        arrived = None if step.secret_arrived is None else holds(cluster, secret)
        problems = check(step, exit_code, text, arrived)
        if problems:
            raise DemoError(f"Step {number} ({step.title}) is not as expected. {' '.join(problems)}")
        if arrived is not None:
            print(f"  The cluster holds the application's secret: {'yes' if arrived else 'no, the old one still'}.")
        seconds.append(time.monotonic() - begin)
    return seconds


def main() -> int:
    parser = argparse.ArgumentParser(description="Run the core workflow on a simulated ONTAP cluster.")
    parser.add_argument("--collections-path", type=Path, default=OWN_COLLECTIONS, help="where ontap.akv is installed")
    collections = parser.parse_args().collections_path.resolve()
    # As an exception, so that the simulator is stopped.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _frame: sys.exit(128 + received))
    begin = time.monotonic()
    try:
        prepare()
        with (
            (FOLDER / "simulator.log").open("w", encoding="utf-8") as log,
            Simulator("9.7", SCENARIO, log=log) as cluster,
        ):
            seconds = show(cluster, collections)
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return 130
    except DemoError as error:
        print(f"\nFAILED: {error}", file=sys.stderr)
        return 1
    print("\nSummary")
    for step, took in zip(STEPS, seconds):
        print(f"  ok {took:5.1f} s  {step.title}")
    print(f"{len(STEPS)} steps, each as expected, in {time.monotonic() - begin:.0f} s.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
