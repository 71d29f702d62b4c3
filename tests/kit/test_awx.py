# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the configuration for a controller says, against the schema, the roles, and what a controller makes of it."""

from __future__ import annotations

import re
from collections.abc import Container
from pathlib import Path
from typing import Any

import pytest
import yaml
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jsonschema import Draft202012Validator, FormatChecker
from kit.configuration import KIT, PACKAGE, ROOT, Configuration, Values, load, questions, role_of

from dev.role_variables import roles

# The report shows what diagnose shows, and conformance is for the first look at a real cluster.
WITHOUT_TEMPLATE = {"conformance.yml", "diagnose.yml"}
PLAYBOOKS = [
    f"playbooks/{path.name}" for path in sorted((ROOT / "playbooks").glob("*.yml")) if path.name not in WITHOUT_TEMPLATE
]
STOPPED = "extensions/awx/playbooks/stopped.yml"
# It plays no role, and speaks to no cluster.
EXPIRY = "extensions/awx/playbooks/expiry.yml"
# The rules of events launch it, nobody watches, and it sends no credential.
RESTORE = "ONTAP AKV - restore keys"
# These take one AKV configuration by name: on all clusters at once it would be another one on each.
OF_ONE_VAULT = {"akv_enable", "akv_disable", "akv_rotate_key"}
# A survey asks for these types; the roles take a text with commas as a list.
QUESTIONS = {
    "str": {"text", "password", "multiplechoice"},
    "int": {"integer", "text"},
    "path": {"text"},
    "bool": {"multiplechoice"},
    "list": {"text", "multiselect"},
}


def _declared(playbook: str) -> Any:
    """The role that a playbook of the project plays, as the collection declares it; None for one with defaults."""
    path = role_of(playbook)
    return None if (path / "defaults").exists() else roles()[path.name]


def _options(playbook: str) -> Values:
    """The variables of the role that a playbook of the project plays."""
    role = _declared(playbook)
    if role is None:
        path = role_of(playbook) / "meta" / "argument_specs.yml"
        options: Values = yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
        return options
    return {
        f"{role.name}_{variable.name}": {
            "type": variable.kind.value.partition(" ")[0],
            "choices": list(variable.choices) or None,
            "default": variable.default,
            "no_log": variable.secret,
            # Without the common variable that a credential injects.
            "required": variable.required and not variable.common,
        }
        for variable in role.variables
    }


def _defaults(playbook: str) -> Values:
    """The common variables that those of the role default to."""
    role = _declared(playbook)
    if role is None:
        path = role_of(playbook) / "defaults" / "main.yml"
        return yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    return {
        f"{role.name}_{variable.name}": " ".join(f"akv_{name}" for name in variable.common)
        for variable in role.variables
    }


def _changes(playbook: str) -> bool:
    """Return whether the role of a playbook can change a cluster."""
    if playbook == EXPIRY:
        return False
    tasks = (role_of(playbook) / "tasks").glob("*.yml")
    return any(
        re.search(r"ontap\.akv\.akv_(config|credential|rekey|repair|restore):", path.read_text(encoding="utf-8"))
        for path in tasks
    )


def _of_roles(configuration: Configuration) -> list[Values]:
    """The templates that play a role."""
    return [one for one in configuration.objects["controller_templates"] if one["playbook"] != EXPIRY]


def _injected(configuration: Configuration, kind: str) -> Values:
    """What all credential types inject."""
    types = configuration.objects["controller_credential_types"]
    return {name: text for each in types for name, text in each["injectors"].get(kind, {}).items()}


