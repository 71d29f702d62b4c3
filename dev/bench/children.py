# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is measured in a Python process of its own: ``python children.py NAME FILE``.

The file holds the simulated clusters and the contender's variables. Each function imports what its own measure is
about and no more, and returns its own figures; the peak of memory is added, and the others are measured from outside.
"""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import redirect_stdout
from datetime import datetime, timezone
from importlib import import_module
from pathlib import Path
from typing import Any

Values = dict[str, Any]
SCOPES = ("https://vault.azure.net/.default", "https://graph.microsoft.com/.default")
TEXT = "c2VjcmV0"


def replay(world: Values, requests: list[Values]) -> Values:
    """Send requests again in one bare session: the lower bound; without any, that of the memory."""
    session = import_module("requests").Session()
    session.trust_env = False
    azure, login = world["azure"], world["login"]
    session.verify = (azure or login)["ca_path"]
    session.auth = None if azure else (login["username"], login["password"])
    base = azure["authority"] if azure else f"https://{login['hostname']}:{login['http_port']}"
    value, began = TEXT, time.monotonic()
    for one, following in zip(requests, [*requests[1:], *requests[-1:]]):
        # What is asked next says for which service a token is.
        form = {"grant_type": "client_credentials", "scope": SCOPES["/v1.0/" in following["path"]], **world["form"]}
        of_key = {"json": {"alg": "RSA-OAEP-256", "value": value}} if one["method"] == "POST" else {}
        body = {"data": form} if one["path"].endswith("/token") else of_key
        record = session.request(one["method"], f"{base}{one['path']}?{one['query']}", timeout=60, **body).json()
        value = record["value"] if isinstance(record.get("value"), str) else value
        if "access_token" in record:
            session.headers["Authorization"] = f"Bearer {record['access_token']}"
    return {"task": time.monotonic() - began}


def module(world: Values, **task: Values) -> Values:
    """Run a module of the collection, without Ansible around it."""
    name, options = next(iter(task.items()))
    main = _ours(f"modules.{name.rpartition('.')[2]}").main
    given = import_module("ansible.module_utils.testing").patch_module_args({**world["login"], **options})
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stdout(nowhere), given:
        try:
            main()
        except SystemExit as end:
            if end.code not in (None, 0):
                raise
    return {}


def soak(world: Values, looks: int) -> Values:
    """Watch the canary of a rotation for so many looks, by a clock that does not wait."""
    use_case, clock = _ours("module_utils._use_cases.credential"), _Clock(looks)
    given = {**world["login"], "client_id": world["form"]["client_id"], "wait_timeout": 10000}
    before = _result(use_case, {**given, "client_secret": "another-secret"}, True)["before"]
    use_case.time = clock
    watch = {"stage": "watch", "before": before, "configuration_uuid": before[0]["uuid"]}
    _result(use_case, {**given, **watch, "soak": looks, "soak_interval": 1}, False)
    return clock.gained()


def events(world: Values, looks: int) -> Values:
    """Look at a twentieth as many clusters as the event source akv_health does, so many times together."""
    watching, health = (_ours(f"plugin_utils.{name}") for name in ("_watching", "_health_events"))
    clusters = [{"name": f"cluster{number}"} for number in range(looks // 20)]
    options = watching.read_options("akv_health", {**world["login"], "clusters": clusters}, {}, lambda _params: None)
    look, clock = health.look_for({}), _Clock(looks)
    watched = [watching.Watched(*cluster) for cluster in options.clusters.items()]
    for number in range(looks):
        result, _events = look(watched[number % len(watched)], options)
        if result["failed"]:
            raise RuntimeError(result["msg"])
        clock.sleep(1)
    return clock.gained()


def html(_world: Values, clusters: int) -> Values:
    """Write the report on clusters, each with 5 AKV configurations that take much room in it."""
    report, files = _ours("module_utils._akv.report"), _ours("plugin_utils._report.files")
    about, ends = report.About(datetime.now(timezone.utc)), report.Ends.read(None, None)
    diagnosis = {"cause": "credential_expired", "evidence": ["AADSTS7000222"], "advice": "Rotate the credential."}
    vault = {"verdict": "unavailable", "available": False, "reasons": ["AADSTS7000222"], "diagnosis": diagnosis}
    vault.update(name="https://kv1.vault.azure.net/", key_id="https://kv1.vault.azure.net/keys/k", client_id="app1")
    vaults = [{"svm": {"name": f"tenant{number}"}, "uuid": str(number), **vault} for number in range(5)]
    result = {"vaults": vaults, "summary": {"total": 5, "unavailable": 5}, "msg": "5 AKV configurations."}
    began = time.monotonic()
    made = {f"cluster{n}": report.cluster(report.reading(result), ends, about.now) for n in range(clusters)}
    content = files.make(made, about, ["html"], Path(os.devnull))["report.html"]
    return {"task": time.monotonic() - began, "size": len(content.encode()) / 1e6}


def microsoft(world: Values) -> Values:
    """Do the checks of akv_key_info with Microsoft's clients, in an environment that has them."""
    request = import_module("azure.core.rest").HttpRequest
    azure, form = world["azure"], world["form"]
    where = {"connection_verify": azure["ca_path"], "retry_total": 0}
    login = (world["tenant"], form["client_id"], form["client_secret"])
    credential = import_module("azure.identity").ClientSecretCredential(
        *login, authority=azure["authority"], disable_instance_discovery=True, **where
    )
    client = import_module("azure.keyvault.keys").KeyClient(
        azure["vault_url"], credential, verify_challenge_resource=False, **where
    )
    version, value = client.get_key("key1").properties.version, TEXT
    for operation in ("wrapkey", "unwrapkey", "encrypt", "decrypt"):
        body = {"alg": "RSA-OAEP-256", "value": value}
        value = client.send_request(request("POST", f"/keys/key1/{version}/{operation}", json=body)).json()["value"]
    list(client.list_properties_of_key_versions("key1"))
    client.get_key_rotation_policy("key1")
    bearer = {"Authorization": f"Bearer {credential.get_token(SCOPES[1]).token}"}
    url = f"{azure['graph_url']}/v1.0/applications(appId='{form['client_id']}')"
    client.send_request(request("GET", url, headers=bearer))
    return {}


class _Clock:
    """A clock that each look advances, and the memory that was gained after a tenth of the looks."""

    def __init__(self, looks: int) -> None:
        self._after, self._seconds, self._first = looks // 10, 0.0, 0.0

    def monotonic(self) -> float:
        return self._seconds

    def sleep(self, seconds: float) -> None:
        self._seconds += seconds
        if self._seconds >= self._after and not self._first:
            self._first = _peak()

    def gained(self) -> Values:
        return {"memory": _peak() - self._first}


def _peak() -> float:
    """Read the most memory that this process had, in MB; Linux alone says it of this process, not of its parent."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _ours(name: str) -> Any:
    return import_module(f"ansible_collections.ontap.akv.plugins.{name}")


def _result(use_case: Any, options: Values, check_mode: bool) -> Values:
    entry = _ours("module_utils._use_cases.ontap_entry")
    spec = {**entry.ARGUMENT_SPEC, **use_case.ARGUMENT_SPEC}
    checked = import_module("ansible.module_utils.common.arg_spec").ArgumentSpecValidator(spec).validate(options)
    result: Values = entry.execute(checked.validated_parameters, check_mode, use_case.run)[0]
    if result["failed"]:
        raise RuntimeError(result["msg"])
    return result


if __name__ == "__main__":
    file = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    found = globals()[sys.argv[1]](file["world"], **file["variables"])
    print(json.dumps({"memory": _peak(), **found}))
