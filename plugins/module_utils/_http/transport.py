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
import http.client
import json
import os
import re
import socket
import ssl
import tempfile
import threading
import time
import traceback
import typing as t
from http.cookiejar import DefaultCookiePolicy
from urllib.request import getproxies_environment

from ansible_collections.ontap.akv.plugins.module_utils._http.endpoint import ClientCertificate, Endpoint
from ansible_collections.ontap.akv.plugins.module_utils._http.retry import FaultKind
from ansible_collections.ontap.akv.plugins.module_utils._runtime.errors import InputError

try:
    import requests
    from requests.adapters import HTTPAdapter
    from requests.auth import HTTPBasicAuth
    from requests.utils import should_bypass_proxies
    from urllib3 import __version__ as urllib3_version  # type: ignore[attr-defined]
    from urllib3 import disable_warnings
    from urllib3.connection import HTTPConnection, HTTPSConnection
    from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
    from urllib3.exceptions import (
        ConnectTimeoutError,
        HeaderParsingError,
        HTTPError,
        InsecureRequestWarning,
        LocationParseError,
        LocationValueError,
        NewConnectionError,
    )
    from urllib3.util.connection import allowed_gai_family
    from urllib3.util.response import assert_header_parsing
    from urllib3.util.ssl_ import create_urllib3_context

    REQUESTS_IMPORT_ERROR = None
except ImportError:
    REQUESTS_IMPORT_ERROR = traceback.format_exc()
    HTTPAdapter = HTTPConnection = HTTPSConnection = object  # type: ignore[assignment,misc]
    HTTPConnectionPool = HTTPSConnectionPool = object  # type: ignore[assignment,misc]

VERSION = "0.2.0"
"""The collection's, as in galaxy.yml."""

USER_AGENT = f"ontap.akv/{VERSION}"

MAX_ANSWER = 16 * 1024 * 1024
"""Bytes of one response, whatever its status; a page of 10,000 AKV configurations is below 10 MB."""

MAX_OF_TASK = 64 * 1024 * 1024
"""Bytes of all responses of a task."""

_CHUNK = 64 * 1024

# OpenSSL's codes, X509_V_ERR_*.
_STRICT = range(79, 95)
_UNKNOWN_CA = range(18, 22)
_NO_ISSUER = (20, 21)


class Fault(Exception):
    """No answer that could be read.

    :param kind: how far the request got
    :param reason: what happened, and what to do about it
    :param late: the time was up
    """

    def __init__(self, kind: FaultKind, reason: str, late: bool = False) -> None:
        super().__init__(reason)
        self.late = late
        self.kind = kind
        self.reason = reason


class Answer(t.NamedTuple):
    """An HTTP answer, read to its end."""

    status: int
    headers: t.Mapping[str, str]
    content: bytes


class Allowance:
    """The bytes that one task may still receive, on all its connections."""

    def __init__(self) -> None:
        self._left = MAX_OF_TASK
        self._lock = threading.Lock()

    @property
    def spent(self) -> bool:
        """Whether nothing is left."""
        return self._left < 0

    def spend(self, size: int) -> None:
        """Count received bytes.

        :raises Fault: they are more than what is left
        """
        with self._lock:
            self._left -= size
        if self.spent:
            raise Fault(FaultKind.LOST, _ALL_SPENT)


_ALL_SPENT = f"the responses of this task exceed {MAX_OF_TASK >> 20} MB, the limit for one task. Read less in one task."


class _Irregular(http.client.HTTPException):
    """A response that breaks the protocol: where it ends, and the next one begins, is not certain."""


class _Response(http.client.HTTPResponse):
    """A response with a certain end, or none."""

    def begin(self) -> None:
        """Read status and headers.

        :raises _Irregular: they break the protocol
        """
        super().begin()
        lengths, codings = (
            [value.strip().lower() for value in self.headers.get_all(name, [])]
            for name in ("Content-Length", "Transfer-Encoding")
        )
        if self.status < 200:
            # http.client takes any but 100 for the response, so that the next request would read this one's.
            raise _Irregular(f"an interim response, HTTP {self.status}")
        if len(lengths) > 1 or not all(re.fullmatch("[0-9]{1,15}", length) for length in lengths):
            raise _Irregular("a Content-Length that is not one number")
        if codings and (lengths or codings != ["chunked"]):
            raise _Irregular("a Transfer-Encoding that is not chunked alone")
        try:
            assert_header_parsing(self.headers)
        except (HeaderParsingError, TypeError):
            raise _Irregular("malformed headers") from None


