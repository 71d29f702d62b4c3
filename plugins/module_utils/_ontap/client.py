# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""A client of ONTAP's REST API: paging, the error envelope, and the retries of a read."""

from __future__ import annotations

import copy
import random
import threading
import time
import typing as t
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from ansible_collections.ontap.akv.plugins.module_utils._akv import releases
from ansible_collections.ontap.akv.plugins.module_utils._akv.scope import is_uuid
from ansible_collections.ontap.akv.plugins.module_utils._http import door, retry
from ansible_collections.ontap.akv.plugins.module_utils._http.retry import FaultKind
from ansible_collections.ontap.akv.plugins.module_utils._http.transport import Answer, Fault, Transport
from ansible_collections.ontap.akv.plugins.module_utils._runtime import errors
from ansible_collections.ontap.akv.plugins.module_utils._runtime.plan import Step
from ansible_collections.ontap.akv.plugins.module_utils._runtime.task import Task

_MAX_EMPTY_PAGES = 100  # one after another
_MAX_PAGES = 10_000

UNREADABLE = (403, 404)
"""The HTTP statuses of a reading that the login's role does not allow, or that its SVM does not have."""

RETURN_TIMEOUT = 15
"""Seconds after which ONTAP returns a page of a collection, complete or not (reference, ``return_timeout``)."""

if t.TYPE_CHECKING:
    from ansible_collections.ontap.akv.plugins.module_utils._ontap.error_codes import Code

JSON = dict[str, t.Any]
Reading = t.TypeVar("Reading")


class _Cluster:
    """What all clients of one cluster share: facts that were read once, and when the server wants the next request.

    :ivar unreported: fields that the cluster refused to report, against what its release promises
    :ivar was_late: it did not respond in time
    """

    def __init__(self) -> None:
        self.facts: dict[str, t.Any] = {}
        self.unreported: set[str] = set()
        self.lock = threading.RLock()
        self.not_before = 0.0
        self.was_late = False


class Collection(t.NamedTuple):
    """A collection as it was read.

    :ivar slowest: seconds that the slowest page took
    """

    records: list[JSON]
    slowest: float

    @property
    def proves_absence(self) -> bool:
        """Whether what is missing does not exist: a page that came late may be incomplete."""
        return self.slowest < RETURN_TIMEOUT / 2


