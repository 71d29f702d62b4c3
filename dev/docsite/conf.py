# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sphinx's configuration of the docsite. ``nox -s docsite`` builds it."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

project = "ontap.akv"
project_copyright = "2026, the ontap.akv authors"

extensions = ["myst_parser", "sphinx.ext.intersphinx", "sphinx_antsibull_ext"]
nitpicky = True

html_theme = "furo"
html_title = "ontap.akv"
html_copy_source = False
html_show_sphinx = False
html_static_path = ["_static"]
html_css_files = ["akv.css"]
pygments_style = "ansible"
pygments_dark_style = "github-dark"

# As GitHub makes the anchors of headings, to which the pages' links lead.
myst_heading_anchors = 4

# Labels of Ansible's own documentation that the pages of the modules point to. Its inventory would have to be fetched;
# this one is written here instead, so that the docsite builds offline.
_ANSIBLE = "https://docs.ansible.com/projects/ansible/devel/"
_LABELS = {
    "action_plugins": "plugins/action.html",
    "ansible_configuration_settings": "reference_appendices/config.html",
    "common_return_values": "reference_appendices/common_return_values.html",
}


def _inventory() -> Path:
    """Write the inventory of _LABELS in Sphinx's format."""
    path = Path(__file__).resolve().parents[2] / ".cache" / "docsite" / "ansible.inv"
    head = (
        "# Sphinx inventory version 2\n# Project: Ansible\n# Version: devel\n"
        "# The remainder of this file is compressed using zlib.\n"
    )
    entries = [f"{label} std:label -1 {page}#{label.replace('_', '-')} -\n" for label, page in _LABELS.items()]
    path.write_bytes(head.encode() + zlib.compress("".join(entries).encode()))
    return path


intersphinx_mapping = {"ansible": (_ANSIBLE, str(_inventory()))}


# The theme shows a red box above the contents of a module's page unless they have this class.
_WANTED = "this-will-duplicate-information-and-it-is-still-useful-here"


def _keep_contents(_app: Sphinx, doctree: nodes.document) -> None:
    for node in doctree.findall(nodes.Element):
        if "contents" in node.get("classes", ()):
            node["classes"].append(_WANTED)


class _Codes(SphinxTransform):
    """Makes an index entry of each code of ONTAP: Sphinx's search passes over numbers in the text."""

    default_priority = 500

    def apply(self, **_options: Any) -> None:
        if self.env.docname != "docs/error-codes":
            return
        seen = set()
        for row in self.document.findall(nodes.row):
            code = row.children[0].astext().strip()
            if code.isdigit() and code not in seen:
                seen.add(code)
                place = f"code-{code}"
                entries = [("single", code, place, "", None)]
                cell = row.children[0]
                assert isinstance(cell, nodes.Element)
                cell.insert(0, [addnodes.index(entries=entries), nodes.target("", "", ids=[place])])


def setup(app: Sphinx) -> None:
    """Extend Sphinx by the above."""
    app.add_transform(_Codes)
    app.connect("doctree-read", _keep_contents)
