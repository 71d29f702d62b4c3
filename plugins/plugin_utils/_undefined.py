# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What filters and tests do with an undefined value."""

from __future__ import annotations

import typing as t

from jinja2.runtime import Undefined


def refuse_undefined(*values: t.Any) -> None:
    """Raise Jinja's own error for an undefined value, which names the variable.

    ansible-core up to 2.18 hands an undefined value to a filter; later ones raise this error themselves. ansible-lint
    evaluates expressions without the variables of a run, and accepts this error alone.

    :raises jinja2.UndefinedError: one of the values is undefined
    """
    for value in values:
        if isinstance(value, Undefined):
            str(value)
