#!/usr/bin/python
# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: entra_app_info
short_description: Read when the credentials of applications in Microsoft Entra ID end
version_added: 0.2.0
description:
  - Reads from Microsoft Graph which client secrets and certificates applications have, and when each of them ends.
  - It changes nothing. No secret is returned, because Microsoft Graph itself shows only the first three characters.
  - The login needs the application permission C(Application.Read.All), or C(Application.ReadWrite.OwnedBy) for
    applications that it owns.
author:
  - The ontap.akv authors (@ontap-akv)
attributes:
  action_group:
    description: Use C(group/ontap.akv.azure) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - ontap.akv.azure
options:
  app_ids:
    description:
      - The client IDs of the applications to read. The default is the application that logs in.
      - Many applications are read in pages.
    type: list
    elements: str
  min_days:
    description:
      - A credential with fewer days left counts as expiring.
    type: int
    default: 30
notes:
  - The page C(docs/azure.md) of the collection shows how to create the application that reads.
  - The module fails if an application does not exist or may not be read. RV(applications) then still holds the others.
seealso:
  - module: ontap.akv.akv_key_info
extends_documentation_fragment:
  - ontap.akv._attributes
  - ontap.akv._attributes.info_module
  - ontap.akv._azure
"""

EXAMPLES = r"""
- name: Read when the credentials of ONTAP's applications end
  ontap.akv.entra_app_info:
    tenant_id: "{{ tenant_id }}"
    client_id: "{{ graph_client_id }}"
    client_secret: "{{ graph_client_secret }}"
    app_ids: "{{ ontap_client_ids }}"
    min_days: 60
  delegate_to: localhost
  register: entra

- name: Fail if a credential has expired or expires soon
  ansible.builtin.assert:
    that: entra.summary.expired + entra.summary.expiring + entra.summary.unknown == 0
    fail_msg: "{{ entra.msg }}"
"""

RETURN = r"""
msg:
  description: How many credentials have expired or expire soon.
  returned: always
  type: str
  sample: "Credentials of 1 application: 0 expired, 1 expiring within 30 days, 1 ok."
applications:
  description: The applications, in the order of O(app_ids).
  returned: success, and when an application does not exist
  type: list
  elements: dict
  sample:
    - client_id: 4b0c7f6e-8a2d-4b6e-9d53-0c1f2e3d4b5a
      name: ontap-cluster1
      secrets:
        - key_id: 0d9c7a51-3c0e-4f0d-8a44-9a1b2c3d4e5f
          name: 2026-q4
          hint: Ab1
          starts_at: '2026-10-01T08:00:00Z'
          expires_at: '2027-03-31T08:00:00Z'
          days_left: 122
      certificates: []
      next_expiry: '2027-03-31T08:00:00Z'
  contains:
    client_id:
      description: The client ID.
      type: str
    name:
      description: The display name.
      type: str
    secrets:
      description: The client secrets. V(hint) is the first three characters of the secret.
      type: list
      elements: dict
    certificates:
      description: The certificates, each with its SHA-1 thumbprint.
      type: list
      elements: dict
    next_expiry:
      description: When the first of the credentials that are still valid ends; absent if none is valid.
      type: str
summary:
  description:
    - How many credentials have expired, are expiring (O(min_days)), or are valid for longer.
    - V(unknown) counts those of which Microsoft Graph does not report the end. If it does not report the secrets or the
      certificates of an application, that counts as one.
  returned: success, and when an application does not exist
  type: dict
  sample: {expired: 0, expiring: 1, ok: 1, unknown: 0}
requests:
  description: The requests that were sent, in order, one entry for each try.
  returned: always
  type: list
  elements: dict
  sample:
    - {method: GET, host: graph.microsoft.com, path: /v1.0/applications, status: 200}
  contains:
    method:
      description: The HTTP method.
      type: str
    host:
      description: The host.
      type: str
    path:
      description: The path, without the query.
      type: str
    status:
      description: The HTTP status; null if no response was received.
      type: int
outcome:
  description: What the failed task has changed. Always V(unchanged), because it only reads.
  returned: failure
  type: str
  choices: [unchanged]
  sample: unchanged
error:
  description: The code of the service's error, such as V(AADSTS7000222) or V(Authorization_RequestDenied).
  returned: failure, if the service refused
  type: dict
  sample: {code: Authorization_RequestDenied}
http_status:
  description: The HTTP status of the response that failed.
  returned: failure, if a response was received
  type: int
  sample: 403
"""

from ansible_collections.ontap.akv.plugins.module_utils._runtime.module import run_module
from ansible_collections.ontap.akv.plugins.module_utils._use_cases.entra_app_info import ARGUMENT_SPEC, KIND, run


def main() -> None:
    run_module(ARGUMENT_SPEC, run, KIND)


if __name__ == "__main__":
    main()
