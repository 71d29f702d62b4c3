# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lower bound: bare ``requests`` sessions that do the same round trips, and nothing else.

Takes a file of JSON: the connection, the threads, and the requests (method, path, body) in stages, of which the next
begins when the last is done. A stage of one GET follows all its pages. Prints the seconds from the first request to the
last answer; starting Python and importing are not in it.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import requests

_local = threading.local()


def _session(connection: dict[str, Any]) -> requests.Session:
    if not hasattr(_local, "session"):
        _local.session = requests.Session()
        _local.session.trust_env = False
        _local.session.verify = connection["ca_path"]
        _local.session.auth = (connection["username"], connection["password"])
    session: requests.Session = _local.session
    return session


def _send(connection: dict[str, Any], method: str, path: str, body: Any) -> None:
    base = f"https://{connection['hostname']}:{connection['http_port']}"
    target: str | None = path
    while target:
        answer = _session(connection).request(method, base + target, json=body, timeout=60)
        answer.raise_for_status()
        target = answer.json().get("_links", {}).get("next", {}).get("href") if method == "GET" else None


def main() -> None:
    task = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    began = time.monotonic()
    with ThreadPoolExecutor(task["threads"]) as pool:
        for stage in task["stages"]:
            list(pool.map(lambda each: _send(each.get("connection", task["connection"]), *each["request"]), stage))
    print(time.monotonic() - began)


if __name__ == "__main__":
    main()