class _TimeLimit:
    """The time limit of the request under way. When it passes, the socket is shut down, and waiting calls return.

    One thread waits for the limits of all requests: starting one takes a tenth of the time of a request.

    :param seconds: for each request
    :param cut: shuts the socket down
    :ivar passed: whether it has passed
    """

    def __init__(self, seconds: float, cut: t.Callable[[], None]) -> None:
        self.passed = False
        self._seconds = seconds
        self._cut = cut
        self._end = 0.0
        self._paused_at: float | None = None
        self._under_way = False
        self._watcher: threading.Thread | None = None
        self._changed = threading.Condition()

    def begin(self) -> None:
        """Begin with a request: the seconds count from now on."""
        with self._changed:
            self._end = time.monotonic() + self._seconds
            self.passed, self._under_way = False, True
            if self._watcher is None or not self._watcher.is_alive():
                self._watcher = threading.Thread(target=self._watch, daemon=True)
                self._watcher.start()

    def left(self) -> float:
        """Seconds left; they do not pass while it is paused."""
        return self._end - (time.monotonic() if self._paused_at is None else self._paused_at)

    @contextlib.contextmanager
    def paused(self) -> t.Iterator[None]:
        """Do not count the time of a block that cannot be cut."""
        self._paused_at = began = time.monotonic()
        try:
            yield
        finally:
            self._end += time.monotonic() - began
            self._paused_at = None

    def stop(self) -> None:
        """End it with the request: a socket may be used again."""
        with self._changed:
            self._under_way = False

    def close(self) -> None:
        """End it with the connection: nobody waits any more."""
        with self._changed:
            self._under_way = False
            self._changed.notify()

    def _watch(self) -> None:
        with self._changed:
            # The limits of later requests end later, so that it wakes in time for each.
            while self._under_way:
                left = self.left()
                if left > 0:
                    self._changed.wait(max(0.01, left))
                else:
                    self.passed, self._under_way = True, False
                    self._cut()
            self._watcher = None


class _Tracked:
    """A connection that gives its adapter the socket it uses, so that a time limit can end it."""

    adapter: _Adapter
    sock: socket.socket
    port: int
    _dns_host: str
    socket_options: t.Sequence[tuple[int, int, int | bytes]] | None
    response_class = _Response

    def connect(self) -> None:
        """Connect, and give the socket."""
        super().connect()  # type: ignore[misc]
        self.adapter.socket = self.sock

    def _new_conn(self) -> socket.socket:
        """Connect to one of the host's addresses; they share the time that is left."""
        limit = self.adapter.limit
        host = self._dns_host.strip("[]")
        try:
            # It cannot be cut, so it does not count.
            with limit.paused():
                found = socket.getaddrinfo(host, self.port, allowed_gai_family(), socket.SOCK_STREAM)
        except UnicodeError:
            raise LocationParseError(host) from None
        except OSError as exc:
            raise NewConnectionError(self, str(exc)) from exc  # type: ignore[arg-type]
        failure: OSError | None = None
        for number, (family, kind, protocol, _name, address) in enumerate(found):
            made = socket.socket(family, kind, protocol)
            try:
                for option in self.socket_options or ():
                    made.setsockopt(*option)
                made.settimeout(max(0.001, limit.left() / (len(found) - number)))
                made.connect(address)
            except OSError as exc:
                made.close()
                failure = exc
            else:
                # The raw socket, before TLS: a handshake can be ended too.
                self.adapter.socket = made
                if limit.passed:
                    # Nothing would cut it any more.
                    made.close()
                    raise ConnectTimeoutError(self, "too late")
                made.settimeout(max(0.001, limit.left()))
                return made
        if isinstance(failure, socket.timeout):
            raise ConnectTimeoutError(self, str(failure)) from failure
        raise NewConnectionError(self, str(failure)) from failure  # type: ignore[arg-type]


