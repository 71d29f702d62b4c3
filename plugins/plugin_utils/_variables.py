# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is private to the collection: it may change at any time.

"""Read the variables of a role: which one counts, which type it has, and what is refused.

Rules, the same for all roles:

- A variable of the role, C(akv_<role>_<name>), wins over the common variable C(akv_<name>).
- Null, a blank text and C(omit) count as not given, as a survey leaves them. Every other value counts.
- A value of another type is refused, never converted to a text: YAML reads C(0123) as 83 and C(yes) as true.
- A filter that is given and names nothing is an error, since without it everything is selected.
- A variable that is defined and cannot be evaluated is an error, never a default.

Nothing here needs Ansible: the caller passes a function that evaluates a variable.
"""

from __future__ import annotations

import copy
import re
import typing as t
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

from ansible_collections.ontap.akv.plugins.module_utils._akv import scope
from ansible_collections.ontap.akv.plugins.module_utils._ontap.connection import ARGUMENT_SPEC
from ansible_collections.ontap.akv.plugins.module_utils._runtime import texts
from ansible_collections.ontap.akv.plugins.module_utils._runtime.errors import InputError

Values = dict[str, t.Any]
Evaluate = Callable[[str], t.Any]
"""Evaluates a variable by its name. Returns NOT_GIVEN for ``omit`` and raises CannotEvaluate."""

PREFIX = "akv_"


class CannotEvaluate(Exception):
    """A variable cannot be evaluated, for example because its template uses an undefined name.

    :param reason: why, safe to show
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _NotGiven:
    pass


NOT_GIVEN: t.Final = _NotGiven()


class Kind(Enum):
    """The type of a variable. The value is how the documentation names it."""

    TEXT = "str"
    PATH = "path"
    BOOLEAN = "bool"
    INTEGER = "int"
    NUMBER = "float"
    NAMES = "list of str"
    """A list of texts, or one text with commas."""
    DICTIONARY = "dict"
    DICTIONARIES = "list of dict"


class Part(Enum):
    """Which variables a task reads. A fleet reads its credential once and its settings for each host."""

    ALL = "all"
    SETTINGS = "settings"
    CREDENTIAL = "credential"


@dataclass(frozen=True)
class Variable:
    """One variable of a role.

    :ivar name: the last part of its name: ``svm`` of ``akv_enable_svm``
    :ivar description: sentences with Ansible's documentation markup
    :ivar common: the last parts of the common variables that it defaults to, for example ``svm`` for ``akv_svm``
    :ivar default: the value where nothing is given; None leaves the key out of what is read
    :ivar choices: the values that are allowed
    :ivar minimum: the lowest number that is allowed
    :ivar secret: whether its value is never shown
    :ivar narrows: whether it is a filter: without it everything is selected
    :ivar part: whether it belongs to the credential of a fleet
    :ivar large: whether one task reads it for all hosts, since what each host reads is kept for each host
    """

    name: str
    description: tuple[str, ...]
    kind: Kind = Kind.TEXT
    common: tuple[str, ...] = ()
    default: t.Any = None
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    required: bool = False
    secret: bool = False
    narrows: bool = False
    part: Part = Part.SETTINGS
    large: bool = False


class Fault(t.NamedTuple):
    """What is wrong with one variable, or with several together.

    :ivar names: the last parts of the variables' names
    :ivar problem: what was given and what to do instead
    """

    names: tuple[str, ...]
    problem: str


class Refused(Exception):
    """Faults that show when further values are computed."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__()
        self.faults = faults


Given = Mapping[str, t.Any]
Check = Callable[[Given], Iterable[Fault]]
"""Finds faults in what was read. What is not given is absent, and so is what the part that is read does not hold."""


def _no_check(_given: Given) -> Iterable[Fault]:
    return ()


@dataclass(frozen=True)
class Role:
    """The variables of one role.

    :ivar name: ``akv_enable``
    :ivar summary: one phrase, for the documentation
    :ivar description: sentences with Ansible's documentation markup
    :ivar check: rules over the settings
    :ivar check_credential: rules over the credential
    :ivar prepare: computes further values from what was read, for example options for a module; may raise Refused
    """

    name: str
    summary: str
    description: tuple[str, ...]
    variables: tuple[Variable, ...]
    check: Check = _no_check
    check_credential: Check = _no_check
    prepare: Callable[[Values], Values] = lambda given: given


