# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""The use case of akv_conformance_info: compare a cluster with the tables of the collection, by GET requests alone."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from ansible_collections.ontap.akv.plugins.module_utils._akv import releases
from ansible_collections.ontap.akv.plugins.module_utils._akv.conformance import (
    FORMAT,
    RESOURCES,
    Anonymizer,
    Comparison,
    Findings,
    shape,
)
from ansible_collections.ontap.akv.plugins.module_utils._akv.scope import is_uuid
from ansible_collections.ontap.akv.plugins.module_utils._ontap.client import Client, next_page
from ansible_collections.ontap.akv.plugins.module_utils._ontap.error_codes import CODES
from ansible_collections.ontap.akv.plugins.module_utils._runtime import errors
from ansible_collections.ontap.akv.plugins.module_utils._use_cases.ontap_entry import ONTAP

KIND = ONTAP

ARGUMENT_SPEC: dict[str, t.Any] = {}

RECORDS = 100
"""How many records of a collection are read and compared."""

_VAULTS, _SVMS, _KEY_STORES = "security/azure-key-vaults", "svm/svms", "security/key-stores"
# Nobody has these: no UUID is made of zeros, and ONTAP's names hold no dots.
_NO_UUID = "00000000-0000-0000-0000-000000000000"
_NO_NAME = "no.such.name"
_UNKNOWN_FIELD = "no_such_field"
_MAX_PAGES = 20
# ONTAP reports states with codes of their own in 9.8 to 9.14.1 (346758), and what a key manager is fit for.
_CODES_OF_STATES = ("0", "346758", "65537200", "65537125")

JSON = dict[str, t.Any]


@dataclass(frozen=True)
class Result:
    """What was found."""

    changed: bool
    msg: str
    verdict: str
    agrees: list[str]
    differs: list[dict[str, str]]
    bundle: JSON


class _Reply(t.NamedTuple):
    """A reply to one GET.

    :ivar body: None where it was refused
    :ivar status: the HTTP status of a refusal; None where no answer came
    :ivar code: the error code, "" where the reply has none
    """

    body: JSON | None
    status: int | None = 200
    code: str = ""


def run(client: Client, params: Mapping[str, t.Any], check_mode: bool) -> Result:
    """Compare. Reads only, so check mode makes no difference."""
    return _Conversation(client).result()


class _OutOfTime(Exception):
    """The task has no time left for another request."""


