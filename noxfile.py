# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All checks of the collection. ``make help`` lists the usual ones, ``nox --list`` all, ``nox -s NAME`` runs one."""

from __future__ import annotations

import logging
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NoReturn

import nox
from nox.command import CommandFailed

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT))

from dev import collection, environment, netapp_ontap, pythons, sanity  # noqa: E402
from dev import release as release_steps  # noqa: E402
from dev.docsite import checking as docchecking  # noqa: E402
from dev.docsite import source as docsource  # noqa: E402
from dev.environment import CACHE  # noqa: E402

# The Pythons on which each ansible-core runs, the preferred first: old with old, new with new.
CORES = {
    "2.16": ("3.10", "3.11", "3.12"),
    "2.17": ("3.10", "3.11", "3.12"),
    "2.18": ("3.12", "3.11", "3.13"),
    "2.19": ("3.12", "3.11", "3.13"),
    "2.20": ("3.13", "3.12", "3.14"),
    "2.21": ("3.13", "3.12", "3.14"),
    "2.22": ("3.13", "3.14"),
}
# Not released yet. With its release it is the newest, and another may be the candidate.
CANDIDATE = "2.22"
# The path of a program that they start must not contain a space.
CUTTING = ("2.16", "2.17")
TOOLS = ("3.12", "3.13", "3.11", "3.14")
# By environment, the preferred first.
PYTHONS = {
    **{f"core-{core}": versions for core, versions in CORES.items()},
    "certification": ("3.12", "3.11"),
    "lowest": ("3.9", "3.10", "3.11"),
}
# The releases of the vendor's client, each of which can judge the simulator; the first and the last do, in `make test`.
RELEASES = re.findall(
    r"^netapp-ontap==(9\.\d+(?:\.1)?)\.", (environment.REQUIREMENTS / "judges.in").read_text(), re.MULTILINE
)
STORIES = "tests/integration/test_targets.py"
# What needs no playbook, and can run on Pythons that no ansible-core has.
PLAIN = "tests/unit/plugins/module_utils " + " ".join(
    f"tests/integration/test_{name}.py" for name in ("access", "bad_input", "check_mode", "failures")
)
INTEGRATION_CONFIG = Path("tests", "integration", "integration_config.yml")

REPORTS = CACHE / "reports"
_Each = Callable[[nox.Session, str], None]

nox.options.default_venv_backend = "none"
nox.options.envdir = str(CACHE / "nox")
nox.options.error_on_external_run = False
nox.options.sessions = []
# Not of interest to who starts a check: no environment here is made by nox.
logging.getLogger("nox").addFilter(lambda record: "uv binary not found" not in record.getMessage())


def version(name: str) -> str | None:
    """The Python for an environment, if there is one here."""
    return next((each for each in PYTHONS.get(name, TOOLS) if each in pythons.find()), None)


# Every core can be tested. `make test` tests all on the newest, and what may differ on the oldest, on that of a
# long-lived Automation Platform, and on the candidate.
USABLE = [core for core in CORES if core != CANDIDATE and version(f"core-{core}")]
OLDEST, MIDDLE, NEWEST = USABLE[0], "2.18", USABLE[-1]
LATEST = f"core-{NEWEST}"


def documented() -> list[tuple[str, ...]]:
    """The commands that show the documentation of all modules and roles."""
    found = {"module": ROOT.glob("plugins/modules/*.py"), "role": ROOT.glob("roles/[a-z]*")}
    names = {kind: sorted(f"ontap.akv.{path.stem}" for path in paths) for kind, paths in found.items()}
    return [("ansible-doc", "--type", kind, *names[kind]) for kind in names if names[kind]]


def programs(session: nox.Session, name: str) -> Path:
    """The folder of programs of an environment; without a Python for it, the session is skipped and says so."""
    python = version(name)
    if python is None:
        session.skip(f"no Python {' or '.join(PYTHONS.get(name, TOOLS))} here")
    return environment.ensure(name, pythons.find()[python])


