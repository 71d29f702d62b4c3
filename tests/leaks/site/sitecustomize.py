# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lets akv_config fail with an exception that nobody foresees, for the SVM ``broken``. Python imports it at its start.

In a module's own process it changes the use case once that is imported. In Ansible's process, where collections have
another way to be imported, the callback ``breaking`` does so.
"""

from __future__ import annotations

import importlib.abc
import importlib.util
import sys

USE_CASE = "ansible_collections.ontap.akv.plugins.module_utils._use_cases.config"


def break_use_case(module):
    """Let a use case fail with an exception that holds all options."""
    run = module.run

    def broken(client, params, check_mode):
        if params["svm"] == "broken":
            raise RuntimeError(f"broken with {params}")
        return run(client, params, check_mode)

    module.run = broken


class _Breaking(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        if name != USE_CASE:
            return None
        sys.meta_path.remove(self)
        self._found = importlib.util.find_spec(name)
        return importlib.util.spec_from_loader(name, self, origin=self._found.origin)

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        self._found.loader.exec_module(module)
        break_use_case(module)


sys.meta_path.insert(0, _Breaking())
