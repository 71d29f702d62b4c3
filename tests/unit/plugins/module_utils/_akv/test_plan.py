# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.ontap.akv.plugins.module_utils._akv.plan import (
    REQUIRED,
    Declaration,
    compare,
    differences,
    plan,
    shows,
)
from ansible_collections.ontap.akv.plugins.module_utils._akv.record import COMPARED
from ansible_collections.ontap.akv.plugins.module_utils._akv.releases import RELEASES, SECRET_FIELDS, Release
from ansible_collections.ontap.akv.plugins.module_utils._akv.scope import Scope
from ansible_collections.ontap.akv.plugins.module_utils._runtime.errors import AkvError
from ansible_collections.ontap.akv.plugins.module_utils._runtime.plan import Plan, Precondition, Secret
from ansible_collections.ontap.akv.plugins.module_utils._runtime.redaction import MASK

UUID = "024cd3cf-9a08-11ea-8d52-005056bbeba5"
SECRET = "canary-7Q~secret"
SENT = Secret("client_secret")
KEY = "https://mykeyvault.vault.azure.net/keys/key1"
OPTIONS = {
    "name": "https://mykeyvault.vault.azure.net/",
    "key_id": KEY,
    "client_id": "client1",
    "tenant_id": "tenant1",
    "client_secret": SECRET,
}


def declare(**given: Any) -> Declaration:
    """Make a declaration of options, as the module does."""
    return Declaration(
        scope=Scope(svm="vs0"),
        settings={name: given.pop(name) for name in COMPARED if given.get(name) is not None},
        secrets={name: given.pop(name) for name in sorted(SECRET_FIELDS) if given.get(name) is not None},
        **{name: value for name, value in given.items() if name not in COMPARED and name not in SECRET_FIELDS},
    )


def whole(**changed: Any) -> Declaration:
    return declare(**{**OPTIONS, **changed})


WHOLE = whole()


def unknown(declared: Declaration, there: dict[str, Any]) -> list[str]:
    """The declared fields that a record does not report."""
    return compare(declared, there)[1]


def record(declared: Declaration = WHOLE, **changed: Any) -> dict[str, Any]:
    """The AKV configuration that a declaration makes."""
    return {"uuid": UUID, "svm": {"name": "vs0"}, **declared.settings, **changed}


def requests(made: Plan) -> list[str]:
    return [str(step) for step in made.steps]


def test_create() -> None:
    made = plan(WHOLE, None)
    assert made.operation == "create"
    assert requests(made) == ["POST /security/azure-key-vaults"]
    assert made.steps[0].body == {"svm": {"name": "vs0"}, **WHOLE.settings, "client_secret": SENT}
    assert made.before == {}
    assert made.after["client_secret"] == MASK
    assert made.secrets


@pytest.mark.parametrize("missing", [*REQUIRED, "client_secret"])
def test_create_names_what_is_missing(missing: str) -> None:
    with pytest.raises(AkvError, match=f": {missing}.* is missing"):
        plan(whole(**{missing: None}), None)


def test_unchanged_and_the_secret_is_not_sent() -> None:
    made = plan(WHOLE, record())
    assert (made.operation, made.steps, made.secrets) == ("none", (), [])
    assert made.before == made.after


def test_a_rotation_sends_the_secret_alone() -> None:
    made = plan(declare(client_secret=SECRET, update_credentials="always"), record())
    assert requests(made) == [f"PATCH /security/azure-key-vaults/{UUID}"]
    assert made.steps[0].body == {"client_secret": SENT}
    assert "client_secret" not in made.before
    assert made.after == {**made.before, "client_secret": MASK}


@pytest.mark.parametrize(("unreachable", "operation"), [(True, "update"), (False, "none")])
def test_a_repair_sends_the_secret_only_where_azure_is_unreachable(unreachable: bool, operation: str) -> None:
    repair = whole(update_credentials="when_unavailable")
    assert plan(repair, record(), Release.parse("9.8"), unreachable).operation == operation


@pytest.mark.parametrize("field", REQUIRED)
def test_drift_fails_and_says_what_would_do_it(field: str) -> None:
    other = record(**{field: "https://other.vault.azure.net/keys/other"})
    with pytest.raises(AkvError, match=f"(?s){field} is https://other.*allow_recreate: true") as failure:
        plan(WHOLE, other, Release.parse("9.7"))
    assert ("akv_rekey" in failure.value.message) == (field == "key_id")


