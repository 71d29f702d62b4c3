# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a release writes, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from dev import release

REPOSITORY = "https://code.storage-team.net/ontap/akv"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "extensions" / "awx").mkdir(parents=True)
    (tmp_path / "changelogs" / "fragments").mkdir(parents=True)
    (tmp_path / "plugins" / "module_utils" / "_http").mkdir(parents=True)
    (tmp_path / "plugins" / "module_utils" / "_http" / "transport.py").write_text('A = "0.1.0"\nVERSION = "0.1.0"\n')
    (tmp_path / "roles" / "one").mkdir(parents=True)
    (tmp_path / "roles" / "one" / "README.md").write_text("[a](../../docs/a.md#b), [me](README.md)")
    (tmp_path / "galaxy.yml").write_text("version: 0.1.0\n# Reserved.\nrepository: https://git.example/ontap/akv\n")
    (tmp_path / "README.md").write_text(
        "[a](docs/a.md#b), [c](#c), [d](https://docs.ansible.com/) ontap-akv-0.1.0.tar.gz"
    )
    (tmp_path / "docs" / "a.md").write_text("install ontap-akv-0.1.0.tar.gz, version 0.1.0 of something else")
    (tmp_path / "extensions" / "awx" / "names.yml").write_text("image: registry/ontap-akv:0.1.0 ontap-akv-de:0.1.0")
    (tmp_path / "changelogs" / "changelog.yaml").write_text("releases:\n  0.1.0:\n    release_date: '2026-01-01'\n")
    return tmp_path


def test_the_version_is_written_wherever_it_is_named(checkout: Path) -> None:
    release.set_version(checkout, "0.2.0")
    assert release.current_version(checkout) == "0.2.0"
    assert "ontap-akv-0.2.0.tar.gz" in (checkout / "README.md").read_text()
    assert (checkout / "docs" / "a.md").read_text() == "install ontap-akv-0.2.0.tar.gz, version 0.1.0 of something else"
    assert (
        checkout / "extensions" / "awx" / "names.yml"
    ).read_text() == "image: registry/ontap-akv:0.2.0 ontap-akv-de:0.2.0"
    transport = checkout / "plugins" / "module_utils" / "_http" / "transport.py"
    assert transport.read_text() == 'A = "0.1.0"\nVERSION = "0.2.0"\n'


def test_staging_writes_addresses(checkout: Path) -> None:
    release.stage(checkout, REPOSITORY, "v0.2.0")
    assert (checkout / "galaxy.yml").read_text() == (
        f"version: 0.1.0\nrepository: {REPOSITORY}\n"
        f"documentation: {REPOSITORY}/blob/v0.2.0/docs/getting-started.md\n"
        f"homepage: {REPOSITORY}\nissues: {REPOSITORY}/issues\n"
    )
    links = f"[a]({REPOSITORY}/blob/v0.2.0/docs/a.md#b), [c](#c), [d](https://docs.ansible.com/)"
    assert (checkout / "README.md").read_text().startswith(links)
    role = f"[a]({REPOSITORY}/blob/v0.2.0/docs/a.md#b), [me]({REPOSITORY}/blob/v0.2.0/roles/one/README.md)"
    assert (checkout / "roles" / "one" / "README.md").read_text() == role


def test_the_readme_of_an_archive_does_not_send_its_reader_to_a_checkout(checkout: Path) -> None:
    readme = checkout / "README.md"
    readme.write_text((release.ROOT / "README.md").read_text())
    for target, _anchor in release._LINK.findall(readme.read_text()):
        (checkout / target).parent.mkdir(parents=True, exist_ok=True)
        (checkout / target).touch()
    release.stage(checkout, REPOSITORY, "v0.1.0")
    text = readme.read_text()
    assert "not on Galaxy" not in text
    assert "collection build" not in text
    assert f"In a checkout of [the sources]({REPOSITORY}), with `make`" in text
    install = text.partition("## Install\n")[2].partition("\n## ")[0]
    assert "\nansible-galaxy collection install ontap.akv\n" in install
    assert "ontap-akv-0.1.0.tar.gz" in install


def test_staging_refuses_a_link_that_leads_nowhere(checkout: Path) -> None:
    (checkout / "docs" / "a.md").unlink()
    with pytest.raises(SystemExit) as refused:
        release.stage(checkout, REPOSITORY, "v0.2.0")
    assert str(refused.value).splitlines() == [
        "README.md links to docs/a.md, which does not exist.",
        "roles/one/README.md links to ../../docs/a.md, which does not exist.",
    ]
    assert "blob" not in (checkout / "README.md").read_text()


def test_a_changelog_is_not_written_twice(checkout: Path) -> None:
    assert release.changelog_command(checkout, "0.1.0") == ()


def test_a_version_without_a_word_in_the_changelog_is_refused(checkout: Path) -> None:
    with pytest.raises(SystemExit, match=r"changelogs/fragments is empty\. .* 0\.2\.0"):
        release.changelog_command(checkout, "0.2.0")


def test_fragments_belong_to_the_version_that_is_released(checkout: Path) -> None:
    (checkout / "changelogs" / "fragments" / "new.yml").write_text("minor_changes: [x]")
    assert release.changelog_command(checkout, "0.2.0") == ("release", "--version", "0.2.0")
    assert release.changelog_command(checkout, "0.1.0") == ("release", "--version", "0.1.0", "--update-existing")


@pytest.mark.parametrize(
    "address",
    [
        "",
        "code.storage-team.net/ontap/akv",
        "http://code.storage-team.net/ontap/akv",
        "https://code.storage-team.net",
        "https://me:word@code.storage-team.net/ontap/akv",
        "https://git.example/ontap/akv",
        "https://git.example.com/ontap/akv",
    ],
)
def test_an_address_that_cannot_be_published_is_refused(address: str) -> None:
    assert release.address_problem(address)


def test_an_address_that_can_be_published() -> None:
    assert not release.address_problem(REPOSITORY)
    options = release.arguments(["--version=99.0.0", f"--repository={REPOSITORY}.git"])
    assert (options.version, options.repository) == ("99.0.0", REPOSITORY)


@pytest.mark.parametrize("version", ["", "1", "v1.0.0", "0.0.1", "1.0.0 "])
def test_an_invalid_or_older_version_is_refused(version: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        release.arguments([f"--version={version}", f"--repository={REPOSITORY}"])
    assert "version" in capsys.readouterr().err.lower()