class _Conversation:
    """Asks a cluster what the collection relies on, and continues when a request fails."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._anonymizer = Anonymizer(
            [*_CODES_OF_STATES, *(code for codes in CODES.values() for code in codes)],
        )
        self._findings = Findings()
        self._release = releases.Release.parse(releases.RELEASES[-1])
        self._known = False
        self._records: dict[str, list[JSON]] = {}
        self._replies: JSON = {}
        self._errors: dict[str, str] = {}
        self._heard = False

    def result(self) -> Result:
        """Ask everything.

        :raises AkvError: nothing answers like ONTAP's REST API, or the login is not accepted
        """
        self._read_release()
        for part in (self._resources, self._fields, self._refusals, self._filters, self._pages, self._relations):
            try:
                part()
            except _OutOfTime:
                name = part.__name__.strip("_").replace("_", " ")
                self._findings.unchecked.append(f"{name}: no time was left (300 seconds)")
        verdict = self._findings.verdict()
        release = str(self._release) if self._known else None
        return Result(
            changed=False,
            msg=f"{self._client.where} (ONTAP {release or 'unknown'}) {verdict}.",
            verdict=verdict,
            agrees=self._findings.agrees,
            differs=self._findings.differs,
            bundle={
                "format": FORMAT,
                "release": release,
                "verdict": verdict,
                "agrees": self._findings.agrees,
                "differs": self._findings.differs,
                "unchecked": self._findings.unchecked,
                "replies": self._replies,
                "errors": self._errors,
                "removed": self._anonymizer.removals(),
            },
        )

    # -- asking -------------------------------------------------------------------------------------------------------

    def _ask(self, path: str, query: Mapping[str, str] | None = None) -> _Reply:
        """Send a GET; a refusal is a reply too.

        :raises AkvError: no request was answered so far and this one was not either, or the login is not accepted
        """
        if self._client.task.remaining() <= 0:
            raise _OutOfTime
        try:
            body = self._client.get(f"/{path}", query, doing=f"Reading {path.partition('?')[0]}")
        except errors.AkvError as refusal:
            status = refusal.details.get("http_status")
            if status == 401 or (status is None and not self._heard):
                raise
            if status == 404 and self._client.rest_is_missing and len(self._client.task.requests) >= len(RESOURCES):
                raise
            self._heard = self._heard or status not in (None, 404)
            return _Reply(None, status, refusal.code if isinstance(refusal, errors.OntapError) else "")
        self._heard = True
        return _Reply(body)

    def _refusal(self, reply: _Reply) -> str:
        """Describe a refusal in words of ours."""
        code = f", code {self._anonymizer.code(reply.code)}" if reply.code else ""
        return f"HTTP {reply.status}{code}" if reply.status else "no answer like ONTAP's"

    def _is_there(self, name: str) -> bool:
        return self._release.within(RESOURCES[name].since)

    def _read_release(self) -> None:
        reply = self._ask("cluster", {"fields": "name,name_servers,uuid,version"})
        version = (reply.body or {}).get("version")
        numbers = [version.get(part) for part in ("generation", "major", "minor")] if isinstance(version, dict) else []
        known = len(numbers) == 3 and all(
            isinstance(n, int) and not isinstance(n, bool) and 0 <= n < 100 for n in numbers
        )
        if known:
            self._known = True
            self._release = releases.Release(t.cast("tuple[int, int, int]", tuple(numbers)))
        if reply.body is None:
            self._findings.add("cluster: GET", False, "HTTP 200", self._refusal(reply))
            return
        self._findings.add("cluster: GET", True, "", "")
        self._findings.add("cluster: release", known, "three small integers", shape(version))
        if known:
            known = (
                releases.Release.parse(releases.RELEASES[0]) <= self._release and not self._release.is_newer_than_known
            )
            self._findings.add(
                "cluster: known release",
                known,
                f"{releases.RELEASES[0]} to {releases.RELEASES[-1]}",
                str(self._release),
            )
        self._compare("cluster", [reply.body], single=True)

    # -- the parts ----------------------------------------------------------------------------------------------------

    def _resources(self) -> None:
        """Each endpoint: whether the release has it, and what its records look like."""
        for name in RESOURCES:
            if name not in ("cluster", "security/key-ids"):
                self._resource(name, name, self._fields_of(name))
        self._key_ids()

    def _fields_of(self, name: str) -> str:
        if name == _VAULTS:
            return ",".join(["*", *releases.health_fields(self._release)])
        if name == _KEY_STORES:
            return "*" if self._release.within("9.14.1") else "location,svm,type"
        if name == "security/key-manager-configs":
            return ",".join(
                field for field, since in releases.HEALTH_MONITOR_FIELDS.items() if self._release.within(since)
            )
        if name == "security/key-managers":
            return "external.servers.server,onboard.enabled,scope,svm"
        if name == "cluster/nodes":
            return "name,state,uuid,version" if self._release.within("9.8") else "name,uuid,version"
        return ",".join(sorted({path.replace("[]", "") for path in RESOURCES[name].fields}))

    def _resource(self, name: str, path: str, fields: str) -> None:
        resource = RESOURCES[name]
        query = {"fields": fields} if fields else {}
        if not resource.single:
            query["max_records"] = str(RECORDS)
        if name == "support/ems/events":
            query["message.name"] = "ekmip.akv.*"
        reply = self._ask(path, query)
        if not self._is_there(name):
            self._findings.add(f"{name}: not before {resource.since}", reply.body is None, "a refusal", "HTTP 200")
            return
        if reply.body is None:
            self._findings.add(f"{name}: GET", False, "HTTP 200", self._refusal(reply))
            return
        self._findings.add(f"{name}: GET", True, "", "")
        if resource.single:
            self._compare(name, [reply.body], single=True)
            return
        records, number = reply.body.get("records"), reply.body.get("num_records")
        is_list = isinstance(records, list)
        self._findings.add(f"{name}: records", is_list, "a list", shape(records))
        if not isinstance(records, list):
            return
        self._findings.add(f"{name}: num_records", number == len(records), shape(len(records)), shape(number))
        self._compare(name, records, single=False)

    def _compare(self, name: str, records: list[t.Any], single: bool) -> None:
        comparison = Comparison(name, self._release, self._anonymizer)
        kept = [comparison.take(record) for record in records[:RECORDS]]
        comparison.report(self._findings)
        self._replies[name] = kept[0] if single and kept else kept
        self._records.setdefault(name, []).extend(record for record in records if isinstance(record, dict))

    def _key_ids(self) -> None:
        """The keys of the first AKV configuration, on the first node."""
        vault, node = self._first_uuid(_VAULTS), self._first_uuid("cluster/nodes")
        if vault is None or node is None:
            self._findings.unchecked.append("security/key-ids: GET")
            return
        self._resource("security/key-ids", f"security/key-managers/{vault}/keys/{node}/key-ids", "*")

    def _first_uuid(self, name: str) -> str | None:
        uuids = [record.get("uuid") for record in self._records.get(name, [])]
        return next((str(uuid) for uuid in uuids if is_uuid(uuid)), None)

    def _fields(self) -> None:
        """Each field of an AKV configuration: whether a GET may name it in this release."""
        for field in (*releases.FIELDS, _UNKNOWN_FIELD):
            self._field(field)

    def _field(self, field: str) -> None:
        reply = self._ask(_VAULTS, {"fields": field, "max_records": "1"})
        if field in releases.FIELDS and self._release.reads(field):
            check = f"{_VAULTS}: fields={field} is accepted"
            self._findings.add(check, reply.body is not None, "HTTP 200", self._refusal(reply))
            return
        codes = ("262249", "262197") if field in releases.SECRET_FIELDS else ("262197",)
        self._refused(f"{_VAULTS}: fields={field} is refused", reply, codes)

    def _refused(self, check: str, reply: _Reply, codes: Iterable[str]) -> None:
        expected = f"code {' or '.join(codes)}"
        if reply.body is not None:
            self._findings.add(check, False, expected, "HTTP 200")
            return
        self._errors[check] = self._anonymizer.code(reply.code) if reply.code else ""
        self._findings.add(check, reply.code in codes, expected, self._refusal(reply))

    def _refusals(self) -> None:
        """The codes of requests that cannot succeed, and cannot do harm."""
        release = self._release
        gone = "65537120" if release.within("9.9.1") else "65537511"
        self._refused(f"{_VAULTS}: unknown UUID", self._ask(f"{_VAULTS}/{_NO_UUID}"), (gone, "4"))
        self._refused(f"{_SVMS}: unknown UUID", self._ask(f"{_SVMS}/{_NO_UUID}"), ("4", "2621462"))
        self._refused("cluster/jobs: unknown UUID", self._ask(f"cluster/jobs/{_NO_UUID}"), ("4",))
        if release.within("9.14.1"):
            reply = self._ask(f"{_KEY_STORES}/{_NO_UUID}")
            self._refused(f"{_KEY_STORES}: unknown UUID", reply, ("4", "65538908"))
        for name in (_VAULTS, _SVMS):
            self._refused(f"{name}: unknown filter", self._ask(name, {_UNKNOWN_FIELD: "1"}), ("262179", "262197"))
        if release.reads("proxy_port"):
            reply = self._ask(_VAULTS, {"proxy_port": "none"})
            self._refused(f"{_VAULTS}: filter of another type", reply, ("262197", "262185", "262247"))

    def _filters(self) -> None:
        """Filters, each on the SVMs that were read before."""
        everything = self._uuids_of(_SVMS)
        known = [
            (str(record["name"]), str(record["uuid"]))
            for record in self._records.get(_SVMS, [])
            if isinstance(record.get("name"), str) and is_uuid(record.get("uuid"))
        ]
        self._filter("unknown name", {"name": _NO_NAME}, set())
        if not known or len(everything) >= RECORDS:
            self._findings.unchecked.append(f"{_SVMS}: filters")
            return
        name, uuid = known[0]
        self._filter("name", {"name": f'"{name}"'}, {uuid})
        self._filter("UUID", {"uuid": uuid}, {uuid})
        self._filter("not this UUID", {"uuid": f"!{uuid}"}, everything - {uuid})
        self._filter("any name", {"name": "*"}, everything)
        self._filter("one of two", {"uuid": f"{uuid}|{_NO_UUID}"}, {uuid})
        of_svm = {
            str(vault.get("uuid"))
            for vault in self._records.get(_VAULTS, [])
            if isinstance(vault.get("svm"), dict) and vault["svm"].get("uuid") == uuid
        }
        self._filter("svm.uuid", {"svm.uuid": uuid}, of_svm, _VAULTS)

    def _uuids_of(self, name: str) -> set[str]:
        return {str(record["uuid"]) for record in self._records.get(name, []) if is_uuid(record.get("uuid"))}

    def _filter(self, what: str, query: Mapping[str, str], expected: set[str], name: str = _SVMS) -> None:
        reply = self._ask(name, {"fields": "uuid", "max_records": str(RECORDS), **query})
        check = f"{name}: filter by {what}"
        if reply.body is None:
            self._findings.add(check, False, "HTTP 200", self._refusal(reply))
            return
        found = set(_uuids(reply.body))
        self._findings.add(check, found == expected, f"{len(expected)} records", f"{len(found)} records")

    def _pages(self) -> None:
        """Pages of one record, read to the end; and the parameters that shorten a reply."""
        everything = self._uuids_of(_SVMS)
        reply = self._ask(_SVMS, {"max_records": "1", "fields": "uuid"})
        found: list[str] = []
        for _page in range(_MAX_PAGES):
            if reply.body is None:
                break
            found += _uuids(reply.body)
            following = _next(reply.body)
            if following is None:
                break
            reply = self._ask(_SVMS, following)
        check = f"{_SVMS}: pages"
        if reply.body is None:
            self._findings.add(check, False, "HTTP 200", self._refusal(reply))
        elif len(everything) > _MAX_PAGES:
            self._findings.add(check, len(set(found)) == len(found), "each record once", "a record twice")
        else:
            agrees = sorted(found) == sorted(everything)
            self._findings.add(check, agrees, f"{len(everything)} records, each once", f"{len(found)} records")
        reply = self._ask(_SVMS, {"return_records": "false"})
        agrees = reply.body is not None and not reply.body.get("records") and "num_records" in reply.body
        found_instead = "records, or no number of them" if reply.body is not None else self._refusal(reply)
        self._findings.add(f"{_SVMS}: return_records=false", agrees, "only num_records", found_instead)
        reply = self._ask(_SVMS, {"order_by": "uuid", "fields": "uuid", "max_records": str(RECORDS)})
        uuids = _uuids(reply.body or {})
        found_instead = "another order" if reply.body is not None else self._refusal(reply)
        self._findings.add(
            f"{_SVMS}: order_by", reply.body is not None and uuids == sorted(uuids), "sorted", found_instead
        )

    def _relations(self) -> None:
        """What two endpoints say of the same thing."""
        if self._is_there(_KEY_STORES):
            vaults, stores = self._uuids_of(_VAULTS), self._uuids_of(_KEY_STORES)
            check = f"{_KEY_STORES}: has each AKV configuration"
            if not vaults or _KEY_STORES not in self._records:
                self._findings.unchecked.append(check)
            else:
                here = len(vaults & stores)
                self._findings.add(check, here == len(vaults), f"{len(vaults)} records", f"{here} records")


def _uuids(body: JSON) -> list[str]:
    records = body.get("records")
    if not isinstance(records, list):
        return []
    return [str(record["uuid"]) for record in records if isinstance(record, dict) and is_uuid(record.get("uuid"))]


def _next(body: JSON) -> dict[str, str] | None:
    """The query of the next page. Its path is never followed: only the query of the same collection is."""
    href = next_page(body)
    try:
        return None if href is None else dict(parse_qsl(urlsplit(href).query))
    except ValueError:
        return None