def test_recreate_deletes_and_creates_what_is_declared_and_keeps_the_rest() -> None:
    partial = declare(client_id="client2", client_secret=SECRET, allow_recreate=True)
    made = plan(partial, record(), Release.parse("9.7"))
    assert made.operation == "recreate"
    assert requests(made) == [f"DELETE /security/azure-key-vaults/{UUID}", "POST /security/azure-key-vaults"]
    assert made.steps[1].body is not None
    assert made.steps[1].body["client_id"] == "client2"
    assert made.steps[1].body["tenant_id"] == "tenant1"


def test_default_is_not_created_inactive() -> None:
    with pytest.raises(AkvError, match="Choose another name"):
        plan(whole(configuration="default", enabled=False), None, Release.parse("9.14.1"))


@pytest.mark.parametrize("name", ["default", "green"])
def test_a_recreate_sends_what_the_release_takes(name: str) -> None:
    """verify_host is taken by a PATCH alone, enabled by neither request."""
    there = record(enabled=name == "default", configuration={"name": name}, verify_host=False, port=443)
    other = whole(name="https://b.vault.azure.net/", configuration=name, allow_recreate=True)
    made = plan(other, there, Release.parse("9.14.1"))
    collection = "azure-key-vaults" if name == "default" else "key-stores"
    assert requests(made) == [
        f"DELETE /security/{collection}/{UUID}",
        "POST /security/azure-key-vaults",
        "PATCH /security/azure-key-vaults/{uuid}",
    ]
    assert not {"enabled", "verify_host"} & set(made.steps[1].body or {})
    assert made.steps[2].body == {"verify_host": False}
    assert made.after["enabled"] == made.before["enabled"]


@pytest.mark.parametrize(
    ("name", "enabled", "more"),
    [("green", True, {}), ("default", False, {}), ("green", False, {"enabled": True})],
)
def test_a_recreate_that_would_not_restore_the_state_is_refused(name: str, enabled: bool, more: dict[str, Any]) -> None:
    """ONTAP creates default as the enabled configuration, and any other as inactive."""
    there = record(enabled=enabled, configuration={"name": name})
    other = whole(name="https://b.vault.azure.net/", configuration=name, allow_recreate=True, **more)
    with pytest.raises(AkvError, match=r"Nothing was deleted: .*enable"):
        plan(other, there, Release.parse("9.14.1"))


def test_recreate_without_a_secret_is_refused_before_anything_is_deleted() -> None:
    with pytest.raises(AkvError, match=r"Nothing was deleted.*client_secret"):
        plan(whole(client_id="client2", client_secret=None, allow_recreate=True), record())


def test_a_new_identity_goes_in_place_from_9_9_1_and_never_without_its_secret() -> None:
    other = whole(client_id="client2")
    made = plan(other, record(), Release.parse("9.9.1"))
    assert made.steps[0].body == {"client_id": "client2", "client_secret": SENT}
    with pytest.raises(AkvError, match="takes volumes offline"):
        plan(whole(client_id="client2", client_secret=None), record(), Release.parse("9.9.1"))


def test_absent() -> None:
    gone = declare(present=False)
    assert plan(gone, None).steps == ()
    assert requests(plan(gone, record())) == [f"DELETE /security/azure-key-vaults/{UUID}"]


@pytest.mark.parametrize("field", ["name", "key_id"])
def test_absent_refuses_another_vault_than_the_one_declared(field: str) -> None:
    uri = "https://other.vault.azure.net" + ("/keys/key1" if field == "key_id" else "")
    with pytest.raises(AkvError, match=f"{field} is https://mykeyvault.*It is not deleted"):
        plan(whole(present=False, **{field: uri}), record())


def test_a_key_version_that_moved_on_is_drift_and_no_change() -> None:
    pinned = whole(key_id=f"{KEY}/1")
    made = plan(pinned, record(key_id=f"{KEY}/2"))
    assert made.steps == ()
    assert [drift["field"] for drift in made.drift] == ["key_id"]
    assert plan(pinned, record()).drift == ()
    assert plan(WHOLE, record(key_id=f"{KEY}/2")).drift == ()


# -- later releases ---------------------------------------------------------------------------------------------------


