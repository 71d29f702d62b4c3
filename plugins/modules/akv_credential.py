#!/usr/bin/python
# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: akv_credential
short_description: Rotate the credential of an Azure application on the SVMs of a cluster
version_added: 0.2.0
description:
  - Sends a new credential to all Azure Key Vault (AKV) configurations of a cluster that log in to Azure with one
    application, inactive configurations included. Verifies them, and rolls back those that became worse.
  - Stops before anything is sent if a configuration is not healthy, if nothing uses the application, or if ONTAP does
    not report which application a configuration uses.
  - A call that changes something never lasts longer than O(wait_timeout). The role P(ontap.akv.akv_rotate#role) uses
    such calls for a rotation over many clusters. It watches one canary until ONTAP has polled Azure.
author:
  - The ontap.akv authors (@ontap-akv)
options:
  client_id:
    description: The application (client) ID. Configurations of other applications are never touched.
    type: str
    required: true
  svms:
    description: The names of the SVMs. Without it, all SVMs of O(scope). An empty list is an error.
    type: list
    elements: str
  scope:
    description: V(cluster) selects only the cluster's own configuration, V(svm) only those of SVMs.
    type: str
    choices: [all, cluster, svm]
    default: all
  client_secret:
    description:
      - The VALUE of the application's new secret, not its Secret ID.
      - One of O(client_secret), O(client_certificate) and O(client_certificate_path) is required, except with
        O(stage=watch) and O(stage=rollback).
    type: str
  client_certificate:
    description: The new certificate with its private key, as a PKCS#12 file in base64. Needs ONTAP 9.10.1.
    type: str
  client_certificate_path:
    description: The same as a file, read on the host where the module runs. Needs ONTAP 9.10.1.
    type: path
  previous_client_secret:
    description:
      - The secret that is in use before the rotation. Azure must still accept it.
      - It is sent again to a configuration that became worse. Without it, nothing can be rolled back.
    type: str
  previous_client_certificate:
    description: The same, if the credential in use is a certificate.
    type: str
  stage:
    description:
      - V(all) sends to a canary first, then to the others in batches.
      - V(canary) sends to the canary only, V(rest) to all except O(configuration_uuid).
      - V(watch) sends nothing. It reads O(configuration_uuid) for O(soak) seconds, and ends early if that became worse.
      - V(rollback) sends the previous credential to the configurations that became worse since O(before). A cluster
        that cannot be read is read again until the time limit.
    type: str
    choices: [all, canary, watch, rest, rollback]
    default: all
  configuration_uuid:
    description:
      - The configuration that is the canary, by C(uuid).
      - Without it, the module chooses a healthy configuration of an SVM with encrypted volumes, or else another healthy
        one.
    type: str
  before:
    description:
      - The health to compare with, as RV(before) of an earlier call. O(stage=watch) and O(stage=rollback) need it.
      - Without it, the call compares with the health that it reads first.
    type: list
    elements: dict
    suboptions:
      uuid: {description: The configuration., type: str, required: true}
      verdict:
        description: The verdict on it, as M(ontap.akv.akv_info) returns it.
        type: str
        required: true
        choices: [healthy, degraded, unavailable, unknown, inactive]
      available: {description: Whether all nodes had its keys., type: bool}
      unavailable_nodes: {description: The nodes that lacked its keys., type: list, elements: str}
  include_unhealthy:
    description:
      - Whether to send the credential even if a configuration is not healthy. The task fails if a configuration is not
        healthy afterwards.
    type: bool
    default: false
  batch_size:
    description: How many configurations get the credential before they are verified.
    type: int
    default: 20
  soak:
    description:
      - Seconds to watch, for O(stage=watch) only. V(0) reads once.
      - A reading that fails is repeated. The first reading is repeated until the soak is over, the last one for up to
        O(soak_interval) seconds.
      - The default is ONTAP's polling interval plus 5 minutes, or 20 minutes if the interval cannot be read.
    type: int
  soak_interval:
    description: Seconds between two readings with O(stage=watch).
    type: int
    default: 60
  credential_grace:
    description:
      - For how many seconds a credential that ONTAP refuses is sent again, within O(wait_timeout). It may take up to
        two minutes until a new secret is known everywhere in Azure.
      - V(0) fails immediately.
    type: int
    default: 0
  allow_uuid_secret:
    description: Whether O(client_secret) may be a UUID. Without it, a UUID is refused, as it is probably the Secret ID.
    type: bool
    default: false
  wait_timeout:
    description:
      - Time limit for the call on this cluster in seconds, verification and rollback included. A quarter of it, 60
        seconds at most, is kept for a rollback.
      - Configurations that the call does not reach in that time are V(untouched), and the task fails. Run it again to
        continue.
      - It does not limit O(stage=watch).
    type: int
    default: 300
  threads:
    description: How many configurations of a batch are changed in parallel, from 1 to 64.
    type: int
    default: 8
notes:
  - The page C(docs/rotating.md) of the collection has the whole procedure, with the steps in Azure.
  - Before each batch, and while it watches, the module stops if the run that started it no longer exists.
  - Azure accepts both credentials during a rotation. So a healthy configuration keeps the new one, and only a
    configuration that became worse is rolled back.
  - ONTAP never returns a credential. So each run sends it, and reports changed.
seealso:
  - module: ontap.akv.akv_config
  - module: ontap.akv.akv_info
  - plugin: ontap.akv.rotation_fleet
    plugin_type: filter
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - It shows how many configurations change. A credential is never shown.
  idempotent:
    support: none
    details:
      - The credential is sent on each run.
extends_documentation_fragment:
  - ontap.akv._attributes
  - ontap.akv._connection
  - ontap.akv._plan
"""

EXAMPLES = r"""
# The login comes from the environment (ONTAP_HOSTNAME, ONTAP_USERNAME, ONTAP_PASSWORD), secrets from Ansible Vault.

- name: Rotate the secret on all SVMs of the cluster
  ontap.akv.akv_credential:
    client_id: aaaaaaaa-bbbb-aaaa-bbbb-aaaaaaaaaaaa
    client_secret: "{{ vaulted_client_secret }}"
    previous_client_secret: "{{ vaulted_previous_client_secret }}"

- name: Rotate the secret on a canary
  ontap.akv.akv_credential:
    client_id: aaaaaaaa-bbbb-aaaa-bbbb-aaaaaaaaaaaa
    client_secret: "{{ vaulted_client_secret }}"
    previous_client_secret: "{{ vaulted_previous_client_secret }}"
    stage: canary
  register: canary

- name: Watch it; without soak, until ONTAP has polled Azure
  ontap.akv.akv_credential:
    client_id: aaaaaaaa-bbbb-aaaa-bbbb-aaaaaaaaaaaa
    stage: watch
    soak: "{{ seconds_to_watch }}"
    configuration_uuid: "{{ canary.canary.uuid }}"
    before: "{{ canary.before }}"

- name: Rotate the others
  ontap.akv.akv_credential:
    client_id: aaaaaaaa-bbbb-aaaa-bbbb-aaaaaaaaaaaa
    client_secret: "{{ vaulted_client_secret }}"
    previous_client_secret: "{{ vaulted_previous_client_secret }}"
    stage: rest
    configuration_uuid: "{{ canary.canary.uuid }}"
"""

RETURN = r"""
msg:
  description: What was done, or in check mode would be done, in a sentence.
  returned: always
  type: str
  sample: 3 of 3 AKV configurations on cluster1 got the new credential.
vaults:
  description: The configurations of the application that are selected.
  returned: success, and on failure after they were read
  type: list
  elements: dict
  sample:
    - uuid: 024cd3cf-9a08-11ea-8d52-005056bbeba5
      scope: svm
      svm: {name: vs0, uuid: 4f7abf4c-9a07-11ea-8d52-005056bbeba5}
      name: vs0
      configuration: default
      done: sent
      before: healthy
      after: healthy
      available: true
      encrypted_volumes: true
      reasons: [Keys are available on every node.]
      msg: ''
  contains:
    uuid:
      description: The configuration.
      type: str
    scope:
      description: C(svm) or C(cluster).
      type: str
    svm:
      description: The SVM, by C(name) and C(uuid).
      type: dict
    name:
      description: How messages name it.
      type: str
    configuration:
      description: The name of the configuration; empty before ONTAP 9.14.1.
      type: str
    done:
      description: >-
        V(sent) has the new credential. V(rolled_back) had the new one, and has the previous one again. V(untouched) has
        the previous one, because nothing was sent or ONTAP refused it. V(failed) may have either, because the outcome
        of a change could not be read. In check mode, what would be done.
      type: str
    since:
      description: When ONTAP accepted it, in UTC, by the clock of the control node. Absent if none was accepted.
      type: str
    before:
      description: The verdict before, as M(ontap.akv.akv_info) returns it.
      type: str
    after:
      description: The verdict after; C(gone) if the configuration no longer exists.
      type: str
    available:
      description: Whether every node has its keys. Null if ONTAP does not report it.
      type: bool
    encrypted_volumes:
      description: Whether the SVM has encrypted volumes. Null if that was not read.
      type: bool
    reasons:
      description: The reasons of the verdict.
      type: list
      elements: str
    msg:
      description: Why it is not a success; empty if it is.
      type: str
before:
  description: The health before, for O(before) of a later call.
  returned: success, and on failure after the configurations were read
  type: list
  elements: dict
  sample:
    - {uuid: 024cd3cf-9a08-11ea-8d52-005056bbeba5, verdict: healthy, available: true, unavailable_nodes: []}
canary:
  description: The canary, by C(uuid) and C(svm), its name. Empty if there is none.
  returned: success, and on failure after the configurations were read
  type: dict
  sample: {uuid: 024cd3cf-9a08-11ea-8d52-005056bbeba5, svm: vs0}
plan_id:
  description: >-
    A digest of what would be sent where, without secrets and health. Check mode and all stages return the same one.
  returned: success, and on failure after the configurations were read
  type: str
  sample: plan-3f6d2c1b9a8e7f6012d4c3b5a6978877
stopped_by:
  description: >-
    Why the task failed: V(input), V(not_used), V(not_reported), V(unhealthy), V(plan), V(canary), V(batch), V(time),
    V(unread) or V(interrupted). Empty on success. V(unread) is a canary that got the new credential and could not be
    read after it, or not until the end of O(stage=watch).
  returned: success, and on failure unless the connection failed
  type: str
  sample: ''
reason:
  description: Why the task failed, in a sentence, without the count with which RV(msg) begins.
  returned: failure after the configurations were read
  type: str
  sample: vs0 is degraded after it got the new credential.
others:
  description: How many more configurations use the application, and are not selected.
  returned: success, and on failure after the configurations were read
  type: int
  sample: 0
applications:
  description: The client IDs in use on the cluster.
  returned: success, and on failure after the configurations were read
  type: list
  elements: str
  sample: [aaaaaaaa-bbbb-aaaa-bbbb-aaaaaaaaaaaa]
svms:
  description: The SVMs that use the application, selected or not.
  returned: success, and on failure after the configurations were read
  type: list
  elements: str
  sample: [vs0, vs1]
not_reported:
  description: Configurations for which ONTAP does not report the application, the SVM, or the uuid, if that matters.
  returned: success, and on failure after the configurations were read
  type: list
  elements: str
  sample: []
credential:
  description: >-
    Evidence of which credential is sent. C(kind), and for a certificate its SHA-1 C(thumbprint) as Azure shows it, if
    the Python library cryptography is installed. Empty if no credential is sent.
  returned: success, and on failure after the configurations were read
  type: dict
  sample: {kind: certificate, thumbprint: 0F1E2D3C4B5A69788796A5B4C3D2E1F00F1E2D3C}
can_roll_back:
  description: Whether a previous credential was given.
  returned: success, and on failure after the configurations were read
  type: bool
  sample: true
requests:
  description: >-
    The requests that were sent, in order, with one entry for each try, including pages and retries. With
    O(stage=watch), only the first ones and those of the last reading.
  returned: always, unless argument validation failed
  type: list
  elements: dict
  sample:
    - {method: PATCH, path: /api/security/azure-key-vaults/024cd3cf-9a08-11ea-8d52-005056bbeba5, status: 200}
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
  description: How many configurations change.
  returned: with C(--diff)
  type: dict
  sample:
    prepared: |
      -3 AKV configurations of application app1 on cluster1: previous credential
      +3 AKV configurations of application app1 on cluster1: new credential
outcome:
  description: >-
    What the task did to the cluster. V(unknown) if a change was sent and its outcome could not be read.
  returned: always, unless argument validation failed
  type: str
  choices: [unchanged, changed, unknown]
  sample: changed
error:
  description: The error, as ONTAP returned it.
  returned: failure, if ONTAP refused; of several refusals the first
  type: dict
  sample: {code: '6', message: not authorized for that command}
http_status:
  description: The HTTP status of the failed response.
  returned: failure, if a response was received
  type: int
  sample: 403
"""

from ansible_collections.ontap.akv.plugins.module_utils._runtime.module import run_module
from ansible_collections.ontap.akv.plugins.module_utils._use_cases.credential import ARGUMENT_SPEC, KIND, run


def main() -> None:
    run_module(ARGUMENT_SPEC, run, KIND)


if __name__ == "__main__":
    main()
