# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.ontap.akv.plugins.filter.azure_keys import azure_keys
from ansible_collections.ontap.akv.plugins.filter.azure_keys_of_entries import azure_keys_of_entries
from ansible_collections.ontap.akv.plugins.filter.azure_verdict import azure_verdict

GOOD = {"ready": True, "failed": False, "msg": "works", "checks": [{"name": "token", "status": "ok"}]}
BAD = {"ready": False, "failed": False, "msg": "refused", "checks": [{"name": "token", "status": "failed"}]}
UNKNOWN = {"ready": False, "failed": False, "msg": "firewall", "checks": [{"name": "network", "status": "unknown"}]}
INVALID = {"failed": False, "failed_when_result": False, "msg": "key_id: is not a key"}


@pytest.mark.parametrize(
    ("results", "auto", "required", "says"),
    [
        ([GOOD], False, False, "can use the key."),
        ([GOOD, GOOD], False, False, "all 2 keys"),
        ([GOOD, BAD], True, True, "refused"),
        ([GOOD, UNKNOWN], False, True, "firewall"),
        ([INVALID], True, True, "key_id"),
        ([], False, True, "Nothing was checked"),
    ],
)
def test_verdicts(results, auto, required, says):
    for mode, stop in (("never", False), ("auto", auto), ("required", required)):
        verdict = azure_verdict({"results": results}, mode)
        assert verdict["stop"] is stop
        assert says in verdict["message"] or mode == "never"
    if len(results) == 1:
        assert azure_verdict(results[0], "auto")["stop"] is auto


@pytest.mark.parametrize("others", [[], [GOOD], [GOOD, UNKNOWN]])
def test_what_cannot_be_checked_is_not_proved(others):
    skipped = {"skipped": True, "item": {"key_id": "", "unproved": "The key of SVM vs1 is not known."}}
    for mode, stop in (("never", False), ("auto", False), ("required", True)):
        verdict = azure_verdict({"results": [*others, skipped]}, mode)
        assert verdict["stop"] is stop
        assert "The key of SVM vs1 is not known." in verdict["message"] or mode == "never"
    assert azure_verdict({"results": [skipped, BAD]}, "auto")["stop"]


def test_an_entry_without_a_key_is_not_proved():
    entry = {"svm": "vs1", "client_id": "c1", "client_secret": "sentinel"}
    (found,) = azure_keys_of_entries([entry], [{"credentials_sent": True}])
    assert found == {"key_id": "", "unproved": "The key or the tenant of SVM vs1 is not known."}


def test_what_is_not_a_result():
    for found, mode in ((GOOD, "sometimes"), (None, "auto")):
        with pytest.raises(AnsibleFilterError):
            azure_verdict(found, mode)


def test_each_key_once():
    one = {"client_id": "C1", "tenant_id": "t1", "key_id": "https://v/keys/k"}
    read = {
        "a": {"read": {"vaults": [one, {**one, "key_id": "HTTPS://v/keys/k"}, {**one, "client_id": "c2"}]}},
        "b": {"read": {"vaults": [{**one, "key_id": "https://v/keys/l"}, {"client_id": "c1"}]}},
        "c": {},
    }
    found = azure_keys(read, ["a", "b", "c", "d"], read="read", client_id="c1")
    keys = [key for key in found if "unproved" not in key]
    assert [key["unproved"] for key in found if "unproved" in key] == [
        "The key or the tenant of the cluster is not known.",
        "The AKV configurations of c could not be read.",
    ]
    assert [key["key_id"] for key in keys] == ["https://v/keys/k", "https://v/keys/l"]
    assert {(key["tenant_id"], key["client_id"], key["credential"]) for key in keys} == {("t1", "c1", 0)}
    with pytest.raises(AnsibleFilterError):
        azure_keys(None, ["a"])


def test_only_what_gets_a_credential_is_checked():
    entry = {"tenant_id": "t1", "client_id": "c1", "key_id": "https://v/keys/k", "client_secret": "sentinel"}
    other = {**entry, "client_secret": None, "client_certificate_path": "c.p12"}
    entries = [entry, {**entry, "client_id": "C1"}, other, {**entry, "client_secret": None}, entry, entry]
    results = [{"credentials_sent": sent} for sent in (True, True, True, True, False)]
    keys = azure_keys_of_entries([*entries, entry], [*results, {"failed": True}])
    # The second has the key and credential of the first, the fourth has none, and the last two get none.
    assert [key["credential"] for key in keys] == [0, 2]
    assert "sentinel" not in str(keys)
    # A credential that is not the first one's is checked with the same key again.
    assert len(azure_keys_of_entries([entry, {**entry, "client_secret": "x"}], results)) == 2
    with pytest.raises(AnsibleFilterError):
        azure_keys_of_entries(entries, None)