def test_a_proxy_is_changed_in_place_and_its_password_goes_with_its_user() -> None:
    proxy = whole(proxy_host="proxy2", proxy_username="user2", proxy_password="canary-pw")
    there = record(proxy_host="proxy1", proxy_username="user1")
    made = plan(proxy, there, Release.parse("9.8"))
    assert made.steps[0].body == {
        "proxy_host": "proxy2",
        "proxy_username": "user2",
        "proxy_password": Secret("proxy_password"),
    }
    with pytest.raises(AkvError, match="without proxy_password"):
        plan(whole(proxy_username="user2"), there, Release.parse("9.8"))


@pytest.mark.parametrize(("release", "method"), [("9.10.1", True), ("9.13.1", True), ("9.14.1", False)])
def test_a_certificate_goes_with_its_method_where_the_release_wants_it(release: str, method: bool) -> None:
    certificate = whole(client_secret=None, client_certificate="canary-p12")
    body = plan(certificate, None, Release.parse(release)).steps[0].body or {}
    assert body["client_certificate"] == Secret("client_certificate")
    assert body.get("authentication_method") == ("certificate" if method else None)


def test_another_kind_of_credential_is_an_update_also_under_on_create() -> None:
    certificate = whole(client_secret=None, client_certificate="canary-p12")
    there = record(authentication_method="client_secret")
    made = plan(certificate, there, Release.parse("9.10.1"))
    assert made.steps[0].body == {
        "client_certificate": Secret("client_certificate"),
        "authentication_method": "certificate",
    }
    assert plan(certificate, record(authentication_method="certificate"), Release.parse("9.10.1")).steps == ()


def test_skip_verification_goes_with_a_credential_only() -> None:
    quiet = whole(skip_verification=True)
    assert plan(quiet, record(), Release.parse("9.16.1")).steps == ()
    body = plan(replace(quiet, update_credentials="always"), record(), Release.parse("9.16.1")).steps[0].body
    assert body == {"client_secret": SENT, "skip_verification": True}


def test_what_only_a_patch_takes_follows_the_create() -> None:
    made = plan(whole(verify_host=True, oauth_host="login.example.com"), None, Release.parse("9.14.1"))
    assert requests(made) == ["POST /security/azure-key-vaults", "PATCH /security/azure-key-vaults/{uuid}"]
    assert (made.steps[0].body or {})["oauth_host"] == "login.example.com"
    assert made.steps[1].body == {"verify_host": True}


NEWEST = Release.parse(RELEASES[-1])
BLUE = {"enabled": True, "configuration": {"name": "default"}}
GREEN = {"enabled": False, "configuration": {"name": "green"}}


def test_a_second_configuration_is_created_inactive() -> None:
    made = plan(whole(configuration="green"), None, NEWEST)
    assert made.steps[0].query == {"return_records": "true", "create_inactive": "true"}
    assert (made.steps[0].body or {})["configuration"] == {"name": "green"}


def test_a_switch_is_idempotent_and_never_a_create() -> None:
    switch = declare(configuration="green", enabled=True)
    made = plan(switch, record(**GREEN), NEWEST)
    assert (made.operation, requests(made)) == ("enable", [f"PATCH /security/key-stores/{UUID}"])
    assert plan(switch, record(**{**GREEN, "enabled": True}), NEWEST).steps == ()
    with pytest.raises(AkvError, match="no configuration green to switch to"):
        plan(whole(configuration="green", enabled=True), None, NEWEST)


def test_the_enabled_configuration_is_not_disabled_by_itself() -> None:
    with pytest.raises(AkvError, match="Enable another one"):
        plan(declare(configuration="default", enabled=False), record(**BLUE), NEWEST)
    assert plan(declare(configuration="green", enabled=False), record(**GREEN), NEWEST).steps == ()


def test_each_configuration_is_deleted_where_it_lives_and_by_name_only() -> None:
    inactive = plan(declare(present=False, configuration="green"), record(**GREEN), NEWEST, others=[record(**BLUE)])
    assert requests(inactive) == [f"DELETE /security/key-stores/{UUID}"]
    enabled = plan(declare(present=False, configuration="default"), record(**BLUE), NEWEST, others=[record(**GREEN)])
    assert requests(enabled) == [f"DELETE /security/azure-key-vaults/{UUID}"]
    with pytest.raises(AkvError, match="configurations default, green"):
        plan(declare(present=False), record(**BLUE), NEWEST, others=[record(**GREEN)])


# -- what is not reported is unknown ----------------------------------------------------------------------------------

