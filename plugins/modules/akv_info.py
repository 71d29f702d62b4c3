#!/usr/bin/python
# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: akv_info
short_description: Read Azure Key Vault configurations of an ONTAP cluster and their health
version_added: 0.2.0
description:
  - Returns the Azure Key Vault (AKV) configurations of a cluster, with the health of each one, and the cause if it is
    not healthy. A playbook can branch on these results.
  - If nothing is configured, the module returns an empty list and does not fail.
author:
  - The ontap.akv authors (@ontap-akv)
options:
  svm:
    description:
      - Read only the AKV configurations of the SVM with this name. If it does not exist, a warning names similar SVMs.
      - With none of O(svm), O(svm_uuid) and O(scope=cluster), all AKV configurations of the cluster are read.
  svm_uuid:
    description:
      - Read only the AKV configurations of the SVM with this UUID.
      - With none of O(svm), O(svm_uuid) and O(scope=cluster), all AKV configurations of the cluster are read.
  scope:
    description:
      - V(cluster) reads only the cluster's own AKV configuration.
      - V(svm) may be given together with O(svm) or O(svm_uuid).
  query:
    description:
      - Filters of ONTAP's REST API, as a dictionary of fields and values. ONTAP's operators work, for example V(vs*) or
        V(!vs0).
      - ONTAP refuses a field that came with a later release than that of the cluster.
      - A filter without a field or without a value is refused.
    type: dict
  fields:
    description:
      - Which fields to read. The module asks only for these and C(uuid), whatever the value of O(health).
      - The verdict and the diagnosis need C(state), C(azure_reachability), C(ekmip_reachability) and C(enabled). If you
        use a verdict or a diagnosis, include these fields.
    type: list
    elements: str
  order_by:
    description:
      - The fields to sort by, in ONTAP's syntax, for example V(svm.name) or V(scope desc).
    type: list
    elements: str
  max_records:
    description:
      - The number of records in a page. All pages are read, whatever this number.
    type: int
  health:
    description:
      - Whether to ask for the health. This takes one more request for the cluster's release, because each release
        reports the health differently. If something needs attention, it takes another request for the states of the key
        stores (9.16.1 and later).
      - If V(false), the verdict on an enabled configuration is V(unknown), except on ONTAP 9.7, which always returns
        the state.
    type: bool
    default: true
  health_monitor:
    description:
      - Whether to read how ONTAP monitors the configurations, in particular how often it polls Azure. This takes one
        more request on ONTAP 9.10.1 and later. It also takes one for the cluster's release, unless O(health) has
        already read that.
    type: bool
    default: false
  keys:
    description:
      - Whether to prove which key manager holds the keys of the encrypted volumes, for example after a migration of
        keys. RV(ignore:vaults[].keys) has the result.
      - It reads the encrypted volumes, the nodes, the key stores, and on ONTAP 9.11.1 and later the key IDs of each key
        manager that may hold a key, once for each node. Earlier releases do not report which key manager holds a key.
      - If the login's role does not allow one of these readings, the task does not fail. The keys are then unknown.
    type: bool
    default: false
    version_added: 0.2.0
  volumes:
    description:
      - Whether to also read the encrypted volumes, which need the keys. This takes one more request, in pages.
      - With O(svm) or O(svm_uuid), these are the volumes of that SVM. Otherwise they are all volumes of the cluster,
        because ONTAP does not report which volumes the cluster's own configuration serves. O(query) does not select
        volumes.
    type: bool
    default: false
