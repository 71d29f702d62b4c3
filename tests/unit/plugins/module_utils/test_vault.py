# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.ontap.akv.plugins.module_utils._errors import AkvError, ConnectionFailed
from ansible_collections.ontap.akv.plugins.module_utils._owner import Owner
from ansible_collections.ontap.akv.plugins.module_utils._release import RELEASES, Release
from ansible_collections.ontap.akv.plugins.module_utils._secrets import MASK
from ansible_collections.ontap.akv.plugins.module_utils._vault import (
    COMPARED,
    REQUIRED,
    Declaration,
    Plan,
    differences,
    normalize,
    plan,
    vault_path,
)

UUID = "024cd3cf-9a08-11ea-8d52-005056bbeba5"
SECRET = "canary-7Q~secret"
VS0 = Owner(svm="vs0")
WHOLE = Declaration(
    owner=VS0,
    name="https://mykeyvault.vault.azure.net/",
    key_id="https://mykeyvault.vault.azure.net/keys/key1",
    client_id="client1",
    tenant_id="tenant1",
    client_secret=SECRET,
)


def record(declared: Declaration = WHOLE, **changed: Any) -> dict[str, Any]:
    """The vault that a declaration makes."""
    return {"uuid": UUID, "svm": {"name": "vs0"}, **{name: getattr(declared, name) for name in COMPARED}, **changed}


def requests(made: Plan) -> list[str]:
    return [str(step) for step in made.steps]


def test_create() -> None:
    made = plan(WHOLE, None)
    assert made.operation == "create"
    assert requests(made) == ["POST /security/azure-key-vaults"]
    assert made.steps[0].body == {"svm": {"name": "vs0"}, **{name: getattr(WHOLE, name) for name in REQUIRED}}
    assert made.before == {}
    assert made.after["client_secret"] == MASK
    assert made.credentials_sent


@pytest.mark.parametrize("missing", REQUIRED)
def test_create_names_what_is_missing(missing: str) -> None:
    with pytest.raises(AkvError, match=f": {missing} is missing"):
        plan(replace(WHOLE, **{missing: None}), None)


def test_unchanged_and_the_secret_is_not_sent() -> None:
    made = plan(WHOLE, record())
    assert (made.operation, made.steps, made.credentials_sent) == ("none", (), False)
    assert made.before == made.after


def test_a_rotation_sends_the_secret_alone() -> None:
    made = plan(Declaration(owner=VS0, client_secret=SECRET, update_credentials="always"), record())
    assert requests(made) == [f"PATCH /security/azure-key-vaults/{UUID}"]
    assert made.steps[0].body == {"client_secret": SECRET}
    assert "client_secret" not in made.before
    assert made.after == {**made.before, "client_secret": MASK}


@pytest.mark.parametrize(("unreachable", "operation"), [(True, "update"), (False, "none")])
def test_a_repair_sends_the_secret_only_where_azure_is_unreachable(unreachable: bool, operation: str) -> None:
    repair = replace(WHOLE, update_credentials="when_unavailable")
    assert plan(repair, record(), Release.parse("9.8"), unreachable).operation == operation


@pytest.mark.parametrize("field", COMPARED)
def test_drift_fails_and_says_what_would_do_it(field: str) -> None:
    other = record(**{field: "https://other.vault.azure.net/keys/other"})
    with pytest.raises(AkvError, match=f"(?s){field} is https://other.*allow_recreate: true") as failure:
        plan(WHOLE, other, Release.parse("9.7"))
    assert ("akv_rekey" in failure.value.message) == (field == "key_id")


def test_recreate_deletes_and_creates_what_is_declared_and_keeps_the_rest() -> None:
    partial = Declaration(owner=VS0, client_id="client2", client_secret=SECRET, allow_recreate=True)
    made = plan(partial, record(), Release.parse("9.7"))
    assert made.operation == "recreate"
    assert requests(made) == [f"DELETE /security/azure-key-vaults/{UUID}", "POST /security/azure-key-vaults"]
    assert made.steps[1].body is not None
    assert made.steps[1].body["client_id"] == "client2"
    assert made.steps[1].body["tenant_id"] == "tenant1"


def test_recreate_without_a_secret_is_refused_before_anything_is_deleted() -> None:
    with pytest.raises(AkvError, match=r"client_secret.*Nothing was deleted"):
        plan(replace(WHOLE, client_id="client2", client_secret=None, allow_recreate=True), record())


def test_a_new_identity_goes_in_place_from_9_9_1_and_never_without_its_secret() -> None:
    other = replace(WHOLE, client_id="client2")
    made = plan(other, record(), Release.parse("9.9.1"))
    assert made.steps[0].body == {"client_id": "client2", "client_secret": SECRET}
    with pytest.raises(AkvError, match="takes volumes offline"):
        plan(replace(other, client_secret=None), record(), Release.parse("9.9.1"))


def test_absent() -> None:
    gone = Declaration(owner=VS0, present=False)
    assert plan(gone, None).steps == ()
    assert requests(plan(gone, record())) == [f"DELETE /security/azure-key-vaults/{UUID}"]


@pytest.mark.parametrize("field", ["name", "key_id"])
def test_absent_refuses_another_vault_than_the_one_declared(field: str) -> None:
    uri = "https://other.vault.azure.net" + ("/keys/key1" if field == "key_id" else "")
    with pytest.raises(AkvError, match=f"{field} is https://mykeyvault.*It is not deleted"):
        plan(replace(WHOLE, present=False, **{field: uri}), record())


