# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write docs/releases.md from the table that the modules go by: ``python3 -m dev.releases_page``."""

from __future__ import annotations

from dev.tables import ROOT, load

PAGE = ROOT / "docs" / "releases.md"

HEAD = """\
<!--
Copyright (c) 2026, the ontap.akv authors
SPDX-License-Identifier: GPL-3.0-or-later
Made from plugins/module_utils/_akv/releases.py: change that, then run python3 -m dev.releases_page
-->

# What each ONTAP release can do

The modules ask a cluster for its release only if something depends on it, once in each run. An option that the release
lacks is refused before anything is changed, and the error names the first release that has it. A release newer than
{newest} is treated as {newest}, with a warning.

## Fields of an AKV configuration

The first release that has it; a span ends with the last one. A field that can be read and not sent is ONTAP's own to
set. `state`, `azure_reachability` and `ekmip_reachability` come only when they are asked for by name, from 9.8 on.

| field | read | create (POST) | change (PATCH) |
|---|---|---|---|
"""

ACTIONS = """
## Actions

| action | from | module |
|---|---|---|
"""

NOTES = """
An external rekey is a change of `key_id` from 9.8 to 9.10.1. `akv_config` never changes the key, on any release.

## What the modules make of the differences

- Availability is `state.cluster_state` or `state.available`, and a code is a number or text, in any release.
- ONTAP returns a key with or without its version, however it was sent. The version counts only if both sides have
  one, and even then it is shown as drift and not changed.
- From 9.9.1 the message of the state gives a reason for each node. "No volumes created yet" is healthy.
- A change may be answered with a job (202), from 9.9.1 on the more often the newer the release. The job is followed;
  if there is none to follow, the AKV configuration is read.
- From 9.10.1 to 9.13.1 a certificate is sent with `authentication_method`; from 9.14.1 ONTAP detects it.
- From 9.10.1 ONTAP reports how often it polls Azure (before, every 15 minutes); from 9.15.1 also whether it polls, and
  whether it takes volumes offline. A login that may not read that gets a warning.
- From 9.14.1 an SVM may have several configurations. The enabled one is meant unless `configuration` names another.
- From 9.16.1 a key store has a state. Any but active stops a switch, a rekey, a delete, and a create that depends on
  the release. A plain create is refused by ONTAP itself then. A new credential and a restore always go through: they
  are the cure.
- `verify_host` and `verify_ip` cannot be sent with a create: a second request sets them.
"""

MODULES = {"rekey-external": "akv_rekey", "rekey-internal": "akv_rekey", "restore": "akv_restore"}


def page() -> str:
    """Give the whole page as text."""
    table = load("_akv/releases")
    fields = [f"| `{name}` | {' | '.join(cell or '' for cell in field)} |" for name, field in table.FIELDS.items()]
    actions = [f"| `{name}` | {first} | {MODULES[name]} |" for name, first in table.ACTIONS.items()]
    head = HEAD.format(newest=table.RELEASES[-1])
    text = head + "\n".join(fields) + "\n" + ACTIONS + "\n".join(actions) + "\n" + NOTES
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
