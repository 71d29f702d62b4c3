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
import datetime
import difflib
import re
import typing as t
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

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


class NotUsable(Exception):
    """A value is refused. The text is the second half of a sentence that begins with the variable's name."""


class _NotGiven:
    pass


NOT_GIVEN: t.Final = _NotGiven()


class Kind(Enum):
    """The type of a variable. The value is how the documentation names it."""

    TEXT = "str"
    PATH = "path"
    BOOLEAN = "bool"
    INTEGER = "int"
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


class Fault(t.NamedTuple):
    """What is wrong with one variable, or with several together.

    :ivar names: the last parts of the variables' names
    :ivar problem: what was given and what to do instead
    """

    names: tuple[str, ...]
    problem: str


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
    :ivar prepare: computes further values from what was read, for example options for a module
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
    :ivar errors: complete sentences, without secrets
    """

    given: Values = field(default_factory=dict)
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
        if part not in (Part.ALL, variable.part):
            continue
        try:
            value = _value_of(role, variable, defined, evaluate)
        except NotUsable as error:
            reading.errors.append(str(error))
            continue
        if value is not NOT_GIVEN:
            reading.given[variable.name] = value
        elif variable.default is not None:
            reading.given[variable.name] = copy.copy(variable.default)
        elif variable.required:
            reading.errors.append(f"{_sources(role, variable)}: required, and not given.")
    if not reading.errors:
        if part is not Part.CREDENTIAL:
            reading.errors += _sentences(role, role.check(reading.given))
        if part is not Part.SETTINGS:
            reading.errors += _sentences(role, role.check_credential(reading.given))
    if not reading.errors:
        reading.given = role.prepare(reading.given)
    return reading


def _sentences(role: Role, faults: Iterable[Fault]) -> Iterator[str]:
    for names, problem in faults:
        yield f"{', '.join(f'{role.name}_{name}' for name in names)}: {problem}"


def _value_of(role: Role, variable: Variable, defined: set[str], evaluate: Evaluate) -> t.Any:
    """Give the value of a variable, from the role's own name or else from the common ones.

    :raises NotUsable: it is refused; the text is a complete sentence
    """
    value = _evaluated(f"{role.name}_{variable.name}", variable, defined, evaluate)
    if value is not NOT_GIVEN:
        return value
    found = {}
    for name in variable.common:
        value = _evaluated(PREFIX + name, variable, defined, evaluate)
        if value is not NOT_GIVEN:
            found[PREFIX + name] = value
    values = list(found.values())
    if any(value != values[0] for value in values[1:]):
        raise NotUsable(f"{', '.join(found)}: they differ. Keep one of them.")
    return values[0] if values else NOT_GIVEN


def _evaluated(name: str, variable: Variable, defined: set[str], evaluate: Evaluate) -> t.Any:
    if name not in defined:
        return NOT_GIVEN
    try:
        return converted(evaluate(name), variable)
    except CannotEvaluate as error:
        advice = "Correct its template, or remove the variable."
        raise NotUsable(f"{name}: it is defined and cannot be evaluated: {error.reason}. {advice}") from None
    except NotUsable as error:
        raise NotUsable(f"{name}: {error}") from None


def _sources(role: Role, variable: Variable) -> str:
    own = f"{role.name}_{variable.name}"
    common = " or ".join(PREFIX + name for name in variable.common)
    return f"{own} (or {common})" if common else own


def converted(value: t.Any, variable: Variable) -> t.Any:
    """Give a value as its variable's type, or NOT_GIVEN where it is null or blank.

    :raises NotUsable: it has another type, or it is not one of the choices, or a filter that names nothing
    """
    if value is None or value is NOT_GIVEN:
        return NOT_GIVEN
    if isinstance(value, str) and (not value.strip()):
        if variable.secret and value:
            raise NotUsable("it holds nothing but white space. Give the value, or nothing.")
        return NOT_GIVEN
    return _CONVERT[variable.kind](value, variable)


def _text(value: t.Any, variable: Variable) -> str:
    text = plain_text(value, secret=variable.secret)
    if variable.narrows and not text.strip(", "):
        raise NotUsable(_names_nothing(value))
    if variable.choices and text not in variable.choices:
        raise NotUsable(f"{text!r} is not one of {', '.join(variable.choices)}.")
    return text


def _names_nothing(value: t.Any) -> str:
    return f"{shown(value)} names nothing. Give a name, or remove it: without it, everything is selected."


def _boolean(value: t.Any, _variable: Variable) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower() if isinstance(value, (str, int)) else ""
    if word in ("true", "yes", "on", "1"):
        return True
    if word in ("false", "no", "off", "0"):
        return False
    raise NotUsable(f"{shown(value)} is neither true nor false.")


def _integer(value: t.Any, variable: Variable) -> int:
    is_digits = isinstance(value, str) and re.fullmatch(r"\s*-?[0-9]{1,18}\s*", value) is not None
    if not is_digits and (isinstance(value, bool) or not isinstance(value, int)):
        raise NotUsable(f"{shown(value)} is not a whole number.")
    number = int(value)
    if variable.minimum is not None and number < variable.minimum:
        raise NotUsable(f"{number} is below {variable.minimum}, the minimum.")
    return number


def _names(value: t.Any, variable: Variable) -> list[str]:
    if isinstance(value, str):
        names = [part.strip() for part in plain_text(value).split(",")]
        names = [name for name in names if name]
    elif isinstance(value, list):
        names = [plain_text(name) for name in value if not (isinstance(name, str) and not name.strip())]
    else:
        raise NotUsable(f"{_kind_of(value)} was given, not a list of names. {_hint(value)}")
    if variable.narrows and not names:
        raise NotUsable(_names_nothing(value))
    for name in names:
        if variable.choices and name not in variable.choices:
            raise NotUsable(f"{name!r} is not one of {', '.join(variable.choices)}.")
    return list(dict.fromkeys(names))


def _dictionary(value: t.Any, _variable: Variable) -> Values:
    if not isinstance(value, Mapping):
        raise NotUsable(f"{_kind_of(value)} was given, not a dictionary.")
    return dict(value)


def _dictionaries(value: t.Any, _variable: Variable) -> list[Values]:
    if not isinstance(value, list):
        raise NotUsable(f"{_kind_of(value)} was given, not a list of dictionaries. {_hint(value)}".rstrip())
    for number, item in enumerate(value, 1):
        if not isinstance(item, Mapping):
            raise NotUsable(f"entry {number} is {_kind_of(item).lower()}, not a dictionary.")
    return [dict(item) for item in value]


_CONVERT: Mapping[Kind, Callable[[t.Any, Variable], t.Any]] = {
    Kind.TEXT: _text,
    Kind.PATH: _text,
    Kind.BOOLEAN: _boolean,
    Kind.INTEGER: _integer,
    Kind.NAMES: _names,
    Kind.DICTIONARY: _dictionary,
    Kind.DICTIONARIES: _dictionaries,
}

_PLACEHOLDERS = ("$encrypted$", "$REDACTED$", "********", "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER")


def plain_text(value: t.Any, *, secret: bool = False) -> str:
    """Give a text as it was given.

    :param secret: whether the value may not be shown
    :raises NotUsable: it is not a text, or it stands for a value that nobody filled in
    """
    if not isinstance(value, str):
        raise NotUsable(f"{_kind_of(value)} was given, not a text. {_hint(value)}".rstrip())
    text = str(value)
    stripped = text.strip()
    if (
        stripped in _PLACEHOLDERS
        or stripped.startswith("$ANSIBLE_VAULT;")
        or re.search(r"\{\{.*\}\}|\{%.*%\}", stripped)
    ):
        raise NotUsable("a placeholder was given, not a value: nothing replaced it before the run. Give the value.")
    if not secret:
        if text != stripped:
            raise NotUsable(f"{text!r} has white space around it. Remove it.")
        if not text.isprintable():
            raise NotUsable(f"{text!r} holds a control character or an invisible one. Remove it.")
    return text


def _kind_of(value: t.Any) -> str:
    if isinstance(value, bool):
        return "A boolean"
    if isinstance(value, (int, float)):
        return "A number"
    if isinstance(value, (datetime.date, datetime.datetime)):
        return "A date"
    if isinstance(value, Mapping):
        return "A dictionary"
    if isinstance(value, (list, tuple, set)):
        return "A list"
    if isinstance(value, str):
        return "A text"
    return f"A value of type {type(value).__name__}"


def _hint(value: t.Any) -> str:
    if isinstance(value, (bool, int, float, datetime.date)):
        return f"Quote it: YAML reads it as {_kind_of(value).lower()}."
    if isinstance(value, (list, tuple, set)):
        return "A lookup that found nothing, or query, gives a list."
    return ""


def shown(value: t.Any) -> str:
    """Give a value as a message shows it."""
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(value) if isinstance(value, (str, int, float, list)) else _kind_of(value).lower()
    return text if len(text) <= 80 else text[:77] + "..."


def unknown(role: Role, roles: Iterable[str], names: Iterable[str]) -> Iterator[str]:
    """Give a sentence for each variable that has the role's name and is not one of its variables."""
    own = {f"{role.name}_{variable.name}" for variable in role.variables} | {f"{role.name}_result"}
    longer = tuple(f"{other}_" for other in roles if other.startswith(f"{role.name}_"))
    for name in sorted(names):
        if name.startswith(f"{role.name}_") and name not in own and not (longer and name.startswith(longer)):
            near = difflib.get_close_matches(name, sorted(own - {f"{role.name}_result"}), n=3, cutoff=0.8)
            advice = (
                f"Did you mean {' or '.join(near)}?"
                if near
                else f"ansible-doc -t role ontap.akv.{role.name} lists them."
            )
            yield f"{name}: not a variable of the role {role.name}. {advice}"


