# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

DOCUMENTATION = r"""
---
short_description: Report the events that ONTAP clusters log about their AKV configurations
description:
  - Reads the event log (EMS) of one or several clusters repeatedly, and emits an event for each new line. Its name
    begins with C(ekmip.akv.) or C(km.cmek.akvkms.), logged by ONTAP from 9.10.1 on, or is C(km.keyretrieve.failed) or
    C(km.volume.mount.fail). It changes nothing.
  - Events from before the first reading are not reported. C(ontap.akv.akv_health) reports what is wrong at that time.
  - An event has C(type) V(ems), C(cluster), C(hostname), C(name) (as ONTAP has it), C(event) (its last part, with the
    same word in both sets, such as V(volOffline) and V(keyVersionChanged); V(keyRetrieveFailed) and
    V(volumeMountFailed) for the last two), C(severity), C(time), C(node), C(index),
    C(svm), C(configuration), C(vault), C(key_id), C(old_key_version), C(new_key_version) (empty if not
    reported), C(parameters) (all of them, as ONTAP names them), C(message).
  - An event about a cluster has C(type) V(cluster), C(cluster), C(hostname), C(time), C(reachable), C(change),
    C(message). It is emitted when a log cannot be read, or can be read again.
  - Actions on an event run on the host of the cluster's name alone (C(meta.hosts)).
options:
  clusters:
    description:
      - The clusters, each a dictionary of C(name) (the host's name in the inventory; default is C(hostname)) and of the
        connection options below.
      - If not set, it is the one cluster of O(hostname).
    type: list
    elements: dict
  interval:
    description: Seconds between two readings of a cluster.
    type: float
    default: 300
  remind:
    description: Seconds after which a log that still cannot be read is reported again. V(0) reports it once.
    type: float
    default: 3600
  hostname:
    description:
      - This and C(username), C(password), C(cert), C(key), C(cert_filepath), C(key_filepath), C(ca_path), C(http_port),
        C(https), C(validate_certs), C(timeout), C(retries), C(use_proxy) mean what they mean for
        C(ontap.akv.akv_info), and hold for all clusters that do not have their own.
      - What is not set, or blank, is taken from E(ONTAP_HOSTNAME), E(ONTAP_USERNAME), E(ONTAP_PASSWORD) and the others.
        Give a password this way.
    type: str
notes:
  - A login that a cluster refuses is tried again after 15 minutes at the earliest, so that the user is not locked.
"""

EXAMPLES = r"""
- ontap.akv.akv_events:
    clusters:
      - name: cluster1
        hostname: cluster1.example.com
    interval: 60
"""


async def main(queue: Any, args: dict[str, Any]) -> None:
    """Run the source until it is cancelled."""
    _find_collection()
    from ansible_collections.ontap.akv.plugins.plugin_utils import _ems_events

    await _ems_events.main(queue, args)


def _find_collection() -> None:
    """Let Python import this collection: ansible-rulebook runs a source by its path, and knows nothing of collections.

    Where this file was copied out of the collection, PYTHONPATH has to name the folder that holds ansible_collections.
    """
    parents = Path(__file__).absolute().parents
    if len(parents) < 8 or parents[6].name != "ansible_collections":
        return
    sys.path.insert(0, str(parents[7]))
    import ansible_collections

    # The package ansible of PyPI has one that does not search elsewhere.
    if str(parents[6]) not in ansible_collections.__path__:
        ansible_collections.__path__.insert(0, str(parents[6]))


if __name__ == "__main__":

    class Printing:
        """Takes the place of ansible-rulebook's queue."""

        async def put(self, event: dict[str, Any]) -> None:
            """Print an event."""
            print(event, flush=True)

    # The cluster is the one that ONTAP_* name.
    asyncio.run(main(Printing(), {"interval": 10}))