def variables(programs: Path) -> dict[str, str | None]:
    """What a session changes in its environment: Ansible keeps to .cache, and nothing of the user's has a say."""
    collection.link()
    (CACHE / "home").mkdir(exist_ok=True)
    foreign = ("ANSIBLE_", "AZURE_", "GALAXY_", "GIT_", "HYPOTHESIS_", "MYPY", "ONTAP_", "PYTEST_", "PYTHON")
    return {
        **{name: None for name in os.environ if name.startswith(foreign)},
        "ANSIBLE_COLLECTIONS_PATH": str(collection.COLLECTIONS),
        "ANSIBLE_CONFIG": str(ROOT / "dev" / "ansible.cfg"),
        "ANSIBLE_HOME": str(CACHE / "ansible"),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_REMOTE_TEMP": str(CACHE / "ansible" / "remote"),
        # Some tools leave logs there.
        "HOME": str(CACHE / "home"),
        "HYPOTHESIS_STORAGE_DIRECTORY": str(CACHE / "hypothesis"),
        "LC_ALL": "C.UTF-8",
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        # Otherwise looked for in the home.
        "PYENV_ROOT": os.environ.get("PYENV_ROOT") or str(Path.home() / ".pyenv"),
    }


def pytest(session: nox.Session, programs: Path, *arguments: str, tests: str = "", **more: str) -> None:
    """Run tests, with one worker for each core, or as many as ``make test`` leaves to a session.

    :param tests: files and folders, which those that were given on the command line replace
    """
    report = REPORTS / f"{session.name}.xml"
    report.unlink(missing_ok=True)
    workers = os.environ.get("AKV_WORKERS") or str(os.cpu_count() or 1)
    # One worker would be a second process, which imports the same.
    workers = "0" if workers == "1" else workers
    command = (programs / "python", "-m", "pytest", f"--junit-xml={report}", "--numprocesses", workers)
    given = any(Path(argument.partition("::")[0]).exists() for argument in session.posargs)
    chosen = () if given else tests.split()
    session.run(*command, *arguments, *chosen, *session.posargs, env={**variables(programs), **more})


def playing(session: nox.Session, core: str, tests: str, *arguments: str, **more: str) -> None:
    """Run tests that start ansible-playbook of a core."""
    if core in CUTTING:
        skip_where_path_has_space(session, f"ansible-core {core}")
    pytest(session, programs(session, f"core-{core}"), *arguments, tests=tests, **more)


def run_all(session: nox.Session, programs: Path, *commands: tuple[str, ...], **more: str) -> None:
    """Run all commands, also after one that failed, so that one run shows everything that needs a fix."""
    changes = {**variables(programs), "NO_COLOR": "1"}
    failed = []
    for name, *arguments in commands:
        try:
            session.run(programs / name, *arguments, env={**changes, **more}, silent=True)
        except CommandFailed:
            failed.append(f"{name} {' '.join(arguments)}")
    if failed:
        session.error(f"failed: {'; '.join(failed)}")


def start(session: nox.Session, *arguments: str | Path, **more: str) -> NoReturn:
    """Go on as a program of Python, so that signals reach it and nothing is left when it ends."""
    python = programs(session, LATEST) / "python"
    merged = {**os.environ, **variables(python.parent), **more}
    command = [str(part) for part in (python, *arguments, *session.posargs)]
    os.execve(python, command, {name: value for name, value in merged.items() if value})


def skip_where_path_has_space(session: nox.Session, tool: str) -> None:
    """A tool that starts programs of this checkout, and cuts their paths at a space, can do nothing here."""
    if any(character.isspace() for character in str(ROOT)):
        session.skip(f"{tool} cannot start a program with a space in its path: move the checkout to run this")


def for_each(name: str, values: Iterable[str], tagged: Callable[[str], bool], *also: str) -> Callable[[_Each], _Each]:
    """Make a function ``(session, value)`` a session for each value: ``name-value``, tagged with its name.

    :param tagged: whether ``make test`` runs the session of a value
    :param also: more tags of these sessions
    """

    def decorate(function: _Each) -> _Each:
        def declare(value: str) -> None:
            def session_of_value(session: nox.Session) -> None:
                function(session, value)

            session_of_value.__doc__ = (function.__doc__ or "").replace("VALUE", value)
            tags = ["test", name, *also] if tagged(value) else []
            tags += ["check"] if f"{name}-{value}" == f"unit-{NEWEST}" else []
            nox.session(name=f"{name}-{value}", tags=tags)(session_of_value)

        for value in values:
            declare(value)
        return function

    return decorate


