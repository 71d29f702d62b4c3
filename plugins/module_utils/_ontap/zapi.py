# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""Which release runs where there is no REST API: asked for over ZAPI, ONTAP's old interface, with netapp-lib.

netapp-lib is optional: without it the failure says how to get the answer. Imported only when REST does not answer.
"""

from __future__ import annotations

import io
import re
import typing as t
from dataclasses import replace
from urllib.request import Request

from ansible_collections.ontap.akv.plugins.module_utils._akv import releases
from ansible_collections.ontap.akv.plugins.module_utils._http.transport import Transport
from ansible_collections.ontap.akv.plugins.module_utils._ontap.connection import Connection

try:
    from netapp_lib.api.zapi import zapi  # type: ignore[import-untyped,import-not-found,unused-ignore]

    HAS_NETAPP_LIB = True
except ImportError:
    HAS_NETAPP_LIB = False

# The declarations before ONTAP's answer. Its own document type is one that nothing needs to be read of.
_PROLOG = re.compile(
    rb"""\s*(?:<\?xml version=(['"])1\.0\1 encoding=(['"])UTF-8\2\s*\?>)?"""
    rb"""\s*(?:<!DOCTYPE netapp SYSTEM 'file:/etc/netapp_gx\.dtd'>)?\s*(?=<[a-z])""",
    re.IGNORECASE,
)

_TIMEOUT = 10  # seconds: this only completes a sentence


def why_no_rest(connection: Connection, answers: bool) -> str:
    """Say which release a cluster runs that has no REST API; empty where it does not report that either.

    :param answers: something answers there, if only with 404
    """
    if not HAS_NETAPP_LIB:
        hint = " With netapp-lib installed with requests, this error names the release that the cluster runs."
        return hint if answers else ""
    if connection.username is None:
        return ""  # netapp-lib logs in with a password alone
    try:
        answer = _server(connection).invoke_successfully(zapi.NaElement("system-get-version"))
        version = answer.get_child_by_name("version-tuple").get_child_by_name("system-version-tuple")
        generation, major, minor = (int(version.get_child_content(part)) for part in ("generation", "major", "minor"))
    except Exception:  # pylint: disable=broad-except  # whatever goes wrong here, the first failure is what counts
        return ""
    release = releases.Release((generation, major, minor))
    if release.within(releases.RELEASES[0]):
        return f" It runs ONTAP {release}, so its REST API must be off (see: vserver services web show)."
    return f" It runs ONTAP {release}: azure-key-vaults needs {releases.RELEASES[0]}."


def without_declarations(content: bytes) -> bytes:
    """Take the declarations off an XML document in UTF-8, so that no parser acts on them.

    :raises ValueError: it declares another document type than ONTAP's own, or another encoding
    """
    prolog = _PROLOG.match(content)
    if prolog is None or b"<!DOCTYPE" in content[prolog.end() :] or b"\0" in content:
        raise ValueError("the response does not begin as ZAPI of ONTAP does")
    return content[prolog.end() :]


def _server(connection: Connection) -> t.Any:
    """Make netapp-lib's client, with the trust, login, proxy and limits of the transport instead of urllib's."""
    transport = Transport(replace(connection.endpoint(), timeout=min(connection.timeout, _TIMEOUT)))

    class Opener:
        def open(self, request: Request, timeout: float | None = None) -> io.BytesIO:
            headers = {"Content-Type": "text/xml"}
            content = transport.send("POST", request.selector, request.data, headers=headers).content
            return io.BytesIO(without_declarations(content))

    class Server(zapi.NaServer):  # type: ignore[misc]
        def _build_opener(self) -> None:
            self._opener = Opener()

    server = Server(connection.hostname, username=connection.username, password=connection.password)
    server.set_api_version(1, 0)
    return server