@dataclass
class Reading:
    """What was read.

    :ivar given: name to value, defaults included; absent where nothing is given and there is no default
    :ivar sources: name to the full name of the variable that gave the value
    :ivar errors: complete sentences, without secrets
    """

    given: Values = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def read(role: Role, roles: Iterable[str], names: Iterable[str], evaluate: Evaluate, part: Part = Part.ALL) -> Reading:
    """Read the variables of a role. Each one is evaluated once at most.

    :param roles: the names of all roles
    :param names: the names of all variables that are defined
    :param evaluate: evaluates a variable
    :param part: which variables to read
    """
    defined = set(names)
    reading = Reading()
    if part is not Part.CREDENTIAL:
        reading.errors += unknown(role, roles, defined)
        reading.warnings += misspelled_common(roles, defined)
    for variable in role.variables:
        if part not in (Part.ALL, variable.part) or variable.large:
            continue
        try:
            source, value = _value_of(role, variable, defined, evaluate)
        except InputError as error:
            reading.errors.append(error.message)
            continue
        if value is not NOT_GIVEN:
            reading.given[variable.name] = value
            reading.sources[variable.name] = source
        elif variable.default is not None:
            reading.given[variable.name] = copy.copy(variable.default)
        elif variable.required:
            reading.errors.append(f"{_sources(role, variable)}: required, and not given.")
    if not reading.errors:
        _check(role, reading, part)
    if not reading.errors:
        try:
            reading.given = role.prepare(reading.given)
        except Refused as refused:
            reading.errors += _sentences(role, reading, refused.faults)
    return reading


def _check(role: Role, reading: Reading, part: Part) -> None:
    if part is not Part.CREDENTIAL:
        reading.errors += _sentences(role, reading, role.check(reading.given))
    if part is not Part.SETTINGS:
        reading.errors += _sentences(role, reading, role.check_credential(reading.given))


def _sentences(role: Role, reading: Reading, faults: Iterable[Fault]) -> Iterator[str]:
    for names, problem in faults:
        where = ", ".join(reading.sources.get(name, f"{role.name}_{name}") for name in names)
        yield f"{where}: {problem}"


def _value_of(role: Role, variable: Variable, defined: set[str], evaluate: Evaluate) -> tuple[str, t.Any]:
    """Give the value of a variable, from the role's own name or else from the common ones, and its source.

    :raises InputError: it is refused
    """
    own = f"{role.name}_{variable.name}"
    value = evaluated(own, variable, defined, evaluate)
    if value is not NOT_GIVEN:
        return own, value
    found = {}
    for name in variable.common:
        value = evaluated(PREFIX + name, variable, defined, evaluate)
        if value is not NOT_GIVEN:
            found[PREFIX + name] = value
    values = list(found.values())
    if any(value != values[0] for value in values[1:]):
        raise InputError(", ".join(found), "they differ. Keep one of them.")
    return next(iter(found.items()), (own, NOT_GIVEN))


def large_value(role: Role, name: str, defined: Container[str], evaluate: Evaluate) -> t.Any:
    """Give the value of a variable that one task reads for all hosts, of any type; None where nothing is given.

    :param name: the last part of its name
    :raises InputError: it cannot be evaluated
    """
    common = next(variable.common for variable in role.variables if variable.name == name)
    values = (
        value_of(full, defined, evaluate) for full in (f"{role.name}_{name}", *(PREFIX + each for each in common))
    )
    return next((value for value in values if value and value is not NOT_GIVEN), None)


def evaluated(name: str, variable: Variable, defined: Container[str], evaluate: Evaluate) -> t.Any:
    """Give the value of one variable, or NOT_GIVEN.

    :param name: its full name
    :param variable: its type
    :param defined: the names of all variables that are defined
    :raises InputError: it is refused
    """
    return converted(name, value_of(name, defined, evaluate), variable)