@for_each("unit", CORES, {NEWEST}.__contains__)
def unit(session: nox.Session, core: str) -> None:
    """Run the unit and property tests, with more examples, on ansible-core VALUE."""
    pytest(session, programs(session, f"core-{core}"), "--hypothesis-profile", "many", tests="tests/unit")


@for_each("integration", CORES, {NEWEST}.__contains__)
def integration(session: nox.Session, core: str) -> None:
    """Run the playbooks of the tests on ansible-core VALUE."""
    more = {"AKV_LOWEST_PYTHON": str(programs(session, "lowest") / "python")} if version("lowest") else {}
    playing(session, core, "tests/integration", **more)


@for_each("core", CORES, {OLDEST, MIDDLE, CANDIDATE}.__contains__, "cores")
def core(session: nox.Session, core: str) -> None:
    """Run what may differ on ansible-core VALUE: the life of a configuration by roles, types of values, the modules."""
    tests = ["tests/roles/test_life.py"]
    arguments: tuple[str, ...] = ()
    # Between the oldest and the newest nothing else has differed.
    if core != MIDDLE:
        tests += [f"tests/integration/test_{name}.py" for name in ("direct", "door", "secrets", "types")]
        # No ansible-core has a say in module_utils and in what a report holds.
        tests += ["tests/unit/plugins"]
        # Modules on their own show as much as on the newest.
        on_their_own = (
            "test_direct.py::test_the_environment_switches_it_off",
            "test_door.py::test_reserved_keys_reach_nothing[as a module]",
            "test_secrets.py::test_secrets_are_nowhere[as a module]",
        )
        arguments = (
            "--ignore=tests/unit/plugins/module_utils",
            "--ignore=tests/unit/plugins/plugin_utils/test_report.py",
            *(f"--deselect=tests/integration/{test}" for test in on_their_own),
        )
    # There ansible-test plays the stories, and the session lowest tests module_utils on a core that is older still.
    if core == OLDEST:
        tests += ["--ignore=tests/unit/plugins/module_utils", "tests/integration/test_same_result.py"]
    elif core != MIDDLE:
        stories = sorted(path.parts[-3] for path in ROOT.glob("tests/integration/targets/*/tasks/main.yml"))
        tests += [f"{STORIES}::test_story[{target}-main]" for target in stories if target != "cluster"]
    playing(session, core, " ".join(tests), *arguments)


def ansible_test(session: nox.Session, core: str, command: str, *runs: tuple[str, ...]) -> None:
    """Run ansible-test as it must be run: in a copy of the collection, with a home of its own.

    :param runs: the arguments of each run
    """
    if command != "sanity" or core in CUTTING:
        skip_where_path_has_space(session, f"ansible-test {command} {core}")
    here = programs(session, f"core-{core}")
    folder = CACHE / "ansible-test" / session.name
    package = next(here.parent.glob("lib/python3*/site-packages/ansible_test"))
    sanity.prepare_home(folder / "home", package)
    more = {"HOME": str(folder / "home"), "PATH": sanity.path(here)}
    checkout = collection.copy(folder)
    if command == "integration":
        choose_stories(checkout, session.posargs)
    with session.chdir(checkout):
        for arguments in runs:
            options = (*arguments, "--color", "no", *session.posargs)
            session.run(here / "ansible-test", command, *options, env={**variables(here), **more})


def choose_stories(checkout: Path, targets: list[str]) -> None:
    """Leave in a copy what ansible-test is to play: the main story of each target, all stories of those named."""
    # It runs on a real cluster, so only who names it gets it.
    if "cluster" in targets:
        shutil.copy(ROOT / INTEGRATION_CONFIG, checkout / INTEGRATION_CONFIG)
    if not targets:
        for story in checkout.glob("tests/integration/targets/*/tasks/*.yml"):
            if story.stem != "main":
                story.unlink()


