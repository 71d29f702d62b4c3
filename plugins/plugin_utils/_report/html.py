# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is private to the collection: it may change at any time.

"""The report as one HTML file: no script, nothing from outside, and every text escaped by Jinja2's autoescape."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import jinja2
import markupsafe

from ansible_collections.ontap.akv.plugins.module_utils._akv import uris
from ansible_collections.ontap.akv.plugins.module_utils._akv.causes import CAUSES, Cause
from ansible_collections.ontap.akv.plugins.module_utils._akv.report import (
    ends_soon,
    is_away,
    scope_of,
    svm_of,
    verdicts,
    volume_of,
)
from ansible_collections.ontap.akv.plugins.module_utils._runtime.printable import printable
from ansible_collections.ontap.akv.plugins.plugin_utils._report.markdown import cause_of

_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

_OF_REPORT = {
    "unreachable": "The cluster could not be read",
    "volumes": "Encrypted volumes are not online, and no AKV configuration explains it",
}
"""The causes that only a report has."""

TEMPLATE = Path(__file__).resolve().parents[3] / "roles" / "akv_report" / "templates" / "report.html.j2"
"""The template that a designer can change."""


def of_fleet(report: Mapping[str, t.Any]) -> str:
    """Write the report on all clusters."""
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.ChainableUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.tests.update(away=is_away, near=ends_soon)
    environment.globals.update(
        advice_of=_advice,
        cause_of=cause_of,
        counts_of=_counts,
        day_of=_day,
        host_of=_host,
        key_of=_key,
        meaning_of=_meaning,
        scope_of=scope_of,
        svm_of=svm_of,
        title_of=lambda name: name.replace("_", " "),
        volume_of=volume_of,
    )
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    plain = _plain(report)
    places = {printable(name): place for place, name in enumerate(plain["clusters"], 1)}
    return template.render(report=plain, place_of=places)


def _counts(report: Mapping[str, t.Any]) -> dict[str, int]:
    """Count over all clusters: the configurations by verdict, clusters not read, volumes not online."""
    clusters = report["clusters"].values()
    counted = [verdicts(each) for each in clusters]
    return {
        **{name: sum(each[name] for each in counted) for name in verdicts({})},
        "unreachable": sum(not each["reachable"] for each in clusters),
        "offline": sum(is_away(volume) for each in clusters for volume in each.get("volumes", [])),
    }


def _day(made: str) -> str:
    """Write the day of a report as people do."""
    moment = datetime.strptime(made[:10], "%Y-%m-%d")
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


def _host(vault: Mapping[str, t.Any]) -> str:
    """Name a key vault by its host: the rest of its URI is the same for all."""
    uri = str(vault.get("name") or "")
    try:
        return uris.VaultUri.parse(uri).host
    except ValueError:
        return uri


def _key(vault: Mapping[str, t.Any]) -> dict[str, str]:
    """Split the URI of a key: its name, without the host where that is the key vault's, and its version."""
    uri = str(vault.get("key_id") or "")
    try:
        is_known = uris.VaultUri.parse(str(vault.get("name"))).host == uris.KeyId.parse(uri).host
    except ValueError:
        return {"name": uri, "version": ""}
    parts = uri.rstrip("/").split("/")
    return {"name": parts[4] if is_known else "/".join(parts[:5]), "version": "".join(parts[5:])}


def _advice(entry: Mapping[str, t.Any]) -> str:
    """Say what to do about an end that is near, or has passed."""
    if entry["what"] == "key":
        return "Create a new version of the key, or extend its date, in Azure."
    if entry["level"] == "expired":
        return "Create a new credential in Azure, and send it with the playbook ontap.akv.recover or ontap.akv.rotate."
    advice = "Create a new credential in Azure, and send it with the playbook ontap.akv.rotate before this one ends."
    if entry["source"] == "graph":
        # All valid ones are listed, because ONTAP does not report which one it has.
        advice += " If ONTAP uses another credential of the application, declare that one in akv_credential_names."
    return advice


def _meaning(cause: str) -> str:
    """Word a cause of the report."""
    if cause in _OF_REPORT:
        return _OF_REPORT[cause]
    try:
        return CAUSES[Cause(cause)].meaning
    except ValueError:
        return cause.replace("_", " ")


def _shown(value: t.Any) -> t.Any:
    """Make each text printable, a name of a cluster too: one that turns the direction of writing turns what follows."""
    return printable(value) if isinstance(value, str) and not isinstance(value, markupsafe.Markup) else value


def _plain(value: t.Any) -> t.Any:
    """Copy a value into plain types: a text that calls itself safe markup is not."""
    if isinstance(value, str):
        return printable("".join(value))
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
