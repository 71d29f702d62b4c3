# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variable files of extensions/awx/configuration, as the roles that load them into a controller read them."""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass
from pathlib import Path

import yaml
from integration.running import run

Values = dict[str, t.Any]

ROOT = Path(__file__).resolve().parents[2]
KIT = Path("extensions", "awx")
PACKAGE = Path("ansible_collections", "ontap", "akv")
"""The collection, below a collections path."""


@dataclass(frozen=True)
class Configuration:
    """What the files say, with all expressions resolved.

    :ivar objects: the variables controller_* and eda_*
    """

    objects: Values

    def names(self, kind: str) -> list[str]:
        return [each["name"] for each in self.objects[f"controller_{kind}"]]

    def one(self, kind: str, name: str) -> Values:
        """One object of a kind, such as templates."""
        (found,) = (each for each in self.objects[f"controller_{kind}"] if each["name"] == name)
        return t.cast("Values", found)


URL = "https://git.example.com/storage/ontap-akv.git"
"""The address of the project, which has no default."""


def load(folder: Path, scratch: Path, *more: Path, **mine: str) -> Configuration:
    """Read folders of variable files with Ansible.

    :param mine: what somebody sets who loads them
    """
    read = {
        "name": "Read the variable files",
        "hosts": "localhost",
        "gather_facts": False,
        "tasks": [
            *({"ansible.builtin.include_vars": {"dir": str(each)}} for each in (folder, *more)),
            {
                "ansible.builtin.copy": {
                    "content": "{{ dict(names | zip(query('ansible.builtin.vars', *names))) | to_json }}",
                    "dest": str(scratch / "objects.json"),
                    "mode": "0600",
                },
                "vars": {"names": "{{ query('ansible.builtin.varnames', '^(controller|eda)_') }}"},
            },
        ],
    }
    playbook = scratch / "read.yml"
    playbook.write_text(yaml.safe_dump([read]), encoding="utf-8")
    run("ansible-playbook", playbook, "--extra-vars", json.dumps(mine))
    return Configuration(json.loads((scratch / "objects.json").read_text(encoding="utf-8")))


def questions(template: Values) -> dict[str, Values]:
    """The questions of a template's survey, by variable."""
    return {question["variable"]: question for question in template.get("survey_spec", {}).get("spec", [])}


def role_of(playbook: str) -> Path:
    """The role that a playbook of the project plays, in one play or part by part in several."""
    plays = yaml.safe_load((ROOT / playbook).read_text(encoding="utf-8"))
    whole = {role["role"] for play in plays for role in play.get("roles", [])}
    parts = {
        task.get("ansible.builtin.import_role", {}).get("name") for play in plays for task in play.get("tasks", [])
    }
    (role,) = (whole | parts) - {None}
    namespace, collection, name = role.split(".")
    assert (namespace, collection) == ("ontap", "akv")
    return ROOT / "roles" / name
