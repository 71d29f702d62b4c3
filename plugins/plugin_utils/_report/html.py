# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is private to the collection: it may change at any time.

"""The report as one HTML file: no script, nothing from outside, and every text escaped by Jinja2's autoescape."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from pathlib import Path

import jinja2

from ansible_collections.ontap.akv.plugins.module_utils._akv.report import is_away, scope_of, verdicts
from ansible_collections.ontap.akv.plugins.module_utils._runtime.printable import printable
from ansible_collections.ontap.akv.plugins.plugin_utils._report.markdown import cause_of

TEMPLATE = Path(__file__).resolve().parents[3] / "roles" / "akv_report" / "templates" / "report.html.j2"
"""The template that a designer can change."""


def of_fleet(report: Mapping[str, t.Any]) -> str:
    """Write the report on all clusters."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.ChainableUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.tests.update(away=is_away)
    environment.globals.update(
        title_of=lambda cause: cause.replace("_", " "), cause_of=cause_of, scope_of=scope_of, verdicts=verdicts
    )
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    return template.render(report=_plain(report))


def _plain(value: t.Any) -> t.Any:
    """Copy a value into plain types: a text that calls itself safe markup is not."""
    if isinstance(value, str):
        return printable("".join(value))
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