class _Adapter(HTTPAdapter):
    """An adapter with a TLS context of its own and one connection at a time.

    :ivar limit: of the request under way
    """

    socket: socket.socket | None = None

    def __init__(self, context: ssl.SSLContext, timeout: float) -> None:
        self._context = context
        self.limit = _TimeLimit(timeout, self.cut)
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
        """End the running request: calls that wait for the socket return."""
        if self.socket is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(self.socket, socket.SHUT_RDWR)

    @property
    def holds_more(self) -> bool:
        """Whether TLS has bytes beyond the response: the next request would take them for its own."""
        return isinstance(self.socket, ssl.SSLSocket) and self.socket.pending() > 0


class Transport:
    """A kept-alive session to one server. It sends one request at a time and follows no redirect.

    :param endpoint: the server
    :param context: of another session with the same trust; otherwise one is made
    :ivar url: the server's base URL
    :raises InputError: the CA file, the client certificate or its key cannot be used
    """

    def __init__(
        self, endpoint: Endpoint, context: ssl.SSLContext | None = None, allowance: Allowance | None = None
    ) -> None:
        self.endpoint = endpoint
        self.url = endpoint.url
        self.allowance = allowance or Allowance()
        self._context = context or _tls_context(endpoint)
        self._adapter = _Adapter(self._context, endpoint.timeout)
        if not endpoint.validate_certs:
            # The task's own warning reports it once, and not in the middle of the module's output.
            disable_warnings(InsecureRequestWarning)
        self._session = requests.Session()
        # No redirect is followed: requests would read its body, without a limit, to give the next request.
        self._session.get_redirect_target = lambda resp: None  # type: ignore[method-assign]
        self._session.trust_env = False
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
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
        context = self._context if endpoint.trust == self.endpoint.trust else None
        return Transport(endpoint, context, self.allowance)

    def send(
        self, method: str, target: str, body: t.Any = None, *, headers: t.Mapping[str, str] | None = None
    ) -> Answer:
        """Send one request and read the whole response within the endpoint's timeout.

        :param target: path and query, below the server's base URL
        :param body: sent as JSON, bytes as they are (give their Content-Type); None sends none
        :param headers: of this request alone, e.g. Authorization
        :raises Fault: no response could be read; the connection is then closed
        """
        if self.allowance.spent:
            raise Fault(FaultKind.SPENT, _ALL_SPENT)
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        json_type = {} if body is None or isinstance(body, bytes) else {"Content-Type": "application/json"}
        timeout, limit = self.endpoint.timeout, self._adapter.limit
        limit.begin()
        response = None
        try:
            response = self._session.request(
                method,
                self.url + target,
                data=data,
                headers={**json_type, **(headers or {})},
                timeout=timeout,
                stream=True,
                allow_redirects=False,
                verify=self.endpoint.validate_certs and (self.endpoint.ca_path or True),
                proxies=self._proxies,
            )
            answer = Answer(response.status_code, response.headers, self._read(response))
            if limit.passed:
                # A body without a length seems to end where the time limit cut it.
                raise requests.exceptions.ReadTimeout
        except BaseException as exc:
            # Its end was not reached, or is not certain: nothing else may be read from this connection.
            if response is not None:
                response.close()
            self.close()
            # HTTPError, ValueError: urllib3 and http.client raise some of their own for malformed responses.
            if isinstance(exc, (requests.RequestException, HTTPError, OSError, ValueError)):
                raise self._fault(exc, limit.passed) from None
            raise
        finally:
            limit.stop()
        if self._adapter.holds_more:
            self.close()
        return answer

    def _read(self, response: requests.Response) -> bytes:
        """Read a response to its end, and no further than the limits.

        :raises Fault: it is longer than they allow, shorter than it said, or compressed, which is not asked for: a few
            bytes may become gigabytes
        """
        encoding = response.headers.get("Content-Encoding", "identity")
        if encoding != "identity":
            raise Fault(
                FaultKind.LOST,
                f"the response is compressed ({encoding}), which was not requested. Is a proxy in between?",
            )
        content = bytearray()
        # Not decoded in any way, for nothing needs to be.
        while chunk := response.raw.read(_CHUNK, decode_content=False):
            self.allowance.spend(len(chunk))
            content += chunk
            if len(content) > MAX_ANSWER:
                raise Fault(
                    FaultKind.LOST, f"the response is longer than {MAX_ANSWER >> 20} MB, the limit for one response."
                )
        # urllib3 1.26 does not check this itself.
        promised = int(response.headers.get("Content-Length", 0))
        if len(content) < promised and response.status_code not in (204, 304):
            raise Fault(FaultKind.LOST, f"the response ended after {len(content)} of {promised} bytes.")
        return bytes(content)

    def close(self) -> None:
        """Close the connection."""
        self._adapter.limit.close()
        self._session.close()

    def _fault(self, exc: Exception, late: bool) -> Fault:
        """Find in the chain of exceptions how far the request got."""
        where = self.url + (" (through a proxy)" if self._proxies else "")
        words, timeout = self.endpoint.words, self.endpoint.timeout
        chain = list(_chain(exc))
        if isinstance(exc, requests.exceptions.ConnectTimeout):
            return Fault(
                FaultKind.UNREACHED,
                f"no connection to {where} within {timeout:g} s. Check the address, the route and the firewall.",
                late=True,
            )
        if late or any(isinstance(cause, (requests.exceptions.Timeout, socket.timeout)) for cause in chain):
            return Fault(
                FaultKind.LOST,
                f"{where} did not respond within {timeout:g} s (timeout). Check the load on {words.server}.",
                late=True,
            )
        errors = requests.exceptions
        nowhere = any(isinstance(cause, (socket.gaierror, errors.InvalidURL, LocationValueError)) for cause in chain)
        # With a proxy only the name of the proxy is resolved here.
        if isinstance(exc, (errors.ProxyError, errors.InvalidSchema)) or (nowhere and self._proxies):
            kind = FaultKind.UNRESOLVED if nowhere or isinstance(exc, errors.InvalidSchema) else FaultKind.UNREACHED
            said = next((f" ({cause})" for cause in chain if str(cause).startswith("Tunnel connection failed")), "")
            return Fault(
                kind, f"the proxy for {self.url} failed{said}. Check HTTPS_PROXY and NO_PROXY, or set use_proxy: false."
            )
        if nowhere:
            return Fault(
                FaultKind.UNRESOLVED,
                f"the name {self.endpoint.host} could not be resolved. Check {words.host} and DNS.",
            )
        for cause in chain:
            if isinstance(cause, ssl.SSLError) and not isinstance(cause, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
                return Fault(FaultKind.UNTRUSTED, _tls_reason(cause, where, self.endpoint))
        if any(isinstance(cause, ConnectionRefusedError) for cause in chain):
            return Fault(
                FaultKind.UNREACHED,
                f"{where} refused the connection. Check {words.host} and {words.port}:"
                f" they must be those of {words.server}.",
            )
        if any(isinstance(cause, NewConnectionError) for cause in chain):
            return Fault(
                FaultKind.UNREACHED, f"{where} could not be reached. Check the address, the route and the firewall."
            )
        for cause in chain:
            if isinstance(cause, _Irregular):
                return Fault(FaultKind.LOST, f"{where} broke the HTTP protocol ({cause}). Is a proxy in between?")
        certificate = " Or the server does not accept the client certificate." if self.endpoint.certificate else ""
        return Fault(
            FaultKind.LOST, f"the connection to {where} was closed before the response was complete.{certificate}"
        )


def _proxies(endpoint: Endpoint) -> dict[str, str]:
    """Find the proxy in the environment alone: macOS's system look-up, after it, can crash a forked worker."""
    found = getproxies_environment()
    proxy = found.get(endpoint.scheme) or found.get("all")
    if not proxy or not endpoint.use_proxy or should_bypass_proxies(f"{endpoint.url}/", None):
        return {}
    return {endpoint.scheme: proxy}


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
            raise InputError("ca_path", f"{endpoint.ca_path!r} contains no certificates in PEM form.") from None
    if endpoint.certificate:
        _load_certificate(context, endpoint.certificate)
    return context


def _load_certificate(context: ssl.SSLContext, certificate: ClientCertificate) -> None:
    asked = []

    def no_prompt() -> str:
        asked.append(True)
        return ""

    option, key_option = certificate.option, certificate.key_option
    try:
        with _as_file(certificate.path, certificate.text) as path:
            if certificate.key_path or certificate.key_text:
                with _as_file(certificate.key_path, certificate.key_text) as key_path:
                    context.load_cert_chain(path, key_path, password=no_prompt)
            else:
                context.load_cert_chain(path, password=no_prompt)
    except (OSError, ssl.SSLError, ValueError):
        if asked:
            raise InputError(
                key_option, "the key has a passphrase. Give one without (a file with mode 0600)."
            ) from None
        options = option if key_option == option else f"{option}, {key_option}"
        raise InputError(options, "not a certificate and its private key in PEM form. Give both.") from None


@contextlib.contextmanager
def _as_file(path: str | None, text: str | None) -> t.Iterator[str]:
    """Give a file with a text, for OpenSSL reads nothing else: in memory where the system can, else for a moment."""
    if text is None:
        yield path or ""
        return
    if hasattr(os, "memfd_create") and os.path.isdir("/proc/self/fd"):
        descriptor = os.memfd_create("ontap.akv")
        made = f"/proc/self/fd/{descriptor}"
    else:
        # For its owner alone: mode 0600.
        descriptor, made = tempfile.mkstemp()
    try:
        with open(descriptor, "wb") as file:
            file.write(text.encode())
            file.flush()
            yield made
    finally:
        if not made.startswith("/proc/"):
            os.unlink(made)


def _tls_reason(error: ssl.SSLError, where: str, endpoint: Endpoint) -> str:
    """Say in a sentence why TLS failed, and what to do."""
    words = endpoint.words
    subject = f"the certificate of {where}"
    code = getattr(error, "verify_code", None)
    said = getattr(error, "verify_message", "no reason reported")
    if code in (62, 64) or (code is None and isinstance(error, ssl.SSLCertVerificationError)):
        return f"{subject} is for another name. Set {words.host} to a name in the certificate."
    if code is not None:
        return f"{subject} {_distrust(code, said, endpoint.ca_path)}"
    if re.search("ALERT.*(CERTIFICATE|UNKNOWN_CA)", error.reason or ""):
        return (
            f"{where} does not accept the client certificate ({error.reason})."
            " Check the certificate, and its user on the server."
        )
    if error.reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "RECORD_LAYER_FAILURE"):
        return f"{where} does not speak TLS. Check {words.port}."
    return (
        f"the TLS handshake with {where} failed ({error.reason or 'no reason reported'}). TLS 1.2 or later is required."
    )


