#!/usr/bin/python
# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: akv_key_info
short_description: Check whether a credential can use a key in Azure Key Vault
version_added: 0.2.0
description:
  - Logs in to Azure with the credential that ONTAP has or will get, and checks the key that it needs.
  - It changes nothing, in Azure or in ONTAP, and does not need ONTAP.
  - What was found is in RV(checks). A failed check does not fail the module; use RV(ready).
  - The host where the module runs is not ONTAP. What depends on the caller's address or the moment (firewall,
    Conditional Access, network, throttling) is V(unknown), never V(failed).
author:
  - The ontap.akv authors (@ontap-akv)
attributes:
  action_group:
    description: Use C(group/ontap.akv.azure) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - ontap.akv.azure
options:
  key_id:
    description:
      - The key identifier, as Azure shows it. Without a version, the newest version is checked.
    type: str
    required: true
  name:
    description:
      - The URI of the key vault, as for M(ontap.akv.akv_config). If set, it must be the key vault of O(key_id).
    type: str
  vault_url:
    description:
      - The URL at which the key vault is reached, if it is not the host of the key vault itself.
    type: str
  crypto:
    description:
      - Whether to try both pairs of operations, each on 32 random bytes.
      - Only unwrapKey and decrypt prove a permission. Under RBAC, an application that may read an RSA key may also wrap
        and encrypt with it.
    type: bool
    default: true
  credential_expires:
    description:
      - The date on which the client secret ends, such as V(2027-03-31), if it is known. If it is set, Microsoft Graph
        is not asked.
    type: raw
  credential_wait:
    description:
      - For how many seconds the login is tried again while Microsoft Entra ID may not know a new credential everywhere
        (AADSTS7000215, AADSTS700027). Use V(120) for a credential that was just created.
    type: int
    default: 0
  min_days:
    description:
      - The number of days for which the key and the credential must still be valid. With fewer days left, the check
        V(expiry) is a V(warning).
    type: int
    default: 30
notes:
  - The page C(docs/azure.md) of the collection shows how to create what is checked, and what each check proves.
  - Before the credential is sent, the module reads the key vault's tenant and cloud without a login and compares them.
seealso:
  - module: ontap.akv.entra_app_info
  - module: ontap.akv.akv_config
extends_documentation_fragment:
  - ontap.akv._attributes
  - ontap.akv._attributes.info_module
  - ontap.akv._azure
"""

EXAMPLES = r"""
- name: Check that the new secret can use the key, before ONTAP gets it
  ontap.akv.akv_key_info:
    tenant_id: "{{ tenant_id }}"
    client_id: "{{ client_id }}"
    client_secret: "{{ new_client_secret }}"
    key_id: https://mykeyvault.vault.azure.net/keys/key1
    credential_wait: 120
  delegate_to: localhost
  register: azure

- name: Stop if it cannot
  ansible.builtin.assert:
    that: azure.ready
    fail_msg: "{{ azure.msg }}"

- name: Check a certificate, and do not try the operations
  ontap.akv.akv_key_info:
    tenant_id: "{{ tenant_id }}"
    client_id: "{{ client_id }}"
    client_certificate_path: /secure/ontap.p12
    key_id: https://mykeyvault.vault.azure.net/keys/key1
    crypto: false
  delegate_to: localhost
"""

RETURN = r"""
msg:
  description: Whether the credential can use the key, and what prevents it.
  returned: always
  type: str
  sample: Application 4b0c… can use the key https://mykeyvault.vault.azure.net/keys/key1.
ready:
  description:
    - Whether the checks V(network), V(token), V(key), and V(wrap) are V(ok) or V(warning).
    - Without O(crypto), V(wrap) does not count.
  returned: success
  type: bool
  sample: true