EVERY = whole(
    proxy_type="http",
    proxy_host="proxy1",
    proxy_port=8080,
    proxy_username="user1",
    oauth_host="login.example.com",
    vault_host="vault.example.com",
    port=443,
    verify_host=False,
    verify_ip=True,
)


@pytest.mark.parametrize("how", ["missing", "null"])
@pytest.mark.parametrize("field", COMPARED)
def test_a_field_that_is_not_reported_is_not_a_difference_and_sends_nothing(field: str, how: str) -> None:
    there = {**record(EVERY), field: None}
    if how == "missing":
        del there[field]
    for recreate in (False, True):
        made = plan(replace(EVERY, allow_recreate=recreate), there, NEWEST)
        assert (made.operation, made.steps) == ("none", ())
    assert unknown(EVERY, there) == [field]
    assert unknown(EVERY, record(EVERY)) == []


@pytest.mark.parametrize("field", ["name", "key_id"])
def test_what_may_be_another_configuration_is_not_deleted(field: str) -> None:
    with pytest.raises(AkvError, match=f"does not report {field} .*It is not deleted"):
        plan(whole(present=False), {**record(), field: None})


def test_a_configuration_without_a_proxy_reports_none_and_gets_one() -> None:
    proxy = whole(proxy_host="proxy1", proxy_username="user1", proxy_password="canary-pw")
    made = plan(proxy, record(), NEWEST)
    assert made.steps[0].shows == {"proxy_host": "proxy1", "proxy_username": "user1"}
    assert unknown(proxy, record()) == []


def test_a_proxy_s_password_that_is_asked_for_goes_with_its_user() -> None:
    proxy = whole(proxy_host="proxy1", proxy_username="user1", proxy_password="pw", update_credentials="always")
    body = plan(proxy, record(proxy_host="proxy1"), NEWEST).steps[0].body or {}
    assert body["proxy_username"] == "user1"


def test_a_switch_that_is_not_reported_is_not_guessed() -> None:
    there = record(configuration={"name": "green"})
    assert plan(declare(configuration="green", enabled=True), there, NEWEST).steps == ()
    assert unknown(declare(configuration="green", enabled=True), there) == ["enabled"]
    with pytest.raises(AkvError, match="does not report whether"):
        plan(declare(present=False, configuration="green"), there, NEWEST)


def test_a_change_shows_when_each_of_its_fields_is_reported_again() -> None:
    step = plan(whole(proxy_host="proxy2"), record(proxy_host="proxy1"), NEWEST).steps[0]
    assert [shows(step, there) for there in (record(proxy_host="proxy1"), record(), record(proxy_host="Proxy2"))] == [
        False,
        False,
        True,
    ]


def test_what_a_new_configuration_does_not_report_cannot_be_compared() -> None:
    step = plan(WHOLE, None).steps[0]
    assert shows(step, {**record(), "client_id": None})
    assert not shows(step, record(client_id="another"))


def test_a_plan_names_what_the_run_would_be_refused_for() -> None:
    gone = declare(present=False)
    assert Precondition.KEYS_UNUSED in plan(gone, record()).preconditions
    inactive = plan(declare(present=False, configuration="green"), record(**GREEN), NEWEST, others=[record(**BLUE)])
    assert Precondition.KEYS_UNUSED not in inactive.preconditions
    assert Precondition.SVM_EXISTS in plan(WHOLE, None).preconditions


def test_a_repair_without_a_credential_is_refused_only_where_one_is_needed() -> None:
    repair = whole(client_secret=None, update_credentials="when_unavailable")
    assert plan(repair, record(), NEWEST).steps == ()
    with pytest.raises(AkvError, match="update_credentials: when_unavailable has nothing to send"):
        plan(repair, record(), NEWEST, unreachable=True)


# -- properties -------------------------------------------------------------------------------------------------------

hosts = st.from_regex(r"[a-z][a-z0-9]{2,10}\.vault\.azure\.(net|cn)", fullmatch=True)
keys = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,10}", fullmatch=True)
versions = st.one_of(st.just(""), st.from_regex(r"/[0-9a-f]{32}", fullmatch=True))
names = st.one_of(st.uuids().map(str), st.from_regex(r"[A-Za-z0-9]{1,12}", fullmatch=True))
secrets = st.text(min_size=1, max_size=40).filter(str.strip)
releases = st.sampled_from(RELEASES).map(Release.parse)
LATER = {
    "9.8": {"proxy_type": st.sampled_from(["http", "https"]), "proxy_host": names, "proxy_port": st.integers(1, 65535)},
    "9.14.1": {"oauth_host": names, "vault_host": names, "port": st.integers(1, 65535), "verify_ip": st.booleans()},
}


