# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""One HTTP session to one cluster: TLS, login, proxies, and a time limit that holds for the whole answer.

All that is particular to ``requests`` lives here. What the task declares wins over the environment: REQUESTS_CA_BUNDLE,
netrc and the like are not read; the environment's proxies are, unless ``use_proxy`` is false.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import ssl
import threading
import traceback
import typing as t
from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass_environment  # type: ignore[attr-defined]

from ansible_collections.ontap.akv.plugins.module_utils._http.retry import LOST, REFUSED, RESOLVE, TRUST
from ansible_collections.ontap.akv.plugins.module_utils._ontap.connection import Connection
from ansible_collections.ontap.akv.plugins.module_utils._runtime.errors import InputError

try:
    import requests
    from requests.adapters import HTTPAdapter
    from requests.auth import HTTPBasicAuth
    from urllib3 import __version__ as urllib3_version  # type: ignore[attr-defined]
    from urllib3 import disable_warnings
    from urllib3.connection import HTTPConnection, HTTPSConnection
    from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
    from urllib3.exceptions import HTTPError, InsecureRequestWarning, LocationValueError
    from urllib3.util.ssl_ import create_urllib3_context

    REQUESTS_IMPORT_ERROR = None
except ImportError:
    REQUESTS_IMPORT_ERROR = traceback.format_exc()
    HTTPAdapter = HTTPConnection = HTTPSConnection = object  # type: ignore[assignment,misc]
    HTTPConnectionPool = HTTPSConnectionPool = object  # type: ignore[assignment,misc]

VERSION = "0.1.0"
"""The collection's, as in galaxy.yml."""

MAX_ANSWER = 16 * 1024 * 1024
"""Bytes; a page of 10,000 vaults is below 10 MB."""

_CHUNK = 64 * 1024


class Fault(Exception):
    """No answer that could be read.

    :param kind: how far the request got, one of the faults of `retry`
    :param reason: what happened, and what to do about it
    """

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason


class Answer(t.NamedTuple):
    """An HTTP answer, read to its end."""

    status: int
    headers: t.Mapping[str, str]
    content: bytes


class _Tracked:
    """A connection that tells its adapter which socket it uses, so that a time limit can end it."""

    adapter: _Adapter
    sock: socket.socket

    def connect(self) -> None:
        """Connect, and tell."""
        super().connect()  # type: ignore[misc]
        self.adapter.socket = self.sock

    def _new_conn(self) -> socket.socket:
        # The raw socket, before TLS: a handshake can be ended too.
        made: socket.socket = super()._new_conn()  # type: ignore[misc]
        self.adapter.socket = made
        return made