_DEFINE = "Define that name, for example in a file that the command loads (-e @secrets.yml), or correct it."


def value_of(name: str, defined: Container[str], evaluate: Evaluate) -> t.Any:
    """Give the value of one variable of any type, or NOT_GIVEN.

    :param name: its full name
    :raises InputError: it cannot be evaluated
    """
    if name not in defined:
        return NOT_GIVEN
    try:
        return evaluate(name)
    except CannotEvaluate as error:
        advice = _DEFINE if "is undefined" in error.reason else "Correct its template, or remove the variable."
        raise InputError(name, f"cannot be evaluated: {error.reason}. {advice}") from None


def _sources(role: Role, variable: Variable) -> str:
    own = f"{role.name}_{variable.name}"
    common = " or ".join(PREFIX + name for name in variable.common)
    return f"{own} (or {common})" if common else own


def converted(name: str, value: t.Any, variable: Variable) -> t.Any:
    """Give a value as its variable's type, or NOT_GIVEN where it is null or blank.

    :param name: the full name, for errors
    :raises InputError: it has another type, or it is not one of the choices, or it is a filter that names nothing
    """
    if value is None or value is NOT_GIVEN:
        return NOT_GIVEN
    if isinstance(value, str) and not value.strip():
        if variable.secret and value:
            raise InputError(name, "contains only white space. Give the value, or nothing.")
        return NOT_GIVEN
    return _CONVERT[variable.kind](name, value, variable)


def _text(name: str, value: t.Any, variable: Variable) -> str:
    text = _plain_text(name, value, variable)
    if variable.narrows and not text.strip(", "):
        raise _names_nothing(name, value)
    if variable.choices and text not in variable.choices:
        raise InputError(name, f"{text!r} is not one of {', '.join(variable.choices)}.")
    return text


def _plain_text(name: str, value: t.Any, variable: Variable) -> str:
    """Give a text as it was given. What the modules check of secrets is left to them."""
    texts.check_is_text(name, value)
    text = str(value)
    texts.check_no_placeholder(name, text)
    if not variable.secret:
        if text != text.strip():
            raise InputError(name, f"{text!r} has white space around it. Remove it.")
        texts.check_visible(name, text)
    return text


def _names_nothing(name: str, value: t.Any) -> InputError:
    return InputError(
        name, f"{shown(value)} names nothing. Give a name, or remove it: without it, everything is selected."
    )


def _boolean(name: str, value: t.Any, _variable: Variable) -> bool:
    word = str(value).strip().lower() if isinstance(value, (str, int)) else ""
    if word in ("true", "yes", "on", "1"):
        return True
    if word in ("false", "no", "off", "0"):
        return False
    raise InputError(name, f"{shown(value)} is neither true nor false.")


def _integer(name: str, value: t.Any, variable: Variable) -> int:
    is_digits = isinstance(value, str) and re.fullmatch(r"\s*-?[0-9]{1,18}\s*", value) is not None
    if not is_digits and (isinstance(value, bool) or not isinstance(value, int)):
        raise InputError(name, f"{shown(value)} is not a whole number.")
    number = int(value)
    if variable.minimum is not None and number < variable.minimum:
        raise InputError(name, f"{number} is below {variable.minimum}, the minimum.")
    return number


def _number(name: str, value: t.Any, _variable: Variable) -> float:
    try:
        if not isinstance(value, bool) and isinstance(value, (int, float, str)):
            return float(value)
    except ValueError:
        pass
    raise InputError(name, f"{shown(value)} is not a number.")


def _names(name: str, value: t.Any, variable: Variable) -> list[str]:
    if isinstance(value, (list, tuple)):
        given = [item for item in value if not (isinstance(item, str) and not item.strip())]
    elif isinstance(value, str):
        given = [part.strip() for part in value.split(",") if part.strip()]
    else:
        raise InputError(name, f"{shown(value)} is not a list of names. Give a list, or one text with commas.")
    if variable.narrows and not given:
        raise _names_nothing(name, value)
    names = [_plain_text(name, item, variable) for item in given if item is not None]
    if len(names) < len(given):
        raise InputError(name, "an entry is null. Give a name, or remove the entry.")
    for item in names:
        if variable.choices and item not in variable.choices:
            raise InputError(name, f"{item!r} is not one of {', '.join(variable.choices)}.")
    return list(dict.fromkeys(names))