@st.composite
def options(draw: st.DrawFn, release: Release) -> dict[str, Any]:
    """Options that a release has, for a whole vault."""
    host = draw(hosts)
    later = {
        name: draw(st.none() | values)
        for first, fields in LATER.items()
        if release.within(first)
        for name, values in fields.items()
    }
    credentials = ["client_secret"] + (["client_certificate"] if release.within("9.10.1") else [])
    return {
        "name": f"https://{host}{draw(st.sampled_from(['', '/', ':443', ':443/']))}",
        "key_id": f"https://{host}/keys/{draw(keys)}{draw(versions)}",
        "client_id": draw(names),
        "tenant_id": draw(names),
        draw(st.sampled_from(credentials)): draw(st.none() | secrets),
        "update_credentials": draw(st.sampled_from(["on_create", "when_unavailable", "always"])),
        "allow_recreate": draw(st.booleans()),
        **later,
    }


@st.composite
def situations(draw: st.DrawFn) -> tuple[Release, Declaration, dict[str, Any]]:
    """A release, a declaration for it, and another AKV configuration of it that is there."""
    release = draw(releases)
    return release, declare(**draw(options(release))), record(declare(**draw(options(release))))


def reply(declared: Declaration, version: str) -> dict[str, Any]:
    """The record after a declaration was applied, as releases differ in it: version kept, dropped or added."""
    key_id = declared.settings["key_id"]
    bare = "/".join(key_id.split("/")[:5])
    return record(declared, key_id={"keep": key_id, "drop": bare, "add": f"{bare}/{'0' * 32}"}[version])


@given(situations(), st.sampled_from(["keep", "drop", "add"]))
def test_planning_what_was_just_applied_gives_no_steps(situation: Any, version: str) -> None:
    release, declared, _there = situation
    quiet = replace(declared, update_credentials="on_create")
    assert plan(quiet, reply(quiet, version), release).steps == ()


@given(situations(), st.booleans(), st.booleans())
def test_a_plan_holds_no_step_that_the_release_forbids_or_that_was_not_asked_for(
    situation: Any, exists: bool, unreachable: bool
) -> None:
    release, declared, there = situation
    try:
        made = plan(declared, there if exists else None, release, unreachable)
    except AkvError:
        return
    for step in made.steps:
        body = set(step.body or {}) - {"svm"}
        if step.method == "PATCH":
            assert all(release.patches(name) for name in body)
            assert not body & {"client_id", "tenant_id"} or body & {"client_secret", "client_certificate"}
        if step.method == "POST":
            assert all(release.posts(name) for name in body)
        if step.method == "DELETE":
            assert declared.allow_recreate
            assert made.operation == "recreate"
        assert "key_id" not in body or step.method == "POST"
    assert bool(made.secrets) == bool(SECRET_FIELDS & set(made.after))
    assert not SECRET_FIELDS & set(made.before)


@given(situations())
def test_what_a_plan_predicts_is_what_was_declared(situation: Any) -> None:
    release, declared, there = situation
    asked = replace(declared, allow_recreate=True, secrets=declared.secrets or {"client_secret": "s3cret"})
    made = plan(asked, there, release)
    after = {**there, **{name: value for name, value in made.after.items() if name in COMPARED}}
    assert differences(asked, after) == []


@given(situations(), st.data())
def test_a_partial_declaration_compares_only_what_it_declares(situation: Any, data: st.DataObject) -> None:
    release, declared, _there = situation
    left_out = data.draw(st.sets(st.sampled_from(REQUIRED)))
    settings = {name: value for name, value in declared.settings.items() if name not in left_out}
    partial = replace(declared, settings=settings, update_credentials="on_create")
    there = {**record(declared), **dict.fromkeys(left_out, "https://somewhere.else/keys/else")}
    assert plan(partial, there, release).steps == ()


@given(situations(), secrets)
def test_no_text_of_a_plan_holds_the_secret(situation: Any, secret: str) -> None:
    release, declared, _there = situation
    canary = f"canary{secret}"
    loud = replace(declared, secrets={"client_secret": canary}, update_credentials="always")
    made = plan(loud, record(declared), release)
    assert canary not in repr(made) + repr(loud) + str(made.steps[0])
