# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is private to the collection: it may change at any time.

"""Variables of several roles, and the rules over them: scope, key vault, credential."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from ansible_collections.ontap.akv.plugins.module_utils._akv import uris
from ansible_collections.ontap.akv.plugins.plugin_utils._variables import Fault, Given, Kind, Part, Variable

SVM = Variable("svm", ("The name of the SVM.",), common=("svm",), narrows=True)
"""The one SVM of a role, with :data:`SCOPE`."""
SCOPE = Variable(
    "scope",
    ("V(cluster) selects the AKV configuration of the cluster itself.",),
    common=("scope",),
    choices=("cluster", "svm"),
    default="svm",
    narrows=True,
)
SVMS = Variable(
    "svms",
    ("The names of the SVMs, as a list or as one text with commas. Without it, all SVMs.",),
    kind=Kind.NAMES,
    common=("svms", "svm"),
    narrows=True,
)
"""The SVMs that a role is limited to, with :data:`SELECTION`."""
SELECTION = Variable(
    "scope",
    ("V(cluster) selects the AKV configuration of the cluster itself, V(svm) those of SVMs.",),
    common=("scope",),
    choices=("all", "cluster", "svm"),
    default="all",
    narrows=True,
)
CLIENT_ID = Variable("client_id", ("The application (client) ID.",), common=("client_id",))
TENANT_ID = Variable("tenant_id", ("The directory (tenant) ID.",), common=("tenant_id",))
WAIT_TIMEOUT = Variable(
    "wait_timeout",
    ("Time limit in seconds for one call of a module on one cluster, including waiting and retries.",),
    kind=Kind.INTEGER,
    default=300,
    minimum=1,
)

EXPECTED_PLAN = (
    Variable(
        "expected_plan",
        (
            "The ID of the plan of all clusters, as check mode showed it. If the plan is another one, the run stops"
            " before anything is sent.",
        ),
        common=("expected_plan",),
    ),
    Variable(
        "expected_details",
        (
            "Details of the approved plan, as check mode passed them on. A run that stops because of the plan uses them"
            " to show what differs. They do not decide whether it stops.",
        ),
        kind=Kind.DICTIONARY,
        common=("expected_details",),
        large=True,
    ),
    Variable(
        "require_plan",
        ("Whether a run without an expected plan is refused. Check mode needs none.",),
        kind=Kind.BOOLEAN,
        common=("require_plan",),
        default=False,
    ),
)
"""The plan that was approved, and whether there must be one."""

CHANGE_NUMBER = Variable(
    "change_number",
    ("The number of the change that the run belongs to. The result and the report contain it as evidence.",),
    common=("change_number",),
)

CHECK_AZURE = (
    Variable(
        "check_azure",
        (
            "Whether to check the credential in Azure before ONTAP gets it. This sends the credential from the control"
            " node to Microsoft Entra ID.",
            "V(auto) stops if a check failed, and only shows a check that is unknown. V(required) stops in both cases.",
        ),
        common=("check_azure",),
        choices=("never", "auto", "required"),
        default="never",
    ),
    Variable(
        "azure_authority", ("The URL of Microsoft Entra ID, if not the public one.",), common=("azure_authority",)
    ),
    Variable(
        "azure_vault_url",
        ("The URL at which the key vault is reached, if it is not the host of the key vault itself.",),
        common=("azure_vault_url",),
    ),
    Variable("azure_graph_url", ("The URL of Microsoft Graph, if not the public one.",), common=("azure_graph_url",)),
    Variable(
        "azure_ca_path",
        ("The CAs to trust for Azure, as a PEM file on the control node.",),
        kind=Kind.PATH,
        common=("azure_ca_path",),
    ),
)
"""Whether and where Azure is asked before a credential is sent to ONTAP."""

NEW_CREDENTIAL = (
    Variable(
        "client_secret",
        ("The VALUE of the application's client secret, not its Secret ID.",),
        common=("client_secret",),
        secret=True,
    ),
    Variable(
        "client_certificate",
        ("The application's certificate instead of a secret: PKCS#12 in base64. Needs ONTAP 9.10.1.",),
        common=("client_certificate",),
        secret=True,
    ),
    Variable(
        "client_certificate_path",
        ("The same certificate as a file on the control node. Needs ONTAP 9.10.1.",),
        kind=Kind.PATH,
        common=("client_certificate_path",),
    ),
)
PREVIOUS_CREDENTIAL = (
    Variable(
        "previous_client_secret",
        ("The client secret in use before, which Azure must still accept. It is used for a rollback.",),
        common=("previous_client_secret",),
        secret=True,
    ),
    Variable(
        "previous_client_certificate",
        ("The certificate in use before, if the credential is not a secret: PKCS#12 in base64.",),
        common=("previous_client_certificate",),
        secret=True,
    ),
)
_NEW = tuple(variable.name for variable in NEW_CREDENTIAL)


def of_fleet(*variables: Variable) -> tuple[Variable, ...]:
    """Give variables as the credential of a fleet, which is read once for all hosts."""
    return tuple(dataclasses.replace(variable, part=Part.CREDENTIAL) for variable in variables)


def required(variable: Variable, *description: str) -> Variable:
    """Give a variable as required, with further sentences of description."""
    return dataclasses.replace(variable, required=True, description=(*variable.description, *description))


def check_one_scope(given: Given) -> Iterator[Fault]:
    """Refuse neither an SVM nor the cluster, and both."""
    of_cluster = given.get("scope") == "cluster"
    if of_cluster and "svm" in given:
        yield Fault(("svm", "scope"), f"the SVM is {given['svm']!r} and the scope is cluster. Keep one of them.")
    if not of_cluster and "svm" not in given:
        yield Fault(("svm", "scope"), "neither is given. Give the name of the SVM, or the scope cluster.")


def check_selection(given: Given) -> Iterator[Fault]:
    """Refuse SVMs by name together with the scope cluster."""
    if given["scope"] == "cluster" and "svms" in given:
        names = ", ".join(given["svms"])
        yield Fault(("svms", "scope"), f"SVMs are named ({names}) and the scope is cluster. Keep one of them.")


def check_new_credential(given: Given, *, needed: bool = False) -> Iterator[Fault]:
    """Refuse more than one new credential, and none where one is needed."""
    names = tuple(name for name in _NEW if name in given)
    if len(names) > 1:
        yield Fault(names, "more than one credential is given. Keep the one that the application logs in with.")
    if needed and not names:
        yield Fault(_NEW, "none is given. Give exactly one. A null or blank value counts as not given.")


def check_previous_credential(given: Given) -> Iterator[Fault]:
    """Refuse two previous credentials, and a previous credential that equals the new one."""
    names = tuple(variable.name for variable in PREVIOUS_CREDENTIAL if variable.name in given)
    if len(names) > 1:
        yield Fault(names, "both are given. Keep the credential that is in use before.")
    for name in names:
        new = name.removeprefix("previous_")
        if given[name] == given.get(new):
            yield Fault((new, name), "they are the same. The previous credential is the one that is in use before.")


def check_vault_uri(given: Given, name: str) -> Iterator[Fault]:
    """Refuse what is not the URI of a key vault."""
    if name in given:
        try:
            uris.VaultUri.parse(given[name])
        except ValueError as error:
            yield Fault((name,), f"{given[name]!r} {error}. Give https://<vault>.vault.azure.net/.")


def check_key_id(given: Given, name: str) -> Iterator[Fault]:
    """Refuse what is not the identifier of a key."""
    if name in given:
        try:
            uris.KeyId.parse(given[name])
        except ValueError as error:
            yield Fault((name,), f"{given[name]!r} {error}. Give https://<vault>.vault.azure.net/keys/<key>.")
