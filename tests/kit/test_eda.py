# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the configuration for Event-Driven Ansible says, against the schema, the rulebooks and the controller's kit."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jsonschema import Draft202012Validator, FormatChecker
from kit.configuration import KIT, PACKAGE, ROOT, URL, Configuration, Values, load

RULEBOOKS = ROOT / "extensions" / "eda" / "rulebooks"


@pytest.fixture(scope="module")
def eda(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Configuration:
    """What the archive brings, loaded as docs/awx.md describes it."""
    kit = installed / PACKAGE / KIT
    scratch = tmp_path_factory.mktemp("eda")
    return load(kit / "configuration", scratch, kit / "eda", akv_awx_project_url=URL)


def _names(eda: Configuration, kind: str) -> set[str]:
    return {each["name"] for each in eda.objects[f"eda_{kind}"]}


def test_the_schema(eda: Configuration) -> None:
    schema = yaml.safe_load((ROOT / "tests" / "kit" / "eda_schema.yml").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    errors = Draft202012Validator(schema, format_checker=FormatChecker()).iter_errors(eda.objects)
    assert [f"{error.json_path}: {error.message}" for error in errors] == []


def test_what_is_named_is_there(eda: Configuration) -> None:
    for credential in eda.objects["eda_credentials"]:
        assert credential["credential_type"] in _names(eda, "credential_types")
    for activation in eda.objects["eda_rulebook_activations"]:
        assert activation["project"] in _names(eda, "projects")
        assert activation["decision_environment"] in _names(eda, "decision_environments")
        # The other one launches jobs. It exists already, because its type requires inputs.
        assert len(set(activation["eda_credentials"]) - _names(eda, "credentials")) == 1
        assert not activation["enabled"]


def test_each_rulebook_of_a_controller_has_an_activation(eda: Configuration) -> None:
    used = [activation["rulebook"] for activation in eda.objects["eda_rulebook_activations"]]
    assert sorted(used) == sorted(path.name for path in RULEBOOKS.glob("*_controller.yml"))


def test_activations_give_what_their_rulebooks_read(eda: Configuration) -> None:
    given = {}
    for activation in eda.objects["eda_rulebook_activations"]:
        given = yaml.safe_load(activation["extra_vars"])
        read = set(re.findall(r"\bakv_[a-z_]+", "".join(_expressions(RULEBOOKS / activation["rulebook"]))))
        needed = {name for name in read if not re.search(rf"{name} \| default", _text(activation["rulebook"]))}
        assert needed <= set(given)
    read = {name for path in RULEBOOKS.glob("*_controller.yml") for name in re.findall(r"\bakv_\w+", path.read_text())}
    assert set(given) <= read


def _text(rulebook: str) -> str:
    return (RULEBOOKS / rulebook).read_text(encoding="utf-8")


def _expressions(rulebook: Path) -> list[str]:
    return re.findall(r"\{\{.*?\}\}", rulebook.read_text(encoding="utf-8"))


def test_what_a_rule_launches_sends_no_credential(eda: Configuration) -> None:
    (names,) = {
        yaml.safe_load(each["extra_vars"])["akv_job_template"] for each in eda.objects["eda_rulebook_activations"]
    }
    template = eda.one("templates", names)
    types = {eda.one("credentials", name)["credential_type"] for name in template["credentials"]}
    assert types == {"ONTAP login"}
    assert template["job_type"] == "run"
    # Without it a controller drops the limit, and the job would be one of all clusters.
    assert template["ask_limit_on_launch"]
    assert not template.get("ask_credential_on_launch", False)
    assert not template["allow_simultaneous"]
    assert template["extra_vars"] == _extra_vars(RULEBOOKS / "akv_health.yml")


def _extra_vars(rulebook: Path) -> object:
    """What the rulebook without a controller gives the same playbook."""
    rules = yaml.safe_load(rulebook.read_text(encoding="utf-8"))[0]["rules"]
    (given,) = (rule["action"]["run_playbook"]["extra_vars"] for rule in rules if "run_playbook" in rule["action"])
    return given


def test_the_reader_of_graph_is_for_the_source_that_asks_it(eda: Configuration) -> None:
    mine, theirs = _type(eda, "Microsoft Graph reader"), eda.one("credential_types", "Microsoft Graph reader")
    assert mine["injectors"] == theirs["injectors"]
    assert mine["inputs"]["fields"] == theirs["inputs"]["fields"]
    with_reader = {
        activation["rulebook"]
        for activation in eda.objects["eda_rulebook_activations"]
        if any(mine["name"] == _type_of(eda, name) for name in activation["eda_credentials"])
    }
    assert with_reader == {path.name for path in RULEBOOKS.glob("*_controller.yml") if "akv_graph" in path.read_text()}
    for name in mine["injectors"]["extra_vars"]:
        # A blank field, or none, is a value that was not given.
        assert f"{{{{ {name} | default('') }}}}" in _text("akv_health_controller.yml")


def _type(eda: Configuration, begins: str) -> Values:
    (found,) = (each for each in eda.objects["eda_credential_types"] if each["name"].startswith(begins))
    return found


def _type_of(eda: Configuration, credential: str) -> str | None:
    types = {each["name"]: each["credential_type"] for each in eda.objects["eda_credentials"]}
    return types.get(credential)


def test_the_credential_type_is_that_of_the_controller(eda: Configuration) -> None:
    """Apart from the name of the variable with the files."""
    mine, theirs = _type(eda, "ONTAP login"), eda.one("credential_types", "ONTAP login")
    assert mine["injectors"]["file"] == theirs["injectors"]["file"]
    for name, text in theirs["injectors"]["env"].items():
        assert mine["injectors"]["env"][name] == text.replace("tower.filename", "eda.filename")
    kept = ("id", "type", "multiline", "secret")
    fields = [[{key: field.get(key) for key in kept} for field in each["inputs"]["fields"]] for each in (mine, theirs)]
    assert fields[0] == fields[1]


def test_a_blank_credential_is_one_that_was_not_given(eda: Configuration) -> None:
    mine = _type(eda, "ONTAP login")
    blank = {field["id"]: "" if field["type"] == "string" else False for field in mine["inputs"]["fields"]}
    sandbox = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
    env = {name: sandbox.from_string(text).render(blank) for name, text in mine["injectors"]["env"].items()}
    assert env.pop("ONTAP_VALIDATE_CERTS") == "True"
    assert set(env.values()) == {""}


def test_names_that_are_yours_are_in_one_place() -> None:
    for path in (ROOT / KIT / "eda").glob("*.yml"):
        if path.name != "names.yml":
            assert "example.com" not in path.read_text(encoding="utf-8")