@for_each("ansible-units", CORES, {OLDEST}.__contains__, "ansible-test")
def ansible_test_units(session: nox.Session, core: str) -> None:
    """Run ansible-test units on ansible-core VALUE: all with ``-- tests/unit/plugins/``, else some of each kind."""
    # It forks for each test, which takes three times as long as pytest. The session core-VALUE runs all.
    some = ("module_utils/_ontap/", "test_filters.py", "test_same_key.py")
    chosen = () if session.posargs else tuple(f"tests/unit/plugins/{place}" for place in some)
    ansible_test(session, core, "units", ("--python", str(version(f"core-{core}")), *chosen))


@nox.session(name="ansible-integration", tags=["test", "ansible-test"])
def ansible_test_integration(session: nox.Session) -> None:
    """Run ansible-test integration on the oldest ansible-core: the main story of each module, all of named targets."""
    ansible_test(session, OLDEST, "integration", ("--python", str(version(f"core-{OLDEST}"))))


@for_each("sanity", CORES, {OLDEST, MIDDLE, NEWEST}.__contains__, "ansible-test")
def ansible_test_sanity(session: nox.Session, core: str) -> None:
    """Run ansible-test sanity on ansible-core VALUE: all that it has with arguments, as ``-- --test pylint``."""
    python = str(version(f"core-{core}"))
    if session.posargs:
        runs = [("--venv", *(() if core == NEWEST else ("--python", python)))]
    elif core == NEWEST:
        # What the oldest and the newest Python import, those between do too.
        found = list(pythons.find())
        here = ("--controller", f"origin:python={python}")
        each = [part for target in sorted({found[0], found[-1]}) for part in ("--target-python", target)]
        # The session lint has the linter of changelogs. Of tests and tools ruff and mypy judge the code.
        code = [part for test in ("pep8", "pylint") for part in ("--test", test)]
        rest = [part for test in ("changelog", "pep8", "pylint") for part in ("--skip-test", test)]
        runs = [(*here, *each, *rest), (*here, *code, "plugins/")]
    else:
        # What no ansible-core decides, and what takes an environment or minutes.
        same = ("changelog", "pep8", "pylint", "yamllint")
        runs = [("--python", python, *(part for test in same for part in ("--skip-test", test)))]
    ansible_test(session, core, "sanity", *runs)


@for_each("judge", RELEASES, {RELEASES[0], RELEASES[-1]}.__contains__, "judges")
def judge(session: nox.Session, release: str) -> None:
    """Let the vendor's client of ONTAP VALUE judge the simulator."""
    pytest(session, programs(session, f"judge-{release}"), tests="tests/judges/client")


@nox.session(name="judges-all")
def judges_all(session: nox.Session) -> None:
    """Let the vendor's clients of all releases, and its collection, judge the simulator."""
    for release in RELEASES:
        session.notify(f"judge-{release}")
    session.notify("judge-netapp-ontap")


@nox.session(tags=["test", "faults"])
def faults(session: nox.Session) -> None:
    """Try the modules with every fault in every phase: survived, or a true outcome."""
    # What TLS refuses differs from Python 3.12 to 3.13: the tests take the Python of this environment too.
    if MIDDLE in USABLE:
        programs(session, f"core-{MIDDLE}")
    pytest(session, programs(session, LATEST), tests="tests/faults")


def suite(name: str, environment: str, tests: str, purpose: str, tag: str = "", **more: str) -> None:
    """Declare a session that runs tests in one environment."""

    def run(session: nox.Session) -> None:
        pytest(session, programs(session, environment), tests=tests, **more)

    run.__doc__ = purpose
    nox.session(name=name, tags=["test", tag or name])(run)


suite("eda", "eda", "tests/eda", "Run the event sources and the rulebooks with the real ansible-rulebook.")
suite(
    "judge-azure", "judge-azure", "tests/judges/azure", "Let Microsoft's clients judge our simulated Azure.", "judges"
)
suite("kit", "kit", "tests/kit", "Check what builder and controller make of the collection.", PYTHONPATH=str(ROOT))
suite("leaks", "kit", "tests/leaks", "Search the secrets of a task in all that a run leaves, artifacts included.")
suite("lowest", "lowest", PLAIN, "Run what needs no playbook on the oldest Python, requests and urllib3.", "unit")
suite("releases", LATEST, "tests/releases", "Play the life of an AKV configuration on every ONTAP release.")
suite("roles", LATEST, "tests/roles --ignore=tests/roles/test_life.py", "Play the roles; the core-* play test_life.")


