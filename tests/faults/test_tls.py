# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""TLS and logins for real: each failure has its own sentence, is sent once and changes nothing."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import select
import socket
import ssl
import stat
import tempfile
import termios
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography.hazmat.primitives import serialization
from faults.catalogue import WHOLE
from faults.harness import run, start_program
from faults.in_process import play

from simulator import Simulator

HINTS = {
    "unknown CA": "Give the CA's certificate with ca_path.",
    "other-host": "is for another name. Set hostname to a name in the certificate.",
    "expired": "has expired. Renew it on the server.",
    "another CA": "ca_path does not contain it. Give the certificate of the root CA and of each intermediate CA",
    "self-signed": "ca_path does not contain it. Give the certificate of the root CA and of each intermediate CA",
    "no TLS": "does not speak TLS. Check http_port",
}


@pytest.fixture(scope="module")
def valid() -> Iterator[Simulator]:
    users = [{"name": "admin"}, {"name": "robot", "certificate": True}, {"name": "guest", "certificate": True}]
    with Simulator(scenario={"users": [*users[:2], {**users[2], "role": "none"}]}) as sim:
        yield sim


@pytest.fixture(scope="module")
def plain() -> Iterator[Simulator]:
    with Simulator(scenario={"tls": {"enabled": False}}) as sim:
        yield sim


def address(sim: Simulator) -> dict[str, Any]:
    """Where the cluster is, and no login."""
    return {name: sim.connection[name] for name in ("hostname", "http_port", "ca_path")}


def by_password(sim: Simulator) -> dict[str, Any]:
    return {**address(sim), "username": sim.connection["username"], "password": sim.connection["password"]}


def by_certificate(sim: Simulator, user: str = "robot") -> dict[str, Any]:
    return {**address(sim), **sim.connection["certificates"][user]}


def assert_refused_once(result: dict[str, Any], hint: str, tally: Counter[str]) -> None:
    assert result["failed"]
    assert hint in result["msg"]
    assert result["outcome"] == "unchanged"
    assert result["changed"] is False
    paths = [sent["path"] for sent in result["requests"]]
    assert len(paths) == len(set(paths)), "it cannot help to ask again"
    tally["outcome named"] += 1


# --- the cluster's certificate ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("certificate", ["other-host", "expired", "self-signed"])
def test_a_certificate_that_cannot_be_trusted(certificate: str, tally: Counter[str]) -> None:
    with Simulator(scenario={"tls": {"certificate": certificate}}) as sim:
        result = run("akv_config", **WHOLE, **sim.connection)
        assert_refused_once(result, HINTS[certificate], tally)
        assert sim.requests == []
        result = run("akv_config", **WHOLE, **{**sim.connection, "validate_certs": False, "ca_path": None})
        assert not result.get("failed"), result["msg"]
        assert "validate_certs: false sends the login and the secrets to any server" in json.dumps(result["warnings"])


def test_an_unknown_ca(valid: Simulator, tally: Counter[str]) -> None:
    seen = len(valid.requests)
    result = run("akv_info", **{**by_password(valid), "ca_path": None})
    assert_refused_once(result, HINTS["unknown CA"], tally)
    assert len(valid.requests) == seen


def test_another_ca(valid: Simulator, tmp_path: Path, tally: Counter[str]) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    assert_refused_once(run("akv_info", **{**by_password(valid), "ca_path": str(other)}), HINTS["another CA"], tally)


def test_no_tls_at_all(plain: Simulator, tally: Counter[str]) -> None:
    result = run("akv_info", **{**plain.connection, "ca_path": None})
    assert_refused_once(result, HINTS["no TLS"], tally)
    assert plain.requests == []


def test_http_works_with_a_warning(plain: Simulator, tally: Counter[str]) -> None:
    result = run("akv_info", **{**plain.connection, "ca_path": None, "https": False})
    assert not result.get("failed"), result["msg"]
    assert "https: false sends the login and the secrets unencrypted" in json.dumps(result["warnings"])
    tally["survived"] += 1


