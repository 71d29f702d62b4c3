#!/usr/bin/python
# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: akv_preflight_info
short_description: Check what ONTAP needs before an Azure Key Vault is enabled
version_added: 0.2.0
description:
  - Checks the prerequisites for protecting the keys of an SVM, or of the cluster, with Azure Key Vault (AKV).
  - It only reads. A prerequisite that is not met is reported in RV(checks), and does not fail the module.
  - A check is V(unknown) if the login may not read what it needs, or if the release does not have that endpoint.
author:
  - The ontap.akv authors (@ontap-akv)
notes:
  - If the SVM already has encrypted volumes, the page C(docs/brownfield.md) of the collection has the steps.
  - ONTAP cannot check beforehand whether the network paths to Azure are open. It reaches the key vault over a LIF of
    the SVM, and the Azure login over the node management network.
seealso:
  - module: ontap.akv.akv_config
  - module: ontap.akv.akv_info
  - name: ONTAP documentation, Manage keys with a cloud provider
    description: The vendor's guide says what is needed.
    link: https://docs.netapp.com/us-en/ontap/encryption-at-rest/manage-keys-azure-google-task.html
extends_documentation_fragment:
  - ontap.akv._attributes
  - ontap.akv._attributes.info_module
  - ontap.akv._connection
  - ontap.akv._scope
"""

EXAMPLES = r"""
# The login comes from the environment (ONTAP_HOSTNAME, ONTAP_USERNAME, ONTAP_PASSWORD).

- name: Check whether SVM vs0 can have an AKV configuration
  ontap.akv.akv_preflight_info:
    svm: vs0
  register: preflight

- name: Show the failed checks
  ansible.builtin.debug:
    msg: "{{ preflight.checks | selectattr('status', 'eq', 'failed') | map(attribute='message') }}"

- name: Fail if a check has failed
  ansible.builtin.assert:
    that: preflight.ready
    fail_msg: "{{ preflight.msg }}"
"""

RETURN = r"""
msg:
  description: Whether an AKV configuration can be enabled, and what prevents it, in a few sentences.
  returned: always
  type: str
  sample: "SVM vs0 on cluster1 is not ready for an Azure Key Vault (nodes): All nodes must be up: node2 is down."
ready:
  description: Whether no check failed.
  returned: success
  type: bool
  sample: false
checks:
  description:
    - What was checked, in order. If the SVM does not exist, the checks end there.
  returned: success
  type: list
  elements: dict
  sample:
    - {name: release, status: ok, message: cluster1.example.com runs ONTAP 9.14.1.}
    - {name: nodes, status: failed, message: "All nodes must be up: node2 is down."}
  contains:
    name:
      description:
        - V(release), whether it is ONTAP 9.7 or later.
        - V(nodes), whether all are up (reported by ONTAP 9.8 and later).
        - V(nodes_release), whether all run one release.
        - V(upgrade), whether no update of ONTAP is running.
        - V(metrocluster), whether the cluster is part of one (reported by ONTAP 9.8 and later).
        - V(licenses), whether volume encryption (VE) and multi-tenant key management (MTEKM) are licensed.
        - V(svm), whether the SVM exists, is running, and is not a copy of another.
        - V(dns), whether the SVM, or the cluster, has DNS servers.
        - V(route), whether a LIF of the SVM is up, and whether the SVM has a default route.
          Not checked for the cluster.
        - V(vault), whether no AKV configuration exists yet. If one exists, this is a V(warning), and
          V(encrypted_volumes) is V(ok).
        - V(key_manager), whether there is no other key manager. The message names the key manager as ONTAP does, and
          describes how to get from it to AKV on this release.
        - V(key_store_state), whether the key store of the SVM, if there is one, is active (reported by ONTAP 9.16.1 and
          later).
        - V(encrypted_volumes), whether another key manager holds keys of encrypted volumes. The message describes how
          to get them to AKV on this release. It is a V(warning) from ONTAP 9.19.1, which allows the
          configuration first.
        - V(nae_volumes), whether the SVM has volumes in aggregates with an aggregate key (NAE), which AKV does not
          protect. ONTAP 9.15.1, 9.17.1, and later refuse a configuration then. On other releases it is a V(warning).
      type: str
      choices:
        - release
        - nodes
        - nodes_release
        - upgrade
        - metrocluster
        - licenses
        - svm
        - dns
        - route
        - vault
        - key_manager
        - key_store_state
        - encrypted_volumes
        - nae_volumes
    status:
      description: The result of the check.
      type: str
      choices: [ok, failed, warning, unknown]
    message:
      description: What was found, and what to do, in a sentence.
      type: str
summary:
  description: How many checks there are of each status.
  returned: success
  type: dict
  sample: {ok: 13, failed: 1, warning: 0, unknown: 0}
requests:
  description: The requests that were sent, in order, with one entry for each try, including pages and retries.
  returned: always
  type: list
  elements: dict
  sample:
    - {method: GET, path: /api/cluster, status: 200}
    - {method: GET, path: /api/cluster/nodes, status: 200}
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
from ansible_collections.ontap.akv.plugins.module_utils._use_cases.preflight_info import ARGUMENT_SPEC, KIND, run


def main() -> None:
    run_module(ARGUMENT_SPEC, run, KIND)


if __name__ == "__main__":
    main()
