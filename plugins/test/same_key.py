# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from collections.abc import Callable

from ansible.errors import AnsibleFilterError

from ansible_collections.ontap.akv.plugins.module_utils._akv import uris
from ansible_collections.ontap.akv.plugins.plugin_utils._undefined import refuse_undefined

DOCUMENTATION = r"""
name: same_key
short_description: Check whether two key identifiers mean the same key
version_added: 0.2.0
author:
  - The ontap.akv authors (@ontap-akv)
description:
  - Compares two keys of Azure by what they mean, as M(ontap.akv.akv_rekey) does. The case of the host, a default port
    and a final slash do not count. The version counts only if both have one, since ONTAP's replies drop it on some
    releases and add it on others.
positional: key_id
options:
  _input:
    description: A key, as C(https://<host>/keys/<key>) with or without C(/<version>).
    type: str
    required: true
  key_id:
    description: The other key, in the same form.
    type: str
    required: true
seealso:
  - module: ontap.akv.akv_info
  - module: ontap.akv.akv_rekey
"""

EXAMPLES = r"""
- name: Read the AKV configuration
  ontap.akv.akv_info:
    svm: vs0
  register: akv

- name: Fail if it uses another key
  ansible.builtin.assert:
    that: akv.vaults[0].key_id is ontap.akv.same_key('https://mykeyvault.vault.azure.net/keys/key1')
"""

RETURN = r"""
_value:
  description: Whether both mean the same key.
  type: bool
"""


def same_key(one: t.Any, other: t.Any) -> bool:
    """Return whether two key identifiers mean the same key.

    :raises AnsibleFilterError: one of them is none
    """
    refuse_undefined(one, other)
    return _parsed(one).means(_parsed(other))


def _parsed(key_id: t.Any) -> uris.KeyId:
    try:
        return uris.KeyId.parse(key_id)
    except (AttributeError, TypeError, ValueError):
        raise AnsibleFilterError(
            f"ontap.akv.same_key: {key_id!r} is not a key identifier. Give https://<host>/keys/<key>[/<version>]."
        ) from None


class TestModule:
    def tests(self) -> dict[str, Callable[..., bool]]:
        return {"same_key": same_key}
