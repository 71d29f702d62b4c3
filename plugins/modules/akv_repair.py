#!/usr/bin/python
# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: akv_repair
short_description: Repair the Azure Key Vault configurations of an ONTAP cluster, by cause
version_added: 0.2.0
description:
  - Diagnoses the Azure Key Vault (AKV) configurations of a cluster, and repairs what a new credential or a restore can
    repair. Reports what someone must do about the rest.
  - A credential is sent only if the diagnosis names the credential as the cause. One configuration gets it first. The
    others get it only if it helped there.
  - Keys are restored if nodes lack them, but not if Azure cannot be reached.
  - The module waits for offline volumes only if nobody has to act. You can run it again at any time.
author:
  - The ontap.akv authors (@ontap-akv)
options:
  svm:
    description:
      - Repair only the AKV configuration of the SVM with this name.
      - With none of O(svm), O(svm_uuid) and O(scope=cluster), all AKV configurations of the cluster are repaired.
  svm_uuid:
    description:
      - Repair only the AKV configuration of the SVM with this UUID.
  scope:
    description:
      - V(cluster) repairs only the cluster's own AKV configuration.
      - V(svm) repairs only those of SVMs. It may be given together with O(svm) or O(svm_uuid).
  client_id:
    description:
      - The application (client) ID that the credential belongs to. Required with a credential.
      - A configuration of another application never gets it.
    type: str
  client_secret:
    description:
      - The VALUE of the application's new client secret, not its Secret ID.
      - At most one of O(client_secret), O(client_certificate) and O(client_certificate_path).
    type: str
  client_certificate:
    description:
      - The application's certificate instead of a secret, as PKCS#12 in base64. Needs ONTAP 9.10.1.
    type: str
  client_certificate_path:
    description:
      - The same certificate as a file. Needs ONTAP 9.10.1.
    type: path
  force_credential:
    description:
      - Whether to send the credential even if the diagnosis names another cause. It is then sent to each configuration
        of the application that needs attention.
      - Needed on ONTAP 9.7 if the credential is the cause. That release does not report whether it reaches Azure, only
        which nodes lack keys.
    type: bool
    default: false
  restore:
    description:
      - Whether to restore keys if nodes lack them.
      - The plan has a restore for each configuration with nodes that lack keys. If it gets a credential first, the
        restore is sent only if nodes still lack keys after that.
      - With O(expected_plan), only the restores of that plan are sent. If nodes of another configuration lack keys
        after the credential was sent, the task fails and names it.
    type: bool
    default: true
  svms:
    description:
      - The names of the SVMs to repair, instead of O(svm).
    type: list
    elements: str
  wait:
    description:
      - Whether to wait until nothing needs attention and the volumes are online, for O(wait_timeout) at most.
      - It never waits if someone must act, for example if the key is disabled in Azure.
    type: bool
    default: true
  wait_timeout:
    description:
      - Time limit for the whole task in seconds, including waiting and retries.
    type: int
    default: 300
  poll_interval:
    description:
      - Seconds between two readings. The pause grows with each reading, up to 30 seconds. A higher value is used as it
        is.
    type: float
    default: 2.0
