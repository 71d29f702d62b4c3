# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets go to the cluster and nowhere else: canaries in each option that takes one, searched in all that is seen."""

from __future__ import annotations

import base64
import hashlib
import html
import io
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
import trustme
from ansible.module_utils.common.parameters import PASS_VARS
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12
from faults.catalogue import VAULTS, WHOLE
from faults.harness import Run, start_program
from faults.in_process import AWKWARD, examples
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.ontap.akv.plugins.module_utils._akv.scope import is_uuid
from ansible_collections.ontap.akv.plugins.module_utils._runtime.errors import InputError
from ansible_collections.ontap.akv.plugins.module_utils._runtime.texts import check_new_secret, check_no_placeholder
from simulator import Simulator

EXAMPLES = 80
RELEASE = "9.16.1"
NEEDS_PROC = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux has /proc")

PASSWORDS = [
    "canary-Login8Q~word",
    "canary:with:colons",
    "c\xe4nary-w\xf6rd\u20ac\U0001f511",
    " canary around ",
    "canary\tb\nc-and-more",
    "canary\"'\\`$(x)<&>",
    "canary%41+%20/?#",
    "c.*a|n[a]r(y)^$\\d+{8}",
    "vault.azure.net",
    "x" * 300 + "canary",
]
CANARIES = [
    *PASSWORDS,
    "https://kv1.vault.azure.net/",
    "kv1.vault.azure",
    "127.0.0.1:canary",
    "/api/security/azure-key-vaults",
    "00000000-0000-4000-8000-00000000cafe",
    "{{ canary_of_jinja }}",
    '{"canary": "in JSON"}',
    "canary" * 100,
]
secrets = st.sampled_from(CANARIES) | st.text(AWKWARD, min_size=12, max_size=40).filter(
    lambda text: len(text.strip()) >= 12 and set(text) != {"*"}
)


def forms(secret: str, user: str = "admin") -> dict[str, str]:
    """The forms in which a secret could be seen."""
    raw, stripped = secret.encode(), secret.strip()
    found = {
        "as it is": secret,
        "stripped": stripped,
        "in a URL": quote(raw, safe=""),
        "in a URL, lower case": quote(raw, safe="").lower(),
        "in a form": quote_plus(raw),
        "in a path": quote(raw),
        "in JSON": json.dumps(secret)[1:-1],
        "in readable JSON": json.dumps(secret, ensure_ascii=False)[1:-1],
        "in JSON in JSON": json.dumps(json.dumps(secret))[3:-3],
        "in Python": repr(secret)[1:-1],
        "in HTML": html.escape(secret),
        "in base64": base64.b64encode(raw).decode().rstrip("="),
        "in base64 of a URL": base64.urlsafe_b64encode(raw).decode().rstrip("="),
        "in a Basic header": base64.b64encode(f"{user}:{secret}".encode()).decode().rstrip("="),
        "hashed": hashlib.sha256(raw).hexdigest(),
        "in hex": raw.hex(),
    }
    return {how: form for how, form in found.items() if len(form) >= 8}


def is_refused(option: str, secret: str) -> bool:
    """Say whether a new secret is refused before it is sent, whatever the cluster would answer."""
    try:
        check_no_placeholder(option, secret)
        check_new_secret(option, secret, spaces=option == "proxy_password")
    except InputError:
        return True
    return is_uuid(secret) and option == "client_secret"


def texts_of(value: Any) -> Iterator[str]:
    """All texts of a result, the names in it included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from texts_of(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts_of(item)


def assert_kept(secret: str, output: str, log: str, user: str = "admin") -> dict[str, Any]:
    """No form of a secret is in what a module printed or what the cluster logged; gives the module's result."""
    result: dict[str, Any] = json.loads(output)
    reported = [output, *texts_of(result)]
    for how, form in forms(secret, user).items():
        assert not any(form in text for text in reported), how
        assert form not in log or form in VAULTS, f"{how}, in the cluster's log"
    # Of what a server wrote, not even a part.
    error = result.get("error") or {}
    sentences = [str(error.get("message")), str(error.get("arguments")), str(error.get("target"))]
    for start in range(len(secret) - 9):
        part = secret[start : start + 10]
        assert not any(part in sentence for sentence in sentences if set(part) != {"*"}), "in part"
    return result


