# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What akv_key_info and entra_app_info find, and what they refuse before anything is sent."""

from __future__ import annotations

import os
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
from faults.azure import CLIENT, KEY, SECRET, TENANT, VAULT, azure, make_pair

from ansible_collections.ontap.akv.plugins.module_utils._http.transport import USER_AGENT
from simulator.azure.codes import CODES

OTHER = "99999999-2222-3333-4444-555555555555"
READ_ONLY = ["get", "list", "getrotationpolicy"]
ALL = [*READ_ONLY, "encrypt", "decrypt", "wrapKey", "unwrapKey"]


def in_days(days: int) -> date:
    return datetime.now(timezone.utc).date() + timedelta(days=days)


def test_all_is_well() -> None:
    with azure() as here:
        result = here.run("akv_key_info")
        assert (result["ready"], result["changed"], result["vault_tenant_id"]) == (True, False, TENANT)
        assert result["summary"] == {"ok": 9, "failed": 0, "warning": 0, "unknown": 0}
        names = ["network", "token", "key", "wrap", "encrypt", "recovery", "versions", "rotation_policy", "expiry"]
        assert [check["name"] for check in result["checks"]] == names
        assert {request["user_agent"] for request in here.sim.azure_requests} == {USER_AGENT}
        key = result["key"]
        assert (key["type"], key["size"], key["enabled"], key["purge_protection"]) == ("RSA", 2048, True, True)
        assert key["rotation_policy"] == {"notify": "P30D"}
        assert (result["credential"]["source"], result["credential"]["days_left"]) == ("graph", 200)


# What is declared of Azure; the check that tells; its status; words in its message.
FOUND: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "disabled": ({"keys": [{"key_id": KEY, "enabled": False}]}, "key", "failed", "disabled"),
    "expired": ({"keys": [{"key_id": KEY, "expires": "-3d"}]}, "key", "failed", "3 days ago"),
    "not yet": ({"keys": [{"key_id": KEY, "not_before": "+1d"}]}, "key", "failed", "not valid before"),
    "absent": ({"keys": []}, "key", "failed", "Check key_id"),
    "deleted": ({"keys": [{"key_id": KEY, "deleted": True}]}, "key", "failed", "can be recovered"),
    "curve": ({"keys": [{"key_id": KEY, "type": "EC"}]}, "key", "failed", "RSA key"),
    "small": ({"keys": [{"key_id": KEY, "size": 1024}]}, "key", "failed", "1024 bits"),
    "no wrap": ({"keys": [{"key_id": KEY, "key_ops": ["encrypt", "decrypt"]}]}, "key", "failed", "wrapKey"),
    "no decrypt": ({"keys": [{"key_id": KEY, "key_ops": ["wrapKey", "unwrapKey"]}]}, "key", "warning", "decrypt"),
    "nothing granted": ({"key_vaults": [{"host": VAULT, "policies": {}}]}, "key", "failed", "ForbiddenByPolicy"),
    "no unwrap": (
        {"key_vaults": [{"host": VAULT, "policies": {CLIENT: [one for one in ALL if one != "unwrapKey"]}}]},
        "wrap",
        "failed",
        "refused unwrapKey",
    ),
    "reader": (
        {"key_vaults": [{"host": VAULT, "roles": {CLIENT: ["Key Vault Reader"]}}]},
        "wrap",
        "failed",
        "ForbiddenByRbac",
    ),
    "service user": (
        {"key_vaults": [{"host": VAULT, "roles": {CLIENT: ["Key Vault Crypto Service Encryption User"]}}]},
        "encrypt",
        "warning",
        "refused decrypt",
    ),
    "firewall": ({"key_vaults": [{"host": VAULT, "blocked_by": "firewall"}]}, "network", "unknown", "firewall"),
    "later firewall": (
        {"key_vaults": [{"host": VAULT, "blocked_by": "connection", "blocked_when": "with_token"}]},
        "key",
        "unknown",
        "public connections",
    ),
    "purgeable": ({"key_vaults": [{"host": VAULT, "purge_protection": False}]}, "recovery", "warning", "purge"),
    "no list": (
        {"key_vaults": [{"host": VAULT, "policies": {CLIENT: ALL[:1] + ALL[3:]}}]},
        "versions",
        "unknown",
        "ONTAP does not need this permission",
    ),
    "throttled": ({"key_vaults": [{"host": VAULT, "requests_per_10_s": 0}]}, "key", "unknown", "too many"),
    "other tenant": ({"key_vaults": [{"host": VAULT, "tenant_id": OTHER}]}, "network", "failed", OTHER),
    "other cloud": ({"cloud": "china"}, "network", "failed", "vault.azure.cn"),
}