@nox.session(name="leaks-all")
def leaks_all(session: nox.Session) -> None:
    """Search the whole matrix of leaks, and compare 300 tasks in process and as modules; oldest and newest core."""
    more = {"AKV_ALL_LEAKS": "1", "AKV_SAME_SETS": "13"}
    pytest(session, programs(session, "kit"), "tests/leaks", **more)
    for core in (USABLE[0], USABLE[-1]):
        pytest(
            session, programs(session, f"core-{core}"), "tests/leaks", "tests/integration/test_same_result.py", **more
        )


@nox.session(tags=["check"])
def stories(session: nox.Session) -> None:
    """Play one story of each module."""
    pytest(session, programs(session, LATEST), "-k", "main", tests=STORIES)


@nox.session(tags=["test", "kit"])
def molecule(session: nox.Session) -> None:
    """Run the molecule scenarios: one role, and the life of all, on a simulated cluster."""
    here = programs(session, "kit")
    chosen = session.posargs or ("--all",)
    session.run(here / "molecule", "test", *chosen, env={**variables(here), "NO_COLOR": "1"})


@nox.session(tags=["test", "pages"])
def pages(session: nox.Session) -> None:
    """Type every command of the documentation's pages, as it stands there."""
    here = programs(session, LATEST)
    pytest(session, here, tests="tests/pages", AKV_NETAPP_ONTAP=str(netapp_ontap.ensure(CORES[NEWEST][0])))


def beside_netapp_ontap() -> str:
    """The path of collections that holds this one and the pinned release of the vendor's."""
    return os.pathsep.join((str(collection.COLLECTIONS), str(netapp_ontap.ensure(CORES[NEWEST][0]))))


@nox.session(name="judge-netapp-ontap")
def judge_netapp_ontap(session: nox.Session) -> None:
    """Let the vendor's collection judge the simulator and what akv_info says of it."""
    here = programs(session, LATEST)
    pytest(session, here, tests="tests/judges/collection", ANSIBLE_COLLECTIONS_PATH=beside_netapp_ontap())


@nox.session
def bench(session: nox.Session) -> None:
    """Measure the collection side by side with its peers, and write docs/benchmarks.md."""
    programs(session, "judge-azure")  # with the clients of Microsoft
    start(session, "-m", "dev.bench", ANSIBLE_COLLECTIONS_PATH=beside_netapp_ontap())


@nox.session(tags=["test", "check", "lint"])
def lint(session: nox.Session) -> None:
    """Check style, YAML, playbooks, licenses and changelog fragments."""
    run_all(
        session,
        programs(session, "lint"),
        ("ruff", "check", "."),
        ("ruff", "format", "--check", "."),
        ("yamllint", "--strict", "."),
        ("ansible-lint", "--offline", "--strict"),
        ("antsibull-changelog", "lint"),
        ("reuse", "lint", "--lines"),
    )


@nox.session(name="format", tags=["format"])
def reformat(session: nox.Session) -> None:
    """Put the code into the style that lint wants, as far as a program can."""
    here = programs(session, "lint")
    session.run(here / "ruff", "check", "--fix", "--exit-zero", "--quiet", ".", env=variables(here))
    session.run(here / "ruff", "format", ".", env=variables(here))


@nox.session(tags=["test", "check", "typing"])
def typing(session: nox.Session) -> None:
    """Check the types."""
    run_all(
        session,
        programs(session, "lint"),
        # Those with the same options follow each other: with others, mypy reads what they import once more.
        ("mypy", "--strict", "--package", "ansible_collections.ontap.akv.plugins.module_utils"),
        ("mypy", "--strict", "--package", "simulator"),
        ("mypy", "--strict", "noxfile.py", "dev"),
        *(
            ("mypy", "--strict", f"extensions/eda/plugins/event_source/{name}.py")
            for name in ("akv_events", "akv_health")
        ),
        # ansible-core itself is not typed. What module_utils ignores was judged above, without these exceptions.
        (
            *("mypy", "--strict", "--allow-subclassing-any", "--no-warn-return-any", "--no-warn-unused-ignores"),
            *("--package", "ansible_collections.ontap.akv.plugins.plugin_utils"),
            *("--package", "ansible_collections.ontap.akv.plugins.filter"),
            *("--package", "ansible_collections.ontap.akv.plugins.test"),
        ),
        MYPYPATH=os.pathsep.join((str(collection.COLLECTIONS), str(ROOT / "tests"))),
    )