class Cluster:
    """A cluster whose log is read, and from which all is removed between two tries."""

    def __init__(self) -> None:
        self.log = io.StringIO()
        users = [{"name": f"user{number}", "password": word} for number, word in enumerate(PASSWORDS)]
        self.sim = Simulator(
            release=RELEASE, scenario={"jobs": {"queued": 0, "running": 0}, "users": users}, log=self.log
        )

    def login(self, number: int) -> dict[str, Any]:
        where = {name: self.sim.connection[name] for name in ("hostname", "http_port", "ca_path")}
        return {
            **where,
            "username": f"user{number}",
            "password": PASSWORDS[number],
            "timeout": 1.0,
            "retries": 1,
            **SHOWN,
        }

    def clear(self) -> None:
        self.sim.apply([{"clear_faults": {}}])
        for vault in self.sim.vaults():
            self.sim.apply([{"delete_vault": {"svm": vault["svm"]}}])
        self.log.seek(0)
        self.log.truncate()

    def strike(self, method: str, **fault: Any) -> None:
        self.sim.apply([{"add_fault": {"match": {"method": method, "path": f"{VAULTS}*", "times": 0}, **fault}}])


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    made = Cluster()
    with made.sim:
        yield made


# As much as there is to show. Before 2.19 the options are always in a result.
SHOWN = {"_ansible_verbosity": 4, "_ansible_diff": True}
if "inject_invocation" in PASS_VARS:
    SHOWN["_ansible_inject_invocation"] = True
# Ours, and that of Ansible before 2.19, which masks the options itself.
MASKS = ("********", "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER")
ENCODINGS = ("plain", "base64", "url", "json")
STORIES: dict[str, tuple[str, dict[str, Any]]] = {
    "success": ("GET", {}),
    "refused": ("POST", {"error": {"code": 65537504, "status": 500}}),
    "refused, in other words": ("POST", {"http": {"status": 418}}),
    "not allowed": ("POST", {"error": {"code": 6, "status": 403}}),
    "login refused": ("GET", {"error": {"code": 6691623, "status": 401}}),
    "busy": ("POST", {"error": {"code": 7, "status": 503, "retry_after": 9999}}),
    **{f"echoed in an error, {how}": ("POST", {"echo": {"where": "error", "encoding": how}}) for how in ENCODINGS},
    **{f"echoed in a record, {how}": ("GET", {"echo": {"where": "record", "encoding": how}}) for how in ENCODINGS},
    **{f"password echoed, {how}": ("GET", {"reported": how}) for how in [*forms(PASSWORDS[0]), "in part"]},
}
SLOW: dict[str, tuple[str, dict[str, Any]]] = {
    "time-out": ("POST", {"timeout": {"seconds": 3, "when": "after"}}),
    "reset": ("POST", {"reset": {"when": "after"}}),
    "half an answer": ("POST", {"half": {}}),
    "a proxy's page": ("POST", {"html": {"status": 502}}),
    "truncated": ("GET", {"mangle": {"how": "truncated"}}),
    "of wrong types": ("GET", {"mangle": {"how": "wrong_types"}}),
    "a redirect": ("GET", {"redirect": {"to": "https://127.0.0.1:1/"}}),
}
PROXY = {"proxy_type": "http", "proxy_host": "proxy.example.com", "proxy_port": 8080, "proxy_username": "user"}


def tell(
    cluster: Cluster, story: tuple[str, dict[str, Any]], number: int, one: str, other: str, **more: Any
) -> dict[str, Any]:
    """Create an AKV configuration with two secrets, and a login with a third; what comes of it shows none."""
    cluster.clear()
    method, fault = story
    if "reported" in fault:
        reported = {**forms(PASSWORDS[number], f"user{number}"), "in part": PASSWORDS[number][2:14]}[fault["reported"]]
        fault = {
            "error": {
                "code": 4,
                "message": f"Bad login: {reported}.",
                "arguments": [reported, f"x{reported}x"],
                "target": reported,
            }
        }
    if fault:
        cluster.strike(method, **fault)
    options = {**WHOLE, **PROXY, "client_secret": one, "proxy_password": other, "wait_timeout": 3}
    output = Run("akv_config", **options, **{**cluster.login(number), **more}).output()
    result: dict[str, Any] = {}
    for secret in (one, other, PASSWORDS[number]):
        result = assert_kept(secret, output, cluster.log.getvalue(), f"user{number}")
    assert result["invocation"]["module_args"]["password"] in MASKS
    return result


