# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write argument_specs.yml and the README's table of each role from plugins/plugin_utils/_roles.

Run ``python3 -m dev.role_variables`` with a Python that has PyYAML.
"""

from __future__ import annotations

import re
import sys
from importlib import import_module
from typing import Any

import yaml

from dev.collection import COLLECTIONS, link
from dev.environment import ROOT

HEAD = """\
# Copyright (c) 2026, the ontap.akv authors
# SPDX-License-Identifier: GPL-3.0-or-later
# Made from plugins/plugin_utils/_roles/{role}.py: change that, then run python3 -m dev.role_variables
---
"""
BEGIN, END = "<!-- variables: made by python3 -m dev.role_variables -->\n", "<!-- end of variables -->\n"
CLOSING = (
    "A null or blank value, as a survey sends it, counts as not given.",
    "Connection settings are not variables of the role. They come from C(module_defaults) of the play or from the"
    " C(ONTAP_*) environment variables.",
)


class _Indented(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def roles() -> dict[str, Any]:
    """Give the roles by their names, as the collection defines them."""
    if str(COLLECTIONS) not in sys.path:
        link()
        sys.path.insert(0, str(COLLECTIONS))
    found: dict[str, Any] = import_module("ansible_collections.ontap.akv.plugins.plugin_utils._roles.all").ROLES
    return found


def facts(role: Any, variable: Any) -> list[str]:
    """Give the sentences of an option that follow from its definition."""
    sentences = []
    if variable.required:
        sentences.append("Required.")
    if variable.choices:
        sentences.append(
            f"{'Any' if variable.kind.value.startswith('list') else 'One'} of {_values(variable.choices)}."
        )
    elif variable.kind.value == "bool":
        sentences.append("V(true) or V(false).")
    elif variable.kind.value == "int":
        sentences.append("A whole number." if variable.minimum is None else f"A whole number from {variable.minimum}.")
    common = " or ".join(f"C(akv_{name})" for name in variable.common)
    default = _default(variable)
    if common and default:
        sentences.append(f"The default is {common}, or else {default}.")
    elif common or default:
        sentences.append(f"The default is {common or default}.")
    return sentences


def _values(values: Any) -> str:
    return ", ".join(f"V({value})" for value in values)


def _default(variable: Any) -> str:
    if variable.default is None:
        return ""
    if isinstance(variable.default, list):
        return _values(variable.default) or "an empty list"
    return f"V({str(variable.default).lower() if isinstance(variable.default, bool) else variable.default})"


def credential(role: Any) -> list[str]:
    """Give the paragraphs on the variables that are no options: the credential of a fleet is evaluated once.

    ansible-core's own check evaluates each option once for each host.
    """
    variables = [variable for variable in role.variables if variable.part.value == "credential"]
    named = [
        f"C({role.name}_{variable.name}): {' '.join([*variable.description, *facts(role, variable)])}"
        for variable in variables
    ]
    return [
        *(["The credential is read once for all hosts of the play, from these variables."] if named else []),
        *named,
    ]


def argument_specs(role: Any) -> str:
    """Give the file meta/argument_specs.yml of a role.

    It documents; the role itself checks. So it names no type but texts and raw, no default and nothing as required:
    ansible-core's own check refuses a null or blank answer of a survey, and evaluates each secret once for each host.
    """
    options = {}
    for variable in role.variables:
        if variable.part.value == "credential":
            continue
        kind = variable.kind.value
        options[f"{role.name}_{variable.name}"] = {
            "description": [*variable.description, *facts(role, variable)],
            "type": kind if kind in ("str", "path") else "raw",
            **({"no_log": True} if variable.secret else {}),
        }
    spec = {
        "short_description": role.summary,
        "version_added": "0.2.0",
        "author": ["The ontap.akv authors (@ontap-akv)"],
        "description": [*role.description, *credential(role), *CLOSING],
        "options": options,
    }
    text = yaml.dump(
        {"argument_specs": {"main": spec}}, Dumper=_Indented, sort_keys=False, width=108, allow_unicode=True
    )
    return HEAD.format(role=role.name) + text


def table(role: Any) -> str:
    """Give the table of variables for a role's README."""
    rows = ["| variable | default | what |", "|---|---|---|"]
    for variable in role.variables:
        common = " or ".join(f"`akv_{name}`" for name in variable.common)
        default = markdown(_default(variable))
        defaults = f"{common}, else {default}" if common and default else common or default
        about = [*variable.description, *facts(role, variable)]
        about = [sentence for sentence in about if not sentence.startswith("The default is")]
        rows.append(f"| `{role.name}_{variable.name}` | {defaults or '-'} | {markdown(' '.join(about))} |")
    return "\n".join(rows) + "\n"


def markdown(text: str) -> str:
    """Convert Ansible's documentation markup."""
    return re.sub(r"[VOCE]\(([^)]*)\)", r"`\1`", text)


def readme(role: Any, text: str) -> str:
    """Give a role's README with its table written again."""
    before, rest = text.split(BEGIN)
    _old, after = rest.split(END)
    return f"{before}{BEGIN}\n{table(role)}\n{END}{after}"


def written(role: Any) -> dict[Any, str]:
    """Give the files of a role that are made from its definition. A role with defaults still declares them itself."""
    folder = ROOT / "roles" / role.name
    if (folder / "defaults").exists():
        return {}
    path = folder / "README.md"
    return {
        folder / "meta" / "argument_specs.yml": argument_specs(role),
        path: readme(role, path.read_text(encoding="utf-8")),
    }


if __name__ == "__main__":
    for each in roles().values():
        for file, content in written(each).items():
            file.write_text(content, encoding="utf-8")