@nox.session(tags=["test", "docs-check"])
def docs(session: nox.Session) -> None:
    """Check the documentation of modules and roles, and what a docsite reads of a collection."""
    refs = ("--validate-collection-refs", "dependent", "--disallow-unknown-collection-refs", "--check-extra-docs-refs")
    run_all(
        session,
        programs(session, "lint"),
        ("antsibull-docs", "lint-collection-docs", "--plugin-docs", *refs, "."),
    )


@nox.session(tags=["test", "docsite"])
def docsite(session: nox.Session) -> None:
    """Build the docsite into .cache/docsite/html; a warning is an error."""
    here = programs(session, "docsite")
    source, html = docsource.gather(), docsource.FOLDER / "html"
    collections = docsource.without_repository()
    options = ("--use-current", "--fail-on-error", "--no-add-antsibull-docs-version", "--dest-dir", source)
    configured = (here / "antsibull-docs", "--config-file", docsource.CONFIGURATION / "antsibull.cfg", "collection")
    session.run(*configured, *options, "ontap.akv", env={**variables(here), **collections})
    options = ("--fail-on-warning", "--keep-going", "--quiet", "--conf-dir", docsource.CONFIGURATION)
    session.run(here / "sphinx-build", *options, source, html, env=variables(here))
    found = list(docchecking.problems(html))
    if found:
        session.error("\n".join(found))
    session.log(f"{html.relative_to(ROOT)}/index.html")


def build_archive(session: nox.Session, folder: Path, staged: Path, lint: bool) -> Path:
    """Build the archive from a staged copy, check it with Galaxy's own importer, and use what is installed from it.

    :param lint: whether the importer runs ansible-lint, as Galaxy does
    """
    here = programs(session, "galaxy")
    importer = {
        "GALAXY_IMPORTER_ANSIBLE_LOCAL_TMP": str(folder / "tmp"),
        "GALAXY_IMPORTER_CHECK_REQUIRED_TAGS": "true",
        "GALAXY_IMPORTER_RUN_ANSIBLE_LINT": str(lint),
        "GALAXY_IMPORTER_TMP_ROOT_DIR": str(folder),
    }
    with session.chdir(folder):
        galaxy = (here / "ansible-galaxy", "collection")
        session.run(*galaxy, "build", staged, env=variables(here), silent=True)
        (archive,) = folder.glob("*.tar.gz")
        command = (here / "python", "-m", "galaxy_importer.main", archive)
        output = str(session.run(*command, env={**variables(here), **importer}, silent=True))
        session.log(output)
        if "WARNING" in output or "ERROR" in output:
            session.error("Galaxy's importer has findings")
        # Where Ansible finds the checkout, it would take the archive for installed.
        installed = {**variables(here), "ANSIBLE_COLLECTIONS_PATH": str(folder / "installed")}
        session.run(*galaxy, "install", archive, env=installed, silent=True)
        for name, *arguments in documented():
            session.run(here / name, *arguments, env=installed, silent=True)
    # The simulator and the playbooks are in the checkout only: no archive contains them.
    python = programs(session, LATEST) / "python"
    session.run(python, ROOT / "demo" / "run.py", "--collections-path", folder / "installed", silent=True)
    return archive


@nox.session(tags=["test", "build"])
def build(session: nox.Session) -> None:
    """Build the archive for Galaxy from the checkout as a release does, and check it."""
    folder = CACHE / "build"
    shutil.rmtree(folder, ignore_errors=True)
    staged = collection.copy(folder)
    release_steps.stage(staged, "https://git.example/ontap/akv", "main")
    # The session lint has run ansible-lint.
    build_archive(session, folder, staged, lint=False)


