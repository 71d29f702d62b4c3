# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules that speak to Azure, by ansible-playbook: their examples, their secrets, and both ways to run them."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from integration.canaries import Canary
from integration.certificates import make_pkcs12
from integration.examples import of_module
from integration.running import ROOT, WAYS, Ansible, Values, play

from simulator import Simulator

KEY = "https://mykeyvault.vault.azure.net/keys/key1"
CLIENT, GRAPH_READER = "client1", "reader1"
SECRET, READER_SECRET = Canary("*~with.all-that_Azure+makes/"), Canary()


def certificate_of(pkcs12: str) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12

    found = load_pkcs12(base64.b64decode(pkcs12), None).cert
    assert found is not None
    return found.certificate.public_bytes(Encoding.PEM).decode()


@contextmanager
def azure(pkcs12: str) -> Iterator[tuple[Simulator, Values, io.StringIO]]:
    """An Azure, the defaults that lead to it, and its log."""
    application = {
        "client_id": CLIENT,
        "tenant_id": "tenant1",
        "secrets": [{"value": SECRET.secret, "expires": "+90d"}],
    }
    reader = {"client_id": GRAPH_READER, "tenant_id": "tenant1", "secrets": [READER_SECRET.secret]}
    declared = {
        "applications": [
            {**application, "certificates": [certificate_of(pkcs12)]},
            {**reader, "graph": ["Application.Read.All"]},
        ],
        "keys": [{"key_id": KEY}],
    }
    log = io.StringIO()
    with Simulator(scenario={"azure": declared}, azure=True, log=log) as sim:
        where = sim.connection["azure"]
        defaults = {name: where[name] for name in ("authority", "graph_url", "ca_path")}
        yield sim, {"group/ontap.akv.azure": {**defaults, "retries": 0}}, log


@pytest.fixture(scope="module")
def pkcs12() -> str:
    return make_pkcs12()


@pytest.fixture(scope="module")
def variables(ansible: Ansible, pkcs12: str) -> Path:
    """A file with what is the reader's own."""
    (ansible.home / "ontap.p12").write_bytes(base64.b64decode(pkcs12))
    return ansible.write(
        "azure-variables.yml",
        {
            "tenant_id": "tenant1",
            "client_id": CLIENT,
            "new_client_secret": SECRET.secret,
            "graph_client_id": GRAPH_READER,
            "graph_client_secret": READER_SECRET.secret,
            "ontap_client_ids": [CLIENT],
            "wrong_secret": Canary().secret,
            "pkcs12": pkcs12,
        },
    )


@pytest.mark.parametrize("module", ["akv_key_info", "entra_app_info"])
def test_examples(module: str, ansible: Ansible, variables: Path, pkcs12: str) -> None:
    tasks = of_module(ROOT / "plugins" / "modules" / f"{module}.py").plays
    with azure(pkcs12) as (sim, defaults, _log):
        if module == "akv_key_info":
            defaults["ontap.akv.akv_key_info"] = {"vault_url": sim.connection["azure"]["vault_url"]}
        text = yaml.safe_dump([play(tasks, module_defaults=defaults)], sort_keys=False)
        text = text.replace("/secure/ontap.p12", str(ansible.home / "ontap.p12"))
        playbook = ansible.write(f"{module}-examples.yml", text)
        ansible.play(playbook, "-e", f"@{variables}").check()


