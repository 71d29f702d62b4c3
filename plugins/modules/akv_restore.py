#!/usr/bin/python
# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: akv_restore
short_description: Restore the keys of an SVM from its Azure Key Vault
version_added: 0.2.0
description:
  - Restores the keys of an SVM, or of the cluster, from the configured Azure Key Vault, and follows ONTAP's job to its
    end.
  - It sends a restore only if ONTAP reports that keys are unavailable on a node, or with O(force=true).
  - If a restore is already running, for example from an interrupted run, the module follows it and does not start
    another.
author:
  - The ontap.akv authors (@ontap-akv)
options:
  force:
    description:
      - Whether to restore even if the state does not report that keys are unavailable.
    type: bool
    default: false
  svms:
    description:
      - A list of SVMs to restore in one task, by name, instead of O(svm). All are read in the pages of one GET, and
        restored in parallel if that is needed.
      - If one fails, the others are still processed. The task fails at its end, and RV(results) has the result of each.
      - A list that names no SVM is refused.
    type: list
    elements: str
  threads:
    description:
      - How many SVMs of O(svms) are restored in parallel, from 1 to 64. Each thread keeps one connection.
    type: int
    default: 8
notes:
  - If volumes are offline, begin with the page C(docs/offline.md) of the collection. A restore helps only if Azure can
    be reached.
  - If ONTAP does not report the state, it counts as unknown, not as unavailable. Nothing is sent, and a warning points
    to O(force).
  - An SVM without encrypted volumes has no keys to restore yet. ONTAP reports that, and the task is unchanged.
seealso:
  - module: ontap.akv.akv_config
  - module: ontap.akv.akv_info
  - name: ONTAP REST API reference, Manage Azure Key Vaults
    description: The vendor's reference of the calls that this module makes.
    link: https://docs.netapp.com/us-en/ontap-restapi/
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - With O(force=true) the keys are restored on each run.
extends_documentation_fragment:
  - ontap.akv._attributes
  - ontap.akv._connection
  - ontap.akv._job
  - ontap.akv._plan
  - ontap.akv._scope
"""

EXAMPLES = r"""
# The login comes from the environment (ONTAP_HOSTNAME, ONTAP_USERNAME, ONTAP_PASSWORD).

- name: Restore the keys of an SVM on nodes that lack them
  ontap.akv.akv_restore:
    svm: vs0

- name: Restore the keys of many SVMs
  ontap.akv.akv_restore:
    svms: [vs0, vs1, vs2]

- name: Start a restore and do not wait for it
  ontap.akv.akv_restore:
    svm: vs0
    force: true
    wait: false
"""

RETURN = r"""
msg:
  description: What was done, or in check mode would be done, in a sentence.
  returned: always
  type: str
  sample: "The keys of SVM vs0 were restored: keys are available on every node."
operation:
  description: What was done, or in check mode would be done.
  returned: success, without O(svms)
  type: str
  choices: [none, restore]
  sample: restore
plan_id:
  description: >-
    A digest of what is done: cluster, scope, operation, requests without secrets, and the settings before. Check mode
    and the run that follows it return the same, unless something changed in between.
  returned: success, and if O(expected_plan) is another
  type: str
  sample: plan-1f0c7b4f3f6f4a3b8a1b6f0f5c2d9e7a
steps:
  description: What would be sent now, by C(method), C(path) and C(body). It contains no secret.
  returned: if the plan is not O(expected_plan)
  type: list
  elements: dict
  sample:
    - {method: POST, path: /security/azure-key-vaults/024cd3cf-9a08-11ea-8d52-005056bbeba5/restore, body: {}}
vault:
  description: The configuration after the task, in ONTAP's own field names, with no secret.
  returned: success, and on failure if it could be read; without O(svms)
  type: dict
  sample:
    uuid: 024cd3cf-9a08-11ea-8d52-005056bbeba5
    scope: svm
    svm: {name: vs0, uuid: 4f7abf4c-9a07-11ea-8d52-005056bbeba5}
    state: {cluster_state: true, code: 0, message: ''}
available:
  description: Whether every node has its keys. Null if ONTAP does not report it, or if no encrypted volume exists yet.
  returned: success, and on failure if it could be read; without O(svms)
  type: bool
  sample: true
job:
  description: The last known state of ONTAP's job. Null if there was no job.
  returned: success, and on failure of the job; without O(svms)
  type: dict
  sample: {uuid: 6ab6946f-9a0c-11ea-8d52-005056bbeba5, state: success, message: success, seconds: 4.1}
  contains:
    uuid:
      description: The job's UUID.
      type: str
    state:
      description: >-
        C(success), ONTAP's word for another state, or C(vanished) if ONTAP had removed the job before its
        end was seen, or C(unreadable) if the login may not read it. The AKV configuration itself was read then.
      type: str
    message:
      description: ONTAP's message.
      type: str
    seconds:
      description: How long it was followed.
      type: float
results:
  description: >-
    The result for each of O(svms), in the order given. In addition to the keys below, an entry has RV(vault),
    RV(available), RV(job) and RV(plan_id), as a task with one SVM returns them. A failed entry also has RV(error) and
    RV(http_status).
  returned: with O(svms), on failure too unless nothing was tried
  type: list
  elements: dict
  sample:
    - changed: false
      failed: false
      msg: "Nothing to restore for SVM vs0: keys are available on every node."
      operation: none
      scope: svm
      svm: {name: vs0}
  contains:
    changed:
      description: Whether its keys were restored, or in check mode would be.
      type: bool
    failed:
      description: Whether it failed.
      type: bool
    msg:
      description: What was done, or why it failed, in a sentence.
      type: str
    operation:
      description: What was done, as in RV(operation).
      returned: success
      type: str
    outcome:
      description: What was done to the cluster, as in RV(outcome).
      returned: failure
      type: str
    scope:
      description: The scope of the keys, V(svm).
      type: str
    svm:
      description: The SVM that the keys belong to, by C(name).
      type: dict
requests:
  description: The requests that were sent, in order, with one entry for each try, including pages and retries.
  returned: always
  type: list
  elements: dict
  sample:
    - {method: POST, path: /api/security/azure-key-vaults/024cd3cf-9a08-11ea-8d52-005056bbeba5/restore, status: 202}
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
  description: >-
    The availability of keys before and after, in words. With O(wait=false), the second is the expected state. With
    O(svms), this is a list.
  returned: with C(--diff), on success
  type: dict
  sample:
    before: {availability: keys are unavailable on node1}
    after: {availability: keys are available on every node}
outcome:
  description: >-
    What the failed task has done to the cluster. V(unchanged), V(changed) if some nodes got their keys, or
    V(unknown) if a restore was started and its end could not be read.
  returned: failure
  type: str
  choices: [unchanged, changed, unknown]
  sample: unchanged
error:
  description: The error of ONTAP or of its job, as ONTAP returned it.
  returned: failure, if ONTAP refused or the job failed
  type: dict
  sample: {code: '65537515', message: Failed to restore keys on some nodes in the cluster.}
http_status:
  description: The HTTP status of the failed response.
  returned: failure, if a response was received
  type: int
  sample: 404
"""

from ansible_collections.ontap.akv.plugins.module_utils._runtime.module import run_module
from ansible_collections.ontap.akv.plugins.module_utils._use_cases.restore import ARGUMENT_SPEC, KIND, run


def main() -> None:
    run_module(ARGUMENT_SPEC, run, KIND)


if __name__ == "__main__":
    main()
