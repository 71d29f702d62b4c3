# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A bundle has words of the tables, pseudonyms and shapes, and nothing else, whatever a cluster calls its things."""

from __future__ import annotations

import json
import re
import typing as t
from collections.abc import Iterator

import pytest
from integration.running import Values, call
from integration.test_conformance import _change_replies

from ansible_collections.ontap.akv.plugins.module_utils._akv.conformance import RESOURCES
from dev import replay
from simulator import Simulator

# Words that stand in the tables too, pseudonyms, addresses, UUIDs, what looks like a shape, and what breaks texts.
STRANGE = [
    *("running", "default", "true", "null", "svm", "keys", "records", "svm-1", "node-2", "host-1.example", "id-1"),
    *("10.1.2.3", "fd00::1", "9.14.1", "443", "0", "<string 4>", "ekmip.akv.available", "No volumes created yet"),
    *(
        "6f1a2b3c-1111-2222-3333-444455556666",
        "größe",
        "名前",
        "a|b*",
        "q\"uo'te",
        "back\\slash",
        "\u202eright",
        "x" * 200,
    ),
    *("vault.azure.net", "mykeyvault.vault.azure.net", "{{ name }}", "../../etc", "onboard", "65537551"),
]

SUFFIX = r"(\.vault\.azure\.net|\.managedhsm\.azure\.net|\.example)"
SHAPE = r"<(string|integer|list|object) (\d+|over 100)>|<(null|boolean|number)>"
PSEUDONYM = (
    r"(cluster|node|svm|volume|configuration|user|id|key|version)-\d+|00000000-0000-4000-8000-\d{12}"
    rf"|(https://)?host-\d+{SUFFIX}(/keys/key-\d+(/version-\d+)?)?/?"
    # A server or a domain of everybody.
    rf"|No volumes created yet {SHAPE}|vault\.azure\.net|login\.microsoftonline\.com"
)
WORDS = {
    word
    for resource in RESOURCES.values()
    for kind in resource.fields.values()
    if kind.startswith(("word ", "license "))
    for word in kind.split()[1:]
}
# What was found, in words of the collection.
SENTENCES = set(
    re.findall(
        r"\w+", "HTTP code; no answer like ONTAP's; records, or no number of them; another order; record; reported"
    )
)
PARTS = {part for resource in RESOURCES.values() for path in resource.fields for part in re.split(r"\[\]\.?|\.", path)}


def _foreign(value: t.Any) -> Iterator[str]:
    """What is neither a word of the tables, nor a pseudonym, nor a shape."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key not in PARTS and not re.fullmatch(r"<field \d+>( #\d+)?", key):
                yield f"field {key}"
            yield from _foreign(item)
    elif isinstance(value, list):
        for item in value:
            yield from _foreign(item)
    elif isinstance(value, str):
        if (
            value
            and value not in {*WORDS, "default"}
            and not re.fullmatch(f"{SHAPE}|{PSEUDONYM}|0|[0-9]{{6,8}}", value)
        ):
            yield value
    elif (
        not isinstance(value, bool) and value is not None and not (0 <= value <= 99 or value in (443, 346758, 65537200))
    ):
        yield str(value)


def _scenario(release: str, names: list[str]) -> Values:
    first, second, third = names
    application = {"client_id": first, "tenant_id": second, "client_secret": third}
    host = "https://mykeyvault.vault.azure.net"
    proxy = {"proxy_type": "https", "proxy_host": second, "proxy_username": first, "proxy_port": 3128}
    return {
        "cluster": {"name": first, "release": release, "dns": {"servers": ["203.0.113.77"], "domains": [second]}},
        "nodes": [{"name": name} for name in names],
        "svms": [{"name": name} for name in names],
        "aggregates": [{"name": third}],
        "volumes": [{"svm": first, "name": name, "encrypted": True} for name in names],
        "vaults": [
            {"svm": first, "name": f"{host}/", "key_id": f"{host}/keys/{'k' * 20}", **application},
            {"svm": second, "name": f"{host}/", "key_id": f"{host}/keys/key1/0", **application}
            | (proxy if release != "9.7" else {}),
        ],
    }


RELEASES = ["9.7", "9.10.1", "9.14.1", "9.19.1"]
TRIPLES = [STRANGE[place : place + 3] for place in range(0, len(STRANGE) - 2, 3)]
CASES = [(RELEASES[number % len(RELEASES)], names) for number, names in enumerate(TRIPLES)]


@pytest.mark.parametrize(("release", "names"), CASES, ids=[f"{release}-{names[0][:12]!a}" for release, names in CASES])
def test_a_bundle_of_strange_names(release: str, names: list[str]) -> None:
    with Simulator(scenario=_scenario(release, names)) as simulator:
        result, _warnings = call("akv_conformance_info", simulator.connection, {"retries": 0})
    _check(result)
    assert result["differs"] == []


def _check(result: Values) -> None:
    bundle = result["bundle"]
    assert set(bundle["replies"]) <= set(RESOURCES)
    assert list(_foreign(list(bundle["replies"].values()))) == []
    # The checks are named, and described, by the tables; what was found is a shape, a number or a code.
    for difference in bundle["differs"]:
        found = re.sub(rf"{SHAPE}|<field \d+>", "", difference["found"])
        assert set(re.findall(r"\w+", found)) <= PARTS | SENTENCES | {str(number) for number in range(1000)}, difference
        assert difference["check"].partition(": ")[0] in RESOURCES
    for removal in bundle["removed"]:
        assert removal["replaced_by"] in ("nothing", "pseudonym", "type and length")
        name, _colon, path = removal["field"].partition(": ")
        assert name in RESOURCES
        for part in re.split(r"\[\]\.?|\.", path):
            assert part in {*PARTS, "_links"} or re.fullmatch(r"<field \d+>", part), removal
    made = replay.scenario(json.loads(json.dumps(bundle)))
    for module, replayed in replay.run(made):
        assert not replayed["failed"], (module, replayed["msg"])


def _strange(value: t.Any) -> t.Any:
    """Add unknown fields with strange names and values to every object, and put strange values into known ones."""
    if isinstance(value, dict):
        made = {key: item if key in ("_links", "version", "uuid") else _strange(item) for key, item in value.items()}
        return {**made, **{name: [name, {name: 3131313}] for name in STRANGE if name not in made}}
    if isinstance(value, list):
        return [_strange(item) for item in value]
    return value


@pytest.mark.parametrize("release", RELEASES)
def test_a_bundle_of_unknown_fields(monkeypatch: pytest.MonkeyPatch, release: str) -> None:
    with Simulator(scenario=_scenario(release, STRANGE[-9:-6])) as simulator, monkeypatch.context() as patched:
        _change_replies(patched, lambda _target, body: _strange(body))
        result, _warnings = call("akv_conformance_info", simulator.connection, {"retries": 0})
    assert result["differs"]
    _check(result)