@nox.session
def release(session: nox.Session) -> None:
    """Release a version: changelog, version, commit, archive, importer, clean install, checksum, tag."""
    options = release_steps.arguments(session.posargs)
    folder, tag = CACHE / "release", f"v{options.version}"
    source = folder / "source"
    shutil.rmtree(folder, ignore_errors=True)
    release_steps.clone(source, tag)
    release_steps.set_version(source, options.version)
    tools = programs(session, "lint")
    if command := release_steps.changelog_command(source, options.version):
        with session.chdir(source):
            session.run(tools / "antsibull-changelog", *command, env=variables(tools))
    release_steps.commit(source, options.version)
    staged = release_steps.export(source, folder / "staged")
    release_steps.stage(staged, options.repository, tag)
    archive = build_archive(session, folder, staged, lint=True)
    digest = release_steps.write_digest(archive)
    release_steps.publish(source, tag)
    session.log(f"{archive.relative_to(ROOT)}, {digest.name}, tag {tag}. docs/releasing.md has the next steps.")


@nox.session
def demo(session: nox.Session) -> None:
    """Run the core workflow with ansible-playbook against a simulated ONTAP cluster."""
    start(session, ROOT / "demo" / "run.py")


@nox.session
def simulator(session: nox.Session) -> None:
    """Run the ONTAP simulator in the foreground."""
    start(session, "-m", "simulator", PYTHONPATH=str(ROOT / "tests"))


@nox.session
def replay(session: nox.Session) -> None:
    """Make a simulated cluster of a bundle of akv_conformance_info, and run the modules on it."""
    places = (str(collection.COLLECTIONS), str(ROOT / "tests"), str(ROOT))
    start(session, "-m", "dev.replay", PYTHONPATH=os.pathsep.join(places))


@nox.session(tags=["certification"])
def certification(session: nox.Session) -> None:
    """Run ansible-lint as Red Hat's certification of collections does: its versions, on a fresh copy."""
    here = programs(session, "certification")
    checkout = collection.copy(CACHE / "certification")
    with session.chdir(checkout):
        more = {"ANSIBLE_COLLECTIONS_PATH": str(CACHE / "certification"), "NO_COLOR": "1"}
        options = ("--offline", "--strict", "--profile", "production")
        session.run(here / "ansible-lint", *options, *session.posargs, env={**variables(here), **more})


@nox.session
def pins(session: nox.Session) -> None:
    """Write the complete lists of pins with hashes, dev/requirements/*.txt, from what is wanted, *.in."""
    folder = environment.REQUIREMENTS
    oldest = {**PYTHONS, "nox": CORES["2.17"], "netapp-ontap": CORES["2.21"]}
    # ansible-lint 24.12.2 does not resolve for Windows.
    linux = {"certification": ("--python-platform", "linux")}
    more = {"netapp-ontap": ("--no-deps",), "judge": ("--no-emit-package", "netapp-ontap")}
    command = (environment.UV, "pip", "compile", "--generate-hashes", "--no-annotate", "--no-emit-index-url", "--quiet")
    cache = {"UV_CACHE_DIR": str(CACHE / "env" / "uv")}
    with session.chdir(folder):
        parts = {"test", "judges", "simulator"}
        for wanted in sorted({path.stem for path in folder.glob("*.in")} - parts):
            python = min(oldest.get(wanted, TOOLS), key=pythons.VERSIONS.index)
            session.run(
                *(*command, "--python-version", python, "--custom-compile-command", "nox -s pins"),
                *linux.get(wanted, ("--universal",)),
                *more.get(wanted, ()),
                *(f"{wanted}.in", "--output-file", f"{wanted}.txt"),
                env=cache,
            )
        # One line each: they exclude each other.
        clients = [line for line in Path("judges.in").read_text().splitlines() if "==" in line]
        one, lists = CACHE / "one.in", ["# This file was made by: nox -s pins\n"]
        for line in clients:
            one.write_text(line)
            lists.append(str(session.run(*command, "--no-deps", "--no-header", one, env=cache, silent=True)))
        Path("judges.txt").write_text("".join(lists))
