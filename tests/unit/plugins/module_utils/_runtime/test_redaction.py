# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import hashlib
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.ontap.akv.plugins.module_utils._runtime.redaction import MASK, Redactor

awkward = st.text(min_size=12, max_size=60).filter(lambda text: len(text.strip()) >= 12 and MASK not in text)


def encodings(secret: str) -> dict[str, str]:
    """The ways in which a secret could come back, made independently of the code under test."""
    raw = secret.encode("utf-8", "surrogatepass")
    return {
        "as it is": secret,
        "stripped": secret.strip(),
        "in a URL": quote(raw, safe=""),
        "in a form": quote_plus(raw),
        "in JSON": json.dumps(secret)[1:-1],
        "in readable JSON": json.dumps(secret, ensure_ascii=False)[1:-1],
        "hashed": hashlib.sha256(raw).hexdigest(),
        "in hex": raw.hex(),
    }


@given(awkward, st.text(max_size=10), st.text(max_size=10))
def test_no_encoding_of_a_secret_is_shown(secret: str, before: str, after: str) -> None:
    redactor = Redactor([secret])
    for how, form in encodings(secret).items():
        assume(form not in before + after)
        assert form not in redactor.text(f"{before}{form}{after}"), how


@given(awkward, st.binary(max_size=9), st.binary(max_size=9))
def test_base64_is_masked_whatever_is_around_it(secret: str, before: bytes, after: bytes) -> None:
    raw = secret.encode("utf-8", "surrogatepass")
    shown = Redactor([secret]).text(base64.b64encode(before + raw + after).decode())
    assert MASK in shown
    for start in range(len(shown) - 15):
        piece = shown[start : start + 16]
        if MASK not in piece and "*" not in piece:
            assert raw not in base64.b64decode(piece + "=" * (-len(piece) % 4))


def test_the_basic_header_is_masked() -> None:
    token = base64.b64encode(b"admin:correct horse battery").decode()
    assert token not in Redactor(["correct horse battery"]).text(f"Authorization: Basic {token}")


@given(awkward)
def test_parts_of_a_secret_in_a_server_s_text_are_masked(secret: str) -> None:
    part = secret.strip()[:10]
    assume(part not in MASK)
    assert part not in Redactor([secret]).free_text(f"near '{part}'")


@pytest.mark.parametrize(
    ("secret", "text"),
    [
        ("s3cret-value", "S3CRET-Value"),
        ("S3CRET-VALUE", "s3cret-value"),
        # The sign of Kelvin is a k, and the long s an s, where case does not count.
        ("s3cret-key", "\u017f3cret-\u212aey"),
        ("\u017f3cret-\u212aey", "s3cret-key"),
        ("gr\xfc\xdfe-of-all", "GR\xdc\xdfE-OF-ALL"),
    ],
)
def test_case_does_not_count(secret: str, text: str) -> None:
    redactor = Redactor([secret])
    assert redactor.text(f"<{text}>") == f"<{MASK}>"
    assert redactor.result({f"<{text}>": None}) == {f"<{MASK}>": None}


def test_structure_is_kept_and_names_are_masked_too() -> None:
    cleaned = Redactor(["s3cret-value"]).result({"a": [1, None, True, "xs3cret-valuey"], "s3cret-value": ("b",)})
    assert cleaned == {"a": [1, None, True, f"x{MASK}y"], MASK: ["b"]}


def test_a_part_is_masked_in_what_a_server_wrote_and_not_in_what_was_declared() -> None:
    """A secret that is part of a URI must not ruin every URI."""
    redactor = Redactor(["my.vault.azure.net!"])
    vault = {"name": "https://kv.vault.azure.net"}
    error = {"message": "near my.vault.az", "arguments": [{"m": "my.vault.az"}]}
    assert redactor.result(vault) == vault
    assert redactor.written_by_server(error) == {"message": f"near {MASK}", "arguments": [{"m": MASK}]}


def test_a_secret_may_be_added_later() -> None:
    redactor = Redactor()
    redactor.add(["content-of-a-file"])
    assert redactor.text("<content-of-a-file>") == f"<{MASK}>"


@pytest.mark.parametrize("secret", ["a", "x", "vault", "no"])
def test_a_short_secret_is_masked_where_it_is_alone(secret: str) -> None:
    redactor = Redactor([secret])
    assert redactor.text(f'invalid value "{secret}" given') == f'invalid value "{MASK}" given'
    assert redactor.text("vaults exactly noted") == "vaults exactly noted"


def test_our_own_words_stay_whatever_the_secret_is() -> None:
    words = {
        "operation": "create",
        "outcome": "unchanged",
        "vaults": [{"verdict": "healthy"}],
        "requests": [{"method": "GET"}],
    }
    assert Redactor(["create", "unchanged", "healthy", "GET"]).result(words) == words


@pytest.mark.parametrize("nothing", [[], [""], ["  "]])
def test_no_secret_masks_nothing(nothing: list[str]) -> None:
    assert Redactor(nothing).text("as it is") == "as it is"
