# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rekeying with another key of Azure's, where the release has it as an action."""

from __future__ import annotations

import pytest
from netapp_ontap import NetAppRestError
from netapp_ontap.resources import AzureKeyVault

from simulator import Simulator

KEY = "https://mykeyvault.vault.azure.net/keys/key2"


def test_rekey_external(cluster: Simulator, vault: AzureKeyVault) -> None:
    AzureKeyVault(uuid=vault.uuid).rekey_external(body={"key_id": KEY})
    assert cluster.jobs()[-1]["state"] == "success"
    vault.get(fields="key_id")
    assert vault.key_id.startswith(KEY)


def test_rekey_external_without_a_key_is_refused(vault: AzureKeyVault) -> None:
    with pytest.raises(NetAppRestError) as error:
        AzureKeyVault(uuid=vault.uuid).rekey_external()
    assert error.value.http_err_response.http_response.status_code == 400