def _dictionary(name: str, value: t.Any, _variable: Variable) -> Values:
    if not isinstance(value, Mapping):
        raise InputError(name, f"{shown(value)} is not a dictionary.")
    return dict(value)


_ENTRY = "Give the options of the entry below its dash, for example: - svm: vs0."


def _dictionaries(name: str, value: t.Any, _variable: Variable) -> list[Values]:
    if not isinstance(value, list):
        raise InputError(name, f"is {texts.type_of(value)}, not a list. In YAML, each entry begins with a dash.")
    for number, item in enumerate(value, 1):
        if not isinstance(item, Mapping):
            raise InputError(name, f"entry {number} is {texts.type_of(item)}, not a dictionary. {_ENTRY}")
    return [dict(item) for item in value]


_CONVERT: Mapping[Kind, Callable[[str, t.Any, Variable], t.Any]] = {
    Kind.TEXT: _text,
    Kind.PATH: _text,
    Kind.BOOLEAN: _boolean,
    Kind.INTEGER: _integer,
    Kind.NUMBER: _number,
    Kind.NAMES: _names,
    Kind.DICTIONARY: _dictionary,
    Kind.DICTIONARIES: _dictionaries,
}


def shown(value: t.Any) -> str:
    """Give a value that is not a secret as a message shows it."""
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def unknown(role: Role, roles: Iterable[str], names: Iterable[str]) -> Iterator[str]:
    """Give a sentence for each variable that has the role's name and is not one of its variables."""
    own = {f"{role.name}_{variable.name}" for variable in role.variables} | {f"{role.name}_result"}
    longer = tuple(f"{other}_" for other in roles if other.startswith(f"{role.name}_"))
    for name in sorted(names):
        if name.startswith(f"{role.name}_") and name not in own and not (longer and name.startswith(longer)):
            hint = texts.did_you_mean(name, sorted(own - {f"{role.name}_result"}), cutoff=0.8)
            advice = hint or f"ansible-doc -t role ontap.akv.{role.name} lists them."
            yield f"{name}: not a variable of the role {role.name}. {advice}"


def misspelled_common(roles: Iterable[str], names: Iterable[str]) -> Iterator[str]:
    """Give a warning for each variable that nearly has the name of a common variable."""
    of_roles = tuple(f"{other}_" for other in roles)
    for name in sorted(names):
        if name.startswith(PREFIX) and name not in COMMON and not name.startswith(of_roles):
            meant = _OF_ALIASES.get(name)
            hint = f"Did you mean {meant}?" if meant else texts.did_you_mean(name, sorted(COMMON), 1, 0.85)
            if hint:
                yield f"{name}: not a variable of the collection, and ignored. {hint}"


COMMON = frozenset(
    PREFIX + name
    for name in (
        *("hosts", "svm", "svms", "scope", "client_id", "tenant_id", "client_secret", "client_certificate"),
        *("client_certificate_path", "previous_client_secret", "previous_client_certificate", "configurations"),
        *ARGUMENT_SPEC,
        *(
            "expected_plan",
            "expected_details",
            "require_plan",
            "change_number",
            "credential_expires",
            "credential_name",
            "credential_names",
            "key_expires",
            "check_azure",
            "azure_authority",
            "azure_vault_url",
            "azure_graph_url",
        ),
        *("azure_ca_path", "graph_tenant_id", "graph_client_id", "graph_client_secret"),
    )
)
"""The variables that serve all roles and the playbooks."""

_OF_ALIASES = {
    PREFIX + alias: PREFIX + option
    for spec in (ARGUMENT_SPEC, scope.ARGUMENT_SPEC)
    for option, details in spec.items()
    for alias in details.get("aliases", ())
}
"""The options of a task have aliases, the common variables have none."""
