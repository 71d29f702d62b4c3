# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a release changes: the version in a clone, and the addresses in the staged copy that the archive is built from.

``nox -s release`` runs it. The checkout gets the commit and the tag last, when the archive has passed all checks.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import shutil
import subprocess
from collections.abc import Sequence
from os.path import normpath
from pathlib import Path
from urllib.parse import urlsplit

from dev.environment import ROOT

_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)(-[0-9A-Za-z.-]+)?")
# Pages and examples that name the archive or the image of this version.
_NAMING = ("README.md", "docs/*.md", "examples/**/*.md", "examples/**/*.yml", "extensions/**/*.yml")
_TRANSPORT = Path("plugins", "module_utils", "_http", "transport.py")
# Galaxy shows these without the pages that they link to.
_SHOWN_ALONE = ("README.md", "roles/*/README.md")
_LINK = re.compile(r"\]\(([^)#:]+)(#[^)]*)?\)")
# How the README of a checkout says to install it. Who reads the README of an archive has the archive, or sees Galaxy.
_FROM_A_CHECKOUT = re.compile(r"^The collection is not on Galaxy yet\..*?^```console\n.*?^```\n", re.M | re.S)
_FROM_GALAXY = """\
Install it from Galaxy or Automation Hub, or from the archive:

```console
ansible-galaxy collection install ontap.akv
ansible-galaxy collection install ontap-akv-{version}.tar.gz
```
"""


def arguments(given: Sequence[str]) -> argparse.Namespace:
    """Read ``--version`` and ``--repository``; SystemExit names what is wrong with them."""
    parser = argparse.ArgumentParser(prog="make release", description="Release a version of the collection.")
    parser.add_argument("--version", required=True, metavar="0.2.0")
    parser.add_argument("--repository", required=True, metavar="https://…", help="where the sources are published")
    options = parser.parse_args([argument for argument in given if not argument.endswith("=")])
    if not _VERSION.fullmatch(options.version):
        parser.error(f"VERSION: {options.version!r} is not a version such as 0.2.0.")
    if _ordered(options.version) < _ordered(current_version(ROOT)):
        parser.error(f"VERSION: {options.version} is older than {current_version(ROOT)}, which galaxy.yml has.")
    options.repository = options.repository.rstrip("/").removesuffix(".git")
    if problem := address_problem(options.repository):
        parser.error(f"REPOSITORY: {problem}")
    return options


def address_problem(repository: str) -> str:
    """Say why an address cannot be published; nothing where it can be."""
    parts = urlsplit(repository)
    host = parts.hostname or ""
    if parts.scheme != "https" or not host or not parts.path.strip("/"):
        return f"{repository!r} is not the https address of a repository."
    if parts.username or parts.password:
        return "the address must not contain a login."
    if f".{host}".endswith((".example", ".invalid", ".test", ".localhost", ".example.com", ".example.org")):
        return f"{host} is reserved for examples. Give the address where the sources are published."
    return ""


def _ordered(version: str) -> tuple[int, int, int, bool]:
    match = _VERSION.fullmatch(version)
    assert match is not None
    return (int(match[1]), int(match[2]), int(match[3]), match[4] is None)


def current_version(checkout: Path) -> str:
    """The version that galaxy.yml of a checkout has."""
    (version,) = re.findall(r"^version: (\S+)$", (checkout / "galaxy.yml").read_text(encoding="utf-8"), re.MULTILINE)
    return str(version)


def set_version(checkout: Path, version: str) -> None:
    """Write a version into galaxy.yml, the User-Agent, and the pages and examples that name an archive or an image."""
    old = current_version(checkout)
    _replace(checkout / "galaxy.yml", rf"^version: {re.escape(old)}$", f"version: {version}")
    _replace(checkout / _TRANSPORT, rf'^VERSION = "{re.escape(old)}"$', f'VERSION = "{version}"')
    for path in (path for pattern in _NAMING for path in checkout.glob(pattern)):
        _replace(path, rf"(ontap-akv(?:-de)?[-:]){re.escape(old)}\b", rf"\g<1>{version}")


def changelog_command(checkout: Path, version: str) -> tuple[str, ...]:
    """The options with which antsibull-changelog writes a version; none where the changelog has all of it.

    A version that the changelog has is not released before it is tagged, so fragments added since then belong to it.

    :raises SystemExit: there is nothing to say of the version
    """
    changelog = (checkout / "changelogs" / "changelog.yaml").read_text(encoding="utf-8")
    is_known = re.search(rf"^  ['\"]?{re.escape(version)}['\"]?:", changelog, re.MULTILINE) is not None
    if any((checkout / "changelogs" / "fragments").glob("*.y*ml")):
        return ("release", "--version", version, *(["--update-existing"] if is_known else []))
    if not is_known:
        raise SystemExit(f"changelogs/fragments is empty. Add a fragment that says what is new in {version}.")
    return ()


