# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import time
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: stamp
type: aggregate
short_description: Write the seconds from the start of the first task to the last result into the file E(AKV_STAMP)
"""


class CallbackModule(CallbackBase):  # type: ignore[misc]
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "stamp"
    began = ended = 0.0

    def v2_playbook_on_task_start(self, _task: Any, is_conditional: bool) -> None:
        self.began = self.began or time.monotonic()

    def v2_runner_on_ok(self, _result: Any) -> None:
        self.ended = time.monotonic()

    def v2_playbook_on_stats(self, _stats: Any) -> None:
        with open(os.environ["AKV_STAMP"], "w", encoding="utf-8") as file:
            file.write(f"{self.ended - self.began}")