class _Adapter(HTTPAdapter):
    """An adapter with a TLS context of its own and one connection at a time."""

    socket: socket.socket | None = None

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: t.Any, **kwargs: t.Any) -> None:
        """Make the pool with our TLS context and tracked connections."""
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pool_classes()

    def proxy_manager_for(self, proxy: str, **kwargs: t.Any) -> t.Any:
        """Make the pool behind a proxy likewise."""
        manager = super().proxy_manager_for(proxy, ssl_context=self._context, **kwargs)
        manager.pool_classes_by_scheme = self._pool_classes()
        return manager

    def _pool_classes(self) -> dict[str, type]:
        plain = type("_Plain", (_Tracked, HTTPConnection), {"adapter": self})
        tls = type("_Tls", (_Tracked, HTTPSConnection), {"adapter": self})
        return {
            "http": type("_PlainPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
            "https": type("_TlsPool", (HTTPSConnectionPool,), {"ConnectionCls": tls}),
        }

    def cut(self) -> None:
        """End the request under way: whoever waits for the socket wakes up."""
        if self.socket is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(self.socket, socket.SHUT_RDWR)


class Transport:
    """A kept-alive session that sends one request at a time, and follows no redirect.

    :param connection: checked connection options
    :param context: of another session to the same cluster; else it is made
    :ivar url: the cluster's base URL
    :raises InputError: the client certificate or its key cannot be used
    """

    def __init__(self, connection: Connection, context: ssl.SSLContext | None = None) -> None:
        self._connection = connection
        self.url = connection.url
        self._context = context or _tls_context(connection)
        self._adapter = _Adapter(self._context)
        if not connection.validate_certs:
            # The task's own warning says so once, and not in the middle of the module's output.
            disable_warnings(InsecureRequestWarning)
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.mount("https://", self._adapter)
        self._session.mount("http://", self._adapter)
        if connection.username is not None and connection.password is not None:
            # As bytes: requests would encode text as Latin-1.
            self._session.auth = HTTPBasicAuth(connection.username.encode(), connection.password.encode())
        self._session.headers.update(
            {
                "Accept": "application/hal+json, application/json",
                "Accept-Encoding": "identity",
                "User-Agent": f"ontap.akv/{VERSION}",
                "X-Dot-Client-App": f"ontap.akv/{VERSION}",
            }
        )
        self._proxies = _proxies(connection)

    def twin(self) -> Transport:
        """Make another session to the same cluster, for another thread."""
        return Transport(self._connection, self._context)

    def send(self, method: str, target: str, body: t.Any = None) -> Answer:
        """Send one request and read the whole answer within the connection's timeout.

        :param target: path and query, below the cluster's base URL
        :param body: sent as JSON, bytes as the XML that they are; None sends none
        :raises Fault: no answer could be read
        """
        data, kind = (body, "text/xml") if isinstance(body, bytes) else (json.dumps(body).encode(), "application/json")
        timeout = self._connection.timeout
        late = threading.Event()

        def end() -> None:
            late.set()
            self._adapter.cut()

        watchdog = threading.Timer(timeout, end)
        watchdog.daemon = True
        watchdog.start()
        try:
            with self._session.request(
                method,
                self.url + target,
                data=None if body is None else data,
                headers=None if body is None else {"Content-Type": kind},
                timeout=timeout,
                stream=True,
                allow_redirects=False,
                verify=self._connection.validate_certs and (self._connection.ca_path or True),
                proxies=self._proxies,
            ) as response:
                return Answer(response.status_code, response.headers, _read(response))
        except (requests.RequestException, HTTPError, OSError, ValueError) as exc:
            # HTTPError, ValueError: urllib3 and http.client raise some of their own for malformed answers.
            raise self._fault(exc, late.is_set()) from None
        finally:
            watchdog.cancel()

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def _fault(self, exc: Exception, late: bool) -> Fault:
        """Tell from the chain of exceptions how far the request got."""
        where = self.url + (" (through a proxy)" if self._proxies else "")
        timeout = self._connection.timeout
        chain = list(_chain(exc))
        if isinstance(exc, requests.exceptions.ConnectTimeout):
            return Fault(REFUSED, f"no connection to {where} within {timeout:g} s. Check address, route and firewall.")
        if late or isinstance(exc, requests.exceptions.Timeout):
            return Fault(LOST, f"{where} did not answer within {timeout:g} s (timeout). Check the cluster's load.")
        errors = requests.exceptions
        nowhere = any(isinstance(cause, (socket.gaierror, errors.InvalidURL, LocationValueError)) for cause in chain)
        # With a proxy it is the proxy's name alone that is resolved.
        if isinstance(exc, (errors.ProxyError, errors.InvalidSchema)) or (nowhere and self._proxies):
            kind = RESOLVE if nowhere or isinstance(exc, errors.InvalidSchema) else REFUSED
            said = next((f" ({cause})" for cause in chain if str(cause).startswith("Tunnel connection failed")), "")
            return Fault(
                kind, f"the proxy for {self.url} failed{said}. Check HTTPS_PROXY and NO_PROXY, or set use_proxy: false."
            )
        if nowhere:
            return Fault(RESOLVE, f"the name {self._connection.hostname} cannot be resolved. Check hostname and DNS.")
        for cause in chain:
            if isinstance(cause, ssl.SSLError) and not isinstance(cause, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
                return Fault(TRUST, _tls_reason(cause, where))
        if any(isinstance(cause, ConnectionRefusedError) for cause in chain):
            return Fault(REFUSED, f"{where} refuses the connection. Check hostname, http_port and the management LIF.")
        if any(type(cause).__name__ == "NewConnectionError" for cause in chain):
            return Fault(REFUSED, f"{where} cannot be reached. Check address, route and firewall.")
        certificate = " Or it does not know the client certificate." if self._connection.cert_filepath else ""
        return Fault(LOST, f"{where} broke the connection off before its answer was complete.{certificate}")


def _proxies(connection: Connection) -> dict[str, str]:
    """Find the proxy in the environment alone: macOS's system look-up can crash a forked worker."""
    if not connection.use_proxy or proxy_bypass_environment(connection.hostname):
        return {}
    scheme = urlsplit(connection.url).scheme
    proxy = getproxies_environment().get(scheme) or getproxies_environment().get("all")
    return {scheme: proxy} if proxy else {}


def _tls_context(connection: Connection) -> ssl.SSLContext:
    context: ssl.SSLContext = create_urllib3_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # urllib3 1.26 gives OpenSSL no name to check where the host is an IP address: it then checks the name itself.
    context.check_hostname = connection.validate_certs and not urllib3_version.startswith("1.")
    context.verify_mode = ssl.CERT_REQUIRED if connection.validate_certs else ssl.CERT_NONE
    if connection.ca_path:
        try:
            context.load_verify_locations(cafile=connection.ca_path)
        except (OSError, ssl.SSLError):
            raise InputError("ca_path", f"{connection.ca_path!r} holds no certificates in PEM form.") from None
    if connection.cert_filepath:
        _load_certificate(context, connection.cert_filepath, connection.key_filepath)
    return context


def _load_certificate(context: ssl.SSLContext, certificate: str, key: str | None) -> None:
    asked = []

    def no_prompt() -> str:
        asked.append(True)
        return ""

    try:
        context.load_cert_chain(certificate, key, password=no_prompt)
    except (OSError, ssl.SSLError, ValueError):
        if asked:
            raise InputError(
                "key_filepath", f"the key in {key or certificate!r} has a passphrase. Give one without (mode 0600)."
            ) from None
        raise InputError(
            "cert_filepath, key_filepath",
            f"{certificate!r} and {key or certificate!r} are no certificate and key in PEM form that belong together.",
        ) from None


def _read(response: requests.Response) -> bytes:
    """Read an answer to its end, and no further than MAX_ANSWER.

    :raises Fault: it is longer than that, shorter than it said, or compressed, which is not asked for: a few bytes may
        become gigabytes at once
    """
    encoding = response.headers.get("Content-Encoding", "identity")
    if encoding != "identity":
        raise Fault(LOST, f"the answer is compressed ({encoding}), which was not asked for. Is a proxy in between?")
    content = bytearray()
    for chunk in response.iter_content(_CHUNK):
        content += chunk
        if len(content) > MAX_ANSWER:
            raise Fault(LOST, f"the answer is longer than {MAX_ANSWER >> 20} MB: this is not ONTAP's REST API.")
    # urllib3 1.26 does not check this itself.
    promised = response.headers.get("Content-Length", "")
    if promised.isdigit() and len(content) < int(promised):
        raise Fault(LOST, f"the answer ended after {len(content)} of {promised} bytes.")
    return bytes(content)


def _tls_reason(error: ssl.SSLError, where: str) -> str:
    """Say in a sentence why TLS failed, and what to do."""
    code = getattr(error, "verify_code", None)
    if code == 10:
        return f"the certificate of {where} has expired. Renew it on the cluster."
    if code in (62, 64) or (code is None and isinstance(error, ssl.SSLCertVerificationError)):
        return f"the certificate of {where} is for another name. Use a hostname that the certificate holds."
    if code is not None:
        return (
            f"the certificate of {where} is signed by a CA that is not trusted"
            f" ({getattr(error, 'verify_message', 'no reason given')}). Give the CA's certificate with ca_path."
        )
    if re.search("ALERT.*(CERTIFICATE|UNKNOWN_CA)", error.reason or ""):
        return f"{where} does not accept the client certificate ({error.reason}). Check cert_filepath and its user."
    if error.reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "RECORD_LAYER_FAILURE"):
        return f"{where} does not speak TLS. Check http_port; https: false is for a laboratory only."
    return f"no TLS connection to {where} came about ({error.reason or 'no reason given'}): TLS 1.2 or later is needed."


def _chain(exc: BaseException) -> t.Iterator[BaseException]:
    """Walk an exception and all that it wraps: as cause, context, argument or reason."""
    seen: set[int] = set()
    queue: list[object] = [exc]
    while queue:
        item = queue.pop(0)
        if not isinstance(item, BaseException) or id(item) in seen:
            continue
        seen.add(id(item))
        yield item
        queue += [item.__cause__, item.__context__, getattr(item, "reason", None), *item.args]
