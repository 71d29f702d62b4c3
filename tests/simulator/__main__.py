# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""python -m simulator: clusters in the foreground, until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import asyncio
import json
import shlex
import signal
import sys
from pathlib import Path

from . import releases
from .farm import LOOPBACK, Farm, login
from .shapes import ScenarioError
from .tls import write_private


def _arguments(given: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="simulator", description="A simulated ONTAP cluster on loopback.")
    parser.add_argument("--release", help=f"{', '.join(releases.NAMES)} (default: the scenario's, else 9.7)")
    parser.add_argument("--port", type=int, default=9443, help="default: 9443; 0 picks a free one")
    parser.add_argument("--host", choices=LOOPBACK, default="127.0.0.1")
    parser.add_argument("--scenario", type=Path, metavar="FILE", help="the scenario of the cluster (docs/simulator.md)")
    parser.add_argument(
        "--connection-file",
        type=Path,
        metavar="FILE",
        help="file for the connection, written as JSON when the simulator listens",
    )
    parser.add_argument(
        "--log-file", type=Path, metavar="FILE", help="file for the log, one line for each request (default: stderr)"
    )
    parser.add_argument("--clusters", type=int, default=1, metavar="N", help="number of clusters, each on its own port")
    parser.add_argument(
        "--azure-port", type=int, metavar="PORT", help="also simulate Azure, on this port; 0 picks a free one"
    )
    return parser.parse_args(given)


async def _run(farm: Farm, arguments: argparse.Namespace) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    await farm.start(arguments.port, arguments.azure_port or 0)
    try:
        connection = farm.connection()
        for variable, value in login(connection).items():
            print(f"export {variable}={shlex.quote(value)}")
        if "azure" in connection:
            # As the roles and playbooks take it: --extra-vars "$SIMULATED_AZURE".
            variables = {f"akv_azure_{key}": value for key, value in connection["azure"].items()}
            print(f"export SIMULATED_AZURE={shlex.quote(json.dumps(variables))}")
        sys.stdout.flush()
        if arguments.connection_file:
            write_private(arguments.connection_file, json.dumps(connection, indent=2) + "\n")
        await ended.wait()
    finally:
        await farm.stop()


def main(given: list[str] | None = None) -> int:
    """Run until a signal ends it; 0, 1 where it can't listen, 2 for what it was asked wrongly."""
    arguments = _arguments(given)
    log = sys.stderr
    try:
        if arguments.log_file:
            log = arguments.log_file.open("a", encoding="utf-8")
        azure = arguments.azure_port is not None
        farm = Farm(arguments.release, arguments.scenario, arguments.clusters, arguments.host, log, azure)
    except (ScenarioError, ValueError, OSError) as error:
        print(f"simulator: {error}", file=sys.stderr)
        return 2
    try:
        asyncio.run(_run(farm, arguments))
    except OSError as error:
        print(f"simulator: {error}", file=sys.stderr)
        return 1
    finally:
        farm.remove()
    return 0


if __name__ == "__main__":
    # Until it listens, too, an end is a clean one.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
    sys.exit(main())
