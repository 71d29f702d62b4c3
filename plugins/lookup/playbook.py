# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: playbook
short_description: Return the hosts and the connection for a play on ONTAP clusters
version_added: 0.2.0
author:
  - The ontap.akv authors (@ontap-akv)
description:
  - Reads the common variables C(akv_hosts) and C(akv_<option>) with C(<option>) a connection option of the modules, for
    example C(akv_username), C(akv_password) and C(akv_ca_path).
  - The playbooks of the collection use it. A play that uses it follows the same rules.
  - A variable that is defined and cannot be evaluated is an error that names it, never a default. A variable of another
    type than text, for example a number that YAML made of a name, is an error too.
  - A null or blank value counts as not given.
  - With V(hosts), a C(--limit) that names nothing is an error, because Ansible would select all hosts. An inventory
    without hosts, and a name or pattern in C(akv_hosts) that selects no host, are errors too, because Ansible would do
    nothing and end with exit code 0.
options:
  _terms:
    description:
      - V(hosts) gives a pattern for C(hosts) of a play, from C(akv_hosts), or else V(all).
      - V(connection) gives a dictionary of connection options for C(module_defaults). C(hostname) is C(akv_hostname),
        or else C(ansible_host), or else C(inventory_hostname). What is not given is absent, so that the modules use
        the C(ONTAP_*) environment variables.
      - V(has_graph_reader) says whether C(akv_graph_tenant_id) or C(akv_graph_client_id) is given.
      - V(graph_reader) gives a dictionary of options of M(ontap.akv.entra_app_info), from these and from
        C(akv_graph_client_secret), C(akv_azure_authority), C(akv_azure_graph_url) and C(akv_azure_ca_path).
    type: list
    elements: str
    required: true
  by_name:
    description:
      - With V(hosts), whether C(akv_hosts) must name hosts or groups if the inventory has more than one host. V(all) is
        not a name then. Use it in a play that deletes.
    type: bool
    default: false
seealso:
  - module: ontap.akv.akv_config
  - module: ontap.akv.entra_app_info
"""

EXAMPLES = r"""
- name: Report the health of all AKV configurations
  hosts: "{{ lookup('ontap.akv.playbook', 'hosts') }}"
  gather_facts: false
  connection: local
  module_defaults:
    group/ontap.akv.akv: "{{ lookup('ontap.akv.playbook', 'connection') }}"
  tasks:
    - name: Read the health
      ontap.akv.akv_info:
"""

RETURN = r"""
_value:
  description: The pattern, or the dictionary.
  type: raw
"""

from ansible import context
from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ansible_collections.ontap.akv.plugins.module_utils._runtime import errors
from ansible_collections.ontap.akv.plugins.plugin_utils._evaluating import evaluator
from ansible_collections.ontap.akv.plugins.plugin_utils._playbook import (
    connection,
    graph_reader,
    has_graph_reader,
    hosts,
)
from ansible_collections.ontap.akv.plugins.plugin_utils._variables import Evaluate, Values


class LookupModule(LookupBase):
    def run(self, terms: list[str], variables: Values | None = None, **options: object) -> list[object]:
        self.set_options(var_options=variables, direct=options)
        given = variables or {}
        try:
            return [self._value(term, given, evaluator(self._templar, given)) for term in terms]
        except errors.InputError as error:
            raise AnsibleLookupError(error.message) from None

    def _value(self, term: str, given: Values, evaluate: Evaluate) -> object:
        if term == "hosts":
            runs = not any(context.CLIARGS.get(name) for name in ("syntax", "listhosts", "listtasks", "listtags"))
            return hosts(given, evaluate, by_name=self.get_option("by_name"), runs=runs)
        if term == "connection":
            return connection(given, evaluate)
        if term == "has_graph_reader":
            return has_graph_reader(given, evaluate)
        if term == "graph_reader":
            return graph_reader(given, evaluate)
        raise errors.InputError(
            "ontap.akv.playbook", f"{term!r} is not one of hosts, connection, has_graph_reader, graph_reader."
        )
