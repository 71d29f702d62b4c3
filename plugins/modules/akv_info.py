#!/usr/bin/python
# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: akv_info
short_description: Read Azure Key Vault configurations of an ONTAP cluster and their health
version_added: 0.1.0
description:
  - Tells which Azure Key Vaults (AKV) are configured on a cluster and whether they are healthy, in a form that a
    playbook can branch on.
  - It never fails because there is none.
author:
  - The ontap.akv authors (@ontap-akv)
options:
  svm:
    description:
      - Read the vault of the SVM with this name alone.
      - With none of O(svm), O(svm_uuid) and O(scope=cluster), all vaults of the cluster are read.
  svm_uuid:
    description:
      - Read the vault of the SVM with this UUID alone.
      - With none of O(svm), O(svm_uuid) and O(scope=cluster), all vaults of the cluster are read.
  scope:
    description:
      - V(cluster) reads the cluster's own vault alone.
      - V(svm) may stand beside O(svm) or O(svm_uuid).
  query:
    description:
      - Filters as ONTAP has them, field to value. ONTAP's operators work, for example V(vs*) or V(!vs0).
      - A field of a later release than the cluster's is refused by ONTAP.
    type: dict
  fields:
    description:
      - Which fields to read. Only these and C(uuid) are asked for, whatever O(health) says.
      - Verdicts and RV(by_svm) rest on C(state) and C(svm). Name them too if you use those.
    type: list
    elements: str
  order_by:
    description:
      - What to sort by, as ONTAP writes it, for example V(svm.name) or V(scope desc).
    type: list
    elements: str
  max_records:
    description:
      - How many records a page holds. All pages are read, whatever it is.
    type: int
  health:
    description:
      - Whether to ask for the health. It takes one more request, for the cluster's release, since each release tells it
        differently.
      - With V(false) there is no verdict but V(unknown), unless ONTAP tells the state unasked (9.7 does).
    type: bool
    default: true
  health_monitor:
    description:
      - Whether to read how ONTAP watches the vaults too, above all how often it polls Azure. It takes one more request
        on ONTAP 9.10.1 and later, and one for the cluster's release, unless O(health) has asked for that.
      - Where the login's role does not allow it, the task does not fail. A warning says so.
    type: bool
    default: false
  volumes:
    description:
      - Whether to read the encrypted volumes too, which need the keys. It takes one more request, for its pages.
      - With O(svm) or O(svm_uuid) these are the volumes of that SVM, else all of the cluster, since ONTAP does not tell
        which of them the cluster's own vault serves. O(query) is for vaults, and does not select volumes.
    type: bool
    default: false
notes:
  - What a healthy vault proves is that nodes hold keys and that the last poll went well. ONTAP polls every 15 to 30
    minutes; O(health_monitor) tells how often.
seealso:
  - module: ontap.akv.akv_config
  - module: ontap.akv.akv_restore
  - name: ONTAP REST API reference, Manage Azure Key Vaults
    description: The vendor's reference of the calls that this module makes.
    link: https://docs.netapp.com/us-en/ontap-restapi/
extends_documentation_fragment:
  - ontap.akv._attributes
  - ontap.akv._attributes.info_module
  - ontap.akv._connection
  - ontap.akv._scope
"""

EXAMPLES = r"""
# The login comes from the environment (ONTAP_HOSTNAME, ONTAP_USERNAME, ONTAP_PASSWORD).

- name: Read all vaults of a cluster
  ontap.akv.akv_info:
  register: akv

- name: Stop where one is not healthy
  ansible.builtin.assert:
    that: akv.summary.healthy == akv.summary.total
    fail_msg: "{{ akv.vaults | map(attribute='reasons') | flatten | join(' ') }}"

- name: Read the vaults of some SVMs, sorted
  ontap.akv.akv_info:
    query:
      svm.name: vs*
    order_by:
      - svm.name desc
  register: akv

- name: List the encrypted volumes that are offline
  ontap.akv.akv_info:
    svm: vs0
    volumes: true
  register: akv
  failed_when: akv.volumes | selectattr('state', 'eq', 'offline') | length > 0

- name: Read how often ONTAP polls Azure
  ontap.akv.akv_info:
    health_monitor: true
  register: akv

- name: Say how long a wrong credential may go unnoticed
  ansible.builtin.debug:
    msg: "{{ akv.health_monitor.polling_interval | default(15, true) }} minutes"

- name: Restore keys only where an SVM lacks them
  ontap.akv.akv_restore:
    svm: vs0
  when: akv.by_svm.vs0.available is false
"""

RETURN = r"""
msg:
  description: What was found, in a sentence.
  returned: always
  type: str
  sample: "2 vaults on cluster1.example.com: 1 healthy, 1 degraded."