@pytest.mark.parametrize("case", FOUND)
def test_each_finding(case: str) -> None:
    declared, name, status, words = FOUND[case]
    with azure(**declared) as here:
        result = here.run("akv_key_info")
        (check,) = (check for check in result["checks"] if check["name"] == name)
        assert check["status"] == status, result["checks"]
        assert words in check["message"]
        decides = name in ("network", "token", "key", "wrap")
        assert result["ready"] == (not decides or status == "warning")
        if status in ("failed", "unknown") and decides:
            assert words in result["msg"]
        if case.startswith("other"):
            assert not here.sim.tokens
            assert not here.asked("/token")


@pytest.mark.parametrize("code", CODES)
def test_each_refusal_of_entra(code: int) -> None:
    with azure({"refused_with": code}) as here:
        check = here.checks()["token"]
        unknown = CODES[code].status >= 429 or code in (53003, 530032)
        assert check["status"] == ("unknown" if unknown else "failed")
        assert f"AADSTS{code}" in check["message"]
        reported = here.run("entra_app_info")
        assert reported["failed"]
        assert f"AADSTS{code}" in reported["msg"]


def test_a_new_secret_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    from ansible_collections.ontap.akv.plugins.module_utils._azure import entra

    monkeypatch.setattr(entra, "_PAUSE", 0.3)
    with azure({"secrets": []}, propagation=2) as here:
        here.sim.apply([{"add_secret": {"client_id": CLIENT, "secret": SECRET}}])
        check = here.checks()["token"]
        assert check["status"] == "failed"
        assert "2 minutes" in check["message"]
        assert here.checks(credential_wait=1)["token"]["status"] == "failed"
        assert here.checks(credential_wait=30)["token"]["status"] == "ok"


def test_without_the_operations() -> None:
    with azure(key_vaults=[{"host": VAULT, "policies": {CLIENT: READ_ONLY}}]) as here:
        result = here.run("akv_key_info", crypto=False)
        assert result["ready"]
        assert "not tried" in result["msg"]
        assert not {"wrap", "encrypt"} & {check["name"] for check in result["checks"]}


def test_one_version_of_many() -> None:
    versions = [{"version": f"{number:032x}", "created": f"-{60 - number}d"} for number in range(60)]
    versions[3]["enabled"] = False  # type: ignore[assignment]
    with azure(keys=[{"key_id": KEY, "versions": versions}]) as here:
        result = here.run("akv_key_info")
        assert result["ready"]
        assert result["key"]["versions"] == 60
        assert result["key"]["kid"].endswith(f"{59:032x}")
        assert here.checks(key_id=f"{KEY}/{3:032x}")["key"]["status"] == "failed"
        assert here.checks(key_id=f"{KEY.upper().replace('HTTPS', 'https')}/{5:032x}")["key"]["status"] == "ok"


# -- ends --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("days", [6, 29, 61])
@pytest.mark.parametrize("source", ["graph", "declared", "certificate"])
def test_an_end_ahead(days: int, source: str) -> None:
    pair = make_pair(ends=days)
    with azure({"secrets": [{"value": SECRET, "expires": f"+{days}d"}], "certificates": [pair.pem]}) as here:
        options: dict[str, Any] = {
            "graph": {},
            "declared": {"credential_expires": str(in_days(days))},
            "certificate": {"client_certificate": pair.pkcs12},
        }[source]
        result = here.run("akv_key_info", **options)
        credential = result["credential"]
        assert (credential["days_left"], credential["source"]) == (days, source)
        assert result["ready"] is True
        (check,) = (check for check in result["checks"] if check["name"] == "expiry")
        assert check["status"] == ("warning" if days < 30 else "ok")
        assert f"in {days} days" in check["message"]
        assert here.asked("applications(appId='" + CLIENT + "')") == (source == "graph")


