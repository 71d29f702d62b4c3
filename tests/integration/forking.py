# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A program that has imported Ansible and the collection, and becomes ansible-playbook once for each line it reads.

The imports take half of the processor time of a short run. Each run is a process of its own, which begins in the same
state: this program plays nothing itself.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import sys
import tempfile
import warnings
from pathlib import Path

from ansible import constants
from ansible.cli import playbook
from ansible.plugins import loader

COLLECTION = "ansible_collections.ontap.akv"
# Not those of variables: ansible-core 2.16 does not find one again that was read before it looks for them.
KINDS = ("become", "callback", "connection", "inventory", "shell")


def main() -> None:
    """Read runs as lines of JSON; write the number of each process, and its exit code."""
    loader.init_plugin_loader()
    # Each run does that again, without effect.
    warnings.filterwarnings("ignore", "AnsibleCollectionFinder has already been configured")
    import_collection()
    read_documentation()
    with contextlib.suppress(ImportError, AttributeError):
        name_fields_of_results()
    # No run lasts long enough to need it. A collection writes to what the processes that follow could share.
    gc.disable()
    gc.freeze()
    # Each run looks so often, in seconds, whether one of its processes has something: usually 0.001.
    constants.DEFAULT_INTERNAL_POLL_INTERVAL = 0.005
    for line in sys.stdin:
        number = os.fork()
        if number == 0:
            become(**json.loads(line))
            return
        print(number, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]), flush=True)


def import_collection() -> None:
    """Import what runs in Ansible's own process."""
    # Ansible's loader, which must be there first, finds it.
    plugins = Path(importlib.import_module(COLLECTION).__path__[0]) / "plugins"
    for folder in ("action", "filter", "lookup", "module_utils", "plugin_utils", "test"):
        for path in sorted((plugins / folder).rglob("*.py")):
            name = ".".join(path.relative_to(plugins).with_suffix("").parts)
            importlib.import_module(f"{COLLECTION}.plugins.{name}")


def read_documentation() -> None:
    """Read the options of plugins, which takes two thirds of the processor time of a short run."""
    for plugins in (loader.filter_loader, loader.test_loader):
        list(plugins.all())
    for kind in KINDS:
        list(getattr(loader, f"{kind}_loader").all(class_only=True))
    loader.lookup_loader.get("ontap.akv.playbook", class_only=True)


def name_fields_of_results() -> None:
    """Read the types of the fields of a result, which else each process of a task does: from ansible-core 2.21."""
    result = importlib.import_module("ansible._internal._task").UnifiedTaskResult
    for source_is_module in (False, True):
        result.get_result_key_to_resolved_field_mapping(source_is_module=source_is_module)


def become(arguments: list[str], folder: str, output: str, environment: dict[str, str]) -> None:
    """Become ansible-playbook.

    :param output: a file
    :param environment: all of it but ANSIBLE_*, most of which was read when Ansible was imported
    """
    os.setsid()
    for path, flags, to in ((os.devnull, os.O_RDONLY, (0,)), (output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, (1, 2))):
        file = os.open(path, flags, 0o600)
        for each in to:
            os.dup2(file, each)
        os.close(file)
    os.chdir(folder)
    own = {name: value for name, value in os.environ.items() if name.startswith("ANSIBLE_")}
    os.environ.clear()
    os.environ.update({**own, **environment})
    # Known before the fork. Each run removes the folder at its end.
    tempfile.tempdir = None
    Path(constants.DEFAULT_LOCAL_TMP).mkdir(parents=True, exist_ok=True)
    sys.argv = arguments
    playbook.main(arguments)


if __name__ == "__main__":
    main()
