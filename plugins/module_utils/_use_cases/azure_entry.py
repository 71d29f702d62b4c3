# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""From a task's options to its result, for use cases that speak to Azure and never to ONTAP."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from ansible_collections.ontap.akv.plugins.module_utils._azure import login
from ansible_collections.ontap.akv.plugins.module_utils._azure.clouds import Cloud
from ansible_collections.ontap.akv.plugins.module_utils._azure.entra import Entra
from ansible_collections.ontap.akv.plugins.module_utils._azure.login import Login
from ansible_collections.ontap.akv.plugins.module_utils._azure.service import Service
from ansible_collections.ontap.akv.plugins.module_utils._http.transport import Transport
from ansible_collections.ontap.akv.plugins.module_utils._runtime.redaction import Redactor
from ansible_collections.ontap.akv.plugins.module_utils._runtime.task import Task
from ansible_collections.ontap.akv.plugins.module_utils._use_cases import entry

if t.TYPE_CHECKING:
    from ansible_collections.ontap.akv.plugins.module_utils._azure.certificate import Certificate


class Azure:
    """Azure as one task reaches it.

    :ivar certificate: what the application logs in with instead of a secret
    """

    def __init__(self, task: Task, login: Login, session: entry.Session) -> None:
        self.task = task
        self.login = login
        self._session = session
        self._open: list[Transport] = []
        self.certificate: Certificate | None = None
        if login.pkcs12 is not None:
            task.redactor.add([login.pkcs12])
            # Only a certificate needs cryptography, which takes long to load.
            from ansible_collections.ontap.akv.plugins.module_utils._azure.certificate import Certificate

            self.certificate = Certificate(login.pkcs12)

    def service(self, url: str, name: str, option: str) -> Service:
        """Open one of Azure's services.

        :param name: what it is, for messages
        :param option: the option that names its address
        """
        transport = self._session.open(self.login.endpoint(url, name, option))
        self._open.append(transport)
        return Service(transport, self.task, self.login.retries, name)

    def entra(self, cloud: Cloud) -> Entra:
        """Open Microsoft Entra ID: that of the task, else that of a cloud."""
        service = self.service(self.login.authority or cloud.authority, "Microsoft Entra ID", "authority")
        return Entra(service, self.task, self.login, self.certificate)

    def close(self) -> None:
        """Hand the connections back."""
        for transport in self._open:
            self._session.release(transport)


AzureUseCase = Callable[[Azure, entry.Params], t.Any]
"""Takes Azure and options; returns a dataclass or raises AkvError."""


def execute(
    params: entry.Params,
    _check_mode: bool,
    use_case: AzureUseCase,
    session: entry.Session | None = None,
    progress: Callable[[str], None] = lambda _text: None,
    redactor: Redactor | None = None,
) -> tuple[entry.Result, list[str]]:
    """Run a use case that only reads; give the task's result and its warnings, with no secret in them."""
    opener = session or entry.Session()

    def work(task: Task) -> t.Any:
        checked = Login.from_params(params)
        task.warnings += checked.warnings()
        azure = Azure(task, checked, opener)
        try:
            return use_case(azure, params)
        finally:
            azure.close()

    return entry.execute_task(params, work, progress, redactor)


AZURE = entry.Kind(login.ARGUMENT_SPEC, execute)
"""A use case that speaks to Azure alone."""
