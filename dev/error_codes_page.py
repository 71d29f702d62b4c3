# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write docs/error-codes.md from the table that the modules go by: ``python3 -m dev.error_codes_page``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from dev.tables import ROOT, load

PAGE = ROOT / "docs" / "error-codes.md"

HEAD = """\
<!--
Copyright (c) 2026, the ontap.akv authors
SPDX-License-Identifier: GPL-3.0-or-later
Made from plugins/module_utils/_ontap/error_codes.py: change that, then run python3 -m dev.error_codes_page
-->

# ONTAP's error codes

A failed task shows ONTAP's own words, the code and a sentence of advice. In a playbook the code is `error.code`, a
string of digits. This page is the table that the advice comes from.

- A code has the meaning in the section of its operation. If it is not there, see [Any request](#any-request).
- *Can pass* says whether waiting may help. It is advice for you. What the modules themselves retry is in a
  separate table: see [reliability](reliability.md).
- A code that is not here is shown in ONTAP's words, without advice.
- Meaning and advice are in our words. The codes of release 9.7 are those of its reference, the others those of later
  releases.
"""

OPERATIONS = {
    "get": ("Reading AKV configurations", "Every module, `GET`."),
    "post": ("Creating an AKV configuration", "`akv_config`, `POST`."),
    "patch": ("Updating an AKV configuration", "`akv_config`, `PATCH`."),
    "delete": ("Deleting an AKV configuration", "`akv_config`, `DELETE`."),
    "restore": ("Restoring keys", "`akv_restore`, `POST …/restore` and its job."),
    "common": ("Any request", "Codes that ONTAP may give to whatever is asked."),
    "rekey_internal": ("Rekeying, internal key", "`akv_rekey`, `POST …/rekey-internal` and its job."),
    "rekey_external": ("Rekeying, key in Azure", "`akv_rekey`, `POST …/rekey-external` and its job."),
    "key_stores_get": ("Reading key-stores", "`akv_config` and `akv_rekey`, `GET`."),
    "key_stores_patch": ("Switching to a configuration", "`akv_config`, `PATCH` of a key store, and its job."),
    "key_stores_delete": ("Deleting an inactive configuration", "`akv_config`, `DELETE` of a key store."),
    "migrate": ("Migrating keys", "No module migrates: what ONTAP says when you do."),
}
"""The sections in their order: operation to title and what it is."""


def page() -> str:
    """Give the whole page as text."""
    codes: dict[str, dict[str, Any]] = load("_ontap/error_codes").CODES
    missing = set(codes) ^ set(OPERATIONS)
    if missing:
        raise SystemExit(f"OPERATIONS and CODES differ in {', '.join(sorted(missing))}")
    return "\n".join([HEAD, *(line for operation in OPERATIONS for line in _section(operation, codes[operation]))])


def _section(operation: str, codes: dict[str, Any]) -> Iterator[str]:
    title, what = OPERATIONS[operation]
    yield from (f"## {title}", "", what, "", "| code | meaning | can pass | advice |", "|---|---|---|---|")
    for code in sorted(codes, key=int):
        known = codes[code]
        cells = (code, known.meaning, "yes" if known.transient else "no", known.advice)
        yield f"| {' | '.join(map(_plain, cells))} |"
    yield ""


def _plain(text: str) -> str:
    """Escape what Markdown would take for a column, a tag or emphasis."""
    return re.sub(r"([|<>*_])", r"\\\1", text)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
