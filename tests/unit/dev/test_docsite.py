# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The colors of the docsite can be read, and the check of a built site finds what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from dev.docsite import checking

ROOT = Path(__file__).resolve().parents[3]
LIGHT, DARK, SYSTEM = checking.palettes((ROOT / "dev/docsite/_static/akv.css").read_text(encoding="utf-8"))
# The texts of the theme, Furo.
TEXTS = {"light": "#000000", "dark": "#cfd0d0"}
GOOD = '<a href="other.html#here">x</a><a href="#top" id="top">x</a><a href="https://docs.ansible.com/">x</a>'


@pytest.mark.parametrize(("name", "palette"), [("light", LIGHT), ("dark", DARK)])
def test_each_text_can_be_read(name: str, palette: dict[str, str]) -> None:
    cells = [palette[f"--antsibull-table-background-{row}"] for row in ("even", "odd")]
    texts = [color for key, color in palette.items() if "-option-" in key or "-attribute-" in key]
    pairs = [(text, cell) for text in [*texts, TEXTS[name]] for cell in cells]
    pairs += [(TEXTS[name], palette["--antsibull-table-background-header"])]
    active = ("--antsibull-links-background", "--antsibull-links-background-active")
    pairs += [(palette["--antsibull-links-text"], palette[background]) for background in active]
    assert [pair for pair in pairs if checking.contrast(*pair) < 4.5] == []


def test_the_dark_palette_is_one() -> None:
    assert DARK == SYSTEM
    assert set(DARK) == set(LIGHT)


def test_contrast_is_that_of_the_standard() -> None:
    assert checking.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert checking.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "index.html").write_text(GOOD, encoding="utf-8")
    (tmp_path / "other.html").write_text('<p id="here">x</p>', encoding="utf-8")
    (tmp_path / "searchindex.js").write_text('{terms:{"65536867":1,rollback:2}}', encoding="utf-8")
    return tmp_path


def test_a_good_site_has_no_problem(site: Path) -> None:
    assert list(checking.problems(site)) == []


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ('<a href="gone.html">x</a>', "gone.html"),
        ('<a href="other.html#gone">x</a>', "#gone"),
        ('<a href="#gone">x</a>', "#gone"),
        ('<a href="https://git.example/ontap/akv">x</a>', "git.example"),
        ('<div class="admonition error">x</div>', "error box"),
        ('<nav class="contents local">x</nav>', "error box"),
    ],
)
def test_what_is_wrong_is_named(site: Path, bad: str, says: str) -> None:
    (site / "index.html").write_text(GOOD + bad, encoding="utf-8")
    (problem,) = checking.problems(site)
    assert says in problem


def test_what_a_search_does_not_find_is_named(site: Path) -> None:
    (site / "searchindex.js").write_text("{}", encoding="utf-8")
    assert len(list(checking.problems(site))) == 2