checks:
  description: What was checked, in order.
  returned: success
  type: list
  elements: dict
  sample:
    - name: network
      status: ok
      message: mykeyvault.vault.azure.net answers. It belongs to tenant 7f6b….
    - name: wrap
      status: failed
      message: >-
        The key vault mykeyvault.vault.azure.net refused unwrapKey (HTTP 403, ForbiddenByPolicy): the access policy of
        the key vault does not allow it. Grant it to the application; a new grant takes some minutes.
  contains:
    name:
      description:
        - V(network), whether the key vault answers, belongs to O(tenant_id), and is in the right cloud.
        - V(token), whether Microsoft Entra ID accepts the credential. A token proves no permission.
        - V(key), whether the key exists, is enabled and within its dates, is an RSA key of 2048 bits or more, and
          permits the operations.
        - V(wrap), whether the application may wrapKey and unwrapKey (with O(crypto)).
        - V(encrypt), whether the application may encrypt and decrypt (with O(crypto)). It is never V(failed), because
          ONTAP's documentation does not say which pair ONTAP uses.
        - V(recovery), whether the key vault has purge protection.
        - V(versions) and V(rotation_policy), which need permissions that ONTAP does not need.
        - V(expiry), whether the key and the credential are valid for O(min_days).
      type: str
      choices: [network, token, key, wrap, encrypt, recovery, versions, rotation_policy, expiry]
    status:
      description: The result of the check.
      type: str
      choices: [ok, failed, warning, unknown]
    message:
      description: What was found, and what to do.
      type: str
summary:
  description: How many checks have each status.
  returned: success
  type: dict
  sample: {ok: 8, failed: 0, warning: 1, unknown: 0}
key:
  description: The key; empty if it could not be read.
  returned: success
  type: dict
  contains:
    kid:
      description: The identifier of the version that was checked.
      type: str
    type:
      description: The type of the key, such as V(RSA).
      type: str
    size:
      description: The size of an RSA key in bits.
      type: int
    enabled:
      description: Whether the version is enabled.
      type: bool
    not_before:
      description: When the key begins to be valid, if it has such a date.
      type: str
    expires_at:
      description: When the key ends, if it has such a date. It can then still unwrap and decrypt, but not wrap.
      type: str
    days_left:
      description: Days until then, counted by dates in UTC; negative afterwards.
      type: int
    recovery_level:
      description: The recovery level of the key vault, as reported.
      type: str
    purge_protection:
      description: Whether the key vault has purge protection.
      type: bool
    versions:
      description: How many versions the key has, if they may be listed.
      type: int
    rotation_policy:
      description: The actions of the rotation policy, each with its time, if it may be read.
      type: dict
  sample:
    kid: https://mykeyvault.vault.azure.net/keys/key1/a8e619fd8f234db3b0b95c59540e2a74
    type: RSA
    size: 2048
    enabled: true
    recovery_level: Recoverable
    purge_protection: true
    versions: 2
    rotation_policy: {notify: P30D}
credential:
  description: The credential.
  returned: success
  type: dict
  contains:
    kind:
      description: What was given.
      type: str
      choices: [secret, certificate]
    expires_at:
      description: When it ends, if that is known.
      type: str
    days_left:
      description: Days until then, counted by dates in UTC.
      type: int
    source:
      description: Where the date comes from.
      type: str
      choices: [certificate, declared, graph]
  sample: {kind: secret, expires_at: '2027-03-31T10:00:00Z', days_left: 122, source: graph}
vault_tenant_id:
  description: The tenant that the key vault belongs to; null if it was not reported.
  returned: success
  type: str
  sample: 7f6b3a0e-5d1c-4c55-9c0a-2b8e6f1d4a90
requests:
  description: The requests that were sent, in order, one entry for each try.
  returned: always
  type: list
  elements: dict
  sample:
    - {method: GET, host: mykeyvault.vault.azure.net, path: /keys/key1, status: 401}
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
"""

from ansible_collections.ontap.akv.plugins.module_utils._runtime.module import run_module
from ansible_collections.ontap.akv.plugins.module_utils._use_cases.key_info import ARGUMENT_SPEC, KIND, run


def main() -> None:
    run_module(ARGUMENT_SPEC, run, KIND)


if __name__ == "__main__":
    main()