notes:
  - The page C(docs/causes.md) of the collection explains each cause. The role P(ontap.akv.akv_report#role) writes a
    report on many clusters.
  - If the login may not read the release, the key stores, the volumes or the health monitor, the task does not fail.
    The same applies if the cluster does not have that endpoint. The values that could not be read are absent, and a
    warning says why.
  - V(healthy) proves that the nodes hold the keys and that the last poll succeeded. ONTAP polls every 15 to 30 minutes.
    With O(health_monitor=true), the module returns the interval.
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

- name: Read all AKV configurations of a cluster
  ontap.akv.akv_info:
  register: akv

- name: Fail if one needs attention
  ansible.builtin.assert:
    that: akv.summary.needs_attention == 0
    fail_msg: "{{ akv.vaults | map(attribute='reasons') | flatten | join(' ') }}"

- name: Show what to do about it
  ansible.builtin.debug:
    msg: "{{ akv.vaults | map(attribute='diagnosis.advice') | select | unique }}"

- name: Read the AKV configurations of some SVMs, sorted
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

- name: Check that a migration has moved every key to the AKV configuration of SVM vs0
  ontap.akv.akv_info:
    svm: vs0
    keys: true
  register: akv
  failed_when: akv.vaults[0]['keys'].held_here == 0 or akv.vaults[0]['keys'].held_elsewhere
    + akv.vaults[0]['keys'].held_by_both + akv.vaults[0]['keys'].unknown > 0

- name: Read how often ONTAP polls Azure
  ontap.akv.akv_info:
    health_monitor: true
  register: akv

- name: Show for how long a wrong credential may go unnoticed
  ansible.builtin.debug:
    msg: "{{ akv.health_monitor.polling_interval | default(15) }} minutes"

- name: Restore the keys of each SVM with nodes that lack them
  ontap.akv.akv_restore:
    svm: "{{ item }}"
  loop: "{{ akv.vaults | selectattr('diagnosis.cause', 'eq', 'keys_missing_on_node') | map(attribute='svm.name') }}"
"""

RETURN = r"""
msg:
  description: What was found, in a sentence.
  returned: always
  type: str
  sample: "2 AKV configurations on cluster1.example.com: 1 healthy, 1 degraded."
vaults:
  description:
    - The AKV configurations, each once, in ONTAP's own field names without secrets, completed by what is named here.
      Empty messages and codes C(0) of the health are left out. The result key is named after the REST resource,
      azure-key-vaults.
    - >-
      With O(keys=true), each has C(keys): which key manager holds the keys of the encrypted volumes of the SVM, or of
      all SVMs for the configuration of the cluster. C(held_here), C(held_elsewhere), C(held_by_both), and C(unknown)
      are numbers of volume keys. A key that several volumes share counts once. C(volumes_elsewhere) has the names of
      volumes with keys that are held elsewhere; for the configuration of the cluster, each is the name of the SVM, a
      slash, and the name of the volume. C(reason) says why some are unknown, with the release that reports it. It is
      absent if all are known. In a template, write C(vault['keys']), because C(vault.keys) is a method of Python's
      dictionaries.
    - A key counts as held by one key manager only if every node of the others has answered. Everything else is unknown.
      So is the key of a volume that is being encrypted, rekeyed, or converted, which has two keys. If the encrypted
      volumes cannot be read, the numbers are absent.
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
      reasons: ["Keys are unavailable on node node1: The wrapped KEK is missing on the node."]
      diagnosis:
        cause: keys_missing_on_node
        evidence: ["state, node1 (code 65537551): The wrapped KEK is missing on the node."]
        advice: Restore the keys with akv_restore, or the role akv_recover.
        heals_itself: false
  contains:
    available:
      description: Whether every node has its keys; absent if ONTAP does not report it.
      type: bool
    authentication_method:
      description: The kind of credential in use, V(client_secret) or V(certificate).
      type: str
    unavailable_nodes:
      description: The nodes that lack the keys, as ONTAP reports it, sorted.
      type: list
      elements: str
    verdict:
      description:
        - V(healthy) is a configuration with its keys on every node, or without encrypted volumes yet.
        - V(degraded) is one with keys missing on the nodes that are named, or with a broken connection only.
        - V(unavailable) is one with keys missing on all nodes, or on no node in particular. Before 9.8 ONTAP does
          not report which nodes there are, so a configuration with keys missing on named nodes counts as degraded.
        - V(unknown) is an enabled one with a health that ONTAP does not report.
        - V(inactive) is a configuration that is not in use (ONTAP 9.14.1 and later).
      type: str
      choices: [healthy, degraded, unavailable, unknown, inactive]
    reasons:
      description: The reasons, one sentence each.
      type: list
      elements: str
    diagnosis:
      description: The cause of the configuration's health, and what to do.
      type: dict
      contains:
        cause:
          description:
            - The cause; V(none) with the verdict V(healthy). The page C(docs/causes.md) of the collection explains each
              cause.
            - V(unclassified) is a text of ONTAP that the collection does not know. C(evidence) contains it.
          type: str
          choices:
            - none
            - credential_expired
            - credential_rejected
            - application_disabled
            - key_disabled
            - key_expired
            - key_missing
            - permission_missing
            - azure_unreachable
            - login_unreachable
            - keys_missing_on_node
            - node_key_server_down
            - key_store_busy
            - inactive
            - not_reported
            - unclassified
        evidence:
          description: What ONTAP reports, in its own words, with field, node and code.
          type: list
          elements: str
        advice:
          description: What to do; empty if there is nothing to do.
          type: str
        heals_itself:
          description: Whether ONTAP recovers without anyone doing anything.
          type: bool
release:
  description: The release of ONTAP, if the task has read it. The health needs it.
  returned: success, unless O(health=false)
  type: str
  sample: 9.14.1
summary:
  description: >-
    How many there are: in all, of those that need attention (V(degraded), V(unavailable) or V(unknown)), of each
    verdict, and of each kind of credential.
  returned: success
  type: dict
  sample:
    total: 2
    needs_attention: 1
    healthy: 1
    degraded: 1
    unavailable: 0
    unknown: 0
    inactive: 0
    client_secret: 2
    certificate: 0
volumes:
  description: The encrypted volumes, in ONTAP's own field names.
  returned: success, with O(volumes=true), if they could be read
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
      description: V(online), V(offline), or another state of ONTAP's.
      type: str
    encryption:
      description: What ONTAP reports of the encryption. Later releases report more.
      type: dict
health_monitor:
  description: How ONTAP watches the configurations. What could not be read, or the release does not have, is absent.
  returned: success, with O(health_monitor=true)
  type: dict
  sample: {polling_interval: 15, enabled: true, manage_volume_offline: true}
  contains:
    polling_interval:
      description: Minutes between two polls of Azure. V(15) before 9.10.1.
      type: int
    enabled:
      description: Whether ONTAP polls Azure at all (9.15.1 and later).
      type: bool
    manage_volume_offline:
      description: Whether ONTAP takes volumes offline if the key stays out of reach (9.15.1 and later).
      type: bool
requests:
  description: The requests that were sent, in order, with one entry for each try, including pages and retries.
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
      description: The HTTP status. Null if there was no response.
      type: int
outcome:
  description: What the failed task has done to the cluster. Always V(unchanged), as it only reads.
  returned: failure
  type: str
  choices: [unchanged]
  sample: unchanged
error:
  description: The error, as ONTAP returned it.
  returned: failure, if ONTAP refused
  type: dict
  sample: {code: '6', message: Permission denied., target: null, arguments: []}
http_status:
  description: The HTTP status of the failed response.
  returned: failure, if a response was received
  type: int
  sample: 403
"""

from ansible_collections.ontap.akv.plugins.module_utils._runtime.module import run_module
from ansible_collections.ontap.akv.plugins.module_utils._use_cases.info import ARGUMENT_SPEC, KIND, run


def main() -> None:
    run_module(ARGUMENT_SPEC, run, KIND)


if __name__ == "__main__":
    main()
