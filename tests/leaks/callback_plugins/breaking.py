# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible.plugins.callback import CallbackBase
from sitecustomize import break_use_case

from ansible_collections.ontap.akv.plugins.module_utils._use_cases import config

DOCUMENTATION = r"""
name: breaking
type: notification
short_description: Let akv_config end with an exception that nobody has foreseen, for the SVM of that name
description:
  - For the tests, in process. As a module, the file sitecustomize.py does so.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "breaking"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self):
        super().__init__()
        break_use_case(config)
