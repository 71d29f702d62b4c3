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
options:
  hostname:
    description:
      - The cluster management LIF, as a name or an IP address (IPv6 too).
      - The host alone. Give the port with O(http_port); O(https) selects the scheme.
      - If not set, the environment variable E(ONTAP_HOSTNAME) is used.
      - If it is the C(ansible_host) of the host, messages use the name of the cluster in the inventory.
    type: str
    required: true
  username:
    description:
      - The ONTAP user to log in as, together with O(password).
      - Its role needs V(all) on C(/api/security/azure-key-vaults) for changes, V(readonly) for reading.
      - If not set, the environment variable E(ONTAP_USERNAME) is used.
    type: str
    aliases: [user]
  password:
    description:
      - The password of O(username).
      - If not set, the environment variable E(ONTAP_PASSWORD) is used.
    type: str
    aliases: [pass]
  cert_filepath:
    description:
      - A client certificate in PEM form to log in with, instead of O(username) and O(password).
      - The file may also contain the private key. Otherwise, give the key with O(key_filepath).
      - It is read on the host where the module runs.
      - If not set, the environment variable E(ONTAP_CERT_FILEPATH) is used. A login in the task takes precedence over
        one in the environment.
    type: path
  key_filepath:
    description:
      - The private key of O(cert_filepath) in PEM form. A key with a passphrase is refused, because the module never
        prompts.
      - If not set, the environment variable E(ONTAP_KEY_FILEPATH) is used.
    type: path
  cert:
    description:
      - A client certificate in PEM form, as text, instead of O(cert_filepath). The text may also contain the private
        key. Otherwise, give the key with O(key) or O(key_filepath).
      - No file is written if the system supports files in memory. On other systems, a file that only its owner can read
        exists while the key is loaded.
      - If not set, the environment variable E(ONTAP_CERT) is used.
    type: str
  key:
    description:
      - The private key of O(cert) or O(cert_filepath) in PEM form, as text, instead of O(key_filepath). It must not
        have a passphrase.
      - If not set, the environment variable E(ONTAP_KEY) is used.
    type: str
  https:
    description:
      - Whether to use HTTPS. With V(false), the login and the secrets are sent unencrypted, and the module warns.
    type: bool
    default: true
  http_port:
    description:
      - The port of ONTAP's REST API.
      - The default is V(443), or V(80) with O(https=false).
      - If not set, the environment variable E(ONTAP_PORT) is used.
    type: int
  validate_certs:
    description:
      - Whether to verify the cluster's certificate. With V(false), the module warns.
      - If not set, the environment variable E(ONTAP_VALIDATE_CERTS) is used.
    type: bool
    default: true
  ca_path:
    description:
      - A PEM bundle of the private CA that has signed the cluster's certificate. It is trusted instead of the
        bundle that C(requests) brings. E(REQUESTS_CA_BUNDLE) is never read.
      - If not set, the environment variable E(ONTAP_CA_PATH) is used.
    type: path
  timeout:
    description:
      - Time limit for one request in seconds, including the whole response.
      - If not set, the environment variable E(ONTAP_TIMEOUT) is used.
    type: float
    default: 60.0
  retries:
    description:
      - How often a request is sent again after a transient fault (no connection, a reset, a time-out, a busy cluster),
        with growing pauses. V(2) means at most three tries.
      - If the outcome of a change is unknown, the module first reads back whether it took effect. It never resends it
        blindly.
      - A refused login, a name that cannot be resolved and a certificate that cannot be trusted are never tried again.
    type: int
    default: 5
  use_proxy:
    description:
      - Whether to use the proxy from the environment (E(HTTPS_PROXY), E(NO_PROXY)).
    type: bool
    default: true
notes:
  - An empty environment variable counts as not set.
  - With C(connection=local), or delegated to C(localhost), the module runs inside Ansible's own process, which is much
    faster, especially in loops. It runs as a separate process with C(become), C(async) or C(environment), with
    another C(ansible_python_interpreter) than the one that runs Ansible, or if the variable
    C(ansible_ontap_akv_direct), or E(ANSIBLE_ONTAP_AKV_DIRECT) in the environment, is V(false). Results are the same.
  - A separate process needs C(requests) in the Python that Ansible finds there. On a control node,
    C(ansible_python_interpreter) set to C({{ ansible_playbook_python }}) gives it the Python that runs Ansible.
"""
