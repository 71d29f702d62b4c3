# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write docs/causes.md from the table that the diagnosis goes by: ``python3 -m dev.causes_page``."""

from __future__ import annotations

import re
from typing import Any

from dev.tables import ROOT, load

PAGE = ROOT / "docs" / "causes.md"

HEAD = """\
<!--
Copyright (c) 2026, the ontap.akv authors
SPDX-License-Identifier: GPL-3.0-or-later
Made from plugins/module_utils/_akv/causes.py: change that, then run python3 -m dev.causes_page
-->

# Why a configuration does not work

`akv_info`, `akv_repair`, the event sources and the playbook `ontap.akv.diagnose` name the cause of a fault with one of
these words, in `diagnosis.cause`. They use ONTAP's states and codes, and the codes of Entra and Key Vault that
ONTAP passes on. A text that no rule knows is `unclassified`. `diagnosis.evidence` has ONTAP's text.

- *Who* is what removes the cause. **credential**: a new credential, which `akv_repair` and the role akv_recover send.
  **restore**: a restore, which both do. **wait**: ONTAP recovers without anyone doing anything. **person**: someone
  must act in Azure, in the network or on the cluster.
- A passing fault of Azure (such as AADSTS90033) is waited for, whatever its cause is called.
- A key store that is switching or disabling (`key_store_busy`) is not waited for: someone must act.

| cause | meaning | ONTAP reports | who | what to do |
|---|---|---|---|---|
"""


def page() -> str:
    """Give the whole page as text."""
    causes: dict[Any, Any] = load("_akv/causes").CAUSES
    rows = [
        (f"`{cause}`", about.meaning, about.seen, str(about.remedy), about.advice) for cause, about in causes.items()
    ]
    return HEAD + "".join(f"| {' | '.join(map(_plain, cells))} |\n" for cells in rows)


def _plain(text: str) -> str:
    """Escape what Markdown would take for a column or a tag."""
    return re.sub(r"([|<>])", r"\\\1", text)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