def test_http_to_a_cluster_with_tls(valid: Simulator, tally: Counter[str]) -> None:
    result = run("akv_info", **{**by_password(valid), "https": False, "retries": 0})
    assert result["failed"]
    assert result["outcome"] == "unchanged"
    tally["outcome named"] += 1


@pytest.mark.parametrize("content", ["", "no PEM\n", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_a_ca_path_without_certificates(valid: Simulator, tmp_path: Path, content: str, tally: Counter[str]) -> None:
    path = tmp_path / "ca.pem"
    path.write_text(content, encoding="utf-8")
    result = run("akv_info", **{**by_password(valid), "ca_path": str(path)})
    assert result["failed"]
    assert result["msg"].startswith("ca_path: ")
    assert result["requests"] == []
    tally["outcome named"] += 1


def test_the_task_wins_over_the_environment(valid: Simulator, tmp_path: Path, tally: Counter[str]) -> None:
    """Neither to refuse what ca_path trusts, nor to trust what no task has named."""
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    names = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
    for misleading in (str(other), "/nowhere"):
        result = run("akv_info", dict.fromkeys(names, misleading), **by_password(valid))
        assert not result.get("failed"), result["msg"]
    bundles = dict.fromkeys(names[:2], valid.connection["ca_path"])
    result = run("akv_info", bundles, **{**by_password(valid), "ca_path": None})
    assert_refused_once(result, HINTS["unknown CA"], tally)


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[tuple[dict[str, Any], ssl.SSLContext]]:
    """Where a server is that shakes hands and hangs up, and the context that says how."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(context)
    ca_path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_path))

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _address = listener.accept()
                with connection, contextlib.suppress(OSError):
                    context.wrap_socket(connection, server_side=True).close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        yield {"hostname": "127.0.0.1", "http_port": listener.getsockname()[1], "ca_path": str(ca_path)}, context
        listener.shutdown(socket.SHUT_RDWR)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_tls_before_1_2_is_not_spoken(strict: tuple[dict[str, Any], ssl.SSLContext], tally: Counter[str]) -> None:
    where, context = strict
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    result = run("akv_info", **where, username="admin", password="canary-Old8Q~word")
    assert_refused_once(result, "TLS 1.2 or later is required.", tally)


# --- logins -----------------------------------------------------------------------------------------------------------


def test_login_with_a_certificate(valid: Simulator, tally: Counter[str]) -> None:
    result = run("akv_config", **WHOLE, **by_certificate(valid))
    assert not result.get("failed"), result["msg"]
    assert result["operation"] == "create"
    tally["survived"] += 1


def test_certificate_and_key_in_one_file(valid: Simulator, tmp_path: Path, tally: Counter[str]) -> None:
    files = valid.connection["certificates"]["robot"]
    both = tmp_path / "both.pem"
    both.write_text("".join(Path(files[name]).read_text() for name in ("key_filepath", "cert_filepath")))
    result = run("akv_info", **address(valid), cert_filepath=str(both))
    assert not result.get("failed"), result["msg"]
    tally["survived"] += 1


def as_texts(files: dict[str, str]) -> dict[str, str]:
    return {"cert": Path(files["cert_filepath"]).read_text(), "key": Path(files["key_filepath"]).read_text()}


@pytest.mark.parametrize("in_memory", [True, False])
def test_certificate_and_key_as_texts(
    valid: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_memory: bool, tally: Counter[str]
) -> None:
    """No file is left; where memory cannot hold one, it is its owner's alone as long as it is there."""
    if not in_memory:
        monkeypatch.delattr(os, "memfd_create", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    seen = []
    load = ssl.SSLContext.load_cert_chain

    def noted(self: ssl.SSLContext, *arguments: Any, **more: Any) -> None:
        seen.extend(stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir())
        load(self, *arguments, **more)

    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", noted)
    files = valid.connection["certificates"]["robot"]
    texts = as_texts(files)
    for login in (
        texts,
        {"cert": texts["key"] + texts["cert"]},
        {"key": texts["key"], "cert_filepath": files["cert_filepath"]},
        {"cert": texts["cert"], "key_filepath": files["key_filepath"]},
    ):
        played = play("akv_info", {**address(valid), **login}, None)
        assert not played.failed, played.result["msg"]
        assert texts["key"].splitlines()[1] not in json.dumps(played.result)
    assert set(seen) == (set() if in_memory else {0o600})
    assert list(tmp_path.iterdir()) == []
    tally["survived"] += 1


def test_a_key_as_text_is_never_shown(valid: Simulator, tally: Counter[str]) -> None:
    texts = as_texts(valid.connection["certificates"]["robot"])
    lines = texts["key"].splitlines()[1:-1]
    for options, variables in (
        (texts, {}),
        ({"cert": texts["cert"]}, {"ONTAP_KEY": texts["key"]}),
        ({**texts, "unknown": 1}, {}),
        ({"key": texts["key"], "cert": "no PEM"}, {}),
    ):
        shown = json.dumps(run("akv_info", variables, **address(valid), **options))
        assert not [line for line in lines if line in shown]
    tally["survived"] += 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"key": "-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----\n"}, "cert, key: not a certificate"),
        ({"cert": "no PEM"}, "cert, key: not a certificate"),
        ({"key": None}, "cert: not a certificate"),
    ],
)
def test_texts_that_are_not_a_certificate_and_key(
    valid: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Any, message: str, tally: Counter[str]
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    texts = {**as_texts(valid.connection["certificates"]["robot"]), **change}
    played = play("akv_info", {**address(valid), **{name: text for name, text in texts.items() if text}}, None)
    assert played.result["msg"].startswith(message)
    assert "canary" not in json.dumps(played.result)
    assert played.result["requests"] == []
    assert list(tmp_path.iterdir()) == []
    tally["outcome named"] += 1


def test_a_certificate_of_a_user_without_rights(valid: Simulator, tally: Counter[str]) -> None:
    result = run("akv_info", **by_certificate(valid, "guest"))
    assert_refused_once(result, "role", tally)
    assert result["http_status"] == 403


@pytest.fixture
def stranger(tmp_path: Path) -> dict[str, str]:
    """A login by a certificate whose CA no cluster knows."""
    issued = trustme.CA().issue_cert("robot@example.com", common_name="robot")
    certificate, key = tmp_path / "robot.pem", tmp_path / "robot.key"
    issued.cert_chain_pems[0].write_to_path(str(certificate))
    issued.private_key_pem.write_to_path(str(key))
    return {"cert_filepath": str(certificate), "key_filepath": str(key)}


def test_a_certificate_of_another_ca(valid: Simulator, stranger: dict[str, str], tally: Counter[str]) -> None:
    """From TLS 1.3 on the refusal may be lost, for it comes when the request is sent already."""
    result = run("akv_info", **address(valid), **stranger, retries=0)
    assert result["failed"]
    assert "client certificate" in result["msg"]
    assert result["outcome"] == "unchanged"
    tally["outcome named"] += 1


def test_a_certificate_that_is_refused_in_the_handshake(
    strict: tuple[dict[str, Any], ssl.SSLContext], stranger: dict[str, str], tally: Counter[str]
) -> None:
    where, context = strict
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    assert_refused_once(run("akv_info", **where, **stranger), "client certificate", tally)


def test_a_key_of_another_certificate(valid: Simulator, tally: Counter[str]) -> None:
    login = {**by_certificate(valid), "key_filepath": valid.connection["certificates"]["guest"]["key_filepath"]}
    result = run("akv_info", **login)
    assert result["failed"]
    assert result["msg"].startswith("cert_filepath, key_filepath: ")
    assert result["requests"] == []
    tally["outcome named"] += 1


@pytest.mark.parametrize("where", ["key_filepath", "cert_filepath"])
@pytest.mark.parametrize("terminal", [True, False])
def test_a_key_with_a_passphrase_is_never_asked_for(
    valid: Simulator, tmp_path: Path, where: str, terminal: bool, tally: Counter[str]
) -> None:
    """Neither where somebody could answer, at a terminal, nor where nobody can: a forked worker would hang."""
    files = valid.connection["certificates"]["robot"]
    key = serialization.load_pem_private_key(Path(files["key_filepath"]).read_bytes(), None)
    locked = tmp_path / "locked.pem"
    locked.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"canary-Pass8Q~phrase"),
        )
        + Path(files["cert_filepath"]).read_bytes()
    )
    login = {**files, "key_filepath": str(locked)} if where == "key_filepath" else {"cert_filepath": str(locked)}
    result = json.loads(at_a_terminal(login | address(valid)) if terminal else closed(login | address(valid)))
    assert result["failed"]
    assert "has a passphrase" in result["msg"]
    assert result["requests"] == []
    tally["outcome named"] += 1


