# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""Microsoft Entra ID: tokens of an application, by secret or certificate (entra-docs,
v2-oauth2-client-creds-grant-flow). A token proves the credential, and no permission.
"""

from __future__ import annotations

import re
import typing as t
from datetime import datetime, timedelta, timezone
from urllib.parse import quote, urlencode

from ansible_collections.ontap.akv.plugins.module_utils._azure.error_codes import (
    ENTRA,
    NOT_YET_KNOWN,
    POLICY_ERRORS,
    aadsts,
    shortened,
)
from ansible_collections.ontap.akv.plugins.module_utils._azure.login import Login
from ansible_collections.ontap.akv.plugins.module_utils._azure.service import Reply, Service
from ansible_collections.ontap.akv.plugins.module_utils._runtime import errors
from ansible_collections.ontap.akv.plugins.module_utils._runtime.task import Task

if t.TYPE_CHECKING:
    from ansible_collections.ontap.akv.plugins.module_utils._azure.certificate import Certificate

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_TOKEN = re.compile(r"[\x21-\x7e]+", re.ASCII)
_CLOCKS_AGREE = timedelta(minutes=5)
_PAUSE = 5.0  # seconds between two tries of a credential that may not be known everywhere yet


class Refused(errors.AkvError):
    """Entra refused a login.

    :ivar code: the AADSTS code, where there was one
    :ivar unknown: whether the refusal says nothing about ONTAP
    """

    def __init__(self, message: str, code: int | None, unknown: bool, **details: t.Any) -> None:
        super().__init__(message, **details)
        self.code = code
        self.unknown = unknown


class Entra:
    """Logs an application in.

    :param certificate: what it logs in with instead of its secret
    :ivar ahead: how far Azure's clock is ahead of this host's, where that is known
    """

    def __init__(self, service: Service, task: Task, login: Login, certificate: Certificate | None) -> None:
        self._service = service
        self._task = task
        self._login = login
        self._certificate = certificate
        self.ahead = timedelta()

    def token(self, scope: str, wait: float = 0) -> str:
        """Get a token.

        :param wait: seconds in which a refusal may still mean that a new credential is not known everywhere
        :raises Refused: Entra refused
        :raises NoAnswer: Entra gave no answer that can be read
        """
        until = self._task.remaining() - wait
        while True:
            reply = self._ask(scope)
            if reply.status == 200:
                return self._read(reply)
            refused = self._refused(reply)
            if refused.code not in NOT_YET_KNOWN or self._task.remaining() - _PAUSE <= max(until, 0):
                raise refused
            self._task.sleep(_PAUSE, "Microsoft Entra ID does not know the credential yet")

    def moment(self) -> datetime | None:
        """Give the time of Microsoft Entra ID, without sending a credential; None where it does not say.

        :raises NoAnswer: Entra gave no answer that can be read
        """
        tenant = quote(self._login.tenant_id, safe="")
        return self._service.ask("GET", f"/{tenant}/v2.0/.well-known/openid-configuration").moment

    def _ask(self, scope: str) -> Reply:
        path = f"/{quote(self._login.tenant_id, safe='')}/oauth2/v2.0/token"
        form = {"grant_type": "client_credentials", "client_id": self._login.client_id, "scope": scope}
        if self._certificate is not None:
            now = datetime.now(timezone.utc) + self.ahead
            assertion = self._certificate.assertion(self._login.client_id, self._service.url + path, now)
            self._task.redactor.add([assertion, *assertion.split(".")[1:]])
            form.update(client_assertion_type=_ASSERTION_TYPE, client_assertion=assertion)
        else:
            form["client_secret"] = str(self._login.secret)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._service.ask("POST", path, urlencode(form).encode(), headers)

    def _read(self, reply: Reply) -> str:
        token = reply.record.get("access_token")
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise Refused(f"{self._service.name} returned no token (HTTP 200).", None, True)
        self._task.redactor.add([token])
        return token

    def _refused(self, reply: Reply) -> Refused:
        code = aadsts(reply.body)
        error = reply.record.get("error")
        error = error if isinstance(error, str) else ""
        who = f"{self._service.name} refused the login of application {self._login.client_id}"
        if code is None and not error and reply.status == 429:
            # Its body is not always JSON.
            message = f"{self._service.name} refused to answer: too many requests (HTTP 429). Run the task again later."
            return Refused(message, None, True, http_status=reply.status)
        if code is None and not error:
            message = f"{self._service.name} answered with HTTP {reply.status} and no error of its own."
            return Refused(f"{message} Is a proxy in between?", None, True, http_status=reply.status)
        meaning = ENTRA.get(code or 0)
        label = f"AADSTS{code}" if code else error
        details = {"http_status": reply.status, "error": {"code": label}}
        if meaning is None:
            said = self._task.redactor.free_text(shortened(reply.record.get("error_description") or error))
            passing = reply.status == 429 or reply.status >= 500 or error == "temporarily_unavailable"
            return Refused(f"{who} ({label}): {said}", code, passing or error in POLICY_ERRORS, **details)
        text = f"{who} ({label}): {meaning.text}. {meaning.advice}{self._clock(code, reply)}"
        return Refused(text, code, meaning.unknown, **details)

    def _clock(self, code: int | None, reply: Reply) -> str:
        """Blame the clock where it is wrong, before a certificate is blamed."""
        if self._certificate is None or reply.moment is None:
            return ""
        return clock_problem(reply.moment)


def clock_problem(moment: datetime) -> str:
    """Say where this host's clock differs from that of a service; empty where they agree."""
    ahead = datetime.now(timezone.utc) - moment
    if abs(ahead) <= _CLOCKS_AGREE:
        return ""
    seconds = int(ahead.total_seconds())
    how = f"{seconds} s ahead of" if seconds > 0 else f"{-seconds} s behind"
    return f" The clock of this host is {how} Azure's: correct it first."
