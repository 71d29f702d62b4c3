# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is private to the collection: it may change at any time.

"""The variables of the role akv_rotate_key."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.ontap.akv.plugins.plugin_utils._roles import shared
from ansible_collections.ontap.akv.plugins.plugin_utils._variables import Fault, Given, Kind, Role, Values, Variable


def _check(given: Given) -> Iterator[Fault]:
    yield from shared.check_one_scope(given)
    yield from shared.check_key_id(given, "key_id")
    yield from shared.check_vault_uri(given, "name")
    yield from shared.check_new_credential(given)
    method = _method(given)
    new = given.get("configuration")
    if (method == "blue_green") != (new is not None):
        problem = f"the method is {given['method']} and the configuration {new!r}."
        advice = "blue_green needs a name for the new configuration; rekey takes none."
        yield Fault(("method", "configuration"), f"{problem} {advice}")
    if given["scope"] == "cluster" and (method == "blue_green" or "delete_previous" in given):
        yield Fault(("scope",), "only an SVM has several configurations. With the scope cluster, use the method rekey.")
    if new is not None and new == given.get("delete_previous"):
        yield Fault(("delete_previous", "configuration"), f"both are {new!r}. Name the previous configuration.")


def _method(given: Given) -> str:
    if given["method"] != "auto":
        return str(given["method"])
    return "blue_green" if "configuration" in given else "rekey"


def _prepare(given: Values) -> Values:
    return {**given, "method": _method(given)}


ROLE = Role(
    "akv_rotate_key",
    "Change the Azure key of an SVM",
    (
        "Rekeys a healthy AKV configuration, or switches its SVM to a second configuration with the new key. Watches it"
        " until ONTAP has polled Azure with the new key, and rolls back if it became worse.",
    ),
    (
        shared.SVM,
        shared.SCOPE,
        Variable(
            "key_id",
            ("The new key, as C(https://<host>/keys/<key>) with or without C(/<version>).",),
            required=True,
        ),
        Variable(
            "method",
            (
                "V(rekey) rekeys the configuration in place, with the operation that the release has. Needs ONTAP 9.8.",
                "V(blue_green) creates a second configuration and switches to it. Needs ONTAP 9.14.1.",
                "V(auto) is V(blue_green) with O(akv_rotate_key_configuration), and V(rekey) without it.",
            ),
            choices=("auto", "blue_green", "rekey"),
            default="auto",
        ),
        Variable(
            "configuration",
            (
                "The name of the new configuration. It is created if it does not exist.",
                "An existing one must be inactive and have this key. Name an existing one to roll back later, or to"
                " continue after an interruption.",
            ),
        ),
        Variable(
            "name",
            (
                "The URI of the key vault of the new configuration. The default is the host of"
                " O(akv_rotate_key_key_id).",
            ),
        ),
        shared.CLIENT_ID,
        shared.TENANT_ID,
        *shared.NEW_CREDENTIAL,
        Variable(
            "proxy_password",
            ("The password of the proxy, if the configuration in use has one with a login. ONTAP never returns it.",),
            secret=True,
        ),
        Variable(
            "require_healthy",
            ("Whether to refuse a configuration that is not healthy.",),
            kind=Kind.BOOLEAN,
            default=True,
        ),
        Variable(
            "soak",
            (
                "How many seconds the configuration is watched after the change. V(0) reads it once.",
                "Without it, ONTAP's polling interval plus 5 minutes.",
            ),
            kind=Kind.INTEGER,
            minimum=0,
        ),
        Variable("soak_interval", ("Seconds between two readings.",), kind=Kind.INTEGER, default=60, minimum=1),
        Variable(
            "rollback",
            ("Whether to roll back to the previous key if the configuration becomes worse with the new one.",),
            kind=Kind.BOOLEAN,
            default=True,
        ),
        Variable(
            "delete_previous",
            (
                "The name of an inactive configuration to delete after success. After that, no rollback to it exists.",
                "You can give it in a later run, with the key that is in use.",
            ),
        ),
        *shared.EXPECTED_PLAN,
        *shared.CHECK_AZURE,
        shared.WAIT_TIMEOUT,
    ),
    check=_check,
    prepare=_prepare,
)