def closed(options: dict[str, Any]) -> str:
    """Run akv_info with no standard input and no terminal."""
    with start_program("akv_info", options, {}, stdin=None, preexec_fn=lambda: os.close(0)) as running:
        running.wait()
    return running.output


def at_a_terminal(options: dict[str, Any]) -> str:
    """Run akv_info at a terminal, at which nothing may be asked."""
    master, slave = pty.openpty()

    def control() -> None:
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

    with start_program("akv_info", options, {}, stdin=slave, preexec_fn=control) as running:
        os.close(slave)
        running.wait()
    try:
        assert not select.select([master], [], [], 0)[0] or read_rest(master) == b""
    finally:
        os.close(master)
    return running.output


def read_rest(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 1000)
    except OSError:
        return b""


def test_netrc_is_never_read(valid: Simulator, tmp_path: Path, tally: Counter[str]) -> None:
    """Its login would win over the certificate: the cluster takes a header where there is one, and refuses it."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login admin password wrong\ndefault login admin password wrong\n")
    netrc.chmod(0o600)
    (tmp_path / ".netrc").write_bytes(netrc.read_bytes())
    for variables in ({"NETRC": str(netrc)}, {"HOME": str(tmp_path)}):
        result = run("akv_info", variables, **by_certificate(valid))
        assert not result.get("failed"), result["msg"]
    tally["survived"] += 1


AWKWARD_PASSWORDS = [
    "with:colons:and:more",
    "p\xe4ssw\xf6rd\u20ac\U0001f511",
    " around ",
    "a\tb\nc",
    "\"'\\`$(x)",
    "%41+%20",
    "{{ password",
    "x" * 4000,
]


@pytest.fixture(scope="module")
def many_users() -> Iterator[Simulator]:
    users = [{"name": f"us\xe9r{number}", "password": word} for number, word in enumerate(AWKWARD_PASSWORDS)]
    with Simulator(scenario={"users": users}) as sim:
        yield sim


@pytest.mark.parametrize("number", range(len(AWKWARD_PASSWORDS)))
def test_an_awkward_password_logs_in(many_users: Simulator, number: int, tally: Counter[str]) -> None:
    login = {"username": f"us\xe9r{number}", "password": AWKWARD_PASSWORDS[number]}
    result = run("akv_info", **address(many_users), **login)
    assert not result.get("failed"), result["msg"]
    assert AWKWARD_PASSWORDS[number] not in json.dumps(result, ensure_ascii=False)
    tally["survived"] += 1


def test_a_wrong_password_is_sent_once(valid: Simulator, tally: Counter[str]) -> None:
    before = len(valid.requests)
    result = run("akv_info", **{**by_password(valid), "password": "canary-Wrong8Q~word"})
    assert_refused_once(result, "Check user, password and role.", tally)
    assert result["http_status"] == 401
    assert len(valid.requests) == before + 1


def test_a_user_with_a_colon_is_refused_before_anything_is_sent(valid: Simulator, tally: Counter[str]) -> None:
    """The cluster would read another user's name, and the rest as a part of the password."""
    result = run("akv_info", **{**by_password(valid), "username": "admin:x"})
    assert result["msg"].startswith("username: ")
    assert result["requests"] == []
    tally["outcome named"] += 1


def test_a_handshake_without_an_end(tally: Counter[str]) -> None:
    """The time limit holds for it too."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        login = {"hostname": "127.0.0.1", "http_port": port, "username": "admin", "password": "canary-Old8Q~word"}
        result = run("akv_info", **login, timeout=0.5, retries=0)
    assert "did not respond within 0.5 s" in result["msg"]
    tally["outcome named"] += 1
