#!/usr/bin/python
# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: akv_config
short_description: Manage the Azure Key Vault configurations of an ONTAP cluster
version_added: 0.2.0
description:
  - Creates, updates, or deletes the Azure Key Vault (AKV) configuration of an SVM or of the cluster.
  - It reads the configuration, compares it with what is declared, and sends a change only if there is a difference. A
    second run changes nothing.
  - URIs are normalized before they are compared. Host name case, the default port, a trailing slash, and the key
    version do not count as changes.
  - If an AKV configuration exists, only what you declare is compared. Creating one needs O(name), O(key_id),
    O(client_id), O(tenant_id) and a credential.
  - An option that needs a later release than ONTAP 9.7 names that release. On an older cluster it is refused before
    anything is changed.
author:
  - The ontap.akv authors (@ontap-akv)
options:
  state:
    description:
      - V(present) creates the AKV configuration, or updates it.
      - V(absent) deletes it. ONTAP refuses that while encrypted volumes need its keys. If O(name) or O(key_id) is
        declared, it must match the existing AKV configuration. Otherwise nothing is deleted.
      - With V(absent), an SVM that does not exist has no AKV configuration. The task succeeds and changes nothing, so
        that it can run again after the SVM was deleted. A mistyped name has the same result, RV(operation) is V(none).
        The role P(ontap.akv.akv_disable#role) refuses an SVM that does not exist.
    type: str
    choices: [absent, present]
    default: present
  name:
    description:
      - The URI of the key vault, for example V(https://mykeyvault.vault.azure.net/).
    type: str
    aliases: [vault_uri]
  key_id:
    description:
      - The key that wraps the SVM's keys, as C(https://<host>/keys/<key>) with or without C(/<version>).
      - Some releases of ONTAP return the key without its version, others add the version, and a rotation in Azure
        changes it. So the version is compared only if both the task and ONTAP have one. Even then, a difference is not
        corrected. It is reported as a warning and in RV(drift).
      - This module never changes the key of an existing configuration in place, so that a typo cannot trigger a rekey.
        To change it, use M(ontap.akv.akv_rekey).
    type: str
  client_id:
    description:
      - The application (client) ID of the Azure application that may use the key.
    type: str
  tenant_id:
    description:
      - The directory (tenant) ID of the Azure application.
    type: str
  client_secret:
    description:
      - The VALUE of the application's client secret, not its Secret ID. See O(allow_uuid_secret).
      - White space, control characters and invisible characters in it are refused, because no secret contains them.
      - ONTAP never returns it, so it cannot be compared. O(update_credentials) sets when it is sent.
      - A new O(client_id) or O(tenant_id) always needs it too (ONTAP 9.9.1 and later change them in place).
    type: str
  client_certificate:
    description:
      - The certificate that the Azure application logs in with instead of O(client_secret), as a PKCS#12 file in
        base64 that holds certificate and private key and has no password. It is a secret.
      - The key must be an RSA key of 2048 to 4096 bits, since Azure accepts no other kind. This is checked before
        anything is sent if the Python library C(cryptography) is installed where the module runs.
      - A PKCS#12 file without a MAC is refused.
      - If the configuration uses a client secret, the certificate replaces it, whatever the value of
        O(update_credentials). The same applies to a secret if a certificate is in use.
      - Needs ONTAP 9.10.1.
    type: str
  client_certificate_path:
    description:
      - The same certificate as a file, which is read on the host where the module runs.
      - Needs ONTAP 9.10.1.
    type: path
  proxy_type:
    description: The kind of proxy between ONTAP and Azure. Needs ONTAP 9.8.
    type: str
    choices: [http, https]
  proxy_host:
    description: The proxy's host. Needs ONTAP 9.8.
    type: str
  proxy_port:
    description: The proxy's port. Needs ONTAP 9.8.
    type: int
  proxy_username:
    description: The login at the proxy. A changed one needs O(proxy_password) too. Needs ONTAP 9.8.
    type: str
  proxy_password:
    description:
      - The password at the proxy. It is a secret. O(update_credentials) sets when it is sent.
      - White space around it, control characters and invisible characters in it are refused.
      - Needs ONTAP 9.8.
    type: str
  oauth_host:
    description: The host that ONTAP logs in at, for example V(login.microsoftonline.com). Needs ONTAP 9.14.1.
    type: str
  port:
    description: The port of both O(oauth_host) and the key vault. Needs ONTAP 9.14.1.
    type: int
  vault_host:
    description: The domain of the key vault, for example V(vault.azure.net). Needs ONTAP 9.14.1.
    type: str
  verify_host:
    description:
      - Whether ONTAP checks the key vault's host name. For a new configuration, a second request sets it.
      - Needs ONTAP 9.14.1.
    type: bool
  verify_ip:
    description:
      - Whether ONTAP checks the key vault's address. For a new configuration, a second request sets it.
      - Needs ONTAP 9.14.1.
    type: bool
  skip_verification:
    description:
      - Whether ONTAP accepts a new credential without trying it first. This option is sent only with a credential, and
        is never compared.
      - Needs ONTAP 9.16.1.
    type: bool
  configuration:
    description:
      - The name of one of several configurations of an SVM. The default is the enabled one.
      - One that does not exist is created inactive, so that it can be checked before it is enabled.
      - Required with O(state=absent) if the SVM has several configurations.
      - Needs ONTAP 9.14.1.
    type: str
  credential_grace:
    description:
      - For how many seconds a refused credential is sent again, within O(wait_timeout). With V(0), the task fails
        immediately if the credential is refused.
      - A new secret may not be known everywhere in Azure for up to two minutes. From ONTAP 9.12.1 on, ONTAP checks the
        credential and refuses it until then.
    type: int
    default: 0
  enabled:
    description:
      - V(true) switches to O(configuration), which must exist. The previously enabled one stays as inactive. The next
        run finishes an interrupted switch.
      - V(false) is the state of an inactive configuration. The enabled one cannot be disabled. Enable another one
        instead.
      - Needs ONTAP 9.14.1.
    type: bool
  update_credentials:
    description:
      - What happens to the credential of an AKV configuration that exists.
      - V(on_create) does not send it. RV(msg) then reports that it was declared and not sent.
      - V(when_unavailable) sends it if ONTAP reports that Azure cannot be reached (from ONTAP 9.8 on in
        C(azure_reachability), before that in the state). This is a repair, not a rotation, because it may overwrite a
        newer credential. If a node only lacks keys, nothing is sent. Use M(ontap.akv.akv_restore) for that.
      - V(always) sends it on each run, and the task reports C(changed).
    type: str
    choices: [always, on_create, when_unavailable]
    default: on_create
  allow_recreate:
    description:
      - Whether to delete and recreate the AKV configuration when ONTAP cannot change it in place.
      - With V(false), the task fails and names what differs. Try V(true) in check mode with C(--diff) first. It shows
        both steps.
    type: bool
    default: false
  allow_uuid_secret:
    description:
      - Whether O(client_secret) may be a UUID. A Secret ID, which is not the secret, is a UUID. Older interfaces of the
        directory created secrets that are UUIDs too.
      - With V(false), a UUID is refused before anything is sent.
    type: bool
    default: false
  wait:
    description:
      - Whether to wait after a create or update until ONTAP reports that every node has its keys and can reach Azure.
        The task waits for at most O(wait_timeout).
      - If an AKV configuration is unchanged but not available, a warning names the nodes.
      - With V(false), the health is not read.
    type: bool
    default: true
  wait_timeout:
    description:
      - Time limit for the whole task in seconds, including waiting and retries. No retry or poll starts after it
        expires.
    type: int
    default: 300
  vaults:
    description:
      - A list of AKV configurations to manage in one task. Each entry takes the options above. Values set on the task
        are defaults for all entries. Each entry must name its own SVM, or set O(vaults[].scope=cluster).
      - The option is named after ONTAP's REST resource C(azure-key-vaults), as RV(vault) is. An entry is an AKV
        configuration, not a key vault in Azure.
      - All AKV configurations are read in the pages of one GET and planned before the first is changed. Changes are
        sent in parallel and verified together.
      - The first AKV configuration of each credential that is to be sent is updated and verified alone. If that fails,
        the others that were to get the same credential remain untouched, and fail with RV(results[].outcome)
        V(unchanged). With O(wait=false), only a refusal by ONTAP is such a failure.
      - If another AKV configuration fails, the others are still processed. The task fails at its end, and RV(results)
        has the result of each.
      - The health of an unchanged AKV configuration is not read.
      - An empty list changes nothing.
    type: list
    elements: dict
    suboptions:
      allow_recreate: {description: As O(allow_recreate)., type: bool}
      allow_uuid_secret: {description: As O(allow_uuid_secret)., type: bool}
      client_certificate: {description: As O(client_certificate)., type: str}
      client_certificate_path: {description: As O(client_certificate_path)., type: path}
      client_id: {description: As O(client_id)., type: str}
      client_secret: {description: As O(client_secret)., type: str}
      configuration: {description: As O(configuration)., type: str}
      credential_grace: {description: As O(credential_grace)., type: int}
      enabled: {description: As O(enabled)., type: bool}
      key_id: {description: As O(key_id)., type: str}
      name: {description: As O(name)., type: str, aliases: [vault_uri]}
      oauth_host: {description: As O(oauth_host)., type: str}
      port: {description: As O(port)., type: int}
      proxy_host: {description: As O(proxy_host)., type: str}
      proxy_password: {description: As O(proxy_password)., type: str}
      proxy_port: {description: As O(proxy_port)., type: int}
      proxy_type: {description: As O(proxy_type)., type: str, choices: [http, https]}
      proxy_username: {description: As O(proxy_username)., type: str}
      scope: {description: As O(scope)., type: str, choices: [cluster, svm]}
      skip_verification: {description: As O(skip_verification)., type: bool}
      state: {description: As O(state)., type: str, choices: [absent, present]}
      svm: {description: As O(svm)., type: str, aliases: [vserver]}
      svm_uuid: {description: As O(svm_uuid)., type: str}
      tenant_id: {description: As O(tenant_id)., type: str}
      update_credentials:
        description: As O(update_credentials).
        type: str
        choices: [always, on_create, when_unavailable]
      vault_host: {description: As O(vault_host)., type: str}
      verify_host: {description: As O(verify_host)., type: bool}
      verify_ip: {description: As O(verify_ip)., type: bool}
      wait: {description: As O(wait)., type: bool}
  threads:
    description:
      - How many entries of O(vaults) are changed in parallel, from 1 to 64. Each thread keeps one connection.
    type: int
    default: 8
notes:
  - The role P(ontap.akv.akv_enable#role) keeps the configurations of many clusters as an inventory declares them. The
    page C(docs/estate.md) of the collection shows such an inventory.
  - A healthy AKV configuration proves that the nodes hold the keys and that the last poll succeeded. ONTAP polls every
    15 to 30 minutes.
  - The secret is masked in everything that the module returns, so the task does not need C(no_log). The module cannot
    mask what Ansible itself prints. So do not loop over secrets, and do not give them to an ad-hoc command.
seealso:
  - module: ontap.akv.akv_preflight_info
  - module: ontap.akv.akv_info
  - module: ontap.akv.akv_credential
  - module: ontap.akv.akv_rekey
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
      - With O(update_credentials=always) the credential is sent on each run.
extends_documentation_fragment:
  - ontap.akv._attributes
  - ontap.akv._connection
  - ontap.akv._plan
  - ontap.akv._scope
"""

EXAMPLES = r"""
# The login comes from the environment (ONTAP_HOSTNAME, ONTAP_USERNAME, ONTAP_PASSWORD), the secret from Ansible Vault.

- name: Keep the encryption keys of SVM vs0 in Azure
  ontap.akv.akv_config:
    svm: vs0
    name: https://mykeyvault.vault.azure.net/
    key_id: https://mykeyvault.vault.azure.net/keys/key1
    client_id: aaaaaaaa-bbbb-aaaa-bbbb-aaaaaaaaaaaa
    tenant_id: cccccccc-dddd-cccc-dddd-cccccccccccc
    client_secret: "{{ vaulted_client_secret }}"

- name: Send a new secret; for a rotation with rollback, use akv_credential
  ontap.akv.akv_config:
    svm: vs0
    client_secret: "{{ vaulted_client_secret }}"
    update_credentials: always

- name: Repair the login to Azure, if it is broken
  ontap.akv.akv_config:
    svm: vs0
    client_secret: "{{ vaulted_client_secret }}"
    update_credentials: when_unavailable

- name: Create a second, inactive configuration (ONTAP 9.14.1 and later)
  ontap.akv.akv_config:
    svm: vs0
    configuration: green
    name: https://mykeyvault.vault.azure.net/
    key_id: https://mykeyvault.vault.azure.net/keys/key2
    client_id: aaaaaaaa-bbbb-aaaa-bbbb-aaaaaaaaaaaa
    tenant_id: cccccccc-dddd-cccc-dddd-cccccccccccc
    client_secret: "{{ vaulted_client_secret }}"

- name: Switch to it; the one that was enabled stays as inactive
  ontap.akv.akv_config:
    svm: vs0
    configuration: green
    enabled: true

- name: Give many SVMs the new secret; the first is tried alone
  ontap.akv.akv_config:
    client_secret: "{{ vaulted_client_secret }}"
    update_credentials: always
    vaults:
      - svm: vs0
      - svm: vs1
      - svm: vs2

- name: Delete the configuration that is no longer in use
  ontap.akv.akv_config:
    svm: vs0
    configuration: default
    state: absent

- name: Delete the configuration only if it uses this key vault
  ontap.akv.akv_config:
    svm: vs0
    name: https://mykeyvault.vault.azure.net/
    state: absent
"""

RETURN = r"""
msg:
  description: What was done, or in check mode would be done, in a sentence.
  returned: always
  type: str
  sample: The AKV configuration of SVM vs0 was created.
operation:
  description: What was done, or in check mode would be done.
  returned: success, without O(vaults)
  type: str
  choices: [none, create, update, delete, recreate, enable]
  sample: create
vault:
  description: >-
    The configuration after the task, in ONTAP's own field names, without secrets. Null if there is no configuration. In
    check mode, it is the predicted configuration.
  returned: success, and on failure of an AKV configuration that was changed and is not healthy; without O(vaults)
  type: dict
  sample:
    uuid: 024cd3cf-9a08-11ea-8d52-005056bbeba5
    scope: svm
    svm: {name: vs0, uuid: 4f7abf4c-9a07-11ea-8d52-005056bbeba5}
    name: https://mykeyvault.vault.azure.net/
    key_id: https://mykeyvault.vault.azure.net/keys/key1
    client_id: aaaaaaaa-bbbb-aaaa-bbbb-aaaaaaaaaaaa
    tenant_id: cccccccc-dddd-cccc-dddd-cccccccccccc
    state: {cluster_state: true, code: 0, message: ''}
available:
  description: Whether every node has its keys. Null if ONTAP does not report it, or if no encrypted volume exists yet.
  returned: success, and on failure of an AKV configuration that was changed and is not healthy; without O(vaults)
  type: bool
  sample: true
drift:
  description: Differences that are shown and not changed, such as a pinned key version that is no longer in use.
  returned: success, without O(vaults)
  type: list
  elements: dict
  sample: []
  contains:
    field:
      description: The option that differs.
      type: str
    declared:
      description: What the task declares.
      type: str
    current:
      description: What ONTAP has.
      type: str
    advice:
      description: What to do about it.
      type: str
credentials_sent:
  description: Whether a credential was sent, or in check mode would be.
  returned: success
  type: bool
  sample: true
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
    - {method: DELETE, path: /security/azure-key-vaults/024cd3cf-9a08-11ea-8d52-005056bbeba5, body: {}}
undeclared:
  description: >-
    The AKV configurations on the cluster that O(vaults) does not name. They are left unchanged. An entry has C(uuid),
    C(scope), C(svm), C(configuration), and C(name), as far as ONTAP reports them.
  returned: success, with O(vaults)
  type: list
  elements: dict
  sample:
    - {uuid: 024cd3cf-9a08-11ea-8d52-005056bbeba5, scope: svm, svm: {name: vs9}, name: "https://other.vault.azure.net/"}
problems:
  description: >-
    The entries of O(vaults) that are wrong. Nothing was changed. An element has C(entry), the position in the list from
    0; C(svm), C(svm_uuid), or C(scope), as the entry has it; and C(msg), what is wrong.
  returned: failure, if entries are wrong
  type: list
  elements: dict
  sample:
    - {entry: 1, svm: vs1, msg: "key_id: 'x' is not the URL of a key."}
results:
  description: >-
    The result of each entry of O(vaults), in the order given. In addition to the keys below, an entry has
    RV(available), RV(drift), RV(credentials_sent) and RV(plan_id), as a task with one AKV configuration returns them. A
    failed entry also has RV(error), RV(http_status), RV(job) and RV(recreate).
  returned: with O(vaults), on failure too unless nothing was tried
  type: list
  elements: dict
  sample:
    - changed: true
      failed: false
      msg: The AKV configuration of SVM vs0 was updated.
      operation: update
      scope: svm
      svm: {name: vs0}
  contains:
    changed:
      description: Whether it was changed, or in check mode would be.
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
      description: The scope of the AKV configuration, V(svm) or V(cluster).
      type: str
    svm:
      description: The SVM of the AKV configuration, by C(name) or C(uuid) as the task has it.
      type: dict
    vault:
      description: The configuration after the task, as in RV(vault).
      returned: success
      type: dict
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
  description: >-
    The compared properties before and after; a credential is in RV(ignore:diff.after) alone, as a mask. With O(vaults)
    a list of them.
  returned: with C(--diff), on success
  type: dict
  sample:
    before: {}
    after: {name: 'https://mykeyvault.vault.azure.net/', client_secret: '********'}
outcome:
  description: >-
    What the failed task has done to the cluster. V(unchanged), V(changed), or V(unknown) if a change was sent and
    its outcome could not be read.
  returned: failure
  type: str
  choices: [unchanged, changed, unknown]
  sample: unchanged
error:
  description: The error of ONTAP or of its job, as ONTAP returned it.
  returned: failure, if ONTAP refused or the job failed, or in check mode would refuse
  type: dict
  sample: {code: '65537500', message: A key manager has already been configured for this SVM., arguments: []}
http_status:
  description: The HTTP status of the failed response.
  returned: failure, if a response was received
  type: int
  sample: 400
job:
  description: The last known state of ONTAP's job.
  returned: failure of a job, or if it did not end in time
  type: dict
  sample: {uuid: 6ab6946f-9a0c-11ea-8d52-005056bbeba5, state: failure, message: Internal error., seconds: 4.1}
  contains:
    uuid:
      description: The job's UUID.
      type: str
    state:
      description: ONTAP's word for the state.
      type: str
    message:
      description: ONTAP's message.
      type: str
    seconds:
      description: How long it was followed.
      type: float
recreate:
  description: What is needed to create the AKV configuration again, except its secret.
  returned: failure, when the AKV configuration was deleted and could not be created again
  type: dict
  sample: {svm: {name: vs0}, name: 'https://mykeyvault.vault.azure.net/'}
"""

from ansible_collections.ontap.akv.plugins.module_utils._runtime.module import run_module
from ansible_collections.ontap.akv.plugins.module_utils._use_cases.config import ARGUMENT_SPEC, KIND, run


def main() -> None:
    run_module(ARGUMENT_SPEC, run, KIND)


if __name__ == "__main__":
    main()
