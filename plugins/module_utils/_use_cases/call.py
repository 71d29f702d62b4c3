# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""One call of a module, from the arguments as they were given to a result that holds no secret."""

from __future__ import annotations

import functools
import re
import typing as t
from collections.abc import Callable, Mapping

from ansible_collections.ontap.akv.plugins.module_utils._runtime import arguments, errors
from ansible_collections.ontap.akv.plugins.module_utils._runtime.redaction import Redactor
from ansible_collections.ontap.akv.plugins.module_utils._use_cases import entry

# Ansible lists them in an order that differs from process to process.
_BOOLEANS = re.compile(r"(?<=Valid booleans include: )(?:'\w+'|[01])(?:, (?:'\w+'|[01]))*")


class Call:
    """A call, as a module and the action plugin that runs in process make it.

    :param argument_spec: the use case's own options; the connection's are added
    :param given: the arguments before Ansible has converted them
    :param kind: with whom the use case speaks
    :param cluster: the inventory's host, as `CLUSTER` describes it
    :param shows_invocation: whether results have the arguments
    :ivar spec: all options
    """

    def __init__(
        self,
        argument_spec: Mapping[str, t.Any],
        given: entry.Params,
        kind: entry.Kind,
        cluster: Mapping[str, str] | None = None,
        shows_invocation: bool = True,
    ) -> None:
        self.spec: dict[str, t.Any] = {**kind.spec, **argument_spec}
        self._execute = kind.execute
        self._given = given
        self._shows_invocation = shows_invocation
        self._cluster = {arguments.CLUSTER: cluster} if cluster else {}
        self._redactor = Redactor(arguments.secrets_of(self.spec, given))

    @functools.cached_property
    def refusal(self) -> entry.Result | None:
        """The failed result of arguments of a wrong type, which Ansible's own check need not see; else None."""
        try:
            arguments.check(self.spec, self._given)
        except errors.InputError as problem:
            return self._failed(problem)
        return None

    def invalid(self, message: str, **more: t.Any) -> entry.Result:
        """Give the failed result of arguments that Ansible's own validation refuses."""
        complete = arguments.advise(self.spec, self._given, _BOOLEANS.sub("true, false", message))
        return self._masked({"failed": True, "msg": complete, **more})

    def broken(self, exc: Exception) -> entry.Result:
        """Give the failed result of an exception outside of the use case."""
        return self._failed(errors.unexpected(exc))

    def run(
        self,
        params: entry.Params,
        check_mode: bool,
        use_case: Callable[..., t.Any],
        session: entry.Session | None = None,
        progress: Callable[[str], None] = lambda _text: None,
    ) -> tuple[entry.Result, list[str]]:
        """Run a use case with validated options; give the result, ``failed`` in it, and the warnings.

        :param session: opens the transport
        :param progress: receives what the task waits for
        """
        if self.refusal:
            return self.refusal, []
        try:
            arguments.check_environment(self.spec, params)
        except errors.InputError as problem:
            return self._failed(problem), []
        result, warnings = self._execute(
            {**params, **self._cluster}, check_mode, use_case, session, progress, self._redactor
        )
        return {**result, **self._invocation(params)}, warnings

    def _failed(self, failure: errors.AkvError) -> entry.Result:
        return self._masked({"requests": [], **failure.result(errors.Outcome.UNCHANGED)})

    def _masked(self, result: entry.Result) -> entry.Result:
        return {**self._redactor.result(result), **self._invocation(self._given)}

    def _invocation(self, params: entry.Params) -> entry.Result:
        if not self._shows_invocation:
            return {}
        return {"invocation": {"module_args": self._redactor.result(arguments.shown(self.spec, params))}}
