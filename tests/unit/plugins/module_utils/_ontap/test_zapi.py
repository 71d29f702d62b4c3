# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.ontap.akv.plugins.module_utils._ontap.zapi import without_declarations

DOCUMENT = b'<netapp version="1.160"><results status="passed"/></netapp>'
OWN = b"<!DOCTYPE netapp SYSTEM 'file:/etc/netapp_gx.dtd'>"


@pytest.mark.parametrize(
    "prolog",
    [
        b"",
        b" \n",
        b"<?xml version='1.0' encoding='UTF-8' ?>",
        b'<?xml version="1.0" encoding="utf-8"?>\n' + OWN + b"\n",
    ],
)
def test_what_ontap_declares_is_taken_off(prolog: bytes) -> None:
    assert without_declarations(prolog + DOCUMENT) == DOCUMENT


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<!DOCTYPE netapp>" + DOCUMENT,
        b"<!DOCTYPE netapp [<!ENTITY a 'b'>]>" + DOCUMENT,
        b"<!DOCTYPE netapp SYSTEM 'https://elsewhere.example/a.dtd'>" + DOCUMENT,
        b"<!DOCTYPE netapp SYSTEM 'file:/etc/netapp_gx.dtd' [<!ENTITY a 'b'>]>" + DOCUMENT,
        OWN + OWN + DOCUMENT,
        b"<!-- --><!DOCTYPE netapp>" + DOCUMENT,
        b"<?xml version='1.0' encoding='UTF-8'?><?a?><!DOCTYPE netapp>" + DOCUMENT,
        b"<?xml version='1.0' encoding='UTF-7'?>" + DOCUMENT,
        b"<a/><!DOCTYPE netapp>",
        DOCUMENT.decode().encode("utf-16"),
        DOCUMENT.decode().encode("utf-16-le"),
        b"\xef\xbb\xbf" + b"<!DOCTYPE netapp>" + DOCUMENT,
    ],
)
def test_any_other_declaration_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="does not begin as"):
        without_declarations(content)
