# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is private to the collection: it may change at any time.

"""All roles of the collection by their names."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ansible_collections.ontap.akv.plugins.plugin_utils._roles import (
    akv_disable,
    akv_enable,
    akv_recover,
    akv_report,
    akv_rotate,
    akv_rotate_key,
)
from ansible_collections.ontap.akv.plugins.plugin_utils._variables import Role

ROLES: t.Final[Mapping[str, Role]] = {
    module.ROLE.name: module.ROLE
    for module in (akv_disable, akv_enable, akv_recover, akv_report, akv_rotate, akv_rotate_key)
}
