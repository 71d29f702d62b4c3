# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The vendor's client on the vaults of a cluster of its release; conftest.py compares each answer with its schemas."""

from __future__ import annotations

import base64

import pytest
from judges.client.connecting import connect, create
from netapp_ontap import NetAppRestError, config
from netapp_ontap.resources import AzureKeyVault, EmsEvent, Job

from simulator import Simulator
from simulator.client import CREATE

UNKNOWN = "00000000-0000-0000-0000-000000000000"
# One value for each field that can be written, if the release lets it.
VALUES = {
    "client_id": "client2",
    "tenant_id": "tenant2",
    "client_secret": "secret2",
    "proxy_type": "https",
    "proxy_host": "proxy.example.com",
    "proxy_port": 8443,
    "proxy_username": "proxyuser",
    "proxy_password": "proxysecret",
    "oauth_host": "login.example.com",
    "vault_host": "vault.example.com",
    "port": 8444,
    "verify_host": False,
    "verify_ip": False,
    "skip_verification": True,
}
SCHEMA = AzureKeyVault._schema()
SECRETS = ("client_secret", "proxy_password")
PKCS12 = base64.b64encode(b"\x30\x82 not much of a certificate").decode()


@pytest.fixture
def three() -> None:
    """Vaults of two SVMs and of the cluster."""
    for owner in ({"svm": {"name": "vs1"}}, {"svm": {"name": "vs0"}}, {}):
        create(**owner)


def refused(error: pytest.ExceptionInfo[NetAppRestError]) -> tuple[int, int]:
    """The status and the code of a refusal."""
    response = error.value.http_err_response.http_response
    return response.status_code, int(response.json()["error"]["code"])


@pytest.mark.parametrize(("owner", "scope"), [({"svm": {"name": "vs0"}}, "svm"), ({}, "cluster")])
def test_create(cluster: Simulator, owner: dict[str, object], scope: str) -> None:
    vault = create(**owner)
    (made,) = cluster.vaults()
    assert vault.uuid == made["uuid"]
    assert (vault.scope, vault.client_id, vault.tenant_id) == (scope, CREATE["client_id"], CREATE["tenant_id"])
    assert cluster.secret_of(vault.uuid) == CREATE["client_secret"]


def test_create_with_all_that_can_be_posted(cluster: Simulator) -> None:
    values = {name: value for name, value in VALUES.items() if name in SCHEMA.postable_fields}
    reported = create(**values, svm={"name": "vs0"}).to_dict()
    expected = {name: value for name, value in values.items() if name not in SECRETS}
    assert {name: reported[name] for name in expected} == expected
    assert cluster.secret_of(reported["uuid"]) == VALUES["client_secret"]


def test_modify_all_that_can_be_patched(cluster: Simulator, vault: AzureKeyVault) -> None:
    values = {name: value for name, value in VALUES.items() if name in SCHEMA.patchable_fields}
    changed = AzureKeyVault(uuid=vault.uuid)
    for name, value in values.items():
        setattr(changed, name, value)
    changed.patch(hydrate=True)
    reported = changed.to_dict()
    expected = {name: value for name, value in values.items() if name not in SECRETS}
    assert {name: reported[name] for name in expected} == expected
    assert cluster.secret_of(vault.uuid) == VALUES["client_secret"]


def test_change_of_the_secret_alone(cluster: Simulator, vault: AzureKeyVault) -> None:
    changed = AzureKeyVault(uuid=vault.uuid)
    changed.client_secret = "new-secret"
    changed.patch()
    assert cluster.secret_of(vault.uuid) == "new-secret"


@pytest.mark.skipif("client_certificate" not in SCHEMA.patchable_fields, reason="this release takes no certificate")
def test_change_to_a_certificate(cluster: Simulator, vault: AzureKeyVault) -> None:
    changed = AzureKeyVault(uuid=vault.uuid)
    changed.client_certificate = PKCS12
    if "authentication_method" in SCHEMA.patchable_fields:
        changed.authentication_method = "certificate"
    changed.patch(hydrate=True)
    assert changed.authentication_method == "certificate"
    assert cluster.secret_of(vault.uuid) == PKCS12


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, {"vs0", "vs1", None}),
        ({"scope": "svm"}, {"vs0", "vs1"}),
        ({"scope": "cluster"}, {None}),
        ({"svm.name": "vs*"}, {"vs0", "vs1"}),
        ({"svm.name": "vs1|nobody"}, {"vs1"}),
        ({"svm.name": "!vs1", "scope": "svm"}, {"vs0"}),
        ({"client_id": "nobody"}, set()),
        ({"max_records": 1}, {"vs0", "vs1", None}),
    ],
    # A set is shown in another order by each process.
    ids=lambda value: str(sorted(map(str, value)) if isinstance(value, set) else value),
)
def test_collection(three: None, query: dict[str, object], expected: set[str | None]) -> None:
    reported = [one.to_dict().get("svm", {}).get("name") for one in AzureKeyVault.get_collection(fields="svm", **query)]
    assert len(reported) == len(expected)
    assert set(reported) == expected


@pytest.mark.parametrize(("order", "expected"), [("asc", ["vs0", "vs1"]), ("desc", ["vs1", "vs0"])])
def test_order_of_a_collection(three: None, order: str, expected: list[str]) -> None:
    reported = AzureKeyVault.get_collection(fields="svm", scope="svm", order_by=f"svm.name {order}")
    assert [one.svm.name for one in reported] == expected


