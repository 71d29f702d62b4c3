# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""One HTTP session to one server: TLS, login, proxies, and a time limit for the whole response.

Everything that is particular to ``requests`` is here. The task takes precedence over the environment:
REQUESTS_CA_BUNDLE, netrc and the like are not read. The environment's proxies are used, unless ``use_proxy`` is false.
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
from urllib.request import getproxies_environment, proxy_bypass_environment  # type: ignore[attr-defined]

from ansible_collections.ontap.akv.plugins.module_utils._http.endpoint import ClientCertificate, Endpoint
from ansible_collections.ontap.akv.plugins.module_utils._http.retry import LOST, REFUSED, RESOLVE, TRUST
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

USER_AGENT = f"ontap.akv/{VERSION}"

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
    """A kept-alive session to one server. It sends one request at a time and follows no redirect.

    :param endpoint: the server
    :param context: of another session with the same trust; otherwise one is made
    :ivar url: the server's base URL
    :raises InputError: the CA file, the client certificate or its key cannot be used
    """

    def __init__(self, endpoint: Endpoint, context: ssl.SSLContext | None = None) -> None:
        self.endpoint = endpoint
        self.url = endpoint.url
        self._context = context or _tls_context(endpoint)
        self._adapter = _Adapter(self._context)
        if not endpoint.validate_certs:
            # The task's own warning says so once, and not in the middle of the module's output.
            disable_warnings(InsecureRequestWarning)
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.mount("https://", self._adapter)
        self._session.mount("http://", self._adapter)
        if endpoint.login is not None:
            # As bytes: requests would encode text as Latin-1.
            self._session.auth = HTTPBasicAuth(*(part.encode() for part in endpoint.login))
        self._session.headers.update(
            {
                "Accept": "application/json",
                "Accept-Encoding": "identity",
                "User-Agent": USER_AGENT,
                **dict(endpoint.headers),
            }
        )
        self._proxies = _proxies(endpoint)

    def twin(self, endpoint: Endpoint | None = None) -> Transport:
        """Make another session, for another thread or another server of the same task.

        :param endpoint: the other server; the same one if None
        """
        endpoint = endpoint or self.endpoint
        return Transport(endpoint, self._context if endpoint.trust == self.endpoint.trust else None)

    def send(
        self, method: str, target: str, body: t.Any = None, *, headers: t.Mapping[str, str] | None = None
    ) -> Answer:
        """Send one request and read the whole response within the endpoint's timeout.

        :param target: path and query, below the server's base URL
        :param body: sent as JSON, bytes as they are (give their Content-Type); None sends none
        :param headers: of this request alone, e.g. Authorization
        :raises Fault: no response could be read
        """
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        json_type = {} if body is None or isinstance(body, bytes) else {"Content-Type": "application/json"}
        timeout = self.endpoint.timeout
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
                data=data,
                headers={**json_type, **(headers or {})},
                timeout=timeout,
                stream=True,
                allow_redirects=False,
                verify=self.endpoint.validate_certs and (self.endpoint.ca_path or True),
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
        """Find in the chain of exceptions how far the request got."""
        where = self.url + (" (through a proxy)" if self._proxies else "")
        words, timeout = self.endpoint.words, self.endpoint.timeout
        chain = list(_chain(exc))
        if isinstance(exc, requests.exceptions.ConnectTimeout):
            return Fault(
                REFUSED,
                f"no connection to {where} within {timeout:g} s. Check the address, the route and the firewall.",
            )
        if late or isinstance(exc, requests.exceptions.Timeout):
            return Fault(
                LOST, f"{where} did not respond within {timeout:g} s (timeout). Check the load on {words.server}."
            )
        errors = requests.exceptions
        nowhere = any(isinstance(cause, (socket.gaierror, errors.InvalidURL, LocationValueError)) for cause in chain)
        # With a proxy only the name of the proxy is resolved here.
        if isinstance(exc, (errors.ProxyError, errors.InvalidSchema)) or (nowhere and self._proxies):
            kind = RESOLVE if nowhere or isinstance(exc, errors.InvalidSchema) else REFUSED
            said = next((f" ({cause})" for cause in chain if str(cause).startswith("Tunnel connection failed")), "")
            return Fault(
                kind, f"the proxy for {self.url} failed{said}. Check HTTPS_PROXY and NO_PROXY, or set use_proxy: false."
            )
        if nowhere:
            return Fault(RESOLVE, f"the name {self.endpoint.host} could not be resolved. Check {words.host} and DNS.")
        for cause in chain:
            if isinstance(cause, ssl.SSLError) and not isinstance(cause, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
                return Fault(TRUST, _tls_reason(cause, where, self.endpoint))
        if any(isinstance(cause, ConnectionRefusedError) for cause in chain):
            return Fault(
                REFUSED,
                f"{where} refused the connection. Check {words.host} and {words.port}:"
                f" they must be those of {words.server}.",
            )
        if any(type(cause).__name__ == "NewConnectionError" for cause in chain):
            return Fault(REFUSED, f"{where} could not be reached. Check the address, the route and the firewall.")
        certificate = " Or the server does not accept the client certificate." if self.endpoint.certificate else ""
        return Fault(LOST, f"the connection to {where} was closed before the response was complete.{certificate}")


def _proxies(endpoint: Endpoint) -> dict[str, str]:
    """Find the proxy in the environment alone: macOS's system look-up can crash a forked worker."""
    if not endpoint.use_proxy or proxy_bypass_environment(endpoint.host):
        return {}
    proxy = getproxies_environment().get(endpoint.scheme) or getproxies_environment().get("all")
    return {endpoint.scheme: proxy} if proxy else {}


def _tls_context(endpoint: Endpoint) -> ssl.SSLContext:
    context: ssl.SSLContext = create_urllib3_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # urllib3 1.26 gives OpenSSL no name to check where the host is an IP address: it then checks the name itself.
    context.check_hostname = endpoint.validate_certs and not urllib3_version.startswith("1.")
    context.verify_mode = ssl.CERT_REQUIRED if endpoint.validate_certs else ssl.CERT_NONE
    if endpoint.ca_path:
        try:
            context.load_verify_locations(cafile=endpoint.ca_path)
        except (OSError, ssl.SSLError):
            raise InputError("ca_path", f"{endpoint.ca_path!r} does not hold certificates in PEM form.") from None
    if endpoint.certificate:
        _load_certificate(context, endpoint.certificate)
    return context


def _load_certificate(context: ssl.SSLContext, certificate: ClientCertificate) -> None:
    asked = []

    def no_prompt() -> str:
        asked.append(True)
        return ""

    key = certificate.key_path or certificate.path
    try:
        context.load_cert_chain(certificate.path, certificate.key_path, password=no_prompt)
    except (OSError, ssl.SSLError, ValueError):
        if asked:
            raise InputError(
                "key_filepath", f"the key in {key!r} has a passphrase. Give one without (mode 0600)."
            ) from None
        raise InputError(
            "cert_filepath, key_filepath",
            f"{certificate.path!r} and {key!r} are not a certificate and key in PEM form that belong together.",
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
            raise Fault(LOST, f"the answer is longer than {MAX_ANSWER >> 20} MB, the limit for one response.")
    # urllib3 1.26 does not check this itself.
    promised = response.headers.get("Content-Length", "")
    if promised.isdigit() and len(content) < int(promised):
        raise Fault(LOST, f"the answer ended after {len(content)} of {promised} bytes.")
    return bytes(content)


def _tls_reason(error: ssl.SSLError, where: str, endpoint: Endpoint) -> str:
    """Say in a sentence why TLS failed, and what to do."""
    words = endpoint.words
    code = getattr(error, "verify_code", None)
    if code == 10:
        return f"the certificate of {where} has expired. Renew it on the server."
    if code in (62, 64) or (code is None and isinstance(error, ssl.SSLCertVerificationError)):
        return f"the certificate of {where} is for another name. Set {words.host} to a name in the certificate."
    if code is not None:
        return (
            f"the certificate of {where} is signed by a CA that is not trusted"
            f" ({getattr(error, 'verify_message', 'no reason given')}). Give the CA's certificate with ca_path."
        )
    if re.search("ALERT.*(CERTIFICATE|UNKNOWN_CA)", error.reason or ""):
        return f"{where} does not accept the client certificate ({error.reason}). Check cert_filepath and its user."
    if error.reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "RECORD_LAYER_FAILURE"):
        return f"{where} does not speak TLS. Check {words.port}."
    return f"the TLS handshake with {where} failed ({error.reason or 'no reason given'}). TLS 1.2 or later is required."


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