notes:
  - The role P(ontap.akv.akv_recover#role) repairs many clusters with this module. The page C(docs/offline.md) of the
    collection describes what to do if volumes are offline.
  - The task fails if one of its repairs failed, if someone must act, or if something still needs attention after the
    wait. RV(advice) then says what to do. In check mode, the task does not fail for these reasons.
  - If the state of a configuration is not known, the task fails, in check mode too. RV(unknown) then says why.
  - After something was sent, a reading that fails is repeated until the time limit. The result always contains what was
    sent.
  - Volumes count if their SVM has an enabled AKV configuration. An offline volume of another SVM is not waited for.
seealso:
  - module: ontap.akv.akv_info
  - module: ontap.akv.akv_restore
  - module: ontap.akv.akv_config
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
extends_documentation_fragment:
  - ontap.akv._attributes
  - ontap.akv._connection
  - ontap.akv._plan
  - ontap.akv._scope
"""

EXAMPLES = r"""
# The login comes from the environment (ONTAP_HOSTNAME, ONTAP_USERNAME, ONTAP_PASSWORD).

- name: Restore keys on nodes that lack them
  ontap.akv.akv_repair:

- name: Send a new secret if the credential is the cause
  ontap.akv.akv_repair:
    client_id: aaaaaaaa-bbbb-aaaa-bbbb-aaaaaaaaaaaa
    client_secret: "{{ lookup('ansible.builtin.env', 'AKV_CLIENT_SECRET') }}"

- name: Read what is wrong, and change nothing
  ontap.akv.akv_repair:
  check_mode: true
  register: akv

- name: Show it
  ansible.builtin.debug:
    msg: "{{ akv.advice }}"
"""

RETURN = r"""
msg:
  description: What was done, or in check mode would be done, in sentences.
  returned: always
  type: str
  sample: >-
    The keys of 1 AKV configuration were restored on cluster1.example.com. 0 of 2 AKV configurations still need
    attention.
advice:
  description: >-
    What is wrong after the task and what to do about it, line by line, grouped by cause: the names, ONTAP's own words,
    the offline volumes, the advice, and a command.
  returned: always, once the cluster was read
  type: list
  elements: str
  sample: ["2 AKV configurations: none needs attention.", No encrypted volume is offline.]
vaults:
  description: >-
    The AKV configurations that needed attention. The result key is named after the REST resource, azure-key-vaults.
  returned: always, once the cluster was read
  type: list
  elements: dict
  sample:
    - uuid: 024cd3cf-9a08-11ea-8d52-005056bbeba5
      scope: svm
      svm: {name: vs0, uuid: 4f7abf4c-9a07-11ea-8d52-005056bbeba5}
      configuration: default
      client_id: aaaaaaaa-bbbb-aaaa-bbbb-aaaaaaaaaaaa
      tenant_id: tenant1
      before:
        verdict: degraded
        diagnosis: {cause: keys_missing_on_node, evidence: ["state, node1: …"], advice: "…", heals_itself: false}
      after:
        verdict: healthy
        diagnosis: {cause: none, evidence: [], advice: "", heals_itself: false}
      unavailable_nodes: []
      credential: none
      restore: restored
      msg: "The keys of SVM vs0 were restored: keys are available on every node."
      advice: ""
  contains:
    before:
      description: Verdict and diagnosis before the task, as in RV(ontap.akv.akv_info#module:vaults).
      type: dict
    after:
      description: The same as last read. In check mode, that is before the task.
      type: dict
    unavailable_nodes:
      description: The nodes that lack keys after the task.
      type: list
      elements: str
    credential:
      description: >-
        What was done with the credential. V(untouched) is a configuration that did not get it, since it did not help
        the first one.
      type: str
      choices: [none, sent, failed, untouched]
    restore:
      description: >-
        What was done with the keys. V(if_needed) is in check mode only: they are restored if nodes still lack them
        after the credential.
      type: str
      choices: [none, if_needed, restored, failed]
    msg:
      description: What each step reported.
      type: str
    advice:
      description: What to do; empty if there is nothing to do.
      type: str
volumes:
  description: >-
    The encrypted volumes that are offline and that an enabled AKV configuration may protect, before and after. Absent
    if the login may not read volumes.
  returned: always, once the cluster was read
  type: dict
  sample: {before: [{svm: {name: vs0}, name: vol1, state: offline, nas: {path: /vol1}}], after: []}
  contains:
    before:
      description: Those that were offline before the task.
      type: list
      elements: dict
    after:
      description: Those that are offline after the task.
      type: list
      elements: dict
unmounted:
  description: Volumes that are online, and that ONTAP could not mount when they came back (EMS km.volume.mount.fail).
  returned: always, once the cluster was read
  type: list
  elements: dict
  sample: []
unknown:
  description: >-
    What is not known, in sentences: configurations if ONTAP does not report their UUID, SVM or application, and a
    reading that failed after something was sent. Empty if all is known.
  returned: always, once the cluster was read
  type: list
  elements: str
  version_added: 0.2.0
  sample: []
health_monitor:
  description: How ONTAP watches the configurations, as in RV(ontap.akv.akv_info#module:health_monitor).
  returned: if something needed attention or a volume was offline
  type: dict
  sample: {polling_interval: 15}
summary:
  description: How many AKV configurations there are after the task, in all, needing attention, and of each verdict.
  returned: always, once the cluster was read
  type: dict
  sample: {total: 2, needs_attention: 0, healthy: 2, degraded: 0, unavailable: 0, unknown: 0, inactive: 0}
plan_id:
  description: A digest of what is done, the same in check mode and in a run. No secret and no health is part of it.
  returned: always, once the cluster was read
  type: str
  sample: plan-7d865e959b2466918c9863afca942d0f
steps:
  description: What would be sent now, by C(method), C(path) and C(body). It contains no secret.
  returned: if the plan is not O(expected_plan)
  type: list
  elements: dict
  sample:
    - {method: POST, path: /security/azure-key-vaults/024cd3cf-9a08-11ea-8d52-005056bbeba5/restore, body: {}}
requests:
  description: The requests that were sent, in order, with one entry for each try, including pages and retries.
  returned: always
  type: list
  elements: dict
  sample:
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
diff:
  description: The verdict on each configuration that was repaired, before and after.
  returned: with C(--diff)
  type: list
  elements: dict
  sample: [{before: {availability: degraded}, after: {availability: healthy}}]
outcome:
  description: What the failed task has done to the cluster.
  returned: failure
  type: str
  choices: [unchanged, changed, unknown]
  sample: unchanged
error:
  description: The error, as ONTAP returned it.
  returned: failure, if ONTAP refused a reading
  type: dict
  sample: {code: '6', message: Permission denied., target: null, arguments: []}
http_status:
  description: The HTTP status of the failed response.
  returned: failure, when an answer arrived
  type: int
  sample: 403
"""

from ansible_collections.ontap.akv.plugins.module_utils._runtime.module import run_module
from ansible_collections.ontap.akv.plugins.module_utils._use_cases.repair import ARGUMENT_SPEC, KIND, run


def main() -> None:
    run_module(ARGUMENT_SPEC, run, KIND)


if __name__ == "__main__":
    main()
