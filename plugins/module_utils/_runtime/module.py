# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""From an Ansible module to a use case and back: the only place that knows AnsibleModule."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping

# Before all others, which it finds.
from ansible_collections.ontap.akv.plugins.module_utils._runtime import archive  # noqa: F401  # pylint: disable=unused-import

# isort: split
from ansible.module_utils import basic
from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.ontap.akv.plugins.module_utils._http.transport import REQUESTS_IMPORT_ERROR
from ansible_collections.ontap.akv.plugins.module_utils._runtime import arguments
from ansible_collections.ontap.akv.plugins.module_utils._use_cases import entry
from ansible_collections.ontap.akv.plugins.module_utils._use_cases.call import Call


class _Module(AnsibleModule):  # type: ignore[misc]  # ansible-core is not typed
    """An AnsibleModule that masks by our own rules, also where Ansible's validation ends it."""

    def _load_params(self) -> None:
        super()._load_params()
        given: dict[str, t.Any] = self.params
        given.pop(arguments.CLUSTER, None)
        if self._call.refusal:
            # Ansible's own check need not see them: it does not bear everything.
            for name in [name for name in given if not name.startswith("_ansible_")]:
                del given[name]

    def __init__(self, call: Call) -> None:
        self._call = call
        super().__init__(argument_spec=call.spec, supports_check_mode=True)

    def fail_json(self, msg: str, **more: t.Any) -> t.NoReturn:
        """End with a failure: what the arguments' own check says comes before what Ansible's validation says."""
        self.leave(self._call.refusal or self._call.invalid(msg, **more))

    def leave(self, result: dict[str, t.Any]) -> t.NoReturn:
        """End with a result in which no secret is."""
        # Ansible would mask once more, and find a short secret in every other word, our own included.
        self.no_log_values.clear()
        end = super().fail_json if result.pop("failed") else self.exit_json
        t.cast("t.Callable[..., t.NoReturn]", end)(**result)


def run_module(argument_spec: Mapping[str, t.Any], use_case: Callable[..., t.Any], kind: entry.Kind) -> None:
    """Run a use case as an Ansible module, and end the process with its result.

    :param argument_spec: the use case's own options; the connection's are added
    :param use_case: returns a dataclass or raises AkvError
    :param kind: with whom the use case speaks
    """
    # As AnsibleModule will read them, and before it converts them.
    given = basic._load_params() or {}  # pylint: disable=protected-access
    cluster = given.pop(arguments.CLUSTER, None)
    own = {name: value for name, value in given.items() if not name.startswith("_ansible_")}
    call = Call(argument_spec, own, kind, cluster)
    module = _Module(call)
    if REQUESTS_IMPORT_ERROR:
        module.fail_json(
            msg=missing_required_lib("requests").rstrip(".")
            + '. On a control node, ansible_python_interpreter: "{{ ansible_playbook_python }}" uses the Python that'
            " runs Ansible.",
            exception=REQUESTS_IMPORT_ERROR,
        )
    result, warnings = call.run(module.params, module.check_mode, use_case)
    for warning in warnings:
        module.warn(warning)
    if not module._diff:  # pylint: disable=protected-access
        result.pop("diff", None)
    module.leave(result)
