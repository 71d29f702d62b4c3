# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is private to the collection: it may change at any time.

"""Evaluate a variable, and ``module_defaults``, as they stand, with ansible-core 2.16 to 2.22."""

from __future__ import annotations

import datetime
import re
import typing as t
from collections.abc import Mapping

from ansible.errors import AnsibleError
from ansible.executor import module_common
from ansible.plugins.action import ActionBase

from ansible_collections.ontap.akv.plugins.plugin_utils._variables import NOT_GIVEN, CannotEvaluate, Evaluate

_TEMPLATE = re.compile(r"\{[{%#]")
_UNDEFINED = re.compile(r"'[^'\n]{1,100}' is undefined|'?[\w .]{1,100}'? has no attribute '[^'\n]{1,100}'")


def evaluator(templar: t.Any, variables: Mapping[str, t.Any]) -> Evaluate:
    """Give a function that evaluates a variable by its name.

    :param templar: Ansible's templar of the task or lookup
    :param variables: the variables as they stand, with their templates
    """

    def evaluate(name: str) -> t.Any:
        try:
            value = _templated(variables[name], templar)
        except AnsibleError as error:
            place = _place_of(variables[name], templar, variables)
            raise CannotEvaluate(_reason(str(error)) + place) from None
        value = _plain(value)
        return NOT_GIVEN if isinstance(value, str) and value == variables.get("omit") else value

    return evaluate


def evaluator_of_host(values: Mapping[str, t.Any], omit: t.Any) -> Evaluate:
    """Give a function that evaluates a variable of a host by its name.

    :param values: what Ansible's hostvars gives for the host: evaluated when it is read
    :param omit: the text that is Ansible's variable omit, up to ansible-core 2.18
    """

    def evaluate(name: str) -> t.Any:
        try:
            value = _plain(values[name])
        except AnsibleError as error:
            if type(error).__name__ == "AnsibleValueOmittedError":
                return NOT_GIVEN
            raise CannotEvaluate(_reason(str(error))) from None
        return NOT_GIVEN if isinstance(value, str) and value == omit else value

    return evaluate


def with_defaults(action: ActionBase, module: str, arguments: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Complete the arguments of a module that an action calls by the ``module_defaults`` of the action's task."""
    task, templar = action._task, action._templar
    if hasattr(module_common, "_apply_action_arg_defaults"):  # from ansible-core 2.19 on
        return dict(module_common._apply_action_arg_defaults(module, task, dict(arguments), templar))
    groups = task._parent._play._action_groups
    complete = module_common.get_action_args_with_defaults(
        module, dict(arguments), task.module_defaults, templar, action_groups=groups
    )
    omit = templar.available_variables.get("omit")
    return {name: value for name, value in complete.items() if value != omit}


def _templated(value: t.Any, templar: t.Any) -> t.Any:
    """Evaluate a value; NOT_GIVEN for ``omit``, which is left out of a list or dictionary.

    Ansible takes long for each text, even if it is no template. A thousand AKV configurations have thousands of texts.
    """
    if isinstance(value, dict):
        items = {name: _templated(item, templar) for name, item in value.items()}
        return {name: item for name, item in items.items() if item is not NOT_GIVEN}
    if isinstance(value, list):
        return [item for item in (_templated(item, templar) for item in value) if item is not NOT_GIVEN]
    if isinstance(value, str) and not _TEMPLATE.search(value):
        return value
    try:
        return templar.template(value)
    except AnsibleError as error:
        # Up to ansible-core 2.18, omit is a text; from 2.19 on, a template of it alone is an error.
        if type(error).__name__ == "AnsibleValueOmittedError":
            return NOT_GIVEN
        raise


def _place_of(raw: t.Any, templar: t.Any, variables: Mapping[str, t.Any]) -> str:
    """Return which key of which entry of a list of dictionaries cannot be evaluated, if the list is written out."""
    alias = re.fullmatch(r"\{\{\s*(\w+)\s*\}\}", raw) if isinstance(raw, str) else None
    if alias and alias.group(1) in variables:
        raw = variables[alias.group(1)]
    for number, entry in enumerate(raw if isinstance(raw, list) else [], 1):
        for key, value in entry.items() if isinstance(entry, Mapping) else []:
            try:
                templar.template(value)
            except AnsibleError:
                svm = entry.get("svm", entry.get("vserver"))
                where = f"the entry of SVM {svm}" if isinstance(svm, str) else f"entry {number}"
                return f" ({key} in {where})"
    return ""


def _reason(message: str) -> str:
    """Say which name is undefined. Any other message may show the template, which may hold a secret."""
    undefined = _UNDEFINED.search(message)
    return undefined.group() if undefined else "its template fails"


def _plain(value: t.Any) -> t.Any:
    """Convert to plain Python values: no tags, and nothing still encrypted.

    :raises CannotEvaluate: a value cannot be decrypted
    """
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, bool):
        return value
    for kind in (int, float):
        if isinstance(value, kind):
            return kind(value)
    if isinstance(value, datetime.datetime):
        return datetime.datetime.fromisoformat(value.isoformat())
    if isinstance(value, datetime.date):
        return datetime.date.fromisoformat(value.isoformat())
    if isinstance(value, str) or hasattr(value, "_ciphertext"):
        try:
            return str(value)
        except AnsibleError:
            raise CannotEvaluate("it cannot be decrypted by Ansible Vault") from None
    return value
