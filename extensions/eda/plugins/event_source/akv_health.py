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
short_description: Report when AKV configurations of ONTAP clusters get worse or better
description:
  - Polls the AKV configurations of one or several clusters and judges them as C(ontap.akv.akv_info) does. Emits an
    event when a verdict has changed, and when a cluster becomes unreadable or readable again. It changes nothing.
  - The first reading reports what is unhealthy or unknown. What stays unhealthy is reported again every O(remind)
    seconds.
  - An event about an AKV configuration has C(type) V(vault), C(cluster), C(hostname), C(time), C(svm) (empty for that
    of the cluster), C(scope), C(configuration), C(uuid), C(verdict), C(previous_verdict), C(change), C(remedy),
    C(cause), C(reasons), C(unavailable_nodes), C(azure_reachable), C(offline_volumes), C(message).
  - C(verdict) is V(healthy), V(degraded), V(unavailable), V(unknown), V(inactive), or V(absent) if the AKV
    configuration is gone. C(change) is V(worse), V(better), V(other) (another node, or less is reported than
    before) or V(same) (a reminder). C(remedy) is
    V(restore) if nodes lack keys and Azure is reached; V(person) if someone must check the credential, the key, the
    network, a node or volumes that stay offline; else V(none). C(cause) is that of the C(diagnosis) of
    C(ontap.akv.akv_info).
  - An event about a cluster has C(type) V(cluster), C(cluster), C(hostname), C(time), C(reachable), C(change),
    C(message).
  - An event about a credential that ends has C(type) V(credential_expiring), C(cluster), C(hostname), C(time),
    C(client_id), C(svms) (an empty name for that of the cluster), C(expires_at), C(days_left), C(threshold) (60, 30
    or 7 days, 0 once it has expired), C(expired), C(credential) (which one, as Microsoft Graph shows it, or
    V(credential) for that of O(credential_expires)), C(message). Each threshold is reported once for each start of the
    source, and an expired credential again every O(remind) seconds.
  - Actions on an event run on the host of the cluster's name alone (C(meta.hosts)).
options:
  clusters:
    description:
      - The clusters, each a dictionary of C(name) (the host's name in the inventory; default is C(hostname)), of the
        connection options below, and of C(svm), C(svm_uuid) or C(scope) to watch one AKV configuration only.
      - If not set, it is the one cluster of O(hostname).
    type: list
    elements: dict
  interval:
    description: Seconds between two readings of a cluster. ONTAP itself polls the key every 15 minutes.
    type: float
    default: 300
  remind:
    description: Seconds after which a configuration that is still unhealthy is reported again. V(0) reports it once.
    type: float
    default: 3600
  credential_expires:
    description:
      - When credentials end, a date such as V(2027-03-31) under each client ID. A date ends with its day, in UTC.
      - An application that no AKV configuration of a cluster uses causes no event.
      - Instead of a date, the file of a certificate may be named, C({certificate: <path>}).
      - A new date needs a restart of the source.
    type: dict
  graph_tenant_id:
    description:
      - With O(graph_client_id) and O(graph_client_secret), Microsoft Graph is asked too when the credentials of the
        applications end, at the start and every 6 hours, or an hour later if it does not answer. No reading of a
        cluster waits for it. The reader needs the permission Application.Read.All.
      - Each valid credential of an application causes its own event, because ONTAP does not report which one it has.
    type: str
  graph_client_id:
    description: The application of the reader.
    type: str
  graph_client_secret:
    description: Its client secret. Give it in a variables file that Ansible Vault encrypts.
    type: str
  azure_authority:
    description: URL of Microsoft Entra ID, for private clouds. It needs O(azure_graph_url) too.
    type: str
  azure_graph_url:
    description: URL of Microsoft Graph, for other clouds.
    type: str
  azure_ca_path:
    description: File of the CA that signed their certificates.
    type: path
  hostname:
    description:
      - This and C(username), C(password), C(cert), C(key), C(cert_filepath), C(key_filepath), C(ca_path), C(http_port),
        C(https), C(validate_certs), C(timeout), C(retries), C(use_proxy), C(svm), C(svm_uuid), C(scope) mean what they
        mean for C(ontap.akv.akv_info), and hold for all clusters that do not have their own.
      - What is not set, or blank, is taken from E(ONTAP_HOSTNAME), E(ONTAP_USERNAME), E(ONTAP_PASSWORD) and the others.
        Give a password this way.
    type: str
notes:
  - A login that a cluster refuses is tried again after 15 minutes at the earliest, so that the user is not locked.
"""

EXAMPLES = r"""
- ontap.akv.akv_health:
    clusters:
      - name: cluster1
        hostname: cluster1.example.com
      - name: cluster2
        hostname: cluster2.example.com
        svm: vs0
    interval: 300
    credential_expires:
      4b0c7f6e-8a2d-4b6e-9d53-0c1f2e3d4b5a: "2027-03-31"
"""


async def main(queue: Any, args: dict[str, Any]) -> None:
    """Run the source until it is cancelled."""
    _find_collection()
    from ansible_collections.ontap.akv.plugins.plugin_utils import _health_events

    await _health_events.main(queue, args)


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