def test_a_key_version_that_moved_on_is_drift_and_no_change() -> None:
    pinned = replace(WHOLE, key_id=f"{WHOLE.key_id}/1")
    made = plan(pinned, record(key_id=f"{WHOLE.key_id}/2"))
    assert made.steps == ()
    assert [drift["field"] for drift in made.drift] == ["key_id"]
    assert plan(pinned, record()).drift == ()
    assert plan(WHOLE, record(key_id=f"{WHOLE.key_id}/2")).drift == ()


@pytest.mark.parametrize(
    "answer",
    [{}, {"uuid": ".."}, {"uuid": UUID, "name": 1}, {"uuid": UUID, "key_id": ["x"]}, {"uuid": UUID, "svm": "vs0"}],
)
def test_a_record_of_the_wrong_shape_is_refused(answer: dict[str, Any]) -> None:
    with pytest.raises(ConnectionFailed):
        normalize(answer)


def test_a_record_loses_links_and_whatever_secret_comes_with_it() -> None:
    links = {"_links": {"self": {"href": "/api"}}}
    svm = {"name": "vs0", **links}
    assert normalize({**record(), **links, "svm": svm, "client_secret": "x", "proxy_password": "y"}) == record()


@pytest.mark.parametrize("uuid", [None, "", "..", "x/../..", "024cd3cf-9a08-11ea-8d52-005056bbeba5/.."])
def test_only_a_uuid_goes_into_a_path(uuid: object) -> None:
    with pytest.raises(ConnectionFailed, match="no UUID"):
        vault_path(uuid)


# -- properties -------------------------------------------------------------------------------------------------------

hosts = st.from_regex(r"[a-z][a-z0-9]{2,10}\.vault\.azure\.(net|cn)", fullmatch=True)
keys = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,10}", fullmatch=True)
versions = st.one_of(st.just(""), st.from_regex(r"/[0-9a-f]{32}", fullmatch=True))
names = st.one_of(st.uuids().map(str), st.from_regex(r"[A-Za-z0-9]{1,12}", fullmatch=True))
secrets = st.text(min_size=1, max_size=40).filter(str.strip)


@st.composite
def declarations(draw: st.DrawFn) -> Declaration:
    host = draw(hosts)
    return Declaration(
        owner=VS0,
        name=f"https://{host}{draw(st.sampled_from(['', '/', ':443', ':443/']))}",
        key_id=f"https://{host}/keys/{draw(keys)}{draw(versions)}",
        client_id=draw(names),
        tenant_id=draw(names),
        client_secret=draw(st.none() | secrets),
        update_credentials=draw(st.sampled_from(["on_create", "when_unavailable", "always"])),
        allow_recreate=draw(st.booleans()),
    )


def reply(declared: Declaration, version: str) -> dict[str, Any]:
    """The record after a declaration was applied, as releases differ in it: version kept, dropped or added."""
    assert declared.key_id is not None
    bare = "/".join(declared.key_id.split("/")[:5])
    return record(declared, key_id={"keep": declared.key_id, "drop": bare, "add": f"{bare}/{'0' * 32}"}[version])


releases = st.sampled_from(RELEASES).map(Release.parse)


@given(declarations(), st.sampled_from(["keep", "drop", "add"]), releases)
def test_planning_what_was_just_applied_gives_no_steps(declared: Declaration, version: str, release: Release) -> None:
    quiet = replace(declared, update_credentials="on_create")
    assert plan(quiet, reply(quiet, version), release).steps == ()


@given(declarations(), declarations(), st.booleans(), releases, st.booleans())
def test_a_plan_holds_no_step_that_the_release_forbids_or_that_was_not_asked_for(
    declared: Declaration, there: Declaration, exists: bool, release: Release, unreachable: bool
) -> None:
    current = record(there) if exists else None
    try:
        made = plan(declared, current, release, unreachable)
    except AkvError:
        return
    for step in made.steps:
        if step.method == "PATCH":
            assert all(release.patches(name) for name in step.body or {})
            assert "client_secret" in (step.body or {})
        if step.method == "DELETE":
            assert declared.allow_recreate
            assert made.operation == "recreate"
    assert made.credentials_sent == ("client_secret" in made.after)
    assert "client_secret" not in made.before


@given(declarations(), declarations(), releases)
def test_what_a_plan_predicts_is_what_was_declared(declared: Declaration, there: Declaration, release: Release) -> None:
    whole = replace(declared, allow_recreate=True, client_secret=declared.client_secret or "s3cret")
    made = plan(whole, record(there), release)
    after = {**record(there), **{name: value for name, value in made.after.items() if name in COMPARED}}
    assert differences(whole, after) == []


@given(declarations(), st.data())
def test_a_partial_declaration_compares_only_what_it_declares(declared: Declaration, data: st.DataObject) -> None:
    left_out = data.draw(st.sets(st.sampled_from(COMPARED)))
    partial = replace(declared, **dict.fromkeys(left_out), update_credentials="on_create")
    there = {**record(declared), **dict.fromkeys(left_out, "https://somewhere.else/keys/else")}
    assert plan(partial, there).steps == ()


@given(declarations(), secrets)
def test_no_text_of_a_plan_holds_the_secret(declared: Declaration, secret: str) -> None:
    canary = f"canary{secret}"
    made = plan(replace(declared, client_secret=canary, update_credentials="always"), record(declared))
    shown = repr(made) + repr(declared) + str(made.steps[0])
    assert canary not in shown.replace(repr(declared), "")
    assert canary not in repr(replace(declared, client_secret=canary))
