# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.ontap.akv.plugins.module_utils._ontap import connection
from ansible_collections.ontap.akv.plugins.module_utils._runtime.arguments import (
    check,
    check_environment,
    secrets_of,
    shown,
)
from ansible_collections.ontap.akv.plugins.module_utils._runtime.errors import InputError
from ansible_collections.ontap.akv.plugins.module_utils._runtime.redaction import MASK
from ansible_collections.ontap.akv.plugins.module_utils._use_cases import (
    config,
    credential,
    info,
    preflight_info,
    rekey,
    restore,
)

CONFIG: dict[str, Any] = {**connection.ARGUMENT_SPEC, **config.ARGUMENT_SPEC}
INFO: dict[str, Any] = {**connection.ARGUMENT_SPEC, **info.ARGUMENT_SPEC}
RESTORE: dict[str, Any] = {**connection.ARGUMENT_SPEC, **restore.ARGUMENT_SPEC}
SENTINEL = "SENTINEL-8Q~x"

texts = sorted(name for name, option in CONFIG.items() if option["type"] in ("str", "path"))
entry_texts = sorted(name for name, option in CONFIG["vaults"]["options"].items() if option["type"] in ("str", "path"))
no_text = [[], [SENTINEL], {"value": SENTINEL}, {}, True, False, 0, 83, 1.5]


@pytest.mark.parametrize("value", no_text, ids=repr)
@pytest.mark.parametrize("name", [*texts, "user", "pass", "vserver", "vault_uri"])
def test_text_means_text(name: str, value: Any) -> None:
    with pytest.raises(InputError) as refusal:
        check(CONFIG, {name: value})
    assert refusal.value.message.startswith(f"{name}: is ")
    assert "SENTINEL" not in refusal.value.message


@pytest.mark.parametrize("value", no_text, ids=repr)
@pytest.mark.parametrize("name", [*entry_texts, "vserver", "vault_uri"])
def test_text_means_text_in_an_entry(name: str, value: Any) -> None:
    with pytest.raises(InputError, match=rf"^vaults\[1\]\.{name}: is "):
        check(CONFIG, {"vaults": [{"svm": "vs0"}, {name: value}]})


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan, "inf", "nan", " -Infinity ", "1e999"], ids=repr)
@pytest.mark.parametrize("name", ["http_port", "timeout", "wait_timeout", "proxy_port"])
def test_a_number_is_finite(name: str, value: Any) -> None:
    with pytest.raises(InputError, match=rf"^{name}: .* is not a finite number"):
        check(CONFIG, {name: value})


@pytest.mark.parametrize("value", [5, 1.5, "5", " 5 ", "five", True, [math.inf], {}, None], ids=repr)
def test_whether_it_is_a_number_at_all_is_said_by_ansible(value: Any) -> None:
    check(CONFIG, {"timeout": value})


def test_the_name_of_an_option_is_text() -> None:
    with pytest.raises(InputError, match=r"^vaults\[0\]\.5: is not an option"):
        check(CONFIG, {"vaults": [{5: SENTINEL}]})


@pytest.mark.parametrize("value", [*no_text[1:], None], ids=repr)
def test_text_means_text_in_a_list(value: Any) -> None:
    with pytest.raises(InputError, match=r"^svms\[1\]: is "):
        check(RESTORE, {"svms": ["vs0", value]})


@pytest.mark.parametrize("value", [{"name": "vs0"}, True, 0, 83])
def test_a_single_value_for_a_list_is_text_too(value: Any) -> None:
    with pytest.raises(InputError, match=r"^svms: is "):
        check(RESTORE, {"svms": value})
    check(RESTORE, {"svms": "vs0,vs1"})


@pytest.mark.parametrize(
    ("value", "type_of"),
    [("svm=vs0", "text"), (SENTINEL, "text"), (1, "an integer"), ({"svm": "vs0"}, "an object"), (True, "a boolean")],
)
def test_a_list_of_objects_is_nothing_else(value: Any, type_of: str) -> None:
    with pytest.raises(InputError, match=rf"^vaults: is {type_of}, not a list\..* begins with a dash"):
        check(CONFIG, {"vaults": value})


@pytest.mark.parametrize("value", [f"client_secret={SENTINEL}", 1, None, [{"client_secret": SENTINEL}]])
def test_an_entry_is_an_object(value: Any) -> None:
    given = {"password": SENTINEL, "vaults": [{"svm": "vs0"}, value]}
    with pytest.raises(InputError, match=r"^vaults\[1\]: is (text|an integer|null|a list), not an object"):
        check(CONFIG, given)
    assert SENTINEL not in json.dumps(shown(CONFIG, given))
    assert SENTINEL in secrets_of(CONFIG, given)


