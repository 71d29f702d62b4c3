# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts and connection of the playbooks."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from typing import Any

import pytest

pytest.importorskip("ansible.plugins.lookup", reason="playbooks run on the control node alone")

from ansible_collections.ontap.akv.plugins.module_utils._ontap.connection import ARGUMENT_SPEC
from ansible_collections.ontap.akv.plugins.module_utils._runtime.errors import InputError
from ansible_collections.ontap.akv.plugins.plugin_utils._playbook import (
    connection,
    graph_reader,
    has_graph_reader,
    hosts,
)
from ansible_collections.ontap.akv.plugins.plugin_utils._variables import CannotEvaluate

SECRET = "sentinel~Secret8Q"
HOST = {"inventory_hostname": "cluster1"}
TWO = {"groups": {"all": ["cluster1", "cluster2"]}}


def undefined(_name: str) -> Any:
    raise CannotEvaluate("'no_such' is undefined")


def hosts_of(variables: Mapping[str, Any], *, by_name: bool = False) -> str:
    return hosts(variables, variables.__getitem__, by_name=by_name)


@pytest.mark.parametrize(
    ("given", "pattern"),
    [(None, "all"), ("", "all"), (" ", "all"), ("one", "one"), ("one, two", "one,two"), (["one", "two"], "one,two")],
)
def test_hosts(given: Any, pattern: str) -> None:
    assert hosts_of({"akv_hosts": given}) == pattern
    assert hosts_of({}) == "all"


@pytest.mark.parametrize("given", [[], [""], ",", 0, 83, False, True, {}, [1], datetime.date(2027, 3, 31)], ids=repr)
def test_hosts_that_name_nothing_never_widen(given: Any) -> None:
    with pytest.raises(InputError, match=r"^akv_hosts: "):
        hosts_of({"akv_hosts": given})


@pytest.mark.parametrize("limit", ["", " ", ",", ":"])
def test_a_limit_that_names_nothing_never_widens(limit: str) -> None:
    with pytest.raises(InputError, match=r"^--limit: it names nothing"):
        hosts_of({**TWO, "akv_hosts": "cluster1", "ansible_limit": limit})


@pytest.mark.parametrize("limit", ["cluster1", "cluster*", "all:!cluster2", "@failed.retry"])
def test_a_limit_is_left_to_ansible(limit: str) -> None:
    assert hosts_of({**TWO, "ansible_limit": limit}) == "all"


@pytest.mark.parametrize("by_name", [True, False])
def test_hosts_that_cannot_be_evaluated(by_name: bool) -> None:
    with pytest.raises(InputError, match=r"^akv_hosts: cannot be evaluated: 'no_such'"):
        hosts({"akv_hosts": "{{ no_such }}"}, undefined, by_name=by_name)


@pytest.mark.parametrize("given", [None, "", "all", "*", ["all"], "cluster1,all", "all:!cluster1"])
def test_what_deletes_needs_names(given: Any) -> None:
    with pytest.raises(InputError, match=r"^akv_hosts: this playbook deletes, and the inventory has 2 hosts"):
        hosts_of({**TWO, "akv_hosts": given}, by_name=True)
    assert hosts_of({"groups": {"all": ["cluster1"]}, "akv_hosts": given}, by_name=True)


def test_what_deletes_takes_names() -> None:
    assert hosts_of({**TWO, "akv_hosts": "cluster1,cluster2"}, by_name=True) == "cluster1,cluster2"


@pytest.mark.parametrize("given", ["cluster3", "cluster1,clster2", ["edge"]])
def test_a_name_that_is_not_in_the_inventory(given: Any) -> None:
    with pytest.raises(InputError, match=r"^akv_hosts: \w+ is neither a host nor a group of the inventory\."):
        hosts_of({**TWO, "akv_hosts": given})
    with pytest.raises(InputError, match=r"Did you mean cluster2"):
        hosts_of({**TWO, "akv_hosts": "clster2"})


@pytest.mark.parametrize("given", [None, "all", "*"])
def test_an_inventory_without_hosts_is_never_green(given: str | None) -> None:
    """Ansible would do nothing and end with exit code 0, so that a drift job looks as if it had compared something."""
    empty = {"groups": {"all": [], "ungrouped": []}, "akv_hosts": given}
    with pytest.raises(InputError, match=r"^--inventory: it has no hosts.* -i inventory\.yml"):
        hosts_of(empty)
    assert hosts(empty, empty.__getitem__, runs=False) == (given or "all")


