# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.ontap.akv.plugins.module_utils._ontap.error_codes import CODES, explain


def test_every_code_has_a_meaning_and_one_piece_of_advice() -> None:
    for codes in CODES.values():
        for code, known in codes.items():
            assert code.isdigit()
            assert known.meaning
            assert known.advice.endswith(".")


def test_the_operation_s_own_advice_comes_first_then_the_common_one() -> None:
    in_delete, in_restore, in_post = explain("delete", "65536883"), explain("restore", "65537515"), explain("post", "6")
    assert in_delete is not None
    assert "restore" in in_delete.advice
    assert in_restore is not None
    assert in_restore.transient
    assert in_post is CODES["common"]["6"]
    assert explain("post", "12345") is None