def stage(checkout: Path, repository: str, reference: str) -> None:
    """Write the addresses into a copy from which the archive is built.

    :param repository: replaces the reserved address in galaxy.yml, which also gets the addresses that Galaxy shows
    :param reference: the tag to which the links of the READMEs lead
    :raises SystemExit: a link leads to no file
    """
    pages = f"{repository}/blob/{reference}"
    addresses = {
        "repository": repository,
        "documentation": f"{pages}/docs/getting-started.md",
        "homepage": repository,
        "issues": f"{repository}/issues",
    }
    lines = "\n".join(f"{key}: {address}" for key, address in addresses.items())
    _replace(checkout / "galaxy.yml", r"^(?:#.*\n)?repository: .*$", lines)
    missing = [
        f"{readme.relative_to(checkout)} links to {target}, which does not exist."
        for readme in _shown_alone(checkout)
        for target, _anchor in _LINK.findall(readme.read_text(encoding="utf-8"))
        if not (readme.parent / target).exists()
    ]
    if missing:
        raise SystemExit("\n".join(missing))
    for readme in _shown_alone(checkout):
        _make_absolute(readme, checkout, pages)
    readme = checkout / "README.md"
    how = _FROM_GALAXY.format(version=current_version(checkout))
    text = _FROM_A_CHECKOUT.sub(how, readme.read_text(encoding="utf-8"))
    # Whoever reads it on Galaxy has no checkout.
    text = text.replace("\nIn a checkout, with `make`", f"\nIn a checkout of [the sources]({repository}), with `make`")
    readme.write_text(text, encoding="utf-8")


def _shown_alone(checkout: Path) -> list[Path]:
    return [path for pattern in _SHOWN_ALONE for path in sorted(checkout.glob(pattern))]


def _make_absolute(page: Path, checkout: Path, address: str) -> None:
    folder = page.parent.relative_to(checkout)

    def absolute(link: re.Match[str]) -> str:
        return f"]({address}/{normpath(folder / link[1])}{link[2] or ''})"

    page.write_text(_LINK.sub(absolute, page.read_text(encoding="utf-8")), encoding="utf-8")


def _replace(path: Path, pattern: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(pattern, new, text, flags=re.MULTILINE), encoding="utf-8")


def clone(place: Path, tag: str) -> None:
    """Clone the checkout, whose changes must all be committed, and which must not have the tag."""
    if _git(ROOT, "status", "--porcelain"):
        raise SystemExit("Commit or remove your changes first: a release contains what is committed.")
    if _git(ROOT, "tag", "--list", tag):
        raise SystemExit(f"The tag {tag} exists already. Give another VERSION.")
    shutil.rmtree(place, ignore_errors=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    _git(ROOT, "clone", "--quiet", "--no-hardlinks", ROOT, place)
    for name in ("user.name", "user.email"):
        value = _git(ROOT, "config", "--default", "", name)
        if not value:
            raise SystemExit(f"Git has no {name}, which a commit needs: git config {name} …")
        _git(place, "config", name, value)


def commit(place: Path, version: str) -> None:
    """Commit all changes of the clone, where there are any."""
    _git(place, "add", "--all")
    if _git(place, "status", "--porcelain"):
        _git(place, "commit", "--quiet", "--message", f"release: {version}")


def export(place: Path, folder: Path) -> Path:
    """Write the committed files of the clone below a folder, as a collection. Returns it."""
    staged = folder / "ansible_collections" / "ontap" / "akv"
    shutil.rmtree(folder, ignore_errors=True)
    staged.mkdir(parents=True)
    _git(place, "checkout-index", "--all", f"--prefix={staged}/")
    return staged


def publish(place: Path, tag: str) -> None:
    """Tag the clone's commit, and take commit and tag into the checkout."""
    _git(place, "tag", "--annotate", tag, "--message", tag)
    _git(ROOT, "pull", "--quiet", "--ff-only", "--tags", place, "HEAD")


def write_digest(archive: Path) -> Path:
    """Write the SHA-256 of the archive next to it, as sha256sum reads it."""
    digest = archive.with_name(f"{archive.name}.sha256")
    digest.write_text(f"{hashlib.sha256(archive.read_bytes()).hexdigest()}  {archive.name}\n", encoding="utf-8")
    return digest


def _git(folder: Path, *arguments: str | Path) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"git {' '.join(map(str, arguments))} in {folder}: exit code {done.returncode}.")
    return done.stdout.strip()
