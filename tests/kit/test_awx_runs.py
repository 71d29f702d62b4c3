# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The templates for a controller, run by ansible-runner with injected credentials on simulated clusters."""

from __future__ import annotations

import shutil
import typing as t
from pathlib import Path

import pytest
from integration.canaries import Canary
from kit.configuration import KIT, PACKAGE, Configuration, Values
from kit.controller import Controller, Job

from simulator import Simulator

NAME = "https://mykeyvault.vault.azure.net/"
CLIENT, TENANT = "client1", "tenant1"
# An expression in a secret is text.
CANARIES = {
    "password": Canary("pass: *\"'{{ nobody }}"),
    "new secret": Canary("*~{{ nobody }}.all=that"),
    "former secret": Canary("{% raw %}*"),
    "proxy password": Canary("{{ * }}"),
}
NEW, FORMER = CANARIES["new secret"].secret, CANARIES["former secret"].secret
SOON = "1"  # seconds, in the place of ONTAP's polling interval
READS = ("/api/security/azure-key-vaults", "/api/cluster", "/api/storage/volumes")


def cluster(*svms: str, **more: t.Any) -> Simulator:
    """A cluster whose SVMs have vaults with the former secret, and on which the reader cannot change anything."""
    password = CANARIES["password"].secret
    vault = {"name": NAME, "client_id": CLIENT, "tenant_id": TENANT, "client_secret": FORMER}
    scenario: Values = {
        "users": [
            {"name": "operator", "password": password},
            {"name": "reader", "password": password, "role": "reader"},
            {"name": "robot", "certificate": True},
        ],
        "roles": {"reader": [{"api": path, "access": "readonly"} for path in READS]},
        "svms": [{"name": "vs0"}, {"name": "vs1"}],
        "vaults": [{"svm": svm, **vault} for svm in svms],
        "azure": {"applications": [{"client_id": CLIENT, "tenant_id": TENANT, "secrets": [FORMER, NEW]}]},
    }
    return Simulator(release="9.14.1", scenario={**scenario, **more})


def hosts(**clusters: Simulator | Values) -> dict[str, Values]:
    """The inventory: where each cluster is, and no login."""
    return {name: each if isinstance(each, dict) else _address(each) for name, each in clusters.items()}


def _address(simulator: Simulator) -> Values:
    where = simulator.connection
    return {"ansible_host": where["hostname"], "akv_http_port": where["http_port"]}


def secrets_of(simulator: Simulator) -> dict[str, str]:
    return {vault["svm"]: simulator.secret_of(vault["uuid"]) for vault in simulator.vaults()}


def changes(simulator: Simulator) -> list[str]:
    return [request["method"] for request in simulator.requests if request["method"] != "GET"]


def unseen(job: Job) -> Job:
    """Check that no secret is where it must not be, and that nothing is handed on to other jobs."""
    assert job.leaks(CANARIES) == set()
    assert job.artifacts() == {}
    return job