def test_the_schema(configuration: Configuration) -> None:
    schema = yaml.safe_load((ROOT / "tests" / "kit" / "awx_schema.yml").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    errors = Draft202012Validator(schema, format_checker=FormatChecker()).iter_errors(configuration.objects)
    assert [f"{error.json_path}: {error.message}" for error in errors] == []


def test_names_are_unique(configuration: Configuration) -> None:
    for kind in configuration.objects:
        names = configuration.names(kind.removeprefix("controller_"))
        assert len(names) == len(set(names))
    # A schedule or a node names a template or a workflow alike.
    assert not set(configuration.names("templates")) & set(configuration.names("workflows"))


def test_what_is_named_is_there(configuration: Configuration) -> None:
    for template in configuration.objects["controller_templates"]:
        assert template["inventory"] in configuration.names("inventories")
        assert template["project"] in configuration.names("projects")
        assert template["execution_environment"] in configuration.names("execution_environments")
        assert set(template["credentials"]) <= set(configuration.names("credentials"))
        assert (ROOT / template["playbook"]).is_file()
    for credential in configuration.objects["controller_credentials"]:
        assert credential["credential_type"] in configuration.names("credential_types")
    for workflow in configuration.objects["controller_workflows"]:
        assert workflow["inventory"] in configuration.names("inventories")
    for project in configuration.objects["controller_projects"]:
        assert project["default_environment"] in configuration.names("execution_environments")


def test_names_that_are_yours_are_in_one_place() -> None:
    for path in (ROOT / KIT / "configuration").glob("*.yml"):
        if path.name != "names.yml":
            text = path.read_text(encoding="utf-8")
            assert "example.com" not in text
            assert not re.search(
                r"^ *(organization|inventory|project|execution_environment): [^\"\n]", text, re.MULTILINE
            )


def test_the_address_of_the_project_has_no_default(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="Set akv_awx_project_url to the address of your repository"):
        load(ROOT / KIT / "configuration", tmp_path)


def test_every_playbook_has_a_template(configuration: Configuration, installed: Path) -> None:
    used = [template["playbook"] for template in configuration.objects["controller_templates"]]
    assert set(used) == {*PLAYBOOKS, STOPPED, EXPIRY}
    # A project can be made of the archive too.
    assert all((installed / PACKAGE / playbook).is_file() for playbook in used)


def test_a_controller_sees_the_playbooks(configuration: Configuration) -> None:
    """It offers files with a play at their beginning, and none below a folder of these names."""
    for template in configuration.objects["controller_templates"]:
        path = Path(template["playbook"])
        assert not {"roles", "tasks", "group_vars", "host_vars"} & set(path.parts)
        assert re.search(r"^\s*-?\s*hosts:", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)


def test_the_playbook_of_the_kit_begins_as_that_of_the_report() -> None:
    (kit,), (report,) = (
        yaml.safe_load((ROOT / path).read_text(encoding="utf-8")) for path in (STOPPED, "playbooks/report.yml")
    )
    apart = {"name", "post_tasks"}
    assert {name: kit[name] for name in kit if name not in apart} == {
        name: report[name] for name in report if name not in apart
    }


def test_surveys_ask_for_variables_of_the_roles(configuration: Configuration) -> None:
    for template in _of_roles(configuration):
        playbook, given = template["playbook"], template.get("extra_vars", {})
        options, asked = _options(playbook), questions(template)
        assert set(given) <= set(options)
        assert not set(given) & set(asked)
        assert "lookup('ontap.akv.playbook', 'hosts" in (ROOT / playbook).read_text(encoding="utf-8")
        assert set(asked) <= {*options, "akv_hosts"}
        for name, question in asked.items():
            option = options.get(name, {"type": "str", "required": True})
            where = f"{template['name']}: {name}"
            assert question["type"] in QUESTIONS[option["type"]], where
            assert (question["type"] == "password") == option.get("no_log", False), where
            assert question["required"] or not option.get("required", False), where
            if option["type"] == "bool":
                assert sorted(question["choices"]) == ["false", "true"], where
            else:
                assert question.get("choices") is None or set(question["choices"]) == set(option["choices"]), where
            # A question with choices cannot be left blank.
            may_be_blank = not question["required"] and option.get("default") is None
            assert question.get("choices") is not None or not option.get("choices") or may_be_blank, where
            # A survey that nobody touches is the role as it is.
            if "default" in question:
                # Of a single configuration: only of a list does the role have no default.
                wanted = "svm" if name == "akv_enable_scope" else option.get("default")
                assert question["default"] == (str(wanted).lower() if option["type"] == "bool" else wanted), where
                assert question.get("min", 0) <= len(str(question["default"])) or question["type"] == "integer"
        missing = [name for name, option in options.items() if option.get("required") and name not in {*asked, *given}]
        assert missing == []


def test_no_secret_has_to_be_typed_as_an_extra_variable(configuration: Configuration) -> None:
    injected = _injected(configuration, "extra_vars")
    for template in _of_roles(configuration):
        defaults, asked = _defaults(template["playbook"]), questions(template)
        secret = {name for name, option in _options(template["playbook"]).items() if option.get("no_log")}
        # A list of configurations is in the inventory, and the credential completes its entries.
        assert "akv_enable_configurations" not in asked
        for name in secret - {"akv_enable_configurations"}:
            from_credential = re.search(r"\b(akv_\w+)", str(defaults.get(name, "")))
            assert name in asked or (from_credential and from_credential[1] in injected), name
            # A blank answer would win over the credential.
            assert not (name in asked and from_credential), name


def test_only_who_needs_a_credential_gets_it(configuration: Configuration) -> None:
    for template in _of_roles(configuration):
        types = {configuration.one("credentials", name)["credential_type"] for name in template["credentials"]}
        takes = any("akv_client" in str(value) for value in _defaults(template["playbook"]).values())
        takes = takes and template["name"] != RESTORE
        assert types == ({"ONTAP login", "Azure application"} if takes else {"ONTAP login"})
        # The login that changes is for what changes.
        assert any("operator" in name for name in template["credentials"]) == _changes(template["playbook"])


def test_what_changes_rehearses_unless_a_person_says_run(configuration: Configuration) -> None:
    for template in configuration.objects["controller_templates"]:
        changes = _changes(template["playbook"])
        if template["name"] == RESTORE:
            assert (template["job_type"], template["allow_simultaneous"]) == ("run", False)
            continue
        assert template["job_type"] == ("check" if changes else "run")
        assert template.get("ask_job_type_on_launch", False) == changes
        assert template.get("diff_mode", False) == changes
        assert template["allow_simultaneous"] != changes


def test_the_clusters_are_chosen(configuration: Configuration) -> None:
    for template in _of_roles(configuration):
        of_one = role_of(template["playbook"]).name in OF_ONE_VAULT
        assert questions(template).get("akv_hosts", {}).get("required", False) == of_one
        assert template.get("ask_limit_on_launch", False) != of_one


def test_credential_types_render_as_a_controller_checks_them(configuration: Configuration) -> None:
    sandbox = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
    for each in configuration.objects["controller_credential_types"]:
        fields = [field["id"] for field in each["inputs"]["fields"]]
        assert len(fields) == len(set(fields))
        assert set(each["inputs"].get("required", [])) <= set(fields)
        files = {name.partition(".")[2]: "EXAMPLE" for name in each["injectors"].get("file", {})}
        namespace = {**dict.fromkeys(fields, "EXAMPLE"), "tower": {"filename": files}}
        for injector in each["injectors"].values():
            for text in injector.values():
                assert sandbox.from_string(text).render(namespace)
                # What a controller hands to a process is ASCII, but for the values.
                assert text.isascii()


def test_credential_types_inject_what_the_collection_takes(configuration: Configuration) -> None:
    connection = (ROOT / "plugins" / "module_utils" / "_ontap" / "connection.py").read_text(encoding="utf-8")
    assert set(_injected(configuration, "env")) <= set(re.findall(r'"(ONTAP_\w+)"', connection))
    defaults = [str(value) for each in _of_roles(configuration) for value in _defaults(each["playbook"]).values()]
    taken = " ".join([*defaults, (ROOT / EXPIRY).read_text(encoding="utf-8")])
    assert set(_injected(configuration, "extra_vars")) <= set(re.findall(r"\bakv_\w+", taken))
    secret = {
        field["id"]
        for each in configuration.objects["controller_credential_types"]
        for field in each["inputs"]["fields"]
        if field.get("secret")
    }
    assert secret == {
        *("password", "client_certificate", "client_key", "client_secret"),
        *("previous_client_secret", "previous_client_certificate", "graph_client_secret"),
    }


@pytest.mark.parametrize("path", sorted((ROOT / KIT / "configuration").glob("*.yml")), ids=lambda path: path.name)
def test_no_host_and_no_principal_of_the_controller_is_injected(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "AZURE_" not in text
    assert "ONTAP_HOSTNAME" not in text
    assert "akv_hostname" not in text


def test_the_expiry_is_asked_of_graph_alone(configuration: Configuration) -> None:
    (template,) = (one for one in configuration.objects["controller_templates"] if one["playbook"] == EXPIRY)
    assert [configuration.one("credentials", name)["credential_type"] for name in template["credentials"]] == [
        "Microsoft Graph reader"
    ]
    used = set(re.findall(r"\bakv_(?:graph|expiry)_\w+", (ROOT / EXPIRY).read_text(encoding="utf-8")))
    graph = {name for name in _injected(configuration, "extra_vars") if name.startswith("akv_graph_")}
    assert used == {*graph, *questions(template)}


def test_schedules_run_only_what_changes_nothing(configuration: Configuration) -> None:
    for schedule in configuration.objects["controller_schedules"]:
        template = configuration.one("templates", schedule["unified_job_template"])
        assert not _changes(template["playbook"])
        _check_answers(template, schedule["extra_data"])
        # A controller wants an answer to each of these, whatever their defaults.
        assert {name for name, question in questions(template).items() if question["required"]} <= set(
            schedule["extra_data"]
        )


def _check_answers(template: Values, answers: Values) -> None:
    """A controller drops an answer that no question asks for, or that is none of the choices."""
    asked = questions(template)
    for name, answer in answers.items():
        question = asked[name]
        kind = {"integer": int, "multiselect": list}.get(question["type"], str)
        assert isinstance(answer, kind)
        # True is an int to isinstance.
        assert not isinstance(answer, bool)
        chosen = answer if isinstance(answer, list) else [answer]
        assert "choices" not in question or set(chosen) <= set(question["choices"])
        assert question["type"] != "integer" or question["min"] <= answer <= question["max"]


def test_nodes_give_what_their_templates_take(configuration: Configuration) -> None:
    for workflow in configuration.objects["controller_workflows"]:
        nodes = {node["identifier"]: node for node in workflow["simplified_workflow_nodes"]}
        assert len(nodes) == len(workflow["simplified_workflow_nodes"])
        given = {name for node in nodes.values() for name in node.get("extra_data", {})}
        # What a survey of the workflow asks for would win over it.
        assert not given & set(questions(workflow))
        templates = {
            name: configuration.one("templates", node["unified_job_template"])
            for name, node in nodes.items()
            if "unified_job_template" in node
        }
        for name, template in templates.items():
            _check_answers(template, nodes[name].get("extra_data", {}))
            assert template.get("ask_limit_on_launch") or questions(template)["akv_hosts"]["required"]
            assert template["ask_inventory_on_launch"]
            # A node runs as a rehearsal where it does not say otherwise, as its template does.
            wanted = "check" if name == "plan" else "run"
            assert nodes[name].get("job_type", template["job_type"]) == wanted
            assert "job_type" not in nodes[name] or template["ask_job_type_on_launch"]
        for name, question in questions(workflow).items():
            assert any(questions(template).get(name) == question for template in templates.values())
        for node in nodes.values():
            for links in ("success_nodes", "failure_nodes", "always_nodes"):
                assert set(node.get(links, [])) <= set(nodes)


SUCCESS, FAILURE = True, False
HISTORIES = {
    "all goes well": ({}, ["plan", "approval", "rotate", "after"], SUCCESS),
    "the rotation would stop": ({"plan"}, ["plan"], FAILURE),
    "a person denies": ({"approval"}, ["plan", "approval", "stopped"], FAILURE),
    "a configuration becomes worse": ({"rotate"}, ["plan", "approval", "rotate", "stopped"], FAILURE),
    "all is sent and something is not healthy": ({"after"}, ["plan", "approval", "rotate", "after"], FAILURE),
}


@pytest.mark.parametrize("history", HISTORIES)
def test_where_the_workflow_goes(history: str, configuration: Configuration) -> None:
    failing, visited, ends = HISTORIES[history]
    went, result = _follow(configuration.one("workflows", "ONTAP AKV - rotate with approval"), failing)
    assert (went, result) == (visited, ends)


@pytest.mark.parametrize("operation", ["enable", "disable"])
@pytest.mark.parametrize("failing", [None, "plan", "approval", "change"])
def test_nothing_changes_without_an_approval(operation: str, failing: str | None, configuration: Configuration) -> None:
    nodes = ["plan", "approval", operation]
    stops = operation if failing == "change" else failing
    went, result = _follow(configuration.one("workflows", f"ONTAP AKV - {operation} with approval"), {stops})
    assert went == nodes[: nodes.index(stops) + 1 if stops else None]
    assert result is (stops is None)


def test_what_follows_an_approval_needs_its_plan(configuration: Configuration) -> None:
    """A plan that got lost on the way must never be taken for any plan."""
    for workflow in configuration.objects["controller_workflows"]:
        nodes = {node["identifier"]: node for node in workflow["simplified_workflow_nodes"]}
        for name in nodes["approval"]["success_nodes"]:
            template = configuration.one("templates", nodes[name]["unified_job_template"])
            role = role_of(template["playbook"]).name
            assert template["extra_vars"] == {f"{role}_require_plan": True}
            assert not {f"{role}_require_plan", "akv_require_plan"} & {*questions(template), *questions(workflow)}


def _follow(workflow: Values, failing: Container[str | None]) -> tuple[list[str], bool]:
    """The nodes that are visited, and whether the workflow succeeds, as a controller sees it."""
    nodes = {node["identifier"]: node for node in workflow["simplified_workflow_nodes"]}
    linked = {name for node in nodes.values() for name in _next(node, SUCCESS) + _next(node, FAILURE)}
    (at,) = set(nodes) - linked
    went, result = [], SUCCESS
    queue = [at]
    while queue:
        at = queue.pop(0)
        went.append(at)
        # The playbook of this one always fails.
        well = at not in failing and at != "stopped"
        # A failure that leads somewhere has been dealt with, to a controller.
        if not well and not _next(nodes[at], FAILURE):
            result = FAILURE
        queue += _next(nodes[at], well)
    return went, result


def _next(node: Values, well: bool) -> list[str]:
    return [*node.get("success_nodes" if well else "failure_nodes", []), *node.get("always_nodes", [])]