@pytest.mark.parametrize(
    ("given", "problem"),
    [("edge*", "edge* is neither a host nor a group"), ("old", "the group old has no hosts"), ("ol?", "the group ol?")],
)
def test_a_group_or_pattern_that_selects_no_host(given: str, problem: str) -> None:
    with pytest.raises(InputError, match=f"^akv_hosts: {re.escape(problem)}"):
        hosts_of({"groups": {**TWO["groups"], "old": []}, "akv_hosts": given})


@pytest.mark.parametrize(
    "given", ["all", "cluster*", "cluster1:!cluster2", "~cluster.", "cluster[0]", "edge", "localhost"]
)
def test_patterns_and_groups_are_left_to_ansible(given: str) -> None:
    assert hosts_of({"groups": {**TWO["groups"], "edge": ["cluster1"]}, "akv_hosts": given}) == given


def test_what_is_not_given_is_absent() -> None:
    variables = {**HOST, "akv_username": "", "akv_http_port": None, "akv_validate_certs": " "}
    assert connection(variables, variables.__getitem__) == {"hostname": "cluster1"}


@pytest.mark.parametrize(
    ("more", "hostname"),
    [
        ({}, "cluster1"),
        ({"ansible_host": "192.0.2.1"}, "192.0.2.1"),
        ({"ansible_host": "192.0.2.1", "akv_hostname": "lif"}, "lif"),
    ],
)
def test_where_the_cluster_is(more: dict[str, Any], hostname: str) -> None:
    variables = {**HOST, **more}
    assert connection(variables, variables.__getitem__)["hostname"] == hostname


def test_types() -> None:
    variables = {**HOST, "akv_http_port": "8443", "akv_https": "no", "akv_timeout": "2.5", "akv_password": "1234"}
    expected = {"hostname": "cluster1", "http_port": 8443, "https": False, "timeout": 2.5, "password": "1234"}
    assert connection(variables, variables.__getitem__) == expected


@pytest.mark.parametrize("option", ARGUMENT_SPEC)
def test_an_undefined_name_never_gives_another_login(option: str) -> None:
    variables = {**HOST, "ansible_host": "192.0.2.1", f"akv_{option}": "{{ no_such }}"}

    def evaluate(name: str) -> Any:
        return undefined(name) if name == f"akv_{option}" else variables[name]

    with pytest.raises(InputError, match=rf"^akv_{option}: cannot be evaluated"):
        connection(variables, evaluate)


@pytest.mark.parametrize(
    "value", [[], {"value": "sentinel~Secret8Q"}, True, 83, "$encrypted$", "{{ no_such }}"], ids=repr
)
@pytest.mark.parametrize("option", ["username", "password", "ca_path", "hostname"])
def test_a_login_is_a_text(option: str, value: Any) -> None:
    variables = {**HOST, f"akv_{option}": value}
    with pytest.raises(InputError, match=rf"^akv_{option}: ") as refused:
        connection(variables, variables.__getitem__)
    assert SECRET not in str(refused.value)


def test_a_reader_of_graph() -> None:
    variables = {"akv_graph_tenant_id": "t1", "akv_graph_client_id": "r1", "akv_azure_authority": " "}

    def evaluate(name: str) -> Any:
        return undefined(name) if name == "akv_graph_client_secret" else variables[name]

    # Whether there is a reader is found without its secret.
    assert has_graph_reader({**variables, "akv_graph_client_secret": "{{ no_such }}"}, evaluate)
    with pytest.raises(InputError, match=r"^akv_graph_client_secret: cannot be evaluated"):
        graph_reader({**variables, "akv_graph_client_secret": "{{ no_such }}"}, evaluate)
    variables["akv_graph_client_secret"] = SECRET
    expected = {"tenant_id": "t1", "client_id": "r1", "client_secret": SECRET}
    assert graph_reader(variables, variables.__getitem__) == expected
    none = {"akv_graph_tenant_id": None, "akv_graph_client_id": "", "akv_graph_client_secret": SECRET}
    assert not has_graph_reader(none, none.__getitem__)
