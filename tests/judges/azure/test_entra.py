# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""msal and azure-identity judge the simulated Entra."""

from __future__ import annotations

import pytest
from azure.core.exceptions import ClientAuthenticationError
from judges.azure.asking import CLIENT, GRAPH_SCOPE, SCOPE, SECRET, TENANT, make_pair

from simulator.azure.codes import CODES

OTHER_TENANT = "99999999-2222-3333-4444-555555555555"


def test_a_token_by_secret(start):
    azure = start()
    answer = azure.msal_token()
    assert answer["token_type"] == "Bearer"
    assert answer["access_token"] in azure.sim.tokens
    assert azure.identity().get_token(SCOPE).token in azure.sim.tokens
    assert azure.msal_token(scope=GRAPH_SCOPE)["access_token"] in azure.sim.tokens


def test_a_token_by_certificate(start, pair):
    azure = start({"certificates": [pair.certificate], "secrets": []})
    # msal signs PS256 where it gets the certificate; azure-identity signs RS256 with x5t.
    credential = {"private_key": pair.key, "public_certificate": pair.certificate}
    assert "access_token" in azure.msal_token(credential)
    assert "access_token" in azure.msal_token(credential, scope=GRAPH_SCOPE)
    assert azure.identity_by_certificate(pair).get_token(SCOPE).token in azure.sim.tokens


def refused(azure, code, **login):
    """Both clients are refused with a code."""
    answer = azure.msal_token(**login)
    assert answer["error_codes"] == [code]
    assert answer["error"] == CODES[code].error
    assert answer["error_description"].startswith(f"AADSTS{code}: ")
    return answer


@pytest.mark.parametrize(
    ("application", "login", "code"),
    [
        ({}, {"credential": "another"}, 7000215),
        ({"secrets": [{"value": SECRET, "expires": "-1d"}]}, {}, 7000222),
        ({"secrets": [], "expired": [SECRET]}, {}, 7000222),
        ({}, {"client_id": "00000000-bbbb-cccc-dddd-eeeeeeeeeeee"}, 700016),
        ({"service_principal": False}, {}, 7000229),
        ({"enabled": False}, {}, 7000112),
        ({"public_client": True}, {}, 700025),
        ({"conditional_access": True}, {}, 53003),
        ({}, {"scope": "https://unknown.example.com/.default"}, 500011),
        ({}, {"scope": "https://vault.azure.cn/.default"}, 500011),
        ({}, {"scope": "vault"}, 70011),
        *(
            ({"refused_with": code}, {}, code)
            for code in CODES
            if CODES[code].status < 429 and code not in (900144, 70003, 7000218)
        ),
    ],
)
def test_each_refusal(start, application, login, code):
    azure = start(application)
    refused(azure, code, **login)
    if not login:
        with pytest.raises(ClientAuthenticationError, match=f"AADSTS{code}"):
            azure.identity().get_token(SCOPE)


@pytest.mark.parametrize("code", [code for code in CODES if CODES[code].status >= 429])
def test_a_passing_fault(start, code):
    azure = start({"refused_with": code})
    with pytest.raises(ClientAuthenticationError):
        azure.identity().get_token(SCOPE)
    assert azure.sim.azure_requests[-1]["status"] == CODES[code].status


def test_tenants(start):
    azure = start(tenants=[OTHER_TENANT])
    # The tenant exists, and has no such application.
    refused(azure, 700016, tenant=OTHER_TENANT)
    # msal loses the code of a tenant that does not exist: it reads the discovery document first.
    for tenant in ("00000000-2222-3333-4444-555555555555", "example.com"):
        with pytest.raises(ValueError, match="authority"):
            azure.msal_token(tenant=tenant)
        assert azure.sim.azure_requests[-1]["status"] == 400


def test_certificates_that_are_refused(start, pair):
    login = {"credential": {"private_key": pair.key, "public_certificate": pair.certificate}}
    # Not registered, revoked, ended, not begun.
    answer = refused(start({"certificates": []}), 700027, **login)
    assert "The key was not found" in answer["error_description"]
    refused(start({"certificates": [{"pem": pair.certificate, "revoked": True}]}), 7000277, **login)
    for dates in ({"expires": "-1d"}, {"starts": "+1d"}):
        answer = refused(start({"certificates": [{"pem": pair.certificate, **dates}]}), 700027, **login)
        assert "The key used is expired" in answer["error_description"]
    # The certificate is registered, and another key has signed.
    other = {"private_key": make_pair().key, "public_certificate": pair.certificate}
    refused(start({"certificates": [pair.certificate]}), 7000274, credential=other)


def test_a_clock_that_is_wrong(start, pair):
    azure = start({"certificates": [{"pem": pair.certificate, "expires": "2099-01-01"}]})
    azure.sim.clock.advance(3600)
    refused(azure, 700024, credential={"private_key": pair.key, "public_certificate": pair.certificate})


def test_a_new_secret_is_known_later(start):
    azure = start(propagation=120)
    azure.sim.apply([{"add_secret": {"client_id": CLIENT, "secret": "another"}}])
    refused(azure, 7000215, credential="another")
    azure.sim.clock.advance(121)
    assert "access_token" in azure.msal_token("another")
    assert "access_token" in azure.msal_token(SECRET, tenant=TENANT)