class Attempts:
    """The tries of one request: counted, and spaced by growing pauses and by what the server asks for."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._tries = 0

    def pause(self) -> bool:
        """Wait for the next try; False where no try or not enough time is left."""
        self._tries += 1
        pause, held = retry.backoff(self._tries, random.random()), self._client.held()
        if self._tries > self._client.retries or max(pause, held) > self._client.task.remaining():
            return False
        # What the server asks for is waited for where the request is sent.
        if pause > held:
            self._client.task.sleep(pause)
        return True


class Client:
    """Talks to one cluster. Every method that sends may raise ConnectionFailed or OntapError.

    :param transport: the session to send with
    :param where: the cluster, as messages name it
    :param address: the cluster, as plans identify it; the same if not given
    :param retries: how often a request is sent again after a transient fault
    :param task: the state of the task: deadline, warnings, request log, redactor, outcome
    """

    def __init__(self, transport: Transport, where: str, retries: int, task: Task, address: str | None = None) -> None:
        self.transport = transport
        self.where = where
        self.address = address or where
        self.retries = retries
        self.task = task
        self._cluster = _Cluster()

    def sibling(self) -> Client:
        """Make a client for one of many: it shares the task's time and what is known of the cluster."""
        other = copy.copy(self)
        other.task = self.task.sibling()
        return other

    def once(self, what: str, read: Callable[[], Reading]) -> Reading:
        """Read what stays the same for the whole task, at the first call alone."""
        with self._cluster.lock:
            if what not in self._cluster.facts:
                self._cluster.facts[what] = read()
            return t.cast("Reading", self._cluster.facts[what])

    @property
    def unreported(self) -> set[str]:
        """Fields that the cluster refused to report, against what its release promises."""
        return self._cluster.unreported

    def held(self) -> float:
        """Seconds for which the server asked to send nothing (``Retry-After``)."""
        return self._cluster.not_before - time.monotonic()

    # -- reading ------------------------------------------------------------------------------------------------------

    def get(self, path: str, query: Mapping[str, str] | None = None, *, doing: str) -> JSON:
        """Read one object.

        :param path: below /api
        :param doing: begins the sentence of a failure, e.g. "Reading the AKV configuration of SVM vs0"
        """
        return self._get(_target(path, query), doing)[0]

    def records(self, path: str, query: Mapping[str, str], *, doing: str) -> list[JSON]:
        """Read a collection, all its pages."""
        return self.collection(path, query, doing=doing).records

    def collection(self, path: str, query: Mapping[str, str], *, doing: str) -> Collection:
        """Read a collection, all its pages, and how long the slowest of them took."""
        records: list[JSON] = []
        slowest = 0.0
        target = _target(path, {**query, "return_timeout": str(RETURN_TIMEOUT)})
        seen: set[str] = set()
        empty = 0
        for _page in range(_MAX_PAGES):
            page, seconds = self._get(target, doing)
            slowest = max(slowest, seconds)
            found = page.get("records")
            if not isinstance(found, list) or not all(isinstance(record, dict) for record in found):
                raise self._not_ontap(doing, "the response's records are not a list of objects")
            if page.get("error"):
                said = self.task.redactor.free_text(str(page["error"]))
                raise errors.ConnectionFailed(
                    f"{doing} on {self.where} failed: the response reports the error {said}, so its records may be"
                    " incomplete."
                )
            records += found
            following = next_page(page)
            if following is None:
                return Collection(records, slowest)
            # An empty page may have the same link again; a page with records never links back.
            empty = 0 if found else empty + 1
            if found:
                seen.add(target)
            target = self._own_target(following, path, doing)
            if target in seen or empty > _MAX_EMPTY_PAGES:
                break
        raise self._not_ontap(doing, "its pages have no end")

    @property
    def known_release(self) -> releases.Release | None:
        """The cluster's release, if it was read already."""
        return self._cluster.facts.get("release")

    def release(self) -> releases.Release:
        """Learn the cluster's release; asked for once.

        A login that may not read it loses that alone: the newest release is assumed, and ONTAP refuses what it lacks.
        """
        return self.once("release", self._read_release)

    def _read_release(self) -> releases.Release:
        try:
            return self.cluster()[0]
        except errors.AkvError as refusal:
            if not is_unreadable(refusal):
                raise
            newest = releases.Release.parse(releases.RELEASES[-1])
            self.task.warn(f"The release of {self.where} is not known: it is treated as {newest}. {refusal.message}")
            return newest

    def cluster(self, *fields: str) -> tuple[releases.Release, JSON]:
        """Read the cluster's own record, and learn its release from that.

        :param fields: what else to ask for
        """
        doing = "Reading the cluster's release"
        record = self.get("/cluster", {"fields": ",".join(("version", *fields))}, doing=doing)
        version = record.get("version")
        version = version if isinstance(version, dict) else {}
        generation, major, minor = (version.get(part) for part in ("generation", "major", "minor"))
        if not (isinstance(generation, int) and isinstance(major, int) and isinstance(minor, int)):
            raise self._not_ontap(doing, "the response names no version")
        release = releases.Release((generation, major, minor))
        if release.is_newer_than_known:
            self.task.warn(
                f"{self.where} runs ONTAP {release}, which is newer than this collection knows. It is treated"
                f" as {releases.RELEASES[-1]}."
            )
        with self._cluster.lock:
            self._cluster.facts["release"] = release
        return release, record

    @property
    def rest_is_missing(self) -> bool:
        """Whether everything so far indicates that there is no REST API: 404, or no response at all.

        A cluster that hangs has one, and would let the next request hang too.
        """
        requests = self.task.requests
        return bool(requests) and not self._cluster.was_late and all(sent["status"] in (None, 404) for sent in requests)

    # -- changing -----------------------------------------------------------------------------------------------------

    def attempts(self) -> Attempts:
        """Count the tries of a change."""
        return Attempts(self)

    def change(self, step: Step, path: str, body: JSON | None) -> JSON:
        """Send a change, once: the runner reads back, and decides whether to send it again.

        :param path: the step's, with the UUID of what an earlier step created
        :param body: the step's, with its secrets
        :return: the answer's body (empty where it has none)
        :raises AkvError: ``lost`` says that the change may have been applied, ``passing`` that a retry can help
        """
        try:
            answer = self._once(step.method, _target(path, step.query), body)
            content = self._success(answer, step.operation)
        except _Setback as setback:
            failure = setback.failure(step.doing, self.where, self._asked)
            failure.lost = setback.kind is FaultKind.LOST
            failure.passing = setback.kind.may_pass
            if failure.lost:
                self.task.sent_unconfirmed()
            raise failure from None
        # Accepted is not done: a job or a reading shows the outcome.
        if answer.status == 202 or isinstance(content.get("job"), dict):
            self.task.sent_unconfirmed()
        else:
            self.task.confirmed(changed=True)
        return content

    # -- one request --------------------------------------------------------------------------------------------------

    def _get(self, target: str, doing: str) -> tuple[JSON, float]:
        """Read; give the answer's body, and how many seconds it took to come."""
        attempts = Attempts(self)
        while True:
            try:
                answer = self._once("GET", target, None)
                return self._success(answer, "get"), self._seconds
            except _Setback as setback:
                if not (setback.kind.may_pass and attempts.pause()):
                    raise setback.failure(doing, self.where, self._asked) from None

    def _once(self, method: str, target: str, body: JSON | None) -> Answer:
        """Send a request, not before the server wants it."""
        held = self.held()
        if held > 0:
            if held > self.task.remaining():
                raise _Setback(
                    FaultKind.REFUSED,
                    f"the server asks for a pause of {held:.0f} s (Retry-After), which is more than the task has left"
                    " (wait_timeout).",
                )
            self.task.sleep(held)
        entry = self.task.log(method, urlsplit(target).path)
        begin = time.monotonic()
        try:
            answer = self.transport.send(method, target, body)
        except Fault as fault:
            self._cluster.was_late = self._cluster.was_late or fault.late
            raise _Setback(fault.kind, fault.reason) from None
        self._seconds = time.monotonic() - begin
        entry["status"] = answer.status
        if not 200 <= answer.status < 300 and (pause := _retry_after(answer)):
            self._cluster.not_before = max(self._cluster.not_before, time.monotonic() + pause)
        return answer

    def _success(self, answer: Answer, operation: str) -> JSON:
        """Give the body of a 2xx answer.

        :raises _Setback: any other answer, or one that reports an error with its success
        """
        content, problem = self._checked(answer)
        reason = ""
        if 200 <= answer.status < 300:
            if problem:
                raise _Setback(FaultKind.LOST, f"the response is refused: {problem}. Is a proxy in between?")
            if operation == "get" and not isinstance(content, dict):
                raise _Setback(FaultKind.LOST, "the response is not a JSON object. Is this ONTAP's management LIF?")
            content = content if isinstance(content, dict) else {}
            # A job that was read has an error of its own.
            if operation == "get" or not _reports_error(content):
                return content
            said = self.task.redactor.free_text(str(content["error"]))
            reason = f"the response is HTTP {answer.status}, and reports the error {said.rstrip('.')}."
        error = _error_of(content)
        if error is None:
            raise _Setback(
                retry.kind_of_answer(answer.status, None),
                reason or _reason_of_status(answer),
                http_status=answer.status,
            )
        code = str(error["code"])
        raise _Setback(
            retry.kind_of_answer(answer.status, code),
            self.task.redactor.free_text(str(error.get("message") or "no message")),
            http_status=answer.status,
            error=self.task.redactor.written_by_server(
                {
                    "code": code,
                    "message": str(error.get("message") or ""),
                    "target": error.get("target"),
                    "arguments": error.get("arguments") or [],
                }
            ),
            operation=operation,
        )

    def _checked(self, answer: Answer) -> tuple[t.Any, str]:
        """Give the value of an answer's JSON, or None and what is wrong with it."""
        try:
            value, reserved = door.read_json(answer.content)
        except door.NotReadable as exc:
            return None, exc.reason
        if reserved:
            self.warn_of_reserved_keys()
        return value, ""

    def warn_of_reserved_keys(self) -> None:
        """Warn, once for the whole task, that keys were removed which Ansible reserves for itself."""
        self.once("reserved keys", self._warn_of_reserved_keys)

    def _warn_of_reserved_keys(self) -> bool:
        self.task.warn(f"{self.where} {door.RESERVED_REMOVED}")
        return True

    @property
    def _asked(self) -> str:
        """The last request, as a role's rule names it; "" where a pause that was asked for let none be sent."""
        return "{method} {path}".format(**self.task.requests[-1]) if self.task.requests else ""

    def _own_target(self, href: str, path: str, doing: str) -> str:
        """Turn a server's link into a target, if it stays on this host and on this very path."""
        here = urlsplit(self.transport.url)
        try:
            parts = urlsplit(href)
            query = urlencode(parse_qsl(parts.query, keep_blank_values=True), quote_via=quote)
        except ValueError:
            raise self._not_ontap(doing, "its link to the next page is not a URL") from None
        elsewhere = (parts.scheme or here.scheme, parts.netloc or here.netloc) != (here.scheme, here.netloc)
        if elsewhere or unquote(parts.path) != f"/api{path}":
            raise self._not_ontap(doing, "its next page lies elsewhere")
        return f"/api{path}?{query}"

    def _not_ontap(self, doing: str, what: str) -> errors.ConnectionFailed:
        return errors.ConnectionFailed(f"{doing} on {self.where} failed: {what}. Is this ONTAP's management LIF?")