@pytest.fixture(scope="session")
def project(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a controller has synchronized of the repository."""
    folder = tmp_path_factory.mktemp("project") / "project"
    for part in (Path("playbooks"), KIT):
        shutil.copytree(installed / PACKAGE / part, folder / part)
    return folder


@pytest.fixture
def controller(configuration: Configuration, project: Path, installed: Path, tmp_path: Path) -> Controller:
    return Controller(configuration, project, installed, tmp_path)


def type_in(controller: Controller, *clusters: Simulator) -> None:
    """Fill in the pages of the credentials."""
    bundle = "".join(Path(each.connection["ca_path"]).read_text(encoding="utf-8") for each in clusters)
    login = {"password": CANARIES["password"].secret, "ca_bundle": bundle}
    controller.inputs = {
        "ONTAP AKV reader": {"username": "reader", **login},
        "ONTAP AKV operator": {"username": "operator", **login},
        "ONTAP AKV application": {
            "client_id": CLIENT,
            "tenant_id": TENANT,
            "client_secret": NEW,
            "former_client_secret": FORMER,
        },
    }


TEMPLATES: dict[str, tuple[t.Callable[[], Simulator], Values]] = {
    "enable": (
        cluster,
        {
            "akv_hosts": "one",
            "akv_enable_svm": "vs0",
            "akv_enable_name": NAME,
            "akv_enable_key_id": f"{NAME}keys/key1",
            "akv_enable_proxy_type": "http",
            "akv_enable_proxy_host": "proxy.example.com",
            "akv_enable_proxy_username": "proxy",
            "akv_enable_proxy_password": CANARIES["proxy password"].secret,
        },
    ),
    "rotate credentials": (lambda: cluster("vs0", "vs1"), {"akv_rotate_soak": SOON}),
    "rotate key": (
        lambda: cluster("vs0"),
        {
            "akv_hosts": "one",
            "akv_rotate_key_svm": "vs0",
            "akv_rotate_key_key_id": f"{NAME}keys/key2",
            "akv_rotate_key_configuration": "green",
            "akv_rotate_key_soak": SOON,
        },
    ),
    "recover": (
        lambda: cluster(
            "vs0", "vs1", azure={"applications": [{"client_id": CLIENT, "tenant_id": TENANT, "secrets": [NEW]}]}
        ),
        {"akv_recover_wait": SOON},
    ),
    "disable": (lambda: cluster("vs0"), {"akv_hosts": "one", "akv_disable_svm": "vs0", "akv_disable_name": NAME}),
}
CHANGED: dict[str, t.Callable[[Simulator], bool]] = {
    "enable": lambda simulator: secrets_of(simulator) == {"vs0": NEW},
    "rotate credentials": lambda simulator: secrets_of(simulator) == {"vs0": NEW, "vs1": NEW},
    "rotate key": lambda simulator: (
        [vault["key_id"].rsplit("/keys/")[1].partition("/")[0] for vault in simulator.vaults() if vault["enabled"]]
        == ["key2"]
    ),
    "recover": lambda simulator: secrets_of(simulator) == {"vs0": NEW, "vs1": NEW},
    "disable": lambda simulator: simulator.vaults() == [],
}


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_rehearses_and_runs(template: str, controller: Controller) -> None:
    start, answers = TEMPLATES[template]
    with start() as simulator:
        type_in(controller, simulator)
        rehearsed = unseen(controller.launch(template, hosts(one=simulator), answers).check())
        assert changes(simulator) == []
        job = unseen(controller.launch(template, hosts(one=simulator), answers, job_type="run").check())
        assert CHANGED[template](simulator), simulator.vaults()
    result = f"akv_{template.removesuffix(' credentials').replace(' ', '_')}_result"
    assert rehearsed.facts(result)["one"]["changed"] is True
    assert job.facts(result)["one"]["changed"] is True
    # It is readable, at whatever verbosity.
    assert job.facts(result)["one"]["msg"] in job.output.replace("\\n", "\n")


def test_a_report_tells_and_fails_as_asked(controller: Controller) -> None:
    with cluster("vs0") as well, cluster("vs1") as ill:
        ill.apply([{"lose_keys": {"svm": "vs1", "nodes": ["node1"]}}])
        type_in(controller, well, ill)
        inventory = hosts(well=well, ill=ill, dead={"ansible_host": "nowhere.invalid"})
        job = unseen(controller.launch("report", inventory).check())
        assert {name: told["found"] for name, told in job.facts("akv_report_result").items()} == {
            "well": [],
            "ill": ["degraded"],
            "dead": ["unreachable"],
        }
        assert "vs1 is degraded" in job.output
        # As the schedule has it.
        (schedule,) = controller.configuration.objects["controller_schedules"]
        answers = schedule["extra_data"]
        template = controller.configuration.one("templates", schedule["unified_job_template"])
        failed = unseen(controller.launch(template, inventory, answers, verbosity=0).check("failed"))
        assert "ill has what akv_report_fail_on names (degraded)" in failed.output
        assert changes(well) == changes(ill) == []


def test_a_failure_shows_no_secret(controller: Controller) -> None:
    start, answers = TEMPLATES["enable"]
    with start() as simulator:
        type_in(controller, simulator)
        job = controller.launch("enable", hosts(one=simulator), {**answers, "akv_enable_svm": "vs9"}, job_type="run")
        assert "vs9" in unseen(job.check("failed")).output
        controller.inputs["ONTAP AKV operator"]["password"] += CANARIES["password"].core
        job = controller.launch("enable", hosts(one=simulator), answers, job_type="run")
        assert "6691623" in unseen(job.check("failed")).output
        assert changes(simulator) == []
    # The search finds what is there.
    there = job.folders[1] / "artifacts" / "left-over"
    there.write_text(f"password={CANARIES['password'].secret}", encoding="utf-8")
    assert [place.partition(":")[0] for place in job.leaks(CANARIES)] == [str(there.relative_to(job.folders[1].parent))]


LOGINS: dict[str, tuple[Values, str]] = {
    "user and password": ({}, ""),
    "any certificate is trusted": ({"ca_bundle": "", "trust_any_certificate": True}, ""),
    "a certificate that nobody has signed": ({"ca_bundle": ""}, "certificate"),
    "a certificate of the client": ({"username": "", "password": "", "client_certificate": "*", "client_key": "*"}, ""),
    "both in one file": ({"username": "", "password": "", "client_certificate": "**"}, ""),
    "nothing": ({"username": "", "password": ""}, "no login is given"),
}


@pytest.mark.parametrize("login", LOGINS)
def test_logins(login: str, controller: Controller) -> None:
    typed, problem = LOGINS[login]
    with cluster("vs0") as simulator:
        type_in(controller, simulator)
        files = simulator.connection["certificates"]["robot"]
        certificate, key = (Path(files[name]).read_text(encoding="utf-8") for name in ("cert_filepath", "key_filepath"))
        pems = {"client_certificate": certificate, "client_key": key}
        both = {"client_certificate": certificate + key}
        reader = controller.inputs["ONTAP AKV reader"]
        for field, value in typed.items():
            reader[field] = {"*": pems.get(field), "**": both.get(field)}.get(value, value)
        answers = {"akv_report_fail_on": ["unreachable"]}
        job = unseen(controller.launch("report", hosts(one=simulator), answers, verbosity=0))
    assert (problem in job.check("failed").output) if problem else job.check()


def nodes_of(controller: Controller) -> dict[str, Values]:
    (workflow,) = controller.configuration.objects["controller_workflows"]
    return {node["identifier"]: node for node in workflow["simplified_workflow_nodes"]}


def run_node(controller: Controller, name: str, inventory: dict[str, Values], **sooner: str) -> Job:
    node = nodes_of(controller)[name]
    template = controller.configuration.one("templates", node["unified_job_template"])
    answers = {**node.get("extra_data", {}), **sooner}
    return unseen(controller.launch(template, inventory, answers, job_type=node.get("job_type"), verbosity=0))


def test_the_workflow(controller: Controller) -> None:
    with cluster("vs0", "vs1") as one, cluster("vs0") as two:
        type_in(controller, one, two)
        inventory = hosts(one=one, two=two)
        run_node(controller, "before", inventory).check()
        run_node(controller, "canary", inventory, akv_rotate_soak=SOON).check()
        # What the person sees who approves.
        assert sorted([*secrets_of(one).values(), *secrets_of(two).values()]) == sorted([NEW, FORMER, FORMER])
        run_node(controller, "all", inventory).check()
        assert {*secrets_of(one).values(), *secrets_of(two).values()} == {NEW}
        run_node(controller, "after", inventory).check()


def test_the_workflow_where_azure_does_not_take_the_new_credential(controller: Controller) -> None:
    with cluster(
        "vs0", azure={"applications": [{"client_id": CLIENT, "tenant_id": TENANT, "secrets": [FORMER]}]}
    ) as one:
        type_in(controller, one)
        inventory = hosts(one=one)
        run_node(controller, "canary", inventory, akv_rotate_soak=SOON).check("failed")
        (stopped,) = nodes_of(controller)["canary"]["failure_nodes"]
        job = run_node(controller, stopped, inventory).check("failed")
        assert secrets_of(one) == {"vs0": FORMER}
    assert "The rotation was stopped" in job.output
    assert "1 healthy" in job.output


def test_the_playbooks_run_by_name_too(controller: Controller) -> None:
    """Without a controller, which wants files of a project: ansible-runner itself takes a playbook of a collection."""
    with cluster("vs0") as simulator:
        type_in(controller, simulator)
        template = {**controller.configuration.one("templates", "ONTAP AKV - report"), "playbook": "ontap.akv.report"}
        job = unseen(controller.launch(template, hosts(one=simulator), verbosity=0).check())
    assert job.facts("akv_report_result")["one"]["reachable"] is True
