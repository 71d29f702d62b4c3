# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This doc fragment is private to the collection: it may change at any time.

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
requirements:
  - python >= 3.9
  - requests >= 2.25.1 (with urllib3 >= 1.26.5)
  - cryptography, to log in with a certificate
options:
  tenant_id:
    description:
      - The Microsoft Entra tenant of the application, as a GUID or a DNS name. A GUID is safest.
    type: str
    required: true
  client_id:
    description:
      - The application (client) ID to log in as.
    type: str
    required: true
  client_secret:
    description:
      - The value of a client secret, not its Secret ID.
      - Exactly one of O(client_secret), O(client_certificate), and O(client_certificate_path) is required.
    type: str
  client_certificate:
    description:
      - A certificate and its RSA key as PKCS#12 without a passphrase, in base64.
    type: str
  client_certificate_path:
    description:
      - The path of a PKCS#12 file with a certificate and its RSA key, without a passphrase.
      - It is read on the host where the module runs.
    type: path
  cloud:
    description:
      - The Azure cloud. With V(auto), it follows from the host of the key; without a key it is V(public).
    type: str
    choices: [auto, public, china, usgov]
    default: auto
  authority:
    description:
      - The URL of Microsoft Entra ID, such as V(https://login.microsoftonline.com). The default is that of O(cloud).
      - The credential is sent there.
    type: str
  graph_url:
    description:
      - The URL of Microsoft Graph. The default is that of O(cloud).
      - With O(authority), Microsoft Graph is only asked if this is set too.
    type: str
  timeout:
    description:
      - Time limit for one request in seconds, including its whole response.
    type: float
    default: 30.0
  retries:
    description:
      - How often a request is sent again after a transient error. V(0) sends each request once.
      - A service's C(Retry-After) is respected. No retry starts after the task has run for 300 seconds.
    type: int
    default: 3
  ca_path:
    description:
      - A PEM bundle of the CAs to trust instead of those that C(requests) brings. E(REQUESTS_CA_BUNDLE) is never read.
    type: path
  validate_certs:
    description:
      - Whether the certificates of Azure's services must be trusted. V(false) causes a warning.
    type: bool
    default: true
  use_proxy:
    description:
      - Whether to use the proxy from the environment (E(HTTPS_PROXY), E(NO_PROXY)).
    type: bool
    default: true
notes:
  - The variables E(AZURE_*) are never read, and no Azure SDK is needed.
  - With C(connection=local), or delegated to C(localhost), the module runs inside Ansible's own process, which is much
    faster. It runs in a separate process with C(become), C(async), C(environment), another
    C(ansible_python_interpreter), or if the variable C(ansible_ontap_akv_direct) is V(false). Results are the same.
"""