def explain(operation: str, code: str) -> Code | None:
    """Find what is known of one of ONTAP's error codes.

    :param operation: e.g. "post"
    """
    # Only a failure needs the table; loading it takes as long as loading the rest of this folder.
    from ansible_collections.ontap.akv.plugins.module_utils._ontap import error_codes

    return error_codes.explain(operation, code)


def is_unreadable(refusal: errors.AkvError) -> bool:
    """Return whether a refusal means that this login may not read one thing, or that it does not see it (an SVM's)."""
    forbidden = refusal.details.get("http_status") == 403
    return forbidden or (isinstance(refusal, errors.OntapError) and refusal.http_status in UNREADABLE)


class _Setback(Exception):
    """One try that did not succeed: how far it got, and what a failure needs to say."""

    def __init__(
        self,
        kind: FaultKind,
        reason: str,
        *,
        http_status: int | None = None,
        error: JSON | None = None,
        operation: str = "",
    ) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason
        self.http_status = http_status
        self.error = error
        self.operation = operation

    def failure(self, doing: str, where: str, asked: str) -> errors.AkvError:
        """Make the failure that the user reads.

        :param asked: the request, for whoever has to allow it
        """
        if self.error is not None:
            code = self.error["code"]
            known = explain(self.operation, code)
            said = self.reason.rstrip(".")
            message = (
                f"{doing} on {where} failed: {said} (code {code}{f', {asked}' if self.http_status == 403 else ''})."
            )
            if known is not None:
                message += f" {known.advice}"
                if known.transient and "again" not in known.advice:
                    message += " The error may be temporary: run the task again."
            return errors.OntapError(message, code, self.http_status, self.error)
        details: JSON = {"http_status": self.http_status} if self.http_status else {}
        which = f" The request was {asked}." if self.http_status == 403 else ""
        return errors.ConnectionFailed(f"{doing} on {where} failed: {self.reason}{which}", **details)


