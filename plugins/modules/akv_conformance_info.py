#!/usr/bin/python
# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: akv_conformance_info
short_description: Compare a cluster with what the collection expects of its ONTAP release
version_added: 0.2.0
description:
  - Sends GET requests to the endpoints that the collection uses, and compares the replies with the tables of the
    collection for the cluster's release. It compares fields, types, error codes, filters, paging, jobs, key stores, key
    IDs, licenses, and the event log (EMS).
  - It sends about 60 requests, reads at most 100 records of a collection, and changes nothing.
  - A request that the cluster refuses, for example with HTTP 403 or 404, is a finding in RV(differs). It does not fail
    the module.
  - RV(bundle) contains what was found without names, addresses, UUIDs, or secrets, so that it can be sent to the
    authors. C(make replay) in a checkout of the collection creates a simulated cluster from it.
author:
  - The ontap.akv authors (@ontap-akv)
notes:
  - The page C(docs/real-cluster.md) of the collection has the REST role that the login needs, and what to do with the
    bundle.
  - The bundle keeps booleans, versions, and words and numbers from the tables of the collection. Names,
    addresses, and UUIDs are replaced by pseudonyms, the same one for the same value. All other values are replaced by
    their type and length, and so are the names of unknown fields.
  - RV(msg) and RV(requests) are not part of the bundle. They contain the host name and UUIDs of the cluster.
seealso:
  - module: ontap.akv.akv_preflight_info
  - module: ontap.akv.akv_info
extends_documentation_fragment:
  - ontap.akv._attributes
  - ontap.akv._attributes.info_module
  - ontap.akv._connection
"""

EXAMPLES = r"""
# The login comes from the environment (ONTAP_HOSTNAME, ONTAP_USERNAME, ONTAP_PASSWORD).

- name: Compare the cluster with the tables of the collection
  ontap.akv.akv_conformance_info:
  register: conformance

- name: Show what differs
  ansible.builtin.debug:
    var: conformance.differs

- name: Show the bundle before it is sent
  ansible.builtin.debug:
    var: conformance.bundle
"""

RETURN = r"""
msg:
  description: The cluster, its release, and RV(verdict).
  returned: always
  type: str
  sample: "cluster1.example.com (ONTAP 9.14.1) agrees in 175 of 176; differs in: svm/svms: order_by."
verdict:
  description: In how many checks the cluster agrees with the tables, and in which it differs.
  returned: success
  type: str
  sample: "agrees in 175 of 176; differs in: svm/svms: order_by"
agrees:
  description: The names of the checks that agree.
  returned: success
  type: list
  elements: str
  sample: ["cluster: GET", "cluster: uuid"]
differs:
  description: The checks that differ.
  returned: success
  type: list
  elements: dict
  sample:
    - {check: "svm/svms: order_by", expected: sorted, found: another order}
  contains:
    check:
      description: The name of the check. It begins with the endpoint.
      type: str
    expected:
      description: What the tables of the collection say.
      type: str
    found:
      description: What the cluster does, without its own words.
      type: str
bundle:
  description:
    - What was found, without names, addresses, UUIDs, or secrets.
    - C(release), C(verdict), C(agrees), and C(differs) are as above. C(unchecked) lists checks that were not possible
      on the cluster, for example of the fields of a job if there is no job.
    - C(replies) contains the records of each endpoint, C(errors) the error codes of requests that cannot succeed.
    - C(removed) lists what was removed, how often, and what replaced it.
  returned: success
  type: dict
  sample:
    format: 1
    release: 9.14.1
    removed:
      - {field: "svm/svms: name", replaced_by: pseudonym, count: 3}
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
from ansible_collections.ontap.akv.plugins.module_utils._use_cases.conformance_info import ARGUMENT_SPEC, KIND, run


def main() -> None:
    run_module(ARGUMENT_SPEC, run, KIND)


if __name__ == "__main__":
    main()
