#!/usr/bin/python
# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: akv_rekey
short_description: Rekey ONTAP volume encryption on an Azure Key Vault
version_added: 0.2.0
description:
  - Replaces the Azure key that wraps the SVM's keys (external rekey), or ONTAP's internal key between the Azure key and
    the volume keys (internal rekey), and waits for the ONTAP job to finish.
  - An external rekey to the key already in use makes no change. An internal rekey always runs and reports C(changed).
  - If a rekey is already running, for example from an interrupted run, the module follows it and does not start
    another.
author:
  - The ontap.akv authors (@ontap-akv)
options:
  type:
    description:
      - V(external) sets O(key_id). It needs ONTAP 9.8. Up to ONTAP 9.10.1, it is a change of the configuration. From
        9.11.1 on, it is an operation of its own.
      - V(internal) makes a new internal key. It needs ONTAP 9.8.
    type: str
    choices: [external, internal]
    required: true
  key_id:
    description:
      - The new key, as C(https://<host>/keys/<key>) with or without C(/<version>). Needed with O(type=external).
      - If both versions are known, another version of the key in use counts as another key. If a version is not known,
        both count as the same key.
    type: str
notes:
  - The role P(ontap.akv.akv_rotate_key#role) also watches the configuration for a polling interval after the rekey, and
    rolls back if it becomes unhealthy.
  - Keep the previous key enabled in Azure until this module has succeeded.
  - A key that Azure rotates automatically needs no rekey. ONTAP notices the new version and wraps its own key again.
seealso:
  - module: ontap.akv.akv_config
  - module: ontap.akv.akv_info
  - module: ontap.akv.akv_restore
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
      - With O(type=internal) each run rekeys.
extends_documentation_fragment:
  - ontap.akv._attributes
  - ontap.akv._connection
  - ontap.akv._job
  - ontap.akv._plan
  - ontap.akv._scope
"""

EXAMPLES = r"""
# The login comes from the environment (ONTAP_HOSTNAME, ONTAP_USERNAME, ONTAP_PASSWORD).

- name: Use another key of Azure (ONTAP 9.8 and later)
  ontap.akv.akv_rekey:
    svm: vs0
    type: external
    key_id: https://mykeyvault.vault.azure.net/keys/key2

- name: Make a new internal key (ONTAP 9.8 and later)
  ontap.akv.akv_rekey:
    svm: vs0
    type: internal
"""

RETURN = r"""
msg:
  description: What was done, or in check mode would be done, in a sentence.
  returned: always
  type: str
  sample: SVM vs0 was rekeyed.
operation:
  description: What was done, or in check mode would be done.
  returned: success
  type: str
  choices: [none, rekey]
  sample: rekey
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
    - method: POST
      path: /security/azure-key-vaults/024cd3cf-9a08-11ea-8d52-005056bbeba5/rekey-external
      body: {key_id: 'https://mykeyvault.vault.azure.net/keys/key2'}
vault:
  description: The configuration after the task, in ONTAP's own field names, with no secret.
  returned: success, and on failure if it could be read
  type: dict
  sample:
    uuid: 024cd3cf-9a08-11ea-8d52-005056bbeba5
    scope: svm
    svm: {name: vs0, uuid: 4f7abf4c-9a07-11ea-8d52-005056bbeba5}
    state: {cluster_state: true, code: 0, message: ''}
available:
  description: Whether every node has its keys. Null if ONTAP does not report it, or if no encrypted volume exists yet.
  returned: success, and on failure if it could be read
  type: bool
  sample: true
job:
  description: The last known state of ONTAP's job. Null if there was no job.
  returned: success, and on failure of the job
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
requests:
  description: The requests that were sent, in order, with one entry for each try, including pages and retries.
  returned: always
  type: list
  elements: dict
  sample:
    - method: POST
      path: /api/security/azure-key-vaults/024cd3cf-9a08-11ea-8d52-005056bbeba5/rekey-external
      status: 202
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
  description: The key before and after; of an internal rekey, only that there is a new one.
  returned: with C(--diff), on success
  type: dict
  sample:
    before: {key_id: 'https://mykeyvault.vault.azure.net/keys/key1'}
    after: {key_id: 'https://mykeyvault.vault.azure.net/keys/key2'}
outcome:
  description: >-
    What the failed task has done to the cluster. V(unchanged), V(changed) if the rekey was done and the AKV
    configuration is not healthy, or V(unknown) if a rekey was started and its end could not be read.
  returned: failure
  type: str
  choices: [unchanged, changed, unknown]
  sample: unchanged
error:
  description: The error of ONTAP or of its job, as ONTAP returned it.
  returned: failure, if ONTAP refused or the job failed, or in check mode would refuse
  type: dict
  sample: {code: '65537559', message: There are no existing internal keys for the SVM.}
http_status:
  description: The HTTP status of the failed response.
  returned: failure, if a response was received
  type: int
  sample: 404
"""

from ansible_collections.ontap.akv.plugins.module_utils._runtime.module import run_module
from ansible_collections.ontap.akv.plugins.module_utils._use_cases.rekey import ARGUMENT_SPEC, KIND, run


def main() -> None:
    run_module(ARGUMENT_SPEC, run, KIND)


if __name__ == "__main__":
    main()
