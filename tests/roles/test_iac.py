# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The example repository: each command of its README is typed as it stands, on two simulated clusters."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import yaml
from integration.examples import blocks
from integration.running import ROOT, Ansible, attempt, run

from simulator import Simulator

EXAMPLE = ROOT / "examples" / "iac"
COMMANDS = [block.text.strip() for block in blocks(EXAMPLE / "README.md") if block.language == "shell"]
SECRETS = yaml.safe_load((EXAMPLE / "secrets.example.yml").read_text(encoding="utf-8"))
INSTALL = "ansible-galaxy collection install -r requirements.yml"


def scenario(*svms: str) -> dict[str, object]:
    users = [{"name": "ansible", "password": SECRETS["secret_ontap_password"]}]
    return {"svms": [{"name": name} for name in svms], "users": users}


def test_the_example_repository(ansible: Ansible) -> None:
    folder = ansible.home / "iac"
    shutil.copytree(EXAMPLE, folder)
    environment = {
        "ANSIBLE_COLLECTIONS_PATH": str(ansible.home / "collections"),
        "ANSIBLE_HOME": str(ansible.home / "ansible"),
        # The simulators are elsewhere than the clusters of the example.
        "ANSIBLE_INVENTORY": "inventory.yml,simulators.yml",
        "ANSIBLE_NOCOLOR": "1",
        "HOME": str(ansible.home),
        "LC_ALL": "C.UTF-8",
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])),
    }

    here: dict[str, Any] = {"cwd": folder, "env": environment}
    (archive,) = re.findall(r"ontap-akv-\S+\.tar\.gz", (EXAMPLE / "requirements.yml").read_text(encoding="utf-8"))
    run("ansible-galaxy", "collection", "build", "--output-path", ".", ROOT, **here)
    assert (folder / archive).is_file()
    with (
        Simulator(release="9.14.1", scenario=scenario("payroll", "research")) as one,
        Simulator(release="9.19.1", scenario=scenario("finance")) as two,
    ):
        clusters = {"cluster1": one.connection, "cluster2": two.connection}
        hosts = {
            name: {"ansible_host": where["hostname"], "akv_http_port": where["http_port"]}
            for name, where in clusters.items()
        }
        (folder / "simulators.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts}}), encoding="utf-8")
        authorities = [Path(where["ca_path"]).read_text(encoding="utf-8") for where in clusters.values()]
        (folder / "ontap-ca.pem").write_text("".join(authorities), encoding="utf-8")
        outputs = [run("bash", "-c", command, **here) for command in COMMANDS]
        assert INSTALL in COMMANDS
        assert [vault["svm"] for vault in one.vaults()] == ["payroll", "research"]
        assert [vault["svm"] for vault in two.vaults()] == ["finance"]
        assert two.secret_of(two.vaults()[0]["uuid"]) == SECRETS["secret_akv_finance_client_secret"]
        assert not [secret for secret in SECRETS.values() for output in outputs if secret in output]

        declared = folder / "host_vars" / "cluster2.yml"
        changed = declared.read_text(encoding="utf-8").replace("bbbbbbbb-cccc", "dddddddd-eeee")
        declared.write_text(changed, encoding="utf-8")
        output, code = attempt("ansible-playbook", "drift.yml", "--check", "--diff", **here)
        assert code == 2, output
        assert "1 of 1 AKV configurations on cluster2 differ from what is declared: finance." in " ".join(
            output.split()
        )
        assert two.vaults()[0]["client_id"].startswith("bbbbbbbb-cccc")