@pytest.mark.parametrize("given", [date(2099, 3, 31), "2099-03-31"])
def test_a_quoted_and_an_unquoted_date_mean_the_same(given: Any) -> None:
    with azure() as here:
        assert here.run("akv_key_info", credential_expires=given)["credential"]["expires_at"] == "2099-03-31"


@pytest.mark.parametrize(
    ("application", "says"),
    [
        ({"graph": []}, "Application.Read.All"),
        ({"graph": ["Application.ReadWrite.OwnedBy"]}, "may not see it"),
        ({"secrets": [{"value": SECRET}, {"value": SECRET[:3] + "other"}]}, "2 secrets"),
    ],
)
def test_an_end_that_graph_does_not_tell(application: dict[str, Any], says: str) -> None:
    with azure(application) as here:
        check = here.checks()["expiry"]
        assert check["status"] == "unknown"
        assert says in check["message"]
        assert "credential_expires" in check["message"]


def test_graph_is_not_asked_next_to_an_authority_of_its_own() -> None:
    with azure() as here:
        check = here.checks(graph_url=None)["expiry"]
        assert check["status"] == "unknown"
        assert "graph_url" in check["message"]


def test_the_end_of_the_key_counts() -> None:
    with azure(keys=[{"key_id": KEY, "expires": "+6d"}]) as here:
        check = here.checks()["expiry"]
        assert check["status"] == "warning"
        assert "The key expires" in check["message"]


# -- certificates ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("begins", "ends", "says"), [(-30, -2, "expired"), (2, 30, "not valid before")])
def test_a_certificate_outside_its_dates_is_not_sent(begins: int, ends: int, says: str) -> None:
    pair = make_pair(begins, ends)
    with azure({"certificates": [pair.pem]}) as here:
        check = here.checks(client_certificate=pair.pkcs12)["token"]
        assert check["status"] == "failed"
        assert says in check["message"]
        assert not here.asked("/token")


def test_a_clock_that_is_wrong_is_blamed_first() -> None:
    pair = make_pair(ends=2)
    with azure({"certificates": [{"pem": pair.pem, "expires": "+9d"}]}) as here:
        here.sim.clock.advance(3 * 86400)
        check = here.checks(client_certificate=pair.pkcs12)["token"]
        assert check["status"] == "failed"
        assert "clock of this host is" in check["message"]


def test_a_clock_that_is_wrong_does_not_matter_where_azures_is_known() -> None:
    pair = make_pair()
    with azure({"certificates": [{"pem": pair.pem, "expires": "2099-01-01"}]}) as here:
        here.sim.clock.advance(7200)
        assert here.checks(client_certificate=pair.pkcs12)["token"]["status"] == "ok"
        # Nothing is known beforehand of Graph's clock: the message then says what is wrong.
        reported = here.run("entra_app_info", client_certificate=pair.pkcs12)
        assert "AADSTS700024" in reported["msg"]
        assert "s behind Azure's" in reported["msg"]


def test_a_cloud_of_its_own_names_its_resource() -> None:
    with azure(key_vaults=[{"host": VAULT, "resource": "https://vault.example.com"}]) as here:
        assert here.checks()["token"]["status"] == "ok"


def test_a_certificate_that_is_not_registered() -> None:
    pair = make_pair()
    with azure({"certificates": []}) as here:
        check = here.checks(client_certificate=pair.pkcs12)["token"]
        assert check["status"] == "failed"
        assert "AADSTS700027" in check["message"]


# -- bad input ---------------------------------------------------------------------------------------------------------

BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no credential": ({"client_secret": None}, "none is given"),
    "two credentials": ({"client_certificate": make_pair().pkcs12, "client_secret": SECRET}, "exactly one"),
    "no key": ({"key_id": "https://kv1.vault.azure.net/secrets/x"}, "key_id"),
    "no URI": ({"key_id": "key1"}, "key_id"),
    "a key name": ({"key_id": "https://kv1.vault.azure.net/keys/a%2fb"}, "key_id"),
    "a typo": ({"key_id": "https://kv1.azure.vault.net/keys/key1"}, "kv1.vault.azure.net"),
    "another cloud": ({"cloud": "china"}, "cloud"),
    "another key vault": ({"name": "https://kv2.vault.azure.net/"}, "name"),
    "authority": ({"authority": "http://login.example.com"}, "authority"),
    "authority with a path": ({"authority": "https://login.example.com/x"}, "authority"),
    "vault_url": ({"vault_url": "kv1"}, "vault_url"),
    "tenant": ({"tenant_id": "../x"}, "tenant_id"),
    "client": ({"client_id": "a b"}, "client_id"),
    "a date": ({"credential_expires": "31.3.2027"}, "'31.3.2027' is not a date"),
    "a passphrase": ({"client_certificate": make_pair(passphrase=b"x").pkcs12}, "client_certificate"),
    "a curve": ({"client_certificate": make_pair(kind="EC").pkcs12}, "RSA"),
    "no base64": ({"client_certificate": "*"}, "base64"),
    "no file": ({"client_certificate_path": "/nowhere/x.p12"}, "/nowhere/x.p12"),
    "ca_path": ({"ca_path": "/nowhere/ca.pem"}, "ca_path"),
    "timeout": ({"timeout": 0}, "timeout"),
    "retries": ({"retries": -1}, "retries"),
    "min_days": ({"min_days": -1}, "min_days"),
    "blank secret": ({"client_secret": " "}, "client_secret"),
    "line break": ({"client_secret": SECRET + "\n"}, "client_secret"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_before_anything_is_sent(case: str) -> None:
    given, says = BAD[case]
    with azure() as here:
        result = here.run("akv_key_info", **given)
        assert result["failed"]
        assert says in result["msg"]
        assert not here.sim.azure_requests


@pytest.mark.parametrize("given", [{"app_ids": []}, {"app_ids": ["a' or 'b"]}, {"graph_url": None}])
def test_bad_input_of_entra_app_info(given: dict[str, Any]) -> None:
    with azure() as here:
        assert here.run("entra_app_info", **given)["failed"]
        assert not here.sim.azure_requests


def test_the_variables_of_azure_are_never_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CLIENT_ID", "TENANT_ID", "CLIENT_SECRET", "AUTHORITY_HOST", "CLIENT_CERTIFICATE_PATH"):
        monkeypatch.setitem(os.environ, f"AZURE_{name}", "sentinel")
    with azure() as here:
        assert here.run("akv_key_info")["ready"]
        assert here.run("akv_key_info", client_secret=None)["failed"]


# -- entra_app_info ----------------------------------------------------------------------------------------------------


def test_the_credentials_of_an_application() -> None:
    pair = make_pair(ends=61)
    secrets = [{"value": "abcSecret", "expires": "-2d", "name": "old"}, {"value": SECRET, "expires": "+29d"}]
    with azure({"secrets": secrets, "certificates": [pair.pem]}) as here:
        result = here.run("entra_app_info")
        (application,) = result["applications"]
        old, new = application["secrets"]
        assert (old["hint"], old["name"], old["days_left"], new["days_left"]) == ("abc", "old", -2, 29)
        assert application["certificates"][0]["days_left"] == 61
        assert len(application["certificates"][0]["thumbprint"]) == 40
        assert application["next_expiry"] == new["expires_at"]
        assert result["summary"] == {"expired": 1, "expiring": 1, "ok": 1, "unknown": 0}


def test_fifty_applications_in_pages() -> None:
    ids = [f"{number:08d}-bbbb-cccc-dddd-eeeeeeeeeeee" for number in range(50)]
    others = [{"client_id": one, "tenant_id": TENANT, "secrets": ["x" * 9]} for one in ids]
    with azure(applications=others) as here:
        result = here.run("entra_app_info", app_ids=ids)
        assert [one["client_id"] for one in result["applications"]] == ids
        assert len(result["requests"]) == 5


def test_an_application_that_does_not_exist_is_named() -> None:
    with azure() as here:
        result = here.run("entra_app_info", app_ids=[CLIENT, OTHER])
        assert result["failed"]
        assert OTHER in result["msg"]
        assert len(result["applications"]) == 1


def test_a_login_that_may_not_read() -> None:
    with azure({"graph": []}) as here:
        result = here.run("entra_app_info")
        assert result["failed"]
        assert "Application.Read.All" in result["msg"]
        assert result["http_status"] == 403