def _distrust(code: int, said: str, ca_path: str | None) -> str:
    """Say why a certificate is not trusted, and what to do.

    :param code: OpenSSL's, X509_V_ERR_*
    :param said: OpenSSL's own words
    """
    if code == 9:
        return "is not valid yet. Compare the clocks of this host and of the server."
    if code == 10:
        return "has expired. Renew it on the server."
    if code == 26:
        return f"is not for a server ({said}). Install one whose extended key usage includes server authentication."
    if code in _STRICT:
        return (
            f"does not pass the strict checks that Python 3.13 and later make ({said}). Issue it, or the certificate of"
            " its CA, again with that extension, or run with Python 3.12. Do not switch certificate checks off."
        )
    if code == 2 and ca_path:
        return (
            f"leads to an intermediate CA whose issuer is missing in ca_path ({said})."
            " Give the certificate of the root CA and of each intermediate CA with ca_path."
        )
    if code in _UNKNOWN_CA and ca_path:
        missing = " The server may also lack the intermediate certificate." if code in _NO_ISSUER else ""
        return (
            f"is signed by a CA that is not trusted ({said}): ca_path does not contain it."
            f" Give the certificate of the root CA and of each intermediate CA with ca_path.{missing}"
        )
    if code in _NO_ISSUER:
        return (
            f"is signed by a CA that is not trusted ({said}). Give the CA's certificate with ca_path."
            " If the CA is a public one, the server lacks the intermediate certificate: install it there."
        )
    if code in _UNKNOWN_CA:
        return f"is signed by a CA that is not trusted ({said}). Give the CA's certificate with ca_path."
    return f"is not trusted ({said}, OpenSSL code {code}). Check it and ca_path."


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
