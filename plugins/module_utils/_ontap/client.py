# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""A client of ONTAP's REST API: paging, the error envelope, repetition, and a journal of what was sent."""

from __future__ import annotations

import copy
import random
import threading
import time
import typing as t
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from ansible_collections.ontap.akv.plugins.module_utils._akv.releases import RELEASES, Release
from ansible_collections.ontap.akv.plugins.module_utils._http import door, retry
from ansible_collections.ontap.akv.plugins.module_utils._http.transport import Answer, Fault, Transport
from ansible_collections.ontap.akv.plugins.module_utils._runtime.errors import (
    CHANGED,
    UNCHANGED,
    UNKNOWN,
    AkvError,
    ConnectionFailed,
    FateUnknown,
    OntapError,
)
from ansible_collections.ontap.akv.plugins.module_utils._runtime.redaction import Redactor

_MAX_BUDGET = 10**9  # seconds: what a clock can count
_MAX_EMPTY_PAGES = 100  # one after another
_MAX_PAGES = 10_000

JSON = dict[str, t.Any]
Reading = t.TypeVar("Reading")


class Client:
    """Talks to one cluster. Every method that sends may raise ConnectionFailed or OntapError.

    :param transport: the session to send with
    :param where: the cluster, as messages name it
    :param retries: how often a request is sent again after a transient fault
    :param budget: seconds for the whole task: neither a retry nor a poll begins after it
    :param progress: is told in a few words what is waited for, each time before a pause
    :ivar requests: what was sent, one entry a try: method, path, status (None where no answer came)
    :ivar warnings: what the user should know, whether the task succeeds or not
    :ivar untold: fields that the cluster has refused to tell, against what its release promises
    :ivar redactor: masks what the server writes; it may echo a part of a secret
    """

    def __init__(
        self,
        transport: Transport,
        where: str,
        retries: int,
        budget: float,
        redactor: Redactor,
        progress: Callable[[str], None] = lambda _text: None,
    ) -> None:
        self.transport = transport
        self.where = where
        self._retries = retries
        self._deadline = time.monotonic() + max(0, min(budget, _MAX_BUDGET))
        self._changed = self._fate_unknown = False
        self.requests: list[JSON] = []
        self.warnings: list[str] = []
        self.untold: set[str] = set()
        self.redactor = redactor
        self.progress = progress
        # What siblings share too.
        self._journal = self.requests
        self._known: dict[str, t.Any] = {}
        self._lock = threading.RLock()

    def sibling(self) -> Client:
        """Make a client for one vault of many: it shares the task's time and what is known of the cluster.

        Its outcome, warnings and requests are its own; the latter stand among this client's too.
        """
        other = copy.copy(self)
        other._changed = other._fate_unknown = False
        other.requests, other.warnings = [], []
        return other

    def once(self, what: str, read: Callable[[], Reading]) -> Reading:
        """Read what stays the same for the whole task, at the first call alone."""
        with self._lock:
            if what not in self._known:
                self._known[what] = read()
            return t.cast("Reading", self._known[what])

    # -- time ---------------------------------------------------------------------------------------------------------

    def remaining(self) -> float:
        """Seconds left of the task's budget."""
        return self._deadline - time.monotonic()

    def sleep(self, seconds: float, waiting_for: str = "") -> None:
        """Wait, but no longer than the budget lasts.

        :param waiting_for: what a person at a terminal is told of it
        """
        if waiting_for:
            self.progress(f"{self.where}: {waiting_for}")
        time.sleep(max(0.0, min(seconds, self.remaining())))

    # -- reading ------------------------------------------------------------------------------------------------------

    def get(self, path: str, query: Mapping[str, str] | None = None, *, doing: str) -> JSON:
        """Read one object.

        :param path: below /api
        :param doing: begins the sentence of a failure, e.g. "Reading the vault of SVM vs0"
        """
        return self._get(_target(path, query), doing)

    def records(self, path: str, query: Mapping[str, str], *, doing: str) -> list[JSON]:
        """Read a collection, all its pages."""
        records: list[JSON] = []
        target = _target(path, query)
        seen: set[str] = set()
        empty = 0
        for _page in range(_MAX_PAGES):
            page = self._get(target, doing)
            found = page.get("records")
            if not isinstance(found, list) or not all(isinstance(record, dict) for record in found):
                raise self._not_ontap(doing, "the answer's records are no list of objects")
            records += found
            following = _next_page(page)
            if following is None:
                return records
            # An empty page goes on where it stood, so its link may be the same; a page with records never leads back.
            empty = 0 if found else empty + 1
            if found:
                seen.add(target)
            target = self._own_target(following, path, doing)
            if target in seen or empty > _MAX_EMPTY_PAGES:
                break
        raise self._not_ontap(doing, "its pages have no end")

    @property
    def known_release(self) -> Release | None:
        """The cluster's release, if it was asked for already."""
        return self._known.get("release")

    def release(self) -> Release:
        """Learn the cluster's release; asked for once."""
        return self.once("release", lambda: self.cluster()[0])

    def cluster(self, *fields: str) -> tuple[Release, JSON]:
        """Read the cluster's own record, and learn its release from that.

        :param fields: what else to ask for
        """
        doing = "Reading the cluster's release"
        record = self.get("/cluster", {"fields": ",".join(("version", *fields))}, doing=doing)
        version = record.get("version")
        version = version if isinstance(version, dict) else {}
        generation, major, minor = (version.get(part) for part in ("generation", "major", "minor"))
        if not (isinstance(generation, int) and isinstance(major, int) and isinstance(minor, int)):
            raise self._not_ontap(doing, "the answer names no version")
        release = Release((generation, major, minor))
        if release.is_newer_than_known:
            self.warnings.append(
                f"{self.where} runs ONTAP {release}, which is newer than this collection knows. It is treated"
                f" as {RELEASES[-1]}."
            )
        with self._lock:
            self._known["release"] = release
        return release, record

    @property
    def rest_is_missing(self) -> bool:
        """Whether all that came so far says that there is no REST API: 404, or no answer at all."""
        return bool(self.requests) and all(sent["status"] in (None, 404) for sent in self.requests)

    # -- changing -----------------------------------------------------------------------------------------------------

    @property
    def outcome(self) -> str:
        """What the requests so far have done to the cluster: UNCHANGED, CHANGED or UNKNOWN."""
        if self._fate_unknown:
            return UNKNOWN
        return CHANGED if self._changed else UNCHANGED

    def change(
        self,
        method: str,
        path: str,
        *,
        doing: str,
        operation: str,
        settle: Callable[[], JSON | None] | None,
        by_job: bool = False,
        body: JSON | None = None,
        query: Mapping[str, str] | None = None,
    ) -> JSON:
        """Send a change.

        :param operation: the operation of the error codes, e.g. "post"
        :param settle: reads whether a change whose fate is unknown has happened: what is true then, else None.
            None for a change that has the same effect however often it arrives: it needs no settling.
        :param by_job: ONTAP does it as a job, so that what has not happened yet may still come
        :return: the answer's body (empty where it has none), or what settle found
        :raises FateUnknown: it may or may not have happened, and that could not be read either
        """
        target = _target(path, query)
        kind = retry.REPEATABLE if settle is None else retry.SINGLE
        lost = None
        tries = 0
        while True:
            tries += 1
            try:
                content = self._success(self._once(method, target, body), operation)
            except _Setback as setback:
                failure = setback.failure(doing, self.where, self._asked)
                if setback.fault == retry.LOST:
                    self._fate_unknown = True
                    lost = failure
                # After a lost try a refusal, too, may be its echo ("already configured", "not found").
                if lost is not None and settle is not None:
                    found = self._settle(settle, lost, by_job)
                    if found is not None:
                        content = found
                        break
                final = retry.decide(kind, setback.fault) == retry.FINAL
                if final or not self._wait_for_retry(tries, setback.retry_after):
                    raise failure from None
            else:
                break
        # Accepted is not done: what a job does is told by the job.
        has_job = isinstance(content.get("job"), dict)
        self.settle(changed=not has_job)
        self._fate_unknown = has_job
        return content

    def settle(self, changed: bool) -> None:
        """Note what has become of the last change."""
        self._fate_unknown = False
        self._changed = self._changed or changed

    def _settle(self, settle: Callable[[], JSON | None], lost: AkvError, by_job: bool) -> JSON | None:
        """Read what became of a lost change; while that can't be read, its fate stays unknown."""
        try:
            found = settle()
        except AkvError as exc:
            raise FateUnknown(f"{lost.message} Whether it was done could not be read: {exc.message}") from None
        self._fate_unknown = found is None and by_job
        return found

    # -- one request --------------------------------------------------------------------------------------------------

    def _get(self, target: str, doing: str) -> JSON:
        tries = 0
        while True:
            tries += 1
            try:
                content = self._success(self._once("GET", target, None), "get")
            except _Setback as setback:
                again = retry.decide(retry.READ, setback.fault) == retry.AGAIN
                if not again or not self._wait_for_retry(tries, setback.retry_after):
                    raise setback.failure(doing, self.where, self._asked) from None
            else:
                return content

    def _once(self, method: str, target: str, body: JSON | None) -> Answer:
        entry: JSON = {"method": method, "path": urlsplit(target).path, "status": None}
        self.requests.append(entry)
        if self._journal is not self.requests:
            self._journal.append(entry)
        try:
            answer = self.transport.send(method, target, body)
        except Fault as fault:
            raise _Setback(fault.kind, fault.reason) from None
        entry["status"] = answer.status
        return answer

    def _success(self, answer: Answer, operation: str) -> JSON:
        """Give the body of a 2xx answer.

        :raises _Setback: any other answer
        """
        content, problem = self._checked(answer)
        if 200 <= answer.status < 300:
            if problem:
                raise _Setback(retry.LOST, f"the response is refused: {problem}. Is a proxy in between?")
            if operation == "get" and not isinstance(content, dict):
                raise _Setback(retry.LOST, "the answer is no JSON object. Is this ONTAP's management LIF?")
            return content if isinstance(content, dict) else {}
        error = content.get("error") if isinstance(content, dict) else None
        if not isinstance(error, dict) or not str(error.get("code", "")).strip():
            raise _Setback(
                retry.fault_of_answer(answer.status, None),
                _reason_of_status(answer),
                http_status=answer.status,
                retry_after=_retry_after(answer),
            )
        code = str(error["code"])
        raise _Setback(
            retry.fault_of_answer(answer.status, code),
            self.redactor.free_text(str(error.get("message") or "no message")),
            http_status=answer.status,
            retry_after=_retry_after(answer),
            error=self.redactor.written_by_server(
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
            self.once("reserved keys", self._warn_of_reserved_keys)
        return value, ""

    def _warn_of_reserved_keys(self) -> bool:
        self.warnings.append(
            f"{self.where} sent keys that begin with __ansible, which Ansible reserves for itself. They were removed."
        )
        return True

    @property
    def _asked(self) -> str:
        """The last request, as a role's rule names it."""
        return f"{self.requests[-1]['method']} {self.requests[-1]['path']}"

    def _wait_for_retry(self, tries: int, retry_after: float | None) -> bool:
        """Wait for the next try; False where there is none left, or not time enough."""
        pause = retry.backoff(tries, random.random())
        if retry_after is not None:
            pause = max(pause, retry_after)
        if tries > self._retries or pause > self.remaining():
            return False
        self.sleep(pause)
        return True

    def _own_target(self, href: str, path: str, doing: str) -> str:
        """Turn a server's link into a target, if it stays on this host and on this very path."""
        here = urlsplit(self.transport.url)
        try:
            parts = urlsplit(href)
            query = urlencode(parse_qsl(parts.query, keep_blank_values=True), quote_via=quote)
        except ValueError:
            raise self._not_ontap(doing, "its link to the next page is no URL") from None
        elsewhere = (parts.scheme or here.scheme, parts.netloc or here.netloc) != (here.scheme, here.netloc)
        if elsewhere or unquote(parts.path) != f"/api{path}":
            raise self._not_ontap(doing, "its next page lies elsewhere")
        return f"/api{path}?{query}"

    def _not_ontap(self, doing: str, what: str) -> ConnectionFailed:
        return ConnectionFailed(f"{doing} on {self.where} failed: {what}. Is this ONTAP's management LIF?")


class _Setback(Exception):
    """One try that was no success: what `retry` needs to decide, and what a failure needs to say."""

    def __init__(
        self,
        fault: str,
        reason: str,
        *,
        http_status: int | None = None,
        retry_after: float | None = None,
        error: JSON | None = None,
        operation: str = "",
    ) -> None:
        super().__init__(reason)
        self.fault = fault
        self.reason = reason
        self.http_status = http_status
        self.retry_after = retry_after
        self.error = error
        self.operation = operation

    def failure(self, doing: str, where: str, asked: str) -> AkvError:
        """Make the failure that the user reads.

        :param asked: the request, for whoever has to allow it
        """
        if self.error is not None:
            from ansible_collections.ontap.akv.plugins.module_utils._ontap.error_codes import explain

            code = self.error["code"]
            known = explain(self.operation, code)
            said = self.reason.rstrip(".")
            message = (
                f"{doing} on {where} failed: {said} (code {code}{f', {asked}' if self.http_status == 403 else ''})."
            )
            if known is not None:
                message += f" {known.advice}"
                if known.transient:
                    message += " This can pass: the task may be run again."
            return OntapError(message, code, self.http_status, self.error)
        details: JSON = {"http_status": self.http_status} if self.http_status else {}
        which = f" It was {asked}." if self.http_status == 403 else ""
        return ConnectionFailed(f"{doing} on {where} failed: {self.reason}{which}", **details)


def _target(path: str, query: Mapping[str, str] | None) -> str:
    """Join path and query; a value can never change the endpoint, nor can it be one that has no encoding."""
    encoded = urlencode(query or {}, quote_via=quote, safe="*,", errors="surrogatepass")
    return f"/api{path}" + (f"?{encoded}" if encoded else "")


def _next_page(page: JSON) -> str | None:
    links = page.get("_links")
    following = links.get("next") if isinstance(links, dict) else None
    href = following.get("href") if isinstance(following, dict) else None
    return href if isinstance(href, str) and href else None


def _reason_of_status(answer: Answer) -> str:
    """Say what an answer without ONTAP's error envelope means."""
    status = answer.status
    if status == 401:
        return "the login is not accepted (HTTP 401). Check username and password, or the certificate."
    if status == 403:
        return "the login's role does not allow this (HTTP 403). Give the role access to the path."
    if 300 <= status < 400:
        return f"it answers with a redirect (HTTP {status}), which is not followed. Give the management LIF itself."
    if status == 404:
        return "the cluster does not have this endpoint (HTTP 404): azure-key-vaults needs ONTAP 9.7 or later."
    if status == 407:
        return "the proxy wants a login (HTTP 407). Put it into HTTPS_PROXY, or set use_proxy: false."
    kind = answer.headers.get("Content-Type", "no content type").split(";")[0]
    return f"the answer is HTTP {status} with {kind}, not ONTAP's. Is a proxy or a load balancer in between?"


def _retry_after(answer: Answer) -> float | None:
    """Seconds that the server asks to wait: given as a number or as a date."""
    value = answer.headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