def test_no_canary_is_seen(cluster: Cluster, tally: Counter[str]) -> None:
    tally["tried"] = 0

    @examples(EXAMPLES)
    @given(st.sampled_from(sorted(STORIES)), st.integers(0, len(PASSWORDS) - 1), secrets, secrets)
    def plant(story: str, number: int, one: str, other: str) -> None:
        result = tell(cluster, STORIES[story], number, one, other)
        refused = is_refused("client_secret", one) or is_refused("proxy_password", other)
        assert bool(result.get("failed")) == (story not in HARMLESS or refused)
        tally["tried"] += 1
        tally["outcome named" if result.get("failed") else "survived"] += 1

    plant()


HARMLESS = {"success", *(f"echoed in a record, {how}" for how in ENCODINGS)}


@pytest.mark.parametrize("story", SLOW)
def test_no_canary_is_seen_when_answers_are_lost(story: str, tally: Counter[str]) -> None:
    """On a cluster of its own: it may act on a request that the module has given up already."""
    with (cluster := Cluster()).sim:
        result = tell(cluster, SLOW[story], 5, CANARIES[5] + "1", CANARIES[7] + "2", timeout=1.0)
    tally["outcome named" if result.get("failed") else "survived"] += 1


@pytest.mark.parametrize("number", range(len(PASSWORDS)))
def test_a_wrong_password_is_not_seen(cluster: Cluster, number: int, tally: Counter[str]) -> None:
    cluster.clear()
    wrong = f"{PASSWORDS[number]}-wrong"
    output = Run("akv_info", **{**cluster.login(number), "password": wrong}).output()
    result = assert_kept(wrong, output, cluster.log.getvalue(), f"user{number}")
    assert result["http_status"] == 401
    tally["outcome named"] += 1


def certificate(name: str) -> bytes:
    """A PKCS#12 file as ONTAP wants it."""
    issued = trustme.CA().issue_cert(name, key_type=trustme.KeyType.RSA)
    key = serialization.load_pem_private_key(issued.private_key_pem.bytes(), None)
    own = x509.load_pem_x509_certificate(issued.cert_chain_pems[0].bytes())
    return pkcs12.serialize_key_and_certificates(None, key, own, None, serialization.NoEncryption())  # type: ignore[arg-type]


@pytest.mark.parametrize("story", ["success", *(f"echoed in an error, {how}" for how in ENCODINGS)])
@pytest.mark.parametrize("option", ["client_certificate", "client_certificate_path"])
def test_a_client_certificate_is_not_seen(
    cluster: Cluster, story: str, option: str, tmp_path: Path, tally: Counter[str]
) -> None:
    cluster.clear()
    method, fault = STORIES[story]
    if fault:
        cluster.strike(method, **fault)
    content = certificate("application.example.com")
    encoded = base64.b64encode(content).decode()
    path = tmp_path / "application.p12"
    path.write_bytes(content)
    options = {name: value for name, value in WHOLE.items() if name != "client_secret"}
    options[option] = encoded if option == "client_certificate" else str(path)
    output = Run("akv_config", **options, **cluster.login(0)).output()
    result = assert_kept(encoded, output, cluster.log.getvalue())
    assert bool(result.get("failed")) == (story != "success"), result["msg"]
    assert content.hex() not in output
    assert not any(encoded[start : start + 40] in output for start in range(0, len(encoded) - 40, 20))
    tally["survived"] += 1


