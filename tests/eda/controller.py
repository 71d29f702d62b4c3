# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""As much of an automation controller as ansible-rulebook asks for: a job template, whose jobs end at once."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from integration.running import Values


@dataclass
class Controller:
    """A controller.

    :ivar template: the name of its one template
    :ivar launched: what each job was launched with
    """

    template: str
    url: str = ""
    launched: list[Values] = field(default_factory=list)

    def answer(self, path: str) -> Values:
        """Answer a GET."""
        if path.endswith("/unified_job_templates/"):
            asks = dict.fromkeys((f"ask_{what}_on_launch" for what in ("inventory", "labels", "variables")), False)
            template = {
                "id": 1,
                "type": "job_template",
                "name": self.template,
                "summary_fields": {"organization": {"name": "Default"}},
                "related": {"launch": "/api/v2/job_templates/1/launch/"},
                "ask_limit_on_launch": True,
                **asks,
            }
            return {"count": 1, "next": None, "results": [template]}
        if path.endswith("/jobs/"):
            return {"results": [self._job(number) for number in range(len(self.launched))]}
        return {"version": "4.6"}

    def launch(self, given: Values) -> Values:
        """Launch a job."""
        self.launched.append(given)
        return self._job(len(self.launched) - 1)

    @staticmethod
    def _job(number: int) -> Values:
        moment = "2024-08-29T12:00:00Z"
        return {
            "id": number,
            "url": f"/api/v2/jobs/{number}/",
            "status": "successful",
            "created": moment,
            "artifacts": {},
        }


@contextlib.contextmanager
def controller(template: str) -> Iterator[Controller]:
    """Run a controller on loopback."""
    made = Controller(template)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._tell(200, made.answer(urlsplit(self.path).path))

        def do_POST(self) -> None:
            given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self._tell(201, made.launch(given))

        def _tell(self, status: int, content: Values) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()