vaults:
  description: The vaults, each in ONTAP's own field names with no secret, and the verdict on it.
  returned: success
  type: list
  elements: dict
  sample:
    - uuid: 024cd3cf-9a08-11ea-8d52-005056bbeba5
      scope: svm
      svm: {name: vs0, uuid: 4f7abf4c-9a07-11ea-8d52-005056bbeba5}
      name: https://mykeyvault.vault.azure.net/
      available: false
      unavailable_nodes: [node1]
      verdict: degraded
      reasons: [Keys are unavailable on node node1.]
  contains:
    available:
      description: Whether every node has its keys; none where that is not told, or no encrypted volume exists yet.
      type: bool
    authentication_method:
      description: The kind of credential in use, V(client_secret) or V(certificate).
      type: str
    unavailable_nodes:
      description: The nodes of which ONTAP says that they lack the keys, sorted.
      type: list
      elements: str
    verdict:
      description:
        - V(healthy) is a vault whose keys are there on every node, or that has no encrypted volume yet.
        - V(degraded) is one whose keys are missing on the nodes that are named, or where only a connection is broken.
        - V(unavailable) is one whose keys are missing on all nodes, or on no node in particular. Before 9.8 ONTAP does
          not tell which nodes there are, so that a vault whose bad nodes are named counts as degraded.
        - V(unknown) is one of which ONTAP does not tell.
        - V(inactive) is a configuration that is not in use (ONTAP 9.14.1 and later).
      type: str
      choices: [healthy, degraded, unavailable, unknown, inactive]
    reasons:
      description: Why, a sentence each.
      type: list
      elements: str
by_svm:
  description: The same by the name of the SVM, for each SVM the configuration that is in use.
  returned: success
  type: dict
  sample: {vs0: {verdict: healthy}}
cluster_vault:
  description: The cluster's own vault, or none.
  returned: success
  type: dict
  sample: null
summary:
  description: How many there are, in all, of each verdict, and of each kind of credential.
  returned: success
  type: dict
  sample:
    {total: 2, healthy: 1, degraded: 1, unavailable: 0, unknown: 0, inactive: 0, client_secret: 2, certificate: 0}
volumes:
  description: The encrypted volumes, in ONTAP's own field names; none unless they are asked for.
  returned: success
  type: list
  elements: dict
  sample:
    - svm: {name: vs0, uuid: 4f7abf4c-9a07-11ea-8d52-005056bbeba5}
      name: vol1
      uuid: 028baa66-41bd-11e9-81d5-00a0986138f7
      state: online
      encryption: {enabled: true, state: encrypted, type: volume}
  contains:
    svm:
      description: Name and UUID of the SVM.
      type: dict
    name:
      description: The volume's name.
      type: str
    uuid:
      description: The volume's UUID.
      type: str
    state:
      description: V(online), V(offline), or what else ONTAP tells.
      type: str
    encryption:
      description: What ONTAP tells of the encryption. Later releases tell more.
      type: dict
health_monitor:
  description: How ONTAP watches the vaults; none unless it is asked for.
  returned: success
  type: dict
  sample: {polling_interval: 15, enabled: true, manage_volume_offline: true}
  contains:
    polling_interval:
      description: Minutes between two polls of Azure. V(15) before 9.10.1; none where it could not be read.
      type: int
    enabled:
      description: Whether ONTAP polls Azure at all; none before 9.15.1.
      type: bool
    manage_volume_offline:
      description: Whether ONTAP takes volumes offline where the key stays out of reach; none before 9.15.1.
      type: bool
requests:
  description: The requests that were sent, in order, one entry a try, pages and repetitions included.
  returned: always
  type: list
  elements: dict
  sample:
    - {method: GET, path: /api/cluster, status: 200}
    - {method: GET, path: /api/security/azure-key-vaults, status: 200}
  contains:
    method:
      description: The HTTP method.
      type: str
    path:
      description: The path, without the query.
      type: str
    status:
      description: The HTTP status; none where no answer came.
      type: int
outcome:
  description: What the failed task has done to the cluster. Always V(unchanged), as it only reads.
  returned: failure
  type: str
  choices: [unchanged]
  sample: unchanged
error:
  description: ONTAP's error, as it came.
  returned: failure, when ONTAP refused
  type: dict
  sample: {code: '6', message: Permission denied., target: null, arguments: []}
http_status:
  description: The HTTP status of the answer that failed.
  returned: failure, when an answer came
  type: int
  sample: 403
"""

from ansible_collections.ontap.akv.plugins.module_utils._runtime.module import run_module
from ansible_collections.ontap.akv.plugins.module_utils._use_cases.info import ARGUMENT_SPEC, run


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
