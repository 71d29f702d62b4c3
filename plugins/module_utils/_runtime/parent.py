# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""Whether the run that started this process still exists.

Ansible's workers have a session of their own, so what ends ansible-playbook (a cancelled job, an idle time-out, a
signal to its process group) need not end the task that it started.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable

# ansible-playbook, ansible-runner and similar by their names, and a module by the file in which Ansible packs it.
_ANSIBLE = re.compile(rb"\A(?:[^\0]*\0){0,3}(?:[^\0]*/)?ansible(?:-[a-z]+)?(?:\0|\Z)|AnsiballZ_")


def _parent_of(pid: int) -> int | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # pid (name) state ppid …; the name may hold anything.
            return int(file.read().rpartition(b")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return None


def _is_ansible(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return _ANSIBLE.search(file.read()) is not None
    except OSError:
        return False


class Run:
    """The processes of Ansible above this one: its worker, ansible-playbook, ansible-runner.

    What started those (a shell, a service) may end without ending the run. Where there is no /proc, the parent alone is
    known.

    :param parent: gives the ID of this process's parent
    """

    def __init__(
        self,
        parent: Callable[[], int] = os.getppid,
        parent_of: Callable[[int], int | None] = _parent_of,
        is_ansible: Callable[[int], bool] = _is_ansible,
    ) -> None:
        self._parent = parent
        self._parent_of = parent_of
        first = parent()
        self._chain = [first]
        above = parent_of(first) if is_ansible(first) else None
        while above is not None and above > 1 and above not in self._chain and is_ansible(above):
            self._chain.append(above)
            above = parent_of(above)

    def is_gone(self) -> bool:
        """Return whether one of the processes has ended since."""
        if self._parent() != self._chain[0]:
            return True
        return any(self._parent_of(pid) != above for pid, above in zip(self._chain, self._chain[1:]))
