# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""The scope of an AKV configuration: an SVM, by name or UUID, or the cluster. Exactly one, before any request."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping

from ansible_collections.ontap.akv.plugins.module_utils._runtime import errors, texts

ARGUMENT_SPEC: dict[str, t.Any] = {
    "scope": {"type": "str", "choices": ["cluster", "svm"]},
    "svm": {"type": "str", "aliases": ["vserver"]},
    "svm_uuid": {"type": "str"},
}

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)


def is_uuid(value: object) -> bool:
    """Return whether a value is a UUID, and so safe in a path."""
    return isinstance(value, str) and _UUID.fullmatch(value) is not None


def same_uuid(one: str, other: str | None) -> bool:
    """Return whether both are the same UUID: they are compared without case."""
    return other is not None and one.lower() == other.lower()


def check_text(option: str, value: str | None) -> None:
    """Refuse what a blank survey answer, an unset variable or a pasted blank makes of an option.

    :raises InputError: the value is empty, has white space around it, or holds an invisible character
    """
    if value is None:
        return
    texts.check_not_blank(option, value)
    if value != value.strip():
        raise errors.InputError(option, f"{value!r} has white space around it. Remove it.")
    check_unicode(option, value)
    texts.check_visible(option, value)


def check_svms(names: t.Sequence[str], without: str) -> None:
    """Check the SVMs that a task names.

    :param without: what the task does where the option is left out
    :raises InputError: they are none, or one of them is malformed
    """
    if not any(name.strip() for name in names):
        given = f"{', '.join(map(repr, names))} names no SVM" if names else "is empty"
        raise errors.InputError("svms", f"{given}. Name an SVM, or leave svms out{without}.")
    for number, name in enumerate(names):
        try:
            Scope.from_params({"svm": name})
        except errors.InputError as problem:
            raise errors.InputError(f"svms[{number}]", problem.message) from None


def check_unicode(option: str, value: str) -> None:
    """Refuse what cannot be sent: it comes from bytes that were read as UTF-8 and are none. The value is not shown.

    :raises InputError: the value holds half a character
    """
    try:
        value.encode()
    except UnicodeEncodeError:
        raise errors.InputError(
            option, "contains a byte that is not UTF-8. Save the file, or set the variable, as UTF-8."
        ) from None


class Scope(t.NamedTuple):
    """The scope of an AKV configuration; neither name nor UUID means the cluster."""

    svm: str | None = None
    svm_uuid: str | None = None

    @classmethod
    def from_params(cls, params: Mapping[str, t.Any]) -> Scope:
        """Read it from a task's options.

        :raises InputError: none or more than one of svm, svm_uuid and scope: cluster, or one of them is malformed
        """
        scope = cls.from_optional_params(params)
        if scope is None:
            raise errors.InputError("svm, svm_uuid, scope", "one is required. Set svm, svm_uuid, or scope: cluster.")
        return scope

    @classmethod
    def from_optional_params(cls, params: Mapping[str, t.Any]) -> Scope | None:
        """Read it from a task's options; None where the task says nothing.

        :raises InputError: as in from_params
        """
        svm, svm_uuid, scope = params.get("svm"), params.get("svm_uuid"), params.get("scope")
        check_text("svm", svm)
        check_text("svm_uuid", svm_uuid)
        given = [f"{option}: {value}" for option, value in (("svm", svm), ("svm_uuid", svm_uuid)) if value is not None]
        if scope == "cluster":
            given.append("scope: cluster")
        if len(given) > 1:
            raise errors.InputError(
                "svm, svm_uuid, scope", f"{' and '.join(given)} are given. Keep exactly one of them."
            )
        if scope == "svm" and not given:
            raise errors.InputError("scope", "svm is given without a name. Give svm or svm_uuid too.")
        if svm_uuid is not None and not is_uuid(svm_uuid):
            raise errors.InputError(
                "svm_uuid", f"{svm_uuid!r} is not a UUID. Give the SVM's UUID, or its name with svm."
            )
        try:
            literal(svm or "")
        except ValueError as exc:
            raise errors.InputError(
                "svm", f"{svm!r} {exc}, so it cannot be asked for by name. Give svm_uuid."
            ) from None
        return cls(svm, svm_uuid and svm_uuid.lower()) if given else None

    def __str__(self) -> str:
        if self.svm is not None:
            return f"SVM {self.svm}"
        return f"SVM {self.svm_uuid}" if self.svm_uuid else "the cluster"

    @property
    def is_cluster(self) -> bool:
        """Whether it is the cluster's own vault."""
        return self.svm is None and self.svm_uuid is None

    def query(self) -> dict[str, str]:
        """Return the query for this scope; a name is literal."""
        if self.svm is not None:
            return {"svm.name": literal(self.svm)}
        return {"svm.uuid": self.svm_uuid} if self.svm_uuid else {"scope": "cluster"}

    def body(self) -> dict[str, t.Any]:
        """Name this scope in the body of a POST; no svm means the cluster."""
        if self.svm is not None:
            return {"svm": {"name": self.svm}}
        return {"svm": {"uuid": self.svm_uuid}} if self.svm_uuid else {}

    def record(self) -> dict[str, t.Any]:
        """Show this scope as an AKV configuration's record does."""
        return {"scope": "cluster" if self.is_cluster else "svm", **self.body()}

    def owns(self, record: Mapping[str, t.Any]) -> bool:
        """Return whether a record is of this scope: the server's filter is not trusted."""
        svm = record.get("svm") or {}
        if self.svm is not None:
            return bool(svm.get("name") == self.svm)
        if self.svm_uuid:
            return str(svm.get("uuid")).lower() == self.svm_uuid
        return not svm and record.get("scope", "cluster") == "cluster"


def literal(value: str) -> str:
    """Quote a query value that holds one of ONTAP's operators, so that it matches itself and nothing else.

    :raises ValueError: it holds what ends either way of quoting
    """
    if not re.search(r"[*|!<>,\"{}]|\.\.", value) and value != "null":
        return value
    # A backslash means something between quotation marks, and nothing between braces.
    if not re.search(r'["\\]', value):
        return f'"{value}"'
    if "}" in value:
        raise ValueError("contains a brace with a quotation mark or a backslash")
    return "{" + value + "}"