@pytest.mark.parametrize("wrong", ["canary, no base64!", base64.b64encode(b"canary, but no PKCS#12").decode()])
def test_an_invalid_certificate_is_not_seen(cluster: Cluster, wrong: str, tmp_path: Path, tally: Counter[str]) -> None:
    cluster.clear()
    options = {name: value for name, value in WHOLE.items() if name != "client_secret"}
    output = Run("akv_config", **options, client_certificate=wrong, **cluster.login(0)).output()
    result = assert_kept(wrong, output, cluster.log.getvalue())
    assert result["msg"].startswith("client_certificate: ")
    tally["outcome named"] += 1


@pytest.mark.parametrize("secret", ["a", "x1", "vault", "secret", "POST"])
def test_a_short_secret_leaves_the_result_readable(cluster: Cluster, secret: str, tally: Counter[str]) -> None:
    """It is masked where it stands alone, and its options always are: anywhere else it would ruin every word."""
    cluster.clear()
    created = json.loads(Run("akv_config", **{**WHOLE, "client_secret": secret}, **cluster.login(0)).output())
    assert created["operation"] == "create"
    assert created["msg"].startswith("The ")
    assert created["vault"]["name"].startswith("https://kv1.")
    assert created["invocation"]["module_args"]["client_secret"] in MASKS
    cluster.clear()
    cluster.strike("POST", echo={"where": "error"})
    echoed = json.loads(Run("akv_config", **{**WHOLE, "client_secret": secret}, **cluster.login(0)).output())
    assert f'The value "{secret}"' not in echoed["msg"]
    assert f'The value "{secret}"' not in echoed["error"]["message"]
    tally["outcome named"] += 1


# --- around the module ------------------------------------------------------------------------------------------------


@NEEDS_PROC
def test_processes_and_files_show_no_canary(cluster: Cluster, tmp_path: Path, tally: Counter[str]) -> None:
    """While the module runs: its arguments, its environment, its children, its files; and what it leaves behind."""
    cluster.clear()
    cluster.strike("POST", latency={"seconds": 1.5})
    folder = tmp_path / "temporary"
    folder.mkdir()
    secret, login = "canary-Old8Q~secret", cluster.login(0)
    places = {"TMPDIR": str(folder), "HOME": str(tmp_path)}
    with start_program("akv_config", {**WHOLE, "client_secret": secret, **login}, places) as running:
        running.wait_until(lambda: any(seen["faults"] for seen in cluster.sim.requests[-1:]))
        proc = Path("/proc") / str(running.pid)
        for name in ("cmdline", "environ"):
            shown = (proc / name).read_bytes().decode()
            assert places["HOME"] in shown or name == "cmdline"
            assert secret not in shown
            assert login["password"] not in shown
        assert (proc / "task" / str(running.pid) / "children").read_text() == ""
        opened = [str(link.readlink()) for link in (proc / "fd").iterdir()]
        assert not any(path.startswith(str(tmp_path)) for path in opened)
        running.wait()
    assert_kept(secret, running.output, cluster.log.getvalue())
    assert [path.name for path in tmp_path.rglob("*")] == ["temporary"]
    tally["survived"] += 1


def test_a_killed_module_leaves_no_file(cluster: Cluster, tmp_path: Path, tally: Counter[str]) -> None:
    cluster.clear()
    cluster.strike("POST", latency={"seconds": 1})
    # An SVM of its own: what an earlier test began may still come to vs0.
    options = {**WHOLE, "svm": "vs1", **cluster.login(0)}
    with start_program("akv_config", options, {"TMPDIR": str(tmp_path), "HOME": str(tmp_path)}) as running:
        running.wait_until(lambda: any(seen["faults"] for seen in cluster.sim.requests[-1:]))
    assert list(tmp_path.rglob("*")) == []
    tally["survived"] += 1


def test_a_password_of_the_environment_is_kept_too(cluster: Cluster, tally: Counter[str]) -> None:
    cluster.clear()
    cluster.strike("GET", echo={"where": "error"})
    login = cluster.login(0)
    secret = login.pop("password")
    with start_program("akv_info", login, {"ONTAP_PASSWORD": secret}) as running:
        running.wait()
    result = assert_kept(secret, running.output, "", "user0")
    assert result["failed"]
    assert result["invocation"]["module_args"]["password"] in MASKS
    tally["outcome named"] += 1