def test_what_is_right_passes() -> None:
    check(CONFIG, {"svm": "vs0", "port": 443, "client_secret": None, "vaults": [{"svm": "0123", "verify_ip": True}]})
    check(CONFIG, {"vaults": None, "unknown": [1]})
    check(INFO, {"query": {"svm.name": 1}, "fields": ["name"], "order_by": "name,key_id"})


@pytest.mark.parametrize("name", ["password", "pass", "username", "client_secret", "client_id", "svm", "hostname"])
def test_a_placeholder_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=f"^{name}: is a template"):
        check(CONFIG, {name: "{{ not_rendered }}"})
    with pytest.raises(InputError, match=r"^svms\[0\]: is a template"):
        check(RESTORE, {"svms": ["{{ not_rendered }}"]})


def test_a_placeholder_in_the_environment_is_refused() -> None:
    with pytest.raises(InputError, match=r"^password: is \$encrypted\$"):
        check_environment(CONFIG, {"username": "admin", "password": "$encrypted$", "hostname": None})


nested = st.recursive(
    st.just(SENTINEL),
    lambda inner: st.lists(inner, min_size=1, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, min_size=1),
    max_leaves=4,
)
hidden = st.sampled_from(["password", "pass", "client_secret", "client_certificate", "proxy_password", "client_secrt"])


@given(hidden, nested, st.integers(0, 3))
def test_no_secret_is_shown_wherever_it_is(name: str, value: Any, depth: int) -> None:
    given: Any = {name: value}
    for _level in range(depth):
        given = [given]
    arguments = {"vaults": given} if depth else given
    assert SENTINEL not in json.dumps(shown(CONFIG, arguments))
    assert SENTINEL in secrets_of(CONFIG, arguments)


def test_the_rest_is_shown_as_it_was_given() -> None:
    given = {
        "svm": "vs0",
        "password": "x",
        "client_secret": None,
        "port": 443,
        "unknown": {"a": 1},
        "vaults": [{"svm": "vs1", "client_secret": "y", "proxy_port": 1, "nam": "z"}],
    }
    assert shown(CONFIG, given) == {
        "svm": "vs0",
        "password": MASK,
        "client_secret": None,
        "port": 443,
        "unknown": MASK,
        "vaults": [{"svm": "vs1", "client_secret": MASK, "proxy_port": 1, "nam": MASK}],
    }
    assert secrets_of(CONFIG, given) == {"x", "y", "z", "1"}
    assert shown(INFO, {"query": {"client_secret": "x", "svm.name": "vs0"}, "client_secret": "y"}) == {
        "query": {"client_secret": MASK, "svm.name": "vs0"},
        "client_secret": MASK,
    }


@pytest.mark.parametrize("module", [config, credential, info, preflight_info, rekey, restore])
def test_each_secret_is_known_by_its_name(module: Any) -> None:
    """Also one that comes from the environment, and one among options that were validated already."""
    spec = {**connection.ARGUMENT_SPEC, **module.ARGUMENT_SPEC}
    for name, option in spec.items():
        if option.get("no_log"):
            for known_as in (name, *option.get("aliases", ())):
                assert secrets_of(None, {known_as: SENTINEL}) == {SENTINEL}, known_as


def test_a_number_given_for_a_secret_is_one() -> None:
    assert secrets_of(CONFIG, {"client_secret": 83, "password": [True, 1.5, None]}) == {"83", "1.5"}


PEM = "\n".join(["-----BEGIN PRIVATE KEY-----", *(f"{SENTINEL}{number}" for number in range(30)), ""])


@pytest.mark.parametrize("name", ["cert", "client_id", "svm"])
def test_a_private_key_is_a_secret_wherever_it_is(name: str) -> None:
    assert PEM in secrets_of(CONFIG, {name: PEM})
    assert PEM in secrets_of(CONFIG, {"vaults": [{name: PEM}]})


@pytest.mark.parametrize("name", ["ca_path", "cert_filepath", "client_certificate_path", "key_filepath"])
def test_content_instead_of_a_path_is_a_secret(name: str) -> None:
    content = "MIIJ" + "Ab0/" * 500
    assert secrets_of(CONFIG, {name: content}) == {content}
    assert secrets_of(CONFIG, {name: "/etc/ssl/ca.pem"}) == set()