def _target(path: str, query: Mapping[str, str] | None) -> str:
    """Join path and query; a value can never change the endpoint, nor can it be one that has no encoding."""
    encoded = urlencode(query or {}, quote_via=quote, safe="*,", errors="surrogatepass")
    return f"/api{path}" + (f"?{encoded}" if encoded else "")


def next_page(page: JSON) -> str | None:
    """Give a page's link to the next one; None where it has none."""
    links = page.get("_links")
    following = links.get("next") if isinstance(links, dict) else None
    href = following.get("href") if isinstance(following, dict) else None
    return href if isinstance(href, str) and href else None


def _error_of(content: t.Any) -> JSON | None:
    """Give the error of an answer's envelope; None where it has none, or none with a code."""
    error = content.get("error") if isinstance(content, dict) else None
    code = error.get("code") if isinstance(error, dict) else None
    return error if code is not None and str(code).strip() else None


def _reports_error(content: JSON) -> bool:
    """Return whether a success reports an error of a change, and names no job that says how the change ends."""
    error, job = content.get("error"), content.get("job")
    if isinstance(job, dict) and is_uuid(job.get("uuid")):
        return False
    if isinstance(error, dict):
        return str(error.get("code")) != "0" and any(error.values())
    return bool(error)


def _reason_of_status(answer: Answer) -> str:
    """Say what an answer without ONTAP's error envelope means."""
    status = answer.status
    if status == 401:
        return "the login was not accepted (HTTP 401). Check username and password, or the certificate."
    if status == 403:
        return "the role of the login does not allow this (HTTP 403). Give the role access to the path."
    if 300 <= status < 400:
        return (
            f"the server returned a redirect (HTTP {status}), which is not followed."
            " Set hostname to the cluster management LIF."
        )
    if status == 404:
        return "the cluster does not have this endpoint (HTTP 404). azure-key-vaults needs ONTAP 9.7 or later."
    if status == 407:
        return "the proxy requires a login (HTTP 407). Put it into HTTPS_PROXY, or set use_proxy: false."
    kind = answer.headers.get("Content-Type", "no content type").split(";")[0]
    return f"the response is HTTP {status} with {kind}, not ONTAP's. Is a proxy or a load balancer in between?"


def _retry_after(answer: Answer) -> float | None:
    """Seconds that the server asks to wait: given as a number or as a date."""
    value = answer.headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
