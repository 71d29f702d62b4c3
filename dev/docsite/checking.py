# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks the built docsite: links and anchors lead somewhere, no error box, a search finds what it must."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# Somebody looks for a code of ONTAP, and for a way back.
_FOUND = ("65536867", "rollback")
# It says so where a browser has no JavaScript.
_BOXES_ALLOWED = {"search.html"}


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.boxes: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attributes}
        self.anchors |= {values[name] for name in ("id", "name") if name in values}
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        classes = set(values.get("class", "").split())
        # The theme shows a red box above the contents of a page that do not have the class of conf.py.
        contents = "contents" in classes and not any(name.startswith("this-will-duplicate") for name in classes)
        if {"admonition", "error"} <= classes or "system-message" in classes or contents:
            self.boxes.append(" ".join(sorted(classes)))


def problems(html: Path) -> Iterator[str]:
    """Name what is wrong with a built site, a sentence each."""
    pages = {path: _read(path) for path in sorted(html.rglob("*.html"))}
    for path, page in pages.items():
        name = path.relative_to(html)
        for link in page.links:
            if not _leads_somewhere(path, link, pages):
                yield f"{name}: the link {link} leads nowhere"
        if page.boxes and str(name) not in _BOXES_ALLOWED:
            yield f"{name}: error box: {', '.join(page.boxes)}"
    index = (html / "searchindex.js").read_text(encoding="utf-8")
    for word in _FOUND:
        if not re.search(rf'"?\b{word}\b"?:', index):
            yield f"the search does not find {word}"


def _read(path: Path) -> _Page:
    page = _Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page


def _leads_somewhere(path: Path, link: str, pages: dict[Path, _Page]) -> bool:
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return not f".{parts.hostname}".endswith((".example", ".invalid"))
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if target.is_dir():
        target /= "index.html"
    if not target.exists():
        return False
    # Furo's own link to the top of a page has no anchor.
    return not parts.fragment or target not in pages or unquote(parts.fragment) in pages[target].anchors


def contrast(one: str, other: str) -> float:
    """The contrast of two colors, #rrggbb, as WCAG 2.1 defines it: 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: str) -> float:
    parts = (int(color[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def palettes(style: str) -> list[dict[str, str]]:
    """The palettes of a style sheet, in their order: light, dark as chosen, dark as the system has it."""
    blocks = re.findall(r"body[^{]*\{([^}]*)\}", style)
    return [dict(re.findall(r"(--[\w-]+): (#[0-9a-f]{6});", block)) for block in blocks]