def misspelled_common(roles: Iterable[str], names: Iterable[str]) -> Iterator[str]:
    """Give a warning for each variable that nearly has the name of a common variable."""
    of_roles = tuple(f"{other}_" for other in roles)
    for name in sorted(names):
        if name.startswith(PREFIX) and name not in COMMON and not name.startswith(of_roles):
            near = difflib.get_close_matches(name, sorted(COMMON), n=1, cutoff=0.85)
            if near:
                yield f"{name}: not a variable of the collection, and ignored. Did you mean {near[0]}?"


_CONNECTION = ("hostname", "http_port", "username", "password", "validate_certs", "ca_path", "cert", "key")
COMMON = frozenset(
    PREFIX + name
    for name in (
        *("hosts", "svm", "svms", "scope", "client_id", "tenant_id", "client_secret", "client_certificate"),
        *("client_certificate_path", "previous_client_secret", "previous_client_certificate", "configurations"),
        *_CONNECTION,
        *("key_path", "cert_path", "https", "use_proxy", "timeout", "retries", "expected_plan"),
        *("credential_expires", "check_azure", "azure_authority", "azure_vault_url", "azure_graph_url"),
        *("azure_ca_path", "graph_tenant_id", "graph_client_id", "graph_client_secret"),
    )
)
"""The variables that serve all roles and the playbooks."""