@pytest.mark.parametrize("fields", ["*", "**", "name,svm.name", "state.available,azure_reachability.code"])
def test_fields_of_a_collection(vault: AzureKeyVault, fields: str) -> None:
    (reported,) = AzureKeyVault.get_collection(fields=fields)
    names = {
        "*": ["name", "key_id", "scope"],
        "**": ["name", "key_id", "scope", "state", "azure_reachability", "ekmip_reachability"],
    }.get(fields, [path.partition(".")[0] for path in fields.split(",")])
    assert {"uuid", *names} <= set(reported.to_dict())
    assert reported.uuid == vault.uuid


def test_each_field_that_the_client_knows_can_be_asked_for(vault: AzureKeyVault) -> None:
    names = [name for name in SCHEMA.gettable_fields if not name.endswith("links")]
    vault.get(fields=",".join(names))


def test_find(vault: AzureKeyVault) -> None:
    assert AzureKeyVault.find(**{"svm.name": "vs0"}).uuid == vault.uuid
    assert AzureKeyVault.find(**{"svm.name": "vs1"}) is None


def test_count(vault: AzureKeyVault) -> None:
    create(svm={"name": "vs1"})
    assert AzureKeyVault.count_collection() == 2
    assert AzureKeyVault.count_collection(**{"svm.name": "vs1"}) == 1


def test_health(cluster: Simulator, vault: AzureKeyVault) -> None:
    cluster.apply([{"create_volume": {"svm": "vs0", "name": "vol1", "encrypted": True}}])
    vault.get(fields="**")
    assert vault.state.available is True
    assert vault.azure_reachability.reachable is True
    assert {node.node.name for node in vault.ekmip_reachability} == {"node1", "node2"}
    assert all(node.reachable is True for node in vault.ekmip_reachability)
    assert {int(one.code) for one in (vault.state, vault.azure_reachability, *vault.ekmip_reachability)} == {0}


def test_restore(cluster: Simulator, vault: AzureKeyVault) -> None:
    cluster.apply(
        [
            {"create_volume": {"svm": "vs0", "name": "vol1", "encrypted": True}},
            {"lose_keys": {"svm": "vs0", "nodes": ["node1"]}},
        ]
    )
    vault.get(fields="state")
    assert vault.state.available is False
    assert int(vault.state.code)
    assert "node1" in vault.state.message
    AzureKeyVault(uuid=vault.uuid).restore()
    assert [job["state"] for job in cluster.jobs()][-1] == "success"
    vault.get(fields="state")
    assert vault.state.available is True


def test_restore_with_a_job_that_fails(cluster: Simulator, vault: AzureKeyVault) -> None:
    cluster.apply([{"partial_restore": {"nodes": ["node2"]}}])
    with pytest.raises(NetAppRestError, match="node2"):
        AzureKeyVault(uuid=vault.uuid).restore()


def test_jobs(cluster: Simulator, vault: AzureKeyVault) -> None:
    AzureKeyVault(uuid=vault.uuid).restore()
    reported = [job.to_dict() for job in Job.get_collection(fields="*")]
    assert {job["uuid"]: job["state"] for job in reported} == {job["uuid"]: job["state"] for job in cluster.jobs()}
    assert {"success"} == {job["state"] for job in reported}


def test_rekey_internal(cluster: Simulator, vault: AzureKeyVault) -> None:
    cluster.apply([{"create_volume": {"svm": "vs0", "name": "vol1", "encrypted": True}}])
    AzureKeyVault(uuid=vault.uuid).rekey_internal()
    assert cluster.jobs()[-1]["state"] == "success"


def test_rekey_internal_without_internal_keys(vault: AzureKeyVault) -> None:
    with pytest.raises(NetAppRestError) as error:
        AzureKeyVault(uuid=vault.uuid).rekey_internal()
    assert refused(error)[1] == 65537559


def test_delete(cluster: Simulator, vault: AzureKeyVault) -> None:
    AzureKeyVault(uuid=vault.uuid).delete()
    assert cluster.vaults() == []


def test_changes_of_a_whole_collection(cluster: Simulator, vault: AzureKeyVault) -> None:
    other = create(svm={"name": "vs1"})
    AzureKeyVault.patch_collection({"client_secret": "new-secret"}, **{"svm.name": "vs0"})
    assert cluster.secret_of(vault.uuid) == "new-secret"
    assert cluster.secret_of(other.uuid) == CREATE["client_secret"]
    AzureKeyVault.delete_collection(scope="svm")
    assert cluster.vaults() == []


def test_refused_a_second_vault_for_an_svm(vault: AzureKeyVault) -> None:
    with pytest.raises(NetAppRestError) as error:
        create(svm={"name": "vs0"})
    assert refused(error) == (409, 65537500)


def test_refused_an_unknown_svm() -> None:
    with pytest.raises(NetAppRestError) as error:
        create(svm={"name": "nobody"})
    assert refused(error)[1]


def test_refused_an_unknown_vault() -> None:
    with pytest.raises(NetAppRestError) as error:
        AzureKeyVault(uuid=UNKNOWN).get()
    assert refused(error) == (404, 4)


def test_refused_a_wrong_password(cluster: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "CONNECTION", connect(cluster, password="wrong"))
    with pytest.raises(NetAppRestError) as error:
        AzureKeyVault.count_collection()
    assert refused(error)[0] == 401


def test_the_event_log(cluster: Simulator, vault: AzureKeyVault) -> None:
    cluster.apply(
        [{"lose_keys": {"svm": "vs0"}}, {"ems": {"name": "km.cmek.akvkms.blocked", "parameters": {"a": "b"}}}]
    )
    (reported,) = EmsEvent.get_collection(fields="*", **{"message.name": "km.cmek.akvkms.*"})
    assert reported.to_dict()["parameters"] == [{"name": "a", "value": "b"}]