@pytest.mark.parametrize("way", WAYS)
def test_no_secret_and_no_token_is_shown(way: str, ansible: Ansible, variables: Path, pkcs12: str) -> None:
    login: Values = {"tenant_id": "tenant1", "client_id": CLIENT}
    key = {"key_id": KEY, "credential_expires": "{{ '2099-03-31' }}"}
    given: list[tuple[str, Values]] = [
        ("akv_key_info", {**login, **key, "client_secret": "{{ new_client_secret }}"}),
        ("akv_key_info", {**login, "key_id": KEY, "client_secret": "{{ new_client_secret }}", "crypto": False}),
        ("akv_key_info", {**login, **key, "client_certificate": "{{ pkcs12 }}"}),
        ("akv_key_info", {**login, **key, "client_secret": "{{ wrong_secret }}"}),
        ("akv_key_info", {**login, **key, "client_secret": "{{ new_client_secret }}", "tenant_id": "tenant2"}),
        ("akv_key_info", {**login, "key_id": "key1", "client_secret": "{{ new_client_secret }}"}),
        ("entra_app_info", {**login, "client_secret": "{{ new_client_secret }}"}),
        ("entra_app_info", {**login, "client_id": GRAPH_READER, "client_secret": "{{ graph_client_secret }}"}),
    ]
    tasks: list[Values] = [
        {"name": str(number), f"ontap.akv.{module}": options, "register": "reported", "ignore_errors": True}
        for number, (module, options) in enumerate(given)
    ]
    with azure(pkcs12) as (sim, defaults, log):
        defaults["ontap.akv.akv_key_info"] = {"vault_url": sim.connection["azure"]["vault_url"]}
        playbook = ansible.write("azure-playbook.yml", [play(tasks, module_defaults=defaults)])
        arguments = ("-vvvv", "--diff", "-e", f"@{variables}")
        # The modules only read: check mode is Ansible's own, and the same for both ways.
        modes = ([], ["--check"]) if way == "in process" else ([],)
        runs = [ansible.play(playbook, *arguments, *more, **WAYS[way]).check() for more in modes]
        logged = log.getvalue() + json.dumps(sim.azure_requests)
        tokens = sim.tokens
    for run in runs:
        ready = [task.result.get("ready") for task in run.tasks]
        assert ready == [True, True, True, False, False, None, None, None], run.output
        assert [task.status for task in run.tasks] == ["ok"] * 5 + ["ignored"] * 2 + ["ok"]
        text = run.output + logged
        assert "Bearer " not in text
        assert "client_assertion" not in text
        assert not [token for token in tokens if token[:40] in text]
        assert not [part for part in (pkcs12[100:140], "eyJ") if part in text]
        assert [canary.found_in(text.encode()) for canary in (SECRET, READER_SECRET)] == [None, None]
    assert len(tokens) > 3 * len(modes)


def test_an_unquoted_date(ansible: Ansible, variables: Path, pkcs12: str) -> None:
    text = """
- hosts: localhost
  gather_facts: false
  vars: {{ansible_python_interpreter: "{{{{ ansible_playbook_python }}}}", dates: {{client1: 2099-03-31}}}}
  module_defaults: {defaults}
  tasks:
    - name: Read
      ontap.akv.akv_key_info:
        tenant_id: tenant1
        client_id: client1
        client_secret: "{{{{ new_client_secret }}}}"
        key_id: {key}
        credential_expires: "{{{{ dates.client1 }}}}"
    - name: Read again
      ontap.akv.akv_key_info:
        tenant_id: tenant1
        client_id: client1
        client_secret: "{{{{ new_client_secret }}}}"
        key_id: {key}
        credential_expires: 2099-03-31
"""
    with azure(pkcs12) as (sim, defaults, _log):
        defaults["ontap.akv.akv_key_info"] = {"vault_url": sim.connection["azure"]["vault_url"]}
        playbook = ansible.write("dates.yml", text.format(defaults=json.dumps(defaults), key=KEY))
        run = ansible.play(playbook, "-e", f"@{variables}").check()
    assert [task.result["credential"]["expires_at"] for task in run.tasks] == ["2099-03-31", "2099-03-31"]


def test_a_loop_reuses_connections(ansible: Ansible, variables: Path, pkcs12: str) -> None:
    task: Values = {
        "name": "Read",
        "ontap.akv.akv_key_info": {
            "tenant_id": "tenant1",
            "client_id": CLIENT,
            "client_secret": "{{ new_client_secret }}",
            "key_id": KEY,
        },
        "loop": [1, 2, 3],
    }
    with azure(pkcs12) as (sim, defaults, _log):
        defaults["ontap.akv.akv_key_info"] = {"vault_url": sim.connection["azure"]["vault_url"]}
        playbook = ansible.write("loop.yml", [play([task], module_defaults=defaults)])
        run = ansible.play(playbook, "-e", f"@{variables}").check()
    assert [item["ready"] for item in run["Read"]["results"]] == [True] * 3
